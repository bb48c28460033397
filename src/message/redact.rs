//! Words that never appear in a message (`redact` in a task).

use std::borrow::Cow;

use crate::text;

/// What stands where a word was taken out.
const MARK: &str = "[redacted]";

/// The words of one task, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Redactor {
    /// Cleaned as the texts they are looked for in; the longest first, so that a word that contains
    /// another one goes as a whole.
    words: Vec<String>,
}

impl Redactor {
    /// Takes the words as the task lists them; empty ones are nothing to look for.
    pub(crate) fn new(words: &[String]) -> Self {
        let mut words: Vec<String> =
            words.iter().map(|word| text::one_line(word).trim().to_owned()).collect();
        words.retain(|word| !word.is_empty());
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self { words }
    }

    /// Replaces every occurrence of every word, in one pass: what was put in is not looked at again.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.words.iter().any(|word| text.contains(word.as_str())) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = self.words.iter().find_map(|word| rest.strip_prefix(word.as_str())) {
                out.push_str(MARK);
                rest = after;
            } else {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        Cow::Owned(out)
    }

    /// Cleans and redacts text that has to stay on one line.
    pub(crate) fn line(&self, text: &str) -> String {
        self.redact(text::one_line(text).trim()).into_owned()
    }

    /// Cleans and redacts a line whose indentation says something.
    pub(crate) fn line_keeping_indent(&self, text: &str) -> String {
        self.redact(text::one_line(text).trim_end()).into_owned()
    }

    /// Cleans and redacts text of several lines.
    pub(crate) fn block(&self, text: &str) -> String {
        self.redact(&text::block(text)).into_owned()
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
}
