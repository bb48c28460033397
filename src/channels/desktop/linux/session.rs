//! Whose session it is, and where its bus listens.

use std::ffi::OsStr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::address::{self, Place, places};
use super::logind::{self, Session};
use crate::deadline::Deadline;
use crate::people;

/// The folder of the folders that belong to a session (XDG Base Directory Specification,
/// `XDG_RUNTIME_DIR`; where systemd makes it, it is this one).
const RUNTIME: &str = "/run/user";
/// How many people are told at most.
const MOST: usize = 16;
/// The group of nobody, for a user whom this computer does not know.
const NO_GROUP: u32 = 65_534;

/// A person who may be logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) user: u32,
    /// The name for people.
    pub(super) name: String,
    /// The group, unless the user database did not say it in time.
    pub(super) group: Option<u32>,
    pub(super) presence: Presence,
}

/// What is known of a person's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// They have a screen.
    Sure,
    /// Where nobody writes down who does, a session bus says so.
    Folder,
    /// They are logged in, as far as is known without a screen: that nobody shows notices there only means
    /// that there is none.
    Text,
}

impl Person {
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
/// counts only when the socket is root's, and has a file that says so.
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
    let usual = folder.into_iter().chain(usual).filter(|path| path.is_absolute());
    if user == 0 {
        found.extend(usual.map(Place::Path));
        // who has taken a name that only the kernel knows can be anybody
        found.retain(|place| matches!(place, Place::Path(path) if is_roots(path)));
    } else {
        found.extend(usual.filter(|path| is_socket(path)).map(Place::Path));
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
///
/// From the root on, and no link is followed: in a folder of somebody else nothing is looked at, since
/// what is mounted there can make whoever looks wait for ever.
fn is_roots(path: &Path) -> bool {
    let mut folders: Vec<_> = path.ancestors().skip(1).collect();
    folders.reverse();
    let roots = |path: &Path| path.symlink_metadata().ok().filter(|meta| meta.uid() == 0);
    folders.into_iter().all(|folder| roots(folder).is_some_and(|meta| meta.is_dir()))
        && roots(path).is_some_and(|meta| meta.file_type().is_socket())
}

/// Finds the people to whom root's notice goes, among the sessions that logind has written down.
pub(super) fn people(sessions: Option<&[Session]>, deadline: Deadline) -> Vec<Person> {
    let behind_root = behind_root(sessions, deadline);
    let (mut users, presence) = choose(sessions, behind_root, &with_folder());
    users.truncate(MOST);
    let found = people::by_numbers(&users, deadline);
    let person = |(user, found): (u32, people::Found)| {
        let group =
            found.as_ref().ok().map(|known| known.as_ref().map_or(NO_GROUP, |user| user.gid.as_raw()));
        let name = named(sessions, user).or_else(|| Some(found.ok()??.name));
        Person { user, name: shown(user, name), group, presence }
    };
    users.into_iter().zip(found).map(person).collect()
}

/// Returns the name that logind has written down: nobody has to be asked for it.
fn named(sessions: Option<&[Session]>, user: u32) -> Option<String> {
    sessions?.iter().find(|session| session.user == user)?.name.clone()
}

fn shown(user: u32, name: Option<String>) -> String {
    name.map_or_else(|| format!("the user {user}"), |name| people::shown(&name))
}

/// Chooses: the person who has become root, when they have a screen; else whoever sits at one of this
/// computer's; else whoever has left one locked, where the notice waits for them. A session without a
/// seat counts for no other than the person behind root: anybody who comes by ssh can call theirs a
/// screen (org.freedesktop.login1(5), `SetType`). Where nobody is known to have one, somebody may all the
/// same: `startx` makes a screen of a session that began as text.
fn choose(
    sessions: Option<&[Session]>,
    behind_root: Option<u32>,
    with_folder: &[u32],
) -> (Vec<u32>, Presence) {
    let Some(sessions) = sessions else {
        // no logind: nobody knows more than the folders
        let users = match behind_root.filter(|user| with_folder.contains(user)) {
            Some(user) => vec![user],
            None => with_folder.to_vec(),
        };
        return (each(users), Presence::Folder);
    };
    let screens = || sessions.iter().filter(|session| session.graphical && session.alive);
    if let Some(user) = behind_root.filter(|user| screens().any(|session| session.user == *user)) {
        return (vec![user], Presence::Sure);
    }
    let (active, away): (Vec<_>, Vec<_>) =
        screens().filter(|session| session.at_seat).partition(|session| session.active);
    if let Some(there) = [active, away].into_iter().find(|sessions| !sessions.is_empty()) {
        return (each(there.into_iter().map(|session| session.user).collect()), Presence::Sure);
    }
    let texts = sessions.iter().filter(|session| session.alive && session.active && session.at_seat);
    (each(behind_root.into_iter().chain(texts.map(|session| session.user)).collect()), Presence::Text)
}

fn each(mut users: Vec<u32>) -> Vec<u32> {
    users.sort_unstable();
    users.dedup();
    users
}

/// The running user, as far as it can be told without asking anybody.
pub(super) struct Me {
    pub(super) user: u32,
    /// Whether logind knows that there is no session at a screen.
    pub(super) has_no_screen: bool,
    /// What logind knows of everybody.
    pub(super) sessions: Option<Vec<Session>>,
}

impl Me {
    pub(super) fn find(user: u32) -> Self {
        let sessions = logind::sessions();
        let has_no_screen = sessions.as_ref().is_some_and(|sessions| {
            !sessions.iter().any(|session| session.graphical && session.alive && session.user == user)
        });
        Self { user, has_no_screen, sessions }
    }

    /// Returns the name for people; only now the user database is asked, if it has to be.
    pub(super) fn name(&self, deadline: Deadline) -> String {
        let ask = || Some(people::by_number(self.user, deadline).ok()??.name);
        shown(self.user, named(self.sessions.as_deref(), self.user).or_else(ask))
    }
}

/// Returns the person who has become root (sudo(8), doas(1), pkexec(1)).
fn behind_root(sessions: Option<&[Session]>, deadline: Deadline) -> Option<u32> {
    let variable = |name| std::env::var(name).ok();
    let number = |name| variable(name)?.parse::<u32>().ok();
    let doas = || {
        let name = variable("DOAS_USER")?;
        let mut sessions = sessions.unwrap_or_default().iter();
        let here = sessions.find(|session| session.name.as_ref() == Some(&name)).map(|session| session.user);
        here.or_else(|| Some(people::by_name(&name, deadline).ok()??.uid.as_raw()))
    };
    // the last number is nobody's (setreuid(2)): it means that nothing is to be changed
    let person = |user: &u32| ![0, u32::MAX].contains(user);
    number("SUDO_UID").or_else(doas).or_else(|| number("PKEXEC_UID")).filter(person)
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
        Session { user, name: None, graphical: true, active: true, alive: true, at_seat: true }
    }

    fn away(user: u32) -> Session {
        Session { active: false, ..screen(user) }
    }

    fn chosen(sessions: &[Session], behind_root: Option<u32>) -> Vec<(u32, bool)> {
        let (users, presence) = choose(Some(sessions), behind_root, &[KIM, SAM]);
        users.into_iter().map(|user| (user, presence == Presence::Sure)).collect()
    }

    #[test]
    fn whoever_sits_at_a_screen_is_told() {
        assert_eq!(chosen(&[], None), []);
        assert_eq!(chosen(&[screen(KIM), screen(KIM)], None), [(KIM, true)]);
        assert_eq!(chosen(&[screen(SAM), screen(KIM)], None), [(KIM, true), (SAM, true)]);
        assert_eq!(chosen(&[screen(SAM), away(KIM)], None), [(SAM, true)]);
        assert_eq!(chosen(&[Session { alive: false, ..screen(KIM) }], None), []);
    }

    #[test]
    fn behind_a_locked_screen_the_notice_waits() {
        assert_eq!(chosen(&[away(KIM)], None), [(KIM, true)]);
        assert_eq!(chosen(&[away(SAM), away(KIM)], None), [(KIM, true), (SAM, true)]);
        assert_eq!(chosen(&[Session { alive: false, ..away(KIM) }], None), []);
        let text = Session { graphical: false, ..screen(SAM) };
        assert_eq!(chosen(&[away(KIM), text], None), [(KIM, true)]);
    }

    #[test]
    fn what_calls_itself_a_screen_and_has_no_seat_is_passed_over() {
        let remote = |session| Session { at_seat: false, ..session };
        for session in [screen(KIM), away(KIM)] {
            assert_eq!(chosen(&[remote(session.clone())], None), []);
            assert_eq!(chosen(&[remote(session.clone()), screen(SAM)], None), [(SAM, true)]);
            assert_eq!(chosen(&[remote(session.clone()), away(SAM)], None), [(SAM, true)]);
            let text = Session { graphical: false, ..screen(SAM) };
            assert_eq!(chosen(&[remote(session.clone()), text], None), [(SAM, false)]);
            // one's own counts
            assert_eq!(chosen(&[remote(session), screen(SAM)], Some(KIM)), [(KIM, true)]);
        }
    }

    #[test]
    fn the_person_who_became_root_comes_first() {
        assert_eq!(chosen(&[screen(SAM), screen(KIM)], Some(KIM)), [(KIM, true)]);
        assert_eq!(chosen(&[screen(SAM), away(KIM)], Some(KIM)), [(KIM, true)]);
        let ended = Session { alive: false, ..screen(KIM) };
        assert_eq!(chosen(&[screen(SAM), ended], Some(KIM)), [(SAM, true)]);
        // who came from another computer does not sit at this one
        assert_eq!(chosen(&[screen(SAM)], Some(KIM)), [(SAM, true)]);
    }

    #[test]
    fn a_session_of_text_may_have_a_screen() {
        let text = || Session { graphical: false, ..screen(KIM) };
        let remote = || Session { at_seat: false, ..text() };
        assert_eq!(chosen(&[text()], None), [(KIM, false)]);
        assert_eq!(chosen(&[remote()], None), []);
        assert_eq!(chosen(&[remote()], Some(KIM)), [(KIM, false)]);
        assert_eq!(chosen(&[text(), screen(SAM)], None), [(SAM, true)]);
    }

    #[test]
    fn without_logind_everybody_with_a_folder_is_asked() {
        let users = |behind_root| choose(None, behind_root, &[KIM, SAM]).0;
        assert_eq!(users(None), [KIM, SAM]);
        assert_eq!(users(Some(SAM)), [SAM]);
        assert_eq!(users(Some(4242)), [KIM, SAM]);
    }
}
