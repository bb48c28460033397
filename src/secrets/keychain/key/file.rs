//! The key in a file of its own, in a folder that backups are asked to leave out.

use std::path::PathBuf;

use super::{Access, Key, KeychainError, Place};
use crate::files::{
    Over, Purpose, make_file_lasting, make_private_folder, make_way_lasting, read_private, write_private,
};
use crate::text::one_line;

/// A key is one short line.
pub(super) const MOST: usize = 1024;
/// By this file backup programs know a folder to leave out (<https://bford.info/cachedir/>).
const TAG_NAME: &str = "CACHEDIR.TAG";
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                   # This file lets backups leave the folder out (https://bford.info/cachedir/). The key of\n\
                   # backup-notify's passwords is in it, and should not be where the passwords are.\n";

/// A file with the key.
#[derive(Debug)]
pub(super) struct KeyFile {
    folder: PathBuf,
}

impl KeyFile {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("key")
    }
}

impl Place for KeyFile {
    fn name(&self) -> String {
        format!("the file \"{}\"", one_line(&self.path().to_string_lossy()))
    }

    fn read(&self, _: Access) -> Result<Option<Key>, KeychainError> {
        let Some(line) = read_private(&self.path(), Purpose::VaultKey, MOST)? else { return Ok(None) };
        let key = Key::from_line(&line)
            .ok_or_else(|| KeychainError::KeyDamaged { place: self.name(), file: Some(self.path()) })?;
        Ok(Some(key))
    }

    fn keep(&self, key: &Key, _: Access) -> Result<bool, KeychainError> {
        let folder = make_private_folder(&self.folder, Purpose::VaultKey)?;
        make_way_lasting(&folder)?;
        // the tag first: there is no moment at which a backup takes the key
        write_private(&folder.join(TAG_NAME), TAG.as_bytes(), Over::Locked)?;
        #[cfg(target_os = "macos")]
        super::exclusion::leave_out(&folder).map_err(|error| crate::files::WriteError {
            path: folder.clone(),
            error,
            there: false,
        })?;
        write_private(&folder.join("key"), &key.to_line(), Over::Locked)?;
        Ok(true)
    }

    fn settle(&self) -> Result<(), KeychainError> {
        let folder = make_private_folder(&self.folder, Purpose::VaultKey)?;
        Ok(make_file_lasting(&folder.join("key"))?)
    }
}
