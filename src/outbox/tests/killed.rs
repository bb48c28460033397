//! Processes that are killed between any two things that they ask the system for.
//!
//! strace kills this test program as it enters a system call, every one from the first that has to do
//! with the folder on. Afterwards each message is whole or none, nothing is set aside, and a message that
//! was kept before is still there until a server has accepted it.

use std::collections::HashMap;
use std::env;
use std::fmt::Write as _;
use std::process::{Command, ExitStatus, Output};

use super::*;

/// What the program does in which folder, where it is started to be killed.
const WORK: &str = "BACKUP_NOTIFY_TEST_OUTBOX_WORK";
const FOLDER: &str = "BACKUP_NOTIFY_TEST_OUTBOX_FOLDER";
/// What says, as the name of a file that is looked for, that a call has returned.
const DONE: &str = "/backup-notify-done";

/// What is killed: keeping a message, trying it in vain, removing it.
#[test]
fn work_that_is_killed() {
    let (Ok(work), Some(folder)) = (env::var(WORK), env::var_os(FOLDER)) else { return };
    let outbox = Outbox::make(Path::new(&folder), Limits::default()).unwrap();
    match work.as_str() {
        "keep" => drop(keep_with(&outbox, 1, "error", b"new").unwrap()),
        "try" => {
            let id = outbox.ids().unwrap()[0].clone();
            let mut claimed = taken(&outbox, &id);
            claimed.attempted(&failed(&addresses(&["ops@example.com"]), false)).unwrap();
        }
        "remove" => {
            let id = outbox.ids().unwrap()[0].clone();
            taken(&outbox, &id).accepted().unwrap();
        }
        "sweep" => drop(outbox.turn(None).unwrap().unwrap()),
        other => panic!("{other}"),
    }
    // seen in the record of the calls
    let _ = fs::metadata(DONE);
}

/// Does the work under strace with these options of it.
fn under_strace(work: &str, folder: &Path, options: &[&str]) -> Output {
    let test = "outbox::tests::killed::work_that_is_killed";
    Command::new("strace")
        .args(["-f", "-qq"])
        .args(options)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(WORK, work)
        .env(FOLDER, folder)
        .output()
        .expect("strace, which tests/run lists")
}

/// The system calls of the work, each with the how manieth of its name in its thread it is.
fn calls(record: &str, folder: &Path) -> Vec<(String, usize)> {
    let mut counts: HashMap<(String, String), usize> = HashMap::new();
    let (mut calls, mut begun) = (Vec::new(), false);
    for line in record.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = rest.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue; // how something that was interrupted went on, or how the process ended
        }
        let count = counts.entry((process.to_owned(), name.to_owned())).or_default();
        *count += 1;
        if arguments.contains(DONE) {
            break;
        }
        begun |= arguments.contains(folder.to_str().unwrap()) && !name.starts_with("exec");
        if begun {
            calls.push((name.to_owned(), *count));
        }
    }
    calls
}

fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(9)
}

/// Kills the work at every call of it; `prepare` is done before, `assert` gets the messages that are there
/// afterwards with what they say, and which call it was.
fn killed_at_every_call(
    work: &str,
    prepare: impl Fn(&World),
    assert: impl Fn(&[(Entry, Vec<u8>)], &str),
) -> Vec<String> {
    let world = World::new();
    prepare(&world);
    let (record, folder) = (world.path("record"), world.path("outbox"));
    let whole = under_strace(work, &folder, &["-o", record.to_str().unwrap()]);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let calls = calls(&fs::read_to_string(&record).unwrap(), &folder);
    for (name, number) in &calls {
        let mut case = format!("{work}: {name}, number {number}");
        let world = World::new();
        prepare(&world);
        let folder = world.path("outbox");
        let inject = format!("inject={name}:signal=SIGKILL:when={number}");
        let output = under_strace(work, &folder, &["-o", "/dev/null", "-e", &inject]);
        assert!(killed(output.status), "{case}: was not killed: {output:?}");
        // whoever comes next is not in its way
        let outbox = Outbox::make(&folder, Limits::default()).unwrap();
        let _ = write!(case, "; left: {:?}", names(&folder));
        let next = keep_with(&outbox, 2, "error", b"next").unwrap();
        let next_id = next.claimed.entry().id.clone();
        next.claimed.accepted().unwrap();
        assert!(outbox.turn(None).unwrap().unwrap().notes.is_empty(), "{case}");
        let there = outbox.ids().unwrap();
        assert!(!there.contains(&next_id));
        let messages: Vec<(Entry, Vec<u8>)> = there
            .iter()
            .map(|id| match outbox.claim(id) {
                Claim::Taken(claimed) => (claimed.entry().clone(), claimed.message().unwrap().to_vec()),
                other => panic!("{case}: {other:?}"),
            })
            .collect();
        assert_eq!(names(&folder).len(), 2 + 2 * messages.len(), "{case}: {:?}", names(&folder));
        assert(&messages, &case);
    }
    calls.into_iter().map(|(name, _)| name).collect()
}

fn with_one(world: &World) {
    keep(&outbox(world));
}

#[test]
fn who_is_killed_while_keeping_leaves_a_whole_message_or_none() {
    for first in [true, false] {
        let prepare = |world: &World| {
            if !first {
                with_one(world);
            }
        };
        let names = killed_at_every_call("keep", prepare, |messages, case| {
            let (old, new): (Vec<_>, Vec<_>) = messages.iter().partition(|(_, message)| message == MESSAGE);
            assert_eq!(old.len(), usize::from(!first), "{case}");
            assert!(new.len() < 2 && new.iter().all(|(_, message)| message == b"new"), "{case}");
        });
        // onto the disk before it has its name, and the folder after that
        let at = |name: &str| names.iter().rposition(|other| other == name).unwrap();
        assert!(at("rename") < at("fsync"), "{names:?}");
        assert!(names.iter().filter(|name| *name == "fsync").count() >= 3, "{names:?}");
        assert!(names.len() > 15, "{names:?}");
    }
}

#[test]
fn who_is_killed_while_trying_leaves_the_message_as_it_was_or_is() {
    killed_at_every_call("try", with_one, |messages, case| {
        let [(entry, message)] = messages else { panic!("{case}") };
        assert_eq!(message, MESSAGE, "{case}");
        assert!(
            (entry.attempts, entry.recipients.len()) == (0, 2)
                || (entry.attempts, entry.recipients.len()) == (1, 1)
        );
    });
}

#[test]
fn who_is_killed_while_removing_leaves_the_message_or_nothing() {
    let names = killed_at_every_call("remove", with_one, |messages, case| {
        assert!(messages.iter().all(|(_, message)| message == MESSAGE), "{case}");
        // what is known of it goes with the first call that removes anything
        let first = case.contains("unlink, number 1;");
        assert!(!first || messages.len() == 1, "{case}");
    });
    assert_eq!(names.iter().filter(|name| *name == "unlink").count(), 2, "{names:?}");
}

#[test]
fn who_is_killed_while_sweeping_leaves_what_waits() {
    let prepare = |world: &World| {
        with_one(world);
        for ending in [".eml.new", ".json.new", ".eml"] {
            world.file(&format!("outbox/20261122T215559.123-0a1b2c3d{ending}"), "piece", 0o600);
        }
    };
    killed_at_every_call("sweep", prepare, |messages, case| {
        assert_eq!(messages.len(), 1, "{case}");
    });
}
