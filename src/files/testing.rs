//! Help for tests that need real files and an ordinary user.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, chown, geteuid};

/// The user that tests become, and one that is somebody else to everybody: "nobody" on most
/// systems, and a number that no system uses.
const ORDINARY: u32 = 65_534;
pub(crate) const SOMEBODY_ELSE: u32 = 54_321;
const SWITCH: &str = "BACKUP_NOTIFY_TEST_AS_ORDINARY_USER";

pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// Runs a test once more as an ordinary user, when it runs as root; `name` is its full path.
pub(crate) fn also_as_ordinary_user(name: &str) {
    if !is_root() {
        return;
    }
    // by this name the program can be started even when its folder is closed to the user
    let exe =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap() };
    let output = Command::new(exe)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(SWITCH, "1")
        .env("TMPDIR", "/tmp")
        .current_dir("/")
        .uid(ORDINARY)
        .gid(ORDINARY)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "as an ordinary user: {}\n{stdout}\n{stderr}",
        output.status
    );
}

/// A folder of its own for one test.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// The path of something in it, without any link above it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, mode);
        path
    }

    pub(crate) fn folder(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        set_mode(&path, mode);
        path
    }

    pub(crate) fn link(&self, name: &str, target: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        std::os::unix::fs::symlink(target, &path).unwrap();
        path
    }

    /// A shell script that can be run.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        self.file(name, &format!("#!/bin/sh\n{body}\n"), 0o700)
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Gives something to another user; only root can.
pub(crate) fn give_away(path: &Path) {
    let (uid, gid) = (Uid::from_raw(SOMEBODY_ELSE), Gid::from_raw(SOMEBODY_ELSE));
    chown(path, Some(uid), Some(gid)).unwrap();
}

/// Gives a link itself to another user; only root can.
pub(crate) fn give_link_away(path: &Path) {
    std::os::unix::fs::lchown(path, Some(SOMEBODY_ELSE), Some(SOMEBODY_ELSE)).unwrap();
}
