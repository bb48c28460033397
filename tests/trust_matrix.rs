//! Every kind of certificate under every trust rule, implicit and by STARTTLS, in one table.
//!
//! The table is `tests/data/trust-matrix.txt`, for eyes to judge; `BACKUP_NOTIFY_WRITE_SNAPSHOTS=1`
//! writes it anew. Where a rule refuses, the server saw no AUTH and no MAIL.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::certs::{Kind, Presented};
use crate::support::namespace;
use crate::support::smtp_server::{SmtpServer, TlsVersion};

/// The name that the certificates are for; some kinds use names below it.
const HOST: &str = "mx.test";

/// The rules, as the table's columns call them.
const RULES: [&str; 6] = ["system", "ca-file", "self-signed-root", "pin", "pin-spki", "accept-any"];

/// What a task says for a column.
fn trust(rule: &str, presented: &Presented) -> Value {
    json!(match rule {
        "ca-file" => "ca-file:root.pem".to_owned(),
        "pin" => format!("pin:sha256:{}", presented.issued.sha256()),
        "pin-spki" => format!("pin:spki-sha256:{}", presented.issued.spki_sha256()),
        "accept-any" => "accept-any-certificate".to_owned(),
        word => word.to_owned(),
    })
}

/// Sends by one rule; returns whether the server got the message, and checks that it got nothing
/// else when not.
fn accepted(site: &Site, public: &Path, presented: &Presented, mode: &str, rule: &str) -> bool {
    let server = site.server(mode_of(mode)).chain(&presented.issued).start();
    site.world.write("root.pem", &presented.root);
    let account = json!({ "host": presented.host, "port": server.port(), "user": "jon" });
    let mut task = site.task_for(&account, mode);
    task["email"]["tls"]["trust"] = trust(rule, presented);
    let path = site.world.task(&task);
    let output = site
        .world
        .command(&["notify", "--exit-code", "1", "--json"])
        .env("SSL_CERT_FILE", public.to_str().unwrap())
        .task(&path)
        .run();
    match output.code() {
        Some(0) => {
            assert_eq!(server.messages().len(), 1);
            true
        }
        // 65: an anchor that has ended is refused before there is a connection
        Some(76 | 65) => {
            for session in server.sessions() {
                assert!(session.sign_ins.is_empty() && session.envelopes.is_empty(), "{session}");
            }
            false
        }
        _ => output.fail("neither accepted nor refused"),
    }
}

/// Asks `certificate` which faults the rule `system` finds.
fn faults(site: &Site, public: &Path, presented: &Presented, mode: &str) -> String {
    let server = site.server(mode_of(mode)).chain(&presented.issued).start();
    let target = format!("{}:{}", presented.host, server.port());
    let output = site
        .world
        .command(&["certificate", &target, "--tls-mode", mode, "--json"])
        .env("SSL_CERT_FILE", public.to_str().unwrap())
        .run();
    let result = output.assert_code(0).json();
    let system = &result["verdicts"][0];
    assert_eq!(system["trust"], "system");
    let words: Vec<_> = system["faults"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    if system["accepted"] == true { "-".to_owned() } else { words.join(" ") }
}

/// One row: the verdict of every rule, which must be the same in both modes, and the faults.
fn row(kind: Kind, public: &Path) -> String {
    let site = Site::new();
    let presented = if kind == Kind::Good { good() } else { kind.present(HOST) };
    let mut row = format!("{:<30}", kind.word());
    for rule in RULES {
        let implicit = accepted(&site, public, &presented, "implicit", rule);
        let starttls = accepted(&site, public, &presented, "starttls", rule);
        assert_eq!(implicit, starttls, "{kind:?} under {rule}");
        let width = rule.len().max(7);
        write!(row, "  {:<width$}", if implicit { "yes" } else { "refused" }).unwrap();
    }
    let found = faults(&site, public, &presented, "implicit");
    assert_eq!(found, faults(&site, public, &presented, "starttls"), "{kind:?}");
    row + "  " + &found
}

/// The one good certificate, whose root the machine is told to trust.
fn good() -> Presented {
    static GOOD: std::sync::OnceLock<Presented> = std::sync::OnceLock::new();
    GOOD.get_or_init(|| Kind::Good.present(HOST)).clone()
}

/// Makes the names of all kinds lead here.
fn name_the_hosts() {
    let mut hosts = "127.0.0.1 localhost smtp.gmail.com\n".to_owned();
    for kind in Kind::ALL {
        writeln!(hosts, "127.0.0.1 {}", kind.present(HOST).host).unwrap();
    }
    namespace::set_hosts(&hosts);
}

/// Works on all kinds at once, as far as there are processors, and returns the results in order.
fn for_every_kind<T: Send>(work: impl Fn(Kind) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(kind) = Kind::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let position = Kind::ALL.iter().position(|k| k == kind);
                    let result = work(*kind);
                    results.lock().unwrap().push((position, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_certificate_under_every_rule() {
    if !namespace::entered("trust_matrix::every_certificate_under_every_rule") {
        return;
    }
    name_the_hosts();
    let keeper = Site::new();
    let public = keeper.world.write("public.pem", good().root);
    let mut table = format!("{:<30}", "");
    for rule in RULES {
        write!(table, "  {rule:<width$}", width = rule.len().max(7)).unwrap();
    }
    table += "  faults under \"system\"\n";
    for row in for_every_kind(|kind| row(kind, &public)) {
        writeln!(table, "{}", row.trim_end()).unwrap();
    }
    let kept = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/trust-matrix.txt"));
    if std::env::var_os("BACKUP_NOTIFY_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&kept, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(table == expected, "the table is now\n{table}\nand was\n{expected}");
}

#[test]
fn versions_of_tls_and_client_certificates() {
    let site = Site::new();
    let issued = site.ca.issue(&["127.0.0.1"]);
    for mode in ["implicit", "starttls"] {
        for (version, word) in [
            (TlsVersion::V1_0, Some("speaks only TLSv1,")),
            (TlsVersion::V1_1, Some("speaks only TLSv1.1,")),
            (TlsVersion::V1_2, None),
            (TlsVersion::V1_3, None),
        ] {
            for rule in ["ca-file:ca.pem", "self-signed-root", "accept-any-certificate"] {
                let issued = if rule == "self-signed-root" { good_self_signed() } else { issued.clone() };
                let server = site.server(mode_of(mode)).chain(&issued).tls_only(version).start();
                let mut task = site.task(&server, mode);
                task["email"]["tls"]["trust"] = json!(rule);
                let output = site.notify(&task);
                match word {
                    None => output.assert_code(0),
                    Some(word) => {
                        output.assert_code(76).assert_stderr_has(word).assert_stderr_has("update it")
                    }
                };
                assert_eq!(server.messages().len(), usize::from(word.is_none()));
            }
        }
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let server = site
                .server(mode_of(mode))
                .chain(&issued)
                .tls_only(version)
                .wants_client_certificate()
                .start();
            let output = site.notify(&site.task(&server, mode));
            output.assert_code(76).assert_stderr_has("wants a certificate of the client");
            assert!(server.messages().is_empty());
        }
    }
}

#[test]
fn no_rule_is_said_to_accept_a_version_that_no_session_speaks() {
    let site = Site::new();
    for mode in ["implicit", "starttls"] {
        for version in [TlsVersion::V1_0, TlsVersion::V1_1] {
            let server = site.server(mode_of(mode)).chain(&good_self_signed()).tls_only(version).start();
            let target = format!("127.0.0.1:{}", server.port());
            let output = site.world.run(&["certificate", &target, "--tls-mode", mode, "--json"]);
            let result = output.assert_code(0).json();
            for verdict in result["verdicts"].as_array().unwrap() {
                assert_eq!(verdict["accepted"], false, "{verdict}");
            }
            assert_eq!(result["suggested"], Value::Null);
        }
    }
}

fn good_self_signed() -> crate::support::certs::Issued {
    crate::support::certs::Leaf::new(&["127.0.0.1"]).self_signed()
}

#[test]
fn for_the_servers_of_the_presets_no_exception_is_offered() {
    if !namespace::entered("trust_matrix::for_the_servers_of_the_presets_no_exception_is_offered") {
        return;
    }
    name_the_hosts();
    let site = Site::new();
    let issued = crate::support::certs::Leaf::new(&["smtp.gmail.com"]).self_signed();
    let server: SmtpServer = site.server(mode_of("implicit")).chain(&issued).start();
    let account = json!({ "host": "smtp.gmail.com", "port": server.port(), "user": "jon" });
    let mut task = site.task_for(&account, "implicit");
    task["email"]["tls"]["trust"] = json!("system");
    let output = site.notify(&task);
    output.assert_code(76).assert_stderr_has("intercepting").assert_stderr_lacks("--tls-trust");
    // nor is the certificate of whoever answers offered as a pin where a task accepts anything
    for rule in ["self-signed-root", "accept-any-certificate"] {
        task["email"]["tls"]["trust"] = json!(rule);
        let output = site.notify(&task);
        output.assert_code(0).assert_stderr_has("\"trust\": \"system\"").assert_stderr_lacks("pin:");
    }
    let target = format!("smtp.gmail.com:{}", server.port());
    let output = site.world.run(&["certificate", &target]);
    output.assert_code(0).assert_stdout_has("No exception is offered");
    assert!(!output.stdout.contains("pin:"), "{}", output.stdout);
    let result = site.world.run(&["certificate", &target, "--json"]).json();
    assert_eq!(result["suggested"], Value::Null);
    assert_eq!(result["verdicts"].as_array().unwrap().len(), 1);
    site.world.run(&["certificate", &target, "--save-ca", "ca-of-nobody.pem", "--yes"]).assert_code(76);
    assert!(!site.world.path().join("ca-of-nobody.pem").exists());
}
