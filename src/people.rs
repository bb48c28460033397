//! The users of this computer, by the database that may be a directory somewhere else.
//!
//! The system's functions ask whatever `/etc/nsswitch.conf` names, and nobody can give them a time
//! limit: like a resolver (`net::resolve`) each of them works in a thread that is left behind when it
//! takes too long.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use nix::unistd::{Uid, User};

use crate::deadline::Deadline;
use crate::text::{one_line, shorten};

/// How long the database has: a file answers at once, a directory in far less than a second.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many characters of a name are shown (useradd(8): no more than 256, and 32 until lately).
const SHOWN: usize = 64;

/// The database did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unanswered;

/// What the database has of a user: nothing, where it knows of none.
pub(crate) type Found = Result<Option<User>, Unanswered>;

/// Looks a user up by number.
pub(crate) fn by_number(user: u32, deadline: Deadline) -> Found {
    let until = patience(deadline);
    wait(&ask_for(user), until)
}

/// Looks users up by number, all at the same time: one that hangs costs the others nothing.
#[cfg_attr(target_os = "macos", allow(dead_code, reason = "one person has the screen there"))]
pub(crate) fn by_numbers(users: &[u32], deadline: Deadline) -> Vec<Found> {
    let until = patience(deadline);
    let asked: Vec<_> = users.iter().map(|user| ask_for(*user)).collect();
    asked.iter().map(|answer| wait(answer, until)).collect()
}

/// Looks a user up by name.
#[cfg_attr(target_os = "macos", allow(dead_code, reason = "the console has a number there"))]
pub(crate) fn by_name(name: &str, deadline: Deadline) -> Found {
    let until = patience(deadline);
    let name = name.to_owned();
    wait(&ask(move || User::from_name(&name)), until)
}

/// Makes a name fit for a line of text: a directory may be somebody else's.
pub(crate) fn shown(name: &str) -> String {
    shorten(&one_line(name), SHOWN).into_owned()
}

/// Leaves time for what the answer is needed for.
fn patience(deadline: Deadline) -> Deadline {
    deadline.share(2).at_most(PATIENCE)
}

fn ask_for(user: u32) -> Receiver<Option<User>> {
    ask(move || User::from_uid(Uid::from_raw(user)))
}

fn ask(look_up: impl FnOnce() -> nix::Result<Option<User>> + Send + 'static) -> Receiver<Option<User>> {
    let (sender, receiver) = mpsc::channel();
    // where no thread can be had there is nobody to send anything, which is no answer either
    let _ = thread::Builder::new().spawn(move || {
        // several errors only mean that there is no such user (getpwuid_r(3)); nobody may listen any more
        let _ = sender.send(look_up().ok().flatten());
    });
    receiver
}

fn wait(answer: &Receiver<Option<User>>, until: Deadline) -> Found {
    until.receive(answer).map_err(|_| Unanswered)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn seconds(length: u64) -> Deadline {
        Deadline::after(Instant::now(), Duration::from_secs(length))
    }

    #[test]
    fn users_are_found_and_told_from_nobody() {
        let name = |found: Found| found.unwrap().map(|user| user.name);
        assert_eq!(name(by_number(0, seconds(60))).as_deref(), Some("root"));
        assert_eq!(by_name("root", seconds(60)).unwrap().unwrap().uid.as_raw(), 0);
        assert_eq!(by_number(3_999_999_999, seconds(60)), Ok(None));
        assert_eq!(by_name("nobody at all", seconds(60)), Ok(None));
        let found: Vec<_> = by_numbers(&[0, 3_999_999_999], seconds(60)).into_iter().map(name).collect();
        assert_eq!(found, [Some("root".to_owned()), None]);
    }

    #[test]
    fn a_database_that_does_not_answer_is_left_behind() {
        let (keeper, waits) = mpsc::channel::<()>();
        let answer = ask(move || {
            let _ = waits.recv();
            Ok(None)
        });
        let begun = Instant::now();
        assert_eq!(wait(&answer, patience(seconds(60))), Err(Unanswered));
        let took = begun.elapsed();
        assert!((PATIENCE..PATIENCE * 3).contains(&took), "{took:?}");
        // and half of what there is stays for the rest
        assert!(patience(seconds(1)).remaining().unwrap() <= Duration::from_millis(500));
        drop(keeper);
    }

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(shown("kim"), "kim");
        assert_eq!(shown("k\u{1b}[31m\ni\u{202E}m"), "k\u{FFFD}[31m i\u{FFFD}m");
        assert_eq!(shown(&"k".repeat(300)).chars().count(), SHOWN);
    }
}
