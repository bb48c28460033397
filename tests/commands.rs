//! What can be typed, and where what comes out goes.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::smtp_server::{Action, SmtpServer, Stage, closed_port};
use crate::support::world::World;

/// Somebody who is neither root nor the person of a test.
const SOMEBODY: u32 = 4243;

/// A task that needs no secret.
fn task(name: &str) -> Value {
    json!({
        "name": name,
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "port": 1, "auth": "none" },
            "tls": { "mode": "none" },
        },
    })
}

fn put(world: &World, path: impl AsRef<Path>, task: &Value) {
    world.write(path, task.to_string());
}

/// The name of the task in the message of a dry run.
fn found(output: &Output) -> String {
    output.assert_code(0);
    let message = output.json()["messages"][0].as_str().unwrap().to_owned();
    let line = message.lines().find_map(|line| line.strip_prefix("X-Backup-Notify-Task: "));
    line.unwrap().to_owned()
}

const DRY: [&str; 5] = ["notify", "--dry-run", "--json", "--status", "error"];

#[test]
fn a_task_is_found_by_its_name_in_the_configuration_folders() {
    let world = World::new();
    put(&world, "home/.config/backup-notify/nightly.json", &task("of HOME"));
    put(&world, "config/backup-notify/nightly.json", &task("of XDG_CONFIG_HOME"));
    put(&world, "nightly", &task("of this folder"));
    let config = world.path().join("config");
    let config = config.to_str().unwrap();
    assert_eq!(found(&world.command(&DRY).args(["--task", "nightly"]).run()), "of HOME");
    let run = world.command(&DRY).args(["--task", "nightly"]).env("XDG_CONFIG_HOME", config);
    assert_eq!(found(&run.run()), "of XDG_CONFIG_HOME");
    // a slash or .json makes it a path
    assert_eq!(found(&world.command(&DRY).args(["--task", "./nightly"]).run()), "of this folder");
    let output = world.command(&DRY).args(["--task", "nightly.json"]).run();
    output.assert_code(66).assert_stderr_has(&format!(
        "task file \"{}\" does not exist",
        world.path().join("nightly.json").display()
    ));
}

#[test]
fn a_name_that_is_nowhere_ends_with_66_and_both_places() {
    let world = World::new();
    let output = world.command(&DRY).args(["--task", "backup-notify-test-nowhere"]).run();
    let own = world.home().join(".config/backup-notify/backup-notify-test-nowhere.json");
    output.assert_code(66).assert_stderr_has(&format!("\"{}\"", own.display()));
    output.assert_stderr_has("\"/etc/backup-notify/backup-notify-test-nowhere.json\"");
    let result = output.json();
    assert_eq!(result["exit_code"], 66);
    assert!(result["hint"].as_str().unwrap().contains("the path of its file"), "{output}");
    // a file of that name here is probably what was meant
    world.write("backup-notify-test-nowhere", "{}");
    let output = world.command(&DRY).args(["--task", "backup-notify-test-nowhere"]).run();
    output.assert_code(66).assert_stderr_has("write --task ./backup-notify-test-nowhere");
}

#[test]
fn a_relative_configuration_folder_is_none() {
    let world = World::new();
    put(&world, "config/backup-notify/nightly.json", &task("of a relative folder"));
    put(&world, "home/.config/backup-notify/nightly.json", &task("of HOME"));
    let run = world.command(&DRY).args(["--task", "nightly"]).env("XDG_CONFIG_HOME", "config");
    assert_eq!(found(&run.run()), "of HOME");
}

#[test]
fn root_does_not_take_its_tasks_from_the_home_of_somebody_else() {
    let world = World::new();
    put(&world, "home/.config/backup-notify/backup-notify-test.json", &task("of somebody"));
    // the folder above is root's and everybody may pass
    chown(world.home(), Some(SOMEBODY), None).unwrap();
    let output = world.command(&DRY).args(["--task", "backup-notify-test"]).run();
    output.assert_code(66);
    output.assert_stderr_lacks(world.home().to_str().unwrap());
    output.assert_stderr_has("\"/root/.config/backup-notify/backup-notify-test.json\"");
    // the same for the folder that XDG_CONFIG_HOME names
    chown(world.home(), Some(0), None).unwrap();
    put(&world, "config/backup-notify/backup-notify-test.json", &task("of somebody"));
    let config = world.path().join("config");
    chown(&config, Some(SOMEBODY), None).unwrap();
    let run = world.command(&DRY).args(["--task", "backup-notify-test"]);
    let output = run.env("XDG_CONFIG_HOME", config.to_str().unwrap()).run();
    output.assert_stderr_lacks(config.to_str().unwrap());
}

#[test]
fn an_ordinary_user_takes_tasks_from_the_own_home() {
    let world = World::new();
    put(&world, "home/.config/backup-notify/nightly.json", &task("of HOME"));
    assert_eq!(found(&world.command(&DRY).args(["--task", "nightly"]).as_user(4242, 4242).run()), "of HOME");
}

#[test]
fn a_task_can_be_made_of_flags_alone() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "auth": "none" }).to_string();
    let output = world.run(&[
        "notify",
        "--name",
        "Ad hoc",
        "--to",
        "ops@example.test, kim@example.test",
        "--from",
        "Backups <jon@example.test>",
        "--account",
        &account,
        "--tls-mode",
        "none",
        "--exit-code",
        "0",
        "--json",
    ]);
    output.assert_code(0);
    let message = server.message();
    assert_eq!(message.accepted_recipients(), ["ops@example.test", "kim@example.test"]);
    assert_eq!(message.from, "jon@example.test");
    assert!(message.text().contains("Ad hoc"), "{}", message.text());
    server.assert_clean();
}

#[test]
fn a_task_of_flags_that_tells_nobody_is_a_usage_error() {
    let world = World::new();
    let account = r#"{"host":"127.0.0.1","auth":"none"}"#;
    for (arguments, why) in [
        (&["--name", "x"][..], "nobody to tell"),
        (&["--name", "x", "--to", "ops@example.test"], "--to needs --account"),
        (&["--name", "x", "--account", account], "--account needs --to"),
        (&["--name", " ", "--growl"], "--name: expected what people call this backup"),
        (&["--name", "x", "--task", "y"], "cannot be used with"),
        (&[], "--task <FILE>|--name <NAME>"),
        (&["--name", "x", "--to", "ops@example.test", "--account", "{\"hots\":1}"], "hots: unknown key"),
        (&["--name", "x", "--to", "ops@example.test", "--account", "{"], "--account: not JSON"),
        (&["--name", "x", "--to", "ops@example.test", "--account", ""], "--account: expected an account"),
        (&["--name", "x", "--to", "ops", "--account", account], "expected an address"),
        (&["--name", "x", "--to", "", "--account", account], "expected at least one address"),
        (&["--name", "x", "--from", "a@b.c, d@e.f", "--growl"], "expected one address; found 2"),
        (&["--name", "x", "--growl", "--deadline", "60"], "expected a duration"),
        (&["--name", "x", "--growl", "--tls-trust", "sytem"], "did you mean \"system\"?"),
        (&["--name", "x", "--growl", "--tls-mode", "ssl"], "--tls-mode"),
        (&["--name", "x", "--growl", "--when", "always"], "--when"),
    ] {
        let output = world.command(&DRY).args(arguments).run();
        output.assert_code(64).assert_stderr_has(why);
        let result = output.json();
        assert_eq!(result["exit_code"], 64, "{output}");
        assert!(result["error"].as_str().unwrap().contains(why), "{output}");
    }
}

#[test]
fn a_password_in_an_account_flag_is_not_repeated() {
    let world = World::new();
    let literal = "correct-horse-battery-staple";
    let with_password = json!({ "host": "127.0.0.1", "user": "jon", "password": literal }).to_string();
    // the argument itself is for everybody to see; what is said about it is not
    for account in [with_password, format!("smtps://jon:{literal}@127.0.0.1")] {
        let output = world
            .command(&DRY)
            .args(["--name", "x", "--to", "ops@example.test", "--account", &account])
            .run();
        output.assert_stderr_lacks(literal);
        assert!(!output.stdout.contains(literal), "{output}");
    }
}

/// Each flag that overrides the task, and what the message or the session shows of it.
#[test]
fn flags_override_the_task() {
    let world = World::new();
    let path = world.task(&task("Nightly"));
    let server = SmtpServer::builder().start();
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "auth": "none" }).to_string();
    let output = world
        .command(&["notify", "--status", "success", "--json", "--account", &account])
        .args(["--to", "kim@example.test", "--from", "Backups <other@example.test>"])
        .task(&path)
        .run();
    output.assert_code(0);
    let message = server.message();
    assert_eq!(message.accepted_recipients(), ["kim@example.test"]);
    assert_eq!(message.from, "other@example.test");

    // --when, both ways
    let run = |arguments: &[&str], task: &Value| {
        world.command(&["notify", "--dry-run", "--json"]).args(arguments).task(&world.task(task)).run().json()
    };
    let silent = run(&["--when", "error", "--status", "success"], &task("Nightly"));
    assert_eq!(silent["decision"], "silent");
    let mut on_error = task("Nightly");
    on_error["email"]["when"] = json!("error");
    assert_eq!(run(&["--when", "finish", "--status", "success"], &on_error)["decision"], "notify");
    // for every e-mail of the task
    let several = json!({ "name": "x", "email": [on_error["email"], task("x")["email"]] });
    let both = run(&["--when", "finish", "--to", "kim@example.test", "--status", "success"], &several);
    for message in both["messages"].as_array().unwrap() {
        assert!(message.as_str().unwrap().contains("\nTo: kim@example.test\n"), "{message}");
    }
    assert_eq!(both["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn flags_override_how_the_connection_is_protected() {
    let world = World::new();
    let closed = closed_port();
    let mut task = task("Nightly");
    task["email"]["account"] = json!({ "host": "127.0.0.1", "port": closed.address.port(), "auth": "none" });
    task["email"]["tls"] = json!({ "mode": "starttls", "trust": "ca-file:missing.pem" });
    let path = world.task(&task);
    let run = |arguments: &[&str]| {
        world.command(&["check", "--offline", "--json"]).args(arguments).task(&path).run()
    };
    // the rule of the task names a file that is not there
    let output = run(&[]);
    assert_ne!(output.code(), Some(0), "{output}");
    output.assert_stderr_has("missing.pem");
    run(&["--tls-trust", "system"]).assert_code(0);
    let pin = format!("pin:sha256:{}", "ab".repeat(32));
    let output = run(&["--tls-trust", &pin, "--tls-trust", &pin]);
    output.assert_stderr_lacks("CA file").assert_stderr_lacks("together");
    let output = run(&["--tls-trust", &pin, "--tls-trust", "system"]);
    output.assert_code(64).assert_stderr_has("only pins can stand together");
    run(&["--tls-mode", "none"]).assert_code(0);
}

#[test]
fn the_deadline_of_a_flag_ends_a_run() {
    let world = World::new();
    let server = SmtpServer::builder().fault(Stage::Greeting, Action::Stall).start();
    let mut task = task("Nightly");
    task["email"]["account"]["port"] = json!(server.port());
    let path = world.task(&task);
    let output = world.command(&["notify", "--status", "error", "--deadline", "1s"]).task(&path).run();
    output.assert_code(75).assert_within(std::time::Duration::from_secs(10));
}

#[test]
fn a_hook_ends_with_0_and_says_why_nothing_arrived() {
    let world = World::new();
    let closed = closed_port();
    let mut task = task("Nightly");
    task["email"]["account"]["port"] = json!(closed.address.port());
    task["deadline"] = json!("1s");
    let path = world.task(&task);
    let run = |flag: &[&str]| {
        world.command(&["notify", "--status", "error", "--json"]).args(flag).task(&path).run()
    };
    let plain = run(&[]);
    plain.assert_code(75);
    let hook = run(&["--hook"]);
    hook.assert_code(0);
    let result = hook.json();
    assert_eq!(result["exit_code"], 0, "{hook}");
    assert_eq!(result["deliveries"][0]["exit_code"], 75, "{hook}");
    assert_eq!(result["deliveries"][0]["status"], "failed", "{hook}");
    assert_eq!(hook.stderr, plain.stderr);
    let detail = result["deliveries"][0]["detail"].as_str().unwrap();
    hook.assert_stderr_has(detail);
}

#[test]
fn a_hook_keeps_the_codes_of_what_is_wrong_on_this_side() {
    let world = World::new();
    let good = world.task(&task("Nightly"));
    let good = good.to_str().unwrap();
    let bad = world.write("bad.json", "{}");
    let open = world.write_with_mode("open.json", task("x").to_string(), 0o666);
    for (arguments, code) in [
        (vec!["--task", good], 64),
        (vec!["--task", good, "--status", "bad"], 64),
        (vec!["--task", bad.to_str().unwrap(), "--status", "error"], 65),
        (vec!["--task", "missing.json", "--status", "error"], 66),
        (vec!["--task", good, "--report", "missing.json"], 66),
        (vec!["--task", good, "--report", "", "--log", ""], 66),
        (vec!["--task", open.to_str().unwrap(), "--status", "error"], 77),
    ] {
        let output = world.command(&["notify", "--hook", "--json"]).args(arguments).run();
        output.assert_code(code);
        assert_eq!(output.json()["exit_code"], code, "{output}");
    }
}

#[test]
fn silence_can_be_explained_and_talk_can_be_turned_off() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let mut task = task("Nightly");
    task["email"]["account"]["port"] = json!(server.port());
    let path = world.task(&task);
    let run = |arguments: &[&str]| world.command(&["notify"]).args(arguments).task(&path).run();
    // sent: nothing to say
    run(&["--status", "error"]).assert_code(0).assert_stderr_is_empty().assert_stdout_is("");
    let told = run(&["--status", "error", "-v"]);
    told.assert_code(0).assert_stdout_is("");
    told.assert_stderr_has("notify: the outcome is error and the policy \"finish\" covers every outcome");
    told.assert_stderr_has("sent to ops@example.test");
    let silent = run(&["--status", "success", "--when", "error", "--verbose"]);
    silent.assert_code(0).assert_stderr_has("silent: the outcome is success and the policy \"error\"");
    run(&["--status", "success", "--when", "error", "--quiet"]).assert_code(0).assert_stderr_is_empty();
    run(&["-q", "-v", "--status", "error"]).assert_code(64);
    // errors are said all the same
    let closed = closed_port();
    let mut unreachable = task.clone();
    unreachable["email"]["account"]["port"] = json!(closed.address.port());
    unreachable["deadline"] = json!("1s");
    let path = world.task(&unreachable);
    let quiet = world.command(&["notify", "--status", "error", "--quiet"]).task(&path).run();
    quiet.assert_code(75).assert_stderr_has("email: ");
}

#[test]
fn a_dry_run_touches_no_secret_no_network_and_no_outbox() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let touched = world.path().join("touched");
    let script = world.script("password", format!("#!/bin/sh\n: > {}\necho x\n", touched.display()));
    let mut task = task("Nightly");
    task["email"]["account"] = server.account("jon", "password");
    task["email"]["password"] = json!({ "command": [script] });
    task["outbox"] = json!("outbox");
    let path = world.task(&task);
    for command in [&["notify", "--status", "error"][..], &["test-email"]] {
        for json in [&["--dry-run"][..], &["--dry-run", "--json"]] {
            let output = world.command(command).args(json).task(&path).run();
            output.assert_code(0).assert_stdout_has("To: ops@example.test");
            assert!(!touched.exists(), "{output}");
            assert!(!world.path().join("outbox").exists(), "{output}");
        }
    }
    assert_eq!(server.sessions().len(), 0);
    // the same task does all of that when it is meant
    world.command(&["notify", "--status", "error"]).task(&path).run();
    assert!(touched.exists());
    assert_eq!(server.sessions().len(), 1);
}

#[test]
fn a_usage_error_is_one_object_too() {
    let world = World::new();
    for arguments in [
        &["notfy", "--json"][..],
        &["notify", "--json"],
        &["notify", "--json", "--name"],
        &["notify", "--json", "--name", "x", "--status", "bad"],
        &["notify", "--json", "--name", "x", "surplus"],
        &["check", "--json", "--no-such-flag", "--name", "x"],
        &["schema", "--json"],
    ] {
        let output = world.run(arguments);
        output.assert_code(64);
        let result = output.json();
        let error = result["error"].as_str().unwrap();
        assert_eq!(result["exit_code"], 64, "{output}");
        assert!(result["hint"].as_str().unwrap().contains("--help"), "{output}");
        assert!(!error.contains("Usage:") && !error.contains("For more information"), "{output}");
        assert!(!error.contains("\n\n") && !error.starts_with("error"), "{output}");
        // the same on stderr, and no line of it empty
        for line in error.lines() {
            output.assert_stderr_has(line.trim());
        }
        assert!(output.stderr.lines().all(|line| line.trim() != "backup-notify:"), "{output}");
    }
    // behind -- nothing is a flag
    let output = world.run(&["notify", "--", "--json"]);
    output.assert_code(64).assert_stdout_is("");
}

#[test]
fn help_and_version_go_to_stdout() {
    let world = World::new();
    for arguments in [&["--help"][..], &["-h"], &["notify", "--help"], &["check", "-h"]] {
        world
            .run(arguments)
            .assert_code(0)
            .assert_stderr_is_empty()
            .assert_stdout_has("Usage: backup-notify");
    }
    let version = format!("backup-notify {}\n", env!("CARGO_PKG_VERSION"));
    for arguments in [&["--version"][..], &["-V"], &["notify", "-V"], &["schema", "--version"]] {
        world.run(arguments).assert_code(0).assert_stderr_is_empty().assert_stdout_is(&version);
    }
    let output = world.run(&[]);
    output.assert_code(64).assert_stdout_is("").assert_stderr_has("Usage: backup-notify");
    let output = world.run(&["notfy"]);
    output.assert_code(64).assert_stdout_is("").assert_stderr_has("notify");
}

#[test]
fn a_usage_error_has_the_form_of_every_other_error() {
    let world = World::new();
    for (arguments, said, command) in [
        (&["notfy"][..], "unrecognized subcommand 'notfy'", ""),
        (&["notify"], "<--task <FILE>|--name <NAME>>", " notify"),
        (&["notify", "--exit-code", "abc"], "expected a whole number, as \"$?\" holds it", " notify"),
        (&["notify", "--exit-code", ""], "expected a whole number, as \"$?\" holds it", " notify"),
        (&["notify", "--exit-code", "3000000000"], "expected a whole number", " notify"),
        (&["check", "--when", "never"], "[possible values: finish, warning, error]", " check"),
    ] {
        let output = world.run(arguments);
        output
            .assert_code(64)
            .assert_stdout_is("")
            .assert_stderr_has(said)
            .assert_stderr_has(&format!("  what to do: backup-notify{command} --help lists"));
        assert!(output.stderr.lines().all(|line| line.starts_with("backup-notify: ")), "{output}");
        assert!(!output.stderr.contains("error:"), "{output}");
    }
}

#[test]
fn a_message_in_another_encoding_costs_no_notice() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let path = world.task(&task("Nightly"));
    let output = Command::new(world.binary())
        .args(["notify", "--status", "error", "--dry-run", "--task"])
        .arg(&path)
        .arg("--message")
        .arg(std::ffi::OsStr::from_bytes(b"cannot read Gr\xfc\xdfe.txt"))
        .env_clear()
        .env("HOME", world.home())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let message = String::from_utf8_lossy(&output.stdout);
    assert!(message.contains("cannot read Gr=EF=BF=BD=EF=BF=BDe.txt"), "{message}");
}

/// Runs with streams that the support code does not offer.
fn bare(world: &World, arguments: &[&str], streams: impl FnOnce(&mut Command)) -> std::process::ExitStatus {
    let mut command = Command::new(world.binary());
    command.args(arguments).env_clear().env("HOME", world.home()).current_dir(world.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    streams(&mut command);
    command.status().unwrap()
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn a_stdout_that_takes_nothing_ends_with_74() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let mut task = task("Nightly");
    task["email"]["account"]["port"] = json!(server.port());
    world.task(&task);
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["schema"],
        &["notify", "--task", "task.json", "--status", "error", "--dry-run"],
        &["notify", "--task", "task.json", "--status", "error", "--dry-run", "--json"],
        &["notify", "--task", "task.json", "--status", "error", "--json"],
        &["test-email", "--task", "task.json"],
        &["test-email", "--task", "task.json", "--json"],
        &["check", "--task", "task.json"],
        &["check", "--task", "task.json", "--offline"],
    ] {
        let stderr = world.path().join("stderr");
        let file = fs::File::create(&stderr).unwrap();
        let status = bare(&world, arguments, |command| {
            command.stdout(full()).stderr(file);
        });
        let said = fs::read_to_string(&stderr).unwrap();
        assert_eq!(status.code(), Some(74), "{arguments:?}: {said}");
        assert_eq!(said.matches("cannot write to stdout").count(), 1, "{arguments:?}: {said}");
    }
}

#[test]
fn what_is_more_serious_than_a_full_stdout_keeps_its_code() {
    let world = World::new();
    let mut task = task("Nightly");
    task["email"]["account"] = json!("unknown");
    world.task(&task);
    for (arguments, code) in [
        (&["notify", "--task", "task.json", "--status", "error", "--json"][..], 78),
        (&["notify", "--task", "task.json", "--status", "error", "--dry-run"], 78),
        (&["check", "--task", "task.json"], 78),
        (&["notify", "--task", "task.json", "--json"], 64),
        (&["notify", "--task", "missing.json", "--json", "--status", "error"], 66),
    ] {
        let status = bare(&world, arguments, |command| {
            command.stdout(full());
        });
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_stderr_that_takes_nothing_changes_nothing() {
    let world = World::new();
    let full_stderr = |arguments: &[&str]| {
        bare(&world, arguments, |command| {
            command.stderr(full());
        })
    };
    assert_eq!(full_stderr(&["notfy"]).code(), Some(64));
    assert_eq!(full_stderr(&["notify", "--task", "missing.json", "--status", "error"]).code(), Some(66));
}

#[test]
fn streams_that_are_closed_are_no_reason_to_panic() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let mut with_port = task("Nightly");
    with_port["email"]["account"]["port"] = json!(server.port());
    world.task(&with_port);
    let shell = |redirection: &str, arguments: &str| {
        let line = format!("exec \"$0\" {arguments} {redirection}");
        let output = world.other_command("/bin/sh", &["-c", &line, world.binary().to_str().unwrap()]).run();
        assert_ne!(output.code(), Some(70), "{output}");
        assert_eq!(output.signal(), None, "{output}");
        output.assert_stderr_lacks("fault of backup-notify itself");
        output
    };
    for redirection in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
        shell(redirection, "notify --task task.json --status error").assert_code(0);
        shell(redirection, "notify --task task.json --status error --json -v").assert_code(0);
        shell(redirection, "notfy").assert_code(64);
        shell(redirection, "--help").assert_code(0);
    }
    // a closed stdin is no task
    let output = shell("<&-", "notify --task - --status error");
    assert!([65, 66].contains(&output.code().unwrap()), "{output}");
}

#[test]
fn a_reader_who_has_gone_is_no_error() {
    let world = World::new();
    for arguments in [&["schema"][..], &["--help"]] {
        let mut command = Command::new(world.binary());
        command.args(arguments).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_task_from_stdin_cannot_wait_in_an_outbox() {
    let world = World::new();
    let mut task = task("Nightly");
    task["outbox"] = json!(true);
    let run =
        |more: &[&str]| world.command(&DRY).args(["--task", "-"]).args(more).stdin(task.to_string()).run();
    run(&[]).assert_code(64).assert_stderr_has("add --outbox none, or use a file");
    run(&["--outbox", "none"]).assert_code(0);
}

#[test]
fn a_task_from_flags_cannot_wait_in_an_outbox() {
    let world = World::new();
    let output = world.command(&DRY).args(["--name", "NAS", "--desktop", "--outbox", "waiting"]).run();
    output.assert_code(64).assert_stderr_has("backup-notify setup NAS");
    assert!(!world.path().join("waiting").exists());
}

#[test]
fn arguments_that_are_no_text_are_no_reason_to_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let odd = OsStr::from_bytes(b"\xFF\xFE.json");
    for flag in ["--task", "--name", "--to", "--account", "--tls-trust", "--log", "--outbox"] {
        let mut command = Command::new(world.binary());
        command.args(["notify", "--status", "error", flag]).arg(odd).env_clear().env("HOME", world.home());
        let output = command.current_dir(world.path()).output().unwrap();
        assert!([64, 66].contains(&output.status.code().unwrap()), "{flag}: {output:?}");
    }
}
