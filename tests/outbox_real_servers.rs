//! Messages that wait, and real servers that were away, refused, or have had enough of one connection: what lies in
//! the mailbox afterwards, read by two programs that share nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};

use crate::support::exim::Exim;
use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::postfix::Postfix;
use crate::support::private_server::{Limits, PrivateServer};
use crate::support::read_mail::{headers, read_mail};
use crate::support::world::World;
use crate::waiting::Known;

/// How many nights may pass until a server that is well again is seen to be so.
const NIGHTS: usize = 5;

fn task(world: &World, server: &PrivateServer) -> Value {
    world.guard(server.password());
    let ca = world.write("ca.pem", fs::read(server.ca_file()).unwrap());
    json!({
        "name": "Nächtliche Sicherung",
        "deadline": "2s",
        "outbox": world.path().join("waiting"),
        "email": {
            "to": "ops@example.test",
            "from": "\"Sicherung, täglich\" <jon@example.test>",
            "account": { "host": "localhost", "port": server.smtps_port(), "user": server.user() },
            "password": { "file": world.write("secret", server.password()) },
            "tls": { "mode": "implicit", "trust": format!("ca-file:{}", ca.display()) },
        },
    })
}

/// One night: the backup has failed.
fn notify(world: &World, task: &Value) -> Output {
    let path = world.task(task);
    world.command(&["notify", "--exit-code", "1", "--json"]).task(&path).run()
}

fn waiting(world: &World) -> Vec<Known> {
    let Ok(entries) = fs::read_dir(world.path().join("waiting")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let messages = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    messages.map(|path| Known::of(&fs::read(path).unwrap())).collect()
}

/// Has the next nights come until nothing waits any more; returns how many messages they had of their own.
fn nights(world: &World, task: &Value) -> usize {
    let mut task = task.clone();
    task["deadline"] = json!("60s");
    for night in 1..=NIGHTS {
        let output = notify(world, &task);
        if waiting(world).is_empty() {
            output.assert_code(0);
            return night;
        }
    }
    panic!("it still waits after {NIGHTS} nights");
}

/// Fails the test unless this message lies in a mailbox once, as a late mail, for both programs that read it.
fn assert_arrived_late(mails: &[Vec<u8>], kept: &Known) {
    let same: Vec<_> = mails.iter().filter(|mail| Known::of(mail).message_id == kept.message_id).collect();
    let [mail] = same[..] else { panic!("{} copies of {kept:?}", same.len()) };
    assert_eq!(&Known::of(mail), kept);
    let message = MessageParser::default().parse(mail.as_slice()).unwrap();
    assert!(message.content_type().unwrap().subtype().unwrap().eq_ignore_ascii_case("mixed"));
    assert!(message.body_text(0).unwrap().starts_with("This message was written on "));
    assert!(message.body_text(1).unwrap().starts_with("Backup failed: Nächtliche Sicherung"));
    assert!(message.body_html(1).unwrap().contains("Nächtliche Sicherung"));

    let read = read_mail(mail);
    assert_eq!(read["defects"], json!([]));
    assert_eq!(read["content_type"], "multipart/mixed");
    assert_eq!(headers(&read, "Message-ID"), [kept.message_id.as_str()]);
    assert_eq!(headers(&read, "Date"), [kept.date.as_str()]);
    assert_eq!(headers(&read, "From"), ["\"Sicherung, täglich\" <jon@example.test>"]);
    let parts = read["parts"].as_array().unwrap();
    let kinds: Vec<&str> = parts.iter().map(|part| part["content_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text/plain", "text/plain", "text/html"]);
    assert!(parts[0]["text"].as_str().unwrap().starts_with("This message was written on "));
}

#[test]
fn what_postfix_did_not_take_it_gets_on_a_later_night() {
    let server = Postfix::start();
    let world = World::new();
    let task = task(&world, &server);
    let mut arrived = 0;
    let cases = [
        ("stopped", 75, ""),
        ("wrong password", 77, ""),
        ("busy", 75, "smtpd_recipient_restrictions = defer"),
        ("too small", 69, "message_size_limit = 900"),
        ("closed for now", 75, "smtpd_client_restrictions = defer_unless_authorized_here, defer"),
    ];
    for (what, code, settings) in cases {
        match what {
            "stopped" => server.change("", false),
            "wrong password" => drop(world.write("secret", "not this one")),
            _ => server.change(settings, true),
        }
        let output = notify(&world, &task);
        output.assert_code(code);
        assert_eq!(output.json()["deliveries"][0]["status"], "queued", "{what}: {output}");
        let kept = waiting(&world);
        assert_eq!(kept.len(), 1, "{what}");
        match what {
            "wrong password" => drop(world.write("secret", server.password())),
            _ => server.change("", true),
        }
        arrived += 1 + nights(&world, &task);
        let mails = server.wait_for_mail("ops", arrived);
        assert_eq!(mails.len(), arrived, "{what}");
        assert_arrived_late(&mails, &kept[0]);
    }
}

#[test]
fn what_exim_was_not_there_for_it_gets_when_it_is() {
    let world = World::new();
    let server = Exim::start();
    let task = task(&world, &server);
    let mut lost = task.clone();
    lost["email"]["account"]["port"] = json!(1);
    notify(&world, &lost).assert_code(75);
    let kept = waiting(&world);
    assert_eq!(kept.len(), 1);
    let arrived = 1 + nights(&world, &task);
    assert_arrived_late(&server.wait_for_mail("ops", arrived), &kept[0]);
}

#[test]
fn with_one_recipient_a_message_the_second_gets_it_the_night_after() {
    let server = Postfix::start();
    let world = World::new();
    let mut task = task(&world, &server);
    task["email"]["to"] = json!(["ops@example.test", "jon@example.test"]);
    server.change("", false);
    notify(&world, &task).assert_code(75);
    let kept = waiting(&world);
    server.change("smtpd_recipient_limit = 1\nsmtpd_recipient_overshoot_limit = 1000", true);
    let nights = nights(&world, &task);
    assert!(nights > 1, "the own message is tried again at once, one that has waited is not");
    for mailbox in ["ops", "jon"] {
        let mails = server.wait_for_mail(mailbox, 1 + nights);
        assert_eq!(mails.len(), 1 + nights, "{mailbox}");
        assert_arrived_late(&mails, &kept[0]);
    }
}

/// Puts so many messages into an outbox; returns their ids.
fn fill(world: &World, count: usize) -> BTreeSet<String> {
    let outbox = Outbox::at(world, "waiting");
    let put = |number: usize| {
        let id = format!("20261122T215559.{number:03}-{number:08x}");
        let message = format!(
            "Message-ID: <{id}@example.test>\r\nFrom: jon@example.test\r\nTo: ops@example.test\r\n\
             Subject: Backup failed\r\n\r\nIt failed.\r\n"
        );
        outbox.put(&id, &message, |_| {});
        format!("<{id}@example.test>")
    };
    (0..count).map(put).collect()
}

/// Sends what waits; fails the test unless each message arrived once.
fn all_arrive_once(world: &World, server: &PrivateServer, wanted: &BTreeSet<String>) {
    world.task(&task(world, server));
    let output = world.run(&["outbox", "send", "--json", "--outbox", "waiting"]);
    output.assert_code(0);
    assert_eq!(output.json()["sent"], wanted.len());
    assert!(waiting(world).is_empty());
    let mails = server.wait_for_mail("ops", wanted.len());
    assert_eq!(mails.len(), wanted.len());
    let came: BTreeSet<String> = mails.iter().map(|mail| Known::of(mail).message_id).collect();
    assert_eq!(&came, wanted);
}

#[test]
fn postfix_takes_three_hundred_over_one_connection() {
    let server = Postfix::start();
    let world = World::new();
    let wanted = fill(&world, 300);
    all_arrive_once(&world, &server, &wanted);
    assert_eq!(server.log().matches(": client=").count(), 300);
    assert_eq!(server.log().matches("sasl_method=").count(), 300);
    assert_eq!(server.log().matches("TLS connection established from").count(), 1, "{}", server.log());
}

/// Postfix asks here about every recipient, and is told to say 421 to each fiftieth.
fn policy_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut asked = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                if line.is_empty() {
                    asked += 1;
                    let action = if asked % 50 == 0 { "421 4.3.2 back in a moment" } else { "DUNNO" };
                    stream.write_all(format!("action={action}\n\n").as_bytes()).unwrap();
                }
            }
        }
    });
    port
}

#[test]
fn postfix_that_hangs_up_now_and_then_gets_the_rest_over_the_next_connection() {
    let server = Postfix::start();
    let port = policy_server();
    server.change(
        // one process asks, so that one count counts
        &format!(
            "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:{port}"
        ),
        true,
    );
    let world = World::new();
    let wanted = fill(&world, 200);
    all_arrive_once(&world, &server, &wanted);
    assert!(server.log().matches("421 4.3.2").count() >= 4, "{}", server.log());
}

#[test]
fn exim_that_takes_twenty_messages_a_connection_gets_the_rest_over_the_next() {
    let settings = "smtp_accept_max_per_connection = 20";
    let server = Exim::start_with(Limits { settings, ..Limits::default() });
    let world = World::new();
    let wanted = fill(&world, 100);
    all_arrive_once(&world, &server, &wanted);
    assert!(server.log().contains("too many messages"), "{}", server.log());
}
