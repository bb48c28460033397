//! What somebody finds who sets an outbox up, and who moves the task whose messages wait.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::smtp_server::SmtpServer;
use crate::waiting::{Waiting, is_late};

fn mode(folder: &Path, mode: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
}

/// A task with messages that wait, and a server for later.
fn with(count: usize) -> (Waiting, SmtpServer, Value) {
    let waiting = Waiting::new();
    let task = waiting.task_without_server();
    for _ in 0..count {
        waiting.keep(&task, 75);
    }
    let server = waiting.server();
    let good = waiting.task(&server);
    (waiting, server, good)
}

#[test]
fn a_check_says_whether_the_outbox_can_be_used_and_makes_nothing() {
    let (waiting, _server, good) = with(0);
    let path = waiting.site.world.task(&good);
    let check = || waiting.site.world.command(&["check", "--offline"]).task(&path).run();
    let output = check();
    output.assert_success().assert_stdout_has("\n  outbox ");
    assert!(!output.stdout.contains("failed"), "{output}");
    assert!(!waiting.folder().exists());
    let json = waiting.site.world.command(&["check", "--offline", "--json"]).task(&path).run().json();
    let looked = &json["outbox"];
    assert_eq!((&looked["waiting"], &looked["exit_code"]), (&json!(0), &json!(0)));
    assert_eq!((&looked["error"], &looked["hint"]), (&Value::Null, &Value::Null));
    assert_eq!(looked["folder"], waiting.folder().to_str().unwrap());
}

#[test]
fn a_check_of_an_outbox_that_cannot_be_used_is_a_fault_with_its_remedy() {
    let (waiting, server, good) = with(1);
    let path = waiting.site.world.task(&good);
    let check = || waiting.site.world.command(&["check", "--json"]).task(&path).run();
    let output = check();
    output.assert_success().assert_stderr_has("1 message waits in the outbox");
    let key = waiting.folder().join("key");
    for (spoil, heal, word) in [(0o755, None, "chmod 700 "), (0o700, Some(&key), "mv ")] {
        mode(waiting.folder(), spoil);
        let kept = heal.map(|path| fs::read(path).unwrap());
        if let Some(path) = heal {
            fs::remove_file(path).unwrap();
        }
        let output = check();
        output.assert_code(77).assert_stderr_has(word);
        let json = output.json();
        assert_eq!((&json["exit_code"], &json["outbox"]["exit_code"]), (&json!(77), &json!(77)));
        assert!(json["outbox"]["hint"].as_str().unwrap().contains(word), "{json}");
        // the rest is looked at all the same
        assert_eq!(json["deliveries"][0]["status"], "checked");
        // a test message goes out, as the hook's would
        let sent = server.messages().len();
        let output = waiting.site.world.command(&["test-email"]).task(&path).run();
        output.assert_success().assert_stderr_has("warning: the ").assert_stderr_has(word);
        assert_eq!(server.messages().len(), sent + 1);
        if let Some((path, bytes)) = heal.zip(kept) {
            fs::write(path, bytes).unwrap();
            mode(path, 0o600);
        }
    }
    mode(waiting.folder(), 0o700);
    check().assert_success();
}

#[test]
fn in_the_place_of_a_disk_that_is_missing_nothing_is_made() {
    let (waiting, server, mut good) = with(0);
    let disk = waiting.site.world.path().join("disk");
    for folder in [json!(disk.join("outbox")), json!("disk/outbox"), json!({ "folder": "disk/a/outbox" })] {
        good["outbox"] = folder;
        let path = waiting.site.world.task(&good);
        let check = waiting.site.world.command(&["check", "--offline"]).task(&path).run();
        check.assert_code(74).assert_stderr_has("does not exist").assert_stderr_has("mkdir -p -m 700 ");
        let sent = server.messages().len();
        let output = waiting.notify(&good);
        output.assert_success().assert_stderr_has("attach the disk");
        assert_eq!(server.messages().len(), sent + 1);
        assert!(server.messages()[sent].text().contains("could not be kept in the outbox"));
        assert!(!disk.exists());
    }
    // and with it the last folder is
    fs::create_dir(&disk).unwrap();
    good["outbox"] = json!(disk.join("outbox"));
    waiting.notify(&good).assert_success().assert_stderr_is_empty();
    assert!(disk.join("outbox/key").exists());
}

#[test]
fn what_waits_of_a_task_that_was_moved_is_sent_by_its_new_file() {
    let (waiting, server, good) = with(2);
    let world = &waiting.site.world;
    // another task, whose file is there
    let mut other = waiting.task_without_server();
    other["name"] = json!("Other");
    let other = world.write("other.json", other.to_string());
    world.command(&["notify", "--exit-code", "1"]).task(&other).run().assert_code(75);
    fs::remove_file(world.path().join("task.json")).unwrap();
    let moved = world.write("moved.json", good.to_string());
    let folder = waiting.folder().to_str().unwrap();

    let output = world.run(&["outbox", "send", "--outbox", folder, "--deadline", "5s"]);
    output.assert_code(66).assert_stderr_has("2 messages wait in the outbox: task file ");
    output.assert_stderr_has(&format!("backup-notify outbox send --task FILE --outbox {folder}"));
    assert_eq!(server.messages().len(), 0);

    let moved = moved.to_str().unwrap();
    let by = ["outbox", "send", "--outbox", folder, "--task", moved];
    world.run(&by).assert_success().assert_stderr_is_empty();
    assert_eq!(server.messages().len(), 2);
    assert!(server.messages().iter().all(is_late));
    assert_eq!(waiting.ids().len(), 1, "that of the other task waits on");
    world.run(&by).assert_success().assert_stderr_has("nothing of the task ");
    // one that is named goes by it, whatever it was kept for
    let id = waiting.ids().remove(0);
    world.run(&[&by[..], &[&id]].concat()).assert_success();
    assert_eq!(server.messages().len(), 3);
}

#[test]
fn what_was_given_to_another_file_stays_its_own_when_it_cannot_be_sent() {
    let (waiting, server, good) = with(1);
    let world = &waiting.site.world;
    fs::remove_file(world.path().join("task.json")).unwrap();
    let moved = world.write("moved.json", waiting.task_without_server().to_string());
    let folder = waiting.folder().to_str().unwrap();
    let by = ["outbox", "send", "--outbox", folder, "--deadline", "2s", "--task", moved.to_str().unwrap()];
    world.run(&by).assert_code(75);
    let listed = world.run(&["outbox", "list", "--outbox", folder, "--json"]).json();
    assert_eq!(listed["messages"][0]["task"], moved.to_str().unwrap());
    world.write("moved.json", good.to_string());
    waiting.send().assert_success();
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn the_file_for_what_waits_has_to_be_one() {
    let (waiting, server, good) = with(1);
    let world = &waiting.site.world;
    let folder = waiting.folder().to_str().unwrap();
    let by = |task: &str| world.run(&["outbox", "send", "--outbox", folder, "--task", task]);
    by("-").assert_code(64).assert_stderr_has("give the path or the name");
    by("nowhere.json").assert_code(66);
    let open = world.write_with_mode("open.json", good.to_string(), 0o666);
    by(open.to_str().unwrap()).assert_code(77);
    assert_eq!((server.messages().len(), waiting.ids().len()), (0, 1));
}
