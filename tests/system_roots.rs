//! Which certificates are opened under which trust rule, and what that changes of the verdict: nothing.
//!
//! Each test has an `/etc/ssl` of its own, in a mount namespace.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::site::{Site, mode_of};
use crate::support::certs::{Ca, Issued, Leaf};
use crate::support::namespace;
use crate::support::outbox::Outbox;
use crate::support::output::Output;
use crate::support::smtp_server::{Action, Stage};

/// The file of all authorities, as Debian names it.
const BUNDLE: &str = "ca-certificates.crt";

/// A site on a computer whose `/etc/ssl` is its own: Debian's OpenSSL looks there and nowhere else.
struct Computer {
    site: Site,
    certs: PathBuf,
}

impl Computer {
    fn new() -> Self {
        let site = Site::new();
        namespace::set_etc_ssl(&site.world.folder("etc-ssl"));
        site.world.write("etc-ssl/openssl.cnf", "");
        let certs = site.world.path().join("etc-ssl/certs");
        Self { site, certs }
    }

    /// Trusts these authorities by their hashes, and those in the file of all, where there is one.
    fn trusts(&self, hashed: &[&Ca], bundle: Option<&[&Ca]>) {
        let _ = fs::remove_dir_all(&self.certs);
        self.site.world.folder("etc-ssl/certs");
        for (number, ca) in hashed.iter().enumerate() {
            self.site.world.write(format!("etc-ssl/certs/{number}.pem"), ca.pem());
        }
        self.site.world.other_command("openssl", &["rehash", "etc-ssl/certs"]).run().assert_code(0);
        if let Some(bundle) = bundle {
            let pem: String = bundle.iter().map(|ca| ca.pem()).collect();
            self.site.world.write(format!("etc-ssl/certs/{BUNDLE}"), pem);
        }
    }

    /// Sends by this rule to a server with this certificate; returns what was printed, and the names of the
    /// files with settings or certificates that were opened.
    fn send(
        &self,
        issued: &Issued,
        mode: &str,
        trust: &Value,
        variables: &[(&str, &str)],
    ) -> (Output, Vec<String>) {
        let server = self.site.server(mode_of(mode)).chain(issued).start();
        let mut task = self.site.task(&server, mode);
        task["email"]["tls"]["trust"] = trust.clone();
        let (output, opened) = self.traced(&["notify", "--exit-code", "1"], &task, variables);
        let sent = server.messages().len();
        assert_eq!(sent, usize::from(output.code() == Some(0)), "{output}");
        if sent == 0 {
            for session in server.sessions() {
                assert!(session.sign_ins.is_empty() && session.envelopes.is_empty(), "{session}");
            }
        }
        (output, opened)
    }

    fn traced(&self, arguments: &[&str], task: &Value, variables: &[(&str, &str)]) -> (Output, Vec<String>) {
        let world = &self.site.world;
        let path = world.task(task);
        let strace = ["-f", "-o", "trace", "-e", "trace=open,openat", world.binary().to_str().unwrap()];
        let mut run = world.other_command("strace", &strace).args(arguments).task(&path);
        for (name, value) in variables {
            run = run.env(name, value);
        }
        let output = run.run();
        (output, opened(&world.read("trace")))
    }
}

/// The names of the files that OpenSSL, or a trust rule, has opened; not of what was looked for in vain.
fn opened(trace: &str) -> Vec<String> {
    let paths = trace.lines().filter(|line| !line.contains("= -1") && !line.contains("O_DIRECTORY"));
    let paths = paths.filter_map(|line| line.split('"').nth(1));
    let ours = |path: &&str| {
        path.starts_with("/etc/ssl")
            || path.starts_with("/usr/lib/ssl")
            || Path::new(path).extension().is_some_and(|end| end == "pem")
            || is_hashed(path)
    };
    let name = |path: &str| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
    // that of a hash is the certificate's, and no test's business
    let shown = |name: String| if is_hashed(&name) { "hashed".to_owned() } else { name };
    paths.filter(ours).map(name).map(shown).collect()
}

fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap();
    name.len() == 10 && name.ends_with(".0") && name[..8].bytes().all(|b| b.is_ascii_hexdigit())
}

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

#[test]
fn a_rule_that_needs_no_system_root_opens_none() {
    if !namespace::entered("system_roots::a_rule_that_needs_no_system_root_opens_none") {
        return;
    }
    let computer = Computer::new();
    computer.trusts(&[&Ca::named("One")], Some(&[&Ca::named("One"), &Ca::named("Two")]));
    let issued = computer.site.ca.issue(&NAMES);
    let (pin, key) = (issued.sha256(), issued.spki_sha256());
    for mode in ["implicit", "starttls"] {
        for (trust, files) in [
            (json!("ca-file:ca.pem"), &["ca.pem", "openssl.cnf"][..]),
            (json!(format!("pin:sha256:{pin}")), &["openssl.cnf"]),
            (json!([format!("pin:sha256:{key}"), format!("pin:spki-sha256:{key}")]), &["openssl.cnf"]),
            (json!("accept-any-certificate"), &["openssl.cnf"]),
        ] {
            let (output, mut opened) = computer.send(&issued, mode, &trust, &[]);
            output.assert_code(0);
            opened.sort();
            assert_eq!(opened, files, "{trust} {mode}");
        }
        // nor does a refusal ask the system
        let (output, opened) = computer.send(&issued, mode, &json!(format!("pin:sha256:{key}")), &[]);
        output.assert_code(76);
        assert_eq!(opened, ["openssl.cnf"]);
    }
}

#[test]
fn without_tls_its_library_reads_nothing() {
    if !namespace::entered("system_roots::without_tls_its_library_reads_nothing") {
        return;
    }
    let computer = Computer::new();
    computer.trusts(&[&computer.site.ca], Some(&[&computer.site.ca]));
    let server = computer.site.server(mode_of("none")).auth_in_clear().start();
    for rule in ["system", "self-signed-root", "ca-file:ca.pem"] {
        let mut task = computer.site.task(&server, "none");
        task["email"]["tls"]["trust"] = json!(rule);
        let (output, opened) = computer.traced(&["notify", "--exit-code", "1"], &task, &[]);
        output.assert_code(0);
        assert_eq!(opened, [""; 0], "{rule}");
    }
    assert_eq!(server.messages().len(), 3);
}

#[test]
fn the_system_s_roots_are_found_by_their_hash_and_the_file_of_all_is_read_once_after_that() {
    if !namespace::entered(
        "system_roots::the_system_s_roots_are_found_by_their_hash_and_the_file_of_all_is_read_once_after_that",
    ) {
        return;
    }
    let computer = Computer::new();
    let (ours, other) = (&computer.site.ca, &Ca::named("Another"));
    let twin = &Ca::new();
    let below = &ours.intermediate("Middle");
    let behind = Leaf::new(&NAMES).issued_by(below);
    let alone = Leaf::new(&NAMES).without_intermediates().issued_by(below);
    let plain = Leaf::new(&NAMES).naming_its_issuer_s_key().issued_by(ours);
    let (hash, all) = ("hashed", BUNDLE);
    for (hashed, bundle, issued, code, files) in [
        (&[ours, other][..], Some(&[ours, other][..]), &plain, 0, &[hash][..]),
        (&[ours], None, &plain, 0, &[hash]),
        (&[ours, other], Some(&[ours, other]), &behind, 0, &[hash]),
        // a folder that has only some of them
        (&[other], Some(&[other, ours]), &plain, 0, &[all]),
        (&[other], Some(&[other, ours]), &behind, 0, &[all]),
        (&[other], Some(&[other]), &plain, 76, &[all]),
        (&[other], None, &plain, 76, &[]),
        // no folder
        (&[], Some(&[other, ours]), &plain, 0, &[all]),
        (&[], Some(&[other]), &plain, 76, &[all]),
        (&[], None, &plain, 76, &[]),
        // a root of the same name and another key is no issuer
        (&[twin], Some(&[twin, ours]), &plain, 0, &[hash, all]),
        (&[twin], Some(&[twin]), &plain, 76, &[hash, all]),
        // only the file has what stands between
        (&[ours], Some(&[ours, below]), &alone, 0, &[all]),
        (&[other], Some(&[ours, below]), &alone, 0, &[all]),
        (&[ours], Some(&[ours]), &alone, 76, &[all]),
        // what stands between in the file, and the root in the folder
        (&[ours], Some(&[below]), &alone, 0, &[all, hash]),
    ] {
        computer.trusts(hashed, bundle);
        for mode in ["implicit", "starttls"] {
            let (output, mut opened) = computer.send(issued, mode, &json!("system"), &[]);
            output.assert_code(code);
            opened.retain(|name| name != "openssl.cnf");
            opened.dedup_by(|a, b| a == b && a == hash);
            assert_eq!(opened, files, "{output}");
        }
    }
}

#[test]
fn what_the_file_of_all_knows_is_checked_in_every_other_way() {
    if !namespace::entered("system_roots::what_the_file_of_all_knows_is_checked_in_every_other_way") {
        return;
    }
    let computer = Computer::new();
    let (ours, other) = (&computer.site.ca, &Ca::named("Another"));
    computer.trusts(&[other], Some(&[other, ours]));
    for mode in ["implicit", "starttls"] {
        for (issued, word) in [
            (Leaf::new(&["other.test"]).issued_by(ours), "other.test"),
            (Leaf::new(&NAMES).expired().issued_by(ours), "ended"),
            (Leaf::new(&NAMES).for_clients_only().issued_by(ours), "client"),
            (Leaf::new(&NAMES).issued_by(&Ca::new()), "signature"),
        ] {
            for trust in ["system", "self-signed-root"] {
                let (output, opened) = computer.send(&issued, mode, &json!(trust), &[]);
                output.assert_code(76).assert_stderr_has(word).assert_stderr_lacks("not known");
                assert_eq!(opened.iter().filter(|name| *name == BUNDLE).count(), 1, "{output}");
            }
        }
    }
}

#[test]
fn self_signed_root_asks_all_of_the_system_before_the_root_that_is_sent() {
    if !namespace::entered(
        "system_roots::self_signed_root_asks_all_of_the_system_before_the_root_that_is_sent",
    ) {
        return;
    }
    let computer = Computer::new();
    let (ours, other) = (&computer.site.ca, &Ca::named("Another"));
    // the root is not sent: only the system can know it
    let unsent = Leaf::new(&NAMES).issued_by(ours);
    let sent = Leaf::new(&NAMES).with_root().issued_by(&Ca::named("Somebody's own"));
    let rule = json!("self-signed-root");
    for mode in ["implicit", "starttls"] {
        computer.trusts(&[ours], Some(&[ours]));
        let (output, opened) = computer.send(&unsent, mode, &rule, &[]);
        output.assert_code(0);
        assert!(opened.iter().any(|name| name == "hashed") && !opened.contains(&BUNDLE.into()), "{opened:?}");
        computer.trusts(&[other], Some(&[other, ours]));
        let (output, opened) = computer.send(&unsent, mode, &rule, &[]);
        output.assert_code(0);
        assert_eq!(opened.iter().filter(|name| *name == BUNDLE).count(), 1, "{opened:?}");
        let (output, opened) = computer.send(&sent, mode, &rule, &[]);
        output.assert_code(0);
        assert_eq!(opened.iter().filter(|name| *name == BUNDLE).count(), 1, "{opened:?}");
        computer.trusts(&[other], Some(&[other]));
        let (output, _) = computer.send(&unsent, mode, &rule, &[]);
        output.assert_code(76).assert_stderr_has("does not send its root");
    }
}

#[test]
fn what_the_person_names_is_read_once_and_nothing_of_the_system() {
    if !namespace::entered("system_roots::what_the_person_names_is_read_once_and_nothing_of_the_system") {
        return;
    }
    let computer = Computer::new();
    let (ours, other) = (&computer.site.ca, &Ca::named("Another"));
    let world = &computer.site.world;
    // the system trusts everybody here, so that a look at it would show
    computer.trusts(&[ours, other], Some(&[ours, other]));
    let good = world.write("good.pem", ours.pem());
    let wrong = world.write("wrong.pem", other.pem());
    let folder = world.path().join("folder");
    world.write("folder/good-too.pem", ours.pem());
    world.other_command("openssl", &["rehash", "folder"]).run().assert_code(0);
    let empty = world.folder("empty");
    let [good, wrong, folder, empty] =
        [good, wrong, folder, empty].map(|path| path.to_str().unwrap().to_owned());
    let folders = format!("{empty}:{folder}");
    let issued = ours.issue(&NAMES);
    for (variables, code, files) in [
        (&[("SSL_CERT_FILE", &*good)][..], 0, &["good.pem"][..]),
        (&[("SSL_CERT_FILE", &*wrong)], 76, &["wrong.pem"]),
        (&[("SSL_CERT_FILE", "/nonexistent")], 76, &[]),
        (&[("SSL_CERT_FILE", "/dev/null")], 76, &[]),
        (&[("SSL_CERT_DIR", &*folder)], 0, &["good-too.pem"]),
        (&[("SSL_CERT_DIR", &*folders)], 0, &["good-too.pem"]),
        (&[("SSL_CERT_DIR", &*empty)], 76, &[]),
        (&[("SSL_CERT_FILE", &*wrong), ("SSL_CERT_DIR", &*folder)], 0, &["good-too.pem", "wrong.pem"]),
        (&[("SSL_CERT_FILE", &*wrong), ("SSL_CERT_DIR", &*empty)], 76, &["wrong.pem"]),
        // what is empty names nothing
        (&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")], 0, &["hashed"]),
        (&[("SSL_CERT_FILE", &*good), ("SSL_CERT_DIR", "")], 0, &["good.pem"]),
    ] {
        for mode in ["implicit", "starttls"] {
            let (output, mut opened) = computer.send(&issued, mode, &json!("system"), variables);
            output.assert_code(code);
            opened.retain(|name| name != "openssl.cnf");
            opened.sort();
            assert_eq!(opened, files, "{variables:?} {output}");
        }
        // another rule does not ask for them
        let (output, mut opened) = computer.send(&issued, "implicit", &json!("ca-file:ca.pem"), variables);
        output.assert_code(0);
        opened.sort();
        assert_eq!(opened, ["ca.pem", "openssl.cnf"]);
    }
}

#[test]
fn certificate_says_of_the_system_what_a_session_would() {
    if !namespace::entered("system_roots::certificate_says_of_the_system_what_a_session_would") {
        return;
    }
    let computer = Computer::new();
    let (ours, other) = (&computer.site.ca, &Ca::named("Another"));
    let server = computer.site.server(mode_of("implicit")).chain(&ours.issue(&NAMES)).start();
    let target = format!("127.0.0.1:{}", server.port());
    for (hashed, bundle, accepted) in [
        (&[ours][..], &[ours][..], true),
        (&[other], &[other, ours], true),
        (&[], &[ours], true),
        (&[other], &[other], false),
        (&[], &[other], false),
    ] {
        computer.trusts(hashed, Some(bundle));
        let output = computer.site.world.run(&["certificate", &target, "--tls-mode", "implicit", "--json"]);
        let result = output.assert_code(0).json();
        assert_eq!(result["verdicts"][0]["trust"], "system");
        assert_eq!(result["verdicts"][0]["accepted"], accepted, "{output}");
    }
}

#[test]
fn every_try_and_every_message_of_a_run_share_one_look_at_the_file_of_all() {
    if !namespace::entered(
        "system_roots::every_try_and_every_message_of_a_run_share_one_look_at_the_file_of_all",
    ) {
        return;
    }
    let computer = Computer::new();
    let ours = &computer.site.ca;
    computer.trusts(&[], Some(&[ours]));
    let busy = || Action::reply("451 4.3.0 no space");
    let server = computer
        .site
        .server(mode_of("implicit"))
        .fault_on(1, Stage::Mail, busy())
        .fault_on(2, Stage::Mail, busy())
        .start();
    let mut task = computer.site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("system");
    let notify = ["notify", "--exit-code", "1", "--deadline", "20s"];
    let (output, opened) = computer.traced(&notify, &task, &[]);
    output.assert_code(0);
    assert_eq!(server.sessions().len(), 3);
    assert_eq!(opened.iter().filter(|name| *name == BUNDLE).count(), 1, "{opened:?}");
}

#[test]
fn messages_that_wait_set_up_their_rule_once_however_few_a_server_takes_at_a_time() {
    if !namespace::entered(
        "system_roots::messages_that_wait_set_up_their_rule_once_however_few_a_server_takes_at_a_time",
    ) {
        return;
    }
    let computer = Computer::new();
    let (world, ours) = (&computer.site.world, &computer.site.ca);
    computer.trusts(&[], Some(&[ours]));
    let enough = Action::Then(b"421 4.3.2 enough for one connection\r\n".to_vec());
    let server = computer.site.server(mode_of("implicit")).fault(Stage::FinalDot, enough).start();
    let mut task = computer.site.task(&server, "implicit");
    task["email"]["tls"]["trust"] = json!("system");
    world.task(&task);
    let outbox = Outbox::at(world, "waiting");
    for number in 0..4 {
        let id = format!("20261122T215559.{number:03}-{number:08x}");
        let head = "From: jon@example.test\r\nTo: ops@example.test\r\nSubject: Backup failed\r\n\r\n";
        outbox.put(&id, &format!("Message-ID: <{id}@example.test>\r\n{head}It failed.\r\n"), |_| {});
    }
    let strace = ["-f", "-o", "trace", "-e", "trace=open,openat", world.binary().to_str().unwrap()];
    let send = ["outbox", "send", "--outbox", "waiting"];
    world.other_command("strace", &strace).args(send).run().assert_code(0);
    assert_eq!((server.messages().len(), server.sessions().len()), (4, 4));
    let opened = opened(&world.read("trace"));
    assert_eq!(opened.iter().filter(|name| *name == BUNDLE).count(), 1, "{opened:?}");
}
