//! SIGTERM, SIGINT and SIGHUP at every moment: the program ends soon, says why, and its code, its JSON and
//! its words agree.

use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::site::{Site, mode_of};
use crate::support::gntp::{Act, GntpServer};
use crate::support::namespace;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Mode, Stage};
use crate::support::world::World;

/// How long the end may take after the signal, on a computer that is busy.
const SOON: Duration = Duration::from_millis(1900);
/// How long is waited for what a test needs.
const PATIENCE: Duration = Duration::from_secs(20);
const FORCED: &str = "backup-notify: interrupted, and not done in time: what was going on is given up\n";

pub(crate) const SIGNALS: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];

pub(crate) fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "this never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Tells whether a process has a handler for a signal.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).unwrap() >> (signal as i32 - 1) & 1 == 1
}

/// Runs `notify` about a failed backup, waits for a moment, sends the signal, and checks that the program
/// ends soon, with 75, and says the same everywhere.
fn interrupted(world: &World, task: &Value, signal: Signal, moment: impl FnOnce(u32)) -> (Output, Value) {
    let path = world.task(task);
    let run = world.command(&["notify", "--exit-code", "1", "--json"]).task(&path);
    let mut sent = Instant::now();
    let begun = Instant::now();
    let output = run.run_while(|pid| {
        moment(pid);
        sent = Instant::now();
        send(pid, signal);
    });
    let took = output.elapsed.saturating_sub(sent - begun);
    assert!(took < SOON, "{took:?} after the signal\n{}", output.stderr);
    output.assert_code(75);
    let json = output.json();
    assert_eq!(json["exit_code"], 75, "{json}");
    let delivery = json["deliveries"][0].clone();
    assert_eq!((&delivery["exit_code"], &delivery["status"]), (&json!(75), &json!("failed")), "{delivery}");
    let words = format!("interrupted by {signal}");
    assert!(delivery["detail"].as_str().unwrap().contains(&words), "{delivery}");
    output.assert_stderr_has(&words).assert_stderr_lacks("deadline");
    (output, delivery)
}

#[test]
fn a_signal_at_any_stage_of_a_session_ends_it() {
    let cases = [
        ("implicit", Stage::Connect),
        ("implicit", Stage::Handshake),
        ("implicit", Stage::Greeting),
        ("implicit", Stage::Ehlo),
        ("implicit", Stage::Challenge),
        ("implicit", Stage::Auth),
        ("implicit", Stage::Mail),
        ("implicit", Stage::Rcpt(1)),
        ("implicit", Stage::Data),
        ("implicit", Stage::Body),
        ("implicit", Stage::FinalDot),
        ("starttls", Stage::Connect),
        ("starttls", Stage::Greeting),
        ("starttls", Stage::Ehlo),
        ("starttls", Stage::Starttls),
        ("starttls", Stage::Handshake),
        ("starttls", Stage::EhloAgain),
        ("starttls", Stage::FinalDot),
        ("none", Stage::Greeting),
        ("none", Stage::Ehlo),
    ];
    for (index, (mode, stage)) in cases.into_iter().enumerate() {
        let site = Site::new();
        let mut server = site.server(mode_of(mode)).fault(stage, Action::Stall);
        if stage == Stage::Challenge {
            server = server.auth(&["LOGIN"]);
        }
        let server = server.start();
        let task = site.task(&server, mode);
        let stalled = |_| server.wait_until_stalled(1);
        let (_, delivery) = interrupted(&site.world, &task, SIGNALS[index % 3], stalled);
        let stages = delivery["stages"].as_array().unwrap();
        assert_eq!(stages.last().unwrap()["ok"], false, "{mode} {stage:?}: {delivery}");
        assert!(server.messages().is_empty(), "{mode} {stage:?}");
    }
}

#[test]
fn a_message_that_was_accepted_before_the_signal_is_a_success() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Quit, Action::Stall).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    let run = site.world.command(&["notify", "--exit-code", "1", "--json"]).task(&path);
    let output = run.run_while(|pid| {
        server.wait_until_stalled(1);
        // it may have left without waiting for the goodbye
        let _ = kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGTERM);
    });
    output.assert_code(0);
    assert_eq!(output.json()["deliveries"][0]["status"], "sent");
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn one_who_has_nothing_more_to_wait_for_says_so_of_every_channel() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::Stall).start();
    let mut task = site.task(&server, "implicit");
    let email = task["email"].clone();
    task["email"] = json!([email, email]);
    let (_, _) = interrupted(&site.world, &task, Signal::SIGTERM, |_| server.wait_until_stalled(1));
    assert_eq!(server.snapshot().len(), 1);
}

#[test]
fn a_hook_ends_with_0_all_the_same() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::Stall).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    let run = site.world.command(&["notify", "--exit-code", "1", "--hook", "--json"]).task(&path);
    let output = run.run_while(|pid| {
        server.wait_until_stalled(1);
        send(pid, Signal::SIGTERM);
    });
    output.assert_code(0).assert_stderr_has("was interrupted by SIGTERM");
    assert_eq!(output.json()["deliveries"][0]["exit_code"], 75);
}

#[test]
fn a_check_by_hand_ends_with_ctrl_c() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::Mail, Action::Stall).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    for (count, command) in ["check", "test-email"].into_iter().enumerate() {
        let output = site.world.command(&[command]).task(&path).run_while(|pid| {
            server.wait_until_stalled(count + 1);
            send(pid, Signal::SIGINT);
        });
        output.assert_code(75).assert_stderr_has("was interrupted by SIGINT");
    }
}

#[test]
fn what_was_ignored_stays_ignored() {
    for (name, signal) in [("TERM", Signal::SIGTERM), ("HUP", Signal::SIGHUP), ("INT", Signal::SIGINT)] {
        let site = Site::new();
        let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::Stall).start();
        let path = site.world.task(&site.task(&server, "implicit"));
        let line = format!("trap '' {name}; exec \"$0\" \"$@\"");
        let binary = site.world.binary().to_str().unwrap().to_owned();
        let notify = ["-c", &line, &binary, "notify", "--exit-code", "1", "--deadline", "2s"];
        let output = site.world.other_command("/bin/sh", &notify).task(&path).run_while(|pid| {
            server.wait_until_stalled(1);
            assert!(!handles(pid, signal));
            send(pid, signal);
        });
        output.assert_code(75).assert_stderr_has("before the deadline of 2 s");
        output.assert_stderr_lacks("interrupted");
    }
}

#[test]
fn a_password_command_that_hangs_is_killed_with_what_it_has_started() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let line = "#!/bin/sh\nsleep 1000 &\necho $$ $! > started.new; mv started.new started; wait\n";
    let script = site.world.script("hangs", line);
    let mut task = site.task(&server, "implicit");
    task["email"]["password"] = json!({ "command": [script] });
    let started = site.world.path().join("started");
    let (_, delivery) = interrupted(&site.world, &task, Signal::SIGTERM, |_| {
        wait_until("the command", || started.exists());
    });
    assert_eq!(delivery["hint"], Value::Null);
    let text = fs::read_to_string(started).unwrap();
    for pid in text.split_whitespace() {
        wait_until("its end", || {
            fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
        });
    }
    assert!(server.sessions().iter().all(|session| session.sign_ins.is_empty()));
}

#[test]
fn growl_that_gives_no_answer_is_left_and_so_is_the_mail_after_it() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let growl = GntpServer::always(Act::Hold(Vec::new()));
    let mut task = json!({ "name": "Nightly", "growl": growl.entry(&json!({})) });
    interrupted(&site.world, &task, Signal::SIGHUP, |_| growl.wait_for_requests(1));
    task["email"] = site.task(&server, "implicit")["email"].clone();
    interrupted(&site.world, &task, Signal::SIGINT, |_| growl.wait_for_requests(2));
    assert!(server.messages().is_empty());
}

#[test]
fn a_look_up_that_takes_long_is_left() {
    if !namespace::entered("signals::a_look_up_that_takes_long_is_left") {
        return;
    }
    let resolver = UdpSocket::bind("127.0.0.1:53").unwrap();
    let site = Site::new();
    for (place, text) in [
        ("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\npasswd: files\n"),
    ] {
        let file = site.world.write_with_mode(place.trim_start_matches("/etc/"), text, 0o644);
        let done = Command::new("mount").arg("--bind").arg(file).arg(place).status().unwrap();
        assert!(done.success());
    }
    let account = json!({ "host": "mail.example.test", "port": 465, "user": "jon" });
    let task = site.task_for(&account, "implicit");
    interrupted(&site.world, &task, Signal::SIGTERM, |_| {
        resolver.recv(&mut [0; 512]).unwrap();
    });
}

#[test]
fn a_connection_that_is_not_made_is_left() {
    let site = Site::new();
    // room for one in the queue of those who wait, and that is taken: the next one gets no answer
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let _first = std::net::TcpStream::connect(address).unwrap();
    let account = json!({ "host": "127.0.0.1", "port": address.port(), "user": "jon" });
    let task = site.task_for(&account, "implicit");
    // SYN_SENT
    let waits = format!("0100007F:{:04X} 02", address.port());
    interrupted(&site.world, &task, Signal::SIGTERM, |_| {
        wait_until("a connection", || fs::read_to_string("/proc/net/tcp").unwrap().contains(&waits));
    });
}

/// Starts the program with a pipe for standard input that nobody closes.
fn with_open_stdin(world: &World, arguments: &[&str]) -> Child {
    let mut command = Command::new(world.binary());
    command.args(arguments).env_clear().env("HOME", world.home()).env("PATH", "/usr/bin:/bin");
    command.current_dir(world.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn standard_input_that_nobody_closes_is_left() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    let path = path.to_str().unwrap();
    let report =
        ["notify", "--task", path, "--tool", "restic", "--report", "-", "--exit-code", "1", "--json"];
    for arguments in [&["notify", "--task", "-", "--exit-code", "1", "--json"][..], &report] {
        let mut child = with_open_stdin(&site.world, arguments);
        wait_until("a handler", || handles(child.id(), Signal::SIGHUP));
        let sent = Instant::now();
        send(child.id(), Signal::SIGTERM);
        let stdin = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(sent.elapsed() < SOON, "{:?}\n{stderr}", sent.elapsed());
        assert_eq!(output.status.code(), Some(75), "{stderr}");
        assert!(stderr.contains("was interrupted by SIGTERM"), "{stderr}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["exit_code"], 75);
    }
    assert!(server.sessions().is_empty());
}

/// Starts the program with a pipe for standard output that takes nothing more, and waits until it hangs
/// there.
fn hanging(world: &World, arguments: &[&str]) -> (Child, OwnedFd) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    let mut command = Command::new(world.binary());
    command.args(arguments).env_clear().env("HOME", world.home()).current_dir(world.path());
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let file = format!("/proc/{}/syscall", child.id());
    wait_until("a write", || fs::read_to_string(&file).unwrap_or_default().starts_with("1 0x1 "));
    (child, reader.into())
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn one_that_hangs_all_the_same_is_ended_after_two_seconds() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    let path = path.to_str().unwrap();
    let usual = ["notify", "--task", path, "--exit-code", "1", "--dry-run", "--json"];
    let hook = ["notify", "--task", path, "--exit-code", "1", "--dry-run", "--json", "--hook"];
    for (arguments, code) in [(&usual[..], 75), (&hook, 0)] {
        let (child, _reader) = hanging(&site.world, arguments);
        let sent = Instant::now();
        send(child.id(), Signal::SIGTERM);
        let (ended, said) = end(child);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.ends_with(FORCED), "{said}");
        let took = sent.elapsed();
        assert!((Duration::from_millis(1900)..Duration::from_secs(4)).contains(&took), "{took:?}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once_unless_it_comes_with_the_first() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let path = site.world.task(&site.task(&server, "implicit"));
    let arguments = ["notify", "--task", path.to_str().unwrap(), "--exit-code", "1", "--dry-run", "--json"];
    let (child, _reader) = hanging(&site.world, &arguments);
    let pid = child.id();
    let sent = Instant::now();
    send(pid, Signal::SIGHUP);
    send(pid, Signal::SIGHUP);
    send(pid, Signal::SIGTERM);
    let ended = std::thread::spawn(move || end(child));
    wait_until("its end", || {
        if ended.is_finished() {
            return true;
        }
        let _ = kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGINT);
        false
    });
    let (code, said) = ended.join().unwrap();
    assert!(code == Some(75) && said.ends_with(FORCED), "{code:?} {said}");
    let took = sent.elapsed();
    assert!((Duration::from_millis(200)..Duration::from_millis(1900)).contains(&took), "{took:?}");
}

#[test]
fn commands_that_deliver_nothing_end_by_the_signal() {
    let world = World::new();
    let mut child = with_open_stdin(&world, &["password", "set", "smtp.example.com:587:kim", "--stdin"]);
    let file = format!("/proc/{}/syscall", child.id());
    // it reads, or asks whether it can
    wait_until("a question", || {
        let call = fs::read_to_string(&file).unwrap_or_default();
        ["0 0x0 ", "23 ", "270 "].iter().any(|known| call.starts_with(known))
    });
    assert!(!handles(child.id(), Signal::SIGTERM));
    send(child.id(), Signal::SIGTERM);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()), Some(15));
}
