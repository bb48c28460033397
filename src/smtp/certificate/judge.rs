//! What is wrong with a chain: every fault at once.
//!
//! A TLS library stops at its first fault and hides the others (facts/smtp-and-tls.md, section 3),
//! so that people repair one after the other. This says them all, from what the certificates say
//! and the one thing that only the library knows: whether it knew an issuer.

use jiff::Timestamp;

use super::chain::{path, presented_root};
use super::names::address;
use super::{CertificateFacts, Fault, KeyUse, Rules, matches_host};

/// How many days macOS lets a server's certificate last, even under an authority of one's own.
const APPLE_DAYS: i64 = 825;

/// Finds everything that is wrong with the chain a server presented, its own certificate first.
///
/// `issuer_unknown` is what the TLS library found. Without it, a self-signed certificate or any
/// root is taken for known.
pub(crate) fn faults(
    chain: &[CertificateFacts],
    host: &str,
    now: Timestamp,
    issuer_unknown: bool,
) -> Vec<Fault> {
    faults_under(Rules::HERE, chain, host, now, issuer_unknown)
}

/// Does what [`faults`] does, under the rules of either library.
pub(super) fn faults_under(
    rules: Rules,
    chain: &[CertificateFacts],
    host: &str,
    now: Timestamp,
    issuer_unknown: bool,
) -> Vec<Fault> {
    let path = path(chain);
    let Some((leaf, issuers)) = path.split_first() else { return vec![Fault::Missing] };
    if !leaf.is_readable() {
        return vec![Fault::Unreadable];
    }
    let mut faults = Vec::new();
    if issuer_unknown {
        faults.push(unknown(chain, leaf, path.last().unwrap_or(leaf)));
    }
    of_the_name(leaf, host, rules, &mut faults);
    of_the_dates(leaf, now, rules, &mut faults);
    of_the_use(leaf, rules, &mut faults);
    of_the_strength(leaf, &mut faults);
    for issuer in issuers {
        of_an_issuer(issuer, now, &mut faults);
    }
    faults
}

/// Tells in which way an issuer is unknown.
fn unknown(chain: &[CertificateFacts], leaf: &CertificateFacts, last: &CertificateFacts) -> Fault {
    match presented_root(chain) {
        _ if leaf.self_signed => Fault::SelfSigned,
        Some(root) => Fault::UnknownRoot { root: root.subject.clone() },
        None => Fault::RootNotSent { issuer: last.issuer.clone() },
    }
}

fn of_the_name(leaf: &CertificateFacts, host: &str, rules: Rules, faults: &mut Vec<Fault>) {
    // with the common name, whatever the rules: that has a fault of its own
    if !matches_host(leaf, host, Rules::OpenSsl) {
        faults.push(Fault::Name { names: leaf.names.clone(), host: host.to_owned() });
    }
    let has_dns = leaf.names.iter().any(|name| matches!(name, super::SubjectName::Dns(_)));
    if let (Rules::Apple, false, None, Some(name)) =
        (rules, has_dns, address(host), leaf.common_names.first())
    {
        faults.push(Fault::CommonNameOnly { name: name.clone() });
    }
}

fn of_the_dates(leaf: &CertificateFacts, now: Timestamp, rules: Rules, faults: &mut Vec<Fault>) {
    if let Some(begins) = leaf.not_before.filter(|begins| now < *begins) {
        faults.push(Fault::NotYetValid { begins, now });
    }
    if let Some(ended) = leaf.not_after.filter(|_| leaf.has_ended(now)) {
        faults.push(Fault::Expired { ended, now });
    }
    if let (Rules::Apple, Some(begins), end) = (rules, leaf.not_before, leaf.not_after) {
        // a certificate without an end is one until the end of time
        let days = end.unwrap_or(Timestamp::MAX).duration_since(begins).as_hours() / 24;
        if days > APPLE_DAYS {
            faults.push(Fault::TooLong { days, most: APPLE_DAYS });
        }
    }
}

fn of_the_use(leaf: &CertificateFacts, rules: Rules, faults: &mut Vec<Fault>) {
    match &leaf.purposes {
        Some(purposes) if !leaf.allows_servers() => {
            faults.push(Fault::Purpose { purposes: purposes.clone() });
        }
        None if rules == Rules::Apple => faults.push(Fault::PurposeNotSaid),
        _ => {}
    }
    if let Some(uses) = &leaf.key_uses
        && !uses.iter().any(|key_use| key_use.serves_tls())
    {
        faults.push(Fault::KeyUse { uses: uses.clone() });
    }
}

fn of_the_strength(leaf: &CertificateFacts, faults: &mut Vec<Fault>) {
    if let Some(key) = leaf.key.as_ref().filter(|key| key.is_weak()) {
        faults.push(Fault::WeakKey { key: key.clone() });
    }
    if let Some(hash) = weak_hash(leaf) {
        faults.push(Fault::WeakSignature { hash });
    }
}

fn of_an_issuer(facts: &CertificateFacts, now: Timestamp, faults: &mut Vec<Fault>) {
    let issuer = || facts.subject.clone();
    if let Some(begins) = facts.not_before.filter(|begins| now < *begins) {
        faults.push(Fault::IssuerNotYetValid { issuer: issuer(), begins, now });
    }
    if let Some(ended) = facts.not_after.filter(|_| facts.has_ended(now)) {
        faults.push(Fault::IssuerExpired { issuer: issuer(), ended, now });
    }
    if !may_issue(facts) {
        faults.push(Fault::IssuerNotCa { issuer: issuer() });
    }
    if let Some(purposes) = facts.purposes.as_ref().filter(|_| !facts.allows_servers()) {
        faults.push(Fault::IssuerPurpose { issuer: issuer(), purposes: purposes.clone() });
    }
    if let Some(key) = facts.key.as_ref().filter(|key| key.is_weak()) {
        faults.push(Fault::IssuerWeakKey { issuer: issuer(), key: key.clone() });
    }
    if let Some(hash) = weak_hash(facts) {
        faults.push(Fault::IssuerWeakSignature { issuer: issuer(), hash });
    }
}

/// Returns the broken hash of a signature that counts: that of a root on itself proves nothing.
fn weak_hash(facts: &CertificateFacts) -> Option<&'static str> {
    facts.signature.as_ref().filter(|_| !facts.self_signed)?.weak_hash()
}

/// Tells whether a certificate may issue others, as OpenSSL has it (RFC 5280, section 6.1.4): a
/// root without basic constraints may, because there was a time before them.
fn may_issue(facts: &CertificateFacts) -> bool {
    match (facts.is_ca, &facts.key_uses) {
        (Some(false), _) => false,
        (_, Some(uses)) => uses.contains(&KeyUse::CertificateSigning),
        (Some(true), None) => true,
        (None, None) => facts.self_signed,
    }
}
