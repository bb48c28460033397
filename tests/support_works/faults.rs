//! What a server is told to do wrong, it does.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::certs::Ca;
use crate::support::smtp_server::{
    Action, End, Handshake, Mode, Quirk, SmtpServer, Stage, closed_port, silent_port,
};

use super::client::Client;
use super::failure;

fn with(stage: Stage, action: Action) -> SmtpServer {
    SmtpServer::builder().fault(stage, action).start()
}

#[test]
fn replies_can_be_replaced() {
    let server = SmtpServer::builder()
        .fault(Stage::Mail, Action::reply("250-a\r\n250 b"))
        .fault(Stage::Rcpt(2), Action::reply("451 4.2.0 later"))
        .fault(Stage::FinalDot, Action::reply("554 no"))
        .start();
    let mut client = Client::greet(&server);
    let reply = client.ask("MAIL FROM:<a@b.test>\r\n", "250");
    assert_eq!(reply, "250-a\r\n250 b\r\n");
    client.ask("RCPT TO:<c@d.test>\r\n", "250");
    client.ask("RCPT TO:<e@d.test>\r\n", "451");
    client.ask("DATA\r\n", "354");
    client.ask("a: b\r\n\r\n.\r\n", "554");
    client.quit();
    let session = server.session();
    assert_eq!(session.envelopes[0].accepted_recipients(), ["c@d.test"]);
    assert!(!session.envelopes[0].accepted);
    server.assert_clean();
}

#[test]
fn a_fault_can_be_for_one_connection_only() {
    let server =
        SmtpServer::builder().fault_on(1, Stage::Greeting, Action::reply_and_close("421 busy")).start();
    let mut first = Client::connect(&server);
    first.expect("421");
    assert!(first.reply().is_err());
    drop(first);
    Client::greet(&server).quit();
    let ends: Vec<_> = server.sessions().iter().map(|session| session.end).collect();
    assert_eq!(ends, [Some(End::Server), Some(End::Client)]);
}

#[test]
fn bytes_can_be_injected_before_tls() {
    let server = SmtpServer::builder()
        .tls(Mode::Starttls)
        .identity(Ca::new().issue(&["localhost"]).identity())
        .fault(Stage::Starttls, Action::then("250 injected\r\n"))
        .start();
    let mut client = Client::greet(&server);
    client.ask("STARTTLS\r\n", "220");
    assert_eq!(client.left_over(), b"250 injected\r\n");
    drop(client);
    assert!(matches!(server.session().handshake, Handshake::Failed(_)));
}

#[test]
fn a_session_can_be_closed_reset_or_stalled() {
    let server = with(Stage::Ehlo, Action::Close);
    let mut client = Client::connect(&server);
    client.expect("220");
    client.say("EHLO a.test\r\n");
    let error = client.reply().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);

    let server = with(Stage::Ehlo, Action::Reset);
    let mut client = Client::connect(&server);
    client.expect("220");
    client.say("EHLO a.test\r\n");
    let error = client.reply().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let server = with(Stage::Ehlo, Action::Stall);
    let mut client = Client::connect(&server);
    client.expect("220");
    client.say("EHLO a.test\r\n");
    assert!(client.hears_nothing());
    drop(client);
    assert_eq!(server.session().end, Some(End::Client));
}

#[test]
fn dropping_the_server_ends_stalled_and_dripping_sessions() {
    for action in [Action::Stall, Action::Drip(Duration::from_secs(1000))] {
        let server = with(Stage::Greeting, action);
        let mut client = Client::connect(&server);
        assert!(client.hears_nothing());
        let begun = Instant::now();
        drop(server);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(client.reply().is_err());
    }
}

#[test]
fn the_message_can_be_interrupted() {
    let server = with(Stage::Body, Action::Reset);
    let mut client = Client::greet(&server);
    client.say("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
    for code in ["250", "250", "354"] {
        client.expect(code);
    }
    client.say("a: b\r\n");
    assert!(client.reply().is_err());
    drop(client);
    let session = server.session();
    assert_eq!(session.envelopes[0].message, None);
}

#[test]
fn handshakes_can_go_wrong() {
    let identity = Ca::new().issue(&["localhost"]);
    for action in [
        Action::Close,
        Action::Reset,
        Action::Stall,
        Action::reply("220 this is no TLS"),
        Action::Drip(Duration::from_secs(1000)),
    ] {
        let server = SmtpServer::builder()
            .tls(Mode::Implicit)
            .identity(identity.identity())
            .fault(Stage::Handshake, action.clone())
            .start();
        let tcp = TcpStream::connect(server.address()).unwrap();
        let short = Some(Duration::from_millis(200));
        tcp.set_read_timeout(short).unwrap();
        let connector = native_tls::TlsConnector::new().unwrap();
        assert!(connector.connect("localhost", tcp).is_err(), "{action:?}");
        assert_eq!(server.snapshot()[0].commands.len(), 0);
    }
}

#[test]
fn replies_can_be_slow_or_in_pieces() {
    let pause = Duration::from_millis(20);
    let server = with(Stage::Greeting, Action::Drip(pause));
    let mut client = Client::connect(&server);
    let begun = Instant::now();
    client.expect("220 mail.test");
    let bytes = u32::try_from("220 mail.test ESMTP ready\r\n".len()).unwrap();
    assert!(begun.elapsed() >= pause * bytes);
    client.quit();

    let server = with(Stage::Ehlo, Action::SplitEveryByte);
    let mut client = Client::greet(&server);
    client.ask("RSET\r\n", "250");
    client.quit();
    server.assert_clean();
}

#[test]
fn replies_can_be_enormous() {
    let server = SmtpServer::builder()
        .fault(Stage::Greeting, Action::HugeLine(100_000))
        .fault(Stage::Ehlo, Action::ManyLines(1000))
        .start();
    let mut client = Client::connect(&server);
    assert_eq!(client.expect("220 ").len(), 100_006);
    let reply = client.ask("EHLO a.test\r\n", "250-and so on\r\n");
    assert!(reply.lines().count() > 1000);
    client.quit();
    // a client that does not read it does not keep the server
    let server = with(Stage::Greeting, Action::HugeLine(50_000_000));
    let _client = Client::connect(&server);
    drop(server);
}

#[test]
fn quirks_colour_every_reply() {
    let server = SmtpServer::builder()
        .quirk(Quirk::BareCodes)
        .quirk(Quirk::BareLf)
        .quirk(Quirk::LowerCaseKeywords)
        .start();
    let mut client = Client::connect(&server);
    assert_eq!(client.expect("220"), "220\n");
    let reply = client.ask("EHLO a.test\r\n", "250-mail.test\n250-pipelining\n");
    assert!(reply.ends_with("250 enhancedstatuscodes\n"), "{reply}");
    client.quit();

    let server = SmtpServer::builder()
        .quirk(Quirk::Latin1)
        .quirk(Quirk::HeloOnly)
        .quirk(Quirk::SplitEveryByte)
        .start();
    let mut client = Client::connect(&server);
    // text that is no UTF-8
    let greeting = client.expect("220 mail.test");
    assert!(greeting.contains('\u{FFFD}'), "{greeting}");
    client.ask("EHLO a.test\r\n", "502");
    client.ask("HELO a.test\r\n", "250");
    client.ask("MAIL FROM:<a@b.test>\r\n", "250");
    client.quit();
    server.assert_clean();
}

#[test]
fn something_else_than_smtp_can_answer() {
    let server = SmtpServer::builder().not_smtp("SSH-2.0-x").start();
    let mut tcp = TcpStream::connect(server.address()).unwrap();
    let mut text = String::new();
    tcp.read_to_string(&mut text).unwrap();
    assert_eq!(text, "SSH-2.0-x\r\n");
}

#[test]
fn faults_without_effect_are_refused() {
    let message = failure(|| drop(with(Stage::Connect, Action::SplitEveryByte)));
    assert!(message.contains("cannot be done at Connect"), "{message}");
}

#[test]
fn a_client_that_stays_fails_the_test() {
    let server = SmtpServer::builder().start();
    let _client = Client::greet(&server);
    assert_eq!(server.snapshot()[0].verbs(), "EHLO");
    let message = failure(|| drop(server.sessions_within(Duration::from_millis(50))));
    assert!(message.contains("a client stays connected"), "{message}");
}

#[test]
fn closed_ports_refuse_and_silent_ones_say_nothing() {
    let closed = closed_port();
    let error = TcpStream::connect(closed.address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let silent = silent_port();
    let mut tcp = TcpStream::connect(silent.address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = tcp.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}
