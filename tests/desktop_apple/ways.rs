//! Who is shown a notice, in whose session, and by which program.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{INSIDE, KIM, Mac, RECORDS_ONLY};
use crate::support::namespace::entered;
use crate::support::people::{appear, names_hang};

#[test]
fn root_shows_a_notice_in_the_session_of_whoever_is_at_the_screen() {
    let mac = Mac::of(KIM);
    let done = mac.deliver();
    done.is("sent", 0);
    assert_eq!(done.detail(), "handed to Notification Center for user 4501 by osascript");
    assert_eq!(done.stages(), [("session", true), ("show", true)]);
    assert_eq!(done.called(), ["launchctl", "sudo", "osascript"]);
    let usr = mac.world.path().join("usr");
    let usr = usr.to_str().unwrap();
    assert_eq!(done.words("launchctl")[..3], ["asuser", "4501", &format!("{usr}/sudo")]);
    assert_eq!(done.words("sudo")[..6], ["-n", "-H", "-u", "#4501", "--", &format!("{usr}/osascript")]);
    let words = done.words("osascript");
    assert_eq!(words[0], "-e");
    assert_eq!(words[2..], ["backup-notify", "Backup finished: Nightly", "all is well", "Glass"]);

    for (name, uid) in [("launchctl", 0), ("sudo", 0), ("osascript", KIM)] {
        let call = done.call(name);
        assert_eq!(call["uid"], uid, "{call:#}");
        assert_eq!(call["cwd"], "/", "{call:#}");
        assert_eq!(call["stdin"], true, "{call:#}");
    }
    // nothing of the caller's but what is in these two
    let mut environment = done.call("launchctl")["env"].clone();
    environment.as_object_mut().unwrap().remove("LC_CTYPE"); // Python's own
    assert_eq!(environment, json!({ "LANG": "en_US.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin" }));
}

#[test]
fn a_person_is_shown_a_notice_without_anybody_s_help() {
    let mut mac = Mac::of(KIM);
    mac.user = Some(KIM);
    let done = mac.deliver();
    done.is("sent", 0);
    assert_eq!(done.called(), ["osascript"]);
    let call = done.call("osascript");
    assert_eq!((&call["uid"], &call["cwd"]), (&json!(KIM), &json!("/")));
    let names: Vec<_> = call["env"].as_object().unwrap().keys().filter(|name| *name != "LC_CTYPE").collect();
    assert_eq!(names, ["HOME", "LANG", "PATH"]);
    assert_eq!(call["env"]["HOME"], mac.world.home().to_str().unwrap());
}

#[test]
fn nobody_at_the_screen_is_skipped_and_nothing_is_started() {
    for (owner, user, detail) in [
        (0, None, "nobody is logged in at the screen"),
        (0, Some(KIM), "nobody is logged in at the screen"),
        (248, None, "nobody is logged in at the screen"),
        (KIM, Some(4502), "user 4501 is at the screen, and not user 4502"),
    ] {
        for effort in ["deliver", "rehearse"] {
            let mut mac = Mac::of(owner);
            (mac.user, mac.effort) = (user, effort);
            let done = mac.deliver();
            done.is("skipped", 0);
            assert_eq!(done.detail(), detail);
            assert!(done.calls.is_empty(), "{:#?}", done.calls);
        }
    }
}

#[test]
fn a_terminal_notifier_that_is_no_program_is_passed_over() {
    for make in [
        |mac: &Mac| drop(mac.world.folder("brew/terminal-notifier")),
        |mac: &Mac| drop(mac.world.write_with_mode("brew/terminal-notifier", "", 0o644)),
    ] {
        let mac = Mac::of(KIM);
        make(&mac);
        let done = mac.deliver();
        assert_eq!(done.is("sent", 0).called(), ["launchctl", "sudo", "osascript"]);
        assert!(done.detail().ends_with("by osascript"), "{}", done.detail());
    }
}

#[test]
fn root_looks_for_terminal_notifier_in_fixed_places_and_runs_nobody_else_s() {
    // on the PATH of root
    let mut mac = Mac::of(KIM);
    mac.put("elsewhere/terminal-notifier", RECORDS_ONLY);
    mac.path = mac.world.path().join("elsewhere").to_str().unwrap().to_owned();
    assert_eq!(mac.deliver().is("sent", 0).called(), ["launchctl", "sudo", "osascript"]);
    // a Homebrew of another person, or one that everybody may write to
    let changes: [fn(&Path); 3] = [
        |file| chown(file, Some(4502), None).unwrap(),
        |file| chown(file.parent().unwrap(), Some(4502), None).unwrap(),
        |file| fs::set_permissions(file, PermissionsExt::from_mode(0o777)).unwrap(),
    ];
    for change in changes {
        let mac = Mac::of(KIM);
        let file = mac.put("brew/terminal-notifier", RECORDS_ONLY);
        change(&file);
        assert_eq!(mac.deliver().is("sent", 0).called(), ["launchctl", "sudo", "osascript"]);
    }
    // root's own, where only root can write
    let mac = Mac::of(KIM);
    mac.put("brew/terminal-notifier", RECORDS_ONLY);
    assert_eq!(mac.deliver().is("sent", 0).called(), ["launchctl", "sudo", "terminal-notifier"]);
}

/// What a link in it leads to may never answer.
#[cfg(target_os = "linux")]
#[test]
fn root_looks_into_nobody_else_s_homebrew() {
    let mut mac = Mac::of(KIM);
    let file = mac.put("brew/terminal-notifier", RECORDS_ONLY);
    let folder = file.parent().unwrap();
    chown(&file, Some(KIM), None).unwrap();
    let looked = |mac: &Mac| {
        mac.world.write_with_mode("records", "", 0o666);
        let called = mac.deliver().is("sent", 0).called().join(" ");
        (called, mac.world.read("trace").contains(&format!("\"{}\"", file.display())))
    };
    mac.traced = true;
    // that person's, or root's with a group that may write
    for (owner, mode) in [(KIM, 0o755), (KIM, 0o775), (4502, 0o755), (0, 0o775), (0, 0o757)] {
        chown(folder, Some(owner), Some(owner.max(4500))).unwrap();
        fs::set_permissions(folder, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(looked(&mac), ("launchctl sudo osascript".into(), false), "{owner} {mode:o}");
    }
    // in root's own it is looked at, and not followed into what is somebody's
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(looked(&mac), ("launchctl sudo osascript".into(), true));
    chown(&file, Some(0), None).unwrap();
    assert_eq!(looked(&mac), ("launchctl sudo terminal-notifier".into(), true));
}

#[test]
fn a_person_s_own_terminal_notifier_is_found_by_their_path() {
    let mut mac = Mac::of(KIM);
    mac.user = Some(KIM);
    let file = mac.put("elsewhere/terminal-notifier", RECORDS_ONLY);
    for (path, called) in [
        (format!(":elsewhere:{}", file.parent().unwrap().display()), "terminal-notifier"),
        // the folder in which it runs is none
        (String::from(":elsewhere:."), "osascript"),
    ] {
        mac.world.write_with_mode("records", "", 0o666);
        mac.path = path;
        assert_eq!(mac.deliver().is("sent", 0).called(), [called]);
    }
}

#[test]
fn check_goes_the_same_way_and_shows_nothing() {
    let mut mac = Mac::of(KIM);
    mac.effort = "rehearse";
    let done = mac.deliver();
    done.is("checked", 0);
    assert_eq!(done.detail(), "user 4501 would be told by osascript; nothing was shown");
    assert_eq!(done.stages(), [("session", true), ("ask", true)]);
    assert_eq!(done.called(), ["launchctl", "sudo", "osascript"]);
    assert!(!done.words("osascript")[1].contains("display"), "{:?}", done.words("osascript"));

    mac.put("usr/osascript", "record()\nprint('hello')\n");
    let done = mac.deliver();
    assert_eq!(done.is("failed", 76).detail(), "osascript ran a script, and answered something else");

    mac.put("brew/terminal-notifier", RECORDS_ONLY);
    let done = mac.deliver();
    assert_eq!(
        done.is("checked", 0).detail(),
        "user 4501 would be told by terminal-notifier; nothing was shown"
    );
    assert_eq!(done.words("terminal-notifier"), ["-help"]);

    let mut mac = Mac::of(KIM);
    mac.effort = "offline";
    assert!(mac.deliver().is("checked", 0).calls.is_empty());
}

#[test]
fn a_user_database_that_hangs_costs_names_and_moments() {
    if !entered("desktop_apple::ways::a_user_database_that_hangs_costs_names_and_moments") {
        return;
    }
    appear();
    let mut mac = Mac::of(KIM);
    mac.user = Some(4502);
    names_hang();
    let done = mac.deliver();
    done.is("skipped", 0);
    done.output.assert_within(Duration::from_secs(4));
    assert_eq!(done.detail(), "user 4501 is at the screen, and not user 4502");
}

#[test]
fn the_real_sudo_takes_the_line() {
    // 65534: sudo knows only who is in the passwd database
    let mac = Mac::of(65_534);
    let mut places = mac.places();
    places.sudo = "/usr/bin/sudo".into();
    let done = mac.deliver_at(&places);
    done.is("sent", 0);
    assert_eq!(done.detail(), "handed to Notification Center for nobody by osascript");
    let call = done.call("osascript");
    assert_eq!(call["uid"], 65_534);
    assert_eq!(call["env"]["HOME"], "/nonexistent");
    assert!(call["env"].get(INSIDE).is_none(), "{call:#}");
    assert_eq!(done.words("osascript")[3..], ["Backup finished: Nightly", "all is well", "Glass"]);

    // and says so where it is not to be had
    fs::remove_file(mac.world.path().join("usr/osascript")).unwrap();
    let done = mac.deliver_at(&places);
    done.is("failed", 69);
    let wanted = format!("sudo: {}: command not found", places.osascript.display());
    assert!(done.detail().contains(&wanted), "{}", done.detail());
}
