//! What can be wrong with an outbox, and what to type then.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Situation;
use crate::exit::Exit;
use crate::files::{PrivateError, WriteError, aside};
use crate::random::NoRandom;
use crate::text::{io_words, one_line, shell_word};

/// An outbox that cannot or must not be used, or a message that cannot be kept in it.
#[derive(Debug)]
pub(crate) enum OutboxError {
    /// The folder, its key or its lock is not the user's alone.
    Private(PrivateError),
    /// A file could not be written.
    Write(WriteError),
    /// The folder is to be made, and even the one above it is not there.
    NoWay {
        /// Which folder.
        folder: PathBuf,
        /// The first on the way to it that is missing.
        missing: PathBuf,
    },
    /// The folder, or something in it, could not be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A message of the folder could not be removed.
    Remove {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
        /// Whether it will never be sent all the same, because nothing is left in it.
        emptied: bool,
    },
    /// There are messages, and no key.
    KeyMissing {
        /// Where it belongs.
        key: PathBuf,
    },
    /// What is in the place of the key is none.
    KeyDamaged {
        /// Where.
        key: PathBuf,
    },
    /// Another process has been making the key for too long.
    Busy {
        /// By which file they take turns.
        path: PathBuf,
    },
    /// The path of the task cannot be kept.
    Task {
        /// Which path.
        task: PathBuf,
    },
    /// The message lacks what a message has.
    Empty,
    /// The message is larger than what the outbox keeps.
    TooLarge {
        /// Its bytes.
        size: u64,
        /// The most that are kept.
        most: u64,
    },
    /// A message has changed since it was looked at.
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    NoRandom,
}

impl From<PrivateError> for OutboxError {
    fn from(error: PrivateError) -> Self {
        Self::Private(error)
    }
}

impl From<WriteError> for OutboxError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<NoRandom> for OutboxError {
    fn from(_: NoRandom) -> Self {
        Self::NoRandom
    }
}

/// Writes a path for a message.
pub(super) fn quoted(path: &Path) -> String {
    format!("\"{}\"", one_line(&path.to_string_lossy()))
}

/// Writes a path for a line to paste.
fn word(path: &Path) -> String {
    shell_word(&one_line(&path.to_string_lossy())).into_owned()
}

impl fmt::Display for OutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::NoWay { folder, missing } => {
                write!(f, "the outbox {} cannot be used: {} does not exist", quoted(folder), quoted(missing))
            }
            Self::Read { path, error } => {
                write!(f, "the outbox cannot be read: {}: {}", quoted(path), io_words(error))
            }
            Self::Remove { path, error, emptied } => {
                let then = if *emptied { "it will not be sent again" } else { "it may be sent again" };
                write!(
                    f,
                    "the message {} cannot be removed from the outbox: {}; {then}",
                    quoted(path),
                    io_words(error)
                )
            }
            Self::KeyMissing { key } => {
                write!(f, "the key of the outbox is missing, and messages wait that need it: {}", quoted(key))
            }
            Self::KeyDamaged { key } => write!(f, "the key of the outbox is damaged: {}", quoted(key)),
            Self::Busy { path } => {
                write!(
                    f,
                    "another process is preparing the outbox and does not end; it holds {}",
                    quoted(path)
                )
            }
            Self::Task { task } => {
                write!(f, "the outbox cannot keep the path of the task, {}: ", quoted(task))?;
                f.write_str("it is not absolute, too long, or no UTF-8")
            }
            Self::Empty => {
                f.write_str("the outbox keeps no message without recipients, a text and a valid Message-ID")
            }
            Self::TooLarge { size, most } => {
                write!(f, "the message is too large for the outbox: it has {size} bytes, and {most} are kept")
            }
            Self::Changed { path } => {
                write!(f, "the message {} is not the one that was kept: it has changed", quoted(path))
            }
            Self::NoRandom => {
                f.write_str("the system gives no random numbers, without which nothing can be kept")
            }
        }
    }
}

impl std::error::Error for OutboxError {}

impl Situation for OutboxError {
    fn exit(&self) -> Exit {
        match self {
            Self::Private(error) => error.exit(),
            Self::Write(_)
            | Self::NoWay { .. }
            | Self::Read { .. }
            | Self::Remove { .. }
            | Self::TooLarge { .. }
            | Self::Changed { .. } => Exit::CannotWrite,
            Self::KeyMissing { .. } | Self::KeyDamaged { .. } => Exit::NoPermission,
            Self::Busy { .. } | Self::NoRandom => Exit::TempFail,
            Self::Task { .. } => Exit::Usage,
            Self::Empty => Exit::Software,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Private(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::NoWay { folder, .. } => Some(format!(
                "attach the disk, if it is on one; otherwise make the folder: mkdir -p -m 700 {}",
                word(folder)
            )),
            Self::Read { path, .. } => Some(format!("see what is there: ls -ld {}", word(path))),
            Self::Remove { path, .. } => Some(format!(
                "remove it by hand, and see who may write there: ls -ld {}",
                word(path.parent().unwrap_or(path))
            )),
            Self::KeyMissing { key } => Some(format!(
                "take the key from a backup; or give up the messages that wait and begin anew: {}",
                begin_anew(key)
            )),
            Self::KeyDamaged { key } => Some(format!(
                "take the key from a backup; or give up the messages that wait, if any, and begin anew: {}",
                begin_anew(key)
            )),
            Self::Busy { path } => Some(format!(
                "see which process that is with lsof {0} or fuser -v {0}, if one of them is installed",
                word(path)
            )),
            Self::Task { .. } => {
                Some("move the task file to a path of plain letters, or leave out the outbox".to_owned())
            }
            Self::Empty => None,
            Self::TooLarge { .. } => Some(
                "attach a shorter log (\"attach_log\"), or allow more with \"max_size\" in \"outbox\""
                    .to_owned(),
            ),
            Self::Changed { path } => {
                Some(format!("see what changes files in {}", word(path.parent().unwrap_or(path))))
            }
            Self::NoRandom => Some("run it again".to_owned()),
        }
    }
}

/// Says how to do without the messages of a folder. It is moved, never removed.
fn begin_anew(key: &Path) -> String {
    let folder = key.parent().unwrap_or(key);
    format!("mv {} {}", word(folder), word(&aside(folder)))
}
