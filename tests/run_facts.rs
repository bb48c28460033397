//! How a backup ended: which of the things that say so counts.
//!
//! Everything is looked at through a dry run, whose subject shows the fact in question.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

/// A task whose subject is this template.
fn task(subject: &str) -> Value {
    json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "auth": "none" },
            "subject": subject,
        },
    })
}

/// A task that shows the outcome, with these keys too.
fn task_with(more: &Value) -> Value {
    let mut task = task("{{ run.outcome }}");
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn notify(world: &World, task: &Value, arguments: &[&str]) -> Output {
    let path = world.task(task);
    world.command(&["notify", "--dry-run", "--json"]).args(arguments).task(&path).run()
}

/// The subject of the one message of a dry run.
fn subject(output: &Output) -> String {
    output.assert_code(0);
    let result = output.json();
    let messages = result["messages"].as_array().unwrap_or_else(|| output.fail("no messages"));
    assert_eq!(messages.len(), 1, "{output}");
    let mut lines = messages[0].as_str().unwrap().lines();
    let subject = lines.find_map(|line| line.strip_prefix("Subject: "));
    subject.unwrap_or_else(|| output.fail("no subject")).to_owned()
}

/// What the run was taken for, in the result and in the message.
fn outcome(output: &Output) -> String {
    let outcome = output.json()["outcome"].as_str().unwrap_or_default().to_owned();
    assert_eq!(subject(output), outcome, "{output}");
    outcome
}

fn report(world: &World, report: &Value) -> String {
    world.write("report.json", report.to_string()).to_str().unwrap().to_owned()
}

/// So long ago, as a task file says it.
fn ago(hours: i64, minutes: i64) -> String {
    (Timestamp::now() - SignedDuration::from_mins(hours * 60 + minutes)).to_string()
}

#[test]
fn the_status_decides_then_the_worse_of_code_and_report_then_the_task() {
    let fresh = |run: &str| {
        let mut run: Value = serde_json::from_str(run).unwrap();
        run["finished"] = json!(ago(1, 0));
        json!({ "run": run })
    };
    let none = Value::Null;
    let reported = |report: &str| serde_json::from_str::<Value>(report).unwrap();
    for (status, code, report_says, task_says, expected) in [
        // the status, whatever the others say
        (
            Some("success"),
            Some("1"),
            reported(r#"{"status":"error"}"#),
            fresh(r#"{"status":"error"}"#),
            "success",
        ),
        (Some("skipped"), Some("0"), none.clone(), json!({}), "skipped"),
        (Some("interrupted"), None, none.clone(), json!({}), "interrupted"),
        // the worse of code and report, either way round
        (None, Some("0"), reported(r#"{"status":"warning"}"#), json!({}), "warning"),
        (None, Some("1"), reported(r#"{"status":"success"}"#), json!({}), "error"),
        (None, Some("0"), reported(r#"{"exit_code":130}"#), json!({}), "interrupted"),
        (None, Some("130"), reported(r#"{"exit_code":0}"#), json!({}), "interrupted"),
        (None, Some("0"), reported(r#"{"status":"skipped"}"#), json!({}), "skipped"),
        // a report that says nothing takes nothing away
        (None, Some("0"), reported("{}"), json!({}), "success"),
        (None, None, reported(r#"{"status":"warning"}"#), json!({}), "warning"),
        (None, None, reported(r#"{"exit_code":2}"#), json!({}), "error"),
        // within a report, the status decides too
        (None, None, reported(r#"{"status":"warning","exit_code":1}"#), json!({}), "warning"),
        // the task, only where nobody else says anything
        (None, Some("0"), none.clone(), fresh(r#"{"status":"error"}"#), "success"),
        (None, None, reported(r#"{"status":"success"}"#), fresh(r#"{"status":"error"}"#), "success"),
        (None, None, none.clone(), fresh(r#"{"status":"warning"}"#), "warning"),
        (None, None, none.clone(), fresh(r#"{"exit_code":0}"#), "success"),
        (None, None, none.clone(), fresh(r#"{"exit_code":129}"#), "interrupted"),
        (None, None, reported(r#"{"message":"x"}"#), fresh(r#"{"status":"error"}"#), "error"),
    ] {
        let world = World::new();
        let mut arguments = Vec::new();
        arguments.extend(status.into_iter().flat_map(|status| ["--status", status]));
        arguments.extend(code.into_iter().flat_map(|code| ["--exit-code", code]));
        let path = report(&world, &report_says);
        if !report_says.is_null() {
            arguments.extend(["--report", &path]);
        }
        let output = notify(&world, &task_with(&task_says), &arguments);
        assert_eq!(outcome(&output), expected, "{output}");
    }
}

#[test]
fn an_unknown_outcome_is_never_taken_for_a_success() {
    let world = World::new();
    let silent = report(&world, &json!({ "message": "done", "files_total": 3 }));
    for arguments in [
        vec![],
        vec!["--message", "all went well"],
        vec!["--finished", "2026-01-31T03:00:00Z"],
        vec!["--tool", "rsync"],
        vec!["--report", silent.as_str()],
    ] {
        let output = notify(&world, &task("x"), &arguments);
        output.assert_code(64).assert_stderr_has("nothing says how the backup ended");
        output.assert_stderr_has("add --status, --exit-code or --report");
        assert_eq!(output.json()["exit_code"], 64, "{output}");
    }
    let empty_run = task_with(&json!({ "run": { "finished": ago(1, 0), "message": "x" } }));
    notify(&world, &empty_run, &[]).assert_code(64);
}

#[test]
fn what_another_run_left_in_the_task_file_is_refused() {
    let world = World::new();
    let run = |finished: Option<String>| {
        task_with(&json!({ "run": { "status": "success", "finished": finished } }))
    };
    for (finished, why) in [
        (None, "no \"finished\""),
        (Some(ago(24, 1)), "more than 24 hours ago"),
        (Some(ago(24 * 400, 0)), "more than 24 hours ago"),
        (Some(ago(-24, -2)), "in the future"),
    ] {
        let output = notify(&world, &run(finished.clone()), &[]);
        output.assert_code(65).assert_stderr_has(why).assert_stderr_has("anew with every run");
        // what is said by the caller needs no "run", so a stale one does no harm
        assert_eq!(outcome(&notify(&world, &run(finished), &["--exit-code", "1"])), "error");
    }
    for finished in [ago(0, 0), ago(23, 58), ago(-1, 0)] {
        assert_eq!(outcome(&notify(&world, &run(Some(finished)), &[])), "success");
    }
}

#[test]
fn a_task_on_stdin_is_of_this_run_and_is_never_stale() {
    let world = World::new();
    for finished in [Value::Null, json!("2001-01-01T00:00:00Z")] {
        let task = task_with(&json!({ "run": { "status": "warning", "finished": finished } }));
        let run = world.command(&["notify", "--dry-run", "--json", "--task", "-"]).stdin(task.to_string());
        assert_eq!(outcome(&run.run()), "warning");
    }
}

#[test]
fn a_code_means_what_its_tool_says_and_the_task_has_the_last_word() {
    let world = World::new();
    let override_24 = json!({ "24": "error", "0": "skipped", "-1": "warning" });
    for (keys, arguments, expected) in [
        (json!({}), vec!["--exit-code", "24"], "error"),
        (json!({}), vec!["--exit-code", "24", "--tool", "rsync"], "warning"),
        (json!({ "tool": "rsync" }), vec!["--exit-code", "24"], "warning"),
        // --tool names the program that ran; the task's is the usual one
        (json!({ "tool": "rsync" }), vec!["--exit-code", "24", "--tool", "generic"], "error"),
        (json!({ "tool": "rsync" }), vec!["--exit-code", "3", "--tool", "restic"], "warning"),
        (json!({ "tool": "rsync", "exit_codes": override_24 }), vec!["--exit-code", "24"], "error"),
        (json!({ "exit_codes": override_24 }), vec!["--exit-code", "0"], "skipped"),
        (json!({ "exit_codes": override_24 }), vec!["--exit-code", "-1"], "warning"),
        (json!({ "exit_codes": override_24 }), vec!["--exit-code=-1"], "warning"),
        (json!({ "exit_codes": override_24 }), vec!["--exit-code", "1"], "error"),
        (json!({}), vec!["--exit-code", "130"], "interrupted"),
        (json!({}), vec!["--exit-code", "137"], "error"),
        (json!({}), vec!["--exit-code", "-2147483648"], "error"),
    ] {
        let output = notify(&world, &task_with(&keys), &arguments);
        assert_eq!(outcome(&output), expected, "{output}");
    }
    // the same holds for a code in a report and in the task
    let in_report = report(&world, &json!({ "exit_code": 24 }));
    let rsync = task_with(&json!({ "tool": "rsync", "exit_codes": { "23": "error" } }));
    assert_eq!(outcome(&notify(&world, &rsync, &["--report", &in_report])), "warning");
    let in_task = json!({ "tool": "rsync", "run": { "exit_code": 24, "finished": ago(0, 0) } });
    assert_eq!(outcome(&notify(&world, &task_with(&in_task), &[])), "warning");
}

#[test]
fn a_report_comes_from_a_file_or_from_stdin() {
    let world = World::new();
    let facts = json!({ "status": "warning", "files_copied": 7, "snapshot": "3f2a" }).to_string();
    let task = world.task(&task("{{ run.outcome }} {{ run.files_copied }} {{ run.snapshot }}"));
    // anybody may have written it: it says how a backup went, and chooses nothing
    world.write_with_mode("report.json", &facts, 0o666);
    for (name, stdin) in [("report.json", ""), ("./report.json", ""), ("-", facts.as_str())] {
        let run = world.command(&["notify", "--dry-run", "--json", "--report", name]).task(&task);
        assert_eq!(subject(&run.stdin(stdin).run()), "warning 7 3f2a", "{name}");
    }
    // a link to a report is one
    std::os::unix::fs::symlink("report.json", world.path().join("latest")).unwrap();
    let run = world.command(&["notify", "--dry-run", "--json", "--report", "latest"]).task(&task);
    assert_eq!(subject(&run.run()), "warning 7 3f2a");
}

#[test]
fn stdin_is_the_task_or_the_report_but_not_both() {
    let world = World::new();
    let run = world.command(&["notify", "--dry-run", "--json", "--task", "-", "--report", "-"]);
    let output = run.stdin(task("x").to_string()).run();
    output.assert_code(64).assert_stderr_has("stdin cannot be both the task and the report");
}

#[test]
fn a_report_that_cannot_be_read_or_is_wrong_is_named() {
    let world = World::new();
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    let pipe = world.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let good = r#"{ "status": "success" }"#;
    for (report, code, why) in [
        (path(world.path().join("missing.json")), 66, "does not exist"),
        (path(world.folder("folder")), 66, "is a folder, not a file"),
        (path(pipe), 66, "is a pipe, not a file"),
        ("/dev/null".to_owned(), 66, "is a device, not a file"),
        (path(world.write("large", format!("{good}{}", " ".repeat(1024 * 1024)))), 65, "larger than"),
        (path(world.write("empty", "")), 65, "empty; expected a JSON object"),
        (
            path(world.write("key", r#"{ "exit_cod": 1 }"#)),
            65,
            "exit_cod: unknown key; did you mean \"exit_code\"?",
        ),
        (path(world.write("word", r#"{ "status": "ok" }"#)), 65, "status: expected one of success"),
        (path(world.write("twice", r#"{ "status": "error", "status": "success" }"#)), 65, "appears twice"),
        (path(world.write("log", "sent 7 files\n")), 65, "not JSON (line 1"),
        (path(world.write("task", task("x").to_string())), 65, "email: unknown key"),
    ] {
        let output = notify(&world, &task("x"), &["--report", &report]);
        output.assert_code(code).assert_stderr_has(why).assert_stderr_has(&report);
        let result = output.json();
        assert_eq!(result["exit_code"], code, "{output}");
        assert!(result["error"].as_str().unwrap().contains(why), "{output}");
        // --hook forgives deliveries only, and nothing else forgives either
        for flag in ["--hook", "--quiet"] {
            notify(&world, &task("x"), &["--report", &report, flag]).assert_code(code);
        }
    }
    let large = format!("{good}{}", " ".repeat(1024 * 1024));
    let run = world.command(&["notify", "--dry-run", "--report", "-"]).task(&world.task(&task("x")));
    run.stdin(large).run().assert_code(65).assert_stderr_has("stdin: larger than 1 MiB");
}

#[test]
fn a_log_inside_a_report_is_not_followed() {
    let world = World::new();
    let log = world.write("private", "line of a private file\n");
    let log = log.to_str().unwrap();
    let task = task("{{ log or 'no log' }}");
    let by_report = report(&world, &json!({ "status": "error", "log": log }));
    assert_eq!(subject(&notify(&world, &task, &["--report", &by_report])), "no log");
    // the caller and the task file may name one
    let output = notify(&world, &task, &["--report", &by_report, "--log", log]);
    assert_eq!(subject(&output), "line of a private file");
    let mut by_task = task.clone();
    by_task["run"] = json!({ "status": "error", "finished": ago(0, 0), "log": "private" });
    assert_eq!(subject(&notify(&world, &by_task, &[])), "line of a private file");
}

#[test]
fn a_log_that_cannot_be_read_costs_the_notice_nothing() {
    let world = World::new();
    world.write("log", "text");
    std::os::unix::fs::symlink("log", world.path().join("link")).unwrap();
    mkfifo(&world.path().join("pipe"), Mode::S_IRWXU).unwrap();
    for (log, why) in [("missing", "does not exist"), ("link", "a symbolic link"), ("pipe", "a pipe")] {
        let output = notify(&world, &task("x"), &["--status", "error", "--log", log]);
        output.assert_code(0).assert_stderr_has("warning: log").assert_stderr_has(why);
        assert!(output.json()["messages"][0].as_str().unwrap().contains(why), "{output}");
    }
}

#[test]
fn times_are_rfc_3339_or_seconds_since_1970() {
    let world = World::new();
    let task = task("{{ run.started }} to {{ run.finished }}: {{ run.duration }}");
    let expected = subject(&notify(
        &world,
        &task,
        &["--status", "success", "--started", "2026-01-31T03:00:00Z", "--finished", "2026-01-31T04:01:05Z"],
    ));
    assert!(expected.contains("2026") && expected.contains("03:00"), "{expected}");
    for (started, finished) in [
        ("1769828400", "1769832065"),
        ("@1769828400", "@1769832065"),
        ("2026-01-31T04:00:00+01:00", "2026-01-30T20:01:05-08:00"),
        ("2026-01-31 03:00:00Z", "2026-01-31t04:01:05z"),
    ] {
        let arguments = ["--status", "success", "--started", started, "--finished", finished];
        assert_eq!(subject(&notify(&world, &task, &arguments)), expected, "{started}");
    }
    for wrong in ["yesterday", "2026-01-31", "2026-01-31T03:00:00", "99999999999999", "", "1.5"] {
        for flag in ["--started", "--finished"] {
            let output = notify(&world, &task, &["--status", "success", flag, wrong]);
            output.assert_code(64);
            assert!(output.json()["error"].as_str().unwrap().contains(flag), "{output}");
        }
    }
}

#[test]
fn flags_lie_over_the_report_and_the_report_over_the_task() {
    let world = World::new();
    let mut task = task("{{ run.message }}, {{ run.exit_code }}, {{ run.files_total }}, {{ run.snapshot }}");
    task["run"] =
        json!({ "status": "success", "finished": ago(0, 0), "message": "of the task", "snapshot": "t" });
    let report = report(&world, &json!({ "message": "of the report", "files_total": 7, "exit_code": 2 }));
    let by_flag = ["--message", "- of a flag", "--exit-code", "1", "--report", &report];
    // the task's facts are of another telling as soon as somebody else says how it ended
    assert_eq!(subject(&notify(&world, &task, &by_flag)), "- of a flag, 1, 7,");
    assert_eq!(subject(&notify(&world, &task, &["--report", &report])), "of the report, 2, 7,");
    assert_eq!(subject(&notify(&world, &task, &[])), "of the task, , , t");
    assert_eq!(subject(&notify(&world, &task, &["--message", "of a flag"])), "of a flag, , , t");
}

#[test]
fn a_beginning_is_silent_for_e_mail_and_always_ends_with_0() {
    let world = World::new();
    for arguments in [&["--event", "begin"][..], &["--event", "begin", "--exit-code", "1"]] {
        let output = notify(&world, &task("x"), arguments);
        output.assert_code(0);
        let result = output.json();
        assert_eq!(result["decision"], "silent");
        assert_eq!(result["outcome"], Value::Null);
        assert_eq!(result.get("messages"), None, "{output}");
        assert_eq!(result["deliveries"][0]["status"], "skipped");
        assert!(result["reason"].as_str().unwrap().contains("beginning"), "{output}");
    }
    // a screen is told, and what becomes of that changes nothing
    let mut with_screen = task("x");
    with_screen["growl"] = json!({ "host": "127.0.0.1", "port": 1 });
    let path = world.task(&with_screen);
    let output = world.command(&["notify", "--json", "--event", "begin"]).task(&path).run();
    output.assert_code(0);
    let result = output.json();
    assert_eq!((&result["decision"], &result["exit_code"]), (&json!("notify"), &json!(0)), "{output}");
    assert_eq!(result["deliveries"][0]["status"], "skipped", "{output}");
    // but a task that is wrong is
    with_screen["growl"] = json!({ "prot": 1 });
    notify(&world, &with_screen, &["--event", "begin"]).assert_code(65);
}

#[test]
fn numbers_and_words_on_the_command_line_are_checked() {
    let world = World::new();
    for arguments in [
        ["--exit-code", "x"],
        ["--exit-code", "1.0"],
        ["--exit-code", "2147483648"],
        ["--exit-code", ""],
        ["--status", "ok"],
        ["--status", "Success"],
        ["--tool", "rsink"],
        ["--event", "start"],
    ] {
        let output = notify(&world, &task("x"), &arguments);
        output.assert_code(64);
        assert!(output.json()["error"].as_str().unwrap().contains(arguments[0]), "{output}");
    }
}

#[test]
fn a_backup_that_begins_waits_five_seconds_for_its_task() {
    let world = World::new();
    let line = "sleep 6 | \"$0\" notify --event begin --task -";
    let output = world.other_command("/bin/sh", &["-c", line, world.binary().to_str().unwrap()]).run();
    output.assert_code(66).assert_stderr_has("did not end within 4.5 s");
}

#[test]
fn a_report_that_cannot_be_read_costs_no_notice_where_an_exit_code_is_known() {
    let world = World::new();
    let task = world.task(&task("{{ run.outcome }}: {{ notes|join }}"));
    let bad = world.write("bad.json", "{");
    for (report, says, code) in [
        // as a script hands it over whose mktemp found the disk full
        ("", "the path of the report is empty", 66),
        ("missing", "report \"missing\" does not exist", 66),
        (bad.to_str().unwrap(), "bad.json: not JSON", 65),
    ] {
        for stated in [["--exit-code", "12"], ["--status", "error"]] {
            let output = world
                .command(&["notify", "--dry-run", "--json", "--hook", "--report", report])
                .args(stated)
                .task(&task)
                .run();
            output.assert_code(code);
            output.assert_stderr_has(says);
            let result = output.json();
            assert_eq!(
                (&result["outcome"], &result["exit_code"]),
                (&json!("error"), &json!(code)),
                "{output}"
            );
            let message = result["messages"][0].as_str().unwrap();
            assert!(message.contains("Subject: error: "), "{output}");
        }
    }
}
