//! The desktop by a real notification service, dunst, on a screen of its own; and buses without one.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::display::Bus;
use crate::support::dunst::Desktop;
use crate::support::namespace;
use crate::support::output::Output;
use crate::support::people::{self, KIM};
use crate::support::world::World;

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

fn world() -> World {
    let world = World::new();
    world.task(&json!({ "name": "Nightly <b>&", "source": "/home/<kim>", "desktop": true }));
    world
}

fn notify(world: &World, arguments: &[&str], address: &str) -> Output {
    let run = world.command(&["notify", "--json"]).args(arguments).task(&world.path().join("task.json"));
    run.env(BUS, address).run()
}

fn delivery(output: &Output) -> Value {
    output.json()["deliveries"][0].clone()
}

#[test]
fn what_began_is_replaced_by_how_it_ended() {
    let desktop = Desktop::start();
    let world = world();
    let mut screen = desktop.pixels();
    for (index, (arguments, title, urgency, category)) in [
        (&["--event", "begin"][..], "Backup started: ", "LOW", "transfer"),
        (&["--status", "success"], "Backup finished: ", "NORMAL", "transfer.complete"),
        (&["--status", "warning", "--message", "3 < 4"], "Backup warning: ", "NORMAL", "transfer.complete"),
        (
            &["--status", "error", "--message", "no <b>room</b> & no disk"],
            "Backup failed: ",
            "CRITICAL",
            "transfer.error",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let delivery = delivery(notify(&world, arguments, &desktop.address()).assert_success());
        assert_eq!(delivery["status"], "sent");
        let shown = desktop.shown(index + 1);
        assert_eq!(shown.len(), index + 1);
        let (first, last) = (&shown[0], &shown[index]);
        assert_eq!(last["DUNST_SUMMARY"], format!("{title}Nightly <b>&"));
        assert_eq!((&*last["DUNST_URGENCY"], &*last["DUNST_CATEGORY"]), (urgency, category));
        assert_eq!(last["DUNST_APP_NAME"], "backup-notify");
        // the same number: it has taken the other's place
        assert_eq!(last["DUNST_ID"], first["DUNST_ID"]);
        assert_eq!(desktop.displayed(), Some(1));
        screen = desktop.wait_for_change(&screen);
        desktop.keep_picture(&format!("desktop-{index}.png"));
    }
    let body = &desktop.shown(4)[3]["DUNST_BODY"];
    assert!(body.contains("no &lt;b&gt;room&lt;/b&gt; &amp; no disk"), "{body}");
}

#[test]
fn other_tasks_have_notices_of_their_own() {
    let desktop = Desktop::start();
    for (count, name) in [(1, "Nightly"), (2, "Weekly"), (2, "Nightly")] {
        let world = World::new();
        world.task(&json!({ "name": name, "desktop": true }));
        notify(&world, &["--status", "error"], &desktop.address()).assert_success();
        assert_eq!(desktop.displayed(), Some(count), "{name}");
    }
}

#[test]
fn a_check_names_the_service_and_shows_nothing() {
    let desktop = Desktop::start();
    let world = world();
    let run = world.command(&["check"]).task(&world.path().join("task.json")).env(BUS, desktop.address());
    run.run().assert_success().assert_stdout_has("dunst would show it to ");
    assert_eq!(desktop.displayed(), Some(0));
}

#[test]
fn a_bus_without_a_service_is_told_apart_from_a_person_without_a_screen() {
    if !namespace::entered(
        "desktop_dunst::a_bus_without_a_service_is_told_apart_from_a_person_without_a_screen",
    ) {
        return;
    }
    people::appear();
    let kims = || {
        let world = world();
        let folder = world.folder("bus");
        fs::set_permissions(world.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        chown(&folder, Some(KIM), Some(KIM)).unwrap();
        let bus = Bus::start_for(KIM, KIM, &folder.join("bus"));
        let task = world.path().join("task.json");
        let run = world.command(&["notify", "--status", "error", "--json"]).task(&task);
        let output = run.env(BUS, bus.address()).as_user(KIM, KIM).run();
        output.assert_within(Duration::from_secs(5));
        output
    };
    // nobody says that there is no screen
    let output = kims();
    let failed = delivery(output.assert_code(69));
    assert_eq!(failed["detail"], "nobody shows notices on the session bus");
    assert!(failed["hint"].as_str().unwrap().contains("start a desktop or a notification service"));
    people::log_in("1", KIM, "TYPE=x11\n");
    kims().assert_code(69);
    people::log_in("1", KIM, "TYPE=tty\n");
    let output = kims();
    assert_eq!(delivery(output.assert_success())["status"], "skipped");
    output.assert_stderr_has("desktop: kim is not logged in at a screen");
}

#[test]
fn without_its_variable_the_bus_of_the_running_user_is_found() {
    if !namespace::entered("desktop_dunst::without_its_variable_the_bus_of_the_running_user_is_found") {
        return;
    }
    people::appear();
    let run = |folder: Option<&str>| {
        let world = world();
        let run =
            world.command(&["notify", "--status", "error", "--json"]).task(&world.path().join("task.json"));
        let run = folder.into_iter().fold(run, |run, folder| run.env("XDG_RUNTIME_DIR", folder));
        run.as_user(KIM, KIM).run()
    };
    let output = run(None);
    assert_eq!(delivery(output.assert_success())["status"], "skipped");
    output.assert_stderr_has("desktop: kim is not logged in here");
    let world = world();
    let stale =
        world.command(&["notify", "--status", "error", "--json"]).task(&world.path().join("task.json"));
    let output = stale.env(BUS, "unix:path=/run/nowhere").as_user(KIM, KIM).run();
    assert_eq!(delivery(output.assert_success())["status"], "skipped");
    output
        .assert_stderr_has("desktop: kim is not logged in here: there is no session bus at \"/run/nowhere\"");
    let bus = people::bus_of(KIM);
    let desktop = Desktop::start_for(KIM, bus);
    assert_eq!(delivery(run(None).assert_success())["status"], "sent");
    desktop.shown(1);
    // a variable that leads nowhere does not hide it
    assert_eq!(delivery(run(Some("/run/nowhere")).assert_success())["status"], "sent");
    let moved = Command::new("mv").args(["/run/user/4242", "/run/kim"]).status().unwrap();
    assert!(moved.success());
    assert_eq!(delivery(run(None).assert_success())["status"], "skipped");
    assert_eq!(delivery(run(Some("/run/kim")).assert_success())["status"], "sent");
}
