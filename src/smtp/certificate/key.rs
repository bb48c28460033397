//! The public key of a certificate: its kind and its length (RFC 3279, RFC 5480, RFC 8410).

use std::fmt;

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// RSA with keys for RSASSA-PSS only (RFC 4055).
const RSA_PSS: ObjectIdentifier = rfc5912::ID_RSASSA_PSS;

/// The curves that certificates name, with their length in bits.
const CURVES: [(ObjectIdentifier, &str, u32); 9] = [
    (rfc5912::SECP_256_R_1, "P-256", 256),
    (rfc5912::SECP_384_R_1, "P-384", 384),
    (rfc5912::SECP_521_R_1, "P-521", 521),
    (rfc5912::SECP_224_R_1, "P-224", 224),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "P-192", 192),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1", 256),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1", 256),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"), "brainpoolP384r1", 384),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"), "brainpoolP512r1", 512),
];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// What it is for.
    pub(crate) kind: KeyKind,
    /// How long it is; `None` when that cannot be told.
    pub(crate) bits: Option<u32>,
}

/// The kind of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    /// RSA, for RSASSA-PSS only.
    RsaPss,
    Dsa,
    /// ECDSA, on a curve with a name or on one of its own.
    Ecdsa(Option<&'static str>),
    Ed25519,
    Ed448,
    /// Another one, by its object identifier.
    Other(String),
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        let bytes = info.subject_public_key.raw_bytes();
        let (kind, bits) = match info.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => (KeyKind::Rsa, modulus_bits(bytes)),
            RSA_PSS => (KeyKind::RsaPss, modulus_bits(bytes)),
            rfc5912::ID_DSA => (KeyKind::Dsa, dsa_bits(&info.algorithm)),
            rfc5912::ID_EC_PUBLIC_KEY => {
                let curve = info.algorithm.parameters_oid().ok();
                let known = CURVES.iter().find(|(oid, ..)| curve == Some(*oid));
                (KeyKind::Ecdsa(known.map(|(_, name, _)| *name)), known.map(|(.., bits)| *bits))
            }
            rfc8410::ID_ED_25519 => (KeyKind::Ed25519, Some(256)),
            rfc8410::ID_ED_448 => (KeyKind::Ed448, Some(456)),
            other => (KeyKind::Other(other.to_string()), None),
        };
        Some(Self { kind, bits })
    }

    /// Tells whether it is too short for what TLS libraries accept today: 112 bits of security
    /// (NIST SP 800-57, part 1, table 2; level 2 of OpenSSL, the least that macOS takes).
    pub(crate) fn is_weak(&self) -> bool {
        let least = match self.kind {
            KeyKind::Rsa | KeyKind::RsaPss | KeyKind::Dsa => 2048,
            KeyKind::Ecdsa(_) => 224,
            KeyKind::Ed25519 | KeyKind::Ed448 | KeyKind::Other(_) => return false,
        };
        self.bits.is_some_and(|bits| bits < least)
    }
}

/// Returns the length of the modulus of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn modulus_bits(der: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(der).ok()?;
    let key = reader.sequence(|key| {
        let modulus = key.decode::<UintRef<'_>>()?;
        key.tlv_bytes()?;
        Ok(modulus)
    });
    bits(key.ok()?)
}

/// Returns the length of the prime among the `Dss-Parms` (RFC 3279, section 2.3.2).
fn dsa_bits(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<u32> {
    let parameters: AnyRef<'_> = algorithm.parameters?;
    let prime = parameters.sequence(|numbers| {
        let prime = numbers.decode::<UintRef<'_>>()?;
        while !numbers.is_finished() {
            numbers.tlv_bytes()?;
        }
        Ok(prime)
    });
    bits(prime.ok()?)
}

/// Returns the length of a number.
fn bits(number: UintRef<'_>) -> Option<u32> {
    let bytes = number.as_bytes();
    let unused = bytes.first()?.leading_zeros();
    u32::try_from(bytes.len()).ok()?.checked_mul(8)?.checked_sub(unused)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            KeyKind::Rsa => "RSA",
            KeyKind::RsaPss => "RSA-PSS",
            KeyKind::Dsa => "DSA",
            KeyKind::Ecdsa(Some(curve)) => return write!(f, "ECDSA {curve}"),
            KeyKind::Ecdsa(None) => return f.write_str("ECDSA on a curve without a name"),
            KeyKind::Ed25519 => return f.write_str("Ed25519"),
            KeyKind::Ed448 => return f.write_str("Ed448"),
            KeyKind::Other(oid) => return write!(f, "of the kind {oid}"),
        };
        match self.bits {
            Some(bits) => write!(f, "{kind} {bits} bits"),
            None => f.write_str(kind),
        }
    }
}
