//! Whose session it is, and where its bus listens.

use std::ffi::OsStr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::address::{self, Place, places};
use super::logind::{self, Session};

/// The folder of the folders that belong to a session (XDG Base Directory Specification,
/// `XDG_RUNTIME_DIR`; where systemd makes it, it is this one).
const RUNTIME: &str = "/run/user";
/// How many people are told at most.
const MOST: usize = 16;

/// A person who may be logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) user: u32,
    pub(super) presence: Presence,
}

/// What is known of a person's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// They sit at a screen.
    Sure,
    /// Where nobody writes down who does, a session bus says so.
    Folder,
    /// They are logged in, as far as is known without a screen: that nobody shows notices there only means
    /// that there is none.
    Text,
}

impl Person {
    /// Returns the name for people.
    pub(super) fn name(&self) -> String {
        let known = User::from_uid(Uid::from_raw(self.user)).ok().flatten();
        known.map_or_else(|| format!("the user {}", self.user), |user| user.name)
    }

    /// Returns where this person's bus listens (systemd's dbus.socket for users).
    pub(super) fn place(&self) -> Place {
        Place::Path(bus_of(self.user))
    }
}

fn bus_of(user: u32) -> PathBuf {
    Path::new(RUNTIME).join(user.to_string()).join("bus")
}

/// The running user's own session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// Where its bus may listen, the best first.
    pub(super) places: Vec<Place>,
    /// The address of the variable, when this program cannot reach it.
    pub(super) unreachable: Option<String>,
}

/// Finds the running user's own bus. For root, a variable left by somebody else (sudo can keep it)
/// counts only when the socket is root's.
pub(super) fn own(user: u32) -> Own {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut found = Vec::new();
    let mut unreachable = None;
    if let Some(list) = variable("DBUS_SESSION_BUS_ADDRESS") {
        found = places(&list);
        // GLib and others write so where there is no bus
        let none = found.is_empty() && !list.as_encoded_bytes().starts_with(b"disabled:");
        unreachable = none.then(|| address::clean(&list));
    }
    let folder = variable("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("bus"));
    let usual = (user != 0).then(|| bus_of(user));
    let sockets = folder.into_iter().chain(usual).filter(|path| path.is_absolute() && is_socket(path));
    found.extend(sockets.map(Place::Path));
    if user == 0 {
        found.retain(|place| match place {
            Place::Path(path) => is_roots(path),
            // who holds a name is seen when it is connected to
            Place::Abstract(_) => true,
        });
    }
    let mut places = Vec::new();
    for place in found {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Own { places, unreachable: unreachable.filter(|_| user != 0) }
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.file_type().is_socket())
}

/// Tells whether a socket is root's, in a folder where nobody else could have put it.
fn is_roots(path: &Path) -> bool {
    let socket = path.symlink_metadata().is_ok_and(|meta| meta.file_type().is_socket() && meta.uid() == 0);
    // the folders from the root on: none of another's is entered
    let mut folders: Vec<_> = path.ancestors().skip(1).collect();
    folders.reverse();
    folders.iter().all(|folder| folder.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == 0))
        && socket
}

/// Finds the people to whom root's notice goes.
pub(super) fn people() -> Vec<Person> {
    let mut people = choose(logind::sessions().as_deref(), behind_root(), &with_folder());
    people.truncate(MOST);
    people
}

/// Chooses: the person who has become root, when they sit at a screen; else whoever does. Where nobody is
/// known to, somebody may all the same: `startx` makes a screen of a session that began as text.
fn choose(sessions: Option<&[Session]>, behind_root: Option<u32>, with_folder: &[u32]) -> Vec<Person> {
    let Some(sessions) = sessions else {
        // no logind: nobody knows more than the folders
        let users = match behind_root.filter(|user| with_folder.contains(user)) {
            Some(user) => vec![user],
            None => with_folder.to_vec(),
        };
        return all(users, Presence::Folder);
    };
    let screens = || sessions.iter().filter(|session| session.graphical && session.alive);
    if let Some(user) = behind_root.filter(|user| screens().any(|session| session.user == *user)) {
        return all(vec![user], Presence::Sure);
    }
    let active = screens().filter(|session| session.active).map(|session| session.user).collect();
    let people = all(active, Presence::Sure);
    if !people.is_empty() {
        return people;
    }
    let texts = sessions.iter().filter(|session| session.alive && session.active && session.at_seat);
    all(behind_root.into_iter().chain(texts.map(|session| session.user)).collect(), Presence::Text)
}

fn all(mut users: Vec<u32>, presence: Presence) -> Vec<Person> {
    users.sort_unstable();
    users.dedup();
    users.into_iter().map(|user| Person { user, presence }).collect()
}

/// Tells whether logind knows that this user has no session at a screen.
pub(super) fn has_no_screen(user: u32) -> bool {
    logind::sessions().is_some_and(|sessions| {
        !sessions.iter().any(|session| session.graphical && session.alive && session.user == user)
    })
}

/// Returns the person who has become root (sudo(8), doas(1), pkexec(1)).
fn behind_root() -> Option<u32> {
    let variable = |name| std::env::var(name).ok();
    let number = |name| variable(name)?.parse::<u32>().ok();
    let doas = || Some(User::from_name(&variable("DOAS_USER")?).ok()??.uid.as_raw());
    number("SUDO_UID").or_else(doas).or_else(|| number("PKEXEC_UID")).filter(|user| *user != 0)
}

/// Lists the users who have a folder for their sessions. Nothing in it is looked at: it is theirs.
fn with_folder() -> Vec<u32> {
    let entries = std::fs::read_dir(RUNTIME).into_iter().flatten().flatten();
    let number = |name: &OsStr| name.to_str()?.parse::<u32>().ok();
    let mut users: Vec<u32> = entries.filter_map(|entry| number(&entry.file_name())).collect();
    users.sort_unstable();
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIM: u32 = 1000;
    const SAM: u32 = 1001;

    fn screen(user: u32) -> Session {
        Session { user, graphical: true, active: true, alive: true, at_seat: true }
    }

    fn chosen(sessions: &[Session], behind_root: Option<u32>) -> Vec<(u32, bool)> {
        let people = choose(Some(sessions), behind_root, &[KIM, SAM]);
        people.into_iter().map(|person| (person.user, person.presence == Presence::Sure)).collect()
    }

    #[test]
    fn whoever_sits_at_a_screen_is_told() {
        assert_eq!(chosen(&[], None), []);
        assert_eq!(chosen(&[screen(KIM), screen(KIM)], None), [(KIM, true)]);
        assert_eq!(chosen(&[screen(SAM), screen(KIM)], None), [(KIM, true), (SAM, true)]);
        assert_eq!(chosen(&[screen(SAM), Session { active: false, ..screen(KIM) }], None), [(SAM, true)]);
        assert_eq!(chosen(&[Session { active: false, ..screen(KIM) }], None), []);
        assert_eq!(chosen(&[Session { alive: false, ..screen(KIM) }], None), []);
    }

    #[test]
    fn the_person_who_became_root_comes_first() {
        assert_eq!(chosen(&[screen(SAM), screen(KIM)], Some(KIM)), [(KIM, true)]);
        let away = Session { active: false, ..screen(KIM) };
        assert_eq!(chosen(&[screen(SAM), away], Some(KIM)), [(KIM, true)]);
        // who came from another computer does not sit at this one
        assert_eq!(chosen(&[screen(SAM)], Some(KIM)), [(SAM, true)]);
    }

    #[test]
    fn a_session_of_text_may_have_a_screen() {
        let text = Session { graphical: false, ..screen(KIM) };
        assert_eq!(chosen(&[text], None), [(KIM, false)]);
        assert_eq!(chosen(&[Session { at_seat: false, ..text }], None), []);
        assert_eq!(chosen(&[Session { at_seat: false, ..text }], Some(KIM)), [(KIM, false)]);
        assert_eq!(chosen(&[text, screen(SAM)], None), [(SAM, true)]);
    }

    #[test]
    fn without_logind_everybody_with_a_folder_is_asked() {
        let users = |behind_root| {
            let people = choose(None, behind_root, &[KIM, SAM]);
            people.into_iter().map(|person| person.user).collect::<Vec<_>>()
        };
        assert_eq!(users(None), [KIM, SAM]);
        assert_eq!(users(Some(SAM)), [SAM]);
        assert_eq!(users(Some(4242)), [KIM, SAM]);
    }
}
