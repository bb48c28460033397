//! Programs that fail, hang or are not there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::{KIM, Mac};

const FAILS: &str = "record()\nsys.exit('0:7: execution error: \x1b]0;x\x07Fehler. (-10810)')\n";

#[test]
fn terminal_notifier_is_taken_first_and_osascript_when_it_fails() {
    for (behaviour, why) in [
        ("record()\nsys.exit(3)\n", "terminal-notifier ended with exit code 3"),
        ("record()\nos.kill(os.getpid(), 9)\n", "terminal-notifier was killed by SIGKILL"),
        ("record()\nwhile True: os.write(1, b'x' * 65536)\n", "printed without an end"),
        (
            "record()\nprint('x[1:2] NSNotificationCenter connection invalid', file=sys.stderr)\n",
            "connection invalid",
        ),
        ("#", "osascript"),
    ] {
        let mac = Mac::of(KIM);
        let file = mac.put("brew/terminal-notifier", behaviour);
        if behaviour == "#" {
            // another program of that name, for another machine
            fs::write(&file, b"\x7fELF\xff\xff\xff").unwrap();
        }
        let done = mac.deliver();
        done.is("sent", 0);
        assert!(done.detail().starts_with("handed to Notification Center for user 4501 by osascript ("));
        assert!(done.detail().contains(why), "{}", done.detail());
        assert_eq!(done.words("osascript")[3..], ["Backup finished: Nightly", "all is well", "Glass"]);
    }
    let mac = Mac::of(KIM);
    mac.put("brew/terminal-notifier", "record()\nprint('\\x1b[31mgarbage\\xff')\n");
    let done = mac.deliver();
    assert_eq!(done.is("sent", 0).called(), ["launchctl", "sudo", "terminal-notifier"]);
    assert_eq!(done.detail(), "handed to Notification Center for user 4501 by terminal-notifier");
    assert_eq!(done.call("terminal-notifier")["uid"], KIM);
}

#[test]
fn a_hanging_terminal_notifier_leaves_half_of_the_time() {
    let mut mac = Mac::of(KIM);
    mac.time = Duration::from_secs(6);
    mac.put("brew/terminal-notifier", "hang()\n");
    let done = mac.deliver();
    done.is("sent", 0);
    assert!(done.detail().contains("terminal-notifier was not done after "), "{}", done.detail());
    assert!(done.output.elapsed < Duration::from_secs(5), "{:?}", done.output.elapsed);
}

#[test]
fn when_everything_hangs_it_is_killed_in_time_with_its_children() {
    for hanging in ["usr/osascript", "usr/launchctl", "usr/sudo"] {
        let mut mac = Mac::of(KIM);
        mac.time = Duration::from_secs(3);
        mac.put("brew/terminal-notifier", "hang()\n");
        mac.put(hanging, "hang()\n");
        let done = mac.deliver();
        done.is("failed", 75);
        assert!(done.detail().starts_with("osascript was not done after "), "{}", done.detail());
        assert!(done.detail().contains("(before that: terminal-notifier was not done after "));
        assert!(done.hint().contains("display notification"), "{}", done.hint());
        assert_eq!(done.stages(), [("session", true), ("show", false)]);
        assert!(done.calls.iter().filter(|call| call["child"].is_u64()).count() >= 2, "{:#?}", done.calls);
        assert!(done.output.elapsed < Duration::from_secs(5), "{:?}", done.output.elapsed);
    }
}

#[test]
fn a_failing_osascript_is_told_with_its_words_and_what_to_do() {
    let refuses = "record()\nsys.exit('0:7: execution error: Not authorised. (-1743)')\n";
    let password = "record()\nsys.exit('sudo: a password is required')\n";
    let session =
        "record()\nsys.exit('Could not switch to audit session 0x186a3: 1: Operation not permitted')\n";
    let flood = "record()\nwhile True: os.write(2, b'x' * 65536)\n";
    for (name, behaviour, code, what, hint) in [
        (
            "usr/osascript",
            FAILS,
            75,
            "osascript ended with exit code 1: \u{FFFD}]0;x\u{FFFD}Fehler. (-10810)",
            "4501",
        ),
        (
            "usr/osascript",
            refuses,
            69,
            "osascript ended with exit code 1: Not authorised. (-1743)",
            "Notifications",
        ),
        (
            "usr/osascript",
            "record()\nos.kill(os.getpid(), 15)\n",
            75,
            "osascript was killed by SIGTERM",
            "4501",
        ),
        (
            "usr/osascript",
            "record()\nwhile True: os.write(1, b'x' * 65536)\n",
            69,
            "without an end",
            "ls -l ",
        ),
        ("usr/osascript", flood, 75, "osascript was not done after", "4501"),
        ("usr/sudo", password, 77, "sudo: a password is required", "sudo -n -u '#4501' true"),
        ("usr/launchctl", session, 77, "Could not switch to audit session", "LaunchDaemon"),
    ] {
        let mut mac = Mac::of(KIM);
        mac.time = if behaviour == flood { Duration::from_secs(1) } else { mac.time };
        mac.put(name, behaviour);
        let done = mac.deliver();
        done.is("failed", code);
        assert!(done.detail().contains(what), "{}", done.detail());
        assert!(done.hint().contains(hint), "{}", done.hint());
    }
}

#[test]
fn what_cannot_be_started_is_named() {
    let places = ["usr/osascript", "usr/launchctl"];
    let damages: [fn(&Path); 3] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap(),
        |file| {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        },
    ];
    for (place, user) in places.into_iter().zip([Some(KIM), None]) {
        for damage in damages {
            let mut mac = Mac::of(KIM);
            mac.user = user;
            let file = mac.world.path().join(place);
            damage(&file);
            let done = mac.deliver();
            done.is("failed", 69);
            let start = format!("\"{}\" cannot be started: ", file.display());
            assert!(done.detail().starts_with(&start), "{}", done.detail());
            assert!(done.hint().starts_with("ls -l "), "{}", done.hint());
        }
    }
}
