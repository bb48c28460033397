//! Notices on a Mac, driven on any platform: stand-ins for the programs of macOS write down how they
//! are called, and behave badly where a test says so.
//!
//! What is tested is the channel itself, in a process of its own: this test program once more, in
//! which [`drive`] does what standard input says.

mod failures;
mod texts;
mod ways;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use backup_notify::accounts::Book;
use backup_notify::channels::{AppleDesktop, ApplePlaces, Channel, Circumstances, Effort, ScreenPreview};
use backup_notify::deadline::Deadline;
use backup_notify::delivery::ChannelName;
use backup_notify::message::Story;
use backup_notify::run::{Event, Outcome, Run, RunFacts};
use backup_notify::task::Task;
use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

/// A person at the screen, with no entry in the passwd database.
const KIM: u32 = 4501;

/// Set where this program is to [`drive`]; children must not have it.
const INSIDE: &str = "BACKUP_NOTIFY_TEST_APPLE";

/// What every stand-in does first: writes down how it was called.
const RECORD: &str = r#"#!/usr/bin/python3 -IXutf8
import json, os, signal, subprocess, sys
words = [os.fsencode(word).decode() for word in sys.argv[1:]]
me = os.path.basename(sys.argv[0])
def record(**more):
    entry = {"me": me, "pid": os.getpid(), "words": words, "env": dict(os.environ),
             "uid": os.getuid(), "groups": os.getgroups(), "cwd": os.getcwd(),
             "stdin": os.fstat(0).st_rdev == os.stat("/dev/null").st_rdev, **more}
    with open("RECORDS", "a") as records:
        records.write(json.dumps(entry) + "\n")
def hang():
    child = subprocess.Popen(["/bin/sleep", "1000"])
    record(child=child.pid)
    while True:
        signal.pause()
"#;

/// What launchctl does: enters a session, which changes nothing that could be seen here.
const LAUNCHCTL: &str = "record()\nassert words[0] == 'asuser'\nos.execv(words[2], words[2:])\n";

/// What sudo does with macOS's `/etc/sudoers`: it keeps LANG and PATH.
const SUDO: &str = r#"
record()
assert words[:3] == ["-n", "-H", "-u"] and words[4] == "--", words
uid = int(words[3][1:])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
kept = {name: os.environ[name] for name in ("LANG", "PATH") if name in os.environ}
os.execve(words[5], words[5:], {**kept, "HOME": "/Users/kim", "SUDO_USER": "root"})
"#;

/// What osascript does, as far as we ask it.
const OSASCRIPT: &str = r#"
record()
if "display notification" not in words[1]:
    print(words[2])
"#;

const RECORDS_ONLY: &str = "record()\n";

/// A computer with stand-ins for all programs but terminal-notifier.
struct Mac {
    world: World,
    console: tempfile::TempPath,
    task: String,
    message: Option<String>,
    event: &'static str,
    effort: &'static str,
    time: Duration,
    user: Option<u32>,
    path: String,
    /// Whether `trace` is to say which paths were looked at.
    traced: bool,
}

impl Mac {
    /// Somebody sits there: the owner of the console.
    fn of(owner: u32) -> Self {
        let console = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        chown(&console, Some(owner), None).expect("only root can give a console away");
        let world = World::new();
        // the person has to reach what stands for the programs of the system
        fs::set_permissions(world.path(), PermissionsExt::from_mode(0o755)).unwrap();
        for folder in ["usr", "brew"] {
            fs::set_permissions(world.folder(folder), PermissionsExt::from_mode(0o755)).unwrap();
        }
        world.write_with_mode("records", "", 0o666);
        let mac = Self {
            world,
            console,
            task: "Nightly".into(),
            message: Some("all is well".into()),
            event: "success",
            effort: "deliver",
            time: Duration::from_secs(20),
            user: None,
            path: "/usr/bin:/bin".into(),
            traced: false,
        };
        mac.put("usr/launchctl", LAUNCHCTL);
        mac.put("usr/sudo", SUDO);
        mac.put("usr/osascript", OSASCRIPT);
        mac
    }

    /// Puts a stand-in somewhere.
    fn put(&self, name: &str, behaviour: &str) -> PathBuf {
        let records = self.world.path().join("records");
        let script = RECORD.replace("RECORDS", records.to_str().unwrap()) + behaviour;
        self.world.write_with_mode(name, script, 0o755)
    }

    fn places(&self) -> ApplePlaces {
        let at = |name: &str| self.world.path().join(name);
        ApplePlaces {
            console: self.console.to_path_buf(),
            osascript: at("usr/osascript"),
            launchctl: at("usr/launchctl"),
            sudo: at("usr/sudo"),
            folders: vec![at("brew-of-nobody"), at("brew")],
        }
    }

    /// Delivers a notice, as root or as the user.
    fn deliver(&self) -> Delivered {
        self.deliver_at(&self.places())
    }

    fn deliver_at(&self, places: &ApplePlaces) -> Delivered {
        let order = json!({
            "console": places.console, "osascript": places.osascript, "launchctl": places.launchctl,
            "sudo": places.sudo, "folders": places.folders, "task": self.task, "message": self.message,
            "event": self.event, "effort": self.effort, "ms": u64::try_from(self.time.as_millis()).unwrap(),
        });
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", "desktop_apple::the_places_of_a_mac_are_written_down", "--nocapture"];
        let program = program.to_str().unwrap();
        let run = if self.traced {
            let strace = ["-f", "-o", "trace", "-s", "4096", "-e", "trace=%file", "--", program];
            self.world.other_command("strace", &[&strace[..], &arguments].concat())
        } else {
            self.world.other_command(program, &arguments)
        };
        // what a caller's environment could do to children, and a variable that is none of theirs
        let run = run
            .env("DYLD_INSERT_LIBRARIES", "/tmp/evil.dylib")
            .env(INSIDE, "1")
            .env("PATH", &self.path)
            .stdin(order.to_string());
        let run = match self.user {
            Some(uid) => run.as_user(uid, uid),
            None => run,
        };
        let output = run.run();
        output.assert_success();
        let Some(line) = output.stdout.lines().find_map(|line| line.split_once("RESULT ")) else {
            output.fail("no result")
        };
        let result: Value = serde_json::from_str(line.1).unwrap();
        let records = self.world.read("records");
        let calls = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let delivered = Delivered { result, calls, output };
        delivered.assert_nothing_runs();
        delivered
    }
}

/// What became of it.
struct Delivered {
    result: Value,
    calls: Vec<Value>,
    output: Output,
}

impl Delivered {
    fn is(&self, status: &str, code: u64) -> &Self {
        let delivery = &self.result["delivery"];
        if (delivery["status"].as_str(), delivery["exit_code"].as_u64()) != (Some(status), Some(code)) {
            self.output.fail(&format!("not {status} with {code}: {delivery:#}\n{:#?}", self.calls));
        }
        self
    }

    fn detail(&self) -> &str {
        self.result["delivery"]["detail"].as_str().unwrap()
    }

    fn hint(&self) -> &str {
        self.result["delivery"]["hint"].as_str().unwrap_or_default()
    }

    fn stages(&self) -> Vec<(&str, bool)> {
        let stages = self.result["delivery"]["stages"].as_array().unwrap();
        stages.iter().map(|stage| (stage["name"].as_str().unwrap(), stage["ok"].as_bool().unwrap())).collect()
    }

    /// The names of the programs that were called, in order.
    fn called(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call["me"].as_str().unwrap()).collect()
    }

    fn call(&self, name: &str) -> &Value {
        self.calls.iter().find(|call| call["me"] == name).unwrap_or_else(|| {
            self.output.fail(&format!("{name} was not called: {:#}", self.result));
        })
    }

    fn words(&self, name: &str) -> Vec<&str> {
        self.call(name)["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    }

    /// Title and text as a preview shows them.
    fn notice(&self) -> (&str, &str) {
        self.result["preview"].as_str().unwrap().trim_end_matches('\n').split_once('\n').unwrap()
    }

    /// Whatever was started is gone.
    fn assert_nothing_runs(&self) {
        let begun = Instant::now();
        for call in &self.calls {
            for pid in [&call["pid"], &call["child"]].into_iter().filter_map(Value::as_u64) {
                while runs(pid) {
                    assert!(begun.elapsed() < Duration::from_secs(5), "still there: {call:#}");
                    std::thread::yield_now();
                }
            }
        }
    }
}

/// Tells whether a process is there that has not ended.
fn runs(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Delivers what standard input describes, and prints what became of it.
#[allow(clippy::print_stdout, reason = "what this process is for")]
fn drive() {
    let mut order = String::new();
    std::io::stdin().read_to_string(&mut order).unwrap();
    let order: Value = serde_json::from_str(&order).unwrap();
    let path = |name: &str| PathBuf::from(order[name].as_str().unwrap());
    let folders = order["folders"].as_array().unwrap().iter();
    let places = ApplePlaces {
        console: path("console"),
        osascript: path("osascript"),
        launchctl: path("launchctl"),
        sudo: path("sudo"),
        folders: folders.map(|folder| folder.as_str().unwrap().into()).collect(),
    };
    let (event, outcome) = match order["event"].as_str().unwrap() {
        "begin" => (Event::Begin, Outcome::Success),
        "success" => (Event::End, Outcome::Success),
        "warning" => (Event::End, Outcome::Warning),
        _ => (Event::End, Outcome::Error),
    };
    let message = order["message"].as_str().map(str::to_owned);
    let story = Story {
        task: &Task::named(order["task"].as_str().unwrap()),
        event,
        run: &Run::new(outcome, RunFacts { message, ..RunFacts::default() }),
        test: false,
        host: "",
        now: jiff::Zoned::default(),
        log: None,
        homes: &[],
        notes: Vec::new(),
    };
    let deadline = Deadline::after(Instant::now(), Duration::from_millis(order["ms"].as_u64().unwrap()));
    let preview = std::cell::RefCell::new(String::new());
    let circumstances = Circumstances {
        deadline,
        patience: deadline,
        effort: match order["effort"].as_str().unwrap() {
            "deliver" => Effort::Deliver,
            "rehearse" => Effort::Rehearse,
            _ => Effort::Offline,
        },
        accounts: &Book::new(None, deadline),
        retry: false,
        more: false,
        may_prompt: false,
        given: None,
        watch: &|_| (),
        detail: &|_| {},
        warn: &|_| (),
        alarm: &|_| (),
    };
    let show = |text| *preview.borrow_mut() = text;
    ScreenPreview { channel: ChannelName::Desktop, show: &show }.deliver(&story, circumstances);
    let delivery = AppleDesktop { places }.deliver(&story, circumstances);
    let result = json!({ "delivery": delivery, "preview": preview.into_inner() });
    println!("RESULT {result}");
}

#[test]
fn the_places_of_a_mac_are_written_down() {
    if std::env::var_os(INSIDE).is_some() {
        return drive();
    }
    let places = ApplePlaces::of_a_mac();
    let programs = [&places.console, &places.osascript, &places.launchctl, &places.sudo];
    let wanted = ["/dev/console", "/usr/bin/osascript", "/bin/launchctl", "/usr/bin/sudo"];
    assert_eq!(programs.map(|path| path.to_str().unwrap()), wanted);
    assert_eq!(places.folders, ["/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from));
}
