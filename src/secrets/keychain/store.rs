//! The vault in its folder: reading it, and changing it one process at a time.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::key::Places;
use super::lock::take_turn;
use super::seal::Key;
use super::vault::{Closed, Vault, VaultFault};
use super::{Access, Kept, KeychainError, Secret, Slot};
use crate::files::{
    Over, Purpose, make_private_folder, make_way_lasting, private_folder, read_private, write_private,
};

/// The most bytes a vault has: some thousand passwords, or a hundred tokens of the longest kind.
const MOST: usize = 16 * 1024 * 1024;

/// A vault, its key and its lock.
#[derive(Debug, Clone)]
pub(super) struct Store {
    vault: PathBuf,
    places: Places,
}

/// What became of a look-up.
#[derive(Debug)]
pub(super) enum Found {
    /// The password.
    Secret(Secret),
    /// There is none; these are kept.
    Only(Vec<Kept>),
}

impl Store {
    pub(super) fn new(vault: PathBuf, places: Places) -> Self {
        Self { vault, places }
    }

    /// Looks a password up.
    pub(super) fn find(&self, slot: &Slot, access: Access) -> Result<Found, KeychainError> {
        let Some((vault, key)) = self.open(access)? else { return Ok(Found::Only(Vec::new())) };
        let found = vault.get(slot, &key).map_err(|fault| self.wrong(fault, None))?;
        Ok(found.map_or_else(|| Found::Only(vault.kept()), Found::Secret))
    }

    /// Lists what is kept.
    pub(super) fn list(&self, access: Access) -> Result<Vec<Kept>, KeychainError> {
        Ok(self.open(access)?.map(|(vault, _)| vault.kept()).unwrap_or_default())
    }

    /// Keeps a password; returns whether it took the place of another one.
    pub(super) fn set(
        &self,
        slot: &Slot,
        secret: &Secret,
        now: Timestamp,
        access: Access,
    ) -> Result<bool, KeychainError> {
        let folder = make_private_folder(self.folder(), Purpose::Vault)?;
        let _turn = take_turn(&folder.join("lock"), access)?;
        let (mut vault, key) = if let Some(opened) = self.open(access)? {
            opened
        } else {
            // first the key, then what needs it: a vault without a key would be lost
            make_way_lasting(&folder)?;
            (Vault::default(), self.places.find_or_make(access)?)
        };
        let replaced = vault.set(slot, secret, now, &key)?;
        self.write(&folder, &vault, &key)?;
        Ok(replaced)
    }

    /// Forgets a password; returns whether there was one.
    pub(super) fn remove(&self, slot: &Slot, access: Access) -> Result<bool, KeychainError> {
        let Some(folder) = private_folder(self.folder(), Purpose::Vault)? else { return Ok(false) };
        let _turn = take_turn(&folder.join("lock"), access)?;
        let Some((mut vault, key)) = self.open(access)? else { return Ok(false) };
        let removed = vault.remove(slot);
        let lasting = if removed {
            self.write(&folder, &vault, &key)
        } else {
            // an earlier run may have removed it, and not have seen it on the disk
            make_way_lasting(&folder).map_err(KeychainError::from)
        };
        lasting.map_err(|error| match error {
            KeychainError::Write(error) if error.there => KeychainError::MayComeBack(error),
            other => other,
        })?;
        Ok(removed)
    }

    fn folder(&self) -> &Path {
        self.vault.parent().unwrap_or(&self.vault)
    }

    /// Opens the vault; `None` when there is none.
    fn open(&self, access: Access) -> Result<Option<(Vault, Key)>, KeychainError> {
        let Some(bytes) = read_private(&self.vault, Purpose::Vault, MOST)? else { return Ok(None) };
        let closed = Closed::read(&bytes).map_err(|fault| self.wrong(fault, None))?;
        let Some((key, place)) = self.places.find(access)? else {
            return Err(KeychainError::KeyMissing { vault: self.vault.clone(), places: self.places.names() });
        };
        let vault = closed.open(&key).map_err(|fault| self.wrong(fault, Some(place)))?;
        Ok(Some((vault, key)))
    }

    fn write(&self, folder: &Path, vault: &Vault, key: &Key) -> Result<(), KeychainError> {
        let bytes = vault.close(key)?;
        if bytes.len() > MOST {
            return Err(KeychainError::Full { vault: self.vault.clone() });
        }
        let name = self.vault.file_name().unwrap_or_default();
        Ok(write_private(&folder.join(name), &bytes, Over::Locked)?)
    }

    fn wrong(&self, fault: VaultFault, place: Option<String>) -> KeychainError {
        let vault = self.vault.clone();
        match fault {
            VaultFault::Empty => KeychainError::Damaged { vault, empty: true },
            VaultFault::Damaged => KeychainError::Damaged { vault, empty: false },
            VaultFault::Newer(version) => KeychainError::Newer { vault, version },
            VaultFault::OtherKey => KeychainError::OtherKey { vault, place: place.unwrap_or_default() },
        }
    }
}
