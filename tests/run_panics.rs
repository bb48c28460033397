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
fn a_fault_before_the_command_starts_it_in_our_place() {
    let bench = Bench::new();
    for way in [WAYS[1], WAYS[2], RSYNC] {
        let seen = see(faulty(&bench, "begin", way, &["sh", "-c", "echo out; echo err >&2; exit 3"]));
        assert_eq!((seen.code, &seen.stdout[..]), (Some(3), &b"out\n"[..]), "{}", seen.text());
        let stderr = String::from_utf8(seen.stderr).unwrap();
        assert!(
            stderr.starts_with(FAULT) && stderr.ends_with("the command runs all the same\nerr\n"),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 2, "{stderr}");
    }
    assert!(bench.server.messages().is_empty());
}

#[test]
fn a_command_that_takes_our_place_finds_what_it_would_find_without_us() {
    let bench = Bench::new();
    let looks = "import os, resource, signal\n\
        for name in sorted(signal.Signals):\n\
        \x20   print(name, signal.getsignal(name))\n\
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []), resource.getrlimit(resource.RLIMIT_CORE))\n\
        print(sorted(os.listdir('/dev/fd')), os.environ.get('OPENSSL_CONF'), os.getpgrp() != 0)";
    // signals that are ignored, and a descriptor that is closed
    for line in ["exec \"$@\"", "trap '' PIPE CHLD USR1; exec \"$@\" 0<&-"] {
        let [bare, ours] = [None, WAYS[1]].map(|way| {
            let argv = bench.argv(way, &["python3", "-Ic", looks]);
            let mut all = vec!["bash", "-c", line, "bash"];
            all.extend(argv.iter().map(String::as_str));
            let mut command = faulty(&bench, "begin", None, &all);
            command.env("OPENSSL_CONF", "/dev/null");
            see(command)
        });
        assert_eq!(bare.code, Some(0), "{}", bare.text());
        assert!(bare.stdout == ours.stdout, "{}\n{}", bare.text(), ours.text());
    }
}

#[test]
fn a_command_that_cannot_take_our_place_ends_as_in_a_shell() {
    let bench = Bench::new();
    bench.site.world.write_with_mode("plain", "no program", 0o644);
    for (name, code) in [("/nowhere/to/be/found", 127), ("./plain", 126)] {
        let seen = see(faulty(&bench, "begin", WAYS[1], &[name]));
        assert_eq!(seen.code, Some(code), "{}", seen.text());
        assert!(seen.text().contains(FAULT) && seen.text().contains("cannot be started"), "{}", seen.text());
    }
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
