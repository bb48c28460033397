//! CA files as people have them.

use rcgen::{KeyPair, date_time_ymd};

use super::anchors::{AnchorFault, anchors};
use super::testing::{ca_params, facts, intermediate, kept, now, root};

fn refused(pem: &[u8]) -> (&'static str, String) {
    let fault = anchors(pem, now()).unwrap_err();
    (fault.word(), format!("it {fault}"))
}

#[test]
fn several_certificates_are_all_taken_with_text_around_them() {
    let (one, two) = (root(ca_params("One")), root(ca_params("Two")));
    let file = format!("# ours\r\n{}\nTwo:\n{}\n{}", one.pem(), two.pem(), kept("common-name").0);
    let expected = vec![one.der().to_vec(), two.der().to_vec(), kept("common-name").1];
    assert_eq!(anchors(file.as_bytes(), now()), Ok(expected.clone()));
    let windows = file.replace("\r\n", "\n").replace('\n', "\r\n");
    assert_eq!(anchors(windows.as_bytes(), now()), Ok(expected));
}

#[test]
fn what_is_no_anchor_is_refused_and_named() {
    let ca = root(ca_params("Own Root"));
    let mut ended = ca_params("Old Root");
    ended.not_after = date_time_ymd(2027, 1, 3);
    let with_root = |pem: &str| format!("{}{pem}", ca.pem());
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (file, word, said) in [
        (String::new(), "empty", "it is empty"),
        (" \r\n\n".to_owned(), "empty", "it is empty"),
        ("hello".to_owned(), "garbage", "it holds no certificate in PEM"),
        (key.clone(), "key", "it holds a private key (block 1), which does not belong there"),
        (with_root(&key), "key", "it holds a private key (block 2), which does not belong there"),
        (
            key.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            "key",
            "it holds a private key (block 1), which does not belong there",
        ),
        (
            with_root(&ca.pem().replace("CERTIFICATE", "X509 CRL")),
            "other",
            "it holds something else than certificates (block 2: \"X509 CRL\")",
        ),
        (
            with_root(intermediate(ca_params("Middle"), &ca).pem().as_str()),
            "not-self-signed",
            "it holds a certificate (2, \"CN=Middle\") that is no anchor: an anchor must be self-signed; this is one \
             issued by \"CN=Own Root\"",
        ),
        (
            with_root(&root(ended).pem()),
            "expired",
            "it holds a certificate (2, \"CN=Old Root\") that ended on 3 Jan 2027, 12 days ago",
        ),
        (
            with_root("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "unreadable",
            "it holds a certificate (2) that cannot be read",
        ),
        (with_root("-----BEGIN CERTIFICATE-----\nAAAA\n"), "broken", "it is damaged PEM: a block has no end"),
        (
            with_root("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"),
            "broken",
            "it is damaged PEM: a block holds what is not base64",
        ),
        (
            with_root("-----BEGIN CERTIFICATE-----\nAAAA\n-----END X-----\n"),
            "broken",
            "it is damaged PEM: a block ends as something else than it began",
        ),
    ] {
        assert_eq!(refused(file.as_bytes()), (word, said.to_owned()), "{file}");
    }
}

#[test]
fn der_gets_the_command_that_makes_pem_of_it() {
    let fault = anchors(&facts(&root(ca_params("Own Root"))).der, now()).unwrap_err();
    assert_eq!(fault, AnchorFault::Der);
    assert_eq!(fault.to_string(), "holds a certificate in DER, and PEM is wanted");
    assert_eq!(
        fault.hint("/my ca.der"),
        "convert it: openssl x509 -inform der -in '/my ca.der' -out '/my ca.der.pem'"
    );
}

#[test]
fn a_damaged_file_shows_nothing_of_a_key() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let line = key.lines().nth(1).unwrap();
    let damaged = key.replacen(line, &format!("####{line}"), 1);
    assert!(!format!("{:?}", anchors(damaged.as_bytes(), now())).contains(line));
}
