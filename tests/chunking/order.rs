//! Answers that are too early, too many or too few: only their order says whose they are, so that none of them
//! is believed then.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use super::chunking;
use crate::site::Site;
use crate::support::smtp_server::{Action, Stage};
use crate::waiting::Waiting;

#[test]
fn one_answer_too_many_leaves_nothing_to_believe() {
    for stage in [Stage::Mail, Stage::Rcpt(1), Stage::Rcpt(2), Stage::FinalDot] {
        let waiting = Waiting::new();
        let server = chunking(&waiting.site)
            .refuse("a@example.test", "550 5.1.1 nobody")
            .fault(stage, Action::then("250 2.0.0 ok\r\n"))
            .start();
        let mut task = waiting.task(&server);
        task["email"]["to"] = json!("a@example.test, b@example.test");
        let output = waiting.notify(&task);
        output.assert_code(76).assert_stderr_has("broke the protocol");
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(delivery["status"], "queued");
        for recipient in delivery["recipients"].as_array().unwrap() {
            // who of the two was meant by 550 is not known
            assert_eq!(
                (&recipient["accepted"], &recipient["reply"]),
                (&json!(false), &json!("")),
                "{stage:?}"
            );
        }
        let entry: Value = serde_json::from_str(
            &waiting.site.world.read(waiting.folder().join(format!("{}.json", waiting.ids()[0]))),
        )
        .unwrap();
        assert_eq!(entry["entry"]["recipients"], json!(["a@example.test", "b@example.test"]), "{stage:?}");
    }
}

#[test]
fn one_answer_too_many_is_seen_on_a_connection_that_stays_open() {
    let waiting = Waiting::new();
    for _ in 0..2 {
        waiting.keep(&waiting.task_without_server(), 75);
    }
    let server = chunking(&waiting.site).fault(Stage::Mail, Action::then("250 2.0.0 ok\r\n")).start();
    waiting.site.world.task(&waiting.task(&server));
    waiting.send().assert_code(76).assert_stderr_has("broke the protocol");
    assert_eq!(waiting.ids().len(), 2);
    assert_eq!(server.session().verbs(), "EHLO AUTH MAIL RCPT BDAT");
}

#[test]
fn one_answer_too_few_leaves_it_open_whether_the_message_was_taken() {
    let site = Site::new();
    let server = chunking(&site).fault(Stage::Rcpt(2), Action::Reply(Vec::new())).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["to"] = json!("a@example.test, b@example.test");
    let path = site.world.task(&task);
    let output = site.world.command(&["test-email", "--json"]).task(&path).run();
    output.assert_code(75).assert_stderr_has("it may or may not have been delivered");
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
}

#[test]
fn quit_is_answered_in_any_words() {
    for reply in ["250 bye", "451 no", "bye", "221-a\r\n221 b", "221 bye\r\n250 and more"] {
        let site = Site::new();
        let server = chunking(&site).fault(Stage::Quit, Action::reply(reply)).start();
        let output = site.notify(&site.task(&server, "implicit"));
        output.assert_code(0);
        assert_eq!(server.messages().len(), 1, "{reply}: {output}");
    }
}

#[test]
fn answers_that_come_with_the_sign_in_are_not_those_to_the_message() {
    let site = Site::new();
    let early = Action::then("250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n");
    let server = chunking(&site).fault(Stage::Auth, early).start();
    let output = site.notify(&site.task(&server, "implicit"));
    output.assert_code(76);
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    assert_eq!(server.sessions()[0].verbs(), "EHLO AUTH");
}

#[test]
fn answers_that_wait_in_the_socket_are_not_those_to_the_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        stream.write_all(b"220 mail.test\r\n").unwrap();
        lines.read_line(&mut String::new()).unwrap();
        let offers = "250-PIPELINING\r\n250 CHUNKING\r\n";
        // as long as what is read at once, so that the rest stays behind
        let name = "x".repeat(4096 - offers.len() - "250-\r\n".len());
        let early = "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 queued\r\n";
        stream.write_all(format!("250-{name}\r\n{offers}{early}").as_bytes()).unwrap();
        let mut heard = String::new();
        let _ = lines.read_to_string(&mut heard);
        heard
    });
    let site = Site::new();
    let mut task = site.task_for(&json!({ "host": "127.0.0.1", "port": port, "auth": "none" }), "none");
    task["email"].as_object_mut().unwrap().remove("password");
    let output = site.notify(&task);
    output.assert_code(76).assert_stderr_has("250 2.1.0 ok");
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    assert_eq!(server.join().unwrap(), "", "the message is handed over");
}

#[test]
fn an_answer_that_is_there_before_the_end_of_a_long_message_is_not_the_one_to_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        stream.write_all(b"220 mail.test\r\n").unwrap();
        lines.read_line(&mut String::new()).unwrap();
        stream.write_all(b"250-mail.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n").unwrap();
        lines.read_line(&mut String::new()).unwrap();
        lines.read_line(&mut String::new()).unwrap();
        // as long as what is read at once, so that the rest stays behind
        let mail = "250 2.1.0 ok\r\n";
        let rcpt = "x".repeat(4096 - mail.len() - "250 \r\n".len());
        stream.write_all(format!("{mail}250 {rcpt}\r\n250 2.0.0 queued\r\n").as_bytes()).unwrap();
        let _ = lines.read_to_end(&mut Vec::new());
    });
    let site = Site::new();
    let mut task = site.task_for(&json!({ "host": "127.0.0.1", "port": port, "auth": "none" }), "none");
    task["email"].as_object_mut().unwrap().remove("password");
    task["email"]["attach_log"] = json!("always");
    let path = site.world.task(&task);
    let log = site.world.write("run.log", crate::log_attached::noise(200_000));
    let command = ["notify", "--exit-code", "1", "--json", "--log", log.to_str().unwrap()];
    let output = site.world.command(&command).task(&path).run();
    output.assert_code(76).assert_stderr_has("250 2.0.0 queued");
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    server.join().unwrap();
}
