//! `outbox list` and `outbox remove`, on folders that were written by the documented format.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::outbox::Outbox;
use crate::support::world::World;

const FIRST: &str = "20261122T215559.123-0a1b2c3d";
const SECOND: &str = "20261123T071057.004-ffffffff";
const THIRD: &str = "20261123T071057.005-00000000";
const MESSAGE: &str = "Subject: x\r\n\r\nIt failed.\r\n";

/// An outbox with two messages, of which the older was tried.
fn two(world: &World) -> Outbox<'_> {
    let outbox = Outbox::own(world);
    outbox.put(SECOND, MESSAGE, |entry| entry["queued"] = "2026-11-23T07:10:57.004Z".into());
    outbox.put(FIRST, MESSAGE, |entry| {
        entry["attempts"] = 3.into();
        entry["tried"] = "2026-11-23T06:00:00Z".into();
        entry["last_error"] = "smtp.example.test:587 cannot be reached:\u{1b}[31m connection refused".into();
        entry["last_code"] = 75.into();
        entry["recipients"] = json!(["ops@example.test", "kim@example.test"]);
    });
    outbox
}

#[test]
fn what_waits_is_listed_the_oldest_first() {
    let world = World::new();
    let outbox = two(&world);
    let output = world.command(&["outbox", "list"]).env("TZ", "UTC").run();
    output.assert_success().assert_stderr_is_empty().assert_stdout_is(&format!(
        "\
MESSAGE                       KEPT              TASK     SUBJECT
{FIRST}  2026-11-22 21:55  Nightly  Nightly: the backup failed
  to ops@example.test, kim@example.test; tried 3 times, last 2026-11-23 06:00: smtp.example.test:587 cannot be reached:\u{fffd}[31m connection refused
{SECOND}  2026-11-23 07:10  Nightly  Nightly: the backup failed
  to ops@example.test; not tried yet
"
    ));
    let result = world.run(&["outbox", "list", "--json"]).assert_success().json();
    assert_eq!(
        result["messages"][0],
        json!({
            "id": FIRST,
            "message_id": format!("<{FIRST}@example.test>"),
            "task": world.path().join("task.json"),
            "name": "Nightly",
            "subject": "Nightly: the backup failed",
            "outcome": "error",
            "queued": "2026-11-22T21:55:59Z",
            "attempts": 3,
            "tried": "2026-11-23T06:00:00Z",
            "last_error": "smtp.example.test:587 cannot be reached:\u{1b}[31m connection refused",
            "last_code": 75,
            "recipients": ["ops@example.test", "kim@example.test"],
            "size": MESSAGE.len(),
        })
    );
    assert_eq!(result["messages"][1]["id"], SECOND);
    assert_eq!(result["messages"][1]["last_error"], Value::Null);
    assert_eq!((&result["damaged"], &result["complete"]), (&json!([]), &json!(true)));
    assert_eq!(result["folder"], outbox.folder().to_str().unwrap());
    // and nothing was touched: no lock, no folder for what is set aside
    assert_eq!(outbox.names().len(), 5);
}

#[test]
fn at_a_terminal_subjects_are_shortened_to_its_width() {
    let world = World::new();
    Outbox::own(&world).put(FIRST, MESSAGE, |entry| entry["subject"] = "word ".repeat(40).into());
    for (columns, shortened) in [(80, "word word word word wo…"), (40, "word word…")] {
        let talked = world.at_a_terminal(&["outbox", "list"]).columns(columns).run();
        talked.assert_code(0).assert_shown(shortened).assert_shown("not tried yet");
        assert!(!talked.shown().contains(&"word ".repeat(8)), "{}", talked.output);
    }
}

#[test]
fn an_outbox_that_is_empty_or_missing_is_said_and_no_failure() {
    let world = World::new();
    let output = world.run(&["outbox", "list"]);
    output.assert_success().assert_stdout_is("").assert_stderr_has("nothing waits: the outbox");
    output.assert_stderr_has("does not exist");
    assert_eq!(world.run(&["outbox", "list", "--json"]).assert_success().json()["messages"], json!([]));
    world.run(&["outbox", "remove", "--all", "--yes"]).assert_success();
    assert!(!world.home().join(".local").exists(), "looking makes no folder");
    let outbox = Outbox::own(&world);
    world.run(&["outbox", "list"]).assert_success().assert_stderr_has("is empty");
    world.run(&["outbox", "list", "-q"]).assert_success().assert_stderr_is_empty();
    assert_eq!(outbox.names(), ["key"]);
}

#[test]
fn another_folder_is_looked_into_where_it_is_named() {
    let world = World::new();
    Outbox::at(&world, "elsewhere/out box").put(FIRST, MESSAGE, |_| ());
    for folder in ["elsewhere/out box", "elsewhere/../elsewhere/out box"] {
        world.run(&["outbox", "list", "--outbox", folder]).assert_success().assert_stdout_has(FIRST);
    }
    let inside = world.command(&["outbox", "list", "--outbox", "."]).in_folder("elsewhere/out box").run();
    inside.assert_success().assert_stdout_has(FIRST);
    world.run(&["outbox", "remove", FIRST]).assert_code(66);
    world.run(&["outbox", "remove", FIRST, "--outbox", "elsewhere/out box"]).assert_success();
    world.run(&["outbox", "list", "--outbox", ""]).assert_code(64);
}

#[test]
fn what_is_damaged_is_named_beside_the_others() {
    let world = World::new();
    let outbox = two(&world);
    let forged = fs::read_to_string(outbox.facts(FIRST)).unwrap().replace("ops@", "oops@");
    fs::write(outbox.facts(FIRST), forged).unwrap();
    let output = world.run(&["outbox", "list"]);
    output
        .assert_success()
        .assert_stdout_has(SECOND)
        .assert_stderr_has("does not have the seal of this outbox");
    assert!(!output.stdout.contains(FIRST));
    let result = world.run(&["outbox", "list", "--json"]).assert_success().json();
    assert_eq!(result["messages"].as_array().unwrap().len(), 1);
    assert_eq!(result["damaged"][0]["path"], outbox.facts(FIRST).to_str().unwrap());
    assert_eq!(outbox.names().len(), 5, "listing changes nothing");
    // who wants it removed sees it set aside
    let output = world.run(&["outbox", "remove", FIRST]);
    output.assert_success().assert_stdout_is("").assert_stderr_has("and was moved to");
    assert!(outbox.folder().join(format!("aside/{FIRST}.json")).exists());
    world.run(&["outbox", "list"]).assert_success().assert_stdout_has(SECOND).assert_stderr_is_empty();
}

#[test]
fn a_folder_or_key_that_cannot_be_used_is_said_with_what_to_type() {
    let world = World::new();
    let outbox = two(&world);
    let commands: [&[&str]; 3] =
        [&["outbox", "list"], &["outbox", "remove", FIRST], &["outbox", "remove", "--all", "--yes"]];
    fs::remove_file(outbox.folder().join("key")).unwrap();
    for command in commands {
        let output = world.run(command);
        output.assert_code(77).assert_stderr_has("the key of the outbox is missing").assert_stderr_has("mv ");
    }
    fs::set_permissions(outbox.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    for command in commands {
        let output = world.run(command);
        output.assert_code(77).assert_stderr_has(&format!("chmod 700 {}", outbox.folder().display()));
    }
    assert_eq!(outbox.names().len(), 4);
}

#[test]
fn a_message_is_removed_by_its_name_and_no_other() {
    let world = World::new();
    let outbox = two(&world);
    world
        .run(&["outbox", "remove", THIRD])
        .assert_code(66)
        .assert_stderr_has("no message")
        .assert_stderr_has(THIRD);
    for bad in ["x", "../../etc/passwd", &format!("{FIRST}.eml")] {
        world.run(&["outbox", "remove", FIRST, bad]).assert_code(64);
    }
    world.run(&["outbox", "remove"]).assert_code(64);
    assert_eq!(outbox.names().len(), 5);
    let result = world.run(&["outbox", "remove", FIRST, THIRD, FIRST, "--json"]).assert_code(66).json();
    assert_eq!((&result["removed"], &result["busy"]), (&json!([FIRST]), &json!([])));
    assert_eq!((result["errors"].as_array().unwrap().len(), &result["exit_code"]), (1, &json!(66)));
    assert_eq!(outbox.names(), [format!("{SECOND}.eml"), format!("{SECOND}.json"), "key".to_owned()]);
    world
        .run(&["outbox", "remove", SECOND])
        .assert_success()
        .assert_stdout_is(&format!("removed: {SECOND}\n"));
    assert_eq!(outbox.names(), ["key"]);
}

#[test]
fn what_is_being_sent_is_not_removed() {
    let world = World::new();
    let outbox = two(&world);
    let sending = outbox.hold(FIRST);
    let output = world.run(&["outbox", "remove", "--all", "--yes"]);
    output.assert_code(75).assert_stdout_is(&format!("removed: {SECOND}\n"));
    output.assert_stderr_has(&format!("the message {FIRST} is being sent just now, and was not removed"));
    let result = world.run(&["outbox", "remove", FIRST, "--json"]).assert_code(75).json();
    assert_eq!((&result["removed"], &result["busy"]), (&json!([]), &json!([FIRST])));
    // it can be looked at all the same
    world.run(&["outbox", "list"]).assert_success().assert_stdout_has(FIRST);
    drop(sending);
    world.run(&["outbox", "remove", FIRST]).assert_success();
}

#[test]
fn everything_is_removed_only_when_somebody_has_said_so() {
    let world = World::new();
    let outbox = two(&world);
    world.run(&["outbox", "remove", "--all"]).assert_code(64).assert_stderr_has("add --yes");
    for (answer, code, left) in [("", 64, 5), ("n", 64, 5), ("y", 0, 1)] {
        let talk = world.at_a_terminal(&["outbox", "remove", "--all"]);
        talk.answer("Nobody will get them. [y/N] ", answer).run().assert_code(code);
        assert_eq!(outbox.names().len(), left, "{answer:?}");
    }
    two(&world);
    world.run(&["outbox", "remove", "--all", "--yes"]).assert_success().assert_stderr_is_empty();
    assert_eq!(outbox.names(), ["key"]);
}

#[test]
fn what_is_asked_for_the_completions_never_fails_and_never_talks() {
    let world = World::new();
    let offered = || {
        let output = world.run(&["outbox", "list", "--complete"]);
        output.assert_success().assert_stderr_is_empty();
        output.stdout
    };
    assert_eq!(offered(), "");
    let outbox = Outbox::own(&world);
    outbox.put(FIRST, MESSAGE, |entry| entry["subject"] = "a\tb\u{1b}c".into());
    assert_eq!(offered(), format!("{FIRST}\ta b\u{fffd}c\n"));
    fs::write(outbox.folder().join("key"), "damaged").unwrap();
    assert_eq!(offered(), "");
}
