//! What waits in the outbox after a run, looked at from outside.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::world::World;

/// Whether this version keeps what it cannot send: the one line to change when it does. The table
/// is to be written anew then.
pub(super) const KEEPS: bool = true;

/// The folder of the outbox in a world.
pub(super) fn folder(world: &World) -> PathBuf {
    world.path().join("outbox")
}

/// A message that waits: what is kept beside it, and itself.
pub(super) struct Waiting {
    pub(super) entry: String,
    pub(super) message: String,
}

/// What waits, each a pair `ID.json` and `ID.eml`; and what is wrong with the folder.
pub(super) fn look(world: &World) -> (Vec<Waiting>, Vec<String>) {
    let folder = folder(world);
    let mut faults = Vec::new();
    let mut entries = BTreeSet::new();
    let mut messages = BTreeSet::new();
    let mode = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.permissions().mode() & 0o7777);
    if folder.exists() && mode(&folder) != 0o700 {
        faults.push(format!("the outbox has mode {:o}", mode(&folder)));
    }
    for found in fs::read_dir(&folder).into_iter().flatten() {
        let path = found.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            faults.push(format!("a folder in the outbox: {name}"));
            continue;
        }
        if mode(&path) != 0o600 {
            faults.push(format!("{name} has mode {:o}", mode(&path)));
        }
        let bytes = fs::read(&path).unwrap();
        if let Some(form) = world.secrets().iter().find_map(|secret| secret.found_in(&bytes)) {
            faults.push(format!("{name} holds the secret ({form})"));
        }
        match name.rsplit_once('.') {
            Some((id, "json")) => drop(entries.insert(id.to_owned())),
            Some((id, "eml")) => drop(messages.insert(id.to_owned())),
            // the key and the lock of the folder
            _ if matches!(name.as_str(), "key" | "lock") => (),
            _ => faults.push(format!("left behind in the outbox: {name}")),
        }
    }
    for id in entries.symmetric_difference(&messages) {
        faults.push(format!("half a pair in the outbox: {id}"));
    }
    let read = |id: &String, kind: &str| {
        let bytes = fs::read(folder.join(format!("{id}.{kind}"))).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = entries.intersection(&messages);
    let waiting = pairs.map(|id| Waiting { entry: read(id, "json"), message: read(id, "eml") });
    (waiting.collect(), faults)
}

/// The Message-ID of a message.
pub(super) fn message_id(message: &str) -> String {
    let header = message.split("\r\n\r\n").next().unwrap_or_default();
    let line = header.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.unwrap_or_else(|| panic!("no Message-ID in {header}")).trim().to_owned()
}
