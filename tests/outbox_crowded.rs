//! Several at one outbox: tasks with servers of their own, hooks and senders that are killed, and servers that
//! take the time of others.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage};
use crate::waiting::{Known, Waiting, is_late};

/// A task in clear for this port.
fn task_at(waiting: &Waiting, port: u16) -> Value {
    let mut task = waiting.task_for(&json!({ "host": "127.0.0.1", "port": port, "auth": "none" }));
    task["email"]["tls"] = json!({ "mode": "none" });
    task["email"].as_object_mut().unwrap().remove("password");
    task
}

fn server(waiting: &Waiting) -> SmtpServer {
    waiting.site.open_server(Mode::None).start()
}

/// A server that says nothing from this stage on.
fn silent(waiting: &Waiting, stage: Stage) -> SmtpServer {
    waiting.site.open_server(Mode::None).fault(stage, Action::Stall).start()
}

/// Keeps a message of the task of this name.
fn keep_of(waiting: &Waiting, name: &str) {
    let mut task = task_at(waiting, waiting.closed_port());
    task["deadline"] = json!("1s");
    let path = waiting.site.world.write(name, task.to_string());
    waiting.site.world.command(&["notify", "--exit-code", "1"]).task(&path).run().assert_code(75);
}

fn write(waiting: &Waiting, name: &str, mut task: Value, deadline: &str) {
    task["deadline"] = json!(deadline);
    waiting.site.world.write(name, task.to_string());
}

#[test]
fn a_server_without_a_word_takes_no_time_from_the_messages_of_another() {
    for stage in [Stage::Connect, Stage::Greeting] {
        let waiting = Waiting::new();
        let (good, bad) = (server(&waiting), silent(&waiting, stage));
        keep_of(&waiting, "old.json");
        keep_of(&waiting, "young.json");
        write(&waiting, "old.json", task_at(&waiting, bad.port()), "4s");
        write(&waiting, "young.json", task_at(&waiting, good.port()), "4s");
        let folder = waiting.folder().to_str().unwrap();
        let output = waiting.site.world.run(&["outbox", "send", "--deadline", "4s", "--outbox", folder]);
        output.assert_code(75).assert_within(Duration::from_secs(8));
        assert_eq!(good.messages().len(), 1, "{output}");
        assert_eq!(waiting.ids().len(), 1);
        // nor from the own message, which goes first
        let output = waiting.site.world.run(&["notify", "--exit-code", "1", "--task", "young.json"]);
        output.assert_code(0).assert_stderr_has("1 message waits in the outbox");
        assert_eq!(good.messages().len(), 2);
    }
}

#[test]
fn a_backup_that_begins_waits_five_seconds_at_most_for_what_waits() {
    let waiting = Waiting::new();
    let bad = silent(&waiting, Stage::Data);
    keep_of(&waiting, "task.json");
    write(&waiting, "task.json", task_at(&waiting, bad.port()), "60s");
    let output = waiting.site.world.run(&["notify", "--event", "begin", "--task", "task.json"]);
    output.assert_code(0).assert_within(Duration::from_millis(6500));
    assert_eq!(waiting.ids().len(), 1, "{output}");
    assert_eq!(bad.sessions().len(), 1);
}

#[test]
fn a_run_sends_what_waits_at_its_end() {
    let waiting = Waiting::new();
    let good = server(&waiting);
    keep_of(&waiting, "task.json");
    let mut task = task_at(&waiting, good.port());
    task["email"]["when"] = json!("error");
    write(&waiting, "task.json", task, "10s");
    let run = ["run", "--task", "task.json", "--", "/bin/sh", "-c", "exit 0"];
    waiting.site.world.run(&run).assert_code(0);
    let messages = good.messages();
    assert!(messages.len() == 1 && is_late(&messages[0]));
    assert!(waiting.ids().is_empty());
}

#[test]
fn two_tasks_with_servers_of_their_own_share_a_folder() {
    let waiting = Waiting::new();
    let (one, two) = (server(&waiting), server(&waiting));
    for _ in 0..2 {
        keep_of(&waiting, "one.json");
        keep_of(&waiting, "two.json");
    }
    write(&waiting, "one.json", task_at(&waiting, one.port()), "10s");
    write(&waiting, "two.json", task_at(&waiting, two.port()), "10s");
    let output = waiting.site.world.run(&["notify", "--exit-code", "1", "--task", "one.json"]);
    output.assert_code(0);
    assert!(waiting.ids().is_empty(), "{output}");
    let late = |server: &SmtpServer| server.messages().iter().filter(|message| is_late(message)).count();
    assert_eq!((late(&one), late(&two)), (2, 2));
    assert_eq!((one.messages().len(), two.messages().len()), (3, 2));
    // one connection for each
    assert_eq!((one.sessions().len(), two.sessions().len()), (1, 1));
}

#[test]
fn the_first_of_two_emails_without_a_server_leaves_time_for_the_second() {
    let waiting = Waiting::new();
    let (good, bad) = (server(&waiting), silent(&waiting, Stage::Greeting));
    let mut task = task_at(&waiting, bad.port());
    let second = task_at(&waiting, good.port());
    task["email"] = json!([task["email"], second["email"]]);
    write(&waiting, "task.json", task, "4s");
    let output = waiting.site.world.run(&["notify", "--exit-code", "1", "--task", "task.json"]);
    output.assert_code(75).assert_within(Duration::from_secs(6));
    assert_eq!(good.messages().len(), 1);
    assert_eq!(waiting.ids().len(), 1);
}

#[test]
fn a_message_is_not_begun_when_the_time_will_not_do_for_its_end() {
    let waiting = Waiting::new();
    let slow = waiting
        .site
        .open_server(Mode::None)
        .fault(Stage::FinalDot, Action::Drip(Duration::from_millis(60)))
        .start();
    for _ in 0..4 {
        keep_of(&waiting, "task.json");
    }
    write(&waiting, "task.json", task_at(&waiting, slow.port()), "4s");
    let folder = waiting.folder().to_str().unwrap();
    let mut rounds = 0;
    while !waiting.ids().is_empty() {
        rounds += 1;
        let output = waiting.site.world.run(&["outbox", "send", "--deadline", "4s", "--outbox", folder]);
        assert!([Some(0), Some(75)].contains(&output.code()), "{output}");
        if output.code() == Some(75) {
            output.assert_stderr_has("sending did not end before the deadline of 4 s");
        }
        assert!(rounds < 6, "{output}");
    }
    let sessions = slow.sessions();
    let whole = sessions.iter().flat_map(|s| &s.envelopes).filter(|e| e.message.is_some()).count();
    assert!(whole == 4 && rounds > 1, "{whole} came, in {rounds} rounds");
}

fn start(waiting: &Waiting, arguments: &[&str]) -> Child {
    let world = &waiting.site.world;
    let mut command = Command::new(world.binary());
    command.args(arguments).current_dir(world.path()).env_clear().env("HOME", world.home());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills some of them, at moments that no two rounds have in common; returns the codes of the others.
fn kill_some(children: Vec<Child>, round: usize, server: &SmtpServer, before: usize) -> Vec<Option<i32>> {
    let mut children = children;
    for (number, child) in children.iter_mut().enumerate().filter(|(n, _)| (n + round).is_multiple_of(3)) {
        // when so many have been here
        let end = Instant::now() + Duration::from_secs(20);
        while server.snapshot().len() < before + number / 4 && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "nobody comes");
            std::thread::yield_now();
        }
        let _ = kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGKILL);
    }
    children.into_iter().map(|mut child| child.wait().unwrap().code()).collect()
}

#[test]
fn hooks_and_senders_that_are_killed_at_once_lose_nothing_that_was_kept() {
    let waiting = Waiting::new();
    let server = server(&waiting);
    for name in ["one.json", "two.json"] {
        write(&waiting, name, task_at(&waiting, server.port()), "20s");
    }
    let folder = waiting.folder().to_str().unwrap().to_owned();
    let (mut succeeded, mut kills, mut repeats) = (0, 0, 0);
    for round in 0..4 {
        let before = server.snapshot().len();
        for _ in 0..2 {
            keep_by_nobody(&waiting);
        }
        let children: Vec<Child> = (0..25)
            .map(|number| match number % 5 {
                4 => start(&waiting, &["outbox", "send", "--outbox", &folder]),
                two if two % 2 == 1 => start(&waiting, &["notify", "--exit-code", "1", "--task", "two.json"]),
                _ => start(&waiting, &["notify", "--exit-code", "1", "--task", "one.json"]),
            })
            .collect();
        let codes = kill_some(children, round, &server, before);
        let hooks = codes.iter().enumerate().filter(|(number, _)| number % 5 != 4);
        succeeded += hooks.filter(|(_, code)| **code == Some(0)).count() + 2;
        kills += codes.iter().filter(|code| code.is_none()).count();
        let waits: Vec<String> = waiting.known().into_iter().map(|known| known.message_id).collect();
        let output = waiting.send();
        output.assert_code(0);
        waiting.assert_empty(&output);
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for envelope in server.sessions().iter().flat_map(|s| &s.envelopes) {
            if envelope.message.is_some() {
                *times.entry(Known::of_envelope(envelope).message_id).or_default() += 1;
            }
        }
        assert!(waits.iter().all(|id| times.contains_key(id)), "lost: {waits:?}");
        repeats = times.values().map(|times| times - 1).sum();
        assert!(times.len() >= succeeded, "{} of {succeeded} came", times.len());
    }
    // each who is killed has at most one message in the hands of a server
    assert!(kills > 2 && repeats <= kills, "{kills} kills, {repeats} repeats");
}

fn keep_by_nobody(waiting: &Waiting) {
    keep_of(waiting, "lost.json");
    let one = waiting.site.world.read("one.json");
    waiting.site.world.write("lost.json", one);
}
