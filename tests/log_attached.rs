//! The log that goes with a message: how much of it, in which form, and what happens when the server does
//! not want it.

use std::io::Read;

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Builder, Envelope, Mode, SessionRecord, SmtpServer, Stage};

/// Text that no program makes much smaller.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'!' + u8::try_from(state % 90).unwrap()
    };
    let mut bytes: Vec<u8> = (0..length).map(&mut next).collect();
    bytes.iter_mut().skip(79).step_by(80).for_each(|byte| *byte = b'\n');
    bytes
}

/// What came of one notice.
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) html: String,
    /// The name of the attached file, and what is in it.
    pub(crate) file: Option<(String, String)>,
}

pub(crate) fn read(envelope: &Envelope) -> Sent {
    let bytes = envelope.message.as_deref().unwrap();
    assert!(bytes.is_ascii() && bytes.split(|b| *b == b'\n').all(|line| line.len() <= 999));
    let message = MessageParser::default().parse(bytes).unwrap();
    let file = message.attachment(0).map(|file| {
        let name = file.attachment_name().unwrap().to_owned();
        let mut text = String::new();
        if file.contents().starts_with(b"\x1f\x8b") {
            flate2::read::GzDecoder::new(file.contents()).read_to_string(&mut text).unwrap();
        } else {
            file.text_contents().unwrap().clone_into(&mut text);
        }
        (name, text.replace("\r\n", "\n"))
    });
    let text = message.body_text(0).unwrap().replace("\r\n", "\n");
    Sent { text, html: message.body_html(0).unwrap().into_owned(), file }
}

/// A task that attaches the log.
pub(crate) fn task(site: &Site, server: &SmtpServer) -> Value {
    let mut task = site.task(server, "implicit");
    task["email"]["attach_log"] = json!("always");
    task
}

/// Notifies of a failed backup with this log.
pub(crate) fn notify(site: &Site, task: &Value, log: &str) -> Output {
    let path = site.world.task(task);
    site.world.command(&["notify", "--exit-code", "1", "--json", "--log", log]).task(&path).run()
}

/// Sends one with this log through a server of the usual kind.
pub(crate) fn sent(bytes: &[u8], name: &str) -> Sent {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let log = site.world.write(name, bytes);
    notify(&site, &task(&site, &server), log.to_str().unwrap()).assert_success();
    read(&server.message())
}

#[test]
fn a_short_log_is_text_and_a_longer_one_is_compressed() {
    let sent_short = sent(b"one\ntwo\n", "run.log");
    assert_eq!(sent_short.file.unwrap(), ("run.log".to_owned(), "one\ntwo\n".to_owned()));
    let long = "0123456789 some line of a log\n".repeat(100_000);
    let sent_long = sent(long.as_bytes(), "run.log");
    assert_eq!(sent_long.file.unwrap(), ("run.log.gz".to_owned(), long));
    assert!(!sent_long.text.contains("attached"), "{}", sent_long.text);
}

#[test]
fn of_a_log_over_five_mebibytes_both_ends_are_attached() {
    let line = |i| format!("line {i} of a log that is long\n");
    let log = (0..300_000).map(line).collect::<Vec<String>>().concat();
    let sent = sent(log.as_bytes(), "run.log");
    let (_, file) = sent.file.unwrap();
    let (head, rest) = file.split_once("[… ").unwrap();
    let (left_out, tail) = rest.split_once(" bytes are left out here]\n").unwrap();
    assert!(log.starts_with(head) && head.ends_with('\n') && head.len() > 1_000_000);
    assert!(log.ends_with(tail) && tail.starts_with("line ") && tail.len() > 4_000_000);
    assert_eq!(head.len() + tail.len() + left_out.parse::<usize>().unwrap(), log.len());
    assert!(sent.text.contains("its first 1.0 MB and its last 4.2 MB are attached"), "{}", sent.text);
}

#[test]
fn what_is_no_text_stays_where_it_is_and_that_is_said() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, b"a log\n").unwrap();
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for (bytes, name) in [(gzip.finish().unwrap(), "run.log.gz"), (garbage, "run.log")] {
        let sent = sent(&bytes, name);
        assert!(sent.file.is_none());
        let said = format!("{name}\" is compressed or no text: it is neither quoted nor attached");
        assert_eq!(sent.text.matches(&said).count(), 1, "{}", sent.text);
    }
}

#[test]
fn the_size_of_a_server_is_kept_step_by_step_and_each_step_is_said() {
    let site = Site::new();
    let text = |length: usize| "0123456789 some line of a log\n".repeat(length / 30).into_bytes();
    for (log, size, name, said, detail) in [
        (text(200_000), 100_000, Some("run.log.gz"), "the log is attached compressed", " test: "),
        (
            noise(3_000_000),
            1_000_000,
            Some("run.log.gz"),
            "only the last 524 kB",
            " with the end of the log: ",
        ),
        (
            noise(3_000_000),
            200_000,
            Some("run.log.gz"),
            "only the last 65.5 kB",
            " with the end of the log: ",
        ),
        (noise(3_000_000), 50_000, None, "the log was left out", " without the log: "),
    ] {
        let server = site.server(Mode::Implicit).size(size).start();
        let log = site.world.write("run.log", log);
        let output = notify(&site, &task(&site, &server), log.to_str().unwrap());
        output.assert_success();
        let sent = read(&server.message());
        assert_eq!(sent.file.as_ref().map(|(name, _)| name.as_str()), name, "{size}");
        assert!(sent.text.contains(said), "{size}: {}", sent.text);
        let limit =
            format!("the server takes {},000 bytes at most", size / 1000).replace("1000,000", "1,000,000");
        assert!(sent.text.contains(&limit), "{}", sent.text);
        let told = output.json()["deliveries"][0]["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(detail.trim_start_matches(" test")), "{told}");
        assert_eq!(server.session().messages().count(), 1);
        server.assert_clean();
    }
}

/// Sends a log of 150 kB, which has to be left out, and returns the commands of each session.
fn without_the_log(site: &Site, server: &SmtpServer, reply: &str) -> Vec<String> {
    let log = site.world.write("run.log", noise(150_000));
    let output = notify(site, &task(site, server), log.to_str().unwrap());
    output.assert_success().assert_stderr_has("sending again without the log");
    let messages = server.messages();
    let accepted: Vec<&Envelope> = messages.iter().filter(|message| message.accepted).collect();
    assert_eq!(accepted.len(), 1);
    let sent = read(accepted[0]);
    assert!(sent.file.is_none());
    assert!(sent.text.contains(&format!("refused the message with it ({reply})")), "{}", sent.text);
    let result = output.json();
    let detail = result["deliveries"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("ops@example.test without the log: 250"), "{detail}");
    server.assert_clean();
    server.sessions().iter().map(SessionRecord::verbs).collect()
}

/// A server with a limit of which it says nothing.
fn silent_limit(site: &Site) -> Builder {
    site.server(Mode::Implicit).without("SIZE").size(100_000)
}

#[test]
fn a_refusal_for_the_size_costs_the_log_and_not_the_notice() {
    let site = Site::new();
    let reply = "552 5.3.4 message too big";
    let after_data = "EHLO AUTH MAIL RCPT DATA RSET MAIL RCPT DATA QUIT";
    assert_eq!(without_the_log(&site, &silent_limit(&site).start(), reply), [after_data]);
    let one_by_one = silent_limit(&site).without("PIPELINING").start();
    assert_eq!(without_the_log(&site, &one_by_one, reply), [after_data]);
    // the size is asked for, but not named before MAIL
    let at_mail = silent_limit(&site).with("SIZE 0").start();
    assert_eq!(
        without_the_log(&site, &at_mail, reply),
        [after_data],
        "the group of the first was one flight"
    );
    let at_mail = silent_limit(&site).with("SIZE 0").without("PIPELINING").start();
    assert_eq!(without_the_log(&site, &at_mail, reply), ["EHLO AUTH MAIL RSET MAIL RCPT DATA QUIT"]);
}

#[test]
fn a_server_that_hangs_up_with_its_refusal_is_called_again() {
    let site = Site::new();
    for (stage, reply) in [
        (Stage::Mail, "552 5.3.4 message size exceeds fixed limit"),
        (Stage::Mail, "552 too big"),
        (Stage::Data, "552 5.3.4 too big"),
        (Stage::FinalDot, "552 too big"),
        (Stage::FinalDot, "554 5.3.4 too big"),
        (Stage::FinalDot, "552 5.2.3 too big for this mailbox"),
    ] {
        let server = site.server(Mode::Implicit).fault_on(1, stage, Action::reply_and_close(reply)).start();
        let sessions = without_the_log(&site, &server, reply);
        assert_eq!((sessions.len(), sessions[1].as_str()), (2, "EHLO AUTH MAIL RCPT DATA QUIT"), "{reply}");
    }
}

#[test]
fn other_refusals_are_final() {
    let site = Site::new();
    let log = site.world.write("run.log", "one\ntwo\n");
    for (stage, reply) in [
        (Stage::Mail, "452 4.3.1 insufficient storage"),
        (Stage::FinalDot, "452 4.3.4 come back"),
        (Stage::FinalDot, "552 5.2.2 mailbox full"),
        (Stage::Rcpt(1), "552 quota exceeded"),
        (Stage::FinalDot, "554 5.7.1 no"),
    ] {
        let server = site.server(Mode::Implicit).fault(stage, Action::reply(reply)).start();
        let mut task = task(&site, &server);
        // too short for another try
        task["deadline"] = json!("1s");
        let output = notify(&site, &task, log.to_str().unwrap());
        assert_ne!(output.code(), Some(0), "{reply}");
        assert_eq!(server.sessions().len(), 1, "{reply}");
        assert_eq!(server.session().verbs().matches("MAIL").count(), 1, "{reply}");
    }
}

#[test]
fn a_log_costs_no_round_trip() {
    let site = Site::new();
    let log = site.world.write("run.log", "one\ntwo\n");
    let flights = |attach: &str| {
        let server = site.server(Mode::Implicit).start();
        let mut task = task(&site, &server);
        task["email"]["attach_log"] = json!(attach);
        notify(&site, &task, log.to_str().unwrap()).assert_success();
        server.assert_clean();
        let session = server.session();
        let last = session.commands.iter().rfind(|command| command.line.starts_with("DATA")).unwrap().flight;
        (last, session.verbs())
    };
    assert_eq!(flights("always"), flights("never"));
}
