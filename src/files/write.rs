//! Writing a private file so that it is there as a whole or not at all.
//!
//! The text goes into a file beside it, onto the disk, and then takes the name. Whatever happens on
//! the way, a full disk or the end of the process, the name keeps leading to what it led to before.

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::geteuid;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::error::{Entry, quoted, word};
use super::private::is_at;
use super::private_error::{beside, move_away};
use crate::error::Situation;
use crate::exit::Exit;
use crate::text::io_words;

/// What may be in the place of a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "task files will be written with the first two")]
pub(crate) enum Over {
    /// Nothing: what is there stays, and the writing is refused.
    Nothing,
    /// Anything but a folder: it is replaced; a link itself, not what it leads to.
    Anything,
    /// The same, by a caller who holds a lock on it: a piece that a killed writer left is removed.
    Locked,
}

/// A private file that could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
    /// Whether it is there all the same, but the system does not say that it will outlast a power cut.
    pub there: bool,
}

/// Writes a file for its owner only (0600, whatever the umask). On every error but one
/// ([`WriteError::there`]) what was there before still is, and nothing else.
pub(crate) fn write_private(path: &Path, bytes: &[u8], over: Over) -> Result<(), WriteError> {
    let wrong = |there| move |error| WriteError { path: path.to_owned(), error, there };
    let new = beside(path, "new");
    if over == Over::Locked && new.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        // not a piece that a killed writer left, and not ours to remove
        return Err(WriteError { path: new, error: Errno::ISDIR.into(), there: false });
    }
    written(path, bytes, over).map_err(wrong(false))?;
    make_lasting(path.parent().unwrap_or(path)).map_err(wrong(true))
}

/// Writes a new file as [`write_private`] does, and returns it with its lock (flock(2)), which was taken
/// before there was anything in it: whoever finds it, under either name, sees that somebody is at work.
/// The names in the folder are not brought onto the disk yet.
///
/// Nobody else gives anything the name `path` meanwhile. An error of the kind `AlreadyExists` means that
/// somebody else has, or has taken, the temporary name.
pub(crate) fn write_private_locked(path: &Path, bytes: &[u8]) -> Result<File, WriteError> {
    locked(path, bytes).map_err(|error| WriteError { path: path.to_owned(), error, there: false })
}

fn locked(path: &Path, bytes: &[u8]) -> io::Result<File> {
    is_within_limit(bytes.len())?;
    let name = beside(path, "new");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(&name)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        // whoever removes what was left by the killed was faster, or has it in hand
        Err(Errno::WOULDBLOCK) => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(()) if !is_at(&file, &name) => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(()) => {}
        Err(errno) => {
            let _ = fs::remove_file(&name);
            return Err(errno.into());
        }
    }
    let mut temporary = Temporary(name);
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary.0, path)?;
    temporary.0.clear();
    Ok(file)
}

/// Refuses what is too long for the limit of the process: beyond it the system would not answer with an
/// error but with a signal (setrlimit(2)).
pub(crate) fn is_within_limit(length: usize) -> io::Result<()> {
    let (most, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
    if u64::try_from(length).map_or(true, |length| length > most) {
        return Err(Errno::FBIG.into());
    }
    Ok(())
}

fn written(path: &Path, bytes: &[u8], over: Over) -> io::Result<()> {
    is_within_limit(bytes.len())?;
    let (mut file, mut temporary) = Temporary::make(path, over)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    match over {
        Over::Nothing => name_it(&temporary.0, path)?,
        Over::Anything | Over::Locked => fs::rename(&temporary.0, path)?,
    }
    // it has its name now, and there is nothing left to remove
    temporary.0.clear();
    Ok(())
}

/// A file that is removed again unless it has got its name.
struct Temporary(PathBuf);

impl Temporary {
    /// Makes it beside the file that it is to become.
    fn make(path: &Path, over: Over) -> io::Result<(File, Self)> {
        let made = |name: PathBuf| {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
            options.open(&name).map(|file| (file, Self(name)))
        };
        if over == Over::Locked {
            let name = beside(path, "new");
            return match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => made(name),
            };
        }
        // no other process has this number, but one that was killed may have had it
        let numbers = 0..100_u32;
        let name = |number| beside(path, &format!("{}-{number}.new", std::process::id()));
        let free = |made: &io::Result<_>| !matches!(made, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
        numbers.map(|number| made(name(number))).find(free).unwrap_or_else(|| Err(Errno::MLINK.into()))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Gives a file its name, unless something has that already.
fn name_it(temporary: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE) {
        // file systems that cannot do that, such as NFS, can mostly give a second name, which
        // replaces nothing either
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::hard_link(temporary, path)?;
            // its first name is of no use any more; that it stays would be no reason to say that
            // nothing was written
            let _ = fs::remove_file(temporary);
            Ok(())
        }
        named => Ok(named?),
    }
}

/// Brings the names in a folder onto the disk.
pub(crate) fn make_lasting(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // some file systems do that only by themselves, and where nothing can be written nothing waits
        Err(error)
            if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP | Errno::ROFS)) =>
        {
            Ok(())
        }
        done => done,
    }
}

/// Brings the names in a private folder onto the disk, and those of the folders on the way to it that
/// are the running user's: whoever made them may have been killed before.
pub(crate) fn make_way_lasting(folder: &Path) -> Result<(), WriteError> {
    let me = geteuid().as_raw();
    let ours = |folder: &&Path| folder.metadata().is_ok_and(|meta| meta.uid() == me);
    for folder in folder.ancestors().take_while(ours) {
        let wrong = |error| WriteError { path: folder.to_owned(), error, there: true };
        make_lasting(folder).map_err(wrong)?;
    }
    Ok(())
}

/// Brings a private file that is there already onto the disk, with the way to it.
pub(crate) fn make_file_lasting(path: &Path) -> Result<(), WriteError> {
    let wrong = |error| WriteError { path: path.to_owned(), error, there: true };
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    file.and_then(|file| file.sync_all()).map_err(wrong)?;
    make_way_lasting(path.parent().unwrap_or(path))
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.kind() {
            _ if self.there => {
                write!(f, "{} is written, but may not outlast a power cut: ", quoted(&self.path))?;
                f.write_str(&io_words(&self.error))
            }
            io::ErrorKind::AlreadyExists => write!(f, "{} is there already", quoted(&self.path)),
            _ => write!(f, "{} cannot be written: {}", quoted(&self.path), io_words(&self.error)),
        }
    }
}

impl std::error::Error for WriteError {}

impl Situation for WriteError {
    fn exit(&self) -> Exit {
        Exit::CannotWrite
    }

    fn hint(&self) -> Option<String> {
        let folder = word(self.path.parent().unwrap_or(&self.path));
        match self.error.kind() {
            _ if self.there => {
                Some("see what the system's log says of the disk, and do it once more".to_owned())
            }
            io::ErrorKind::AlreadyExists => Some("name another file, or move that one away".to_owned()),
            io::ErrorKind::IsADirectory => {
                Some(format!("nothing was changed; {}", move_away(&self.path, Entry::File)))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some(format!("nothing was changed; make room on the disk: df -h {folder}"))
            }
            io::ErrorKind::FileTooLarge => Some(
                "nothing was changed; raise the limit for the size of files: ulimit -f unlimited".to_owned(),
            ),
            _ => Some(format!("nothing was changed; see who may write there: ls -ld {folder}")),
        }
    }
}
