//! The server takes mail as it should, and notices what clients should not do.

use crate::support::certs::Ca;
use crate::support::smtp_server::{Action, Builder, End, Handshake, Mode, SmtpServer, Stage};

use super::client::Client;
use super::failure;

const ENVELOPE: &str = "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n";

#[test]
fn a_correct_session_is_clean_and_remembered() {
    let server = SmtpServer::builder().start();
    let mut client = Client::greet(&server);
    client.say("MAIL FROM:<a@b.test> SIZE=40\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@f.test>\r\nDATA\r\n");
    for code in ["250", "250", "250", "354"] {
        client.expect(code);
    }
    client.say("Subject: x\r\n\r\n..dot\r\n...\r\n.\r\nQUIT\r\n");
    client.expect("250");
    client.expect("221");
    drop(client);
    let session = server.session();
    assert_eq!(session.verbs(), "EHLO MAIL RCPT RCPT DATA QUIT");
    assert_eq!(session.flights, 3, "{session}");
    assert_eq!(session.end, Some(End::Client));
    assert!(session.quit && !session.left_before_goodbye, "{session}");
    let message = server.message();
    assert_eq!(message.text(), "Subject: x\r\n\r\n.dot\r\n..\r\n");
    assert_eq!(message.from, "a@b.test");
    assert_eq!(message.parameter("size"), Some("40"));
    assert_eq!(message.accepted_recipients(), ["c@d.test", "e@f.test"]);
    assert_eq!(server.finish().len(), 1);
}

#[test]
fn starttls_and_implicit_tls_carry_a_session() {
    let identity = Ca::new().issue(&["localhost"]);
    let secure = |mode| SmtpServer::builder().tls(mode).identity(identity.identity()).start();
    let server = secure(Mode::Starttls);
    let mut client = Client::greet(&server);
    client.ask("STARTTLS\r\n", "220");
    client.begin_tls();
    let reply = client.ask("EHLO client.test\r\n", "250");
    assert!(!reply.contains("STARTTLS"), "{reply}");
    client.ask("MAIL FROM:<>\r\n", "250");
    client.quit();
    let session = server.session();
    assert_eq!(session.handshake, Handshake::Done);
    let tls: Vec<_> = session.commands.iter().map(|command| command.tls).collect();
    assert_eq!(tls, [false, false, true, true, true]);
    assert_eq!(session.flights, 5, "{session}");
    server.assert_clean();

    let server = secure(Mode::Implicit);
    let mut client = Client::connect(&server);
    client.begin_tls();
    client.expect("220");
    client.quit();
    assert_eq!(server.session().flights, 1);
    server.assert_clean();
}

#[test]
fn chunks_are_put_together() {
    let server = SmtpServer::builder().with("CHUNKING").start();
    let mut client = Client::greet(&server);
    client.say(
        "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n\
         BDAT 5\r\na: b\rBDAT 8 LAST\r\n\n\r\n.\r\n\r\nQUIT\r\n",
    );
    for code in ["250", "250", "250", "250", "221"] {
        client.expect(code);
    }
    drop(client);
    let message = server.message();
    assert_eq!(message.text(), "a: b\r\n\r\n.\r\n\r\n");
    assert!(message.chunked);
    server.assert_clean();
}

#[test]
fn refusals_come_where_they_were_asked_for() {
    let server = SmtpServer::builder()
        .refuse("no@d.test", "550 5.1.1 nobody here")
        .most_recipients(2)
        .size(20)
        .start();
    let mut client = Client::greet(&server);
    client.ask("MAIL FROM:<a@b.test> SIZE=21\r\n", "552");
    client.say("MAIL FROM:<a@b.test>\r\nRCPT TO:<no@d.test>\r\nDATA\r\n");
    for code in ["250", "550", "554"] {
        client.expect(code);
    }
    client.ask("RSET\r\n", "250");
    client.say("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<no@d.test>\r\n");
    client.say("RCPT TO:<e@d.test>\r\nDATA\r\n");
    for code in ["250", "250", "550", "452", "354"] {
        client.expect(code);
    }
    client.ask("a: a message that is too long\r\n.\r\n", "552");
    client.quit();
    let session = server.session();
    let envelope = session.envelopes.last().unwrap();
    assert_eq!(envelope.accepted_recipients(), ["c@d.test"]);
    assert!(!envelope.accepted);
    assert!(server.messages().is_empty());
    // what was sent along with a refused command is no fault
    server.assert_clean();
}

#[test]
fn leaving_without_waiting_for_the_goodbye_is_seen() {
    let server = SmtpServer::builder().fault(Stage::Quit, Action::Stall).start();
    let mut client = Client::greet(&server);
    client.say("QUIT\r\n");
    drop(client);
    assert!(server.session().left_before_goodbye);
}

/// Says hello, then this, and returns what the server thinks of it.
fn violations(builder: Builder, conversation: &[&[u8]]) -> String {
    let server = builder.start();
    let mut client = Client::greet(&server);
    for bytes in conversation {
        client.say(bytes);
        // whatever the reply is
        client.reply().unwrap();
    }
    drop(client);
    server.violations().join("; ")
}

#[test]
fn mistakes_of_clients_are_noticed() {
    let long = format!("NOOP {}\r\n", "x".repeat(600));
    let table: &[(&str, &[&[u8]])] = &[
        ("ends with LF alone", &[b"NOOP\n"]),
        ("bare CR in a command", &[b"NOOP a\rb\r\n"]),
        ("NUL in a command", &[b"NOOP \0\r\n"]),
        ("is not UTF-8", &[b"NOOP \xff\r\n"]),
        ("more than 512 bytes", &[long.as_bytes()]),
        ("ends with a blank", &[b"RSET \r\n"]),
        ("not a command", &[b"HALO x\r\n"]),
        ("not a name to greet with", &[b"EHLO bad_name\r\n"]),
        ("not a name to greet with", &[b"EHLO [::1]\r\n"]),
        ("follows EHLO", &[b"EHLO a.test\r\nRSET\r\n"]),
        ("follows QUIT", &[b"QUIT\r\nNOOP\r\n"]),
        ("STARTTLS was not offered", &[b"STARTTLS\r\n"]),
        ("AUTH was not offered", &[b"AUTH PLAIN AHgAeQ==\r\n"]),
        ("RCPT without MAIL", &[b"RCPT TO:<c@d.test>\r\n"]),
        ("DATA without an accepted", &[b"MAIL FROM:<>\r\n", b"DATA\r\n"]),
        ("MAIL within a mail", &[b"MAIL FROM:<>\r\n", b"MAIL FROM:<>\r\n"]),
        ("not FROM:<address>", &[b"MAIL FROM: <a@b.test>\r\n"]),
        ("not FROM:<address>", &[b"MAIL FROM:a@b.test\r\n"]),
        ("not an address", &[b"MAIL FROM:<a b@c.test>\r\n"]),
        ("not an address", &[b"MAIL FROM:<a>\r\n"]),
        ("without SMTPUTF8", &["MAIL FROM:<ä@b.test>\r\n".as_bytes()]),
        ("SMTPUTF8 was not offered", &[b"MAIL FROM:<> SMTPUTF8\r\n"]),
        ("RET=HDRS was not offered", &[b"MAIL FROM:<> RET=HDRS\r\n"]),
        ("BDAT was not offered", &[b"BDAT 1 LAST\r\n"]),
        ("left in the middle", &[b"RSET\r\nNO"]),
    ];
    for (expected, conversation) in table {
        let found = violations(SmtpServer::builder(), conversation);
        assert!(found.contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn mistakes_in_messages_are_noticed() {
    let long = "x".repeat(999);
    let table: &[(&str, &str, &[u8])] = &[
        ("a bare LF in the message", "", b"a: b\n\r\n.\r\n"),
        ("a bare CR in the message", "", b"a: b\rc\r\n\r\n.\r\n"),
        ("a NUL in the message", "", b"a: b\0\r\n.\r\n"),
        ("more than 998 bytes", "", &[long.as_bytes(), b"\r\n.\r\n"].concat()),
        ("without BODY=8BITMIME", "", "\r\nä\r\n.\r\n".as_bytes()),
        ("in a header", " BODY=8BITMIME", "a: ä\r\n\r\n.\r\n".as_bytes()),
        ("SIZE=3", " SIZE=3", b"a: b\r\n\r\n.\r\n"),
        // smuggled: the first dot ends nothing
        ("a bare LF in the message", "", b"a\n.\r\nMAIL FROM:<>\r\n.\r\n"),
        ("a bare LF in the message", "", b"a\r\n.\nMAIL FROM:<>\r\n.\r\n"),
        ("follows DATA", "", b""),
    ];
    for (expected, parameters, message) in table {
        let server = SmtpServer::builder().start();
        let mut client = Client::greet(&server);
        let envelope = ENVELOPE.replacen(">\r\n", &format!(">{parameters}\r\n"), 1);
        if message.is_empty() {
            client.say(envelope + "a: b\r\n.\r\n");
        } else {
            client.say(envelope);
        }
        for code in ["250", "250", "354"] {
            client.expect(code);
        }
        client.say(message);
        client.expect("250");
        client.quit();
        assert_eq!(server.messages().len(), 1);
        let found = server.violations().join("; ");
        assert!(found.contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_message_as_it_should_be_has_no_faults() {
    let server = SmtpServer::builder().smtputf8(true).start();
    let mut client = Client::greet(&server);
    client.say(ENVELOPE.replacen(">\r\n", "> BODY=8BITMIME SMTPUTF8\r\n", 1));
    for code in ["250", "250", "354"] {
        client.expect(code);
    }
    client.ask(format!("a: ä\r\n\r\n{}\r\n.\r\n", "x".repeat(998)), "250");
    client.quit();
    server.assert_clean();
}

#[test]
fn groups_without_pipelining_are_noticed() {
    let builder = || SmtpServer::builder().without("PIPELINING");
    let found = violations(builder(), &[ENVELOPE.as_bytes()]);
    assert!(found.contains("MAIL without PIPELINING"), "{found}");
    let found = violations(
        builder(),
        &[b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n", b"a: b\r\n.\r\nQUIT\r\n"],
    );
    assert!(found.contains("the final dot without PIPELINING"), "{found}");
}

#[test]
fn a_client_that_speaks_out_of_turn_is_noticed_with_patience() {
    let server = SmtpServer::builder().patience(std::time::Duration::from_secs(2)).start();
    let mut client = Client::connect(&server);
    client.expect("220");
    client.say("EHLO a.test\r\n");
    // a second write, which a server in a hurry would not see in time
    client.say("RSET\r\n");
    client.expect("250");
    client.expect("250");
    drop(client);
    let found = server.violations().join("; ");
    assert!(found.contains("something follows EHLO"), "{found}");
}

#[test]
fn a_failed_assertion_shows_the_transcript() {
    let server = SmtpServer::builder().start();
    let mut client = Client::greet(&server);
    client.ask("HALO\r\n", "500");
    client.quit();
    let message = failure(|| server.assert_clean());
    assert!(message.contains("C: HALO"), "{message}");
    assert!(message.contains("S: 500"), "{message}");
    assert!(message.contains("! not a command"), "{message}");
}

#[test]
fn a_client_hello_in_clear_is_told_apart() {
    let server = SmtpServer::builder().plain_text_on_tls_port().start();
    let mut client = Client::connect(&server);
    client.say(b"\x16\x03\x01\x02\x00\x01");
    client.expect("220");
    drop(client);
    let session = server.session();
    assert!(session.client_hello_in_clear);
    server.assert_clean();
}
