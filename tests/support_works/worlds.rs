//! Worlds are empty, runs end, and secrets that come out are noticed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::leaks::Secret;
use crate::support::world::World;

use super::failure;

fn shell<'w>(world: &'w World, script: &str) -> crate::support::run::Run<'w> {
    world.other_command("/bin/sh", &["-c", script])
}

#[test]
fn a_world_is_empty_and_private() {
    let world = World::new();
    let output = shell(&world, "env | sort; pwd; cat").env("A", "b").run();
    let home = world.home();
    let expected = format!(
        "A=b\nHOME={}\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\nPWD={path}\nTZ=UTC\n{path}\n",
        home.display(),
        path = world.path().display()
    );
    // what the shell itself adds
    let seen: String = output
        .stdout
        .lines()
        .filter(|line| !line.starts_with("SHLVL=") && !line.starts_with("_="))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(seen, expected);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(world.path().to_owned()), 0o700);
    assert_eq!(mode(home), 0o700);
    assert_eq!(mode(world.write("a/b/c.txt", "x")), 0o600);
    assert_eq!(mode(world.path().join("a/b")), 0o700);
    let task = world.task(&json!({ "name": "x" }));
    assert!(fs::read_to_string(task).unwrap().contains("\"name\": \"x\""));
    let path = world.path().to_owned();
    drop(world);
    assert!(!path.exists());
}

#[test]
fn the_program_under_test_runs() {
    // whatever it says to that
    let output = World::new().command(&["--version"]).run();
    assert!(output.code().is_some(), "{output}");
}

#[test]
fn both_pipes_and_stdin_are_served_at_once() {
    let world = World::new();
    let script = "head -c 300000 /dev/zero | tr '\\0' e >&2; cat; exit 3";
    let output = shell(&world, script).stdin("i".repeat(300_000)).run();
    output.assert_code(3);
    assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 300_000));
    // a program that does not read its stdin
    shell(&world, "exit 0").stdin("i".repeat(300_000)).run().assert_success();
}

#[test]
fn a_run_without_end_is_killed_with_its_children() {
    let world = World::new();
    let message = failure(|| {
        let run = shell(&world, "echo so far; sleep 1000 & echo $! >pid; wait");
        run.timeout(Duration::from_millis(300)).run();
    });
    assert!(message.contains("so far"), "{message}");
    assert!(message.contains("still running after 300ms"), "{message}");
    assert!(!still_runs(&world), "the child was not killed");
    let message = failure(|| {
        let run = shell(&world, "sleep 1000 & echo $! >pid");
        run.timeout(Duration::from_millis(300)).run();
    });
    assert!(message.contains("a child of it held its pipes"), "{message}");
    assert!(!still_runs(&world), "the child was not killed");
}

/// Whether the process named in `pid` is still there, and not just waiting to be buried.
fn still_runs(world: &World) -> bool {
    let pid = world.read("pid");
    let command = fs::read(format!("/proc/{}/cmdline", pid.trim()));
    command.is_ok_and(|command| !command.is_empty())
}

#[test]
fn secrets_that_come_out_are_noticed() {
    let world = World::new();
    let secret = world.secret().to_owned();
    let odd = world.odd_secret().to_owned();
    let in_plain = STANDARD.encode(format!("\0jon\0{odd}"));
    for text in [
        format!("password {secret}!"),
        format!("{odd:?}"),
        in_plain[..12].to_owned() + "\n" + &in_plain[12..],
    ] {
        // from a file, so that its arguments do not give it away as well
        world.write("text", text);
        let message = failure(|| drop(shell(&world, "cat text").run()));
        assert!(message.starts_with("a secret came out on stdout"), "{message}");
        let message = failure(|| drop(shell(&world, "cat text >&2").run()));
        assert!(message.starts_with("a secret came out on stderr"), "{message}");
    }
    shell(&world, "echo nothing").run().assert_stdout_is("nothing\n");
}

#[test]
fn secrets_that_the_system_shows_are_noticed() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let world = World::new();
    let secret = world.secret().to_owned();
    let leak = |run: crate::support::run::Run<'_>| failure(|| drop(run.run()));
    // they live long enough to be looked at when the machine has much else to do
    let message = leak(world.other_command("/bin/sleep", &["1"]).env("X", &secret));
    assert!(message.contains("/environ shows a secret"), "{message}");
    let message = leak(shell(&world, &format!("true {secret}; sleep 1")));
    assert!(message.contains("/cmdline shows a secret"), "{message}");
    // a grandchild
    world.write("text", format!("sleep 1; : {secret}"));
    let message = leak(shell(&world, "sh -c \"$(cat text)\"; exit 0"));
    assert!(message.contains("/cmdline shows a secret"), "{message}");
    // where the test itself put it
    let run = world.other_command("/bin/sleep", &["0.01"]);
    run.secret_env("X").run().assert_success();
}

#[test]
fn every_form_of_a_secret_is_found() {
    let secret = Secret::chosen("correct/horse+battery");
    let text = secret.text();
    for before in ["", "x", "xy", "xyz"] {
        for after in ["", "1", "12"] {
            let payload = format!("{before}{text}{after}");
            assert_eq!(secret.found_in(STANDARD.encode(payload).as_bytes()), Some("base64"));
        }
    }
    for (form, haystack) in [
        ("clear", "a correct/horse+battery b"),
        ("hex", "636F72726563742F686F7273652B62617474657279"),
        ("percent", "?p=correct%2Fhorse%2Bbattery"),
    ] {
        assert_eq!(secret.found_in(haystack.as_bytes()), Some(form));
    }
    assert_eq!(secret.found_in(b"correct horse battery"), None);
}

#[test]
fn another_user_can_run_it() {
    let world = World::new();
    // only root can become somebody else
    if fs::metadata(world.path()).unwrap().uid() != 0 {
        return;
    }
    let run = world.other_command("/bin/sh", &["-c", "id -u; id -g; echo x >home/x"]);
    let output = run.as_user(65534, 65534).run();
    output.assert_stdout_is("65534\n65534\n");
    assert_eq!(world.read("home/x"), "x\n");
}

#[test]
fn a_failed_assertion_tells_the_whole_story() {
    let world = World::new();
    let run = shell(&world, "echo out; echo err >&2; exit 4");
    let output = run.env("KEY", "value").stdin("typed").run();
    for message in [
        failure(|| assert!(output.assert_code(0).stdout.is_empty())),
        failure(|| assert!(output.assert_stderr_has("other").stdout.is_empty())),
        failure(|| drop(output.json())),
    ] {
        for part in ["/bin/sh", "cwd:", "KEY", "typed", "out\n", "err\n", "exit status: 4"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
