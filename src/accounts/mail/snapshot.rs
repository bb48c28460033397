//! A database and its write-ahead log, read at one moment.
//!
//! macOS may be writing both while they are read, and taking a lock would be touching them. So they
//! are read, and read again when either has changed meanwhile. What a writer has not committed yet
//! does no harm: it is at the end of the log, without the mark that makes it count. What would is a
//! log that is begun anew between the two readings: its older changes are then in neither.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use super::database::MOST_BYTES;
use crate::accounts::found::Problem;
use crate::error::Situation;
use crate::files::FileError;

/// How often files that change are read.
const TRIES: u32 = 5;
/// How long to wait before the second reading; before each further one longer.
const PAUSE: Duration = Duration::from_millis(5);
/// The coarsest times of files that are in use: two seconds on FAT, one on HFS+. A change that
/// follows another one sooner need not show.
const COARSE: Duration = Duration::from_secs(2);

/// The bytes of a database and of its log.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) database: Vec<u8>,
    pub(super) wal: Option<Vec<u8>>,
    /// What stands in the way of the newest settings.
    pub(super) problem: Option<Problem>,
}

/// Reads a database and its log as they are at one moment.
pub(super) fn read(path: &Path) -> Result<Snapshot, FileError> {
    read_by(path, |path| super::read_file(path, MOST_BYTES))
}

fn read_by(
    path: &Path,
    mut reader: impl FnMut(&Path) -> Result<Vec<u8>, FileError>,
) -> Result<Snapshot, FileError> {
    let mut name = OsString::from(path);
    name.push("-wal");
    let wal_path = PathBuf::from(name);
    let mut last: Option<Snapshot> = None;
    let mut tries = 0;
    loop {
        tries += 1;
        let before = [State::of(path), State::of(&wal_path)];
        let settled = before.iter().flatten().all(|state| state.is_settled(SystemTime::now()));
        let database = reader(path)?;
        let (wal, problem) = match reader(&wal_path) {
            Ok(wal) => (Some(wal), None),
            Err(error) if error.is_not_found() => (None, None),
            Err(error) => {
                let message = format!("{error}; the newest settings may be missing");
                (None, Some(Problem::of_file(&wal_path, message, error.hint())))
            }
        };
        let unchanged = before == [State::of(path), State::of(&wal_path)];
        let again = last.is_some_and(|last| last.database == database && last.wal == wal);
        let snapshot = Snapshot { database, wal, problem };
        if unchanged && (settled || again) {
            return Ok(snapshot);
        }
        if tries == TRIES {
            return Ok(restless(path, snapshot));
        }
        last = Some(snapshot);
        sleep(PAUSE * tries);
    }
}

/// Says that the files were never still.
fn restless(path: &Path, snapshot: Snapshot) -> Snapshot {
    let message = "it changed each time it was read; some of this may be half written".to_owned();
    let hint = Some("run this again in a moment".to_owned());
    let problem = snapshot.problem.or(Some(Problem::of_file(path, message, hint)));
    Snapshot { problem, ..snapshot }
}

/// What changes when a file is written: its identity, length and times.
#[derive(Debug, PartialEq, Eq)]
struct State {
    file: (u64, u64, u64),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(path: &Path) -> Option<Self> {
        let of = |meta: Metadata| Self {
            file: (meta.dev(), meta.ino(), meta.len()),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        };
        path.metadata().ok().map(of)
    }

    /// Tells whether the last change is so long ago that another one would show in the times.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let last = u64::try_from(self.modified.0.max(self.changed.0)).unwrap_or_default();
        now.checked_sub(Duration::from_secs(last)).is_some_and(|age| age > COARSE)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;
    use crate::files::testing::World;
    use crate::files::{self, Purpose};

    /// Two files that belong together when their contents are the same, and how often they are read.
    struct Files {
        world: World,
        readings: Cell<u32>,
    }

    impl Files {
        fn new() -> Self {
            let world = World::new();
            world.file("db", "1", 0o600);
            world.file("db-wal", "1", 0o600);
            Self { world, readings: Cell::new(0) }
        }

        /// Reads, and lets somebody act after each file that is read.
        fn read(&self, after: impl Fn(u32)) -> Snapshot {
            let reader = |path: &Path| {
                let bytes = files::read_plain(path, Purpose::MailSettings, MOST_BYTES);
                self.readings.set(self.readings.get() + 1);
                after(self.readings.get());
                bytes
            };
            read_by(&self.world.path("db"), reader).unwrap()
        }

        fn write(&self, contents: &str) {
            for name in ["db", "db-wal"] {
                fs::write(self.world.path(name), contents).unwrap();
            }
        }
    }

    #[test]
    fn files_that_change_between_two_readings_are_read_until_they_belong_together() {
        let files = Files::new();
        let snapshot = files.read(|reading| {
            if reading < 4 {
                files.write(&reading.to_string());
            }
        });
        assert_eq!((snapshot.database.as_slice(), snapshot.wal.as_deref()), (&b"3"[..], Some(&b"3"[..])));
        assert_eq!(snapshot.problem, None);
    }

    #[test]
    fn files_whose_times_are_too_young_to_tell_are_read_twice() {
        let files = Files::new();
        let young = State::of(&files.world.path("db")).unwrap();
        assert!(!young.is_settled(SystemTime::now()));
        assert!(young.is_settled(SystemTime::now() + Duration::from_secs(4)));
        let snapshot = files.read(|_| {});
        assert_eq!((files.readings.get(), snapshot.problem), (4, None));
    }

    #[test]
    fn files_that_never_rest_are_taken_with_a_doubt() {
        let files = Files::new();
        let snapshot = files.read(|reading| files.write(&reading.to_string()));
        assert_eq!(files.readings.get(), 2 * TRIES);
        assert!(snapshot.problem.unwrap().message.contains("half written"));
    }

    #[test]
    fn a_log_that_comes_goes_or_cannot_be_read_is_noticed() {
        let files = Files::new();
        let log = files.world.path("db-wal");
        fs::remove_file(&log).unwrap();
        let snapshot = files.read(|reading| {
            if reading == 2 {
                fs::write(&log, "new").unwrap();
            }
        });
        assert_eq!(snapshot.wal.as_deref(), Some(&b"new"[..]));
        fs::remove_file(&log).unwrap();
        fs::create_dir(&log).unwrap();
        let snapshot = files.read(|_| {});
        assert_eq!((snapshot.database.as_slice(), snapshot.wal), (&b"1"[..], None));
        assert_eq!(snapshot.problem.unwrap().path, log);
    }
}
