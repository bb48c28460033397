//! Servers and networks that fail: the right code, within the deadline, and the password stays.

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::namespace;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Mode, SmtpServer, Stage, closed_port, silent_port};

/// A deadline that a test can wait for, and how much more a run may take.
const DEADLINE: &str = "2s";
const LIMIT: Duration = Duration::from_secs(4);

/// Runs `notify` within [`DEADLINE`] and checks code, time, and that all results agree.
fn fails(site: &Site, task: &Value, code: i32) -> Output {
    let path = site.world.task(task);
    let run = site.world.command(&["notify", "--exit-code", "1", "--json", "--deadline", DEADLINE]);
    let output = run.task(&path).run();
    output.assert_code(code).assert_within(LIMIT);
    let json = output.json();
    assert_eq!(json["exit_code"], code);
    let delivery = &json["deliveries"][0];
    assert_eq!(delivery["exit_code"], code);
    assert_eq!(delivery["status"], "failed");
    assert!(delivery["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{delivery}");
    assert_eq!(delivery["stages"].as_array().unwrap().last().unwrap()["ok"], false, "{delivery}");
    for line in delivery["detail"].as_str().unwrap().lines() {
        output.assert_stderr_has(line);
    }
    output.assert_stderr_has("what to do: ");
    output
}

/// Checks that no server ever saw an AUTH or a MAIL.
fn nothing_was_given_away(server: &SmtpServer) {
    for session in server.sessions() {
        assert!(session.sign_ins.is_empty() && session.envelopes.is_empty(), "{session}");
    }
}

#[test]
fn replies_injected_after_starttls_end_the_session() {
    for injected in ["250 injected\r\n", "220 x\r\n250-x\r\n250 AUTH PLAIN\r\n", "x"] {
        let site = Site::new();
        let server = site.server(Mode::Starttls).fault(Stage::Starttls, Action::then(injected)).start();
        let output = fails(&site, &site.task(&server, "starttls"), 76);
        output.assert_stderr_has("after its answer to STARTTLS");
        nothing_was_given_away(&server);
    }
}

#[test]
fn starttls_that_is_missing_or_refused_is_never_done_without() {
    let site = Site::new();
    let server = site.open_server(Mode::None).user("jon", site.world.secret()).auth_in_clear().start();
    fails(&site, &site.task(&server, "starttls"), 76).assert_stderr_has("does not offer STARTTLS");
    nothing_was_given_away(&server);
    for (reply, code) in [("454 4.7.0 not now", 75), ("502 no", 76), ("554 5.7.3 no", 76)] {
        let server = site.server(Mode::Starttls).fault(Stage::Starttls, Action::reply(reply)).start();
        fails(&site, &site.task(&server, "starttls"), code).assert_stderr_has(reply);
        nothing_was_given_away(&server);
    }
}

#[test]
fn a_server_that_drips_or_stalls_costs_no_more_than_the_deadline() {
    let drip = Action::Drip(Duration::from_secs(1));
    let cases = [
        ("starttls", Stage::Greeting, drip.clone()),
        ("starttls", Stage::Greeting, Action::Stall),
        ("starttls", Stage::Ehlo, drip.clone()),
        ("starttls", Stage::Starttls, Action::Stall),
        ("starttls", Stage::Handshake, Action::Stall),
        ("starttls", Stage::EhloAgain, Action::Stall),
        ("implicit", Stage::Connect, Action::Stall),
        ("implicit", Stage::Handshake, Action::Stall),
        ("implicit", Stage::Handshake, drip.clone()),
        ("implicit", Stage::Greeting, drip.clone()),
        ("implicit", Stage::Auth, Action::Stall),
        ("implicit", Stage::Mail, Action::Stall),
        ("implicit", Stage::Rcpt(1), drip.clone()),
        ("implicit", Stage::Data, Action::Stall),
        ("implicit", Stage::FinalDot, drip.clone()),
        ("none", Stage::Greeting, drip),
    ];
    // all at once: each of them waits for its deadline
    std::thread::scope(|scope| {
        for (mode, stage, action) in cases {
            scope.spawn(move || {
                let site = Site::new();
                let server = site.server(mode_of(mode)).fault(stage, action).start();
                let output = fails(&site, &site.task(&server, mode), 75);
                output.assert_stderr_has("before the deadline of 2 s");
                assert!(server.messages().is_empty(), "{mode} {stage:?}");
            });
        }
    });
}

#[test]
fn connections_that_break_are_for_another_try() {
    for action in [Action::Close, Action::Reset] {
        for stage in [
            Stage::Connect,
            Stage::Greeting,
            Stage::Ehlo,
            Stage::Starttls,
            Stage::EhloAgain,
            Stage::Auth,
            Stage::Mail,
            Stage::Rcpt(1),
            Stage::Data,
            Stage::Body,
            Stage::FinalDot,
        ] {
            let site = Site::new();
            let server = site.server(Mode::Starttls).fault(stage, action.clone()).start();
            let output = fails(&site, &site.task(&server, "starttls"), 75);
            let in_doubt = matches!(stage, Stage::FinalDot | Stage::Body);
            let said = output.stderr.contains("may or may not have been delivered");
            assert!(in_doubt || !said, "{stage:?} {action:?}: {}", output.stderr);
            assert!(server.messages().is_empty());
        }
    }
}

#[test]
fn refusals_keep_their_kind_at_every_stage() {
    for (stage, step) in [
        (Stage::Greeting, "greeting"),
        (Stage::Auth, "sign-in"),
        (Stage::Mail, "recipients"),
        (Stage::Rcpt(1), "recipients"),
        (Stage::Data, "message"),
        (Stage::FinalDot, "message"),
    ] {
        for reply in ["451 4.3.0 not now", "554 5.7.1 never"] {
            let site = Site::new();
            let server = site.server(Mode::Implicit).fault(stage, Action::reply(reply)).start();
            let code = match (reply, stage) {
                ("451 4.3.0 not now", _) => 75,
                (_, Stage::Auth) => 77,
                _ => 69,
            };
            let output = fails(&site, &site.task(&server, "implicit"), code);
            output.assert_stderr_has(reply);
            // nobody is called refused with the words by which the server took them
            output.assert_stderr_lacks("not accepted: ops@example.test: 2");
            let json = output.json();
            let last = json["deliveries"][0]["stages"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(last["name"], step, "{stage:?}");
        }
    }
}

#[test]
fn a_server_that_says_goodbye_early_is_believed() {
    for stage in
        [Stage::Greeting, Stage::Ehlo, Stage::Auth, Stage::Mail, Stage::Rcpt(1), Stage::Data, Stage::FinalDot]
    {
        let site = Site::new();
        let bye = Action::reply_and_close("421 4.3.2 closing down");
        let server = site.server(Mode::Implicit).fault(stage, bye).start();
        fails(&site, &site.task(&server, "implicit"), 75).assert_stderr_has("421 4.3.2 closing down");
    }
}

#[test]
fn one_refused_recipient_of_three_stops_nobody_else() {
    for pipelining in [true, false] {
        let site = Site::new();
        let mut builder = site.server(Mode::Implicit).refuse("b@example.test", "550 5.1.1 no such user");
        if !pipelining {
            builder = builder.without("PIPELINING");
        }
        let server = builder.start();
        let mut task = site.task(&server, "implicit");
        task["email"]["to"] = json!("a@example.test, b@example.test, c@example.test");
        let output = site.notify(&task);
        output.assert_code(69).assert_stderr_has("not accepted: b@example.test: 550 5.1.1 no such user");
        let json = output.json();
        let delivery = &json["deliveries"][0];
        assert_eq!(delivery["status"], "sent");
        let accepted: Vec<_> = (0..3).map(|i| delivery["recipients"][i]["accepted"].clone()).collect();
        assert_eq!(accepted, [json!(true), json!(false), json!(true)]);
        let message = server.message();
        assert_eq!(message.accepted_recipients(), ["a@example.test", "c@example.test"]);
        server.assert_clean();
    }
}

#[test]
fn all_recipients_refused_is_a_failure_and_leaves_no_message() {
    for (reply, code) in [("550 5.1.1 no", 69), ("450 4.2.0 later", 75)] {
        let site = Site::new();
        // a careless server that goes on with DATA although nobody is left
        let server = site
            .server(Mode::Implicit)
            .refuse("ops@example.test", reply)
            .fault(Stage::Data, Action::reply("354 go on"))
            .start();
        let output = fails(&site, &site.task(&server, "implicit"), code);
        output.assert_stderr_has("refused every recipient");
        assert!(server.messages().is_empty());
    }
}

#[test]
fn of_several_refusals_the_one_for_good_counts() {
    let site = Site::new();
    let server = site
        .server(Mode::Implicit)
        .refuse("a@example.test", "450 4.2.0 later")
        .refuse("b@example.test", "550 5.1.1 no")
        .start();
    for to in ["a@example.test, b@example.test", "a@example.test, b@example.test, c@example.test"] {
        let mut task = site.task(&server, "implicit");
        task["email"]["to"] = json!(to);
        task["deadline"] = json!("3s");
        site.notify(&task).assert_code(69);
    }
}

#[test]
fn of_several_e_mails_the_one_that_failed_is_named() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).refuse("b@example.test", "550 5.1.1 no").start();
    let mut task = site.task(&server, "implicit");
    let mut second = task["email"].clone();
    second["to"] = json!("b@example.test");
    task["email"] = json!([task["email"], second]);
    let output = site.notify(&task);
    output.assert_code(69).assert_stderr_has("email[1]: ").assert_stderr_lacks("email[0]");
}

#[test]
fn replies_of_any_length_are_taken_and_none_without_end() {
    let site = Site::new();
    for stage in [Stage::Greeting, Stage::Auth, Stage::Mail, Stage::Rcpt(1), Stage::FinalDot] {
        let server = site.server(Mode::Implicit).fault(stage, Action::HugeLine(100_000)).start();
        site.notify(&site.task(&server, "implicit")).assert_code(0);
        assert_eq!(server.messages().len(), 1, "{stage:?}");
    }
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::Mail] {
        let server = site.server(Mode::Implicit).fault(stage, Action::ManyLines(1_000_000)).start();
        fails(&site, &site.task(&server, "implicit"), 76).assert_stderr_has("does not end");
    }
}

#[test]
fn a_bare_250_after_the_final_dot_is_an_acceptance() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).fault(Stage::FinalDot, Action::reply("250")).start();
    let output = site.notify(&site.task(&server, "implicit"));
    output.assert_code(0);
    assert_eq!(output.json()["deliveries"][0]["status"], "sent");
}

#[test]
fn ports_that_are_mixed_up_are_named() {
    let site = Site::new();
    let account = |server: &SmtpServer| server.account("jon", "password");

    let server = site.server(Mode::Implicit).plain_text_on_tls_port().start();
    let output = fails(&site, &site.task_for(&account(&server), "implicit"), 76);
    output.assert_stderr_has("does not begin with TLS").assert_stderr_has("--tls-mode starttls");
    nothing_was_given_away(&server);

    let server = site.server(Mode::Starttls).tls_on_starttls_port().start();
    let path = site.world.task(&site.task_for(&account(&server), "starttls"));
    let run = site.world.command(&["notify", "--exit-code", "1", "--deadline", "6s"]).task(&path).run();
    run.assert_code(76).assert_stderr_has("begins with TLS").assert_stderr_has("--tls-mode implicit");
    nothing_was_given_away(&server);

    for greeting in ["HTTP/1.0 400 Bad Request", "SSH-2.0-OpenSSH_9.2"] {
        let server = site.server(Mode::Starttls).not_smtp(greeting).start();
        let output = fails(&site, &site.task(&server, "starttls"), 76);
        output.assert_stderr_has("is not an SMTP server").assert_stderr_has(greeting);
    }
}

#[test]
fn what_cannot_be_reached_is_for_another_try() {
    let site = Site::new();
    let account = |host: &str, port: u16| json!({ "host": host, "port": port, "user": "jon" });
    let closed = closed_port();
    let output = fails(&site, &site.task_for(&account("127.0.0.1", closed.address.port()), "starttls"), 75);
    output.assert_stderr_has("127.0.0.1: connection refused");

    let silent = silent_port();
    let output = fails(&site, &site.task_for(&account("127.0.0.1", silent.address.port()), "starttls"), 75);
    output.assert_stderr_has("before the deadline of 2 s");

    let output = fails(&site, &site.task_for(&account("no-such-host.invalid", 587), "starttls"), 75);
    output.assert_stderr_has("no address is known for \"no-such-host.invalid\"");
}

#[test]
fn certificates_that_are_not_accepted_see_no_password() {
    let site = Site::new();
    for (mode, word) in [(Mode::Implicit, "implicit"), (Mode::Starttls, "starttls")] {
        let server = site.server(mode).start();
        let mut task = site.task(&server, word);
        task["email"]["tls"]["trust"] = json!("system");
        let output = fails(&site, &task, 76);
        output.assert_stderr_has("is not accepted under \"system\"").assert_stderr_has("ca-file:");
        output.assert_stderr_has("On a second connection, made to look at it:");
        nothing_was_given_away(&server);
    }
    let wrong_host = site.ca.issue(&["other.test"]);
    let server =
        SmtpServer::builder().tls(Mode::Implicit).identity(wrong_host.identity()).user("jon", "x").start();
    fails(&site, &site.task(&server, "implicit"), 76).assert_stderr_has("mismatch");
    nothing_was_given_away(&server);
}

#[test]
fn accepting_any_certificate_works_and_is_said_each_time() {
    let site = Site::new();
    let wrong_host = site.ca.issue(&["other.test"]);
    let server = SmtpServer::builder()
        .tls(Mode::Implicit)
        .identity(wrong_host.identity())
        .user("jon", site.world.secret())
        .start();
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("accept-any-certificate");
    let output = site.notify(&task);
    output.assert_code(0).assert_stderr_has("accept-any-certificate").assert_stderr_has("gets the password");
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn what_a_weak_rule_is_worth_is_said_even_quietly() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("accept-any-certificate");
    let path = site.world.task(&task);
    let output = site.world.command(&["notify", "--exit-code", "1", "-q"]).task(&path).run();
    output.assert_code(0).assert_stderr_has("accept-any-certificate").assert_stderr_has("pin:sha256:");
}

#[test]
fn a_password_crosses_the_network_in_clear_only_when_allowed() {
    // an address that is not loopback, in a network of the test's own: nothing leaves it
    if !namespace::entered("faults::a_password_crosses_the_network_in_clear_only_when_allowed") {
        return;
    }
    let site = Site::new();
    for allowed in [false, true] {
        let server =
            site.open_server(Mode::None).address(namespace::ADDRESS).user("jon", site.world.secret()).start();
        let mut task = site.task(&server, "none");
        task["email"]["tls"]["allow_cleartext_password"] = json!(allowed);
        if allowed {
            site.notify(&task).assert_code(0);
            assert_eq!(server.messages().len(), 1);
        } else {
            fails(&site, &task, 77).assert_stderr_has("the password was not sent");
            nothing_was_given_away(&server);
        }
    }
}

#[test]
fn a_password_that_the_server_repeats_is_not_passed_on() {
    use base64::Engine as _;
    let site = Site::new();
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("\0jon\0{}", site.world.secret()));
    for reply in [
        format!("502 5.5.2 not recognized: AUTH PLAIN {encoded}"),
        format!("535 wrong password <{}>", site.world.secret()),
        format!("AUTH PLAIN {encoded}?"),
        format!("335 AUTH PLAIN {encoded}"),
    ] {
        let server = site.server(Mode::Implicit).fault(Stage::Auth, Action::reply(&reply)).start();
        let path = site.world.task(&site.task(&server, "implicit"));
        // the world fails this test when the secret comes out, in clear or in base64
        let output = site.world.command(&["test-email", "-v"]).task(&path).run();
        assert!(matches!(output.code(), Some(76 | 77)), "{}", output.stderr);
        output.assert_stderr_has("[hidden]");
    }
}

#[test]
fn a_server_that_eats_the_time_leaves_some_for_the_next() {
    let site = Site::new();
    let silent = silent_port();
    let server = site.server(Mode::Implicit).start();
    let mut task = site.task(&server, "implicit");
    let second = task["email"].clone();
    task["email"]["account"]["port"] = json!(silent.address.port());
    task["email"] = json!([task["email"], second]);
    let path = site.world.task(&task);
    let output =
        site.world.command(&["notify", "--exit-code", "1", "--json", "--deadline", "4s"]).task(&path).run();
    output.assert_code(75);
    output.assert_stderr_has("before the deadline of 2 s");
    assert_eq!(output.json()["deliveries"][1]["status"], "sent", "{}", output.stderr);
}
