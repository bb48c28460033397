//! People who are logged in, or not, in a namespace of a test's own: users, their sessions as logind
//! writes them down, and the folders where their buses listen.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::display::Bus;
use super::namespace::is_inside;

/// The numbers of two ordinary users, and of the group of each.
pub(crate) const KIM: u32 = 4242;
pub(crate) const SAM: u32 = 4243;

/// Gives the test two users and a `/run` of its own, where nobody is logged in.
///
/// Only inside; everything goes with the namespace.
pub(crate) fn appear() {
    assert!(is_inside(), "this is the whole machine");
    mount(&["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    fs::create_dir("/run/user").unwrap();
    for (file, users) in [
        (
            "/etc/passwd",
            format!("kim:x:{KIM}:{KIM}::/nowhere:/bin/sh\nsam:x:{SAM}:{SAM}::/nowhere:/bin/sh\n"),
        ),
        ("/etc/group", format!("kim:x:{KIM}:\nsam:x:{SAM}:\n")),
    ] {
        let own = Path::new("/run").join(file.replace('/', "_"));
        fs::write(&own, fs::read_to_string(file).unwrap() + &users).unwrap();
        fs::set_permissions(&own, PermissionsExt::from_mode(0o644)).unwrap();
        mount(&["--bind", own.to_str().unwrap(), file]);
    }
}

/// Makes every look-up of a user wait for ever, as one in a directory that is not there: whoever opens
/// the file waits for somebody who writes to it.
pub(crate) fn names_hang() {
    assert!(is_inside(), "these are the users of the whole machine");
    mkfifo("/run/silent", Mode::from_bits_truncate(0o644)).unwrap();
    mount(&["--bind", "/run/silent", "/etc/passwd"]);
}

fn mount(arguments: &[&str]) {
    let done = Command::new("mount").args(arguments).status().expect("mount, of Debian's mount");
    assert!(done.success(), "mount {arguments:?}");
}

/// Writes down that somebody is logged in; `lines` replaces what is usual.
pub(crate) fn log_in(session: &str, uid: u32, lines: &str) {
    assert!(is_inside(), "these are the sessions of the whole machine");
    fs::create_dir_all("/run/systemd/sessions").unwrap();
    let usual = format!("UID={uid}\nACTIVE=1\nSTATE=active\nREMOTE=0\nTYPE=x11\nCLASS=user\nSEAT=seat0\n");
    let key = |line: &str| line.split('=').next().unwrap_or_default().to_owned();
    let replaced = |line: &&str| !lines.lines().any(|other| key(other) == key(line));
    let kept: Vec<&str> = usual.lines().filter(replaced).collect();
    let kept = kept.join("\n");
    let text = format!("# This is private data. Do not parse.\n{kept}\n{lines}");
    fs::write(format!("/run/systemd/sessions/{session}"), text).unwrap();
}

/// Makes the folder of a user's session; what lies there is the user's.
pub(crate) fn session_folder(uid: u32) -> PathBuf {
    assert!(is_inside(), "these are the sessions of the whole machine");
    let folder = PathBuf::from(format!("/run/user/{uid}"));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    chown(&folder, Some(uid), Some(uid)).unwrap();
    folder
}

/// Starts a user's bus where systemd would.
pub(crate) fn bus_of(uid: u32) -> Bus {
    Bus::start_for(uid, uid, &session_folder(uid).join("bus"))
}
