//! As whom the program ran: which user, whose home, whose private keychain.
//!
//! What works for a person at a terminal fails for root at night when the two of them have passwords of
//! their own. So the commands that try something say as whom they tried it.

use std::path::{Path, PathBuf};
use std::{env, fmt};

use nix::unistd::Uid;
use serde::Serialize;

use crate::accounts::{AccountSpec, Auth};
use crate::error::{Failure, Situation};
use crate::files::{self, FileFault, Purpose};
use crate::home;
use crate::secrets::Keychain;
use crate::task::{Email, Password, Task};
use crate::text::one_line;

/// The running user and what is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RanAs {
    /// The name, or "number 4243" of a user who has none.
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
        let vault = || Keychain::own().ok().map(|keychain| keychain.path().to_owned());
        Self {
            user: one_line(&home::user_name()).into_owned(),
            home: home::own(),
            vault: with_vault.then(vault).flatten(),
        }
    }
}

impl fmt::Display for RanAs {
    /// Writes it for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| one_line(&path.to_string_lossy()).into_owned();
        match &self.home {
            Some(home) => write!(f, "{} (home {}", self.user, shown(home))?,
            None => write!(f, "{} (no home folder", self.user)?,
        }
        if let Some(vault) = &self.vault {
            write!(f, ", private keychain {}", shown(vault))?;
        }
        f.write_str(")")
    }
}

/// Tells whether a password of the task is looked for in the private keychain.
pub(crate) fn needs_vault(task: &Task) -> bool {
    let signs_in = |email: &Email| match &email.account {
        AccountSpec::Server(server) => server.auth != Auth::None,
        AccountSpec::Preset(_) | AccountSpec::Named(_) => true,
    };
    let by_email = task.email.iter().any(|email| signs_in(email) && email.password == Password::Keychain);
    by_email || task.growl.as_ref().is_some_and(|growl| growl.password == Some(Password::Keychain))
}

/// Says what is wrong when root runs this program and others could put another one in its place.
///
/// Only where a person looks on: the hook itself has no time for it, and nobody to tell.
pub(crate) fn replaceable_program() -> Option<Failure> {
    if !Uid::effective().is_root() {
        return None;
    }
    let error = files::check_program(&env::current_exe().ok()?, Purpose::ThisProgram).err()?;
    // what cannot be looked at is no proof of anything: it may have been removed since it was started
    matches!(*error.fault, FileFault::OthersCanWrite { .. } | FileFault::ForeignOwner { .. }).then(|| {
        let what = format!("root runs this, and others could put another program in its place: {error}");
        Failure { exit: error.exit(), what, hint: error.hint() }
    })
}

/// A path in JSON is for people: one that is no UTF-8 must not cost the whole answer.
// serde's `serialize_with` hands over a reference to the field
#[allow(clippy::ref_option)]
fn path_as_text<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(Path::to_string_lossy).serialize(serializer)
}
