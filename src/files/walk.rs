//! The way to a file, from `/` down.
//!
//! Every folder is judged before an entry in it is looked at. So by induction nobody untrusted can
//! exchange a part that has been checked, and going on by path name is sound.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::error::FileFault;
use super::ownership::{Inside, Users, judge, judge_owner};

/// How many symbolic links one path may lead through: the limit of Linux itself.
const MOST_LINKS: usize = 40;

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Found {
    /// The path to it without any link.
    pub(super) path: PathBuf,
    /// What it is; never a link. Not yet judged.
    pub(super) meta: Metadata,
}

/// Follows a path component by component and judges every folder on the way.
pub(super) fn follow(path: &Path, users: &impl Users) -> Result<Found, FileFault> {
    if path.as_os_str().is_empty() {
        return Err(FileFault::BadPath("is empty"));
    }
    let start = if path.is_absolute() {
        PathBuf::new()
    } else {
        std::env::current_dir().map_err(|error| FileFault::from_io(Path::new("."), error))?
    };
    let mut here = PathBuf::from("/");
    let mut ahead = steps(&start.join(path));
    let mut links = 0;
    // what `here` is, where that is known: nobody untrusted can have exchanged it since
    let mut known: Option<Metadata> = None;
    while let Some(step) = ahead.pop_front() {
        let folder = known.take().map_or_else(|| lstat(&here), Ok)?;
        // every folder is judged before one of its entries is looked at
        let inside = judge(&here, &folder, users)?;
        let Step::Into(name) = step else {
            here.pop();
            continue;
        };
        let entry = here.join(name);
        let meta = lstat(&entry)?;
        if meta.is_symlink() {
            if inside == Inside::Shared {
                judge_owner(&entry, &meta, users)?;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(FileFault::LinkLoop);
            }
            let target = link_target(&entry)?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            } else {
                known = Some(folder);
            }
            let rest = std::mem::replace(&mut ahead, steps(&target));
            ahead.extend(rest);
        } else if ahead.is_empty() || meta.is_dir() {
            here = entry;
            if ahead.is_empty() {
                return Ok(Found { path: here, meta });
            }
            known = Some(meta);
        } else {
            return Err(FileFault::NotAFolder { path: entry });
        }
    }
    // "/", or a path that ends in ".."
    let meta = lstat(&here)?;
    Ok(Found { path: here, meta })
}

/// One step on the way.
#[derive(Debug)]
enum Step {
    Into(OsString),
    Up,
}

/// Takes a path apart.
fn steps(path: &Path) -> VecDeque<Step> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Step::Into(name.to_owned())),
            Component::ParentDir => Some(Step::Up),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

fn lstat(path: &Path) -> Result<Metadata, FileFault> {
    path.symlink_metadata().map_err(|error| FileFault::from_io(path, error))
}

/// Reads where a link leads. The links of `/proc` to pipes and the like have no path.
fn link_target(link: &Path) -> Result<PathBuf, FileFault> {
    let target = link.read_link().map_err(|error| FileFault::from_io(link, error))?;
    let name = target.as_os_str().as_bytes();
    if link.starts_with("/proc") && (name.starts_with(b"pipe:[") || name.starts_with(b"socket:[")) {
        return Err(FileFault::NotRegular { what: "a pipe" });
    }
    Ok(target)
}
