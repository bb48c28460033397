//! A notice on its way: every mode, every sign-in, and servers that are odd but right.

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::smtp_server::{Mode, Quirk, SmtpServer};

#[test]
fn a_notice_arrives_in_every_mode() {
    for mode in ["implicit", "starttls", "none"] {
        let site = Site::new();
        let server = site.server(mode_of(mode)).start();
        let output = site.notify(&site.task(&server, mode));
        output.assert_code(0);
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(delivery["status"], "sent", "{delivery}");
        assert_eq!(delivery["recipients"][0]["accepted"], true);
        assert_eq!(delivery["tls"]["mode"], mode);
        if mode == "none" {
            assert_eq!(delivery["tls"]["version"], Value::Null);
        } else {
            // the acceptor of native-tls that the scripted server uses stops at 1.2
            assert_eq!(delivery["tls"]["version"], "TLSv1.2");
            assert!(delivery["tls"]["trust"].as_str().unwrap().starts_with("ca-file:/"));
            assert_eq!(delivery["tls"]["sha256"].as_str().unwrap().len(), 64);
        }
        let message = server.message();
        assert!(message.text().contains("Subject: "), "{}", message.text());
        server.assert_clean();
    }
}

#[test]
fn every_sign_in_is_known() {
    for (mechanism, auth) in [
        ("PLAIN", "password"),
        ("LOGIN", "password"),
        ("CRAM-MD5", "password"),
        ("XOAUTH2", "xoauth2"),
        ("OAUTHBEARER", "oauthbearer"),
    ] {
        for right in [true, false] {
            let site = Site::new();
            let secret = if right { site.world.secret().to_owned() } else { "another".to_owned() };
            let server = SmtpServer::builder()
                .tls(Mode::Implicit)
                .identity(site.ca.issue(&["127.0.0.1"]).identity())
                .auth(&[mechanism])
                .user("jon", &secret)
                .start();
            let mut task = site.task(&server, "implicit");
            task["email"]["account"] = server.account("jon", auth);
            let output = site.notify(&task);
            output.assert_code(if right { 0 } else { 77 });
            let sessions = server.finish();
            assert_eq!(sessions[0].sign_ins.len(), 1, "{}", sessions[0]);
            assert_eq!(sessions[0].messages().count(), usize::from(right), "{mechanism}");
        }
    }
}

#[test]
fn odd_servers_are_understood() {
    for quirk in
        [Quirk::BareCodes, Quirk::LowerCaseKeywords, Quirk::Latin1, Quirk::BareLf, Quirk::SplitEveryByte]
    {
        let site = Site::new();
        let server = site.server(Mode::Starttls).quirk(quirk).start();
        let output = site.notify(&site.task(&server, "starttls"));
        output.assert_code(0);
        assert_eq!(server.messages().len(), 1, "{quirk:?}");
        server.assert_clean();
    }
}

#[test]
fn a_server_that_knows_only_helo_gets_a_message_without_sign_in() {
    let site = Site::new();
    let server = SmtpServer::builder().quirk(Quirk::HeloOnly).start();
    let mut task = site.task(&server, "none");
    task["email"]["account"] = server.account("jon", "none");
    site.notify(&task).assert_code(0);
    assert_eq!(server.session().verbs(), "EHLO HELO MAIL RCPT DATA QUIT");
    server.assert_clean();
}

#[test]
fn without_pipelining_every_command_waits_for_its_reply() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).without("PIPELINING").start();
    site.notify(&site.task(&server, "implicit")).assert_code(0);
    let sessions = server.finish();
    assert_eq!(sessions[0].verbs(), "EHLO AUTH MAIL RCPT DATA QUIT");
}

#[test]
fn a_token_too_long_for_a_command_is_the_answer_to_a_challenge() {
    let site = Site::new();
    for (mechanism, auth) in [("XOAUTH2", "xoauth2"), ("OAUTHBEARER", "oauthbearer"), ("PLAIN", "password")] {
        for (times, initial_response) in [(10, true), (90, false)] {
            let token = site.world.secret().repeat(times);
            let server = SmtpServer::builder()
                .tls(Mode::Implicit)
                .identity(site.ca.issue(&["127.0.0.1"]).identity())
                .auth(&[mechanism])
                .user("jon", &token)
                .start();
            let mut task = site.task_for(&server.account("jon", auth), "implicit");
            task["email"]["password"] = json!({ "file": site.world.write("token", &token) });
            site.notify(&task).assert_code(0);
            server.assert_clean();
            let sessions = server.finish();
            assert_eq!(sessions[0].sign_ins[0].initial_response, initial_response, "{mechanism}");
        }
    }
}
