//! The same server with and without CHUNKING: what is told is the same to the letter, but for times.

use serde_json::{Value, json};

use super::recipients;
use crate::log_attached::noise;
use crate::site::Site;
use crate::support::certs::Issued;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Builder, End, Envelope, Mode, SmtpServer, Stage};

/// What is told of one message, without what differs from run to run.
#[derive(Debug, PartialEq)]
struct Told {
    code: Option<i32>,
    result: Value,
    talk: String,
    /// Who got it.
    got: Vec<Vec<String>>,
}

impl Told {
    fn of(output: &Output, server: &SmtpServer) -> Self {
        let port = server.port().to_string();
        let mut result: Value = serde_json::from_str(&output.stdout.replace(&port, "PORT")).unwrap();
        result["message_id"] = json!(null);
        let delivery = &mut result["deliveries"][0];
        delivery["message_id"] = json!(null);
        for stage in delivery["stages"].as_array_mut().unwrap() {
            stage["ms"] = json!(0);
        }
        let all =
            |envelope: &Envelope| envelope.accepted_recipients().iter().map(ToString::to_string).collect();
        let got = server.messages().iter().map(all).collect();
        Self { code: output.code(), result, talk: output.stderr.replace(&port, "PORT"), got }
    }
}

/// What a server is like, beside its offers.
type Change = Box<dyn Fn(Builder) -> Builder>;

/// What is to be told, and to whom.
#[derive(Clone, Copy)]
enum Notice<'a> {
    Short(&'a [String]),
    /// With a log that makes it too long to go along with the commands.
    Long(&'a [String]),
}

fn tell(site: &Site, issued: &Issued, notice: Notice<'_>, change: &Change, chunking: bool) -> Told {
    let builder = SmtpServer::builder().tls(Mode::Implicit).identity(issued.identity());
    let builder = change(builder.user("jon", site.world.secret()));
    let server = if chunking { builder.with("CHUNKING") } else { builder }.start();
    let mut task = site.task(&server, "implicit");
    task["email"]["attach_log"] = json!("always");
    let log = site.world.write("run.log", noise(200_000));
    // each fault once: what may pass is not tried again
    let (to, command) = match notice {
        Notice::Short(to) => (to, &["test-email", "--json"][..]),
        Notice::Long(to) => {
            (to, &["notify", "--exit-code", "1", "--json", "--log", log.to_str().unwrap()][..])
        }
    };
    task["email"]["to"] = json!(to);
    let path = site.world.task(&task);
    let output = site.world.command(command).task(&path).run();
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 1, "{output}");
    let verb = if chunking { "BDAT" } else { "DATA" };
    let short = matches!(notice, Notice::Short(_));
    let envelope = sessions[0].envelopes.first();
    // what is too large is not begun, what is long has to be wanted, and who hangs up has not heard it all
    let due = envelope.is_some_and(|e| short || !e.accepted_recipients().is_empty());
    let heard = due && sessions[0].end != Some(End::Server);
    assert!(!heard || sessions[0].verbs().contains(verb), "{}", sessions[0]);
    Told::of(&output, &server)
}

fn is_the_same(count: usize, changes: impl IntoIterator<Item = (&'static str, Change)>) {
    let site = Site::new();
    let issued = site.ca.issue(&["localhost", "127.0.0.1"]);
    for (name, change) in changes {
        let to = recipients(count);
        let with = tell(&site, &issued, Notice::Short(&to), &change, true);
        let without = tell(&site, &issued, Notice::Short(&to), &change, false);
        assert_eq!(with, without, "{name}, {count} recipients");
    }
}

fn says(stage: Stage, reply: &'static str) -> Change {
    Box::new(move |builder| builder.fault(stage, Action::reply(reply)))
}

fn goes(stage: Stage, reply: &'static str) -> Change {
    Box::new(move |builder| builder.fault(stage, Action::reply_and_close(reply)))
}

#[test]
fn what_is_accepted() {
    for count in [1, 100, 1000] {
        is_the_same(count, [("accepted", Box::new(|builder| builder) as Change)]);
    }
    is_the_same(1, [("in words of its own", says(Stage::FinalDot, "250-taken\r\n250 as number 17"))]);
}

#[test]
fn a_sender_who_is_refused() {
    for count in [1, 3] {
        is_the_same(
            count,
            [
                ("for good", says(Stage::Mail, "550 5.7.1 not you")),
                ("for now", says(Stage::Mail, "451 4.3.0 no space")),
                ("and left", goes(Stage::Mail, "421 4.3.2 closing down")),
                ("for good, and left", goes(Stage::Mail, "554 5.7.1 go away")),
                ("for the size", Box::new(|builder: Builder| builder.size(100)) as Change),
                ("for a size it did not tell", says(Stage::Mail, "552 5.3.4 too big")),
            ],
        );
    }
}

#[test]
fn recipients_who_are_refused() {
    fn refuse(refused: &'static [(usize, &'static str)]) -> Change {
        Box::new(move |builder| {
            let refuse = |builder: Builder, (number, reply): &(usize, &str)| {
                builder.refuse(&format!("person-{number}@example.test"), reply)
            };
            refused.iter().fold(builder, refuse)
        })
    }
    is_the_same(
        3,
        [
            ("the first", refuse(&[(1, "550 5.1.1 nobody")])),
            ("the last", refuse(&[(3, "550 5.1.1 nobody")])),
            ("one for now", refuse(&[(2, "450 4.2.0 later")])),
            ("two in two ways", refuse(&[(1, "450 4.2.0 later"), (2, "550 5.1.1 nobody")])),
            ("all for now", refuse(&[(1, "450 4.2.0 a"), (2, "451 4.2.0 b"), (3, "452 4.2.0 c")])),
            ("all for good", refuse(&[(1, "550 5.1.1 a"), (2, "551 5.1.1 b"), (3, "553 5.1.1 c")])),
            ("all in two ways", refuse(&[(1, "450 4.2.0 a"), (2, "550 5.1.1 b"), (3, "450 4.2.0 c")])),
            ("by words for others", says(Stage::Rcpt(2), "503 5.5.1 not in this order")),
            ("the second, and left", goes(Stage::Rcpt(2), "421 4.3.2 closing down")),
        ],
    );
    is_the_same(1, [("the only one", refuse(&[(1, "550 5.1.1 nobody")]))]);
    is_the_same(
        1000,
        [
            ("all but some", Box::new(|builder: Builder| builder.most_recipients(10)) as Change),
            ("some", refuse(&[(1, "550 5.1.1 a"), (500, "550 5.1.1 b"), (1000, "550 5.1.1 c")])),
        ],
    );
}

#[test]
fn a_message_that_is_refused() {
    for count in [1, 3] {
        is_the_same(
            count,
            [
                ("for good", says(Stage::FinalDot, "554 5.6.0 spam")),
                ("for now", says(Stage::FinalDot, "451 4.3.0 the filter is away")),
                ("for the size", says(Stage::FinalDot, "552 5.3.4 too big")),
                ("without a code of its own", says(Stage::FinalDot, "554")),
                ("and left", goes(Stage::FinalDot, "421 4.3.2 closing down")),
                ("by a goodbye", goes(Stage::FinalDot, "221 2.0.0 goodbye")),
                ("by words for a password", says(Stage::FinalDot, "235 2.7.0 welcome")),
                ("by words for DATA", says(Stage::FinalDot, "354 go on")),
                ("by no code", says(Stage::FinalDot, "hello")),
                ("by silence", Box::new(|b: Builder| b.fault(Stage::FinalDot, Action::Close)) as Change),
            ],
        );
    }
}

#[test]
fn a_message_that_is_too_long_to_go_along() {
    let site = Site::new();
    let issued = site.ca.issue(&["localhost", "127.0.0.1"]);
    let to = recipients(2);
    let refuse_all = |builder: Builder| {
        recipients(2).iter().fold(builder, |builder, to| builder.refuse(to, "550 5.1.1 nobody"))
    };
    for (name, change) in [
        ("accepted", Box::new(|builder| builder) as Change),
        ("the sender is refused", says(Stage::Mail, "550 5.7.1 not you")),
        ("a recipient is refused", says(Stage::Rcpt(1), "550 5.1.1 nobody")),
        ("all are refused", Box::new(refuse_all)),
        ("refused in the end", says(Stage::FinalDot, "554 5.6.0 spam")),
        ("refused in the middle, and left", goes(Stage::Body, "554 5.6.0 no more of this")),
        ("too large with its log", says(Stage::FinalDot, "552 5.3.4 too big")),
        ("too large, as is known", Box::new(|b: Builder| b.size(100_000)) as Change),
    ] {
        let with = tell(&site, &issued, Notice::Long(&to), &change, true);
        let without = tell(&site, &issued, Notice::Long(&to), &change, false);
        assert_eq!(with, without, "{name}");
    }
}
