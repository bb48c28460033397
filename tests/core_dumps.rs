//! No core dump of a process that has, or has had, a secret.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::site::Site;
use crate::support::run::Run;
use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage};
use crate::support::world::World;

/// The commands that fetch a password, as they are typed where the task is.
const COMMANDS: [&[&str]; 4] = [
    &["notify", "--exit-code", "1", "--task", "task.json"],
    &["test-email", "--task", "task.json"],
    &["check", "--task", "task.json"],
    &SETUP,
];

/// Reads a new password for a task that is there.
const SETUP: [&str; 5] = ["setup", "task.json", "--yes", "--test", "--password-stdin"];

/// Starts the program where a core dump may be as large as it likes.
fn without_limit<'w>(world: &'w World, arguments: &[&str]) -> Run<'w> {
    let line = "ulimit -c unlimited && exec \"$0\" \"$@\"";
    // who runs the tests may ignore SIGQUIT, as shells do for what runs in the background
    let shell = ["--default-signal", "/bin/sh", "-c", line, world.binary().to_str().unwrap()];
    world.other_command("/usr/bin/env", &shell).args(arguments)
}

/// A task that signs in at a server which does not answer that.
fn stalled(site: &Site) -> (SmtpServer, Value) {
    let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::Stall).start();
    let task = site.task(&server, "implicit");
    (server, task)
}

fn cores(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("core")).collect()
}

#[test]
fn a_crash_with_the_password_in_memory_leaves_no_core() {
    for command in COMMANDS {
        // Rust takes a SIGSEGV that somebody sends for one of its own and goes on
        for signal in [Signal::SIGABRT, Signal::SIGQUIT, Signal::SIGILL] {
            let site = Site::new();
            let (server, task) = stalled(&site);
            site.world.task(&task);
            let run = without_limit(&site.world, command).stdin(site.world.secret());
            let output = run.run_while(|pid| {
                server.wait_until_stalled(1);
                let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
                let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
                assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
                kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
            });
            assert_eq!(output.signal(), Some(signal as i32), "{output}");
            assert_eq!(cores(&site.world), [""; 0], "{command:?} {signal}");
        }
    }
    // the same place and limit leave one of a program that does not prevent it, where the system
    // writes cores into the folder at all
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if !pattern.starts_with(['|', '/', '@']) {
        let world = World::new();
        let line = "ulimit -c unlimited && kill -ABRT $$";
        world.other_command("/bin/sh", &["-c", line]).run();
        assert_eq!(cores(&world).len(), 1);
    }
}

/// A core pattern that names a program asks for no limit, but only for this.
#[test]
fn nobody_but_root_can_look_into_the_process() {
    let site = Site::new();
    let (server, task) = stalled(&site);
    let path = site.world.task(&task);
    let run = site.world.command(&["check"]).task(&path).as_user(1234, 1234);
    run.run_while(|pid| {
        server.wait_until_stalled(1);
        // proc(5): of a process that is not dumpable, these belong to root
        assert_eq!(fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid(), 0);
        drop(server);
    });
}

#[test]
fn core_dumps_are_off_before_the_secret_is_opened() {
    let site = Site::new();
    site.world.write("credentials/smtp", site.world.secret().to_owned() + "\n");
    let credentials = site.world.path().join("credentials");
    let secret = site.world.secret_file();
    let command = site.world.secret_command();
    let binary = site.world.binary().to_str().unwrap().to_owned();
    for (source, opened) in [
        (secret, "/secret\""),
        (command, "execve(\"/bin/cat\""),
        (json!({ "systemd_credential": "smtp" }), "/smtp\""),
    ] {
        for command in COMMANDS {
            let server = site.server(Mode::Implicit).start();
            let mut task = site.task(&server, "implicit");
            task["email"]["password"] = source.clone();
            site.world.task(&task);
            let calls = "trace=openat,openat2,execve,prctl,prlimit64,setrlimit";
            let run = site.world.other_command("strace", &["-f", "-o", "trace", "-e", calls, &binary]);
            // without it, the task says where the password is
            let run = run.args(command.iter().filter(|word| **word != "--password-stdin"));
            run.env("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()).run().assert_success();
            assert_off_before(&site.world.read("trace"), opened);
        }
    }
}

/// The private keychain: its key is opened, and a new password read, by a process that leaves no core.
#[test]
fn core_dumps_are_off_before_the_key_is_opened_and_a_password_is_read() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let mut task = site.task(&server, "implicit");
    task["email"].as_object_mut().unwrap().remove("password");
    let path = site.world.task(&task);
    let account = format!("{}:{}:jon", server.host(), server.port());
    let binary = site.world.binary().to_str().unwrap().to_owned();
    for (command, secret) in [
        (&["password", "set", &account, "--stdin"][..], "read(0<"),
        (&["password", "list"], "/key\""),
        (&["check", "--task", path.to_str().unwrap()], "/key\""),
        (&["password", "set", &account, "--stdin"], "/key\""),
        (&SETUP, "read(0<"),
        (&SETUP, "/key\""),
        (&["password", "remove", &account], "/key\""),
    ] {
        let calls = "trace=read,openat,openat2,prctl,prlimit64,setrlimit";
        let run = site.world.other_command("strace", &["-f", "-y", "-o", "trace", "-e", calls, &binary]);
        run.args(command).stdin(site.world.secret()).run().assert_success();
        assert_off_before(&site.world.read("trace"), secret);
    }
}

#[test]
fn a_crash_while_a_new_password_is_tried_leaves_no_core() {
    let site = Site::new();
    let (server, _) = stalled(&site);
    let account = format!("{}:{}:jon", server.host(), server.port());
    let command = ["password", "set", &account, "--stdin", "--test", "--tls-trust", "ca-file:ca.pem"];
    let run = without_limit(&site.world, &command).stdin(site.world.secret());
    let output = run.run_while(|pid| {
        server.wait_until_stalled(1);
        kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGABRT).unwrap();
    });
    assert_eq!(output.signal(), Some(Signal::SIGABRT as i32), "{output}");
    assert_eq!(cores(&site.world), [""; 0]);
}

/// Both the limit and "not dumpable" were set before this call.
#[track_caller]
fn assert_off_before(trace: &str, opened: &str) {
    let at = |text: &str| {
        trace.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}\n{trace}"))
    };
    let opened = at(opened);
    for call in ["RLIMIT_CORE, {rlim_cur=0, rlim_max=0}", "PR_SET_DUMPABLE, SUID_DUMP_DISABLE"] {
        assert!(at(call) < opened, "{call}\n{trace}");
    }
}
