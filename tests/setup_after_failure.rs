//! `setup` at a terminal after something failed: what is offered then, and what `--yes` leaves undone.

use serde_json::{Value, json};

use crate::setup::{JON, flags, own_certificate, server, task_at, vault};
use crate::support::certs::{Ca, Issued, Leaf};
use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage, closed_port};
use crate::support::world::World;

/// A task for this server, which accepts its certificate.
fn task(world: &World, server: &SmtpServer, certificate: &Issued, to: &str) -> Value {
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "user": JON });
    let trust = format!("pin:sha256:{}", certificate.sha256());
    let email = json!({
        "to": to, "account": account, "password": world.secret_file(), "tls": { "trust": trust },
    });
    json!({ "name": "Nightly", "email": email })
}

#[test]
fn yes_takes_no_default_after_a_refused_recipient() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let pin = format!("pin:sha256:{}", certificate.sha256());
    let account = server.account(JON, "password").to_string();
    let mut arguments = flags(&account, &pin);
    let to = "ops@example.test, nobody@example.test";
    arguments.truncate(arguments.len() - 2);
    arguments.extend(["--to", to, "--yes"]);
    let talk = world.at_a_terminal(&arguments).secret("Password for ", world.secret()).run();
    talk.assert_code(69).assert_shown("no such person").assert_shown("nothing was written");
    assert!(!talk.shown().contains("What now?"), "{}", talk.output);
    assert!(!world.path().join("task.json").exists() && !vault(&world).exists());
    assert_eq!(server.messages().len(), 1);

    // a file that is there stays, and no message follows another
    let before = task(&world, &server, &certificate, "nobody@example.test");
    world.task(&before);
    let connections = server.sessions().len();
    let talk = world.at_a_terminal(&["setup", "task.json", "--yes"]).run();
    talk.assert_code(69).assert_shown("nothing was written");
    assert_eq!(task_at(&world.path().join("task.json")), before);
    assert_eq!(server.sessions().len(), connections + 1);
}

#[test]
fn yes_asks_a_server_that_does_not_answer_once() {
    let world = World::new();
    let nobody = closed_port();
    let account = json!({ "host": "127.0.0.1", "port": nobody.address.port(), "user": JON }).to_string();
    let arguments = ["setup", "task.json", "--to=ops@example.test", "--yes", "--account", account.as_str()];
    let talk = world.at_a_terminal(&arguments).run();
    talk.assert_code(75).assert_shown("cannot connect to 127.0.0.1").assert_shown("nothing was written");
    assert_eq!(talk.shown().matches("asking 127.0.0.1").count(), 1, "{}", talk.output);
    // where nobody asks beforehand, the test is the one attempt
    world.secret_file();
    let email = json!({
        "to": "ops@example.test", "account": { "host": "127.0.0.1", "port": nobody.address.port(), "user": JON },
        "password": { "file": "secret" },
    });
    world.task(&json!({ "name": "Nightly", "email": email }));
    let talk = world.at_a_terminal(&["setup", "task.json", "--yes"]).run();
    talk.assert_code(75).assert_shown("nothing was written");
    assert_eq!(talk.shown().matches("cannot connect to").count(), 1, "{}", talk.output);
}

#[test]
fn yes_ends_with_an_account_that_mail_no_longer_has() {
    let world = World::new();
    let email = json!({ "to": "ops@example.test", "account": "smtp.example.com:kim" });
    let before = json!({ "name": "Nightly", "email": email });
    world.task(&before);
    let talk = world.at_a_terminal(&["setup", "task.json", "--yes", "--no-test"]).run();
    talk.assert_code(78).assert_shown("nothing was written");
    assert_eq!(talk.shown().matches("Which account?").count(), 1, "{}", talk.output);
    assert_eq!(task_at(&world.path().join("task.json")), before);
}

#[test]
fn a_refused_recipient_is_no_matter_of_the_certificate() {
    let world = World::new();
    let certificate = Leaf::new(&["127.0.0.1"]).with_root().issued_by(&Ca::new());
    let server = server(&world, &certificate);
    let account = server.account(JON, "password").to_string();
    let mut arguments = flags(&account, "self-signed-root");
    arguments.truncate(arguments.len() - 2);
    let talk = world
        .at_a_terminal(&arguments)
        .secret("Password for ", world.secret())
        .answer("[jon@example.test]: ", "nobody@example.test")
        .default("Send a test message now? [yes]: ")
        .answer("A number from 1 to 5 [1]: ", "5")
        .run();
    talk.assert_code(69).assert_shown("1. type other recipients");
}

#[test]
fn what_was_typed_is_offered_and_of_several_recipients_those_that_were_accepted() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    world.task(&task(&world, &server, &certificate, "old@example.test"));
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when=finish"])
        .default("Edit it (what is not asked about stays)? [yes]: ")
        .default("A number from 1 to 11 [1]: ")
        .default("A number from 1 to 2 [1]: ")
        .answer("[old@example.test]: ", "Nobody <nobody@example.test>")
        .default("Send a test message now? [yes]: ")
        .default("A number from 1 to 5 [1]: ")
        .answer(
            "[Nobody <nobody@example.test>]: ",
            "Ops <ops@example.test>, nobody@example.test, kim@example.test",
        )
        .default("A number from 1 to 5 [1]: ")
        .default("[Ops <ops@example.test>, kim@example.test]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0);
    let to = &task_at(&world.path().join("task.json"))["email"]["to"];
    assert_eq!(to, "Ops <ops@example.test>, kim@example.test");
}

#[test]
fn a_refused_sender_is_typed_anew_and_the_refused_one_is_offered() {
    let world = World::new();
    let certificate = own_certificate();
    let builder = SmtpServer::builder().tls(Mode::Starttls).identity(certificate.identity());
    let refused = Action::reply("550 5.7.1 not your address");
    let server = builder.user(JON, world.secret()).fault_on(1, Stage::Mail, refused).start();
    let mut before = task(&world, &server, &certificate, "ops@example.test");
    before["email"]["from"] = json!("Jon <jon@elsewhere.test>");
    world.task(&before);
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when=finish", "--to=ops@example.test"])
        .default("Edit it (what is not asked about stays)? [yes]: ")
        .default("A number from 1 to 11 [1]: ")
        .default("A number from 1 to 2 [1]: ")
        .default("Send a test message now? [yes]: ")
        .default("A number from 1 to 5 [1]: ")
        .answer("[Jon <jon@elsewhere.test>]: ", "Jon <jon@example.test>")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0).assert_shown("1. send from another address");
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["from"], "Jon <jon@example.test>");
}

#[test]
fn another_server_takes_nothing_of_what_was_said_of_the_first_ones_connection() {
    let world = World::new();
    let first = SmtpServer::builder().user(JON, world.secret()).auth_in_clear();
    let first = first.fault(Stage::Auth, Action::reply("535 5.7.8 no")).start();
    let account = first.account(JON, "password").to_string();
    let mut arguments = flags(&account, "accept-any-certificate");
    arguments.extend(["--tls-mode", "none", "--allow-cleartext-password"]);
    let talk = world
        .at_a_terminal(&arguments)
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .answer("A number from 1 to 5 [1]: ", "3")
        .answer("A number from 1 to 10: ", "2")
        .answer(" to sign in with: ", "jon@gmail.com")
        .secret("Password for ", world.secret())
        .answer("Send a test message now? [yes]: ", "no")
        .secret("Password for ", world.secret())
        .key("Write it? [yes]: ", "\u{4}", false)
        .run();
    talk.assert_code(64).assert_shown("smtp.gmail.com");
    let end = talk.shown().split("This is going to be in ").last().unwrap();
    assert!(!end.contains("\"tls\""), "{}", talk.output);
    assert!(!talk.shown().contains("gmail.com:25"), "{}", talk.output);
}
