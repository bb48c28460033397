//! A hook that keeps silent costs next to nothing and touches nothing.

use std::path::PathBuf;

use serde_json::json;

use crate::support::world::World;

/// The most instructions a silent decision may cost, the loader's 2.9 M for libssl included.
const MOST_INSTRUCTIONS: u64 = 4_600_000;

/// A task whose every file would leave a trace if it were opened.
fn silent_world(binary: Option<PathBuf>) -> (World, PathBuf) {
    let world = binary.map_or_else(World::new, World::with_binary);
    let helper = world.script("print-secret", "#!/bin/sh\ntouch touched\n");
    world.write("ca.pem", "");
    world.write("subject.txt", "x");
    world.write("run.log", "x");
    let task = world.task(&json!({
        "name": "Nightly",
        "email": {
            "when": "error",
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "mail.example.test", "user": "jon" },
            "password": { "command": [helper] },
            "tls": { "trust": "ca-file:ca.pem" },
            "subject": { "file": "subject.txt" },
        },
        "outbox": false,
    }));
    (world, task)
}

/// The release binary, which `tests/run` builds first: what the debug build costs says nothing.
pub(crate) fn release_binary() -> PathBuf {
    let debug = PathBuf::from(env!("CARGO_BIN_EXE_backup-notify"));
    let release = debug.parent().unwrap().parent().unwrap().join("release/backup-notify");
    assert!(release.exists(), "{} is missing: tests/run builds it", release.display());
    release
}

const ARGUMENTS: [&str; 5] = ["notify", "--exit-code", "0", "--log", "run.log"];

#[test]
fn a_silent_decision_opens_no_socket_no_secret_and_no_ca_file() {
    let (world, task) = silent_world(None);
    let binary = world.binary().to_str().unwrap().to_owned();
    let output = world
        .other_command(
            "strace",
            &["-f", "-o", "trace", "-e", "trace=%network,%file,%process,openat", &binary],
        )
        .args(ARGUMENTS)
        .task(&task)
        .run();
    output.assert_code(0).assert_stdout_is("").assert_stderr_is_empty();
    let trace = world.read("trace");
    for call in ["socket(", "connect(", "fork(", "clone(", "clone3(", "vfork("] {
        assert!(!trace.contains(call), "{call}\n{trace}");
    }
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
    for file in ["ca.pem", "print-secret", "subject.txt", "run.log\"", "localtime", "resolv.conf", "/etc/ssl"]
    {
        // the name of the log stands among the arguments of execve, and nowhere else
        let opened = trace.lines().filter(|line| !line.contains("execve(") && line.contains(file)).count();
        assert_eq!(opened, 0, "{file}\n{trace}");
    }
    assert!(trace.contains("task.json"), "{trace}");
}

#[test]
fn a_silent_decision_says_why_when_asked() {
    let (world, task) = silent_world(None);
    let output = world.command(&ARGUMENTS).args(["-v"]).task(&task).run();
    output.assert_code(0).assert_stdout_is("");
    output.assert_stderr_has(
        "silent: the outcome is success and the policy \"error\" covers error and interrupted",
    );
    let output = world.command(&ARGUMENTS).args(["--json"]).task(&task).run();
    let result = output.assert_code(0).json();
    assert_eq!(result["decision"], "silent");
    assert_eq!(result["outcome"], "success");
    assert_eq!(result["exit_code"], 0);
    assert_eq!(result["deliveries"][0]["status"], "skipped");
}

#[test]
fn a_silent_decision_costs_few_instructions() {
    let (world, task) = silent_world(Some(release_binary()));
    let binary = world.binary().to_str().unwrap().to_owned();
    let output = world
        .other_command("valgrind", &["--tool=callgrind", "--callgrind-out-file=profile", &binary])
        .args(ARGUMENTS)
        .task(&task)
        .run();
    output.assert_code(0);
    let count = output.stderr.lines().find_map(|line| line.split("Collected : ").nth(1)).unwrap();
    let count: u64 = count.trim().parse().unwrap();
    assert!(count < MOST_INSTRUCTIONS, "{count} instructions");
}
