//! What may stand in a CA file: self-signed certificates in PEM (RFC 7468), one or several.
//!
//! A file that is not quite right is refused with a clear word. The TLS library would take the
//! first certificate, or none, or an intermediate, and fail later with an error about the server.

use std::fmt;

use jiff::Timestamp;
use pem::PemError;

use super::CertificateFacts;
use super::faults::{past, quoted};
use crate::text;

/// The labels of certificates (RFC 7468, section 5; the second is an old one of OpenSSL).
const LABELS: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];

const BEGIN: &[u8] = b"-----BEGIN ";

/// Why a CA file cannot be used. `Display` goes on from the name of the file: "… is empty".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnchorFault {
    /// There is nothing in it.
    Empty,
    /// There is no PEM in it.
    Garbage,
    /// It is one certificate in DER.
    Der,
    /// It is PEM that cannot be read.
    Broken { why: String },
    /// There is a private key in it.
    Key { position: usize },
    /// There is something else in it.
    Other { position: usize, label: String },
    /// What is called a certificate is none.
    Unreadable { position: usize },
    /// A certificate was issued by another one.
    NotSelfSigned { position: usize, subject: String, issuer: String },
    /// A certificate has ended.
    Expired { position: usize, subject: String, ended: Timestamp, now: Timestamp },
}

/// Reads the certificates of a CA file, in DER and in order.
pub(crate) fn anchors(pem: &[u8], now: Timestamp) -> Result<Vec<Vec<u8>>, AnchorFault> {
    if pem.trim_ascii().is_empty() {
        return Err(AnchorFault::Empty);
    }
    let begun = pem.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
    if begun == 0 {
        let is_der = CertificateFacts::from_der(pem).is_readable();
        return Err(if is_der { AnchorFault::Der } else { AnchorFault::Garbage });
    }
    let blocks = pem::parse_many(pem).map_err(|error| AnchorFault::Broken { why: broken(&error) })?;
    // the reader stops silently at a block that has no end
    if blocks.len() != begun {
        return Err(AnchorFault::Broken { why: "a block has no end".to_owned() });
    }
    blocks.into_iter().zip(1..).map(|(block, position)| anchor(block, position, now)).collect()
}

/// Checks one block of a CA file.
fn anchor(block: pem::Pem, position: usize, now: Timestamp) -> Result<Vec<u8>, AnchorFault> {
    if block.tag().ends_with("PRIVATE KEY") {
        return Err(AnchorFault::Key { position });
    }
    if !LABELS.contains(&block.tag()) {
        return Err(AnchorFault::Other { position, label: block.tag().to_owned() });
    }
    let facts = CertificateFacts::from_der(block.contents());
    if !facts.is_readable() {
        return Err(AnchorFault::Unreadable { position });
    }
    if !facts.self_signed {
        let CertificateFacts { subject, issuer, .. } = facts;
        return Err(AnchorFault::NotSelfSigned { position, subject, issuer });
    }
    match facts.not_after {
        Some(ended) if ended < now => {
            Err(AnchorFault::Expired { position, subject: facts.subject, ended, now })
        }
        _ => Ok(block.into_contents()),
    }
}

/// Says what is wrong with PEM, and nothing of what stands in it: it may be a key.
fn broken(error: &PemError) -> String {
    match error {
        PemError::MismatchedTags(..) => "a block ends as something else than it began",
        PemError::MalformedFraming => "a block has no end",
        PemError::MissingBeginTag | PemError::MissingEndTag => "a block has no label",
        PemError::InvalidHeader(_) => "a block has a line that is neither a header nor base64",
        PemError::MissingData => "a block is empty",
        PemError::InvalidData(_) => "a block holds what is not base64",
        PemError::NotUtf8(_) => "a block holds what is not text",
    }
    .to_owned()
}

impl AnchorFault {
    /// Returns the one word that stands for this kind of fault.
    #[cfg(test)]
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Garbage => "garbage",
            Self::Der => "der",
            Self::Broken { .. } => "broken",
            Self::Key { .. } => "key",
            Self::Other { .. } => "other",
            Self::Unreadable { .. } => "unreadable",
            Self::NotSelfSigned { .. } => "not-self-signed",
            Self::Expired { .. } => "expired",
        }
    }

    /// Returns what to do about it, for the file at `path`.
    pub(crate) fn hint(&self, path: &str) -> String {
        match self {
            Self::Der => format!(
                "convert it: openssl x509 -inform der -in {} -out {}",
                text::shell_word(path),
                text::shell_word(&format!("{path}.pem"))
            ),
            Self::Key { .. } => "keep private keys where they are needed, on the server: a CA file holds \
                                 certificates only, and is for everybody to read"
                .to_owned(),
            Self::NotSelfSigned { issuer, .. } => {
                format!(
                    "put the self-signed certificate at the top of that chain in its place, from {} up",
                    quoted(issuer)
                )
            }
            Self::Expired { .. } => {
                "remove it, or put the new certificate of that authority in its place".to_owned()
            }
            Self::Empty
            | Self::Garbage
            | Self::Broken { .. }
            | Self::Other { .. }
            | Self::Unreadable { .. } => {
                "name a PEM file that holds the authority's certificate (\"-----BEGIN CERTIFICATE-----\")"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for AnchorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Garbage => f.write_str("holds no certificate in PEM"),
            Self::Der => f.write_str("holds a certificate in DER, and PEM is wanted"),
            Self::Broken { why } => write!(f, "is damaged PEM: {why}"),
            Self::Key { position } => {
                write!(f, "holds a private key (block {position}), which does not belong there")
            }
            Self::Other { position, label } => write!(
                f,
                "holds something else than certificates (block {position}: \"{}\")",
                text::shorten(&text::one_line(label), 60)
            ),
            Self::Unreadable { position } => {
                write!(f, "holds a certificate ({position}) that cannot be read")
            }
            Self::NotSelfSigned { position, subject, issuer } => write!(
                f,
                "holds a certificate ({position}, {}) that is no anchor: an anchor must be self-signed; this is \
                 one issued by {}",
                quoted(subject),
                quoted(issuer)
            ),
            Self::Expired { position, subject, ended, now } => write!(
                f,
                "holds a certificate ({position}, {}) that ended on {}",
                quoted(subject),
                past(*ended, *now)
            ),
        }
    }
}
