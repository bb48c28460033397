//! What rclone logs with `--use-json-log -v --stats 10s`, and the same in clear.
//!
//! Source: rclone 1.60 itself; for newer versions its manual ("Logging", "--use-json-log") and reports of
//! its users: the keys are in another order, fields were added, and the last words are of the level
//! "critical" where they were plain text.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::run::{Outcome, RunFacts};
use crate::tools::report::json::{Number, Text, read, whole};
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// The parser.
#[derive(Debug, Default)]
pub(in crate::tools) struct Report {
    facts: RunFacts,
    /// The errors of the last attempt: rclone begins anew up to three times, and says each of them again.
    errors: Errors,
    /// Whether another attempt may follow, so that the next error is its first.
    attempted: bool,
    failed: bool,
    /// Whether the last thing that was logged is what rclone logs last.
    complete: bool,
    /// How many files were compared, in the figures in clear.
    checked: Option<u64>,
}

/// A line of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    time: Option<Text>,
    level: Option<Text>,
    msg: Option<Text>,
    object: Option<Text>,
    stats: Option<Stats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stats {
    bytes: Number,
    total_bytes: Number,
    transfers: Number,
    total_transfers: Number,
    checks: Number,
    total_checks: Number,
    elapsed_time: Number,
    /// What is at work just now: there is none of it at the end.
    transferring: Option<serde::de::IgnoredAny>,
    checking: Option<serde::de::IgnoredAny>,
}

impl Parser for Report {
    fn line(&mut self, line: Line<'_>) {
        let bytes = line.bytes;
        if bytes.starts_with(b"{") {
            if let Some(message) = read::<Message>(bytes) {
                self.message(&message);
            }
        } else {
            self.text(bytes);
        }
    }

    fn end(mut self: Box<Self>) -> ToolReport {
        if self.complete {
            let partly = if self.failed { Outcome::Error } else { self.errors.outcome() };
            self.facts.status = Some(partly);
        } else {
            // that of the last figures, with more to come
            self.facts.finished = None;
        }
        let mut facts = self.facts;
        self.errors.into_facts(&mut facts);
        ToolReport { facts, complete: self.complete, broken_off: false }
    }
}

impl Report {
    fn message(&mut self, message: &Message) {
        let (Some(level), Some(said)) = (&message.level, &message.msg) else { return };
        let object = message.object.as_ref().map(Text::bytes);
        if let Some(stats) = &message.stats {
            self.stats(stats, message.time.as_ref().and_then(Text::time));
        } else if level.is("error") {
            self.error(object, said.bytes());
        } else if level.is("critical") || level.is("fatal") || level.is("panic") {
            self.fatal(said.bytes());
        } else if !level.is("debug") {
            self.complete = self.failed;
        }
    }

    fn stats(&mut self, stats: &Stats, time: Option<Timestamp>) {
        let facts = &mut self.facts;
        facts.bytes_copied = stats.bytes.count();
        facts.files_copied = stats.transfers.count();
        // the totals are what is still to be copied, too: of interest where that was not done
        facts.bytes_total = stats.total_bytes.count().filter(|total| Some(*total) > facts.bytes_copied);
        facts.files_total = stats.total_transfers.count().filter(|total| Some(*total) > facts.files_copied);
        let elapsed = stats.elapsed_time.seconds().and_then(|time| SignedDuration::try_from(time).ok());
        facts.finished = time;
        facts.started = time.zip(elapsed).and_then(|(time, elapsed)| time.checked_sub(elapsed).ok());
        // while it lists what there is, or waits for the other side, nothing is at work either
        let files = (stats.transfers.count(), stats.total_transfers.count());
        let checks = (stats.checks.count(), stats.total_checks.count());
        let all = stats.transferring.is_none() && stats.checking.is_none() && all_done(&[files, checks]);
        self.complete = self.failed || all;
    }

    fn error(&mut self, object: Option<&[u8]>, said: &[u8]) {
        self.complete = self.failed;
        if let Some(rest) = said.strip_prefix(b"Attempt ") {
            let failed = rest.windows(12).any(|part| part == b" failed with");
            if failed {
                self.attempted = true;
            } else {
                // "Attempt 2/3 succeeded"
                self.errors = Errors::default();
                self.attempted = false;
            }
            return;
        }
        // what follows from the errors before it; rclone does not count these
        let follows: [&[u8]; 4] = [
            b"not deleting files as there were IO errors",
            b"not deleting directories as there were IO errors",
            b"Can't retry any of the errors - not attempting retries",
            b"Fatal error received - not attempting retries",
        ];
        if follows.contains(&said) {
            return;
        }
        if std::mem::take(&mut self.attempted) {
            self.errors = Errors::default();
        }
        self.errors.add(object, said);
    }

    /// Takes the sentence with which rclone gives up.
    fn fatal(&mut self, said: &[u8]) {
        (self.failed, self.complete) = (true, true);
        let first = said.split(|byte| *byte == b'\n').next().unwrap_or(said);
        self.facts.message = Some(words(first));
    }

    /// Takes a line in clear: "2026/11/23 04:20:54 ERROR : a/b: Failed to copy: …".
    fn text(&mut self, line: &[u8]) {
        let Some(said) = after_time(line) else {
            if let Ok(line) = std::str::from_utf8(line) {
                self.figures(line);
            }
            return;
        };
        let level = said.windows(2).position(|part| part == b": ").and_then(|at| {
            let level = said.get(..at)?.trim_ascii_end();
            let known = matches!(level, b"ERROR" | b"NOTICE" | b"INFO" | b"DEBUG" | b"CRITICAL");
            known.then_some((level, said.get(at + 2..)?))
        });
        match level {
            Some((b"ERROR", said)) => {
                let (object, why) = parted(said);
                self.error(object, why);
            }
            Some((b"CRITICAL", said)) => self.fatal(said),
            Some((b"DEBUG", _)) => {}
            Some(_) => self.complete = self.failed,
            None if said.starts_with(b"Failed to ") || said.starts_with(b"Fatal error: ") => {
                self.fatal(said.strip_prefix(b"Fatal error: ").unwrap_or(said));
            }
            None => {}
        }
    }

    /// Takes a line of the figures in clear, whose sizes are rounded.
    fn figures(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("Transferred:") {
            let mut parts = rest.split_ascii_whitespace();
            let parts = [(); 5].map(|()| parts.next().unwrap_or_default());
            let facts = &mut self.facts;
            match parts {
                [number, unit, "/", total, total_unit] => {
                    let total = size(total, total_unit.trim_end_matches(','));
                    facts.bytes_copied = size(number, unit);
                    facts.bytes_total = total.filter(|total| Some(*total) > facts.bytes_copied);
                }
                [number, "/", total, _, ""] => {
                    facts.files_copied = number.parse().ok();
                    let total: Option<u64> = total.trim_end_matches(',').parse().ok();
                    facts.files_total = total.filter(|total| Some(*total) > facts.files_copied);
                }
                _ => {}
            }
        } else if let Some(rest) = line.strip_prefix("Checks:") {
            self.checked = rest.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
        } else if line.starts_with("Elapsed time:") {
            let files = (self.facts.files_copied, self.facts.files_total);
            self.complete = self.failed || all_done(&[files, (self.checked, None)]);
        } else if line.starts_with("Transferring:") || line.starts_with("Checking:") {
            self.complete = self.failed;
        }
    }
}

/// Tells whether figures, each of how many of how many, can be those of the end: something was done, and
/// nothing is left.
fn all_done(figures: &[(Option<u64>, Option<u64>)]) -> bool {
    let left = |(done, all): &(Option<u64>, Option<u64>)| all.is_some() && done < all;
    figures.iter().any(|(done, _)| done.is_some_and(|done| done > 0)) && !figures.iter().any(left)
}

/// Returns what follows the time at the beginning of a line, "2026/11/23 04:20:54 ".
fn after_time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = line.split_at_checked(20)?;
    let form = b"0000/00/00 00:00:00 ";
    let same = |(is, should): (&u8, &u8)| if *should == b'0' { is.is_ascii_digit() } else { is == should };
    time.iter().zip(form).all(same).then_some(rest)
}

/// Takes "a/b: Failed to copy: …" apart; a name may hold a colon, so the words that rclone puts first are
/// looked for before any colon is taken.
fn parted(said: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if said.starts_with(b"Attempt ") {
        return (None, said);
    }
    let position = |mark: &[u8]| said.windows(mark.len()).position(|part| part == mark);
    let marks: [&[u8]; 8] = [
        b": Failed to ",
        b": failed to ",
        b": Couldn't ",
        b": couldn't ",
        b": error ",
        b": corrupted on transfer",
        b": not deleting ",
        b": ",
    ];
    match marks.iter().find_map(|mark| position(mark)) {
        Some(at) => (said.get(..at), said.get(at + 2..).unwrap_or_default()),
        None => (None, said),
    }
}

/// Reads "146.493 KiB".
fn size(number: &str, unit: &str) -> Option<u64> {
    let power = match unit {
        "B" => 0,
        "KiB" => 1,
        "MiB" => 2,
        "GiB" => 3,
        "TiB" => 4,
        "PiB" => 5,
        "EiB" => 6,
        _ => return None,
    };
    whole(number.parse::<f64>().ok()? * 1024_f64.powi(power))
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
