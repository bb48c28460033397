//! The places that the key of a vault can be in: one file each.
//!
//! They are asked one after the other, and only "it is not here" leads to the next: a key that
//! cannot be read now must not look like one that was never made.

mod credential;
mod exclusion;
mod file;
#[cfg(target_os = "macos")]
mod keychain_macos;
mod status;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub(super) use status::meaning;

use super::seal::Key;
use super::{Access, KeychainError};
use crate::home;

/// A place for the key.
pub(super) trait Place: fmt::Debug + Send + Sync {
    /// Says where it is, for messages: "the file \"…\"".
    fn name(&self) -> String;

    /// Reads the key; `None` when there is none here, and none ever was.
    fn read(&self, access: Access) -> Result<Option<Key>, KeychainError>;

    /// Keeps a new key, where there is none; returns whether this is a place for that.
    fn keep(&self, key: &Key, access: Access) -> Result<bool, KeychainError>;

    /// Makes sure that a key which is here outlasts a power cut: whoever kept it may have been killed
    /// before that was so.
    fn settle(&self) -> Result<(), KeychainError> {
        Ok(())
    }
}

/// The places, in the order in which they are asked.
#[derive(Debug, Clone)]
pub(super) struct Places(Vec<Arc<dyn Place>>);

impl Places {
    /// Returns those of a person's home.
    pub(super) fn of(home: &Path) -> Self {
        let folder = home::state_folder(home).join("key");
        let mut places: Vec<Arc<dyn Place>> = Vec::new();
        if let Some(credential) = credential::Credential::of_process() {
            places.push(Arc::new(credential));
        }
        #[cfg(target_os = "macos")]
        {
            let root = nix::unistd::geteuid().is_root();
            places.push(Arc::new(keychain_macos::KeychainItem::of(home::user_name(), root)));
        }
        places.push(Arc::new(file::KeyFile::in_folder(folder)));
        Self(places)
    }

    /// Looks for the key, and says where it was found.
    pub(super) fn find(&self, access: Access) -> Result<Option<(Key, String)>, KeychainError> {
        for place in &self.0 {
            if let Some(key) = place.read(access)? {
                return Ok(Some((key, place.name())));
            }
        }
        Ok(None)
    }

    /// Looks for the key of a vault that is going to be, and makes one where there is none. Either
    /// way it is on the disk then.
    pub(super) fn find_or_make(&self, access: Access) -> Result<Key, KeychainError> {
        for place in &self.0 {
            if let Some(key) = place.read(access)? {
                place.settle()?;
                return Ok(key);
            }
        }
        let key = Key::random()?;
        for place in &self.0 {
            if place.keep(&key, access)? {
                return Ok(key);
            }
        }
        Err(KeychainError::NoPlace)
    }

    /// Returns the names of the places, for messages.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|place| place.name()).collect()
    }
}
