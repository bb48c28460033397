//! Taking turns: only one process at a time changes a vault.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Access, KeychainError};
use crate::files::{Purpose, WriteError, open_private_lock};

/// The turn; it ends when this is dropped, or with the process.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// Waits for one's turn, until the deadline.
pub(super) fn take_turn(path: &Path, access: Access) -> Result<Turn, KeychainError> {
    loop {
        let file = locked(path, access)?;
        if is_at(&file, path) {
            return Ok(Turn { _file: file });
        }
        if access.deadline.remaining().is_none() {
            return Err(busy(path, access));
        }
    }
}

/// Tells whether a file still has its name. Somebody may have removed or replaced it while we waited:
/// then the turn is that of a file that nobody else will look at.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let number = |meta: Metadata| (meta.dev(), meta.ino());
    let named = path.symlink_metadata().ok().map(number);
    named.is_some() && named == file.metadata().ok().map(number)
}

fn locked(path: &Path, access: Access) -> Result<File, KeychainError> {
    let file = open_private_lock(path, Purpose::VaultLock)?;
    let failed =
        |error: io::Error| KeychainError::Write(WriteError { path: path.to_owned(), error, there: false });
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(file),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(failed(errno.into())),
    }
    // the system offers no way to wait for a lock until a certain moment; a thread that waits too
    // long lets go of it by itself, because nobody takes the file from it any more
    let (sender, receiver) = mpsc::sync_channel(0);
    let waiting = move || {
        let taken = loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                taken => break taken,
            }
        };
        let _ = sender.send(taken.map(|()| file).map_err(io::Error::from));
    };
    thread::Builder::new().spawn(waiting).map_err(failed)?;
    let left = access.deadline.remaining().unwrap_or_default();
    match receiver.recv_timeout(left) {
        Ok(taken) => taken.map_err(failed),
        Err(_) => Err(busy(path, access)),
    }
}

fn busy(path: &Path, access: Access) -> KeychainError {
    KeychainError::Busy { lock: path.to_owned(), length: access.deadline.length() }
}
