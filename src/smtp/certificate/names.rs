//! Whether a certificate is for a host (RFC 9525, section 6; RFC 6125).
//!
//! It follows `X509_check_host` and `X509_check_ip` of OpenSSL as native-tls calls them, without
//! wildcards for a part of a label.

use std::fmt;
use std::net::IpAddr;

use super::CertificateFacts;

/// A name of a server in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubjectName {
    /// A DNS name, with or without a wildcard.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
    /// A common name, where names stood before there were alternative names.
    Common(String),
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Common(name) => f.write_str(name),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

/// Whose rules count where TLS libraries differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Takes the common name when there is no DNS name.
    OpenSsl,
    /// Wants alternative names, the purpose spelled out, and no more than 825 days.
    Apple,
}

impl Rules {
    /// The rules of the TLS library on this computer.
    pub(crate) const HERE: Self = if cfg!(target_vendor = "apple") { Self::Apple } else { Self::OpenSsl };
}

/// Tells whether a certificate is for a host: a DNS name in ASCII, or an IP address.
///
/// An address matches addresses only, never a name that looks like one. One dot at the end of the
/// host is left out: it makes the name absolute and stands in no certificate (RFC 5280, section
/// 4.2.1.6).
pub(crate) fn matches_host(facts: &CertificateFacts, host: &str, rules: Rules) -> bool {
    if let Some(ip) = address(host) {
        return facts.names.contains(&SubjectName::Ip(ip));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let has_dns = facts.names.iter().any(|name| matches!(name, SubjectName::Dns(_)));
    if has_dns || rules == Rules::Apple {
        facts
            .names
            .iter()
            .any(|name| matches!(name, SubjectName::Dns(pattern) if matches_name(pattern, host)))
    } else {
        facts.common_names.iter().any(|pattern| matches_name(pattern, host))
    }
}

/// Reads a host as an IP address, in brackets or without.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Compares one name with a host, case aside.
fn matches_name(pattern: &str, host: &str) -> bool {
    if host.is_empty() {
        return false;
    }
    let Some(domain) = pattern.strip_prefix("*.").filter(|domain| may_follow_wildcard(domain)) else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let Some((label, rest)) = host.split_once('.') else { return false };
    !label.is_empty()
        && (label == "*" || label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        && rest.eq_ignore_ascii_case(domain)
}

/// Tells whether a wildcard may stand before a domain: two labels at least, none of them odd, so
/// that `*.com` and `*.*.test` stand for nothing but themselves.
fn may_follow_wildcard(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{Rules, SubjectName, address, matches_host, matches_name};
    use crate::smtp::certificate::CertificateFacts;

    fn facts(names: Vec<SubjectName>, common_names: &[&str]) -> CertificateFacts {
        let mut facts = CertificateFacts::unreadable(b"");
        facts.names = names;
        facts.common_names = common_names.iter().map(|&name| name.to_owned()).collect();
        facts
    }

    #[test]
    fn a_name_matches_case_aside_and_a_wildcard_is_one_whole_leftmost_label() {
        for (pattern, host, expected) in [
            ("mail.test", "mail.test", true),
            ("MAIL.Test", "mail.tEST", true),
            ("mail.test", "amail.test", false),
            ("mail.test", "mail.test.evil.test", false),
            ("mail.test\0.evil.test", "mail.test", false),
            ("", "", false),
            ("localhost", "localhost", true),
            ("*.mail.test", "a.mail.test", true),
            ("*.MAIL.test", "A.mail.TEST", true),
            ("*.mail.test", "xn--bcher-kva.mail.test", true),
            ("*.xn--bcher-kva.test", "mail.xn--bcher-kva.test", true),
            ("xn--bcher-kva.test", "XN--BCHER-KVA.test", true),
            ("*.mail.test", "a.b.mail.test", false),
            ("*.mail.test", "mail.test", false),
            ("*.mail.test", ".mail.test", false),
            ("*.mail.test", "a_b.mail.test", false),
            ("*.mail.test", "*.mail.test", true),
            ("*.test", "mail.test", false),
            ("*", "localhost", false),
            ("*.", "a.", false),
            ("*.*.test", "a.b.test", false),
            ("a.*.test", "a.b.test", false),
            ("m*.mail.test", "ma.mail.test", false),
            ("*m.mail.test", "am.mail.test", false),
            ("*.-mail.test", "a.-mail.test", false),
            ("*.mail-.test", "a.mail-.test", false),
            ("*.mail..test", "a.mail..test", false),
        ] {
            assert_eq!(matches_name(pattern, host), expected, "{pattern} for {host}");
        }
    }

    #[test]
    fn a_dot_at_the_end_of_the_host_changes_nothing() {
        let facts = facts(vec![SubjectName::Dns("mail.test".into())], &[]);
        assert!(matches_host(&facts, "mail.test.", Rules::OpenSsl));
        assert!(!matches_host(&facts, "mail.test..", Rules::OpenSsl));
        assert!(!matches_host(&facts, ".", Rules::OpenSsl));
    }

    #[test]
    fn an_address_matches_addresses_only() {
        let ips = |list: &[&str]| list.iter().map(|ip| SubjectName::Ip(ip.parse().unwrap())).collect();
        let by_ip = facts(ips(&["192.0.2.7", "2001:db8::7"]), &[]);
        for host in ["192.0.2.7", "2001:db8::7", "2001:DB8:0:0::7", "[2001:db8::7]"] {
            assert!(matches_host(&by_ip, host, Rules::OpenSsl), "{host}");
        }
        for host in ["192.0.2.8", "::ffff:192.0.2.7", "2001:db8::8", "mail.test"] {
            assert!(!matches_host(&by_ip, host, Rules::OpenSsl), "{host}");
        }
        let by_name = facts(vec![SubjectName::Dns("192.0.2.7".into())], &["192.0.2.7"]);
        assert!(!matches_host(&by_name, "192.0.2.7", Rules::OpenSsl));
        let common = facts(vec![SubjectName::Common("192.0.2.7".into())], &["192.0.2.7"]);
        assert!(!matches_host(&common, "192.0.2.7", Rules::OpenSsl));
        assert_eq!(address("mail.test"), None);
    }

    #[test]
    fn the_common_name_counts_without_a_dns_name_and_not_for_apple() {
        let old = facts(vec![SubjectName::Common("mail.test".into())], &["mail.test"]);
        assert!(matches_host(&old, "mail.test", Rules::OpenSsl));
        assert!(!matches_host(&old, "mail.test", Rules::Apple));
        let by_ip = facts(vec![SubjectName::Ip("192.0.2.7".parse().unwrap())], &["mail.test"]);
        assert!(matches_host(&by_ip, "mail.test", Rules::OpenSsl));
        let other = facts(vec![SubjectName::Dns("other.test".into())], &["mail.test"]);
        assert!(!matches_host(&other, "mail.test", Rules::OpenSsl));
    }
}
