//! What goes by BDAT is what goes by DATA, octet for octet, whatever its length, its ends of line and its script.

use serde_json::json;

use crate::site::Site;
use crate::support::outbox::Outbox;
use crate::support::smtp_server::{Envelope, Mode, SessionRecord, SmtpServer};

const ID: &str = "20261122T215559.001-00000001";
/// What a message has to be smaller than to go along with the commands.
const ALONG: usize = 64 * 1024;

/// Has a message wait and go; returns what the server got, and the session.
fn sent(body: &str, recipient: &str, chunking: bool) -> (Envelope, SessionRecord) {
    let site = Site::new();
    let builder = site.server(Mode::Implicit).smtputf8(true);
    let server: SmtpServer = if chunking { builder.with("CHUNKING") } else { builder }.start();
    let mut task = site.task(&server, "implicit");
    task["email"]["to"] = json!(recipient);
    site.world.task(&task);
    let head = format!(
        "Message-ID: <{ID}@example.test>\r\nFrom: jon@example.test\r\nTo: {recipient}\r\nSubject: It failed\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    );
    let put = |entry: &mut serde_json::Value| entry["recipients"] = json!([recipient]);
    Outbox::at(&site.world, "waiting").put(ID, &(head + body), put);
    let output = site.world.run(&["outbox", "send", "--outbox", "waiting"]);
    output.assert_code(0);
    let message = server.message();
    assert_eq!(message.chunked, chunking);
    (message, server.session())
}

/// Sends it both ways; returns the session with CHUNKING and how long the message was.
fn is_the_same(body: &str, recipient: &str) -> (SessionRecord, usize) {
    let (with, session) = sent(body, recipient, true);
    let (without, _) = sent(body, recipient, false);
    let (with, without) = (with.message.unwrap(), without.message.unwrap());
    assert!(with == without, "{}\n---\n{}", with.escape_ascii(), without.escape_ascii());
    let line = session.commands.iter().find(|command| command.line.starts_with("BDAT")).unwrap();
    assert_eq!(line.line, format!("BDAT {} LAST", with.len()));
    (session, with.len())
}

/// A body of so many octets.
fn body(length: usize) -> String {
    let line = format!("{}\r\n", "x".repeat(70));
    let mut body = line.repeat(length / line.len());
    let rest = length - body.len();
    if rest < 2 {
        body.truncate(body.len() - 2);
        body += &"y".repeat(rest);
        body += "\r\n";
    } else {
        body += &"y".repeat(rest - 2);
        body += "\r\n";
    }
    body
}

#[test]
fn up_to_64_kib_it_goes_along_and_from_there_on_it_follows() {
    let (_, length) = is_the_same(&body(1000), "ops@example.test");
    let around = length - 1000;
    for (length, along) in [(ALONG - 1, true), (ALONG, false), (ALONG + 1, false), (3 * ALONG + 17, false)] {
        let (session, sent) = is_the_same(&body(length - around), "ops@example.test");
        assert_eq!(sent, length);
        let commands = session.commands.iter().filter(|c| ["RCPT", "BDAT"].contains(&&c.line[..4]));
        let flights: Vec<usize> = commands.map(|command| command.flight).collect();
        assert_eq!(flights[0] == flights[1], along, "{length}: {session}");
        assert!(session.violations.is_empty(), "{session}");
    }
}

#[test]
fn dots_ends_of_line_and_a_last_line_without_one_arrive_as_by_data() {
    for body in [
        ".\r\n..\r\n.a\r\n",
        "a last line without an end",
        "a\r\n.",
        "bare\nline\nfeeds\n.\nRSET\n",
        "bare\rreturns\r.\r",
        "\r\n\r\n\r\n",
        "mixed\r\nends\n\r\r\n.\n.\r\n",
    ] {
        let (session, _) = is_the_same(body, "ops@example.test");
        assert_eq!(session.verbs(), "EHLO AUTH MAIL RCPT BDAT QUIT");
        is_the_same(&(body.to_owned() + &super::sizes::body(ALONG) + body), "ops@example.test");
    }
}

#[test]
fn eight_bits_and_addresses_in_other_scripts_arrive_as_by_data() {
    for recipient in ["ops@example.test", "jürgen@example.test"] {
        for length in [100, ALONG] {
            let (session, _) =
                is_the_same(&format!("Grüße\r\n{}Ünïcode \u{1F4BE}\r\n", body(length)), recipient);
            assert!(session.violations.is_empty(), "{session}");
            let mail = &session.envelopes[0].parameters;
            assert!(mail.contains(&"BODY=8BITMIME".to_owned()), "{mail:?}");
            assert_eq!(mail.contains(&"SMTPUTF8".to_owned()), !recipient.is_ascii());
        }
    }
}
