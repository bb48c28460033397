//! `run`: whoever starts a command through it sees what the command alone would have shown.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use crate::site::Site;
use crate::support::smtp_server::{Mode, SmtpServer};

/// A place where commands are run bare and by the program.
pub(crate) struct Bench {
    pub(crate) site: Site,
    pub(crate) server: SmtpServer,
    pub(crate) task: PathBuf,
}

/// What a caller sees of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

impl Seen {
    pub(crate) fn of(stdout: Vec<u8>, stderr: Vec<u8>, status: ExitStatus) -> Self {
        Self { stdout, stderr, code: status.code(), signal: status.signal() }
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "{}{}{:?}{:?}",
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr),
            self.code,
            self.signal
        )
    }
}

/// The ways to run a command: bare, and as the program is told to.
pub(crate) const WAYS: [Option<&[&str]>; 3] = [None, Some(&[]), Some(&["--capture"])];

impl Bench {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let server = site.server(Mode::Implicit).start();
        let task = site.world.task(&site.task(&server, "implicit"));
        Self { site, server, task }
    }

    /// The command line of one of the [`WAYS`].
    pub(crate) fn argv(&self, way: Option<&[&str]>, command: &[&str]) -> Vec<String> {
        let mut argv = Vec::new();
        if let Some(flags) = way {
            let binary = self.site.world.binary().to_str().unwrap();
            argv.extend([binary, "run", "--task", self.task.to_str().unwrap()]);
            argv.extend(flags);
            argv.push("--");
        }
        argv.extend(command);
        argv.into_iter().map(str::to_owned).collect()
    }

    /// The same as a command in the environment of this world.
    pub(crate) fn command(&self, way: Option<&[&str]>, command: &[&str]) -> Command {
        let argv = self.argv(way, command);
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).env_clear().current_dir(self.site.world.path());
        command.env("HOME", self.site.world.home()).env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command with something on its stdin.
    pub(crate) fn see(&self, way: Option<&[&str]>, command: &[&str], stdin: &[u8]) -> Seen {
        let mut child = self.command(way, command).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.to_vec();
        let feeder = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        Seen::of(output.stdout, output.stderr, output.status)
    }

    /// Runs a command in every way; whoever looks sees no difference.
    pub(crate) fn same(&self, command: &[&str], stdin: &[u8]) -> Seen {
        let [bare, run, captured] = WAYS.map(|way| self.see(way, command, stdin));
        for (seen, way) in [(&run, "run"), (&captured, "run --capture")] {
            assert!(*seen == bare, "{way} {command:?}\nbare: {}\n{way}: {}", bare.text(), seen.text());
        }
        bare
    }

    /// Subject and text of the last message that came in.
    pub(crate) fn mail(&self) -> String {
        let envelope = self.server.messages().pop().expect("a message");
        let message =
            mail_parser::MessageParser::default().parse(envelope.message.as_ref().unwrap()).unwrap();
        format!("{}\n{}", message.subject().unwrap(), message.body_text(0).unwrap())
    }
}

#[test]
fn every_exit_code_is_the_command_s() {
    let bench = Bench::new();
    for code in [0, 1, 2, 23, 24, 63, 64, 65, 70, 75, 77, 78, 100, 125, 126, 127, 128, 130, 143, 254, 255] {
        let seen = bench.same(&["sh", "-c", &format!("exit {code}")], b"");
        assert_eq!(seen.code, Some(code));
    }
}

#[test]
fn a_command_that_dies_of_a_signal_is_seen_to_have_died_of_it() {
    let bench = Bench::new();
    // the last ones have no names, and macOS has none of them
    let more: &[i32] = if cfg!(target_os = "linux") { &[16, 31, 35, 64] } else { &[] };
    for &signal in [1, 2, 3, 6, 8, 9, 10, 11, 13, 14, 15, 24, 25].iter().chain(more) {
        let seen = bench.same(&["sh", "-c", &format!("kill -{signal} $$")], b"");
        assert_eq!(seen.signal, Some(signal));
    }
}

#[test]
fn both_outputs_and_stdin_are_the_command_s_byte_by_byte() {
    let bench = Bench::new();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    bench.same(&["cat"], &bytes);
    bench.same(&["sh", "-c", "cat >&2; printf 'no line break'"], &bytes);
    bench.same(&["sh", "-c", "head -c 5 >/dev/null; exit 3"], &bytes);
    bench.same(&["true"], b"");
}

#[test]
fn arguments_environment_folder_and_mask_reach_the_command_as_they_are() {
    let bench = Bench::new();
    bench.same(&["printf", "[%s]", "", "a b", "--task", "--", "-q", "*", "ü"], b"");
    bench.same(&["sh", "-c", "pwd; umask; ulimit -a; exec env"], b"");
    let probe = "import os,signal\n\
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []))\n\
        for s in open('/proc/self/status'):\n\
        \x20   if s.startswith('Sig'): print(s.strip())\n\
        print(sorted(os.listdir('/proc/self/fd')), os.getpgrp() == os.getpgid(os.getppid()))";
    // of the interpreter's own, what it ignores is the same in every way
    for way in WAYS {
        let mut command = bench.command(way, &["python3", "-c", probe]);
        command.env("OPENSSL_CONF", "/nowhere").env("OPENSSL_MODULES", "/nowhere");
        assert!(command.output().unwrap().status.success());
    }
    let seen = WAYS.map(|way| {
        let mut command = bench.command(way, &["sh", "-c", "grep '^Sig[BIC]' /proc/self/status; env | sort"]);
        command.env("OPENSSL_CONF", "/nowhere").env("SSL_CERT_FILE", "/nowhere");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    });
    assert!(seen[0].contains("OPENSSL_CONF=/nowhere"), "{}", seen[0]);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn what_its_caller_ignores_or_blocks_is_ignored_or_blocked_by_the_command() {
    let bench = Bench::new();
    let setter = "import os,signal,sys\n\
        for s in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):\n\
        \x20   signal.signal(s, signal.SIG_IGN)\n\
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM, signal.SIGWINCH])\n\
        os.execv(sys.argv[1], sys.argv[1:])";
    let seen = WAYS.map(|way| {
        let argv = bench.argv(way, &["/bin/grep", "^Sig[BI]", "/proc/self/status"]);
        let mut all = vec!["python3", "-c", setter];
        all.extend(argv.iter().map(String::as_str));
        bench.see(None, &all, b"")
    });
    assert!(seen[0].code == Some(0) && !seen[0].stdout.is_empty(), "{}", seen[0].text());
    assert_eq!(seen[0], seen[1], "{} {}", seen[0].text(), seen[1].text());
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn a_closed_descriptor_stays_closed_in_all_eight_combinations() {
    let bench = Bench::new();
    let probe = "import os,sys\n\
        def there(n):\n\
        \x20   try: os.fstat(n); return True\n\
        \x20   except OSError: return False\n\
        found = [there(n) for n in range(3)]\n\
        open(sys.argv[1], 'w').write(str(found))";
    for combination in 0..8_u8 {
        let mut close = String::from("exec \"$@\"");
        for (bit, word) in [(1, " <&-"), (2, " >&-"), (4, " 2>&-")] {
            close += if combination & bit == 0 { "" } else { word };
        }
        let found = WAYS.map(|way| {
            let argv = bench.argv(way, &["python3", "-c", probe, "found"]);
            let mut all = vec!["sh", "-c", &close, "sh"];
            all.extend(argv.iter().map(String::as_str));
            let seen = bench.see(None, &all, b"");
            assert_eq!(seen.code, Some(0), "{close}: {}", seen.text());
            bench.site.world.read("found")
        });
        assert_eq!(found[0].matches("False").count(), combination.count_ones() as usize, "{close}");
        assert_eq!((&found[0], &found[0]), (&found[1], &found[2]), "{close}");
    }
}

#[test]
fn a_command_that_cannot_be_started_ends_like_in_a_shell_and_people_are_told() {
    let bench = Bench::new();
    let world = &bench.site.world;
    world.write("plain", "no program");
    world.folder("folder");
    world.write_with_mode("script", "echo \"no first line: $0 $1\"; exit 5", 0o700);
    for (name, code) in
        [("no-such-program", 127), ("", 127), ("./missing", 127), ("./plain", 126), ("./folder", 126)]
    {
        let bare = bench.see(None, &["bash", "-c", "\"$1\"", "bash", name], b"");
        assert_eq!(bare.code, Some(code), "{name}");
        for way in &WAYS[1..] {
            let seen = bench.see(*way, &[name], b"");
            assert_eq!((seen.code, seen.stdout.len()), (Some(code), 0), "{name}: {}", seen.text());
            assert!(seen.text().contains("cannot be started"), "{}", seen.text());
            let mail = bench.mail();
            assert!(mail.contains(&format!("\"{name}\" cannot be started")), "{mail}");
        }
    }
    for way in &WAYS[1..] {
        let bare = bench.see(None, &["sh", "-c", "./script argument"], b"");
        assert_eq!(bench.see(*way, &["./script", "argument"], b""), bare, "{}", bare.text());
    }
    bench.same(&["env", "PATH=/nowhere", "/bin/sh", "-c", "echo $PATH"], b"");
}

#[test]
fn the_mail_says_how_it_ended_and_when() {
    let bench = Bench::new();
    let flags = ["--tool", "rsync", "--message", "The weekly one", "--json-file", "result.json"];
    let seen = bench.see(Some(&flags), &["sh", "-c", "echo out; exit 24"], b"");
    assert_eq!((seen.code, seen.text().as_str()), (Some(24), "out\nSome(24)None"));
    let mail = bench.mail();
    for text in ["Backup finished with warnings", "24", "The weekly one"] {
        assert!(mail.contains(text), "{text}: {mail}");
    }
    let result: Value = serde_json::from_str(&bench.site.world.read("result.json")).unwrap();
    assert_eq!((&result["decision"], &result["outcome"]), (&json!("notify"), &json!("warning")));
    assert_eq!(result["exit_code"], 0);
    assert_eq!(result["deliveries"][0]["status"], "sent");
}

#[test]
fn whatever_becomes_of_the_notice_the_code_is_the_command_s() {
    let bench = Bench::new();
    let world = &bench.site.world;
    let good = bench.site.task(&bench.server, "implicit");
    let account = |host: &str, port: u16| json!({ "host": host, "port": port, "user": "jon" });
    let closed = bench.site.task_for(&account("127.0.0.1", 1), "implicit");
    let mute = bench.site.task_for(&account("no-such-host.invalid", 465), "implicit");
    let mut wrong = good;
    wrong["email"]["too"] = json!("x");
    for (task, says) in [(closed, "127.0.0.1"), (mute, "no-such-host.invalid"), (wrong, "too")] {
        world.task(&task);
        for way in &WAYS[1..] {
            for code in [0, 3] {
                let seen = bench.see(*way, &["sh", "-c", &format!("echo out; exit {code}")], b"");
                assert_eq!((seen.code, &seen.stdout[..]), (Some(code), &b"out\n"[..]), "{}", seen.text());
                assert!(seen.text().contains(says), "{}", seen.text());
            }
        }
    }
    fs::remove_file(&bench.task).unwrap();
    let seen = bench.see(Some(&["--json-file", "result.json"]), &["sh", "-c", "exit 9"], b"");
    assert_eq!(seen.code, Some(9));
    assert!(seen.text().contains("nobody could be told"), "{}", seen.text());
    let result: Value = serde_json::from_str(&world.read("result.json")).unwrap();
    assert_eq!(result["exit_code"], 66);
}

#[test]
fn a_task_that_is_mended_meanwhile_tells_people() {
    let bench = Bench::new();
    let good = bench.site.world.read("task.json");
    bench.site.world.write("good.json", &good);
    bench.site.world.write("task.json", "{");
    let seen = bench.see(Some(&[]), &["sh", "-c", "cat good.json > task.json; exit 4"], b"");
    assert_eq!(seen.code, Some(4), "{}", seen.text());
    assert!(seen.text().contains("the task is read again"), "{}", seen.text());
    assert!(bench.mail().contains("Backup failed"));
}

#[test]
fn the_folder_it_is_started_in_may_go_away() {
    let bench = Bench::new();
    for way in WAYS {
        let folder = bench.site.world.folder("gone");
        let mut command = bench.command(way, &["sh", "-c", "rmdir \"$PWD\"; exit 6"]);
        assert_eq!(command.current_dir(folder).status().unwrap().code(), Some(6));
    }
    assert_eq!(bench.server.messages().len(), 2);
}

/// A password for the screens is fetched before the command starts, and with it core dumps go off.
#[test]
fn the_limit_for_core_dumps_is_the_caller_s_also_after_a_notice_that_it_begins() {
    let bench = Bench::new();
    let mut task = bench.site.task(&bench.server, "implicit");
    let password = bench.site.world.secret_file();
    let closed = crate::support::smtp_server::closed_port();
    task["growl"] = json!({ "host": "127.0.0.1", "port": closed.address.port(), "password": password });
    bench.site.world.task(&task);
    let limits = WAYS.map(|way| {
        let argv = bench.argv(way, &["sh", "-c", "ulimit -Sc; ulimit -Hc"]);
        let mut all = vec!["sh", "-c", "ulimit -Sc 100; ulimit -Hc 200; exec \"$@\"", "sh"];
        all.extend(argv.iter().map(String::as_str));
        let seen = bench.see(None, &all, b"");
        assert_eq!(seen.stderr.is_empty(), way.is_none(), "{}", seen.text());
        String::from_utf8(seen.stdout).unwrap()
    });
    assert_eq!(limits, ["100\n200\n"; 3]);
}

#[test]
fn a_wrong_command_line_runs_nothing() {
    let bench = Bench::new();
    let world = &bench.site.world;
    for arguments in [
        &["run", "--task", "task.json", "touch", "ran"][..],
        &["run", "--task", "task.json", "--"],
        &["run", "--task", "task.json"],
        &["run", "--task", "-", "--", "touch", "ran"],
        &["run", "--task", "task.json", "--report", "-", "--", "touch", "ran"],
        &["run", "--task", "task.json", "--no-such-flag", "--", "touch", "ran"],
        &["run", "--task", "task.json", "--growl", "user:x@host", "--", "touch", "ran"],
        &["run", "--", "touch", "ran"],
    ] {
        world.run(arguments).assert_code(64).assert_stdout_is("");
        assert!(!world.path().join("ran").exists(), "{arguments:?}");
    }
    let output = world.run(&["run", "--task", "task.json", "rsync", "-a"]);
    output.assert_stderr_has("backup-notify run --task home -- rsync -a /home /backup");
}

#[test]
fn a_report_that_the_command_writes_gives_the_facts_unless_it_is_an_old_one() {
    let bench = Bench::new();
    let line = r#"echo '{"files_total": 1234, "status": "warning"}' > report.json"#;
    let seen = bench.see(Some(&["--report", "report.json"]), &["sh", "-c", line], b"");
    assert_eq!(seen.text(), "Some(0)None");
    let mail = bench.mail();
    assert!(mail.contains("1,234") && mail.contains("with warnings"), "{mail}");
    let touch = ["touch", "-d", "2020-01-01", "report.json"];
    assert!(bench.command(None, &touch).status().unwrap().success());
    let seen = bench.see(Some(&["--report", "report.json"]), &["true"], b"");
    assert!(seen.code == Some(0) && seen.text().contains("older than this run"), "{}", seen.text());
    let mail = bench.mail();
    assert!(!mail.contains("1,234") && mail.contains("older than this run"), "{mail}");
}

#[test]
fn a_log_of_an_earlier_run_is_not_taken_for_one_of_this_run() {
    let bench = Bench::new();
    let old = "is older than this run: the command has written nothing to it";
    bench.site.world.write("log", "last night\n");
    let touch = ["touch", "-d", "2020-01-01", "log"];
    assert!(bench.command(None, &touch).status().unwrap().success());
    for (line, untouched, last_night) in [
        ("exit 3", true, true),
        // of a log that every run adds to, what this one has added
        ("echo tonight >>log; exit 3", false, false),
        // written anew, or by another name
        ("echo tonight with more than there was >log; exit 3", false, false),
        ("echo tonight >new; mv new log; exit 3", false, false),
    ] {
        let seen = bench.see(Some(&["--log", "log"]), &["sh", "-c", line], b"");
        let mail = bench.mail();
        assert!(seen.code == Some(3) && mail.contains(old) == untouched, "{line}\n{mail}");
        assert_eq!(
            (mail.contains("last night"), mail.contains("tonight")),
            (last_night, !last_night),
            "{mail}"
        );
    }
}

#[test]
fn the_result_does_not_follow_links_nor_replace_devices() {
    let bench = Bench::new();
    let world = &bench.site.world;
    world.write("precious", "stays");
    std::os::unix::fs::symlink("precious", world.path().join("link.json")).unwrap();
    assert_eq!(bench.see(Some(&["--json-file", "link.json"]), &["true"], b"").code, Some(0));
    assert_eq!(world.read("precious"), "stays");
    assert!(world.read("link.json").contains("decision"));
    for place in ["/dev/null", "/nowhere/result.json"] {
        let seen = bench.see(Some(&["--json-file", place]), &["sh", "-c", "exit 8"], b"");
        assert!(seen.code == Some(8) && seen.text().contains(place), "{}", seen.text());
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}
