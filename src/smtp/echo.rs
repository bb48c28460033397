//! Secrets that come back: some servers repeat the line they did not understand.
//!
//! What a server says ends up in messages, logs and JSON, at whatever stage it says it. So every
//! reply after the secret has left is looked through, for the secret and for pieces of it in
//! base64, wherever they stand and wherever the server has cut them. The secret itself is gone by
//! then: what is kept of it is a short checksum of each piece, under a key of this process.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
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
        for checksums in traces.by_length.values_mut() {
            checksums.sort_unstable();
            checksums.dedup();
        }
        traces
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

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

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
    fn prose_is_left_alone() {
        let prose = "5.7.8 Authentication failed: wrong password or user name, see https://example.com/a";
        for secret in ["a password", "hunter2", "x y", "\u{1}"] {
            assert_eq!(hidden(prose, secret), prose, "{secret}");
        }
    }
}
