//! What a message quotes of a log: the first lines that tell of errors, and the last lines.
//!
//! A log may be ten gigabytes, still be written to, or hold a progress bar instead of lines. Only its
//! beginning and its end are looked at, and lines come out as a terminal would show them in the end.

mod attached;
mod coding;
mod errors;
mod scan;
mod screen;

use std::io::{self, Read, Seek, SeekFrom};

use crate::run::Captured;

pub(crate) use attached::{Content, content as attached};
pub(crate) use coding::{Coding, Controls, is_compressed};
pub(crate) use screen::without_escapes;

use scan::Scan;

/// How many lines of its end an excerpt has at most.
pub const DEFAULT_LINES: usize = 30;

/// How many bytes are read from the end of a log of which only the end is told.
const WINDOW: u64 = 16 * 1024;
/// How many bytes of its beginning are looked through for errors; even, for UTF-16.
const HEAD: u64 = 16 * 1024 * 1024;
/// How many bytes of its end are looked through.
const TAIL: u64 = 4 * 1024 * 1024;
/// How much is looked at at once; even.
const CHUNK: u64 = 64 * 1024;

/// Lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogExcerpt {
    /// The lines, in order.
    pub(crate) lines: Vec<LogLine>,
    /// How many lines were looked at.
    pub(crate) total: u64,
    /// What was not looked at.
    pub(crate) unseen: Option<Unseen>,
    /// Whether it looks like text.
    pub(crate) is_text: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// Which of the lines that were looked at it is, from 0.
    pub(crate) number: u64,
    /// Cleaned. Not cut to what is shown: that is done after words have been taken out of it, or the
    /// half of a secret that is left would no longer be recognised.
    pub(crate) text: String,
    /// Whether it was far too long, and its end is missing.
    pub(crate) cut: bool,
    /// Whether it tells of an error, or stands beside a line that does.
    pub(crate) of_error: bool,
}

/// A part of a log that was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Before which of the lines it is.
    pub(crate) line: u64,
    pub(crate) bytes: u64,
}

impl LogExcerpt {
    /// Reads the first lines that tell of errors, and the last ones.
    pub fn read(mut log: impl Read + Seek) -> io::Result<Self> {
        // it may grow meanwhile: what was its end when we looked is the end
        let length = log.seek(SeekFrom::End(0))?;
        log.seek(SeekFrom::Start(0))?;
        let mut coding = None;
        let mut compressed = false;
        let mut scan = Scan::default();
        let mut take = |log: &mut dyn Read, from: u64, to: u64, scan: &mut Scan| {
            let mut at = from;
            let mut chunk = Vec::new();
            while at < to {
                chunk.clear();
                let read = log.take(CHUNK.min(to - at)).read_to_end(&mut chunk)?;
                // it has become shorter
                if read == 0 {
                    break;
                }
                compressed |= coding.is_none() && is_compressed(&chunk);
                scan.feed(&coding.get_or_insert_with(|| Coding::of(&chunk)).utf8(&chunk));
                at += CHUNK;
            }
            Ok::<_, io::Error>(())
        };
        let head = length.min(HEAD);
        take(&mut log, 0, head, &mut scan)?;
        let tail = length.saturating_sub(TAIL).next_multiple_of(2).max(head);
        if tail > head {
            scan.pass_over(tail - head);
            log.seek(SeekFrom::Start(tail))?;
        }
        take(&mut log, tail, length, &mut scan)?;
        let mut excerpt = scan.finish();
        excerpt.is_text &= !compressed;
        Ok(excerpt)
    }

    /// Leaves out the lines of JSON, whole objects and pieces of larger ones; where nothing else is left,
    /// everything.
    pub(crate) fn without_json(&self) -> Self {
        let is_json = |line: &&LogLine| {
            let text = line.text.trim();
            text.starts_with(['{', '}', '"']) || matches!(text, "[" | "]" | "],")
        };
        let lines: Vec<LogLine> = self.lines.iter().filter(|line| !is_json(line)).cloned().collect();
        let any = lines.iter().any(|line| !line.text.is_empty());
        if any { Self { lines, ..self.clone() } } else { Self::default() }
    }

    /// Picks the same from what a command printed.
    pub fn of_captured(captured: &Captured) -> Self {
        let mut scan = Scan::default();
        scan.feed(captured.head());
        if captured.left_out() > 0 {
            scan.pass_over(captured.left_out());
        }
        let (first, second) = captured.tail();
        scan.feed(first);
        scan.feed(second);
        scan.finish()
    }

    /// Reads nothing but the last lines, from the last 16 KiB: where nothing has gone wrong.
    pub fn read_end(mut log: impl Read + Seek) -> io::Result<Self> {
        let length = log.seek(SeekFrom::End(0))?;
        // one unit more tells whether the window begins with a whole line
        let start = length.saturating_sub(WINDOW + 2).next_multiple_of(2);
        log.seek(SeekFrom::Start(0))?;
        let mut first = Vec::new();
        (&mut log).take(4).read_to_end(&mut first)?;
        log.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        log.take(length - start).read_to_end(&mut bytes)?;
        let bytes = Coding::of(&first).utf8(&bytes);
        let mut scan = Scan::default();
        scan.feed(if start > 0 { after_first_break(&bytes) } else { &bytes });
        let mut excerpt = scan.finish();
        if start > 0 {
            excerpt.unseen = Some(Unseen { line: 0, bytes: start });
        }
        excerpt.is_text &= !is_compressed(&first);
        Ok(excerpt)
    }

    /// Tells whether it looks like text; a compressed file does not.
    pub fn is_text(&self) -> bool {
        self.is_text
    }

    /// Makes one of these last lines.
    #[cfg(test)]
    pub(crate) fn of_lines(lines: &[String], truncated: bool) -> Self {
        let line = |(number, text): (u64, &String)| LogLine {
            number,
            text: text.clone(),
            cut: false,
            of_error: false,
        };
        let unseen = truncated.then_some(Unseen { line: 0, bytes: 1000 });
        Self { lines: (0..).zip(lines).map(line).collect(), total: lines.len() as u64, unseen, is_text: true }
    }
}

/// Leaves out the line that the window cuts in two, or its first word when it is the only line: the
/// end of a word may be the end of a secret.
fn after_first_break(bytes: &[u8]) -> &[u8] {
    let line = bytes.iter().position(|b| *b == b'\n').filter(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        !rest.iter().all(u8::is_ascii_whitespace)
    });
    let cut = line.or_else(|| bytes.iter().position(u8::is_ascii_whitespace));
    cut.and_then(|at| bytes.get(at + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
