//! What the system does not let us read, and what to do about it.
//!
//! macOS answers `EPERM` for what its privacy protection guards, whatever the modes of the files say,
//! and `EACCES` for modes (facts/apple-mail-accounts.md, section 1). The advice is different, so the
//! two are kept apart, and what denies is told once, not for every file below it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Uid, User, geteuid};

use crate::accounts::found::Problem;
use crate::files::{FULL_DISK_ACCESS, FileError, FileFault, Purpose};
use crate::text::{one_line, shell_word};

/// The folders in a home folder that macOS guards, as far as Mail's accounts lie there.
const GUARDED: [&str; 3] = ["Library/Accounts", "Library/Mail", "Library/Containers/com.apple.mail"];

/// Those of them that are there on every Mac with Mail.
const USUAL: [&str; 2] = ["Library/Accounts", "Library/Mail"];

/// Whose rules deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    MacOs,
    Other,
}

const PLATFORM: Platform = if cfg!(target_os = "macos") { Platform::MacOs } else { Platform::Other };

/// What is known of who reads what.
#[derive(Debug)]
struct Reader {
    platform: Platform,
    root: bool,
    /// The owner of the home folder, when that is somebody else.
    owner: Option<String>,
}

/// What has denied so far.
#[derive(Debug, Default)]
pub(super) struct Denials {
    at: Vec<PathBuf>,
}

impl Denials {
    /// Makes a problem of what denied a file of Mail's, unless that has been told already.
    pub(super) fn problem(&mut self, home: &Path, path: &Path, errno: i32) -> Option<Problem> {
        let at = if errno == Errno::EPERM as i32 { guarded(home, path) } else { closed(home, path) };
        if self.at.contains(&at) {
            return None;
        }
        self.at.push(at.clone());
        let (message, hint) = words(&reader(home), home, &at, at == path, errno);
        Some(Problem::of_file(at, message, Some(hint)))
    }

    /// Looks for guarded folders where nothing was found at all: what they hold may only look absent.
    pub(super) fn unseen(&mut self, home: &Path) -> Vec<Problem> {
        let guarded = |folder: &PathBuf| {
            let denied = std::fs::read_dir(folder).err().and_then(|error| error.raw_os_error());
            denied == Some(Errno::EPERM as i32)
        };
        let folders = USUAL.iter().map(|folder| home.join(folder)).filter(guarded);
        folders.filter_map(|folder| self.problem(home, &folder, Errno::EPERM as i32)).collect()
    }
}

/// Makes a problem of a home folder that cannot be read.
pub(super) fn home_problem(home: &Path, fault: FileFault) -> Problem {
    if let FileFault::Denied { path, errno } = &fault {
        let (message, hint) = words(&reader(home), home, path, false, *errno);
        return Problem::of_file(home, message, Some(hint));
    }
    let hint = Some("name the folder that has Library in it: --mail-home /Users/NAME".to_owned());
    let message = FileError::new(Purpose::MailHome, home, fault).to_string();
    Problem::of_file(home, message, hint)
}

/// Returns the guarded folder that a file is in; else the file itself.
fn guarded(home: &Path, path: &Path) -> PathBuf {
    let folders = GUARDED.iter().map(|folder| home.join(folder));
    folders.into_iter().find(|folder| path.starts_with(folder)).unwrap_or_else(|| path.to_owned())
}

/// Returns the folder on the way to a file that lets nobody through, the highest first; else the
/// file itself.
fn closed(home: &Path, path: &Path) -> PathBuf {
    let mut ways: Vec<&Path> = path.ancestors().take_while(|way| way.starts_with(home)).collect();
    ways.reverse();
    let shut = |entry: &Path| {
        entry.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    };
    let below = ways.windows(2).find_map(|pair| match pair {
        [folder, entry] => shut(entry).then_some(*folder),
        _ => None,
    });
    below.unwrap_or(path).to_owned()
}

/// Finds out who reads.
fn reader(home: &Path) -> Reader {
    use std::os::unix::fs::MetadataExt;
    let me = geteuid();
    let owner = home.metadata().ok().map(|meta| Uid::from_raw(meta.uid())).filter(|owner| *owner != me);
    let name =
        |owner: Uid| User::from_uid(owner).ok().flatten().map_or_else(|| owner.to_string(), |user| user.name);
    Reader { platform: PLATFORM, root: me.is_root(), owner: owner.map(name) }
}

/// Says what denies, and what to do about it. `file` tells whether it is a file of Mail's.
fn words(reader: &Reader, home: &Path, at: &Path, file: bool, errno: i32) -> (String, String) {
    let shown = one_line(&at.to_string_lossy()).into_owned();
    let kind = if file { "Mail's file" } else { "folder" };
    let reason = Errno::from_raw(errno).desc().to_lowercase();
    let message = format!("{kind} \"{shown}\" cannot be read: {reason}");
    let word = shell_word(&shown).into_owned();
    if errno == Errno::EPERM as i32 {
        return match reader.platform {
            Platform::MacOs => {
                (format!("{message}: the privacy protection of macOS guards it"), FULL_DISK_ACCESS.to_owned())
            }
            Platform::Other => (
                format!("{message}: something else than the modes of files forbids it"),
                "see what confines this program, such as a sandbox, a container or a security module; outside \
                 of it the file can be read"
                    .to_owned(),
            ),
        };
    }
    // -e shows access control lists, which macOS keeps beside the modes
    let look = if reader.platform == Platform::MacOs { "ls -led" } else { "ls -ld" };
    let look = format!("see who may read it: {look} {word}");
    let hint = match &reader.owner {
        Some(owner) if !reader.root => format!(
            "the home folder belongs to {}; as root it is read: sudo backup-notify accounts --mail-home {}",
            one_line(owner),
            shell_word(&one_line(&home.to_string_lossy()))
        ),
        _ => look,
    };
    (message, hint)
}

#[cfg(test)]
#[path = "denied_tests.rs"]
mod tests;
