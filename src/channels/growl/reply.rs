//! What a receiver answers, read as leniently as receivers answer.
//!
//! `GNTP/1.0 -OK NONE`, or `GNTP/1.0 -ERROR NONE` with an `Error-Code` and an `Error-Description`:
//! so it is written. In the field the `NONE` is missing, or the words of the error stand in its
//! place and there is no code, or lines end with a line feed alone (facts of receivers: Growl for
//! Linux, gol.c, `GNTP_ERROR_STRING_LITERAL`).

use zeroize::Zeroizing;

use crate::secrets::Secret;
use crate::text;

/// The most characters of a receiver's words that are shown.
const WORDS_MOST: usize = 200;
/// What stands in the place of the password, which the receiver knows too.
const HIDDEN: &str = "[hidden]";

/// What a receiver said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// It did what it was asked to.
    Ok,
    /// It did not.
    Error(Refusal),
    /// It does not speak GNTP; its first line, cleaned and shortened.
    Alien(String),
    /// It said nothing at all.
    Silence,
}

/// Why a receiver did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The number of the error, where it gives one.
    pub(super) code: Option<u16>,
    /// Its words, cleaned and shortened.
    pub(super) words: Option<String>,
}

impl Reply {
    /// Reads an answer; every answer means something. A line that has not ended counts only when nothing
    /// more can come (`ended`), or when it is the first, by whose beginning it is known.
    pub(super) fn parse(answer: &[u8], ended: bool, password: Option<&Secret>) -> Self {
        let text = text_of(if ended { answer } else { whole_lines(answer) });
        let mut lines = lines(&text).skip_while(|line| line.is_empty());
        let Some(first) = lines.next() else { return Self::Silence };
        // what is understood is the answer itself: a password may be "OK"
        match verdict(first) {
            Some(true) => Self::Ok,
            Some(false) => {
                let code = headers(lines).filter(|(name, _)| name.eq_ignore_ascii_case("Error-Code"));
                let code = code.map(|(_, value)| value).find_map(number);
                Self::Error(Refusal { code, words: words(&hidden(&text, password), password) })
            }
            None => {
                let text = hidden(&text, password);
                let first = self::lines(&text).find(|line| !line.is_empty()).unwrap_or_default();
                Self::Alien(shown(first, password))
            }
        }
    }

    /// Tells whether an answer begins as a yes does.
    pub(super) fn begins_well(answer: &[u8]) -> bool {
        let text = text_of(answer);
        lines(&text).find(|line| !line.is_empty()).and_then(verdict) == Some(true)
    }
}

/// Tells what a first line says: yes or no, if it is one of GNTP's.
fn verdict(first: &str) -> Option<bool> {
    let mut words = first.split_whitespace();
    let protocol = words.next().is_some_and(|word| starts_with(word, "GNTP/"));
    let word = words.next().filter(|_| protocol)?;
    let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
    (is("-OK") || is("-ERROR")).then(|| is("-OK"))
}

/// Takes the headers up to the blank line.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let pairs = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

/// Reads the number that a value begins with.
fn number(value: &str) -> Option<u16> {
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

/// Finds the words of an error, in an answer without the password: those of its header, or what stands
/// in the first line.
fn words(text: &str, password: Option<&Secret>) -> Option<String> {
    let mut lines = lines(text).skip_while(|line| line.is_empty());
    let first = lines.next()?.split_whitespace().skip(2);
    let first: Vec<&str> = first.filter(|word| !word.eq_ignore_ascii_case("NONE")).collect();
    let description = headers(lines).find(|(name, _)| name.eq_ignore_ascii_case("Error-Description"));
    let words = description.map(|(_, words)| words.to_owned()).filter(|words| !words.is_empty());
    let words = words.unwrap_or_else(|| first.join(" "));
    Some(shown(&words, password)).filter(|words| !words.is_empty())
}

/// Tells how much of an answer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not even its first line.
    Nothing,
    /// Its first line, which decides.
    FirstLine,
    /// All of it.
    Whole,
}

/// Looks how much of an answer has come in: a blank line ends it.
pub(super) fn progress(answer: &[u8]) -> Progress {
    let mut progress = Progress::Nothing;
    // the last piece is a line that has not ended
    for line in answer.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        match (line.trim_ascii().is_empty(), progress) {
            (true, Progress::Nothing) => {}
            (true, _) => return Progress::Whole,
            (false, _) => progress = Progress::FirstLine,
        }
    }
    progress
}

/// Splits an answer into lines, which end with CRLF, LF or CR.
fn lines(answer: &str) -> impl Iterator<Item = &str> {
    // an empty piece between CR and LF would be taken for a blank line
    answer.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).map(str::trim)
}

fn starts_with(word: &str, start: &str) -> bool {
    word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Returns an answer as text, wiped when it is dropped: a receiver knows the password too, and may
/// repeat it.
fn text_of(answer: &[u8]) -> Zeroizing<String> {
    // room for all of it, so that no copy is left behind by a string that grows
    let room = answer.len().saturating_mul(char::REPLACEMENT_CHARACTER.len_utf8());
    let mut text = Zeroizing::new(String::with_capacity(room));
    for chunk in answer.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// Leaves out a last line that has not ended, unless it is the only one.
fn whole_lines(answer: &[u8]) -> &[u8] {
    let end = answer.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    answer.get(..end).filter(|lines| !lines.trim_ascii().is_empty()).unwrap_or(answer)
}

/// Takes the password out, before anything else changes the text that it stands in.
fn hidden(text: &str, password: Option<&Secret>) -> Zeroizing<String> {
    // without the spaces around it, which a receiver may have left out
    let password = password.map(|password| password.reveal().trim()).filter(|password| !password.is_empty());
    Zeroizing::new(password.map_or_else(|| text.to_owned(), |password| text.replace(password, HIDDEN)))
}

/// Cleans and shortens words. What was only like the password, with a tab for its blank, may be the password
/// itself after that.
fn shown(words: &str, password: Option<&Secret>) -> String {
    let password = password.filter(|password| !HIDDEN.contains(password.reveal().trim()));
    let words = hidden(&text::one_line(words), password);
    text::shorten(words.trim(), WORDS_MOST).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(answer: &[u8]) -> Reply {
        Reply::parse(answer, true, None)
    }

    fn error(code: Option<u16>, words: Option<&str>) -> Reply {
        Reply::Error(Refusal { code, words: words.map(str::to_owned) })
    }

    #[test]
    fn yes_is_understood_in_every_form() {
        for answer in [
            "GNTP/1.0 -OK NONE\r\nResponse-Action: REGISTER\r\n\r\n",
            "GNTP/1.0 -OK\r\n\r\n",
            "GNTP/1.0 -OK NONE\nResponse-Action: NOTIFY\n\n",
            "gntp/1.0 -ok none\r\n",
            "GNTP/1.0 -OK NONE",
            "\r\nGNTP/1.0  -OK  NONE \r\n",
            "GNTP/1.1 -OK NONE\r\n\r\n",
        ] {
            assert_eq!(parse(answer.as_bytes()), Reply::Ok, "{answer:?}");
        }
    }

    #[test]
    fn no_is_understood_in_every_form() {
        let table = [
            (
                "GNTP/1.0 -ERROR NONE\r\nError-Code: 400\r\nError-Description: no\r\n\r\n",
                error(Some(400), Some("no")),
            ),
            ("GNTP/1.0 -ERROR\r\nerror-code:401\r\n\r\n", error(Some(401), None)),
            ("GNTP/1.0 -ERROR NONE\nError-Code:  402 \n\n", error(Some(402), None)),
            ("GNTP/1.0 -ERROR NONE\rError-Code: 303\r\r", error(Some(303), None)),
            ("GNTP/1.0 -ERROR Invalid data\r\n\r\n", error(None, Some("Invalid data"))),
            ("gntp/1.0 -error none\r\nError-Code : 404 (off)\r\n", error(Some(404), None)),
            ("GNTP/1.0 -ERROR NONE\r\nError-Code: x\r\n\r\n", error(None, None)),
            ("GNTP/1.0 -ERROR NONE\r\nError-Code: 99999999\r\n\r\n", error(None, None)),
            ("GNTP/1.0 -ERROR NONE\r\n\r\nError-Code: 400\r\n", error(None, None)),
            ("GNTP/1.0 -ERROR a\r\nError-Description: \x1b[31mb\u{202e}\r\n", error(None, Some("�[31mb�"))),
            ("GNTP/1.0 -ERROR", error(None, None)),
        ];
        for (answer, wanted) in table {
            assert_eq!(parse(answer.as_bytes()), wanted, "{answer:?}");
        }
    }

    #[test]
    fn what_is_no_gntp_is_named_and_silence_is_silence() {
        for (answer, line) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
            (b"\xff\xfe\x00", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"GNTP/1.0", "GNTP/1.0"),
            (b"GNTP/1.0 -OKAY", "GNTP/1.0 -OKAY"),
            (b"-OK", "-OK"),
        ] {
            assert_eq!(parse(answer), Reply::Alien(line.to_owned()));
        }
        assert_eq!(parse(b""), Reply::Silence);
        assert_eq!(parse(b"\r\n \r\n"), Reply::Silence);
        let Reply::Alien(long) = parse(&vec![b'x'; 70_000]) else { panic!() };
        assert_eq!(long.chars().count(), WORDS_MOST);
    }

    #[test]
    fn the_password_is_not_repeated() {
        let password = Secret::new("s3crét").unwrap();
        let long = format!("GNTP/1.0 -ERROR {}s3crét\r\n", "x".repeat(WORDS_MOST - 3));
        for (answer, words) in [
            ("GNTP/1.0 -ERROR not s3crét\r\n", "not [hidden]"),
            ("GNTP/1.0 -ERROR\r\nError-Description: s3crét!\r\n", "[hidden]!"),
            (&long, &format!("{}[h…", "x".repeat(WORDS_MOST - 3))),
        ] {
            assert_eq!(Reply::parse(answer.as_bytes(), true, Some(&password)), error(None, Some(words)));
        }
        let alien = Reply::parse("a s3crét\r\n".as_bytes(), true, Some(&password));
        assert_eq!(alien, Reply::Alien("a [hidden]".to_owned()));
    }

    #[test]
    fn the_password_is_taken_out_before_the_spaces_are() {
        let of = |password: &str, answer: &str| {
            Reply::parse(answer.as_bytes(), true, Some(&Secret::new(password).unwrap()))
        };
        for (password, answer, words) in [
            ("my  pass", "GNTP/1.0 -ERROR wrong my  pass\r\n", Some("wrong [hidden]")),
            ("my\tpass", "GNTP/1.0 -ERROR a\r\nError-Description: my\tpass\r\n", Some("[hidden]")),
            (" pass ", "GNTP/1.0 -ERROR it was pass\r\n", Some("it was [hidden]")),
            ("my NONE pass", "GNTP/1.0 -ERROR my NONE pass\r\n", Some("[hidden]")),
            // what is a password may be a word of GNTP's as well
            ("-ERROR", "GNTP/1.0 -ERROR a\r\n", Some("a")),
            ("  ", "GNTP/1.0  -ERROR  a\r\n", Some("a")),
        ] {
            assert_eq!(of(password, answer), error(None, words), "{password:?}");
        }
        assert_eq!(of("my  pass", "a my  pass\r\n"), Reply::Alien("a [hidden]".to_owned()));
        for password in ["OK", "GNTP/1.0", " ", "O"] {
            assert_eq!(of(password, "GNTP/1.0 -OK NONE\r\n"), Reply::Ok);
        }
        for (password, answer) in [
            ("my pass", "GNTP/1.0 -ERROR\tmy\tpass\r\n"),
            ("my pass", "GNTP/1.0 -ERROR my  pass\r\n"),
            ("my pass", "GNTP/1.0 -ERROR\r\nError-Description: my\tpass\r\n"),
            ("my\u{fffd}pass", "GNTP/1.0 -ERROR\r\nError-Description: my\x07pass\r\n"),
            ("hidden", "GNTP/1.0 -ERROR hidden\r\n"),
        ] {
            assert_eq!(of(password, answer), error(None, Some("[hidden]")), "{answer:?}");
        }
        let refused = of("Error-Code", "GNTP/1.0 -ERROR\r\nError-Code: 400\r\n");
        assert_eq!(refused, error(Some(400), None));
    }

    #[test]
    fn a_line_that_has_not_ended_counts_when_nothing_more_can_come() {
        for (answer, unfinished, ended) in [
            ("GNTP/1.0 -ERROR NONE\r\nError-Code: 20", error(None, None), error(Some(20), None)),
            ("GNTP/1.0 -ERROR NONE\rError-Code: 20", error(None, None), error(Some(20), None)),
            (
                "GNTP/1.0 -ERROR NONE\r\nError-Code: 400\r\nError-Desc",
                error(Some(400), None),
                error(Some(400), None),
            ),
            ("GNTP/1.0 -ERROR\nError-Description: no su", error(None, None), error(None, Some("no su"))),
            ("\r\nGNTP/1.0 -OK NONE", Reply::Ok, Reply::Ok),
            ("GNTP/1.0 -ERROR no", error(None, Some("no")), error(None, Some("no"))),
        ] {
            assert_eq!(Reply::parse(answer.as_bytes(), false, None), unfinished, "{answer:?}");
            assert_eq!(Reply::parse(answer.as_bytes(), true, None), ended, "{answer:?}");
        }
    }

    #[test]
    fn an_answer_ends_with_its_blank_line() {
        for (answer, wanted) in [
            ("", Progress::Nothing),
            ("\r\n", Progress::Nothing),
            ("GNTP/1.0 -OK NONE", Progress::Nothing),
            ("GNTP/1.0 -OK NONE\r\n", Progress::FirstLine),
            ("GNTP/1.0 -OK NONE\r\nA: b\r\n\r", Progress::FirstLine),
            ("GNTP/1.0 -OK NONE\r\n\r\n", Progress::Whole),
            ("GNTP/1.0 -OK NONE\n\n", Progress::Whole),
            ("\nGNTP/1.0 -OK NONE\nA: b\n\nmore", Progress::Whole),
        ] {
            assert_eq!(progress(answer.as_bytes()), wanted, "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_mean_something(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (progress(&bytes), Reply::parse(&bytes, false, None));
            prop_assert_eq!(Reply::begins_well(&bytes), parse(&bytes) == Reply::Ok);
            if let Reply::Error(Refusal { words: Some(shown), .. }) | Reply::Alien(shown) = parse(&bytes) {
                prop_assert!(!shown.chars().any(text::is_active) && shown.chars().count() <= WORDS_MOST);
            }
        }

        #[test]
        fn any_error_is_an_error(
            rest in "( NONE| [ -~]{0,20})?(\r\n|\n|\r)((Error-Code|Error-Description|[a-zA-Z-]{0,9}):?[ -~\u{80}-\u{ff}]{0,30}(\r\n|\n|\r){0,3}){0,5}"
        ) {
            let answer = format!("GNTP/1.0 -ERROR{rest}");
            let parsed = parse(answer.as_bytes());
            prop_assert!(matches!(parsed, Reply::Error(_)), "{:?}", parsed);
        }
    }
}
