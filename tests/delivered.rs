//! The whole way: a task file, the real binary, a real mail server, the mailbox, and another
//! program's reading of what lies in it.

use serde_json::{Value, json};

use crate::support::exim::Exim;
use crate::support::postfix::Postfix;
use crate::support::private_server::{Limits, PrivateServer};
use crate::support::read_mail::{headers, read_mail};
use crate::support::world::World;

/// A task that sends through a real server, with everything in it that a message can show.
fn task(world: &World, server: &PrivateServer, mode: &str) -> Value {
    world.guard(server.password());
    let port = if mode == "implicit" { server.smtps_port() } else { server.submission_port() };
    let ca = world.write("ca.pem", std::fs::read(server.ca_file()).unwrap());
    json!({
        "name": "Nächtliche Sicherung",
        "source": "/home/jon",
        "destination": "/backup/\u{1F4BE}",
        "tool": "rsync",
        "email": {
            "to": ["Jon Dœ <jon@example.test>", "ops@example.test"],
            "from": "\"Sicherung, täglich\" <jon@example.test>",
            "account": { "host": "localhost", "port": port, "user": server.user() },
            "password": { "file": world.write("secret", server.password()) },
            "tls": { "mode": mode, "trust": format!("ca-file:{}", ca.display()) },
        },
    })
}

/// One way a backup ends, and what the mail about it must say.
struct Case {
    exit_code: &'static str,
    outcome: &'static str,
    headline: &'static str,
    urgent: bool,
}

const CASES: [Case; 3] = [
    Case {
        exit_code: "0",
        outcome: "success",
        headline: "Backup finished: Nächtliche Sicherung",
        urgent: false,
    },
    Case {
        exit_code: "24",
        outcome: "warning",
        headline: "Backup finished with warnings: Nächtliche Sicherung",
        urgent: false,
    },
    Case {
        exit_code: "12", outcome: "error", headline: "Backup failed: Nächtliche Sicherung", urgent: true
    },
];

/// Sends one notice for each outcome in each mode, and reads both mailboxes.
fn every_outcome_arrives(server: &PrivateServer) {
    let mut expected = 0;
    for mode in ["starttls", "implicit"] {
        for case in &CASES {
            let world = World::new();
            let path = world.task(&task(&world, server, mode));
            let log =
                world.write("run.log", "sending incremental file list\nrsync error: some Ünicode — failed\n");
            let arguments =
                ["notify", "--json", "--exit-code", case.exit_code, "--started", "2026-11-22T01:00:00Z"];
            let output = world
                .command(&arguments)
                .args(["--finished", "2026-11-22T02:12:03Z", "--log", log.to_str().unwrap()])
                .task(&path)
                .run();
            output.assert_code(0);
            let result = output.json();
            assert_eq!(result["outcome"], case.outcome);
            assert_eq!(result["deliveries"][0]["tls"]["version"], "TLSv1.3");
            expected += 1;
            for mailbox in ["jon", "ops"] {
                let mail = server.wait_for_mail(mailbox, expected);
                let message_id = result["message_id"].as_str().unwrap();
                let mail = mail
                    .iter()
                    .map(|raw| read_mail(raw))
                    .find(|mail| headers(mail, "Message-ID") == [message_id])
                    .unwrap_or_else(|| panic!("no {message_id} in {mailbox}"));
                reads_well(&mail, case);
            }
        }
    }
}

/// Holds one mail, as another program reads it, against what it must be.
fn reads_well(mail: &Value, case: &Case) {
    assert_eq!(mail["defects"], json!([]), "{mail:#}");
    assert!(mail["longest_line"].as_u64().unwrap() <= 998);
    let one = |name: &str| match headers(mail, name).as_slice() {
        [one] => (*one).to_owned(),
        other => panic!("{name}: {other:?}"),
    };
    assert!(one("Subject").contains(case.headline), "{}", one("Subject"));
    assert_eq!(one("From"), "\"Sicherung, täglich\" <jon@example.test>");
    assert_eq!(one("To"), "Jon Dœ <jon@example.test>, ops@example.test");
    assert_eq!(one("Auto-Submitted"), "auto-generated");
    assert_eq!(one("X-Auto-Response-Suppress"), "All");
    assert_eq!(one("X-Backup-Notify-Task"), "Nächtliche Sicherung");
    assert_eq!(one("X-Backup-Notify-Outcome"), case.outcome);
    assert_eq!(one("MIME-Version"), "1.0");
    assert!(!one("Date").is_empty() && !one("X-Backup-Notify-Host").is_empty());
    assert_eq!(headers(mail, "Importance").len(), usize::from(case.urgent));
    assert_eq!(headers(mail, "X-Priority").len(), usize::from(case.urgent));
    // a muted thread must not hide a failure
    assert_eq!(headers(mail, "References").len(), usize::from(case.outcome == "success"));
    assert!(headers(mail, "Bcc").is_empty() && headers(mail, "Cc").is_empty());

    assert_eq!(mail["content_type"], "multipart/alternative");
    let parts = mail["parts"].as_array().unwrap();
    let kinds: Vec<_> = parts.iter().map(|part| part["content_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    for part in parts {
        assert_eq!(part["charset"], "utf-8");
        assert!(matches!(part["transfer_encoding"].as_str(), Some("quoted-printable" | "base64" | "7bit")));
        let text = part["text"].as_str().unwrap();
        for fact in [case.headline, "/home/jon", "/backup/\u{1F4BE}", "1 h 12 min", "some Ünicode — failed"]
        {
            assert!(text.contains(fact), "{fact} is not in {text}");
        }
        assert!(text.contains(case.exit_code));
    }
}

#[test]
fn every_outcome_arrives_through_postfix() {
    every_outcome_arrives(&Postfix::start());
}

#[test]
fn every_outcome_arrives_through_exim() {
    every_outcome_arrives(&Exim::start());
}

/// Real servers' refusals, understood: each make words them in its own way.
fn refusals_are_understood(server: &PrivateServer) {
    let world = World::new();
    let try_with = |change: &dyn Fn(&mut Value), arguments: &[&str]| {
        let mut task = task(&world, server, "starttls");
        change(&mut task);
        let path = world.task(&task);
        world.command(arguments).task(&path).run()
    };

    let output = try_with(
        &|task| task["email"]["password"] = json!({ "file": world.write("wrong", "not the password") }),
        &["test-email"],
    );
    output.assert_code(77).assert_stderr_has("refused the sign-in of").assert_stderr_has("535");
    output.assert_stderr_has("check user name and password");

    let output = try_with(&|task| task["email"]["to"] = json!("nobody@example.test"), &["test-email"]);
    output
        .assert_code(69)
        .assert_stderr_has("refused every recipient: 550")
        .assert_stderr_has("check the addresses");

    let output = try_with(
        &|task| task["email"]["to"] = json!("nobody@example.test, ops@example.test"),
        &["notify", "--exit-code", "1"],
    );
    output.assert_code(69).assert_stderr_has("not accepted: nobody@example.test: 550");

    let output = try_with(
        &|task| {
            task["email"]["account"]["user"] = Value::Null;
            task["email"]["account"]["auth"] = json!("none");
        },
        &["check"],
    );
    output.assert_code(69).assert_stderr_has("give the account a \"user\" and a \"password\"");

    let output = try_with(&|task| task["email"]["tls"]["mode"] = json!("none"), &["check"]);
    assert!(matches!(output.code(), Some(69 | 77)), "{}", output.stderr);
    output.assert_stderr_has("starttls");

    // the refused ones left nothing behind, the partly refused one did
    assert_eq!(server.wait_for_mail("ops", 1).len(), 1);
}

#[test]
fn refusals_of_postfix_are_understood() {
    refusals_are_understood(&Postfix::start());
}

#[test]
fn refusals_of_exim_are_understood() {
    refusals_are_understood(&Exim::start());
}

#[test]
fn check_sends_nothing_and_test_email_sends_one() {
    let server = Postfix::start();
    let world = World::new();
    let path = world.task(&task(&world, &server, "implicit"));
    let output = world.command(&["check"]).task(&path).run();
    output.assert_code(0).assert_stdout_has("nothing was sent").assert_stdout_has("recipients");
    let output = world.command(&["test-email"]).task(&path).run();
    output.assert_code(0).assert_stdout_has("sent to 2 recipients: 250");
    // the test message is the first and only one: nothing came of the check
    let mail = server.wait_for_mail("ops", 1);
    assert_eq!(mail.len(), 1);
    let mail = read_mail(&mail[0]);
    assert!(headers(&mail, "Subject")[0].contains("Test message: Nächtliche Sicherung"));
}

#[test]
fn the_log_goes_with_it_when_the_task_says_so() {
    let server = Postfix::start();
    let world = World::new();
    let mut task = task(&world, &server, "implicit");
    task["email"]["attach_log"] = json!("error");
    let path = world.task(&task);
    let long = "0123456789 some line of a log\n".repeat(40_000) + "the last line: Ünicode\n";
    let log_file = world.write("run.log", &long);
    for (code, attached) in [("0", false), ("24", true), ("12", true)] {
        let run =
            world.command(&["notify", "--exit-code", code, "--log", log_file.to_str().unwrap(), "--json"]);
        let output = run.task(&path).run();
        output.assert_code(0);
        let id = output.json()["message_id"].clone();
        let mail = server.wait_for_mail(
            "ops",
            if code == "0" {
                1
            } else if code == "24" {
                2
            } else {
                3
            },
        );
        let mail =
            mail.iter().map(|m| read_mail(m)).find(|m| headers(m, "Message-ID") == [id.as_str().unwrap()]);
        let mail = mail.unwrap();
        assert_eq!(mail["defects"], json!([]));
        let parts = mail["parts"].as_array().unwrap();
        assert_eq!(parts.len(), if attached { 3 } else { 2 });
        if attached {
            assert_eq!(parts[2]["filename"], "run.log.gz");
            assert_eq!(parts[2]["content_type"], "application/gzip");
            assert!(parts[2]["size"].as_u64().unwrap() < 50_000);
        }
    }
}

#[test]
fn a_log_that_the_server_does_not_take_stays_behind_and_the_notice_goes() {
    let server = Postfix::start_with(Limits { message_size: 50_000, ..Limits::default() });
    let world = World::new();
    let mut task = task(&world, &server, "implicit");
    task["email"]["attach_log"] = json!("always");
    let path = world.task(&task);
    let log_file = world.write("run.log", crate::log_attached::noise(300_000));
    let run =
        world.command(&["notify", "--exit-code", "1", "--log", log_file.to_str().unwrap()]).task(&path).run();
    run.assert_code(0);
    let mail = read_mail(&server.wait_for_mail("ops", 1)[0]);
    let parts = mail["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "no attachment");
    assert!(
        parts[0]["text"]
            .as_str()
            .unwrap()
            .contains("the log was left out: the server takes 50,000 bytes at most")
    );
}

#[test]
fn addresses_in_other_scripts_need_a_server_that_takes_them() {
    for smtputf8 in [true, false] {
        let server = Postfix::start_with(Limits { smtputf8, ..Limits::default() });
        let world = World::new();
        let mut task = task(&world, &server, "implicit");
        task["email"]["to"] = json!(["ops@example.test", "jürgen@example.test"]);
        let path = world.task(&task);
        let output = world.command(&["notify", "--exit-code", "1", "--json"]).task(&path).run();
        // nobody is called jürgen there: with SMTPUTF8 the server says so, without it we do
        output.assert_code(69);
        let recipients = output.json()["deliveries"][0]["recipients"].clone();
        assert_eq!(recipients[0]["accepted"], true);
        assert_eq!(recipients[1]["accepted"], false);
        let reply = recipients[1]["reply"].as_str().unwrap();
        assert!(reply.contains(if smtputf8 { "550" } else { "no SMTPUTF8" }), "{reply}");
        let mail = read_mail(&server.wait_for_mail("ops", 1)[0]);
        let to = headers(&mail, "To").concat();
        assert_eq!(to.contains("jürgen"), smtputf8, "{to}");
        if !smtputf8 {
            assert_eq!(mail["defects"], json!([]));
        }
    }
}

#[test]
fn a_message_over_the_servers_size_is_not_even_begun() {
    let server = Postfix::start_with(Limits { message_size: 2000, ..Limits::default() });
    let world = World::new();
    let path = world.task(&task(&world, &server, "implicit"));
    let output = world.command(&["notify", "--exit-code", "1"]).task(&path).run();
    output.assert_code(69).assert_stderr_has("takes 2000 at most").assert_stderr_has("leave the log out");
}
