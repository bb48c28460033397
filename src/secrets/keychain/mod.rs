//! The private keychain: passwords at rest, for one user of this computer.
//!
//! One file, the vault, holds them all, sealed under a key that lies elsewhere, in a place that
//! backups leave out: who finds the vault in a stolen backup has nothing. That is all it is good
//! for. Programs of the same user can read both, as this one does.
//!
//! `vault` and `seal` know no files, `store` and `lock` no ciphers, `key` is where the key is.

mod absent;
mod error;
mod key;
mod lock;
mod seal;
mod slot;
mod store;
mod vault;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use error::KeychainError;
pub use slot::{Service, Slot};

use absent::Who;
use key::Places;
use store::{Found, Store};

use super::error::SecretFault;
use super::{Answer, Request, Secret, core_dumps};
use crate::deadline::Deadline;
use crate::home;

/// What opening the keychain depends on.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// When the whole run has to end.
    pub deadline: Deadline,
    /// Whether somebody is there to answer a question of the system's: at night nobody is.
    pub may_prompt: bool,
}

/// A password that is kept, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is for.
    pub slot: Slot,
    /// When it was stored.
    pub stored: Timestamp,
}

/// The private keychain of the user who runs the program. Nothing is opened before it is asked.
#[derive(Debug, Clone)]
pub struct Keychain {
    vault: PathBuf,
    store: Store,
    whose: String,
}

impl Keychain {
    /// Returns the keychain of the running user, whether there is one yet or not.
    pub fn own() -> Result<Self, KeychainError> {
        let home = home::own().ok_or(KeychainError::NoHome)?;
        let vault = home::data_folder(&home).join("keychain").join("vault");
        let store = Store::new(vault.clone(), Places::of(&home));
        Ok(Self { vault, store, whose: home::user_name() })
    }

    /// Returns the file that the passwords are in, for messages.
    pub fn path(&self) -> &Path {
        &self.vault
    }

    /// Returns the name of the user whose keychain it is.
    pub fn whose(&self) -> &str {
        &self.whose
    }

    /// Returns the password kept for exactly this place; `None` when none is.
    pub fn get(&self, slot: &Slot, access: Access) -> Result<Option<Secret>, KeychainError> {
        match self.find(slot, access)? {
            Found::Secret(secret) => Ok(Some(secret)),
            Found::Only(_) => Ok(None),
        }
    }

    /// Lists what is kept, in the order of the names.
    pub fn list(&self, access: Access) -> Result<Vec<Kept>, KeychainError> {
        core_dumps::prevent();
        self.store.list(access)
    }

    /// Keeps a password; returns whether it took the place of another one.
    pub fn set(
        &self,
        slot: &Slot,
        secret: &Secret,
        now: Timestamp,
        access: Access,
    ) -> Result<bool, KeychainError> {
        core_dumps::prevent();
        self.store.set(slot, secret, now, access)
    }

    /// Forgets a password; returns whether there was one.
    pub fn remove(&self, slot: &Slot, access: Access) -> Result<bool, KeychainError> {
        core_dumps::prevent();
        self.store.remove(slot, access)
    }

    fn find(&self, slot: &Slot, access: Access) -> Result<Found, KeychainError> {
        core_dumps::prevent();
        self.store.find(slot, access)
    }
}

/// Looks the password of a request up.
pub(super) fn look_up(request: &Request<'_>) -> Result<Answer, SecretFault> {
    let keychain = Keychain::own().map_err(SecretFault::Keychain)?;
    let access = Access { deadline: request.deadline, may_prompt: request.may_prompt };
    match keychain.find(request.account, access).map_err(SecretFault::Keychain)? {
        Found::Secret(secret) => Ok(Answer::Found(secret)),
        Found::Only(kept) => {
            let who = Who::reads(request.as_root);
            Ok(Answer::Nothing(absent::absent(request.account, &kept, &keychain, who)))
        }
    }
}
