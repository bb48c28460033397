//! The facts, compared with what OpenSSL says of the same certificates.

use std::time::Duration;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::testing::{KEPT, kept, kept_facts, now, params, self_signed};
use super::{CertificateFacts, KeyUse, Purpose, Rules, faults, matches_host, presented_root};
use crate::text::hex;

/// What OpenSSL calls the algorithms of the kept certificates.
const ALGORITHMS: [(&str, &str); 9] = [
    ("sha256WithRSAEncryption", "RSA with SHA-256"),
    ("sha384WithRSAEncryption", "RSA with SHA-384"),
    ("md5WithRSAEncryption", "RSA with MD5"),
    ("ecdsa-with-SHA1", "ECDSA with SHA-1"),
    ("ecdsa-with-SHA256", "ECDSA with SHA-256"),
    ("ecdsa-with-SHA512", "ECDSA with SHA-512"),
    ("ED448", "Ed448"),
    ("rsassaPss sha256", "RSA-PSS with SHA-256"),
    ("rsassaPss sha512", "RSA-PSS with SHA-512"),
];

#[test]
fn every_fact_is_as_openssl_says_it() {
    for (name, _, said) in KEPT {
        let facts = kept_facts(name);
        let value =
            |key: &str| said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or("");
        let time = |key| value(key).replace(' ', "T").parse().unwrap();
        assert_eq!(facts.subject, value("subject"), "{name}");
        assert_eq!(facts.issuer, value("issuer"), "{name}");
        assert_eq!(facts.not_before, Some(time("notBefore")), "{name}");
        assert_eq!(facts.not_after, Some(time("notAfter")), "{name}");
        assert_eq!(hex(&facts.sha256), value("sha256 Fingerprint").replace(':', "").to_lowercase(), "{name}");
        assert_eq!(hex(&facts.spki_sha256.unwrap()), value("spki").split(' ').next().unwrap(), "{name}");
        let bits = format!("({} bit)", facts.key.as_ref().unwrap().bits.unwrap());
        assert!(value("Public-Key") == bits || name == "ed448", "{name}: {bits}");
        let algorithm = format!("{} {}", value("Signature Algorithm").trim(), value("Hash Algorithm"));
        let ours = ALGORITHMS.iter().find(|(theirs, _)| *theirs == algorithm.trim()).map(|(_, ours)| *ours);
        assert_eq!(facts.signature.as_ref().map(ToString::to_string).as_deref(), ours, "{name}: {algorithm}");
        assert!(facts.self_signed, "{name}");
    }
}

#[test]
fn every_host_matches_as_openssl_says() {
    let mut seen = 0;
    for (name, _, said) in KEPT {
        let facts = kept_facts(name);
        for line in said.lines().filter(|line| line.ends_with(" match certificate")) {
            let host = line.split(' ').nth(1).unwrap();
            assert_eq!(
                matches_host(&facts, host, Rules::OpenSsl),
                line.contains(" does match "),
                "{name}: {line}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, KEPT.len() * 13);
}

#[test]
fn keys_and_uses_are_told_in_words() {
    for (name, key, weak) in [
        ("rsa-1024", "RSA 1024 bits", true),
        ("rsa-2048", "RSA 2048 bits", false),
        ("rsa-pss-key", "RSA-PSS 2048 bits", false),
        ("p521", "ECDSA P-521", false),
        ("sha1", "ECDSA P-256", false),
        ("ed448", "Ed448", false),
    ] {
        let found = kept_facts(name).key.unwrap();
        assert_eq!((found.to_string().as_str(), found.is_weak()), (key, weak), "{name}");
    }
    assert_eq!(kept_facts("clients").purposes, Some(vec![Purpose::Clients, Purpose::Email]));
    assert!(!kept_facts("any-purpose").allows_servers());
    assert!(kept_facts("sha1").allows_servers());
    let authority = kept_facts("rsa-2048");
    assert_eq!(authority.is_ca, Some(true));
    assert_eq!(authority.key_uses, Some(vec![KeyUse::CertificateSigning, KeyUse::CrlSigning]));
}

#[test]
fn names_are_listed_in_order_and_the_common_name_only_without_alternatives() {
    let names = |name| kept_facts(name).names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        names("many-names"),
        [
            "mail.test",
            "*.mail.test",
            "192.0.2.7",
            "2001:db8::7",
            "xn--bcher-kva.test",
            "*.test",
            "*.*.wild.test"
        ]
    );
    assert_eq!(names("common-name"), ["mail.test"]);
    assert_eq!(names("address-only"), ["192.0.2.7"]);
    assert_eq!(names("latin1-name"), ["büro.test"]);
}

#[test]
fn the_public_key_is_hashed_as_it_stands() {
    for (name, ..) in KEPT.iter().filter(|(name, ..)| *name != "long-serial") {
        let der = kept(name).1;
        let parsed = Certificate::from_der(&der).unwrap().tbs_certificate.subject_public_key_info;
        let expected: [u8; 32] = Sha256::digest(parsed.to_der().unwrap()).into();
        assert_eq!(CertificateFacts::from_der(&der).spki_sha256, Some(expected), "{name}");
    }
    // which has a serial number longer than RFC 5280 allows, and OpenSSL does not mind
    assert!(Certificate::from_der(&kept("long-serial").1).is_err());
}

#[test]
fn what_is_no_certificate_has_a_hash_and_nothing_else() {
    let whole = kept("sha1").1;
    let two = [whole.as_slice(), &whole].concat();
    for bytes in [&b""[..], b"garbage", &[0x30, 0], &whole[..whole.len() - 1], &two] {
        let facts = CertificateFacts::from_der(bytes);
        assert_eq!(facts, CertificateFacts::unreadable(bytes));
        assert_eq!(hex(&facts.sha256), format!("{:x}", Sha256::digest(bytes)));
        assert!(!facts.is_readable());
    }
}

#[test]
fn the_end_is_near_only_when_it_is() {
    let facts = self_signed(&params("mail.test", &["mail.test"]));
    let end = facts.not_after.unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(facts.ends_within(14 * day, now()), None);
    assert!(facts.ends_within(14 * day, end - 13 * day).is_some());
    assert!(facts.ends_within(14 * day, end + day).unwrap().is_negative());
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(
        which in 0..KEPT.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut der = kept(KEPT[which].0).1;
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        if let Some(cut) = cut {
            der.truncate(cut.index(der.len()));
        }
        let chain = [CertificateFacts::from_der(&der), kept_facts("rsa-2048")];
        presented_root(&chain);
        for fault in faults(&chain, "mail.test", now(), true) {
            prop_assert!(!fault.to_string().chars().any(crate::text::is_active));
        }
        let _ = super::anchors(&der, now());
        let _ = super::anchors(pem::encode(&pem::Pem::new("CERTIFICATE", der)).as_bytes(), now());
    }
}
