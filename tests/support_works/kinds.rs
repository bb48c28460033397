//! Each kind of certificate has the fault it is named for and no other, in the eyes of the
//! `openssl` program, which had no part in making them.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::process::Command;

use tempfile::TempDir;

use crate::support::certs::{Ca, Kind, Presented};

/// The files of one certificate, as the program takes them.
struct Files {
    folder: TempDir,
    host: String,
}

impl Files {
    fn of(presented: &Presented) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, pem: &str| std::fs::write(folder.path().join(name), pem).unwrap();
        write("leaf.pem", presented.issued.pem());
        write("sent.pem", presented.issued.chain_pem());
        write("root.pem", &presented.root);
        write("key.pem", presented.issued.key_pem());
        // an anchor that has nothing to do with it
        write("stranger.pem", Ca::named("Stranger").pem());
        Self { folder, host: presented.host.clone() }
    }

    fn openssl(&self, arguments: &[&str]) -> (String, String) {
        let run = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(run.stdout), text(run.stderr))
    }

    /// Every fault that `openssl verify` finds with this anchor, as `number@depth`.
    fn faults(&self, anchor: &str) -> String {
        let host =
            if self.host.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
        let options = ["verify", "-no-CApath", "-no-CAstore", "-auth_level", "2", "-purpose", "sslserver"];
        let files = ["-CAfile", anchor, "-untrusted", "sent.pem", host, &self.host, "leaf.pem"];
        let (out, said) = self.openssl(&[&options[..], &files].concat());
        let faults: Vec<_> = said
            .lines()
            .filter_map(|line| line.strip_prefix("error ")?.split_once(" depth"))
            .map(|(place, _)| place.replace(" at ", "@"))
            .collect();
        assert_eq!(faults.is_empty(), out == "leaf.pem: OK\n", "{out}{said}");
        faults.join(" ")
    }

    /// What `openssl x509` prints with these options.
    fn x509(&self, options: &str) -> String {
        let options: Vec<_> = options.split(' ').collect();
        self.openssl(&[&["x509", "-in", "leaf.pem", "-noout"], &options[..]].concat()).0
    }
}

/// How many certificates are sent, the faults when its root is trusted, and those when it is not.
///
/// The faults are numbered as in the manual of `openssl verify`: 7 signature, 9 not yet valid,
/// 10 expired, 18 self-signed, 19 unknown root sent, 20 issuer not found, 26 purpose, 62 host,
/// 66 weak key, 68 weak hash. An unknown root hides what it does not vouch for.
fn faults(kind: Kind) -> (usize, &'static str, &'static str) {
    match kind {
        Kind::Good | Kind::PrivateRootNotSent => (1, "", "20@0"),
        Kind::PrivateRootSent => (2, "", "19@1"),
        Kind::IntermediateAllSent => (3, "", "19@2"),
        Kind::IntermediateRootNotSent => (2, "", "20@1"),
        Kind::IntermediateNotSent => (1, "20@0", "20@0"),
        Kind::SelfSignedAuthority => (1, "", "18@0"),
        Kind::SelfSignedServer => (1, "", "18@0"),
        Kind::SelfSignedCommonName => (1, "", "18@0"),
        Kind::WrongHost => (2, "62@0", "19@1"),
        Kind::Wildcard => (2, "", "19@1"),
        Kind::WildcardTooDeep => (2, "62@0", "19@1"),
        Kind::IpAddress => (2, "", "19@1"),
        Kind::Idn => (2, "", "19@1"),
        Kind::ExpiredLeaf => (2, "10@0", "19@1"),
        Kind::ExpiredRoot => (2, "10@1", "19@1"),
        Kind::ExpiredIntermediate => (3, "10@1", "19@2"),
        Kind::NotYetValid => (2, "9@0", "19@1"),
        Kind::WrongPurpose => (2, "26@0", "19@1"),
        Kind::Impostor => (2, "7@0", "19@1"),
        Kind::BrokenSignature => (2, "7@0", "19@1"),
        Kind::Sha1Signature => (2, "68@0", "19@1"),
        Kind::Rsa1024 => (2, "66@0", "66@0"),
        Kind::Rsa2048 => (2, "", "19@1"),
        Kind::Ed25519 => (2, "", "19@1"),
        Kind::EcdsaP384 => (2, "", "19@1"),
        Kind::EndsSoon => (2, "", "19@1"),
    }
}

#[test]
fn every_kind_has_its_own_faults_and_no_others() {
    let mut table = String::new();
    let mut wrong = 0;
    for kind in Kind::ALL {
        let presented = kind.present("host.test");
        let files = Files::of(&presented);
        let sent = presented.issued.chain_der().len();
        let (trusted, unknown) = (files.faults("root.pem"), files.faults("stranger.pem"));
        wrong += usize::from(faults(*kind) != (sent, trusted.as_str(), unknown.as_str()));
        let _ = writeln!(table, "Kind::{kind:?} => ({sent}, {trusted:?}, {unknown:?}),");
    }
    assert_eq!(wrong, 0, "found:\n{table}");
}

#[test]
fn keys_signatures_dates_and_names_are_those_of_the_kind() {
    let sound = ["Public-Key: (256 bit)", "NIST CURVE: P-256", "ecdsa-with-SHA256"];
    for kind in Kind::ALL {
        let files = Files::of(&kind.present("host.test"));
        let text = files.x509("-text");
        let name = format!("DNS:{}\n", kind.host("host.test"));
        let expected: &[&str] = match kind {
            Kind::SelfSignedAuthority => &["CA:TRUE", &name],
            Kind::SelfSignedServer => &["CA:FALSE", &name],
            Kind::SelfSignedCommonName => &["CA:TRUE", "Subject: CN = host.test\n"],
            Kind::Wildcard | Kind::WildcardTooDeep => &["DNS:*.host.test\n"],
            Kind::IpAddress => &["IP Address:127.0.0.1\n"],
            Kind::Idn => &["DNS:xn--bcher-kva.host.test\n"],
            Kind::WrongHost => &["DNS:another.invalid\n"],
            Kind::WrongPurpose => &["TLS Web Client Authentication\n", &name],
            Kind::Sha1Signature => &["Signature Algorithm: sha1WithRSAEncryption", &name],
            Kind::Rsa1024 => &["Public-Key: (1024 bit)", "rsaEncryption", &name],
            Kind::Rsa2048 => &["Public-Key: (2048 bit)", "rsaEncryption", &name],
            Kind::Ed25519 => &["Public Key Algorithm: ED25519", &name],
            Kind::EcdsaP384 => &["Public-Key: (384 bit)", "NIST CURVE: P-384", &name],
            _ => &[sound[0], sound[1], sound[2], &name],
        };
        for fact in expected {
            assert!(text.contains(fact), "{kind:?}, {fact}: {text}");
        }
        let named = text.contains("Subject Alternative Name");
        assert_eq!(named, *kind != Kind::SelfSignedCommonName, "{text}");
        // -checkend takes seconds
        let ends_within_14_days = files.x509("-checkend 1209600").contains("will expire");
        assert_eq!(ends_within_14_days, matches!(kind, Kind::ExpiredLeaf | Kind::EndsSoon), "{kind:?}");
    }
}

#[test]
fn hashes_keys_and_words_belong_to_their_certificate() {
    let mut seen = HashSet::new();
    for kind in Kind::ALL {
        let presented = kind.present("host.test");
        let files = Files::of(&presented);
        let print = files.x509("-fingerprint -sha256").trim().replace(':', "").to_lowercase();
        assert_eq!(print.split_once('=').unwrap().1, presented.issued.sha256(), "{kind:?}");
        let public = files.openssl(&["pkey", "-in", "key.pem", "-pubout"]).0;
        assert_eq!(files.x509("-pubkey"), public, "{kind:?}");
        files.openssl(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "key.der"]);
        let print = files.openssl(&["dgst", "-sha256", "-r", "key.der"]).0;
        assert_eq!(print.split(' ').next().unwrap(), presented.issued.spki_sha256(), "{kind:?}");
        assert!(seen.insert(kind.word().to_owned()), "{kind:?}");
        assert!(seen.insert(presented.issued.sha256().to_owned()), "{kind:?}");
    }
    assert!(Kind::ALL.len() >= 24);
}
