//! Who sits at the screen: the owner of `/dev/console`, whom loginwindow makes the owner.
//!
//! After fast user switching that is whoever is in front; everybody else's session is there and not
//! seen. At the login window it is root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::Uid;

use super::ended::listed;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::{people, text};

/// The first number of a person; those below are of the system, such as `_mbsetupuser`, in whose
/// session the setup assistant runs before anybody has logged in.
const FIRST_PERSON: u32 = 500;

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) uid: u32,
    /// The name, or the number of one without a name; one line.
    pub(super) name: String,
}

/// In whose session something is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Session {
    /// The one that belongs to the running user.
    Own(Person),
    /// Somebody's, entered by root.
    Of(Person),
}

impl Session {
    pub(super) fn person(&self) -> &Person {
        match self {
            Self::Own(person) | Self::Of(person) => person,
        }
    }
}

/// Finds the session, or says why there is none to be shown anything in.
pub(super) fn session(console: &Path, deadline: Deadline) -> Result<Result<Session, String>, Failure> {
    let owner = console.metadata().map_err(|error| {
        let what = format!(
            "who is logged in cannot be told: the owner of \"{}\": {}",
            console.display(),
            text::io_words(&error)
        );
        Failure::new(Exit::TempFail, what)
            .with_hint(format!("{} shows the owner", listed(&console.to_string_lossy())))
    })?;
    Ok(decide(owner.uid(), Uid::effective().as_raw(), |uid| name(uid, deadline)))
}

/// Decides it, from the numbers of the console's owner and of the running user.
fn decide(owner: u32, me: u32, name: impl Fn(u32) -> String) -> Result<Session, String> {
    if owner < FIRST_PERSON {
        return Err("nobody is logged in at the screen".to_owned());
    }
    let person = Person { uid: owner, name: name(owner) };
    match me {
        0 => Ok(Session::Of(person)),
        _ if me == owner => Ok(Session::Own(person)),
        // only root may enter the session of somebody else
        _ => Err(format!("{} is at the screen, and not {}", person.name, name(me))),
    }
}

fn name(uid: u32, deadline: Deadline) -> String {
    let user = people::by_number(uid, deadline).ok().flatten();
    user.map_or_else(|| format!("user {uid}"), |user| people::shown(&user.name))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn only_a_person_in_front_of_the_screen_is_shown_anything() {
        let kim = || Person { uid: 501, name: "number 501".into() };
        let decided = |owner, me| decide(owner, me, |uid| format!("number {uid}"));
        assert_eq!(decided(501, 501), Ok(Session::Own(kim())));
        assert_eq!(decided(501, 0), Ok(Session::Of(kim())));
        assert_eq!(decided(501, 502), Err("number 501 is at the screen, and not number 502".into()));
        for me in [0, 88, 248, 499, 501] {
            for owner in [0, 88, 248, 499] {
                assert_eq!(decided(owner, me), Err("nobody is logged in at the screen".into()));
            }
        }
    }

    #[test]
    fn a_console_that_is_missing_is_a_failure_and_not_nobody() {
        let deadline = Deadline::after(Instant::now(), Duration::from_secs(5));
        let failure = session(Path::new("/nonexistent/console"), deadline).unwrap_err();
        assert_eq!(failure.exit, Exit::TempFail);
        assert!(failure.what.contains("/nonexistent/console"), "{failure}");
    }
}
