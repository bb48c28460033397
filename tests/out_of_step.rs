//! Servers whose words do not fit what they were asked: no guess is made in their favour.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use native_tls::TlsAcceptor;
use serde_json::json;

use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage};

/// Runs `notify` into a fault and checks that it is told as a failure with this code.
fn fails(site: &Site, server: &SmtpServer, code: i32) -> Output {
    let mut task = site.task(server, "implicit");
    task["deadline"] = json!("3s");
    let output = site.notify(&task);
    output.assert_code(code).assert_within(Duration::from_secs(10));
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    output
}

#[test]
fn an_acceptance_that_comes_before_the_message_is_none() {
    let site = Site::new();
    let early = Action::reply("354 go on\r\n250 2.0.0 queued");
    let server = site.server(Mode::Implicit).fault(Stage::Data, early).start();
    fails(&site, &server, 76).assert_stderr_has("250 2.0.0 queued");
    assert!(server.messages().is_empty());
}

#[test]
fn a_goodbye_after_the_message_is_no_acceptance() {
    let site = Site::new();
    let bye = Action::reply_and_close("221 2.0.0 goodbye");
    let server = site.server(Mode::Implicit).fault(Stage::FinalDot, bye).start();
    fails(&site, &server, 75).assert_stderr_has("may or may not have been delivered");
}

#[test]
fn an_answer_to_something_else_after_the_message_is_no_acceptance() {
    let site = Site::new();
    for reply in ["235 2.7.0 welcome", "220 mail.test ready", "214 see the manual"] {
        let server = site.server(Mode::Implicit).fault(Stage::FinalDot, Action::reply(reply)).start();
        fails(&site, &server, 76).assert_stderr_has(reply);
    }
}

#[test]
fn a_goodbye_is_for_another_try_whatever_was_asked() {
    let site = Site::new();
    for stage in [Stage::Ehlo, Stage::Auth, Stage::Mail, Stage::Rcpt(1), Stage::Data] {
        let bye = Action::reply_and_close("221 2.0.0 goodbye");
        let server = site.server(Mode::Implicit).fault(stage, bye).start();
        fails(&site, &server, 75).assert_stderr_has("closed the connection");
    }
}

#[test]
fn what_is_no_answer_to_ehlo_is_not_taken_for_an_offer_of_nothing() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Ehlo, Action::reply("235 2.7.0 welcome")).start();
    fails(&site, &server, 76).assert_stderr_has("235 2.7.0 welcome");
}

#[test]
fn a_server_that_refuses_ehlo_and_hangs_up_is_quoted() {
    for (reply, code) in [("554 5.7.1 you are on a list", 69), ("550 no such greeting", 69)] {
        let site = Site::new();
        let server = site.server(Mode::Implicit).fault(Stage::Ehlo, Action::reply_and_close(reply)).start();
        fails(&site, &server, code).assert_stderr_has(reply);
    }
}

#[test]
fn a_server_that_asks_for_ever_breaks_the_protocol() {
    let site = Site::new();
    for mechanism in ["LOGIN", "CRAM-MD5"] {
        let server = site
            .server(Mode::Implicit)
            .auth(&[mechanism])
            .fault(Stage::Auth, Action::reply("334 bW9yZQ=="))
            .start();
        fails(&site, &server, 76).assert_stderr_has("334 bW9yZQ==");
        assert!(!server.finish()[0].quit, "QUIT would be taken for an answer");
    }
}

#[test]
fn what_comes_in_clear_behind_the_answer_to_starttls_is_an_injection_however_it_is_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut lines, mut stream) = (BufReader::new(stream.try_clone().unwrap()), stream);
        let mut line = String::new();
        stream.write_all(b"220 mail.test\r\n").unwrap();
        lines.read_line(&mut line).unwrap();
        stream.write_all(b"250-mail.test\r\n250 STARTTLS\r\n").unwrap();
        lines.read_line(&mut line).unwrap();
        stream.write_all(b"220 go on\r\n").unwrap();
        // the first byte of the handshake shows that the answer was read on its own
        lines.fill_buf().unwrap();
        stream.write_all(b"250 mail.test\r\n").unwrap();
        let _ = lines.read_to_end(&mut Vec::new());
    });
    let site = Site::new();
    let account = json!({ "host": "127.0.0.1", "port": port, "user": "jon" });
    let output = site.notify(&site.task_for(&account, "starttls"));
    output.assert_code(76).assert_stderr_has("after its answer to STARTTLS");
    server.join().unwrap();
}

/// A socket that writes what it is given when it is told to flush, in one piece.
#[derive(Debug)]
struct Gathered(TcpStream, Vec<u8>);

impl Read for Gathered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.write_all(&std::mem::take(&mut self.1))
    }
}

/// Starts a server that answers DATA with these pieces, each a record of its own under TLS and all of them
/// there at once, and then says nothing more. Returns its port, and what it hears after DATA.
fn hasty_server(tls: Option<TlsAcceptor>, pieces: Vec<String>) -> (u16, JoinHandle<String>) {
    fn converse(stream: impl Read + Write, pieces: &[String]) -> String {
        let mut stream = BufReader::new(stream);
        let mut reply = "220 mail.test\r\n";
        loop {
            stream.get_mut().write_all(reply.as_bytes()).unwrap();
            stream.get_mut().flush().unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            if line == "DATA\r\n" {
                break;
            }
            reply = "250 ok\r\n";
        }
        for piece in pieces {
            stream.get_mut().write_all(piece.as_bytes()).unwrap();
        }
        stream.get_mut().flush().unwrap();
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        String::from_utf8(heard).unwrap()
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let stream = Gathered(stream, Vec::new());
        match tls {
            Some(tls) => converse(tls.accept(stream).unwrap(), &pieces),
            None => converse(stream, &pieces),
        }
    });
    (port, server)
}

/// Sends through such a server, and checks that what it says early is not taken for its answer.
fn is_not_fooled(mode: &str, go_on: &str) {
    let site = Site::new();
    let identity = site.ca.issue(&["127.0.0.1"]).identity();
    let tls = (mode == "implicit").then(|| TlsAcceptor::new(identity).unwrap());
    let (port, server) = hasty_server(tls, vec![go_on.to_owned(), "250 2.0.0 queued\r\n".to_owned()]);
    let mut task = site.task_for(&json!({ "host": "127.0.0.1", "port": port, "auth": "none" }), mode);
    task["email"].as_object_mut().unwrap().remove("password");
    task["deadline"] = json!("3s");
    let output = site.notify(&task);
    output.assert_code(76).assert_stderr_has("250 2.0.0 queued");
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    assert_eq!(server.join().unwrap(), "", "the message is handed over");
}

#[test]
fn an_acceptance_that_waits_in_the_socket_while_the_message_is_written_is_none() {
    // the answer to DATA is as long as what is read at once, so that the next one stays behind
    is_not_fooled("none", &format!("354 {}\r\n", "x".repeat(4096 - 6)));
    is_not_fooled("implicit", &format!("354 {}\r\n", "x".repeat(4096 - 6)));
    // TLS has no look at a record before it is asked for more
    is_not_fooled("implicit", "354 go on\r\n");
}
