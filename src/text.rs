//! Text from outside, made safe to show.
//!
//! Server replies, file names, log lines and command output are other people's text. Before one
//! reaches a terminal, a header or a page it passes through here: control characters, escape
//! sequences and the marks that reorder text lose their power, and nothing else changes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// Tells whether a character could act instead of being shown: C0, DEL, C1, the line and
/// paragraph separators, the bidirectional controls and the invisible "tag" characters.
pub(crate) fn is_active(c: char) -> bool {
    // most of what there is to look at
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || matches!(
            c,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
                | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
        )
}

/// Cleans text that has to stay on one line: line breaks and tabs become spaces, other active
/// characters the replacement character.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
                c if is_active(c) => '\u{FFFD}',
                c => c,
            })
            .collect(),
    )
}

/// Cleans text of several lines: line feeds and tabs stay, CRLF and bare CR become line feeds.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    // byte by byte, as long as it lasts: a log is long
    if text.bytes().all(is_plain) || !text.chars().any(|c| is_active(c) && c != '\n' && c != '\t') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\n' | '\t' => c,
                '\r' | '\u{2028}' | '\u{2029}' => '\n',
                c if is_active(c) => '\u{FFFD}',
                c => c,
            })
            .collect(),
    )
}

/// Shortens text to `most` characters, visibly.
pub(crate) fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// Writes the address of a server as in a URL (RFC 3986, section 3.2.2); a name stays as it is.
pub(crate) fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

/// Names a server as in a URL: `smtp.example.com:587`, `[::1]:25`.
pub(crate) fn server(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

/// Quotes one word for a POSIX shell, so that a line can be pasted as it stands.
pub(crate) fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Returns what the system says of an error, without Rust's "(os error 28)", in the middle of a
/// sentence.
pub(crate) fn io_words(error: &io::Error) -> String {
    let said = error.to_string();
    said.split(" (os error").next().unwrap_or(&said).to_lowercase()
}

/// Writes bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // writing to a String cannot fail
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Finds the known word nearest to what was typed, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&typed, &word.to_lowercase()), *word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= word.chars().count().max(3) / 3)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::{block, io_words, nearest, one_line, shell_word, shorten};

    #[test]
    fn a_line_keeps_its_letters_and_loses_what_acts() {
        assert_eq!(one_line("Büro → ok"), "Büro → ok");
        assert_eq!(one_line("a\r\nb\tc\u{1b}[31m\u{9b}0m\0"), "a b c\u{FFFD}[31m\u{FFFD}0m\u{FFFD}");
        assert_eq!(one_line("photo\u{202E}gpj.exe"), "photo\u{FFFD}gpj.exe");
        assert_eq!(one_line("a\u{2028}b"), "a b");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\nb\rc\n\td\u{7}"), "a\nb\nc\n\td\u{FFFD}");
    }

    #[test]
    fn a_shell_word_can_be_pasted() {
        assert_eq!(shell_word("/etc/ssl/ca.pem"), "/etc/ssl/ca.pem");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("acount", &["account", "to"]), Some("account"));
        assert_eq!(nearest("fnish", &["finish", "error"]), Some("finish"));
        assert_eq!(nearest("colour", &["account", "to"]), None);
        assert_eq!(nearest("form", &["from", "html"]), Some("from"));
    }

    #[test]
    fn the_system_speaks_for_people() {
        assert_eq!(io_words(&std::io::Error::from_raw_os_error(28)), "no space left on device");
        assert_eq!(io_words(&std::io::Error::other("broken")), "broken");
    }

    #[test]
    fn shortening_is_visible() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcd", 3), "ab…");
    }
}
