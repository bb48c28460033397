//! What goes together, and what waits for what.

use serde_json::json;

use super::{chunking, recipients};
use crate::site::{Site, mode_of};
use crate::support::smtp_server::{Action, End, Mode, SessionRecord, Stage};
use crate::waiting::Waiting;

/// The flights of the commands with these verbs, each once.
fn flights(session: &SessionRecord, verbs: &[&str]) -> Vec<usize> {
    let with = |line: &str| verbs.iter().any(|verb| line.starts_with(verb));
    let mut flights: Vec<usize> =
        session.commands.iter().filter(|command| with(&command.line)).map(|command| command.flight).collect();
    flights.dedup();
    flights
}

#[test]
fn the_message_and_quit_go_along_with_the_commands_in_every_mode() {
    for (mode, waits) in [("implicit", 3), ("starttls", 5), ("none", 3)] {
        for count in [1, 100] {
            let site = Site::new();
            let server = site.server(mode_of(mode)).with("CHUNKING").start();
            let mut task = site.task(&server, mode);
            task["email"]["to"] = json!(recipients(count));
            site.notify(&task).assert_code(0);
            let message = server.message();
            assert!(message.chunked);
            assert_eq!(message.accepted_recipients().len(), count);
            let sessions = server.finish();
            let session = &sessions[0];
            let group = flights(session, &["MAIL", "RCPT", "BDAT", "QUIT"]);
            assert_eq!(group.len(), 1, "{session}");
            assert!(session.verbs().ends_with("RCPT BDAT QUIT"), "{session}");
            // EHLO, AUTH and the group; STARTTLS and the second EHLO
            assert_eq!(session.flights, waits, "{mode}: {session}");
        }
    }
}

#[test]
fn a_thousand_recipients_are_asked_about_in_flights_of_eight_kilobytes_and_the_message_goes_with_the_last() {
    let site = Site::new();
    let server = chunking(&site).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["to"] = json!(recipients(1000));
    site.notify(&task).assert_code(0);
    assert_eq!(server.message().accepted_recipients().len(), 1000);
    let sessions = server.finish();
    let session = &sessions[0];
    let groups = flights(session, &["MAIL", "RCPT"]);
    let bytes: usize =
        session.commands.iter().filter(|c| c.line.starts_with("RCPT")).map(|c| c.line.len() + 2).sum();
    assert_eq!(groups.len(), bytes.div_ceil(8 * 1024), "{groups:?}");
    for group in &groups {
        let of_group = session.commands.iter().filter(|command| command.flight == *group);
        let length: usize = of_group.map(|command| command.line.len() + 2).sum();
        assert!(length <= 8 * 1024 + "QUIT\r\n".len(), "{length}");
    }
    // with 8 KiB before it the message may take two records of TLS, of which the server hears one after the other
    assert_eq!(flights(session, &["BDAT"]), [*groups.last().unwrap()]);
}

#[test]
fn the_answer_to_quit_is_not_waited_for_long() {
    let site = Site::new();
    let server = chunking(&site).fault(Stage::Quit, Action::Stall).start();
    site.notify(&site.task(&server, "implicit")).assert_code(0);
    let session = server.session();
    assert!(session.quit && matches!(session.end, Some(End::Client | End::ClientReset)), "{session}");
}

#[test]
fn without_pipelining_chunking_is_of_no_use() {
    let site = Site::new();
    let server = chunking(&site).without("PIPELINING").start();
    site.notify(&site.task(&server, "implicit")).assert_code(0);
    assert_eq!(server.finish()[0].verbs(), "EHLO AUTH MAIL RCPT DATA QUIT");
}

#[test]
fn what_is_offered_before_starttls_does_not_count() {
    // the keyword stands in the first answer to EHLO and not in the one under TLS
    let site = Site::new();
    let plain = "250-mail.test\r\n250-PIPELINING\r\n250 AUTH PLAIN";
    let server =
        site.server(Mode::Starttls).with("CHUNKING").fault(Stage::EhloAgain, Action::reply(plain)).start();
    site.notify(&site.task(&server, "starttls")).assert_code(0);
    assert!(!server.message().chunked);
}

#[test]
fn a_check_hands_nothing_over() {
    let site = Site::new();
    let server = chunking(&site).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    site.world.command(&["check"]).task(&path).run().assert_code(0);
    assert_eq!(server.finish()[0].verbs(), "EHLO AUTH MAIL RCPT RSET QUIT");
}

#[test]
fn what_waits_goes_by_bdat_over_one_connection_with_one_flight_for_each() {
    let waiting = Waiting::new();
    for _ in 0..3 {
        waiting.keep(&waiting.task_without_server(), 75);
    }
    let server = chunking(&waiting.site).start();
    let output = waiting.notify(&waiting.task(&server));
    output.assert_code(0);
    waiting.assert_empty(&output);
    assert_eq!(server.messages().len(), 4);
    let sessions = server.finish();
    let session = &sessions[0];
    assert_eq!(session.verbs(), format!("EHLO AUTH{} QUIT", " MAIL RCPT BDAT".repeat(4)), "{session}");
    assert_eq!(flights(session, &["MAIL", "RCPT", "BDAT"]).len(), 4, "{session}");
}

#[test]
fn after_a_refusal_the_next_message_gets_its_own_answers() {
    for stage in [Stage::Mail, Stage::Rcpt(1), Stage::FinalDot] {
        let waiting = Waiting::new();
        for _ in 0..2 {
            waiting.keep(&waiting.task_without_server(), 75);
        }
        let server = chunking(&waiting.site).fault(stage, Action::reply("451 4.3.0 not now")).start();
        waiting.site.world.task(&waiting.task(&server));
        waiting.send().assert_code(75);
        assert_eq!(waiting.ids().len(), 2);
        let session = server.session();
        let verbs = "EHLO AUTH MAIL RCPT BDAT RSET MAIL RCPT BDAT QUIT";
        assert_eq!(session.verbs(), verbs, "{stage:?}: {session}");
        server.mend();
        waiting.send().assert_code(0);
        assert_eq!(server.messages().len(), 2);
        server.assert_clean();
    }
}
