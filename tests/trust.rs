//! Pins, `self-signed-root`, CA files and the person's own roots, each by a session that sends.

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::certs::{Ca, Leaf};
use crate::support::output::Output;
use crate::support::smtp_server::{Builder, SmtpServer};

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Sends a notice under a trust rule.
fn send(site: &Site, server: &SmtpServer, mode: &str, trust: &Value) -> Output {
    let mut task = site.task(server, mode);
    task["email"]["tls"]["trust"] = trust.clone();
    site.notify(&task)
}

/// Checks that a refused server saw neither AUTH nor MAIL.
fn nothing_was_given_away(server: &SmtpServer) {
    for session in server.sessions() {
        assert!(session.sign_ins.is_empty() && session.envelopes.is_empty(), "{session}");
    }
}

/// A server with a self-signed certificate, as small servers have.
fn self_signed(site: &Site, mode: &str, leaf: Leaf) -> (Builder, String, String) {
    let issued = leaf.self_signed();
    let builder = site.server(mode_of(mode)).identity(issued.identity());
    (builder, issued.sha256().to_owned(), issued.spki_sha256().to_owned())
}

#[test]
fn a_pin_accepts_its_certificate_and_no_other() {
    for mode in ["implicit", "starttls"] {
        let site = Site::new();
        // a wrong name and an ended date as well: a pin looks at neither
        let (builder, sha256, spki) = self_signed(&site, mode, Leaf::new(&["other.test"]).expired());
        let server = builder.start();
        for pin in [format!("pin:sha256:{sha256}"), format!("pin:spki-sha256:{spki}")] {
            let output = send(&site, &server, mode, &json!(pin));
            output.assert_code(0);
            assert_eq!(output.json()["deliveries"][0]["tls"]["trust"], json!(pin));
        }
        let before = server.messages().len();
        for wrong in [format!("pin:sha256:{spki}"), format!("pin:spki-sha256:{sha256}")] {
            let output = send(&site, &server, mode, &json!(wrong));
            output.assert_code(76).assert_stderr_has("it is not the pinned one");
            output.assert_stderr_lacks("second connection");
            output.assert_stderr_has(&format!("--tls-trust pin:sha256:{sha256}"));
        }
        assert_eq!(server.messages().len(), before);
        assert_eq!(server.sessions().len(), 4, "what a refusal shows was seen on the refused connection");
        let given: usize = server.sessions().iter().map(|session| session.sign_ins.len()).sum();
        assert_eq!(given, 2, "only the two accepted sessions signed in");
    }
}

#[test]
fn a_renewal_works_before_and_after_with_two_pins() {
    let site = Site::new();
    let (old, new) = (Leaf::new(&NAMES).self_signed(), Leaf::new(&NAMES).self_signed());
    let pins = json!([
        format!("pin:sha256:{}", old.sha256()),
        format!("pin:sha256:{}", new.sha256().to_uppercase())
    ]);
    for certificate in [&old, &new] {
        let server = site.server(mode_of("starttls")).identity(certificate.identity()).start();
        send(&site, &server, "starttls", &pins).assert_code(0);
        assert_eq!(server.messages().len(), 1);
    }
    let server =
        site.server(mode_of("starttls")).identity(Leaf::new(&NAMES).self_signed().identity()).start();
    send(&site, &server, "starttls", &pins).assert_code(76).assert_stderr_has("none of the pinned ones");
    nothing_was_given_away(&server);
}

#[test]
fn a_pin_that_will_stop_fitting_is_warned_of() {
    let site = Site::new();
    let (builder, sha256, spki) = self_signed(&site, "implicit", Leaf::new(&NAMES).valid(-30, 9));
    let server = builder.start();
    let output = send(&site, &server, "implicit", &json!(format!("pin:sha256:{sha256}")));
    output.assert_code(0).assert_stderr_has("ends in").assert_stderr_has("its pin will not fit the next one");
    assert!(server.message().text().contains("Please note"), "the mail says it too");
    let output = send(&site, &server, "implicit", &json!(format!("pin:spki-sha256:{spki}")));
    output.assert_code(0).assert_stderr_has("ends in").assert_stderr_lacks("its pin");
}

#[test]
fn self_signed_root_forgives_an_unknown_root_and_nothing_else() {
    for mode in ["implicit", "starttls"] {
        let site = Site::new();
        let ca = Ca::named("Somebody's own");
        let table = [
            ("a root that is sent", Leaf::new(&NAMES).with_root().issued_by(&ca), None),
            (
                "behind an intermediate",
                Leaf::new(&NAMES).with_root().issued_by(&ca.intermediate("Middle")),
                None,
            ),
            ("signed by itself", Leaf::new(&NAMES).self_signed(), None),
            ("a root that is not sent", Leaf::new(&NAMES).issued_by(&ca), Some("does not send its root")),
            ("another name", Leaf::new(&["other.test"]).with_root().issued_by(&ca), Some("other.test")),
            ("ended", Leaf::new(&NAMES).expired().with_root().issued_by(&ca), Some("ended")),
            ("for clients", Leaf::new(&NAMES).for_clients_only().with_root().issued_by(&ca), Some("client")),
        ];
        for (kind, issued, refused) in table {
            let server = site.server(mode_of(mode)).identity(issued.identity()).start();
            let output = send(&site, &server, mode, &json!("self-signed-root"));
            match refused {
                None => {
                    output.assert_code(0).assert_stderr_has("stops mistakes and no attacker");
                    output.assert_stderr_has(&format!("pin:sha256:{}", issued.sha256()));
                    assert_eq!(server.messages().len(), 1, "{kind}");
                }
                Some(word) => {
                    output.assert_code(76).assert_stderr_has(word);
                    nothing_was_given_away(&server);
                }
            }
        }
    }
}

#[test]
fn an_impostor_behind_the_real_root_is_refused() {
    let site = Site::new();
    // the same name, another key: the leaf is below the impostor, and the real root is appended
    let (real, impostor) = (Ca::named("Root"), Ca::named("Root"));
    let leaf = Leaf::new(&NAMES).issued_by(&impostor);
    let chain = format!("{}{}", leaf.pem(), real.pem());
    let identity = native_tls::Identity::from_pkcs8(chain.as_bytes(), leaf.key_pem().as_bytes()).unwrap();
    let server = site.server(mode_of("implicit")).identity(identity).start();
    send(&site, &server, "implicit", &json!("self-signed-root")).assert_code(76);
    site.world.write("real.pem", real.pem());
    send(&site, &server, "implicit", &json!("ca-file:real.pem")).assert_code(76);
    nothing_was_given_away(&server);
}

#[test]
fn a_ca_file_takes_several_anchors_and_no_nonsense() {
    let site = Site::new();
    let server = site.server(mode_of("implicit")).start();
    let (other, ended) =
        (Ca::named("Other"), Leaf::new(&["Old root"]).also_an_authority().expired().self_signed());
    let middle = site.ca.intermediate("Middle");
    let key = Leaf::new(&["x.test"]).self_signed().key_pem().to_owned();
    for (contents, word) in [
        (format!("{}{}", other.pem(), site.ca.pem()), None),
        (format!("# ours\n{}", site.ca.pem()), None),
        (String::new(), Some("certificate")),
        ("garbage\n".to_owned(), Some("certificate")),
        (key, Some("private key")),
        (format!("{}{}", site.ca.pem(), ended.pem()), Some("ended")),
        (middle.pem().to_owned(), Some("self-signed")),
    ] {
        site.world.write("ca.pem", &contents);
        let output = send(&site, &server, "implicit", &json!("ca-file:ca.pem"));
        match word {
            None => output.assert_code(0),
            Some(word) => output.assert_code(65).assert_stderr_has("the CA file").assert_stderr_has(word),
        };
    }
    assert_eq!(server.messages().len(), 2);
}

#[test]
fn roots_that_the_person_names_are_the_only_ones() {
    let site = Site::new();
    let server = site.server(mode_of("implicit")).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("system");
    let path = site.world.task(&task);
    let (good, other) = (
        site.world.write("good.pem", site.ca.pem()),
        site.world.write("other.pem", Ca::named("Another").pem()),
    );
    // OpenSSL reads what is named by its hash; a certificate that has lost its link is switched off
    site.world.write("folder/good.pem", site.ca.pem());
    site.world.write("unlinked/good.pem", site.ca.pem());
    let hashed = site.world.other_command("openssl", &["rehash", "folder"]).run();
    hashed.assert_code(0);
    site.world.write("empty/readme", "");
    let (good, other) = (good.to_str().unwrap(), other.to_str().unwrap());
    let (folder, empty) = (site.world.path().join("folder"), site.world.path().join("empty"));
    let (folder, empty) = (folder.to_str().unwrap(), empty.to_str().unwrap());
    let unlinked = site.world.path().join("unlinked");
    for (variables, code) in [
        (vec![("SSL_CERT_FILE", good)], 0),
        (vec![("SSL_CERT_FILE", other)], 76),
        (vec![("SSL_CERT_DIR", folder)], 0),
        (vec![("SSL_CERT_FILE", other), ("SSL_CERT_DIR", folder)], 0),
        (vec![("SSL_CERT_DIR", empty)], 76),
        (vec![("SSL_CERT_DIR", unlinked.to_str().unwrap())], 76),
        (vec![("SSL_CERT_FILE", "/nonexistent")], 76),
        (vec![], 76),
    ] {
        let mut run = site.world.command(&["notify", "--exit-code", "1"]).task(&path);
        for (name, value) in &variables {
            run = run.env(name, value);
        }
        let output = run.run();
        assert_eq!(output.code(), Some(code), "{variables:?}: {}", output.stderr);
    }
}

#[test]
fn no_variable_of_openssl_weakens_a_rule() {
    use crate::support::certs::Kind;
    let site = Site::new();
    let weak = Kind::Rsa1024.present("localhost");
    let server = site.server(mode_of("implicit")).chain(&weak.issued).start();
    site.world.write("ca.pem", &weak.root);
    let settings = site.world.write(
        "weak.cnf",
        "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = weak\n[weak]\n\
         CipherString = DEFAULT:@SECLEVEL=0\nMinProtocol = TLSv1\n",
    );
    let account = json!({ "host": "localhost", "port": server.port(), "user": "jon" });
    let path = site.world.task(&site.task_for(&account, "implicit"));
    let run =
        site.world.command(&["notify", "--exit-code", "1"]).env("OPENSSL_CONF", settings.to_str().unwrap());
    run.task(&path).run().assert_code(76).assert_stderr_has("key");
    nothing_was_given_away(&server);
}

#[test]
fn a_flag_in_place_of_the_tasks_rule_says_so() {
    let site = Site::new();
    let server = site.server(mode_of("implicit")).start();
    let mut task = site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("system");
    let path = site.world.task(&task);
    let said = "--tls-trust: \"ca-file:ca.pem\" in place of the task's \"system\", for this run only";
    for command in [&["notify", "--exit-code", "1"][..], &["check"], &["test-email"]] {
        let output = site.world.command(command).args(["--tls-trust", "ca-file:ca.pem"]).task(&path).run();
        output.assert_code(0).assert_stderr_has(said);
    }
    // the same rule once more takes nothing's place
    let output = site.world.command(&["check", "--tls-trust", "system"]).task(&path).run();
    output.assert_code(76).assert_stderr_lacks("in place of");
}
