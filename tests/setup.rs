//! `setup` at a terminal: from nothing to a message that was sent, and every way out of it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::certs::{Issued, Leaf};
use crate::support::conversation::Conversation;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// Who signs in at the servers here.
pub(crate) const JON: &str = "jon@example.test";

/// A certificate of nobody's but the server's.
pub(crate) fn own_certificate() -> Issued {
    Leaf::new(&["localhost", "127.0.0.1"]).self_signed()
}

/// A server that presents it and takes mail from jon.
pub(crate) fn server(world: &World, certificate: &Issued) -> SmtpServer {
    let builder = SmtpServer::builder().tls(Mode::Starttls).identity(certificate.identity());
    builder.user(JON, world.secret()).refuse("nobody@example.test", "550 5.1.1 no such person").start()
}

/// Where the vault of the person of this world is.
pub(crate) fn vault(world: &World) -> PathBuf {
    world.home().join(".local/share/backup-notify/keychain/vault")
}

/// Everything in the home folder.
pub(crate) fn home_files(world: &World) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![world.home()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            files.push(entry.path());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    files
}

/// A question, its answer, and whether that is a password.
type Step = (&'static str, String, bool);

/// All questions from nothing to the end, with a server whose certificate is pinned on the way.
fn all_the_way(world: &World, server: &SmtpServer) -> Vec<Step> {
    let line = |question, answer: &str| (question, answer.to_owned(), false);
    vec![
        line("What do you call this backup? [home]: ", "Nightly"),
        line("A number from 1 to 3 [1]: ", ""),
        line("A number from 1 to 10: ", "10"),
        line("Name of the SMTP server: ", "127.0.0.1"),
        line("and 25 with encryption [find]: ", &server.port().to_string()),
        line("A number from 1 to 4 [1]: ", ""),
        line("User name: ", JON),
        ("Password for ", world.secret().to_owned(), true),
        line("[jon@example.test]: ", "ops@example.test"),
        line("Send a test message now? [yes]: ", ""),
        line("A number from 1 to 6: ", "2"),
        line("Make it? [yes]: ", ""),
        line("Write it? [yes]: ", ""),
    ]
}

/// Types the answers of these steps.
fn answered<'w>(talk: Conversation<'w>, steps: &[Step]) -> Conversation<'w> {
    steps.iter().fold(talk, |talk, (question, answer, secret)| {
        if *secret { talk.secret(question, answer) } else { talk.answer(question, answer) }
    })
}

/// The task in a file.
pub(crate) fn task_at(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn from_nothing_to_sent_with_a_certificate_of_the_servers_own() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let talk = world.at_a_terminal(&["setup", "home"]);
    let talk = answered(talk, &all_the_way(&world, &server)).run();
    talk.assert_code(0).assert_shown("sent to ops@example.test");
    talk.assert_shown("Nobody this computer knows vouches for this").assert_shown(&format!("\n     ({pin})"));
    talk.assert_shown("on the way can take the password (accept-any-certificate)");
    let file = world.home().join(".config/backup-notify/home.json");
    talk.assert_shown(&format!("--task {} --tool rsync --exit-code \"$?\"", file.display()));
    assert!(talk.answers < 20, "{} answers", talk.answers);
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "user": JON });
    assert_eq!(
        task_at(&world.home().join(".config/backup-notify/home.json")),
        json!({ "name": "Nightly", "email": {
            "to": "ops@example.test", "account": account, "tls": { "trust": pin },
        } })
    );
    assert!(vault(&world).exists());
    world.run(&["notify", "--task", "home", "--exit-code", "1"]).assert_success();
    assert_eq!(server.messages().len(), 2);
    server.assert_clean();
}

#[test]
fn a_person_is_asked_who_runs_the_hook_and_it_is_done_as_that_person() {
    let world = World::new();
    let server = server(&world, &own_certificate());
    let talk = world.at_a_terminal(&["setup", "home"]).as_user(4243, 4243);
    let talk = talk.default("A number from 1 to 2 [1]: ");
    let talk = answered(talk, &all_the_way(&world, &server)).run();
    talk.assert_code(0).assert_shown("a line of crontab -e").assert_shown("in a unit of systemctl --user, a");
    world.command(&["check", "--task", "home"]).as_user(4243, 4243).run().assert_success();
}

#[test]
fn leaving_at_any_question_leaves_nothing_behind_and_the_echo_on() {
    let world = World::new();
    let server = server(&world, &own_certificate());
    let steps = all_the_way(&world, &server);
    for (index, (question, _, secret)) in steps.iter().enumerate() {
        let so_far = || answered(world.at_a_terminal(&["setup", "home"]), &steps[..index]);
        for (key, codes) in [("\u{3}", [-2, 64]), ("\u{4}", [64, 64])] {
            let talk = so_far().key(question, key, *secret).run();
            talk.assert_shown("cancelled: nothing was written");
            assert!(codes.contains(&talk.code), "{key:?} at {question}: {}", talk.output);
            assert_eq!(home_files(&world), Vec::<PathBuf>::new(), "{key:?} at {question}");
        }
    }
    // from elsewhere, in the middle of a password
    let password = steps.iter().position(|(_, _, secret)| *secret).unwrap();
    for signal in [15, 3] {
        let talk = answered(world.at_a_terminal(&["setup", "home"]), &steps[..password]);
        let talk = talk.signal(steps[password].0, signal, true).run();
        talk.assert_code(-i64::from(signal)).assert_shown("cancelled: nothing was written");
        assert_eq!(home_files(&world), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_no_at_the_end_leaves_nothing_behind() {
    let world = World::new();
    let server = server(&world, &own_certificate());
    let mut steps = all_the_way(&world, &server);
    steps.pop();
    let talk = answered(world.at_a_terminal(&["setup", "home"]), &steps);
    let talk = talk.answer("Write it? [yes]: ", "maybe").answer("Write it? [yes]: ", "no").run();
    talk.assert_code(64).assert_shown("type yes or no").assert_shown("nothing was written");
    assert_eq!(home_files(&world), Vec::<PathBuf>::new());
}

/// The flags of a task at this server, all but the password.
pub(crate) fn flags<'a>(account: &'a str, trust: &'a str) -> Vec<&'a str> {
    let mut flags = vec!["setup", "task.json", "--name", "Nightly", "--when", "finish"];
    flags.extend(["--account", account, "--tls-trust", trust, "--to", "ops@example.test"]);
    flags
}

#[test]
fn a_wrong_password_is_told_and_another_one_is_typed() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    world.guard("not-the-password");
    let talk = world
        .at_a_terminal(&flags(&account, &pin))
        .secret("Password for ", "not-the-password")
        .default("Send a test message now? [yes]: ")
        .default("A number from 1 to 5 [1]: ")
        .secret("Password for ", world.secret())
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0).assert_shown("refused the sign-in").assert_shown("1. type another password");
    // the one that was kept is the right one
    world.command(&["check"]).task(&world.path().join("task.json")).run().assert_success();
    // and it is offered the next time
    let talk = world.at_a_terminal(&["setup", "task.json", "--when", "error", "--no-test"]);
    let talk = talk
        .default("Edit it (what is not asked about stays)? [yes]: ")
        .default("A number from 1 to 11 [1]: ")
        .default("keychain/vault\" has for it? [yes]: ")
        .default("[ops@example.test]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0);
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["when"], "error");
}

#[test]
fn refused_recipients_are_typed_anew_and_a_failure_can_be_kept() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    let mut arguments = flags(&account, &pin);
    arguments.truncate(arguments.len() - 2);
    let other = world
        .at_a_terminal(&arguments)
        .secret("Password for ", world.secret())
        .answer("[jon@example.test]: ", "ops@")
        .answer("[jon@example.test]: ", "nobody@example.test")
        .default("Send a test message now? [yes]: ")
        .default("A number from 1 to 5 [1]: ")
        .answer("[nobody@example.test]: ", "ops@example.test, kim@example.test")
        .default("Write it? [yes]: ")
        .run();
    other.assert_code(0).assert_shown("expected an address such as").assert_shown("550 5.1.1 no such person");
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["to"], "ops@example.test, kim@example.test");

    let world = World::new();
    let server = self::server(&world, &certificate);
    let account = server.account(JON, "password").to_string();
    let arguments: Vec<&str> =
        arguments.iter().map(|word| if word.starts_with('{') { account.as_str() } else { word }).collect();
    let talk = world
        .at_a_terminal(&arguments)
        .secret("Password for ", world.secret())
        .answer("[jon@example.test]: ", "nobody@example.test")
        .default("Send a test message now? [yes]: ")
        .answer("A number from 1 to 5 [1]: ", "4")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(69).assert_shown("once the check goes well");
    assert!(world.path().join("task.json").exists());
}

#[test]
fn a_file_that_changes_meanwhile_is_not_overwritten_and_the_password_is_told_of() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    let file = world.path().join("task.json");
    for (before, what) in
        [(None, "is there already"), (Some("{\"name\": \"x\", \"desktop\": true}"), "changed by somebody")]
    {
        if let Some(before) = before {
            world.write("task.json", before);
        }
        let mut talk = world.at_a_terminal(&flags(&account, &pin));
        if before.is_some() {
            talk = talk.default("Edit it (what is not asked about stays)? [yes]: ");
        }
        let talk = if vault(&world).exists() { talk.answer("has for it? [yes]: ", "no") } else { talk };
        let talk = talk
            .secret("Password for ", world.secret())
            .default("Send a test message now? [yes]: ")
            .meanwhile("Write it? [yes]: ", &file, "{}", "")
            .run();
        talk.assert_code(74).assert_shown(what);
        talk.assert_shown("is in the private keychain by now, and the task file is as it was before");
        assert_eq!(world.read("task.json"), "{}");
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn root_is_become_by_sudo_or_told_how() {
    let world = World::new();
    world.script("bin/sudo", "#!/bin/sh\necho \"sudo was called:\" \"$@\"\ngrep SigBlk /proc/self/status\n");
    let path = format!("{}:/usr/bin:/bin", world.path().join("bin").display());
    let talk = world
        .at_a_terminal(&["setup", "home", "--when", "error"])
        .as_user(4243, 4243)
        .env("PATH", &path)
        .answer("A number from 1 to 2 [1]: ", "2")
        .default("\"? [yes]: ")
        .run();
    let program = world.path().join("program");
    let line = format!("-- {} setup home --when error --run-by=root", program.display());
    talk.assert_code(0).assert_shown(&format!("sudo was called: {line}"));
    talk.assert_shown("SigBlk:\t0000000000000000");
    let output = world.command(&["setup", "home", "--run-by", "root", "--yes", "--account", "x"]);
    let output = output.as_user(4243, 4243).run();
    output.assert_code(77).assert_stderr_has("this is not root").assert_stderr_has("type: sudo -- ");
    output.assert_stderr_lacks("--account ACCOUNT");
    let me = world.command(&["setup", "home", "--run-by", "me"]).env("SUDO_USER", "daemon");
    let me = me.args(["--yes", "--no-test", "--to=a@b.c", "--from=a@b.c", "--account"]);
    let me = me.args(["{\"host\": \"h\", \"auth\": \"none\"}"]).run();
    me.assert_code(64).assert_stderr_has("type the same without sudo");
}

#[test]
fn an_interruption_while_it_is_written_waits_for_the_end() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    // a vault that is there has a lock that can be held
    let other =
        world.command(&["password", "set", "smtp.example.test:587:kim", "--stdin"]).args(["--no-test"]);
    other.stdin("another-password\n").run().assert_success();
    let lock = vault(&world).with_file_name("lock");
    let talk = world
        .at_a_terminal(&flags(&account, &pin))
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .interrupted_at_lock("Write it? [yes]: ", "", &lock)
        .run();
    talk.assert_code(-2).assert_shown("ended after everything was written");
    world.command(&["check"]).task(&world.path().join("task.json")).run().assert_success();
}

#[test]
fn where_nothing_changes_nothing_is_asked_and_nothing_was_written() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    let talk = world
        .at_a_terminal(&flags(&account, &pin))
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .default("Write it? [yes]: ")
        .run();
    let kept = format!("the password of 127.0.0.1:{}:{JON} in the private keychain", server.port());
    talk.assert_code(0).assert_shown(&format!("Kept: {kept}"));
    let before = world.read("task.json");
    let again = || {
        let talk = world.at_a_terminal(&["setup", "task.json", "--when", "finish", "--no-test"]);
        talk.default("Edit it (what is not asked about stays)? [yes]: ")
            .default("A number from 1 to 11 [1]: ")
            .default("keychain/vault\" has for it? [yes]: ")
            .default("[ops@example.test]: ")
    };
    let talk = again().run();
    talk.assert_code(0).assert_shown("Nothing changes in ").assert_shown(&format!("Left as it was: {kept}"));
    assert!(!talk.shown().contains("Write it?"), "{}", talk.output);
    assert_eq!(world.read("task.json"), before);
}

#[test]
fn ctrl_c_in_the_check_of_what_did_not_change_does_not_speak_of_writing() {
    let world = World::new();
    let wait = world.script("wait", "#!/bin/sh\nexec sleep 20\n");
    let source = json!({ "command": [wait] });
    let account = json!({ "host": "h", "user": JON });
    world.task(&json!({ "name": "Nightly", "email": {
        "to": JON, "account": account, "password": source,
    } }));
    let (source, account) = (source.to_string(), account.to_string());
    let mut arguments = flags(&account, "system");
    arguments.retain(|word| !matches!(*word, "--tls-trust" | "system" | "ops@example.test" | "--to"));
    arguments.extend(["--to", JON, "--password-source", &source, "--no-test"]);
    let talk = world
        .at_a_terminal(&arguments)
        .default("Edit it (what is not asked about stays)? [yes]: ")
        .key("as the hook will find it:", "\u{3}", false)
        .run();
    talk.assert_code(-2).assert_shown("cancelled: nothing was written");
}
