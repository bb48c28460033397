//! Postfix and Exim, which offer CHUNKING by themselves: they take a message by BDAT, and say so in their logs.

use std::fs;

use serde_json::{Value, json};

use crate::log_attached::noise;
use crate::support::exim::Exim;
use crate::support::output::Output;
use crate::support::postfix::Postfix;
use crate::support::private_server::{PrivateServer, poll};
use crate::support::read_mail::{headers, read_mail};
use crate::support::world::World;

fn task(world: &World, server: &PrivateServer, to: &[&str]) -> Value {
    world.guard(server.password());
    let ca = world.write("ca.pem", fs::read(server.ca_file()).unwrap());
    json!({
        "name": "Nächtliche Sicherung",
        "email": {
            "to": to,
            "from": "jon@example.test",
            "account": { "host": "localhost", "port": server.smtps_port(), "user": server.user() },
            "password": { "file": world.write("secret", server.password()) },
            "tls": { "mode": "implicit", "trust": format!("ca-file:{}", ca.display()) },
            "attach_log": "always",
        },
    })
}

fn test_email(world: &World, task: &Value, log: usize) -> Output {
    let path = world.task(task);
    let log = world.write("run.log", noise(log));
    let command = ["notify", "--exit-code", "1", "--json", "--log", log.to_str().unwrap()];
    world.command(&command).task(&path).run()
}

/// Sends short and long messages, to people who are there and to some who are not; `took` tells how many messages
/// the log says were taken by BDAT, of how many.
fn takes_it(server: &PrivateServer, took: impl Fn(&str) -> (usize, usize)) {
    let world = World::new();
    let mut ids = Vec::new();
    for (to, log, code) in [
        (&["ops@example.test", "jon@example.test"][..], 100, 0),
        (&["ops@example.test"], 400_000, 0),
        (&["nobody@example.test", "ops@example.test"], 100, 69),
        (&["nobody@example.test", "ops@example.test"], 400_000, 69),
    ] {
        let output = test_email(&world, &task(&world, server, to), log);
        output.assert_code(code);
        let delivery = &output.json()["deliveries"][0];
        assert_eq!(delivery["status"], "sent", "{output}");
        for recipient in delivery["recipients"].as_array().unwrap() {
            assert_eq!(recipient["accepted"], recipient["address"] != "nobody@example.test", "{output}");
        }
        ids.push(delivery["message_id"].as_str().unwrap().to_owned());
        let mails = server.wait_for_mail("ops", ids.len());
        let mail = mails
            .iter()
            .map(|mail| read_mail(mail))
            .find(|m| headers(m, "Message-ID") == [ids.last().unwrap()]);
        let mail = mail.unwrap();
        assert_eq!(mail["defects"], json!([]));
        let whole =
            mail["parts"].as_array().unwrap().iter().any(|part| part["size"].as_u64().unwrap_or(0) > 60_000);
        assert_eq!(whole, log > 100_000, "{mail:#}");
    }
    for log in [100, 400_000] {
        let output = test_email(&world, &task(&world, server, &["nobody@example.test"]), log);
        output.assert_code(69).assert_stderr_has("refused every recipient: 550");
    }
    assert_eq!(server.wait_for_mail("ops", ids.len()).len(), ids.len());
    // they write down what they did when the client is gone
    let told =
        poll(|| Some(took(&server.log())).filter(|(chunked, all)| *all >= ids.len() && chunked == all));
    assert!(told.is_some(), "{:?} of {}\n{}", took(&server.log()), ids.len(), server.log());
}

#[test]
fn postfix_takes_it() {
    takes_it(&Postfix::start(), |log| {
        let commands =
            log.lines().filter(|line| line.contains("disconnect from") && line.contains(" mail=1"));
        let (mut chunked, mut all) = (0, 0);
        for line in commands {
            chunked += usize::from(line.contains(" bdat=1"));
            all += usize::from(line.contains(" bdat=1") || line.contains(" data="));
        }
        (chunked, all)
    });
}

#[test]
fn exim_takes_it() {
    takes_it(&Exim::start(), |log| {
        let arrived: Vec<_> = log.lines().filter(|line| line.contains(" <= ")).collect();
        (arrived.iter().filter(|line| line.contains(" K ")).count(), arrived.len())
    });
}
