//! `read-mail-home`: the child that reads somebody's home folder as that person, never as root.
//!
//! `accounts::mail` starts it for a home folder that belongs to another user. It is started as root
//! and gives that up itself, before it opens anything: a process that has changed its user cannot be
//! looked into or altered by that user, while one that was started as the user could be. It is none
//! of the commands that people know; typed by hand, it prints the accounts of a folder as JSON.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::unistd::{Gid, Uid, User, getegid, geteuid, getgid, getuid, setegid, seteuid, setgid, setuid};

use crate::accounts;
use crate::cli::{OutputArgs, ReadMailHome};
use crate::commands::output::{Output, print_and_end};
use crate::error::Failure;
use crate::exit::Exit;

/// The most memory, in bytes: several times what the largest files need.
const MEMORY: rlim_t = 1 << 30;
/// The most computing time, in seconds.
const SECONDS: rlim_t = 10;
/// The most open files.
const FILES: rlim_t = 32;

/// Runs the command.
pub(crate) fn run(args: &ReadMailHome) -> Exit {
    close_inherited();
    let confined =
        args.user.map_or(Ok(()), become_user).and_then(|()| stay_ordinary()).and_then(|()| limit());
    if let Err(what) = confined {
        let failure = Failure::new(Exit::NoPermission, what);
        return Output::for_hook(OutputArgs::default()).failure(&failure);
    }
    match serde_json::to_string(&accounts::read_home(&args.home)) {
        Ok(text) => print_and_end(&(text + "\n")),
        Err(_) => Exit::Software,
    }
}

/// Closes what root's caller has left open: a link to `/dev/fd/7` would read it.
fn close_inherited() {
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
        return Err("the files of others are not read as root".to_owned());
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

/// Takes away what a hostile file could use up, and what reading does not need.
fn limit() -> Result<(), String> {
    #[cfg(target_os = "linux")]
    linux::limit()?;
    // macOS maps more than this before a program begins, and refuses the limit then
    let memory = lower(Resource::RLIMIT_AS, MEMORY);
    if cfg!(target_os = "linux") {
        memory?;
    }
    lower(Resource::RLIMIT_CPU, SECONDS)?;
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
