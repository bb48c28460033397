//! Notices through Growl: what goes over the wire, and who may say it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gntp::{Act, GntpServer, Request};
use crate::support::output::Output;
use crate::support::world::World;

const EVENTS: [&str; 4] = ["begin", "success", "warning", "error"];

/// Runs `notify` with these arguments for a task that has Growl and nothing else.
fn notify(world: &World, growl: &Value, arguments: &[&str]) -> Output {
    let task = world.task(&json!({ "name": "Nightly", "growl": growl }));
    let run = world.command(&["notify", "--json"]).args(arguments);
    run.env("GROWL_EMPTY", "").task(&task).run()
}

/// The one delivery of a run, which ended with this code.
fn delivery(output: &Output, code: i32) -> Value {
    output.assert_code(code);
    let json = output.json();
    assert_eq!(json["exit_code"], code);
    let delivery = json["deliveries"][0].clone();
    assert_eq!(delivery["channel"], "growl");
    assert_eq!(delivery["exit_code"], code);
    delivery
}

fn stages(delivery: &Value) -> Vec<&str> {
    let stages = delivery["stages"].as_array().unwrap();
    stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect()
}

/// The last notice that came.
fn notice(server: &GntpServer) -> Request {
    let last = server.requests().pop().unwrap();
    assert_eq!(last.command, "NOTIFY");
    last
}

#[test]
fn a_failed_backup_is_registered_and_shown() {
    let (world, server) = (World::new(), GntpServer::start());
    let output = notify(&world, &server.entry(&json!({})), &["--exit-code", "3", "--message", "disk full"]);
    let sent = delivery(&output, 0);
    assert_eq!(sent["status"], "sent");
    assert_eq!(sent["detail"], format!("Growl on 127.0.0.1:{} took the notice", server.port()));
    assert_eq!(stages(&sent), ["resolve", "connect", "register", "notify"]);

    let [register, notify] = &server.requests()[..] else { panic!("{:?}", server.commands()) };
    assert_eq!((register.command.as_str(), notify.command.as_str()), ("REGISTER", "NOTIFY"));
    for request in [register, notify] {
        assert!(request.proof.is_none());
        assert_eq!(request.header("Application-Name"), "backup-notify");
        assert_eq!(request.header("Origin-Software-Name"), "backup-notify");
        for (id, png) in &request.resources {
            assert!(png.starts_with(b"\x89PNG\r\n") && png.len() < 3072, "{id}");
        }
    }
    assert_eq!(register.header("Notifications-Count"), "4");
    assert_eq!((register.blocks.len(), register.resources.len()), (5, 4));
    let shown = ["Backup started", "Backup finished", "Backup finished with warnings", "Backup failed"];
    for ((block, event), shown) in register.blocks[1..].iter().zip(EVENTS).zip(shown) {
        let wanted = [
            ("Notification-Name", event),
            ("Notification-Display-Name", shown),
            ("Notification-Enabled", "True"),
        ];
        for (header, wanted) in block.iter().zip(wanted) {
            assert_eq!((header.0.as_str(), header.1.as_str()), wanted);
        }
    }
    assert_eq!(notify.header("Notification-Name"), "error");
    assert!(notify.header("Notification-Title").contains("Nightly"), "{notify:?}");
    assert!(notify.header("Notification-Text").contains("disk full"), "{notify:?}");
    assert_eq!(notify.resources.len(), 1);
}

#[test]
fn each_event_has_its_weight_and_its_picture() {
    let (world, server) = (World::new(), GntpServer::start());
    let entry = server.entry(&json!({}));
    let table: [(&[&str], [&str; 3]); 6] = [
        (&["--event", "begin"], ["begin", "-1", "False"]),
        (&["--status", "success"], ["success", "0", "False"]),
        (&["--status", "warning"], ["warning", "1", "True"]),
        (&["--status", "skipped"], ["warning", "1", "True"]),
        (&["--status", "error"], ["error", "2", "True"]),
        (&["--status", "interrupted"], ["error", "2", "True"]),
    ];
    let mut pictures = Vec::new();
    for (arguments, wanted) in table {
        delivery(&notify(&world, &entry, arguments), 0);
        let notice = notice(&server);
        let names = ["Notification-Name", "Notification-Priority", "Notification-Sticky"];
        assert_eq!(names.map(|name| notice.header(name)), wanted, "{arguments:?}");
        pictures.push((notice.header("Notification-Name").to_owned(), notice.resources));
    }
    pictures.sort();
    pictures.dedup();
    assert_eq!(pictures.len(), 4);
}

#[test]
fn what_ended_takes_the_place_of_what_began_and_of_no_other_task() {
    let (world, server) = (World::new(), GntpServer::start());
    let mut ids = Vec::new();
    for (name, arguments) in [
        ("Nightly", &["--event", "begin"][..]),
        ("Nightly", &["--status", "error"]),
        ("Weekly", &["--status", "error"]),
    ] {
        let task = world.task(&json!({ "name": name, "growl": server.entry(&json!({})) }));
        world.command(&["notify"]).args(arguments).task(&task).run().assert_success();
        let notice = notice(&server);
        assert_eq!(notice.header("Notification-ID"), notice.header("Notification-Coalescing-ID"));
        ids.push(notice.header("Notification-ID").to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[test]
fn every_hash_is_accepted_by_a_receiver_that_knows_the_password() {
    let world = World::new();
    let mut salts = Vec::new();
    for password in [world.secret(), world.odd_secret()] {
        let server = GntpServer::with_password(password);
        let file = world.write("password", password);
        for hash in ["md5", "sha1", "sha256", "sha512"] {
            let entry = server.entry(&json!({ "hash": hash, "password": { "file": file } }));
            let sent = delivery(&notify(&world, &entry, &["--status", "error"]), 0);
            assert_eq!(stages(&sent), ["secret", "resolve", "connect", "register", "notify"]);
            for request in server.requests().iter().rev().take(2) {
                let (algorithm, _, salt) = request.proof.clone().unwrap();
                assert_eq!(algorithm, hash.to_uppercase());
                salts.push(salt);
            }
        }
        // unless the task says otherwise
        let entry = server.entry(&json!({ "password": { "file": file } }));
        delivery(&notify(&world, &entry, &["--status", "error"]), 0);
        assert_eq!(notice(&server).proof.unwrap().0, "SHA256");
    }
    assert_eq!(salts.len(), 16);
    salts.sort();
    salts.dedup();
    assert_eq!(salts.len(), 16, "a salt was used twice");
}

#[test]
fn a_wrong_password_is_refused_and_nothing_is_shown() {
    let world = World::new();
    let file = world.write("password", world.secret().to_owned() + "x");
    for server in [GntpServer::with_password(world.secret()), GntpServer::mute_with_password(world.secret())]
    {
        let slot = format!("backup-notify password set growl:127.0.0.1:{}", server.port());
        let entry = server.entry(&json!({ "password": { "file": file } }));
        let failed = delivery(&notify(&world, &entry, &["--status", "error"]), 77);
        assert_eq!(failed["status"], "failed");
        assert!(failed["hint"].as_str().unwrap().contains("has to be the one in Growl's settings there"));
        assert_eq!(server.commands(), ["REGISTER"]);

        // one that was kept is to be kept anew
        let place = format!("growl:127.0.0.1:{}", server.port());
        let keep = world.command(&["password", "set", &place, "--stdin"]).stdin(world.odd_secret());
        keep.run().assert_success();
        let entry = server.entry(&json!({ "password": { "keychain": true } }));
        let failed = delivery(&notify(&world, &entry, &["--status", "error"]), 77);
        assert!(failed["hint"].as_str().unwrap().ends_with(&slot), "{failed}");
        assert_eq!(server.commands().len(), 2);
    }
}

#[test]
fn a_password_that_is_wanted_and_not_there_is_asked_for() {
    let world = World::new();
    for (server, code) in [
        (GntpServer::with_password(world.secret()), 77),
        // what it has against us, it does not say
        (GntpServer::mute_with_password(world.secret()), 76),
    ] {
        let failed = delivery(&notify(&world, &server.entry(&json!({})), &["--status", "error"]), code);
        let hint = failed["hint"].as_str().unwrap();
        assert!(hint.contains("\"password\": {\"keychain\": true}"), "{hint}");
        assert!(hint.contains("backup-notify password set growl:127.0.0.1:"), "{hint}");
    }
}

#[test]
fn the_password_comes_from_every_source() {
    let world = World::new();
    let server = GntpServer::with_password(world.secret());
    let place = format!("growl:127.0.0.1:{}", server.port());
    world.command(&["password", "set", &place, "--stdin"]).stdin(world.secret()).run().assert_success();
    for source in [world.secret_file(), world.secret_command(), json!({ "keychain": true })] {
        let entry = server.entry(&json!({ "password": source }));
        assert_eq!(delivery(&notify(&world, &entry, &["--status", "error"]), 0)["status"], "sent");
    }
    let entry = server.entry(&json!({ "password": { "env": "GROWL_PASSWORD" } }));
    let task = world.task(&json!({ "name": "Nightly", "growl": entry }));
    let run = world.command(&["notify", "--status", "error"]).task(&task);
    run.secret_env("GROWL_PASSWORD").run().assert_success();
    assert_eq!(server.commands().len(), 8);
}

/// Longer than a screen gets: it is what people take, and programs that ask them.
#[test]
fn a_password_has_the_time_of_the_run_and_the_receiver_its_own() {
    let world = World::new();
    world.secret_file();
    let slow = world.script("slow", "#!/bin/sh\nsleep 6\ncat \"${0%slow}secret\"\n");
    let source = json!({ "password": { "command": [slow] } });
    let server = GntpServer::with_password(world.secret());
    let sent = delivery(&notify(&world, &server.entry(&source), &["--status", "error"]), 0);
    assert_eq!((&sent["status"], &sent["stages"][0]["name"]), (&json!("sent"), &json!("secret")));

    let stalls = GntpServer::always(Act::Hold(Vec::new()));
    let failed = delivery(&notify(&world, &stalls.entry(&source), &["--status", "error"]), 75);
    let detail = failed["detail"].as_str().unwrap();
    assert!(detail.ends_with("gave no answer to the registration within 5 s"), "{detail}");
    assert_eq!(stalls.commands(), ["REGISTER"]);
}

#[test]
fn who_types_the_password_is_waited_for() {
    let world = World::new();
    let server = GntpServer::with_password(world.secret());
    let entry = server.entry(&json!({ "password": { "keychain": true } }));
    let task = world.task(&json!({ "name": "Nightly", "growl": entry }));
    let person = world.at_a_terminal(&["check", "--task", task.to_str().unwrap()]);
    let prompt = format!("Password for Growl on 127.0.0.1:{}: ", server.port());
    let talked = person.later(Duration::from_secs(6)).secret(&prompt, world.secret()).run();
    talked.assert_code(0).assert_shown("takes notices; nothing was shown");
    assert_eq!(server.commands(), ["REGISTER"]);
}

#[test]
fn without_its_password_nobody_is_asked_to_show_anything() {
    let (world, server) = (World::new(), GntpServer::start());
    for source in [
        json!({ "file": "missing" }),
        json!({ "env": "GROWL_EMPTY" }),
        json!({ "command": ["/bin/false"] }),
        json!({ "keychain": true }),
    ] {
        let entry = server.entry(&json!({ "password": source }));
        let failed = delivery(&notify(&world, &entry, &["--status", "error"]), 77);
        assert_eq!(stages(&failed), ["secret"]);
        let detail = failed["detail"].as_str().unwrap();
        assert!(detail.starts_with("no password for growl:127.0.0.1:"), "{detail}");
    }
    assert!(server.raw().is_empty());
}

#[test]
fn no_name_and_no_message_adds_a_header() {
    let (world, server) = (World::new(), GntpServer::start());
    let evil = "x\r\nNotification-Sticky: False\r\n\r\nIdentifier: a\nb\rc\u{85}d\u{2028}e\u{1b}[31m";
    let task = world.task(&json!({ "name": evil, "source": evil, "growl": server.entry(&json!({})) }));
    for arguments in [&["--event", "begin"][..], &["--status", "error", "--message", evil]] {
        let output = world.command(&["notify"]).args(arguments).task(&task).run();
        if output.code() == Some(65) {
            // a name that is refused does no harm either
            output.assert_stderr_has("name");
            let task = world.task(&json!({ "name": "x", "source": evil, "growl": server.entry(&json!({})) }));
            world.command(&["notify"]).args(arguments).task(&task).run().assert_success();
        }
    }
    assert_eq!(server.commands(), ["REGISTER", "NOTIFY", "REGISTER", "NOTIFY"]);
    for request in server.requests() {
        assert_eq!(request.blocks[0].len(), if request.command == "NOTIFY" { 13 } else { 7 });
        for (name, value) in request.blocks.iter().flatten() {
            assert!(!value.contains(['\r', '\u{1b}', '\u{85}', '\u{2028}']), "{name}: {value:?}");
        }
    }
}

#[test]
fn check_registers_and_shows_nothing() {
    let world = World::new();
    let server = GntpServer::with_password(world.secret());
    let entry = server.entry(&json!({ "password": world.secret_file() }));
    let task = world.task(&json!({ "name": "Nightly", "growl": entry }));
    let check = |more: &[&str]| world.command(&["check", "--json"]).args(more).task(&task).run();

    let offline = delivery(&check(&["--offline"]), 0);
    assert_eq!(offline["status"], "checked");
    assert_eq!(stages(&offline), ["secret"]);
    assert!(server.raw().is_empty());

    let checked = delivery(&check(&[]), 0);
    assert_eq!(checked["status"], "checked");
    let wanted = format!("Growl on 127.0.0.1:{} takes notices; nothing was shown", server.port());
    assert_eq!(checked["detail"], wanted);
    assert_eq!(stages(&checked), ["secret", "resolve", "connect", "register"]);
    assert_eq!(server.commands(), ["REGISTER"]);

    world.write("secret", "another\n");
    delivery(&check(&[]), 77);
}

#[test]
fn a_receiver_that_forgot_is_told_once_more() {
    let world = World::new();
    for code in [401, 402] {
        let server = GntpServer::scripted([Act::Right, Act::error(code)]);
        let sent = delivery(&notify(&world, &server.entry(&json!({})), &["--status", "error"]), 0);
        assert_eq!(stages(&sent), ["resolve", "connect", "register", "notify", "register", "notify"]);
        assert_eq!(server.commands(), ["REGISTER", "NOTIFY", "REGISTER", "NOTIFY"]);

        let server = GntpServer::scripted([Act::Right, Act::error(code), Act::Right, Act::error(code)]);
        let failed = delivery(&notify(&world, &server.entry(&json!({})), &["--status", "error"]), 69);
        assert!(failed["hint"].as_str().unwrap().contains("start Growl anew"), "{failed}");
        assert_eq!(server.commands().len(), 4);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn each_request_is_one_write() {
    let (world, server) = (World::new(), GntpServer::start());
    let task = world.task(&json!({ "name": "Nightly", "growl": server.entry(&json!({})) }));
    let binary = world.binary().to_str().unwrap().to_owned();
    let run =
        world.other_command("strace", &["-f", "-o", "trace", "-e", "trace=write,writev,sendto,sendmsg"]);
    run.args([binary.as_str(), "notify", "--status", "error"]).task(&task).run().assert_success();
    let trace = world.read("trace");
    let writes: Vec<&str> = trace.lines().filter(|line| line.contains("\"GNTP/")).collect();
    assert_eq!(writes.len(), 2, "{trace}");
    for (write, request) in writes.iter().zip(server.raw()) {
        assert!(write.ends_with(&format!("= {}", request.len())), "{write}");
    }
}
