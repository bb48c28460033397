//! As whom something was tried: which user, whose home, whose private keychain.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::{Value, json};

use crate::support::world::World;

/// A task whose password is in this place; `None` leaves it to the default.
fn task(password: Option<Value>) -> Value {
    let mut task = json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "mail.example.test", "user": "jon" },
        },
    });
    if let Some(password) = password {
        task["email"]["password"] = password;
    }
    task
}

fn vault(world: &World) -> String {
    let place = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    world.home().join(place).join("backup-notify/keychain/vault").to_str().unwrap().to_owned()
}

#[test]
fn check_and_test_email_say_as_whom_they_ran() {
    let world = World::new();
    let home = world.home();
    let path = world.task(&task(Some(world.secret_file())));
    let output = world.command(&["check", "--offline"]).task(&path).run();
    let expected = format!("  as           root (home {})\n", home.display());
    output.assert_success().assert_stdout_has(&expected).assert_stderr_is_empty();
    let result = world.command(&["check", "--offline", "--json"]).task(&path).run().assert_success().json();
    assert_eq!(result["ran_as"], json!({ "user": "root", "home": home, "vault": null }));
    // a server that nobody can look up: it is said before anything is tried
    let output = world.command(&["test-email", "--deadline", "5s"]).task(&path).run();
    assert!(output.stdout.starts_with(&expected), "{output}");
    // an account without a password needs no keychain either
    let mut none = task(None);
    none["email"]["account"] = json!({ "host": "mail.example.test", "auth": "none" });
    let path = world.task(&none);
    let output = world.command(&["check", "--offline"]).task(&path).run();
    output.assert_success().assert_stdout_has(&expected);
}

#[test]
fn the_private_keychain_is_named_where_a_password_is_looked_for_in_it() {
    let world = World::new();
    let path = world.task(&task(None));
    let output = world.command(&["check", "--offline"]).task(&path).run();
    let home = world.home();
    let expected =
        format!("  as           root (home {}, private keychain {})\n", home.display(), vault(&world));
    output.assert_code(77).assert_stdout_has(&expected);
    let result = world.command(&["check", "--offline", "--json"]).task(&path).run().assert_code(77).json();
    assert_eq!(result["ran_as"]["vault"], vault(&world));
    // a user without a name goes by their number
    let output = world.command(&["check", "--offline"]).task(&path).as_user(4243, 4243).run();
    output
        .assert_code(77)
        .assert_stdout_has("  as           number 4243 (home ")
        .assert_stdout_has(&vault(&world));
}

#[test]
fn a_home_of_somebody_else_is_not_roots() {
    let world = World::new();
    let path = world.task(&task(Some(world.secret_file())));
    chown(world.home(), Some(4243), Some(4243)).unwrap();
    let output = world.command(&["check", "--offline"]).task(&path).run();
    let root = nix::unistd::User::from_name("root").unwrap().unwrap().dir;
    output.assert_success().assert_stdout_has(&format!("  as           root (home {})\n", root.display()));
}

#[test]
fn a_preview_and_a_notice_are_what_they_were() {
    let world = World::new();
    let path = world.task(&task(None));
    let output = world.command(&["test-email", "--dry-run"]).task(&path).run();
    output.assert_success();
    assert!(output.stdout.starts_with("notify: "), "{output}");
    let result = world.command(&["notify", "--exit-code", "0", "--json"]).task(&path).run().json();
    assert_eq!(result.get("ran_as"), None);
}

#[test]
fn root_is_warned_of_a_program_that_others_could_replace() {
    let folder = World::new();
    let program = folder.path().join("bin/backup-notify");
    folder.folder("bin");
    fs::copy(folder.binary(), &program).unwrap();
    let world = World::with_binary(&program);
    let path = world.task(&task(Some(world.secret_file())));
    let check = || world.command(&["check", "--offline"]).task(&path).run();
    check().assert_success().assert_stderr_is_empty();

    let hint = |text: &str| format!("  what to do: {text}\n");
    let warning = "warning: root runs this, and others could put another program in its place: ";
    fs::set_permissions(&program, fs::Permissions::from_mode(0o777)).unwrap();
    let output = check();
    output.assert_success().assert_stderr_has(warning).assert_stderr_has("is writable by everyone");
    output.assert_stderr_has(&hint(&format!("chmod go-w {}", program.display())));
    // the hook has no time for it
    let notice = world.command(&["notify", "--exit-code", "0", "--when", "error"]).task(&path).run();
    notice.assert_success().assert_stderr_is_empty();

    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    chown(&program, Some(4243), None).unwrap();
    check().assert_stderr_has(&hint(&format!("chown root {}", program.display())));
    chown(&program, Some(0), None).unwrap();
    chown(program.parent().unwrap(), Some(4243), None).unwrap();
    check().assert_stderr_has(warning).assert_stderr_has(&hint(&format!(
        "install it where only root can write: install -m 755 {} /usr/local/bin/",
        program.display()
    )));
    world.command(&["check", "--offline", "-q"]).task(&path).run().assert_stderr_is_empty();
    // somebody else's own programs are their own business
    let output = world.command(&["check", "--offline"]).task(&path).as_user(4243, 4243).run();
    output.assert_success().assert_stderr_is_empty();
}
