//! `certificate` agrees with OpenSSL on every field, and what it offers works when it is pasted.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::certs::{Kind, Leaf};
use crate::support::namespace;
use crate::support::postfix::Postfix;
use crate::support::private_server::Limits;
use crate::support::world::World;

/// Runs `openssl` with this on its standard input and returns what it prints.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // a program that has read enough closes its input: that is no fault
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}

fn openssl_text(arguments: &[&str], input: &[u8]) -> String {
    String::from_utf8(openssl(arguments, input)).unwrap()
}

/// The chain as `openssl s_client` shows it, each certificate as PEM.
fn chain_by_openssl(host: &str, port: u16, starttls: bool) -> Vec<String> {
    let target = format!("127.0.0.1:{port}");
    let mut arguments = vec!["s_client", "-connect", &target, "-servername", host, "-showcerts"];
    if starttls {
        arguments.extend(["-starttls", "smtp"]);
    }
    let shown = openssl_text(&arguments, b"Q\n");
    let mut chain = Vec::new();
    let mut rest = shown.as_str();
    while let Some(begin) = rest.find("-----BEGIN CERTIFICATE-----") {
        let end = rest.find("-----END CERTIFICATE-----").unwrap() + 25;
        chain.push(format!("{}\n", &rest[begin..end]));
        rest = &rest[end..];
    }
    // the server's own certificate is shown once more at the end
    let chain: Vec<String> = chain.into_iter().fold(Vec::new(), |mut chain, pem| {
        if !chain.contains(&pem) {
            chain.push(pem);
        }
        chain
    });
    chain
}

/// The fields of one certificate as `openssl x509` prints them.
fn fields_by_openssl(pem: &str) -> Value {
    let x509 = |arguments: &[&str]| {
        let mut all = vec!["x509", "-noout", "-nameopt", "RFC2253,-esc_msb,utf8"];
        all.extend(arguments);
        openssl_text(&all, pem.as_bytes()).trim().to_owned()
    };
    let after =
        |text: String, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned()).unwrap_or(text);
    let time = |text: String| {
        let text = after(text, "=");
        // "2026-11-21 17:00:00Z"
        text.replacen(' ', "T", 1)
    };
    let names: Vec<String> = x509(&["-ext", "subjectAltName"])
        .lines()
        .skip(1)
        .flat_map(|line| line.split(", "))
        .filter_map(|name| name.trim().split_once(':').map(|(_, name)| name.to_owned()))
        .collect();
    let key = openssl(&["x509", "-noout", "-pubkey"], pem.as_bytes());
    let key = openssl(&["pkey", "-pubin", "-outform", "DER"], &key);
    let digest = openssl_text(&["dgst", "-sha256", "-r"], &key);
    let fingerprint = after(x509(&["-fingerprint", "-sha256"]), "=").replace(':', "").to_lowercase();
    json!({
        "subject": after(x509(&["-subject"]), "="),
        "issuer": after(x509(&["-issuer"]), "="),
        "names": names,
        "not_before": time(x509(&["-startdate", "-dateopt", "iso_8601"])),
        "not_after": time(x509(&["-enddate", "-dateopt", "iso_8601"])),
        "sha256": fingerprint,
        "spki_sha256": digest.split_whitespace().next().unwrap(),
    })
}

#[test]
fn certificate_agrees_with_openssl_on_every_field() {
    if !namespace::entered("certificate::certificate_agrees_with_openssl_on_every_field") {
        return;
    }
    let presented: Vec<_> = Kind::ALL.iter().map(|kind| kind.present("mx.test")).collect();
    let hosts: Vec<_> = presented.iter().map(|p| format!("127.0.0.1 {}", p.host)).collect();
    namespace::set_hosts(&(hosts.join("\n") + "\n"));
    let site = Site::new();
    for (kind, presented) in Kind::ALL.iter().zip(&presented) {
        let mode = if kind.word().len() % 2 == 0 { "implicit" } else { "starttls" };
        let server = site.server(mode_of(mode)).chain(&presented.issued).start();
        let target = format!("{}:{}", presented.host, server.port());
        let output = site.world.run(&["certificate", &target, "--tls-mode", mode, "--json"]);
        let result = output.assert_code(0).json();
        assert_eq!(result["host"], presented.host.as_str());
        assert_eq!(result["port"], server.port());
        assert_eq!(result["tls_version"], "TLSv1.3");
        let chain = result["chain"].as_array().unwrap();
        let expected = chain_by_openssl(&presented.host, server.port(), mode == "starttls");
        assert_eq!(chain.len(), expected.len(), "{kind:?}");
        for (ours, pem) in chain.iter().zip(&expected) {
            let theirs = fields_by_openssl(pem);
            for field in ["subject", "issuer", "not_before", "not_after", "sha256", "spki_sha256"] {
                assert_eq!(ours[field], theirs[field], "{kind:?} {field}");
            }
            // without alternative names we show the common name
            if theirs["names"] != json!([]) {
                assert_eq!(ours["names"], theirs["names"], "{kind:?}");
            }
            assert_eq!(ours["self_signed"], json!(theirs["subject"] == theirs["issuer"]), "{kind:?}");
        }
    }
}

#[test]
fn what_is_offered_for_a_self_signed_postfix_works_when_it_is_pasted() {
    let server = Postfix::start_with(Limits { self_signed: true, ..Limits::default() });
    let world = World::new();
    world.guard(server.password());
    let task = json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "localhost", "port": server.submission_port(), "user": server.user() },
            "password": { "file": world.write("secret", server.password()) },
        },
    });
    let path = world.task(&task);
    let refused = world.command(&["check"]).task(&path).run();
    refused.assert_code(76).assert_stderr_has("is not accepted under \"system\": self-signed certificate");
    refused.assert_stderr_has("--save-ca");
    let pasted = line_with(&refused.stderr, "--tls-trust pin:sha256:");
    let accepted = world.command(&["check"]).task(&path).args(pasted.split_whitespace()).run();
    accepted.assert_code(0).assert_stdout_has("would be accepted");

    // the line of `certificate` goes into the task itself
    let target = format!("localhost:{}", server.submission_port());
    let shown = world.run(&["certificate", &target]);
    let tls = line_with(&shown.assert_code(0).stdout, "\"tls\": ");
    let tls: Value = serde_json::from_str(&format!("{{{tls}}}")).unwrap();
    let mut task = task;
    task["email"]["tls"] = tls["tls"].clone();
    let path = world.task(&task);
    world.command(&["test-email"]).task(&path).run().assert_code(0);
    assert_eq!(server.wait_for_mail("ops", 1).len(), 1);
}

#[test]
fn the_same_postfix_under_the_name_of_a_provider_is_offered_nothing() {
    if !namespace::entered("certificate::the_same_postfix_under_the_name_of_a_provider_is_offered_nothing") {
        return;
    }
    namespace::set_hosts("127.0.0.1 localhost smtp.gmail.com\n");
    let server = Postfix::start_with(Limits { self_signed: true, ..Limits::default() });
    let world = World::new();
    world.guard(server.password());
    let path = world.task(&json!({
        "name": "Nightly",
        "email": {
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": { "host": "smtp.gmail.com", "port": server.submission_port(), "user": server.user() },
            "password": { "file": world.write("secret", server.password()) },
        },
    }));
    let output = world.command(&["check"]).task(&path).run();
    output.assert_code(76).assert_stderr_has("somebody on the way may be intercepting the connection");
    output.assert_stderr_lacks("--tls-trust").assert_stderr_lacks("--save-ca");
}

/// Returns the rest of the line that begins with these words, them included.
fn line_with(text: &str, words: &str) -> String {
    let line =
        text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words} in\n{text}"));
    line[line.find(words).unwrap()..].to_owned()
}

#[test]
fn the_presented_root_is_saved_only_when_it_is_one() {
    let site = Site::new();
    let ca = crate::support::certs::Ca::named("Their own");
    let server =
        site.server(mode_of("implicit")).chain(&Leaf::new(&["127.0.0.1"]).with_root().issued_by(&ca)).start();
    let target = format!("127.0.0.1:{}", server.port());
    // nobody is there to be asked
    let output = site.world.run(&["certificate", &target, "--save-ca", "saved.pem"]);
    output.assert_code(64).assert_stderr_has("add --yes");
    assert!(!site.world.path().join("saved.pem").exists());
    let output = site.world.run(&["certificate", &target, "--save-ca", "saved.pem", "--yes"]);
    output.assert_code(0).assert_stdout_has("--tls-trust ca-file:saved.pem");
    assert!(same_certificate(&site.world.path().join("saved.pem"), ca.pem()));
    let output = site.world.run(&["certificate", &target, "--save-ca", "saved.pem", "--yes"]);
    output.assert_code(74).assert_stderr_has("exists already");
    // and it is the one that makes the server acceptable
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("ca-file:saved.pem");
    site.notify(&task).assert_code(0);

    for kind in [Kind::PrivateRootNotSent, Kind::Impostor, Kind::BrokenSignature] {
        let presented = kind.present("localhost");
        let server = site.server(mode_of("implicit")).chain(&presented.issued).start();
        let target = format!("localhost:{}", server.port());
        let output = site.world.run(&["certificate", &target, "--save-ca", "no.pem", "--yes"]);
        output.assert_code(76).assert_stderr_has("sends no root that its certificate is below");
        assert!(!site.world.path().join("no.pem").exists(), "{kind:?}");
    }
}

fn same_certificate(file: &Path, pem: &str) -> bool {
    let der = |pem: &[u8]| openssl(&["x509", "-outform", "DER"], pem);
    der(&std::fs::read(file).unwrap()) == der(pem.as_bytes())
}

#[test]
fn ways_that_lead_nowhere_are_told() {
    let site = Site::new();
    let closed = crate::support::smtp_server::closed_port();
    let output = site.world.run(&["certificate", &format!("127.0.0.1:{}", closed.address.port()), "--json"]);
    let result = output.assert_code(75).json();
    assert_eq!(result["exit_code"], 75);
    for wrong in ["", "a b", "localhost:0", "localhost:x", "http://localhost"] {
        site.world.run(&["certificate", wrong]).assert_code(64);
    }
    // neither TLS at once nor STARTTLS: both were tried
    let server = site.open_server(mode_of("none")).start();
    let output = site.world.run(&["certificate", &format!("127.0.0.1:{}", server.port())]);
    output.assert_code(76);
    // a port that is neither 465 nor 587 is tried both ways
    let server = site.server(mode_of("starttls")).start();
    let output = site.world.run(&["certificate", &format!("127.0.0.1:{}", server.port())]);
    output.assert_code(0).assert_stdout_has("mode \"starttls\"");
}
