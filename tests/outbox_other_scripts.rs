//! Addresses in other scripts (RFC 6531) in messages that wait: nobody is given up because one server cannot reach
//! them.

use serde_json::{Value, json};

use crate::support::smtp_server::{Mode, SmtpServer};
use crate::waiting::{Known, Waiting, is_late};

fn server(waiting: &Waiting, smtputf8: bool) -> SmtpServer {
    waiting.site.server(Mode::Implicit).smtputf8(smtputf8).start()
}

/// What `outbox list` says of the one message that waits.
fn listed(waiting: &Waiting) -> Value {
    let folder = waiting.folder().to_str().unwrap();
    let output = waiting.site.world.run(&["outbox", "list", "--json", "--outbox", folder]);
    let messages = output.json()["messages"].as_array().unwrap().clone();
    let [message] = &messages[..] else { output.fail("expected one message") };
    message.clone()
}

#[test]
fn who_can_be_reached_gets_it_and_the_others_wait_for_a_server_that_reaches_them() {
    let waiting = Waiting::new();
    let mut task = waiting.task_without_server();
    task["email"]["to"] = json!(["ops@example.test", "jürgen@example.test"]);
    let kept = waiting.keep(&task, 75);

    let plain = server(&waiting, false);
    task["email"]["account"] = waiting.task(&plain)["email"]["account"].clone();
    waiting.site.world.task(&task);
    waiting.send().assert_code(69).assert_stdout_has("sent to 1 of 2 recipients");
    let message = plain.message();
    assert_eq!(message.accepted_recipients(), ["ops@example.test"]);
    assert!(message.text().contains("\r\nTo: ops@example.test\r\n"), "{}", message.text());
    assert!(message.text().is_ascii());
    let listed = listed(&waiting);
    assert_eq!(listed["recipients"], json!(["jürgen@example.test"]));
    assert!(listed["last_error"].as_str().unwrap().contains("no SMTPUTF8"), "{listed}");
    // nobody else is asked for again
    waiting.send().assert_code(69).assert_stderr_has("SMTPUTF8");
    assert_eq!(plain.messages().len(), 1);

    let other = server(&waiting, true);
    task["email"]["account"] = waiting.task(&other)["email"]["account"].clone();
    waiting.site.world.task(&task);
    let output = waiting.send();
    output.assert_code(0);
    let message = other.message();
    assert_eq!(message.accepted_recipients(), ["jürgen@example.test"]);
    assert!(message.text().contains("jürgen@example.test"));
    assert!(is_late(&message));
    assert_eq!(Known::of_envelope(&message).message_id, kept.message_id);
    waiting.assert_empty(&output);
}

#[test]
fn the_own_message_waits_for_whom_its_server_cannot_reach() {
    let waiting = Waiting::new();
    let plain = server(&waiting, false);
    let mut task = waiting.task(&plain);
    task["email"]["to"] = json!(["ops@example.test", "jürgen@example.test"]);
    let output = waiting.notify(&task);
    output.assert_code(69);
    assert_eq!(output.json()["deliveries"][0]["status"], "sent");
    assert_eq!(plain.message().accepted_recipients(), ["ops@example.test"]);
    let listed = listed(&waiting);
    assert_eq!(listed["recipients"], json!(["jürgen@example.test"]));
    assert_eq!(listed["last_code"], 69);
}

#[test]
fn a_sender_in_another_script_that_the_task_has_got_meanwhile_waits_for_a_server_that_takes_it() {
    let waiting = Waiting::new();
    let mut task = waiting.task_without_server();
    waiting.keep(&task, 75);
    let plain = server(&waiting, false);
    task["email"]["from"] = json!("jürgen@example.test");
    task["email"]["account"] = waiting.task(&plain)["email"]["account"].clone();
    waiting.site.world.task(&task);
    waiting.send().assert_code(69).assert_stderr_has("SMTPUTF8");
    assert!(plain.messages().is_empty());
    assert_eq!(waiting.ids().len(), 1);

    let other = server(&waiting, true);
    task["email"]["account"] = waiting.task(&other)["email"]["account"].clone();
    waiting.site.world.task(&task);
    let output = waiting.send();
    output.assert_code(0);
    let message = other.message();
    assert_eq!(message.parameter("SMTPUTF8"), Some(""));
    assert!(message.text().contains("\r\nFrom: jürgen@example.test\r\n"), "{}", message.text());
    waiting.assert_empty(&output);
}
