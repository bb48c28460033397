//! What backup programs hand their hooks, and what their exit codes say in a notice: through the real
//! program, looked at in a dry run.

use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

/// A task whose subject shows the outcome and the reason.
fn task(more: &Value) -> Value {
    let mut task = json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "auth": "none" },
            "subject": "{{ run.outcome }}: {{ run.reason }}",
        },
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn notify(world: &World, more: &Value, set: &[(&str, &str)], arguments: &[&str]) -> Output {
    let path = world.task(&task(more));
    let run = world.command(&["notify", "--dry-run", "--json", "--task", path.to_str().unwrap()]);
    set.iter().fold(run.args(arguments), |run, (key, value)| run.env(key, value)).run()
}

/// Subject, text and HTML of the one message of a dry run.
fn parts(output: &Output) -> [String; 3] {
    output.assert_code(0);
    let result = output.json();
    let source =
        result["messages"][0].as_str().unwrap_or_else(|| output.fail("no message")).replace('\n', "\r\n");
    let message = MessageParser::default().parse(source.as_bytes()).unwrap();
    let part = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap().replace("\r\n", "\n");
    [message.subject().unwrap_or_default().to_owned(), part(message.body_text(0)), part(message.body_html(0))]
}

fn subject(output: &Output) -> String {
    let [subject, ..] = parts(output);
    subject
}

#[test]
fn the_sentence_of_a_code_stands_in_subject_text_and_html() {
    let world = World::new();
    for (arguments, sentence, row) in [
        (
            "--tool rsync --exit-code 24",
            "warning: rsync 24: some source files vanished before they could be copied",
            "24",
        ),
        (
            "--tool restic --exit-code 3",
            "warning: restic 3: some source files could not be read; the snapshot was made without them",
            "3",
        ),
        (
            "--tool borg --exit-code 105",
            "warning: borg 105: some files could not be read for lack of permission",
            "105",
        ),
        ("--tool tar --exit-code 143", "interrupted: tar 143: was ended by SIGTERM, signal 15", "143"),
        (
            "--exit-code -9",
            "error: exit code -9: was killed by SIGKILL, signal 9, for instance for lack of memory",
            "-9",
        ),
        (
            "--tool rsnapshot --exit-code 77",
            "error: rsnapshot 77: a failure, by a code that the program does not document",
            "77",
        ),
        ("--exit-code 7", "error: exit code 7: the backup program reports a failure", "7"),
    ] {
        let output = notify(&world, &json!({}), &[], &arguments.split(' ').collect::<Vec<_>>());
        let [subject, text, html] = parts(&output);
        assert_eq!(subject, sentence);
        let reason = sentence.split_once(": ").unwrap().1;
        assert!(text.contains(&format!("\n\n{reason}\n\n")), "{text}");
        assert!(text.contains("\nExit code:") && text.contains(&format!("  {row}\n")), "{text}");
        assert!(html.contains(reason) && html.contains(row), "{html}");
    }
    // a success needs no explanation
    let [subject, text, _] =
        parts(&notify(&world, &json!({}), &[], &["--tool", "rclone", "--exit-code", "9"]));
    assert_eq!(subject, "success:");
    assert!(text.contains("  9 (nothing had to be transferred)\n"), "{text}");
    let [_, text, _] = parts(&notify(&world, &json!({}), &[], &["--tool", "rclone", "--exit-code", "0"]));
    assert!(text.contains("  0\n"), "{text}");
}

#[test]
fn what_the_program_printed_goes_before_a_code_that_says_little() {
    let world = World::new();
    let errors = json!({ "errors": [{ "path": "/a", "message": "read error" }] });
    let report = world.write("report.json", errors.to_string());
    let report = report.to_str().unwrap();
    let with = |tool: &str, code: &str| {
        let arguments = ["--exit-code", code, "--report", report];
        subject(&notify(&world, &json!({ "tool": tool }), &[], &arguments))
    };
    assert_eq!(with("rsync", "23"), "warning: /a: read error");
    assert_eq!(
        with("rsync", "25"),
        "warning: rsync 25: the limit of --max-delete was reached, so some files were not deleted"
    );
}

#[test]
fn a_code_that_the_task_takes_for_something_else_has_a_note() {
    let world = World::new();
    let own = json!({ "tool": "rsync", "exit_codes": { "24": "error", "25": "warning", "0": "skipped" } });
    let [subject, text, _] = parts(&notify(&world, &own, &[], &["--exit-code", "24"]));
    assert_eq!(subject, "error: rsync 24: some source files vanished before they could be copied");
    assert!(text.contains("exit code 24 counts as error here (\"exit_codes\" in the task)"), "{text}");
    for arguments in
        [&["--exit-code", "25"][..], &["--exit-code", "23"], &["--exit-code", "24", "--status", "error"]]
    {
        let [_, text, _] = parts(&notify(&world, &own, &[], arguments));
        assert!(!text.contains("exit_codes"), "{text}");
    }
    let [subject, text, _] = parts(&notify(&world, &own, &[], &["--exit-code", "0"]));
    assert_eq!(subject, "skipped:");
    assert!(text.contains("exit code 0 counts as skipped here"), "{text}");
}

#[test]
fn carbon_copy_cloner_hands_four_arguments() {
    let world = World::new();
    let ccc =
        |more: Value, words: &[&str]| notify(&world, &more, &[], &[&["--tool", "ccc", "--"], words].concat());
    let words = ["/snapshot/Data", "/Volumes/x", "0", "/Volumes/nas/x.sparseimage"];
    let [subject, text, _] = parts(&ccc(json!({}), &words));
    assert_eq!(subject, "success:");
    assert!(text.contains("/snapshot/Data\n") && text.contains("  /Volumes/x\n"), "{text}");
    assert!(text.contains("the backup is in the disk image /Volumes/nas/x.sparseimage"), "{text}");
    // what the task says of its places counts
    let [subject, text, _] =
        parts(&ccc(json!({ "source": "/Users", "destination": "Backup" }), &["/s", "/d", "5", ""]));
    assert_eq!(subject, "error: ccc 5: Carbon Copy Cloner reports a failure; its Task History says more");
    assert!(text.contains("  /Users\n") && !text.contains("  /s\n") && !text.contains("  /d\n"), "{text}");
    for wrong in [&["5"][..], &["/s", "/d"], &["/s", "/d", "ok"], &["/s", "/d", "1", "", "x"]] {
        ccc(json!({}), wrong).assert_code(64).assert_stderr_has("--tool ccc -- \"$@\"");
    }
    ccc(json!({}), &[]).assert_code(64).assert_stderr_has("nothing says").assert_stderr_has("postflight");
}

#[test]
fn a_flag_wins_over_what_is_handed_over() {
    let world = World::new();
    let with = |flags: &[&str]| {
        subject(&notify(
            &world,
            &json!({}),
            &[],
            &[&["--tool", "ccc"], flags, &["--", "/s", "/d", "5", ""]].concat(),
        ))
    };
    assert_eq!(with(&["--exit-code", "0"]), "success:");
    assert_eq!(with(&["--status", "warning", "--message", "x"]), "warning: x");
    let report = world.write("report.json", r#"{ "status": "success" }"#);
    let timeout = [("SERVICE_RESULT", "timeout"), ("EXIT_CODE", "exited"), ("EXIT_STATUS", "0")];
    let output = notify(&world, &json!({}), &timeout, &["--tool", "systemd", "--exit-code", "0"]);
    assert!(subject(&output).starts_with("success"), "{output}");
    // our own report needs no --tool, and then nothing is handed over
    let output = notify(&world, &json!({}), &timeout, &["--report", report.to_str().unwrap()]);
    assert_eq!(subject(&output), "success:");
}

#[test]
fn systemd_says_how_its_unit_ended() {
    let world = World::new();
    let rsync = json!({ "tool": "rsync" });
    for (more, result, how, status, expected) in [
        (&rsync, "success", "exited", "0", "success:"),
        (
            &rsync,
            "exit-code",
            "exited",
            "24",
            "warning: rsync 24: some source files vanished before they could be copied",
        ),
        (
            &json!({}),
            "exit-code",
            "exited",
            "24",
            "error: systemd 24: the program of the unit reports a failure",
        ),
        (
            &json!({}),
            "exit-code",
            "exited",
            "203",
            "error: systemd 203: the program of the unit could not be started (EXEC)",
        ),
        (&rsync, "success", "killed", "TERM", "interrupted: rsync 143: was ended by SIGTERM, signal 15"),
        (
            &rsync,
            "timeout",
            "killed",
            "TERM",
            "error: the unit was stopped: it took longer than systemd lets it",
        ),
        (&rsync, "oom-kill", "killed", "KILL", "error: the unit was killed for lack of memory"),
        (
            &rsync,
            "exec-condition",
            "exited",
            "1",
            "skipped: the unit was not started: its ExecCondition= said so",
        ),
    ] {
        let own = [("SERVICE_RESULT", result), ("EXIT_CODE", how), ("EXIT_STATUS", status)];
        assert_eq!(subject(&notify(&world, more, &own, &["--tool", "systemd"])), expected);
        let other = [
            ("MONITOR_SERVICE_RESULT", result),
            ("MONITOR_EXIT_CODE", how),
            ("MONITOR_EXIT_STATUS", status),
            ("MONITOR_UNIT", "nightly.service"),
            ("EXIT_STATUS", "0"),
        ];
        let [subject, text, _] = parts(&notify(&world, more, &other, &["--tool", "systemd"]));
        assert_eq!(subject, expected);
        assert!(text.contains("the unit is nightly.service"), "{text}");
    }
    let output = notify(&world, &rsync, &[("INVOCATION_ID", "x")], &["--tool", "systemd"]);
    output.assert_code(64).assert_stderr_has("MONITOR_SERVICE_RESULT").assert_stderr_has("ExecStopPost=");
    // the environment is asked for the tool of the flag alone
    let own = [("SERVICE_RESULT", "success"), ("EXIT_CODE", "exited"), ("EXIT_STATUS", "0")];
    notify(&world, &json!({ "tool": "systemd" }), &own, &[]).assert_code(64);
    notify(&world, &rsync, &own, &["--tool", "rsync"]).assert_code(64);
}

#[test]
fn resticprofile_says_what_failed() {
    let world = World::new();
    let failed = [
        ("PROFILE_NAME", "home"),
        ("PROFILE_COMMAND", "backup"),
        ("ERROR", "backup on profile 'home': exit status 12"),
        ("ERROR_COMMANDLINE", "restic --option hunter2"),
        ("ERROR_EXIT_CODE", "12"),
        ("ERROR_STDERR", "Fatal: wrong password or no key found\n"),
    ];
    let [subject_, text, _] = parts(&notify(&world, &json!({}), &failed, &["--tool", "resticprofile"]));
    assert_eq!(subject_, "error: resticprofile 12: the password of the repository is wrong");
    assert!(text.contains("this was backup of the profile home of resticprofile"), "{text}");
    assert!(text.contains("Fatal: wrong password") && !text.contains("hunter2"), "{text}");
    let well = [("PROFILE_NAME", "home"), ("PROFILE_COMMAND", "backup")];
    assert_eq!(subject(&notify(&world, &json!({}), &well, &["--tool", "resticprofile"])), "success:");
    notify(&world, &json!({}), &[], &["--tool", "resticprofile"])
        .assert_code(64)
        .assert_stderr_has("PROFILE_NAME");
}

#[test]
fn duplicati_says_its_result_and_its_secrets_stay_out() {
    let world = World::new();
    let url = "ssh://jon:hunter2@nas.example.test/b?auth-password=hunter2";
    let with = |event: &str, result: &str| {
        let set = [
            ("DUPLICATI__EVENTNAME", event),
            ("DUPLICATI__PARSED_RESULT", result),
            ("DUPLICATI__OPERATIONNAME", "Backup"),
            ("DUPLICATI__LOCALPATH", "/home/kim"),
            ("DUPLICATI__REMOTEURL", url),
        ];
        notify(&world, &json!({}), &set, &["--tool", "duplicati"])
    };
    for (result, expected) in [
        ("Success", "success:"),
        ("Warning", "warning: Duplicati finished with warnings"),
        ("Error", "error: Duplicati finished with errors"),
        ("Fatal", "error: a fatal error ended Duplicati"),
        ("Unknown", "error: Duplicati does not say how the backup ended"),
    ] {
        let output = with("AFTER", result);
        let [subject, text, _] = parts(&output);
        assert_eq!(subject, expected);
        assert!(text.contains("  /home/kim\n") && text.contains("  ssh://nas.example.test/b\n"), "{text}");
        assert!(!output.stdout.contains("hunter2"), "{output}");
    }
    with("BEFORE", "Unknown").assert_code(64).assert_stderr_has("run-script-after");
    notify(&world, &json!({}), &[], &["--tool", "duplicati"])
        .assert_code(64)
        .assert_stderr_has("DUPLICATI__");
}

#[test]
fn borgmatic_hands_the_words_of_its_configuration() {
    let world = World::new();
    let with = |flags: &[&str], words: &[&str]| {
        notify(&world, &json!({}), &[], &[&["--tool", "borgmatic"], flags, &["--"], words].concat())
    };
    let error = "Command 'borg create /b::x /home' returned non-zero exit status 13.";
    let [subject_, text, _] = parts(&with(&[], &["/etc/c.yaml", "/b", error, "first\nlast\n"]));
    assert_eq!(subject_, "error: borg 13: the repository does not exist");
    assert!(text.contains(error) && text.contains("- last\n") && text.contains("  /b\n"), "{text}");
    assert_eq!(subject(&with(&[], &["/etc/c.yaml", "/b", "", ""])), "success:");
    // a hook other than "error" leaves {error} as it stands: that is no success
    for words in [&["/etc/c.yaml", "/b"][..], &["/etc/c.yaml", "/b", "{error}", "{output}"]] {
        with(&[], words).assert_code(64).assert_stderr_has("without quotes");
        let [subject, text, _] = parts(&with(&["--status", "success"], words));
        assert_eq!(subject, "success:");
        assert!(text.contains("  /b\n") && !text.contains("{error}"), "{text}");
    }
    with(&[], &["1", "2", "3", "4", "5"]).assert_code(64).assert_stderr_has("at most 4");
}

#[test]
fn arguments_belong_to_programs_that_hand_some_over() {
    let world = World::new();
    for tool in ["rsync", "systemd", "duplicati", "generic"] {
        let output = notify(&world, &json!({}), &[], &["--tool", tool, "--exit-code", "0", "--", "x"]);
        output.assert_code(64).assert_stderr_has("hands its hook no arguments");
    }
    let output = notify(&world, &json!({ "tool": "ccc" }), &[], &["--exit-code", "0", "--", "/", "/x", "0"]);
    output.assert_code(64).assert_stderr_has("no --tool says which program");
    // flags do not come after --
    notify(&world, &json!({}), &[], &["--tool", "ccc", "/", "/x", "0"]).assert_code(64);
}

#[test]
fn a_preflight_script_names_its_places_and_no_status() {
    let world = World::new();
    let begin = ["--event", "begin", "--tool", "ccc", "--", "/", "/Volumes/x", "/dev/disk4", ""];
    let growl = json!({ "growl": { "host": "127.0.0.1", "port": 1 } });
    let output = notify(&world, &growl, &[], &begin);
    output.assert_code(0);
    let shown = output.json()["messages"][0].as_str().unwrap().to_owned();
    assert!(shown.contains("/ \u{2192} /Volumes/x"), "{output}");
}

#[test]
fn hostile_values_are_inert() {
    let world = World::new();
    let evil =
        "\u{1b}]0;x\u{7}\r\nBcc: evil@example.test\n<script>{{ 7*7 }}##Task Name##%s%n\u{202e}\u{9b}31m";
    let long = format!("{evil}{}", "/x".repeat(2_000));
    let outputs = [
        notify(&world, &json!({}), &[], &["--tool", "ccc", "--", &long, &long, "1", &long]),
        notify(&world, &json!({}), &[], &["--tool", "borgmatic", "--", &long, &long, &long, &long]),
        notify(
            &world,
            &json!({}),
            &[("MONITOR_SERVICE_RESULT", &long), ("MONITOR_UNIT", &long), ("MONITOR_EXIT_STATUS", &long)],
            &["--tool", "systemd"],
        ),
        notify(
            &world,
            &json!({}),
            &[("PROFILE_NAME", &long), ("ERROR", &long), ("ERROR_STDERR", &long), ("ERROR_EXIT_CODE", &long)],
            &["--tool", "resticprofile"],
        ),
        notify(
            &world,
            &json!({}),
            &[
                ("DUPLICATI__PARSED_RESULT", &long),
                ("DUPLICATI__LOCALPATH", &long),
                ("DUPLICATI__REMOTEURL", &long),
            ],
            &["--tool", "duplicati"],
        ),
    ];
    for output in outputs {
        let [subject, text, html] = parts(&output);
        let header = output.json()["messages"][0].as_str().unwrap().split("\n\n").next().unwrap().to_owned();
        assert!(!header.contains("\nBcc:"), "{header}");
        for shown in [&subject, &text, &html] {
            assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r']), "{shown}");
            assert!(!shown.contains("49") && !shown.contains("Nightly%s"), "{shown}");
        }
        assert!(!html.contains("<script>") && html.len() < 20_000, "{html}");
        assert!(text.contains("{{ 7*7 }}##Task Name##%s%n"), "{text}");
        output.assert_stderr_lacks("\u{1b}");
    }
    let wrong = notify(&world, &json!({}), &[], &["--tool", "ccc", "--", "/", "/x", &long]);
    wrong.assert_code(64).assert_stderr_lacks("\u{1b}").assert_stderr_lacks("\nBcc");
    assert!(wrong.stderr.len() < 1_000, "{wrong}");
}

#[test]
fn a_path_that_is_no_utf_8_can_still_be_read() {
    let world = World::new();
    let path = world.task(&task(&json!({})));
    let line = "\"$0\" notify --dry-run --json --task \"$1\" --tool ccc -- \"$(printf '/caf\\351')\" /x 0 ''";
    let arguments = ["-c", line, world.binary().to_str().unwrap(), path.to_str().unwrap()];
    let [_, text, _] = parts(&world.other_command("/bin/sh", &arguments).run());
    assert!(text.contains("  /caf\\xE9\n"), "{text}");
}
