//! What never appears in a message, through the program as it is.

use serde_json::json;

use crate::log_attached::{notify, read, task};
use crate::site::Site;
use crate::support::smtp_server::Mode;
use crate::support::world::World;

#[test]
fn words_credentials_and_homes_are_nowhere_in_a_message() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let home = site.world.home();
    let home = home.to_str().unwrap();
    let log = format!(
        "{home}/Documents failed: p@ss wörd\nerror p%40ss%20w%C3%B6rd p%40ss+w%c3%b6rd\n\
         Fatal: https://jon:s3cret@host/x?token=t0ken&a=b http://host:8080/path@x jon@example.com git@host:x\n"
    );
    let file = site.world.write("run.log", log);
    let mut task = task(&site, &server);
    task["name"] = json!("p@ss wörd");
    task["destination"] = json!("rest:https://jon:s3cret@host/");
    task["source"] = json!(format!("{home}/Documents"));
    task["redact"] = json!(["p@ss wörd"]);
    notify(&site, &task, file.to_str().unwrap()).assert_success();
    let envelope = server.message();
    let sent = read(&envelope);
    let (_, attached) = sent.file.unwrap();
    for part in [&sent.text, &sent.html, &attached] {
        for secret in ["p@ss", "p%40ss", "s3cret", "t0ken"] {
            assert!(!part.contains(secret), "{secret} in {part}");
        }
        assert!(part.contains("~/Documents failed: [redacted]"), "{part}");
        assert!(part.contains("http://host:8080/path@x jon@example.com git@host:x"), "{part}");
    }
    assert!(!attached.contains(home));
    assert!(sent.text.contains(&format!("{home}/Documents\n")), "people must find the source: {}", sent.text);
    assert!(envelope.text().contains("Subject: Backup failed: [redacted]\r\n"));

    task["redact"] = json!(["p@ss wörd", "~"]);
    notify(&site, &task, file.to_str().unwrap()).assert_success();
    let sent = read(server.messages().last().unwrap());
    assert!(!sent.text.contains(home) && sent.text.contains("~/Documents\n"), "{}", sent.text);
    assert!(!sent.html.contains(home));
}

#[test]
fn half_a_secret_at_a_cut_is_left_out() {
    let site = Site::new();
    let secret = "a-secret-of-some-length";
    for shift in [0, 7, 15, 22] {
        let server = site.server(Mode::Implicit).start();
        // one secret across the end of the beginning, one across the beginning of the end
        let mut log = vec![b'.'; 8 * 1024 * 1024];
        log.iter_mut().step_by(100).for_each(|byte| *byte = b'\n');
        for at in [1024 * 1024, 4 * 1024 * 1024] {
            log[at - shift..at - shift + secret.len()].copy_from_slice(secret.as_bytes());
        }
        let file = site.world.write("run.log", log);
        let mut task = task(&site, &server);
        task["redact"] = json!([secret]);
        notify(&site, &task, file.to_str().unwrap()).assert_success();
        let (_, attached) = read(&server.message()).file.unwrap();
        assert!(
            attached.bytes().all(|b| !b.is_ascii_lowercase()) || {
                let odd: Vec<&str> = attached.lines().filter(|line| line.contains(['a', 's', 'c'])).collect();
                odd.iter().all(|line| line.contains("[redacted]") || line.contains("bytes are left out"))
            }
        );
    }
}

/// The database of users may be a directory that is away: whose home it is matters only where there is
/// something to look for it in.
#[test]
fn nobody_looks_for_homes_without_a_log() {
    let world = World::new();
    let home = world.home();
    let home = home.to_str().unwrap();
    world.write("run.log", format!("{home}/Documents failed\n"));
    let mail = json!({
        "to": "ops@example.test",
        "from": "jon@example.test",
        "account": { "host": "127.0.0.1", "auth": "none" },
    });
    let binary = world.binary().to_str().unwrap().to_owned();
    for (log, redact, asked) in [(false, "word", false), (true, "word", true), (false, "~", true)] {
        let task = world.task(&json!({ "name": "Nightly", "redact": [redact], "email": mail }));
        let run = world.other_command("strace", &["-f", "-o", "trace", "-e", "trace=openat", &binary]);
        let run = run.args(["notify", "--dry-run", "--exit-code", "1"]).env("SUDO_USER", "nobody");
        let run = if log { run.args(["--log", "run.log"]) } else { run };
        run.task(&task).run().assert_code(0);
        assert_eq!(world.read("trace").contains("\"/etc/passwd\""), asked, "{log} {redact}");
    }
}
