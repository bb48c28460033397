//! What tar prints: one line for each error, and the total of `--totals`.
//!
//! tar says nothing when all is well, so an empty report is a complete one. GNU tar speaks the language
//! of the person: a line is taken apart by its shape ("tar: NAME: what happened"), and only the sentences
//! that say how it ended are known by their English words. Names are quoted so that a colon in one is
//! `\:` (`quotearg_colon` in GNU tar's misc.c); the tar of macOS and the BSDs quotes them likewise, but leaves
//! the colon (libarchive, tar/util.c, `safe_fprintf`).

use crate::run::{Outcome, RunFacts};
use crate::tools::bytes::{amount, has, octal, readable, rsplit_once, split_once};
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// GNU tar's last words when it stops at once; the line before says why.
const STOPS: &[u8] = b"Error is not recoverable: exiting now";
/// GNU tar's last words after errors, since 1.23 and before.
const FAILED: &[u8] = b"Exiting with failure status due to previous errors";
const FAILED_BEFORE: &[u8] = b"Error exit delayed from previous errors";
/// The same of libarchive's tar, with a full stop (tar/bsdtar.c).
const FAILED_BSD: &[u8] = b"Error exit delayed from previous errors.";
/// The code that GNU tar ends with after either of its last words (its manual, "Return codes").
const FATAL: i32 = 2;

/// Reads what tar printed.
#[derive(Debug, Default)]
pub(in crate::tools) struct Tar {
    errors: Errors,
    /// The last error, which becomes the message when tar stops there.
    last: Option<(Option<Vec<u8>>, Vec<u8>)>,
    facts: RunFacts,
    /// Whether there was anything at all.
    printed: bool,
    /// Whether any of it was tar's.
    understood: bool,
    /// Whether the last of it was a sentence about no file, after errors: in any language that says that it
    /// failed.
    closed: bool,
}

impl Parser for Tar {
    fn line(&mut self, line: Line<'_>) {
        self.printed |= !line.bytes.is_empty();
        if let Some(written) = total(line.bytes) {
            self.understood = true;
            self.facts.bytes_copied = Some(written);
        } else if let Some(said) = of_tar(line.bytes) {
            self.understood = true;
            self.said(said);
        }
    }

    fn end(mut self: Box<Self>) -> ToolReport {
        self.keep_last();
        let mut facts = self.facts;
        if self.closed && facts.exit_code.is_none() {
            facts.status = Some(Outcome::Error);
        }
        self.errors.into_facts(&mut facts);
        ToolReport { facts, complete: self.understood || !self.printed, broken_off: false }
    }
}

impl Tar {
    fn said(&mut self, said: &[u8]) {
        if said == STOPS {
            let last = self.last.take();
            self.facts.message = last.map(|(path, message)| match path {
                Some(path) => format!("{}: {}", words(&path), words(&message)),
                None => words(&message),
            });
            self.facts.exit_code = Some(FATAL);
        } else if said == FAILED || said == FAILED_BEFORE {
            self.facts.exit_code = Some(FATAL);
        } else if said == FAILED_BSD {
            // this tar ends with 1 here, and GNU tar with 1 when something changed meanwhile
            self.facts.status = Some(Outcome::Error);
        } else if !is_no_error(said) {
            let before = self.last.is_some();
            self.keep_last();
            let last = match name(said) {
                Some((path, message)) => (Some(path), readable(message)),
                None => (None, readable(said)),
            };
            // one that is cut off may be of a file; a number at the end counts something
            self.closed = before && last.0.is_none() && !said.ends_with(b":") && !ends_with_digit(said);
            self.last = Some(last);
        }
    }

    fn keep_last(&mut self) {
        if let Some((path, message)) = self.last.take() {
            self.errors.add(path.as_deref(), &message);
        }
    }
}

/// Returns what tar says in a line; "tar: ", "bsdtar: ", "/bin/tar: ", "tar (child): ".
fn of_tar(line: &[u8]) -> Option<&[u8]> {
    let (program, said) = split_once(line, b": ")?;
    let program = program.strip_suffix(b" (child)").unwrap_or(program);
    let name = rsplit_once(program, b"/").map_or(program, |(_, name)| name);
    matches!(name, b"tar" | b"gtar" | b"bsdtar").then_some(said)
}

/// Reads "Total bytes written: 10240 (10KiB, 5.0MiB/s)" in any language; libarchive's tar has no brackets.
fn total(line: &[u8]) -> Option<u64> {
    if let Some(written) = line.strip_prefix(b"Total bytes written: ") {
        let whole = written.iter().all(u8::is_ascii_digit) || written.ends_with(b")");
        return whole.then(|| amount(written)).flatten();
    }
    let read = line.starts_with(b"Total bytes read: ") || line.starts_with(b"Total bytes deleted: ");
    let (label, rates) = rsplit_once(line.strip_suffix(b"/s)")?, b" (")?;
    let (label, written) = rsplit_once(label, b": ")?;
    let ours = !read && of_tar(line).is_none() && !label.is_empty() && has(rates, b"iB, ");
    (ours && written.iter().all(u8::is_ascii_digit)).then(|| amount(written)).flatten()
}

/// Tells whether a line only informs. What is cut off in the middle is none of tar's sentences.
fn is_no_error(said: &[u8]) -> bool {
    let no_name = split_once(said, b": ").is_none();
    // --checkpoint: "Write checkpoint 1000", and most languages leave the word as it is
    if no_name && has(said, b"heckpoint") && ends_with_digit(said) {
        return true;
    }
    // "Removing leading `/' from member names": in every language a slash stands in some kind of quotes
    let leading = said.iter().enumerate().any(|(at, byte)| {
        let beside = |at: Option<usize>| at.and_then(|at| said.get(at)).copied();
        let quote = |byte: Option<u8>| byte.is_some_and(|b| matches!(b, b'`' | b'\'' | b'"') || b >= 0x80);
        *byte == b'/' && quote(beside(at.checked_sub(1))) && quote(beside(at.checked_add(1)))
    });
    let says = [
        b"not dumped".as_slice(),
        b": socket ignored",
        b": door ignored",
        b": Directory is new",
        b"Removing leading ",
    ];
    (leading && no_name)
        || says.iter().any(|words| said.ends_with(words) || (no_name && said.starts_with(words)))
        || has(said, b": Directory has been renamed from ")
        || [STOPS, FAILED, b"Removing leading `/' from "].iter().any(|whole| whole.starts_with(said))
}

fn ends_with_digit(said: &[u8]) -> bool {
    said.last().is_some_and(u8::is_ascii_digit)
}

/// Takes the name from the front of a line and turns it back.
fn name(said: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    // a colon in a name has a backslash before it, and a backslash another one
    let quoted = |at: usize| {
        let before = said.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    };
    let mut colons = said.windows(2).enumerate().filter(|(_, window)| window == b": ");
    let (at, _) = colons.find(|(at, _)| !quoted(*at))?;
    let (name, message) = (said.get(..at)?, said.get(at + 2..)?);
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((byte, after)) = letter(rest) {
        out.push(byte);
        rest = after;
    }
    Some((readable(&out), message))
}

/// Takes one byte of a quoted name.
fn letter(name: &[u8]) -> Option<(u8, &[u8])> {
    let (&byte, rest) = name.split_first()?;
    let Some((&mark, after)) = rest.split_first().filter(|_| byte == b'\\') else {
        return Some((byte, rest));
    };
    Some(match mark {
        b'n' => (b'\n', after),
        b't' => (b'\t', after),
        b'r' => (b'\r', after),
        b'a' => (0x07, after),
        b'b' => (0x08, after),
        b'f' => (0x0C, after),
        b'v' => (0x0B, after),
        b'?' => (0x7F, after),
        b'0'..=b'7' => octal(rest).unwrap_or((byte, rest)),
        _ => (mark, after),
    })
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
