//! An outbox that takes nothing, or not everything: a full disk, a quota, a folder that is read-only, limits, and
//! a clock that jumps. A notice goes out all the same, and people are told what was not kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::waiting::{Known, Waiting};

const NOT_KEPT: &str = "this message could not be kept in the outbox before it was sent";
const LOST: &str = "the message could not be kept in the outbox, and is lost";

/// Runs a notice of a failure under strace with these options.
fn under_strace(waiting: &Waiting, task: &Value, options: &[&str]) -> Output {
    let world = &waiting.site.world;
    world.task(task);
    let binary = world.binary().to_str().unwrap();
    let notify = [binary, "notify", "--exit-code", "1", "--json", "--task", "task.json"];
    world.other_command("strace", &[&["-f", "-qq"], options, &notify].concat()).run()
}

/// A server in clear, and a task for it.
fn in_clear(waiting: &Waiting) -> (SmtpServer, Value) {
    let server = waiting.site.open_server(Mode::None).start();
    let mut task = waiting.task_for(&json!({ "host": server.host(), "port": server.port(), "auth": "none" }));
    task["email"]["tls"] = json!({ "mode": "none" });
    task["email"].as_object_mut().unwrap().remove("password");
    (server, task)
}

/// The same task, with nobody at the port.
fn nobody(waiting: &Waiting, task: &Value) -> Value {
    let mut task = task.clone();
    task["email"]["account"]["port"] = json!(waiting.closed_port());
    task["deadline"] = json!("1s");
    task
}

/// What is in the folder beside what belongs there.
fn left(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !["key", "lock"].contains(&name.as_str())).collect()
}

#[test]
fn a_disk_that_fails_at_any_write_costs_no_notice_and_is_said_in_it() {
    let calls = [
        ("write", "ENOSPC", "no space left on device"),
        ("write", "EDQUOT", "quota"),
        ("fsync", "EIO", "input/output error"),
        ("rename", "ENOSPC", "no space left on device"),
        ("openat", "EROFS", "read-only"),
        ("mkdir", "ENOSPC", "no space left on device"),
    ];
    let mut not_kept = 0;
    for (call, error, words) in calls {
        for number in 1.. {
            let waiting = Waiting::new();
            let (server, task) = in_clear(&waiting);
            let folder = waiting.folder();
            // what concerns the folder alone: the program writes and opens much else
            let inject = format!("inject={call}:error={error}:when={number}");
            let near = folder.parent().unwrap();
            let files = ["key", "lock"].map(|name| format!("--trace-path={}", folder.join(name).display()));
            let whole = format!("--trace-path={}", folder.display());
            let above = format!("--trace-path={}", near.display());
            let mut options = vec!["-o", "/dev/null", "-e", inject.as_str()];
            if ["write", "fsync", "openat"].contains(&call) {
                options.extend([whole.as_str(), above.as_str(), &files[0], &files[1]]);
            }
            let case = format!("{call} {error} {number}");
            let output = under_strace(&waiting, &task, &options);
            let message = server.messages();
            if message.len() != 1 || !waiting.ids().is_empty() {
                output.fail(&case);
            }
            let told = message[0].text().replace("=\r\n", "");
            if told.contains(NOT_KEPT) {
                not_kept += 1;
                output.assert_code(0).assert_stderr_has(words);
                assert!(told.contains(words), "{case}: {told}");
                // and with nobody there it is lost, which is the worse of the two
                let output = under_strace(&waiting, &nobody(&waiting, &task), &options);
                let delivery = output.json()["deliveries"][0].clone();
                if delivery["status"] == "failed" {
                    output.assert_code(74).assert_stderr_has(LOST).assert_stderr_has("connection refused");
                }
            } else if !output.stderr.contains("warning") {
                break;
            }
            assert!(number < 40, "{case}");
        }
    }
    assert!(not_kept > 3, "{not_kept}");
}

/// A small disk in memory at a folder, as long as this lives.
struct SmallDisk<'w>(&'w Path);

impl<'w> SmallDisk<'w> {
    fn at(folder: &'w Path, size: &str) -> Self {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).status();
        assert!(mounted.unwrap().success(), "only root can mount");
        Self(folder)
    }

    fn read_only(&self, is: bool) {
        let options = if is { "remount,ro" } else { "remount,rw" };
        assert!(Command::new("mount").args(["-o", options]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_what_it_has_and_is_emptied_by_sending() {
    let waiting = Waiting::new();
    let (server, task) = in_clear(&waiting);
    let disk = SmallDisk::at(waiting.folder(), "64k");
    let down = nobody(&waiting, &task);
    let first = waiting.keep(&down, 75);
    let ballast = waiting.folder().join("ballast");
    let _ = fs::write(&ballast, vec![b'x'; 128 * 1024]);

    let output = waiting.notify(&down);
    output.assert_code(74).assert_stderr_has("no space left on device").assert_stderr_has(LOST);
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    assert_eq!(waiting.known(), std::slice::from_ref(&first));

    // the own one goes, and then what waits: neither needs room
    let output = waiting.notify(&task);
    output.assert_code(0).assert_stderr_has("no space left on device");
    let messages = server.messages();
    assert_eq!(messages.len(), 2, "{output}");
    assert!(messages[0].text().replace("=\r\n", "").contains(NOT_KEPT));
    assert_eq!(Known::of_envelope(&messages[1]), first);
    assert_eq!(left(waiting.folder()), ["ballast"]);
    drop(disk);
}

#[test]
fn a_read_only_folder_keeps_and_sends_nothing_and_costs_no_notice() {
    let waiting = Waiting::new();
    let (server, task) = in_clear(&waiting);
    let disk = SmallDisk::at(waiting.folder(), "1m");
    let down = nobody(&waiting, &task);
    let first = waiting.keep(&down, 75);
    disk.read_only(true);
    waiting.notify(&down).assert_code(74).assert_stderr_has("read-only").assert_stderr_has(LOST);
    // what could not be removed is not sent: it would come again and again
    for _ in 0..2 {
        waiting.notify(&task).assert_code(0).assert_stderr_has("read-only");
        let output = waiting.send();
        output.assert_code(74).assert_stderr_has("read-only");
    }
    assert_eq!(server.messages().len(), 2);
    disk.read_only(false);
    waiting.send().assert_code(0);
    assert_eq!(Known::of_envelope(&server.messages()[2]), first);
    drop(disk);
}

fn words(waiting: &Waiting, field: &str) -> Vec<Value> {
    let facts = waiting.ids().into_iter().map(|id| {
        let file = waiting.folder().join(format!("{id}.json"));
        serde_json::from_slice::<Value>(&fs::read(file).unwrap()).unwrap()["entry"][field].clone()
    });
    facts.collect()
}

#[test]
fn failures_are_kept_before_good_news_and_what_is_dropped_is_said() {
    let waiting = Waiting::new();
    let (server, task) = in_clear(&waiting);
    let mut down = nobody(&waiting, &task);
    down["outbox"] = json!({ "folder": waiting.folder(), "max_count": 3 });
    let notify = |code: &str| waiting.notify_with(&down, &["--exit-code", code]);
    for code in ["0", "1", "0"] {
        notify(code).assert_code(75).assert_stderr_lacks("the outbox is full");
    }
    notify("2").assert_code(75).assert_stderr_has("the outbox is full").assert_stderr_has("was given up");
    assert_eq!(words(&waiting, "outcome"), ["error", "success", "error"]);
    notify("3").assert_code(75).assert_stderr_has("the outbox is full");
    assert_eq!(words(&waiting, "outcome"), ["error", "error", "error"]);
    let before = waiting.ids();
    // good news finds no room: it is tried, and lost
    let output = notify("0");
    output.assert_code(75).assert_stderr_has("is full of what matters more").assert_stderr_lacks("given up");
    assert_eq!(output.json()["deliveries"][0]["status"], "failed");
    assert_eq!(waiting.ids(), before);
    // and where it gets through nothing is lost at all
    let mut up = task.clone();
    up["outbox"] = down["outbox"].clone();
    waiting.notify_with(&up, &["--exit-code", "0"]).assert_code(0);
    assert_eq!(server.messages().len(), 4);
    assert!(left(waiting.folder()).is_empty());
}

/// Sends what waits while the clock on the wall shows this.
fn send_at(waiting: &Waiting, time: &str) -> Output {
    let binary = waiting.site.world.binary().to_str().unwrap().to_owned();
    let folder = waiting.folder().to_str().unwrap();
    let all = ["-f", time, &binary, "outbox", "send", "--deadline", "5s", "--outbox", folder];
    let run = waiting.site.world.other_command("faketime", &all);
    run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").run()
}

#[test]
fn a_clock_that_jumps_gives_up_nothing_and_time_does() {
    let waiting = Waiting::new();
    let (server, task) = in_clear(&waiting);
    let down = nobody(&waiting, &task);
    waiting.keep(&down, 75);
    // far ahead and tried in vain, far behind, and ahead once more: one bad day is no month
    for time in ["@2100-01-01 00:00:00", "@1970-01-01 00:00:01", "@2100-01-03 00:00:00"] {
        send_at(&waiting, time).assert_code(75).assert_stderr_lacks("given up");
        assert_eq!(waiting.ids().len(), 1, "{time}");
    }
    // right again, and the server is back
    waiting.site.world.task(&task);
    waiting.send().assert_code(0);
    assert_eq!(server.messages().len(), 1);

    // kept by a clock that stood at its beginning
    waiting.site.world.task(&down);
    let binary = waiting.site.world.binary().to_str().unwrap().to_owned();
    let all = ["-f", "@1970-01-01 00:00:01", &binary, "notify", "--exit-code", "1", "--task", "task.json"];
    let run = waiting.site.world.other_command("faketime", &all);
    run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").run().assert_code(75);
    waiting.send().assert_code(75).assert_stderr_lacks("given up");
    waiting.send().assert_code(75).assert_stderr_lacks("given up");
    assert_eq!(waiting.ids().len(), 1);

    // a day later its time is over, with a last try
    send_at(&waiting, "+2d")
        .assert_code(75)
        .assert_stderr_has("given up, because it has waited for too long");
    assert!(left(waiting.folder()).is_empty());
}

#[test]
fn how_long_a_message_waits_is_its_own_task_s_word() {
    let waiting = Waiting::new();
    let (_server, task) = in_clear(&waiting);
    let mut down = nobody(&waiting, &task);
    down["outbox"] = json!({ "folder": waiting.folder(), "max_age": "365d" });
    waiting.keep(&down, 75);
    // "outbox send" knows no task but this one's
    for time in ["+40d", "+60d", "+364d"] {
        send_at(&waiting, time).assert_code(75).assert_stderr_lacks("given up");
    }
    send_at(&waiting, "+366d").assert_code(75).assert_stderr_lacks("given up");
    send_at(&waiting, "+368d").assert_code(75).assert_stderr_has("given up");
    assert!(left(waiting.folder()).is_empty());
}

#[test]
fn one_message_that_was_named_and_is_not_sent_is_no_success() {
    let waiting = Waiting::new();
    let (server, task) = in_clear(&waiting);
    waiting.keep(&nobody(&waiting, &task), 75);
    waiting.site.world.task(&task);
    let id = waiting.ids()[0].clone();
    let file = fs::File::open(waiting.folder().join(format!("{id}.eml"))).unwrap();
    file.try_lock().unwrap();
    let folder = waiting.folder().to_str().unwrap();
    let output = waiting.site.world.run(&["outbox", "send", "--outbox", folder, &id]);
    output.assert_code(75).assert_stderr_has("another process has it in hand");
    assert!(server.snapshot().is_empty());
    drop(file);
    waiting.site.world.run(&["outbox", "send", "--outbox", folder, &id]).assert_code(0);
    assert_eq!(server.messages().len(), 1);
}
