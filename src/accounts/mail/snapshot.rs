//! A database and its write-ahead log, read at one moment.
//!
//! macOS may be writing both while they are read, and taking a lock would be touching them. So they
//! are read, and read again when either has changed meanwhile.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::accounts::found::Problem;
use crate::error::Situation;
use crate::files::{self, FileError, Purpose};

/// The largest database, and the largest log, that is read, in bytes.
const MOST: usize = 64 << 20;
/// How often files that change are read anew.
const TRIES: u32 = 4;

/// The bytes of a database and of its log.
pub(super) struct Snapshot {
    pub(super) database: Vec<u8>,
    pub(super) wal: Option<Vec<u8>>,
    /// What stands in the way of the newest settings.
    pub(super) problem: Option<Problem>,
}

/// Reads a database and its log as they are at one moment.
pub(super) fn read(path: &Path) -> Result<Snapshot, FileError> {
    let mut name = OsString::from(path);
    name.push("-wal");
    let wal_path = PathBuf::from(name);
    let mut tries = 0;
    loop {
        tries += 1;
        let before = (state(path), state(&wal_path));
        let database = files::read_plain(path, Purpose::MailSettings, MOST)?;
        let (wal, mut problem) = match files::read_plain(&wal_path, Purpose::MailSettings, MOST) {
            Ok(wal) => (Some(wal), None),
            Err(error) if error.is_not_found() => (None, None),
            Err(error) => {
                let message = format!("{error}; the newest settings may be missing");
                (None, Some(Problem { path: wal_path.clone(), message, hint: error.hint() }))
            }
        };
        let same = before == (state(path), state(&wal_path));
        if !same && tries < TRIES {
            continue;
        }
        if !same {
            let message = "it changed each time it was read; some of this may be half written".to_owned();
            let hint = Some("run this again in a moment".to_owned());
            problem = problem.or(Some(Problem { path: path.to_owned(), message, hint }));
        }
        return Ok(Snapshot { database, wal, problem });
    }
}

/// What changes when a file is written: its identity, length and times.
fn state(path: &Path) -> Option<(u64, u64, i64, i64, i64, i64)> {
    let of = |meta: &Metadata| {
        (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec())
    };
    path.metadata().ok().as_ref().map(of)
}
