//! Every kind of fault, alone and together, in one table.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose as Eku, IsCa, KeyUsagePurpose, date_time_ymd};

use super::testing::{ca_params, facts, intermediate, kept_facts, leaf, now, params, root, self_signed};
use super::{CertificateFacts, Fault, Rules, faults, judge::faults_under, presented_root};

const KNOWN: bool = false;
const UNKNOWN: bool = true;

fn words(chain: &[CertificateFacts], host: &str, unknown: bool) -> Vec<&'static str> {
    faults_under(Rules::OpenSsl, chain, host, now(), unknown).iter().map(Fault::word).collect()
}

fn said(chain: &[CertificateFacts], host: &str, unknown: bool) -> Vec<String> {
    faults_under(Rules::OpenSsl, chain, host, now(), unknown).iter().map(ToString::to_string).collect()
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn mail() -> CertificateParams {
    params("mail.test", &["mail.test"])
}

/// What it is called, what was sent, whether the issuer is known, and each fault expected.
type Row<'a> = (&'a str, Vec<CertificateFacts>, bool, &'a [(&'a str, &'a str)]);

#[test]
fn each_fault_has_its_word_and_says_the_facts() {
    let ca = root(ca_params("Own Root"));
    let of = |params: CertificateParams| vec![leaf(&params, &ca), facts(&ca)];
    let client = with(mail(), |p| p.extended_key_usages = vec![Eku::ClientAuth]);
    let both = with(mail(), |p| p.extended_key_usages = vec![Eku::ClientAuth, Eku::EmailProtection]);
    let table: [Row; 14] = [
        ("good", of(mail()), KNOWN, &[]),
        (
            "root sent",
            of(mail()),
            UNKNOWN,
            &[("unknown-root", "it goes back to \"CN=Own Root\", which is not trusted here")],
        ),
        (
            "root not sent",
            vec![leaf(&mail(), &ca)],
            UNKNOWN,
            &[(
                "root-not-sent",
                "its issuer \"CN=Own Root\" is not trusted here and the server did not send its root",
            )],
        ),
        (
            "self-signed",
            vec![self_signed(&mail())],
            UNKNOWN,
            &[("self-signed", "it is signed by itself and is not trusted here")],
        ),
        (
            "wrong host",
            of(params("x", &["other.test"])),
            KNOWN,
            &[("name", "it is for other.test, not for mail.test")],
        ),
        (
            "six hosts",
            of(params("x", &["a.test", "b.test", "c.test", "d.test", "e.test", "f.test"])),
            KNOWN,
            &[("name", "it is for a.test, b.test, c.test, d.test and 2 more, not for mail.test")],
        ),
        (
            "expired",
            of(with(mail(), |p| p.not_after = date_time_ymd(2027, 1, 3))),
            KNOWN,
            &[("expired", "it ended on 3 Jan 2027, 12 days ago")],
        ),
        (
            "not yet valid",
            of(with(mail(), |p| p.not_before = date_time_ymd(2027, 1, 16))),
            KNOWN,
            &[("not-yet-valid", "it begins on 16 Jan 2027, in 12 hours")],
        ),
        ("clients", of(client), KNOWN, &[("purpose", "it may be used by clients only")]),
        (
            "clients and mail",
            of(both),
            KNOWN,
            &[("purpose", "it may be used by clients and for e-mail only")],
        ),
        (
            "a root as a server",
            of(with(mail(), |p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign])),
            KNOWN,
            &[("key-use", "its key may be used for signing certificates only, not for TLS")],
        ),
        ("RSA 1024", vec![kept_facts("rsa-1024")], KNOWN, &[("weak-key", "its key is weak (RSA 1024 bits)")]),
        ("nothing sent", vec![], UNKNOWN, &[("missing", "the server sent none")]),
        (
            "garbage",
            vec![CertificateFacts::from_der(b"garbage")],
            UNKNOWN,
            &[("unreadable", "it cannot be read")],
        ),
    ];
    for (name, chain, unknown, expected) in table {
        let expected_words: Vec<_> = expected.iter().map(|(word, _)| *word).collect();
        let expected_text: Vec<_> = expected.iter().map(|(_, text)| *text).collect();
        assert_eq!(words(&chain, "mail.test", unknown), expected_words, "{name}");
        assert_eq!(said(&chain, "mail.test", unknown), expected_text, "{name}");
    }
}

#[test]
fn every_fault_is_said_at_once() {
    let ca = root(with(ca_params("Old Root"), |p| p.not_after = date_time_ymd(2027, 1, 15)));
    let bad = with(params("x", &["other.test"]), |p| {
        p.not_after = date_time_ymd(2027, 1, 1);
        p.extended_key_usages = vec![Eku::ClientAuth];
    });
    let chain = [leaf(&bad, &ca), facts(&ca)];
    assert_eq!(
        words(&chain, "mail.test", UNKNOWN),
        ["unknown-root", "name", "expired", "purpose", "issuer-expired"]
    );
    assert_eq!(
        said(&chain, "mail.test", UNKNOWN).last().unwrap(),
        "the certificate of its issuer \"CN=Old Root\" ended on 15 Jan 2027, 12 hours ago"
    );
}

#[test]
fn issuers_have_faults_of_their_own() {
    let ca = root(ca_params("Own Root"));
    let middle = intermediate(
        with(ca_params("Middle"), |p| {
            p.is_ca = IsCa::ExplicitNoCa;
            p.not_before = date_time_ymd(2027, 2, 1);
            p.extended_key_usages = vec![Eku::ClientAuth];
        }),
        &ca,
    );
    let chain = [leaf(&mail(), &middle), facts(&middle), facts(&ca)];
    assert_eq!(
        words(&chain, "mail.test", UNKNOWN),
        ["unknown-root", "issuer-not-yet-valid", "issuer-not-ca", "issuer-purpose"]
    );

    let mut weak = facts(&middle);
    let (key, signature) = (kept_facts("rsa-1024").key, kept_facts("md5").signature);
    (weak.key, weak.signature, weak.is_ca) = (key, signature, Some(true));
    (weak.not_before, weak.purposes) = (None, None);
    let chain = [leaf(&mail(), &middle), weak, facts(&ca)];
    assert_eq!(
        said(&chain, "mail.test", KNOWN),
        [
            "the key of its issuer \"CN=Middle\" is weak (RSA 1024 bits)",
            "the signature on its issuer \"CN=Middle\" is weak (MD5)"
        ]
    );
}

#[test]
fn the_signature_of_a_root_on_itself_proves_nothing_and_is_not_judged() {
    let mut sha1 = kept_facts("sha1");
    assert!(words(&[sha1.clone()], "mail.test", KNOWN).is_empty());
    sha1.self_signed = false;
    assert_eq!(said(&[sha1], "mail.test", KNOWN), ["its signature is weak (SHA-1)"]);
}

#[test]
fn an_address_is_not_found_among_names() {
    let chain = [kept_facts("common-name")];
    assert_eq!(said(&chain, "192.0.2.7", KNOWN), ["it is for mail.test, not for 192.0.2.7"]);
    let chain = [self_signed(&params("", &[]))];
    assert_eq!(said(&chain, "mail.test", KNOWN), ["it names no server at all, and so not mail.test"]);
}

#[test]
fn apple_wants_more() {
    let apple = |chain: &[CertificateFacts]| {
        faults_under(Rules::Apple, chain, "mail.test", now(), KNOWN)
            .iter()
            .map(Fault::word)
            .collect::<Vec<_>>()
    };
    assert!(apple(&[self_signed(&mail())]).is_empty());
    assert_eq!(apple(&[kept_facts("common-name")]), ["common-name-only", "too-long", "purpose-not-said"]);
    assert!(words(&[kept_facts("common-name")], "mail.test", KNOWN).is_empty());
    assert_eq!(apple(&[kept_facts("address-only")]), ["common-name-only", "too-long", "purpose-not-said"]);
}

#[test]
fn the_root_is_found_by_its_links_wherever_it_stands() {
    let ca = root(ca_params("Own Root"));
    let middle = intermediate(ca_params("Middle"), &ca);
    let server = leaf(&mail(), &middle);
    let (top, between, stranger) = (facts(&ca), facts(&middle), facts(&root(ca_params("Real Root"))));
    let found = |chain: &[&CertificateFacts]| {
        let chain: Vec<_> = chain.iter().map(|&c| c.clone()).collect();
        presented_root(&chain).map(|root| root.sha256)
    };
    assert_eq!(found(&[&server, &between, &top]), Some(top.sha256));
    assert_eq!(found(&[&server, &top, &stranger, &between]), Some(top.sha256));
    assert_eq!(found(&[&server, &between, &stranger]), None);
    assert_eq!(found(&[&server, &top]), None);
    assert_eq!(found(&[]), None);
    let own = self_signed(&mail());
    assert_eq!(found(&[&own, &stranger]), Some(own.sha256));
}

#[test]
fn an_impostor_who_appends_the_real_root_has_no_root() {
    let real = root(ca_params("Real Root"));
    let impostor = root(ca_params("Real Root"));
    let chain = [leaf(&mail(), &impostor), facts(&real)];
    assert!(presented_root(&chain).is_none());
    assert_eq!(words(&chain, "mail.test", UNKNOWN), ["root-not-sent"]);
}

#[test]
fn certificates_that_issue_each_other_end_nowhere() {
    let mut one = facts(&intermediate(ca_params("One"), &root(ca_params("Two"))));
    let mut two = facts(&intermediate(ca_params("Two"), &root(ca_params("One"))));
    (one.authority_key_id, two.authority_key_id) = (None, None);
    let chain = [leaf(&mail(), &root(ca_params("One"))), one, two];
    assert!(presented_root(&chain).is_none());
    let mut linked = chain;
    linked[0].authority_key_id = None;
    assert!(presented_root(&linked).is_none());
}

#[test]
fn text_of_a_certificate_cannot_act() {
    let evil = "\u{1b}[2J\u{202e}evil\r\nX: y";
    let ca = root(ca_params(evil));
    let chain = [leaf(&params(evil, &[]), &ca)];
    for fault in faults(&chain, evil, now(), UNKNOWN) {
        assert!(!fault.to_string().chars().any(crate::text::is_active), "{fault}");
    }
}
