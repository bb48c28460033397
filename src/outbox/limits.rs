//! Limits: how much an outbox keeps, and what makes room when there is more.

use std::path::Path;
use std::time::Duration;

use super::Outbox;
use super::claim::{Claim, Claimed, remove};
use super::entry::{Entry, MOST_FACTS, Weight};
use super::error::OutboxError;
use super::id::Id;
use super::key;
use super::names::Names;
use super::seal::Key;
use crate::files::{Purpose, make_lasting, read_private_in};
use crate::task;

/// How much an outbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the words of the task file")]
pub(crate) struct Limits {
    /// How long a message waits before it is given up.
    pub(crate) max_age: Duration,
    /// How many messages wait; never more than [`Limits::MOST_COUNT`].
    pub(crate) max_count: usize,
    /// How many bytes they have together.
    pub(crate) max_size: u64,
}

impl Limits {
    /// The most messages that one folder is good for.
    pub(crate) const MOST_COUNT: usize = 100_000;
}

impl Default for Limits {
    /// Those of a task that names none.
    fn default() -> Self {
        let usual = task::Outbox::default();
        Self { max_age: usual.max_age, max_count: usual.max_count, max_size: usual.max_size }
    }
}

/// What there is too much of.
#[derive(Debug, Clone, Copy)]
struct Load {
    count: usize,
    size: u64,
}

impl Load {
    fn of(folder: &Path, ids: &[Id]) -> Self {
        let sizes = ids.iter().map(|id| size(folder, id));
        Self { count: ids.len(), size: sizes.fold(0, u64::saturating_add) }
    }

    fn is_over(self, limits: &Limits) -> bool {
        self.count > limits.max_count.min(Limits::MOST_COUNT) || self.size > limits.max_size
    }

    fn without(self, size: u64) -> Self {
        Self { count: self.count.saturating_sub(1), size: self.size.saturating_sub(size) }
    }
}

/// Drops what matters least until the rest is within the limits; returns what was dropped.
///
/// Good news goes first, then warnings, then failures; of each the oldest. The new message is one of
/// them: where everything else matters more it is that one. What another process is sending stays.
/// Whatever goes wrong here is a note: the new message is kept, and the limits are kept the next time.
pub(super) fn keep_limits(outbox: &Outbox, own: &mut Claimed, notes: &mut Vec<String>) -> Vec<Entry> {
    match within_limits(outbox, own, notes) {
        Ok(dropped) => dropped,
        // others are at it, and see this one or leave it to the next
        Err(OutboxError::Busy { .. }) => Vec::new(),
        Err(error) => {
            notes.push(format!("the limits of the outbox could not be kept: {error}"));
            Vec::new()
        }
    }
}

fn within_limits(
    outbox: &Outbox,
    own: &mut Claimed,
    notes: &mut Vec<String>,
) -> Result<Vec<Entry>, OutboxError> {
    let folder = outbox.folder();
    let over = || -> Result<Option<(Names, Load)>, OutboxError> {
        let names = Names::read(folder)?;
        let load = Load::of(folder, &names.ids);
        Ok(load.is_over(&outbox.limits).then_some((names, load)))
    };
    if over()?.is_none() {
        return Ok(Vec::new());
    }
    // one at a time: two who see the same excess would each drop that much
    let _turn = key::locked(folder)?;
    let Some((names, mut load)) = over()? else { return Ok(Vec::new()) };
    let mut ranked: Vec<(Weight, Id)> =
        names.ids.into_iter().map(|id| (weight(folder, &id, &own.key), id)).collect();
    ranked.sort_unstable();
    let mut dropped = Vec::new();
    for (_, id) in ranked {
        if !load.is_over(&outbox.limits) {
            break;
        }
        let size = size(folder, &id);
        if id == own.entry.id {
            let removed = remove(&id.facts(folder)).and_then(|()| remove(&id.message(folder)));
            if let Err(error) = removed.and_then(|()| make_lasting(folder)) {
                let error = OutboxError::Remove { path: id.facts(folder), error, emptied: false };
                notes.push(error.to_string());
            }
            own.kept = id.facts(folder).symlink_metadata().is_ok();
            if own.kept {
                continue;
            }
            dropped.push(own.entry.clone());
            load = load.without(size);
            continue;
        }
        match outbox.claim(&id) {
            // those that were dropped before are said all the same
            Claim::Taken(claimed) => match claimed.give_up() {
                Ok(entry) => dropped.push(entry),
                Err(error) => {
                    notes.push(error.to_string());
                    continue;
                }
            },
            Claim::SetAside(said) => notes.push(said),
            Claim::Gone => {}
            Claim::Busy => continue,
            Claim::Failed(error) => {
                notes.push(error.to_string());
                continue;
            }
        }
        load = load.without(size);
    }
    Ok(dropped)
}

/// Says how much a message matters. One that cannot be read goes first, into `aside/`.
fn weight(folder: &Path, id: &Id, key: &Key) -> Weight {
    let document = read_private_in(&id.facts(folder), Purpose::OutboxEntry, MOST_FACTS).ok().flatten();
    let entry = document.and_then(|document| Entry::open(id, &document, key).ok());
    entry.map_or(Weight::GoodNews, |entry| entry.weight())
}

fn size(folder: &Path, id: &Id) -> u64 {
    id.message(folder).symlink_metadata().map(|meta| meta.len()).unwrap_or_default()
}
