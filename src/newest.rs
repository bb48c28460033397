//! The newest file in a folder, however many there are, within a time limit.
//!
//! The folder may be on a server that is away, where every question hangs: a thread asks, which is left
//! behind when its time is over.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use jiff::Timestamp;

use crate::deadline::Deadline;

/// What has been found in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Newest {
    /// When the newest file was modified, of those that were.
    pub(crate) modified: Option<Timestamp>,
    /// How many folders and files could not be looked at.
    pub(crate) unreadable: u64,
    /// How many files were modified later than can be.
    pub(crate) in_future: u64,
    /// Whether the time was over before everything was looked at.
    pub(crate) stopped: bool,
}

/// Which files count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// One that is newer than this settles it: nothing more is looked at.
    pub(crate) enough: Timestamp,
    /// One that is newer than this says nothing about when it was made.
    pub(crate) most: Timestamp,
}

/// Looks for the newest regular file at a path: the file, or those in the folder and the folders in it.
/// Links inside are not followed.
///
/// # Errors
///
/// What the path itself cannot be looked at for.
pub(crate) fn newest(path: &Path, window: Window, deadline: Deadline) -> io::Result<Newest> {
    let seen = Arc::new(Mutex::new(Newest::default()));
    let (sender, receiver) = mpsc::channel();
    let theirs = Arc::clone(&seen);
    let path = path.to_owned();
    thread::Builder::new().spawn(move || {
        let _ = sender.send(Search { window, deadline, seen: &theirs }.all(&path));
    })?;
    let ended = deadline.receive(&receiver);
    let mut found = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Ok(result) = ended {
        return result.map(|()| found);
    }
    found.stopped = true;
    Ok(found)
}

struct Search<'a> {
    window: Window,
    deadline: Deadline,
    seen: &'a Mutex<Newest>,
}

impl Search<'_> {
    fn all(&self, path: &Path) -> io::Result<()> {
        let meta = fs::metadata(path)?;
        if !meta.is_dir() {
            self.file(&meta);
            return Ok(());
        }
        // the first one has to open: there is nothing to say about a folder that nobody may read
        let mut folders: Vec<PathBuf> = Vec::new();
        if self.folder(fs::read_dir(path)?, &mut folders) {
            return Ok(());
        }
        while let Some(folder) = folders.pop() {
            match fs::read_dir(&folder) {
                Ok(entries) => {
                    if self.folder(entries, &mut folders) {
                        return Ok(());
                    }
                }
                Err(_) => self.change(|seen| seen.unreadable += 1),
            }
        }
        Ok(())
    }

    /// Looks at what is in a folder; tells whether that settles it.
    fn folder(&self, entries: fs::ReadDir, folders: &mut Vec<PathBuf>) -> bool {
        for entry in entries {
            if self.deadline.remaining().is_none() {
                self.change(|seen| seen.stopped = true);
                return true;
            }
            // not through a link, which leads elsewhere
            match entry.and_then(|entry| Ok((entry.metadata()?, entry))) {
                Ok((meta, entry)) if meta.is_dir() => folders.push(entry.path()),
                Ok((meta, _)) if meta.is_file() => {
                    if self.file(&meta) {
                        return true;
                    }
                }
                Ok(_) => {}
                // it has gone meanwhile
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => self.change(|seen| seen.unreadable += 1),
            }
        }
        false
    }

    /// Takes a file into account; tells whether it is new enough.
    fn file(&self, meta: &Metadata) -> bool {
        let Some(modified) = meta.modified().ok().and_then(|time| Timestamp::try_from(time).ok()) else {
            self.change(|seen| seen.unreadable += 1);
            return false;
        };
        if modified > self.window.most {
            self.change(|seen| seen.in_future += 1);
            return false;
        }
        self.change(|seen| seen.modified = seen.modified.max(Some(modified)));
        modified >= self.window.enough
    }

    fn change(&self, change: impl FnOnce(&mut Newest)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, Instant, SystemTime};

    use super::*;

    fn file(path: &Path, seconds: u64) {
        let file = File::create(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    fn look(path: &Path) -> Newest {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let deadline = Deadline::after(Instant::now(), Duration::from_secs(20));
        newest(path, Window { enough: at(500), most: at(1_000) }, deadline).unwrap()
    }

    fn second(found: &Newest) -> Option<i64> {
        found.modified.map(Timestamp::as_second)
    }

    #[test]
    fn the_newest_file_counts_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(look(folder.path()), Newest::default(), "an empty folder has none");
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        file(&folder.path().join("old"), 10);
        file(&folder.path().join("a/b/new"), 400);
        file(&folder.path().join("future"), 1_001);
        let found = look(folder.path());
        assert_eq!((second(&found), found.in_future, found.stopped), (Some(400), 1, false));
        assert_eq!(second(&look(&folder.path().join("old"))), Some(10));
    }

    #[test]
    fn links_inside_are_not_followed_and_the_path_itself_may_be_one() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        file(&other.path().join("new"), 400);
        symlink(other.path(), folder.path().join("link")).unwrap();
        symlink(other.path().join("new"), folder.path().join("file")).unwrap();
        assert_eq!(second(&look(folder.path())), None);
        assert_eq!(second(&look(&folder.path().join("link"))), Some(400));
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let window = Window { enough: Timestamp::MIN, most: Timestamp::MAX };
        let deadline = Deadline::after(Instant::now(), Duration::from_secs(20));
        assert_eq!(newest(&gone, window, deadline).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn when_the_time_is_over_what_was_seen_counts() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder.path().join("old"), 10);
        let window = Window { enough: Timestamp::MAX, most: Timestamp::MAX };
        let found = newest(folder.path(), window, Deadline::after(Instant::now(), Duration::ZERO)).unwrap();
        assert!(found.stopped);
    }
}
