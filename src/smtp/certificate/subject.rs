//! Whom a certificate is about: distinguished names (RFC 5280, section 4.1.2.4; RFC 4514).

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Any, SetOfVec};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;

use crate::text::hex;

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
        let shown = shown(&name).unwrap_or_default();
        let attributes = name.0.iter().flat_map(|set| set.0.iter());
        let common_names = attributes.filter(|a| a.oid == CN).filter_map(|a| text(&a.value));
        let common_names = common_names.filter(|name| !name.is_empty()).collect();
        Self { shown, common_names }
    }
}

/// What attributes are called: those of RFC 4519, and what public authorities write beside them. The list of
/// the library has hundreds, for everything that was ever given a number, and is larger than all that reads
/// certificates.
const NAMES: [(&str, ObjectIdentifier); 25] = [
    ("CN", oid("2.5.4.3")),
    ("SN", oid("2.5.4.4")),
    ("SERIALNUMBER", oid("2.5.4.5")),
    ("C", oid("2.5.4.6")),
    ("L", oid("2.5.4.7")),
    ("ST", oid("2.5.4.8")),
    ("STREET", oid("2.5.4.9")),
    ("O", oid("2.5.4.10")),
    ("OU", oid("2.5.4.11")),
    ("TITLE", oid("2.5.4.12")),
    ("DESCRIPTION", oid("2.5.4.13")),
    ("BUSINESSCATEGORY", oid("2.5.4.15")),
    ("POSTALCODE", oid("2.5.4.17")),
    ("POSTOFFICEBOX", oid("2.5.4.18")),
    ("TELEPHONENUMBER", oid("2.5.4.20")),
    ("NAME", oid("2.5.4.41")),
    ("GIVENNAME", oid("2.5.4.42")),
    ("INITIALS", oid("2.5.4.43")),
    ("GENERATIONQUALIFIER", oid("2.5.4.44")),
    ("DNQUALIFIER", oid("2.5.4.46")),
    ("PSEUDONYM", oid("2.5.4.65")),
    ("ORGANIZATIONIDENTIFIER", oid("2.5.4.97")),
    ("UID", oid("0.9.2342.19200300.100.1.1")),
    ("DC", oid("0.9.2342.19200300.100.1.25")),
    ("EMAIL", oid("1.2.840.113549.1.9.1")),
];

const fn oid(numbers: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(numbers)
}

/// Writes a name as RFC 4514 has it, section 2.1: the last part first; `None` where an attribute cannot be
/// written.
fn shown(name: &Name) -> Option<String> {
    let mut text = String::new();
    for (part, set) in name.0.iter().rev().enumerate() {
        for (index, attribute) in set.0.iter().enumerate() {
            match (part, index) {
                (0, 0) => {}
                (_, 0) => text.push(','),
                _ => text.push('+'),
            }
            show(attribute, &mut text)?;
        }
    }
    Some(text)
}

/// Writes one attribute: as `CN=text`, or as numbers where that is not known, or no text (section 2.4).
fn show(attribute: &AttributeTypeAndValue, out: &mut String) -> Option<()> {
    let name = NAMES.iter().find(|(_, known)| *known == attribute.oid).map(|(name, _)| *name);
    let value = Some(&attribute.value).filter(|value| value.tag() == Tag::Utf8String);
    let value = value.and_then(|value| str::from_utf8(value.value()).ok());
    let (Some(name), Some(value)) = (name, value) else {
        out.push_str(&format!("{}=#{}", attribute.oid, hex(&attribute.value.to_der().ok()?)));
        return Some(());
    };
    out.push_str(name);
    out.push('=');
    let last = value.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, c) in value.char_indices() {
        match c {
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\{:02x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    Some(())
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

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use x509_cert::der::oid::db::DB;
    use x509_cert::name::Name;

    use super::{NAMES, readable, shown};

    #[test]
    fn names_are_written_as_the_library_writes_them() {
        for (name, oid) in NAMES {
            let known = DB.find_names_for_oid(oid).min_by_key(|known| known.len());
            assert!(known.is_none_or(|known| known.eq_ignore_ascii_case(name)), "{name} {oid}");
        }
        for text in [
            "CN=mail.test,O=Example",
            "CN=\\#1\\, \\\"x\\\"\\ ,OU=a\\+b\\;\\<c\\>\\\\,C=DE",
            "CN=\\ ,O=\\ \\ ",
            "emailAddress=a@b.test,serialNumber=1+CN=two at once,DC=test",
            "CN=Müller\\0a\\7f,UID=x",
            "1.3.6.1.4.1.311.60.2.1.3=#0c024445,CN=x",
        ] {
            let name = Name::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let name = readable(name);
            assert_eq!(shown(&name).unwrap(), name.to_string(), "{text}");
        }
    }
}
