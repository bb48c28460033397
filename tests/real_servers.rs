//! The real mail servers do what the tests of the program rely on, as seen by another client.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::support::exim::Exim;
use crate::support::postfix::Postfix;
use crate::support::private_server::{Limits, PrivateServer};
use crate::support::read_mail::{headers, read_mail};

const MESSAGE: &str = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: jon@example.test\r\n\r\nHello.\r\n";

/// One sending by Python's smtplib; what is not set is as it should be.
struct Sending<'a> {
    mode: &'a str,
    mechanism: &'a str,
    password: Option<&'a str>,
    recipient: &'a str,
    options: &'a [&'a str],
    message: &'a str,
}

const PLAIN_SENDING: Sending = Sending {
    mode: "implicit",
    mechanism: "PLAIN",
    password: None,
    recipient: "ops@example.test",
    options: &[],
    message: MESSAGE,
};

impl Sending<'_> {
    fn by(&self, server: &PrivateServer) -> String {
        let port = match self.mode {
            "implicit" => server.smtps_port(),
            _ => server.submission_port(),
        };
        let mut sender = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/send_mail.py"))
            .args([self.mode, &port.to_string()])
            .arg(server.ca_file())
            .args([self.mechanism, server.user()])
            .args(["jon@example.test", self.recipient])
            .args(self.options)
            .env("PASSWORD", self.password.unwrap_or(server.password()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        sender
            .stdin
            .take()
            .expect("stdin is piped")
            .write_all(self.message.as_bytes())
            .expect("send_mail.py takes the message");
        let output = sender.wait_with_output().expect("send_mail.py ends");
        assert!(output.status.success(), "{}", server.log());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

#[test]
fn postfix_keeps_its_promises() {
    serves(&Postfix::start());
}

#[test]
fn exim_keeps_its_promises() {
    serves(&Exim::start());
}

fn serves(server: &PrivateServer) {
    let mut sent = 0;
    for mode in ["starttls", "implicit"] {
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
            let sending = Sending { mode, mechanism, ..PLAIN_SENDING };
            assert_eq!(sending.by(server), "OK", "{mode} {mechanism}");
            sent += 1;
            let wrong = Sending { password: Some("wrong"), ..sending };
            assert!(wrong.by(server).starts_with("535 "), "{mode} {mechanism}");
        }
    }
    let mails = server.wait_for_mail("ops", sent);
    assert_eq!(mails.len(), sent);
    for mail in mails {
        let mail = read_mail(&mail);
        assert_eq!(headers(&mail, "subject"), ["Grüße"]);
        assert_eq!(mail["parts"][0]["text"], "Hello.\n");
        assert_eq!(mail["defects"].as_array().expect("an array").len(), 0);
    }

    let refusals = [
        ("before STARTTLS", "530 ", Sending { mode: "plain", mechanism: "none", ..PLAIN_SENDING }),
        ("without signing in", "5", Sending { mechanism: "none", ..PLAIN_SENDING }),
        (
            "to an unknown mailbox",
            "550 5.1.1 ",
            Sending { recipient: "nobody@example.test", ..PLAIN_SENDING },
        ),
        ("to another domain", "55", Sending { recipient: "jon@example.org", ..PLAIN_SENDING }),
    ];
    for (what, code, sending) in refusals {
        let reply = sending.by(server);
        assert!(reply.starts_with(code), "{what}: {reply}");
    }
}

#[test]
fn postfix_can_be_limited() {
    limits(|limits| Box::new(Postfix::start_with(limits)));
}

#[test]
fn exim_can_be_limited() {
    limits(|limits| Box::new(Exim::start_with(limits)));
}

fn limits(start: impl Fn(Limits) -> Box<dyn std::ops::Deref<Target = PrivateServer>>) {
    let server = start(Limits { message_size: 200_000, ..Limits::default() });
    let large =
        Sending { message: &format!("{MESSAGE}{}", "0123456789\r\n".repeat(20_000)), ..PLAIN_SENDING };
    let reply = large.by(&server);
    assert!(reply.starts_with("552 "), "{reply}\n{}", server.log());
    let utf8 =
        Sending { options: &["SMTPUTF8"], message: "Subject: Grüße\r\n\r\nHello.\r\n", ..PLAIN_SENDING };
    assert_eq!(utf8.by(&server), "OK");
    let mail = read_mail(&server.wait_for_mail("ops", 1)[0]);
    assert_eq!(headers(&mail, "Subject"), ["Grüße"]);
    drop(server);

    let server = start(Limits { smtputf8: false, ..Limits::default() });
    assert_ne!(utf8.by(&server), "OK");
    assert_eq!(PLAIN_SENDING.by(&server), "OK");
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    fn gone(server: impl std::ops::Deref<Target = PrivateServer>) {
        let (port, ca) = (server.submission_port(), server.ca_file());
        assert!(ca.exists());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!ca.parent().expect("it is in a folder").exists());
    }
    gone(Postfix::start());
    gone(Exim::start());
}
