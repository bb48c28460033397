//! Locks that are let go of at once, and with the process.

use std::fs::File;
use std::io;
use std::ops::Deref;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// A file whose lock is ours until this is dropped.
///
/// Closing the file is not enough: for a moment between fork and exec a child has it too, and then the lock
/// would last as long as that.
#[derive(Debug)]
pub(super) struct Held(File);

impl Held {
    /// Takes a file whose lock was just taken.
    pub(super) fn new(locked: File) -> Self {
        Self(locked)
    }
}

impl Deref for Held {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Takes the lock of a file; gives the file back when somebody else has it.
pub(super) fn try_lock(file: File) -> io::Result<Result<Held, File>> {
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Ok(Held(file))),
            Err(Errno::WOULDBLOCK) => return Ok(Err(file)),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
