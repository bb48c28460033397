//! Receivers of Growl's notices that are absent, odd, slow or hostile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gntp::{Act, GntpServer};
use crate::support::output::Output;
use crate::support::smtp_server::{closed_port, silent_port};
use crate::support::world::World;

/// A deadline that a test can wait for, and how much more a run may take.
const DEADLINE: &str = "2s";
const LIMIT: Duration = Duration::from_secs(4);
/// What a run takes that waits for nothing, on a machine that has much else to do.
const AT_ONCE: Duration = Duration::from_millis(1900);

/// Runs `notify` within [`DEADLINE`].
fn notify(world: &World, growl: &Value) -> Output {
    let task = world.task(&json!({ "name": "Nightly", "growl": growl }));
    let run = world.command(&["notify", "--exit-code", "1", "--json", "--deadline", DEADLINE]);
    run.task(&task).run()
}

/// Checks that a run failed in this way, and says what to do; returns detail and hint.
fn fails(output: &Output, code: i32) -> (String, String) {
    output.assert_code(code).assert_within(LIMIT);
    let json = output.json();
    assert_eq!(json["exit_code"], code);
    let delivery = &json["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["exit_code"]), (&json!("failed"), &json!(code)));
    assert_eq!(delivery["stages"].as_array().unwrap().last().unwrap()["ok"], false, "{delivery}");
    let (detail, hint) = (delivery["detail"].as_str().unwrap(), delivery["hint"].as_str().unwrap());
    output.assert_stderr_has(detail);
    output.assert_stderr_has("what to do: ");
    assert!(!hint.is_empty());
    (detail.to_owned(), hint.to_owned())
}

#[test]
fn a_yes_is_understood_however_it_is_said() {
    let world = World::new();
    for answer in [
        "GNTP/1.0 -OK NONE\r\nResponse-Action: NOTIFY\r\n\r\n",
        "GNTP/1.0 -OK\r\n\r\n",
        "GNTP/1.0 -OK NONE\nResponse-Action: NOTIFY\n\n",
        "gntp/1.0 -ok none\r\n\r\n",
        "GNTP/1.0 -OK NONE",
    ] {
        for act in [Act::say(answer), Act::InPieces(answer.as_bytes().to_vec())] {
            let server = GntpServer::always(act);
            let output = notify(&world, &server.entry(&json!({})));
            assert_eq!(output.assert_code(0).json()["deliveries"][0]["status"], "sent");
            assert_eq!(server.commands(), ["REGISTER", "NOTIFY"]);
        }
    }
}

#[test]
fn a_no_has_its_code_and_its_remedy() {
    let world = World::new();
    let table = [
        (Act::error(200), 75, "said the receiver (200)", "try again"),
        (Act::error(201), 75, "(201)", "try again"),
        (Act::error(300), 76, "(300)", "newer version"),
        (Act::error(301), 76, "(301)", "newer version"),
        (Act::error(302), 76, "(302)", "newer version"),
        (Act::error(303), 69, "(303)", "newer version"),
        (Act::error(400), 77, "(400)", "password set growl:127.0.0.1:"),
        (Act::error(401), 69, "(401)", "newer version"),
        (Act::error(404), 69, "(404)", "turn them on again in Growl's settings"),
        (Act::error(500), 75, "(500)", "start Growl anew"),
        (Act::error(999), 69, "(999)", "newer version"),
        (Act::say("GNTP/1.0 -ERROR Invalid data\r\n\r\n"), 69, "Invalid data", "want a password"),
        (Act::say("GNTP/1.0 -ERROR\n\n"), 69, "it gave no reason", "want a password"),
        (Act::say("GNTP/1.0 -ERROR NONE\nError-Code: 400\n\n"), 77, "not authorized (400)", "password"),
        (Act::say("HTTP/1.1 400 Bad Request\r\n\r\n"), 76, "\"HTTP/1.1 400 Bad Request\"", "\"port\""),
        (Act::Say(vec![0xff; 300_000]), 76, "does not speak GNTP", "\"port\""),
        (Act::say(""), 76, "closed the connection without an answer", "may want a password"),
        (Act::say("\r\n\r\n"), 76, "closed the connection without an answer", "may want a password"),
    ];
    for (act, code, detail, hint) in table {
        let server = GntpServer::always(act.clone());
        let (said, advice) = fails(&notify(&world, &server.entry(&json!({}))), code);
        assert!(said.contains(detail), "{act:?}: {said}");
        assert!(advice.contains(hint), "{act:?}: {advice}");
        assert_eq!(server.commands(), ["REGISTER"], "{act:?}");
    }
}

#[test]
fn a_notice_that_is_refused_after_the_registration_was_not_shown() {
    let world = World::new();
    let server = GntpServer::scripted([Act::Right, Act::error(404)]);
    let (detail, _) = fails(&notify(&world, &server.entry(&json!({}))), 69);
    assert!(detail.contains("refused the notice"), "{detail}");
    let server = GntpServer::scripted([Act::Right, Act::say("")]);
    fails(&notify(&world, &server.entry(&json!({}))), 76);
}

#[test]
fn what_a_receiver_says_is_cleaned_and_holds_no_password() {
    let world = World::new();
    let password = world.secret_file();
    let words = format!("\x1b]0;x\x07\u{202e}{} {}\u{9b}2J", world.secret(), "x".repeat(5000));
    for answer in [
        format!("GNTP/1.0 -ERROR {words}\r\n\r\n"),
        format!("GNTP/1.0 -ERROR NONE\r\nError-Code: 400\r\nError-Description: {words}\r\n\r\n"),
        format!("{words}\r\n\r\n"),
    ] {
        let server = GntpServer::always(Act::say(&answer));
        let output = notify(&world, &server.entry(&json!({ "password": password })));
        assert_ne!(output.code(), Some(0));
        let detail = output.json()["deliveries"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("[hidden]"), "{detail}");
        assert!(detail.chars().count() < 400 && !detail.chars().any(char::is_control), "{detail}");
        output.assert_stderr_lacks("\x1b").assert_stderr_lacks("\u{202e}");
    }
}

#[test]
fn a_password_of_several_words_is_not_repeated_either() {
    let world = World::new();
    let secret = format!("{}  {}", world.secret(), world.secret());
    let password = world.write("password", &secret);
    for answer in [
        format!("GNTP/1.0 -ERROR wrong {secret}\r\n\r\n"),
        format!("GNTP/1.0 -ERROR NONE\r\nError-Description: wrong {secret}\r\n\r\n"),
    ] {
        let server = GntpServer::always(Act::say(&answer));
        let output = notify(&world, &server.entry(&json!({ "password": { "file": password } })));
        let (detail, _) = fails(&output, 69);
        assert!(detail.ends_with(": wrong [hidden]"), "{detail}");
    }
}

#[test]
fn nobody_there_is_said_with_what_to_start() {
    let world = World::new();
    let port = closed_port();
    let growl = json!({ "host": "127.0.0.1", "port": port.address.port() });
    let output = notify(&world, &growl);
    let (detail, hint) = fails(&output, 75);
    assert!(detail.ends_with("127.0.0.1: connection refused"), "{detail}");
    assert!(hint.contains("running on this computer"), "{hint}");
    output.assert_within(AT_ONCE);

    let (detail, hint) = fails(&notify(&world, &json!({ "host": "mac.invalid" })), 75);
    assert!(detail.contains("no address is known for \"mac.invalid\""), "{detail}");
    assert!(hint.contains("\"host\""), "{hint}");
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_on_another_computer_is_said_with_what_may_stop_us() {
    use crate::support::namespace;
    if !namespace::entered("growl_faults::nobody_on_another_computer_is_said_with_what_may_stop_us") {
        return;
    }
    namespace::set_hosts(&format!("{} imac.test\n", namespace::ADDRESS));
    let output = notify(&World::new(), &json!({ "host": "imac.test" }));
    let (detail, hint) = fails(&output, 75);
    assert_eq!(detail, "cannot connect to Growl on imac.test: 192.0.2.1: connection refused");
    assert!(hint.contains("\"Listen for incoming notifications\"") && hint.contains("port 23053"), "{hint}");
}

#[test]
fn a_receiver_that_stalls_costs_no_more_than_the_deadline() {
    let world = World::new();
    let silent = silent_port();
    let growl = json!({ "host": "127.0.0.1", "port": silent.address.port() });
    let (detail, hint) = fails(&notify(&world, &growl), 75);
    assert!(detail.ends_with("gave no answer to the registration within 2 s"), "{detail}");
    assert!(hint.contains("--deadline"), "{hint}");

    let second = Duration::from_secs(1);
    for act in [
        Act::Hold(b"".to_vec()),
        Act::Hold(b"GN".to_vec()),
        Act::Drip(b"GNTP/1.0 -OK NONE\r\n".to_vec(), second),
        Act::Drip(b"\r\n".to_vec(), Duration::from_millis(100)),
    ] {
        let server = GntpServer::always(act);
        let (detail, _) = fails(&notify(&world, &server.entry(&json!({}))), 75);
        assert!(detail.contains("gave no answer to the registration"), "{detail}");
    }
    // registered in time, and then nothing
    let server = GntpServer::scripted([Act::Right, Act::Hold(Vec::new())]);
    let (detail, _) = fails(&notify(&world, &server.entry(&json!({}))), 75);
    assert!(detail.contains("gave no answer to the notice"), "{detail}");
}

#[test]
fn more_time_is_advised_only_where_there_would_be_more() {
    let world = World::new();
    let silent = silent_port();
    let task = world.task(&json!({
        "name": "Nightly",
        "growl": { "host": "127.0.0.1", "port": silent.address.port() },
    }));
    for arguments in [&["--exit-code", "1", "--deadline", "5m"][..], &["--event", "begin"]] {
        let output = world.command(&["notify", "--json"]).args(arguments).task(&task).run();
        let delivery = output.json()["deliveries"][0].clone();
        assert_eq!(delivery["exit_code"], 75, "{delivery}");
        let hint = delivery["hint"].as_str().unwrap();
        assert!(hint.ends_with("no screen gets more than 5 seconds"), "{hint}");
    }
}

#[test]
fn a_receiver_that_never_ends_is_not_waited_for() {
    let world = World::new();
    for (act, code) in [
        (Act::Hold(b"GNTP/1.0 -OK NONE\r\n".to_vec()), 0),
        (Act::Hold(b"GNTP/1.0 -OK NONE\r\nResponse-Action: NOTIFY\r\n\r\n".to_vec()), 0),
        (Act::Flood(b"GNTP/1.0 -OK NONE\r\nX: y\r\n".to_vec()), 0),
        (Act::Hold(b"GNTP/1.0 -ERROR NONE\r\nError-Code: 400\r\n".to_vec()), 77),
        // of which nobody knows how the line goes on
        (Act::Hold(b"GNTP/1.0 -ERROR NONE\r\nError-Code: 400".to_vec()), 69),
        (Act::Flood(vec![b'x'; 100_000]), 76),
        (Act::Flood(b"GNTP/1.0 -ERROR NONE\r\nError-Code: 500\r\n".to_vec()), 75),
    ] {
        let server = GntpServer::always(act.clone());
        let output = notify(&world, &server.entry(&json!({})));
        assert_eq!(output.code(), Some(code), "{act:?}\n{output}");
        output.assert_within(AT_ONCE);
    }
}

#[test]
fn an_answer_counts_even_when_the_request_was_not_read() {
    let world = World::new();
    for (answer, code) in
        [("GNTP/1.0 -OK NONE\r\n\r\n", 0), ("GNTP/1.0 -ERROR NONE\r\nError-Code: 500\r\n\r\n", 75), ("", 76)]
    {
        let server = GntpServer::always(Act::SayUnread(answer.as_bytes().to_vec()));
        notify(&world, &server.entry(&json!({}))).assert_code(code).assert_within(AT_ONCE);
    }
}

#[test]
fn the_beginning_of_a_backup_waits_for_nobody() {
    let world = World::new();
    let silent = silent_port();
    let growl = json!({ "host": "127.0.0.1", "port": silent.address.port() });
    let task = world.task(&json!({ "name": "Nightly", "growl": growl }));
    let output = world.command(&["notify", "--event", "begin", "--json"]).task(&task).run();
    output.assert_code(0).assert_within(Duration::from_secs(6));
    let delivery = &output.json()["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["exit_code"]), (&json!("failed"), &json!(75)));
}

#[test]
fn every_address_of_a_name_is_tried() {
    let world = World::new();
    // it listens on 127.0.0.1 alone, and ::1 comes first in most systems
    let server = GntpServer::start();
    let entry = server.entry(&json!({ "host": "localhost" }));
    notify(&world, &entry).assert_code(0);
    assert_eq!(server.commands(), ["REGISTER", "NOTIFY"]);
}

#[test]
fn another_channel_is_not_stopped_by_growl() {
    let world = World::new();
    let mail = crate::support::smtp_server::SmtpServer::builder().start();
    let port = closed_port();
    let task = world.task(&json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": mail.account("jon", "none"),
            "tls": { "mode": "none" },
        },
        "growl": { "host": "127.0.0.1", "port": port.address.port() },
    }));
    let output = world.command(&["notify", "--exit-code", "1", "--json"]).task(&task).run();
    output.assert_code(0).assert_stderr_has("growl");
    let deliveries = output.json()["deliveries"].clone();
    let of = |n: usize| (deliveries[n]["channel"].clone(), deliveries[n]["status"].clone());
    assert_eq!(of(0), (json!("email"), json!("sent")));
    assert_eq!(of(1), (json!("growl"), json!("failed")));
}
