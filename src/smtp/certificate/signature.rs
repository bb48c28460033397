//! How a certificate is signed (RFC 3279, RFC 4055, RFC 5758, RFC 8410).

use std::borrow::Cow;
use std::fmt;

use x509_cert::der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier};
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::der::{Decode, Reader, TagNumber};
use x509_cert::spki::AlgorithmIdentifierRef;

/// A signature algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignatureAlgorithm {
    /// What the signature is made with: `RSA`, `ECDSA`, or an object identifier.
    pub(crate) scheme: Cow<'static, str>,
    /// The hash that is signed; `None` where the scheme has its own, or it is not known.
    pub(crate) hash: Option<&'static str>,
}

/// The algorithms that put a scheme and a hash together in one identifier.
const ALGORITHMS: [(ObjectIdentifier, &str, Option<&str>); 19] = [
    (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, "RSA", Some("SHA-256")),
    (rfc5912::SHA_384_WITH_RSA_ENCRYPTION, "RSA", Some("SHA-384")),
    (rfc5912::SHA_512_WITH_RSA_ENCRYPTION, "RSA", Some("SHA-512")),
    (rfc5912::SHA_224_WITH_RSA_ENCRYPTION, "RSA", Some("SHA-224")),
    (rfc5912::SHA_1_WITH_RSA_ENCRYPTION, "RSA", Some("SHA-1")),
    (rfc5912::MD_5_WITH_RSA_ENCRYPTION, "RSA", Some("MD5")),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3"), "RSA", Some("MD4")),
    (rfc5912::MD_2_WITH_RSA_ENCRYPTION, "RSA", Some("MD2")),
    // the same by the OIW, which old programs of Microsoft wrote
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.29"), "RSA", Some("SHA-1")),
    (rfc5912::ECDSA_WITH_SHA_256, "ECDSA", Some("SHA-256")),
    (rfc5912::ECDSA_WITH_SHA_384, "ECDSA", Some("SHA-384")),
    (rfc5912::ECDSA_WITH_SHA_512, "ECDSA", Some("SHA-512")),
    (rfc5912::ECDSA_WITH_SHA_224, "ECDSA", Some("SHA-224")),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), "ECDSA", Some("SHA-1")),
    (rfc5912::DSA_WITH_SHA_1, "DSA", Some("SHA-1")),
    (rfc5912::DSA_WITH_SHA_224, "DSA", Some("SHA-224")),
    (rfc5912::DSA_WITH_SHA_256, "DSA", Some("SHA-256")),
    (rfc8410::ID_ED_25519, "Ed25519", None),
    (rfc8410::ID_ED_448, "Ed448", None),
];

/// The hashes that RSASSA-PSS names apart.
const HASHES: [(ObjectIdentifier, &str); 5] = [
    (rfc5912::ID_SHA_1, "SHA-1"),
    (rfc5912::ID_SHA_224, "SHA-224"),
    (rfc5912::ID_SHA_256, "SHA-256"),
    (rfc5912::ID_SHA_384, "SHA-384"),
    (rfc5912::ID_SHA_512, "SHA-512"),
];

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier`.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let algorithm = AlgorithmIdentifierRef::from_der(der).ok()?;
        if algorithm.oid == rfc5912::ID_RSASSA_PSS {
            return Some(Self { scheme: "RSA-PSS".into(), hash: pss_hash(&algorithm) });
        }
        Some(match ALGORITHMS.iter().find(|(oid, ..)| *oid == algorithm.oid) {
            Some((_, scheme, hash)) => Self { scheme: (*scheme).into(), hash: *hash },
            None => Self { scheme: algorithm.oid.to_string().into(), hash: None },
        })
    }

    /// Returns the hash when others can forge it: two certificates with one signature.
    pub(crate) fn weak_hash(&self) -> Option<&'static str> {
        self.hash.filter(|hash| matches!(*hash, "MD2" | "MD4" | "MD5" | "SHA-1"))
    }
}

/// Returns the hash of `RSASSA-PSS-params`: SHA-1 when it says nothing (RFC 4055, section 3.1).
fn pss_hash(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<&'static str> {
    let parameters: AnyRef<'_> = algorithm.parameters?;
    let hash = parameters.sequence(|fields| {
        let hash = ContextSpecific::<AlgorithmIdentifierRef<'_>>::decode_explicit(fields, TagNumber::N0)?;
        while !fields.is_finished() {
            fields.tlv_bytes()?;
        }
        Ok(hash.map(|hash| hash.value.oid))
    });
    let oid = hash.ok()?.unwrap_or(rfc5912::ID_SHA_1);
    HASHES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hash {
            Some(hash) => write!(f, "{} with {hash}", self.scheme),
            None => f.write_str(&self.scheme),
        }
    }
}
