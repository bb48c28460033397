//! The lines that `accounts ID` prints, pasted into a task as they are: of every account of every
//! generation of macOS, at home and in another home folder.

use serde_json::Value;

use crate::mail_homes::{VERSIONS, python};
use crate::support::output::Output;
use crate::support::world::World;

/// What the lines stand in: somebody's task with nothing but the recipient.
fn task(email: &str, beside: &str) -> String {
    let beside = if beside.is_empty() { String::new() } else { format!(",\n{beside}") };
    format!(
        "{{\n\"name\": \"Nightly\",\n\"email\": {{\n  \"to\": \"ops@example.com\",\n{email}\n}}{beside}\n}}\n"
    )
}

/// The lines below a title of a page.
fn lines(page: &Output, title: &str) -> String {
    // a second way to write the account has a password of its own
    let first = page.stdout.split("\nor, with").next().unwrap_or_default();
    let below = first.split_once(title).map(|(_, below)| below).unwrap_or_default();
    below.lines().take_while(|line| line.starts_with("  ")).collect::<Vec<_>>().join("\n")
}

/// Makes a task of the lines of a page, and what they name; says what is wrong with it. `home` is the
/// person's own, when it is Mail's.
fn paste(world: &World, page: &Output, home: Option<&str>) -> Option<String> {
    page.assert_success();
    let email = lines(page, "Write into the task, under \"email\":\n");
    let beside = lines(page, "and beside \"email\":\n");
    // what is written out in place of an account needs no home
    let named = email.contains("\"account\": \"");
    assert!(!email.is_empty() && beside.is_empty() == (home.is_some() || !named), "{page}");
    let token = world.script("print-token", "#!/bin/sh\necho token\n");
    let task = task(&email, &beside).replace("/usr/local/bin/print-token", token.to_str().unwrap());
    let path = world.write("pasted.json", &task);
    let own = world.home();
    let home = home.unwrap_or(own.to_str().unwrap());
    let keep = lines(page, "and keep the password in the private keychain, as the user whose hook it is:\n");
    assert_eq!(keep.is_empty(), !email.contains("\"keychain\""), "{page}");
    if !keep.is_empty() {
        // the shell takes the name apart, as it does when somebody pastes it
        let program = format!("{} password", world.binary().display());
        let keep = format!("{keep} --stdin").replacen("backup-notify password", &program, 1);
        let kept = world.other_command("sh", &["-c", &keep]).env("HOME", home).stdin("x\n").run();
        if kept.code() != Some(0) {
            return Some(format!("\n{keep}\n{}\n", kept.stderr));
        }
    }
    let checked = world.command(&["check", "--offline"]).task(&path).env("HOME", home).run();
    (checked.code() != Some(0)).then(|| format!("\n{task}{}{}\n", checked.stdout, checked.stderr))
}

#[test]
fn the_lines_of_every_account_make_a_task_that_is_sound() {
    let world = World::new();
    python("generate.py", world.path(), &["all"]);
    let mut wrong = String::new();
    for version in VERSIONS {
        let home = world.path().join(version);
        let home = home.to_str().unwrap();
        let listing: Value = world.run(&["accounts", "--json", "--mail-home", home]).assert_success().json();
        let accounts = listing["accounts"].as_array().unwrap();
        assert!(!accounts.is_empty(), "{version}");
        for account in accounts {
            let id = account["id"].as_str().unwrap();
            let elsewhere = paste(&world, &world.run(&["accounts", id, "--mail-home", home]), None);
            let own = world.command(&["accounts", id]).env("HOME", home).run();
            for what in elsewhere.into_iter().chain(paste(&world, &own, Some(home))) {
                wrong.push_str(&format!("\n== {version}, {id}{what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
