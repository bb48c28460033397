//! Where the fields of a certificate lie in its DER (RFC 5280, section 4.1).
//!
//! `x509_cert::Certificate` reads all or nothing, and hands back the public key as something to be
//! written anew. Here each field keeps its own bytes, so that a pin is about what was sent, and one
//! odd field (a serial number that is too long, a date before 1970) does not hide the others.

use x509_cert::der::{self, Reader, SliceReader};

/// The context-specific tags of the version and of the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The fields of a certificate, each with its tag and length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) validity: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) public_key: &'a [u8],
    pub(super) extensions: Option<&'a [u8]>,
    pub(super) signature_algorithm: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Finds the fields; `None` when this is no certificate, or not all of one, or more than one.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let fields = reader
            .sequence(|certificate| {
                let to_be_signed = certificate.sequence(to_be_signed)?;
                let signature_algorithm = certificate.tlv_bytes()?;
                let _signature = certificate.tlv_bytes()?;
                Ok(Self { signature_algorithm, ..to_be_signed })
            })
            .ok()?;
        reader.finish(fields).ok()
    }
}

/// Finds the fields of a `TBSCertificate`.
fn to_be_signed<'a>(fields: &mut impl Reader<'a>) -> der::Result<Fields<'a>> {
    if fields.peek_byte() == Some(VERSION) {
        fields.tlv_bytes()?;
    }
    let _serial_number = fields.tlv_bytes()?;
    let signature_algorithm = fields.tlv_bytes()?;
    let issuer = fields.tlv_bytes()?;
    let validity = fields.tlv_bytes()?;
    let subject = fields.tlv_bytes()?;
    let public_key = fields.tlv_bytes()?;
    let mut extensions = None;
    while let Some(tag) = fields.peek_byte() {
        let field = fields.tlv_bytes()?;
        if tag == EXTENSIONS {
            extensions = Some(field);
        }
    }
    Ok(Fields { issuer, validity, subject, public_key, extensions, signature_algorithm })
}
