//! The facts of one run of a backup: how it ended, when, with which numbers and errors.
//!
//! Facts come from three places, and they never mix by accident: the command line, a report, and
//! the `run` key of the task file ([`crate::settings`] puts them in order).

mod captured;

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;

pub use captured::Captured;

/// How a backup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Outcome {
    /// The backup is complete.
    Success,
    /// The backup exists, but something is missing from it.
    Warning,
    /// There is no usable backup of this run.
    Error,
    /// Somebody or something stopped it.
    Interrupted,
    /// It was not started, on purpose.
    Skipped,
}

impl Outcome {
    /// Every outcome, as spelled in a task, a report and after `--status`.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("success", Self::Success),
        ("warning", Self::Warning),
        ("error", Self::Error),
        ("interrupted", Self::Interrupted),
        ("skipped", Self::Skipped),
    ];

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }

    /// Returns the worse of two outcomes: success, skipped, warning, interrupted, error.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        fn rank(outcome: Outcome) -> u8 {
            match outcome {
                Outcome::Success => 0,
                Outcome::Skipped => 1,
                Outcome::Warning => 2,
                Outcome::Interrupted => 3,
                Outcome::Error => 4,
            }
        }
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Which end of a backup the hook is called at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Event {
    /// The backup is about to begin.
    Begin,
    /// The backup has ended.
    #[default]
    End,
    /// It should have ended well since, and has not: nobody calls a hook at that.
    Overdue,
}

impl Event {
    /// Every event, as spelled after `--event`.
    pub const WORDS: [(&'static str, Self); 2] = [("begin", Self::Begin), ("end", Self::End)];
}

/// One thing that went wrong during a run.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RunError {
    /// The file or folder it is about.
    pub path: Option<String>,
    /// What happened.
    pub message: String,
}

/// The facts of a run as somebody stated them: every one of them may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RunFacts {
    /// How the run ended.
    pub status: Option<Outcome>,
    /// The exit code of the backup program.
    #[schemars(range(min = i32::MIN, max = i32::MAX))]
    pub exit_code: Option<i32>,
    /// When it began (RFC 3339).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started: Option<Timestamp>,
    /// When it ended (RFC 3339).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub finished: Option<Timestamp>,
    /// A sentence about the run.
    pub message: Option<String>,
    /// Files looked at.
    pub files_total: Option<u64>,
    /// Files copied.
    pub files_copied: Option<u64>,
    /// Bytes looked at.
    pub bytes_total: Option<u64>,
    /// Bytes copied.
    pub bytes_copied: Option<u64>,
    /// The snapshot or archive that was made.
    pub snapshot: Option<String>,
    /// What went wrong, one entry each.
    #[schemars(with = "Option<Vec<RunError>>")]
    pub errors: Vec<RunError>,
    /// The log file of the run.
    #[schemars(with = "Option<String>")]
    pub log: Option<PathBuf>,
    /// How many errors there were besides those listed.
    #[schemars(skip)]
    pub errors_more: u64,
    /// What is to be said about the facts themselves, e.g. that a report ends early.
    #[schemars(skip)]
    pub notes: Vec<String>,
    /// Where in its log file this run begins, in bytes: earlier runs may have written to it too.
    #[schemars(skip)]
    pub log_from: u64,
    /// Whether they were read out of JSON that the backup program has printed: nobody wants to read that
    /// again where the log is quoted.
    #[schemars(skip)]
    pub from_json: bool,
}

impl RunFacts {
    /// Lays these facts over others: what is stated here counts, what is not is taken from below.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        // the number belongs to the list that it continues
        let (errors, errors_more) = if self.errors.is_empty() && self.errors_more == 0 {
            (below.errors, below.errors_more)
        } else {
            (self.errors, self.errors_more)
        };
        let mut notes = self.notes;
        notes.extend(below.notes);
        Self {
            status: self.status.or(below.status),
            exit_code: self.exit_code.or(below.exit_code),
            started: self.started.or(below.started),
            finished: self.finished.or(below.finished),
            message: self.message.or(below.message),
            files_total: self.files_total.or(below.files_total),
            files_copied: self.files_copied.or(below.files_copied),
            bytes_total: self.bytes_total.or(below.bytes_total),
            bytes_copied: self.bytes_copied.or(below.bytes_copied),
            snapshot: self.snapshot.or(below.snapshot),
            errors,
            errors_more,
            log_from: if self.log.is_some() { self.log_from } else { below.log_from },
            log: self.log.or(below.log),
            notes,
            from_json: self.from_json || below.from_json,
        }
    }
}

/// One run whose outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// Everything else that is known of it; its `status` is not looked at any more.
    pub facts: RunFacts,
    /// What the program printed, where this program has started it and kept that.
    pub captured: Option<Captured>,
}

impl Run {
    /// Makes a run of which only this is known.
    pub fn new(outcome: Outcome, facts: RunFacts) -> Self {
        Self { outcome, facts, captured: None }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, RunFacts};

    #[test]
    fn the_worse_outcome_counts() {
        use Outcome::{Error, Interrupted, Skipped, Success, Warning};
        let rising = [Success, Skipped, Warning, Interrupted, Error];
        for (i, a) in rising.iter().enumerate() {
            for b in &rising[i..] {
                assert_eq!(a.worse(*b), *b);
                assert_eq!(b.worse(*a), *b);
            }
        }
    }

    #[test]
    fn stated_facts_lie_over_others() {
        let flags = RunFacts { exit_code: Some(1), ..RunFacts::default() };
        let report = RunFacts { exit_code: Some(0), files_total: Some(7), ..RunFacts::default() };
        let both = flags.over(report);
        assert_eq!((both.exit_code, both.files_total), (Some(1), Some(7)));
    }
}
