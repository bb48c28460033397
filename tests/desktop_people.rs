//! From root to the desktop of whoever sits at this computer, as that person.
//!
//! Needs root, which alone can become others. Each test has a `/run` of its own.

mod ends;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::dbus::ScriptedBus;
use crate::support::dunst::Desktop;
use crate::support::namespace::entered;
use crate::support::output::Output;
use crate::support::people::{KIM, SAM, appear, bus_of, log_in, session_folder};
use crate::support::run::Run;
use crate::support::world::World;

fn world() -> World {
    let world = World::new();
    world.task(&json!({ "name": "Nightly <b>&", "desktop": true, "deadline": "4s" }));
    world
}

fn command(world: &World) -> Run<'_> {
    world.command(&["notify", "--status", "error", "--json"]).task(&world.path().join("task.json"))
}

fn delivery(output: &Output) -> Value {
    output.json()["deliveries"][0].clone()
}

fn notify() -> Output {
    command(&world()).run()
}

/// Checks that nobody was told, and that this is no failure.
fn nobody(output: &Output) {
    let delivery = delivery(output.assert_success());
    assert_eq!((&delivery["status"], &delivery["exit_code"]), (&json!("skipped"), &json!(0)));
    output.assert_stderr_has("backup-notify: desktop: nobody is logged in at a screen");
}

/// A bus of somebody, where systemd would put it.
fn scripted(uid: u32, faults: &[&str]) -> ScriptedBus {
    ScriptedBus::start_for(uid, &session_folder(uid).join("bus"), faults)
}

#[test]
fn the_notice_of_root_is_shown_to_the_person_at_the_screen() {
    if !entered("desktop_people::the_notice_of_root_is_shown_to_the_person_at_the_screen") {
        return;
    }
    appear();
    nobody(&notify());
    let desktop = Desktop::start_for(KIM, bus_of(KIM));
    log_in("1", KIM, "");
    let shown = delivery(notify().assert_success());
    assert_eq!((&shown["status"], &shown["detail"]), (&json!("sent"), &json!("shown on the desktop of kim")));
    assert_eq!(desktop.shown(1)[0]["DUNST_SUMMARY"], "Backup failed: Nightly <b>&");
    let world = world();
    let check = world.command(&["check"]).task(&world.path().join("task.json")).run();
    check.assert_success().assert_stdout_has("dunst would show it to kim; nothing was shown");
    assert_eq!(desktop.displayed(), Some(1));
}

#[test]
fn who_connects_is_that_person_and_has_nothing_of_root() {
    if !entered("desktop_people::who_connects_is_that_person_and_has_nothing_of_root") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    // it hangs, so that there is time to look at who has connected
    let bus = scripted(KIM, &["hang:notify"]);
    let output = notify();
    assert_eq!(delivery(&output)["exit_code"], 75);
    assert_eq!(bus.log()[0], json!({ "uid": KIM, "gid": KIM, "groups": [] }));
    assert_eq!(bus.log()[1]["auth"], "AUTH EXTERNAL 34323432");
    assert_eq!(bus.notice()[3], "Backup failed: Nightly <b>&");
    let detail = delivery(&output)["detail"].to_string();
    assert!(detail.contains("kim: the ") && detail.contains("did not answer within"), "{detail}");
}

#[test]
fn the_pipes_of_logind_hide_nobody_s_session() {
    if !entered("desktop_people::the_pipes_of_logind_hide_nobody_s_session") {
        return;
    }
    appear();
    let bus = scripted(KIM, &[]);
    // wherever the order of a folder begins
    let others = |first: u32| {
        for number in first..first + 600 {
            log_in(&number.to_string(), SAM, "TYPE=tty\n");
            fs::write(format!("/run/systemd/sessions/{number}.ref"), "").unwrap();
        }
    };
    others(1000);
    log_in("1", KIM, "");
    others(2000);
    assert_eq!(delivery(notify().assert_success())["status"], "sent");
    assert_eq!(bus.calls().len(), 3);
}

#[test]
fn root_itself_opens_nothing_in_the_folder_of_a_session() {
    if !entered("desktop_people::root_itself_opens_nothing_in_the_folder_of_a_session") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    let bus = scripted(KIM, &[]);
    let world = world();
    let record = world.path().join("strace");
    let options = ["-f", "-e", "trace=file,network,setuid,setgid,setgroups", "-o", record.to_str().unwrap()];
    let run = world.other_command("strace", &options);
    let run = run.args([world.binary().to_str().unwrap(), "notify", "--status", "error"]);
    // left by somebody else: su keeps them
    let run = run.env("XDG_RUNTIME_DIR", "/run/user/4242").env("DBUS_SESSION_BUS_ADDRESS", bus.address());
    run.task(&world.path().join("task.json")).run().assert_success();
    assert_eq!(bus.calls().len(), 3);
    let record = fs::read_to_string(record).unwrap();
    let at = |what: &str| {
        record.lines().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}:\n{record}"))
    };
    let steps = [
        at("setgid(4242"),
        at("setgroups(0,"),
        at("\"/proc/self/exe\""),
        at("setuid(4242)"),
        at("\"/run/user/4242/bus\""),
    ];
    assert!(steps.is_sorted(), "{steps:?}\n{record}");
    // nothing of root's environment goes with it
    let started = record.lines().nth(steps[2]).unwrap();
    assert!(started.contains("/* 0 vars */"), "{started}");
    let child = record.lines().nth(steps[3]).unwrap().split_whitespace().next().unwrap();
    for line in record.lines().filter(|line| line.contains("/run/user/4242/") && !line.contains("execve(")) {
        assert!(line.starts_with(child), "{line}");
    }
}

#[test]
fn only_a_person_at_a_screen_is_told() {
    if !entered("desktop_people::only_a_person_at_a_screen_is_told") {
        return;
    }
    appear();
    let bus = scripted(KIM, &[]);
    for lines in [
        "SEAT=\n",
        "SEAT=\nACTIVE=0\n",
        "STATE=closing\n",
        "STATE=closing\nACTIVE=0\n",
        "CLASS=greeter\n",
        "CLASS=manager\n",
        "TYPE=tty\nSEAT=\n",
        "UID=x\n",
    ] {
        log_in("1", KIM, lines);
        nobody(&notify());
    }
    // not root's own, or not a file: logind did not write that
    log_in("1", KIM, "");
    std::os::unix::fs::chown("/run/systemd/sessions/1", Some(KIM), None).unwrap();
    nobody(&notify());
    fs::remove_file("/run/systemd/sessions/1").unwrap();
    mkfifo("/run/systemd/sessions/1.ref", Mode::S_IRWXU).unwrap();
    fs::write("/run/elsewhere", "UID=4242\nACTIVE=1\nTYPE=x11\nCLASS=user\n").unwrap();
    symlink("/run/elsewhere", "/run/systemd/sessions/2").unwrap();
    nobody(&notify());
    assert_eq!(bus.log(), [] as [Value; 0]);
    // the last one is locked, and the log-in screen before it
    for lines in ["TYPE=wayland\n", "TYPE=x11\n", "TYPE=mir\n", "ACTIVE=0\nSTATE=online\n"] {
        log_in("3", KIM, lines);
        assert_eq!(delivery(notify().assert_success())["status"], "sent");
    }
}

#[test]
fn a_session_that_began_as_text_counts_when_somebody_shows_notices_there() {
    if !entered("desktop_people::a_session_that_began_as_text_counts_when_somebody_shows_notices_there") {
        return;
    }
    appear();
    log_in("1", KIM, "TYPE=tty\n");
    nobody(&notify());
    {
        let _bus = bus_of(KIM);
        nobody(&notify());
    }
    fs::remove_dir_all("/run/user/4242").unwrap();
    let _desktop = Desktop::start_for(KIM, bus_of(KIM));
    assert_eq!(delivery(notify().assert_success())["status"], "sent");
}

#[test]
fn two_people_are_both_told_and_one_who_hangs_costs_the_other_nothing() {
    if !entered("desktop_people::two_people_are_both_told_and_one_who_hangs_costs_the_other_nothing") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    log_in("2", SAM, "SEAT=seat1\n");
    let sams = scripted(SAM, &[]);
    {
        let _kims = scripted(KIM, &[]);
        let shown = delivery(notify().assert_success());
        assert_eq!(shown["detail"], "shown on the desktop of kim, sam");
    }
    fs::remove_file("/run/user/4242/bus").unwrap();
    let _kims = scripted(KIM, &["hang:hello"]);
    let output = notify();
    output.assert_success().assert_within(Duration::from_secs(5));
    let shown = delivery(&output);
    assert_eq!(shown["status"], "sent");
    let detail = shown["detail"].as_str().unwrap();
    let words = "shown on the desktop of sam; but not to kim: the session";
    assert!(detail.starts_with(words), "{detail}");
    assert_eq!(sams.calls().len(), 6);
}

#[test]
fn the_person_behind_sudo_is_the_one_who_is_told() {
    if !entered("desktop_people::the_person_behind_sudo_is_the_one_who_is_told") {
        return;
    }
    appear();
    let (kims, sams) = (scripted(KIM, &[]), scripted(SAM, &[]));
    // without logind
    for (variable, value) in [("SUDO_UID", "4243"), ("PKEXEC_UID", "4243")] {
        command(&world()).env(variable, value).run().assert_success();
    }
    assert_eq!((kims.calls().len(), sams.calls().len()), (0, 6));
    for value in ["0", "-1", "4294967295", "sam", ""] {
        command(&world()).env("SUDO_UID", value).run().assert_success();
    }
    assert_eq!((kims.calls().len(), sams.calls().len()), (15, 21));
    // and with it
    log_in("1", KIM, "");
    log_in("2", SAM, "ACTIVE=0\n");
    command(&world()).env("SUDO_UID", "4243").run().assert_success();
    log_in("2", SAM, "SEAT=\n");
    command(&world()).env("SUDO_UID", "4243").run().assert_success();
    assert_eq!((kims.calls().len(), sams.calls().len()), (15, 27));
    command(&world()).run().assert_success();
    assert_eq!((kims.calls().len(), sams.calls().len()), (18, 27));
    // the number that is nobody's, of a person who has a session of text
    for session in ["1", "2"] {
        fs::remove_file(format!("/run/systemd/sessions/{session}")).unwrap();
    }
    nobody(&command(&world()).env("SUDO_UID", "4294967295").run());
}

#[test]
fn what_somebody_puts_in_place_of_a_bus_stops_nobody() {
    if !entered("desktop_people::what_somebody_puts_in_place_of_a_bus_stops_nobody") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    let folder = session_folder(KIM);
    let socket = folder.join("bus");
    let told = |code: i32, words: &str| {
        let output = notify();
        output.assert_within(Duration::from_secs(5));
        let failed = delivery(output.assert_code(code));
        assert_eq!(failed["status"], "failed");
        let detail = failed["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        let _ = fs::remove_file(&socket);
    };
    told(75, "there is no session bus at \"/run/user/4242/bus\"");
    fs::write(&socket, "").unwrap();
    told(75, "cannot connect to the session bus");
    mkfifo(&socket, Mode::from_bits_truncate(0o666)).unwrap();
    told(75, "cannot connect to the session bus");
    // root's own bus is not entered in another's name, nor another person's
    let roots = ScriptedBus::start_at("/run/roots".as_ref(), &[]);
    fs::set_permissions("/run/roots", PermissionsExt::from_mode(0o777)).unwrap();
    symlink("/run/roots", &socket).unwrap();
    told(77, "is run by another user, number 0");
    assert_eq!(roots.calls(), [] as [String; 0]);
    // nobody takes the connection
    let listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, PermissionsExt::from_mode(0o777)).unwrap();
    std::os::unix::fs::chown(&socket, Some(KIM), Some(KIM)).unwrap();
    told(77, "is run by another user, number 0");
    drop(listener);
    fs::remove_dir(&folder).unwrap();
    symlink("/nowhere", &folder).unwrap();
    told(75, "there is no session bus");
}

#[test]
fn a_variable_left_by_somebody_else_leads_root_nowhere() {
    if !entered("desktop_people::a_variable_left_by_somebody_else_leads_root_nowhere") {
        return;
    }
    appear();
    log_in("1", KIM, "");
    let (kims, sams) = (scripted(KIM, &[]), scripted(SAM, &[]));
    let world = world();
    let listed = format!("{};unix:abstract=backup-notify-nobody", sams.address());
    let run =
        command(&world).env("DBUS_SESSION_BUS_ADDRESS", listed).env("XDG_RUNTIME_DIR", "/run/user/4243");
    run.run().assert_success();
    assert_eq!((kims.calls().len(), sams.log().len()), (3, 0));
    // root's own bus, without a service: who has the screen is told
    let own = ScriptedBus::start(&["error=org.freedesktop.DBus.Error.ServiceUnknown:capabilities"]);
    command(&world).env("DBUS_SESSION_BUS_ADDRESS", own.address()).run().assert_success();
    assert_eq!((kims.calls().len(), own.calls().len()), (6, 2));
}

#[test]
fn a_bus_of_root_s_own_keeps_nothing_from_the_person_at_the_screen() {
    if !entered("desktop_people::a_bus_of_root_s_own_keeps_nothing_from_the_person_at_the_screen") {
        return;
    }
    appear();
    let world = world();
    let by = |bus: &str| command(&world).env("DBUS_SESSION_BUS_ADDRESS", bus).run();
    let faults = ["hang:auth", "hang:hello", "hang:notify", "close:hello", "error:notify"];
    for fault in faults {
        let own = ScriptedBus::start(&[fault]);
        let alone = delivery(&by(&own.address()));
        assert_eq!((&alone["status"], own.log().is_empty()), (&json!("failed"), false), "{fault}");
    }
    log_in("1", KIM, "");
    let bus = scripted(KIM, &[]);
    for fault in faults {
        let own = ScriptedBus::start(&[fault]);
        let output = by(&own.address());
        let shown = delivery(output.assert_success().assert_within(Duration::from_secs(4)));
        assert_eq!(shown["detail"], "shown on the desktop of kim", "{fault}");
    }
    assert_eq!(bus.calls().len(), 15);
    // a name that only the kernel knows is not even asked, whoever has it
    let own = ScriptedBus::start_at("@backup-notify-own".as_ref(), &[]);
    by("unix:abstract=backup-notify-own").assert_success();
    assert_eq!((bus.calls().len(), own.log()), (18, Vec::new()));
}
