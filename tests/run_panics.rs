//! A fault of our own while a command is in our place: it costs neither the backup nor its exit code, and
//! where it can be, not the notice either.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use crate::run_command::{Bench, Seen, WAYS};

const FAULT: &str = "backup-notify: this is a fault of backup-notify itself (src/fault.rs:";
const RSYNC: Option<&[&str]> = Some(&["--capture", "--tool", "rsync"]);

/// Runs a command, with a fault at this place.
fn faulty(bench: &Bench, place: &str, way: Option<&[&str]>, command: &[&str]) -> Command {
    let mut command = bench.command(way, command);
    command.env("BACKUP_NOTIFY_PANIC", place);
    command
}

fn see(mut command: Command) -> Seen {
    let output = command.output().unwrap();
    Seen::of(output.stdout, output.stderr, output.status)
}

#[test]
fn a_fault_in_what_reads_the_output_costs_the_command_nothing_and_is_said() {
    let bench = Bench::new();
    // more than waits to be read, after the fault
    let line = "echo first; seq 1 600000; echo err >&2; exit 23";
    let seen = see(faulty(&bench, "report", RSYNC, &["sh", "-c", line]));
    assert_eq!(seen.code, Some(23));
    let stdout = String::from_utf8(seen.stdout).unwrap();
    assert!(stdout.starts_with("first\n1\n") && stdout.ends_with("\n600000\n"));
    assert_eq!(stdout.lines().count(), 600_001);
    let stderr = String::from_utf8(seen.stderr).unwrap();
    assert!(stderr.contains(FAULT) && stderr.contains("The command goes on\n"), "{stderr}");
    assert!(stderr.contains("err\n"), "{stderr}");
    let mail = bench.mail();
    let words = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("could not be read, which is a fault of backup-notify itself"), "{mail}");
    assert!(words.contains("600000") && words.contains("rsync 23: some files"), "{mail}");
}

#[test]
fn a_success_stays_one_when_what_reads_the_output_has_a_fault() {
    let bench = Bench::new();
    let seen = see(faulty(&bench, "report", RSYNC, &["sh", "-c", "echo all is well"]));
    assert_eq!((seen.code, &seen.stdout[..]), (Some(0), &b"all is well\n"[..]), "{}", seen.text());
    let mail = bench.mail();
    let words = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("a fault of backup-notify itself") && !words.contains("failed"), "{mail}");
}

#[test]
fn after_a_fault_in_what_reads_it_a_flood_goes_on_until_nobody_reads_it() {
    let bench = Bench::new();
    let mut child = faulty(&bench, "report", RSYNC, &["sh", "-c", "exec yes"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut vec![0; 20_000_000]).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().signal(), Some(13));
    assert!(bench.mail().contains("fault of backup-notify"));
}

#[test]
fn after_a_fault_when_it_has_ended_the_code_is_the_command_s() {
    let bench = Bench::new();
    for way in [WAYS[1], WAYS[2]] {
        let seen = see(faulty(&bench, "after", way, &["sh", "-c", "echo out; exit 3"]));
        assert_eq!((seen.code, &seen.stdout[..]), (Some(3), &b"out\n"[..]), "{}", seen.text());
        assert!(seen.text().contains(FAULT), "{}", seen.text());
    }
}
