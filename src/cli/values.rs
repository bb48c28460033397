//! How the value of a flag is read, and which words there are for it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use jiff::Timestamp;
use lettre::message::Mailbox;

use super::Recipients;
use crate::task::{parse_duration, parse_long_duration, parse_mailboxes};

/// Makes a parser for a closed set of words, which help and completions list.
pub(super) fn words<T: Copy + Send + Sync + 'static>(
    set: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(set.iter().map(|(word, _)| *word)).try_map(|word| {
        // clap lets nothing else through
        set.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or("unknown word")
    })
}

pub(super) fn mailboxes(text: &str) -> Result<Recipients, String> {
    parse_mailboxes(text).map(Recipients)
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let mut list = parse_mailboxes(text)?;
    if list.len() > 1 {
        return Err(format!("expected one address; found {}", list.len()));
    }
    list.pop().ok_or_else(|| "expected an address".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
}

pub(super) fn long_duration(text: &str) -> Result<Duration, String> {
    parse_long_duration(text)
}

pub(super) fn exit_code(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| "expected a whole number, as \"$?\" holds it".to_owned())
}

/// Takes text in any encoding: a file name that is no UTF-8 must not cost the notice.
pub(super) fn any_text() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|text| text.to_string_lossy().into_owned())
}

/// Takes any path, an empty one too: `mktemp` in a script prints nothing when the disk is full, and what the
/// backup ended with has to be told all the same.
pub(super) fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Reads RFC 3339, or seconds since 1970 with or without the `@` of date(1).
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(seconds) = text.strip_prefix('@').unwrap_or(text).parse::<i64>() {
        return Timestamp::from_second(seconds).map_err(|_| "this time is out of range".to_owned());
    }
    text.parse().map_err(|_| "expected a time such as 2026-01-31T03:00:00Z, or seconds since 1970".to_owned())
}

/// The trust rules: completed as words, and taken with what follows their colon.
#[derive(Debug, Clone)]
pub(super) struct TrustWords;

impl TypedValueParser for TrustWords {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let wrong = |problem: String| {
            // clap's own error for a bad value has no place for what is wrong with it
            let arg = arg.map(ToString::to_string).unwrap_or_default();
            let value = value.to_string_lossy();
            let problem = format!("invalid value '{value}' for '{arg}': {problem}");
            command.clone().error(ErrorKind::ValueValidation, problem)
        };
        let word = value.to_str().ok_or_else(|| wrong("expected text".to_owned()))?;
        crate::task::TrustRule::parse_all(&[word.to_owned()]).map_err(wrong)?;
        Ok(word.to_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = [
            ("system", "what the operating system trusts"),
            ("ca-file:", "only chains to a certificate in this PEM file"),
            ("pin:sha256:", "only the certificate with this SHA-256"),
            ("pin:spki-sha256:", "only the public key with this SHA-256"),
            ("self-signed-root", "also an unknown root that the server sends"),
            ("accept-any-certificate", "anything at all"),
        ];
        Some(Box::new(words.into_iter().map(|(word, help)| PossibleValue::new(word).help(help))))
    }
}
