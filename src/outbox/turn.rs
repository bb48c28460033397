//! Taking turns at sending, and sweeping up what the killed have left.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};

use super::aside::set_aside;
use super::claim::{own_fault, remove};
use super::error::{OutboxError, quoted};
use super::id::Id;
use super::lock::{Held, try_lock};
use super::names::Names;
use crate::deadline::Deadline;
use crate::files::{PrivateError, Purpose, WriteError, beside, is_at, open_private_in, open_private_lock};

/// How often it is looked whether another process is done.
const PAUSE: Duration = Duration::from_millis(50);
/// How much is said at once of what is set aside.
const MOST_NOTES: usize = 100;

/// The turn of the one who sends what waits; it ends when this is dropped, or with the process.
#[derive(Debug)]
pub(crate) struct Turn {
    _lock: Held,
    /// What there is to say of the folder, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Returns by which file turns are taken.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Takes the turn, at once or within a deadline; `None` when it is somebody else's.
pub(super) fn take(folder: &Path, wait: Option<Deadline>) -> Result<Option<Turn>, OutboxError> {
    // before anything is sent that could not be removed afterwards
    is_writable(folder)?;
    let path = path(folder);
    loop {
        let file = open_private_lock(&path, Purpose::OutboxLock)?;
        let tried = try_lock(file);
        match tried.map_err(|error| WriteError { path: path.clone(), error, there: false })? {
            Ok(lock) if is_at(&lock, &path) => {
                let notes = sweep(folder)?;
                return Ok(Some(Turn { _lock: lock, notes }));
            }
            _ => {}
        }
        if !wait.is_some_and(|deadline| deadline.pause(PAUSE)) {
            return Ok(None);
        }
    }
}

/// Looks whether something can be made and removed in the folder.
pub(super) fn is_writable(folder: &Path) -> Result<(), OutboxError> {
    let rights = AccessFlags::W_OK | AccessFlags::X_OK;
    faccessat(AT_FDCWD, folder, rights, AtFlags::AT_EACCESS).map_err(|errno| {
        WriteError { path: path(folder), error: io::Error::from(errno), there: false }.into()
    })
}

/// Removes what is provably no message: pieces, and messages that nothing is known of. Whoever is just
/// writing one has its lock, and is passed over. What cannot be removed stays for the next time.
fn sweep(folder: &Path) -> Result<Vec<String>, OutboxError> {
    let names = Names::read(folder)?;
    for (id, of_message) in &names.pieces {
        if *of_message {
            let piece = beside(&id.message(folder), "new");
            if let Lock::Ours(_lock) = lock(&piece) {
                let _ = remove(&piece);
            }
            continue;
        }
        // written by who has the lock of the message, and only when that has its name
        let lock = lock(&id.message(folder));
        let piece = beside(&id.facts(folder), "new");
        if !matches!(lock, Lock::Others(_)) && open(&piece).is_ok_and(|file| file.is_some()) {
            let _ = remove(&piece);
        }
    }
    let alone = names.alone.iter().filter_map(|id| alone(folder, id));
    let mut notes: Vec<String> = alone.take(MOST_NOTES).collect();
    if names.cut {
        let folder = quoted(folder);
        notes.push(format!("{folder} holds too many files: not all of them were looked at"));
    }
    Ok(notes)
}

/// Removes a message that nothing is known of, unless somebody is just keeping it. One that is none of
/// ours is set aside, which is said.
fn alone(folder: &Path, id: &Id) -> Option<String> {
    let path = id.message(folder);
    match lock(&path) {
        Lock::Ours(_lock) => {
            // looked at under the lock: it may have been kept since the folder was read
            let facts = id.facts(folder).symlink_metadata();
            if facts.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                let _ = remove(&path);
            }
            None
        }
        Lock::Others(error) => {
            error.and_then(|error| own_fault(&error)).map(|why| set_aside(folder, id, &path, &why))
        }
        Lock::Nothing => None,
    }
}

/// The lock of a file.
enum Lock {
    /// It is ours until this is dropped.
    Ours(#[allow(dead_code, reason = "held, not used")] Held),
    /// There is no such file.
    Nothing,
    /// Somebody else has it, or it cannot be had.
    Others(Option<PrivateError>),
}

fn lock(path: &Path) -> Lock {
    match open(path) {
        Ok(None) => Lock::Nothing,
        Ok(Some(file)) => match try_lock(file) {
            Ok(Ok(held)) if is_at(&held, path) => Lock::Ours(held),
            _ => Lock::Others(None),
        },
        Err(error) => Lock::Others(Some(error)),
    }
}

fn open(path: &Path) -> Result<Option<File>, PrivateError> {
    open_private_in(path, Purpose::OutboxEntry, OpenOptions::new().read(true).write(true))
}
