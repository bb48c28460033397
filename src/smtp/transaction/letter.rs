//! A message as it is to be handed over: by which command, and with which octets.

use std::borrow::Cow;

use memchr::memchr2;

use crate::smtp::Session;
use crate::smtp::transaction::End;

/// How much of a message is written at once, and what a message has to be smaller than to go along with the
/// commands: a server that answers each of them takes so much in meanwhile, so that nobody waits for the other
/// with full buffers.
pub(super) const CHUNK: usize = 64 * 1024;

/// A message on its way.
pub(super) struct Letter<'m> {
    pub(super) octets: Cow<'m, [u8]>,
    pub(super) way: Way,
    pub(super) end: End,
}

/// By which command a message is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By DATA, with a dot at its end.
    Data,
    /// By BDAT, in one flight with the commands before it.
    InFlight,
    /// By BDAT, once somebody is there to get it.
    Alone,
}

impl Session<'_> {
    /// Chooses the way of a message.
    pub(super) fn letter<'m>(&self, message: &'m [u8], end: End) -> Letter<'m> {
        // BDAT saves the wait for 354 only where it need not be waited for itself
        if end == End::Rehearsal || !self.offered.chunking || !self.offered.pipelining {
            return Letter { octets: Cow::Borrowed(message), way: Way::Data, end };
        }
        let octets = with_line_ends(message);
        let way = if octets.len() < CHUNK { Way::InFlight } else { Way::Alone };
        Letter { octets, way, end }
    }
}

/// Gives every line the end that it has when it goes by DATA (RFC 5321, section 2.3.8): BDAT counts octets, and
/// lets a bare CR or LF through to servers that could read the end of a message in it.
fn with_line_ends(message: &[u8]) -> Cow<'_, [u8]> {
    let mut rest = message;
    while let Some((_, after)) = first_line(rest).filter(|(_, after)| after.starts_with(b"\r\n")) {
        rest = after.get(2..).unwrap_or_default();
    }
    if rest.is_empty() {
        return Cow::Borrowed(message);
    }
    let mut octets = Vec::with_capacity(message.len() + message.len() / 32 + 2);
    for line in lines(message) {
        octets.extend_from_slice(line);
        octets.extend_from_slice(b"\r\n");
    }
    Cow::Owned(octets)
}

/// Goes through the lines of a message, without their ends: CRLF, or what stands for it.
pub(super) fn lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let (line, after) = first_line(rest)?;
        rest = match after {
            [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => rest,
            _ => &[],
        };
        Some(line)
    })
}

/// Splits off the first line, and leaves its end to the rest.
fn first_line(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr2(b'\n', b'\r', message).unwrap_or(message.len());
    message.split_at_checked(end).filter(|_| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Cow, lines, with_line_ends};

    #[test]
    fn every_line_ends_with_crlf_and_is_otherwise_as_it_was() {
        for (message, octets) in [
            ("", ""),
            ("a\r\n", "a\r\n"),
            ("a: b\r\n\r\n.\r\nc\r\n", "a: b\r\n\r\n.\r\nc\r\n"),
            ("a", "a\r\n"),
            ("a\r\nb", "a\r\nb\r\n"),
            ("a\nb\rc\r\n", "a\r\nb\r\nc\r\n"),
            ("a\r\n\n.\n", "a\r\n\r\n.\r\n"),
            ("\r\r\n", "\r\n\r\n"),
            ("a\r", "a\r\n"),
        ] {
            assert_eq!(with_line_ends(message.as_bytes()), octets.as_bytes(), "{message:?}");
            let same = matches!(with_line_ends(message.as_bytes()), Cow::Borrowed(_));
            assert_eq!(same, message == octets, "{message:?} is copied without need");
            let joined: Vec<u8> = lines(message.as_bytes()).flat_map(|l| [l, b"\r\n"].concat()).collect();
            assert_eq!(joined, octets.as_bytes(), "{message:?}");
        }
    }
}
