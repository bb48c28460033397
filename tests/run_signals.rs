//! `run` and signals: by kill, from the keys of a terminal, and around job control, beside the same
//! command run bare.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::run_command::{Bench, Seen, WAYS};
use crate::support::smtp_server::{Action, Mode, Stage};

/// A command that says `ready`, and then which signal it got.
const SAYS: &str = "import signal,sys,os,time\n\
    def got(n, f):\n\
    \x20   os.write(1, b'got %s\\n' % signal.Signals(n).name.encode())\n\
    \x20   if n != signal.SIGCONT: os._exit(n)\n\
    for s in sys.argv[1].split(','): signal.signal(getattr(signal, s), got)\n\
    print('ready', flush=True)\n\
    while True: signal.pause()\n";

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

/// Starts a command, waits for its line `ready`, does something, and returns what was seen.
fn after_ready(bench: &Bench, way: Option<&[&str]>, command: &[&str], act: impl FnOnce(&Child)) -> Seen {
    let mut child = bench.command(way, command).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "{way:?}");
    act(&child);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    stdout.read_to_end(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
    Seen::of(out, err, child.wait().unwrap())
}

fn same(bench: &Bench, command: &[&str], act: impl Fn(&Child)) -> Seen {
    let [bare, run, captured] = WAYS.map(|way| after_ready(bench, way, command, &act));
    assert_eq!(bare, run, "{}\n{}", bare.text(), run.text());
    assert_eq!(bare, captured, "{}\n{}", bare.text(), captured.text());
    bare
}

#[test]
fn a_signal_sent_to_us_is_the_command_s() {
    let bench = Bench::new();
    for signal in
        ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGALRM", "SIGTSTP"]
    {
        let number: Signal = signal.parse().unwrap();
        let seen = same(&bench, &["python3", "-c", SAYS, signal], |child| kill(pid(child), number).unwrap());
        assert_eq!(seen.stdout, format!("got {signal}\n").into_bytes(), "{}", seen.text());
    }
}

#[test]
fn a_signal_that_the_command_does_not_expect_ends_both_and_people_are_told() {
    let bench = Bench::new();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGALRM] {
        let seen = same(&bench, &["sh", "-c", "echo ready; exec sleep 100"], |child| {
            kill(pid(child), signal).unwrap();
        });
        assert_eq!(seen.signal, Some(signal as i32));
    }
    let text = bench.mail();
    assert!(text.contains("Backup failed"), "{text}");
    let seen = after_ready(&bench, Some(&[]), &["sh", "-c", "echo ready; exec sleep 100"], |child| {
        kill(pid(child), Signal::SIGTERM).unwrap();
    });
    assert_eq!(seen.signal, Some(15));
    let text = bench.mail();
    assert!(text.contains("interrupted") && text.contains("143"), "{text}");
}

#[test]
fn a_timer_that_was_set_for_the_command_ends_it() {
    let bench = Bench::new();
    let setter = "import os,signal,sys\n\
        signal.setitimer(signal.ITIMER_REAL, 2)\n\
        os.execv(sys.argv[1], sys.argv[1:])";
    for way in WAYS {
        let argv = bench.argv(way, &["/bin/sh", "-c", "echo ready; exec sleep 100"]);
        let mut all = vec!["python3", "-c", setter];
        all.extend(argv.iter().map(String::as_str));
        let seen = bench.see(None, &all, b"");
        assert_eq!((seen.signal, &seen.stdout[..]), (Some(14), &b"ready\n"[..]), "{}", seen.text());
    }
    assert!(bench.mail().contains("142"), "{}", bench.mail());
}

#[test]
fn a_terminal_that_goes_away_says_so_to_the_command_in_the_place_of_its_leader() {
    let bench = Bench::new();
    let person = "import os,pty,sys\n\
        pid, terminal = pty.fork()\n\
        if pid == 0: os.execv(sys.argv[1], sys.argv[1:])\n\
        seen = b''\n\
        while b'ready' not in seen: seen += os.read(terminal, 99)\n\
        os.close(terminal)\n\
        print(os.waitpid(pid, 0)[1])";
    let line = "trap 'echo hup >>found; exit 4' HUP; echo ready; sleep 100 & wait";
    for way in WAYS {
        let argv = bench.argv(way, &["/bin/sh", "-c", line]);
        let mut all = vec!["python3", "-c", person];
        all.extend(argv.iter().map(String::as_str));
        assert_eq!(bench.see(None, &all, b"").stdout, b"1024\n", "{way:?}");
    }
    assert_eq!(bench.site.world.read("found"), "hup\n".repeat(3));
}

#[test]
fn a_signal_to_the_command_alone_is_seen_as_its_end() {
    let bench = Bench::new();
    for way in &WAYS[1..] {
        let seen = after_ready(&bench, *way, &["sh", "-c", "echo ready; kill -KILL $$"], |_| ());
        assert_eq!(seen.signal, Some(9), "{}", seen.text());
    }
}

#[test]
fn one_that_the_command_sends_to_its_whole_group_reaches_it_once() {
    let bench = Bench::new();
    let command = "import os,signal,sys\n\
        n = [0]\n\
        def got(s, f): n[0] += 1\n\
        signal.signal(signal.SIGTERM, got)\n\
        os.setpgid(0, 0) if len(sys.argv) > 1 else None\n\
        os.kill(0, signal.SIGTERM)\n\
        n[0] += signal.sigtimedwait([signal.SIGTERM], 0.5) is not None\n\
        print(n[0])";
    let seen = WAYS.map(|way| {
        use std::os::unix::process::CommandExt as _;
        let output = bench.command(way, &["python3", "-c", command]).process_group(0).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });
    assert_eq!(seen, ["1\n"; 3]);
}

#[test]
fn a_command_that_is_stopped_and_continued_by_its_own_number_does_not_leave_us_stopped() {
    let bench = Bench::new();
    for way in &WAYS[1..] {
        let command = "echo ready; (kill -STOP $$; kill -CONT $$) & wait; exit 3";
        let seen = after_ready(&bench, *way, &["sh", "-c", command], |_| ());
        assert_eq!(seen.code, Some(3), "{}", seen.text());
    }
}

#[test]
fn once_the_command_has_ended_a_key_gives_up_the_notice_and_the_code_stays() {
    for (line, code, signal) in
        [("echo ready; exit 5", Some(5), None), ("echo ready; kill -HUP $$", None, Some(1))]
    {
        let bench = Bench::new();
        let server = bench.site.server(Mode::Implicit).fault(Stage::Auth, Action::Stall).start();
        bench.site.world.task(&bench.site.task(&server, "implicit"));
        let seen = after_ready(&bench, Some(&["--deadline", "25s"]), &["sh", "-c", line], |child| {
            server.wait_until_stalled(1);
            let begun = std::time::Instant::now();
            // nothing else that can be sent ends it, nor costs the code
            for other in [
                "SIGHUP",
                "SIGUSR1",
                "SIGUSR2",
                "SIGALRM",
                "SIGVTALRM",
                "SIGPROF",
                "SIGXCPU",
                "SIGXFSZ",
                "SIGIO",
            ] {
                kill(pid(child), other.parse::<Signal>().unwrap()).unwrap();
            }
            // the first second still belongs to what has ended the command
            while !ended(child) && begun.elapsed().as_secs() < 20 {
                kill(pid(child), Signal::SIGTERM).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            assert!(begun.elapsed().as_secs() < 10);
        });
        assert_eq!((seen.code, seen.signal), (code, signal), "{}", seen.text());
        assert!(seen.text().contains("SIGTERM: the notice about this run is given up"), "{}", seen.text());
    }
}

fn ended(child: &Child) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    stat.rsplit(')').next().unwrap().trim_start().starts_with('Z')
}

#[test]
fn nothing_is_done_while_the_command_runs() {
    let bench = Bench::new();
    for way in &WAYS[1..] {
        after_ready(&bench, *way, &["sh", "-c", "echo ready; exec sleep 100"], |child| {
            let switches = || {
                let status = format!("/proc/{}/task", child.id());
                let mut sum = 0_u64;
                for task in std::fs::read_dir(status).unwrap() {
                    let text = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
                    for line in text.lines().filter(|line| line.contains("ctxt_switches")) {
                        sum += line.split_whitespace().last().unwrap().parse::<u64>().unwrap();
                    }
                }
                sum
            };
            // until everything has come to rest
            let mut before = switches();
            let quiet = (0..50).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(100));
                let now = switches();
                std::mem::replace(&mut before, now) == now
            });
            assert!(quiet, "it never rests");
            kill(pid(child), Signal::SIGTERM).unwrap();
        });
    }
}

/// A person at bash with job control: types each line at the prompt, or a key once something is shown.
const PERSON: &str = r"
import json, os, pty, select, sys, time, re
home, steps = sys.argv[1], json.loads(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(home)
    os.execve('/bin/bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'],
              {'PS1': '$ ', 'PATH': '/usr/bin:/bin', 'HOME': home, 'TERM': 'dumb', 'HISTFILE': '', 'LANG': 'C.UTF-8'})
shown, seen, end = '', 0, time.monotonic() + 40
def wait(text):
    global shown, seen
    while shown.find(text, seen) < 0:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        try:
            piece = os.read(terminal, 65536) if ready else b''
        except OSError:
            piece = b''
        if not piece:
            print(shown); print('--- never came: ' + repr(text)); os.kill(pid, 9); sys.exit(1)
        shown += piece.decode(errors='replace')
    seen = shown.find(text, seen) + len(text)
def settled():
    # keys that come while a job is going on anew are lost to a program that has not seen yet that it goes on
    group = os.tcgetpgrp(terminal)
    while time.monotonic() < end:
        states = []
        for process in filter(str.isdigit, os.listdir('/proc')):
            try:
                if os.getpgid(int(process)) == group:
                    for task in os.listdir('/proc/%s/task' % process):
                        with open('/proc/%s/task/%s/stat' % (process, task)) as stat:
                            states.append(stat.read().rsplit(')', 1)[1].split()[0])
            except OSError:
                pass
        if not set(states) & set('RTD'):
            return
for text, send in steps:
    wait(text)
    if send[:1] in ('\x03', '\x1a', '\x1c'):
        settled()
    os.write(terminal, send.encode())
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece.decode(errors='replace')
os.waitpid(pid, 0)
print(re.sub(r'(\[\d\]) \d+', r'\1 N', shown.replace('\r', '')), end='')
";

/// What the terminal shows, the same for a bare command and for ours: `./w` runs it.
fn at_the_terminal(steps: &[(&str, &str)]) -> String {
    let bench = Bench::new();
    let world = &bench.site.world;
    let shown = WAYS.map(|way| {
        let argv = bench.argv(way, &[]).join(" ");
        world.write("goes-on", GOES_ON);
        world.write("counts", COUNTS);
        world.script("w", format!("#!/bin/sh\nexec {argv} \"$@\"\n"));
        let steps = serde_json::to_string(steps).unwrap();
        let home = world.path().to_str().unwrap();
        let output = bench.command(None, &["python3", "-c", PERSON, home, &steps]).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{way:?}\n{shown}{}", String::from_utf8_lossy(&output.stderr));
        // what bash says of a job and what the job says come in either order
        let mut lines: Vec<_> = shown.lines().map(|line| line.replace("$ ", "")).collect();
        lines.retain(|line| !line.is_empty());
        lines.sort();
        lines.join("\n")
    });
    assert_eq!(shown[0], shown[1], "\nbare:\n{}\nrun:\n{}", shown[0], shown[1]);
    assert_eq!(shown[0], shown[2], "\nbare:\n{}\nrun --capture:\n{}", shown[0], shown[2]);
    shown[0].clone()
}

/// Says when it goes on, and dies of everything else.
const GOES_ON: &str = "import os, signal\n\
    signal.signal(signal.SIGINT, signal.SIG_DFL)\n\
    signal.signal(signal.SIGCONT, lambda n, f: os.write(1, b'continued\\n'))\n\
    print('ready', flush=True)\n\
    while True: signal.pause()\n";

/// Counts how often Ctrl-C reaches it.
const COUNTS: &str = "import signal, sys, time\n\
    n = 0\n\
    def got(s, f):\n\
    \x20   global n\n\
    \x20   n += 1\n\
    signal.signal(signal.SIGINT, got)\n\
    print('ready', flush=True)\n\
    while n == 0: time.sleep(0.05)\n\
    time.sleep(0.3)\n\
    print(n, 'times', flush=True)\n\
    sys.exit(7)";

#[test]
fn at_a_terminal_keys_stop_continue_and_end_it_as_they_would() {
    let shown = at_the_terminal(&[
        ("$ ", "stty -echoctl; ulimit -c 0; ./w python3 goes-on\r"),
        ("ready", "\x03"),
        ("$ ", "echo code $?; ./w python3 goes-on\r"),
        ("ready", "\x1c"),
        ("$ ", "echo code $?; ./w python3 goes-on\r"),
        ("ready", "\x1a"),
        ("Stopped", ""),
        ("$ ", "echo code $?; jobs; fg\r"),
        ("continued", "\x1a"),
        ("Stopped", ""),
        ("$ ", "bg\r"),
        ("continued", "kill -TERM %1; wait %1; echo code $?\r"),
        ("code 143", "exit\r"),
    ]);
    for text in ["code 130", "code 131", "code 148", "Stopped", "code 143"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert_eq!(shown.matches("continued").count(), 2, "{shown}");
}

#[test]
fn at_a_terminal_a_job_in_the_background_stops_when_it_reads() {
    let shown = at_the_terminal(&[
        ("$ ", "stty -echoctl; set -b; ./w sh -c 'read x; echo got-$x' &\r"),
        ("Stopped", "fg\r"),
        ("fg\r\n", ""),
        ("got-$x'\r\n", "hello\r"),
        ("got-hello", ""),
        ("$ ", "./w sh -c 'trap \"\" TSTP; echo rea''dy; read x; echo got-$x'\r"),
        ("ready", "\x1atwo\r"),
        ("got-two", ""),
        ("$ ", "./w python3 counts\r"),
        ("ready", "\x03"),
        ("$ ", "echo code $?; exit\r"),
    ]);
    assert!(shown.contains("Stopped") && shown.contains("code 7"), "{shown}");
    assert!(shown.contains("1 times"), "{shown}");
}

#[test]
fn at_a_terminal_the_command_has_it() {
    let probe =
        "import os; print(os.isatty(0), os.tcgetpgrp(0) == os.getpgrp(), os.getsid(0) != os.getpid())";
    let shown = at_the_terminal(&[
        ("$ ", "stty rows 33 cols 77; ./w stty size; ./w test -t 0; echo code $?\r"),
        ("code 0", ""),
        ("$ ", &format!("./w python3 -c \"{probe}\"; exit\r")),
    ]);
    assert!(shown.contains("33 77") && shown.contains("True True True"), "{shown}");
    // with --capture only what it prints goes elsewhere
    let bench = Bench::new();
    let line = "exec 3>found; for n in 0 1 2; do test -t $n && echo $n >&3; done; exit 0";
    for (way, found) in [(None, "0\n1\n2\n"), (Some(&[][..]), "0\n1\n2\n"), (Some(&["--capture"][..]), "0\n")]
    {
        let argv = bench.argv(way, &["sh", "-c", line]);
        let spawn = "import pty,sys; sys.exit(pty.spawn(sys.argv[1:]))";
        let mut all = vec!["python3", "-c", spawn];
        all.extend(argv.iter().map(String::as_str));
        assert_eq!(bench.see(None, &all, b"").code, Some(0));
        assert_eq!(bench.site.world.read("found"), found, "{way:?}");
    }
}
