//! What `setup` prints to be pasted: every line of it works, and goes on working.

use std::os::unix::fs::{MetadataExt, symlink};

use serde_json::{Value, json};

use crate::setup::{own_certificate, server};
use crate::setup_unattended::{answers, set_up};
use crate::support::smtp_server::{SmtpServer, closed_port};
use crate::support::world::World;

/// Sets a task up in a folder that has to be quoted, and returns what to paste.
fn hooks(world: &World, server: &SmtpServer, pin: &str) -> Vec<(String, String)> {
    let result = answers(world, server, pin, "an odd%folder's $HOME \"x\"/my task.json")
        .args(["--test", "--yes", "--json"])
        .run();
    let result = result.assert_success().json();
    let text = |hook: &Value, key: &str| hook[key].as_str().unwrap().to_owned();
    let hooks = result["hooks"].as_array().unwrap();
    hooks.iter().map(|hook| (text(hook, "tool"), text(hook, "text"))).collect()
}

/// Takes the command of a unit file to pieces as systemd does (systemd.service(5), systemd.syntax(7)).
fn of_unit(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut letters) = (false, line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' => words.last_mut().unwrap().extend(letters.next()),
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    assert!(!quoted, "{line}");
    let literal = words[0].starts_with(':');
    assert!(literal || !line.contains('$'), "{line}");
    words.iter().map(|word| word.trim_start_matches(':').replace("%%", "%")).collect()
}

#[test]
fn every_line_to_paste_works() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let backup = world.script("backup.sh", "#!/bin/sh\nexit 1\n");
    let backup = backup.to_str().unwrap();
    for (tool, text) in hooks(&world, &server, &pin) {
        let before = server.messages().len();
        let shell = |script: &str| world.other_command("/bin/sh", &["-c", script]);
        let output = match tool.as_str() {
            // it ends as the backup has ended
            "any" => {
                shell(&format!("{}\n[ $? = 1 ]", text.trim_end().replace("/path/to/backup.sh", backup))).run()
            }
            "rsync" | "restic" | "borg" => shell(&format!("(exit 1)\n{text}")).run(),
            "ccc" => {
                let script = world.script("postflight.sh", &text);
                world.other_command(script.to_str().unwrap(), &["/", "/Volumes/x", "1", ""]).run()
            }
            "cron" => {
                let command = text.splitn(6, ' ').nth(5).unwrap();
                assert!(!command.replace("\\%", "").contains('%'), "{command}");
                shell(&command.replace("\\%", "%").replace("/path/to/backup.sh", backup)).run()
            }
            "launchd" => {
                let job: plist::Value = plist::from_bytes(text.as_bytes()).unwrap();
                let job = job.as_dictionary().unwrap();
                assert_eq!(job["Label"].as_string(), Some("backup-notify.my-task"));
                let argv = job["ProgramArguments"].as_array().unwrap();
                let argv: Vec<&str> = argv.iter().map(|word| word.as_string().unwrap()).collect();
                assert_eq!(argv[..2], ["/bin/sh", "-c"]);
                shell(&argv[2].replace("/path/to/backup.sh", backup)).run()
            }
            "systemd" => {
                let words = of_unit(text.trim().strip_prefix("[Service]\nExecStopPost=").unwrap());
                let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
                let run = world.other_command(&words[0], &arguments).env("SERVICE_RESULT", "exit-code");
                run.env("EXIT_CODE", "exited").env("EXIT_STATUS", "1").run()
            }
            other => panic!("{other}"),
        };
        output.assert_success();
        let messages = server.messages();
        assert_eq!(messages.len(), before + 1, "{tool}: {output}");
        let subject = messages
            .last()
            .unwrap()
            .text()
            .lines()
            .find(|line| line.starts_with("Subject: "))
            .unwrap()
            .to_owned();
        let expected = if tool == "borg" { "warning" } else { "failed" };
        assert!(subject.to_lowercase().contains(expected), "{tool}: {subject}");
    }
}

#[test]
fn a_task_with_a_screen_has_a_line_for_the_beginning_too() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let lines = |events: Value| {
        let growl = json!({ "host": "127.0.0.1", "port": closed_port().address.port(), "events": events });
        let before = json!({ "name": "Nightly", "growl": growl }).to_string();
        world.write("an odd%folder's $HOME \"x\"/my task.json", before);
        hooks(&world, &server, &pin)
    };
    assert!(lines(json!(["error"])).iter().all(|(_, text)| !text.contains("--event")));
    let with_begin = lines(json!(["begin", "error"]));
    let (tool, text) = &with_begin[0];
    assert_eq!(tool, "any");
    let output = world.other_command("/bin/sh", &["-ec", text]).run();
    output.assert_code(0).assert_stderr_has("growl:").assert_stderr_lacks("email:");
}

#[test]
fn a_program_that_the_task_names_has_its_own_line() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let own = |tool: &str| {
        let growl = json!({ "host": "127.0.0.1", "port": closed_port().address.port(), "events": ["begin"] });
        let before = json!({ "name": "Nightly", "tool": tool, "growl": growl }).to_string();
        world.write("an odd%folder's $HOME \"x\"/my task.json", before);
        hooks(&world, &server, &pin)
            .into_iter()
            .filter(|(named, _)| named == tool)
            .map(|(_, text)| text)
            .collect()
    };
    let told = |script: &str, set: &[(&str, &str)]| {
        let before = server.messages().len();
        let run = world.other_command("/bin/sh", &["-c", script]);
        set.iter().fold(run, |run, (key, value)| run.env(key, value)).run().assert_success();
        assert_eq!(server.messages().len(), before + 1, "{script}");
        server.messages().last().unwrap().text().to_lowercase()
    };
    // the lines that a literal block of YAML has
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(" notify --task "));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    for (tool, code, expected) in
        [("rclone", 6, "warning"), ("tar", 1, "warning"), ("rsnapshot", 2, "warning")]
    {
        let texts: Vec<String> = own(tool);
        assert_eq!(texts.len(), 1, "{tool}");
        assert!(told(&format!("(exit {code})\n{}", texts[0]), &[]).contains(expected), "{tool}");
    }
    let texts: Vec<String> = own("duplicati");
    let message =
        told(&texts[0], &[("DUPLICATI__EVENTNAME", "AFTER"), ("DUPLICATI__PARSED_RESULT", "Fatal")]);
    assert!(message.contains("a fatal error ended duplicati"), "{message}");

    let texts: Vec<String> = own("resticprofile");
    let profile = ("PROFILE_NAME", "home");
    let [well, failed] = lines(&texts[0]).try_into().unwrap();
    assert!(told(&well, &[profile]).contains("backup finished: "));
    assert!(told(&failed, &[profile, ("ERROR", "no disk")]).contains("no disk"));

    let texts: Vec<String> = own("borgmatic");
    let [failed, well] = lines(&texts[0]).try_into().unwrap();
    // as borgmatic fills them in
    let fill = |line: &str| {
        let line = line.replace("{configuration_filename}", "/c.yaml").replace("{repository}", "'/my b'");
        line.replace("{error}", "'no '\"'\"'disk'").replace("{output}", "''")
    };
    assert!(told(&fill(&failed), &[]).contains("no 'disk"));
    assert!(told(&fill(&well), &[]).contains("backup finished: "));
}

#[test]
fn systemd_finds_nothing_wrong_with_its_unit() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let hooks = hooks(&world, &server, &pin);
    let (_, text) = hooks.iter().find(|(tool, _)| tool == "systemd").unwrap();
    let unit = world.write("backup-test.service", format!("{text}Type=oneshot\nExecStart=/bin/true\n"));
    let checked = world.other_command("systemd-analyze", &["verify", unit.to_str().unwrap()]).run();
    checked.assert_success().assert_stderr_is_empty();
}

#[test]
fn the_lines_to_paste_have_the_whole_path() {
    let world = World::new();
    let output = set_up(&world, &["home"]).run();
    let file = world.home().join(".config/backup-notify/home.json");
    output.assert_success().assert_stdout_has(&format!("--task {} ", file.display()));
    let odd = world.path().join("odd");
    let output = set_up(&world, &["home"]).env("XDG_CONFIG_HOME", odd.to_str().unwrap()).run();
    let file = odd.join("backup-notify/home.json");
    output.assert_success().assert_stdout_has(&format!("--task {} ", file.display()));
    assert_eq!(file.parent().unwrap().metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn a_job_of_launchd_is_named_after_its_task() {
    let world = World::new();
    let output = set_up(&world, &["home"]).run();
    let file = "/Library/LaunchDaemons/backup-notify.home.plist";
    output.assert_stdout_has(&format!("the file {file}, then sudo launchctl load {file}\n"));
}

#[test]
fn the_program_is_named_as_it_was_started() {
    let world = World::new();
    std::fs::create_dir(world.path().join("bin")).unwrap();
    let link = world.path().join("bin/backup-notify");
    std::fs::copy(world.binary(), world.path().join("backup-notify-1")).unwrap();
    symlink("../backup-notify-1", &link).unwrap();
    let words = r#"setup task.json --yes --no-test --from=a@b.test --to=c@b.test --account '{"host": "h", "auth": "none"}'"#;
    let path = format!("{}:/usr/bin:/bin", world.path().join("bin").display());
    for typed in ["backup-notify", "bin/backup-notify", "bin/../bin/backup-notify"] {
        let run = world.other_command("/bin/sh", &["-c", &format!("{typed} {words}")]).env("PATH", &path);
        let expected = if typed.contains("..") { world.path().join(typed) } else { link.clone() };
        run.run().assert_success().assert_stdout_has(&format!("\n{} notify --task ", expected.display()));
    }
    // another program of that name
    world.script("other/backup-notify", "#!/bin/sh\n");
    let path = world.path().join("other");
    let script = format!("exec -a backup-notify bin/backup-notify {words}");
    let run = world.other_command("/bin/bash", &["-c", &script]).env("PATH", path.to_str().unwrap());
    let program = world.path().join("backup-notify-1");
    run.run().assert_success().assert_stdout_has(&format!("\n{} notify --task ", program.display()));
}

#[test]
fn a_failed_check_is_told_beside_the_lines_to_paste() {
    let world = World::new();
    let said = "the lines to paste are for when the check goes well";
    set_up(&world, &["task.json"]).run().assert_success().assert_stderr_lacks(said);
    let source = r#"{"env": "NOT_SET"}"#;
    let run =
        world.command(&["setup", "other.json", "--yes", "--no-test", "--to=c@b.test", "--from=a@b.test"]);
    let run = run.args(["--account", r#"{"host": "h", "user": "jon"}"#, "--password-source", source]);
    let output = run.run();
    output
        .assert_code(77)
        .assert_stderr_has(said)
        .assert_stdout_has("# under set -e write: code=0; rsync … ||");
}
