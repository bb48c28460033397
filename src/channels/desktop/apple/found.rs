//! Where terminal-notifier lies, if it is installed.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Places;
use super::console::Session;

const NAME: &str = "terminal-notifier";

/// Finds it: a person's own by their PATH and then in the usual folders; for the session of somebody
/// else only there, because the environment of root is not that person's.
pub(super) fn terminal_notifier(places: &Places, session: &Session, path: Option<&OsStr>) -> Option<PathBuf> {
    let usual = places.folders.iter().map(|folder| folder.join(NAME));
    match session {
        Session::Own(_) => {
            let path = path.into_iter().flat_map(std::env::split_paths);
            // an empty or relative entry means another file in every folder
            let own = path.filter(|folder| folder.is_absolute()).map(|folder| folder.join(NAME));
            own.chain(usual).find(|file| is_program(file))
        }
        Session::Of(person) => usual
            .filter_map(|file| file.canonicalize().ok())
            .find(|file| is_program(file) && is_of(file, person.uid)),
    }
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Tells whether a file, with every folder above it, belongs to root or to this person: the owner of
/// a Homebrew must not be run by root as somebody else. Its group, the administrators, may write
/// there, and could become anybody anyhow.
fn is_of(file: &Path, person: u32) -> bool {
    file.ancestors().all(|entry| {
        entry.metadata().is_ok_and(|meta| {
            let open = meta.mode() & 0o002 != 0 && meta.mode() & 0o1000 == 0;
            (meta.uid() == 0 || meta.uid() == person) && !open
        })
    })
}
