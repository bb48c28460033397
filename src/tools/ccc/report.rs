//! What `ccc --history` prints: eight fields a line (facts/backup-tools.md), one line for each run of
//! each task.
//!
//! A report knows no task, so the newest line is taken, whichever task it is of. It is the one with the
//! latest date where dates begin with the year; else the first one, for the history has the newest at the
//! top. Since that may be the run before this one, a note says when it was.

use std::cmp::Ordering;

use crate::run::{Outcome, RunFacts};
use crate::text;
use crate::tools::bytes::amount;
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// How many fields there are, and how many of them follow the two places, in which a bar may stand too.
const AFTER_PLACES: usize = 5;
/// The longest date that is put into a note.
const WHEN: usize = 60;

/// Reads the history of Carbon Copy Cloner.
#[derive(Debug, Default)]
pub(in crate::tools) struct History {
    newest: Option<Entry>,
}

/// One run.
#[derive(Debug)]
struct Entry {
    when: String,
    /// The numbers of the date, the year first; empty when it cannot be told.
    date: Vec<u64>,
    data: Option<u64>,
    result: String,
    files: Option<u64>,
}

impl Parser for History {
    fn line(&mut self, line: Line<'_>) {
        let Some(entry) = (!line.cut).then(|| Entry::read(&words(line.bytes))).flatten() else { return };
        let newer = self
            .newest
            .as_ref()
            .is_none_or(|newest| !entry.date.is_empty() && entry.date.cmp(&newest.date) == Ordering::Greater);
        if newer {
            self.newest = Some(entry);
        }
    }

    fn end(self: Box<Self>) -> ToolReport {
        let Some(entry) = self.newest else { return ToolReport::default() };
        let status = outcome(&entry.result);
        let mut facts = RunFacts {
            status,
            files_copied: entry.files,
            bytes_copied: entry.data,
            message: (status != Some(Outcome::Success)).then(|| entry.result.clone()),
            ..RunFacts::default()
        };
        if !entry.when.is_empty() {
            let when = text::shorten(&entry.when, WHEN).into_owned();
            facts.notes.push(format!("the history of Carbon Copy Cloner tells of the run of {when}"));
        }
        Errors::default().into_facts(&mut facts);
        ToolReport { facts, complete: true, broken_off: false }
    }
}

impl Entry {
    /// Reads one line; `None` for a heading and for whatever else.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.rsplitn(AFTER_PLACES + 1, '|').map(str::trim);
        let files = fields.next()?;
        let result = fields.next()?;
        let data = fields.next()?;
        let elapsed = fields.next()?;
        let when = fields.next()?;
        let places = fields.next()?;
        let is_run = places.matches('|').count() >= 2
            && has_digit(when)
            && (has_digit(elapsed) || elapsed.is_empty() || has_digit(files))
            && !result.is_empty();
        is_run.then(|| Self {
            when: when.to_owned(),
            date: date(when),
            data: data_copied(data),
            result: result.to_owned(),
            files: amount(files.as_bytes()),
        })
    }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Reads "2026-11-23 02:00:01" or seconds since 1970; other orders of day and month cannot be told apart.
fn date(when: &str) -> Vec<u64> {
    let numbers: Vec<u64> =
        when.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).take(7).collect();
    let by_year = numbers.first().is_some_and(|first| (1990..3000).contains(first)) && numbers.len() >= 3;
    let seconds = numbers.len() == 1 && numbers.first().is_some_and(|first| *first > 100_000_000);
    // with a half of the day in words, 2 is not always before 11
    let halves = when.to_ascii_lowercase();
    let clock = halves.contains("am") || halves.contains("pm");
    match (by_year, seconds) {
        (true, _) if clock => numbers.into_iter().take(3).collect(),
        (true, _) | (_, true) => numbers,
        _ => Vec::new(),
    }
}

/// Reads "1.23 GB"; macOS says "Zero KB" for nothing.
fn data_copied(data: &str) -> Option<u64> {
    if data.starts_with("Zero ") { Some(0) } else { amount(data.as_bytes()) }
}

/// Reads the result, in English; what is not known says nothing about the outcome.
fn outcome(result: &str) -> Option<Outcome> {
    let result = result.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| result.contains(word));
    match result.trim() {
        // `$3` of a postflight script means the same
        "0" | "success" | "successful" | "completed" | "completed successfully" | "finished" => {
            Some(Outcome::Success)
        }
        _ if says(&["cancel", "abort", "stopped", "interrupt"]) => Some(Outcome::Interrupted),
        _ if says(&["skipped"]) => Some(Outcome::Skipped),
        _ if says(&["fail", "error", "unsuccess", "not "]) => Some(Outcome::Error),
        _ if says(&["warning"]) => Some(Outcome::Warning),
        _ => result.parse::<i32>().is_ok().then_some(Outcome::Error),
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
