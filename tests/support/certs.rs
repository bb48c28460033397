//! Throw-away certificates: made anew for each test, so nothing here ever expires in the
//! repository or could be mistaken for a real secret.
//!
//! A [`Ca`] issues; a [`Leaf`] says what is special about one certificate (dates, purpose, what
//! else the server sends); an [`Issued`] is the result, as PEM, as hashes for pins, and as an
//! identity for a server. A new trait of certificates is a new method on [`Leaf`]; a new kind for
//! the matrices a new [`Kind`].

mod keys;
mod kinds;
mod signatures;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use sha2::{Digest, Sha256};

pub(crate) use keys::Algorithm;
pub(crate) use kinds::{Kind, Presented};

use keys::Key;
use signatures::Signature;

const DAY: u64 = 24 * 60 * 60;

/// A certificate authority that only one test knows.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// The certificates between this one and its root, nearest first; empty for a root.
    above: Vec<String>,
    /// This authority's own root; its own certificate when it is one.
    root: String,
}

impl Ca {
    /// A self-signed root.
    pub(crate) fn new() -> Self {
        Self::named("Throw-away Root")
    }

    /// A self-signed root with this common name.
    ///
    /// Two of the same name are an authority and its impostor: only the keys tell them apart.
    pub(crate) fn named(common_name: &str) -> Self {
        Self::root(authority(common_name), Algorithm::EcdsaP256)
    }

    /// A self-signed root with an RSA key: the only sort that signs over a SHA-1 here.
    pub(crate) fn rsa(common_name: &str) -> Self {
        Self::root(authority(common_name), Algorithm::Rsa2048)
    }

    /// A self-signed root that ended yesterday.
    pub(crate) fn expired(common_name: &str) -> Self {
        Self::root(expired_authority(common_name), Algorithm::EcdsaP256)
    }

    fn root(params: CertificateParams, algorithm: Algorithm) -> Self {
        let key = Key::new(algorithm).pair();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), root: pem.clone(), pem, above: Vec::new() }
    }

    /// An authority under this one. What it issues comes with it in the chain.
    pub(crate) fn intermediate(&self, common_name: &str) -> Self {
        self.below(authority(common_name))
    }

    /// An authority under this one that ended yesterday.
    pub(crate) fn expired_intermediate(&self, common_name: &str) -> Self {
        self.below(expired_authority(common_name))
    }

    fn below(&self, params: CertificateParams) -> Self {
        let key = Key::new(Algorithm::EcdsaP256).pair();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            above: self.sent_with_a_leaf(),
            root: self.root.clone(),
            pem,
        }
    }

    /// The certificate of this authority, as PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A good certificate for these names and addresses.
    pub(crate) fn issue(&self, names: &[&str]) -> Issued {
        Leaf::new(names).issued_by(self)
    }

    /// What a correct server sends after a leaf of this authority: all but the root.
    fn sent_with_a_leaf(&self) -> Vec<String> {
        if self.pem == self.root {
            return Vec::new();
        }
        let mut chain = vec![self.pem.clone()];
        chain.extend(self.above.iter().cloned());
        chain
    }
}

fn authority(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    set_dates(&mut params, -1, 3650);
    params
}

fn expired_authority(common_name: &str) -> CertificateParams {
    let mut params = authority(common_name);
    set_dates(&mut params, -400, -1);
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Sets the dates to so many days from now.
fn set_dates(params: &mut CertificateParams, from: i64, until: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = |days: i64| {
        let span = Duration::from_secs(days.unsigned_abs() * DAY);
        let begin = date_time_ymd(1970, 1, 1) + Duration::from_secs(now.as_secs());
        if days < 0 { begin - span } else { begin + span }
    };
    params.not_before = at(from);
    params.not_after = at(until);
}

/// What one server certificate is to be; good unless a method says otherwise.
#[derive(Clone)]
pub(crate) struct Leaf {
    names: Vec<String>,
    common_name: String,
    from: i64,
    until: i64,
    purpose: Vec<ExtendedKeyUsagePurpose>,
    is_ca: IsCa,
    key: Algorithm,
    signature: Signature,
    names_issuer_key: bool,
    send_root: bool,
    send_intermediates: bool,
}

impl Leaf {
    /// A good certificate for these names and addresses, valid from yesterday for 90 days.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(ToString::to_string).collect(),
            common_name: "Throw-away Server".into(),
            from: -1,
            until: 90,
            purpose: vec![ExtendedKeyUsagePurpose::ServerAuth],
            is_ca: IsCa::NoCa,
            key: Algorithm::EcdsaP256,
            signature: Signature::Sound,
            names_issuer_key: false,
            send_root: false,
            send_intermediates: true,
        }
    }

    /// It ended yesterday.
    pub(crate) fn expired(self) -> Self {
        self.valid(-30, -1)
    }

    /// It begins tomorrow.
    pub(crate) fn not_yet_valid(self) -> Self {
        self.valid(1, 30)
    }

    /// It is valid between these days, counted from now.
    pub(crate) fn valid(mut self, from: i64, until: i64) -> Self {
        (self.from, self.until) = (from, until);
        self
    }

    /// It names its host in the common name only, as certificates of old appliances do.
    pub(crate) fn common_name(mut self, common_name: &str) -> Self {
        self.common_name = common_name.into();
        self
    }

    /// It is meant for clients, not for servers.
    pub(crate) fn for_clients_only(mut self) -> Self {
        self.purpose = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }

    /// It says nothing about its purpose, which allows every one.
    pub(crate) fn for_any_purpose(mut self) -> Self {
        self.purpose.clear();
        self
    }

    /// It may issue others, as self-signed certificates of small servers often say.
    pub(crate) fn also_an_authority(mut self) -> Self {
        self.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self
    }

    /// It says that it may issue no others, where most say nothing.
    pub(crate) fn not_an_authority(mut self) -> Self {
        self.is_ca = IsCa::ExplicitNoCa;
        self
    }

    /// It is for a key of this sort.
    pub(crate) fn key(mut self, algorithm: Algorithm) -> Self {
        self.key = algorithm;
        self
    }

    /// Its signature does not fit it.
    pub(crate) fn with_broken_signature(mut self) -> Self {
        self.signature = Signature::Broken;
        self
    }

    /// Its signature is over a SHA-1; the issuer has to be [`Ca::rsa`].
    pub(crate) fn with_sha1_signature(mut self) -> Self {
        self.signature = Signature::Sha1;
        self
    }

    /// It tells by which key it was signed, so that another authority of the same name is no issuer of it.
    pub(crate) fn naming_its_issuer_s_key(mut self) -> Self {
        self.names_issuer_key = true;
        self
    }

    /// The server sends the root too, which most do not.
    pub(crate) fn with_root(mut self) -> Self {
        self.send_root = true;
        self
    }

    /// The server forgets the intermediates.
    pub(crate) fn without_intermediates(mut self) -> Self {
        self.send_intermediates = false;
        self
    }

    /// Signs it with this authority's key.
    pub(crate) fn issued_by(self, ca: &Ca) -> Issued {
        let key = Key::new(self.key);
        let certificate = self.params().signed_by(&key, &ca.issuer).unwrap();
        let der = self.signature.apply(certificate.der(), &ca.issuer.key().serialize_pem());
        let mut rest = Vec::new();
        if self.send_intermediates {
            rest = ca.sent_with_a_leaf();
        }
        if self.send_root {
            rest.push(ca.root.clone());
        }
        Issued::new(&der, &key, &rest)
    }

    /// Signs it with its own key.
    pub(crate) fn self_signed(self) -> Issued {
        let key = Key::new(self.key);
        let pair = key.pair();
        let certificate = self.params().self_signed(&pair).unwrap();
        let der = self.signature.apply(certificate.der(), &pair.serialize_pem());
        Issued::new(&der, &key, &[])
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        params.distinguished_name = name(&self.common_name);
        params.extended_key_usages.clone_from(&self.purpose);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.is_ca = self.is_ca;
        params.use_authority_key_identifier_extension = self.names_issuer_key;
        if matches!(self.is_ca, IsCa::Ca(_)) {
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }
        set_dates(&mut params, self.from, self.until);
        params
    }
}

/// A certificate with its key and with what the server sends after it.
#[derive(Clone)]
pub(crate) struct Issued {
    pem: String,
    chain_pem: String,
    key_pem: String,
    sha256: String,
    spki_sha256: String,
}

impl Issued {
    fn new(der: &[u8], key: &Key, rest: &[String]) -> Self {
        let pem = pem(der);
        Self {
            chain_pem: pem.clone() + &rest.concat(),
            pem,
            key_pem: key.pem.clone(),
            sha256: hex(&Sha256::digest(der)),
            spki_sha256: hex(&Sha256::digest(key.subject_public_key_info())),
        }
    }

    /// The same certificate, after which the server sends these instead, in this order.
    pub(crate) fn followed_by(mut self, rest: &[&str]) -> Self {
        self.chain_pem = self.pem.clone() + &rest.concat();
        self
    }

    /// The certificate alone, as PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// What the server sends, as PEM: the certificate first.
    pub(crate) fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// What the server sends, as DER: the certificate first.
    pub(crate) fn chain_der(&self) -> Vec<Vec<u8>> {
        let blocks = self.chain_pem.split(END).map(|block| block.trim().replace(BEGIN, ""));
        let decode = |block: String| BASE64.decode(block.split_whitespace().collect::<String>()).unwrap();
        blocks.filter(|block| !block.is_empty()).map(decode).collect()
    }

    /// The private key, as PKCS#8 PEM.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The SHA-256 of the certificate, in lower-case hex, as `pin:sha256:` takes it.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The SHA-256 of the public key, in lower-case hex, as `pin:spki-sha256:` takes it.
    pub(crate) fn spki_sha256(&self) -> &str {
        &self.spki_sha256
    }

    /// The identity a TLS server presents.
    pub(crate) fn identity(&self) -> native_tls::Identity {
        native_tls::Identity::from_pkcs8(self.chain_pem.as_bytes(), self.key_pem.as_bytes())
            .expect("a throw-away identity")
    }
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Writes a certificate as PEM.
fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    // base64 is ASCII: every byte is a place to cut
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

/// Writes bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
