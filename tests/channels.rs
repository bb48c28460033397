//! Several channels of one task: each does its own, whatever becomes of the others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gntp::{Act, GntpServer};
use crate::support::output::Output;
use crate::support::smtp_server::{SmtpServer, closed_port, silent_port};
use crate::support::world::World;

/// An e-mail by a server on this port, which wants no password.
fn email(port: u16) -> Value {
    json!({
        "to": "kim@example.test",
        "from": "jon@example.test",
        "account": { "host": "127.0.0.1", "port": port, "auth": "none" },
        "tls": { "mode": "none" },
    })
}

fn notify(world: &World, task: &Value, arguments: &[&str]) -> Output {
    let path = world.task(task);
    // a user who is nobody's: this computer has no session of theirs
    world.command(&["notify", "--json"]).args(arguments).task(&path).as_user(4242, 4242).run()
}

/// What became of each channel: its name, status and code.
fn ends(output: &Output) -> Vec<(String, String, i64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = output.json()["deliveries"].as_array().unwrap().clone();
    let end = |d: &Value| (text(&d["channel"]), text(&d["status"]), d["exit_code"].as_i64().unwrap());
    list.iter().map(end).collect()
}

fn expected(list: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
    list.iter().map(|(channel, status, code)| ((*channel).into(), (*status).into(), *code)).collect()
}

#[test]
fn e_mail_down_growl_up_desktop_absent_and_the_result_names_all_three() {
    let world = World::new();
    let growl = GntpServer::start();
    let closed = closed_port();
    let task = json!({
        "name": "Nightly",
        "deadline": "3s",
        "email": email(closed.address.port()),
        "growl": growl.entry(&json!({})),
        "desktop": true,
    });
    let output = notify(&world, &task, &["--status", "error"]);
    output.assert_code(75);
    assert_eq!(
        ends(&output),
        expected(&[("email", "failed", 75), ("growl", "sent", 0), ("desktop", "skipped", 0)]),
        "{output}"
    );
    assert_eq!(growl.commands(), ["REGISTER", "NOTIFY"]);
    output
        .assert_stderr_has("email: ")
        .assert_stderr_has("connection refused")
        .assert_stderr_has("desktop: the user 4242 is not logged in here");
    output.assert_stderr_lacks("growl:");
    // -q leaves only what failed
    let output = notify(&world, &task, &["--status", "error", "--quiet"]);
    output.assert_code(75).assert_stderr_has("email: ").assert_stderr_lacks("desktop");
}

#[test]
fn a_mail_server_that_never_answers_leaves_the_screens_their_time() {
    let world = World::new();
    let growl = GntpServer::start();
    let silent = silent_port();
    let task = json!({
        "name": "Nightly",
        "deadline": "4s",
        "email": [email(silent.address.port()), email(silent.address.port())],
        "growl": growl.entry(&json!({})),
    });
    let output = notify(&world, &task, &["--status", "error"]);
    output.assert_code(75).assert_within(Duration::from_secs(5));
    assert_eq!(
        ends(&output),
        expected(&[("email", "failed", 75), ("email", "failed", 75), ("growl", "sent", 0)]),
        "{output}"
    );
    assert_eq!(growl.commands(), ["REGISTER", "NOTIFY"]);
}

#[test]
fn a_growl_that_never_answers_stops_nobody_and_gets_five_seconds() {
    let world = World::new();
    let growl = GntpServer::always(Act::Hold(Vec::new()));
    let server = SmtpServer::builder().start();
    let task = json!({
        "name": "Nightly",
        "email": email(server.port()),
        "growl": growl.entry(&json!({})),
        "desktop": true,
    });
    let output = notify(&world, &task, &["--status", "error"]);
    output.assert_code(0).assert_within(Duration::from_secs(8));
    assert_eq!(
        ends(&output),
        expected(&[("email", "sent", 0), ("growl", "failed", 75), ("desktop", "skipped", 0)]),
        "{output}"
    );
    assert_eq!(server.messages().len(), 1);
    output.assert_stderr_has("growl: ").assert_stderr_has("within 5 s");
    // and where there is no e-mail, its code counts
    let alone = json!({ "name": "Nightly", "deadline": "1s", "growl": growl.entry(&json!({})) });
    notify(&world, &alone, &["--status", "error"]).assert_code(75);
}

#[test]
fn a_beginning_is_for_screens_ends_with_0_and_takes_five_seconds_at_most() {
    let world = World::new();
    let growl = GntpServer::start();
    let server = SmtpServer::builder().start();
    let mut task = json!({
        "name": "Nightly",
        "source": "/home/kim",
        "destination": "/mnt/backup",
        "email": email(server.port()),
        "growl": growl.entry(&json!({})),
    });
    let output = notify(&world, &task, &["--event", "begin", "--message", "The weekly full one"]);
    output.assert_code(0).assert_stderr_is_empty();
    assert_eq!(ends(&output), expected(&[("email", "skipped", 0), ("growl", "sent", 0)]), "{output}");
    let result = output.json();
    assert_eq!((&result["decision"], &result["outcome"]), (&json!("notify"), &Value::Null));
    let notice = growl.requests().pop().unwrap();
    assert_eq!(notice.header("Notification-Name"), "begin");
    assert_eq!(notice.header("Notification-Title"), "Backup started: Nightly");
    let text = notice.header("Notification-Text");
    assert!(text.starts_with("The weekly full one\n/home/kim \u{2192} /mnt/backup\n"), "{text}");
    // with -v the reason is there
    notify(&world, &task, &["--event", "begin", "-v"])
        .assert_stderr_has("email: the backup is only beginning");
    assert!(server.sessions().is_empty());

    // where there is only a screen, its code would count
    let closed = closed_port();
    let alone = json!({ "name": "Nightly", "growl": { "port": closed.address.port() } });
    let output = notify(&world, &alone, &["--event", "begin"]);
    output.assert_code(0);
    assert_eq!(ends(&output), expected(&[("growl", "failed", 75)]), "{output}");
    assert_eq!(output.json()["exit_code"], 0);
    notify(&world, &alone, &["--status", "error"]).assert_code(75);

    // nobody answers, and the task would wait for an hour
    let mute = GntpServer::always(Act::Hold(Vec::new()));
    task["growl"] = mute.entry(&json!({}));
    task["desktop"] = json!(true);
    task["deadline"] = json!("1h");
    // by now the world is the other user's, and this bus has to be the running user's own
    let world = World::new();
    let path = world.task(&task);
    let bus = std::os::unix::net::UnixListener::bind(world.path().join("bus")).unwrap();
    let output = world
        .command(&["notify", "--event", "begin", "--json"])
        .task(&path)
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", world.path().display()))
        .run();
    drop(bus);
    output.assert_code(0).assert_within(Duration::from_secs(5));
    assert_eq!(
        ends(&output),
        expected(&[("email", "skipped", 0), ("growl", "failed", 75), ("desktop", "failed", 75)]),
        "{output}"
    );
    assert_eq!(output.json()["exit_code"], 0);
}

#[test]
fn each_screen_shows_the_events_that_it_lists() {
    let world = World::new();
    let growl = GntpServer::start();
    let calls: [(&str, &[&str]); 6] = [
        ("begin", &["--event", "begin"]),
        ("success", &["--status", "success"]),
        ("warning", &["--status", "warning"]),
        ("warning", &["--status", "skipped"]),
        ("error", &["--status", "error"]),
        ("error", &["--status", "interrupted"]),
    ];
    for events in [json!(["begin"]), json!(["success", "warning"]), json!(["error"]), Value::Null] {
        let more = if events.is_null() { json!({}) } else { json!({ "events": events }) };
        let task = json!({ "name": "Nightly", "growl": growl.entry(&more) });
        for (counts_as, arguments) in calls {
            let before = growl.requests().len();
            let output = notify(&world, &task, arguments);
            output.assert_code(0);
            let wanted = events.is_null() || events.as_array().unwrap().contains(&json!(counts_as));
            let requests = growl.requests();
            assert_eq!(
                requests.len() - before,
                if wanted { 2 } else { 0 },
                "{events} {arguments:?}\n{output}"
            );
            assert_eq!(output.json()["decision"], if wanted { "notify" } else { "silent" });
            if wanted {
                assert_eq!(requests.last().unwrap().header("Notification-Name"), counts_as);
            }
        }
    }
}

#[test]
fn the_flag_for_growl_names_another_receiver_than_the_task() {
    let world = World::new();
    let (mine, other) = (GntpServer::start(), GntpServer::start());
    let task = json!({ "name": "Nightly", "growl": mine.entry(&json!({})) });
    notify(&world, &task, &["--status", "error", "--growl", &format!("127.0.0.1:{}", other.port())])
        .assert_code(0);
    assert_eq!((mine.commands().len(), other.commands().len()), (0, 2));
    // the port is the task's where the host is
    notify(&world, &task, &["--status", "error", "--growl", "127.0.0.1"]).assert_code(0);
    assert_eq!((mine.commands().len(), other.commands().len()), (2, 2));
    // and without a task
    let port = format!("--growl=127.0.0.1:{}", other.port());
    world.run(&["notify", "--name", "x", "--status", "success", &port]).assert_code(0);
    assert_eq!(other.commands().len(), 4);
    for (typed, said) in [
        ("[::1", "the bracket before the address is not closed"),
        ("http://kim:hunter2@imac.local", "found a URL"),
        ("imac.local:growl", "is no port"),
        ("a b", "expected a host name"),
    ] {
        let output = world.run(&["notify", "--name", "x", "--status", "success", "--growl", typed]);
        output.assert_code(64).assert_stderr_has(said).assert_stderr_lacks("hunter2");
    }
}

#[test]
fn a_password_kept_for_one_computer_goes_to_no_other() {
    let world = World::new();
    let growl = GntpServer::with_password(world.secret());
    let account = format!("growl:127.0.0.1:{}", growl.port());
    world.command(&["password", "set", &account, "--stdin"]).stdin(world.secret()).run().assert_success();
    let send = |host: &str| {
        let growl = growl.entry(&json!({ "host": host, "password": { "keychain": true } }));
        let path = world.task(&json!({ "name": "Nightly", "growl": growl }));
        world.command(&["notify", "--status", "error"]).task(&path).run()
    };
    send("127.0.0.1").assert_success();
    let before = growl.requests().len();
    send("localhost").assert_code(77).assert_stderr_has("growl:localhost:");
    assert_eq!(growl.requests().len(), before);
}

#[test]
fn at_the_beginning_nobody_is_asked_for_a_password_even_at_a_terminal() {
    let world = World::new();
    let growl = GntpServer::with_password(world.secret());
    let task =
        json!({ "name": "Nightly", "growl": growl.entry(&json!({ "password": { "keychain": true } })) });
    let path = world.task(&task);
    let path = path.to_str().unwrap();
    let talked = world.at_a_terminal(&["notify", "--task", path, "--event", "begin"]).run();
    talked.assert_code(0).assert_shown("growl: ");
    assert!(!talked.shown().contains("Password"), "{}", talked.shown());
    assert!(growl.requests().is_empty());
    // at the end somebody who is there is asked
    let talked = world
        .at_a_terminal(&["notify", "--task", path, "--status", "error"])
        .secret("Password for ", world.secret())
        .run();
    talked.assert_code(0);
    assert_eq!(growl.commands(), ["REGISTER", "NOTIFY"]);
}

#[test]
fn a_test_e_mail_is_no_notice_on_a_screen_and_says_so() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let path = world.task(&json!({ "name": "Nightly", "email": email(server.port()) }));
    let output = world.command(&["test-email", "--growl", "--desktop"]).task(&path).run();
    output.assert_success().assert_stderr_has("--growl and --desktop: this command sends e-mail alone");
    let path = world.task(&json!({ "name": "Nightly", "growl": true }));
    let output = world.command(&["test-email"]).task(&path).run();
    output.assert_code(64).assert_stderr_has("its screens are tried by \"check\"");
}

#[test]
fn a_dry_run_shows_what_a_screen_would_and_asks_nobody() {
    let world = World::new();
    let closed = closed_port();
    let growl = json!({ "host": "127.0.0.1", "port": closed.address.port(), "password": { "file": "none" } });
    let task = json!({ "name": "Nightly", "redact": ["hunter2"], "growl": growl, "desktop": true });
    let path = world.task(&task);
    let arguments = ["notify", "--dry-run", "--status", "error", "--message", "no space for hunter2"];
    let output = world.command(&arguments).task(&path).run();
    output.assert_code(0).assert_stderr_lacks("hunter2").assert_stdout_has("growl: Backup failed: Nightly\n");
    output.assert_stdout_has("desktop: Backup failed: Nightly\nno space for [redacted]\n");
}

#[test]
fn check_names_every_channel_and_shows_nothing() {
    let world = World::new();
    let growl = GntpServer::start();
    let server = SmtpServer::builder().start();
    let task = json!({
        "name": "Nightly",
        "email": email(server.port()),
        "growl": growl.entry(&json!({})),
        "desktop": true,
    });
    let path = world.task(&task);
    let check = |arguments: &[&str]| {
        world.command(&["check", "--json"]).args(arguments).task(&path).as_user(4242, 4242).run()
    };
    let output = check(&[]);
    output.assert_code(0).assert_stderr_has("desktop: the user 4242 is not logged in here");
    assert_eq!(
        ends(&output),
        expected(&[("email", "checked", 0), ("growl", "checked", 0), ("desktop", "skipped", 0)]),
        "{output}"
    );
    assert_eq!(growl.commands(), ["REGISTER"]);
    assert!(server.messages().is_empty());
    let before = server.sessions().len();
    let output = check(&["--offline"]);
    output.assert_code(0);
    let checked = [("email", "checked", 0), ("growl", "checked", 0), ("desktop", "checked", 0)];
    assert_eq!(ends(&output), expected(&checked), "{output}");
    assert_eq!((growl.commands().len(), server.sessions().len()), (1, before));
}
