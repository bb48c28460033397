//! The samples of the man page for secret stores of other makers do what it says.
//!
//! secret-tool asks a real GNOME Keyring and pass a real gpg, in a session and a home
//! of nobody; what cannot be had here is stood in for by scripts that insist on their exact
//! arguments.

use serde_json::{Value, json};

use crate::pages::stores::{OP_FOR_ROOT, STORES, Store};
use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// Who uses a store, nobody of Debian: a store is a person's, D-Bus wants one with a name, and the
/// commands of root start without an environment.
const USER: u32 = 65534;

fn store(name: &str) -> &'static Store {
    STORES.iter().find(|store| store.name.starts_with(name)).unwrap()
}

/// A server that takes the secret of the world in this way.
fn server(world: &World, mechanism: &str) -> SmtpServer {
    let server = SmtpServer::builder().tls(Mode::None).auth(&[mechanism]);
    server.user("kim@example.com", world.secret()).start()
}

/// The lines of the page in an e-mail that goes to this server, signed in as `auth` says.
fn task(store: &Store, bin: &str, server: &SmtpServer, auth: &str) -> Value {
    let lines = store.lines.replace("/usr/local/bin", bin);
    let lines = if store.name.starts_with("secret-tool") || store.name.starts_with("pass") {
        lines
    } else {
        lines.replace("/usr/bin", bin)
    };
    let mut email: Value = serde_json::from_str(&format!("{{ {lines} }}")).unwrap();
    if let Some(account) = email.get("account") {
        assert_eq!(account["user"], "kim@example.com");
        assert!(matches!(account["auth"].as_str(), Some("xoauth2" | "oauthbearer")), "{account}");
    }
    email["to"] = json!("ops@example.test");
    email["from"] = json!("kim@example.com");
    email["account"] = server.account("kim@example.com", auth);
    email["tls"] = json!({ "mode": "none" });
    json!({ "name": "Nightly", "email": email })
}

/// The message came, after a sign-in with the secret.
fn assert_sent(output: &Output, server: SmtpServer, mechanism: &str) {
    output.assert_code(0);
    let session = server.session();
    assert_eq!(session.messages().count(), 1, "{output}");
    let sign_ins: Vec<_> = session.sign_ins.iter().map(|s| (s.mechanism.as_str(), s.accepted)).collect();
    assert_eq!(sign_ins, [(mechanism, true)]);
    server.finish();
}

/// A script that prints the secret when it is called with exactly these arguments.
fn stand_in(world: &World, name: &str, arguments: &[&str]) {
    let secret = world.write("secret", world.secret().to_owned() + "\n");
    let wanted = format!("[{}]", arguments.join("]\n["));
    world.script(
        format!("bin/{name}"),
        format!(
            "#!/bin/sh\n[ \"$(printf '[%s]\\n' \"$@\")\" = '{}' ] || {{ echo \"{name}: not so: $*\" >&2; exit 2; }}\n\
             exec cat {}\n",
            wanted,
            secret.display()
        ),
    );
}

#[test]
fn every_store_of_the_page_is_tried_here() {
    let names: Vec<&str> = STORES.iter().map(|store| store.name.split(':').next().unwrap()).collect();
    let tried = ["secret-tool", "pass", "op", "security", "mutt_oauth2.py", "pizauth", "oama"];
    assert_eq!(names, tried);
}

/// Runs lines of a shell as the user, who has a session bus of their own.
fn in_a_session(world: &World, lines: &str) -> Output {
    let lines = format!("set -eu\n{lines}");
    world
        .other_command(
            "/usr/bin/dbus-run-session",
            &["--", "/bin/sh", "-c", &lines, world.binary().to_str().unwrap()],
        )
        .env("XDG_RUNTIME_DIR", world.path().join("run").to_str().unwrap())
        .as_user(USER, USER)
        .run()
}

#[test]
fn secret_tool_looks_up_what_it_has_stored() {
    let world = World::new();
    let store = store("secret-tool");
    let server = server(&world, "PLAIN");
    world.task(&task(store, "", &server, "password"));
    world.write("secret", world.secret());
    world.folder("run");
    std::fs::copy(world.binary(), world.path().join("backup-notify")).unwrap();
    let output = in_a_session(
        &world,
        &format!(
            "printf 'the keyring has a password too' | gnome-keyring-daemon --unlock --components=secrets >/dev/null\n\
             {} <secret\n\
             as_cron=\"env -i HOME=$HOME DBUS_SESSION_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS\"\n\
             $as_cron ./backup-notify test-email --task task.json",
            store.once
        ),
    );
    assert_sent(&output, server, "PLAIN");
}

#[test]
fn secret_tool_without_a_keyring_ends_with_its_reason() {
    let world = World::new();
    let server = server(&world, "PLAIN");
    let path = world.task(&task(store("secret-tool"), "", &server, "password"));
    // as from cron: no session bus
    let output = world.command(&["check"]).task(&path).as_user(USER, USER).run();
    output.assert_code(77).assert_stderr_has("secret-tool").assert_stderr_has("what to do: ");
    // locked, or not there: asking on a screen that nobody looks at ends at the deadline
    world.folder("run");
    std::fs::copy(world.binary(), world.path().join("backup-notify")).unwrap();
    let output = in_a_session(&world, "./backup-notify check --deadline 3s --task task.json");
    output.assert_code(77).assert_stderr_has("what to do: ");
    assert!(server.sessions().is_empty());
}

#[test]
fn pass_shows_what_was_inserted() {
    let world = World::new();
    let store = store("pass");
    let server = server(&world, "PLAIN");
    world.task(&task(store, "", &server, "password"));
    // asked for twice; what stands below it in the entry is no part of it
    world.write("secret", format!("{0}\n{0}\n", world.secret()));
    std::fs::copy(world.binary(), world.path().join("backup-notify")).unwrap();
    let lines = format!(
        "mkdir -m 700 \"$HOME/.gnupg\"\n\
         gpg --batch --quiet --passphrase '' --quick-generate-key kim@example.com default default never\n\
         trap 'gpgconf --kill gpg-agent' EXIT\n\
         pass init kim@example.com >/dev/null\n\
         {} <secret >/dev/null\n\
         ./backup-notify test-email --task task.json",
        store.once
    );
    let output = world.other_command("/bin/sh", &["-euc", &lines]).as_user(USER, USER).run();
    assert_sent(&output, server, "PLAIN");
}

/// At night gpg-agent has forgotten the passphrase, and nobody is there to type it.
#[test]
fn pass_with_a_locked_key_ends_with_its_reason() {
    let world = World::new();
    let store = store("pass");
    let server = server(&world, "PLAIN");
    world.task(&task(store, "", &server, "password"));
    world.write("secret", format!("{0}\n{0}\n", world.secret()));
    std::fs::copy(world.binary(), world.path().join("backup-notify")).unwrap();
    let lines = format!(
        "mkdir -m 700 \"$HOME/.gnupg\"\n\
         gpg --batch --quiet --pinentry-mode loopback --passphrase locked --quick-generate-key kim@example.com \
         default default never\n\
         trap 'gpgconf --kill gpg-agent' EXIT\n\
         pass init kim@example.com >/dev/null\n\
         {} <secret >/dev/null\n\
         gpgconf --kill gpg-agent\n\
         ./backup-notify check --deadline 5s --task task.json",
        store.once
    );
    let output = world.other_command("/bin/sh", &["-euc", &lines]).as_user(USER, USER).run();
    output.assert_code(77).assert_stderr_has("/usr/bin/pass").assert_stderr_has("what to do: ");
    assert!(server.sessions().is_empty());
}

#[test]
fn op_and_security_are_called_as_they_want_it() {
    for (name, arguments) in [
        ("op", &["read", "op://Backup/smtp/password"][..]),
        ("security", &["find-generic-password", "-s", "smtp", "-a", "kim@example.com", "-w"]),
    ] {
        let world = World::new();
        let server = server(&world, "PLAIN");
        stand_in(&world, name, arguments);
        let bin = world.path().join("bin");
        let path = world.task(&task(store(name), bin.to_str().unwrap(), &server, "password"));
        let output = world.command(&["test-email"]).task(&path).run();
        assert_sent(&output, server, "PLAIN");
    }
}

#[test]
fn the_script_of_root_gives_op_its_token() {
    let world = World::new();
    let server = server(&world, "PLAIN");
    stand_in(&world, "real-op", &["read", "op://Backup/smtp/password"]);
    let bin = world.path().join("bin");
    let bin = bin.to_str().unwrap();
    world.script(
        "bin/op",
        format!(
            "#!/bin/sh\n[ \"$OP_SERVICE_ACCOUNT_TOKEN\" = ops_token ] || exit 1\nexec {bin}/real-op \"$@\"\n"
        ),
    );
    let token = world.write("op-token", "ops_token\n");
    let script = OP_FOR_ROOT.replace("/etc/backup-notify/op-token", token.to_str().unwrap());
    let script = world.script("smtp-password", script.replace("/usr/local/bin", bin));
    let mut task = task(store("op"), bin, &server, "password");
    // what the page says: root's command starts without the variable
    let path = world.task(&task);
    let run = world.command(&["check"]).task(&path).env("OP_SERVICE_ACCOUNT_TOKEN", "ops_token");
    run.run().assert_code(77);
    task["email"]["password"] = json!({ "command": [script] });
    let path = world.task(&task);
    assert_sent(&world.command(&["test-email"]).task(&path).run(), server, "PLAIN");
}

#[test]
fn tokens_of_helpers_arrive_as_xoauth2_and_as_oauthbearer() {
    for (name, program, arguments) in [
        ("mutt_oauth2.py", "mutt_oauth2.py", &["/home/kim/.mail-token"][..]),
        ("pizauth", "pizauth", &["show", "-u", "office"]),
        ("oama", "oama", &["access", "kim@example.com"]),
    ] {
        for (mechanism, auth) in [("XOAUTH2", "xoauth2"), ("OAUTHBEARER", "oauthbearer")] {
            let world = World::new();
            let server = server(&world, mechanism);
            stand_in(&world, program, arguments);
            let bin = world.path().join("bin");
            let path = world.task(&task(store(name), bin.to_str().unwrap(), &server, auth));
            let output = world.command(&["test-email"]).task(&path).run();
            assert_sent(&output, server, mechanism);
        }
    }
}

/// What the helper says goes to whoever runs the hook.
#[test]
fn a_helper_that_wants_somebody_at_the_browser_is_quoted() {
    let world = World::new();
    let server = server(&world, "XOAUTH2");
    world.script(
        "bin/pizauth",
        "#!/bin/sh\necho 'ERROR - Token unavailable until authorised with URL' >&2\nexit 1\n",
    );
    let bin = world.path().join("bin");
    let path = world.task(&task(store("pizauth"), bin.to_str().unwrap(), &server, "xoauth2"));
    let output = world.command(&["notify", "--exit-code", "1"]).task(&path).run();
    output.assert_code(77).assert_stderr_has("Token unavailable until authorised");
}
