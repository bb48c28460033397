//! Keeping a message: whole and on the disk, or not at all.

use std::cell::OnceCell;

use super::claim::{Claimed, remove};
use super::entry::{Entry, MOST_FACTS, MOST_MESSAGE, Unfit};
use super::error::OutboxError;
use super::id::Id;
use super::limits::keep_limits;
use super::lock::Held;
use super::{Draft, Kept, Outbox, key};
use crate::files::{Over, write_private, write_private_locked};

/// How many names are tried. Even the second is hardly ever needed.
const MOST_NAMES: u32 = 100;
/// What is left free for what is put down at attempts: an error of a thousand characters, in JSON.
const ROOM: usize = 16 * 1024;

/// Keeps a message.
///
/// Whoever sees anything of it before this is done finds its lock taken, and after the end of a process
/// that was killed, a message alone, or a piece, which is swept. It is a message once what is known of it
/// has its name, and both names outlast a power cut when this returns without a note.
pub(super) fn keep(outbox: &Outbox, draft: &Draft<'_>) -> Result<Kept, OutboxError> {
    let size = draft.message.len() as u64;
    let most = outbox.limits.max_size.min(MOST_MESSAGE);
    if size > most {
        return Err(OutboxError::TooLarge { size, most });
    }
    let key = outbox.remembered(key::find_or_make)?;
    let folder = outbox.folder();
    let mut tries = 0..MOST_NAMES;
    let (entry, document, file) = loop {
        let id = Id::new(draft.now)?;
        let entry = Entry::new(id, draft).map_err(|unfit| match unfit {
            Unfit::Task => OutboxError::Task { task: draft.task.to_owned() },
            Unfit::Empty => OutboxError::Empty,
            Unfit::Large => OutboxError::TooLarge { size, most },
        })?;
        let document = entry.seal(&key).filter(|document| document.len() <= MOST_FACTS - ROOM);
        let document = document.ok_or(OutboxError::TooLarge { size, most })?;
        let (message, facts) = (entry.id.message(folder), entry.id.facts(folder));
        let free = [&message, &facts].into_iter().all(|path| path.symlink_metadata().is_err());
        if !free && tries.next().is_some() {
            continue;
        }
        match write_private_locked(&message, draft.message) {
            Err(error)
                if error.error.kind() == std::io::ErrorKind::AlreadyExists && tries.next().is_some() => {}
            written => break (entry, document, written?),
        }
    };
    let mut notes = Vec::new();
    match write_private(&entry.id.facts(folder), &document, Over::Locked) {
        // it is kept, and a power cut is not what most failures are
        Err(error) if error.there => notes.push(error.to_string()),
        Err(error) => {
            // under its lock, and nobody was told of it
            let _ = remove(&entry.id.message(folder));
            return Err(error.into());
        }
        Ok(()) => {}
    }
    let file = Held::new(file);
    let mut claimed =
        Claimed { folder: folder.to_owned(), key, entry, file, bytes: OnceCell::new(), kept: true };
    let dropped = keep_limits(outbox, &mut claimed, &mut notes);
    Ok(Kept { claimed, dropped, notes })
}
