//! A kept password at work: it is tried before it is kept, sends the task's mail, and is offered to the
//! one place it was kept for.

use serde_json::{Value, json};

use crate::mail_plist::{Server, USUAL, write};
use crate::site::{Site, mode_of};
use crate::support::output::Output;
use crate::support::postfix::Postfix;
use crate::support::smtp_server::{Mode, Quirk, SmtpServer};
use crate::support::world::World;

/// Keeps a password for an account.
fn set(world: &World, account: &str, secret: &str, more: &[&str]) -> Output {
    world.command(&["password", "set", account, "--stdin"]).args(more).stdin(secret).run()
}

fn account_of(server: &SmtpServer) -> String {
    format!("{}:{}:jon", server.host(), server.port())
}

fn kept(world: &World) -> usize {
    let result = world.run(&["password", "list", "--json"]).assert_success().json();
    result["passwords"].as_array().unwrap().len()
}

/// A task of a site whose password is in the private keychain, which is where one is that nobody names.
fn task(site: &Site, account: &Value, mode: &str) -> Value {
    let mut task = site.task_for(account, mode);
    task["email"].as_object_mut().unwrap().remove("password");
    task
}

#[test]
fn a_right_password_is_tried_and_kept_and_a_wrong_one_is_not() {
    for (mode, tls) in
        [("implicit", None), ("starttls", None), ("starttls", Some("starttls")), ("none", Some("none"))]
    {
        let site = Site::new();
        let server = site.server(mode_of(mode)).auth_in_clear().start();
        let mut more = vec!["--test", "--tls-trust", "ca-file:ca.pem", "--json"];
        // this port says nothing about the mode: without a word TLS at once is tried first
        more.extend(tls.iter().flat_map(|mode| ["--tls-mode", mode]));
        let output = set(&site.world, &account_of(&server), "another", &more);
        let result = output.assert_code(77).json();
        assert!(result["error"].as_str().unwrap().contains("the password was not kept"), "{result}");
        assert_eq!(kept(&site.world), 0);
        let output = set(&site.world, &account_of(&server), site.world.secret(), &more);
        let result = output.assert_success().json();
        assert_eq!(result["tested"], true, "{mode}");
        assert_eq!(kept(&site.world), 1);
        let sessions = server.finish();
        let sign_ins: usize = sessions.iter().map(|session| session.sign_ins.len()).sum();
        assert_eq!(sign_ins, 2, "a refused password is not tried a second way");
        assert!(sessions.iter().all(|session| session.messages().count() == 0));
    }
}

#[test]
fn without_test_no_server_is_asked_when_nobody_is_there() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    for more in [[].as_slice(), &["--no-test"]] {
        set(&site.world, &account_of(&server), "another", more).assert_success();
    }
    assert!(server.finish().is_empty());
}

#[test]
fn a_password_is_tried_only_on_a_server_that_the_rule_accepts() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let output = set(&site.world, &account_of(&server), site.world.secret(), &["--test"]);
    output.assert_code(76).assert_stderr_has("is not accepted under \"system\"");
    output.assert_stderr_has("--tls-trust pin:sha256:");
    let any = ["--test", "-q", "--tls-trust", "accept-any-certificate"];
    let output = set(&site.world, &account_of(&server), site.world.secret(), &any);
    output.assert_success().assert_stderr_has("warning: \"accept-any-certificate\"");
    let sessions = server.finish();
    assert_eq!(sessions.iter().map(|session| session.sign_ins.len()).sum::<usize>(), 1);
    // in clear only where somebody says so
    let site = Site::new();
    let server = site.server(Mode::None).auth_in_clear().address("127.0.0.1").start();
    let more = ["--test", "--tls-mode", "none"];
    set(&site.world, &account_of(&server), site.world.secret(), &more).assert_success();
    let output =
        set(&site.world, &account_of(&server), "x", &["--test", "--tls-trust", "ca-file:missing.pem"]);
    output.assert_code(66).assert_stderr_has("missing.pem");
}

#[test]
fn mail_says_how_a_server_is_spoken_to() {
    let site = Site::new();
    let server = site.server(Mode::Starttls).quirk(Quirk::LowerCaseKeywords).start();
    let stored = Server { host: "localhost", port: server.port(), user: "jon", ..USUAL };
    write(&site.world, "home", &[stored]);
    let more = ["--test", "--tls-trust", "ca-file:ca.pem"];
    for name in ["Work".to_owned(), format!("localhost:{}:jon", server.port())] {
        set(&site.world, &name, site.world.secret(), &more).assert_success();
    }
    // with STARTTLS from the first connection on
    assert_eq!(server.finish().len(), 2);
}

#[test]
fn a_task_sends_with_the_kept_password_and_nothing_else_gets_it() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let other = site.server(Mode::Implicit).start();
    set(&site.world, &account_of(&server), site.world.secret(), &[]).assert_success();
    site.notify(&task(&site, &server.account("jon", "password"), "implicit")).assert_success();
    let named = json!({ "keychain": true });
    let mut said = task(&site, &server.account("jon", "password"), "implicit");
    said["email"]["password"] = named;
    site.notify(&said).assert_success();
    assert_eq!(server.messages().len(), 2);

    // another port, host or user of the same computer
    let vault = site.world.home().join(".local/share/backup-notify/keychain/vault");
    let mut host = server.account("jon", "password");
    host["host"] = json!("localhost");
    for (account, near) in [
        (other.account("jon", "password"), "another server"),
        (host, "another server"),
        (server.account("ops", "password"), "another user"),
    ] {
        let output = site.notify(&task(&site, &account, "implicit"));
        let delivery = output.assert_code(77).json()["deliveries"][0].clone();
        let detail = delivery["detail"].as_str().unwrap();
        assert!(detail.contains("no password for ") && detail.contains(vault.to_str().unwrap()), "{detail}");
        let hint = delivery["hint"].as_str().unwrap();
        let name = format!(
            "{}:{}:{}",
            account["host"].as_str().unwrap(),
            account["port"],
            account["user"].as_str().unwrap()
        );
        assert!(hint.contains(&format!("backup-notify password set {name}")), "{hint}");
        assert!(hint.contains(&account_of(&server)) && hint.contains(near), "{hint}");
    }
    assert_eq!(server.finish().len(), 2, "nobody else has connected");
    assert!(other.finish().is_empty());
}

#[test]
fn what_was_removed_sends_no_more() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    set(&site.world, &account_of(&server), site.world.secret(), &[]).assert_success();
    site.world.run(&["password", "remove", &account_of(&server)]).assert_success();
    site.notify(&task(&site, &server.account("jon", "password"), "implicit")).assert_code(77);
    assert!(server.finish().is_empty());
}

#[test]
fn a_long_or_odd_password_arrives_as_it_was_kept() {
    let world = World::new();
    let long = "long ".repeat(2000) + "ü";
    for secret in [world.odd_secret(), " blanks at both ends ", "密码 \"quoted\" \\", &long] {
        let site = Site::new();
        site.world.guard(secret);
        let server = site.open_server(Mode::Implicit).user("jon", secret).start();
        let more = ["--test", "--tls-trust", "ca-file:ca.pem"];
        set(&site.world, &account_of(&server), secret, &more).assert_success();
        site.notify(&task(&site, &server.account("jon", "password"), "implicit")).assert_success();
        assert_eq!(server.messages().len(), 1);
    }
}

#[test]
fn a_kept_password_sends_through_postfix() {
    let server = Postfix::start();
    for (sent, (mode, port)) in
        [("starttls", server.submission_port()), ("implicit", server.smtps_port())].into_iter().enumerate()
    {
        let world = World::new();
        world.guard(server.password());
        let ca = world.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
        let rule = format!("ca-file:{}", ca.display());
        let account = format!("localhost:{port}:{}", server.user());
        // neither port is a known one
        let wrong = set(&world, &account, "another", &["--test", "--tls-trust", &rule]);
        wrong.assert_code(77).assert_stderr_has("refused the sign-in");
        let output = set(&world, &account, server.password(), &["--test", "--tls-trust", &rule]);
        output.assert_success().assert_stdout_has("after a sign-in with it");
        let path = world.task(&json!({
            "name": "Nightly",
            "email": {
                "to": "ops@example.test",
                "from": "jon@example.test",
                "account": { "host": "localhost", "port": port, "user": server.user() },
                "tls": { "mode": mode, "trust": rule },
            },
        }));
        world.command(&["check"]).task(&path).run().assert_success();
        world.command(&["notify", "--exit-code", "1"]).task(&path).run().assert_success();
        server.wait_for_mail("ops", sent + 1);
    }
}

/// The same task for two users: each has the password of their own, or none.
#[test]
fn the_hook_of_another_user_does_not_find_what_was_kept() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    set(&site.world, &account_of(&server), site.world.secret(), &[]).assert_success();
    let path = site.world.task(&task(&site, &server.account("jon", "password"), "implicit"));
    let check = |home: &str| site.world.command(&["check", "--json"]).env("HOME", home).task(&path);
    let own = site.world.home();
    check(own.to_str().unwrap()).run().assert_success();
    let theirs = site.world.folder("theirs");
    let result = check(theirs.to_str().unwrap()).as_user(4243, 4243).run().assert_code(77).json();
    let vault = theirs.join(".local/share/backup-notify/keychain/vault");
    assert_eq!(result["ran_as"]["user"], "number 4243");
    assert_eq!(result["ran_as"]["vault"], vault.to_str().unwrap());
    let detail = result["deliveries"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("number 4243") && detail.contains(vault.to_str().unwrap()), "{detail}");
}
