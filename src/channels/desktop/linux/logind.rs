//! Who is logged in where, as logind (or elogind) writes it down.
//!
//! Its files are for systemd's own library first; that library (sd-login(3)) reads them in the same way,
//! and asking over the system bus would take longer and tell no more.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};

/// The folder of the sessions.
const FOLDER: &str = "/run/systemd/sessions";
/// How many sessions are looked at (logind.conf(5): `SessionsMax=` is 8192 where nobody has changed it),
/// and how long the file of one may be.
const MOST: usize = 16_384;
const LENGTH: u64 = 16 << 10;

/// A session.
#[allow(clippy::struct_excessive_bools, reason = "what logind writes down is independent of each other")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user: u32,
    /// The user's name, which spares asking for it.
    pub(super) name: Option<String>,
    /// Whether it is a screen with windows.
    pub(super) graphical: bool,
    /// Whether it is the one in front, where several share a screen.
    pub(super) active: bool,
    /// Whether it is not about to end.
    pub(super) alive: bool,
    /// Whether it has a screen and a keyboard of this computer.
    pub(super) at_seat: bool,
}

/// Lists the sessions of people; `None` where nobody writes them down.
pub(super) fn sessions() -> Option<Vec<Session>> {
    let folder = Path::new(FOLDER);
    let meta = folder.symlink_metadata().ok()?;
    if !meta.is_dir() || meta.uid() != 0 {
        return None;
    }
    // beside each there is a pipe, "1.ref", and for a moment the next version, ".#1…"
    let entries = fs::read_dir(folder).ok()?.flatten();
    let entries = entries.filter(|entry| !entry.file_name().as_encoded_bytes().contains(&b'.')).take(MOST);
    Some(entries.filter_map(|entry| read(&entry.path())).filter_map(|text| parse(&text)).collect())
}

/// Reads a file of root's.
fn read(path: &Path) -> Option<String> {
    let file: File = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.uid() != 0 || meta.mode() & 0o022 != 0 {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LENGTH).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a session of a person; those of the log-in screen, of services and the like are none.
fn parse(text: &str) -> Option<Session> {
    let value = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim_matches('"'))
    };
    // older versions of elogind write no class for a person's session
    if !value("CLASS").is_none_or(|class| ["user", "user-early", "user-light"].contains(&class)) {
        return None;
    }
    Some(Session {
        user: value("UID")?.parse().ok()?,
        name: value("USER").filter(|name| !name.is_empty()).map(str::to_owned),
        graphical: value("TYPE").is_some_and(|kind| ["x11", "wayland", "mir"].contains(&kind)),
        active: value("ACTIVE") == Some("1"),
        alive: value("STATE") != Some("closing"),
        at_seat: value("SEAT").is_some_and(|seat| !seat.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As systemd 252 writes it.
    const FILE: &str = "# This is private data. Do not parse.\nUID=1000\nUSER=kim\nACTIVE=1\nIS_DISPLAY=1\n\
        STATE=active\nREMOTE=0\nLEADER_FD_SAVED=1\nTYPE=wayland\nORIGINAL_TYPE=wayland\nCLASS=user\n\
        SCOPE=session-2.scope\nFIFO=/run/systemd/sessions/2.ref\nSEAT=seat0\nTTY=tty2\nTTY_VALIDITY=from-pam\n\
        SERVICE=gdm-password\nDESKTOP=gnome\nPOSITION=2\nLEADER=1234\nAUDIT=2\nREALTIME=1\nMONOTONIC=2\n\
        CONTROLLER=:1.20\n";

    #[test]
    fn the_session_of_a_person_at_a_screen_is_seen() {
        let session = parse(FILE).unwrap();
        let name = Some("kim".to_owned());
        let whole = Session { user: 1000, name, graphical: true, active: true, alive: true, at_seat: true };
        assert_eq!(session, whole);
        let changed = |from: &str, to: &str| parse(&FILE.replacen(from, to, 1)).unwrap();
        assert_eq!(changed("TYPE=wayland", "TYPE=x11"), whole);
        let but = |change: fn(&mut Session)| {
            let mut session = whole.clone();
            change(&mut session);
            session
        };
        assert_eq!(changed("TYPE=wayland", "TYPE=tty"), but(|session| session.graphical = false));
        assert_eq!(changed("ACTIVE=1", "ACTIVE=0"), but(|session| session.active = false));
        assert_eq!(changed("STATE=active", "STATE=closing"), but(|session| session.alive = false));
        assert_eq!(changed("SEAT=seat0\n", ""), but(|session| session.at_seat = false));
        assert_eq!(changed("USER=kim\n", "USER=\n"), but(|session| session.name = None));
        assert_eq!(changed("UID=1000", "UID=1001").user, 1001);
    }

    #[test]
    fn what_is_no_session_of_a_person_is_left_out() {
        for class in ["greeter", "lock-screen", "background", "manager", "background-light", "none"] {
            assert_eq!(parse(&FILE.replace("CLASS=user", &format!("CLASS={class}"))), None);
        }
        assert_eq!(parse(&FILE.replace("UID=1000", "UID=kim")), None);
        assert_eq!(parse(&FILE.replace("UID=1000", "UID=-1")), None);
        assert_eq!(parse(""), None);
    }

    proptest! {
        #[test]
        fn no_file_is_too_odd(text in ".*") {
            parse(&text);
        }
    }
}
