//! The log that goes with a message.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::files;
use crate::memory;
use crate::message::{self, Attachment, LogExcerpt};
use crate::run::{Captured, Outcome};
use crate::task::AttachLog;
use crate::text;

/// Up to how many bytes a log goes with a message as a whole, and how much of a longer one: its beginning
/// and its end.
const WHOLE: u64 = 5 * 1024 * 1024;
const HEAD: u64 = 1024 * 1024;
const TAIL: u64 = 4 * 1024 * 1024;
/// What is enough to tell text from anything else.
const SAMPLE: usize = 64 * 1024;

/// How much memory has to be there for a log on its way into a message, in multiples of its length. An
/// estimate that is rather too large: it is there as it was read, cleaned, compressed and encoded, and the
/// message with it is copied where a server or the outbox gets it.
const COPIES: usize = 8;

/// A log, ready to go with a message.
#[derive(Debug, Default)]
pub(super) struct LogFile {
    name: String,
    head: Vec<u8>,
    left_out: u64,
    tail: Vec<u8>,
}

/// How much of it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// What was read, compressed when it is long.
    Usual,
    /// What was read, compressed.
    Compressed,
    /// Its last bytes, compressed.
    Last(usize),
}

impl LogFile {
    /// Takes what a command printed.
    pub(super) fn of_captured(captured: &Captured) -> Self {
        let (first, second) = captured.tail();
        let mut log =
            Self { name: "output.log".to_owned(), head: captured.head().to_vec(), ..Self::default() };
        if captured.left_out() > 0 {
            log.left_out = captured.left_out();
            log.tail = [first, second].concat();
        } else {
            log.head.extend_from_slice(first);
            log.head.extend_from_slice(second);
        }
        log
    }

    /// Returns how long what was read is, and the log as a whole.
    fn lengths(&self) -> (usize, u64) {
        let read = self.head.len() + self.tail.len();
        (read, self.left_out.saturating_add(u64::try_from(read).unwrap_or(u64::MAX)))
    }

    /// Tells whether this share is less than the one that comes before it.
    pub(super) fn has_use_for(&self, share: Share) -> bool {
        match share {
            Share::Usual => true,
            // it is compressed already
            Share::Compressed => self.lengths().0 <= 256 * 1024,
            Share::Last(most) => self.lengths().0 > most,
        }
    }

    /// Returns what goes with the message.
    pub(super) fn attachment(&self, share: Share) -> Attachment<'_> {
        let (read, _) = self.lengths();
        let all = Attachment {
            name: &self.name,
            first: &self.head,
            head: &self.head,
            left_out: self.left_out,
            tail: &self.tail,
            compressed: share != Share::Usual,
        };
        let Share::Last(most) = share else { return all };
        let end = if self.tail.is_empty() { &self.head } else { &self.tail };
        // even, as text of Windows is
        let from = end.len().saturating_sub(most) & !1;
        let left_out =
            self.left_out.saturating_add(u64::try_from(read - end.len() + from).unwrap_or_default());
        Attachment { head: &[], left_out, tail: end.get(from..).unwrap_or_default(), ..all }
    }

    /// Says of a share what is left out, and why: `limit` is the server's.
    pub(super) fn note(&self, share: Share, limit: Option<u64>) -> Option<String> {
        let why = limit
            .map(|most| format!(": the server takes {} bytes at most", message::human::count(most)))
            .unwrap_or_default();
        let (read, all) = self.lengths();
        match share {
            Share::Last(most) if read > most => Some(format!(
                "only the last {} of the log are attached{why}",
                message::human_size(u64::try_from(most).unwrap_or(u64::MAX))
            )),
            Share::Usual if self.left_out == 0 => None,
            Share::Usual | Share::Last(_) => Some(format!(
                "the log has {}: its first {} and its last {} are attached",
                message::human_size(all),
                message::human_size(HEAD),
                message::human_size(TAIL)
            )),
            Share::Compressed => Some(format!("the log is attached compressed{why}")),
        }
    }

    /// Tells whether it looks like text.
    fn is_text(&self) -> bool {
        let mut controls = message::Controls::default();
        for part in [&self.head, &self.tail] {
            controls.count(part.get(..SAMPLE).unwrap_or(part));
        }
        let wide = matches!(self.head.as_slice(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
        wide || !(controls.are_of_no_text() || message::is_compressed(&self.head))
    }
}

/// Tells whether the log is wanted with this outcome.
pub(super) fn wanted(choice: AttachLog, outcome: Outcome) -> bool {
    match (choice, outcome) {
        (AttachLog::Never, _) => false,
        (AttachLog::Always, _) => true,
        (AttachLog::Error, Outcome::Warning | Outcome::Error | Outcome::Interrupted) => true,
        (AttachLog::Error, Outcome::Success | Outcome::Skipped) => false,
    }
}

/// The part of a log that one run has written: what other runs wrote before is not seen.
struct Since {
    file: File,
    start: u64,
}

impl Since {
    fn open(path: &Path, start: u64) -> Result<Self, String> {
        let mut file = files::open_log(path).map_err(|error| error.to_string())?;
        file.seek(SeekFrom::Start(start)).map_err(|error| unreadable(path, &error))?;
        Ok(Self { file, start })
    }
}

impl Read for Since {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Since {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(self.start.saturating_add(at)),
            from => from,
        };
        // it may have become shorter than it was
        self.file.seek(to).map(|at| at.saturating_sub(self.start))
    }
}

/// Reads what a notice quotes of a log from `start`, in bytes: its end, and what tells of errors unless all
/// went well.
pub(crate) fn quote(path: &Path, start: u64, outcome: Outcome) -> Result<LogExcerpt, String> {
    let file = Since::open(path, start)?;
    let excerpt = match outcome {
        Outcome::Success | Outcome::Skipped => LogExcerpt::read_end(file),
        Outcome::Warning | Outcome::Error | Outcome::Interrupted => LogExcerpt::read(file),
    };
    let excerpt = excerpt.map_err(|error| unreadable(path, &error))?;
    if excerpt.is_text() { Ok(excerpt) } else { Err(no_text(path)) }
}

/// Says why a log cannot be read.
fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read \"{}\": {}", path.display(), text::io_words(error))
}

/// Says why a log stays where it is: in a compressed file no word can be found that is to be taken out.
fn no_text(path: &Path) -> String {
    format!("the log \"{}\" is compressed or no text: it is neither quoted nor attached", path.display())
}

/// Reads what goes with a message of a log from `start`: a short one as a whole, of a long one the beginning
/// and the end.
pub(super) fn read(path: &Path, start: u64) -> Result<LogFile, String> {
    let mut file = Since::open(path, start)?;
    let name = path.file_name().unwrap_or(OsStr::new("backup.log")).to_string_lossy().into_owned();
    let mut log = LogFile { name, ..LogFile::default() };
    let mut ends = || {
        // it may be growing still
        let length = file.seek(SeekFrom::End(0))?;
        let head = if length > WHOLE { HEAD } else { length };
        let read = usize::try_from(length.min(WHOLE)).unwrap_or(usize::MAX);
        if !memory::has_room_for(read.saturating_mul(COPIES)) {
            return Err(io::Error::from_raw_os_error(nix::errno::Errno::ENOMEM as i32));
        }
        log.head = part(&mut file, 0, head)?;
        if length > WHOLE {
            // even, as text of Windows is
            let tail = (length - TAIL).next_multiple_of(2);
            log.left_out = tail - HEAD;
            log.tail = part(&mut file, tail, length)?;
        }
        Ok(())
    };
    ends().map_err(|error| unreadable(path, &error))?;
    if log.is_text() { Ok(log) } else { Err(no_text(path)) }
}

fn part(file: &mut Since, from: u64, to: u64) -> io::Result<Vec<u8>> {
    // a buffer that grew would take more memory than it holds
    let mut bytes = Vec::with_capacity(usize::try_from(to - from).unwrap_or_default());
    file.seek(SeekFrom::Start(from))?;
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{LogFile, Share};
    use crate::run::Captured;

    #[test]
    fn what_a_command_printed_is_attached_like_a_file() {
        let mut captured = Captured::default();
        captured.push(b"one\ntwo\n");
        let log = LogFile::of_captured(&captured);
        let all = log.attachment(Share::Usual);
        assert_eq!(
            (all.name, all.head, all.left_out, all.tail),
            ("output.log", &b"one\ntwo\n"[..], 0, &b""[..])
        );
        captured.push(&b"more\n".repeat(2_000_000));
        let log = LogFile::of_captured(&captured);
        let all = log.attachment(Share::Usual);
        assert_eq!((all.left_out, all.head.len()), (captured.left_out(), 1024 * 1024));
        assert!(log.note(Share::Usual, None).is_some_and(|note| note.contains("10.0 MB")));
        let last = log.attachment(Share::Last(1000));
        assert_eq!((last.head.len(), last.tail.len(), last.left_out), (0, 1000, 10_000_008 - 1000));
    }
}
