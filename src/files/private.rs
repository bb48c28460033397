//! Files and folders that are the running user's alone: the vault and the outbox, their keys and locks.
//!
//! Stricter than the rule for what people name in a task: root's is not a user's, nobody else may
//! even read, and neither a link nor a second name of the file will do, because then it would also
//! lie somewhere else, where other rules hold. For the folders above, the rule of `ownership`
//! holds, and links among them are followed as everywhere.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{AccessFlags, faccessat};
use zeroize::Zeroizing;

use super::error::{Entry, FileFault};
use super::ownership::Users as _;
use super::private_error::{PrivateError, PrivateFault};
use super::system::SystemUsers;
use super::{Purpose, walk, what_it_is, write};

/// The rights of others and of the group.
const OTHERS: u32 = 0o077;

/// Reads a private file in a private folder; `None` when it, or a folder on the way, does not
/// exist. One of more than `limit` bytes is refused.
pub(crate) fn read_private(
    path: &Path,
    purpose: Purpose,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, PrivateError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(PrivateError::way(purpose, path, FileFault::BadPath("is empty")));
    };
    let Some(folder) = private_folder(folder, purpose)? else { return Ok(None) };
    read_private_in(&folder.join(name), purpose, limit)
}

/// The same for a file in a folder that was judged before.
pub(crate) fn read_private_in(
    path: &Path,
    purpose: Purpose,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, PrivateError> {
    let Some(file) = open_private_in(path, purpose, OpenOptions::new().read(true))? else { return Ok(None) };
    let system = |error| PrivateError::way(purpose, path, FileFault::from_io(path, error));
    let too_large = || PrivateError::way(purpose, path, FileFault::TooLarge { limit });
    whole(&file, limit).map_err(system)?.ok_or_else(too_large).map(Some)
}

/// Judges a private file in a folder that was judged before, without opening it; `None` when it does not
/// exist.
pub(crate) fn judge_private_in(path: &Path, purpose: Purpose) -> Result<Option<Metadata>, PrivateError> {
    let Some(meta) = lstat(path, purpose)? else { return Ok(None) };
    judge_file(&meta).map_err(|fault| PrivateError::new(purpose, path, fault))?;
    Ok(Some(meta))
}

/// Opens a private file in a folder that was judged before; `None` when it does not exist.
pub(crate) fn open_private_in(
    path: &Path,
    purpose: Purpose,
    options: &mut OpenOptions,
) -> Result<Option<File>, PrivateError> {
    // looked at before it is opened: opening a pipe or a device can already do something
    if judge_private_in(path, purpose)?.is_none() {
        return Ok(None);
    }
    let system = |error| PrivateError::way(purpose, path, FileFault::from_io(path, error));
    let file = match open(options, path) {
        // another process has just taken it away
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(system)?,
    };
    let opened = file.metadata().map_err(system)?;
    judge_file(&opened).map_err(|fault| PrivateError::new(purpose, path, fault))?;
    Ok(Some(file))
}

/// Tells whether a file still has its name. Somebody may have removed or replaced it while its lock was
/// waited for: then that is the lock of a file that nobody else will look at.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let number = |meta: Metadata| (meta.dev(), meta.ino());
    let named = path.symlink_metadata().ok().map(number);
    named.is_some() && named == file.metadata().ok().map(number)
}

/// Looks for a private folder and judges it; returns the way to it without links.
pub(crate) fn private_folder(folder: &Path, purpose: Purpose) -> Result<Option<PathBuf>, PrivateError> {
    let Some(path) = way_to(folder, folder, purpose)? else { return Ok(None) };
    let Some(meta) = lstat(&path, purpose)? else { return Ok(None) };
    judge_folder(&meta).map_err(|fault| PrivateError::new(purpose, &path, fault))?;
    Ok(Some(path))
}

/// Judges the folders above `path`, which is `private` or above it, and returns the way to it without
/// links; `None` when one of them does not exist.
fn way_to(path: &Path, private: &Path, purpose: Purpose) -> Result<Option<PathBuf>, PrivateError> {
    let way = |fault| PrivateError::way(purpose, private, fault);
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(way(FileFault::BadPath("is empty")));
    };
    let above = match walk::follow(above, &SystemUsers) {
        Ok(found) => found,
        Err(FileFault::NotFound { .. }) => return Ok(None),
        Err(fault) => return Err(way(fault)),
    };
    if !above.meta.is_dir() {
        return Err(way(FileFault::NotAFolder { path: above.path }));
    }
    super::ownership::judge(&above.path, &above.meta, &SystemUsers).map_err(way)?;
    Ok(Some(above.path.join(name)))
}

/// Makes a private folder, and those above it, where they do not exist, for their owner only
/// (as the XDG Base Directory Specification has it); returns the way to it without links.
///
/// Nothing is made in a folder before that, and all above it, was judged. A shared folder with the
/// sticky bit will do: what we have made there nobody else can replace, and what somebody else has
/// made there in the meantime is refused before anything is made in it.
pub(crate) fn make_private_folder(folder: &Path, purpose: Purpose) -> Result<PathBuf, PrivateError> {
    if let Some(path) = private_folder(folder, purpose)? {
        return Ok(path);
    }
    let gone = || {
        let fault = FileFault::NotFound { missing: folder.to_owned() };
        PrivateError::way(purpose, folder, fault)
    };
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    for path in missing.into_iter().rev() {
        let path = way_to(path, folder, purpose)?.ok_or_else(gone)?;
        make_one(&path).map_err(|fault| PrivateError::new(purpose, &path, fault))?;
    }
    private_folder(folder, purpose)?.ok_or_else(gone)
}

/// Looks whether [`make_private_folder`] would make a folder that is not there. Nothing is made.
pub(crate) fn could_make_private_folder(folder: &Path, purpose: Purpose) -> Result<(), PrivateError> {
    let first = folder.ancestors().take_while(|path| !path.exists()).last();
    let Some(path) = first.map_or(Ok(None), |first| way_to(first, folder, purpose))? else { return Ok(()) };
    let above = path.parent().unwrap_or(&path);
    faccessat(AT_FDCWD, above, AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS)
        .map_err(|errno| PrivateError::new(purpose, &path, PrivateFault::CannotMake(errno.into())))
}

/// Makes one folder in one that was judged.
fn make_one(path: &Path) -> Result<(), PrivateFault> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        // by another process at the same time, or a link that leads nowhere: who goes on judges it
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(PrivateFault::CannotMake(error)),
    }
    let opened = || {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
        OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
    };
    let made = match opened() {
        // the umask may have taken the right to open it from ourselves
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fchmodat(AT_FDCWD, path, Mode::S_IRWXU, FchmodatFlags::NoFollowSymlink)
                .map_err(io::Error::from)
                .and_then(|()| opened())
        }
        opened => opened,
    };
    let made = made.map_err(PrivateFault::CannotMake)?;
    own_it(&made)?;
    write::make_lasting(path.parent().unwrap_or(path)).map_err(PrivateFault::CannotMake)
}

/// Sets the mode of a folder that we have made, whatever the umask, when it is that one.
fn own_it(folder: &File) -> Result<(), PrivateFault> {
    match judge_folder(&folder.metadata().map_err(PrivateFault::CannotMake)?) {
        // a folder may inherit a bit for its group from the one above
        Ok(()) | Err(PrivateFault::Mode { .. }) => {}
        wrong => return wrong,
    }
    folder.set_permissions(Permissions::from_mode(0o700)).map_err(PrivateFault::CannotMake)
}

/// Opens a private file for locking, and makes it where it does not exist.
pub(crate) fn open_private_lock(path: &Path, purpose: Purpose) -> Result<File, PrivateError> {
    let wrong = |fault| PrivateError::new(purpose, path, fault);
    // looked at before it is opened: opening a pipe or a device can already do something
    if let Some(meta) = lstat(path, purpose)? {
        judge_file(&meta).map_err(wrong)?;
    }
    let cannot = |error| wrong(PrivateFault::CannotMake(error));
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let file = match open(options.clone().create_new(true), path) {
        Ok(made) => {
            // whatever the umask: who comes later has to be able to open it
            made.set_permissions(Permissions::from_mode(0o600)).map_err(cannot)?;
            made
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match open(&mut options, path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let meta = lstat(path, purpose)?.ok_or_else(|| cannot(error))?;
                judge_file(&meta).map_err(wrong)?;
                return Err(wrong(PrivateFault::ClosedToUs { mode: meta.mode() & 0o7777 }));
            }
            opened => opened.map_err(cannot)?,
        },
        Err(error) => return Err(cannot(error)),
    };
    let opened = file.metadata().map_err(|error| wrong(PrivateFault::CannotMake(error)))?;
    judge_file(&opened).map_err(wrong)?;
    Ok(file)
}

fn lstat(path: &Path, purpose: Purpose) -> Result<Option<Metadata>, PrivateError> {
    match path.symlink_metadata() {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PrivateError::way(purpose, path, FileFault::from_io(path, error))),
    }
}

/// Opens without following a link and without waiting for a pipe.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    options.custom_flags(flags.bits()).open(path)
}

fn judge_file(meta: &Metadata) -> Result<(), PrivateFault> {
    if !meta.is_file() {
        return Err(PrivateFault::Kind { what: what_it_is(meta), wanted: Entry::File });
    }
    judge_owner(meta, Entry::File)?;
    // 0 where the name has just been given to a newer file, which is no fault of this one
    match meta.nlink() {
        0 | 1 => Ok(()),
        names => Err(PrivateFault::Names(names)),
    }
}

fn judge_folder(meta: &Metadata) -> Result<(), PrivateFault> {
    if !meta.is_dir() {
        return Err(PrivateFault::Kind { what: what_it_is(meta), wanted: Entry::Folder });
    }
    judge_owner(meta, Entry::Folder)
}

fn judge_owner(meta: &Metadata, entry: Entry) -> Result<(), PrivateFault> {
    let me = SystemUsers.me();
    if meta.uid() != me {
        let name = |uid| SystemUsers.user_name(uid).unwrap_or_else(|| format!("number {uid}"));
        return Err(PrivateFault::Owner { entry, owner: name(meta.uid()), me: name(me), root: me == 0 });
    }
    match meta.mode() & 0o7777 {
        mode if mode & OTHERS == 0 => Ok(()),
        mode => Err(PrivateFault::Mode { entry, mode }),
    }
}

/// Reads to the end into one buffer that never moves, so that no copy is left in memory; `None`
/// when there is more than `limit`.
fn whole(mut file: &File, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length > limit {
        return Ok(None);
    }
    // one byte more shows whether it has grown meanwhile
    let mut bytes = Zeroizing::new(vec![0; length.saturating_add(1)]);
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled > length {
        return Err(io::Error::other("it changed while it was read"));
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}
