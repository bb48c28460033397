//! What never appears in a message: the words of the task (`redact`), credentials in URLs, and the name
//! of the home folder in logs.
//!
//! Everything is looked for in one pass over the text as it came, and what was put in is not looked at
//! again. The work grows with the length of the text and with nothing else.

mod credentials;

use std::borrow::Cow;
use std::iter::Peekable;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::text;

/// What stands where a word was taken out.
const MARK: &str = "[redacted]";
/// What stands for the home folder; as a word of the task it asks for that everywhere.
const HOME: &str = "~";
/// The most that a secret without a blank in it can be expected to have, in bytes.
const SECRET_MOST: usize = 4096;

/// Everything that one message does not say.
#[derive(Debug)]
pub(crate) struct Redactor {
    /// Cleaned as the texts they are looked for in.
    words: Vec<String>,
    finder: Option<AhoCorasick>,
    homes: Vec<String>,
    home_everywhere: bool,
}

/// What kind of text is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A fact of the run or the task.
    Fact,
    /// A piece of a log.
    Log,
    /// What a template has made of facts: the person's own words, addresses of their own among them.
    Made,
}

/// A place in a text, and what is put there.
type Found = (usize, usize, &'static str);

/// Such places from left to right, found one by one: there may be as many as there are bytes.
type Source<'a> = Peekable<Box<dyn Iterator<Item = Found> + 'a>>;

fn source<'a>(found: impl Iterator<Item = Found> + 'a) -> Source<'a> {
    let found: Box<dyn Iterator<Item = Found> + 'a> = Box::new(found);
    found.peekable()
}

/// Tells whether the words of a task ask for the home folder to be hidden everywhere.
pub(crate) fn hides_home(words: &[String]) -> bool {
    words.iter().any(|word| word.trim() == HOME)
}

impl Redactor {
    /// Takes the words as the task lists them; empty ones are nothing to look for.
    pub(crate) fn new(words: &[String]) -> Self {
        let mut words: Vec<String> =
            words.iter().map(|word| text::one_line(word).trim().to_owned()).collect();
        let home_everywhere = hides_home(&words);
        words.retain(|word| !word.is_empty() && word != HOME);
        // a blank is a plus sign in what a form sends
        let spaced: Vec<String> =
            words.iter().filter(|word| word.contains(' ')).map(|word| word.replace(' ', "+")).collect();
        words.extend(spaced);
        words.sort_unstable();
        words.dedup();
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words).ok();
        let finder = if words.is_empty() { None } else { build() };
        Self { words, finder, homes: Vec::new(), home_everywhere }
    }

    /// Adds the home folders that logs do not name. One that says nothing about anybody is passed over.
    #[must_use]
    pub(crate) fn hiding(mut self, homes: &[String]) -> Self {
        let homes = homes.iter().map(|home| text::one_line(home).trim_end_matches('/').to_owned());
        self.homes = homes.filter(|home| says_who(home)).collect();
        self
    }

    /// Replaces all there is to hide.
    fn redact<'a>(&self, text: &'a str, kind: Kind) -> Cow<'a, str> {
        let once = self.finder.as_ref().and_then(|_| Decoded::of(text.as_bytes()));
        // a URL within a URL is encoded twice
        let twice = once.as_ref().and_then(Decoded::again);
        let words = self.finder.iter().flat_map(|finder| finder.find_iter(text));
        let words = words.map(|found| (found.start(), found.end(), MARK));
        let encoded = |decoded| {
            self.finder.iter().zip(decoded).flat_map(|(finder, decoded): (_, &Decoded)| {
                finder.find_iter(&decoded.bytes).filter_map(|found| decoded.place(found.start(), found.end()))
            })
        };
        let urls = (kind != Kind::Made).then(|| credentials::secrets_in_urls(text));
        let urls = urls.into_iter().flatten().map(|(from, to)| (from, to, MARK));
        let parameters = (kind != Kind::Made).then(|| credentials::secrets_behind_commas(text));
        let parameters = parameters.into_iter().flatten().map(|(from, to)| (from, to, MARK));
        let mut sources: Vec<Source<'_>> = vec![source(words), source(urls), source(parameters)];
        sources.extend([&once, &twice].map(|decoded| source(encoded(decoded))));
        if kind == Kind::Log || self.home_everywhere {
            let homes =
                self.homes.iter().map(|home| places_of(home, text).map(|(from, to)| (from, to, HOME)));
            sources.extend(homes.map(source));
        }
        sources.retain_mut(|source| source.peek().is_some());
        if sources.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(replaced(text, sources)) }
    }

    /// Cleans and redacts text that has to stay on one line.
    pub(crate) fn line(&self, text: &str) -> String {
        self.redact(text::one_line(text).trim(), Kind::Fact).into_owned()
    }

    /// Cleans and redacts a line of a log, whose indentation says something.
    pub(crate) fn log_line(&self, text: &str) -> String {
        self.redact(text::one_line(text).trim_end(), Kind::Log).into_owned()
    }

    /// Redacts a piece of a log that has been cleaned already.
    pub(crate) fn cleaned_log<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact(text, Kind::Log)
    }

    /// Cleans and redacts text of several lines that was made from facts which are redacted already.
    pub(crate) fn block(&self, text: &str) -> String {
        self.redact(&text::block(text), Kind::Made).into_owned()
    }

    /// Takes off the end of a line that was cut what could be the first half of a secret.
    pub(crate) fn without_half<'a>(&self, line: &'a str) -> &'a str {
        let mut floor = line.len().saturating_sub(SECRET_MOST);
        while !line.is_char_boundary(floor) {
            floor += 1;
        }
        let last = line.get(floor..).unwrap_or_default();
        let blank = last.rfind(char::is_whitespace).unwrap_or_default();
        let mut kept = line.get(..floor + blank).unwrap_or_default();
        // a word with a blank in it may have begun before; each try makes the line shorter
        while let Some(length) = self.words.iter().filter_map(|word| half_of(word, kept)).max() {
            kept = kept.get(..kept.len() - length).unwrap_or_default();
        }
        kept
    }
}

/// Returns how much of the end of `line` is the beginning of `word`, when it is some of it and not all.
fn half_of(word: &str, line: &str) -> Option<usize> {
    // nothing of what was cut off can be told from its first letters alone where they are blanks
    let lengths = word.char_indices().map(|(at, _)| at).filter(|at| *at > 0).rev();
    lengths.into_iter().find(|at| word.get(..*at).is_some_and(|half| line.ends_with(half)))
}

/// Tells whether a home folder is somebody's: `/home/jon`, and not `/`, `/bin` or `/config`.
fn says_who(home: &str) -> bool {
    let depth = home.split('/').filter(|part| !part.is_empty()).count();
    home == "/root" || (home.starts_with('/') && depth >= 2 && !home.starts_with("/usr/"))
}

/// Finds a folder in text: as a whole, not as a part of another name.
fn places_of<'t>(home: &'t str, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(home).filter_map(move |(at, found)| {
        let end = at + found.len();
        let before = text.get(..at)?.chars().next_back();
        let mut after = text.get(end..)?.chars();
        let next = match after.next() {
            // the end of a sentence
            Some('.') => after.next().filter(|c| named(*c) || *c == '/'),
            next => next.filter(|c| named(*c)),
        };
        (!before.is_some_and(named) && next.is_none()).then_some((at, end))
    })
}

/// Puts the marks in, from left to right; places that lie over each other count as one.
fn replaced(text: &str, mut sources: Vec<Source<'_>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    loop {
        let next = sources.iter_mut().filter_map(|source| Some((source.peek()?.0, source)));
        let Some((from, to, mark)) = next.min_by_key(|(from, _)| *from).and_then(|(_, source)| source.next())
        else {
            break;
        };
        if from >= done {
            out.push_str(text.get(done..from).unwrap_or_default());
            out.push_str(mark);
        }
        done = done.max(to);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Text with its percent signs resolved (RFC 3986, section 2.1), and where each byte of it came from.
struct Decoded {
    bytes: Vec<u8>,
    from: Vec<u32>,
}

impl Decoded {
    /// Resolves what is encoded; `None` where nothing is.
    fn of(input: &[u8]) -> Option<Self> {
        let code = |at: usize| {
            let digit = |at| input.get(at).and_then(|b| char::from(*b).to_digit(16));
            let value = digit(at + 1)? * 16 + digit(at + 2)?;
            input.get(at).filter(|b| **b == b'%').and_then(|_| u8::try_from(value).ok())
        };
        if u32::try_from(input.len()).is_err() || !(0..input.len()).any(|at| code(at).is_some()) {
            return None;
        }
        let (mut bytes, mut from) = (Vec::with_capacity(input.len()), Vec::with_capacity(input.len()));
        let mut at = 0;
        while let Some(byte) = input.get(at) {
            from.push(u32::try_from(at).unwrap_or(u32::MAX));
            let decoded = code(at);
            bytes.push(decoded.unwrap_or(*byte));
            at += if decoded.is_some() { 3 } else { 1 };
        }
        from.push(u32::try_from(at).unwrap_or(u32::MAX));
        Some(Self { bytes, from })
    }

    /// Resolves what is encoded still.
    fn again(&self) -> Option<Self> {
        let Self { bytes, from } = Self::of(&self.bytes)?;
        let came = |at: u32| usize::try_from(at).ok().and_then(|at| self.from.get(at)).copied();
        let from = from.into_iter().map(|at| came(at).unwrap_or(u32::MAX)).collect();
        Some(Self { bytes, from })
    }

    /// Returns the place in the text as it came.
    fn place(&self, from: usize, to: usize) -> Option<Found> {
        let at = |index: usize| self.from.get(index).and_then(|at| usize::try_from(*at).ok());
        Some((at(from)?, at(to)?, MARK))
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    fn redactor(words: &[&str]) -> Redactor {
        Redactor::new(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_occurrence_goes_and_the_longest_word_wins() {
        let r = redactor(&["hunter", "hunter2", ""]);
        assert_eq!(r.line("hunter2 hunter hunter2hunter"), "[redacted] [redacted] [redacted][redacted]");
        assert_eq!(r.line("nothing here"), "nothing here");
    }

    #[test]
    fn what_was_put_in_is_not_looked_at_again() {
        assert_eq!(redactor(&["secret", "red", "act"]).line("secret"), "[redacted]");
    }

    #[test]
    fn a_word_with_control_characters_is_found_in_cleaned_text() {
        assert_eq!(redactor(&["a\tb"]).line("x a\tb x"), "x [redacted] x");
    }

    #[test]
    fn a_word_is_found_in_every_spelling_of_a_url() {
        let r = redactor(&["p@ss wörd"]);
        for spelling in
            ["p@ss wörd", "p%40ss%20wörd", "p%40ss%20w%C3%B6rd", "p@ss+w%c3%b6rd", "%70@%73s%20w%c3%B6rd"]
        {
            assert_eq!(r.line(&format!("see {spelling}.")), "see [redacted].", "{spelling}");
        }
        assert_eq!(r.line("100% p%4 %zz %"), "100% p%4 %zz %");
    }

    #[test]
    fn credentials_in_urls_go_without_being_asked_for_but_not_out_of_templates() {
        let r = redactor(&["repo"]);
        assert_eq!(
            r.line("https://jon:pw@host/repo?token=x"),
            "https://[redacted]@host/[redacted]?token=[redacted]"
        );
        assert_eq!(r.block("https://jon:pw@host/repo"), "https://jon:pw@host/[redacted]");
        assert_eq!(
            redactor(&["pw@ho"]).line("https://jon:pw@host"),
            "https://[redacted]st",
            "one over the other"
        );
    }

    #[test]
    fn the_home_folder_has_no_name_in_logs_and_elsewhere_when_asked() {
        let homes = ["/home/jon/".to_owned(), "/".to_owned(), String::new(), "/bin".to_owned()];
        let r = redactor(&[]).hiding(&homes);
        let log = "/home/jon/a /home/jon: '/home/jon' file:///home/jon/b /home/jon. /bin/x";
        assert_eq!(r.log_line(log), "~/a ~: '~' file://~/b ~. /bin/x");
        let others = "/home/jonas /mnt/home/jon/x /home/jon.old /home/jon-2";
        assert_eq!(r.log_line(others), others);
        assert_eq!(r.line(log), log);
        let everywhere = redactor(&["~", "jon"]).hiding(&homes);
        assert_eq!(everywhere.line("/home/jon/a ~/jon"), "~/a ~/[redacted]");
        assert_eq!(everywhere.block("/home/jon/a"), "~/a");
    }

    #[test]
    fn a_word_within_a_credential_does_not_uncover_its_rest() {
        assert_eq!(redactor(&["pw"]).line("https://jon:pwlong@host"), "https://[redacted]@host");
    }

    #[test]
    fn words_that_are_encoded_twice_are_found() {
        let r = redactor(&["p/w d"]);
        assert_eq!(
            r.line("x p%252Fw%2520d p%252fw%20d p%2Fw+d p%25252Fw"),
            "x [redacted] [redacted] [redacted] p%25252Fw"
        );
        assert_eq!(r.line("100%25 %252"), "100%25 %252");
    }

    #[test]
    fn half_a_secret_is_none() {
        let r = redactor(&["very secret word", "other"]);
        assert_eq!(r.without_half("a line with a very sec"), "a line with a ");
        assert_eq!(r.without_half("a line with a very secret"), "a line with a ");
        assert_eq!(r.without_half("some https://jon:passw"), "some");
        assert_eq!(r.without_half(&"x".repeat(10_000)).len(), 10_000 - 4096);
        assert_eq!(r.without_half(""), "");
    }

    #[test]
    fn five_mebibytes_take_no_time() {
        let r = redactor(&["a", "aa", "hunter2"]).hiding(&["/home/jon".to_owned()]);
        for piece in ["a", "%61", "a://b:c@d/home/jon ", "no match "] {
            let text = piece.repeat(5 * 1024 * 1024 / piece.len());
            let begun = std::time::Instant::now();
            let out = r.cleaned_log(&text);
            assert!(begun.elapsed().as_secs() < 20, "{piece}: {:?}", begun.elapsed());
            assert!(out.contains("[redacted]"), "{piece}");
        }
    }
}
