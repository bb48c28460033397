//! One case: the real program against a server with one fault, and what became of the message.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::cases::{self, Case};
use super::outbox;
use crate::site::mode_of;
use crate::support::certs::{Ca, Issued};
use crate::support::output::Output;
use crate::support::smtp_server::{Envelope, Mode, SmtpServer, Stage};
use crate::support::world::World;

/// What a run may take beyond its deadline on a machine that is busy with many of them.
const GRACE: Duration = Duration::from_secs(5);

/// What all cases have in common: the server's certificate and who has issued it.
pub(super) struct Grounds {
    ca: Ca,
    issued: Issued,
}

impl Grounds {
    pub(super) fn new() -> Self {
        let ca = Ca::new();
        let issued = ca.issue(&["localhost", "127.0.0.1"]);
        Self { ca, issued }
    }

    /// An empty world with a server in it that has this fault.
    fn place(&self, case: &Case) -> Place {
        let world = World::new();
        world.write("ca.pem", self.ca.pem());
        let mut builder = SmtpServer::builder()
            .tls(mode_of(cases::tls_mode(case.mode)))
            .chain(&self.issued)
            .user("jon", world.secret())
            .fault(case.stage, case.action());
        if case.stage == Stage::Challenge {
            builder = builder.auth(&["LOGIN"]);
        }
        if case.mode == cases::CHUNKING {
            builder = builder.with("CHUNKING");
        }
        let server = builder.start();
        let task = json!({
            "name": "Nightly",
            "email": {
                "when": "error",
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": server.account("jon", "password"),
                "password": world.secret_file(),
                "tls": { "mode": cases::tls_mode(case.mode), "trust": "ca-file:ca.pem" },
            },
        });
        let task = world.task(&task);
        Place { world, server, task }
    }
}

struct Place {
    world: World,
    server: SmtpServer,
    task: PathBuf,
}

impl Place {
    /// Runs `notify` about a backup that ended with this code.
    fn notify(&self, ended: &str, deadline: Duration) -> Output {
        let deadline = format!("{}s", deadline.as_secs());
        let run = self.world.command(&["notify", "--exit-code", ended, "--json", "--deadline", &deadline]);
        let folder = outbox::folder(&self.world);
        let outbox: &[&str] = if outbox::KEEPS { &["--outbox", folder.to_str().unwrap()] } else { &[] };
        run.args(outbox).task(&self.task).run()
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The server has it, and the program says so.
    Sent,
    /// The server does not have it, and it waits.
    Kept,
    /// The server has it, and it waits.
    Both,
    /// The server has it, the program does not know, and nothing waits.
    Unknown,
    /// Neither.
    Gone,
}

impl Fate {
    /// The word in the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Kept => "kept",
            Self::Both => "both",
            Self::Unknown => "taken",
            Self::Gone => "-",
        }
    }
}

/// A case that was played.
pub(super) struct Played {
    pub(super) case: Case,
    pub(super) code: i32,
    pub(super) fate: Fate,
    /// It ended at its deadline.
    pub(super) timed_out: bool,
    /// What must not be, each with the story of the run.
    pub(super) breaches: Vec<String>,
}

impl Played {
    pub(super) fn cell(&self) -> String {
        format!("{} {}", self.code, self.fate.word())
    }
}

/// Plays a case, and checks what has to hold in every one of them.
pub(super) fn play(grounds: &Grounds, case: &Case, deadline: Duration) -> Played {
    // what the supporting code finds (a secret, a run without an end) is a breach like the others
    let result = catch_unwind(AssertUnwindSafe(|| {
        let place = grounds.place(case);
        let output = place.notify("1", deadline);
        judge(case, &place, &output, deadline)
    }));
    result.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let breach = format!("{case:?}: {}", words.unwrap_or_default());
        Played { case: *case, code: -1, fate: Fate::Gone, timed_out: false, breaches: vec![breach] }
    })
}

fn judge(case: &Case, place: &Place, output: &Output, deadline: Duration) -> Played {
    let taken = place.server.taken();
    let (waiting, mut faults) = outbox::look(&place.world);
    let code = output.code().unwrap_or(-1);
    let result = output.json();
    let said = result["deliveries"][0]["status"].as_str().unwrap_or("nothing").to_owned();
    let fate = match (taken.is_empty(), waiting.is_empty()) {
        (false, true) if said == "sent" => Fate::Sent,
        (false, true) => Fate::Unknown,
        (false, false) => Fate::Both,
        (true, false) => Fate::Kept,
        (true, true) => Fate::Gone,
    };
    if output.elapsed > deadline + GRACE {
        faults.push(format!("took {:?}", output.elapsed));
    }
    if waiting.len() > 1 {
        faults.push(format!("{} messages wait, of one", waiting.len()));
    }
    if said == "sent" && taken.is_empty() {
        faults.push("called sent, and the server has not taken it".into());
    }
    let detail = result["deliveries"][0]["detail"].as_str().unwrap_or_default();
    let timed_out = detail.contains("before the deadline");
    faults.extend(lost_or_doubled(case, fate, timed_out));
    faults.extend(disagreements(&result, output, fate, &said));
    faults.extend(signed_in_in_clear(case, place));
    let kept = waiting.iter().map(|waiting| outbox::message_id(&waiting.message));
    let ids: BTreeSet<_> = taken.iter().map(id_of).chain(kept).collect();
    if ids.len() > 1 {
        faults.push(format!("one message under several names: {ids:?}"));
    }
    let story = || place.server.snapshot().iter().map(ToString::to_string).collect::<String>();
    let tell = || format!("{case:?}: {}\n{output}{}", faults.join("; "), story());
    Played {
        case: *case,
        code,
        fate,
        timed_out,
        breaches: if faults.is_empty() { Vec::new() } else { vec![tell()] },
    }
}

fn id_of(envelope: &Envelope) -> String {
    outbox::message_id(envelope.text())
}

/// Never neither accepted nor kept, never both but in the one window; and where the window is
/// said to be, it is.
fn lost_or_doubled(case: &Case, fate: Fate, timed_out: bool) -> Option<String> {
    let window = cases::in_the_window(case.mode, case.stage, case.fault);
    match fate {
        // the deadline may come between the server's 250 and its arrival, which is the window too
        Fate::Both | Fate::Unknown if !window && !timed_out => Some("accepted, and not called sent".into()),
        // who runs out of time may not have come as far as the window
        Fate::Sent | Fate::Kept | Fate::Gone if window && !timed_out => Some("a window that is none".into()),
        // until there is an outbox, what is not accepted is gone
        _ if !outbox::KEEPS => None,
        Fate::Gone if !cases::may_be_dropped(case.stage, case.fault) => Some("lost".into()),
        Fate::Unknown => Some("lost, as far as the program knows".into()),
        _ => None,
    }
}

/// Exit code, JSON and text say the same.
fn disagreements(result: &Value, output: &Output, fate: Fate, said: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let delivery = &result["deliveries"][0];
    let code = json!(output.code());
    if result["exit_code"] != code || delivery["exit_code"] != code {
        faults.push("another exit code in --json".into());
    }
    let right = match fate {
        Fate::Sent => "sent",
        Fate::Kept | Fate::Both => "queued",
        Fate::Unknown | Fate::Gone => "failed",
    };
    if said != right {
        faults.push(format!("called {said}, and is {right}"));
    }
    if (said == "sent") != (output.code() == Some(0)) {
        faults.push(format!("called {said} with exit code {code}"));
    }
    if said == "sent" {
        if output.stderr.contains("what to do: ") {
            faults.push("sent, and something is to be done".into());
        }
        return faults;
    }
    let detail = delivery["detail"].as_str().unwrap_or_default();
    if detail.is_empty() || !detail.lines().all(|line| output.stderr.contains(line)) {
        faults.push(format!("not on stderr: {detail:?}"));
    }
    let has_hint = delivery["hint"].as_str().is_some_and(|hint| !hint.is_empty());
    if !has_hint || !output.stderr.contains("what to do: ") {
        faults.push("it is not said what to do".into());
    }
    let last = delivery["stages"].as_array().and_then(|stages| stages.last());
    if last.is_none_or(|stage| stage["ok"] != false) {
        faults.push("no stage has failed".into());
    }
    if right == "queued" && !output.stderr.contains("outbox") {
        faults.push("it is not said that it waits".into());
    }
    faults
}

/// No AUTH outside TLS where the task asks for TLS.
fn signed_in_in_clear(case: &Case, place: &Place) -> Option<String> {
    let sessions = place.server.snapshot();
    let in_clear = sessions.iter().any(|session| {
        session.sign_ins.iter().any(|sign_in| !sign_in.tls)
            || session.commands.iter().any(|command| !command.tls && command.line.starts_with("AUTH"))
            || session.envelopes.iter().any(|envelope| !envelope.tls)
    });
    (mode_of(cases::tls_mode(case.mode)) != Mode::None && in_clear)
        .then(|| "a sign-in or mail in clear".into())
}

/// Plays a case that leaves a message waiting, mends the server, and checks that the next `notify`
/// sends it: under the same name, and so that nothing waits any more.
///
/// A silent one (a success of which nobody wants to hear) does it like any other.
pub(super) fn mend_and_send(grounds: &Grounds, case: &Case, silent: bool) {
    let place = grounds.place(case);
    let first = place.notify("1", Duration::from_secs(2));
    let (waiting, faults) = outbox::look(&place.world);
    assert!(waiting.len() == 1 && faults.is_empty(), "{case:?}: {faults:?}\n{first}");
    let id = outbox::message_id(&waiting[0].message);
    assert!(waiting[0].entry.contains(id.trim_matches(['<', '>'])), "{case:?}: {}", waiting[0].entry);
    let (before, sessions) = (place.server.taken().len(), place.server.snapshot().len());
    place.server.mend();
    let second = place.notify(if silent { "0" } else { "1" }, Duration::from_secs(20));
    second.assert_code(0);
    let decision = if silent { "silent" } else { "notify" };
    assert_eq!(second.json()["decision"], decision, "{case:?}\n{second}");
    let (waiting, faults) = outbox::look(&place.world);
    assert!(waiting.is_empty() && faults.is_empty(), "{case:?}: {faults:?}\n{second}");
    let ids: Vec<_> = place.server.taken()[before..].iter().map(id_of).collect();
    // its own first, then what waited
    assert_eq!(ids.len(), if silent { 1 } else { 2 }, "{case:?}: {ids:?}\n{second}");
    assert_eq!(ids.last(), Some(&id), "{case:?}\n{second}");
    for session in &place.server.snapshot()[sessions..] {
        assert!(session.violations.is_empty(), "{session}");
    }
}
