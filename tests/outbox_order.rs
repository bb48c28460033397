//! In which order messages go: the notice of this run first, then what waits, the oldest first, and last what a
//! server has refused for good; all over one connection.

use serde_json::json;

use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage};
use crate::waiting::{Known, Waiting};

fn message_ids(server: &SmtpServer) -> Vec<String> {
    server.messages().iter().map(|envelope| Known::of_envelope(envelope).message_id).collect()
}

/// Has so many messages wait; returns their ids, the oldest first.
fn kept(waiting: &Waiting, count: usize) -> Vec<String> {
    let mut lost = waiting.task_without_server();
    lost["deadline"] = json!("1s");
    (0..count).map(|_| waiting.keep(&lost, 75).message_id).collect()
}

#[test]
fn the_own_message_goes_first_and_then_the_oldest_over_one_connection() {
    let waiting = Waiting::new();
    let old = kept(&waiting, 3);
    let server = waiting.server();
    let output = waiting.notify(&waiting.task(&server));
    output.assert_code(0);
    let own = output.json()["deliveries"][0]["message_id"].as_str().unwrap().to_owned();
    assert_eq!(message_ids(&server), [vec![own], old].concat());
    waiting.assert_empty(&output);
    let session = server.session();
    assert_eq!(session.sign_ins.len(), 1, "{session}");
    assert!(session.quit);
    server.assert_clean();
}

#[test]
fn what_waits_is_sent_by_age_over_one_connection() {
    let waiting = Waiting::new();
    let old = kept(&waiting, 3);
    let server = waiting.server();
    waiting.site.world.task(&waiting.task(&server));
    let output = waiting.send();
    output.assert_code(0);
    assert_eq!(message_ids(&server), old);
    assert_eq!(server.session().sign_ins.len(), 1);
    server.assert_clean();
}

#[test]
fn what_a_server_has_refused_for_good_goes_after_the_others() {
    let waiting = Waiting::new();
    let refusing =
        waiting.site.server(Mode::Implicit).fault(Stage::FinalDot, Action::reply("554 5.7.1 never")).start();
    let refused = waiting.keep(&waiting.task(&refusing), 69).message_id;
    let old = kept(&waiting, 2);
    let server = waiting.server();
    waiting.site.world.task(&waiting.task(&server));
    let output = waiting.send();
    output.assert_code(0);
    assert_eq!(message_ids(&server), [old, vec![refused]].concat());
    waiting.assert_empty(&output);
}

#[test]
fn what_one_server_refuses_holds_up_nothing_that_is_behind_it() {
    let waiting = Waiting::new();
    let old = kept(&waiting, 3);
    // the first message of the connection is refused, and the session goes on
    let server = waiting
        .site
        .server(Mode::Implicit)
        .fault_on(1, Stage::Rcpt(1), Action::reply("450 4.2.0 not now"))
        .start();
    let mut task = waiting.task(&server);
    waiting.site.world.task(&task);
    assert_ne!(waiting.send().code(), Some(0));
    let other = waiting.server();
    task["email"]["account"] = waiting.task(&other)["email"]["account"].clone();
    waiting.site.world.task(&task);
    let output = waiting.send();
    output.assert_code(0);
    let mut arrived = [message_ids(&server), message_ids(&other)].concat();
    arrived.sort();
    let mut old = old;
    old.sort();
    assert_eq!(arrived, old);
}

#[test]
fn a_server_that_takes_all_the_time_leaves_half_of_it_to_the_others() {
    let waiting = Waiting::new();
    let first = kept(&waiting, 1);
    let mut other = waiting.task_without_server();
    other["deadline"] = json!("1s");
    let path = waiting.site.world.write("other.json", other.to_string());
    waiting.site.world.command(&["notify", "--exit-code", "1"]).task(&path).run().assert_code(75);
    assert_eq!(waiting.ids().len(), 2);
    let stalling = waiting.site.server(Mode::Implicit).fault(Stage::Mail, Action::Stall).start();
    waiting.site.world.task(&waiting.task(&stalling));
    let server = waiting.server();
    waiting.site.world.write("other.json", waiting.task(&server).to_string());
    let folder = waiting.folder().to_str().unwrap().to_owned();
    let output =
        waiting.site.world.run(&["outbox", "send", "--outbox", &folder, "--deadline", "6s", "--json"]);
    output.assert_code(75);
    assert_eq!(server.messages().len(), 1, "{output}");
    let result = output.json();
    assert_eq!((&result["sent"], &result["waiting"]), (&json!(1), &json!(1)), "{output}");
    assert_eq!(result["messages"][0]["message_id"], first[0].as_str(), "{output}");
}
