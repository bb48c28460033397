//! What an outbox costs: which files are read how often, and how much memory it takes, however much waits.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use crate::log_memory::peak_memory;
use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::world::World;
use crate::waiting::Waiting;

fn fill(world: &World, count: usize, size: usize) {
    let outbox = Outbox::at(world, "waiting");
    let body = "0123456789 some line of a message\r\n".repeat(size / 35 + 1);
    for number in 0..count {
        let id = format!("20261122T215559.{number:03}-{number:08x}");
        let head = "From: jon@example.test\r\nTo: ops@example.test\r\nSubject: Backup failed\r\n\r\n";
        outbox.put(&id, &format!("Message-ID: <{id}@example.test>\r\n{head}{body}"), |_| {});
    }
}

/// Sends what waits under strace; returns what was printed, and the calls.
fn traced(world: &World, calls: &str, arguments: &[&str]) -> (Output, String) {
    let binary = world.binary().to_str().unwrap().to_owned();
    let trace = format!("trace={calls}");
    let strace = ["-f", "-o", "trace", "-e", &trace, &binary];
    let output = world.other_command("strace", &strace).args(arguments).run();
    (output, world.read("trace"))
}

const SEND: [&str; 4] = ["outbox", "send", "--outbox", "waiting"];

/// How often a message was read.
fn reads(trace: &str) -> usize {
    trace.lines().filter(|line| line.contains("pread64(") && line.contains("\"Message-ID: ")).count()
}

#[test]
fn what_is_sent_is_read_once() {
    let waiting = Waiting::new();
    let server = waiting.server();
    waiting.site.world.task(&waiting.task(&server));
    fill(&waiting.site.world, 20, 100);
    let (output, trace) = traced(&waiting.site.world, "pread64", &SEND);
    output.assert_code(0);
    assert_eq!(server.messages().len(), 20);
    assert_eq!(reads(&trace), 20, "{trace}");
}

#[test]
fn while_its_server_is_away_no_message_is_read_but_the_first() {
    let waiting = Waiting::new();
    waiting.site.world.task(&waiting.task_without_server());
    fill(&waiting.site.world, 20, 100);
    let (output, trace) = traced(&waiting.site.world, "pread64,rename", &SEND);
    output.assert_code(75).assert_stderr_has("20 messages wait in the outbox");
    assert_eq!(reads(&trace), 1, "{trace}");
    assert_eq!(trace.matches("rename(").count(), 1, "{trace}");
}

#[test]
fn while_its_task_is_wrong_no_message_is_read_and_one_puts_down_why() {
    let waiting = Waiting::new();
    waiting.site.world.write("task.json", "{");
    fill(&waiting.site.world, 20, 100);
    let (output, trace) = traced(&waiting.site.world, "pread64,rename", &SEND);
    output.assert_code(65).assert_stderr_has("20 messages wait in the outbox");
    assert_eq!(reads(&trace), 0, "{trace}");
    assert_eq!(trace.matches("rename(").count(), 1, "{trace}");
    assert_eq!(waiting.ids().len(), 20);
}

#[test]
fn a_silent_decision_with_an_empty_outbox_looks_into_the_folder_and_no_further() {
    let waiting = Waiting::new();
    let mut task = waiting.task(&waiting.server());
    task["email"]["when"] = json!("error");
    let path = waiting.site.world.task(&task);
    let silent = ["notify", "--exit-code", "0", "--task", path.to_str().unwrap()];
    for folder in [false, true] {
        if folder {
            Outbox::at(&waiting.site.world, "waiting");
        }
        let (output, trace) = traced(&waiting.site.world, "%network,%file,%process,fsync,uname", &silent);
        output.assert_code(0).assert_stderr_is_empty();
        assert_eq!(trace.contains("O_DIRECTORY"), folder, "{trace}");
        for call in ["socket(", "fsync(", "uname(", "O_CREAT", "localtime", "waiting/"] {
            assert!(!trace.contains(call), "{call}\n{trace}");
        }
    }
}

/// A server that keeps nothing of what it gets.
fn sink() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).split(b'\n');
            stream.write_all(b"220 sink\r\n").unwrap();
            let mut in_message = false;
            while let Some(Ok(line)) = lines.next() {
                let reply = match line.get(..4).unwrap_or(&line) {
                    b".\r" if in_message => {
                        in_message = false;
                        "250 2.0.0 taken\r\n"
                    }
                    _ if in_message => continue,
                    b"EHLO" => "250-sink\r\n250 PIPELINING\r\n",
                    b"DATA" => {
                        in_message = true;
                        "354 go on\r\n"
                    }
                    b"QUIT" => break,
                    _ => "250 2.0.0 ok\r\n",
                };
                stream.write_all(reply.as_bytes()).unwrap();
            }
        }
    });
    port
}

/// The most memory that sending so many messages of a megabyte takes, and the most open files.
fn cost(count: usize) -> (u64, usize) {
    let world = World::new();
    fill(&world, count, 1_000_000);
    world.task(&json!({
        "name": "Nightly",
        "outbox": world.path().join("waiting"),
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "127.0.0.1", "port": sink(), "auth": "none" },
            "tls": { "mode": "none" },
        },
    }));
    let child = Command::new(world.binary())
        .args(SEND)
        .current_dir(world.path())
        .env_clear()
        .env("HOME", world.home())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let folder = format!("/proc/{}/fd", child.id());
    let files = thread::spawn(move || {
        let mut most = 0;
        // gone with the process
        while let Ok(entries) = fs::read_dir(&folder) {
            most = most.max(entries.flatten().count());
            thread::yield_now();
        }
        most
    });
    let peak = peak_memory(child);
    let left = fs::read_dir(world.path().join("waiting")).unwrap().count();
    assert_eq!(left, 2, "the key and the lock");
    (peak, files.join().unwrap())
}

#[test]
fn many_large_messages_take_no_more_memory_and_files_than_few() {
    let (few, files) = cost(3);
    let (many, more_files) = cost(60);
    assert!(many < few + 3_000_000, "{few} bytes for 3, {many} for 60");
    assert!(more_files <= files + 1, "{files} open files for 3, {more_files} for 60");
}
