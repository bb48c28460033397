//! One message in hand: its lock taken, its seal looked at, and what becomes of it afterwards.

use std::cell::OnceCell;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lettre::Address;

use super::aside::set_aside;
use super::entry::{Entry, MOST_FACTS};
use super::error::OutboxError;
use super::id::Id;
use super::lock::{Held, try_lock};
use super::seal::{Key, sha256};
use crate::exit::Exit;
use crate::files::{
    FileFault, Over, PrivateError, PrivateFault, Purpose, is_at, make_lasting, open_private_in,
    read_private_in, write_private,
};

/// What became of reaching for a message.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is ours until this is dropped.
    Taken(Box<Claimed>),
    /// Another process has it in hand.
    Busy,
    /// It is not there any more.
    Gone,
    /// It was none of ours, or damaged: what is wrong and where it is now, in a sentence.
    SetAside(String),
    /// It could not be looked at, and stays.
    Failed(OutboxError),
}

/// A message that nobody else sends meanwhile.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(super) folder: PathBuf,
    pub(super) key: Key,
    pub(super) entry: Entry,
    /// The message, locked.
    pub(super) file: Held,
    /// What is in it, once it was read and found to be what was kept.
    pub(super) bytes: OnceCell<Vec<u8>>,
    /// Whether it is in the folder: one that had to make room for others is not.
    pub(super) kept: bool,
}

/// What happened when a message was tried.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    /// When that was.
    pub(crate) now: Timestamp,
    /// What happened.
    pub(crate) error: &'a str,
    /// The exit code that stands for it.
    pub(crate) code: Exit,
    /// Whether a server has refused the message for good.
    pub(crate) refused: bool,
    /// Who still has to get it.
    pub(crate) remaining: &'a [Address],
}

/// Why a message cannot be had.
enum Fault {
    /// This file is not what it should be.
    Bad(PathBuf, String),
    Busy,
    Gone,
    Failed(OutboxError),
}

impl From<OutboxError> for Fault {
    fn from(error: OutboxError) -> Self {
        Self::Failed(error)
    }
}

/// Takes a message in hand without reading it; `key` is only asked for when there is something to check
/// with it.
pub(super) fn take(folder: &Path, id: &Id, key: impl FnOnce() -> Result<Key, OutboxError>) -> Claim {
    match lock(folder, id) {
        Ok(file) => match look(folder, id, &file, key) {
            Ok((entry, key)) => {
                let (folder, bytes) = (folder.to_owned(), OnceCell::new());
                Claim::Taken(Box::new(Claimed { folder, key, entry, file, bytes, kept: true }))
            }
            // the lock is held until it is aside
            Err(fault) => answer(folder, id, fault),
        },
        Err(fault) => answer(folder, id, fault),
    }
}

fn answer(folder: &Path, id: &Id, fault: Fault) -> Claim {
    match fault {
        Fault::Bad(path, reason) => Claim::SetAside(set_aside(folder, id, &path, &reason)),
        Fault::Busy => Claim::Busy,
        Fault::Gone => Claim::Gone,
        Fault::Failed(error) => Claim::Failed(error),
    }
}

/// Opens a message and takes its lock.
fn lock(folder: &Path, id: &Id) -> Result<Held, Fault> {
    let path = id.message(folder);
    let opened = open_private_in(&path, Purpose::OutboxEntry, OpenOptions::new().read(true).write(true));
    let Some(file) = opened.map_err(|error| of_file(&path, error))? else {
        // who removes a message removes this first: where it is still there nobody has done that
        return match id.facts(folder).symlink_metadata() {
            Ok(_) => Err(Fault::Bad(id.facts(folder), "has no message beside it".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::Gone),
            Err(error) => Err(OutboxError::Read { path: id.facts(folder), error }.into()),
        };
    };
    match try_lock(file) {
        Ok(Ok(file)) if is_at(&file, &path) => Ok(file),
        Ok(Ok(_)) => Err(Fault::Gone),
        Ok(Err(_)) => Err(Fault::Busy),
        Err(error) => Err(OutboxError::Read { path, error }.into()),
    }
}

/// Checks what is known of a message that is locked, before anything it names is opened.
fn look(
    folder: &Path,
    id: &Id,
    file: &File,
    key: impl FnOnce() -> Result<Key, OutboxError>,
) -> Result<(Entry, Key), Fault> {
    let path = id.facts(folder);
    let document = read_private_in(&path, Purpose::OutboxEntry, MOST_FACTS);
    let Some(document) = document.map_err(|error| of_file(&path, error))? else { return Err(Fault::Gone) };
    let key = key()?;
    let entry = Entry::open(id, &document, &key).map_err(|why| Fault::Bad(path, why.to_owned()))?;
    match file.metadata() {
        Ok(meta) if meta.len() == entry.size => Ok((entry, key)),
        Ok(_) => Err(changed(folder, id)),
        Err(error) => Err(OutboxError::Read { path: id.message(folder), error }.into()),
    }
}

fn changed(folder: &Path, id: &Id) -> Fault {
    let reason = "is not the message that was kept: it was changed or cut short";
    Fault::Bad(id.message(folder), reason.to_owned())
}

/// Reads a message; without an error it is not the one that was kept.
pub(super) fn whole(file: &File, entry: &Entry) -> Result<Vec<u8>, Option<io::Error>> {
    if file.metadata()?.len() != entry.size {
        return Err(None);
    }
    // bounded: no entry has a larger one
    let mut message = vec![0; usize::try_from(entry.size).map_err(|_| None)?];
    match file.read_exact_at(&mut message, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(None),
        read => read?,
    }
    if sha256(&message) == entry.sha256 { Ok(message) } else { Err(None) }
}

/// Sorts what is wrong with a file: what is the file's own fault sets it aside, what may be the system's
/// does not.
fn of_file(path: &Path, error: PrivateError) -> Fault {
    match own_fault(&error) {
        Some(reason) => Fault::Bad(path.to_owned(), reason),
        None => Fault::Failed(error.into()),
    }
}

/// Says what is wrong with a file, where it is the file's own fault.
pub(super) fn own_fault(error: &PrivateError) -> Option<String> {
    match &*error.fault {
        PrivateFault::Kind { what, wanted } => Some(format!("is {what}, not a {wanted}")),
        PrivateFault::Owner { owner, .. } => Some(format!("belongs to the user \"{owner}\"")),
        PrivateFault::Mode { mode, .. } => Some(format!("gives others rights (mode {mode:04o})")),
        PrivateFault::ClosedToUs { mode } => Some(format!("cannot be opened (mode {mode:04o})")),
        PrivateFault::Names(count) => Some(format!("has {count} names (hard links)")),
        PrivateFault::Way(error) => match &*error.fault {
            FileFault::TooLarge { limit } => Some(format!("has more than {limit} bytes")),
            // by its mode; by other rules of the system it may be open to us tomorrow
            FileFault::Denied { path, .. } => {
                let mode = path.symlink_metadata().ok()?.mode() & 0o7777;
                (mode & 0o600 != 0o600).then(|| format!("may not be opened (mode {mode:04o})"))
            }
            // it became one since it was looked at
            FileFault::LinkLoop => Some("is a symbolic link".to_owned()),
            _ => None,
        },
        PrivateFault::CannotMake(_) => None,
    }
}

impl Claimed {
    /// Returns what is known of it.
    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Tells whether it is in the folder; one that had to make room for others is not, and can still be
    /// sent while this is held.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    /// Reads the message, and sets it aside where it is not the one that was kept.
    pub(crate) fn checked(self: Box<Self>) -> Claim {
        let (folder, id) = (&self.folder, &self.entry.id);
        match self.read() {
            Ok(_) => Claim::Taken(self),
            Err(None) => answer(folder, id, changed(folder, id)),
            Err(Some(error)) => Claim::Failed(OutboxError::Read { path: id.message(folder), error }),
        }
    }

    /// Returns the message, which is the one that was kept. It is read once.
    pub(crate) fn message(&self) -> Result<&[u8], OutboxError> {
        self.read().map_err(|error| {
            let path = self.entry.id.message(&self.folder);
            match error {
                Some(error) => OutboxError::Read { path, error },
                None => OutboxError::Changed { path },
            }
        })
    }

    /// Without an error it is not the message that was kept.
    fn read(&self) -> Result<&[u8], Option<io::Error>> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes);
        }
        let bytes = whole(&self.file, &self.entry)?;
        Ok(self.bytes.get_or_init(|| bytes))
    }

    /// Removes it, because a server has accepted it.
    ///
    /// What is known of it goes first: without that it is no message any more, wherever the process ends.
    /// Where it cannot be removed it is emptied instead, so that nobody gets it twice.
    pub(crate) fn accepted(self) -> Result<(), OutboxError> {
        if !self.kept {
            return Ok(());
        }
        let path = self.entry.id.facts(&self.folder);
        let removed = remove(&path).and_then(|()| remove(&self.entry.id.message(&self.folder)));
        removed.and_then(|()| make_lasting(&self.folder)).map_err(|error| {
            let gone = path.symlink_metadata().is_err();
            let emptied = gone || self.file.set_len(0).and_then(|()| self.file.sync_all()).is_ok();
            OutboxError::Remove { path, error, emptied }
        })
    }

    /// Removes it, because it was given up or had to make room; returns what was known of it.
    pub(crate) fn give_up(self) -> Result<Entry, OutboxError> {
        let entry = self.entry.clone();
        self.accepted().map(|()| entry)
    }

    /// Has it sent by the word of another task file from now on.
    pub(crate) fn give_to(&mut self, task: &Path) -> Result<(), OutboxError> {
        if self.entry.task == task {
            return Ok(());
        }
        if !self.entry.give_to(task) {
            return Err(OutboxError::Task { task: task.to_owned() });
        }
        self.put_down()
    }

    /// Puts down what happened at one more attempt. Where nobody is left to get it, it is removed.
    pub(crate) fn attempted(&mut self, attempt: &Attempt<'_>) -> Result<(), OutboxError> {
        self.entry.attempted(attempt);
        let facts = self.entry.id.facts(&self.folder);
        // somebody may have removed it by hand
        if !self.kept || facts.symlink_metadata().is_err() {
            return Ok(());
        }
        if self.entry.recipients.is_empty() {
            self.kept = false;
            let removed = remove(&facts).and_then(|()| remove(&self.entry.id.message(&self.folder)));
            return removed.and_then(|()| make_lasting(&self.folder)).map_err(|error| OutboxError::Remove {
                path: facts,
                error,
                emptied: false,
            });
        }
        self.put_down()
    }

    /// Puts down since when it is known to have waited for too long.
    pub(crate) fn overdue(&mut self, since: Option<Timestamp>) -> Result<(), OutboxError> {
        let gone = || self.entry.id.facts(&self.folder).symlink_metadata().is_err();
        if self.entry.overdue == since || !self.kept || gone() {
            return Ok(());
        }
        self.entry.overdue = since;
        self.put_down()
    }

    /// Writes what is known of it over what was.
    fn put_down(&self) -> Result<(), OutboxError> {
        let document = self.entry.seal(&self.key);
        let document =
            document.ok_or(OutboxError::TooLarge { size: self.entry.size, most: MOST_FACTS as u64 })?;
        Ok(write_private(&self.entry.id.facts(&self.folder), &document, Over::Locked)?)
    }

    /// Lets go of it: it waits on.
    pub(crate) fn release(self) {
        drop(self);
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
