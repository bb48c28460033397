//! Whose home: the person's, the folders that belong to it, and the name of the computer.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use directories::BaseDirs;
use nix::unistd::{Uid, User, gethostname};

use crate::deadline::Deadline;

/// The folder inside each configuration folder that is ours.
pub(crate) const FOLDER: &str = "backup-notify";

/// How long a home folder is looked up for a log: a file answers at once, a directory in far less.
const HIDE_PATIENCE: Duration = Duration::from_secs(1);

/// Returns the folders in which a task named without a path is looked for, the person's own first.
pub fn configuration_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    folders.extend(own_configuration().map(|folder| folder.join(FOLDER)));
    folders.push(Path::new(system_configuration()).join(FOLDER));
    folders
}

/// Returns the home folder of the person who runs the program.
///
/// For root, a HOME that belongs to somebody else counts as little as it does for the configuration.
/// For nobody does one that is not absolute: it would be another home in every folder.
pub fn own() -> Option<PathBuf> {
    let uid = Uid::effective();
    let home = BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()).filter(|home| home.is_absolute());
    let trusted = |home: &PathBuf| !uid.is_root() || home.metadata().is_ok_and(|meta| meta.uid() == 0);
    home.filter(trusted).or_else(|| of_the_database(uid))
}

/// Lists the home folders that logs are not to name: the person's own, and for root that of whoever has
/// become root; each also by its real path, as programs print it.
///
/// The database of users may be a directory that is away, and a home a server that hangs: both are asked in
/// a thread, which is left behind when it takes too long. Then what HOME says has to do.
pub(crate) fn to_hide(deadline: Deadline) -> Vec<String> {
    let limit = deadline.share(5).at_most(HIDE_PATIENCE);
    let as_it_is = || std::env::var("HOME").into_iter().collect();
    in_time(look_up_to_hide, limit).unwrap_or_else(as_it_is)
}

/// Does something that nobody can give a time limit, for no longer than this.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static, limit: Deadline) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || sender.send(work())).ok()?;
    limit.receive(&receiver).ok()
}

fn look_up_to_hide() -> Vec<String> {
    let root = Uid::effective().is_root();
    let homes = own().into_iter().chain(behind_root().filter(|_| root));
    let mut named: Vec<String> = homes
        .flat_map(|home| [home.canonicalize().ok(), Some(home)])
        .filter_map(|home| home?.into_os_string().into_string().ok())
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// Returns the home folder that the passwd database has for a user.
fn of_the_database(uid: Uid) -> Option<PathBuf> {
    let home = User::from_uid(uid).ok().flatten().map(|user| user.dir);
    home.filter(|home| home.is_absolute())
}

/// Returns the home folder of the person who became root by sudo.
fn behind_sudo() -> Option<PathBuf> {
    let name = std::env::var("SUDO_USER").ok()?;
    let person = User::from_name(&name).ok().flatten()?;
    (!person.uid.is_root()).then_some(person.dir)
}

/// Returns the home folder of the person who has become root, when that can be told.
pub(crate) fn behind_root() -> Option<PathBuf> {
    let foreign = |home: &PathBuf| home.is_absolute() && home.metadata().is_ok_and(|meta| meta.uid() != 0);
    behind_sudo().or_else(|| std::env::var_os("HOME").map(PathBuf::from).filter(foreign))
}

/// Returns the home folder to offer to root, who has looked for accounts in root's own.
///
/// `person` is who has become root. Without one it is worth a word only where nothing was found.
pub(crate) fn to_offer_root(root: bool, person: Option<PathBuf>, found: bool) -> Option<PathBuf> {
    let example = if cfg!(target_os = "macos") { "/Users/NAME" } else { "/home/NAME" };
    match person {
        _ if !root => None,
        Some(person) => Some(person),
        None => (!found).then(|| PathBuf::from(example)),
    }
}

/// Returns the person's configuration folder.
///
/// For root, a HOME that belongs to somebody else (sudo keeps it on macOS) would let that person
/// choose root's task: then root's own home of the passwd database counts (design, section 2).
fn own_configuration() -> Option<PathBuf> {
    let uid = Uid::effective();
    let dirs = BaseDirs::new();
    if uid.is_root() {
        let foreign = |path: &Path| path.metadata().is_ok_and(|meta| meta.uid() != 0);
        let dirs = dirs.filter(|dirs| {
            dirs.config_dir().is_absolute() && !foreign(dirs.home_dir()) && !foreign(dirs.config_dir())
        });
        if let Some(dirs) = dirs {
            return Some(dirs.config_dir().to_owned());
        }
        return of_the_database(uid).map(|home| home.join(relative_configuration()));
    }
    let configuration = dirs.map(|dirs| dirs.config_dir().to_owned()).filter(|folder| folder.is_absolute());
    configuration.or_else(|| of_the_database(uid).map(|home| home.join(relative_configuration())))
}

/// Returns where the configuration folder lies in a home folder.
fn relative_configuration() -> &'static str {
    if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" }
}

/// Returns the configuration folder of the whole computer.
fn system_configuration() -> &'static str {
    if cfg!(target_os = "macos") { "/Library/Application Support" } else { "/etc" }
}

/// Returns where, in a home folder, we keep what the person has given us.
///
/// The variables for such folders (`XDG_DATA_HOME` and the like) do not count: cron and systemd do
/// not have those of the terminal, and a hook has to find what was kept from there.
pub(crate) fn data_folder(home: &Path) -> PathBuf {
    home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" })
        .join(FOLDER)
}

/// Returns where, in a home folder, we keep what belongs to this computer.
pub(crate) fn state_folder(home: &Path) -> PathBuf {
    home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" })
        .join(FOLDER)
}

/// Returns the folder in which messages wait when a task names none; nothing is waited for with a home folder
/// that nobody knows.
pub(crate) fn outbox() -> Option<PathBuf> {
    own().map(|home| state_folder(&home).join("outbox"))
}

/// Returns the name of the running user, or the number of one without a name.
pub(crate) fn user_name() -> String {
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("number {uid}"), |user| user.name)
}

/// Returns this computer's name for EHLO when it is a full domain name.
pub fn hello_name() -> Option<String> {
    let name = gethostname().ok()?.into_string().ok()?;
    let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (name.contains('.') && name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_offered_the_home_of_the_person_or_of_anybody() {
        let kim = || Some(PathBuf::from("/Users/kim"));
        assert_eq!(to_offer_root(true, kim(), false), kim());
        assert_eq!(to_offer_root(true, kim(), true), kim());
        assert!(to_offer_root(true, None, false).unwrap().ends_with("NAME"));
        assert_eq!(to_offer_root(true, None, true), None);
        assert_eq!(to_offer_root(false, kim(), false), None);
    }

    #[test]
    fn what_takes_too_long_is_left_behind() {
        let (keeper, waits) = mpsc::channel::<()>();
        let within = |length| Deadline::after(std::time::Instant::now(), length);
        assert_eq!(in_time(|| 7, within(Duration::from_secs(60))), Some(7));
        let soon = within(Duration::from_millis(20));
        assert!(in_time(move || waits.recv().is_ok(), soon).is_none());
        drop(keeper);
    }
}
