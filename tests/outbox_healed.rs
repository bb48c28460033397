//! Messages that waited because something in their task was wrong arrive when it is right: no route and no
//! secret is kept with them, the task file is read anew (design, section 6).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::smtp_server::{Mode, SmtpServer};
use crate::waiting::{Known, Waiting, assert_late, is_late};

/// What is wrong with a task.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Password,
    Pin,
    Host,
    Port,
}

/// How what waits is sent.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// A notice that nobody wants to have.
    Silent,
    /// After a message of its own.
    Own,
    Send,
}

/// Returns the task with this fault, and the code with which it fails.
fn spoiled(waiting: &Waiting, good: &Value, wrong: Wrong) -> (Value, i32) {
    let mut task = good.clone();
    let email = &mut task["email"];
    let code = match wrong {
        Wrong::Password => {
            email["password"] = json!({ "file": waiting.site.world.write("old", "not the password\n") });
            77
        }
        Wrong::Pin => {
            email["tls"]["trust"] = json!(format!("pin:sha256:{}", "0".repeat(64)));
            76
        }
        // the server listens at 127.0.0.1 only
        Wrong::Host => {
            email["account"]["host"] = json!("::1");
            75
        }
        Wrong::Port => {
            email["account"]["port"] = json!(waiting.closed_port());
            75
        }
    };
    (task, code)
}

fn heals(wrong: Wrong, way: Way) {
    let waiting = Waiting::new();
    let server = waiting.server();
    let mut good = waiting.task(&server);
    good["email"]["when"] = json!("error");
    let (bad, code) = spoiled(&waiting, &good, wrong);
    let kept = waiting.keep(&bad, code);
    assert!(server.messages().is_empty());

    let output = match way {
        Way::Silent => waiting.notify_with(&good, &["--exit-code", "0"]),
        Way::Own => waiting.notify(&good),
        Way::Send => {
            waiting.site.world.task(&good);
            waiting.send()
        }
    };
    output.assert_code(0);
    waiting.assert_empty(&output);
    let messages = server.messages();
    let (own, late) = match way {
        Way::Own => (Some(&messages[0]), &messages[1..]),
        Way::Silent | Way::Send => (None, &messages[..]),
    };
    assert!(own.is_none_or(|own| !is_late(own)), "{wrong:?} {way:?}");
    assert_eq!(late.len(), 1, "{wrong:?} {way:?}\n{output}");
    assert_late(&late[0], &kept);
    assert_eq!(late[0].accepted_recipients(), ["ops@example.test"]);
    assert_eq!(late[0].from, "jon@example.test");
    server.assert_clean();
}

#[test]
fn a_message_arrives_once_the_task_is_corrected_whatever_was_wrong() {
    // several at once: those without a server wait for their deadline
    std::thread::scope(|scope| {
        for wrong in [Wrong::Password, Wrong::Pin, Wrong::Host, Wrong::Port] {
            scope.spawn(move || [Way::Silent, Way::Own, Way::Send].map(|way| heals(wrong, way)));
        }
    });
}

#[test]
fn a_message_waits_on_while_its_task_stays_wrong() {
    let waiting = Waiting::new();
    let server = waiting.server();
    let (bad, code) = spoiled(&waiting, &waiting.task(&server), Wrong::Password);
    let kept = waiting.keep(&bad, code);
    for _ in 0..2 {
        waiting.send().assert_code(77);
        assert_eq!(waiting.known(), std::slice::from_ref(&kept));
    }
    assert!(server.messages().is_empty());
}

#[test]
fn whom_the_server_refused_for_good_is_not_asked_for_again() {
    let waiting = Waiting::new();
    let server = waiting
        .site
        .server(Mode::Implicit)
        .refuse("gone@example.test", "550 5.1.1 no such user")
        .refuse("busy@example.test", "451 4.2.1 not now")
        .start();
    let mut task = waiting.task(&server);
    task["email"]["to"] = json!("ops@example.test, gone@example.test, busy@example.test");
    let output = waiting.notify(&task);
    assert!([69, 75].contains(&output.code().unwrap()), "{output}");
    assert_eq!(server.messages()[0].accepted_recipients(), ["ops@example.test"]);
    let kept = waiting.known();
    assert_eq!(kept.len(), 1, "{output}");

    let other = waiting.server();
    task["email"]["account"] = waiting.task(&other)["email"]["account"].clone();
    waiting.site.world.task(&task);
    let output = waiting.send();
    output.assert_code(0);
    waiting.assert_empty(&output);
    let message = other.message();
    let asked: Vec<&str> = message.recipients.iter().map(|to| to.address.as_str()).collect();
    assert_eq!(asked, ["busy@example.test"]);
    assert_late(&message, &kept[0]);
}

#[test]
fn each_email_of_a_task_waits_for_itself() {
    let waiting = Waiting::new();
    let (one, two) = (waiting.server(), waiting.server());
    let account = |server: &SmtpServer| waiting.task(server)["email"].clone();
    let lost = || waiting.task_without_server()["email"].clone();
    let mut task = waiting.task(&one);
    let to = |mut email: Value, to: &str| {
        email["to"] = json!(to);
        email
    };
    // the first arrives, the others wait
    task["email"] = json!([
        to(account(&one), "first@example.test"),
        to(lost(), "second@example.test"),
        to(lost(), "third@example.test"),
    ]);
    waiting.notify(&task).assert_code(75);
    assert_eq!(waiting.ids().len(), 2);
    assert_eq!(one.message().accepted_recipients(), ["first@example.test"]);

    // only the second can be sent, then only the third: each by its own account
    task["email"][1] = to(account(&one), "second@example.test");
    waiting.site.world.task(&task);
    waiting.send().assert_code(75);
    assert_eq!(waiting.ids().len(), 1);
    task["email"][2] = to(account(&two), "third@example.test");
    waiting.site.world.task(&task);
    let output = waiting.send();
    output.assert_code(0);
    waiting.assert_empty(&output);
    let messages = one.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].accepted_recipients(), ["second@example.test"]);
    assert_eq!(two.message().accepted_recipients(), ["third@example.test"]);
    assert!(is_late(&messages[1]) && is_late(&two.message()));
}

#[test]
fn a_message_without_an_account_gets_its_sender_when_there_is_one() {
    let waiting = Waiting::new();
    let world = &waiting.site.world;
    let server = waiting.site.open_server(Mode::Implicit).user("jon@example.test", world.secret()).start();
    let mut task = waiting.task_for(&server.account("jon@example.test", "password"));
    task["email"].as_object_mut().unwrap().remove("from");
    let good = task.clone();
    // nothing of Mail's is here, so that nobody has this account
    task["email"]["account"] = json!("smtp.example.test:jon");
    let kept = waiting.keep(&task, 78);

    world.task(&good);
    let output = waiting.send();
    output.assert_code(0);
    waiting.assert_empty(&output);
    let message = server.message();
    assert_late(&message, &kept);
    assert_eq!(message.from, "jon@example.test");
    let senders: Vec<&str> =
        message.text().lines().filter(|line| line.to_lowercase().starts_with("from:")).collect();
    assert_eq!(senders, ["From: jon@example.test"]);
}

#[test]
fn a_message_whose_task_cannot_be_read_stays_and_the_others_go() {
    let waiting = Waiting::new();
    let world = &waiting.site.world;
    let server = waiting.server();
    let good = serde_json::to_vec(&waiting.task(&server)).unwrap();
    let lost = serde_json::to_vec(&waiting.task_without_server()).unwrap();
    let names = ["gone", "broken", "open", "other", "fine"];
    // all at once: each waits for its deadline
    std::thread::scope(|scope| {
        for name in names {
            let path = world.write(format!("{name}.json"), &lost);
            let binary = world.binary().to_owned();
            let home = world.home();
            scope.spawn(move || {
                let mut command = std::process::Command::new(binary);
                command
                    .args(["notify", "--exit-code", "1", "--task"])
                    .arg(path)
                    .env_clear()
                    .env("HOME", home);
                assert_eq!(command.output().unwrap().status.code(), Some(75));
            });
        }
    });
    assert_eq!(waiting.ids().len(), names.len());
    for name in names {
        world.write(format!("{name}.json"), &good);
    }
    let file = |name: &str| world.path().join(format!("{name}.json"));
    fs::remove_file(file("gone")).unwrap();
    fs::write(file("broken"), "{ \"name\": ").unwrap();
    fs::set_permissions(file("open"), fs::Permissions::from_mode(0o666)).unwrap();
    // it is about another e-mail than there is now
    let mut without_email: Value = serde_json::from_slice(&good).unwrap();
    without_email["desktop"] = json!(true);
    without_email.as_object_mut().unwrap().remove("email");
    fs::write(file("other"), without_email.to_string()).unwrap();

    let output = waiting.send();
    assert_ne!(output.code(), Some(0), "{output}");
    assert_eq!(waiting.ids().len(), 4, "{output}");
    assert_eq!(server.messages().len(), 1, "{output}");
    for name in ["gone.json", "broken.json", "open.json", "other.json"] {
        output.assert_stderr_has(name);
    }

    for name in names {
        world.write(format!("{name}.json"), &good);
    }
    let output = waiting.send();
    output.assert_code(0);
    waiting.assert_empty(&output);
    let mut arrived: Vec<Known> = server.messages().iter().map(Known::of_envelope).collect();
    arrived.sort_by(|a, b| a.message_id.cmp(&b.message_id));
    arrived.dedup();
    assert_eq!(arrived.len(), names.len());
}

#[test]
fn what_a_hook_overrides_holds_for_what_waits_of_its_task_and_not_for_outbox_send() {
    let waiting = Waiting::new();
    let strict = |mut task: Value| {
        // which the certificate of the server does not pass
        task["email"]["tls"]["trust"] = json!("system");
        task
    };
    let kept = waiting.keep(&strict(waiting.task_without_server()), 75);
    let server = waiting.server();
    let task = strict(waiting.task(&server));
    waiting.site.world.task(&task);
    waiting.send().assert_code(76);
    assert!(server.messages().is_empty());
    let hook = ["--exit-code", "0", "--when", "error", "--tls-trust", "ca-file:ca.pem"];
    let output = waiting.notify_with(&task, &hook);
    output.assert_code(0);
    assert_eq!(Known::of_envelope(&server.message()), kept, "{output}");
    waiting.assert_empty(&output);
}
