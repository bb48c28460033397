//! A man page that is being written: sections, paragraphs, lists, code.
//!
//! The roff crate escapes what has to be escaped; this adds what it leaves to its users. In the
//! text, `` `word` `` is bold (typed as it stands) and `‹word›` italic (put something there).

use roff::{Inline, Roff, bold, italic, roman};

pub(crate) struct Page {
    roff: Roff,
    /// Whether a paragraph may begin without being told so.
    fresh: bool,
}

impl Page {
    pub(crate) fn new(title: &[&str]) -> Self {
        let mut roff = Roff::new();
        roff.control("TH", title.iter().copied());
        // no hyphenation, ragged right: flags and words of code stay whole
        roff.control("nh", []).control("ad", ["l"]);
        Self { roff, fresh: true }
    }

    pub(crate) fn section(&mut self, title: &str) {
        self.roff.control("SH", [title]);
        self.fresh = true;
    }

    pub(crate) fn subsection(&mut self, title: &str) {
        self.roff.control("SS", [title]);
        self.fresh = true;
    }

    /// Begins a paragraph.
    pub(crate) fn text(&mut self, text: &str) {
        if !std::mem::take(&mut self.fresh) {
            self.roff.control("PP", []);
        }
        self.sentences(text);
    }

    /// Adds a line that stays a line of its own.
    pub(crate) fn line(&mut self, text: &str) {
        if !std::mem::take(&mut self.fresh) {
            self.roff.control("br", []);
        }
        self.roff.text(inlines(text));
    }

    /// Adds an entry of a list: what it is about, and what is to say of it.
    pub(crate) fn item(&mut self, term: &str, text: &str) {
        self.roff.control("TP", []);
        self.roff.text(inlines(term));
        self.sentences(text);
        self.fresh = false;
    }

    /// Adds lines that stay as they are.
    pub(crate) fn code(&mut self, lines: &str) {
        self.roff.control("PP", []).control("RS", ["4"]).control("EX", []);
        for line in lines.lines() {
            // an empty line of input means something else to roff
            self.roff.text([roman(if line.is_empty() { " " } else { line })]);
        }
        self.roff.control("EE", []).control("RE", []);
        self.fresh = false;
    }

    pub(crate) fn finish(&self) -> String {
        // typographic forms of these would be wrong in what people paste
        let mut text = self.roff.to_roff();
        for (plain, escaped) in
            [("'", "\\(aq"), ("`", "\\(ga"), ("^", "\\(ha"), ("~", "\\(ti"), ("…", "\\&...")]
        {
            text = text.replace(plain, escaped);
        }
        text
    }

    /// Writes each sentence on a line of its own: formatters space them rightly then, and a
    /// change of one is a change of one line.
    fn sentences(&mut self, text: &str) {
        let mut rest = text;
        while let Some(end) = sentence_end(rest) {
            let (sentence, more) = rest.split_at(end);
            self.roff.text(inlines(sentence));
            rest = more.trim_start();
        }
        self.roff.text(inlines(rest));
    }
}

fn sentence_end(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(at, c)| {
        let after = &text[at + c.len_utf8()..];
        (matches!(c, '.' | '?') && after.starts_with(' ') && after.trim_start().starts_with(begins))
            .then_some(at + c.len_utf8())
    })
}

fn begins(c: char) -> bool {
    c.is_uppercase() || matches!(c, '`' | '‹' | '"' | '(')
}

fn inlines(text: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let (close, make): (_, fn(String) -> Inline) = match c {
            '`' => ('`', |word| bold(word)),
            '‹' => ('›', |word| italic(word)),
            _ => {
                plain.push(c);
                continue;
            }
        };
        let end = rest.find(close).unwrap_or_else(|| panic!("no {close:?} in {text:?}"));
        if !plain.is_empty() {
            out.push(roman(std::mem::take(&mut plain)));
        }
        out.push(make(rest[..end].to_owned()));
        rest = &rest[end + close.len_utf8()..];
    }
    if !plain.is_empty() {
        out.push(roman(plain));
    }
    out
}
