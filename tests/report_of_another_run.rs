//! Reports that are not of this run, or not there: what a backup program leaves behind that has died
//! before it wrote one.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::log_attached::{read, task as mail_task};
use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::Mode;
use crate::support::world::World;

const GOOD: &str = "{\"message_type\":\"summary\",\"files_new\":7,\"files_changed\":0}\n";

fn age(path: &Path, minutes: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(minutes * 60)).unwrap();
}

fn task(world: &World) -> std::path::PathBuf {
    let account = json!({ "host": "127.0.0.1", "port": 1, "auth": "none" });
    let email = json!({
        "to": "jon@example.com", "from": "b@example.com", "account": account, "tls": { "mode": "none" },
        "subject": "{{ run.outcome }} {{ run.files_copied }} {{ notes | join('; ') }}",
    });
    world.task(&json!({ "name": "Home", "email": email }))
}

fn notify(world: &World, arguments: &[&str]) -> Output {
    let task = task(world);
    world.command(&["notify", "--dry-run", "--json"]).args(arguments).task(&task).run()
}

/// The outcome, and the message as one line.
fn told(output: &Output) -> (String, String) {
    output.assert_code(0);
    let result = output.json();
    let message = result["messages"][0].as_str().unwrap().replace("\n ", " ");
    (result["outcome"].as_str().unwrap().to_owned(), message)
}

#[test]
fn the_report_of_yesterday_is_no_sign_of_a_good_end() {
    let world = World::new();
    let report = world.write("restic.json", GOOD);
    let own = world.write("own.json", "{ \"status\": \"success\", \"files_copied\": 7 }");
    let of_restic = ["--tool", "restic", "--report", report.to_str().unwrap()];
    let of_ours = ["--report", own.to_str().unwrap()];
    for (arguments, file) in [(&of_restic[..], &report), (&of_ours[..], &own)] {
        assert_eq!(told(&notify(&world, arguments)).0, "success");
        age(file, 23 * 60);
        let (outcome, message) = told(&notify(&world, arguments));
        assert_eq!(outcome, "error", "{message}");
        assert!(message.contains("23 h ago, so it is of another run") && !message.contains("error 7"));
        // a code that is stated is of this run
        let (outcome, message) = told(&notify(&world, &[arguments, &["--exit-code", "0"]].concat()));
        assert!(outcome == "success" && message.contains("of another run"), "{message}");
        age(file, 2 * 60);
        let (outcome, message) = told(&notify(&world, arguments));
        assert!(outcome == "success" && message.contains("2 h ago: it may be of another run"), "{message}");
    }
}

#[test]
fn a_report_from_before_the_beginning_of_the_run_is_not_used() {
    let world = World::new();
    let report = world.write("restic.json", GOOD);
    age(&report, 40);
    let arguments = ["--tool", "restic", "--report", report.to_str().unwrap(), "--started"];
    let at = |minutes: i64| (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).to_string();
    let (outcome, message) = told(&notify(&world, &[&arguments[..], &[&at(25)]].concat()));
    assert!(outcome == "error" && message.contains("before this run began"), "{message}");
    // however long the run was, its report is of its time
    age(&report, 20 * 60);
    let (outcome, message) = told(&notify(&world, &[&arguments[..], &[&at(21 * 60)]].concat()));
    assert!(outcome == "success" && !message.contains("another run"), "{message}");
}

#[test]
fn errors_in_a_report_are_more_than_the_code_of_whatever_came_last() {
    let world = World::new();
    let cut = "rsync: [sender] send_files failed to open \"/a\": Permission denied (13)\n";
    let report = world.write("rsync.txt", cut);
    let arguments = ["--tool", "rsync", "--report", report.to_str().unwrap(), "--exit-code"];
    let outcome = |code| told(&notify(&world, &[&arguments[..], &[code]].concat())).0;
    assert_eq!((outcome("0").as_str(), outcome("12").as_str()), ("warning", "error"));
    let without = notify(&world, &arguments[..4]);
    assert_eq!(told(&without).0, "error");
}

#[test]
fn a_notice_is_not_lost_for_a_report_that_is_not_there() {
    for flags in [&["--tool", "restic"][..], &[]] {
        let site = Site::new();
        let server = site.server(Mode::Implicit).start();
        let missing = site.world.path().join("missing").to_str().unwrap().to_owned();
        let path = site.world.task(&mail_task(&site, &server));
        let run = site.world.command(&["notify", "--exit-code", "1", "--report", &missing]).args(flags);
        run.task(&path)
            .run()
            .assert_code(66)
            .assert_stderr_has("does not exist")
            .assert_stderr_has("or leave --report away");
        let text = read(&server.message()).text;
        assert!(text.contains("Backup failed") && text.contains("does not exist"), "{text}");
    }
}

/// Such as "restic backup --json /home | tee report", whose code is that of tee.
#[test]
fn a_report_that_shows_restic_at_work_and_then_nothing_is_no_success() {
    let world = World::new();
    let status = "{\"message_type\":\"status\",\"percent_done\":0.5}\n";
    for (text, expected) in [
        (status.to_owned(), "warning"),
        (format!("{status}{GOOD}"), "success"),
        // it was told to be quiet
        (String::new(), "success"),
    ] {
        let report = world.write("restic.json", &text);
        let arguments = ["--tool", "restic", "--exit-code", "0", "--report", report.to_str().unwrap()];
        let (outcome, message) = told(&notify(&world, &arguments));
        assert_eq!(outcome, expected, "{text}\n{message}");
    }
}
