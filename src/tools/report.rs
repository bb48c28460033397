//! Reading what a backup program prints: piece by piece, in constant memory, however long it is.
//!
//! A report is lines; each program's parser sees them one by one. What it may keep is bounded by what
//! stands here: the length of a line, the number of errors, the length of a path.

pub(super) mod json;

use std::fmt::Write as _; // into a String, where it cannot fail

use crate::run::{Outcome, RunError, RunFacts};
use crate::tools::{Tool, borg, ccc, rclone, restic, rsnapshot, rsync, tar};

/// The longest line that a parser sees, in bytes; of a longer one it sees the beginning.
const LINE: usize = 1024 * 1024;
/// How many errors are kept; the rest is counted.
const ERRORS: usize = 100;
/// The longest path or message that is kept, in bytes.
const TEXT: usize = 8 * 1024;

/// Which of a program's outputs something was printed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Its results, or a file in which everything is.
    Stdout,
    /// Its messages.
    Stderr,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolReport {
    /// The facts; `status` is there only when the report itself says how the run ended, `message` only
    /// when the program printed one sentence that explains its end.
    pub facts: RunFacts,
    /// Whether the report has the end that this program writes when it is done. Stored, never inferred.
    pub complete: bool,
    /// Whether it shows the program at work and lacks the end that it always writes: then not even the code
    /// 0 says that all went well, for it may be that of whatever stands last in a row of commands.
    pub broken_off: bool,
}

/// One line of a report, without its line break.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    #[allow(dead_code, reason = "what restic, Borg and rclone print can be told apart without it")]
    pub(super) stream: Stream,
    pub(super) bytes: &'a [u8],
    /// Whether the line was longer than this.
    pub(super) cut: bool,
}

/// What reads the lines of one program.
pub(super) trait Parser {
    /// Takes the next line.
    fn line(&mut self, line: Line<'_>);
    /// Says what it has read.
    fn end(self: Box<Self>) -> ToolReport;
}

/// Reads a report of one program.
pub struct ReportReader {
    parser: Box<dyn Parser + Send>,
    stdout: Partial,
    stderr: Partial,
}

impl std::fmt::Debug for ReportReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportReader").finish_non_exhaustive()
    }
}

impl ReportReader {
    /// Makes the reader for a program; `None` when nothing is known of what it prints.
    pub fn new(tool: Tool) -> Option<Self> {
        let parser: Box<dyn Parser + Send> = parser(tool)?;
        Some(Self { parser, stdout: Partial::default(), stderr: Partial::default() })
    }

    /// Takes the next bytes of one of the outputs; they may end anywhere.
    pub fn feed(&mut self, stream: Stream, bytes: &[u8]) {
        let partial = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    partial.push(end);
                    self.parser.line(partial.line(stream));
                    partial.clear();
                }
                None => partial.push(piece),
            }
        }
    }

    /// Says what has been read; a last line without its break counts.
    pub fn finish(mut self) -> ToolReport {
        for (stream, partial) in [(Stream::Stdout, &self.stdout), (Stream::Stderr, &self.stderr)] {
            if !partial.bytes.is_empty() {
                self.parser.line(partial.line(stream));
            }
        }
        self.parser.end()
    }
}

/// Returns the parser for a program.
fn parser(tool: Tool) -> Option<Box<dyn Parser + Send>> {
    match tool {
        Tool::Rsync => Some(Box::new(rsync::report::Rsync::default())),
        Tool::Tar => Some(Box::new(tar::report::Tar::default())),
        Tool::Rsnapshot => Some(Box::new(rsnapshot::report::Rsnapshot::default())),
        Tool::Ccc => Some(Box::new(ccc::report::History::default())),
        Tool::Restic => Some(Box::new(restic::report::Report::default())),
        Tool::Borg => Some(Box::new(borg::report::Report::default())),
        Tool::Rclone => Some(Box::new(rclone::report::Report::default())),
        Tool::Duplicati
        | Tool::Kopia
        | Tool::Borgmatic
        | Tool::Resticprofile
        | Tool::Systemd
        | Tool::Generic => None,
    }
}

/// A line that has not ended yet.
#[derive(Default)]
struct Partial {
    bytes: Vec<u8>,
    cut: bool,
}

impl Partial {
    fn push(&mut self, bytes: &[u8]) {
        // a bar of progress goes back and is written over: only its last state is a line, as on a terminal,
        // and hours of it cost no memory
        let ends = bytes.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
        let back = bytes.get(..ends).and_then(|shown| shown.iter().rposition(|byte| *byte == b'\r'));
        if back.is_some() || (ends > 0 && self.bytes.ends_with(b"\r")) {
            self.clear();
        }
        let bytes = back.and_then(|at| bytes.get(at + 1..)).unwrap_or(bytes);
        let room = LINE.saturating_sub(self.bytes.len());
        self.cut |= bytes.len() > room;
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn line(&self, stream: Stream) -> Line<'_> {
        // a file that was written on Windows, or through a terminal
        let end = self.bytes.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
        let bytes = self.bytes.get(..end).unwrap_or_default();
        Line { stream, bytes, cut: self.cut }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.cut = false;
        // one long line must not cost its memory until the end
        self.bytes.shrink_to(64 * 1024);
    }
}

/// The errors of a run as they are read: the first ones, and the number of the others.
#[derive(Debug, Default)]
pub(super) struct Errors {
    list: Vec<RunError>,
    more: u64,
}

impl Errors {
    /// Takes one error.
    pub(super) fn add(&mut self, path: Option<&[u8]>, message: &[u8]) {
        if self.list.len() < ERRORS {
            let path = path.map(words).filter(|path| !path.is_empty());
            self.list.push(RunError { path, message: words(message) });
        } else {
            self.more += 1;
        }
    }

    /// Tells whether there is any.
    pub(super) fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// Writes them into the facts of a run.
    pub(super) fn into_facts(self, facts: &mut RunFacts) {
        facts.errors = self.list;
        facts.errors_more = self.more;
    }

    /// The outcome that errors alone speak for, where nothing else does: something is missing.
    pub(super) fn outcome(&self) -> Outcome {
        if self.any() { Outcome::Warning } else { Outcome::Success }
    }
}

/// Turns bytes into text in which every byte survives: what is no UTF-8 is written as `\xE9`, for the
/// name of a file on an old disk is worth nothing as "caf\u{fffd}".
pub(super) fn words(bytes: &[u8]) -> String {
    let bytes = bytes.get(..TEXT).unwrap_or(bytes);
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn bytes_that_are_no_text_can_still_be_read() {
        assert_eq!(words(b"/home/caf\xe9/\xff"), "/home/caf\\xE9/\\xFF");
        assert_eq!(words("ä🦀".as_bytes()), "ä🦀");
    }

    #[test]
    fn many_errors_are_counted_and_the_first_are_kept() {
        let mut errors = Errors::default();
        for i in 0..1_000 {
            errors.add(Some(format!("/{i}").as_bytes()), &vec![b'x'; 20_000]);
        }
        let mut facts = RunFacts::default();
        errors.into_facts(&mut facts);
        assert_eq!((facts.errors.len(), facts.errors_more), (100, 900));
        assert_eq!(facts.errors[1].path.as_deref(), Some("/1"));
        assert_eq!(facts.errors[1].message.len(), TEXT);
    }

    /// A parser that writes down what it sees.
    struct Seen(Rc<RefCell<Vec<(Stream, usize, bool)>>>);

    impl Parser for Seen {
        fn line(&mut self, line: Line<'_>) {
            self.0.borrow_mut().push((line.stream, line.bytes.len(), line.cut));
        }

        fn end(self: Box<Self>) -> ToolReport {
            ToolReport::default()
        }
    }

    #[test]
    fn lines_are_put_together_from_pieces_and_bounded() {
        let mut partial = Partial::default();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let mut parser = Seen(Rc::clone(&seen));
        let long = vec![b'x'; LINE + 5];
        for piece in [b"ab".as_slice(), b"c", &long] {
            partial.push(piece);
        }
        parser.line(partial.line(Stream::Stdout));
        partial.clear();
        assert!(partial.bytes.capacity() <= 64 * 1024);
        partial.push(b"d\r");
        parser.line(partial.line(Stream::Stderr));
        assert_eq!(*seen.borrow(), [(Stream::Stdout, LINE, true), (Stream::Stderr, 1, false)]);
    }

    #[test]
    fn of_what_is_written_over_only_the_last_state_is_a_line() {
        let whole = b"\r  1%\r 50%\r100%\r\r\n".strip_suffix(b"\n").unwrap();
        for at in 0..=whole.len() {
            let mut partial = Partial::default();
            partial.push(&whole[..at]);
            partial.push(&whole[at..]);
            assert_eq!(partial.line(Stream::Stdout).bytes, b"100%", "{at}");
        }
        let mut partial = Partial::default();
        for _ in 0..100_000 {
            partial.push(b"\r         32,768   1%    0.00kB/s    0:00:00");
        }
        assert!(partial.bytes.capacity() < 1024 && !partial.cut);
    }
}
