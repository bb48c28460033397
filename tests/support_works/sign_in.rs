//! AUTH is verified as the specifications say, in all five mechanisms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::smtp_server::{SmtpServer, cram_md5};

use super::client::Client;

const ALL: [&str; 5] = ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"];

fn server() -> SmtpServer {
    SmtpServer::builder().auth(&ALL).user("jon@x.test", "pä ss").start()
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The challenge in a `334`.
fn challenge(reply: &str) -> String {
    let text = reply.strip_prefix("334 ").unwrap().trim_end();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn the_digest_is_that_of_rfc_2195() {
    let challenge = "<1896.697170952@postoffice.reston.mci.net>";
    let digest = "b913a602c7eda7a495b4e6e7334d3890";
    assert_eq!(cram_md5("tanstaaftanstaaf", challenge), digest);
}

#[test]
fn every_mechanism_signs_in() {
    let server = server();
    for mechanism in ALL {
        let mut client = Client::greet(&server);
        match mechanism {
            "PLAIN" => {
                let initial = base64("\0jon@x.test\0pä ss");
                client.ask(format!("AUTH PLAIN {initial}\r\n"), "235");
            }
            "LOGIN" => {
                let reply = client.ask("AUTH LOGIN\r\n", "334");
                assert_eq!(challenge(&reply), "Username:");
                client.ask(base64("jon@x.test") + "\r\n", "334 UGFzc3dvcmQ6\r\n");
                client.ask(base64("pä ss") + "\r\n", "235");
            }
            "CRAM-MD5" => {
                let asked = challenge(&client.ask("AUTH CRAM-MD5\r\n", "334"));
                let digest = cram_md5("pä ss", &asked);
                client.ask(base64(&format!("jon@x.test {digest}")) + "\r\n", "235");
            }
            "XOAUTH2" => {
                let initial = base64("user=jon@x.test\x01auth=Bearer pä ss\x01\x01");
                client.ask(format!("AUTH XOAUTH2 {initial}\r\n"), "235");
            }
            _ => {
                client.ask("AUTH OAUTHBEARER\r\n", "334 \r\n");
                let answer = "n,a=jon@x.test,\x01host=h\x01port=25\x01auth=Bearer pä ss\x01\x01";
                client.ask(base64(answer) + "\r\n", "235");
            }
        }
        client.ask("MAIL FROM:<a@b.test>\r\n", "250");
        client.quit();
    }
    server.assert_clean();
    for (session, mechanism) in server.sessions().iter().zip(ALL) {
        let sign_in = &session.sign_ins[0];
        assert_eq!(sign_in.mechanism, mechanism);
        assert!(sign_in.accepted);
        assert_eq!(sign_in.user, "jon@x.test");
        let sent = if mechanism == "CRAM-MD5" { "" } else { "pä ss" };
        assert_eq!(sign_in.secret, sent);
        // what was given away is not among the commands
        let said = format!("{:?}{:?}", session.commands, session.transcript);
        assert!(!said.contains(&base64("pä ss")[..6]), "{said}");
        assert!(said.contains("***"), "{said}");
    }
}

#[test]
fn a_wrong_secret_is_refused() {
    let server = server();
    let mut client = Client::greet(&server);
    client.ask("MAIL FROM:<a@b.test>\r\n", "530");
    let initial = base64("\0jon@x.test\0wrong");
    client.ask(format!("AUTH PLAIN {initial}\r\n"), "535");
    client.ask("AUTH CRAM-MD5\r\n", "334");
    let digest = cram_md5("pä ss", "<another challenge>");
    client.ask(base64(&format!("jon@x.test {digest}")) + "\r\n", "535");
    let token = base64("user=jon@x.test\x01auth=Bearer wrong\x01\x01");
    let why = challenge(&client.ask(format!("AUTH XOAUTH2 {token}\r\n"), "334"));
    assert!(why.contains(r#""status":"401""#), "{why}");
    client.ask("\r\n", "535");
    let token = base64("n,a=jon@x.test,\x01auth=Bearer wrong\x01\x01");
    client.ask(format!("AUTH OAUTHBEARER {token}\r\n"), "334");
    client.ask("AQ==\r\n", "535");
    client.ask("AUTH LOGIN\r\n", "334");
    client.ask("*\r\n", "501");
    client.ask("MAIL FROM:<a@b.test>\r\n", "530");
    client.quit();
    let sign_ins = &server.session().sign_ins;
    assert_eq!(sign_ins.len(), 5);
    assert!(sign_ins.iter().all(|sign_in| !sign_in.accepted));
    server.assert_clean();
}

#[test]
fn malformed_answers_are_noticed() {
    let table = [
        ("not exactly two NULs", "PLAIN", "jon\0pass"),
        ("identity that is not", "PLAIN", "root\0jon\0pass"),
        ("an empty user", "PLAIN", "\0\0pass"),
        ("no ^A^A at the end", "XOAUTH2", "user=u\x01auth=Bearer t\x01"),
        ("no user=", "XOAUTH2", "n,a=u,\x01auth=Bearer t\x01\x01"),
        ("no GS2 header", "OAUTHBEARER", "user=u\x01auth=Bearer t\x01\x01"),
        ("an unknown key", "OAUTHBEARER", "n,a=u,\x01x=y\x01\x01"),
        ("with an initial response", "CRAM-MD5", "jon 00"),
    ];
    for (expected, mechanism, answer) in table {
        let server = server();
        let mut client = Client::greet(&server);
        client.ask(format!("AUTH {mechanism} {}\r\n", base64(answer)), "501");
        client.quit();
        let found = server.violations().join("; ");
        assert!(found.contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_wrong_order_is_noticed() {
    let server = server();
    let mut client = Client::greet(&server);
    let initial = base64("\0jon@x.test\0pä ss");
    client.say(format!("AUTH PLAIN {initial}\r\nMAIL FROM:<>\r\n"));
    client.expect("235");
    client.expect("250");
    client.ask(format!("AUTH PLAIN {initial}\r\n"), "503");
    client.ask("AUTH GSSAPI\r\n", "503");
    client.quit();
    let found = server.violations().join("; ");
    assert!(found.contains("something follows AUTH"), "{found}");
    assert!(found.contains("AUTH after a successful AUTH"), "{found}");
}
