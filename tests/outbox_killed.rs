//! Kill -9 at every system call of whatever touches an outbox: afterwards each message has been accepted, or it
//! waits. What comes twice was cut off between the server's taking it and its removal, and nowhere else.
//!
//! strace kills the program as it enters a system call. The border before which there is nothing to lose is the
//! `rename` that gives the facts of a message their name: it comes before anything that can fail or take time.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::waiting::{Known, Waiting};

const FIRST: &str = "20261122T215559.123-0a1b2c3d";
const SECOND: &str = "20261123T071057.004-ffffffff";
/// How long all kills of one test may take; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(600);
/// How many of the calls between the first connection and the final dot are tried: those of TLS are a
/// thousand, and nothing is written to the outbox there.
const BETWEEN: usize = 16;

/// One system call: its name, the how manieth of this name it is in its process, and the line of it.
#[derive(Debug)]
struct Call {
    name: String,
    number: usize,
    line: String,
}

/// The calls from the first on that names the outbox.
fn calls(record: &str, folder: &str) -> Vec<Call> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let (mut calls, mut begun) = (Vec::new(), false);
    for line in record.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = rest.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue; // how something that was interrupted went on, or how the process ended
        }
        let count = counts.entry((process, name)).or_default();
        *count += 1;
        begun |= arguments.contains(folder);
        // strace cannot put a signal into the end of a process
        if begun && name != "exit_group" {
            calls.push(Call { name: name.to_owned(), number: *count, line: line.to_owned() });
        }
    }
    calls
}

/// The first call after `from` with this name, of a line with this in it.
fn place(calls: &[Call], from: usize, names: &[&str], part: &str) -> Option<usize> {
    let fits = |call: &Call| names.contains(&call.name.as_str()) && call.line.contains(part);
    calls[from..].iter().position(fits).map(|place| from + place)
}

/// What becomes of one message in a run that nobody kills, by the calls.
struct Course {
    /// The call that gives what is known of it its name.
    kept: usize,
    /// The first connection.
    connected: usize,
    /// The last call that sends something of it.
    sent: usize,
    /// The call that takes it out of the outbox.
    removed: usize,
}

const SENDING: [&str; 4] = ["write", "writev", "sendto", "sendmsg"];

impl Course {
    fn of(calls: &[Call]) -> Self {
        let kept = place(calls, 0, &["rename"], ".json.new\"").expect("it is kept");
        let connected = place(calls, 0, &["connect"], "AF_INET").expect("it connects");
        let removed = place(calls, 0, &["unlink"], ".json\"").expect("it is removed");
        // what is removed was answered, and what was answered was sent
        let socket = |call: &Call| call.line.contains("<socket:") || call.line.contains("<TCP:");
        let sent = calls[..removed]
            .iter()
            .rposition(|call| SENDING.contains(&call.name.as_str()) && socket(call))
            .expect("it is sent");
        Self { kept, connected, sent, removed }
    }
}

fn under_strace(waiting: &Waiting, options: &[&str], arguments: &[&str]) -> Output {
    let world = &waiting.site.world;
    let binary = world.binary().to_str().unwrap();
    let all = [&["-f", "-qq", "-y"], options, &[binary], arguments].concat();
    world.other_command("strace", &all).run()
}

fn record(waiting: &Waiting, arguments: &[&str]) -> Vec<Call> {
    let file = waiting.site.world.path().join("record");
    under_strace(waiting, &["-o", file.to_str().unwrap()], arguments).assert_success();
    calls(&fs::read_to_string(&file).unwrap(), waiting.folder().to_str().unwrap())
}

fn kill_at(waiting: &Waiting, call: &Call, arguments: &[&str]) -> bool {
    let inject = format!("inject={}:signal=SIGKILL:when={}", call.name, call.number);
    under_strace(waiting, &["-o", "/dev/null", "-e", &inject], arguments).signal() == Some(9)
}

/// How often each message arrived whole, and how often it was answered with yes.
fn arrivals(server: &SmtpServer) -> BTreeMap<String, (usize, usize)> {
    let mut arrivals: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for envelope in server.sessions().iter().flat_map(|session| &session.envelopes) {
        if envelope.message.is_some() {
            let count = arrivals.entry(Known::of_envelope(envelope).message_id).or_default();
            count.0 += 1;
            count.1 += usize::from(envelope.accepted);
        }
    }
    arrivals
}

/// Which calls are tried: all but some of those between a connection and the end of the message.
fn tried(course: &Course, count: usize) -> Vec<usize> {
    let step = (course.sent.saturating_sub(course.connected) / BETWEEN).max(1);
    let between = |call: &usize| (course.connected + 1..course.sent).contains(call);
    (0..count).filter(|call| !between(call) || call % step == 0).collect()
}

/// A task without secrets for a server in clear, or with all of it under TLS.
fn grounds(mode: Mode) -> (Waiting, SmtpServer) {
    let waiting = Waiting::new();
    let site = &waiting.site;
    let server = if mode == Mode::None { site.open_server(mode) } else { site.server(mode) }.start();
    let mut task = waiting.task(&server);
    if mode == Mode::None {
        task["email"]["tls"] = json!({ "mode": "none" });
        task["email"]["account"] = json!({ "host": server.host(), "port": server.port(), "auth": "none" });
        task["email"].as_object_mut().unwrap().remove("password");
    }
    task["deadline"] = json!("20s");
    waiting.site.world.task(&task);
    (waiting, server)
}

fn mend(waiting: &Waiting, case: &str) {
    let output = waiting.send();
    if output.code() != Some(0) {
        output.fail(case);
    }
    waiting.assert_empty(&output);
}

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    nothing: usize,
    waited: usize,
    accepted: usize,
    repeated: usize,
}

/// Kills a notice at every call, and looks each time what became of it.
fn a_notice_is_killed(mode: Mode) -> Tally {
    let begun = Instant::now();
    let (waiting, server) = grounds(mode);
    let arguments = ["notify", "--exit-code", "1", "--task", "task.json"];
    // the key comes with the first
    waiting.site.world.run(&arguments).assert_success();
    let calls = record(&waiting, &arguments);
    let course = Course::of(&calls);
    assert!(course.kept < course.connected && course.connected < course.sent && course.sent < course.removed);
    // on the disk, with its folder, before anybody is asked for anything
    let synced = calls[course.kept..course.connected]
        .iter()
        .any(|call| call.name == "fsync" && call.line.contains(&format!("{}>", waiting.folder().display())));
    assert!(synced, "the folder is not on the disk before the first connection");
    let mut tally = Tally::default();
    let mut known = arrivals(&server);
    for place in tried(&course, calls.len()) {
        let call = &calls[place];
        let case = format!("{mode:?}, call {place} of {}: {}", calls.len(), call.line);
        assert!(begun.elapsed() < LIMIT, "too slow: {case}");
        let killed = kill_at(&waiting, call, &arguments);
        tally.kills += usize::from(killed);
        let kept: Vec<String> = waiting.known().into_iter().map(|known| known.message_id).collect();
        let whole = new(&known, &arrivals(&server));
        assert!(kept.len() <= 1 && whole.len() <= 1, "{case}: {kept:?} {whole:?}");
        if killed && kept.is_empty() && whole.is_empty() {
            assert!(place <= course.kept, "lost: {case}");
            tally.nothing += 1;
        }
        // such a message may have been taken twice, once it is sent again
        let twice = kept.iter().any(|id| whole.contains_key(id));
        if twice {
            let window = place > course.sent && place <= course.removed;
            assert!(window, "repeated: {case}\n{}\n{}", course.sent, course.removed);
        }
        let lost = usize::from(kept.is_empty() && whole.is_empty());
        mend(&waiting, &case);
        let now = arrivals(&server);
        let arrived = new(&known, &now);
        assert_eq!(arrived.len(), 1 - lost, "{case}: {arrived:?}");
        for (id, (times, accepted)) in &arrived {
            assert!(*accepted >= 1, "{case}: {id} was never accepted");
            assert_eq!(*times, 1 + usize::from(twice), "{case}");
        }
        tally.waited += kept.len();
        tally.accepted += whole.len();
        tally.repeated += usize::from(twice);
        known = now;
    }
    server.assert_clean();
    tally
}

/// What has come that had not come before.
fn new(
    before: &BTreeMap<String, (usize, usize)>,
    now: &BTreeMap<String, (usize, usize)>,
) -> BTreeMap<String, (usize, usize)> {
    let more = now.iter().filter_map(|(id, count)| {
        let known = before.get(id).copied().unwrap_or_default();
        (*count != known).then(|| (id.clone(), (count.0 - known.0, count.1 - known.1)))
    });
    more.collect()
}

#[expect(clippy::print_stdout, reason = "figures for whoever asks for them with --nocapture")]
fn told(what: &str, tally: &Tally) {
    println!("{what}: {tally:?}");
    assert!(tally.nothing > 5 && tally.waited > 30 && tally.repeated > 0, "{tally:?}");
    assert!(tally.repeated < 12, "the window in which a message comes twice has grown: {tally:?}");
}

#[test]
fn a_notice_in_clear_that_is_killed_anywhere_was_accepted_or_waits() {
    told("in clear", &a_notice_is_killed(Mode::None));
}

#[test]
fn a_notice_under_tls_that_is_killed_anywhere_was_accepted_or_waits() {
    told("under TLS", &a_notice_is_killed(Mode::Implicit));
}

/// Puts two messages into the outbox.
fn put_two(waiting: &Waiting, round: usize) -> [String; 2] {
    let outbox = Outbox::at(&waiting.site.world, waiting.folder());
    [FIRST, SECOND].map(|id| {
        let name = format!("<{id}.{round}@example.test>");
        let message = format!(
            "Message-ID: {name}\r\nDate: Sun, 22 Nov 2026 21:55:59 +0000\r\nFrom: jon@example.test\r\nTo: \
             ops@example.test\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        );
        outbox.put(id, &message, |entry: &mut Value| entry["message_id"] = name.clone().into());
        name
    })
}

/// Kills a program that sends what waits of others.
fn a_sender_is_killed(what: &str, arguments: &[&str]) -> Tally {
    let begun = Instant::now();
    let (waiting, server) = grounds(Mode::None);
    let task = waiting.site.world.read("task.json");
    let mut task: Value = serde_json::from_str(&task).unwrap();
    task["email"]["when"] = json!("error");
    waiting.site.world.task(&task);
    put_two(&waiting, 0);
    mend(&waiting, "the lock comes with the first turn");
    put_two(&waiting, 1);
    let calls = record(&waiting, arguments);
    let removals: Vec<usize> = (0..calls.len())
        .filter(|place| calls[*place].name == "unlink" && calls[*place].line.contains(".json\""))
        .collect();
    assert_eq!(removals.len(), 2, "{calls:#?}");
    let socket = |call: &Call| call.line.contains("<socket:") || call.line.contains("<TCP:");
    let windows = removals.iter().map(|removed| {
        let sending = |call: &Call| SENDING.contains(&call.name.as_str()) && socket(call);
        (calls[..*removed].iter().rposition(sending).unwrap(), *removed)
    });
    let windows: Vec<(usize, usize)> = windows.collect();
    let mut tally = Tally::default();
    let mut known = arrivals(&server);
    for (place, call) in calls.iter().enumerate() {
        let case = format!("{what}, call {place} of {}: {}", calls.len(), call.line);
        assert!(begun.elapsed() < LIMIT, "too slow: {case}");
        let mut names = put_two(&waiting, place + 2);
        tally.kills += usize::from(kill_at(&waiting, call, arguments));
        let kept: Vec<String> = waiting.known().into_iter().map(|known| known.message_id).collect();
        let whole = new(&known, &arrivals(&server));
        for name in &names {
            assert!(kept.contains(name) || whole.contains_key(name), "lost: {case}");
            if kept.contains(name) && whole.contains_key(name) {
                assert!(
                    windows.iter().any(|(sent, removed)| (sent + 1..=*removed).contains(&place)),
                    "repeated: {case}"
                );
                tally.repeated += 1;
            }
        }
        tally.waited += kept.len();
        tally.accepted += whole.len();
        mend(&waiting, &case);
        let now = arrivals(&server);
        let arrived = new(&known, &now);
        names.sort();
        assert_eq!(arrived.keys().cloned().collect::<Vec<_>>(), names, "{case}");
        assert!(arrived.values().all(|(_, accepted)| *accepted >= 1), "{case}: {arrived:?}");
        known = now;
    }
    server.assert_clean();
    tally
}

#[expect(clippy::print_stdout, reason = "figures for whoever asks for them with --nocapture")]
fn told_of_a_sender(what: &str, tally: &Tally) {
    println!("{what}: {tally:?}");
    assert!(tally.kills > 50 && tally.repeated > 0, "{tally:?}");
    // two messages, each with a window of its own
    assert!(tally.repeated < 24, "the window in which a message comes twice has grown: {tally:?}");
}

#[test]
fn a_silent_notice_that_is_killed_while_it_sends_what_waits_loses_nothing() {
    let arguments = ["notify", "--exit-code", "0", "--task", "task.json"];
    told_of_a_sender("a silent notice", &a_sender_is_killed("notify", &arguments));
}

#[test]
fn a_sender_that_is_killed_loses_nothing() {
    let arguments = ["outbox", "send", "--outbox", "waiting"];
    told_of_a_sender("outbox send", &a_sender_is_killed("send", &arguments));
}

#[test]
fn who_is_killed_while_removing_a_message_touches_no_other() {
    let (waiting, server) = grounds(Mode::None);
    let arguments = ["outbox", "remove", "--outbox", "waiting", FIRST];
    put_two(&waiting, 0);
    let calls = record(&waiting, &arguments);
    mend(&waiting, "the other");
    let mut known = arrivals(&server);
    let (mut there, mut gone) = (0, 0);
    for (place, call) in calls.iter().enumerate() {
        let case = format!("call {place} of {}: {}", calls.len(), call.line);
        let names = put_two(&waiting, place + 1);
        kill_at(&waiting, call, &arguments);
        let ids = waiting.ids();
        assert!(ids.contains(&SECOND.to_owned()), "{case}");
        let waits = ids.contains(&FIRST.to_owned());
        there += usize::from(waits);
        gone += usize::from(!waits);
        let output = waiting.site.world.run(&arguments);
        assert_eq!(output.code(), Some(if waits { 0 } else { 66 }), "{case}: {output}");
        mend(&waiting, &case);
        let now = arrivals(&server);
        assert_eq!(new(&known, &now).into_keys().collect::<Vec<_>>(), [names[1].clone()], "{case}");
        known = now;
    }
    assert!(there > 5 && gone > 1, "{there} {gone}");
}
