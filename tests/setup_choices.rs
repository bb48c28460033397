//! What `setup` offers at a terminal: accounts, servers, certificates, and which e-mail is meant.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::mail_plist::{ICLOUD, Server, USUAL, write_with};
use crate::setup::{JON, flags, own_certificate, server, task_at, vault};
use crate::support::certs::Leaf;
use crate::support::conversation::Conversation;
use crate::support::namespace;
use crate::support::run::give;
use crate::support::smtp_server::{Mode, SmtpServer, closed_port};
use crate::support::world::World;

#[test]
fn an_account_of_mail_is_chosen_by_its_number() {
    let world = World::new();
    // Mail does not know of certificates: it is found, and not sent with
    let servers = [USUAL, Server { host: "corp.example", scheme: "NTLM", name: "Company", ..USUAL }];
    write_with(&world, "home", &servers, ICLOUD);
    let talk = |number: &str| {
        world
            .at_a_terminal(&["setup", "task.json", "--when", "error", "--no-test"])
            .default("What do you call this backup? [task]: ")
            .answer("A number from 1 to 13 [1]: ", number)
    };
    let typed = |talk: Conversation<'_>, secret: &str| {
        talk.secret("Password for ", secret)
            .secret("The same once more: ", "another-password")
            .secret("Password for ", secret)
            .secret("The same once more: ", secret)
            .default("]: ")
            .default("Write it? [yes]: ")
            .run()
            .assert_code(0)
            .assert_shown("The two are not the same")
            .assert_shown("1. Work: smtp.example.com:kim");
        let written = task_at(&world.path().join("task.json"));
        std::fs::remove_file(world.path().join("task.json")).unwrap();
        written["email"].clone()
    };
    world.guard("another-password");
    // root's task does not change with the files of a person, nor with root's own
    let account = json!({ "host": "smtp.example.com", "port": 587, "user": "kim" });
    assert_eq!(
        typed(talk("1"), world.secret()),
        json!({ "when": "error", "to": "kim@example.com", "from": "Kim Doe <kim@example.com>", "account": account })
    );
    let email = typed(talk("3"), world.secret());
    assert_eq!(email["account"], json!({ "preset": "icloud", "user": "kim@icloud.com" }));
    // where Mail speaks what this program does not, a password may do all the same
    let email = typed(talk("2"), world.secret());
    assert_eq!(email["account"], json!({ "host": "corp.example", "port": 587, "user": "kim" }));
}

#[test]
fn a_person_keeps_the_id_of_an_account_of_mail() {
    let world = World::new();
    write_with(&world, "home", &[USUAL], "");
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when", "error", "--no-test", "--run-by=me", "--yes"])
        .as_user(4243, 4243)
        .secret("Password for ", world.secret())
        .secret("The same once more: ", world.secret())
        .run();
    talk.assert_code(0);
    assert_eq!(
        task_at(&world.path().join("task.json")),
        json!({ "name": "task", "email": {
            "when": "error", "to": "kim@example.com", "account": "smtp.example.com:kim",
        } })
    );
}

#[test]
fn an_account_with_a_token_wants_a_command() {
    let world = World::new();
    let command = world.script("token", "#!/bin/sh\necho a-token\n");
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when", "error", "--no-test", "--name", "Nightly"])
        .answer("A number from 1 to 10: ", "3")
        .answer("The address at Outlook.com to sign in with: ", "jon")
        .answer("The address at Outlook.com to sign in with: ", "jon@outlook.com")
        .answer("The command that prints a token: ", "token")
        .answer("The command that prints a token: ", &format!("{} 'a b'", command.display()))
        .default("[jon@outlook.com]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0).assert_shown("wants an OAuth 2 token");
    let email = &task_at(&world.path().join("task.json"))["email"];
    assert_eq!(email["account"], json!({ "preset": "outlook", "user": "jon@outlook.com" }));
    assert_eq!(email["password"], json!({ "command": [command, "a b"] }));
    assert!(!vault(&world).exists());
}

#[test]
fn a_server_that_is_not_there_is_corrected_and_one_without_encryption_is_a_choice() {
    let world = World::new();
    let nobody = closed_port();
    let server = SmtpServer::builder().user(JON, world.secret()).auth_in_clear().start();
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when=error", "--name=Nightly", "--to=ops@example.test"])
        .answer("A number from 1 to 10: ", "10")
        .answer("Name of the SMTP server: ", "no host")
        .answer("Name of the SMTP server: ", "127.0.0.1")
        .answer("[find]: ", "70000")
        .answer("[find]: ", &nobody.address.port().to_string())
        .default("A number from 1 to 4 [1]: ")
        .answer("User name: ", JON)
        .default("A number from 1 to 5 [1]: ")
        .default("Name of the SMTP server [127.0.0.1]: ")
        .answer("Its port [587]: ", &server.port().to_string())
        .answer("A number from 1 to 5 [1]: ", "4")
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0)
        .assert_shown("cannot connect to 127.0.0.1")
        .assert_shown("does not encrypt: neither from the start nor after STARTTLS");
    assert!(!talk.shown().contains("wrong version number"), "{}", talk.output);
    let email = &task_at(&world.path().join("task.json"))["email"];
    assert_eq!(email["account"]["port"], server.port());
    assert_eq!(email["tls"], json!({ "mode": "none" }));
}

#[test]
fn of_several_e_mails_one_is_chosen() {
    let world = World::new();
    let email = |to: &str| json!({ "to": to, "account": { "host": "127.0.0.1", "auth": "none" }, "from": "a@b.test" });
    let first = email("first@example.test");
    world.task(&json!({ "name": "Nightly", "email": [first, email("second@example.test")] }));
    let talk = world
        .at_a_terminal(&["setup", "task.json", "--when=error", "--to=third@example.test", "--no-test"])
        .default("Edit it (what is not asked about stays)? [yes]: ")
        .answer("A number from 1 to 2 [1]: ", "2")
        .default("A number from 1 to 11 [1]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0).assert_shown("2. to second@example.test");
    let emails = &task_at(&world.path().join("task.json"))["email"];
    assert_eq!(emails[0], first);
    assert_eq!((&emails[1]["to"], &emails[1]["when"]), (&json!("third@example.test"), &json!("error")));
}

#[test]
fn root_is_offered_the_mail_of_the_person_whose_computer_it_is() {
    let world = World::new();
    write_with(&world, "kim", &[USUAL], "");
    let home = world.path().join("kim");
    // whose files are read as that person, who has to get there
    std::fs::set_permissions(world.path(), Permissions::from_mode(0o755)).unwrap();
    give(&home, 4243, 4243);
    let arguments = ["setup", "task.json", "--name=Nightly", "--when=error", "--no-test"];
    let talk = world.at_a_terminal(&arguments).env("HOME", home.to_str().unwrap());
    let question = format!("Look for accounts in the Mail of {}? [yes]: ", home.display());
    let talk = talk.default(&question).key("A number from 1 to 11 [1]: ", "\u{4}", false).run();
    talk.assert_code(64).assert_shown("1. Work: smtp.example.com:kim");
}

#[test]
fn an_authority_can_be_given_as_a_file() {
    let world = World::new();
    let certificate = own_certificate();
    let server = server(&world, &certificate);
    let file = world.write("home/own.pem", certificate.pem());
    let account = server.account(JON, "password").to_string();
    let talk = world
        .at_a_terminal(&flags(&account, "system"))
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .answer("A number from 1 to 6: ", "6")
        // none of the rules: the other ways on, and the rules once more
        .default("A number from 1 to 4 [1]: ")
        .answer("A number from 1 to 6: ", "1")
        .answer("Path of the PEM file: ", "other.pem")
        .answer("Path of the PEM file: ", "~/own.pem")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0).assert_shown("there is no file").assert_shown("--save-ca ca.pem");
    let trust = format!("ca-file:{}", file.display());
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["tls"], json!({ "trust": trust }));
}

#[test]
fn for_a_provider_no_exception_is_offered() {
    if !namespace::entered("setup_choices::for_a_provider_no_exception_is_offered") {
        return;
    }
    namespace::set_hosts("127.0.0.1 localhost smtp.gmail.com\n");
    let world = World::new();
    let issued = Leaf::new(&["smtp.gmail.com"]).self_signed();
    let builder = SmtpServer::builder().tls(Mode::Starttls).identity(issued.identity());
    let server = builder.user(JON, world.secret()).start();
    let account = json!({ "host": "smtp.gmail.com", "port": server.port(), "user": JON }).to_string();
    let talk = world
        .at_a_terminal(&flags(&account, "system"))
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .answer("A number from 1 to 4 [1]: ", "4")
        .run();
    talk.assert_code(76).assert_shown("may be intercepting").assert_shown("No exception is offered.");
    for offered in ["pin:", "self-signed-root", "ca-file"] {
        assert!(!talk.shown().contains(offered), "{}", talk.output);
    }
}

#[test]
fn a_password_crosses_the_network_in_clear_only_after_a_word_about_it() {
    if !namespace::entered(
        "setup_choices::a_password_crosses_the_network_in_clear_only_after_a_word_about_it",
    ) {
        return;
    }
    let world = World::new();
    let builder = SmtpServer::builder().address(namespace::ADDRESS).auth_in_clear();
    let server = builder.user(JON, world.secret()).start();
    let account = server.account(JON, "password").to_string();
    let mut arguments = flags(&account, "system");
    arguments.retain(|word| !matches!(*word, "--tls-trust" | "system"));
    let talk = world
        .at_a_terminal(&arguments)
        .answer("A number from 1 to 5 [1]: ", "4")
        .answer("Let it cross the network like that? [no]: ", "yes")
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0);
    let tls = json!({ "mode": "none", "allow_cleartext_password": true });
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["tls"], tls);
}

#[test]
fn another_user_of_the_same_server_keeps_what_was_said_of_the_connection() {
    let world = World::new();
    world.secret_file();
    let pin = format!("pin:sha256:{}", "ab".repeat(32));
    let tls = json!({ "trust": pin, "mode": "none", "allow_cleartext_password": true });
    let account = json!({ "host": "mail.example.test", "port": 2525, "user": JON });
    let email =
        json!({ "to": "ops@example.test", "account": account, "tls": tls, "password": { "file": "secret" } });
    let edited = |port: u16| {
        world.task(&json!({ "name": "Nightly", "email": email }));
        let account =
            json!({ "host": "Mail.example.test", "port": port, "user": "kim@example.test" }).to_string();
        let run = world.command(&["setup", "task.json", "--yes", "--no-test", "--account", &account]);
        let output = run.run();
        output.assert_success();
        (output, task_at(&world.path().join("task.json"))["email"].clone())
    };
    let (output, written) = edited(2525);
    output.assert_stderr_lacks("taken out");
    assert_eq!((&written["tls"], &written["account"]["user"]), (&tls, &json!("kim@example.test")));
    let (output, written) = edited(587);
    assert_eq!(written.get("tls"), None);
    output.assert_stderr_has("it was for the server before, mail.example.test:2525:");
    for rule in [&format!("trust \"{pin}\""), "mode \"none\"", "allow_cleartext_password"] {
        output.assert_stderr_has(rule);
    }
}

#[test]
fn a_server_that_is_not_found_is_told_for_every_port_that_was_tried() {
    if !namespace::entered("setup_choices::a_server_that_is_not_found_is_told_for_every_port_that_was_tried")
    {
        return;
    }
    let world = World::new();
    let account = json!({ "host": namespace::ADDRESS, "user": JON }).to_string();
    let mut arguments = flags(&account, "system");
    arguments.retain(|word| !matches!(*word, "--tls-trust" | "system"));
    let talk = world.at_a_terminal(&arguments).answer("A number from 1 to 5 [1]: ", "5").run();
    talk.assert_code(64).assert_shown("on the ports 465, 587 and 25, with encryption");
    for port in [465, 587, 25] {
        talk.assert_shown(&format!("cannot connect to {}:{port}", namespace::ADDRESS));
    }
}

#[test]
fn on_this_computer_nobody_is_asked_whether_the_network_may_see_the_password() {
    if !namespace::entered(
        "setup_choices::on_this_computer_nobody_is_asked_whether_the_network_may_see_the_password",
    ) {
        return;
    }
    namespace::set_hosts("127.0.0.1 localhost\n");
    let world = World::new();
    let server = SmtpServer::builder().user(JON, world.secret()).auth_in_clear().start();
    let account = json!({ "host": "localhost", "port": server.port(), "user": JON }).to_string();
    let mut arguments = flags(&account, "system");
    arguments.retain(|word| !matches!(*word, "--tls-trust" | "system"));
    let talk = world
        .at_a_terminal(&arguments)
        .answer("A number from 1 to 5 [1]: ", "4")
        .secret("Password for ", world.secret())
        .default("Send a test message now? [yes]: ")
        .default("Write it? [yes]: ")
        .run();
    talk.assert_code(0);
    assert!(!talk.shown().contains("cross the network"), "{}", talk.output);
    assert_eq!(task_at(&world.path().join("task.json"))["email"]["tls"], json!({ "mode": "none" }));
}
