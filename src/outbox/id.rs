//! The name of a message that waits: when it was kept, so that names sort by time, and a random number.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::random::{NoRandom, fill};
use crate::text;

/// What every name looks like; `0` stands for a digit, `x` for one of lower-case hex.
const PATTERN: &[u8] = b"00000000T000000.000-xxxxxxxx";

/// The name of a message that waits: `20261123T071057.123-0a1b2c3d`, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(String);

impl Id {
    /// Makes a new one.
    pub(super) fn new(now: Timestamp) -> Result<Self, NoRandom> {
        let mut random = [0; 4];
        fill(&mut random)?;
        let named = |time: Timestamp| {
            Self::parse(&format!("{}-{}", time.strftime("%Y%m%dT%H%M%S.%3f"), text::hex(&random)))
        };
        // a clock can be wrong by more than the years that have four digits
        let epoch = || Self(format!("19700101T000000.000-{}", text::hex(&random)));
        Ok(named(now).unwrap_or_else(epoch))
    }

    /// Reads one.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let fits = |(byte, pattern): (u8, &u8)| match pattern {
            b'0' => byte.is_ascii_digit(),
            b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            other => byte == *other,
        };
        (word.len() == PATTERN.len() && word.bytes().zip(PATTERN).all(fits)).then(|| Self(word.to_owned()))
    }

    /// Returns it as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns where the message itself is.
    pub(super) fn message(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.eml", self.0))
    }

    /// Returns where that is which is known of it.
    pub(super) fn facts(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.json", self.0))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_no_two_are_the_same() {
        let at = |text: &str| Id::new(text.parse().unwrap()).unwrap();
        let (first, second) = (at("2026-11-22T21:55:59.123Z"), at("2026-11-23T00:00:00Z"));
        assert!(first.as_str().starts_with("20261122T215559.123-"), "{first}");
        assert!(second.as_str().starts_with("20261123T000000.000-"), "{second}");
        assert!(first < second);
        assert_ne!(at("2026-11-22T21:55:59Z"), at("2026-11-22T21:55:59Z"));
        for odd in [Timestamp::MIN, Timestamp::MAX] {
            assert!(Id::parse(Id::new(odd).unwrap().as_str()).is_some());
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        let good = "20261122T215559.123-0a1b2c3d";
        assert_eq!(Id::parse(good).unwrap().as_str(), good);
        for at in 0..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = b'/';
            assert_eq!(Id::parse(std::str::from_utf8(&bytes).unwrap()), None);
        }
        for bad in [
            "",
            "20261122T215559.123-0A1b2c3d",
            "20261122T215559.123-0a1b2c3d4",
            "../../../../../../etc/passwd",
        ] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }
}
