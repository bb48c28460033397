//! What the fuzz targets of `tests/fuzz` call: bytes from outside into the readers that meet them, and what
//! has to hold whatever the bytes are.
//!
//! It exists in a build with `--cfg fuzzing` alone. Each function is one target; what it needs of the inside of
//! a module stands there in a `fuzzing` of its own.

#![allow(clippy::missing_panics_doc, reason = "to panic is how they say that something does not hold")]

use std::path::Path;

use jiff::tz::TimeZone;

pub use crate::accounts::fuzzing::{archive, database, plist};
pub use crate::channels::fuzzing::gntp_replies;
use crate::commands::check_shown;
use crate::error::Situation;
use crate::message::fuzzing::late_mail;
pub use crate::message::fuzzing::{log, template};
use crate::message::{check_template, late_lines};
use crate::outbox::fuzzing as outbox;
use crate::task::{self, Faults, Template};
use crate::text::is_active;
use crate::tools::{ReportReader, Stream, Tool, ToolReport};

/// The most errors of a report that are kept, and the most bytes of one (`tools::report`), each of which
/// may take four where it is written in hex.
const ERRORS: usize = 100;
const TEXT: usize = 4 * 8 * 1024;

/// A task file, and the templates in it.
pub fn task_file(data: &[u8]) {
    match task::read_task(data, "task.json", Path::new("/etc/backup-notify")) {
        Ok(task) => {
            assert!(!task.name.trim().is_empty(), "a task without a name");
            for email in &task.email {
                assert!(!email.to.is_empty(), "an e-mail to nobody");
                for template in [&email.subject, &email.text, &email.html].into_iter().flatten() {
                    if let Template::Inline(source) = template {
                        drop(check_template(source));
                    }
                }
            }
        }
        Err(faults) => name_something(&faults),
    }
}

/// A report of our own make.
pub fn report_json(data: &[u8]) {
    match task::read_report(data, "report.json") {
        Ok(facts) => assert!(facts.log.is_none(), "a report has chosen a file"),
        Err(faults) => name_something(&faults),
    }
}

fn name_something(faults: &Faults) {
    assert!(!faults.list.is_empty(), "nothing is wrong, and it cannot be read");
    assert!(faults.list.iter().all(|fault| !fault.to_string().is_empty()), "a fault without words");
    assert!(faults.hint().is_some_and(|hint| !hint.is_empty()), "nothing to be done about it");
}

/// What lies in an outbox, and the mails that come of it. The first byte chooses: `0` the name of a message,
/// `1` the line of a key, `2` a document as it stands, `3` an entry that is sealed, `4` a message that is kept,
/// `5` a late mail.
pub fn outbox_entry(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else { return };
    let entry = match kind % 8 {
        0 => return outbox::name(data),
        1 => return outbox::key_line(data),
        2 => outbox::document(data),
        3 => outbox::sealed(data),
        4 => outbox::draft(data),
        _ => return late_mail(data),
    };
    let Some(entry) = entry else { return };
    check_shown(&entry);
    // as it is sent
    let queued = entry.queued.to_zoned(TimeZone::UTC);
    let lines = late_lines(&queued, entry.last_error.as_deref(), entry.attempts);
    assert!(!lines.iter().any(|line| line.contains(is_active)), "{lines:?}");
}

/// What a backup program prints. The first byte chooses the program, the second how it comes in pieces.
pub fn tool_reports(data: &[u8]) {
    const TOOLS: [Tool; 7] =
        [Tool::Rsync, Tool::Restic, Tool::Borg, Tool::Rclone, Tool::Tar, Tool::Rsnapshot, Tool::Ccc];
    let [tool, cut, report @ ..] = data else { return };
    let Some(tool) = TOOLS.get(usize::from(*tool) % TOOLS.len()).copied() else { return };
    let stream = if *cut < 0x80 { Stream::Stdout } else { Stream::Stderr };
    let whole = read_in_pieces(tool, stream, report, || usize::MAX);
    for error in &whole.facts.errors {
        let length = error.message.len() + error.path.as_ref().map_or(0, String::len);
        assert!(length <= 2 * TEXT, "{length} bytes of one error are kept");
    }
    assert!(whole.facts.errors.len() <= ERRORS, "{} errors are kept", whole.facts.errors.len());
    // sizes from 1 to 16, another one each time
    let mut state = u32::from(*cut) | 1;
    let pieces = read_in_pieces(tool, stream, report, || {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        usize::try_from(state >> 16).unwrap_or_default() % 16 + 1
    });
    assert_eq!(whole, pieces, "what is read depends on how it comes in");
}

fn read_in_pieces(
    tool: Tool,
    stream: Stream,
    mut report: &[u8],
    mut size: impl FnMut() -> usize,
) -> ToolReport {
    let Some(mut reader) = ReportReader::new(tool) else { return ToolReport::default() };
    while !report.is_empty() {
        let (piece, rest) = report.split_at(size().min(report.len()));
        reader.feed(stream, piece);
        report = rest;
    }
    reader.finish()
}
