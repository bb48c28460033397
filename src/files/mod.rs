//! Files that people name, and who may have written them.
//!
//! A task file decides which program runs and where a password goes, often as root. So it counts
//! only when nobody but root and the running user can have written it, or any part of the way to
//! it (`ownership` is the rule, `walk` applies it from `/` down). The same holds for every
//! file and program that it names. Logs are other people's text and have no such rule; they are
//! opened so that a link or a pipe put in their place does no harm.
//!
//! Nothing here waits: pipes and devices are refused before they are opened.
//!
//! What the rule does not see: access control lists of macOS, which std and nix cannot read, and
//! what a file server lets others do behind the modes that it shows.

mod error;
mod ownership;
mod private;
mod private_error;
mod system;
#[cfg(target_os = "linux")]
mod system_linux;
mod walk;
mod write;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::{AccessFlags, faccessat};

pub(crate) use error::FULL_DISK_ACCESS;
pub use error::{Entry, FileError, FileFault, Writers};
pub(crate) use private::{
    could_make_private_folder, is_at, judge_private_in, make_private_folder, open_private_in,
    open_private_lock, private_folder, read_private, read_private_in,
};
pub use private_error::{PrivateError, PrivateFault};
pub(crate) use private_error::{aside, beside};
pub use write::WriteError;
pub(crate) use write::{
    Over, is_within_limit, make_file_lasting, make_lasting, make_way_lasting, write_private,
    write_private_locked,
};

use ownership::Users;
use system::SystemUsers;

/// What a file is for, as messages call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The task.
    TaskFile,
    /// The facts of a run, or a tool's own report.
    Report,
    /// Certificates to trust.
    CaFile,
    /// A template of a message.
    Template,
    /// A password.
    PasswordFile,
    /// A program that prints a password.
    PasswordProgram,
    /// A program that shows notices.
    NoticeProgram,
    /// The program that is running.
    ThisProgram,
    /// A credential handed over by systemd.
    Credential,
    /// The log of a run.
    Log,
    /// A file in which Apple Mail keeps accounts.
    MailSettings,
    /// The home folder that those files are in.
    MailHome,
    /// The passwords of the private keychain.
    Vault,
    /// What two processes that change a vault take turns by.
    VaultLock,
    /// The key of a vault.
    VaultKey,
    /// The folder of the messages that wait.
    Outbox,
    /// One of them, or what is known of it.
    OutboxEntry,
    /// What two processes that send them take turns by.
    OutboxLock,
    /// What their seals are made with.
    OutboxKey,
}

impl Purpose {
    /// Returns the words for it: "the {…} \"/path\" …".
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskFile => "task file",
            Self::Report => "report",
            Self::CaFile => "CA file",
            Self::Template => "template",
            Self::PasswordFile => "password file",
            Self::PasswordProgram => "password program",
            Self::NoticeProgram => "program that shows notices",
            Self::ThisProgram => "program",
            Self::Credential => "credential",
            Self::Log => "log",
            Self::MailSettings => "Mail's file",
            Self::MailHome => "home folder",
            Self::Vault => "vault",
            Self::VaultLock => "lock of the vault",
            Self::VaultKey => "key of the vault",
            Self::Outbox => "outbox",
            Self::OutboxEntry => "message of the outbox",
            Self::OutboxLock => "lock of the outbox",
            Self::OutboxKey => "key of the outbox",
        }
    }
}

/// Opens a regular file that nobody but root and the running user can have written.
pub fn open_trusted(path: &Path, purpose: Purpose) -> Result<File, FileError> {
    let opened = open_checked(path, &SystemUsers, |_| Ok(()));
    opened.map(|(file, _)| file).map_err(|fault| FileError::new(purpose, path, fault))
}

/// Reads a whole file under the rule of [`open_trusted`]; one of more than `limit` bytes is refused.
///
/// Never reads more than one byte beyond the limit, however large the file has become meanwhile.
pub fn read_trusted(path: &Path, purpose: Purpose, limit: usize) -> Result<Vec<u8>, FileError> {
    let wrong = |fault| FileError::new(purpose, path, fault);
    let (file, length) = open_checked(path, &SystemUsers, |_| Ok(())).map_err(wrong)?;
    bounded(file, length, limit)
        .map_err(|error| wrong(FileFault::from_io(path, error)))?
        .ok_or_else(|| wrong(FileFault::TooLarge { limit }))
}

/// Opens a regular file that anybody may have written.
pub fn open_plain(path: &Path, purpose: Purpose) -> Result<File, FileError> {
    plain(path).map(|(file, _)| file).map_err(|fault| FileError::new(purpose, path, fault))
}

/// Reads a whole regular file that anybody may have written; one of more than `limit` bytes is
/// refused.
pub fn read_plain(path: &Path, purpose: Purpose, limit: usize) -> Result<Vec<u8>, FileError> {
    let read = || {
        let (file, length) = plain(path)?;
        // before anything of it is read: a sparse file of any length costs its owner nothing
        if usize::try_from(length).map_or(true, |length| length > limit) {
            return Err(FileFault::TooLarge { limit });
        }
        let bytes = bounded(file, length, limit).map_err(|error| FileFault::from_io(path, error))?;
        bytes.ok_or(FileFault::TooLarge { limit })
    };
    read().map_err(|fault| FileError::new(purpose, path, fault))
}

/// Opens a regular file, which may be behind links; returns its length too.
fn plain(path: &Path) -> Result<(File, u64), FileFault> {
    let io = |error| FileFault::from_io(path, error);
    regular(&path.metadata().map_err(io)?)?;
    // O_NONBLOCK: should a pipe have come into its place, opening it does not wait for a writer
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).map_err(io)?;
    let opened = file.metadata().map_err(io)?;
    regular(&opened)?;
    Ok((file, opened.len()))
}

/// Reads to the end, but never more than one byte beyond the limit; `None` when there is more. The length
/// that it seems to have only tells how much is read at once.
fn bounded(file: File, length: u64, limit: usize) -> std::io::Result<Option<Vec<u8>>> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(limit);
    // one more, so that its end is seen without a larger buffer
    let mut bytes = Vec::with_capacity(length + 1);
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Opens a secret file: as [`open_trusted`], and in addition nobody else may read it.
pub fn open_secret(path: &Path, purpose: Purpose) -> Result<File, FileError> {
    let private = |meta: &Metadata| match meta.mode() & 0o077 {
        0 => Ok(()),
        _ => Err(FileFault::OthersCanRead { mode: meta.mode() & 0o7777 }),
    };
    let opened = open_checked(path, &SystemUsers, private);
    opened.map(|(file, _)| file).map_err(|fault| FileError::new(purpose, path, fault))
}

/// Checks that a program may be run: nobody else can have written it, and it can be executed.
///
/// The program is then started by its path. That is sound because nobody else can change any part
/// of the way to it. The interpreter that a script names is not looked at.
pub fn check_program(path: &Path, purpose: Purpose) -> Result<(), FileError> {
    let check = || {
        let found = walk::follow(path, &SystemUsers)?;
        regular(&found.meta)?;
        ownership::judge(&found.path, &found.meta, &SystemUsers)?;
        // the rights of the effective user count, as they do for exec
        faccessat(AT_FDCWD, &found.path, AccessFlags::X_OK, AtFlags::AT_EACCESS)
            .map_err(|_| FileFault::NotExecutable { mode: found.meta.mode() & 0o7777 })
    };
    check().map_err(|fault| FileError::new(purpose, path, fault))
}

/// Checks that nobody else can put a file into a folder, or replace one of the running user there.
pub fn check_folder(path: &Path, purpose: Purpose) -> Result<(), FileError> {
    let check = || {
        let found = walk::follow(path, &SystemUsers)?;
        if !found.meta.is_dir() {
            return Err(FileFault::NotAFolder { path: found.path });
        }
        ownership::judge(&found.path, &found.meta, &SystemUsers).map(|_| ())
    };
    check().map_err(|fault| FileError::new(purpose, path, fault))
}

/// Opens a log: a regular file, not a link. Anybody may have written it.
pub fn open_log(path: &Path) -> Result<File, FileError> {
    let open = || {
        if path.as_os_str().is_empty() {
            return Err(FileFault::BadPath("is empty"));
        }
        // looked at before it is opened: opening a device can already do something
        let before = path.symlink_metadata().map_err(|error| FileFault::from_io(path, error))?;
        regular(&before)?;
        open_as_seen(path, &before).map(|(file, _)| file)
    };
    open().map_err(|fault| FileError::new(Purpose::Log, path, fault))
}

/// Follows a path under the rule, opens what is there and checks the opened file; returns its length too.
fn open_checked(
    path: &Path,
    users: &impl Users,
    also: impl Fn(&Metadata) -> Result<(), FileFault>,
) -> Result<(File, u64), FileFault> {
    let found = walk::follow(path, users)?;
    regular(&found.meta)?;
    ownership::judge(&found.path, &found.meta, users)?;
    let (file, opened) = open_as_seen(&found.path, &found.meta)?;
    // once more on the opened file: its owner may have changed the mode in between
    ownership::judge(&found.path, &opened, users)?;
    also(&opened)?;
    Ok((file, opened.len()))
}

/// Opens a file without following a link, and makes sure that it is the one seen before; returns what it is
/// now.
fn open_as_seen(path: &Path, seen: &Metadata) -> Result<(File, Metadata), FileFault> {
    // O_NONBLOCK: should a pipe have come into its place, opening it does not wait for a writer
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|error| FileFault::from_io(path, error))?;
    let opened = file.metadata().map_err(|error| FileFault::from_io(path, error))?;
    regular(&opened)?;
    let same = (opened.dev(), opened.ino()) == (seen.dev(), seen.ino());
    if same { Ok((file, opened)) } else { Err(FileFault::Replaced) }
}

/// Refuses everything that is not a regular file.
fn regular(meta: &Metadata) -> Result<(), FileFault> {
    if meta.is_file() { Ok(()) } else { Err(FileFault::NotRegular { what: what_it_is(meta) }) }
}

/// Says what something is, with its article.
fn what_it_is(meta: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = meta.file_type();
    match () {
        () if kind.is_file() => "a file",
        () if kind.is_dir() => "a folder",
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "not a regular file",
    }
}
