//! A secret in an environment variable.
//!
//! Whoever runs as the same user can read a process's environment, and children inherit it; a file
//! or a command is better where there is a choice.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use super::error::{Absent, SecretFault};
use super::{Answer, Secret, Unusable};
use crate::text::one_line;

/// Takes the value of the variable `name`; unset and empty are the same: not found.
pub(super) fn read(name: &str, value: Option<OsString>) -> Result<Answer, SecretFault> {
    let bytes = Zeroizing::new(value.map(OsStringExt::into_vec).unwrap_or_default());
    let name = one_line(name);
    if bytes.is_empty() {
        return Ok(Answer::Nothing(Absent {
            looked: format!("the environment variable \"{name}\" is not set, or empty"),
            hint: format!("set {name} where the backup program starts, or name another source in the task"),
        }));
    }
    let secret = std::str::from_utf8(&bytes).map_err(|_| Unusable::NotUtf8).and_then(Secret::new);
    secret
        .map(Answer::Found)
        .map_err(|why| SecretFault::Unusable { source: format!("the environment variable \"{name}\""), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_holds_the_whole_secret() {
        let found = read("SMTP_PASSWORD", Some("hunter2 ".into())).unwrap();
        assert!(matches!(found, Answer::Found(secret) if secret.reveal() == "hunter2 "));
    }

    #[test]
    fn unset_and_empty_are_not_found_and_the_rest_is_an_error() {
        for value in [None, Some("".into())] {
            assert!(matches!(read("X", value), Ok(Answer::Nothing(_))));
        }
        let not_utf8 = OsString::from_vec(vec![0xff]);
        for (value, why) in [(not_utf8, Unusable::NotUtf8), ("a\n".into(), Unusable::LineBreak)] {
            let fault = read("X", Some(value)).err().unwrap();
            assert!(matches!(fault, SecretFault::Unusable { why: found, .. } if found == why));
        }
    }
}
