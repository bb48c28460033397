//! A credential that systemd hands to a service (`LoadCredential=`, systemd.exec(5)).
//!
//! systemd makes the folder, for root or for the service's user, and lets that user read through
//! the group's bits or an access control list. So the files are checked for who can write them,
//! and systemd answers for who can read them.

use std::ffi::OsStr;
use std::path::Path;

use super::error::{Absent, SecretFault};
use super::{Answer, Secret};
use crate::files::{FileError, FileFault, Purpose, open_trusted};
use crate::text::one_line;

/// Where systemd says which folder the credentials are in.
pub(super) const FOLDER_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Reads the first line of a credential; `folder` is the value of [`FOLDER_VARIABLE`].
pub(super) fn read(name: &str, folder: Option<&OsStr>) -> Result<Answer, SecretFault> {
    let shown = one_line(name);
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(SecretFault::CredentialName);
    }
    let absent = |looked: String| {
        let hint = format!("give it to the service: LoadCredential={shown}:/path/to/file under [Service]");
        Ok(Answer::Nothing(Absent { looked, hint }))
    };
    let Some(folder) = folder.filter(|folder| !folder.is_empty()) else {
        return absent(format!(
            "systemd has given this process no credentials ({FOLDER_VARIABLE} is not set)"
        ));
    };
    let path = Path::new(folder).join(name);
    let file = match open_trusted(&path, Purpose::Credential) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return absent(error.to_string()),
        Err(error) => return Err(SecretFault::File(error)),
    };
    let read = Secret::first_line_of(file).map_err(|error| {
        SecretFault::File(FileError::new(Purpose::Credential, &path, FileFault::from_io(&path, error)))
    })?;
    read.map(Answer::Found)
        .map_err(|why| SecretFault::Unusable { source: format!("the credential \"{shown}\""), why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::testing::World;

    #[test]
    fn a_credential_is_read_from_the_folder_that_systemd_names() {
        let world = World::new();
        let file = world.file("smtp", "hunter2\n", 0o440);
        let folder = file.parent().unwrap().as_os_str();
        let found = read("smtp", Some(folder));
        assert!(matches!(found, Ok(Answer::Found(secret)) if secret.reveal() == "hunter2"));
        for absent in [read("other", Some(folder)), read("smtp", None), read("smtp", Some(OsStr::new("")))] {
            assert!(matches!(absent, Ok(Answer::Nothing(_))));
        }
    }

    #[test]
    fn a_name_is_a_name_and_not_a_path() {
        for name in ["../smtp", "a/b", "..", ".", ""] {
            let refused = read(name, Some(OsStr::new("/")));
            assert!(matches!(refused, Err(SecretFault::CredentialName)), "{name:?}");
        }
    }

    #[test]
    fn a_credential_that_everyone_can_write_is_refused() {
        let world = World::new();
        let file = world.file("smtp", "hunter2\n", 0o666);
        let refused = read("smtp", Some(file.parent().unwrap().as_os_str()));
        assert!(matches!(refused, Err(SecretFault::File(_))));
    }
}
