//! The key in a keychain of macOS: the person's default one (as a rule the login keychain), for
//! root the System keychain.

use std::sync::mpsc;
use std::thread;

use security_framework::base::Error;
use security_framework::os::macos::keychain::SecKeychain;

use super::status::{Meaning, meaning};
use super::{Access, Key, KeychainError, Place};

/// The name of the item.
const SERVICE: &str = "backup-notify";
/// The keychain of the computer; only root can write it (security(1)).
const SYSTEM: &str = "/Library/Keychains/System.keychain";

/// An item of a keychain.
#[derive(Debug)]
pub(super) struct KeychainItem {
    user: String,
    root: bool,
}

impl KeychainItem {
    pub(super) fn of(user: String, root: bool) -> Self {
        Self { user, root }
    }

    fn keychain_name(&self) -> &'static str {
        if self.root { "System keychain" } else { "login keychain" }
    }

    fn failed(&self, status: i32) -> KeychainError {
        KeychainError::System { keychain: self.keychain_name(), status, root: self.root }
    }

    /// Does something with the keychain, in a thread that nobody waits for longer than the deadline
    /// allows: the system can hang on a keychain, and show a dialogue that nobody answers.
    fn ask<T: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&SecKeychain) -> Result<T, Error> + Send + 'static,
    ) -> Result<Result<T, i32>, KeychainError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let root = self.root;
        let asking = move || {
            let done = || {
                // allowed again when this is dropped, after the work
                let _silent =
                    if access.may_prompt { None } else { Some(SecKeychain::disable_user_interaction()?) };
                let keychain = if root { SecKeychain::open(SYSTEM)? } else { SecKeychain::default()? };
                work(&keychain)
            };
            let _ = sender.send(done().map_err(Error::code));
        };
        // without a thread nobody answers, which is said below
        let _ = thread::Builder::new().spawn(asking);
        access.deadline.receive(&receiver).map_err(|_| KeychainError::SystemBusy {
            keychain: self.keychain_name(),
            over: access.deadline.over(),
        })
    }
}

impl Place for KeychainItem {
    fn name(&self) -> String {
        format!("the item \"{SERVICE}\" of the {}", self.keychain_name())
    }

    fn read(&self, access: Access) -> Result<Option<Key>, KeychainError> {
        let user = self.user.clone();
        let found = self.ask(access, move |keychain| {
            let (line, _) = keychain.find_generic_password(SERVICE, &user)?;
            Ok(Key::from_line(&line))
        })?;
        match found {
            Ok(key) => {
                key.map(Some).ok_or_else(|| KeychainError::KeyDamaged { place: self.name(), file: None })
            }
            Err(status) => match meaning(status) {
                Meaning::Absent | Meaning::NoKeychain => Ok(None),
                _ => Err(self.failed(status)),
            },
        }
    }

    fn keep(&self, key: &Key, access: Access) -> Result<bool, KeychainError> {
        let (user, line) = (self.user.clone(), key.to_line());
        let kept = self.ask(access, move |keychain| keychain.add_generic_password(SERVICE, &user, &line))?;
        match kept {
            Ok(()) => Ok(true),
            Err(status) if meaning(status) == Meaning::NoKeychain => Ok(false),
            Err(status) => Err(self.failed(status)),
        }
    }
}
