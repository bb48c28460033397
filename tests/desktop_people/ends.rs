//! How it ends where the computer lacks something, and not the person.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{delivery, scripted, world};
use crate::support::dbus::ScriptedBus;
use crate::support::namespace::entered;
use crate::support::output::Output;
use crate::support::people::{KIM, appear, log_in, names_hang};

#[test]
fn a_user_database_that_hangs_delays_a_backup_by_no_more_than_moments() {
    if !entered("desktop_people::ends::a_user_database_that_hangs_delays_a_backup_by_no_more_than_moments") {
        return;
    }
    appear();
    let bus = scripted(KIM, &[]);
    names_hang();
    let fails = |words: &str, variable: (&str, &str)| {
        // at the beginning of a backup nothing is worth an exit code
        for (arguments, code) in [(["--event", "begin"], 0), (["--status", "error"], 75)] {
            let world = world();
            let run = world.command(&["notify", "--json"]).args(arguments);
            let run = run.task(&world.path().join("task.json")).env(variable.0, variable.1);
            let output = run.run();
            let failed = delivery(output.assert_code(code).assert_within(Duration::from_secs(4)));
            assert_eq!((&failed["status"], &failed["detail"]), (&json!("failed"), &json!(words)));
            assert_eq!(failed["hint"], "see how long this takes: getent passwd 4242");
        }
    };
    let nobody = ("SUDO_UID", "0");
    log_in("1", KIM, "USER=k\u{1b}im\n");
    fails("k\u{FFFD}im: the user database did not answer in time", nobody);
    fails("k\u{FFFD}im: the user database did not answer in time", ("DOAS_USER", "somebody"));
    log_in("1", KIM, "");
    fails("the user 4242: the user database did not answer in time", nobody);
    assert_eq!(bus.log(), [] as [Value; 0]);
    // for a person's own session nothing has to be known
    let world = world();
    let run = world.command(&["notify", "--status", "error", "--json"]).as_user(KIM, KIM);
    let run = run.task(&world.path().join("task.json")).env("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let shown = delivery(run.run().assert_success().assert_within(Duration::from_secs(4)));
    assert_eq!(shown["detail"], "shown on the desktop of the user 4242");
}

/// Checks that a person was not told, how it ended, and that there is something to do about it.
fn missed(output: &Output, code: i32, words: &str, hint: &str) {
    let failed = delivery(output.assert_code(code).assert_within(Duration::from_secs(5)));
    let (detail, said) = (failed["detail"].as_str().unwrap(), failed["hint"].as_str().unwrap());
    assert!(detail.contains(words) && !detail.ends_with(':'), "{detail}");
    assert!(said.contains(hint), "{said}");
}

#[test]
fn a_child_that_cannot_live_is_no_fault_of_the_program() {
    if !entered("desktop_people::ends::a_child_that_cannot_live_is_no_fault_of_the_program") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    let world = world();
    let by = |program: &str, options: &[&str]| {
        let run = world.other_command(program, options);
        let run = run.args([world.binary().to_str().unwrap(), "notify", "--status", "error", "--json"]);
        run.task(&world.path().join("task.json"))
    };
    let unable = "cannot be started again: operation not permitted";
    missed(&by("setpriv", &["--bounding-set=-setgid"]).run(), 77, unable, "CAP_SETGID");
    let unable = "cannot become the user 4242: Operation not permitted";
    missed(&by("setpriv", &["--bounding-set=-setuid"]).run(), 77, unable, "CAP_SETUID");
    let few = by("prlimit", &["--nofile=5"]).run();
    missed(&few, 75, "cannot be started again: too many open files", "ulimit -a");
    // whose session it is may end all processes of theirs
    let bus = scripted(KIM, &["hang:hello"]);
    let killed = by("env", &[]).run_while(|_| {
        let begun = Instant::now();
        while !bus.calls().contains(&"Hello".to_owned()) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", bus.log());
            std::thread::yield_now();
        }
        let kill = ["--reuid=4242", "--regid=4242", "--clear-groups", "kill", "-KILL"];
        let child = child_of(KIM).to_string();
        assert!(Command::new("setpriv").args(kill).arg(child).status().unwrap().success());
    });
    missed(&killed, 75, "was killed by SIGKILL", "journalctl -k");
    let detail = delivery(&killed)["detail"].to_string();
    assert!(detail.ends_with("SIGKILL\""), "{detail}");
    // and without /proc
    let gone = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/proc"]).status();
    assert!(gone.unwrap().success());
    missed(&by("env", &[]).run(), 75, "cannot be started again: no such file", "/proc");
}

/// Returns the number of the process that shows a notice as this user.
fn child_of(uid: u32) -> u32 {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let shows = |number: &u32| {
        let words = fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        words.contains("show-notice") && status.contains(&format!("\nUid:\t{uid}\t"))
    };
    numbers.into_iter().find(shows).expect("the child")
}

#[test]
fn the_child_does_nothing_as_root() {
    if !entered("desktop_people::ends::the_child_does_nothing_as_root") {
        return;
    }
    appear();
    let bus = ScriptedBus::start(&[]);
    let world = world();
    let output = world
        .command(&["show-notice", "--milliseconds", "1000", "--", &bus.address()])
        .stdin(r#"{"event":"error","title":"x","text":"x","id":"00","rehearse":false}"#)
        .run();
    output.assert_code(77).assert_stderr_has("what belongs to others is not opened as root");
    assert_eq!(bus.log(), [] as [Value; 0]);
    let help = Command::new(world.binary()).arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("show-notice"));
}
