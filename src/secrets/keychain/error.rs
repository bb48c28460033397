//! What can be wrong with the private keychain, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::absent::Who;
use super::key::meaning;
use crate::deadline::Over;
use crate::error::Situation;
use crate::exit::Exit;
use crate::files::{FileError, PrivateError, WriteError, aside};
use crate::random::NoRandom;
use crate::text::{one_line, shell_word};

/// A keychain that cannot or must not be used.
#[derive(Debug)]
pub enum KeychainError {
    /// Nobody knows where the running user is at home.
    NoHome,
    /// The vault, its key, its lock or one of their folders is not the user's alone.
    Private(PrivateError),
    /// The vault was changed, cut short, or never was one.
    Damaged {
        /// Which one.
        vault: PathBuf,
        /// Whether there is nothing in it.
        empty: bool,
    },
    /// A later version of the program wrote the vault.
    Newer {
        /// Which one.
        vault: PathBuf,
        /// The number of its format.
        version: u64,
    },
    /// There is a vault, and no key.
    KeyMissing {
        /// Which one.
        vault: PathBuf,
        /// Where the key was looked for.
        places: Vec<String>,
    },
    /// There is a key, but not this vault's.
    OtherKey {
        /// Which vault.
        vault: PathBuf,
        /// Where the key is.
        place: String,
    },
    /// What is in the place of the key is none.
    KeyDamaged {
        /// Where.
        place: String,
        /// The file, where it is one of ours.
        file: Option<PathBuf>,
    },
    /// The credential with the key cannot or must not be used.
    Credential(FileError),
    /// A keychain of macOS does not give or take the key.
    System {
        /// Which one.
        keychain: &'static str,
        /// The number that it answered with (`OSStatus`).
        status: i32,
        /// Whether it is root's.
        root: bool,
    },
    /// A keychain of macOS did not answer before the deadline.
    SystemBusy {
        /// Which one.
        keychain: &'static str,
        /// Why it is not waited for any more.
        over: Over,
    },
    /// There is no place where a new key could be kept.
    NoPlace,
    /// Another process kept the vault for too long.
    Busy {
        /// By which file they take turns.
        lock: PathBuf,
        /// Why it is not waited for any more.
        over: Over,
        /// Whether that is the time of the whole run.
        whole: bool,
    },
    /// The vault would become too large.
    Full {
        /// Which one.
        vault: PathBuf,
    },
    /// A file could not be written.
    Write(WriteError),
    /// A password is removed, but perhaps not on the disk.
    MayComeBack(WriteError),
    /// The system has no random numbers.
    NoRandom,
}

impl From<PrivateError> for KeychainError {
    fn from(error: PrivateError) -> Self {
        Self::Private(error)
    }
}

impl From<WriteError> for KeychainError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<NoRandom> for KeychainError {
    fn from(_: NoRandom) -> Self {
        Self::NoRandom
    }
}

/// Writes a path for a message.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", one_line(&path.to_string_lossy()))
}

impl fmt::Display for KeychainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => f.write_str("the running user has no home folder to keep passwords in"),
            Self::Private(error) => error.fmt(f),
            Self::Damaged { vault, empty: true } => {
                write!(f, "the vault {} is damaged: it is empty", quoted(vault))
            }
            Self::Damaged { vault, empty: false } => {
                write!(f, "the vault {} is damaged: it was changed or cut short", quoted(vault))
            }
            Self::Newer { vault, version } => {
                write!(f, "the vault {} was made by a newer version of backup-notify ", quoted(vault))?;
                write!(f, "(its format has the number {version})")
            }
            Self::KeyMissing { vault, places } => {
                let places = places.join(", nor in ");
                write!(f, "the key of the vault {} is missing: it is not in {places}", quoted(vault))
            }
            Self::OtherKey { vault, place } => {
                write!(f, "the vault {} was made with another key than {place} holds", quoted(vault))
            }
            Self::KeyDamaged { place, .. } => {
                write!(f, "the key of the vault is damaged: {place} holds no key")
            }
            Self::Credential(error) => write!(f, "the key of the vault cannot be used: {error}"),
            Self::System { keychain, status, .. } => {
                write!(
                    f,
                    "the key of the vault cannot be had: the {keychain} {} ",
                    meaning(*status).words()
                )?;
                write!(f, "(OSStatus {status})")
            }
            Self::SystemBusy { keychain, over: over @ Over::By(_) } => {
                write!(f, "the key of the vault cannot be had: asking the {keychain} {over}")
            }
            Self::SystemBusy { keychain, over: Over::After(length) } => {
                write!(
                    f,
                    "the key of the vault cannot be had: the {keychain} had not answered when the time for "
                )?;
                write!(f, "the whole run was over ({length:?})")
            }
            Self::NoPlace => f.write_str("there is no place to keep the key of a vault in"),
            Self::Busy { lock, over: over @ Over::By(_), .. } => {
                write!(
                    f,
                    "waiting for another process, which was changing the passwords, {over}; it holds {}",
                    quoted(lock)
                )
            }
            Self::Busy { lock, over: Over::After(length), whole } => {
                f.write_str("another process was changing the passwords ")?;
                if *whole {
                    write!(f, "until the time for the whole run was over ({length:?})")?;
                } else {
                    write!(f, "for {length:?}")?;
                }
                write!(f, "; it holds {}", quoted(lock))
            }
            Self::Full { vault } => write!(f, "the vault {} is full", quoted(vault)),
            Self::Write(error) => error.fmt(f),
            Self::MayComeBack(error) => {
                write!(
                    f,
                    "the password is not in the vault any more, but a power cut may bring it back: {error}"
                )
            }
            Self::NoRandom => {
                f.write_str("the system gives no random numbers, without which nothing can be sealed")
            }
        }
    }
}

impl std::error::Error for KeychainError {}

impl KeychainError {
    /// Tells whether a signal has asked the program to end while it waited.
    pub(in crate::secrets) fn is_interrupted(&self) -> bool {
        match self {
            Self::SystemBusy { over, .. } | Self::Busy { over, .. } => over.signal().is_some(),
            _ => false,
        }
    }
}

impl Situation for KeychainError {
    fn exit(&self) -> Exit {
        match self {
            Self::Private(error) => error.exit(),
            Self::Write(error) | Self::MayComeBack(error) => error.exit(),
            Self::Full { .. } => Exit::CannotWrite,
            Self::Busy { .. } | Self::NoRandom | Self::SystemBusy { over: Over::By(_), .. } => Exit::TempFail,
            Self::NoHome
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::KeyMissing { .. }
            | Self::OtherKey { .. }
            | Self::KeyDamaged { .. }
            | Self::Credential(_)
            | Self::System { .. }
            | Self::SystemBusy { .. }
            | Self::NoPlace => Exit::NoPermission,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoHome => Some("set HOME, or name another source of the password in the task".to_owned()),
            Self::Private(error) => error.hint(),
            Self::Damaged { vault, .. } => {
                Some(format!("take the file from a backup, or {}", begin_anew(vault)))
            }
            Self::Newer { vault, .. } => {
                Some(format!("use that version of backup-notify, or {}", begin_anew(vault)))
            }
            Self::KeyMissing { vault, .. } | Self::OtherKey { vault, .. } => {
                Some(format!("put the key back that it was made with, or {}", begin_anew(vault)))
            }
            Self::KeyDamaged { file: None, .. } => Some("put the key back as it was".to_owned()),
            Self::KeyDamaged { file: Some(file), .. } => Some(format!(
                "put the key back as it was; when that is lost, so are the passwords: then move it away, mv {} {}",
                word(file),
                word(&aside(file))
            )),
            Self::Credential(error) => error.hint(),
            Self::System { status, root, .. } => Some(meaning(*status).hint(Who::reads(*root))),
            Self::SystemBusy { .. } => Some(
                "see whether a window on that Mac waits for an answer; or allow more time with --deadline"
                    .to_owned(),
            ),
            Self::NoPlace => Some("name another source of the password in the task".to_owned()),
            // few systems have both of them, and small ones have neither
            Self::Busy { lock, .. } => Some(format!(
                "see which process that is with lsof {0} or fuser -v {0}, if one of them is installed, or look for \
                 backup-notify in the list of ps ax",
                word(lock)
            )),
            Self::Full { .. } => {
                Some("remove what is no longer needed: backup-notify password list".to_owned())
            }
            Self::Write(error) => error.hint(),
            Self::MayComeBack(_) => Some(
                "see what the system's log says of the disk; type sync, and look with backup-notify password list"
                    .to_owned(),
            ),
            Self::NoRandom => Some("run it again".to_owned()),
        }
    }
}

/// Says how to do without a vault that cannot be opened. It is moved, never removed.
fn begin_anew(vault: &Path) -> String {
    format!(
        "move the vault away and set the passwords anew with backup-notify password set: mv {} {}",
        word(vault),
        word(&aside(vault))
    )
}

/// Writes a path for a line to paste.
fn word(path: &Path) -> String {
    shell_word(&one_line(&path.to_string_lossy())).into_owned()
}
