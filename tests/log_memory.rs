//! A log of any length costs little memory and little time.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::log_attached::{noise, read, task};
use crate::silence::release_binary;
use crate::site::Site;
use crate::support::smtp_server::Mode;
use crate::support::world::World;

/// What the program may take at most, in bytes.
const MOST: u64 = 40 * 1024 * 1024;

/// Makes a log of five gigabytes that takes no room on the disk.
fn huge(path: &Path, ends: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.write_all(ends).unwrap();
    file.set_len(5_000_000_000).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    OpenOptions::new().append(true).open(path).unwrap().write_all(ends).unwrap();
}

#[test]
fn a_log_of_five_gigabytes_takes_under_40_mebibytes() {
    let site = Site::in_world(World::with_binary(release_binary()));
    let lines = "0123456789 some line of a log in /home/jon/a with https://jon:pw@host/x%20y\n";
    let text = lines.repeat(6 * 1024 * 1024 / lines.len());
    let noisy = noise(6 * 1024 * 1024);
    for (what, ends, kept) in [
        ("a hole", &b"error: begin\n"[..], false),
        ("lines", text.as_bytes(), false),
        ("noise", &noisy, false),
        ("noise that is kept", &noisy, true),
    ] {
        let server = site.server(Mode::Implicit).start();
        let path = site.world.path().join("run.log");
        huge(&path, ends);
        let mut task = task(&site, &server);
        task["redact"] = serde_json::json!(["hunter2", "some line"]);
        task["outbox"] = kept.into();
        let task = site.world.task(&task);
        let begun = Instant::now();
        let child = Command::new(site.world.binary())
            .args(["notify", "--exit-code", "1", "--task"])
            .arg(&task)
            .arg("--log")
            .arg(&path)
            .env_clear()
            .env("HOME", site.world.home())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let peak = peak_memory(child);
        let took = begun.elapsed();
        assert!(peak < MOST, "{what}: {peak} bytes");
        assert!(took < Duration::from_secs(20), "{what}: {took:?}");
        let envelope = server.message();
        assert!(envelope.message.as_ref().unwrap().len() < 10_000_000);
        let sent = read(&envelope);
        assert!(sent.text.contains("its first 1.0 MB and its last 4.2 MB are attached"), "{}", sent.text);
        assert!(sent.file.unwrap().1.contains(" bytes are left out here]\n"));
    }
}

/// Waits for a process and returns the most memory that it had at once.
pub(crate) fn peak_memory(mut child: std::process::Child) -> u64 {
    // proc(5): VmHWM, which is gone with the process: the last look before its end counts
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(now.unwrap_or_default() * 1024);
        std::thread::yield_now();
    }
    assert!(child.wait().unwrap().success());
    peak
}
