//! SIGTERM, SIGINT and SIGHUP with an outbox: what was not accepted waits, and that is said.

use std::fs;
use std::time::Duration;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::signals::{SIGNALS, send};
use crate::site::Site;
use crate::support::smtp_server::{Action, Mode, Stage};

/// A task that keeps what no server has accepted, and whether there is something.
fn with_outbox(site: &Site, mut task: Value) -> (Value, impl Fn() -> usize) {
    let folder = site.world.path().join("waiting");
    task["outbox"] = json!(folder);
    let count = move || {
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".json")).count()
    };
    (task, count)
}

const STAGES: [Stage; 11] = [
    Stage::Connect,
    Stage::Handshake,
    Stage::Greeting,
    Stage::Ehlo,
    Stage::Auth,
    Stage::Mail,
    Stage::Rcpt(1),
    Stage::Data,
    Stage::Body,
    Stage::FinalDot,
    Stage::Quit,
];

#[test]
fn with_an_outbox_a_message_that_a_signal_stopped_waits() {
    for (index, stage) in STAGES.into_iter().enumerate() {
        let site = Site::new();
        let server = site.server(Mode::Implicit).fault(stage, Action::Stall).start();
        let (task, waiting) = with_outbox(&site, site.task(&server, "implicit"));
        let path = site.world.task(&task);
        let run = site.world.command(&["notify", "--exit-code", "1", "--json"]).task(&path);
        let output = run.run_while(|pid| {
            server.wait_until_stalled(1);
            let _ = kill(Pid::from_raw(pid.try_into().unwrap()), SIGNALS[index % 3]);
        });
        let json = output.json();
        let delivery = &json["deliveries"][0];
        if stage == Stage::Quit {
            output.assert_code(0);
            assert_eq!((&delivery["status"], waiting()), (&json!("sent"), 0));
            continue;
        }
        output.assert_code(75);
        assert_eq!((&delivery["status"], waiting()), (&json!("queued"), 1), "{stage:?}: {delivery}");
        let detail = delivery["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("interrupted by {}", SIGNALS[index % 3])), "{stage:?}: {detail}");
        assert!(detail.ends_with("; the message waits in the outbox"), "{stage:?}: {detail}");
        let uncertain = detail.contains("may or may not have been delivered");
        // all of it was handed over at both
        assert_eq!(uncertain, matches!(stage, Stage::Body | Stage::FinalDot), "{stage:?}: {detail}");
        assert_eq!(json["outbox"]["waiting"], 1);
    }
}

#[test]
fn what_waits_is_still_there_when_a_signal_stops_its_sending() {
    for (index, stage) in STAGES.into_iter().filter(|stage| *stage != Stage::Quit).enumerate() {
        let site = Site::new();
        let server = site.server(Mode::Implicit).fault(stage, Action::Stall).start();
        let (mut task, waiting) = with_outbox(&site, site.task(&server, "implicit"));
        let good = task.clone();
        task["email"]["account"]["host"] = json!("::1");
        task["deadline"] = json!("1s");
        for _ in 0..2 {
            let path = site.world.task(&task);
            site.world.command(&["notify", "--exit-code", "1"]).task(&path).run().assert_code(75);
        }
        let path = site.world.task(&good);
        let folder = good["outbox"].as_str().unwrap();
        let by_hand = ["outbox", "send", "--json", "--outbox", folder];
        let silent =
            ["notify", "--status", "success", "--when", "error", "--json", "--task", path.to_str().unwrap()];
        for (stalled, (arguments, code)) in [(&by_hand[..], 75), (&silent[..], 0)].into_iter().enumerate() {
            let signal = SIGNALS[(index + stalled) % 3];
            let output = site.world.command(arguments).run_while(|pid| {
                server.wait_until_stalled(stalled + 1);
                send(pid, signal);
            });
            output.assert_code(code).assert_stderr_has(&format!("was interrupted by {signal}"));
            output.assert_stderr_has("in the outbox");
            let json = output.json();
            assert_eq!(json["exit_code"], code, "{stage:?} {json}");
            assert_eq!(waiting(), 2, "{stage:?}: {output}");
            assert!(output.elapsed < Duration::from_secs(15), "{output}");
        }
    }
}
