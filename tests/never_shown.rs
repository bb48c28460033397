//! No process ever gets a secret as an argument or in its environment.
//!
//! Every other test looks at what the system shows, from time to time. Here every program that is
//! started at all is seen, however short it lives and whoever starts it.

use serde_json::json;

use crate::site::Site;
use crate::support::leaks::Secret;
use crate::support::smtp_server::Mode;

/// All `execve` calls of a run with this source of the password, each with its whole environment.
fn started(site: &Site, command: &[&str], source: &serde_json::Value, in_environment: bool) -> String {
    let server = site.server(Mode::Implicit).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["password"] = source.clone();
    let path = site.world.task(&task);
    let binary = site.world.binary().to_str().unwrap();
    let run = site.world.other_command(
        "strace",
        &["-f", "-v", "-s", "100000", "-o", "trace", "-e", "trace=execve,execveat", binary],
    );
    let mut run =
        run.args(command).task(&path).env("CREDENTIALS_DIRECTORY", site.world.path().to_str().unwrap());
    if in_environment {
        run = run.secret_env("SMTP_PASSWORD");
    }
    run.run().assert_success();
    assert_eq!(server.session().sign_ins.len(), 1);
    site.world.read("trace")
}

fn shows(site: &Site, trace: &str) -> bool {
    let secrets: Vec<Secret> = site.world.secrets();
    secrets.iter().any(|secret| secret.found_in(trace.as_bytes()).is_some())
}

#[test]
fn no_program_is_started_with_the_password() {
    let site = Site::new();
    site.world.secret_file();
    // the way of real ones: a script, which starts others, which are given it by a pipe
    let script = site.world.script("helper", "#!/bin/sh\n/bin/cat secret | /usr/bin/tee /dev/null\n");
    for source in [
        json!({ "command": [script] }),
        json!({ "file": "secret" }),
        json!({ "systemd_credential": "secret" }),
    ] {
        for command in [&["notify", "--exit-code", "1"][..], &["test-email"], &["check"]] {
            let trace = started(&site, command, &source, false);
            assert!(!shows(&site, &trace), "{source} {command:?}");
            let by_command = source.get("command").is_some();
            assert_eq!(trace.contains("/usr/bin/tee"), by_command, "{trace}");
        }
    }
}

/// The other side: what the caller shows is seen here, and goes no further.
#[test]
fn a_password_in_the_environment_is_seen_once() {
    let site = Site::new();
    let trace = started(&site, &["check"], &json!({ "env": "SMTP_PASSWORD" }), true);
    let showing = trace.lines().filter(|line| shows(&site, line)).count();
    assert_eq!(showing, 1, "the program itself");
}
