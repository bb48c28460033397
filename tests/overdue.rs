//! The last success is too old, or nobody knows of one: people are told. Otherwise there is silence.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::pages::overdue::LINES;
use crate::support::gntp::GntpServer;
use crate::support::output::Output;
use crate::support::read_mail::{headers, read_mail};
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

struct Case {
    world: World,
    server: SmtpServer,
    task: PathBuf,
}

impl Case {
    fn new() -> Self {
        Self::with(&json!({}))
    }

    /// A task that wants to hear of errors alone, with these keys too.
    fn with(more: &Value) -> Self {
        let world = World::new();
        let server = SmtpServer::builder().tls(Mode::None).start();
        let mut task = json!({
            "name": "Nightly",
            "email": {
                "when": "error",
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "none"),
                "tls": { "mode": "none" },
            },
        });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let task = world.task(&task);
        Self { world, server, task }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let run = self.world.command(&["overdue", "--json", "--max-age", "26h"]).args(arguments);
        run.env("TZ", "UTC").task(&self.task).run()
    }

    /// Asserts that people were told, once, and returns what the message says first.
    fn told(&self, output: &Output) -> String {
        output.assert_code(0);
        let result = output.json();
        assert_eq!(
            (&result["decision"], &result["outcome"]),
            (&json!("notify"), &json!("error")),
            "{output}"
        );
        assert_eq!(result["deliveries"][0]["status"], "sent", "{output}");
        let message = self.server.message();
        let mail = read_mail(&message.message.unwrap());
        assert_eq!(headers(&mail, "Subject"), ["Backup overdue: Nightly"], "{mail}");
        assert_eq!(headers(&mail, "Importance"), ["high"], "{mail}");
        let text = mail["parts"][0]["text"].as_str().unwrap().replace("\r\n", "\n");
        assert!(text.starts_with("Backup overdue: Nightly\n\n"), "{text}");
        let reason = result["reason"].as_str().unwrap();
        assert!(text.contains(reason), "{reason}\n{text}");
        text
    }

    fn silent(&self, output: &Output) {
        output.assert_code(0).assert_stderr_is_empty();
        let result = output.json();
        assert_eq!(
            (&result["decision"], &result["outcome"]),
            (&json!("silent"), &json!("success")),
            "{output}"
        );
        assert_eq!(result["deliveries"][0]["status"], "skipped", "{output}");
        assert!(self.server.sessions().is_empty());
    }

    /// Writes a file that is so many hours old.
    fn file(&self, name: &str, hours: u64) -> String {
        let path = self.world.write(name, "x");
        let age = Duration::from_secs(hours * 3600);
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn hours_ago(hours: i64) -> String {
    let at = Timestamp::now().checked_sub(SignedDuration::from_hours(hours)).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[test]
fn an_old_success_is_told_whatever_the_policy_says_and_a_recent_one_is_silence() {
    let case = Case::new();
    case.silent(&case.run(&["--last-success", &hours_ago(25)]));
    let text = case.told(&case.run(&["--last-success", &hours_ago(27)]));
    assert!(text.contains("the last success was 1 d 3 h ago ("), "{text}");
    assert!(text.contains("), more than 1 d 2 h"), "{text}");
}

#[test]
fn what_nobody_knows_is_told() {
    for typed in ["", "null", &hours_ago(-48)] {
        let case = Case::new();
        case.told(&case.run(&["--last-success", typed]));
    }
}

#[test]
fn the_newest_file_of_a_folder_is_the_last_success() {
    let case = Case::new();
    case.file("backup/old", 100);
    let folder = case.world.path().join("backup");
    let folder = folder.to_str().unwrap();
    case.file("elsewhere/new", 1);
    symlink(case.world.path().join("elsewhere"), format!("{folder}/link")).unwrap();
    let new = case.file("backup/deep/er/new", 25);
    case.silent(&case.run(&["--newest", folder]));
    case.silent(&case.run(&["--newest", &new]));
    fs::remove_file(new).unwrap();
    let text = case.told(&case.run(&["--newest", folder]));
    assert!(text.contains("was 4 d 4 h ago"), "{text}");
}

#[test]
fn a_disk_that_is_not_there_or_an_empty_or_closed_folder_is_told() {
    let case = Case::new();
    let text = case.told(&case.run(&["--newest", "/mnt/no <b>disk</b>"]));
    assert!(text.contains("'/mnt/no <b>disk</b>' is not there, so no last success is known"), "{text}");

    let case = Case::new();
    let empty = case.world.folder("empty");
    let text = case.told(&case.run(&["--newest", empty.to_str().unwrap()]));
    assert!(text.contains("there is no file at"), "{text}");

    let case = Case::new();
    let below = case.world.path().join("file/below");
    fs::write(case.world.path().join("file"), "").unwrap();
    let text = case.told(&case.run(&["--newest", below.to_str().unwrap()]));
    assert!(text.contains("cannot be looked at"), "{text}");
}

#[test]
fn screens_are_told_too_and_a_server_that_is_away_is_told_as_everywhere() {
    let growl = GntpServer::start();
    let case = Case::with(&json!({ "growl": { "host": "127.0.0.1", "port": growl.port() } }));
    case.told(&case.run(&["--last-success", ""]));
    let shown = growl.requests();
    let mut notices = shown.iter().filter(|request| request.command == "NOTIFY");
    assert!(notices.any(|request| request.header("Notification-Title") == "Backup overdue: Nightly"));

    let case = Case::with(&json!({ "deadline": "1s", "email": {
        "to": "ops@example.test", "from": "jon@example.test",
        "account": { "host": "127.0.0.1", "port": 1, "auth": "none" }, "tls": { "mode": "none" },
    } }));
    let output = case.run(&["--last-success", ""]);
    output.assert_code(75);
    assert_eq!(output.json()["exit_code"], 75);
}

#[test]
fn a_dry_run_shows_the_message_and_sends_nothing() {
    let case = Case::new();
    let run = case.world.command(&["overdue", "--max-age", "2w", "--last-success", "", "--dry-run"]);
    let output = run.task(&case.task).run();
    output.assert_code(0).assert_stdout_has("Subject: Backup overdue: Nightly\n");
    assert!(case.server.sessions().is_empty());
}

#[test]
fn what_is_typed_wrongly_is_refused_with_the_forms() {
    let case = Case::new();
    for (arguments, said) in [
        (&["--last-success", "yesterday"][..], "--last-success: \"yesterday\" is no time"),
        (&[], "--last-success <TIME>|--newest <PATH>"),
        (&["--last-success", "", "--newest", "/"], "cannot be used with"),
    ] {
        let output = case.run(arguments);
        output.assert_code(64).assert_stderr_has(said).assert_stderr_has("what to do: ");
    }
    for age in ["26", "0h", "-1h", "1y", "99999999999999999999s", "11000w"] {
        let run = case.world.command(&["overdue", "--last-success", "", "--max-age", age]);
        run.task(&case.task).run().assert_code(64);
    }
}

/// The lines of the man page, over backups that the real programs have made.
#[test]
fn the_lines_of_the_page_tell_an_old_backup_from_a_new_one() {
    for line in LINES {
        for old in [false, true] {
            let case = Case::new();
            case.world.write("data", "x");
            let path = case.world.path().to_str().unwrap().to_owned();
            let (restic, borg, stamp) = if old {
                (" --time '2025-01-01 00:00:00'", " --timestamp 2025-01-01T00:00:00", "-d 2025-01-01")
            } else {
                ("", "", "-d now")
            };
            let backup = match line.tool {
                "restic" => format!("mkdir -p mnt; restic -q init; restic -q backup{restic} data"),
                "borg" => format!("borg init -e none mnt/borg; borg create{borg} mnt/borg::a data"),
                _ => format!("touch {stamp} mnt/last-success mnt/ccc-last-success"),
            };
            // the times of files are those of the repository, which restic cannot be told
            let age = if old && line.code.contains("/snapshots") {
                "find mnt -type f -exec touch -d 2025-01-01 {} +"
            } else {
                ":"
            };
            let code = line
                .code
                .replace("backup-notify", case.world.binary().to_str().unwrap())
                .replace("/mnt/backup", &format!("{path}/mnt"))
                .replace("/var/db", &format!("{path}/mnt"))
                .replace("--task home", &format!("--json --task {}", case.task.display()));
            let lines = format!("{{ mkdir mnt; {backup}; {age}; }} >&2 2>log\n{code}");
            let run = case.world.other_command("/bin/sh", &["-euc", &lines]).env("TZ", "UTC");
            let run = run.env("RESTIC_REPOSITORY", format!("{path}/mnt/restic"));
            let run = run.env("RESTIC_PASSWORD", "words").env("RESTIC_CACHE_DIR", format!("{path}/cache"));
            let run = run.env("BORG_BASE_DIR", format!("{path}/borg-base"));
            let output = run.env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes").run();
            if old {
                let text = case.told(&output);
                assert!(text.contains(", more than "), "{}\n{text}", line.code);
            } else {
                case.silent(&output);
            }
        }
    }
}
