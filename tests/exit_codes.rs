//! Every exit code, reached by the binary; and the same code in words, in JSON and in the process.

use serde_json::{Value, json};

use crate::support::certs::Ca;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Builder, Mode, SmtpServer, Stage, closed_port};
use crate::support::world::World;

/// One e-mail through this account, without a secret.
fn email(account: &Value) -> Value {
    json!({
        "to": "ops@example.test",
        "from": "jon@example.test",
        "account": account,
        "tls": { "mode": "none" },
    })
}

fn open(server: &SmtpServer) -> Value {
    json!({ "host": server.host(), "port": server.port(), "auth": "none" })
}

/// A task whose time is too short for a second try.
fn task(email: &Value) -> Value {
    json!({ "name": "Nightly", "email": email, "deadline": "1s" })
}

/// Runs `notify` about an error; see [`agree`].
fn notify(world: &World, task: &Value, code: i32) -> Output {
    world.task(task);
    agree(world, &["notify", "--task", "task.json", "--status", "error"], code)
}

/// Runs in words and as JSON, holds the two against each other, and returns the JSON.
fn agree(world: &World, arguments: &[&str], code: i32) -> Output {
    let words = world.run(arguments);
    words.assert_code(code);
    let json = world.command(arguments).args(["--json"]).run();
    json.assert_code(code);
    let result = json.json();
    assert_eq!(result["exit_code"], code, "{json}");
    match result.get("error").and_then(Value::as_str) {
        Some(error) => {
            assert_ne!(code, 0, "{json}");
            for line in error.lines() {
                words.assert_stderr_has(line.trim());
                json.assert_stderr_has(line.trim());
            }
        }
        None => {
            for delivery in result["deliveries"].as_array().unwrap() {
                if delivery["exit_code"] != 0 {
                    for line in delivery["detail"].as_str().unwrap().lines() {
                        words.assert_stderr_has(line);
                        json.assert_stderr_has(line);
                    }
                }
            }
        }
    }
    json
}

fn codes(output: &Output) -> Vec<i64> {
    let result = output.json();
    let deliveries = result["deliveries"].as_array().unwrap_or_else(|| output.fail("no deliveries"));
    deliveries.iter().map(|delivery| delivery["exit_code"].as_i64().unwrap()).collect()
}

/// Notifies through a server that does this, and expects this code.
fn through(server: Builder, code: i32) -> (Output, SmtpServer) {
    let world = World::new();
    let server = server.start();
    let output = notify(&world, &task(&email(&open(&server))), code);
    assert_eq!(codes(&output), [i64::from(code)], "{output}");
    (output, server)
}

#[test]
fn code_0_sent_or_nothing_to_send() {
    let (_, server) = through(SmtpServer::builder(), 0);
    assert_eq!(server.messages().len(), 2);
    server.assert_clean();
    let world = World::new();
    let mut silent = task(&email(&json!({ "host": "127.0.0.1", "port": 1, "auth": "none" })));
    silent["email"]["when"] = json!("error");
    world.task(&silent);
    for arguments in [&["--status", "success"][..], &["--status", "skipped"], &["--event", "begin"]] {
        agree(&world, &[&["notify", "--task", "task.json"], arguments].concat(), 0);
    }
}

#[test]
fn code_64_the_command_line() {
    let world = World::new();
    world.task(&task(&email(&json!({ "host": "127.0.0.1", "auth": "none" }))));
    for arguments in [
        &["notfy"][..],
        &["notify"],
        &["notify", "--task", "task.json"],
        &["notify", "--task", "task.json", "--status", "bad"],
        &["notify", "--task", "task.json", "--tls-trust", "bad", "--status", "error"],
        &["notify", "--name", "x", "--status", "error"],
        &["check", "--task", "task.json", "--dry-run"],
        &["test-email", "--name", "x", "--growl"],
    ] {
        agree(&world, arguments, 64);
    }
}

#[test]
fn code_65_the_task_the_report_or_a_template() {
    let world = World::new();
    let mut good = task(&email(&json!({ "host": "127.0.0.1", "auth": "none" })));
    world.write("report.json", "{");
    world.task(&good);
    agree(&world, &["notify", "--task", "task.json", "--report", "report.json"], 65);
    good["email"]["subject"] = json!("{{ nobody }}");
    world.task(&good);
    let output = agree(&world, &["check", "--task", "task.json", "--offline"], 65);
    assert_eq!(codes(&output), [65]);
    // a person who tries sees it before anything is sent, and so does who sends without a sender
    let mut anonymous = good.clone();
    anonymous["email"].as_object_mut().unwrap().remove("from");
    assert_eq!(codes(&notify(&world, &anonymous, 65)), [65]);
    notify(&world, &json!({ "name": "Nightly" }), 65);
}

#[test]
fn code_66_what_cannot_be_read() {
    let world = World::new();
    agree(&world, &["notify", "--task", "missing.json", "--status", "error"], 66);
    agree(&world, &["notify", "--task", "backup-notify-test-nowhere", "--status", "error"], 66);
    agree(&world, &["check", "--task", "home"], 66);
    world.task(&task(&email(&json!({ "host": "127.0.0.1", "auth": "none" }))));
    agree(&world, &["notify", "--task", "task.json", "--report", "missing.json"], 66);
}

#[test]
fn code_69_the_server_refuses_for_good() {
    for (stage, reply) in [
        (Stage::Greeting, "554 5.7.1 no service for you"),
        (Stage::Mail, "550 5.7.1 not from here"),
        (Stage::Rcpt(1), "550 5.1.1 no such user"),
        (Stage::Data, "554 5.5.1 no valid recipients"),
        (Stage::FinalDot, "554 5.7.1 looks like spam"),
    ] {
        let (output, server) = through(SmtpServer::builder().fault(stage, Action::reply(reply)), 69);
        let words = reply.split_once(' ').unwrap().1;
        let text = words.split_once(' ').map_or(words, |(_, text)| text);
        output.assert_stderr_has(text);
        assert_eq!(output.json()["deliveries"][0]["status"], "failed", "{output}");
        assert_eq!(server.messages().len(), 0, "{stage:?}");
    }
}

#[test]
fn code_74_a_file_that_takes_nothing() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    world.task(&task(&email(&open(&server))));
    for arguments in ["--json", "--dry-run", "--dry-run --json"] {
        let line = format!("\"$0\" notify --task task.json --status error {arguments} >/dev/full");
        let shell = world.other_command("/bin/sh", &["-c", &line, world.binary().to_str().unwrap()]);
        shell.run().assert_code(74).assert_stderr_has("cannot write to stdout");
    }
    // what could not be written about was sent all the same
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn code_75_not_now() {
    let world = World::new();
    let closed = closed_port();
    let account = json!({ "host": "127.0.0.1", "port": closed.address.port(), "auth": "none" });
    assert_eq!(codes(&notify(&world, &task(&email(&account)), 75)), [75]);
    for (stage, action) in [
        (Stage::Greeting, Action::reply_and_close("421 4.3.2 shutting down")),
        (Stage::Mail, Action::reply("451 4.3.0 try later")),
        (Stage::Rcpt(1), Action::reply("450 4.2.1 greylisted")),
        (Stage::Data, Action::reply("451 4.3.0 try later")),
        (Stage::FinalDot, Action::reply("452 4.3.1 disk full")),
        (Stage::Mail, Action::Close),
        (Stage::FinalDot, Action::Reset),
    ] {
        let (_, server) = through(SmtpServer::builder().fault(stage, action), 75);
        assert_eq!(server.messages().len(), 0, "{stage:?}");
    }
}

#[test]
fn code_75_when_the_time_is_over() {
    let world = World::new();
    for stage in [Stage::Greeting, Stage::Mail, Stage::FinalDot] {
        let server = SmtpServer::builder().fault(stage, Action::Stall).start();
        let mut task = task(&email(&open(&server)));
        task["deadline"] = json!("1s");
        assert_eq!(codes(&notify(&world, &task, 75)), [75]);
    }
}

/// A task that needs TLS, through a server of this mode with a certificate of an unknown authority.
fn protected(world: &World, server: Builder, mode: &str) -> (Value, SmtpServer) {
    let ca = Ca::new();
    world.write("ca.pem", ca.pem());
    let server = server.identity(ca.issue(&["127.0.0.1"]).identity()).start();
    let mut email = email(&server.account("jon", "password"));
    email["password"] = world.secret_file();
    email["tls"] = json!({ "mode": mode, "trust": "ca-file:ca.pem" });
    (task(&email), server)
}

#[test]
fn code_76_tls_and_protocol() {
    let world = World::new();
    let secret = world.secret().to_owned();
    for (server, mode, trust, why) in [
        (SmtpServer::builder().tls(Mode::Implicit), "implicit", "system", "certificate"),
        (SmtpServer::builder().tls(Mode::Starttls), "starttls", "system", "certificate"),
        (SmtpServer::builder(), "starttls", "ca-file:ca.pem", "STARTTLS"),
        (SmtpServer::builder().not_smtp("HTTP/1.0 400 Bad Request"), "none", "system", "HTTP"),
        (SmtpServer::builder().fault(Stage::Mail, Action::reply("what?")), "none", "system", "what?"),
    ] {
        let (mut task, server) = protected(&world, server.user("jon", &secret), mode);
        task["email"]["tls"]["trust"] = json!(trust);
        let output = notify(&world, &task, 76);
        assert_eq!(codes(&output), [76]);
        output.assert_stderr_has(why);
        assert_eq!(server.messages().len(), 0);
    }
}

#[test]
fn code_77_sign_in_secrets_and_files_of_others() {
    let world = World::new();
    let builder = || SmtpServer::builder().tls(Mode::Implicit);
    let (good, server) = protected(&world, builder().user("jon", "another"), "implicit");
    assert_eq!(codes(&notify(&world, &good, 77)), [77]);
    assert_eq!(server.sessions().len(), 2);

    let (good, server) = protected(&world, builder().user("jon", world.secret()), "implicit");
    notify(&world, &good, 0);
    let sessions = server.sessions().len();
    world.write_with_mode("readable", "x", 0o644);
    world.script("fails", "#!/bin/sh\necho not unlocked >&2\nexit 3\n");
    for (password, why) in [
        (json!({ "file": "missing" }), "does not exist"),
        (json!({ "file": "readable" }), "readable by others"),
        (json!({ "env": "BACKUP_NOTIFY_TEST_UNSET" }), "is not set"),
        (json!({ "command": [world.path().join("fails")] }), "exit code 3: not unlocked"),
    ] {
        let mut task = good.clone();
        task["email"]["password"] = password;
        let output = notify(&world, &task, 77);
        assert_eq!(codes(&output), [77]);
        output.assert_stderr_has(why).assert_stderr_has("what to do: ");
    }
    // nobody was asked anything for want of a password
    assert_eq!(server.sessions().len(), sessions);
    world.write_with_mode("open.json", good.to_string(), 0o602);
    agree(&world, &["notify", "--task", "open.json", "--status", "error"], 77);
}

#[test]
fn code_78_an_account_that_nobody_knows() {
    let world = World::new();
    for account in ["smtp.example.test:jon", "kim@example.test", "Work"] {
        let output = notify(&world, &task(&email(&json!(account))), 78);
        assert_eq!(codes(&output), [78]);
        output.assert_stderr_has(account).assert_stderr_has("what to do: ");
    }
}

/// The order of design section 6, two and two and all together.
#[test]
fn of_several_e_mails_the_most_serious_code_counts() {
    let world = World::new();
    let good = SmtpServer::builder().start();
    let refusing = SmtpServer::builder().fault(Stage::Mail, Action::reply("550 no")).start();
    let busy = SmtpServer::builder().fault(Stage::Mail, Action::reply("451 later")).start();
    let odd = SmtpServer::builder().not_smtp("SSH-2.0-x").start();
    let no_sender = {
        let mut email = email(&open(&good));
        email.as_object_mut().unwrap().remove("from");
        email
    };
    let no_secret = {
        let mut email = email(&json!({ "host": "127.0.0.1", "user": "jon" }));
        email["password"] = json!({ "file": "missing" });
        email
    };
    let by_rank: [(i64, Value); 7] = [
        (65, no_sender),
        (78, email(&json!("unknown"))),
        (77, no_secret),
        (76, email(&open(&odd))),
        (69, email(&open(&refusing))),
        (75, email(&open(&busy))),
        (0, email(&open(&good))),
    ];
    let run = |emails: &[&(i64, Value)]| {
        let list: Vec<&Value> = emails.iter().map(|(_, email)| email).collect();
        world.task(&task(&json!(list)));
        let output = world.run(&["notify", "--task", "task.json", "--status", "error", "--json"]);
        let expected: Vec<i64> = emails.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes(&output), expected, "{output}");
        output
    };
    for (i, worse) in by_rank.iter().enumerate() {
        for better in &by_rank[i + 1..] {
            for emails in [[worse, better], [better, worse]] {
                let output = run(&emails);
                output.assert_code(i32::try_from(worse.0).unwrap());
                assert_eq!(output.json()["exit_code"], worse.0, "{output}");
            }
        }
    }
    let before = good.messages().len();
    let all: Vec<_> = by_rank.iter().collect();
    run(&all).assert_code(65);
    // whatever became of the others, the one that could be sent was
    assert_eq!(good.messages().len(), before + 1);
}

#[test]
fn a_screen_sets_the_code_only_where_there_is_no_e_mail() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    // fails in every version: there is no such file
    let growl = json!({ "host": "127.0.0.1", "port": 1, "password": { "file": "missing" } });
    let with = |email: Option<&Value>| match email {
        Some(email) => json!({ "name": "Nightly", "email": email, "growl": growl }),
        None => json!({ "name": "Nightly", "growl": growl }),
    };
    let run = |task: &Value| {
        world.task(task);
        world.run(&["notify", "--task", "task.json", "--status", "error", "--json"])
    };
    let alone = run(&with(None));
    let code = codes(&alone)[0];
    assert_ne!(code, 0, "{alone}");
    alone.assert_code(i32::try_from(code).unwrap());
    assert_eq!(alone.json()["exit_code"], code);

    let beside = run(&with(Some(&email(&open(&server)))));
    beside.assert_code(0);
    assert_eq!(codes(&beside), [0, code], "{beside}");
    // its reason is told all the same
    beside.assert_stderr_has(beside.json()["deliveries"][1]["detail"].as_str().unwrap());
    assert_eq!(server.messages().len(), 1);

    let both = run(&with(Some(&email(&json!("unknown")))));
    both.assert_code(78);
    assert_eq!(codes(&both), [78, code], "{both}");
    // an e-mail that this outcome is not worth is still the task's e-mail
    let mut silent = email(&open(&server));
    silent["when"] = json!("error");
    world.task(&with(Some(&silent)));
    world.run(&["notify", "--task", "task.json", "--status", "success", "--json"]).assert_code(0);
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn recipients_that_are_refused_cost_the_others_nothing() {
    for (refused, code) in [
        (vec![("kim", "550 5.1.1 no such user")], 69),
        (vec![("kim", "450 4.2.1 greylisted")], 75),
        (vec![("kim", "550 5.1.1 no such user"), ("ops", "450 4.2.1 greylisted")], 69),
    ] {
        let world = World::new();
        let mut server = SmtpServer::builder();
        for (user, reply) in &refused {
            server = server.refuse(&format!("{user}@example.test"), reply);
        }
        let server = server.start();
        let mut email = email(&open(&server));
        email["to"] = json!("jon@example.test, kim@example.test, ops@example.test, max@example.test");
        let output = notify(&world, &task(&email), code);
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(delivery["status"], "sent", "{output}");
        assert_eq!(delivery["exit_code"], code, "{output}");
        for recipient in delivery["recipients"].as_array().unwrap() {
            let address = recipient["address"].as_str().unwrap();
            let refusal = refused.iter().find(|(user, _)| address.starts_with(user));
            assert_eq!(recipient["accepted"], refusal.is_none(), "{output}");
            if let Some((_, reply)) = refusal {
                let text = reply.split_at(10).1;
                assert!(recipient["reply"].as_str().unwrap().contains(text), "{output}");
                output.assert_stderr_has(&format!("not accepted: {address}: "));
                output.assert_stderr_has(text);
            }
        }
        for message in server.messages() {
            assert_eq!(message.accepted_recipients().len(), 4 - refused.len());
        }
        assert_eq!(server.messages().len(), 2);
        server.assert_clean();
    }
}

#[test]
fn when_every_recipient_is_refused_nobody_gets_anything() {
    for (replies, code) in
        [(["550 no such user", "550 no such user"], 69), (["450 greylisted", "450 greylisted"], 75)]
    {
        let world = World::new();
        let server = SmtpServer::builder()
            .refuse("kim@example.test", replies[0])
            .refuse("ops@example.test", replies[1])
            .start();
        let mut email = email(&open(&server));
        email["to"] = json!(["kim@example.test", "ops@example.test"]);
        let output = notify(&world, &task(&email), code);
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(
            (&delivery["status"], &delivery["exit_code"]),
            (&json!("failed"), &json!(code)),
            "{output}"
        );
        for address in ["kim@example.test", "ops@example.test"] {
            output.assert_stderr_has(address);
        }
        assert_eq!(server.messages().len(), 0);
        server.assert_clean();
    }
}
