//! Servers that answer more often than they were asked: a no that was meant for another command must not be told
//! as the server's word on a message that it took, and a yes not either.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::chunking;
use crate::site::Site;
use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::smtp_server::Quirk;

/// Sends one message to a server that answers the flight with this, and then waits for the client to go. At a NUL
/// it takes its time.
fn told(site: &Site, command: &[&str], to: &[&str], answers: &'static str) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut hear = |verb: &str| {
            let mut line = String::new();
            while !line.to_ascii_uppercase().starts_with(verb) {
                line.clear();
                assert!(lines.read_line(&mut line).unwrap() > 0, "no {verb}");
            }
            line
        };
        stream.write_all(b"220 mail.test\r\n").unwrap();
        hear("EHLO");
        stream.write_all(b"250-mail.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n").unwrap();
        let line = hear("BDAT");
        let count: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        lines.read_exact(&mut vec![0; count]).unwrap();
        for (part, answers) in answers.split('\0').enumerate() {
            if part > 0 {
                thread::sleep(Duration::from_millis(300));
            }
            stream.write_all(answers.as_bytes()).unwrap();
        }
        // what breaks off in the middle of a line
        if !answers.ends_with('\n') {
            return;
        }
        let _ = lines.read_to_string(&mut String::new());
    });
    let mut task = site.task_for(&json!({ "host": "127.0.0.1", "port": port, "auth": "none" }), "none");
    task["email"].as_object_mut().unwrap().remove("password");
    task["email"]["to"] = json!(to);
    task["email"]["attach_log"] = json!("always");
    task["deadline"] = json!("6s");
    let path = site.world.task(&task);
    let output = site.world.command(command).args(["--json"]).task(&path).run();
    server.join().unwrap();
    output
}

const ONE: [&str; 1] = ["a@example.test"];
const TWO: [&str; 2] = ["a@example.test", "b@example.test"];

#[test]
fn a_no_too_many_does_not_hide_that_the_message_was_taken() {
    for (to, answers) in [
        // taken for the answer to RCPT
        (&ONE[..], "250 2.1.0 ok\r\n550 5.5.0 what?\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n221 bye\r\n"),
        // taken for the answer to MAIL
        (&ONE, "550 5.5.0 what?\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n221 bye\r\n"),
        // for the answer to the first RCPT, and so that to the second for the one to the message
        (
            &TWO,
            "250 2.1.0 ok\r\n550 5.5.0 x\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n250 2.0.0 queued\r\n221 bye\r\n",
        ),
        (&ONE, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.5.0 x\r\n250 2.0.0 queued\r\n221 bye\r\n"),
    ] {
        let output = told(&Site::new(), &["notify", "--exit-code", "1"], to, answers);
        output.assert_code(76).assert_stderr_has("broke the protocol");
        for recipient in output.json()["deliveries"][0]["recipients"].as_array().unwrap() {
            assert_eq!(recipient["reply"], "", "{answers}: {output}");
        }
    }
}

#[test]
fn a_yes_too_many_does_not_hide_that_the_message_was_refused() {
    // QUIT has not been answered yet, or has; or nothing but the one too many is there at first
    for refusal in [
        "554 5.6.0 spam\r\n",
        "\x00554 5.6.0 spam\r\n221 2.0.0 bye\r\n",
        "451 4.3.0 later\r\n221 2.0.0 bye\r\n",
    ] {
        let answers = format!("250 2.1.0 ok\r\n250 2.0.0 more\r\n250 2.1.5 ok\r\n{refusal}");
        let output = told(&Site::new(), &["notify", "--exit-code", "1"], &ONE, answers.leak());
        output.assert_code(76).assert_stderr_has("broke the protocol");
    }
}

#[test]
fn what_breaks_off_after_a_yes_is_a_doubt() {
    let site = Site::new();
    let log = site.world.write("run.log", crate::log_attached::noise(100));
    // with its log, a message leaves the connection open for one without
    let command = ["notify", "-v", "--exit-code", "1", "--log", log.to_str().unwrap()];
    let output = told(&site, &command, &ONE, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n25");
    output.assert_code(75).assert_stderr_has("it may or may not have been delivered");
}

#[test]
fn who_has_nobody_to_send_to_and_no_bdat_does_not_hold_up_the_others() {
    let site = Site::new();
    let server = chunking(&site).quirk(Quirk::NoBdat).refuse("a@example.test", "550 5.1.1 nobody").start();
    site.world.task(&site.task(&server, "implicit"));
    let outbox = Outbox::at(&site.world, "waiting");
    for (number, to) in TWO.iter().enumerate() {
        let id = format!("20261122T215559.{number:03}-{number:08x}");
        let head = format!("From: jon@example.test\r\nTo: {to}\r\nSubject: Backup failed\r\n\r\n");
        let message = format!("Message-ID: <{id}@example.test>\r\n{head}It failed.\r\n");
        outbox.put(&id, &message, |entry| entry["recipients"] = json!([to]));
    }
    let output = site.world.run(&["outbox", "send", "-v", "--outbox", "waiting"]);
    output.assert_code(69).assert_stderr_has("550 5.1.1 nobody");
    let messages = server.taken();
    assert_eq!(messages.len(), 1, "{output}");
    assert_eq!(messages[0].accepted_recipients(), ["b@example.test"]);
}
