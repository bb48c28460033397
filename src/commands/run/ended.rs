//! How the command ended, and the facts of its run.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::Typed;
use crate::commands::output::Output;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::{Ending, Exit};
use crate::files;
use crate::foreground::{Ended, Kept, Unread};
use crate::run::{Outcome, Run, RunError, RunFacts};
use crate::settings::{Origin, Told, combine, read_report};
use crate::task::Task;
use crate::text::{io_words, one_line};
use crate::tools::Tool;

/// What a shell ends with for a command that is not there, or that cannot be started (POSIX, Shell
/// Command Language, 2.8.2).
const NOT_FOUND: u8 = 127;
const CANNOT_START: u8 = 126;
/// By how much the time of a file may be before the moment that it was written in: file systems round it.
const ROUNDED: Duration = Duration::from_secs(2);

/// How the command ended, if it began.
#[derive(Debug)]
pub(super) enum End {
    Ended(Ended),
    NotStarted(NotStarted),
}

/// Why there was nothing to end.
pub(super) type NotStarted = Failure;

impl End {
    /// Returns the code that a shell sees.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Ended(ended) => ended.code(),
            Self::NotStarted(failure) if failure.exit == Exit::NoInput => NOT_FOUND,
            Self::NotStarted(_) => CANNOT_START,
        }
    }

    /// Returns how this program has to end.
    pub(super) fn ending(&self) -> Ending {
        match self {
            Self::Ended(Ended::Signal(number)) => Ending::Signal(*number),
            _ => Ending::Code(self.code()),
        }
    }
}

/// Says why a command could not be started.
pub(super) fn cannot_start(argv: &[OsString], error: &io::Error) -> NotStarted {
    let name = argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (exit, words) = match error.kind() {
        io::ErrorKind::NotFound => (Exit::NoInput, "it is not found".to_owned()),
        _ => (Exit::NoPermission, io_words(error)),
    };
    let failure = Failure::new(exit, format!("\"{}\" cannot be started: {words}", one_line(&name)));
    let hint = if exit == Exit::NoInput && argv.len() == 1 && name.contains(' ') {
        "write the command and each argument as a word of its own; a line for a shell goes behind sh -c"
    } else if exit == Exit::NoInput {
        "give its whole path: cron and services look for programs in few folders"
    } else {
        "see whether it is a program that may be run: ls -l"
    };
    failure.with_hint(hint)
}

/// A command that is over, and what is known of it.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) end: End,
    pub(super) started: Timestamp,
    pub(super) stopped: Timestamp,
    /// When it ended, by the clock that deadlines run on.
    pub(super) since: Instant,
    pub(super) kept: Option<Kept>,
    pub(super) notes: Vec<String>,
    /// The program whose output has been read.
    pub(super) tool: Option<Tool>,
}

/// A log file as it was before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogBefore {
    device: u64,
    file: u64,
    length: u64,
    /// What it ended with, by which a file that was written anew is told from one that has grown.
    end: Vec<u8>,
}

/// How much of its end is remembered, in bytes.
const END: u64 = 512;

impl LogBefore {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let log = files::open_log(path).ok()?;
        let meta = log.metadata().ok()?;
        let end = end_before(&log, meta.len())?;
        Some(Self { device: meta.dev(), file: meta.ino(), length: meta.len(), end })
    }

    /// Returns where in a log the run begins: behind what was there before, if it is the same file and has
    /// grown.
    fn grown(&self, path: &Path) -> Option<u64> {
        let log = files::open_log(path).ok()?;
        let meta = log.metadata().ok()?;
        let same = (self.device, self.file) == (meta.dev(), meta.ino()) && meta.len() > self.length;
        (same && end_before(&log, self.length)? == self.end).then_some(self.length)
    }
}

/// Returns the last bytes of a file before this place.
fn end_before(file: &File, place: u64) -> Option<Vec<u8>> {
    let mut end = vec![0; usize::try_from(place.min(END)).ok()?];
    file.read_exact_at(&mut end, place.saturating_sub(END)).ok()?;
    Some(end)
}

impl Typed<'_> {
    /// Returns where in its log the run begins.
    fn log_begins(&self) -> u64 {
        let before = self.log_before.as_ref().zip(self.log.as_deref());
        before.and_then(|(before, path)| before.grown(path)).unwrap_or_default()
    }
}

impl Finished {
    /// Puts the facts of the run in order.
    pub(super) fn into_run(self, typed: &Typed<'_>, task: &Task, deadline: Deadline, output: Output) -> Run {
        let Self { end, started, stopped, since: _, kept, mut notes, tool } = self;
        let mut report = None;
        let captured = kept.map(|Kept { captured, report: reading }| {
            report = reading.zip(tool).and_then(|(reading, tool)| {
                let read = reading.finish(deadline).map_err(Unread::words).map_err(|what| {
                    output.warning(what);
                    notes.push(what.to_owned());
                });
                let mut read = read.ok()?;
                // it has ended well and everything was seen: what is missing it was not told to print
                read.complete |= end.code() == 0;
                // what it was not told to print for programs says nothing, and its code says enough
                let nothing = read.facts == RunFacts::default();
                (!nothing).then(|| Told::by_tool(read, tool, "the output"))
            });
            captured
        });
        if let Some(path) = &typed.report {
            let tool = typed.args.tool;
            let told = if is_older(path, started) {
                let path = path.display();
                Err(format!(
                    "the report \"{path}\" is older than this run, so it is not read: the command has written none"
                ))
            } else {
                read_report(path, tool, &Origin::Flags, deadline).map_err(|failure| failure.what)
            };
            match told {
                Ok(told) => report = Some(told),
                Err(what) => {
                    output.warning(&what);
                    notes.push(what);
                }
            }
        }
        if let Some(path) = typed.log.as_deref().filter(|path| is_older(path, started)) {
            let path = path.display();
            notes.push(format!(
                "the log \"{path}\" is older than this run: the command has written nothing to it"
            ));
        }
        let mut stated = RunFacts {
            exit_code: Some(end.code().into()),
            started: Some(started),
            finished: Some(stopped),
            message: typed.args.message.clone(),
            log_from: typed.log_begins(),
            log: typed.log.clone(),
            notes,
            ..RunFacts::default()
        };
        if let End::NotStarted(failure) = &end {
            stated.status = Some(Outcome::Error);
            if stated.message.is_none() {
                stated.message = Some(failure.what.clone());
            } else {
                stated.errors.push(RunError { path: None, message: failure.what.clone() });
            }
        }
        let (outcome, facts) = combine(stated, report, task);
        Run { captured, ..Run::new(outcome.unwrap_or(Outcome::Error), facts) }
    }
}

/// Tells whether another run has left a file behind; what else is wrong with it is found when it is read.
fn is_older(path: &Path, started: Timestamp) -> bool {
    let written = fs::metadata(path).and_then(|meta| meta.modified());
    let begun = SystemTime::from(started).checked_sub(ROUNDED);
    matches!((written, begun), (Ok(written), Some(begun)) if written < begun)
}
