//! An outbox, written by its documented format (the head of `src/outbox/mod.rs`) and none of its code.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::world::World;

/// The key of every such outbox.
const KEY: [u8; 32] = [0x2a; 32];

/// A folder of messages that wait.
pub(crate) struct Outbox<'w> {
    world: &'w World,
    folder: PathBuf,
}

impl<'w> Outbox<'w> {
    /// The one of whoever runs the program in this world.
    pub(crate) fn own(world: &'w World) -> Self {
        let state = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
        Self::at(world, Path::new("home").join(state).join("backup-notify/outbox"))
    }

    /// One at this path in a world.
    pub(crate) fn at(world: &'w World, path: impl AsRef<Path>) -> Self {
        let check = Sha256::new().chain_update("backup-notify outbox key 1\n").chain_update(KEY).finalize();
        let coded = STANDARD.encode([&KEY, &check[..8]].concat());
        let folder = world.folder(path);
        world.write(folder.join("key"), format!("backup-notify-outbox-key-1:{coded}\n"));
        Self { world, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a message into it; `change` has the last word on what is known of it.
    pub(crate) fn put(&self, id: &str, message: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let mut entry = json!({
            "version": 1,
            "id": id,
            "task": self.world.path().join("task.json"),
            "email": 0,
            "name": "Nightly",
            "subject": "Nightly: the backup failed",
            "outcome": "error",
            "queued": "2026-11-22T21:55:59Z",
            "message_id": format!("<{id}@example.test>"),
            "sender": null,
            "recipients": ["ops@example.test"],
            "attempts": 0,
            "tried": null,
            "last_error": null,
            "last_code": null,
            "refused": false,
            "size": message.len(),
            "sha256": hex(&Sha256::digest(message)),
        });
        change(&mut entry);
        let entry = entry.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
        mac.update(format!("backup-notify outbox entry 1\n{id}\n{entry}").as_bytes());
        let seal = hex(&mac.finalize().into_bytes());
        self.world.write(self.message(id), message);
        self.world.write(self.facts(id), format!("{{\"seal\":\"{seal}\",\"entry\":{entry}}}\n"));
        self
    }

    pub(crate) fn message(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.eml"))
    }

    pub(crate) fn facts(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Takes a message in hand, as a process does that is sending it, until this is dropped.
    pub(crate) fn hold(&self, id: &str) -> File {
        let file = File::open(self.message(id)).unwrap();
        file.try_lock().unwrap();
        file
    }

    /// What is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
