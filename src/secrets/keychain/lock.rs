//! Taking turns: only one process at a time changes a vault.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Access, KeychainError};
use crate::deadline::Over;
use crate::files::{Purpose, WriteError, is_at, open_private_lock};

/// How long a turn is waited for at most.
const LONGEST: Duration = Duration::from_secs(30);
/// How long without a word.
const SILENCE: Duration = Duration::from_secs(2);

/// The turn; it ends when this is dropped, or with the process.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

/// Waits for one's turn, for a while, and not beyond the deadline.
pub(super) fn take_turn(path: &Path, access: Access) -> Result<Turn, KeychainError> {
    loop {
        let file = locked(path, access)?;
        if is_at(&file, path) {
            return Ok(Turn { _file: file });
        }
        if access.deadline.remaining().is_none() {
            return Err(busy(path, access));
        }
    }
}

fn locked(path: &Path, access: Access) -> Result<File, KeychainError> {
    let file = open_private_lock(path, Purpose::VaultLock)?;
    let failed =
        |error: io::Error| KeychainError::Write(WriteError { path: path.to_owned(), error, there: false });
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(file),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(failed(errno.into())),
    }
    // the system offers no way to wait for a lock until a certain moment; a thread that waits too
    // long lets go of it by itself, because nobody takes the file from it any more
    let (sender, receiver) = mpsc::sync_channel(0);
    let waiting = move || {
        let taken = loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                taken => break taken,
            }
        };
        let _ = sender.send(taken.map(|()| file).map_err(io::Error::from));
    };
    thread::Builder::new().spawn(waiting).map_err(failed)?;
    let left = patience(access.deadline.remaining().unwrap_or_default());
    let quiet = left.min(SILENCE);
    let taken = access.deadline.at_most(quiet).receive(&receiver).or_else(|late| {
        let rest = left.saturating_sub(quiet);
        if rest.is_zero() || access.deadline.remaining().is_none() {
            return Err(late);
        }
        // whoever has typed a password sees why nothing happens; a stderr that is gone changes nothing
        let line = format!(
            "backup-notify: another process is changing the passwords; waiting for it, {} s at most\n",
            rest.as_secs().max(1)
        );
        let _ = io::stderr().lock().write_all(line.as_bytes());
        access.deadline.at_most(rest).receive(&receiver)
    });
    match taken {
        Ok(taken) => taken.map_err(failed),
        Err(_) => Err(busy(path, access)),
    }
}

/// Says how long a turn is waited for: changing a vault takes no longer than that, and who types has
/// ten minutes for everything.
fn patience(left: Duration) -> Duration {
    left.min(LONGEST)
}

fn busy(path: &Path, access: Access) -> KeychainError {
    let whole = access.deadline.remaining().is_none();
    let over = if whole { access.deadline.over() } else { Over::After(LONGEST) };
    KeychainError::Busy { lock: path.to_owned(), over, whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_turn_as_long_as_for_somebody_who_types() {
        assert_eq!(patience(Duration::from_secs(600)), Duration::from_secs(30));
        assert_eq!(patience(Duration::from_secs(3)), Duration::from_secs(3));
        let error = busy(Path::new("/lock"), later(600));
        let said = "another process was changing the passwords for 30s; it holds \"/lock\"";
        assert_eq!(error.to_string(), said);
        let over = busy(Path::new("/lock"), later(0)).to_string();
        assert!(over.contains("until the time for the whole run was over (0ns)"), "{over}");
    }

    fn later(seconds: u64) -> Access {
        let deadline =
            crate::deadline::Deadline::after(std::time::Instant::now(), Duration::from_secs(seconds));
        Access { deadline, may_prompt: false }
    }
}
