//! Keys of every sort that a server may have.
//!
//! Those on the usual curves are new each time. The others are made by the `openssl` program,
//! since ring makes none or none that OpenSSL reads; being slow, they are made once a run.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData,
    SignatureAlgorithm,
};
use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// What sort of key a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    Rsa2048,
    Rsa1024,
}

/// A private key, and the public one as certificates hold it.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) pem: String,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Key {
    /// A key of this sort: a new one on the curves of NIST, otherwise the one of this run.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        static ED25519: OnceLock<Key> = OnceLock::new();
        static RSA_2048: OnceLock<Key> = OnceLock::new();
        static RSA_1024: OnceLock<Key> = OnceLock::new();
        let rsa = |bits| Self::by_program(&["RSA", "-pkeyopt", bits], &PKCS_RSA_SHA256);
        match algorithm {
            Algorithm::EcdsaP256 => Self::by_ring(&PKCS_ECDSA_P256_SHA256),
            Algorithm::EcdsaP384 => Self::by_ring(&PKCS_ECDSA_P384_SHA384),
            Algorithm::Ed25519 => {
                ED25519.get_or_init(|| Self::by_program(&["ED25519"], &PKCS_ED25519)).clone()
            }
            Algorithm::Rsa2048 => RSA_2048.get_or_init(|| rsa("rsa_keygen_bits:2048")).clone(),
            Algorithm::Rsa1024 => RSA_1024.get_or_init(|| rsa("rsa_keygen_bits:1024")).clone(),
        }
    }

    fn by_ring(algorithm: &'static SignatureAlgorithm) -> Self {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        Self { pem: pair.serialize_pem(), public: pair.der_bytes().to_vec(), algorithm }
    }

    fn by_program(wanted: &[&str], algorithm: &'static SignatureAlgorithm) -> Self {
        let pem = openssl(&[&["genpkey", "-algorithm"], wanted].concat(), b"");
        let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &pem);
        let public = SubjectPublicKeyInfoOwned::from_der(&public).expect("a public key");
        Self {
            pem: String::from_utf8(pem).expect("PEM is text"),
            public: public.subject_public_key.raw_bytes().to_vec(),
            algorithm,
        }
    }

    /// The key as one that signs. RSA with 1024 bits cannot: ring refuses it.
    pub(super) fn pair(&self) -> KeyPair {
        KeyPair::from_pem(&self.pem).expect("a key that can sign")
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// Runs the `openssl` program with this input, and returns what it writes.
pub(super) fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut program = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    // it may end without reading; whether it did its work is asked below
    let _ = program.stdin.take().expect("its input").write_all(input);
    let output = program.wait_with_output().expect("openssl ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    output.stdout
}
