//! Secrets that come back: some servers repeat the line they did not understand.
//!
//! What a server says ends up in messages, logs and JSON, at whatever stage it says it. So every
//! reply after the secret has left is looked through, for the secret and for pieces of it in
//! base64, hexadecimal and percent form, wherever they stand and wherever the server has cut them,
//! and for the very lines that were sent. The secret itself is gone by then: what is kept of it is
//! a short checksum of each piece, under a key of this process.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::{Zeroize, Zeroizing};

use crate::secrets::Secret;
use crate::smtp::reply::Reply;

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// The shortest piece of base64 that is hidden where a server repeats only a part: no word of
/// prose has so much in common with a secret.
const ENCODED_PIECE: usize = 8;
/// The same for a piece in clear; longer, because passwords are made of words.
const CLEAR_PIECE: usize = 12;
/// The shortest text in base64 that is looked for: one still shorter is in every other word.
const ENCODED_LEAST: usize = 4;
/// The shortest piece in hexadecimal: as many bytes as in the one of base64, and a little more,
/// because every server names its queue in digits.
const HEX_PIECE: usize = 16;
/// How many characters a secret has at least that is looked for in hexadecimal and percent form.
const SPELLED_LEAST: usize = 4;

/// What is left of a secret to know it again by: checksums of 32 bits, from which no piece can be
/// read. They do let whoever has this memory try whether a guess is right.
pub(super) struct Traces {
    key: RandomState,
    /// The checksums of all pieces, in order, by the length of the piece.
    by_length: BTreeMap<usize, Vec<u32>>,
}

impl Traces {
    /// Takes the traces of a secret.
    pub(super) fn of(secret: &Secret) -> Self {
        let mut traces = Self { key: RandomState::new(), by_length: BTreeMap::new() };
        let bytes = secret.reveal().as_bytes();
        traces.add(bytes, CLEAR_PIECE);
        if !bytes.is_ascii() {
            // a line that is not UTF-8 has been read as Latin-1, the secret in it too
            let mut latin1 = Zeroizing::new(String::with_capacity(bytes.len() * 2));
            latin1.extend(bytes.iter().copied().map(char::from));
            traces.add(latin1.as_bytes(), CLEAR_PIECE);
        }
        for alignment in 0..3 {
            let encoded = encoded(bytes, alignment);
            if encoded.len() >= ENCODED_LEAST {
                traces.add(&encoded, ENCODED_PIECE);
            }
        }
        if secret.reveal().chars().count() >= SPELLED_LEAST {
            for letter in [b'a', b'A'] {
                traces.add(&spelled(bytes, letter, |_| None), HEX_PIECE);
                // RFC 3986, section 2.3: what may stand as it is
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                let percent = spelled(bytes, letter, |byte| Some(plain(byte)));
                traces.add(&percent, CLEAR_PIECE);
            }
        }
        traces.put_in_order();
        traces
    }

    /// Adds a message that goes to the server as one line of base64, with the secret from its byte
    /// `begins` on: of a short secret no piece is long enough to be looked for by itself.
    ///
    /// What of the line is made of other bytes alone, such as the user name, is no secret.
    pub(super) fn add_sent(&mut self, message: &[u8], begins: usize) {
        let line = Zeroizing::new(STANDARD.encode(message));
        let bare = line.trim_end_matches('=');
        // padded it is no word of prose
        let text = if bare.len() < ENCODED_LEAST { line.as_bytes() } else { bare.as_bytes() };
        let first = (begins * 8 / 6).saturating_sub(ENCODED_PIECE - 1);
        self.add(text.get(first..).unwrap_or_default(), ENCODED_PIECE);
        self.put_in_order();
    }

    /// Makes the checksums ready to be searched.
    fn put_in_order(&mut self) {
        for checksums in self.by_length.values_mut() {
            checksums.sort_unstable();
            checksums.dedup();
        }
    }

    /// Adds every piece of `most` bytes of a text, or all of it where it is shorter.
    fn add(&mut self, text: &[u8], most: usize) {
        let length = text.len().min(most);
        if length > 0 {
            let checksums = text.windows(length).map(|piece| checksum(&self.key, piece));
            self.by_length.entry(length).or_default().extend(checksums);
        }
    }

    /// Takes the secret out of a reply.
    pub(super) fn clean(&self, mut reply: Reply) -> Reply {
        for line in reply.lines.iter_mut() {
            let hidden = self.hide(line);
            line.zeroize();
            *line = hidden;
        }
        reply
    }

    /// Replaces every word that holds the secret or a piece of it by `[hidden]`.
    pub(super) fn hide(&self, line: &str) -> String {
        let mut given_away = vec![false; line.len()];
        for (length, checksums) in &self.by_length {
            for (at, piece) in line.as_bytes().windows(*length).enumerate() {
                if checksums.binary_search(&checksum(&self.key, piece)).is_ok() {
                    given_away.iter_mut().skip(at).take(*length).for_each(|byte| *byte = true);
                }
            }
        }
        let mut words: Vec<&str> = Vec::new();
        let mut at = 0;
        for word in line.split(' ') {
            let end = at + word.len();
            let hidden = given_away.get(at..end).is_some_and(|word| word.contains(&true));
            // a secret of several words is one secret
            if !(hidden && words.last() == Some(&HIDDEN)) {
                words.push(if hidden { HIDDEN } else { word });
            }
            at = end + 1;
        }
        words.join(" ")
    }
}

/// The lower half of the keyed hash: enough to tell pieces from prose.
fn checksum(key: &RandomState, piece: &[u8]) -> u32 {
    let [.., a, b, c, d] = key.hash_one(piece).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// Returns the characters that base64 makes of these bytes alone, wherever they stand `alignment`
/// bytes behind a multiple of three, whatever comes before and after them.
fn encoded(bytes: &[u8], alignment: usize) -> Zeroizing<Vec<u8>> {
    let mut shifted = Zeroizing::new(Vec::with_capacity(alignment + bytes.len()));
    shifted.resize(alignment, 0);
    shifted.extend_from_slice(bytes);
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(&shifted));
    let (first, last) = ((alignment * 8).div_ceil(6), shifted.len() * 8 / 6);
    Zeroizing::new(text.as_bytes().get(first..last).unwrap_or_default().to_vec())
}

/// Writes bytes as two hexadecimal digits each, with digits above 9 from `letter` on. What `plain`
/// answers makes it the percent form: `true` for a byte that stays as it is, `false` for a `%`.
fn spelled(bytes: &[u8], letter: u8, plain: impl Fn(u8) -> Option<bool>) -> Zeroizing<Vec<u8>> {
    let digit = |value: u8| if value < 10 { b'0' + value } else { letter + (value - 10) };
    // room for all of it: what grows leaves what it was behind
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 3));
    for byte in bytes.iter().copied() {
        match plain(byte) {
            Some(true) => text.push(byte),
            Some(false) => text.extend([b'%', digit(byte >> 4), digit(byte & 15)]),
            None => text.extend([digit(byte >> 4), digit(byte & 15)]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(line: &str, secret: &str) -> String {
        Traces::of(&Secret::new(secret).unwrap()).hide(line)
    }

    #[test]
    fn a_secret_is_hidden_in_every_place_and_alignment() {
        for user in ["", "j", "jo", "jon"] {
            let whole = STANDARD.encode(format!("\0{user}\0hunter2-hunter3"));
            let bare = whole.trim_end_matches('=');
            for (before, after) in [("", ""), ("<", ">"), ("AUTH=", "?"), ("PLAIN:", "."), ("x", "y")] {
                let line = format!("no {before}{whole}{after} please");
                assert_eq!(hidden(&line, "hunter2-hunter3"), "no [hidden] please");
            }
            for cut in 1..4 {
                let line = bare.get(..bare.len() - cut).unwrap();
                assert_eq!(hidden(line, "hunter2-hunter3"), "[hidden]", "{user} {cut}");
            }
        }
        assert_eq!(hidden("a hunter2 b", "hunter2"), "a [hidden] b");
        assert_eq!(hidden("a p\u{c3}\u{a4}ss", "päss"), "a [hidden]");
        assert_eq!(hidden("no: my pass word!", "my pass word"), "no: [hidden]");
        assert_eq!(hidden("a long-long-lon", "long-long-long-token"), "a [hidden]");
    }

    #[test]
    fn the_line_that_was_sent_is_hidden_however_short_the_secret_is() {
        for (user, secret) in [("kim", "ab"), ("kim", "a"), ("j", "x"), ("kim@example.com", "päs")] {
            let mut traces = Traces::of(&Secret::new(secret).unwrap());
            let message = format!("\0{user}\0{secret}");
            traces.add_sent(message.as_bytes(), user.len() + 2);
            traces.add_sent(secret.as_bytes(), 0);
            let line = STANDARD.encode(&message);
            let bare = line.trim_end_matches('=');
            for said in [line.as_str(), bare, &format!("<{line}>"), &STANDARD.encode(secret)] {
                assert_eq!(traces.hide(&format!("no {said} here")), "no [hidden] here");
            }
            // the user name alone is no secret
            let user = STANDARD.encode(format!("\0{user}"));
            assert_eq!(traces.hide(&user), user);
        }
    }

    #[test]
    fn a_secret_in_digits_is_hidden() {
        for (secret, said) in [
            ("ab:z", "61623a7a"),
            ("ab:z", "61623A7A"),
            ("ab:z", "ab%3az"),
            ("ab:z", "ab%3Az"),
            ("pä s", "p%C3%A4%20s"),
            ("hunter2-hunter3", "68756e746572322d68756e74657233"),
            ("hunter2-hunter3", "746572322d68756e746572"),
        ] {
            assert_eq!(hidden(&format!("no <{said}> please"), secret), "no [hidden] please", "{said}");
        }
        let queued = "queued as 616263, see https://example.com/a%20b";
        assert_eq!(hidden(queued, "abc"), queued);
    }

    #[test]
    fn prose_is_left_alone() {
        let prose = "5.7.8 Authentication failed: wrong password or user name, see https://example.com/a";
        for secret in ["a password", "hunter2", "x y", "\u{1}"] {
            assert_eq!(hidden(prose, secret), prose, "{secret}");
        }
    }
}
