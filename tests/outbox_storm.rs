//! Two hundred hooks at once on one outbox, with a server that comes and goes: nothing is lost, and nothing comes
//! twice but where nobody could know that it had come.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::smtp_server::{Action, Builder, SessionRecord, SmtpServer, Stage};
use crate::waiting::{Known, Waiting};

const HOOKS: usize = 200;
/// The connections that are told what to do wrong; more than there can be.
const CONNECTIONS: usize = 5_000;
/// After which a hook or a sender gives up; long, so that on a busy computer none does between a message and its
/// 250.
const DEADLINE: &str = "20s";
/// How long all of it may take: two cores, a debug build.
const LIMIT: Duration = Duration::from_secs(240);

/// Whether the answer to the end of a message never reaches the client on this connection.
fn is_unanswered(connection: usize) -> bool {
    connection % 10 == 7
}

/// A server of which four connections in ten go wrong, and of which a few never answer.
fn moody(mut builder: Builder) -> SmtpServer {
    for connection in 1..CONNECTIONS {
        let (stage, action) = match connection % 10 {
            1 => (Stage::Greeting, Action::Close),
            3 => (Stage::Mail, Action::reply_and_close("421 4.3.2 shutting down")),
            5 => (Stage::Body, Action::Reset),
            _ if is_unanswered(connection) => (Stage::FinalDot, Action::Close),
            9 if connection < 60 => (Stage::Rcpt(1), Action::Stall),
            _ => continue,
        };
        builder = builder.fault_on(connection, stage, action);
    }
    builder.start()
}

fn hook(waiting: &Waiting, number: usize) -> Child {
    let world = &waiting.site.world;
    let mut command = Command::new(world.binary());
    command.args(["notify", "--exit-code", "1", "--json", "--task", "task.json"]);
    command.args(["--message", &format!("number {number}")]);
    command.current_dir(world.path()).env_clear().env("HOME", world.home());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs them all at once, and returns the ids of their messages.
fn storm(waiting: &Waiting) -> Vec<String> {
    let hooks: Vec<Child> = (0..HOOKS).map(|number| hook(waiting, number)).collect();
    let mut ids = Vec::new();
    for hook in hooks {
        let output = hook.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!([Some(0), Some(75)].contains(&output.status.code()), "{:?}: {said}", output.status);
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let delivery = &result["deliveries"][0];
        let status = delivery["status"].as_str().unwrap();
        assert!(["sent", "queued"].contains(&status), "{delivery}");
        assert_eq!(status == "sent", output.status.code() == Some(0), "{delivery}");
        ids.push(delivery["message_id"].as_str().expect("a message id").to_owned());
    }
    ids
}

/// How often each message was answered with 250, and how often it came whole without an answer.
fn arrivals(sessions: &[SessionRecord]) -> BTreeMap<String, (usize, usize)> {
    let mut arrivals: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for session in sessions {
        for envelope in session.envelopes.iter().filter(|envelope| envelope.message.is_some()) {
            let count = arrivals.entry(Known::of_envelope(envelope).message_id).or_default();
            if envelope.accepted {
                count.0 += 1;
            } else if is_unanswered(session.connection) {
                count.1 += 1;
            }
        }
    }
    arrivals
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for whoever asks for them with --nocapture")]
fn two_hundred_hooks_and_a_moody_server_lose_nothing_and_repeat_only_what_nobody_answered() {
    let begun = Instant::now();
    let waiting = Waiting::new();
    let server = moody(SmtpServer::builder());
    let mut task = waiting.task_for(&json!({ "host": server.host(), "port": server.port(), "auth": "none" }));
    task["email"]["tls"] = json!({ "mode": "none" });
    task["email"].as_object_mut().unwrap().remove("password");
    task["deadline"] = json!(DEADLINE);
    waiting.site.world.task(&task);

    let mut ids = storm(&waiting);
    let at_once = HOOKS - waiting.ids().len();
    let mut rounds = 0;
    while !waiting.ids().is_empty() {
        rounds += 1;
        assert!(rounds <= 60, "{} still wait after {rounds} rounds", waiting.ids().len());
        let output = waiting.send();
        // a message without an answer is left for the next round, as is what is behind a broken connection
        assert!([Some(0), Some(75)].contains(&output.code()), "{output}");
    }
    let sessions = server.sessions();
    let arrivals = arrivals(&sessions);
    ids.sort();
    let told: Vec<&String> = arrivals.keys().collect();
    assert_eq!(told, ids.iter().collect::<Vec<_>>(), "each message, and no other");
    let mut repeated = 0;
    for (id, (accepted, unanswered)) in &arrivals {
        assert_eq!(*accepted, 1, "{id} was accepted {accepted} times, {unanswered} times without an answer");
        repeated += unanswered;
    }
    println!(
        "{HOOKS} hooks, {} connections, {at_once} sent by the hooks, {rounds} rounds for the rest, {repeated} \
         copies of which nobody could know, {:?}",
        sessions.len(),
        begun.elapsed()
    );
    let left: Vec<_> = std::fs::read_dir(waiting.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    let known = |name: &std::ffi::OsString| ["key", "lock"].contains(&name.to_str().unwrap());
    assert!(left.iter().all(known), "something is left: {left:?}");
    assert!(begun.elapsed() < LIMIT, "it took {:?}", begun.elapsed());
}
