//! What rsnapshot prints, or writes to its `logfile`: its own errors and warnings, and what rsync said
//! in between.
//!
//! The log is never begun anew, so only its last run counts. At the usual level rsnapshot says nothing on
//! a terminal when all is well: an empty report is a complete one, while a log has a last line for every
//! run that ended (rsnapshot 1.4.5, `exit_with_status`). That it went well is left to the exit code: a log
//! may be of yesterday.

use crate::tools::bytes::{has, readable, split_once};
use crate::tools::report::{Line, Parser, ToolReport};
use crate::tools::rsync::report::Rsync;

/// Its exit codes (rsnapshot(1), "EXIT VALUES").
const ERROR: i32 = 1;
const WARNING: i32 = 2;
/// The longest sentence that is put together from several lines.
const SENTENCE: usize = 16 * 1024;

/// Reads what rsnapshot printed.
#[derive(Debug, Default)]
pub(in crate::tools) struct Rsnapshot {
    rsync: Rsync,
    /// The worst that was said, as the code that it leads to.
    code: Option<i32>,
    /// An error whose sentence goes on in the next line.
    open: Option<Vec<u8>>,
    seen: Seen,
    /// Whether the lines are those of its log.
    log: bool,
    phase: Phase,
    /// When the last line of the log was written, to the minute.
    minute: Vec<u8>,
}

/// Where in the runs of a log a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Before any; a run that cannot begin (another is at work, its configuration is wrong) says no more
    /// than its errors.
    #[default]
    Outside,
    Running,
    Over,
}

/// What was printed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Seen {
    #[default]
    Nothing,
    /// Lines that may be anybody's.
    Something,
    /// Lines of rsnapshot itself.
    Own,
}

impl Parser for Rsnapshot {
    fn line(&mut self, line: Line<'_>) {
        let (line, time) = match without_time(line.bytes) {
            Some((time, line)) => (line, Some(time)),
            None => (line.bytes, None),
        };
        if !line.is_empty() {
            self.seen = self.seen.max(Seen::Something);
        }
        if time.is_some_and(|time| self.begins(line, time)) {
            return;
        }
        let log = time.is_some();
        if let Some(error) = error(line, log) {
            self.error(error);
        } else if let Some(mut open) = self.open.take() {
            // the second half of a sentence that was folded: ERROR: … \⏎ doesn't exist
            open.extend_from_slice(b" ");
            open.extend_from_slice(line.trim_ascii());
            self.sentence(&open);
        } else if let Some(warning) = line.strip_prefix(b"WARNING: ") {
            self.warning(warning);
        } else if log && line.ends_with(b": completed successfully") {
            self.phase = Phase::Over;
        } else if line.starts_with(b"rsnapshot encountered an error!") {
            self.seen = Seen::Own;
            self.code = Some(ERROR);
        } else {
            if is_a_command(line) {
                self.seen = Seen::Own;
            }
            self.rsync.read(line);
        }
    }

    fn end(mut self: Box<Self>) -> ToolReport {
        if let Some(open) = self.open.take() {
            self.sentence(&open);
        }
        let ToolReport { mut facts, .. } = self.rsync.report();
        // what rsync said of one folder does not explain the end of all
        facts.message = None;
        facts.exit_code = self.code;
        // a run that stops with an error may say no more
        let ended = self.phase == Phase::Over || self.code == Some(ERROR);
        let complete = if self.log { ended } else { self.seen != Seen::Something };
        ToolReport { facts, complete, broken_off: false }
    }
}

impl Rsnapshot {
    /// Forgets the runs before, when a line of the log is the first of another; tells whether that is all
    /// it says.
    fn begins(&mut self, line: &[u8], time: &[u8]) -> bool {
        // by its path; the names that rsync lists have no slash in front (-R, which rsnapshot gives it)
        let starts = line.starts_with(b"/") && line.ends_with(b": started") && has(line, b"rsnapshot");
        let minute = time.get(..time.len().saturating_sub(b":00".len())).unwrap_or_default();
        let next = match self.phase {
            Phase::Running => false,
            Phase::Over => true,
            Phase::Outside => self.minute != minute,
        };
        if starts || next {
            *self = Self { seen: Seen::Own, ..Self::default() };
        }
        if starts {
            self.phase = Phase::Running;
        }
        self.log = true;
        self.minute.clear();
        self.minute.extend_from_slice(minute);
        starts
    }

    fn error(&mut self, said: &[u8]) {
        self.seen = Seen::Own;
        self.code = Some(ERROR);
        let said = said.trim_ascii_end();
        if said == b"completed, but with some errors" {
            self.phase = Phase::Over;
            return;
        }
        if is_filler(said) {
            return;
        }
        // "FILE on line 11:" is the beginning of the next one
        let mut sentence = self.open.take().map(|open| [open.as_slice(), b" "].concat()).unwrap_or_default();
        let goes_on = said.ends_with(b"\\") || said.ends_with(b":");
        sentence.extend_from_slice(said.strip_suffix(b"\\").unwrap_or(said).trim_ascii_end());
        if goes_on && sentence.len() < SENTENCE {
            self.open = Some(sentence);
        } else {
            self.sentence(&sentence);
        }
    }

    fn sentence(&mut self, sentence: &[u8]) {
        self.rsync.errors.add(None, &readable(sentence));
    }

    fn warning(&mut self, said: &[u8]) {
        self.seen = Seen::Own;
        self.code = self.code.or(Some(WARNING));
        if said.ends_with(b": completed, but with some warnings") {
            self.phase = Phase::Over;
            return;
        }
        let ends: [&[u8]; 2] =
            [b" only transferred partially during rsync operation", b" vanished during rsync operation"];
        let path = said.strip_prefix(b"Some files and/or directories in ").and_then(|rest| {
            ends.iter().find_map(|end| Some((rest.strip_suffix(*end)?, end.trim_ascii_start())))
        });
        match path {
            Some((path, end)) => {
                let message = [b"some files or folders ", end].concat();
                self.rsync.errors.add(Some(&readable(path)), &message);
            }
            None => self.rsync.errors.add(None, &readable(said)),
        }
    }
}

/// Takes the time from the front of a line of the log: "[2026-11-23T02:00:01] ", before 1.4 with the
/// month as a word.
fn without_time(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, rest) = split_once(line.strip_prefix(b"[")?, b"]")?;
    let time_only = |byte: &u8| byte.is_ascii_alphanumeric() || b":/-+.".contains(byte);
    let is_time = time.len() < 40 && time.first()?.is_ascii_digit() && time.iter().all(time_only);
    is_time.then(|| (time, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// Returns what an error says; in the log the line of the command stands before it.
fn error(line: &[u8], log: bool) -> Option<&[u8]> {
    if let Some(said) = line.strip_prefix(b"ERROR: ") {
        return Some(said);
    }
    let (command, said) = split_once(line, b": ERROR: ").filter(|_| log)?;
    has(command, b"rsnapshot").then_some(said)
}

/// Tells whether a line is one of those that only frame the errors of the configuration.
fn is_filler(said: &[u8]) -> bool {
    said.iter().all(|byte| *byte == b'-')
        || [
            b"Errors were found in ".as_slice(),
            b"rsnapshot can not continue. If you think an entry looks right",
            b"sure you don't have spaces where only tabs",
        ]
        .iter()
        .any(|start| said.starts_with(start))
}

/// Tells whether a line is a command that rsnapshot shows (verbose 3 and more): its lock file is the
/// first and the last thing it cares for.
fn is_a_command(line: &[u8]) -> bool {
    line.starts_with(b"rm -f /") || (line.starts_with(b"echo ") && has(line, b" > /"))
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
