//! The secret itself: a type that cannot be printed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use zeroize::Zeroizing;

/// The most bytes a source may hold; tokens are a few KiB long.
pub const MAX_BYTES: usize = 64 * 1024;

/// A password or token, wiped from memory when it is dropped.
pub struct Secret(Zeroizing<String>);

/// Why some text is no secret that could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// There is nothing in it.
    Empty,
    /// It has more than [`MAX_BYTES`].
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It contains a line break, which would end the line of the protocol that carries it.
    LineBreak,
    /// It contains a NUL, which separates the parts of a SASL PLAIN message (RFC 4616).
    Nul,
}

impl Secret {
    /// Takes text as a secret; refuses what no sign-in could carry.
    pub fn new(text: &str) -> Result<Self, Unusable> {
        match text {
            "" => Err(Unusable::Empty),
            text if text.len() > MAX_BYTES => Err(Unusable::TooLong),
            text if text.contains(['\r', '\n']) => Err(Unusable::LineBreak),
            text if text.contains('\0') => Err(Unusable::Nul),
            text => Ok(Self(Zeroizing::new(text.to_owned()))),
        }
    }

    /// Makes another of it, wiped by itself.
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// Takes the first line of what a source holds, without its line end.
    pub(super) fn first_line(bytes: &[u8]) -> Result<Self, Unusable> {
        if bytes.len() > MAX_BYTES {
            return Err(Unusable::TooLong);
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Self::new(std::str::from_utf8(line).map_err(|_| Unusable::NotUtf8)?)
    }

    /// Takes the first line of a file.
    pub(super) fn first_line_of(file: File) -> io::Result<Result<Self, Unusable>> {
        // room for everything that is read, so that no copy is left behind by a vector that grows
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 64));
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Self::first_line(&bytes))
    }

    /// Returns the secret; to be called once, where it goes onto the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Writes over the part of the stack that functions called before have used: what libraries keep
/// in variables of their own, they do not wipe (hmac keeps the key there).
///
/// To be called from where they were called, or from further up.
#[inline(never)]
#[allow(clippy::large_stack_arrays, reason = "the stack is what it is about")]
pub(crate) fn wipe_stack() {
    // more than anything on the way from a source to the wire needs
    let room = [0_u8; 64 * 1024];
    std::hint::black_box(&room);
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("its first line is empty"),
            Self::TooLong => write!(f, "it is longer than {} KiB", MAX_BYTES / 1024),
            Self::NotUtf8 => f.write_str("it is not UTF-8 text"),
            Self::LineBreak => f.write_str("it contains a line break"),
            Self::Nul => f.write_str("it contains a NUL byte"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bytes: &[u8]) -> Result<String, Unusable> {
        Secret::first_line(bytes).map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn the_first_line_counts_without_its_end() {
        for bytes in ["pass word", "pass word\n", "pass word\r\n", "pass word\nmore\0"] {
            assert_eq!(line(bytes.as_bytes()).unwrap(), "pass word", "{bytes:?}");
        }
        assert_eq!(line(" p \n".as_bytes()).unwrap(), " p ");
    }

    #[test]
    fn what_no_sign_in_could_carry_is_refused() {
        assert_eq!(line(b""), Err(Unusable::Empty));
        assert_eq!(line(b"\nsecond"), Err(Unusable::Empty));
        assert_eq!(line(b"a\rb\n"), Err(Unusable::LineBreak));
        assert_eq!(line(b"a\0b"), Err(Unusable::Nul));
        assert_eq!(line(b"\xff"), Err(Unusable::NotUtf8));
        assert_eq!(line(&vec![b'x'; MAX_BYTES + 1]), Err(Unusable::TooLong));
        assert!(line(&vec![b'x'; MAX_BYTES]).is_ok());
        assert_eq!(Secret::new("a\n").unwrap_err(), Unusable::LineBreak);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2").unwrap()), "[secret]");
    }
}
