//! What ends a conversation after the flight with the message in it: nobody knows then whether the server has it,
//! and that is said.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use super::chunking;
use crate::log_attached::noise;
use crate::signals::send;
use crate::site::Site;
use crate::support::smtp_server::{Action, Stage};
use crate::waiting::Waiting;

const DOUBT: &str = "it may or may not have been delivered";
/// Where an answer is missing when the whole message is with the server.
const STAGES: [Stage; 3] = [Stage::Mail, Stage::Rcpt(1), Stage::FinalDot];

#[test]
fn a_connection_that_is_lost_is_a_doubt_and_is_tried_once_more_or_waits() {
    for stage in STAGES {
        for action in [Action::Close, Action::Reset, Action::SayGoodbye, Action::Alert] {
            let site = Site::new();
            let server = chunking(&site).fault(stage, action.clone()).start();
            let output = site.notify(&site.task(&server, "implicit"));
            output.assert_code(75).assert_stderr_has(DOUBT);
            assert_eq!(server.sessions().len(), 2, "{stage:?} {action:?}");
            let waiting = Waiting::new();
            let server = chunking(&waiting.site).fault(stage, action.clone()).start();
            waiting.notify(&waiting.task(&server)).assert_code(75).assert_stderr_has(DOUBT);
            assert_eq!((server.sessions().len(), waiting.ids().len()), (1, 1), "{stage:?} {action:?}");
        }
    }
}

#[test]
fn a_goodbye_without_a_no_is_a_doubt_too() {
    for stage in STAGES {
        let site = Site::new();
        let server = chunking(&site).fault(stage, Action::reply_and_close("221 2.0.0 goodbye")).start();
        site.notify(&site.task(&server, "implicit")).assert_code(75).assert_stderr_has(DOUBT);
    }
}

#[test]
fn what_was_refused_before_the_connection_was_lost_is_no_doubt() {
    let site = Site::new();
    for (stage, code, words) in [
        (Stage::Mail, 69, "refused: 554 5.7.1 never"),
        (Stage::Rcpt(1), 69, "refused every recipient: 554 5.7.1 never"),
        (Stage::FinalDot, 69, "refused: 554 5.7.1 never"),
    ] {
        let server = chunking(&site).fault(stage, Action::reply_and_close("554 5.7.1 never")).start();
        let output = site.notify(&site.task(&server, "implicit"));
        output.assert_code(code).assert_stderr_has(words).assert_stderr_lacks(DOUBT);
        assert_eq!(server.sessions().len(), 1);
    }
}

#[test]
fn a_deadline_or_a_signal_is_a_doubt_from_the_flight_on() {
    for (stage, doubt) in [
        (Stage::Ehlo, false),
        (Stage::Auth, false),
        (Stage::Mail, true),
        (Stage::Rcpt(1), true),
        (Stage::FinalDot, true),
    ] {
        for signal in [false, true] {
            let site = Site::new();
            let server = chunking(&site).fault(stage, Action::Stall).start();
            let mut task = site.task(&server, "implicit");
            task["deadline"] = json!(if signal { "20s" } else { "2s" });
            let path = site.world.task(&task);
            let run = site.world.command(&["notify", "--exit-code", "1", "--json"]).task(&path);
            let output = run.run_while(|pid| {
                server.wait_until_stalled(1);
                if signal {
                    send(pid, Signal::SIGTERM);
                }
            });
            output.assert_code(75).assert_within(Duration::from_secs(5));
            let detail = output.json()["deliveries"][0]["detail"].as_str().unwrap().to_owned();
            assert_eq!(detail.contains(DOUBT), doubt, "{stage:?}: {detail}");
            assert_eq!(detail.contains("all of which was handed over"), doubt, "{stage:?}: {detail}");
            assert_eq!(detail.contains("interrupted by SIGTERM"), signal, "{stage:?}: {detail}");
        }
    }
}

#[test]
fn a_connection_that_ended_between_two_messages_is_no_doubt() {
    let waiting = Waiting::new();
    for _ in 0..3 {
        waiting.keep(&waiting.task_without_server(), 75);
    }
    let bye = Action::reply_and_close("250 2.0.0 queued\r\n421 4.3.2 enough for one connection");
    let server = chunking(&waiting.site).fault_on(1, Stage::Taken, bye).start();
    waiting.site.world.task(&waiting.task(&server));
    let output = waiting.send();
    output.assert_code(0);
    waiting.assert_empty(&output);
    assert_eq!(server.taken().len(), 3);
    let sessions = server.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].verbs(), "EHLO AUTH MAIL RCPT BDAT");
}

#[test]
fn a_message_that_follows_the_commands_is_in_doubt_only_once_it_was_handed_over() {
    let site = Site::new();
    let log = site.world.write("run.log", noise(200_000));
    for (stage, doubt) in [(Stage::Mail, false), (Stage::Rcpt(1), false), (Stage::FinalDot, true)] {
        let server = chunking(&site).fault(stage, Action::Close).start();
        let mut task = site.task(&server, "implicit");
        task["email"]["attach_log"] = json!("always");
        task["deadline"] = json!("3s");
        let path = site.world.task(&task);
        let command = ["notify", "--exit-code", "1", "--log", log.to_str().unwrap()];
        let output = site.world.command(&command).task(&path).run();
        output.assert_code(75);
        assert_eq!(output.stderr.contains(DOUBT), doubt, "{stage:?}: {output}");
    }
}
