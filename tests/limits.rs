//! Where something has run out: descriptors, memory, processes, room on a disk, and time that can be
//! trusted. The program ends in a defined way, says why, and never costs the backup.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::log_attached::read;
use crate::run_command::{Bench, WAYS};
use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage};

/// A site with a server, and a task whose password a command prints.
fn bench() -> (Site, SmtpServer, Value) {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["password"] = site.world.secret_command();
    (site, server, task)
}

/// Runs the program under a limit, as the shell sets it.
fn limited(site: &Site, limit: &str, arguments: &[&str]) -> Output {
    let binary = site.world.binary().to_str().unwrap().to_owned();
    let line = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    let all = [&["-c", &line, &binary], arguments].concat();
    site.world.other_command("/bin/bash", &all).run()
}

/// Checks that a notice was sent, or that it was not and may be later, and that this was said.
#[track_caller]
fn sent_or_said(output: &Output, server: &SmtpServer, words: &[&str]) -> bool {
    let sent = server.messages().len() == 1;
    output.assert_code(if sent { 0 } else { 75 });
    let said = words.iter().any(|word| output.stderr.contains(word));
    assert!(sent || said, "{output}");
    sent
}

#[test]
fn without_descriptors_a_notice_is_sent_or_the_reason_is_said() {
    let mut sent = Vec::new();
    for most in 4..=20 {
        let (site, server, task) = bench();
        let path = site.world.task(&task);
        let arguments = ["notify", "--exit-code", "1", "--task", path.to_str().unwrap()];
        let output = limited(&site, &format!("-n {most}"), &arguments);
        sent.push(sent_or_said(&output, &server, &["too many open files", "Invalid argument"]));
    }
    assert!(sent.last() == Some(&true), "{sent:?}");
    assert!(sent.is_sorted(), "{sent:?}");
}

#[test]
fn without_descriptors_a_command_runs_all_the_same() {
    let bench = Bench::new();
    let mut told = 0;
    for most in 4..=24 {
        for way in &WAYS[1..] {
            let argv = bench.argv(*way, &["/bin/sh", "-c", "echo hi; exit 3"]);
            let argv: Vec<_> = argv.iter().map(String::as_str).collect();
            let line = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
            let output = bench.site.world.other_command("/bin/bash", &[&["-c", &line], &argv[..]].concat());
            let output = output.run();
            output.assert_code(3).assert_stdout_is("hi\n");
            let messages = bench.server.messages().len();
            assert!(messages > told || output.stderr.contains("too many open files"), "{output}");
            told = messages;
        }
    }
}

/// Returns the least memory, in kilobytes, with which the program can be loaded at all.
fn least_memory(site: &Site) -> u32 {
    let starts = |most: &u32| {
        let binary = site.world.binary().to_str().unwrap().to_owned();
        let line = format!("ulimit -c 0 -v {most}; \"$0\" --version >/dev/null 2>&1");
        let output = site.world.other_command("/bin/bash", &["-c", &line, &binary]).run();
        output.code() == Some(0)
    };
    (10_000..1_000_000).step_by(2000).find(starts).unwrap()
}

#[test]
fn without_memory_a_notice_is_sent_without_its_log_or_given_up_in_words() {
    let (site, _, _) = bench();
    let least = least_memory(&site);
    let (mut sent, mut without_log, mut with_log) = (0, 0, 0);
    for most in (least..least + 120_000).step_by(6000) {
        let (site, server, mut task) = bench();
        task["email"]["attach_log"] = json!("always");
        site.world.write("run.log", "a line of a log that is long, and means nothing\n".repeat(100_000));
        let path = site.world.task(&task);
        let arguments = ["notify", "--exit-code", "1", "--log", "run.log", "--task", path.to_str().unwrap()];
        let output = limited(&site, &format!("-v {most}"), &arguments);
        let words =
            ["not enough memory", "cannot allocate memory", "temporarily unavailable", "out of memory"];
        if sent_or_said(&output, &server, &words) {
            sent += 1;
            let read = read(&server.message());
            let left_out = read.file.is_none();
            assert_eq!(left_out, read.text.contains("cannot allocate memory"), "{}", read.text);
            without_log += i32::from(left_out);
            with_log += i32::from(!left_out);
        }
    }
    assert!(sent > 0 && without_log > 0 && with_log > 0, "{sent} {without_log} {with_log}");
}

#[test]
fn without_memory_a_command_runs_all_the_same() {
    let bench = Bench::new();
    let least = least_memory(&bench.site);
    for most in (least..least + 60_000).step_by(4000) {
        let argv = bench.argv(WAYS[2], &["/bin/sh", "-c", "echo hi; exit 3"]);
        let argv: Vec<_> = argv.iter().map(String::as_str).collect();
        let line = format!("ulimit -v {most} && exec \"$0\" \"$@\"");
        let output = bench.site.world.other_command("/bin/bash", &[&["-c", &line], &argv[..]].concat());
        output.run().assert_code(3).assert_stdout_is("hi\n");
    }
}

#[test]
fn without_processes_a_password_command_and_a_look_up_are_errors_of_the_moment() {
    for (host, words) in [("127.0.0.1", "cannot be started"), ("localhost", "cannot begin")] {
        let (site, server, mut task) = bench();
        if host == "localhost" {
            task["email"]["password"] = site.world.secret_file();
            task["email"]["account"]["host"] = json!(host);
        }
        let path = site.world.task(&task);
        let binary = site.world.binary().to_owned();
        let copy = site.world.path().join("limited");
        std::fs::copy(binary, &copy).unwrap();
        let arguments = ["-c", "ulimit -u 1 && exec \"$0\" \"$@\"", copy.to_str().unwrap(), "notify"];
        let output = site.world.other_command("/bin/bash", &arguments).args(["--exit-code", "1"]);
        // a look-up is tried again until then
        let output = output.args(["--deadline", "4s"]).task(&path).as_user(54_321, 54_321).run();
        output.assert_code(75).assert_stderr_has(words).assert_stderr_has("resource temporarily unavailable");
        output.assert_stderr_has("ulimit -a");
        assert!(server.sessions().iter().all(|session| session.sign_ins.is_empty()));
    }
}

#[test]
fn a_full_disk_under_the_output_stops_no_notice() {
    for (redirection, code) in
        [(">/dev/full", 74), ("2>/dev/full", 0), (">&-", 0), ("2>&-", 0), ("<&-", 0), ("<&- >&- 2>&-", 0)]
    {
        let (site, server, task) = bench();
        let path = site.world.task(&task);
        let line = format!("exec \"$0\" \"$@\" {redirection}");
        let binary = site.world.binary().to_str().unwrap().to_owned();
        let all = ["-c", &line, &binary, "notify", "--exit-code", "1", "--json"];
        let output = site.world.other_command("/bin/bash", &all).task(&path).run();
        output.assert_code(code);
        assert_eq!(server.messages().len(), 1, "{redirection}");
        if code == 74 {
            output.assert_stderr_has("cannot write to stdout: no space left on device");
        }
    }
}

#[test]
fn a_limit_for_the_size_of_files_is_an_error_and_no_signal() {
    let (site, server, task) = bench();
    let path = site.world.task(&task);
    let line = "ulimit -f 0 && exec \"$0\" \"$@\" >result";
    let binary = site.world.binary().to_str().unwrap().to_owned();
    let all = ["-c", line, &binary, "notify", "--exit-code", "1", "--json"];
    let output = site.world.other_command("/bin/bash", &all).task(&path).run();
    output.assert_code(74).assert_stderr_has("cannot write to stdout: file too large");
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_run_its_result_alone() {
    let bench = Bench::new();
    let argv = bench.argv(Some(&["--json-file", "/proc/result.json"]), &["/bin/sh", "-c", "exit 3"]);
    let argv: Vec<_> = argv.iter().map(String::as_str).collect();
    let output = bench.site.world.other_command(argv[0], &argv[1..]).run();
    output.assert_code(3).assert_stderr_has("/proc/result.json");
    assert_eq!(bench.server.messages().len(), 1);
}

/// Runs `notify` with a clock on the wall that shows something else; the one of the deadline goes on.
fn at(site: &Site, time: &str, task: &Value, deadline: &str) -> Output {
    let path = site.world.task(task);
    let binary = site.world.binary().to_str().unwrap().to_owned();
    let all = ["-f", time, &binary, "notify", "--exit-code", "1", "--deadline", deadline];
    let run = site.world.other_command("faketime", &all).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    run.task(&path).run()
}

#[test]
fn any_time_on_the_wall_is_good_for_a_notice() {
    for (time, year) in
        [("@1970-01-01 00:00:01", "1970"), ("@2038-01-20 00:00:00", "2038"), ("@2100-01-01 00:00:00", "2100")]
    {
        let site = Site::new();
        let server = site.open_server(Mode::None).start();
        let mut task = site.task(&server, "none");
        task["email"]["account"]["auth"] = json!("none");
        task["email"].as_object_mut().unwrap().remove("password");
        task["email"]["tls"] = json!({ "mode": "none" });
        at(&site, time, &task, "20s").assert_code(0);
        let message = server.message();
        let text = String::from_utf8_lossy(message.message.as_ref().unwrap()).into_owned();
        let date = text.lines().find(|line| line.starts_with("Date: ")).unwrap();
        assert!(date.contains(year), "{date}");
    }
}

#[test]
fn a_clock_on_the_wall_that_jumps_moves_no_deadline() {
    // a second is a day, or stands still
    for time in ["+0 x86400", "+0 x0.001"] {
        let site = Site::new();
        let server = site.open_server(Mode::None).fault(Stage::Ehlo, Action::Stall).start();
        let mut task = site.task(&server, "none");
        task["email"]["account"]["auth"] = json!("none");
        task["email"].as_object_mut().unwrap().remove("password");
        task["email"]["tls"] = json!({ "mode": "none" });
        let output = at(&site, time, &task, "2s");
        output.assert_code(75).assert_stderr_has("before the deadline of 2 s");
        output.assert_within(Duration::from_secs(5));
        assert!(output.elapsed > Duration::from_millis(1900), "{output}");
    }
}

#[test]
fn a_result_that_nobody_reads_is_no_error() {
    let (site, server, task) = bench();
    let path = site.world.task(&task);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(site.world.binary());
    command.args(["notify", "--exit-code", "1", "--json", "--task"]).arg(path).env_clear();
    command.env("HOME", site.world.home()).stdin(File::open("/dev/null").unwrap()).stdout(writer);
    assert!(command.stderr(Stdio::null()).status().unwrap().success());
    assert_eq!(server.messages().len(), 1);
}
