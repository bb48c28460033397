//! All that can be wrong with a certificate, in words for people.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{KeyUse, PublicKey, Purpose, SubjectName};
use crate::text;

/// How many of its names a certificate is described by.
const NAMES_SHOWN: usize = 4;

/// How many characters of one name are shown.
const NAME_MOST: usize = 100;

/// Something that is wrong with the certificate a server presented.
///
/// `Display` says it in a clause about "it", the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server sent no certificate.
    Missing,
    /// It is no certificate that we can read.
    Unreadable,
    /// It is signed by itself.
    SelfSigned,
    /// The chain ends in a root that was sent and is not known here.
    UnknownRoot { root: String },
    /// The chain ends in a certificate whose issuer was not sent and is not known here.
    RootNotSent { issuer: String },
    /// It was not signed by the issuer it names. Only the TLS library can find this.
    Signature { issuer: String },
    /// It is for other hosts.
    Name { names: Vec<SubjectName>, host: String },
    /// It names the host, but only where Apple does not look.
    CommonNameOnly { name: String },
    /// It has ended.
    Expired { ended: Timestamp, now: Timestamp },
    /// It has not begun.
    NotYetValid { begins: Timestamp, now: Timestamp },
    /// It lasts longer than Apple accepts.
    TooLong { days: i64, most: i64 },
    /// It is for something else than servers.
    Purpose { purposes: Vec<Purpose> },
    /// It does not say that it is for servers, as Apple wants.
    PurposeNotSaid,
    /// Its key is for something else than TLS.
    KeyUse { uses: Vec<KeyUse> },
    /// Its key is too short.
    WeakKey { key: PublicKey },
    /// Its signature is made with a broken hash.
    WeakSignature { hash: &'static str },
    /// A certificate above it has ended.
    IssuerExpired { issuer: String, ended: Timestamp, now: Timestamp },
    /// A certificate above it has not begun.
    IssuerNotYetValid { issuer: String, begins: Timestamp, now: Timestamp },
    /// A certificate above it may not issue any.
    IssuerNotCa { issuer: String },
    /// A certificate above it is limited to other purposes.
    IssuerPurpose { issuer: String, purposes: Vec<Purpose> },
    /// The key of a certificate above it is too short.
    IssuerWeakKey { issuer: String, key: PublicKey },
    /// The signature of a certificate above it is made with a broken hash.
    IssuerWeakSignature { issuer: String, hash: &'static str },
}

impl Fault {
    /// Returns the one word that stands for this kind of fault, for tables and programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::SelfSigned => "self-signed",
            Self::UnknownRoot { .. } => "unknown-root",
            Self::RootNotSent { .. } => "root-not-sent",
            Self::Signature { .. } => "signature",
            Self::Name { .. } => "name",
            Self::CommonNameOnly { .. } => "common-name-only",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::TooLong { .. } => "too-long",
            Self::Purpose { .. } => "purpose",
            Self::PurposeNotSaid => "purpose-not-said",
            Self::KeyUse { .. } => "key-use",
            Self::WeakKey { .. } => "weak-key",
            Self::WeakSignature { .. } => "weak-signature",
            Self::IssuerExpired { .. } => "issuer-expired",
            Self::IssuerNotYetValid { .. } => "issuer-not-yet-valid",
            Self::IssuerNotCa { .. } => "issuer-not-ca",
            Self::IssuerPurpose { .. } => "issuer-purpose",
            Self::IssuerWeakKey { .. } => "issuer-weak-key",
            Self::IssuerWeakSignature { .. } => "issuer-weak-signature",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the server sent none"),
            Self::Unreadable => f.write_str("it cannot be read"),
            Self::SelfSigned => f.write_str("it is signed by itself and is not trusted here"),
            Self::UnknownRoot { root } => {
                write!(f, "it goes back to {}, which is not trusted here", quoted(root))
            }
            Self::RootNotSent { issuer } => write!(
                f,
                "its issuer {} is not trusted here and the server did not send its root",
                quoted(issuer)
            ),
            Self::Signature { issuer } => {
                write!(f, "it names {} as its issuer, which did not sign it", quoted(issuer))
            }
            Self::Name { names, host } if names.is_empty() => {
                write!(f, "it names no server at all, and so not {}", shown(host))
            }
            Self::Name { names, host } => write!(f, "it is for {}, not for {}", these(names), shown(host)),
            Self::CommonNameOnly { name } => write!(
                f,
                "it has no name but the old common name {}, where macOS does not look",
                quoted(name)
            ),
            Self::Expired { ended, now } => write!(f, "it ended on {}", past(*ended, *now)),
            Self::NotYetValid { begins, now } => write!(f, "it begins on {}", future(*begins, *now)),
            Self::TooLong { days, most } => {
                write!(f, "it lasts {days} days, and macOS accepts {most} at most")
            }
            Self::Purpose { purposes } if purposes.is_empty() => {
                f.write_str("it may not be used for anything")
            }
            Self::Purpose { purposes } => write!(f, "it may be used {} only", list(purposes)),
            Self::PurposeNotSaid => f.write_str("it does not say that it is for servers, as macOS wants"),
            Self::KeyUse { uses } if uses.is_empty() => f.write_str("its key may not be used for anything"),
            Self::KeyUse { uses } => write!(f, "its key may be used for {} only, not for TLS", list(uses)),
            Self::WeakKey { key } => write!(f, "its key is weak ({key})"),
            Self::WeakSignature { hash } => write!(f, "its signature is weak ({hash})"),
            Self::IssuerExpired { issuer, ended, now } => {
                write!(f, "the certificate of its issuer {} ended on {}", quoted(issuer), past(*ended, *now))
            }
            Self::IssuerNotYetValid { issuer, begins, now } => {
                write!(
                    f,
                    "the certificate of its issuer {} begins on {}",
                    quoted(issuer),
                    future(*begins, *now)
                )
            }
            Self::IssuerNotCa { issuer } => {
                write!(f, "its issuer {} may not issue certificates", quoted(issuer))
            }
            Self::IssuerPurpose { issuer, purposes } => write!(
                f,
                "the certificate of its issuer {} may be used {} only",
                quoted(issuer),
                list(purposes)
            ),
            Self::IssuerWeakKey { issuer, key } => {
                write!(f, "the key of its issuer {} is weak ({key})", quoted(issuer))
            }
            Self::IssuerWeakSignature { issuer, hash } => {
                write!(f, "the signature on its issuer {} is weak ({hash})", quoted(issuer))
            }
        }
    }
}

/// Shows a name on one line, not longer than is readable.
fn shown(name: &str) -> String {
    text::shorten(&text::one_line(name), NAME_MOST).into_owned()
}

/// Shows a distinguished name.
pub(super) fn quoted(name: &str) -> String {
    if name.is_empty() { "without a name".to_owned() } else { format!("\"{}\"", shown(name)) }
}

/// Lists the names of a certificate, the first ones only.
fn these(names: &[SubjectName]) -> String {
    let mut words: Vec<String> =
        names.iter().take(NAMES_SHOWN).map(|name| shown(&name.to_string())).collect();
    if let more @ 1.. = names.len().saturating_sub(NAMES_SHOWN) {
        words.push(format!("{more} more"));
    }
    joined(&words)
}

fn list<T: ToString>(words: &[T]) -> String {
    joined(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Joins words as people do: `a, b and c`.
fn joined(words: &[String]) -> String {
    match words.split_last() {
        Some((last, first @ [_, ..])) => format!("{} and {last}", first.join(", ")),
        Some((only, [])) => only.clone(),
        None => "for nothing".to_owned(),
    }
}

/// Says when something was: `3 Jan 2026, 12 days ago`.
pub(super) fn past(at: Timestamp, now: Timestamp) -> String {
    format!("{}, {} ago", date(at), span(now.duration_since(at)))
}

fn future(at: Timestamp, now: Timestamp) -> String {
    format!("{}, in {}", date(at), span(at.duration_since(now)))
}

/// Writes a day, in UTC as certificates count.
fn date(at: Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// Writes a length of time in whole days, hours or minutes.
fn span(length: SignedDuration) -> String {
    let minutes = length.as_mins().max(0);
    match minutes {
        0 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}
