//! The key of a folder: made with its first message, never replaced while there is one.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::OutboxError;
use super::lock::{Held, try_lock};
use super::names::Names;
use super::seal::Key;
use crate::files::{
    Purpose, WriteError, is_at, is_within_limit, make_way_lasting, open_private_in, open_private_lock,
    read_private_in,
};

/// The most bytes that are read of what should be a key.
const MOST: usize = 4096;
/// How long another process may take that has the lock of the key: all it does there is a few writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether it is done.
const PAUSE: Duration = Duration::from_millis(5);

/// Returns where the key of a folder is.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("key")
}

/// Reads the key; `None` when there is none.
pub(super) fn find(folder: &Path) -> Result<Option<Key>, OutboxError> {
    let path = path(folder);
    let Some(line) = read_private_in(&path, Purpose::OutboxKey, MOST)? else { return Ok(None) };
    if let Some(key) = Key::from_line(&line) {
        return Ok(Some(key));
    }
    // perhaps somebody is just writing it: then it is whole when they let go of it
    let Some(file) = open_private_in(&path, Purpose::OutboxKey, OpenOptions::new().read(true).write(true))?
    else {
        return Ok(None);
    };
    match read(&*wait_for(file, &path)?, &path)? {
        Some(key) => Ok(Some(key)),
        None => Err(OutboxError::KeyDamaged { key: path }),
    }
}

/// Reads the key, and makes it when there is nothing yet that was sealed with one.
///
/// It is written where it stands, under a lock. A writer that is killed leaves a piece of a key, with which
/// nothing was sealed, because that comes after it is whole on the disk: the next one writes it anew.
pub(super) fn find_or_make(folder: &Path) -> Result<Key, OutboxError> {
    let path = path(folder);
    let look = || -> Result<Option<Option<Key>>, OutboxError> {
        let line = read_private_in(&path, Purpose::OutboxKey, MOST)?;
        Ok(line.map(|line| Key::from_line(&line)))
    };
    let mut found = look()?;
    if found.is_none() && !Names::read(folder)?.ids.is_empty() {
        // when these were made by another process a moment ago, then so was the key
        found = look()?;
        if found.is_none() {
            return Err(OutboxError::KeyMissing { key: path });
        }
    }
    if let Some(Some(key)) = found {
        return Ok(key);
    }
    let held = locked(folder)?;
    let mut file: &File = &held;
    if let Some(key) = read(file, &path)? {
        return Ok(key);
    }
    if !Names::read(folder)?.ids.is_empty() {
        return Err(OutboxError::KeyDamaged { key: path });
    }
    let key = Key::random()?;
    let line = key.to_line();
    let written = is_within_limit(line.len())
        .and_then(|()| file.set_permissions(Permissions::from_mode(0o600)))
        .and_then(|()| file.set_len(0))
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&line))
        .and_then(|()| file.sync_all());
    written.map_err(|error| WriteError { path: path.clone(), error, there: false })?;
    // on a full disk it could not be made when somebody wants to send, which makes room
    let _ = open_private_lock(&super::turn::path(folder), Purpose::OutboxLock);
    make_way_lasting(folder)?;
    Ok(key)
}

/// Takes the lock of the key's file, which is made where it is missing. Who has it may make the key, and
/// may drop messages at the limits.
pub(super) fn locked(folder: &Path) -> Result<Held, OutboxError> {
    let path = path(folder);
    for _ in 0..100 {
        let file = wait_for(open_private_lock(&path, Purpose::OutboxKey)?, &path)?;
        if is_at(&file, &path) {
            return Ok(file);
        }
    }
    Err(OutboxError::Busy { path })
}

/// Waits for a lock that others have for moments only.
fn wait_for(mut file: File, path: &Path) -> Result<Held, OutboxError> {
    let begun = Instant::now();
    loop {
        let tried = try_lock(file);
        match tried.map_err(|error| WriteError { path: path.to_owned(), error, there: false })? {
            Ok(held) => return Ok(held),
            Err(other) if begun.elapsed() < PATIENCE => file = other,
            Err(_) => return Err(OutboxError::Busy { path: path.to_owned() }),
        }
        thread::sleep(PAUSE);
    }
}

/// Reads a key from its file; `None` when it holds none.
fn read(mut file: &File, path: &Path) -> Result<Option<Key>, OutboxError> {
    let wrong = |error| OutboxError::Read { path: path.to_owned(), error };
    file.rewind().map_err(wrong)?;
    let mut line = Vec::new();
    file.take(MOST as u64).read_to_end(&mut line).map_err(wrong)?;
    Ok(Key::from_line(&line))
}
