//! `notify`, `test-email` and `check` are one path: the same fault gives the same error.

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::smtp_server::{Action, SmtpServer, Stage, closed_port};

/// What a command says of its delivery, without what differs from run to run.
fn told(site: &Site, task: &Value, command: &[&str]) -> Value {
    let path = site.world.task(task);
    let output = site.world.command(command).args(["--json", "--deadline", "2s"]).task(&path).run();
    let mut result = output.json();
    assert_eq!(result["exit_code"].as_i64(), output.code().map(i64::from));
    if result.get("error").is_some() {
        return result;
    }
    let delivery = &mut result["deliveries"][0];
    // a hook tries again what may pass, a person who tests sees the first failure: it is the same
    let mut names: Vec<Value> = Vec::new();
    for stage in delivery["stages"].as_array().unwrap() {
        names.push(json!([stage["name"], stage["ok"]]));
        if stage["ok"] == false {
            break;
        }
    }
    delivery["stages"] = Value::Array(names);
    delivery["message_id"] = Value::Null;
    delivery["detail"] = json!(first_try(delivery["detail"].as_str().unwrap()));
    json!({ "delivery": delivery, "stderr": first_try(&output.stderr), "code": output.code() })
}

/// What is said of the first try, without how many there were.
fn first_try(text: &str) -> String {
    let tries = |line: &str| line.split_once("; it was tried ").map_or(line, |(first, _)| first).to_owned();
    text.lines().map(tries).collect::<Vec<_>>().join("\n")
}

/// Runs all three commands into the same fault.
fn all_say_the_same(site: &Site, task: &Value, with_check: bool) {
    let notify = told(site, task, &["notify", "--exit-code", "1"]);
    let test = told(site, task, &["test-email"]);
    assert_eq!(notify, test);
    if with_check {
        assert_eq!(notify, told(site, task, &["check"]));
    }
}

#[test]
fn the_same_fault_gives_the_same_error() {
    let refused = || Action::reply("550 5.7.1 no");
    // the stages after the recipients are not reached by `check`
    for (stage, action, with_check) in [
        (Stage::Greeting, Action::reply("554 5.3.2 go away"), true),
        (Stage::Greeting, Action::Close, true),
        (Stage::Ehlo, Action::Close, true),
        (Stage::Starttls, Action::then("250 injected\r\n"), true),
        (Stage::Starttls, Action::reply("454 later"), true),
        (Stage::Handshake, Action::Close, true),
        (Stage::Handshake, Action::Stall, true),
        (Stage::Auth, Action::reply("535 5.7.8 no"), true),
        (Stage::Auth, Action::reply("454 4.7.0 later"), true),
        (Stage::Mail, refused(), true),
        (Stage::Rcpt(1), refused(), true),
        (Stage::Data, refused(), false),
        (Stage::Body, Action::Reset, false),
        (Stage::FinalDot, refused(), false),
    ] {
        let site = Site::new();
        let server = site.server(mode_of("starttls")).fault(stage, action).start();
        all_say_the_same(&site, &site.task(&server, "starttls"), with_check);
    }
}

#[test]
fn the_same_wrong_setting_gives_the_same_error() {
    let site = Site::new();
    let server = site.server(mode_of("implicit")).start();
    let right = site.task(&server, "implicit");
    let closed = closed_port();
    let change = |pointer: &str, value: Value| {
        let mut task = right.clone();
        *task.pointer_mut(pointer).unwrap() = value;
        task
    };
    for task in [
        change("/email/tls/trust", json!("system")),
        change("/email/tls/trust", json!("ca-file:missing.pem")),
        change("/email/tls/mode", json!("starttls")),
        change("/email/password", json!({ "file": "missing" })),
        change("/email/password", json!({ "command": ["/bin/false"] })),
        change("/email/password", json!({ "env": "NOT_SET" })),
        change("/email/account", json!("jon@example.test")),
        change("/email/account/port", json!(closed.address.port())),
        change("/email/account/host", json!("no-such-host.invalid")),
        change("/email/to", json!("nobody")),
    ] {
        all_say_the_same(&site, &task, true);
    }
}

#[test]
fn a_test_message_is_sent_as_a_notice_is() {
    let site = Site::new();
    let commands = |server: &SmtpServer, command: &[&str]| {
        let path = site.world.task(&site.task(server, "starttls"));
        site.world.command(command).task(&path).run().assert_code(0);
    };
    let server = site.server(mode_of("starttls")).start();
    commands(&server, &["notify", "--exit-code", "1"]);
    commands(&server, &["test-email"]);
    let sessions = server.finish();
    assert_eq!(sessions[0].verbs(), sessions[1].verbs());
    assert_eq!(sessions[0].flights, sessions[1].flights);
}

#[test]
fn check_goes_as_far_as_a_recipient_and_takes_it_back() {
    let site = Site::new();
    let server = site.server(mode_of("starttls")).start();
    let path = site.world.task(&site.task(&server, "starttls"));
    let output = site.world.command(&["check"]).task(&path).run();
    output
        .assert_code(0)
        .assert_stdout_has("sign-in")
        .assert_stdout_has("would be accepted; nothing was sent");
    assert!(server.messages().is_empty());
    let sessions = server.finish();
    assert_eq!(sessions[0].verbs(), "EHLO STARTTLS EHLO AUTH MAIL RCPT RSET QUIT");

    // offline: no connection at all
    let server = site.server(mode_of("starttls")).start();
    let path = site.world.task(&site.task(&server, "starttls"));
    site.world.command(&["check", "--offline"]).task(&path).run().assert_code(0);
    assert!(server.finish().is_empty());
}
