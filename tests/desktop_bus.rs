//! The desktop by a scripted bus: what is said to it, and what becomes of a notice when it misbehaves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::certs::hex;
use crate::support::dbus::ScriptedBus;
use crate::support::output::Output;
use crate::support::people::KIM;
use crate::support::run::Run;
use crate::support::world::World;

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

fn world() -> World {
    let world = World::new();
    world.task(&json!({
        "name": "Nightly <b>&amp;",
        "source": "/home/<kim>",
        "desktop": true,
        "deadline": "1s",
    }));
    world
}

fn command<'w>(world: &'w World, arguments: &[&str], bus: &ScriptedBus) -> Run<'w> {
    world.command(arguments).task(&world.path().join("task.json")).env(BUS, bus.address())
}

fn notify(bus: &ScriptedBus) -> Output {
    command(&world(), &["notify", "--status", "success", "--json"], bus).run()
}

fn delivery(output: &Output) -> Value {
    output.json()["deliveries"][0].clone()
}

/// Runs against a bus with this fault, and checks how it ends: never as sent, and in time.
fn fails(faults: &[&str], code: i32, words: &str) -> String {
    let bus = ScriptedBus::start(faults);
    let output = notify(&bus);
    let delivery = delivery(output.assert_code(code).assert_within(Duration::from_secs(4)));
    assert_eq!(delivery["status"], "failed", "{faults:?}");
    let detail = delivery["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{faults:?}: {detail}");
    assert!(!detail.contains('\u{1b}'), "{detail}");
    assert!(delivery["hint"].is_string(), "{faults:?}");
    delivery["hint"].as_str().unwrap().to_owned()
}

#[test]
fn each_event_has_its_urgency_its_icon_and_its_time() {
    let hints = |category: &str, urgency: u8| json!({"category": {"s": category}, "urgency": {"y": urgency}});
    for (arguments, icon, mut expected, transient, expires) in [
        (&["--event", "begin"][..], "dialog-information", hints("transfer", 0), true, -1),
        (&["--status", "success"], "dialog-information", hints("transfer.complete", 1), false, -1),
        (&["--status", "warning"], "dialog-warning", hints("transfer.complete", 1), false, 0),
        (&["--status", "error"], "dialog-error", hints("transfer.error", 2), false, 0),
    ] {
        let bus = ScriptedBus::start(&[]);
        let output = command(&world(), &["notify", "--json"], &bus).args(arguments).run();
        assert_eq!(delivery(output.assert_success())["status"], "sent");
        assert_eq!(bus.calls(), ["Hello", "GetCapabilities", "Notify"]);
        let notice = bus.notice();
        assert_eq!((&notice[0], &notice[2]), (&json!("backup-notify"), &json!(icon)));
        assert_eq!((&notice[5], &notice[7]), (&json!([]), &json!(expires)));
        let given = notice[6].as_array().unwrap().iter();
        let mut given: serde_json::Map<_, _> =
            given.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone())).collect();
        let tag = given.remove("x-dunst-stack-tag").unwrap()["s"].as_str().unwrap().to_owned();
        assert!(tag.starts_with("backup-notify-") && tag.len() == 30, "{tag}");
        if transient {
            expected["transient"] = json!({"b": 1});
        }
        assert_eq!(Value::Object(given), expected);
    }
}

#[test]
fn every_notice_of_a_task_replaces_the_one_before() {
    let replaced = |name: &str| {
        let world = World::new();
        let task = world.task(&json!({ "name": name, "desktop": true }));
        [&["--event", "begin"][..], &["--status", "error"]].map(|arguments| {
            let bus = ScriptedBus::start(&[]);
            let run = world.command(&["notify"]).args(arguments).task(&task).env(BUS, bus.address());
            run.run().assert_success();
            bus.notice()[1].as_u64().unwrap()
        })
    };
    let [began, ended] = replaced("Nightly");
    assert_eq!(began, ended);
    assert!((0x4000_0000..=0x7fff_ffff).contains(&began), "{began:x}");
    assert_ne!(replaced("Weekly")[0], began);
}

#[test]
fn the_tag_of_swaync_is_sent_to_swaync_only() {
    for (faults, sent) in [(&["synchronous"][..], true), (&[], false)] {
        let bus = ScriptedBus::start(faults);
        notify(&bus).assert_success();
        let hints = bus.notice()[6].to_string();
        assert_eq!(hints.contains("x-canonical-private-synchronous"), sent, "{hints}");
    }
}

#[test]
fn the_body_is_escaped_only_where_it_is_markup() {
    for (faults, text) in [(&[][..], "/home/&lt;kim&gt;"), (&["plain"], "/home/<kim>")] {
        let bus = ScriptedBus::start(faults);
        command(&world(), &["notify", "--event", "begin"], &bus).run().assert_success();
        let notice = bus.notice();
        // the title is never markup
        assert_eq!(notice[3], "Backup started: Nightly <b>&amp;");
        assert!(notice[4].as_str().unwrap().starts_with(text), "{notice}");
    }
}

#[test]
fn who_connects_says_so_by_the_socket() {
    let bus = ScriptedBus::start(&["big"]);
    assert_eq!(delivery(notify(&bus).assert_success())["status"], "sent");
    let log = bus.log();
    let name = hex(log[0]["uid"].to_string().as_bytes());
    assert_eq!(log[1]["auth"], format!("AUTH EXTERNAL {name}"));
    assert_eq!(log[2]["to"], "org.freedesktop.DBus");
    assert_eq!(log[3]["path"], "/org/freedesktop/Notifications");
    assert_eq!(log[3]["interface"], "org.freedesktop.Notifications");
}

#[test]
fn a_check_shows_nothing() {
    let bus = ScriptedBus::start(&[]);
    let output = command(&world(), &["check"], &bus).run();
    output.assert_success().assert_stdout_has("Scripted \u{FFFD}[31mservice would show it to ");
    output.assert_stdout_has("; nothing was shown");
    assert_eq!(bus.calls(), ["Hello", "GetServerInformation"]);
    let bus = ScriptedBus::start(&["hang:auth"]);
    command(&world(), &["check", "--offline"], &bus).run().assert_success();
    assert_eq!(bus.log(), [] as [Value; 0]);
}

#[test]
fn the_address_may_be_a_list_with_escapes_and_abstract_names() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("a b;c");
    let bus = ScriptedBus::start_at(&socket, &[]);
    let escaped = socket.to_str().unwrap().replace(' ', "%20").replace(';', "%3b");
    let list = format!("tcp:host=localhost,port=1;unix:path=/nowhere/at/all;unix:guid=00,path={escaped}");
    let world = world();
    let run = |address: &str| {
        let task = world.path().join("task.json");
        world.command(&["notify", "--status", "success"]).task(&task).env(BUS, address)
    };
    run(&list).run().assert_success();
    assert_eq!(bus.calls().len(), 3);
    let name = format!("backup-notify-test-{}", std::process::id());
    // not as root, who asks nobody whose socket has no file
    let bus = ScriptedBus::start_for(KIM, format!("@{name}").as_ref(), &[]);
    run(&format!("unix:abstract={name}")).as_user(KIM, KIM).run().assert_success();
    assert_eq!(bus.calls().len(), 3);
}

#[test]
fn a_bus_that_never_answers_is_not_waited_for() {
    fails(&["backlog"], 75, "the session bus did not answer within ");
    fails(&["hang:auth"], 75, "the session bus did not answer within ");
    fails(&["hang:hello"], 75, "the session bus did not answer within ");
    fails(&["hang:capabilities"], 75, "the notification service did not answer within ");
    let hint = fails(&["hang:notify"], 75, "the notification service did not answer within ");
    assert!(hint.contains("notify-send test"), "{hint}");
}

#[test]
fn a_bus_that_answers_byte_by_byte_is_not_waited_for() {
    for step in ["auth", "hello", "capabilities", "notify"] {
        fails(&[&format!("drip:{step}")], 75, "did not answer within ");
    }
}

#[test]
fn a_bus_that_closes_has_not_shown_anything() {
    for step in ["auth", "hello", "capabilities", "notify"] {
        for what in ["close", "half"] {
            fails(&[&format!("{what}:{step}")], 76, "the session bus closed the connection while ");
        }
    }
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    for step in ["hello", "capabilities", "notify"] {
        for what in ["garbage", "huge", "header", "endless"] {
            fails(&[&format!("{what}:{step}")], 76, " sent what is no answer while ");
        }
        fails(&[&format!("serial:{step}")], 75, "did not answer within ");
    }
    for fault in ["type:capabilities", "type:notify", "zero:notify"] {
        fails(&[fault], 76, "it is not of the type that the specification says");
    }
    fails(&["endless:auth"], 76, "does not speak D-Bus");
    fails(&["says=HTTP/1.0 400 Bad Request:auth"], 76, "does not speak D-Bus");
}

#[test]
fn a_bus_that_lets_nobody_in_is_explained() {
    for (said, words) in
        [("REJECTED DBUS_COOKIE_SHA1", "it offers DBUS_COOKIE_SHA1"), ("ERROR no", "ERROR no")]
    {
        let hint = fails(&[&format!("says={said}:auth")], 77, "does not let this user in");
        assert!(hint.contains("as the person whose session it is"), "{hint}");
        fails(&[&format!("says={said}:auth")], 77, words);
    }
}

#[test]
fn an_error_of_the_service_is_told_in_its_words() {
    for (name, code) in [
        ("org.freedesktop.DBus.Error.AccessDenied", 69),
        ("org.freedesktop.DBus.Error.UnknownMethod", 69),
        ("org.freedesktop.DBus.Error.NoReply", 75),
        ("org.freedesktop.DBus.Error.LimitsExceeded", 75),
        ("org.freedesktop.Notifications.Error.ExcessNotificationGeneration", 75),
        ("com.example.Error.Odd\u{1b}[31m", 69),
    ] {
        let short = name.trim_start_matches("org.freedesktop.DBus.Error.").replace('\u{1b}', "\u{FFFD}");
        let words = format!("the notification service refused: {short} (the words\u{FFFD}[31m of the error)");
        fails(&[&format!("error={name}:notify")], code, &words);
    }
    fails(
        &["error=org.freedesktop.DBus.Error.LimitsExceeded:hello"],
        75,
        "the session bus refused: LimitsExceeded",
    );
}

#[test]
fn a_backup_begins_in_time_whatever_the_bus_does() {
    let world = World::new();
    let task = world.task(&json!({ "name": "Nightly", "desktop": true }));
    for fault in ["backlog", "hang:auth", "hang:notify"] {
        let bus = ScriptedBus::start(&[fault]);
        let run = world.command(&["notify", "--event", "begin"]).task(&task).env(BUS, bus.address());
        let output = run.run();
        output.assert_success().assert_within(Duration::from_millis(5500));
        output.assert_stderr_has("did not answer within ");
    }
}
