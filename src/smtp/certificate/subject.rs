//! Whom a certificate is about: distinguished names (RFC 5280, section 4.1.2.4; RFC 4514).

use std::fmt::Write as _;

use x509_cert::der::asn1::{Any, SetOfVec};
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Decode, Tag, Tagged};
use x509_cert::name::Name;

/// A distinguished name.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// In the words of RFC 4514, the most specific part first: `CN=mail.test,O=Example`.
    pub(super) shown: String,
    /// Its common names, in the order in which they stand.
    pub(super) common_names: Vec<String>,
}

impl Subject {
    /// Reads a name; an empty one when it cannot be read.
    pub(super) fn read(der: &[u8]) -> Self {
        let Ok(name) = Name::from_der(der) else { return Self::default() };
        let name = readable(name);
        let mut shown = String::new();
        // not `to_string`, which panics where an attribute cannot be written
        if write!(shown, "{name}").is_err() {
            shown.clear();
        }
        let attributes = name.0.iter().flat_map(|set| set.0.iter());
        let common_names = attributes.filter(|a| a.oid == CN).filter_map(|a| text(&a.value));
        let common_names = common_names.filter(|name| !name.is_empty()).collect();
        Self { shown, common_names }
    }
}

/// Turns every string into UTF-8: the others would be shown as numbers.
fn readable(mut name: Name) -> Name {
    for set in &mut name.0 {
        let attributes = set.0.iter().cloned().map(|mut attribute| {
            if let Some(utf8) =
                text(&attribute.value).and_then(|t| Any::new(Tag::Utf8String, t.into_bytes()).ok())
            {
                attribute.value = utf8;
            }
            attribute
        });
        if let Ok(set_of) = SetOfVec::try_from(attributes.collect::<Vec<_>>()) {
            set.0 = set_of;
        }
    }
    name
}

/// Reads any of the strings that names are made of.
fn text(value: &Any) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        // T.61 was never used for what it is: everybody writes and reads Latin-1
        Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let units: Vec<u16> = bytes
                .chunks(2)
                .map(|two| two.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

/// Tells whether two names are the same: case and the width of spaces do not matter (RFC 5280,
/// section 7.1), nor does the kind of string, which authorities change when they renew.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let words = |name| str::split_ascii_whitespace(name).map(str::to_ascii_lowercase);
    !one.is_empty() && (one == other || words(one).eq(words(other)))
}
