//! Where terminal-notifier lies, if it is installed.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Places;
use super::console::Session;
use crate::files::{Purpose, check_program};

const NAME: &str = "terminal-notifier";

/// Finds it: a person's own by their PATH and then in the usual folders; for the session of somebody
/// else only there, because the environment of root is not that person's.
///
/// Root takes only what nobody else can have put there, and looks into no folder of anybody else's: a
/// link there could lead to a file server that never answers, and a program there could be anybody's,
/// and be run as the one at the screen. So it passes over a Homebrew, which belongs to who installed it.
pub(super) fn terminal_notifier(places: &Places, session: &Session, path: Option<&OsStr>) -> Option<PathBuf> {
    let mut usual = places.folders.iter().map(|folder| folder.join(NAME));
    match session {
        Session::Own(_) => {
            let path = path.into_iter().flat_map(std::env::split_paths);
            // an empty or relative entry means another file in every folder
            let own = path.filter(|folder| folder.is_absolute()).map(|folder| folder.join(NAME));
            own.chain(usual).find(|file| is_program(file))
        }
        Session::Of(_) => usual.find(|file| check_program(file, Purpose::NoticeProgram).is_ok()),
    }
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
