//! Replies of an SMTP server (RFC 5321, section 4.2), read leniently and within limits.
//!
//! Lenient, because a reply that is understood only halfway after the final dot would make a
//! delivered message look lost: a code alone, lower case, Latin-1, bare line feeds and lines far
//! over the 512 octets of the standard are all taken. Limited, because nobody may talk for ever.

use std::fmt;
use std::io::{self, Read};

use zeroize::{Zeroize, Zeroizing};

use crate::text;

/// How much of a line is kept; the rest is read and dropped.
const LINE_KEPT: usize = 2048;
/// The most octets one reply may have.
const REPLY_MOST: usize = 1024 * 1024;
/// The most lines of a reply that are kept.
const LINES_KEPT: usize = 256;

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The three digits.
    pub(crate) code: u16,
    /// The text of each line, without code, as it came (not yet cleaned).
    pub(crate) lines: Zeroizing<Vec<String>>,
}

impl Reply {
    /// Tells whether the server agreed (2yz).
    pub(crate) fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Tells whether a later try may succeed (4yz).
    pub(crate) fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Tells whether the server refused for good (5yz).
    pub(crate) fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Tells whether this answers another question than one about mail: the second digit is 1 for
    /// information, 2 for connections (RFC 5321, section 4.2.1), 3 for signing in (RFC 4954), 5 for mail.
    pub(crate) fn is_about_something_else(&self) -> bool {
        matches!(self.code / 10 % 10, 1..=3)
    }

    /// Returns the enhanced status code (RFC 3463) at the head of the text: `5.7.1`.
    pub(crate) fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let mut parts = word.split('.');
        let digits = |part: Option<&str>, most: usize| {
            part.is_some_and(|p| !p.is_empty() && p.len() <= most && p.bytes().all(|b| b.is_ascii_digit()))
        };
        let whole = digits(parts.next(), 1) && digits(parts.next(), 3) && digits(parts.next(), 3);
        (whole && parts.next().is_none()).then_some(word)
    }
}

impl fmt::Display for Reply {
    /// Writes the reply on one line, cleaned and shortened, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = self.lines.join(" ");
        let words: Vec<&str> = joined.split_whitespace().collect();
        let words = words.join(" ");
        let shown = text::one_line(&words);
        write!(f, "{} {}", self.code, text::shorten(&shown, 300)).map(|()| ())
    }
}

/// Why no reply could be read.
#[derive(Debug)]
pub(crate) enum ReplyError {
    /// The connection failed.
    Io(io::Error),
    /// The server closed the connection.
    Closed,
    /// What came does not begin with a reply code.
    Garbled(Zeroizing<String>),
    /// The reply does not end.
    Endless,
}

/// Bytes that came in and were not read as replies yet.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
}

impl Replies {
    /// Tells whether something came in that no reply has claimed.
    pub(crate) fn has_pending(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// Tells whether what came in begins with this code, as far as it can be seen.
    pub(crate) fn begins_with(&self, code: [u8; 3]) -> bool {
        let pending = self.buffer.get(self.start..).unwrap_or_default();
        !pending.is_empty() && pending.iter().zip(code).all(|(there, wanted)| *there == wanted)
    }

    /// The same of what the stream has as well, which is to wait for nothing.
    pub(crate) fn has_more(&mut self, stream: &mut impl Read) -> Result<bool, ReplyError> {
        if self.has_pending() {
            return Ok(true);
        }
        match self.fill(stream) {
            Err(ReplyError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            filled => filled.map(|()| true),
        }
    }

    /// Reads one reply.
    pub(crate) fn read(&mut self, stream: &mut impl Read) -> Result<Reply, ReplyError> {
        let mut lines = Zeroizing::new(Vec::new());
        let mut kind = None;
        let mut budget = REPLY_MOST;
        loop {
            let line = self.line(stream, &mut budget)?;
            let (code, more, rest) =
                split(&line).ok_or_else(|| ReplyError::Garbled(Zeroizing::new(decode(&line))))?;
            // every line has the code of the last (RFC 5321, section 4.2.1); yes and no in one reply
            // is neither
            if *kind.get_or_insert(code / 100) != code / 100 {
                return Err(ReplyError::Garbled(Zeroizing::new(decode(&line))));
            }
            if lines.len() < LINES_KEPT {
                lines.push(decode(rest));
            }
            if !more {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// Reads one line without its end; keeps its first [`LINE_KEPT`] octets.
    fn line(&mut self, stream: &mut impl Read, budget: &mut usize) -> Result<Zeroizing<Vec<u8>>, ReplyError> {
        // a line that grew would leave pieces behind, of a secret perhaps that the server repeats
        let mut line = Zeroizing::new(Vec::with_capacity(LINE_KEPT));
        loop {
            let pending = self.buffer.get_mut(self.start..).unwrap_or_default();
            let end = pending.iter().position(|b| *b == b'\n');
            let length = end.unwrap_or(pending.len());
            let part = pending.get_mut(..length).unwrap_or_default();
            let room = LINE_KEPT.saturating_sub(line.len());
            line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            part.zeroize();
            *budget = budget.checked_sub(length).ok_or(ReplyError::Endless)?;
            if let Some(end) = end {
                self.start += end + 1;
                *budget = budget.checked_sub(1).ok_or(ReplyError::Endless)?;
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            self.fill(stream)?;
        }
    }

    /// Replaces what was read by what comes next.
    fn fill(&mut self, stream: &mut impl Read) -> Result<(), ReplyError> {
        self.buffer.resize(4096, 0);
        self.start = 0;
        let read = stream.read(&mut self.buffer);
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(ReplyError::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(ReplyError::Io(error)),
        }
    }
}

/// Splits a line into its code, whether more lines follow, and its text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return None;
    }
    match line.get(3..)? {
        [] => Some((code, false, &[])),
        [b'-', rest @ ..] => Some((code, true, rest)),
        [b' ' | b'\t', rest @ ..] => Some((code, false, rest)),
        _ => None,
    }
}

/// Reads text as UTF-8, or as Latin-1 when it is not.
fn decode(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(
        |_| {
            let mut text = String::with_capacity(bytes.len() * 2);
            text.extend(bytes.iter().copied().map(char::from));
            text
        },
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::{Replies, Reply, ReplyError};
    use std::io::{self, Read};

    /// A peer that hands out its bytes `step` at a time.
    struct Peer<'a>(&'a [u8], usize);

    impl Read for Peer<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read_all(bytes: &[u8], step: usize) -> Vec<Result<Reply, String>> {
        let (mut peer, mut replies, mut all) = (Peer(bytes, step), Replies::default(), Vec::new());
        loop {
            match replies.read(&mut peer) {
                Ok(reply) => all.push(Ok(reply)),
                Err(ReplyError::Closed) => return all,
                Err(other) => {
                    all.push(Err(format!("{other:?}")));
                    return all;
                }
            }
        }
    }

    // as `read_all` returns it, so that the two can be compared
    #[allow(clippy::unnecessary_wraps)]
    fn reply(code: u16, lines: &[&str]) -> Result<Reply, String> {
        Ok(Reply { code, lines: lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>().into() })
    }

    #[test]
    fn odd_replies_are_understood_however_they_are_split() {
        let bytes = b"250\r\n250 ok\n250-one\r\n250-\r\n250 Two\r\n550 5.7.1 n\xE4in\r\n354\tgo\r\n";
        for step in [1, 2, 3, 7, 4096] {
            assert_eq!(
                read_all(bytes, step),
                [
                    reply(250, &[""]),
                    reply(250, &["ok"]),
                    reply(250, &["one", "", "Two"]),
                    reply(550, &["5.7.1 näin"]),
                    reply(354, &["go"]),
                ]
            );
        }
    }

    #[test]
    fn what_is_no_reply_is_shown() {
        for bad in [
            "HTTP/1.0 400 Bad Request\r\n",
            "SSH-2.0-x\r\n",
            "25\r\n",
            "2500 x\r\n",
            "\r\n",
            "100 x\r\n",
            "999 x\r\n",
            "550-rejected\r\n250 ok\r\n",
            "250-ok\r\n550 rejected\r\n",
        ] {
            let all = read_all(bad.as_bytes(), 4096);
            assert!(matches!(all.as_slice(), [Err(e)] if e.starts_with("Garbled")), "{bad:?}: {all:?}");
        }
    }

    #[test]
    fn long_lines_are_cut_and_endless_ones_end() {
        let mut long = b"250 ".to_vec();
        long.extend(std::iter::repeat_n(b'x', 100_000));
        long.extend(b"\r\n220 next\r\n");
        let all = read_all(&long, 4096);
        assert_eq!(all[0].as_ref().unwrap().lines[0].len(), super::LINE_KEPT - 4);
        assert_eq!(all[1], reply(220, &["next"]));

        let endless = vec![b'2'; super::REPLY_MOST + 10];
        assert!(matches!(read_all(&endless, 4096).as_slice(), [Err(e)] if e == "Endless"));
        let many = b"250-x\r\n".repeat(super::REPLY_MOST / 6);
        assert!(matches!(read_all(&many, 4096).as_slice(), [Err(e)] if e == "Endless"));
    }

    #[test]
    fn enhanced_codes_are_found_and_texts_cleaned() {
        let enhanced = |text: &str| reply(550, &[text]).unwrap().enhanced().map(str::to_owned);
        assert_eq!(enhanced("5.7.26 no").as_deref(), Some("5.7.26"));
        assert_eq!(enhanced("5.7.1234 no"), None);
        assert_eq!(enhanced("127.0.0.1 no"), None);
        assert_eq!(enhanced(""), None);
        assert_eq!(reply(550, &["a \u{1b}[2J", "b"]).unwrap().to_string(), "550 a \u{FFFD}[2J b");
    }
}
