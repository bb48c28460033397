//! The log that goes with a message.

use std::ffi::OsStr;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::files;
use crate::run::Outcome;
use crate::task::AttachLog;
use crate::text;

/// How much of a log goes with a message, in bytes: its end, which is where the reason stands. In
/// base64 it is a third more, and still far below what servers take.
const MOST: u64 = 512 * 1024;

/// A log, ready to go with a message.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
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

/// Reads the end of a log; what is left out is said in its first line.
pub(super) fn read(path: &Path) -> Result<LogFile, String> {
    let mut file = files::open_log(path).map_err(|error| error.to_string())?;
    let name = path.file_name().unwrap_or(OsStr::new("backup.log")).to_string_lossy().into_owned();
    let mut end = || {
        let length = file.seek(SeekFrom::End(0))?;
        let skipped = length.saturating_sub(MOST);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        if skipped > 0 {
            bytes.extend_from_slice(
                format!("[the first {skipped} bytes of this log are left out]\n").as_bytes(),
            );
        }
        // it may be growing still
        (&mut file).take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes =
        end().map_err(|error| format!("cannot read \"{}\": {}", path.display(), text::io_words(&error)))?;
    Ok(LogFile { name, bytes })
}
