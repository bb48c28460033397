//! Every program that is started finds the person's variables for TLS, whatever this one has made of
//! them for itself.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::json;

use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

/// What this program hides from its TLS library.
const NAMES: [&str; 5] =
    ["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_DIR", "SSL_CERT_FILE"];

/// Each variable with values, with an empty one, and not at all.
fn environments() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        vec![],
        vec![("SSL_CERT_FILE", "/ca.pem")],
        vec![("SSL_CERT_DIR", "/certs:/more")],
        vec![("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")],
        vec![("SSL_CERT_FILE", "/dev/null")],
        vec![("SSL_CERT_FILE", "/ca.pem"), ("SSL_CERT_DIR", "/certs"), ("OPENSSL_CONF", "/openssl.cnf")],
        vec![("OPENSSL_MODULES", "/modules"), ("OPENSSL_ENGINES", "")],
    ]
}

/// Reads what `env -0` has left, without what a shell sets.
fn found(world: &World, name: &str) -> BTreeMap<String, String> {
    let lines = world.read(name);
    let pairs = lines.split('\0').filter_map(|line| line.split_once('='));
    pairs
        .filter(|(name, _)| !matches!(*name, "_" | "SHLVL" | "PWD" | "OLDPWD"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The environment that a run of a world has, with these variables.
fn expected(world: &World, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let home = world.home();
    let usual =
        [("HOME", home.to_str().unwrap()), ("PATH", "/usr/bin:/bin"), ("TZ", "UTC"), ("LANG", "C.UTF-8")];
    usual.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_command_of_run_finds_the_environment_that_run_was_given() {
    let world = World::new();
    let server = SmtpServer::builder().start();
    let account = json!({ "host": "127.0.0.1", "port": server.port(), "auth": "none" });
    for when in ["finish", "error"] {
        let email = json!({
            "when": when,
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": account,
            "tls": { "mode": "none" },
        });
        let path = world.task(&json!({ "name": "Nightly", "email": email }));
        let path = path.to_str().unwrap();
        for variables in environments() {
            let mut run = world.command(&["run", "--task", path, "--", "sh", "-c", "env -0 > found"]);
            for (name, value) in &variables {
                run = run.env(name, value);
            }
            run.run().assert_code(0);
            assert_eq!(found(&world, "found"), expected(&world, &variables), "{when}");
        }
    }
    assert_eq!(server.messages().len(), environments().len());
}

#[test]
fn a_password_command_finds_them_and_one_of_root_finds_none() {
    for user in [Some(65534), None] {
        for variables in environments() {
            let world = World::new();
            let server =
                SmtpServer::builder().tls(Mode::None).user("jon", world.secret()).auth_in_clear().start();
            let secret = world.write("secret", world.secret().to_owned() + "\n");
            let script = format!("#!/bin/sh\n/usr/bin/env -0 > found\ncat {}\n", secret.display());
            let program = world.script("password", script);
            let task = json!({
                "name": "Nightly",
                "email": {
                    "to": "ops@example.test",
                    "from": "jon@example.test",
                    "account": server.account("jon", "password"),
                    "password": { "command": [program] },
                    "tls": { "mode": "none" },
                },
            });
            let path = world.task(&task);
            let mut run = world.command(&["notify", "--exit-code", "1"]).task(&path);
            for (name, value) in &variables {
                run = run.env(name, value);
            }
            if let Some(user) = user {
                run = run.as_user(user, user);
            }
            run.run().assert_code(0);
            assert_eq!(server.messages().len(), 1);
            let found = found(&world, "found");
            if user.is_some() {
                assert_eq!(found, expected(&world, &variables));
            } else {
                assert!(NAMES.iter().all(|name| !found.contains_key(*name)), "{found:?}");
            }
        }
    }
}

/// What is started in a place that this test does not know would find what this program has made of
/// the variables: each such place has to say what becomes of the environment.
#[test]
fn every_place_that_starts_a_program_says_what_it_finds() {
    let root = env!("CARGO_MANIFEST_DIR");
    let listed = Command::new("grep")
        .args(["-rlE", r"Command::new\(|execv|posix_spawn", "src", "--include=*.rs"])
        .current_dir(root)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut places = Vec::new();
    for file in listed.lines() {
        let text = std::fs::read_to_string(format!("{root}/{file}")).unwrap();
        // tests in the same file start what they like
        let code = text.split("#[cfg(test)]").next().unwrap();
        let is_test = file.contains("test");
        if is_test || !code.contains("Command::new(") {
            continue;
        }
        assert!(code.contains("give_back_variables(") || code.contains(".env_clear()"), "{file}");
        places.push(file);
    }
    assert!(places.len() >= 4, "{places:?}");
}
