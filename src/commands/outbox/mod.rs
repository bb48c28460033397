//! `outbox`: the messages that no server has accepted yet, one file each for listing, sending and removing.

mod list;
#[cfg(fuzzing)]
pub(crate) use list::check_shown;
mod remove;
mod send;

use std::path::{Path, PathBuf};

use crate::World;
use crate::cli::{OutboxCommand, WhichOutboxArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::interrupt;
use crate::outbox::{Id, Limits, Outbox};
use crate::text::{io_words, one_line, shell_word, shorten};

/// Runs the command.
pub(super) fn run(command: &OutboxCommand, world: &World) -> Exit {
    match command {
        OutboxCommand::Send(args) => {
            interrupt::watch(Exit::TempFail);
            send::run(args, world)
        }
        OutboxCommand::List(args) => list::run(args),
        OutboxCommand::Remove(args) => remove::run(args),
    }
}

/// Returns the folder that is meant, whether it is there or not.
pub(super) fn folder(which: &WhichOutboxArgs) -> Result<PathBuf, Failure> {
    if let Some(folder) = &which.outbox {
        let wrong = |error| Failure::new(Exit::Usage, format!("{}: {}", quoted(folder), io_words(&error)));
        return std::path::absolute(folder).map_err(wrong);
    }
    home::outbox().ok_or_else(|| {
        Failure::new(Exit::NoPermission, "the running user has no home folder with an outbox in it")
            .with_hint("set HOME, or name the folder: --outbox DIR")
    })
}

/// Writes the line to type for an outbox: with its folder, where that is not the person's own.
pub(super) fn line(words: &str, folder: &Path) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_own = home::outbox().is_some_and(|own| own == folder || real(&own) == real(folder));
    let folder = folder.to_string_lossy();
    let which = if is_own { String::new() } else { format!(" --outbox {}", shell_word(&one_line(&folder))) };
    format!("backup-notify outbox {words}{which}")
}

/// Says where to look for the names of messages.
fn see(folder: &Path) -> String {
    format!("see what waits: {}", line("list", folder))
}

/// Reads the name of a message.
fn parsed(word: &str, folder: &Path) -> Result<Id, Failure> {
    Id::parse(word).ok_or_else(|| {
        let word = one_line(word);
        Failure::new(Exit::Usage, format!("\"{}\" is not the name of a message", shorten(&word, 80)))
            .with_hint(see(folder))
    })
}

/// Says that there is no such message: what was to be read is not there (`EX_NOINPUT`).
fn unknown(id: &Id, folder: &Path) -> Failure {
    let what = format!("no message {id} waits in the outbox {}", quoted(folder));
    Failure::new(Exit::NoInput, what).with_hint(see(folder))
}

/// Opens the outbox that is meant; `None` when there is none.
pub(super) fn find(folder: &Path) -> Result<Option<Outbox>, Failure> {
    Outbox::find(folder, Limits::default()).map_err(|error| Failure::from_situation(&error))
}

/// Writes a path for a message.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", one_line(&path.to_string_lossy()))
}
