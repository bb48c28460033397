//! What may pass is tried again within the deadline; what will not is said at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Mode, Stage, closed_port};

/// Runs `notify` with time for two tries.
fn notify(site: &Site, task: &Value) -> Output {
    let path = site.world.task(task);
    site.world.command(&["notify", "--exit-code", "1", "--json", "--deadline", "20s"]).task(&path).run()
}

#[test]
fn a_fault_that_passes_costs_a_pause_and_not_the_notice() {
    let site = Site::new();
    for (stage, action) in [
        (Stage::Greeting, Action::reply_and_close("421 4.3.2 too busy")),
        (Stage::Greeting, Action::Close),
        (Stage::Ehlo, Action::reply("450 4.3.2 not now")),
        (Stage::Handshake, Action::Reset),
        (Stage::Auth, Action::reply("454 4.7.0 the directory is away")),
        (Stage::Mail, Action::reply("451 4.3.0 no space")),
        (Stage::Rcpt(1), Action::reply("450 4.2.0 greylisted")),
        (Stage::Data, Action::reply("451 4.3.0 later")),
        (Stage::Body, Action::Close),
        (Stage::FinalDot, Action::reply("451 4.3.0 the filter is away")),
    ] {
        let what = format!("{stage:?} {action:?}");
        let server = site.server(Mode::Starttls).fault_on(1, stage, action).start();
        let output = notify(&site, &site.task(&server, "starttls"));
        output.assert_code(0);
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(delivery["status"], "sent", "{what}: {output}");
        assert!(output.elapsed >= Duration::from_secs(1), "{what}: {:?}", output.elapsed);
        let id = server.message().text().to_owned();
        assert!(id.contains(delivery["message_id"].as_str().unwrap().trim_matches('"')), "{what}");
        assert_eq!(server.finish().len(), 2, "{what}");
    }
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    let site = Site::new();
    for (stage, action, code) in [
        (Stage::Greeting, Action::reply("554 5.3.2 go away"), 69),
        (Stage::Auth, Action::reply("535 5.7.8 no"), 77),
        // some servers say so that a password is wrong, and count
        (Stage::Auth, Action::Close, 75),
        (Stage::Mail, Action::reply("550 5.7.1 not you"), 69),
        (Stage::Rcpt(1), Action::reply("550 5.1.1 nobody"), 69),
        (Stage::FinalDot, Action::reply("554 5.6.0 spam"), 69),
        (Stage::Mail, Action::reply("hello"), 76),
    ] {
        let what = format!("{stage:?} {action:?}");
        let server = site.server(Mode::Starttls).fault(stage, action).start();
        let output = notify(&site, &site.task(&server, "starttls"));
        output.assert_code(code).assert_stderr_lacks("tried");
        assert_eq!(server.finish().len(), 1, "{what}");
    }
}

#[test]
fn tries_end_with_the_deadline_and_are_counted() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Mail, Action::reply("451 4.3.0 later")).start();
    let mut task = site.task(&server, "implicit");
    task["deadline"] = json!("6s");
    let path = site.world.task(&task);
    let output = site.world.command(&["notify", "--exit-code", "1", "--verbose"]).task(&path).run();
    output.assert_code(75).assert_within(Duration::from_secs(8)).assert_stderr_has("; trying again in 1.");
    let tries = server.finish().len();
    assert!((2..=3).contains(&tries), "{tries}");
    output.assert_stderr_has(&format!("; it was tried {tries} times"));
}

#[test]
fn those_who_have_it_are_not_sent_it_again() {
    let site = Site::new();
    let server = site
        .server(Mode::Implicit)
        .refuse("c@example.test", "550 5.1.1 nobody")
        .fault_on(1, Stage::Rcpt(2), Action::reply("450 4.2.0 greylisted"))
        .start();
    let mut task = site.task(&server, "implicit");
    task["email"]["to"] = json!("a@example.test, b@example.test, c@example.test");
    let output = notify(&site, &task);
    output.assert_code(69).assert_stderr_has("sent to 2 of 3 recipients");
    let messages = server.messages();
    let got: Vec<_> = messages.iter().map(|message| message.accepted_recipients()).collect();
    assert_eq!(got, [["a@example.test"], ["b@example.test"]]);
    let id = |text: &str| text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned();
    assert_eq!(id(messages[0].text()), id(messages[1].text()));
    // whoever was refused for good is not asked about again
    let second = &server.finish()[1];
    assert_eq!(second.verbs(), "EHLO AUTH MAIL RCPT DATA QUIT");
}

#[test]
fn a_person_who_tests_sees_the_first_failure() {
    let site = Site::new();
    let closed = closed_port();
    let account = json!({ "host": "127.0.0.1", "port": closed.address.port(), "user": "jon" });
    let path = site.world.task(&site.task_for(&account, "starttls"));
    for command in ["test-email", "check"] {
        let output = site.world.command(&[command]).task(&path).run();
        output.assert_code(75).assert_within(Duration::from_secs(5)).assert_stderr_lacks("tried");
    }
}

#[test]
fn the_password_is_fetched_again_and_kept_no_longer_than_needed() {
    let site = Site::new();
    let count = site.world.path().join("asked");
    let script =
        format!("#!/bin/sh\necho x >>'{}'\nprintf '%s\\n' '{}'\n", count.display(), site.world.secret());
    let program = site.world.script("password", script);
    let server =
        site.server(Mode::Implicit).fault_on(1, Stage::FinalDot, Action::reply("451 4.3.0 later")).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["password"] = json!({ "command": [program] });
    notify(&site, &task).assert_code(0);
    assert_eq!(site.world.read("asked").lines().count(), 2);
    // one that was not used yet is not fetched twice
    let server = site.server(Mode::Implicit).fault_on(1, Stage::Greeting, Action::Close).start();
    let mut again = site.task(&server, "implicit");
    again["email"]["password"] = task["email"]["password"].clone();
    notify(&site, &again).assert_code(0);
    assert_eq!(site.world.read("asked").lines().count(), 3);
}

#[test]
fn what_may_be_there_already_is_sent_again_once_or_waits() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::FinalDot, Action::Close).start();
    let mut task = site.task(&server, "implicit");
    notify(&site, &task).assert_code(75).assert_stderr_has("it may or may not have been delivered");
    assert_eq!(server.finish().len(), 2);
    // what is kept is safe: nobody gets it three times in a minute
    let server = site.server(Mode::Implicit).fault(Stage::FinalDot, Action::Close).start();
    task["email"]["account"] = server.account("jon", "password");
    task["outbox"] = json!("outbox");
    notify(&site, &task).assert_code(75).assert_stderr_has("waits in the outbox");
    assert_eq!(server.finish().len(), 1);
}

/// Everything below a folder, with sizes.
fn everything(folder: &std::path::Path, into: &mut Vec<(std::path::PathBuf, u64)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let meta = entry.metadata().unwrap();
        into.push((entry.path(), meta.len()));
        if meta.is_dir() {
            everything(&entry.path(), into);
        }
    }
}

#[test]
fn without_an_outbox_nothing_is_written_anywhere() {
    let site = Site::new();
    let closed = closed_port();
    let account = json!({ "host": "127.0.0.1", "port": closed.address.port(), "user": "jon" });
    let mut task = site.task_for(&account, "starttls");
    task["deadline"] = json!("2s");
    let path = site.world.task(&task);
    let found = || {
        let mut found = Vec::new();
        everything(site.world.path(), &mut found);
        found.sort();
        found
    };
    let before = found();
    let run = site
        .world
        .command(&["notify", "--exit-code", "1"])
        .env("TMPDIR", site.world.path().to_str().unwrap());
    run.task(&path).run().assert_code(75);
    assert_eq!(found(), before);
}
