//! What certificates say of themselves (RFC 5280), and what is wrong with them.
//!
//! Everything here is a pure function over DER: no file, no network, no clock and no list of
//! trusted roots. Nothing here accepts a certificate: that is the business of the TLS library and
//! of `trust`. Signatures are not checked either; what a certificate says is taken as its word.
//!
//! - `structure` where the fields lie; `key`, `signature`, `subject`, `extensions` what they say
//! - `chain` which certificate was issued by which
//! - `names` whether a certificate is for a host
//! - `faults` all that can be wrong, `judge` what is wrong with a chain
//! - `anchors` what may stand in a CA file

mod anchors;
#[cfg(test)]
mod anchors_tests;
mod chain;
mod extensions;
mod faults;
mod judge;
#[cfg(test)]
mod judge_tests;
mod key;
mod names;
mod signature;
mod structure;
mod subject;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use x509_cert::time::{Time, Validity};

pub(crate) use self::{
    anchors::anchors,
    chain::presented_root,
    extensions::{KeyUse, Purpose},
    faults::Fault,
    judge::faults,
    key::PublicKey,
    names::{Rules, SubjectName, matches_host},
    signature::SignatureAlgorithm,
};
use self::{extensions::Extensions, structure::Fields, subject::Subject};

/// The facts of one certificate, as far as they can be read.
///
/// All text in it is the certificate's: it is cleaned (`crate::text`) where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFacts {
    /// The certificate itself.
    pub(crate) der: Vec<u8>,
    /// The SHA-256 of the certificate in DER.
    pub(crate) sha256: [u8; 32],
    /// The SHA-256 of its `SubjectPublicKeyInfo`, exactly as it stands in the DER; `None` when the
    /// whole certificate cannot be read.
    pub(crate) spki_sha256: Option<[u8; 32]>,
    /// Whom it is about, in the words of RFC 4514; empty when that cannot be read.
    pub(crate) subject: String,
    /// Who issued it, in the same words.
    pub(crate) issuer: String,
    /// The DNS names and IP addresses of the subject alternative name (RFC 5280, section 4.2.1.6),
    /// in order; the common names only when there is no such extension.
    pub(crate) names: Vec<SubjectName>,
    /// The common names of the subject.
    pub(crate) common_names: Vec<String>,
    /// When it begins; `None` when that cannot be read.
    pub(crate) not_before: Option<Timestamp>,
    /// When it ends; `None` when that cannot be read, or is the year 9999, which means "never"
    /// (RFC 5280, section 4.1.2.5).
    pub(crate) not_after: Option<Timestamp>,
    /// Whether it names itself as its issuer, and its key identifiers do not contradict that.
    pub(crate) self_signed: bool,
    /// What its basic constraints say (RFC 5280, section 4.2.1.9); `None` without them.
    pub(crate) is_ca: Option<bool>,
    /// Its public key.
    pub(crate) key: Option<PublicKey>,
    /// How its issuer signed it.
    pub(crate) signature: Option<SignatureAlgorithm>,
    /// What its key may do (RFC 5280, section 4.2.1.3); `None` when that is not limited.
    pub(crate) key_uses: Option<Vec<KeyUse>>,
    /// What it may be used for (RFC 5280, section 4.2.1.12); `None` when that is not limited.
    pub(crate) purposes: Option<Vec<Purpose>>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
}

impl CertificateFacts {
    /// Reads a certificate in DER.
    ///
    /// This never fails. A certificate that cannot be read has its hash and nothing else, and one
    /// with a part that cannot be read lacks that part: the TLS library judges, this only tells.
    pub(crate) fn from_der(der: &[u8]) -> Self {
        let mut facts = Self::unreadable(der);
        if let Some(fields) = Fields::read(der) {
            facts.fill_in(&fields);
        }
        facts
    }

    /// Returns what is known of any bytes at all.
    fn unreadable(der: &[u8]) -> Self {
        Self {
            der: der.to_vec(),
            sha256: Sha256::digest(der).into(),
            spki_sha256: None,
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            common_names: Vec::new(),
            not_before: None,
            not_after: None,
            self_signed: false,
            is_ca: None,
            key: None,
            signature: None,
            key_uses: None,
            purposes: None,
            subject_key_id: None,
            authority_key_id: None,
        }
    }

    fn fill_in(&mut self, fields: &Fields<'_>) {
        let subject = Subject::read(fields.subject);
        let extensions = Extensions::read(fields.extensions);
        let validity = Validity::from_der(fields.validity).ok();
        self.spki_sha256 = Some(Sha256::digest(fields.public_key).into());
        self.names = match extensions.alternative_names {
            Some(names) => names,
            None => subject.common_names.iter().cloned().map(SubjectName::Common).collect(),
        };
        self.subject = subject.shown;
        self.common_names = subject.common_names;
        self.issuer = Subject::read(fields.issuer).shown;
        self.not_before = validity.and_then(|v| timestamp(v.not_before));
        self.not_after = validity.and_then(|v| timestamp(v.not_after));
        self.is_ca = extensions.is_ca;
        self.key = PublicKey::read(fields.public_key);
        self.signature = SignatureAlgorithm::read(fields.signature_algorithm);
        self.key_uses = extensions.key_uses;
        self.purposes = extensions.purposes;
        self.subject_key_id = extensions.subject_key_id;
        self.authority_key_id = extensions.authority_key_id;
        self.self_signed = chain::is_issued_by(self, self);
    }

    /// Tells whether it could be read at all.
    pub(crate) fn is_readable(&self) -> bool {
        self.spki_sha256.is_some()
    }

    /// Tells whether a TLS server may show it, as far as purposes go.
    pub(crate) fn allows_servers(&self) -> bool {
        self.purposes.as_ref().is_none_or(|all| all.iter().any(Purpose::is_server))
    }

    /// Tells whether it had ended at a moment.
    pub(crate) fn has_ended(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }

    /// Tells how long it still lasts, when that is under `soon`.
    pub(crate) fn ends_within(&self, soon: Duration, now: Timestamp) -> Option<jiff::SignedDuration> {
        let left = self.not_after?.duration_since(now);
        (left < jiff::SignedDuration::try_from(soon).ok()?).then_some(left)
    }
}

/// Returns the moment of a date; `None` beyond what a [`Timestamp`] holds, the end of 9999.
fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}
