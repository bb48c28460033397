//! What rsync prints: `--stats`, its last lines, the list of `-i`, and its errors.
//!
//! Its own words are English in every language; only the system's reason behind an error changes
//! (rsync has no catalogue of messages). The shapes: rsync 2.6.9 and 3.0 to 3.5 (main.c, `output_summary`;
//! log.c, `rsyserr`), and the openrsync of macOS 15, which calls some rows otherwise.
//!
//! A listed name can look like anything, so the rows of `--stats` count only in their order, one after
//! the other; a list that is sorted by name cannot have that order.

use crate::run::RunFacts;
use crate::tools::bytes::{amount, has, readable, rsplit_once, split_once, unescape};
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// The rows of `--stats` that are read, in their order, under all their names.
const ROWS: [(Row, &[u8]); 10] = [
    (Row::Files, b"Number of files: "),
    (Row::Other, b"Number of created files: "),
    (Row::Other, b"Number of deleted files: "),
    (Row::Transferred, b"Number of regular files transferred: "),
    // before 3.1, and openrsync
    (Row::Transferred, b"Number of files transferred: "),
    (Row::Size, b"Total file size: "),
    (Row::TransferredSize, b"Total transferred file size: "),
    (Row::Literal, b"Literal data: "),
    // openrsync
    (Row::Literal, b"Unmatched data: "),
    (Row::Matched, b"Matched data: "),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Files,
    Other,
    Transferred,
    Size,
    TransferredSize,
    Literal,
    Matched,
}

/// The numbers of one run of rsync.
#[derive(Debug, Default)]
struct Stats {
    /// The place of the last row in their order.
    at: usize,
    files: Option<u64>,
    transferred: Option<u64>,
    size: Option<u64>,
    transferred_size: Option<u64>,
    literal: Option<u64>,
    matched: Option<u64>,
}

/// Reads what rsync printed, once or several times one after the other.
#[derive(Debug, Default)]
pub(in crate::tools) struct Rsync {
    pub(in crate::tools) errors: Errors,
    /// The sums of what is over.
    facts: RunFacts,
    /// The rows that are being read.
    stats: Option<Stats>,
    /// A row is sure only when another line follows: it may be cut within a number.
    pending: Option<(Row, u64)>,
    /// Files that are counted as transferred although they were not.
    lost: u64,
    /// Files in the list of `-i`.
    listed: u64,
    total_size: Option<u64>,
    dry_run: bool,
    complete: bool,
}

impl Parser for Rsync {
    fn line(&mut self, line: Line<'_>) {
        self.read(line.bytes);
    }

    fn end(self: Box<Self>) -> ToolReport {
        self.report()
    }
}

impl Rsync {
    /// Takes the next line.
    pub(in crate::tools) fn read(&mut self, line: &[u8]) {
        self.settle();
        if self.row(line) || self.last_words(line) {
            return;
        }
        if let Some(problem) = problem(line) {
            self.lost += u64::from(problem.lost);
            self.errors.add(problem.path.as_deref(), &problem.message);
        } else if let [b'>' | b'<', b'f', ..] = line {
            self.listed += u64::from(is_itemized(line));
        } else if !line.is_empty() && self.stats.as_ref().is_some_and(|s| s.transferred_size.is_none()) {
            // rows with something between them are names
            self.stats = None;
        }
    }

    /// Says what was read.
    pub(in crate::tools) fn report(mut self) -> ToolReport {
        self.pending = None; // nothing followed it
        self.close();
        let mut facts = self.facts;
        if self.errors.any() {
            // it only repeats what the code means, while the first error says which file and why
            facts.message = None;
        }
        if facts.files_copied.is_none() && self.listed > 0 {
            // a file that could not be opened is not listed (sender.c, `send_files`)
            facts.files_copied = Some(self.listed);
        }
        facts.bytes_total = facts.bytes_total.or(self.total_size);
        if self.dry_run {
            facts.files_copied = facts.files_copied.map(|_| 0);
            facts.bytes_copied = facts.bytes_copied.map(|_| 0);
            facts.notes.push("this was a dry run of rsync: nothing was copied".to_owned());
        }
        self.errors.into_facts(&mut facts);
        ToolReport { facts, complete: self.complete, broken_off: false }
    }

    /// Takes a row of `--stats`.
    fn row(&mut self, line: &[u8]) -> bool {
        let known = ROWS.iter().enumerate().find(|(_, (_, name))| line.starts_with(name));
        let Some((at, (row, name))) = known else { return false };
        let value = line.strip_prefix(*name).unwrap_or_default();
        if *row == Row::Files {
            self.close();
            self.stats = Some(Stats::default());
        }
        match &mut self.stats {
            Some(stats) if *row == Row::Files || at > stats.at => stats.at = at,
            // a name
            _ => return false,
        }
        let value = if *row == Row::Files { files(value) } else { amount(value) };
        self.pending = value.map(|value| (*row, value));
        true
    }

    /// Takes over the number of the row before.
    fn settle(&mut self) {
        if let (Some((row, value)), Some(stats)) = (self.pending.take(), &mut self.stats) {
            let place = match row {
                Row::Files => &mut stats.files,
                Row::Transferred => &mut stats.transferred,
                Row::Size => &mut stats.size,
                Row::TransferredSize => &mut stats.transferred_size,
                Row::Literal => &mut stats.literal,
                Row::Matched => &mut stats.matched,
                Row::Other => return,
            };
            *place = Some(value);
        }
    }

    /// Adds the rows of one run to the sums.
    fn close(&mut self) {
        let Some(stats) = self.stats.take() else { return };
        // names at the top of what is copied can have the order of the rows, but not beyond this one
        if ROWS.get(stats.at).is_none_or(|(row, _)| !matches!(row, Row::Literal | Row::Matched)) {
            return;
        }
        // rsync counts a file as transferred before it opens it (sender.c, `send_files`), so those that
        // it could not open are taken off again; the data tells what has really come over
        let lost = std::mem::take(&mut self.lost);
        let data = stats.literal.zip(stats.matched).map(|(literal, matched)| literal.saturating_add(matched));
        let copied = data.zip(stats.transferred_size).map(|(data, size)| data.min(size));
        add(&mut self.facts.files_total, stats.files);
        add(&mut self.facts.files_copied, stats.transferred.map(|files| files.saturating_sub(lost)));
        add(&mut self.facts.bytes_total, stats.size);
        add(&mut self.facts.bytes_copied, copied);
    }

    /// Takes the lines that stand at the end of a run.
    fn last_words(&mut self, line: &[u8]) -> bool {
        if let Some((size, speedup)) =
            line.strip_prefix(b"total size is ").and_then(|rest| split_once(rest, b"  speedup is "))
        {
            let size = amount(size);
            add(&mut self.total_size, size);
            self.dry_run |= speedup.ends_with(b"(DRY RUN)");
            self.complete = true;
            return true;
        }
        let error = line.strip_prefix(b"rsync error: ").or_else(|| line.strip_prefix(b"rsync warning: "));
        let Some((sentence, code)) = error.and_then(|error| rsplit_once(error, b" (code ")) else {
            return false;
        };
        let Some((code, _)) = split_once(code, b")") else { return false };
        // a good end has no such line, but a name in a list may look like one
        let code = std::str::from_utf8(code).ok().and_then(|code| code.parse::<u8>().ok());
        let Some(code) = code.filter(|code| *code != 0).map(i32::from) else { return false };
        // both ends may say why they stop: the first knows the cause, the last has the exit code
        self.facts.exit_code = Some(code);
        self.facts.message.get_or_insert_with(|| format!("{} (code {code})", words(sentence)));
        self.complete = true;
        true
    }
}

/// Adds a number to a sum.
fn add(sum: &mut Option<u64>, value: Option<u64>) {
    *sum = match (*sum, value) {
        (Some(sum), Some(value)) => Some(sum.saturating_add(value)),
        (sum, value) => sum.or(value),
    };
}

/// Reads "16 (reg: 13, dir: 3)": the regular files, where they are told apart (since 3.1).
fn files(value: &[u8]) -> Option<u64> {
    match split_once(value, b" (") {
        Some((_, kinds)) => {
            let kinds = kinds.strip_suffix(b")")?;
            // kinds of which there is none are left out
            split_once(kinds, b"reg: ").map_or(Some(0), |(_, regular)| amount(list_item(regular)))
        }
        None => amount(value),
    }
}

/// Cuts one number out of "1,234, dir: 3".
fn list_item(bytes: &[u8]) -> &[u8] {
    split_once(bytes, b", ").map_or(bytes, |(item, _)| item)
}

/// Tells whether a line is one of `-i`: nine marks in 2.6, eleven since 3.0, then a name.
fn is_itemized(line: &[u8]) -> bool {
    let marks = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
    matches!(marks, 9 | 11)
        && line.get(2..marks).is_some_and(|marks| {
            marks.iter().all(|mark| mark.is_ascii_alphabetic() || matches!(mark, b'+' | b'.' | b'?' | b' '))
        })
}

/// One error as rsync prints it.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: Option<Vec<u8>>,
    message: Vec<u8>,
    /// Whether a file that is counted as transferred was not.
    lost: bool,
}

/// Reads a line that tells of an error.
fn problem(line: &[u8]) -> Option<Problem> {
    if line.starts_with(b"rsync(") {
        return of_openrsync(line);
    }
    let said = match line.strip_prefix(b"rsync: ") {
        Some(said) if said.starts_with(b"error: ") => return of_openrsync(line),
        Some(said) => role(said),
        None if is_an_error_without_name(line) => line,
        None => return None,
    };
    let without_quotes = || {
        let (before, rest) =
            split_once(said, b"(").filter(|_| has(said, b"link(") || has(said, b"rmdir("))?;
        let (path, after) = rsplit_once(rest, b") failed")?;
        Some((before, path, [b" failed", after].concat()))
    };
    let quoted = || {
        let (before, rest) = split_once(said, b"\"")?;
        let (path, after) = rsplit_once(rest, b"\"")?;
        let path = match split_once(path, b"\" -> \"") {
            // a finished copy gets its name
            Some((_, name)) if before.starts_with(b"rename ") => name,
            Some((name, _)) => name,
            None => path,
        };
        Some((before, path, after.to_vec()))
    };
    let lost = [
        b"send_files failed to open ".as_slice(),
        b"read errors mapping ",
        b"file has vanished: ",
        b"mkstemp ",
        b"rename ",
    ]
    .iter()
    .any(|start| said.starts_with(start));
    let Some((before, path, after)) = quoted().or_else(without_quotes) else {
        return Some(Problem { path: None, message: readable(&unescape(said, br"\#")), lost });
    };
    let before = before.trim_ascii_end();
    let before =
        if after.trim_ascii().is_empty() { before.strip_suffix(b":").unwrap_or(before) } else { before };
    let message = [before, after.trim_ascii_end()].concat();
    Some(Problem {
        path: Some(readable(&unescape(path, br"\#"))),
        message: readable(&unescape(&message, br"\#")),
        lost,
    })
}

/// Tells whether a line is one of the errors that do not begin with the program's name.
fn is_an_error_without_name(line: &[u8]) -> bool {
    [
        b"file has vanished: ".as_slice(),
        b"directory has vanished: ",
        b"symlink has no referent: ",
        b"IO error encountered -- ",
        b"ERROR: ",
        b"@ERROR: ",
        b"ssh: ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// Leaves away which of its processes speaks: "[sender] " (since 3.1).
fn role(said: &[u8]) -> &[u8] {
    let inner = said.strip_prefix(b"[").and_then(|rest| split_once(rest, b"] "));
    inner.filter(|(role, _)| role.iter().all(u8::is_ascii_alphabetic)).map_or(said, |(_, said)| said)
}

/// Reads "rsync(1234): error: a/b: open: Permission denied", as openrsync writes it.
fn of_openrsync(line: &[u8]) -> Option<Problem> {
    let (name, said) = split_once(line, b": error: ")?;
    let pid = name.strip_prefix(b"rsync")?;
    if !pid.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'(' | b')')) {
        return None;
    }
    let (path, message) = match split_once(said, b": ") {
        Some((path, message)) if path.contains(&b'/') => (Some(readable(path)), message),
        _ => (None, said),
    };
    let lost = path.is_some() && message.starts_with(b"open");
    Some(Problem { path, message: readable(message), lost })
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
