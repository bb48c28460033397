//! `outbox`: the messages that no server has accepted yet, one file each for listing and removing.

mod list;
mod remove;

use std::path::{Path, PathBuf};

use crate::cli::{OutboxCommand, WhichOutboxArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::outbox::{Limits, Outbox};
use crate::text::{io_words, one_line};

/// Runs the command.
pub(super) fn run(command: &OutboxCommand) -> Exit {
    match command {
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
    let home = home::own().ok_or_else(|| {
        Failure::new(Exit::NoPermission, "the running user has no home folder with an outbox in it")
            .with_hint("set HOME, or name the folder: --outbox DIR")
    })?;
    Ok(home::state_folder(&home).join("outbox"))
}

/// Opens the outbox that is meant; `None` when there is none.
pub(super) fn find(folder: &Path) -> Result<Option<Outbox>, Failure> {
    Outbox::find(folder, Limits::default()).map_err(|error| Failure::from_situation(&error))
}

/// Writes a path for a message.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", one_line(&path.to_string_lossy()))
}
