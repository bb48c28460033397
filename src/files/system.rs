//! The people of this computer, as its databases know them.

use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, geteuid};

use super::ownership::Users;

/// The real databases.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemUsers;

impl Users for SystemUsers {
    fn me(&self) -> u32 {
        geteuid().as_raw()
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
    }

    fn first_group(&self, uid: u32) -> Option<u32> {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.gid.as_raw())
    }

    fn group(&self, gid: u32) -> Option<(String, Vec<String>)> {
        Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| (group.name, group.mem))
    }

    /// Looks through the passwd file. Users of a network directory are not in it; such directories
    /// mostly refuse to list everybody, so that they could not be asked either. macOS keeps its
    /// people elsewhere and has no private groups: there it cannot be told.
    fn others_start_in(&self, gid: u32, uid: u32) -> Option<bool> {
        if cfg!(target_os = "macos") {
            return None;
        }
        let passwd = std::fs::read("/etc/passwd").ok()?;
        Some(others_in_passwd(&String::from_utf8_lossy(&passwd), gid, uid))
    }

    #[cfg(target_os = "linux")]
    fn has_access_list(&self, path: &Path) -> bool {
        super::system_linux::has_access_list(path)
    }

    /// Only reached for a private group, which macOS does not have.
    #[cfg(not(target_os = "linux"))]
    fn has_access_list(&self, _: &Path) -> bool {
        true
    }
}

/// Tells whether passwd(5) text has a user other than `uid` that starts in the group.
fn others_in_passwd(passwd: &str, gid: u32, uid: u32) -> bool {
    passwd.lines().any(|line| {
        let mut numbers = line.split(':').skip(2).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(user)), Some(Ok(group))) => group == gid && user != uid,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::others_in_passwd;

    #[test]
    fn the_passwd_file_says_who_else_starts_in_a_group() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n+nis\njon:x:1000:1000::/home/jon:\nkim:x:1001:50:::\n\nbad:x:y:50";
        assert!(!others_in_passwd(passwd, 0, 0));
        assert!(!others_in_passwd(passwd, 1000, 1000));
        assert!(others_in_passwd(passwd, 50, 1000));
        assert!(!others_in_passwd(passwd, 50, 1001));
    }
}
