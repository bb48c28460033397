//! A child of this program that has given up root, for what belongs to somebody else.
//!
//! Root opens neither the files nor the session of another user: a child does that has become this
//! user. It is started as root and gives that up itself, before it opens anything: a process that
//! has changed its user cannot be looked into or altered by that user, while one that was started as
//! the user could be. What it answers is checked like anything that comes from outside.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::unistd::{Gid, Uid, User, getegid, geteuid, getgid, getuid, setegid, seteuid, setgid, setuid};

/// The most open files.
const FILES: rlim_t = 32;

/// What a child may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Memory, in bytes.
    pub(crate) memory: rlim_t,
    /// Computing time, in seconds.
    pub(crate) seconds: rlim_t,
}

/// Makes the command that starts this program again.
///
/// Still as root, so that it runs wherever its file lies, but with the group of the user whom it
/// will become and no other; without any variable, and in `/`. `uid` is what makes std drop root's
/// supplementary groups (setgid, setgroups, setuid: in this order, before anything of the new
/// program runs); nix has no setgroups for macOS.
pub(crate) fn command(group: Gid) -> io::Result<Command> {
    // by this name it is the running program, even when its file has been replaced meanwhile
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg0("backup-notify").env_clear().current_dir("/").gid(group.as_raw()).uid(0);
    Ok(command)
}

/// Becomes this user, if one is named, for good, and takes away what such a child does not need.
pub(crate) fn give_up_root(user: Option<u32>, limits: Limits) -> Result<(), String> {
    close_inherited();
    user.map_or(Ok(()), become_user)?;
    stay_ordinary()?;
    limit(limits)
}

/// Closes what root's caller has left open: a link to `/dev/fd/7` would read it.
pub(crate) fn close_inherited() {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let open: Vec<i32> = numbers.filter(|number| *number > 2).collect();
    for number in open {
        // one of them is the listing's own, which is closed by now
        let _ = nix::unistd::close(number);
    }
}

/// Becomes another user for good. The group is that user's already, and there is no other one.
fn become_user(user: u32) -> Result<(), String> {
    if (getgid().as_raw() == 0 || getegid().as_raw() == 0) && !has_root_group(user) {
        return Err(format!("the group of root is not the one of the user {user}"));
    }
    setuid(Uid::from_raw(user))
        .map_err(|errno| format!("cannot become the user {user}: {}", errno.desc()))?;
    if (getuid().as_raw(), geteuid().as_raw()) != (user, user) {
        return Err(format!("cannot become the user {user}"));
    }
    // std gives up the other groups, but not where the process lacks the right to: in a container
    #[cfg(target_os = "linux")]
    if nix::unistd::getgroups().is_ok_and(|groups| groups.iter().any(|group| *group != getegid())) {
        return Err("the groups of root cannot be given up".to_owned());
    }
    Ok(())
}

fn has_root_group(user: u32) -> bool {
    User::from_uid(Uid::from_raw(user)).ok().flatten().is_some_and(|user| user.gid.as_raw() == 0)
}

/// Makes sure that this is an ordinary user, who cannot become root (again).
fn stay_ordinary() -> Result<(), String> {
    if getuid().is_root() || geteuid().is_root() {
        return Err("what belongs to others is not opened as root".to_owned());
    }
    // each would only succeed with a right that an ordinary user does not have
    let root = Uid::from_raw(0);
    if setuid(root).is_ok() || seteuid(root).is_ok() {
        return Err("this process can become root again".to_owned());
    }
    let root = Gid::from_raw(0);
    let in_root_group = getgid() == root || getegid() == root;
    if !in_root_group && (setgid(root).is_ok() || setegid(root).is_ok()) {
        return Err("this process can take the group of root again".to_owned());
    }
    Ok(())
}

/// Takes away what somebody hostile could use up, and what such a child does not need.
fn limit(limits: Limits) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    linux::limit()?;
    // macOS maps more than this before a program begins, and refuses the limit then
    let memory = lower(Resource::RLIMIT_AS, limits.memory);
    if cfg!(target_os = "linux") {
        memory?;
    }
    lower(Resource::RLIMIT_CPU, limits.seconds)?;
    lower(Resource::RLIMIT_CORE, 0)?;
    lower(Resource::RLIMIT_NOFILE, FILES)?;
    lower(Resource::RLIMIT_FSIZE, 0)
}

/// Lowers a limit for good; one that is lower already stays.
fn lower(resource: Resource, to: rlim_t) -> Result<(), String> {
    let cannot = |errno: nix::Error| format!("{resource:?} cannot be set: {}", errno.desc());
    let (_, hard) = getrlimit(resource).map_err(cannot)?;
    let to = to.min(hard);
    setrlimit(resource, to, to).map_err(cannot)
}

#[cfg(target_os = "linux")]
mod linux {
    use nix::sys::prctl;
    use nix::sys::resource::Resource;
    use nix::sys::signal::Signal;

    /// No new rights, no look into the memory, no child, and no life after the parent's.
    pub(super) fn limit() -> Result<(), String> {
        let set = prctl::set_no_new_privs()
            .and_then(|()| prctl::set_dumpable(false))
            .and_then(|()| prctl::set_pdeathsig(Signal::SIGKILL));
        set.map_err(|errno| format!("prctl: {}", errno.desc()))?;
        super::lower(Resource::RLIMIT_NPROC, 0)
    }
}
