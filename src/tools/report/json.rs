//! JSON as backup programs write it: by other languages, of other versions, and with the names of files
//! that are no text.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads one value; `None` for what is no JSON or has another shape.
pub(in crate::tools) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// A string, as the bytes that it stands for.
///
/// Python writes a byte that is no UTF-8 as a lone surrogate (PEP 383, "surrogateescape"): `\udce9` is
/// the byte E9. A Rust string cannot hold it, so `serde_json` refuses it there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::tools) struct Text(Vec<u8>);

impl Text {
    /// Returns the bytes.
    pub(in crate::tools) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Tells whether it is this word.
    pub(in crate::tools) fn is(&self, word: &str) -> bool {
        self.0 == word.as_bytes()
    }

    /// Reads it as a time with its zone.
    pub(in crate::tools) fn time(&self) -> Option<Timestamp> {
        std::str::from_utf8(&self.0).ok()?.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(unescaped(bytes)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.as_bytes().to_vec()))
            }
        }
        // as bytes, serde_json hands over lone surrogates too, in the form of UTF-8 (its documentation of
        // `deserialize_bytes`)
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Turns the surrogates DC80 to DCFF back into the bytes that they stand for.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            // ED B2 80 is DC80, ED B3 BF is DCFF
            [0xED, 0xB2, last @ 0x80..=0xBF, rest @ ..] => {
                out.push(*last);
                rest
            }
            [0xED, 0xB3, last @ 0x80..=0xBF, rest @ ..] => {
                out.push(*last | 0x40);
                rest
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
            [] => return out,
        }
    }
}

/// A number, however it is written; none where there is another thing, or one below zero.
///
/// A duration holds every count and every time that a program can mean, whole or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tools) struct Number(Option<Duration>);

impl Number {
    /// Returns it as a count.
    pub(in crate::tools) fn count(self) -> Option<u64> {
        self.0.map(|number| number.as_secs())
    }

    /// Returns it as a number of seconds.
    pub(in crate::tools) fn seconds(self) -> Option<Duration> {
        self.0
    }
}

/// Makes a count of a number with a fraction.
pub(in crate::tools) fn whole(number: f64) -> Option<u64> {
    Duration::try_from_secs_f64(number).ok().map(|number| number.as_secs())
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(Some(Duration::from_secs(number))))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(u64::try_from(number).ok().map(Duration::from_secs)))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(Duration::try_from_secs_f64(number).ok()))
            }

            fn visit_str<E>(self, _: &str) -> Result<Number, E> {
                Ok(Number(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number(None))
            }

            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Number, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Number(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_name_comes_back() {
        let text: Text = read(br#""caf\udce9/\udc80\udcff \u00e4 \ud83e\udd80""#).unwrap();
        assert_eq!(text.bytes(), b"caf\xE9/\x80\xFF \xC3\xA4 \xF0\x9F\xA6\x80");
        // half of a pair stands for no byte, and is no reason to lose the rest
        let text: Text = read(br#""a\ud83eb""#).unwrap();
        assert_eq!(text.bytes(), b"a\xED\xA0\xBEb");
        assert_eq!(read::<Text>(b"\"raw \xE9\"").unwrap().bytes(), b"raw \xE9");
    }

    #[test]
    fn numbers_are_taken_as_they_come() {
        let count = |json: &str| read::<Number>(json.as_bytes()).map(Number::count);
        assert_eq!(count("7"), Some(Some(7)));
        assert_eq!(count("7.9"), Some(Some(7)));
        assert_eq!(count("18446744073709551615"), Some(Some(u64::MAX)));
        for odd in
            ["-1", "-0.5", "1e300", "99999999999999999999999", "null", "\"7\"", "[7,{}]", "{\"a\":7}", "true"]
        {
            assert_eq!(count(odd), Some(None), "{odd}");
        }
        assert_eq!(count("1e999"), None);
        assert_eq!(read::<Number>(b"0.25").unwrap().seconds(), Some(Duration::from_millis(250)));
    }
}
