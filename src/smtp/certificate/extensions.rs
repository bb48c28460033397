//! The extensions of a certificate that decide what it may do (RFC 5280, section 4.2).

use std::fmt;
use std::net::IpAddr;

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::oid::db::rfc5912;
use x509_cert::der::{Decode, Tag, TagNumber, Tagged};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};

use super::names::SubjectName;

/// "Server gated crypto" of Netscape and of Microsoft: servers of the nineties, which OpenSSL and
/// macOS still take for servers.
const NETSCAPE_SGC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1");
const MICROSOFT_SGC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3");

/// What a certificate may be used for (RFC 5280, section 4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    Servers,
    /// Servers, by the words of another time.
    GatedServers,
    Clients,
    CodeSigning,
    Email,
    TimeStamping,
    Ocsp,
    /// `anyExtendedKeyUsage`, which does not make a server's certificate for OpenSSL.
    Any,
    /// Another one, by its object identifier.
    Other(String),
}

impl Purpose {
    fn of(oid: ObjectIdentifier) -> Self {
        match oid {
            rfc5912::ID_KP_SERVER_AUTH => Self::Servers,
            NETSCAPE_SGC | MICROSOFT_SGC => Self::GatedServers,
            rfc5912::ID_KP_CLIENT_AUTH => Self::Clients,
            rfc5912::ID_KP_CODE_SIGNING => Self::CodeSigning,
            rfc5912::ID_KP_EMAIL_PROTECTION => Self::Email,
            rfc5912::ID_KP_TIME_STAMPING => Self::TimeStamping,
            rfc5912::ID_KP_OCSP_SIGNING => Self::Ocsp,
            rfc5912::ANY_EXTENDED_KEY_USAGE => Self::Any,
            other => Self::Other(other.to_string()),
        }
    }

    pub(super) fn is_server(&self) -> bool {
        matches!(self, Self::Servers | Self::GatedServers)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Servers | Self::GatedServers => "by servers",
            Self::Clients => "by clients",
            Self::CodeSigning => "for signing code",
            Self::Email => "for e-mail",
            Self::TimeStamping => "for time stamps",
            Self::Ocsp => "for OCSP",
            Self::Any => "for \"any purpose\"",
            Self::Other(oid) => return write!(f, "for {oid}"),
        })
    }
}

/// What the key of a certificate may do (RFC 5280, section 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    DigitalSignature,
    NonRepudiation,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    CertificateSigning,
    CrlSigning,
    EncipherOnly,
    DecipherOnly,
}

impl KeyUse {
    /// Tells whether a key of a TLS server needs one of these (as OpenSSL and RFC 5246, section
    /// 7.4.2, have it).
    pub(super) fn serves_tls(self) -> bool {
        matches!(self, Self::DigitalSignature | Self::KeyEncipherment | Self::KeyAgreement)
    }
}

impl From<KeyUsages> for KeyUse {
    fn from(bit: KeyUsages) -> Self {
        match bit {
            KeyUsages::DigitalSignature => Self::DigitalSignature,
            KeyUsages::NonRepudiation => Self::NonRepudiation,
            KeyUsages::KeyEncipherment => Self::KeyEncipherment,
            KeyUsages::DataEncipherment => Self::DataEncipherment,
            KeyUsages::KeyAgreement => Self::KeyAgreement,
            KeyUsages::KeyCertSign => Self::CertificateSigning,
            KeyUsages::CRLSign => Self::CrlSigning,
            KeyUsages::EncipherOnly => Self::EncipherOnly,
            KeyUsages::DecipherOnly => Self::DecipherOnly,
        }
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DigitalSignature => "signing",
            Self::NonRepudiation => "signing documents",
            Self::KeyEncipherment => "encrypting keys",
            Self::DataEncipherment => "encrypting data",
            Self::KeyAgreement => "agreeing on keys",
            Self::CertificateSigning => "signing certificates",
            Self::CrlSigning => "signing revocation lists",
            Self::EncipherOnly => "encrypting only",
            Self::DecipherOnly => "decrypting only",
        })
    }
}

/// The extensions that count here. One that cannot be read is as one that says nothing.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// `None` without the extension; empty when it holds no name of a server, or none to be read.
    pub(super) alternative_names: Option<Vec<SubjectName>>,
    pub(super) is_ca: Option<bool>,
    pub(super) key_uses: Option<Vec<KeyUse>>,
    pub(super) purposes: Option<Vec<Purpose>>,
    pub(super) subject_key_id: Option<Vec<u8>>,
    pub(super) authority_key_id: Option<Vec<u8>>,
}

impl Extensions {
    /// Reads the field `[3] EXPLICIT Extensions`.
    pub(super) fn read(field: Option<&[u8]>) -> Self {
        let list = field.and_then(|field| AnyRef::from_der(field).ok());
        let list = list.and_then(|list| Vec::<Extension>::from_der(list.value()).ok()).unwrap_or_default();
        let find = |oid| list.iter().find(|e| e.extn_id == oid).map(|e| e.extn_value.as_bytes());
        Self {
            alternative_names: find(SubjectAltName::OID).map(alternative_names),
            is_ca: decode::<BasicConstraints>(find(BasicConstraints::OID)).map(|c| c.ca),
            key_uses: decode::<KeyUsage>(find(KeyUsage::OID))
                .map(|uses| uses.0.into_iter().map(KeyUse::from).collect()),
            purposes: decode::<ExtendedKeyUsage>(find(ExtendedKeyUsage::OID))
                .map(|purposes| purposes.0.into_iter().map(Purpose::of).collect()),
            subject_key_id: decode::<OctetStringRef<'_>>(find(SubjectKeyIdentifier::OID))
                .map(|id| id.as_bytes().to_vec()),
            authority_key_id: decode::<AuthorityKeyIdentifier>(find(AuthorityKeyIdentifier::OID))
                .and_then(|id| id.key_identifier)
                .map(|id| id.as_bytes().to_vec()),
        }
    }
}

fn decode<'a, T: Decode<'a>>(der: Option<&'a [u8]>) -> Option<T> {
    T::from_der(der?).ok()
}

/// Reads the names of servers among `GeneralNames`; the other kinds may be anything.
fn alternative_names(der: &[u8]) -> Vec<SubjectName> {
    let names = Vec::<AnyRef<'_>>::from_der(der).unwrap_or_default();
    names.into_iter().filter_map(alternative_name).collect()
}

/// Reads a `dNSName` (`[2]`) or an `iPAddress` (`[7]`).
fn alternative_name(name: AnyRef<'_>) -> Option<SubjectName> {
    let Tag::ContextSpecific { constructed: false, number } = name.tag() else { return None };
    let bytes = name.value();
    match number {
        TagNumber::N2 => Some(SubjectName::Dns(String::from_utf8_lossy(bytes).into_owned())),
        TagNumber::N7 => {
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok();
            v4.or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok()).map(SubjectName::Ip)
        }
        _ => None,
    }
}
