//! What is in the folder, by its names alone. Nothing is opened, and memory is bounded.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use super::error::OutboxError;
use super::id::Id;

/// The most names that are looked at: about a second.
const MOST_LOOKED_AT: usize = 2_000_000;
/// The most of our own that are kept in memory, which are some 30 MB.
const MOST_KEPT: usize = 250_000;

/// The names of a folder that are ours.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The messages that wait, the oldest first.
    pub(super) ids: Vec<Id>,
    /// Those of which only the message is there.
    pub(super) alone: Vec<Id>,
    /// Those of which a piece is there that may have been left by a killed writer: whether it is one of
    /// the message.
    pub(super) pieces: Vec<(Id, bool)>,
    /// Whether there are more than were looked at.
    pub(super) cut: bool,
}

impl Names {
    /// Reads the folder once. What other programs keep there is passed over.
    pub(super) fn read(folder: &Path) -> Result<Self, OutboxError> {
        Self::within(folder, MOST_LOOKED_AT, MOST_KEPT)
    }

    fn within(folder: &Path, most_looked_at: usize, most_kept: usize) -> Result<Self, OutboxError> {
        let wrong = |error: io::Error| OutboxError::Read { path: folder.to_owned(), error };
        let mut names = Self::default();
        let mut messages = Vec::new();
        for (looked_at, entry) in fs::read_dir(folder).map_err(wrong)?.enumerate() {
            let name = entry.map_err(wrong)?.file_name();
            let kept = names.ids.len() + messages.len() + names.pieces.len();
            if looked_at >= most_looked_at || kept >= most_kept {
                names.cut = true;
                break;
            }
            let Some((id, kind)) = name.to_str().and_then(|name| name.split_at_checked(ID)) else { continue };
            let Some(id) = Id::parse(id) else { continue };
            match kind {
                ".json" => names.ids.push(id),
                ".eml" => messages.push(id),
                ".eml.new" => names.pieces.push((id, true)),
                ".json.new" => names.pieces.push((id, false)),
                _ => {}
            }
        }
        let whole: HashSet<&Id> = names.ids.iter().collect();
        // where not everything was seen it cannot be told what is alone
        messages.retain(|id| !names.cut && !whole.contains(id));
        names.alone = messages;
        names.ids.sort_unstable();
        names.alone.sort_unstable();
        Ok(names)
    }
}

/// The bytes of an ID.
const ID: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::World;

    #[test]
    fn names_are_sorted_by_what_they_say_and_foreign_ones_passed_over() {
        let world = World::new();
        let id = |number: u32| format!("20261122T215559.123-{number:08x}");
        for name in ["key", "lock", "notes.txt", "é".repeat(40).as_str()] {
            world.file(name, "", 0o600);
        }
        for name in [2, 1].map(id) {
            world.file(&format!("{name}.json"), "", 0o600);
            world.file(&format!("{name}.eml"), "", 0o600);
        }
        world.file(&format!("{}.eml", id(3)), "", 0o600);
        world.file(&format!("{}.eml.new", id(4)), "", 0o600);
        world.file(&format!("{}.json.new", id(1)), "", 0o600);
        world.file(&format!("{}.json.bak", id(9)), "", 0o600);
        let names = Names::read(&world.path("")).unwrap();
        let text = |ids: &[Id]| ids.iter().map(Id::to_string).collect::<Vec<_>>();
        assert_eq!(text(&names.ids), [id(1), id(2)]);
        assert_eq!(text(&names.alone), [id(3)]);
        let mut pieces = names.pieces.clone();
        pieces.sort();
        assert_eq!(pieces, [(Id::parse(&id(1)).unwrap(), false), (Id::parse(&id(4)).unwrap(), true)]);
        assert!(!names.cut);
        for (looked_at, kept) in [(3, 100), (100, 2)] {
            let some = Names::within(&world.path(""), looked_at, kept).unwrap();
            assert!(some.cut && some.alone.is_empty());
            assert!(some.ids.len() + some.pieces.len() <= looked_at.min(kept));
        }
    }
}
