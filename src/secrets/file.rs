//! A secret in a file of its own: for its owner only, the first line counts.

use std::path::Path;

use super::error::{Absent, SecretFault};
use super::{Answer, Secret};
use crate::files::{FileError, FileFault, Purpose, open_secret};
use crate::text::{one_line, shell_word};

/// Reads the first line of a secret file.
pub(super) fn read(path: &Path) -> Result<Answer, SecretFault> {
    let file = match open_secret(path, Purpose::PasswordFile) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => {
            let shown = path.to_string_lossy();
            let word = shell_word(&one_line(&shown)).into_owned();
            return Ok(Answer::Nothing(Absent {
                looked: error.to_string(),
                hint: format!(
                    "make it with: install -m 600 /dev/null {word}; then write the password into it"
                ),
            }));
        }
        Err(error) => return Err(SecretFault::File(error)),
    };
    let read = Secret::first_line_of(file).map_err(|error| {
        SecretFault::File(FileError::new(Purpose::PasswordFile, path, FileFault::from_io(path, error)))
    })?;
    read.map(Answer::Found).map_err(|why| SecretFault::Unusable {
        source: format!("the password file \"{}\"", one_line(&path.to_string_lossy())),
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Situation;
    use crate::files::testing::{World, also_as_ordinary_user};
    use crate::secrets::Unusable;

    #[test]
    fn a_file_for_its_owner_only_is_read() {
        let world = World::new();
        let file = world.file("secret", "hunter2\nsecond\n", 0o600);
        assert!(matches!(read(&file), Ok(Answer::Found(secret)) if secret.reveal() == "hunter2"));
        assert!(matches!(read(&world.path("missing")), Ok(Answer::Nothing(_))));
        also_as_ordinary_user("secrets::file::tests::a_file_for_its_owner_only_is_read");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_chmod() {
        let world = World::new();
        let file = world.file("secret", "hunter2\n", 0o644);
        match read(&file) {
            Err(SecretFault::File(error)) => {
                assert_eq!(error.hint(), Some(format!("chmod 600 {}", file.display())));
            }
            _ => panic!("must be refused"),
        }
    }

    #[test]
    fn an_empty_or_endless_file_is_an_error_of_its_own() {
        let world = World::new();
        for (content, why) in
            [(String::new(), Unusable::Empty), ("x".repeat(super::super::MAX_BYTES + 1), Unusable::TooLong)]
        {
            let file = world.file("secret", &content, 0o600);
            assert!(matches!(read(&file), Err(SecretFault::Unusable { why: found, .. }) if found == why));
        }
    }
}
