//! What a server's certificate says of itself (RFC 5280), as far as results show it.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The facts of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFacts {
    /// The SHA-256 of the certificate in DER, in lower-case hex.
    pub(crate) sha256: String,
    /// When it ends; `None` when that cannot be read.
    pub(crate) not_after: Option<Timestamp>,
}

impl CertificateFacts {
    /// Reads a certificate in DER.
    ///
    /// The hash is always there: it needs no parsing. One that cannot be parsed has already been
    /// judged by the TLS library, so that is no error here.
    pub(crate) fn from_der(der: &[u8]) -> Self {
        let not_after = Certificate::from_der(der)
            .ok()
            .map(|certificate| certificate.tbs_certificate.validity.not_after.to_unix_duration())
            .and_then(|since_1970| Timestamp::from_second(i64::try_from(since_1970.as_secs()).ok()?).ok());
        Self { sha256: hex(&Sha256::digest(der)), not_after }
    }

    /// Tells how long it still lasts, when that is under `soon`.
    pub(crate) fn ends_within(&self, soon: Duration, now: Timestamp) -> Option<jiff::SignedDuration> {
        let left = self.not_after?.duration_since(now);
        (left < jiff::SignedDuration::try_from(soon).ok()?).then_some(left)
    }
}

/// Writes bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // writing to a String cannot fail
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
