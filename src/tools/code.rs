//! What one exit code of one program says.

use std::ops::RangeInclusive;

use crate::run::Outcome;

/// A row of a program's table: some of its exit codes, and what they say.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) codes: RangeInclusive<i32>,
    pub(super) outcome: Outcome,
    /// What happened, in words that follow "rsync 24: ": lower case, no full stop.
    pub(super) words: &'static str,
    /// Whether the words explain the end, or only say that there was one: then what the program printed
    /// says more.
    pub(super) telling: bool,
}

/// Makes the row of a code that explains how the run ended.
pub(super) const fn code(code: i32, outcome: Outcome, words: &'static str) -> Code {
    Code { codes: code..=code, outcome, words, telling: true }
}

/// Makes the row of a code that stands for many reasons.
pub(super) const fn vague(code: i32, outcome: Outcome, words: &'static str) -> Code {
    Code { codes: code..=code, outcome, words, telling: false }
}

/// Makes the row of several codes that the program documents together.
pub(super) const fn range(codes: RangeInclusive<i32>, outcome: Outcome, words: &'static str) -> Code {
    Code { codes, outcome, words, telling: false }
}

/// What an exit code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// How the run ended.
    pub outcome: Outcome,
    /// In a sentence: "rsync 24: some source files vanished before they could be copied".
    pub sentence: String,
    /// Whether the sentence explains the end, or only says that there was one.
    pub telling: bool,
}
