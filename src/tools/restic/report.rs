//! What `restic backup --json` prints, and what stands between that in clear.
//!
//! Source: restic's manual, "Scripting", for 0.17 and later; restic 0.14 itself, whose errors have another
//! shape (what Go makes of an error) and whose last words are plain text.

use std::io;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::run::{Outcome, RunFacts};
use crate::text::io_words;
use crate::tools::report::json::{Number, Text, read};
use crate::tools::report::{Errors, Line, Parser, ToolReport, words};

/// What only a backup prints in clear, and before its end: how it begins, and each file under `-vv`.
const BACKS_UP: [&[u8]; 7] = [
    b"using parent snapshot ",
    b"no parent snapshot found",
    b"start backup on ",
    b"start scan on ",
    b"new       /",
    b"modified  /",
    b"unchanged /",
];

/// The parser.
#[derive(Debug, Default)]
pub(in crate::tools) struct Report {
    facts: RunFacts,
    errors: Errors,
    /// Why the repository was tried again: the only reason given where restic gives up in the end.
    retried: Option<Vec<u8>>,
    ended: Option<Ended>,
    /// Whether it was seen at work, and to print what it always ends with.
    works: bool,
}

/// Which last words were seen, the most serious last: there may be several runs in one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Well,
    /// "Warning: at least one source file could not be read"
    Partly,
    /// With an exit code, which says more.
    Coded,
    Cancelled,
    Badly,
}

/// A line of JSON, of whatever type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Printed {
    message_type: Option<Text>,
    // error
    error: Option<Cause>,
    during: Option<Text>,
    item: Option<Text>,
    // exit_error
    code: Number,
    message: Option<Text>,
    // summary
    files_new: Number,
    files_changed: Number,
    data_added: Number,
    total_files_processed: Number,
    total_bytes_processed: Number,
    backup_start: Option<Text>,
    backup_end: Option<Text>,
    snapshot_id: Option<Text>,
}

/// Why something went wrong.
#[derive(Debug, Default)]
struct Cause(Fields);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Since 0.17.
    message: Option<Text>,
    /// What a function of Go could not do, before.
    #[serde(rename = "Op")]
    operation: Option<Text>,
    #[serde(rename = "Path")]
    path: Option<Text>,
    /// A number of the system's.
    #[serde(rename = "Err")]
    number: Number,
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Cause;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Cause, E> {
                let message = serde_json::from_value(text.into()).ok();
                Ok(Cause(Fields { message, ..Fields::default() }))
            }

            fn visit_unit<E>(self) -> Result<Cause, E> {
                Ok(Cause::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cause, A::Error> {
                Fields::deserialize(MapAccessDeserializer::new(map)).map(Cause)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Cause {
    /// Says it in words.
    fn words(&self) -> Vec<u8> {
        let Fields { message, operation, number, .. } = &self.0;
        if let Some(message) = message.as_ref().filter(|message| !message.bytes().is_empty()) {
            return message.bytes().to_vec();
        }
        let number =
            number.count().and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 0);
        let reason = number.map(|number| io_words(&io::Error::from_raw_os_error(number)));
        match (operation, reason) {
            (Some(operation), Some(reason)) => [operation.bytes(), b": ", reason.as_bytes()].concat(),
            (_, Some(reason)) => reason.into_bytes(),
            // restic before 0.17 writes many errors as {}
            _ => b"could not be read (this version of restic does not say why)".to_vec(),
        }
    }
}

impl Parser for Report {
    fn line(&mut self, line: Line<'_>) {
        let bytes = line.bytes.trim_ascii();
        // nearly all of a report: how far it is
        if bytes.starts_with(br#"{"message_type":"status""#)
            || bytes.starts_with(br#"{"message_type":"verbose_status""#)
        {
            self.at_work();
            return;
        }
        if bytes.starts_with(b"{") {
            if line.cut && bytes.starts_with(br#"{"message_type":"error""#) {
                self.errors.add(None, b"an error of more than a million bytes");
            } else if let Some(message) = read(bytes) {
                self.message(&message);
            }
        } else {
            self.text(bytes);
        }
    }

    fn end(mut self: Box<Self>) -> ToolReport {
        if let Some(reason) = self.retried.take().filter(|_| self.ended != Some(Ended::Well)) {
            self.errors.add(None, &reason);
        }
        self.facts.status = self.ended.and_then(|ended| match ended {
            Ended::Well => Some(self.errors.outcome()),
            Ended::Partly => Some(Outcome::Warning),
            Ended::Cancelled => Some(Outcome::Interrupted),
            Ended::Badly => Some(Outcome::Error),
            Ended::Coded => None,
        });
        let mut facts = self.facts;
        self.errors.into_facts(&mut facts);
        ToolReport { facts, complete: self.ended.is_some(), broken_off: self.works && self.ended.is_none() }
    }
}

impl Report {
    fn message(&mut self, message: &Printed) {
        let is = |word| message.message_type.as_ref().is_some_and(|kind| kind.is(word));
        if is("summary") {
            self.summary(message);
        } else if is("error") {
            // what the scan cannot read, it says again when it comes to save it
            if message.during.as_ref().is_some_and(|during| during.is("scan")) {
                return;
            }
            let cause = message.error.as_ref();
            let path = message.item.as_ref().filter(|item| !item.bytes().is_empty());
            let path = path.or_else(|| cause.and_then(|cause| cause.0.path.as_ref())).map(Text::bytes);
            self.errors.add(path, &cause.map_or_else(|| Cause::default().words(), Cause::words));
        } else if is("exit_error") {
            self.exit_error(message);
        }
    }

    fn summary(&mut self, summary: &Printed) {
        let facts = &mut self.facts;
        facts.files_total = summary.total_files_processed.count();
        facts.bytes_total = summary.total_bytes_processed.count();
        facts.bytes_copied = summary.data_added.count();
        facts.files_copied =
            summary.files_new.count().zip(summary.files_changed.count()).map(|(a, b)| a.saturating_add(b));
        facts.started = summary.backup_start.as_ref().and_then(Text::time);
        facts.finished = summary.backup_end.as_ref().and_then(Text::time);
        facts.snapshot = summary.snapshot_id.as_ref().map(|id| words(id.bytes())).filter(|id| !id.is_empty());
        self.ended_as(Ended::Well);
    }

    fn exit_error(&mut self, message: &Printed) {
        let code = message.code.count().and_then(|code| i32::try_from(code).ok()).filter(|code| *code != 0);
        self.facts.exit_code = code;
        self.ended_as(if code.is_some() { Ended::Coded } else { Ended::Badly });
        // "Warning: at least one source file could not be read" says less than the errors and the code
        let said = message.message.as_ref().map(Text::bytes).unwrap_or_default();
        if !said.starts_with(b"Warning: ") {
            self.say(said.strip_prefix(b"Fatal: ").unwrap_or(said));
        }
    }

    /// Notes that it is at work: a good end that was seen before is that of another run, or is in a name.
    fn at_work(&mut self) {
        self.works = true;
        self.ended = self.ended.filter(|ended| !matches!(ended, Ended::Well | Ended::Partly));
    }

    fn ended_as(&mut self, ended: Ended) {
        self.ended = self.ended.max(Some(ended));
    }

    /// Keeps the sentence that explains the end: the first line of it.
    fn say(&mut self, said: &[u8]) {
        let first = said.split(|byte| *byte == b'\n').next().unwrap_or(said);
        if !first.is_empty() && self.facts.message.is_none() {
            self.facts.message = Some(words(first));
        }
    }

    /// Takes a line in clear.
    fn text(&mut self, line: &[u8]) {
        // it wipes the line of its progress first, whether there is one or not
        let line = line.strip_prefix(b"\x1b[2K").unwrap_or(line);
        if let Some(said) = line.strip_prefix(b"Fatal: ") {
            self.say(said);
            self.ended_as(Ended::Badly);
        } else if line.starts_with(b"unable to create lock in backend") {
            self.say(line);
            self.ended_as(Ended::Badly);
        } else if line == b"Warning: at least one source file could not be read" {
            self.ended_as(Ended::Partly);
        } else if line.starts_with(b"signal interrupt received") {
            self.ended_as(Ended::Cancelled);
        } else if let Some(said) = line.strip_prefix(b"error: ") {
            let (path, why) = parted(said);
            self.errors.add(path, why);
        } else if let Some(reason) = retried(line) {
            self.retried = Some(reason.get(..4096).unwrap_or(reason).to_vec());
        } else if let Some(path) = line.strip_suffix(b" does not exist, skipping") {
            self.errors.add(Some(path), b"does not exist");
        } else if BACKS_UP.iter().any(|start| line.starts_with(start)) {
            self.at_work();
        } else {
            self.counted(line);
        }
    }

    /// Takes what restic sums up without `--json`. Its sizes are rounded there, so they are left out.
    fn counted(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        let mut parts = line.split_ascii_whitespace();
        let parts = [(); 8].map(|()| parts.next().unwrap_or_default());
        match parts {
            ["Files:", new, "new,", changed, "changed,", _, "unmodified", _] => {
                let count = |word: &str| word.parse::<u64>().ok();
                self.facts.files_copied = count(new).zip(count(changed)).map(|(a, b)| a.saturating_add(b));
            }
            ["processed", files, "files,", _, _, "in", _, ""] => self.facts.files_total = files.parse().ok(),
            ["snapshot", id, "saved", "", ..] => {
                self.facts.snapshot = Some(words(id.as_bytes()));
                self.ended_as(Ended::Well);
            }
            _ => {}
        }
    }
}

/// Returns why something is tried again: "Save(<lock/aafd>) returned error, retrying after 1s: …".
fn retried(line: &[u8]) -> Option<&[u8]> {
    let mark = b" returned error, retrying after ";
    let at = line.windows(mark.len()).position(|part| part == mark)?;
    let rest = line.get(at + mark.len()..)?;
    let colon = rest.windows(2).position(|part| part == b": ")?;
    rest.get(colon + 2..)
}

/// Takes "open /x: permission denied" apart.
fn parted(said: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let rest = said.strip_prefix(b"Open: ").unwrap_or(said);
    let verbs: [&[u8]; 7] =
        [b"open ", b"read ", b"lstat ", b"stat ", b"readlink ", b"llistxattr ", b"readdirent "];
    let parted = verbs.iter().find_map(|verb| {
        let rest = rest.strip_prefix(*verb)?;
        // a name may hold a colon; a reason of the system's does not
        let colon = rest.windows(2).rposition(|part| part == b": ")?;
        Some((rest.get(..colon)?, rest.get(colon + 2..)?))
    });
    parted.map_or((None, said), |(path, why)| (Some(path), why))
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
