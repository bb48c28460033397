//! Header values that can hold anything and stay one header.
//!
//! lettre's own encoders panic on a display name with a line break, leave control characters and
//! `=?…?=` look-alikes in plain ASCII text, and never fold a list of addresses (facts/smtp-and-tls.md,
//! section 2; `Mailboxes::encode` in lettre 0.11). So values are encoded here, and lettre is handed
//! them ready: this file is the only one that may call `dangerous_new_pre_encoded`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{Timestamp, Zoned};
use lettre::message::Mailbox;
use lettre::message::header::{HeaderName, HeaderValue};

use crate::message::cut;
use crate::text;

/// The longest line with an encoded word, in characters without CRLF (RFC 2047 section 2).
const LINE: usize = 76;
/// The longest encoded word, in characters (RFC 2047 section 2).
const WORD: usize = 75;
const PREFIX: &str = "=?utf-8?b?";
const SUFFIX: &str = "?=";
/// The longest display name, in bytes.
const NAME: usize = 200;
/// The longest text in a header, in bytes.
const TEXT: usize = 400;

/// Makes a header of free text: cleaned, on one line, cut visibly at 400 bytes.
pub(crate) fn text(name: &'static str, value: &str) -> HeaderValue {
    let value = line(value);
    ready(name, value.clone(), encode(&value, name.len() + 2))
}

/// Makes a header of a token that this crate wrote itself (a message id, a keyword).
pub(crate) fn token(name: &'static str, value: &str) -> HeaderValue {
    debug_assert!(value.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{value:?}");
    ready(name, value.to_owned(), value.to_owned())
}

/// Makes a header of addresses, each on a line of its own.
///
/// An address whose local part is not ASCII stays as it is (RFC 6532 section 3.2).
pub(crate) fn mailboxes(name: &'static str, list: &[Mailbox]) -> HeaderValue {
    let mut column = name.len() + 2;
    let encoded: Vec<String> = list
        .iter()
        .map(|mailbox| {
            let one = mailbox_value(mailbox, column);
            column = 1;
            one
        })
        .collect();
    // lettre reads the raw value back to see that there is a sender, and does not understand every
    // address it accepts (a quoted local part, a domain literal); it is never sent
    let raw = "someone@backup-notify.invalid".to_owned();
    ready(name, raw, encoded.join(",\r\n "))
}

/// Makes the `Date` header in the person's own zone (RFC 5322 section 3.3).
///
/// lettre knows UTC only, and panics on a clock that stands before 1970 or after 9999.
pub(crate) fn date(now: &Zoned) -> HeaderValue {
    let seconds = now.timestamp().as_second().clamp(0, 253_402_000_000);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let utc = at.to_zoned(jiff::tz::TimeZone::UTC);
    let local = at.to_zoned(now.time_zone().clone());
    // RFC 5322 has no seconds in an offset; the zones that had some are history (before 1972)
    ready(
        "Date",
        utc.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        local.strftime("%a, %d %b %Y %H:%M:%S %z").to_string().chars().take(31).collect(),
    )
}

/// Cleans text for a header: one line, single spaces, cut visibly.
pub(crate) fn line(value: &str) -> String {
    let cleaned = text::one_line(value);
    let words: Vec<&str> = cleaned.split(' ').filter(|word| !word.is_empty()).collect();
    cut::end(&words.join(" "), TEXT)
}

fn ready(name: &'static str, raw: String, encoded: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, encoded)
}

/// Writes one address, with its name if it has one; `column` is where it begins.
fn mailbox_value(mailbox: &Mailbox, column: usize) -> String {
    let name = mailbox.name.as_deref().map(|name| cut::end(&line(name), NAME)).unwrap_or_default();
    if name.is_empty() {
        return mailbox.email.to_string();
    }
    let short = name.len() + column < LINE;
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~ ".contains(&b);
    let shown = if !is_plain(&name) || !short {
        words(&name, column)
    } else if name.bytes().all(atom) {
        name
    } else {
        // a quoted string (RFC 5322 section 3.2.4)
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    };
    // a line break after the name keeps lines short; it is folding white space
    let fold = if shown.len() + mailbox.email.to_string().len() + column > LINE { "\r\n " } else { " " };
    format!("{shown}{fold}<{}>", mailbox.email)
}

/// Tells whether text can stand in a header as it is, and be read back as it is.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|b| (b' '..=b'~').contains(&b)) && !value.contains("=?")
}

/// Encodes one line of text for an unstructured header; `column` is where it begins.
fn encode(value: &str, column: usize) -> String {
    if !is_plain(value) || value.split(' ').any(|word| word.len() + column >= LINE) {
        return words(value, column);
    }
    let mut out = String::with_capacity(value.len());
    let mut column = column;
    for (i, word) in value.split(' ').enumerate() {
        if i > 0 {
            let fold = column + 1 + word.len() > LINE;
            out.push_str(if fold { "\r\n " } else { " " });
            column = if fold { 1 } else { column + 1 };
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

/// Encodes text as encoded words (RFC 2047), each on a line of its own and none with half a character.
fn words(value: &str, column: usize) -> String {
    let mut out = String::new();
    let mut room = octets(LINE.saturating_sub(column));
    let mut word = String::new();
    let mut finish = |word: &mut String, last: bool| {
        out.push_str(PREFIX);
        STANDARD.encode_string(word.as_bytes(), &mut out);
        out.push_str(SUFFIX);
        if !last {
            out.push_str("\r\n ");
        }
        word.clear();
    };
    for c in value.chars() {
        if word.len() + c.len_utf8() > room {
            finish(&mut word, false);
            room = octets(WORD);
        }
        word.push(c);
    }
    finish(&mut word, true);
    out
}

/// Returns how many bytes an encoded word of so many characters holds; never less than a character.
fn octets(characters: usize) -> usize {
    (characters.saturating_sub(PREFIX.len() + SUFFIX.len()) / 4 * 3).max(4)
}

#[cfg(test)]
mod tests {
    use super::{date, line, mailboxes, text};
    use jiff::{Timestamp, Zoned, tz::TimeZone};
    use lettre::message::Mailbox;
    use lettre::message::header::Headers;

    fn printed(value: lettre::message::header::HeaderValue) -> String {
        let mut headers = Headers::new();
        headers.insert_raw(value);
        headers.to_string()
    }

    fn mailbox(name: &str, address: &str) -> Mailbox {
        Mailbox::new(Some(name.to_owned()), address.parse().unwrap())
    }

    #[test]
    fn plain_text_stays_readable_and_is_folded_at_spaces() {
        assert_eq!(printed(text("Subject", "Backup failed: Home")), "Subject: Backup failed: Home\r\n");
        let long = printed(text("Subject", &"word ".repeat(40)));
        assert!(long.lines().all(|l| l.len() <= 76), "{long}");
        assert_eq!(long.replace("\r\n ", " ").matches("word").count(), 40);
    }

    #[test]
    fn other_text_becomes_encoded_words_that_keep_characters_whole() {
        assert_eq!(printed(text("Subject", "Büro")), "Subject: =?utf-8?b?QsO8cm8=?=\r\n");
        let long = printed(text("X-Backup-Notify-Outcome", &"🦀ü".repeat(60)));
        assert!(long.lines().all(|l| l.len() <= 76), "{long}");
        for word in long.split_whitespace().skip(1) {
            let inner = word.strip_prefix("=?utf-8?b?").unwrap().strip_suffix("?=").unwrap();
            let bytes = base64::Engine::decode(&super::STANDARD, inner).unwrap();
            assert!(std::str::from_utf8(&bytes).is_ok(), "half a character in {word}");
        }
    }

    #[test]
    fn text_that_looks_encoded_is_encoded_so_that_it_reads_as_written() {
        assert!(printed(text("Subject", "=?utf-8?q?You_won?=")).starts_with("Subject: =?utf-8?b?PT91"));
    }

    #[test]
    fn a_header_cannot_be_left() {
        assert_eq!(line(" a\r\nBcc: x@example.com\0\u{202e} "), "a Bcc: x@example.com\u{fffd}\u{fffd}");
        let name = printed(mailboxes("To", &[mailbox("Kim\r\nBcc: x@example.com", "kim@example.com")]));
        assert_eq!(name, "To: \"Kim Bcc: x@example.com\" <kim@example.com>\r\n");
    }

    #[test]
    fn names_are_atoms_quoted_or_encoded() {
        let to = [
            mailbox("Kim Doe", "kim@example.com"),
            mailbox("Doe, \"K\" \\", "kim@example.com"),
            mailbox("Jürgen", "j@example.com"),
            mailbox("\r\n", "ops@example.com"),
        ];
        assert_eq!(
            printed(mailboxes("To", &to)),
            "To: Kim Doe <kim@example.com>,\r\n \"Doe, \\\"K\\\" \\\\\" <kim@example.com>,\r\n \
             =?utf-8?b?SsO8cmdlbg==?= <j@example.com>,\r\n ops@example.com\r\n"
        );
    }

    #[test]
    fn a_date_has_the_zone_of_the_person_and_any_clock_will_do() {
        let at: Timestamp = "2025-11-22T02:12:45Z".parse().unwrap();
        let berlin = at.to_zoned(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!(printed(date(&berlin)), "Date: Sat, 22 Nov 2025 03:12:45 +0100\r\n");
        for broken in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
            printed(date(&Zoned::new(broken, TimeZone::UTC)));
        }
    }
}
