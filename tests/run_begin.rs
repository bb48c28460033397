//! `run` tells screens that a backup begins, and the backup waits little for that.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::run_command::{Bench, WAYS};
use crate::support::gntp::{Act, GntpServer};

fn with_growl(bench: &Bench, growl: &Value) {
    let mut task = bench.site.task(&bench.server, "implicit");
    task["growl"] = growl.clone();
    bench.site.world.task(&task);
}

#[test]
fn screens_are_told_before_the_command_starts_and_when_it_has_ended() {
    let (bench, growl) = (Bench::new(), GntpServer::start());
    with_growl(&bench, &growl.entry(&json!({})));
    assert!(bench.command(None, &["mkfifo", "go"]).status().unwrap().success());
    let flags = ["--message", "The weekly one"];
    let mut child = bench.command(Some(&flags), &["sh", "-c", "read x < go; exit 3"]).spawn().unwrap();
    // to register, and to show
    growl.wait_for_requests(2);
    assert!(bench.command(None, &["sh", "-c", "echo x > go"]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let shown = growl.requests().into_iter().filter(|request| request.command == "NOTIFY");
    let shown: Vec<_> = shown.map(|request| request.header("Notification-Name").to_owned()).collect();
    assert_eq!(shown, ["begin", "error"]);
    // a letter is for the end
    assert_eq!(bench.server.messages().len(), 1);
}

#[test]
fn a_screen_that_does_not_answer_holds_the_command_up_for_five_seconds_at_most() {
    let (bench, growl) = (Bench::new(), GntpServer::always(Act::Hold(Vec::new())));
    with_growl(&bench, &growl.entry(&json!({ "events": ["begin"] })));
    let begun = Instant::now();
    let seen = bench.see(WAYS[1], &["sh", "-c", "date +%s; exit 3"], b"");
    assert_eq!(seen.code, Some(3), "{}", seen.text());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(bench.mail().contains("Backup failed"));
}
