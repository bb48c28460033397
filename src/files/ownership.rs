//! The rule: who may have written a file or folder.
//!
//! A pure judgement over owner, group and mode. What the user and group databases say comes in
//! through [`Users`], so that every case can be tested on any machine.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::{Entry, FileFault, Writers};

/// The number of the superuser.
const ROOT: u32 = 0;
const GROUP_WRITE: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// What has to be known about the people of this computer.
pub(super) trait Users {
    /// The effective user of this process.
    fn me(&self) -> u32;
    /// The name of a user.
    fn user_name(&self, uid: u32) -> Option<String>;
    /// The group that a user starts in.
    fn first_group(&self, uid: u32) -> Option<u32>;
    /// The name of a group and its listed members.
    fn group(&self, gid: u32) -> Option<(String, Vec<String>)>;
    /// Tells whether any user but this one starts in a group; `None` when that cannot be told.
    fn others_start_in(&self, gid: u32, uid: u32) -> Option<bool>;
    /// Tells whether an access control list may stand behind the group's rights.
    fn has_access_list(&self, path: &Path) -> bool;
}

/// What the judgement needs of a file, folder or link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owned {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
    pub(super) entry: Entry,
}

impl From<&Metadata> for Owned {
    fn from(meta: &Metadata) -> Self {
        let entry = if meta.is_dir() {
            Entry::Folder
        } else if meta.is_symlink() {
            Entry::Link
        } else {
            Entry::File
        };
        Self { uid: meta.uid(), gid: meta.gid(), mode: meta.mode() & 0o7777, entry }
    }
}

/// What a checked folder means for the entries in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// Nobody else can put anything here.
    Ours,
    /// Others can, but cannot replace what is not theirs (the sticky bit): the owner of each entry
    /// has to be looked at.
    Shared,
}

/// Judges a file or folder; for a folder the answer says what it means for its entries.
pub(super) fn judge(path: &Path, owned: impl Into<Owned>, users: &impl Users) -> Result<Inside, FileFault> {
    let owned = owned.into();
    judge_owner(path, owned, users)?;
    let Some(who) = writers(path, &owned, users) else {
        return Ok(Inside::Ours);
    };
    if owned.entry == Entry::Folder && owned.mode & STICKY != 0 {
        return Ok(Inside::Shared);
    }
    let path = path.to_owned();
    let mine = users.me() == ROOT || users.me() == owned.uid;
    Err(FileFault::OthersCanWrite { path, entry: owned.entry, who, mode: owned.mode, mine })
}

/// Judges the owner alone: all that matters of a link, whose own mode means nothing.
pub(super) fn judge_owner(path: &Path, owned: impl Into<Owned>, users: &impl Users) -> Result<(), FileFault> {
    let owned = owned.into();
    if owned.uid == ROOT {
        return Ok(());
    }
    let me = users.me();
    if owned.uid == me {
        return Ok(());
    }
    let name = |uid| users.user_name(uid).unwrap_or_else(|| format!("number {uid}"));
    Err(FileFault::ForeignOwner {
        path: path.to_owned(),
        entry: owned.entry,
        owner: name(owned.uid),
        me: name(me),
        root: me == ROOT,
    })
}

/// Says who but the owner can write, if anybody.
fn writers(path: &Path, owned: &Owned, users: &impl Users) -> Option<Writers> {
    if owned.mode & OTHERS_WRITE != 0 {
        return Some(Writers::Everyone);
    }
    // with an access control list the group's bits are its upper limit: without this bit it lets
    // nobody else write either
    if owned.mode & GROUP_WRITE == 0 {
        return None;
    }
    if !is_private(owned.gid, users) {
        let name = users.group(owned.gid).map_or_else(|| format!("number {}", owned.gid), |(name, _)| name);
        return Some(Writers::Group(name));
    }
    users.has_access_list(path).then_some(Writers::AccessList)
}

/// Tells whether a group is the private one of the running user, or of root: theirs from the
/// start, of their name, and nobody else's.
fn is_private(gid: u32, users: &impl Users) -> bool {
    let private_to = |uid: u32| {
        let (Some(user), Some((group, members))) = (users.user_name(uid), users.group(gid)) else {
            return false;
        };
        users.first_group(uid) == Some(gid)
            && group == user
            && members.iter().all(|member| *member == user)
            && users.others_start_in(gid, uid) == Some(false)
    };
    private_to(users.me()) || private_to(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// jon (1000) has a private group, kim (1001) starts in staff (50); root has its own.
    struct Village {
        me: u32,
        members_of_jon: Vec<&'static str>,
        others_start_in_jon: Option<bool>,
        access_list: bool,
    }

    fn village(me: u32) -> Village {
        Village { me, members_of_jon: vec![], others_start_in_jon: Some(false), access_list: false }
    }

    impl Users for Village {
        fn me(&self) -> u32 {
            self.me
        }
        fn user_name(&self, uid: u32) -> Option<String> {
            match uid {
                0 => Some("root".into()),
                1000 => Some("jon".into()),
                1001 => Some("kim".into()),
                _ => None,
            }
        }
        fn first_group(&self, uid: u32) -> Option<u32> {
            Some(if uid == 1001 { 50 } else { uid })
        }
        fn group(&self, gid: u32) -> Option<(String, Vec<String>)> {
            match gid {
                0 => Some(("root".into(), vec![])),
                50 => Some(("staff".into(), vec![])),
                1000 => Some(("jon".into(), self.members_of_jon.iter().map(ToString::to_string).collect())),
                _ => None,
            }
        }
        fn others_start_in(&self, gid: u32, _: u32) -> Option<bool> {
            if gid == 1000 { self.others_start_in_jon } else { Some(gid == 50) }
        }
        fn has_access_list(&self, _: &Path) -> bool {
            self.access_list
        }
    }

    fn verdict(users: &Village, entry: Entry, uid: u32, gid: u32, mode: u32) -> Result<Inside, FileFault> {
        judge(Path::new("/srv/tasks"), Owned { uid, gid, mode, entry }, users)
    }

    fn who(verdict: Result<Inside, FileFault>) -> Writers {
        match verdict {
            Err(FileFault::OthersCanWrite { who, .. }) => who,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn root_and_the_running_user_are_the_only_owners_trusted() {
        use Entry::File;
        for (me, owner, good) in [
            (1000, 1000, true),
            (1000, 0, true),
            (1000, 1001, false),
            (0, 0, true),
            (0, 1000, false),
            (0, 4242, false),
        ] {
            assert_eq!(verdict(&village(me), File, owner, owner, 0o600).is_ok(), good, "{me} {owner}");
        }
        let unknown = verdict(&village(0), File, 4242, 0, 0o600);
        assert!(
            matches!(unknown, Err(FileFault::ForeignOwner { owner, root: true, .. }) if owner == "number 4242")
        );
    }

    #[test]
    fn a_private_group_may_write_and_every_other_may_not() {
        use Entry::{File, Folder};
        assert_eq!(verdict(&village(1000), File, 1000, 1000, 0o664).unwrap(), Inside::Ours);
        assert_eq!(verdict(&village(1000), Folder, 1000, 1000, 0o775).unwrap(), Inside::Ours);
        assert_eq!(verdict(&village(1000), Folder, 0, 0, 0o775).unwrap(), Inside::Ours);
        // jon's private group is not root's
        assert_eq!(who(verdict(&village(0), Folder, 0, 1000, 0o775)), Writers::Group("jon".into()));
        assert_eq!(who(verdict(&village(1001), File, 1001, 50, 0o664)), Writers::Group("staff".into()));
        assert_eq!(who(verdict(&village(1000), File, 1000, 77, 0o664)), Writers::Group("number 77".into()));
    }

    #[test]
    fn a_group_with_anybody_else_in_it_is_not_private() {
        let jon = || Writers::Group("jon".into());
        let listed = |members| Village { members_of_jon: members, ..village(1000) };
        assert!(verdict(&listed(vec!["jon"]), Entry::File, 1000, 1000, 0o660).is_ok());
        assert_eq!(who(verdict(&listed(vec!["jon", "kim"]), Entry::File, 1000, 1000, 0o660)), jon());
        for others in [Some(true), None] {
            let users = Village { others_start_in_jon: others, ..village(1000) };
            assert_eq!(who(verdict(&users, Entry::File, 1000, 1000, 0o660)), jon(), "{others:?}");
        }
    }

    #[test]
    fn an_access_list_counts_only_where_the_group_may_write() {
        let users = Village { access_list: true, ..village(1000) };
        assert_eq!(who(verdict(&users, Entry::File, 1000, 1000, 0o660)), Writers::AccessList);
        assert!(verdict(&users, Entry::File, 1000, 1000, 0o640).is_ok());
    }

    #[test]
    fn a_sticky_folder_is_shared_and_a_sticky_file_is_not_special() {
        assert_eq!(verdict(&village(1000), Entry::Folder, 0, 0, 0o1777).unwrap(), Inside::Shared);
        assert_eq!(verdict(&village(1000), Entry::Folder, 0, 50, 0o1775).unwrap(), Inside::Shared);
        assert_eq!(verdict(&village(1000), Entry::Folder, 0, 0, 0o1755).unwrap(), Inside::Ours);
        assert_eq!(who(verdict(&village(1000), Entry::File, 1000, 1000, 0o1666)), Writers::Everyone);
        assert_eq!(who(verdict(&village(1000), Entry::Folder, 0, 0, 0o777)), Writers::Everyone);
        // its owner may replace what others put into it
        assert!(verdict(&village(1000), Entry::Folder, 1001, 50, 0o1777).is_err());
    }
}
