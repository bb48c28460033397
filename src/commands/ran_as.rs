//! As whom the program ran: which user, whose home, whose private keychain.
//!
//! What works for a person at a terminal fails for root at night when the two of them have passwords of
//! their own. So the commands that try something say as whom they tried it.

use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use serde::Serialize;

use crate::home;
use crate::secrets::Keychain;
use crate::text::one_line;

/// The running user and what is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RanAs {
    /// The name, or the number of a user who has none.
    pub(crate) user: String,
    /// The home folder, as far as it is known.
    #[serde(serialize_with = "path_as_text")]
    pub(crate) home: Option<PathBuf>,
    /// The file of the private keychain; `None` where none was needed.
    #[serde(serialize_with = "path_as_text")]
    pub(crate) vault: Option<PathBuf>,
}

impl RanAs {
    /// Looks who runs this, and whose private keychain it is if there has to be one.
    pub(crate) fn now(with_vault: bool) -> Self {
        let uid = Uid::effective();
        let named = User::from_uid(uid).ok().flatten().map(|user| one_line(&user.name).into_owned());
        let vault = || Keychain::own().ok().map(|keychain| keychain.path().to_owned());
        Self {
            user: named.unwrap_or_else(|| uid.to_string()),
            home: home::own(),
            vault: with_vault.then(vault).flatten(),
        }
    }
}

/// A path in JSON is for people: one that is no UTF-8 must not cost the whole answer.
// serde's `serialize_with` hands over a reference to the field
#[allow(clippy::ref_option)]
fn path_as_text<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(Path::to_string_lossy).serialize(serializer)
}
