//! A task that names an account of Apple Mail: what becomes of the name, and of the notice.

use serde_json::{Value, json};

use crate::mail_homes::python;
use crate::mail_plist::{ICLOUD, Server, USUAL, write_with};
use crate::support::output::Output;
use crate::support::postfix::Postfix;
use crate::support::private_server::PrivateServer;
use crate::support::read_mail::{headers, read_mail};
use crate::support::world::World;

/// Three servers, two of which have the same description and address.
fn work_and_home(world: &World) {
    let at = |host, user, name, senders| Server { host, user, name, senders, ..USUAL };
    let home = ("Kim", &["kim@home.example"][..]);
    let stored = [
        at("smtp.work.example", "kdoe", "Work", ("Kim Doe", &["kim.doe@work.example"])),
        at("smtp.home.example", "kim@home.example", "Home", home),
        at("old.home.example", "kim@home.example", "Home", home),
    ];
    write_with(world, "home", &stored, ICLOUD);
}

fn task(account: &str) -> Value {
    json!({ "name": "Nightly", "email": { "to": "ops@example.test", "account": account } })
}

/// Shows the message of a task that names this account.
fn shown(world: &World, account: &str) -> Output {
    let path = world.task(&task(account));
    world.command(&["notify", "--exit-code", "1", "--dry-run"]).task(&path).run()
}

/// Sends by each name alone: the message arrives, from whom Mail would have sent it.
fn arrives(server: &PrivateServer, port: u16, names: &[&str]) {
    for (sent, name) in names.iter().enumerate() {
        let world = World::new();
        world.guard(server.password());
        let user = server.user();
        let senders = ("Jon Dœ", &["jon@example.test"][..]);
        let stored = Server { host: "localhost", port, user, name: "Büro", senders, ..USUAL };
        write_with(&world, "home", &[stored], ICLOUD);
        let ca = world.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
        let mut task = task(&name.replace("USER", user));
        task["email"]["password"] = json!({ "file": world.write("secret", server.password()) });
        task["email"]["tls"] = json!({ "trust": format!("ca-file:{}", ca.display()) });
        let path = world.task(&task);
        let output = world.command(&["notify", "--json", "--exit-code", "1"]).task(&path).run();
        output.assert_code(0).assert_stderr_is_empty();
        let result = output.json();
        let mails = server.wait_for_mail("ops", sent + 1);
        let mail = mails
            .iter()
            .map(|raw| read_mail(raw))
            .find(|mail| headers(mail, "Message-ID") == [result["message_id"].as_str().unwrap()])
            .unwrap_or_else(|| panic!("the message by \"{name}\" did not arrive"));
        assert_eq!(headers(&mail, "From"), ["Jon Dœ <jon@example.test>"], "{name}");
    }
}

#[test]
fn a_task_that_names_a_mail_account_sends_through_postfix() {
    let server = Postfix::start();
    arrives(&server, server.submission_port(), &["localhost:USER", "jon@example.test", "Büro"]);
}

#[test]
fn an_account_of_a_database_sends_through_implicit_tls_with_nothing_else_written_out() {
    let world = World::new();
    let server = Postfix::start();
    world.guard(server.password());
    let (port, user) = (server.smtps_port().to_string(), server.user());
    let stored = ["server", "localhost", &port, user, "jon@example.test", "Jon Dœ"];
    python("generate.py", world.path(), &stored);
    let ca = world.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
    let mut task = task(&format!("localhost:{user}"));
    task["email"]["password"] = json!({ "file": world.write("secret", server.password()) });
    task["email"]["tls"] = json!({ "trust": format!("ca-file:{}", ca.display()) });
    let path = world.task(&task);
    let home = world.path().join("server");
    let at_home = |arguments: &[&str]| {
        let output = world.command(arguments).env("HOME", home.to_str().unwrap()).task(&path).run();
        output.assert_code(0).assert_stderr_is_empty();
        output.json()
    };
    let result = at_home(&["notify", "--json", "--exit-code", "1"]);
    let mails = server.wait_for_mail("ops", 1);
    let mail = read_mail(&mails[0]);
    assert_eq!(headers(&mail, "Message-ID"), [result["message_id"].as_str().unwrap()]);
    assert_eq!(headers(&mail, "From"), ["Jon Dœ <jon@example.test>"]);
    assert_eq!(at_home(&["test-email", "--json"])["deliveries"][0]["tls"]["mode"], "implicit");
}

#[test]
fn the_mode_of_a_task_counts_for_an_account_of_mail_too() {
    let world = World::new();
    let server = Postfix::start();
    world.guard(server.password());
    let (port, user) = (server.smtps_port(), server.user());
    write_with(&world, "home", &[Server { host: "localhost", port, user, name: "Office", ..USUAL }], "");
    let ca = world.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
    let mut task = task("Office");
    task["email"]["password"] = json!({ "file": world.write("secret", server.password()) });
    // the old files have no flag for it, so the task says what the port does not
    task["email"]["tls"] = json!({ "mode": "implicit", "trust": format!("ca-file:{}", ca.display()) });
    let output = world.command(&["test-email", "--json"]).task(&world.task(&task)).run();
    output.assert_code(0);
    assert_eq!(output.json()["deliveries"][0]["tls"]["mode"], "implicit");
}

#[test]
fn an_id_an_address_and_a_description_name_the_same_account() {
    let world = World::new();
    work_and_home(&world);
    for name in [
        "smtp.work.example:kdoe",
        "SMTP.work.example:kdoe",
        "smtp.work.example:587:kdoe",
        "kim.doe@work.example",
        "Kim.Doe@Work.example",
        "Work",
        "work",
    ] {
        shown(&world, name).assert_code(0).assert_stdout_has("From: Kim Doe <kim.doe@work.example>");
    }
}

#[test]
fn an_ambiguous_name_lists_what_it_may_mean() {
    let world = World::new();
    work_and_home(&world);
    for name in ["Home", "kim@home.example"] {
        shown(&world, name)
            .assert_code(78)
            .assert_stderr_has(&format!("several accounts go by the name \"{name}\""))
            .assert_stderr_has("smtp.home.example:kim@home.example  (Home)")
            .assert_stderr_has("old.home.example:kim@home.example  (Home)")
            .assert_stderr_lacks("work.example");
    }
}

#[test]
fn an_unknown_name_lists_what_there_is_and_the_nearest() {
    let world = World::new();
    work_and_home(&world);
    shown(&world, "smtp.work.exmaple:kdoe")
        .assert_code(78)
        .assert_stderr_has("no account goes by the name \"smtp.work.exmaple:kdoe\"")
        .assert_stderr_has("  smtp.home.example:kim@home.example  (Home)")
        .assert_stderr_has("  icloud:kim@icloud.com  cannot be used")
        .assert_stderr_has("did you mean \"smtp.work.example:kdoe\"?");
}

#[test]
fn an_account_whose_server_mail_does_not_store_says_what_to_write() {
    let world = World::new();
    work_and_home(&world);
    for name in ["kim@icloud.com", "icloud:kim@icloud.com"] {
        shown(&world, name)
            .assert_code(78)
            .assert_stderr_has("app-specific password")
            .assert_stderr_has("\"account\": {\"preset\": \"icloud\", \"user\": \"kim@icloud.com\"}");
    }
}

#[test]
fn without_mail_every_path_that_was_looked_at_is_named() {
    let world = World::new();
    shown(&world, "Work")
        .assert_code(78)
        .assert_stderr_has("no SMTP account of Apple Mail was found")
        .assert_stderr_has("Library/Accounts/Accounts4.sqlite")
        .assert_stderr_has("Library/Preferences/com.apple.mail.plist")
        .assert_stderr_has("write the account out");
}

#[test]
fn a_damaged_place_is_told_while_the_next_one_serves() {
    let world = World::new();
    work_and_home(&world);
    world.write("home/Library/Accounts/Accounts4.sqlite", "not a database");
    shown(&world, "Work")
        .assert_code(0)
        .assert_stderr_has("warning: ")
        .assert_stderr_has("Library/Accounts/Accounts4.sqlite");
}

#[test]
fn nothing_of_mail_is_opened_for_an_account_that_is_written_out() {
    let world = World::new();
    // a place that could not be read without a word about it
    world.write("home/Library/Accounts/Accounts4.sqlite", "not a database");
    let mut task = task("");
    task["email"]["account"] = json!({ "preset": "icloud", "user": "kim@icloud.com" });
    let path = world.task(&task);
    let output = world.command(&["notify", "--exit-code", "1", "--dry-run"]).task(&path).run();
    output.assert_code(0).assert_stderr_lacks("warning").assert_stderr_lacks("Library");
}
