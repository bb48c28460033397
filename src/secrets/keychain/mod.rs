//! The private keychain: passwords at rest, for one user of this computer.

mod error;
mod slot;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use error::KeychainError;
pub use slot::{Service, Slot};

use super::error::{Absent, SecretFault};
use super::{Answer, Request, Secret};
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
}

impl Keychain {
    /// Returns the keychain of the running user, whether there is one yet or not.
    pub fn own() -> Result<Self, KeychainError> {
        let home = home::own().ok_or(KeychainError::NoHome)?;
        Ok(Self { vault: home.join(".local/share/backup-notify/keychain/vault") })
    }

    /// Returns the file that the passwords are in, for messages.
    pub fn path(&self) -> &Path {
        &self.vault
    }

    /// Returns the password kept for exactly this place; `None` when none is.
    pub fn get(&self, _slot: &Slot, _access: Access) -> Result<Option<Secret>, KeychainError> {
        Ok(None)
    }

    /// Lists what is kept, in the order of the names.
    pub fn list(&self, _access: Access) -> Result<Vec<Kept>, KeychainError> {
        Ok(Vec::new())
    }

    /// Keeps a password; returns whether it took the place of another one.
    pub fn set(
        &self,
        _slot: &Slot,
        _secret: &Secret,
        _now: Timestamp,
        _access: Access,
    ) -> Result<bool, KeychainError> {
        Err(KeychainError::NoHome)
    }

    /// Forgets a password; returns whether there was one.
    pub fn remove(&self, _slot: &Slot, _access: Access) -> Result<bool, KeychainError> {
        Ok(false)
    }
}

/// Looks the password of a request up.
pub(super) fn look_up(request: &Request<'_>) -> Result<Answer, SecretFault> {
    let keychain = Keychain::own().map_err(SecretFault::Keychain)?;
    let access = Access { deadline: request.deadline, may_prompt: request.may_prompt };
    match keychain.get(request.account, access).map_err(SecretFault::Keychain)? {
        Some(secret) => Ok(Answer::Found(secret)),
        None => Ok(Answer::Nothing(Absent {
            looked: format!("the private keychain \"{}\" has none", keychain.path().display()),
            hint: format!("type backup-notify password set {}", request.account),
        })),
    }
}
