//! What can be wrong with a private file or folder, and what to type then.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::Purpose;
use super::error::{Entry, FileError, FileFault, quoted, word};
use crate::error::Situation;
use crate::exit::Exit;
use crate::home::FOLDER;
use crate::text::{io_words, one_line, shell_word};

/// A private file or folder that cannot or must not be used.
#[derive(Debug)]
pub struct PrivateError {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it is, without links.
    pub path: PathBuf,
    /// What is wrong; boxed, because it is large and rare.
    pub fault: Box<PrivateFault>,
}

/// What is wrong with a private file or folder.
#[derive(Debug)]
pub enum PrivateFault {
    /// The way to it, or what the system says.
    Way(FileError),
    /// It is something else.
    Kind {
        /// What it is, with its article.
        what: &'static str,
        /// What it should be.
        wanted: Entry,
    },
    /// It belongs to somebody else.
    Owner {
        /// What it is.
        entry: Entry,
        /// Whose it is.
        owner: String,
        /// The running user.
        me: String,
        /// Whether the running user is root.
        root: bool,
    },
    /// Others have rights to it.
    Mode {
        /// What it is.
        entry: Entry,
        /// Its mode.
        mode: u32,
    },
    /// It is a file of the running user's, who has no right to read or write it.
    ClosedToUs {
        /// Its mode.
        mode: u32,
    },
    /// The file has this many names (hard links).
    Names(u64),
    /// It is not there and cannot be made.
    CannotMake(io::Error),
}

impl PrivateError {
    /// Puts a fault together with where it was found.
    pub(crate) fn new(purpose: Purpose, path: &Path, fault: PrivateFault) -> Self {
        Self { purpose, path: path.to_owned(), fault: Box::new(fault) }
    }

    /// The same for what is wrong on the way, or what the system says.
    pub(crate) fn way(purpose: Purpose, path: &Path, fault: FileFault) -> Self {
        Self::new(purpose, path, PrivateFault::Way(FileError::new(purpose, path, fault)))
    }
}

impl fmt::Display for PrivateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, path) = (self.purpose.name(), quoted(&self.path));
        match &*self.fault {
            PrivateFault::Way(error) => error.fmt(f),
            PrivateFault::Kind { what, wanted } => {
                write!(f, "the {name} is not used: {path} is {what}, not a {wanted}")
            }
            PrivateFault::Owner { entry, owner, me, .. } => {
                let (owner, me) = (one_line(owner), one_line(me));
                write!(
                    f,
                    "the {name} is not used: the {entry} {path} belongs to the user \"{owner}\", not to {me}"
                )
            }
            PrivateFault::Mode { entry, mode } => {
                write!(
                    f,
                    "the {name} is not used: others have rights to the {entry} {path} (mode {mode:04o})"
                )
            }
            PrivateFault::ClosedToUs { mode } => {
                write!(
                    f,
                    "the {name} cannot be used: its owner may not write the file {path} (mode {mode:04o})"
                )
            }
            PrivateFault::Names(count) => {
                write!(f, "the {name} is not used: the file {path} has {count} names (hard links)")
            }
            PrivateFault::CannotMake(error) => {
                write!(f, "the {name} cannot be kept: {path} cannot be made: {}", io_words(error))
            }
        }
    }
}

impl std::error::Error for PrivateError {}

impl Situation for PrivateError {
    fn exit(&self) -> Exit {
        match &*self.fault {
            PrivateFault::CannotMake(_) => Exit::CannotWrite,
            _ => Exit::NoPermission,
        }
    }

    fn hint(&self) -> Option<String> {
        let path = word(&self.path);
        match &*self.fault {
            PrivateFault::Way(error) => match &*error.fault {
                FileFault::ForeignOwner { path, entry, me, root, .. } if is_ours(path, &error.path) => {
                    Some(take(path, *entry == Entry::Link, me, *root))
                }
                FileFault::ForeignOwner { owner, me, root, .. } => Some(somebody_elses(owner, me, *root)),
                FileFault::NotAFolder { path } => Some(move_away(path, Entry::Folder)),
                FileFault::TooLarge { .. } => Some(move_away(&self.path, Entry::File)),
                FileFault::LinkLoop | FileFault::BadPath(_) | FileFault::Io { .. } => {
                    Some(format!("see what is there: ls -l {path}"))
                }
                _ => error.hint(),
            },
            PrivateFault::Kind { wanted, .. } => Some(move_away(&self.path, *wanted)),
            PrivateFault::Owner { me, root, .. } => Some(take(&self.path, false, me, *root)),
            PrivateFault::Mode { entry: Entry::Folder, .. } => Some(format!("chmod 700 {path}")),
            PrivateFault::Mode { .. } | PrivateFault::ClosedToUs { .. } => Some(format!("chmod 600 {path}")),
            PrivateFault::Names(_) => {
                let copy = word(&beside(&self.path, "copy"));
                Some(format!("make it a file of its own: cp -p {path} {copy} && mv {copy} {path}"))
            }
            PrivateFault::CannotMake(_) => Some(format!(
                "see whether the disk is full and who may write there: ls -ld {}",
                word(self.path.parent().unwrap_or(&self.path))
            )),
        }
    }
}

/// Says how to make room for what belongs there. Nothing is ever removed.
pub(super) fn move_away(path: &Path, wanted: Entry) -> String {
    let aside = word(&aside(path));
    format!("a {wanted} of your own belongs there; move the other away: mv {} {aside}", word(path))
}

/// Tells whether something on the way to `private` is in a folder that only we use. The last one of our
/// name counts: a home can be called so, too.
fn is_ours(path: &Path, private: &Path) -> bool {
    let ours = private.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == FOLDER));
    ours.is_some_and(|ours| path.starts_with(ours))
}

/// Says what to do about a folder of somebody else's on the way, mostly the whole home: it stays theirs.
fn somebody_elses(owner: &str, me: &str, root: bool) -> String {
    let person = match owner.strip_prefix("number ") {
        Some(number) => format!("#{number}"),
        None => owner.to_owned(),
    };
    let person = shell_word(&one_line(&person)).into_owned();
    let own = if root {
        "for root unset HOME, or set it: HOME=/root".to_owned()
    } else {
        format!("set HOME to the home folder of {}", one_line(me))
    };
    format!("if the passwords of that user are meant: sudo -u {person} -H backup-notify …; otherwise {own}")
}

/// Says how to make something one's own again.
fn take(path: &Path, link: bool, me: &str, root: bool) -> String {
    // a user without a name
    let me = shell_word(me.strip_prefix("number ").unwrap_or(me)).into_owned();
    let (sudo, me) = if root { ("", "root") } else { ("sudo ", me.as_str()) };
    let link = if link { "-h " } else { "" };
    format!("{sudo}chown {link}{me} {}", word(path))
}

/// Returns the path of a neighbour that does not exist, to move something to.
pub(crate) fn aside(path: &Path) -> PathBuf {
    let free = |path: &PathBuf| path.symlink_metadata().is_err();
    let numbered = (2..100).map(|number| beside(path, &format!("aside-{number}")));
    let first = beside(path, "aside");
    std::iter::once(first.clone()).chain(numbered).find(free).unwrap_or(first)
}

/// Returns the path of a neighbour: the same name with a word behind it.
pub(crate) fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(word);
    path.with_file_name(name)
}
