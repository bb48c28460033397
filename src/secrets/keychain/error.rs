//! What can be wrong with the private keychain, and what to do about it.

use std::fmt;

use crate::error::Situation;
use crate::exit::Exit;

/// A keychain that cannot or must not be used.
#[derive(Debug)]
pub enum KeychainError {
    /// Nobody knows where the running user is at home.
    NoHome,
}

impl fmt::Display for KeychainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => f.write_str("the running user has no home folder to keep passwords in"),
        }
    }
}

impl std::error::Error for KeychainError {}

impl Situation for KeychainError {
    fn exit(&self) -> Exit {
        Exit::NoPermission
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoHome => Some("set HOME, or name another source of the password in the task".to_owned()),
        }
    }
}
