//! What waits, for people to look at.

use std::path::{Path, PathBuf};

use super::Outbox;
use super::claim::own_fault;
use super::entry::{Entry, MOST_FACTS};
use super::error::OutboxError;
use super::id::Id;
use super::names::Names;
use super::seal::Key;
use crate::files::{PrivateError, Purpose, judge_private_in, read_private_in};

/// The most bytes that are read of what is known of all messages together.
const MOST: usize = 64 * 1024 * 1024;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The messages, the oldest first.
    pub(crate) entries: Vec<Entry>,
    /// What looks like a message and is none; whoever sends sets it aside.
    pub(crate) damaged: Vec<Damaged>,
    /// Whether there is more than was read.
    pub(crate) cut: bool,
}

/// Something that looks like a message and is none, or cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// Which file.
    pub(crate) path: PathBuf,
    /// What is wrong with it, in the words that go behind its name.
    pub(crate) reason: String,
}

/// What one name leads to.
enum Found {
    Entry(Box<Entry>),
    Damaged(Damaged),
    Nothing,
}

pub(super) fn list(outbox: &Outbox) -> Result<Listing, OutboxError> {
    let folder = outbox.folder();
    let names = Names::read(folder)?;
    let mut listing = Listing { cut: names.cut, ..Listing::default() };
    if names.ids.is_empty() {
        return Ok(listing);
    }
    let key = outbox.known_key()?;
    let mut read = 0;
    for id in &names.ids {
        if read > MOST {
            listing.cut = true;
            break;
        }
        match look(folder, id, &key, &mut read) {
            Found::Entry(entry) => listing.entries.push(*entry),
            Found::Damaged(damaged) => listing.damaged.push(damaged),
            Found::Nothing => {}
        }
    }
    Ok(listing)
}

fn look(folder: &Path, id: &Id, key: &Key, read: &mut usize) -> Found {
    let (facts, message) = (id.facts(folder), id.message(folder));
    let document = match read_private_in(&facts, Purpose::OutboxEntry, MOST_FACTS) {
        Ok(Some(document)) => document,
        // removed since the folder was read
        Ok(None) => return Found::Nothing,
        Err(error) => return damaged(facts, &error),
    };
    *read = read.saturating_add(document.len());
    let entry = match Entry::open(id, &document, key) {
        Ok(entry) => entry,
        Err(why) => return Found::Damaged(Damaged { path: facts, reason: why.to_owned() }),
    };
    let size = match judge_private_in(&message, Purpose::OutboxEntry) {
        Ok(Some(meta)) => meta.len(),
        Ok(None) if facts.symlink_metadata().is_err() => return Found::Nothing,
        Ok(None) => {
            let reason = "has no message beside it".to_owned();
            return Found::Damaged(Damaged { path: facts, reason });
        }
        Err(error) => return damaged(message, &error),
    };
    if size != entry.size {
        let reason = format!("has {size} bytes, not the {} that were kept", entry.size);
        return Found::Damaged(Damaged { path: message, reason });
    }
    Found::Entry(Box::new(entry))
}

/// Puts something that cannot be read beside the others, which it does not block.
fn damaged(path: PathBuf, error: &PrivateError) -> Found {
    let reason = own_fault(error).unwrap_or_else(|| format!("cannot be looked at: {error}"));
    Found::Damaged(Damaged { path, reason })
}
