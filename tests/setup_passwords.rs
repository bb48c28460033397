//! Where `setup` has a password from: a flag, a person who types, the private keychain.

use serde_json::json;

use crate::setup::{JON, flags, own_certificate, server, task_at, vault};
use crate::support::world::World;

#[test]
fn the_flag_for_a_new_password_means_a_new_one_at_a_terminal_too() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    let name = format!("127.0.0.1:{}:{JON}", server.port());
    world.guard("an-old-password");
    let kept = world.command(&["password", "set", &name, "--stdin", "--no-test"]).stdin("an-old-password\n");
    kept.run().assert_success();
    let mut arguments = flags(&account, &pin);
    arguments.extend(["--yes", "--password-stdin"]);
    let talk = world.at_a_terminal(&arguments).secret("Password for ", world.secret()).run();
    talk.assert_code(0);
    assert!(!talk.shown().contains("Keep the password"), "{}", talk.output);
    world.command(&["check"]).task(&world.path().join("task.json")).run().assert_success();
}

#[test]
fn a_token_that_is_kept_like_a_password_is_warned_of() {
    let world = World::new();
    let account = r#"{"preset": "outlook", "user": "jon@outlook.com"}"#;
    let run = world.command(&["setup", "task.json", "--yes", "--no-test", "--password-stdin"]);
    let output = run.args(["--account", account]).stdin(world.secret().to_owned() + "\n").run();
    output.assert_success().assert_stderr_has("which is good for an hour or so");
    let account = json!({ "preset": "outlook", "user": "jon@outlook.com" });
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["account"], account);
}

#[test]
fn a_keychain_without_its_key_is_found_before_a_message_is_sent() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let other = world.command(&["password", "set", "smtp.example.test:587:kim", "--stdin", "--no-test"]);
    other.stdin("another-password\n").run().assert_success();
    std::fs::remove_dir_all(world.home().join(".local/state/backup-notify/key")).unwrap();
    let before = std::fs::read(vault(&world)).unwrap();
    let account = server.account(JON, "password").to_string();
    let mut arguments = flags(&account, &pin);
    arguments.extend(["--test", "--password-stdin", "--tls-mode", "starttls"]);
    let output = world.command(&arguments).stdin(world.secret().to_owned() + "\n").run();
    output.assert_code(77).assert_stderr_has("nothing was written");
    assert!(server.sessions().is_empty());
    assert_eq!(std::fs::read(vault(&world)).unwrap(), before);
}

#[test]
fn without_a_test_a_password_is_typed_twice_and_no_more_unless_they_differ() {
    let world = World::new();
    let account = r#"{"host": "127.0.0.1", "port": 587, "user": "jon@example.test"}"#;
    let mut arguments = flags(account, "system");
    arguments.extend(["--tls-mode", "starttls"]);
    world.guard("a-slip-of-the-hand");
    let begun = |first: &str| {
        let talk = world.at_a_terminal(&arguments).secret("Password for ", first);
        let talk = talk.answer("Send a test message now? [yes]: ", "no");
        talk.secret("Password for ", world.secret())
    };
    let talk = begun(world.secret()).key("Write it? [yes]: ", "\u{4}", false).run();
    talk.assert_code(64).assert_shown("the password is typed once more");
    assert!(!talk.shown().contains("twice alike"), "{}", talk.output);
    let talk = begun("a-slip-of-the-hand")
        .secret("Password for ", world.secret())
        .secret("The same once more: ", world.secret())
        .key("Write it? [yes]: ", "\u{4}", false)
        .run();
    talk.assert_code(64).assert_shown("it was not typed twice alike");
}
