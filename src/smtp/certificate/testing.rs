//! Throw-away certificates and those kept as files, for the tests beside this file.

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519, date_time_ymd,
};

use super::CertificateFacts;

/// The moment at which all these tests play.
pub(super) fn now() -> Timestamp {
    "2027-01-15T12:00:00Z".parse().unwrap()
}

/// An authority.
pub(super) type Ca = CertifiedIssuer<'static, KeyPair>;

/// What a certificate asks for, unless a test changes it: 2026 to the end of 2027, for servers.
pub(super) fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let mut params =
        CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2026, 6, 1);
    params.not_after = date_time_ymd(2027, 12, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

pub(super) fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = Vec::new();
    params
}

pub(super) fn root(params: CertificateParams) -> Ca {
    Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(super) fn intermediate(params: CertificateParams, issuer: &Ca) -> Ca {
    Ca::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
}

pub(super) fn leaf(params: &CertificateParams, issuer: &Ca) -> CertificateFacts {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    CertificateFacts::from_der(params.signed_by(&key, issuer).unwrap().der())
}

pub(super) fn self_signed(params: &CertificateParams) -> CertificateFacts {
    CertificateFacts::from_der(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
}

pub(super) fn facts(ca: &Ca) -> CertificateFacts {
    CertificateFacts::from_der(ca.der())
}

/// The certificates made by OpenSSL, and what it says of each (tests/data/certificates/make.sh).
pub(super) const KEPT: [(&str, &str, &str); 17] = {
    macro_rules! kept {
        ($($name:literal),* $(,)?) => {
            [$((
                $name,
                include_str!(concat!("../../../tests/data/certificates/", $name, ".pem")),
                include_str!(concat!("../../../tests/data/certificates/", $name, ".txt")),
            )),*]
        };
    }
    kept![
        "address-only",
        "any-purpose",
        "clients",
        "common-name",
        "ed448",
        "latin1-name",
        "long-serial",
        "many-names",
        "md5",
        "never-ends",
        "p521",
        "rsa-1024",
        "rsa-2048",
        "rsa-pss",
        "rsa-pss-key",
        "sha1",
        "utf8-name",
    ]
};

/// One of them, as PEM and as DER.
pub(super) fn kept(name: &str) -> (&'static str, Vec<u8>) {
    let (_, pem, _) = KEPT.iter().find(|(known, ..)| *known == name).unwrap();
    (pem, pem::parse(pem).unwrap().into_contents())
}

pub(super) fn kept_facts(name: &str) -> CertificateFacts {
    CertificateFacts::from_der(&kept(name).1)
}
