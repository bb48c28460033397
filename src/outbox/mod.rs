//! The outbox: messages that no server has accepted yet, in a folder that the task asked for.
//!
//! # The folder
//!
//! It is the running user's alone (0700, as are all files in it 0600), and holds
//!
//! - `ID.eml`, a message, exactly the bytes that are handed to a server,
//! - `ID.json`, what is known of it. A message is kept when this has its name,
//! - `key`, what the seals are made with; it comes with the first message,
//! - `lock`, by which those who send what waits take turns; it comes with the key,
//! - `aside/`, what looked like a message of ours and was none.
//!
//! Other names are other people's, and left alone. An ID is when the message was kept, in UTC, and a
//! random number: `20261123T071057.123-0a1b2c3d`.
//!
//! `key` is one line: `backup-notify-outbox-key-1:`, and in base64 (RFC 4648, section 4) the 32 bytes of the
//! key and the first 8 of the SHA-256 of `backup-notify outbox key 1`, a line feed and the key.
//!
//! `ID.json` is `{"seal":"SEAL","entry":ENTRY}` and a line feed, without blanks outside of ENTRY. SEAL is the
//! HMAC-SHA-256 in lower-case hex, under the key, of `backup-notify outbox entry 1`, a line feed, ID, a
//! line feed, and the bytes of ENTRY as they stand there. ENTRY is an object of exactly these fields:
//! `version` (1), `id`, `task` (the absolute path of the task file), `email` (which one of its e-mails, from
//! 0), `name` (the task's), `subject`, `outcome`, `queued` (RFC 3339), `message_id`, `sender` (null unless a
//! flag has set it: `name`, which may be null, and `address`), `recipients` (who has not got it), `attempts`,
//! `tried`, `last_error`, `last_code`, `refused`, `overdue` (since when it is known to have waited too long,
//! else null; may be missing), `size` and `sha256` (of the message, lower-case hex). There is neither a route
//! nor a secret in it: the task file says those anew when the message is sent.
//!
//! # Who does what when
//!
//! The lock of a message is flock(2) on `ID.eml`, which is never replaced. It is taken while the file is
//! still empty and called `ID.eml.new`, and held until the first attempt is over; so nobody else sends,
//! sweeps or drops it meanwhile, and the end of a process lets go of it. Whatever changes a message has
//! its lock, and has looked whether the file that is locked is still the one of that name.
//!
//! - Kept: message, fsync, name; `ID.json.new`, fsync, name; fsync of the folder.
//! - Removed: `ID.json`, then `ID.eml`, fsync of the folder.
//! - Set aside: `ID.eml`, then `ID.json`.
//!
//! So a process that is killed leaves a message that is kept, or one without `ID.json`, or a piece (`.new`).
//! The last two are swept, under their locks, by who has the turn; an `ID.json` without a message only
//! comes from other hands or a damaged disk, and is set aside. The key is written where it stands, under
//! its lock, and nothing is sealed with it before it is on the disk.
//!
//! A seal is looked at before its entry is parsed, and so before anything that it names is opened. With a
//! key that is missing or damaged every message would look forged: then nothing is touched.
//!
//! Memory is bounded: of the names in a folder some 250,000 are kept, of an entry 256 KiB are read, of all
//! entries together 64 MiB, and one message at a time.

mod aside;
mod claim;
mod entry;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod id;
mod judge;
mod keep;
mod key;
mod limits;
mod list;
mod lock;
mod names;
mod seal;
mod turn;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use lettre::Address;
use lettre::message::Mailbox;

pub(crate) use claim::{Attempt, Claim, Claimed};
pub(crate) use entry::Entry;
pub(crate) use error::OutboxError;
pub(crate) use id::Id;
pub(crate) use limits::Limits;
pub(crate) use list::{Damaged, Listing};
pub(crate) use turn::Turn;

use crate::deadline::Deadline;
use crate::files::{Purpose, make_private_folder, private_folder};
use names::Names;
use seal::Key;

/// A folder of messages that wait.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The way to it without links.
    folder: PathBuf,
    limits: Limits,
    key: OnceLock<Key>,
}

/// A message that is to be kept.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    /// The task file, an absolute path.
    pub(crate) task: &'a Path,
    /// Which of the task's e-mails it is, from 0.
    pub(crate) email: usize,
    /// The name of the task.
    pub(crate) name: &'a str,
    /// The subject.
    pub(crate) subject: &'a str,
    /// How the backup ended, one of the five words.
    pub(crate) outcome: &'a str,
    /// What time it is.
    pub(crate) now: Timestamp,
    /// The Message-ID.
    pub(crate) message_id: &'a str,
    /// The sender, only where a flag sets one.
    pub(crate) sender: Option<&'a Mailbox>,
    /// The envelope's recipients.
    pub(crate) recipients: &'a [Address],
    /// The message, as a server gets it.
    pub(crate) message: &'a [u8],
}

/// A message that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The message in hand, so that nobody else sends it meanwhile.
    pub(crate) claimed: Claimed,
    /// What had to make room for it; this may be the message itself ([`Claimed::is_kept`]).
    pub(crate) dropped: Vec<Entry>,
    /// What else there is to say, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Outbox {
    /// Opens a folder for keeping, and makes it where it is missing.
    pub(crate) fn make(folder: &Path, limits: Limits) -> Result<Self, OutboxError> {
        let folder = make_private_folder(folder, Purpose::Outbox)?;
        Ok(Self { folder, limits, key: OnceLock::new() })
    }

    /// Opens a folder that somebody has named, for keeping; it is made where it alone is missing.
    pub(crate) fn make_named(folder: &Path, limits: Limits) -> Result<Self, OutboxError> {
        judge::has_its_way(folder)?;
        Self::make(folder, limits)
    }

    /// Looks whether [`Self::make`] and all that comes after it would do, or [`Self::make_named`]; returns
    /// how many messages wait. Nothing is made.
    pub(crate) fn judge(folder: &Path, named: bool) -> Result<usize, OutboxError> {
        if named {
            judge::has_its_way(folder)?;
        }
        judge::judge(folder)
    }

    /// Opens a folder; `None` when there is none.
    pub(crate) fn find(folder: &Path, limits: Limits) -> Result<Option<Self>, OutboxError> {
        let folder = private_folder(folder, Purpose::Outbox)?;
        Ok(folder.map(|folder| Self { folder, limits, key: OnceLock::new() }))
    }

    /// Returns the way to the folder, without links.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a message, and drops what matters less where there is too much.
    pub(crate) fn keep(&self, draft: &Draft<'_>) -> Result<Kept, OutboxError> {
        keep::keep(self, draft)
    }

    /// Lists what waits by name alone, the oldest first. Nothing is opened.
    pub(crate) fn ids(&self) -> Result<Vec<Id>, OutboxError> {
        Ok(Names::read(&self.folder)?.ids)
    }

    /// The same, and whether there are pieces that may have been left by who was killed.
    pub(crate) fn ids_and_pieces(&self) -> Result<(Vec<Id>, bool), OutboxError> {
        let Names { ids, alone, pieces, .. } = Names::read(&self.folder)?;
        Ok((ids, !(alone.is_empty() && pieces.is_empty())))
    }

    /// Lists what waits, the oldest first, and what is damaged. No lock is taken and nothing is changed.
    pub(crate) fn entries(&self) -> Result<Listing, OutboxError> {
        list::list(self)
    }

    /// Takes a message in hand. It is not read before it is asked for: where its server cannot be reached,
    /// all that wait for that would be read in vain.
    pub(crate) fn take(&self, id: &Id) -> Claim {
        claim::take(&self.folder, id, || self.known_key())
    }

    /// Takes a message in hand, read and found to be the one that was kept.
    pub(crate) fn claim(&self, id: &Id) -> Claim {
        match self.take(id) {
            Claim::Taken(taken) => taken.checked(),
            other => other,
        }
    }

    /// Takes the turn at sending, and sweeps up; `None` when another process has it, for as long as is
    /// waited for it.
    pub(crate) fn turn(&self, wait: Option<Deadline>) -> Result<Option<Turn>, OutboxError> {
        turn::take(&self.folder, wait)
    }

    /// Returns how long a message waits whose task does not say it.
    pub(crate) fn max_age(&self) -> Duration {
        self.limits.max_age
    }

    /// Returns the key of the messages that are there.
    fn known_key(&self) -> Result<Key, OutboxError> {
        self.remembered(|folder| {
            key::find(folder)?.ok_or_else(|| OutboxError::KeyMissing { key: key::path(folder) })
        })
    }

    /// Returns the key, which is read once.
    fn remembered(&self, read: impl FnOnce(&Path) -> Result<Key, OutboxError>) -> Result<Key, OutboxError> {
        if let Some(key) = self.key.get() {
            return Ok(key.clone());
        }
        let key = read(&self.folder)?;
        Ok(self.key.get_or_init(|| key).clone())
    }
}
