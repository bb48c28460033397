//! Picking lines out of a log that comes by: the first that tell of errors, with those around them, and
//! the last. What is kept is bounded, whatever comes.

use std::collections::{BTreeMap, VecDeque};

use super::coding::Controls;
use super::{DEFAULT_LINES, LogExcerpt, LogLine, Unseen, errors, screen};
use crate::text;

/// How many lines that tell of errors are kept.
const ERRORS_MOST: usize = 10;
/// How many lines before and after one of them are kept.
const AROUND: usize = 2;
/// How much of one line is kept, in bytes.
const LINE_MOST: usize = 16 * 1024;
/// From how many bytes on a row of NUL bytes is a hole, which nobody wrote.
const HOLE: usize = 16;

/// One line as it came.
#[derive(Debug, Default)]
struct Raw {
    bytes: Vec<u8>,
    cut: bool,
}

/// Takes a log piece by piece.
#[derive(Debug, Default)]
pub(super) struct Scan {
    line: Raw,
    nuls: usize,
    /// The number of the line that is being read, from 0.
    number: u64,
    errors: usize,
    after: usize,
    picked: BTreeMap<u64, LogLine>,
    last: VecDeque<(u64, Raw)>,
    unseen: Option<Unseen>,
    /// Whether a line is passed over whose beginning was not seen.
    headless: bool,
    controls: Controls,
}

impl Scan {
    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.controls.count(bytes);
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (line, after) = rest.split_at_checked(end).unwrap_or_default();
            self.part(line);
            self.end_of_line();
            rest = after.get(1..).unwrap_or_default();
        }
        self.part(rest);
    }

    /// Passes over bytes that nobody looks at; the lines that this cuts in two are left out.
    pub(super) fn pass_over(&mut self, bytes: u64) {
        self.line = Raw::default();
        (self.nuls, self.after) = (0, 0);
        self.unseen = Some(Unseen { line: self.number, bytes });
        self.headless = true;
    }

    /// Returns what was picked.
    pub(super) fn finish(mut self) -> LogExcerpt {
        if !self.headless && (self.nuls > 0 || !self.line.bytes.is_empty()) {
            self.end_of_line();
        }
        let mut lines = self.picked;
        for (number, raw) in self.last {
            lines.entry(number).or_insert_with(|| shown(number, &raw, false));
        }
        let mut lines: Vec<LogLine> = lines.into_values().collect();
        let mut total = self.number;
        while lines.last().is_some_and(|line| line.text.is_empty() && line.number + 1 == total) {
            lines.pop();
            total -= 1;
        }
        LogExcerpt { lines, total, unseen: self.unseen, is_text: !self.controls.are_of_no_text() }
    }

    /// Takes a piece of one line.
    fn part(&mut self, part: &[u8]) {
        if self.headless || part.is_empty() {
            return;
        }
        if self.nuls == 0 && !part.contains(&0) {
            self.keep(part);
            return;
        }
        for piece in part.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
            if piece.first() == Some(&0) {
                self.nuls = self.nuls.saturating_add(piece.len());
            } else {
                self.end_of_nuls();
                self.keep(piece);
            }
        }
    }

    fn end_of_nuls(&mut self) {
        let nuls = std::mem::take(&mut self.nuls);
        if nuls < HOLE {
            self.keep([0; HOLE].get(..nuls).unwrap_or_default());
        }
    }

    /// Keeps bytes of a line within its bound; a progress bar that never ends is kept as it looks now.
    fn keep(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.line.cut {
                // what comes behind a carriage return is written over all this
                let Some(at) = bytes.iter().position(|b| *b == b'\r') else { return };
                self.line = Raw::default();
                bytes = bytes.get(at + 1..).unwrap_or_default();
                continue;
            }
            let room = LINE_MOST.saturating_sub(self.line.bytes.len()).min(bytes.len());
            let (fitting, rest) = bytes.split_at_checked(room).unwrap_or_default();
            self.line.bytes.extend_from_slice(fitting);
            bytes = rest;
            if !bytes.is_empty() {
                self.line.cut = !self.make_room();
            }
        }
    }

    /// Replaces what was written over by what is seen of it; tells whether that has made room.
    fn make_room(&mut self) -> bool {
        let Some(at) = self.line.bytes.iter().rposition(|b| *b == b'\r') else { return false };
        let (before, after) = self.line.bytes.split_at_checked(at).unwrap_or_default();
        let mut seen = screen::shown(&String::from_utf8_lossy(before)).into_bytes();
        if seen.len() + after.len() > LINE_MOST / 2 {
            return false;
        }
        seen.extend_from_slice(after);
        self.line.bytes = seen;
        true
    }

    fn end_of_line(&mut self) {
        if std::mem::take(&mut self.headless) {
            return;
        }
        self.end_of_nuls();
        let number = self.number;
        let tells = self.errors < ERRORS_MOST && errors::tells(&self.line.bytes);
        if tells {
            self.errors += 1;
            for (number, raw) in self.last.iter().rev().take(AROUND) {
                self.picked.entry(*number).or_insert_with(|| shown(*number, raw, true));
            }
        }
        if tells || self.after > 0 {
            self.picked.insert(number, shown(number, &self.line, true));
        }
        self.after = if tells { AROUND } else { self.after.saturating_sub(1) };
        self.number += 1;
        // the buffer of the oldest line is used for the next
        let mut next = Raw::default();
        if self.last.len() >= DEFAULT_LINES {
            next = self.last.pop_front().map(|(_, raw)| raw).unwrap_or_default();
            next.bytes.clear();
            next.cut = false;
        }
        self.last.push_back((number, std::mem::replace(&mut self.line, next)));
    }
}

/// Returns a line as a terminal shows it, cleaned.
fn shown(number: u64, raw: &Raw, of_error: bool) -> LogLine {
    let seen = screen::shown(&String::from_utf8_lossy(&raw.bytes));
    LogLine { number, text: text::one_line(&seen).trim_end().to_owned(), cut: raw.cut, of_error }
}
