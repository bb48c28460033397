//! What `borg create` prints: `--json` (one object over many lines), `--log-json` (one object a line), and
//! the same in clear.
//!
//! Source: Borg's manual, "All about JSON: How to develop frontends", for 1.2, 1.4 and 2; Borg 1.2.4
//! itself. Its times have no zone before Borg 2, so those are left out.

use serde::Deserialize;

use crate::run::{Outcome, RunFacts};
use crate::tools::Tool;
use crate::tools::report::json::{Number, Text, read, whole};
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// The most that is kept of the object that `--json` prints, in bytes: the command line in it is the
/// longest part.
const OBJECT: usize = 1024 * 1024;

/// The parser.
#[derive(Debug, Default)]
pub(in crate::tools) struct Report {
    facts: RunFacts,
    /// Borg's warnings, which name each file.
    errors: Errors,
    /// The files that `--list` marks as not saved, for a log without warnings.
    marked: Errors,
    /// The object of `--json` so far.
    object: Option<Vec<u8>>,
    ended: Option<Ended>,
    /// Whether the lines are those of a trace in clear.
    tracing: bool,
    complete: bool,
}

/// How it ended, the stronger sign last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    /// The archive was made.
    Archived,
    Failed,
    Interrupted,
}

/// A line of `--log-json`, or the object of `--json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Printed {
    #[serde(rename = "type")]
    kind: Option<Text>,
    levelname: Option<Text>,
    name: Option<Text>,
    message: Option<Text>,
    status: Option<Text>,
    path: Option<Text>,
    archive: Option<Archive>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Archive {
    name: Option<Text>,
    start: Option<Text>,
    end: Option<Text>,
    stats: Option<Stats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stats {
    nfiles: Number,
    original_size: Number,
    /// Not in Borg 2.
    deduplicated_size: Number,
}

impl Parser for Report {
    fn line(&mut self, line: Line<'_>) {
        if self.object.is_some() && self.continued(&line) {
            return;
        }
        let bytes = line.bytes;
        if bytes == b"{" {
            self.object = Some(b"{\n".to_vec());
        } else if bytes.starts_with(b"{") {
            if let Some(message) = read::<Printed>(bytes) {
                self.message(&message);
            }
        } else {
            self.text(bytes);
        }
    }

    fn end(mut self: Box<Self>) -> ToolReport {
        if let Some(object) = self.object.take() {
            // it breaks off: what stands before that is true all the same
            let (before, _) = split_last_line(&object);
            for part in [object.as_slice(), before] {
                if let Some(archive) = mended(part).and_then(|whole| read::<Printed>(&whole)?.archive) {
                    self.archive(&archive);
                    break;
                }
            }
            self.complete = false;
        }
        let errors = if self.errors.any() { self.errors } else { self.marked };
        // a name in a list may look like the line with the code, so a code that says less than the rest is none
        let by_rest = match self.ended {
            Some(Ended::Failed) => Outcome::Error,
            _ => errors.outcome(),
        };
        let outcome = |code| Tool::Borg.meaning(code).outcome;
        self.facts.exit_code.take_if(|code| outcome(*code) != outcome(*code).worse(by_rest));
        self.facts.status = match self.ended.filter(|_| self.complete) {
            Some(Ended::Interrupted) => Some(Outcome::Interrupted),
            // the code says more
            _ if self.facts.exit_code.is_some() => None,
            Some(Ended::Failed | Ended::Archived) => Some(by_rest),
            None => None,
        };
        let mut facts = self.facts;
        errors.into_facts(&mut facts);
        ToolReport { facts, complete: self.complete, broken_off: false }
    }
}

impl Report {
    /// Takes a further line of the object of `--json`; false when it is none.
    fn continued(&mut self, line: &Line<'_>) -> bool {
        let Some(object) = &mut self.object else { return false };
        // inside, every line is indented
        if line.bytes == b"}" {
            object.push(b'}');
            let whole = self.object.take().unwrap_or_default();
            if let Some(message) = read::<Printed>(&whole) {
                self.message(&message);
            }
            return true;
        }
        let inside = line.bytes.starts_with(b"  ") && object.len() + line.bytes.len() < OBJECT;
        if inside {
            object.extend_from_slice(line.bytes);
            object.push(b'\n');
        }
        inside
    }

    fn message(&mut self, message: &Printed) {
        if let Some(archive) = &message.archive {
            self.archive(archive);
            self.complete = true;
            return;
        }
        let is = |field: &Option<Text>, word| field.as_ref().is_some_and(|text| text.is(word));
        let said = message.message.as_ref().map(Text::bytes).unwrap_or_default();
        if is(&message.kind, "archive_progress") {
            self.at_work();
        } else if is(&message.kind, "file_status") {
            self.at_work();
            let path = message.path.as_ref().map(Text::bytes);
            self.marked(message.status.as_ref().map(Text::bytes).unwrap_or_default(), path);
        } else if is(&message.kind, "log_message") {
            if is(&message.name, "borg.output.show-rc") || said.starts_with(b"terminating with ") {
                self.return_code(said);
            } else if is(&message.levelname, "WARNING") {
                self.warning(said);
            } else if is(&message.levelname, "ERROR") || is(&message.levelname, "CRITICAL") {
                self.error(said);
            } else {
                said.split(|byte| *byte == b'\n').for_each(|line| self.statistics(line));
            }
        }
    }

    fn archive(&mut self, archive: &Archive) {
        self.ended_as(Ended::Archived);
        let facts = &mut self.facts;
        facts.snapshot = archive.name.as_ref().map(|name| words(name.bytes()));
        facts.started = archive.start.as_ref().and_then(Text::time);
        facts.finished = archive.end.as_ref().and_then(Text::time);
        if let Some(stats) = &archive.stats {
            facts.files_total = stats.nfiles.count();
            facts.bytes_total = stats.original_size.count();
            facts.bytes_copied = stats.deduplicated_size.count();
        }
    }

    /// Notes that Borg is at work: what it printed before was the end of another run.
    fn at_work(&mut self) {
        if self.ended == Some(Ended::Archived) {
            (self.ended, self.complete, self.facts.exit_code) = (None, false, None);
        }
    }

    fn ended_as(&mut self, ended: Ended) {
        self.ended = self.ended.max(Some(ended));
    }

    fn warning(&mut self, said: &[u8]) {
        let (path, why) = parted(said);
        self.errors.add(path, why);
    }

    /// Takes a file of `--list`: E could not be read, C was changed meanwhile.
    fn marked(&mut self, status: &[u8], path: Option<&[u8]>) {
        match status {
            b"E" => self.marked.add(path, b"could not be read"),
            b"C" => self.marked.add(path, b"changed while it was backed up"),
            _ => {}
        }
    }

    /// Takes what ends the run. A trace may follow; its last line is what Python had to say.
    fn error(&mut self, said: &[u8]) {
        self.ended_as(Ended::Failed);
        self.complete = true;
        if said.starts_with(b"Traceback (most recent call last)") {
            let trace = said.split(|byte| *byte == b'\n').skip(1);
            if let Some(last) = trace.take_while(|line| !line.is_empty()).last() {
                self.cause(last);
            }
            return;
        }
        // some versions put a full stop behind it
        let sign = said.strip_suffix(b".").unwrap_or(said);
        if matches!(sign, b"Keyboard interrupt" | b"Received SIGTERM" | b"Received SIGHUP") {
            self.ended_as(Ended::Interrupted);
        }
        if self.facts.message.is_none() {
            let first = said.split(|byte| *byte == b'\n').next().unwrap_or(said);
            self.facts.message = Some(words(first));
        } else {
            self.errors.add(None, said);
        }
    }

    /// Takes the last line of a trace, where nothing better explains the end.
    fn cause(&mut self, said: &[u8]) {
        if self.facts.message.as_deref().is_none_or(|message| message.contains(" Exception")) {
            self.facts.message = Some(words(said));
        }
    }

    /// Takes "terminating with warning status, rc 1": the very last line, with `--show-rc`.
    fn return_code(&mut self, said: &[u8]) {
        let code = said.rsplit(|byte| *byte == b' ').next().and_then(|word| std::str::from_utf8(word).ok());
        self.facts.exit_code = code.and_then(|word| word.parse().ok());
        self.complete |= self.facts.exit_code.is_some();
    }

    /// Takes a line in clear.
    fn text(&mut self, line: &[u8]) {
        if self.tracing {
            // the calls are indented, the reason is not
            if line.first().is_none_or(|byte| *byte != b' ') {
                self.tracing = false;
                self.cause(line);
            }
        } else if line.starts_with(b"Traceback (most recent call last)") {
            self.ended_as(Ended::Failed);
            (self.complete, self.tracing) = (true, true);
        } else if line.starts_with(b"terminating with ") {
            self.return_code(line);
        } else if let Some(path) = line.strip_prefix(b"E ").or_else(|| line.strip_prefix(b"C ")) {
            self.at_work();
            self.marked(line.get(..1).unwrap_or_default(), Some(path));
        } else if matches!(line, [b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'?', b' ', ..]) {
            // another file of --list
            self.at_work();
        } else if let (Some(path), why) = parted(line) {
            self.errors.add(Some(path), why);
        } else if ends_the_run(line) {
            self.error(line);
        } else {
            self.statistics(line);
        }
    }

    /// Takes a line of `--stats`. Its sizes have four digits.
    fn statistics(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        if let Some(name) = line.strip_prefix("Archive name: ") {
            self.facts.snapshot = Some(words(name.as_bytes()));
        } else if let Some(count) = line.strip_prefix("Number of files: ") {
            self.facts.files_total = count.trim().parse().ok();
        } else if let Some(sizes) =
            line.strip_prefix("This archive:").filter(|_| self.facts.snapshot.is_some())
        {
            let mut parts = sizes.split_ascii_whitespace();
            let mut size = || size(parts.next()?, parts.next()?);
            let sizes = [size(), size(), size()];
            (self.facts.bytes_total, self.facts.bytes_copied) = (sizes[0], sizes[2]);
            self.ended_as(Ended::Archived);
            self.complete = true;
        }
    }
}

/// Takes a warning apart: "src/x: open: [Errno 13] Permission denied: 'x'", "src/x: file changed while we
/// backed it up".
fn parted(said: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let position = |mark: &[u8]| said.windows(mark.len()).position(|part| part == mark);
    if let Some(number) = position(b": [Errno ") {
        // the name again, as Python writes it
        let end = said.windows(3).rposition(|part| part == b": '" || part == b": \"").unwrap_or(said.len());
        let end = if end > number + 9 { end } else { said.len() };
        let before = said.get(..number).unwrap_or_default();
        // the call, as in "x: open: [Errno 13]", is a word in small letters
        let call = before.windows(2).rposition(|part| part == b": ").filter(|colon| {
            let call = before.get(colon + 2..).unwrap_or_default();
            !call.is_empty() && call.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        });
        let path = before.get(..call.unwrap_or(before.len()));
        return (path, said.get(call.unwrap_or(number) + 2..end).unwrap_or_default());
    }
    let changed =
        [b": file changed while we backed it up".as_slice(), b": file type or inode changed while "];
    for mark in changed {
        if let Some(at) = position(mark) {
            return (said.get(..at), said.get(at + 2..).unwrap_or_default());
        }
    }
    (None, said)
}

/// Tells whether a line in clear is one of the errors that end Borg, by its manual ("Message IDs").
fn ends_the_run(line: &[u8]) -> bool {
    let starts: [&[u8]; 13] = [
        b"Failed to create/acquire the lock ",
        b"Local Exception",
        b"Remote Exception",
        b"Connection closed by remote host",
        b"Insufficient free space to complete transaction",
        b"Data integrity error",
        b"passphrase supplied in ",
        b"Cache, or information obtained from the security directory is newer",
        b"Got unexpected RPC data format",
        b"borg create: error: ",
        b"Keyboard interrupt",
        b"Received SIGTERM",
        b"Received SIGHUP",
    ];
    let around: [(&[u8], &[u8]); 5] = [
        (b"Repository ", b" does not exist."),
        (b"Archive ", b" already exists"),
        (b"", b" is not a valid repository. Check repo config."),
        (b"", b" does not have a valid configuration. Check repo config."),
        (b"No key file for repository ", b"."),
    ];
    starts.iter().any(|start| line.starts_with(start))
        || around.iter().any(|(start, end)| line.starts_with(start) && line.ends_with(end))
}

/// Reads "50.50 kB", or "49.32 KiB" with `--iec`.
fn size(number: &str, unit: &str) -> Option<u64> {
    let (letter, base) = unit.strip_suffix("iB").map_or((unit.strip_suffix('B')?, 1000), |unit| (unit, 1024));
    let power = match letter {
        "" => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    whole(number.parse::<f64>().ok()? * f64::from(base).powi(power))
}

/// Splits the last line off.
fn split_last_line(object: &[u8]) -> (&[u8], &[u8]) {
    let object = object.trim_ascii_end();
    let at = object.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    object.split_at(at)
}

/// Closes an object that breaks off after a line: each line of it opens, closes or holds one value.
fn mended(object: &[u8]) -> Option<Vec<u8>> {
    let mut open = Vec::new();
    for line in object.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if matches!(line.first(), Some(b'}' | b']')) {
            open.pop()?;
        }
        match line.last() {
            Some(b'{') => open.push(b'}'),
            Some(b'[') => open.push(b']'),
            _ => {}
        }
    }
    let kept = object.trim_ascii_end();
    let mut whole = kept.strip_suffix(b",").unwrap_or(kept).to_vec();
    whole.extend(open.iter().rev());
    Some(whole)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
