//! Secrets that come back: some servers repeat the line they did not understand.
//!
//! What a server says ends up in messages, logs and JSON, at whatever stage it says it. So every
//! reply after the secret has left is looked through, for the secret and for pieces of it in
//! base64, wherever they stand and wherever the server has cut them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

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

/// Takes the secret out of a reply.
pub(super) fn clean(mut reply: Reply, secret: &Secret) -> Reply {
    for line in &mut reply.lines {
        *line = hide(line, secret);
    }
    reply
}

/// Replaces the secret, and every word that holds a piece of it, by `[hidden]`.
pub(super) fn hide(line: &str, secret: &Secret) -> String {
    let secret = secret.reveal();
    // a line that is not UTF-8 has been read as Latin-1, the secret in it too
    let latin1: Zeroizing<String> = Zeroizing::new(secret.bytes().map(char::from).collect());
    let line = line.replace(secret, HIDDEN).replace(latin1.as_str(), HIDDEN);
    let encoded = [0, 1, 2].map(|alignment| encoded(secret.as_bytes(), alignment));
    let given_away = |word: &str| {
        let word = word.as_bytes();
        holds_piece(word, secret.as_bytes(), CLEAR_PIECE)
            || encoded
                .iter()
                .any(|text| text.len() >= ENCODED_LEAST && holds_piece(word, text.as_bytes(), ENCODED_PIECE))
    };
    let words: Vec<&str> = line.split(' ').map(|word| if given_away(word) { HIDDEN } else { word }).collect();
    words.join(" ")
}

/// Returns the characters that base64 makes of these bytes alone, wherever they stand `alignment`
/// bytes behind a multiple of three, whatever comes before and after them.
fn encoded(bytes: &[u8], alignment: usize) -> Zeroizing<String> {
    let mut shifted = Zeroizing::new(Vec::with_capacity(alignment + bytes.len()));
    shifted.resize(alignment, 0);
    shifted.extend_from_slice(bytes);
    let text = Zeroizing::new(STANDARD_NO_PAD.encode(&shifted));
    let (first, last) = ((alignment * 8).div_ceil(6), shifted.len() * 8 / 6);
    Zeroizing::new(text.get(first..last).unwrap_or_default().to_owned())
}

/// Tells whether a word holds `most` bytes in a row of a text, or all of it where it is shorter.
fn holds_piece(word: &[u8], text: &[u8], most: usize) -> bool {
    let length = text.len().min(most);
    length > 0 && text.windows(length).any(|piece| word.windows(length).any(|part| part == piece))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn hidden(line: &str, secret: &str) -> String {
        hide(line, &Secret::new(secret).unwrap())
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
