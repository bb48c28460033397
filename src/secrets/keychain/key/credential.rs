//! The key as a credential that systemd hands to a service
//! (`LoadCredentialEncrypted=`, systemd.exec(5)): then it need not lie on the disk in clear.

use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::file::MOST;
use super::{Access, Key, KeychainError, Place};
use crate::files::{FileError, FileFault, Purpose, open_trusted};
use crate::secrets::systemd::FOLDER_VARIABLE;

/// The name of the credential.
const NAME: &str = "backup-notify-key";

/// The credential.
#[derive(Debug)]
pub(super) struct Credential {
    folder: PathBuf,
}

impl Credential {
    /// The one of this process; `None` when systemd has given it no credentials at all.
    pub(super) fn of_process() -> Option<Self> {
        let folder = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty())?;
        Some(Self::in_folder(PathBuf::from(folder)))
    }

    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Place for Credential {
    fn name(&self) -> String {
        format!("the systemd credential \"{NAME}\"")
    }

    fn read(&self, _: Access) -> Result<Option<Key>, KeychainError> {
        let path = self.folder.join(NAME);
        let mut file = match open_trusted(&path, Purpose::Credential) {
            Ok(file) => file,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(KeychainError::Credential(error)),
        };
        let mut line = Zeroizing::new([0; MOST]);
        let mut filled = 0;
        while let Some(rest) = line.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let fault = FileFault::from_io(&path, error);
                    return Err(KeychainError::Credential(FileError::new(Purpose::Credential, &path, fault)));
                }
            }
        }
        let key = line.get(..filled).and_then(Key::from_line);
        key.map(Some).ok_or_else(|| KeychainError::KeyDamaged { place: self.name(), file: None })
    }

    /// Nobody but systemd can put one there.
    fn keep(&self, _: &Key, _: Access) -> Result<bool, KeychainError> {
        Ok(false)
    }
}
