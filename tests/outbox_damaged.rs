//! Entries that are forged, foreign or damaged, at the level of the program: before an entry has shown its seal
//! nothing that it names is opened, run or asked, and it is in nobody's way.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode as Rights;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::waiting::Waiting;

const BAD: &str = "20261122T215559.123-0a1b2c3d";
const GOOD: &str = "20261123T071057.004-ffffffff";
/// Whom nobody here is.
const STRANGER: u32 = 4242;

/// An outbox with one good message, behind one that a test has spoiled; each is of a task of its own.
struct Grounds {
    waiting: Waiting,
    server: SmtpServer,
    /// The server of the task that no good message names.
    trap: SmtpServer,
}

fn message(id: &str) -> String {
    format!(
        "Message-ID: <{id}@example.test>\r\nDate: Sun, 22 Nov 2026 21:55:59 +0000\r\nFrom: jon@example.test\r\nTo: \
         ops@example.test\r\nSubject: {id}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
    )
}

impl Grounds {
    fn new() -> Self {
        let waiting = Waiting::new();
        let server = waiting.server();
        let trap = waiting.site.open_server(Mode::None).start();
        waiting.site.world.task(&waiting.task(&server));
        let grounds = Self { waiting, server, trap };
        grounds.outbox().put(GOOD, &message(GOOD), |_| ());
        grounds
    }

    fn outbox(&self) -> Outbox<'_> {
        Outbox::at(&self.waiting.site.world, self.waiting.folder())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.waiting.site.world.path().join(name)
    }

    /// The task that leaves a mark, by a command and by a connection, once somebody sends something of it.
    fn trap_task(&self) -> PathBuf {
        let mut task = self.waiting.task(&self.trap);
        task["email"]["tls"] = json!({ "mode": "none" });
        task["email"]["password"] = json!({ "command": ["/usr/bin/touch", self.path("mark")] });
        task["email"]["account"]["auth"] = json!("password");
        self.waiting.site.world.write("trap.json", task.to_string())
    }

    fn put_bad(&self, change: impl FnOnce(&mut Value)) -> Outbox<'_> {
        let outbox = self.outbox();
        outbox.put(BAD, &message(BAD), change);
        outbox
    }

    /// Changes what is known of the bad one without its seal.
    fn forge(&self, field: &str, value: &Value) {
        let outbox = self.put_bad(|_| ());
        let text = fs::read_to_string(outbox.facts(BAD)).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        document["entry"][field] = value.clone();
        // the very form of a good one, but for the seal
        let (seal, entry) = (document["seal"].as_str().unwrap(), &document["entry"]);
        fs::write(outbox.facts(BAD), format!("{{\"seal\":\"{seal}\",\"entry\":{entry}}}\n")).unwrap();
    }

    /// Sends under strace; returns what the program has opened, run and asked.
    fn send(&self, arguments: &[&str]) -> (Output, String) {
        let record = self.path("record");
        let world = &self.waiting.site.world;
        let strace = ["-f", "-qq", "-e", "trace=file,connect,execve", "-o", record.to_str().unwrap()];
        let all = [&strace[..], &[world.binary().to_str().unwrap()], arguments].concat();
        let output = world.other_command("strace", &all).run();
        (output, fs::read_to_string(record).unwrap())
    }

    /// Sends what waits: the good one goes, and of the bad one nothing is touched.
    #[track_caller]
    fn assert_harmless(&self, case: &str, named: &[&Path]) -> Output {
        let ways: [&[&str]; 2] = [
            &["outbox", "send", "--outbox", "waiting"],
            &["notify", "--event", "end", "--exit-code", "0", "--task", "silent.json"],
        ];
        let mut silent = self.waiting.task(&self.server);
        silent["email"]["when"] = json!("error");
        self.waiting.site.world.write("silent.json", silent.to_string());
        let (output, record) = self.send(ways[case.len() % 2]);
        for path in named {
            let path = path.to_str().unwrap();
            // its name alone may be looked at: by that it is found to be none of ours
            let opened = record.lines().find(|line| line.contains(path) && line.contains("open"));
            assert!(opened.is_none(), "{case}: {opened:?}");
        }
        assert!(!self.path("mark").exists(), "{case}: a command was run");
        let run = record.lines().filter(|line| line.contains("execve(")).count();
        assert_eq!(run, 1, "{case}: {record}");
        assert!(self.trap.snapshot().is_empty(), "{case}: somebody has called");
        let arrived: Vec<String> = self.server.messages().iter().map(|m| m.text().to_owned()).collect();
        assert_eq!(arrived.len(), 1, "{case}: {output}");
        assert!(arrived[0].contains(GOOD) && !arrived[0].contains(BAD), "{case}");
        output
    }

    #[track_caller]
    fn assert_set_aside(&self, case: &str, named: &[&Path], reason: &str) {
        let output = self.assert_harmless(case, named);
        let text = output.assert_stderr_has("was moved to").assert_stderr_has("aside").stderr.clone();
        assert!(text.contains(reason), "{case}: {output}");
        assert!(!self.waiting.ids().contains(&BAD.to_owned()), "{case}");
        // said once
        let again = self.waiting.send();
        again.assert_code(0).assert_stderr_lacks("aside");
    }
}

#[test]
fn a_forged_entry_makes_nobody_open_or_run_or_ask_anything() {
    for (number, field) in ["task", "recipients", "sender", "email"].into_iter().enumerate() {
        let grounds = Grounds::new();
        let trap = grounds.trap_task();
        let value = match field {
            "task" => json!(trap),
            "recipients" => json!(["mallory@example.test"]),
            "sender" => json!("mallory@example.test"),
            _ => json!(7),
        };
        grounds.forge(field, &value);
        grounds.assert_set_aside(&"x".repeat(number + 1), &[&trap], "does not have the seal of this outbox");
    }
    let grounds = Grounds::new();
    let (pipe, shadow) = (grounds.path("pipe"), PathBuf::from("/etc/shadow"));
    mkfifo(&pipe, Rights::S_IRUSR | Rights::S_IWUSR).unwrap();
    for path in [&pipe, &shadow] {
        let grounds = Grounds::new();
        grounds.forge("task", &json!(path));
        grounds.assert_set_aside("a path", &[path], "does not have the seal of this outbox");
    }
}

/// The trap of an entry whose seal would hold, were its files in order.
fn trapped() -> (Grounds, PathBuf) {
    let grounds = Grounds::new();
    let trap = grounds.trap_task();
    let task = json!(trap);
    grounds.put_bad(|entry| entry["task"] = task);
    (grounds, trap)
}

#[test]
fn an_entry_by_another_name_or_of_another_outbox_is_none_of_ours() {
    let (grounds, trap) = trapped();
    let outbox = grounds.outbox();
    let other = "20261122T215559.124-0a1b2c3d";
    fs::rename(outbox.facts(BAD), outbox.facts(other)).unwrap();
    fs::rename(outbox.message(BAD), outbox.message(other)).unwrap();
    grounds.assert_set_aside("renamed", &[&trap], "does not have the seal of this outbox");

    // with a key of its own: that of another outbox
    let (grounds, _) = trapped();
    let outbox = grounds.outbox();
    let (facts, eml) = (outbox.facts(BAD), outbox.message(BAD));
    let foreign = [&facts, &eml].map(|path| fs::read(path).unwrap());
    for path in [&facts, &eml, &outbox.facts(GOOD), &outbox.message(GOOD)] {
        fs::remove_file(path).unwrap();
    }
    fs::remove_file(grounds.waiting.folder().join("key")).unwrap();
    let kept = grounds.waiting.keep(&grounds.waiting.task_without_server(), 75);
    for (path, contents) in [&facts, &eml].into_iter().zip(foreign) {
        grounds.waiting.site.world.write(path, contents);
    }
    grounds.waiting.site.world.task(&grounds.waiting.task(&grounds.server));
    let (output, record) = grounds.send(&["outbox", "send", "--outbox", "waiting"]);
    output
        .assert_code(65)
        .assert_stderr_has("was moved to")
        .assert_stderr_has("does not have the seal of this outbox");
    assert!(!record.contains("trap.json") && !grounds.path("mark").exists());
    assert_eq!(crate::waiting::Known::of_envelope(&grounds.server.message()), kept);
}

#[test]
fn a_file_that_is_not_ours_alone_is_set_aside_unopened() {
    type Spoil = fn(&Path, &Path);
    let ways: [(&str, Spoil, &str); 5] = [
        ("belongs to another", |file, _| chown(file, Some(STRANGER), None).unwrap(), "belongs to the user"),
        (
            "is a link",
            |file, elsewhere| {
                fs::rename(file, elsewhere).unwrap();
                symlink(elsewhere, file).unwrap();
            },
            "symbolic link",
        ),
        ("has two names", |file, elsewhere| fs::hard_link(file, elsewhere).unwrap(), "2 names"),
        (
            "is open to others",
            |file, _| {
                fs::set_permissions(file, fs::Permissions::from_mode(0o620)).unwrap();
            },
            "gives others rights",
        ),
        (
            "is a pipe",
            |file, _| {
                fs::remove_file(file).unwrap();
                mkfifo(file, Rights::S_IRUSR | Rights::S_IWUSR).unwrap();
            },
            "is a",
        ),
    ];
    assert!(nix::unistd::geteuid().is_root(), "only root can give files away");
    for (case, spoil, reason) in ways {
        for of_message in [false, true] {
            let (grounds, trap) = trapped();
            let outbox = grounds.outbox();
            let file = if of_message { outbox.message(BAD) } else { outbox.facts(BAD) };
            let elsewhere = grounds.path("elsewhere");
            spoil(&file, &elsewhere);
            grounds.assert_set_aside(case, &[&trap, &elsewhere], reason);
        }
    }
}

#[test]
fn the_trap_of_these_tests_springs_for_whom_it_should() {
    let (grounds, _) = trapped();
    grounds.waiting.send();
    assert!(grounds.path("mark").exists(), "an entry in order runs the command of its task");
}

/// Sends, and has nothing sent: nothing may be touched.
#[track_caller]
fn assert_refused(grounds: &Grounds, code: i32, words: &str) {
    let before = grounds.outbox_names();
    let (output, record) = grounds.send(&["outbox", "send", "--outbox", "waiting"]);
    output.assert_code(code).assert_stderr_has(words).assert_stderr_has("backup-notify: ");
    assert!(!record.contains("trap.json") && !grounds.path("mark").exists(), "{record}");
    assert!(grounds.server.snapshot().is_empty() && grounds.trap.snapshot().is_empty());
    assert_eq!(grounds.outbox_names(), before);
}

impl Grounds {
    fn outbox_names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.waiting.folder()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.retain(|name| name != "lock");
        names
    }
}

#[test]
fn a_folder_or_key_or_lock_that_is_not_ours_alone_stops_everything() {
    let key = |grounds: &Grounds| grounds.waiting.folder().join("key");
    let (grounds, _) = trapped();
    fs::set_permissions(grounds.waiting.folder(), fs::Permissions::from_mode(0o770)).unwrap();
    assert_refused(&grounds, 77, "waiting");

    let (grounds, _) = trapped();
    chown(grounds.waiting.folder(), Some(STRANGER), None).unwrap();
    assert_refused(&grounds, 77, "belongs to");

    let (grounds, _) = trapped();
    fs::rename(grounds.waiting.folder(), grounds.path("moved")).unwrap();
    symlink(grounds.path("moved"), grounds.waiting.folder()).unwrap();
    assert_refused(&grounds, 77, "link");

    let (grounds, _) = trapped();
    fs::rename(key(&grounds), grounds.path("key")).unwrap();
    symlink(grounds.path("key"), key(&grounds)).unwrap();
    assert_refused(&grounds, 77, "link");

    let (grounds, _) = trapped();
    fs::set_permissions(key(&grounds), fs::Permissions::from_mode(0o644)).unwrap();
    assert_refused(&grounds, 77, "key");

    let (grounds, _) = trapped();
    fs::remove_file(key(&grounds)).unwrap();
    assert_refused(&grounds, 77, "the key of the outbox is missing");

    let (grounds, _) = trapped();
    symlink("/etc/passwd", grounds.waiting.folder().join("lock")).unwrap();
    assert_refused(&grounds, 77, "link");
}

#[test]
fn a_link_in_the_place_of_the_folder_for_what_is_set_aside_is_not_followed() {
    let (grounds, trap) = trapped();
    fs::write(grounds.outbox().message(BAD), "cut").unwrap();
    let elsewhere = grounds.waiting.site.world.folder("elsewhere");
    symlink(&elsewhere, grounds.waiting.folder().join("aside")).unwrap();
    let output = grounds.assert_harmless("aside", &[&trap]);
    output.assert_stderr_has("stays where it is");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert!(grounds.waiting.ids().contains(&BAD.to_owned()));
}

#[test]
fn nothing_is_read_of_a_task_that_others_could_have_written_and_its_message_stays() {
    type Spoil = fn(&Path, &Path);
    let ways: [(Spoil, &str); 4] = [
        (|file, _| fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap(), "chmod"),
        (|file, _| chown(file, Some(STRANGER), None).unwrap(), "chown"),
        (
            |file, _| {
                fs::remove_file(file).unwrap();
                mkfifo(file, Rights::S_IRUSR | Rights::S_IWUSR).unwrap();
            },
            "trap.json",
        ),
        // a link of somebody else's, in a folder where everybody may make one
        (
            |file, folder| {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
                fs::rename(file, folder.join("trap.json")).unwrap();
                symlink(folder.join("trap.json"), file).unwrap();
            },
            "open",
        ),
    ];
    for (spoil, words) in ways {
        let (grounds, trap) = trapped();
        spoil(&trap, &grounds.waiting.site.world.folder("open"));
        let (output, record) = grounds.send(&["outbox", "send", "--outbox", "waiting"]);
        assert_ne!(output.code(), Some(0), "{output}");
        output.assert_stderr_has("1 message waits in the outbox").assert_stderr_has(words);
        output.assert_stderr_has("trap.json");
        assert!(!grounds.path("mark").exists() && grounds.trap.snapshot().is_empty(), "{record}");
        assert_eq!(record.lines().filter(|line| line.contains("execve(")).count(), 1);
        assert_eq!(grounds.waiting.ids(), [BAD]);
        assert_eq!(grounds.server.messages().len(), 1);
    }
}
