//! The bytes of a log as UTF-8: what programs of Windows write is UTF-16.

use std::borrow::Cow;

/// How the text of a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// UTF-8, or what is shown as if it were.
    Bytes,
    Utf16Le,
    Utf16Be,
}

impl Coding {
    /// Tells it by the first bytes of a log (the byte order mark: Unicode, section 23.8).
    pub(crate) fn of(first: &[u8]) -> Self {
        match first {
            [0xFF, 0xFE, ..] => Self::Utf16Le,
            [0xFE, 0xFF, ..] => Self::Utf16Be,
            _ => Self::Bytes,
        }
    }

    /// Returns a piece, which begins at an even place, as UTF-8.
    pub(crate) fn utf8(self, piece: &[u8]) -> Cow<'_, [u8]> {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Bytes => return Cow::Borrowed(piece),
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
        };
        let units = piece.chunks_exact(2).filter_map(|two| Some(unit(two.try_into().ok()?)));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .filter(|c| *c != '\u{FEFF}')
            .collect();
        Cow::Owned(text.into_bytes())
    }
}

/// The first bytes of what compresses files: gzip, xz, zstd, bzip2, zip, 7z, lz4 (file(1) knows them too).
const COMPRESSED: [&[u8]; 7] = [
    b"\x1f\x8b",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"\x04\x22\x4d\x18",
];

/// Tells whether a log begins as a compressed file does.
pub(crate) fn is_compressed(first: &[u8]) -> bool {
    COMPRESSED.iter().any(|mark| first.starts_with(mark))
}

/// Counts bytes that text does not have; a compressed or random file has one in ten.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Controls {
    odd: usize,
    all: usize,
}

/// How many bytes are enough to tell.
const ENOUGH: usize = 256 * 1024;

impl Controls {
    pub(crate) fn count(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..bytes.len().min(ENOUGH - self.all.min(ENOUGH))).unwrap_or_default();
        let odd = |b: &&u8| **b < 0x20 && !matches!(**b, 0 | 0x08 | b'\t' | b'\n' | 0x0C | b'\r' | 0x1B);
        self.odd += bytes.iter().filter(odd).count();
        // holes are nothing: a log that was emptied while it was written to begins with one
        self.all += bytes.iter().filter(|b| **b != 0).count();
    }

    /// Tells whether it is no text.
    pub(crate) fn are_of_no_text(self) -> bool {
        self.odd * 25 > self.all
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, Controls, is_compressed};

    #[test]
    fn what_windows_writes_is_read() {
        for (coding, bytes) in [
            (Coding::Utf16Le, b"\xff\xfea\0\xfc\0\n\0\x3d\xd8"),
            (Coding::Utf16Be, b"\xfe\xff\0a\0\xfc\0\n\xd8\x3d"),
        ] {
            assert_eq!(Coding::of(bytes), coding);
            assert_eq!(coding.utf8(bytes).as_ref(), "aü\n\u{fffd}".as_bytes());
        }
        assert_eq!(Coding::of(b"\xff"), Coding::Bytes);
    }

    #[test]
    fn no_text_is_told_from_odd_text() {
        let judged = |bytes: &[u8]| {
            let mut controls = Controls::default();
            controls.count(bytes);
            controls.are_of_no_text()
        };
        assert!(!judged("\u{1b}[31mred\u{1b}[0m\r\n\tok\u{8}\n".as_bytes()));
        assert!(!judged(&[&[0; 4096][..], b"after a hole\n"].concat()));
        assert!(
            !judged(b"\xf0\xe5\xe7\xe5\xf0\xe2 \xea\xee\xef\xe8\xff \x07 in an old alphabet\n"),
            "one bell"
        );
        assert!(judged(&(0..=255).cycle().take(10_000).collect::<Vec<u8>>()));
        assert!(!judged(b""));
        assert!(is_compressed(b"\x1f\x8b\x08") && !is_compressed(b"PK") && !is_compressed(b""));
    }
}
