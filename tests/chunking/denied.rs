//! Servers that offer CHUNKING and do not know BDAT after all: the plain way, once, and no second copy.

use serde_json::json;

use super::chunking;
use crate::log_attached::noise;
use crate::site::Site;
use crate::support::smtp_server::{Action, Mode, Quirk, SmtpServer, Stage};
use crate::waiting::Waiting;

/// The five codes by which a server says that it does not know a command, or not so.
const DENIALS: [&str; 5] = [
    "500 5.5.2 what?",
    "501 5.5.4 no such argument",
    "502 5.5.1 not here",
    "503 5.5.1 not now",
    "504 5.5.4 no",
];

/// Checks that all went well in the end: the first connection was given up, the second went by DATA.
fn went_by_data(server: &SmtpServer, before: &str) {
    let message = server.message();
    assert!(!message.chunked);
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions[0].verbs().starts_with(before), "{}", sessions[0]);
    assert_eq!(sessions[1].verbs(), "EHLO AUTH MAIL RCPT DATA QUIT");
    assert!(sessions[1].violations.is_empty(), "{}", sessions[1]);
}

#[test]
fn who_does_not_know_bdat_is_served_by_data_at_once() {
    for denial in DENIALS {
        for command in [&["notify", "--exit-code", "1"][..], &["test-email"]] {
            let site = Site::new();
            let server = chunking(&site).fault_on(1, Stage::FinalDot, Action::reply(denial)).start();
            let path = site.world.task(&site.task(&server, "implicit"));
            let output = site.world.command(command).args(["-v"]).task(&path).run();
            output.assert_code(0).assert_stderr_lacks("trying again");
            output.assert_stderr_has(&format!("offers CHUNKING and refused BDAT: {denial}; sending again"));
            went_by_data(&server, "EHLO AUTH MAIL RCPT BDAT QUIT");
        }
    }
}

#[test]
fn a_message_that_was_taken_for_commands_arrives_once() {
    for lines in [0, 300_000] {
        let site = Site::new();
        let server = chunking(&site).quirk(Quirk::NoBdat).start();
        let mut task = site.task(&server, "implicit");
        task["email"]["attach_log"] = json!("always");
        let path = site.world.task(&task);
        let log = site.world.write("run.log", noise(lines));
        let run = site.world.command(&["notify", "--exit-code", "1", "--json", "--log"]);
        let output = run.args([log.to_str().unwrap()]).task(&path).run();
        output.assert_code(0);
        assert_eq!(output.json()["deliveries"][0]["status"], "sent");
        assert_eq!(server.taken().len(), 1, "{output}");
        went_by_data(&server, "EHLO AUTH MAIL RCPT BDAT");
    }
}

#[test]
fn what_is_too_large_with_its_log_goes_by_data_without_it_too() {
    let site = Site::new();
    // refused for its size on the second connection, which is lost with it
    let too_large = Action::reply_and_close("552 5.3.4 too big");
    let server = chunking(&site).quirk(Quirk::NoBdat).fault_on(2, Stage::FinalDot, too_large).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["attach_log"] = json!("always");
    let path = site.world.task(&task);
    let log = site.world.write("run.log", noise(1000));
    let run = site.world.command(&["notify", "--exit-code", "1", "--log"]);
    let output = run.args([log.to_str().unwrap()]).task(&path).run();
    output.assert_code(0).assert_stderr_has("sending again without the log");
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 3, "{output}");
    assert!(!sessions[1].verbs().contains("BDAT") && !sessions[2].verbs().contains("BDAT"));
    assert_eq!(server.message().accepted_recipients(), ["ops@example.test"]);
}

#[test]
fn nothing_of_the_first_try_is_mixed_into_the_second() {
    let site = Site::new();
    let server = chunking(&site)
        .fault_on(1, Stage::FinalDot, Action::reply("502 5.5.1 not here"))
        .fault_on(1, Stage::Rcpt(1), Action::reply("550 5.1.1 nobody"))
        .fault_on(2, Stage::Rcpt(2), Action::reply("551 5.1.6 moved"))
        .start();
    let mut task = site.task(&server, "implicit");
    task["email"]["to"] = json!("a@example.test, b@example.test");
    let output = site.notify(&task);
    output.assert_code(69).assert_stderr_has("not accepted: b@example.test: 551 5.1.6 moved");
    let recipients = output.json()["deliveries"][0]["recipients"].clone();
    assert_eq!((&recipients[0]["accepted"], &recipients[1]["accepted"]), (&json!(true), &json!(false)));
    assert_eq!(server.message().accepted_recipients(), ["a@example.test"]);
}

#[test]
fn with_nobody_to_send_to_a_denial_says_nothing() {
    for (reply, code) in [("550 5.1.1 nobody", 69), ("450 4.2.0 later", 75)] {
        let site = Site::new();
        let server = chunking(&site).quirk(Quirk::NoBdat).refuse("ops@example.test", reply).start();
        let path = site.world.task(&site.task(&server, "implicit"));
        let output = site.world.command(&["test-email"]).task(&path).run();
        output.assert_code(code).assert_stderr_has(&format!("refused every recipient: {reply}"));
        output.assert_stderr_lacks("502");
        assert_eq!(server.sessions().len(), 1);
    }
}

#[test]
fn after_a_denial_with_nobody_to_send_to_the_next_try_goes_by_data() {
    let site = Site::new();
    let later = Action::reply("450 4.2.0 later");
    let server = chunking(&site).quirk(Quirk::NoBdat).fault_on(1, Stage::Rcpt(1), later).start();
    site.notify(&site.task(&server, "implicit")).assert_code(0);
    went_by_data(&server, "EHLO AUTH MAIL RCPT BDAT");
}

#[test]
fn the_second_try_keeps_to_the_rules_of_any_other() {
    // refused as DATA too: that is the end of it
    let site = Site::new();
    let server = chunking(&site).fault(Stage::FinalDot, Action::reply("502 5.5.1 not here")).start();
    let output = site.notify(&site.task(&server, "implicit"));
    output.assert_code(69).assert_stderr_has("refused: 502 5.5.1 not here");
    assert_eq!(server.sessions().len(), 2);
    assert!(server.messages().is_empty());
    // what may pass is tried again, and by DATA
    let server = chunking(&site)
        .fault_on(1, Stage::FinalDot, Action::reply("500 5.5.2 what?"))
        .fault_on(2, Stage::Mail, Action::reply("451 4.3.0 not now"))
        .start();
    site.notify(&site.task(&server, "implicit")).assert_code(0);
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions[2].verbs(), "EHLO AUTH MAIL RCPT DATA QUIT");
}

#[test]
fn the_password_is_fetched_again_for_it() {
    let site = Site::new();
    let count = site.world.path().join("asked");
    let secret = site.world.secret_file()["file"].as_str().unwrap().to_owned();
    let script = format!("#!/bin/sh\necho x >>'{}'\ncat '{secret}'\n", count.display());
    let server = chunking(&site).quirk(Quirk::NoBdat).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["password"] = json!({ "command": [site.world.script("password", script)] });
    site.notify(&task).assert_code(0);
    assert_eq!(site.world.read("asked").lines().count(), 2);
}

#[test]
fn what_is_said_once_is_not_said_twice() {
    let site = Site::new();
    let server = chunking(&site).quirk(Quirk::NoBdat).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("accept-any-certificate");
    let output = site.notify(&task);
    output.assert_code(0);
    assert_eq!(output.stderr.matches("gets the password").count(), 1, "{output}");
}

#[test]
fn what_waits_goes_by_data_too_and_the_server_is_asked_once() {
    let waiting = Waiting::new();
    let mut ids: Vec<_> =
        (0..3).map(|_| waiting.keep(&waiting.task_without_server(), 75).message_id).collect();
    let server = chunking(&waiting.site).quirk(Quirk::NoBdat).start();
    waiting.site.world.task(&waiting.task(&server));
    let folder = waiting.folder().to_str().unwrap();
    let output = waiting.site.world.run(&["outbox", "send", "-v", "--outbox", folder]);
    output.assert_code(0).assert_stderr_has("offers CHUNKING and refused BDAT: 502");
    assert_eq!(output.stderr.matches("refused BDAT").count(), 1, "{output}");
    waiting.assert_empty(&output);
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].verbs(), format!("EHLO AUTH{} QUIT", " MAIL RCPT DATA".repeat(3)));
    let mut came: Vec<_> =
        server.taken().iter().map(|message| crate::waiting::Known::of_envelope(message).message_id).collect();
    ids.sort();
    came.sort();
    assert_eq!(came, ids);
}

#[test]
fn a_message_with_its_own_and_what_waits_are_each_there_once() {
    let waiting = Waiting::new();
    waiting.keep(&waiting.task_without_server(), 75);
    let server = waiting.site.server(Mode::Implicit).with("CHUNKING").quirk(Quirk::NoBdat).start();
    let mut task = waiting.task(&server);
    task["deadline"] = json!("20s");
    let output = waiting.notify(&task);
    output.assert_code(0);
    waiting.assert_empty(&output);
    assert_eq!(server.taken().len(), 2);
    assert_eq!(server.sessions().len(), 2, "the second connection serves both");
}
