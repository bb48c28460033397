//! Why a certificate was not accepted, in words.

use std::fmt;

use crate::smtp::certificate::{CertificateFacts, Fault};
use crate::smtp::error::shown;
use crate::text;
use crate::text::hex;

/// Why a certificate is not accepted, and what it is.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The TLS library's own words, or the pins'.
    pub(crate) reason: String,
    /// Everything that is wrong with it, once it has been looked at.
    pub(crate) faults: Vec<Fault>,
    /// The server's own certificate.
    pub(crate) leaf: Option<CertificateFacts>,
    /// The self-signed root that the server sent with it.
    pub(crate) root: Option<CertificateFacts>,
    /// Whether all this was read on another connection than the refused one. Somebody in between
    /// could show another certificate there.
    pub(crate) second_look: bool,
}

impl Refusal {
    /// A refusal of which nothing but the reason is known.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), faults: Vec::new(), leaf: None, root: None, second_look: false }
    }
}

impl fmt::Display for Refusal {
    /// Writes the reason, then each fault and what the certificate is on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.second_look {
            f.write_str("\n  On a second connection, made to look at it:")?;
        }
        for fault in &self.faults {
            write!(f, "\n  - {fault}")?;
        }
        let Some(leaf) = &self.leaf else { return Ok(()) };
        let names = if leaf.names.is_empty() {
            "nobody".to_owned()
        } else {
            leaf.names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let names = text::one_line(&names).into_owned();
        write!(f, "\n  it is for {}, issued by \"{}\"", text::shorten(&names, 200), shown(&leaf.issuer))?;
        if let Some(end) = leaf.not_after {
            write!(f, ", good until {}", end.strftime("%-d %b %Y"))?;
        }
        write!(f, "\n  its SHA-256: {}", hex(&leaf.sha256))
    }
}
