//! What can be wrong with a file, and what to type then.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::Purpose;
use crate::error::Situation;
use crate::exit::Exit;
use crate::text::{io_words, one_line, shell_word};

/// The folder for tasks of the whole computer, offered to root.
const SYSTEM_FOLDER: &str = if cfg!(target_os = "macos") {
    "/Library/Application Support/backup-notify"
} else {
    "/etc/backup-notify"
};

/// The folder for programs that no package has brought. On a Mac it is often a person's own, for Homebrew.
const PROGRAMS: Option<&str> = if cfg!(target_os = "macos") { None } else { Some("/usr/local/bin") };

/// How to read what the privacy protection of macOS guards. The permission belongs to the program
/// that a person started, or that launchd did: this one's own name would not help there. The words of
/// the settings changed with macOS 13.
pub(crate) const FULL_DISK_ACCESS: &str = "open System Settings, Privacy & Security (before macOS 13: System Preferences, Security & Privacy, Privacy), \
     Full Disk Access; add the program that runs the hook (the backup program or the terminal; for cron \
     /usr/sbin/cron; for launchd the program that the job names), switch it on, and start it again";

/// A file that cannot or must not be used.
#[derive(Debug)]
pub struct FileError {
    /// What the file is for.
    pub purpose: Purpose,
    /// The path as it was given.
    pub path: PathBuf,
    /// What is wrong; boxed, because it is large and rare.
    pub fault: Box<FileFault>,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum FileFault {
    /// It does not exist, or a folder or link target on the way does not.
    NotFound {
        /// What is missing.
        missing: PathBuf,
    },
    /// The system does not let us look: `EACCES` by modes, `EPERM` by other rules, such as those
    /// of macOS for folders that it guards.
    Denied {
        /// Where.
        path: PathBuf,
        /// `EACCES` or `EPERM`.
        errno: i32,
    },
    /// It is something else than a file.
    NotRegular {
        /// What it is, with its article.
        what: &'static str,
    },
    /// A part of the way is not a folder.
    NotAFolder {
        /// Which one.
        path: PathBuf,
    },
    /// It has more bytes than are read.
    TooLarge {
        /// How many bytes are.
        limit: usize,
    },
    /// Somebody but root and the running user can write it, or a folder above it.
    OthersCanWrite {
        /// Which file or folder.
        path: PathBuf,
        /// What that is.
        entry: Entry,
        /// Who can.
        who: Writers,
        /// Its mode.
        mode: u32,
        /// Whether the running user can change the mode.
        mine: bool,
    },
    /// It is secret, and others can read it.
    OthersCanRead {
        /// Its mode.
        mode: u32,
    },
    /// It, or a folder or link on the way, belongs to somebody else.
    ForeignOwner {
        /// Which file, folder or link.
        path: PathBuf,
        /// What that is.
        entry: Entry,
        /// Whose it is.
        owner: String,
        /// The running user.
        me: String,
        /// Whether the running user is root.
        root: bool,
    },
    /// The path leads through too many links.
    LinkLoop,
    /// It is a program that the running user cannot execute.
    NotExecutable {
        /// Its mode.
        mode: u32,
    },
    /// The path itself is no good.
    BadPath(&'static str),
    /// Between the check and the opening another file came into its place.
    Replaced,
    /// Anything else that the system reports.
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        error: io::Error,
    },
}

/// A thing on the way to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
}

/// Who can write what they should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writers {
    /// Everyone.
    Everyone,
    /// The members of this group.
    Group(String),
    /// Whoever an access control list names.
    AccessList,
}

impl FileError {
    /// Puts a fault together with the file it was found on.
    pub(crate) fn new(purpose: Purpose, path: &Path, fault: FileFault) -> Self {
        Self { purpose, path: path.to_owned(), fault: Box::new(fault) }
    }

    /// Tells whether the file simply is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(*self.fault, FileFault::NotFound { .. })
    }
}

impl FileFault {
    /// Sorts an error of the system.
    pub(crate) fn from_io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT) => Self::NotFound { missing: path },
            Some(errno @ (Errno::EACCES | Errno::EPERM)) => Self::Denied { path, errno: errno as i32 },
            Some(Errno::ENOTDIR) => Self::NotAFolder { path: path.parent().unwrap_or(&path).to_owned() },
            Some(Errno::ENAMETOOLONG) => Self::BadPath("is too long"),
            Some(Errno::ELOOP) => Self::LinkLoop,
            None if error.kind() == io::ErrorKind::InvalidInput => Self::BadPath("contains a NUL byte"),
            _ => Self::Io { path, error },
        }
    }
}

/// Writes a path for a message.
pub(super) fn quoted(path: &Path) -> String {
    format!("\"{}\"", one_line(&path.to_string_lossy()))
}

/// Writes a path for a line to paste.
pub(super) fn word(path: &Path) -> String {
    shell_word(&one_line(&path.to_string_lossy())).into_owned()
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Link => "link",
        })
    }
}

impl fmt::Display for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Group(name) => write!(f, "the group \"{}\"", one_line(name)),
            Self::AccessList => f.write_str("others through an access control list"),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, path) = (self.purpose.name(), quoted(&self.path));
        match &*self.fault {
            // also of a relative path, which means little to who reads the log of a cron job
            FileFault::NotFound { missing }
                if missing.ends_with(self.path.strip_prefix(".").unwrap_or(&self.path)) =>
            {
                write!(f, "{name} {} does not exist", quoted(missing))
            }
            FileFault::NotFound { missing } => {
                write!(f, "{name} {path}: {} does not exist", quoted(missing))
            }
            FileFault::Denied { path: at, errno } => {
                let reason = Errno::from_raw(*errno).desc().to_lowercase();
                write!(f, "{name} {path} cannot be read: ")?;
                if *at != self.path {
                    write!(f, "{}: ", quoted(at))?;
                }
                f.write_str(&reason)
            }
            FileFault::NotRegular { what } => write!(f, "{name} {path} is {what}, not a file"),
            FileFault::NotAFolder { path: at } => {
                write!(f, "{name} {path} cannot be read: {} is not a folder", quoted(at))
            }
            FileFault::TooLarge { limit } => write!(f, "{name} {path} is larger than {limit} bytes"),
            FileFault::OthersCanWrite { path: at, entry, who, mode, .. } => {
                write!(f, "{name} {path} is not trusted: the {entry} ")?;
                write!(f, "{} is writable by {who} (mode {mode:04o})", quoted(at))
            }
            FileFault::OthersCanRead { mode } => {
                write!(f, "{name} {path} is readable by others (mode {mode:04o})")
            }
            FileFault::ForeignOwner { path: at, entry, owner, me, .. } => {
                let owners =
                    if me == "root" { "root".to_owned() } else { format!("{} or root", one_line(me)) };
                write!(f, "{name} {path} is not trusted: the {entry} {} belongs to ", quoted(at))?;
                write!(f, "the user \"{}\", not to {owners}", one_line(owner))
            }
            FileFault::LinkLoop => write!(f, "{name} {path} leads through too many symbolic links"),
            FileFault::NotExecutable { mode } => {
                write!(f, "{name} {path} cannot be executed (mode {mode:04o})")
            }
            FileFault::BadPath(why) => write!(f, "the path of the {name} {why}"),
            FileFault::Replaced => write!(f, "{name} {path} was replaced while it was opened"),
            FileFault::Io { path: at, error } => {
                write!(f, "{name} {path} cannot be read: {}: {}", quoted(at), io_words(error))
            }
        }
    }
}

impl std::error::Error for FileError {}

impl Situation for FileError {
    fn exit(&self) -> Exit {
        match &*self.fault {
            FileFault::TooLarge { .. } => Exit::Data,
            FileFault::NotFound { .. }
            | FileFault::Denied { .. }
            | FileFault::NotRegular { .. }
            | FileFault::NotAFolder { .. }
            | FileFault::LinkLoop
            | FileFault::BadPath(_)
            | FileFault::Io { .. } => Exit::NoInput,
            FileFault::OthersCanWrite { .. }
            | FileFault::OthersCanRead { .. }
            | FileFault::ForeignOwner { .. }
            | FileFault::NotExecutable { .. }
            | FileFault::Replaced => Exit::NoPermission,
        }
    }

    fn hint(&self) -> Option<String> {
        match &*self.fault {
            FileFault::OthersCanWrite { .. } | FileFault::ForeignOwner { .. }
                if self.purpose == Purpose::MailSettings =>
            {
                Some(
                    "root reads of Mail only what nobody else can have written; correct who owns it and the folders \
                     above it, or write the account out in the task"
                        .to_owned(),
                )
            }
            FileFault::Denied { errno, .. } if cfg!(target_os = "macos") && *errno == Errno::EPERM as i32 => {
                Some(FULL_DISK_ACCESS.to_owned())
            }
            FileFault::Denied { path, .. } => Some(format!(
                "see who may read it: ls -ld {} {}",
                word(path.parent().unwrap_or(path)),
                word(path)
            )),
            FileFault::NotRegular { what: "a symbolic link" } => {
                Some(format!("name the file it leads to: readlink {}", word(&self.path)))
            }
            FileFault::NotRegular { what: "a pipe" } if self.purpose == Purpose::TaskFile => {
                Some("to read the task from a pipe, let it be standard input: --task -".to_owned())
            }
            FileFault::OthersCanWrite { path, mode, mine, .. } => {
                let bits = match (mode & 0o020 != 0, mode & 0o002 != 0) {
                    (true, true) => "go-w",
                    (true, false) => "g-w",
                    (false, _) => "o-w",
                };
                let sudo = if *mine { "" } else { "sudo " };
                Some(format!("{sudo}chmod {bits} {}", word(path)))
            }
            FileFault::OthersCanRead { .. } => Some(format!("chmod 600 {}", word(&self.path))),
            FileFault::ForeignOwner { path, entry, me, root, .. } => Some(self.own(path, *entry, me, *root)),
            // executable, but not for us: somebody else's
            FileFault::NotExecutable { mode } if mode & 0o100 != 0 => {
                Some(format!("sudo chmod a+rx {}", word(&self.path)))
            }
            FileFault::NotExecutable { .. } => Some(format!("chmod u+x {}", word(&self.path))),
            FileFault::NotFound { .. } => match self.purpose {
                Purpose::TaskFile => {
                    let name = self.path.file_stem().map_or(self.path.as_path(), Path::new);
                    Some(format!(
                        "check the path; a task in the configuration folder goes by its name alone: --task {}",
                        word(name)
                    ))
                }
                Purpose::Template => Some(
                    "correct the path in the task; a relative one starts at the task file's folder"
                        .to_owned(),
                ),
                // also from a flag, where it starts at the folder that the program runs in
                Purpose::CaFile => Some(
                    "correct the path; in a task file a relative one starts at the folder of that file"
                        .to_owned(),
                ),
                _ => None,
            },
            FileFault::TooLarge { .. } if matches!(self.purpose, Purpose::TaskFile | Purpose::Report) => {
                Some("see whether this is the right file: a task or a report is a page of text".to_owned())
            }
            FileFault::Replaced => {
                Some("run it again; if it persists, see what rewrites the file".to_owned())
            }
            _ => None,
        }
    }
}

impl FileError {
    /// Says how to make something one's own. A file can change hands; a folder that belongs to
    /// somebody should not be taken from them, so the file moves instead.
    fn own(&self, path: &Path, entry: Entry, me: &str, root: bool) -> String {
        // a user without a name
        let me = me.strip_prefix("number ").unwrap_or(me);
        match (entry, root) {
            (Entry::File, true) => format!("chown root {}", word(path)),
            (Entry::File, false) => format!("sudo chown {} {}", shell_word(me), word(path)),
            (Entry::Link, true) => format!("chown -h root {}", word(path)),
            (Entry::Link, false) => format!("sudo chown -h {} {}", shell_word(me), word(path)),
            (Entry::Folder, true) if self.purpose == Purpose::ThisProgram => {
                install_elsewhere(&self.path, path)
            }
            (Entry::Folder, true) => {
                let folder = shell_word(SYSTEM_FOLDER);
                format!(
                    "keep it where only root can write: mkdir -p {folder} && cp {} {folder}/",
                    word(&self.path)
                )
            }
            (Entry::Folder, false) => {
                format!("keep it in a folder of your own: cp {} ~/", word(&self.path))
            }
        }
    }
}

/// Says how a program gets out of a folder of somebody else's.
fn install_elsewhere(program: &Path, folder: &Path) -> String {
    let program = word(program);
    match PROGRAMS.filter(|programs| !Path::new(programs).starts_with(folder)) {
        Some(programs) => {
            format!("install it where only root can write: install -m 755 {program} {programs}/")
        }
        None => format!(
            "install it where only root can write: mkdir -p /opt/backup-notify && install -m 755 {program} \
             /opt/backup-notify/"
        ),
    }
}
