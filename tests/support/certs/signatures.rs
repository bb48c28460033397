//! Signatures that a good authority does not make.

use std::io::Write;

use tempfile::NamedTempFile;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, BitString, ObjectIdentifier};
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::keys::openssl;

/// What the signature of a certificate is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Sound,
    /// It fits another certificate, not this one.
    Broken,
    /// It is over a SHA-1, as it was usual until 2015. The authority has to have an RSA key.
    Sha1,
}

impl Signature {
    /// Signs again what was signed well, with this key of the issuer.
    pub(super) fn apply(self, certificate: &[u8], issuer_key_pem: &str) -> Vec<u8> {
        match self {
            Self::Sound => certificate.to_vec(),
            Self::Broken => broken(certificate),
            Self::Sha1 => sha1(certificate, issuer_key_pem),
        }
    }
}

/// Turns one bit of the signature, which a certificate ends with.
fn broken(certificate: &[u8]) -> Vec<u8> {
    let mut bytes = certificate.to_vec();
    *bytes.last_mut().expect("a certificate") ^= 1;
    bytes
}

fn sha1(certificate: &[u8], issuer_key_pem: &str) -> Vec<u8> {
    let sha1_with_rsa = AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
        parameters: Some(Any::null()),
    };
    let mut certificate = Certificate::from_der(certificate).unwrap();
    certificate.tbs_certificate.signature = sha1_with_rsa.clone();
    certificate.signature_algorithm = sha1_with_rsa;
    let mut key = NamedTempFile::new().unwrap();
    key.write_all(issuer_key_pem.as_bytes()).unwrap();
    let path = key.path().to_str().expect("a path of UTF-8");
    let signed = openssl(&["dgst", "-sha1", "-sign", path], &certificate.tbs_certificate.to_der().unwrap());
    certificate.signature = BitString::from_bytes(&signed).unwrap();
    certificate.to_der().unwrap()
}
