//! Apple Mail's own settings: every generation of them, read and never touched.
//!
//! A place ([`places`]) is read whole into memory, its format is taken apart into a [`Harvest`]
//! (pure functions), and [`resolve`] makes accounts of that. Nothing is written, locked or opened in
//! place. Which place counts is decided by content, because upgrades leave old files behind.

mod database;
mod denied;
#[cfg(test)]
mod effort;
mod lenient;
mod other_home;
mod places;
mod plists;
mod property_list;
mod record;
mod resolve;
mod snapshot;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use nix::unistd::geteuid;

use super::found::{Found, Listing, Problem};
use crate::deadline::{Deadline, Over};
use crate::error::Situation;
use crate::files::{self, FileError, FileFault, Purpose};
#[cfg(fuzzing)]
pub(crate) use database::fuzzing;
use denied::Denials;
use places::Format;
use record::{Harvest, Outgoing, Remark};

pub(super) use other_home::list as list_other;

/// What to do about what was not understood.
const COMPARE: &str = "compare with what Mail shows, and if that differs write the account out in the task: \"account\": \
                       {\"host\": …, \"user\": …}";

/// The largest property list that is read, in bytes: room for 30,000 accounts.
const PROPERTY_LIST_MOST: usize = 32 << 20;

/// Lists the accounts below a home folder as [`list`] does, but gives up at the deadline.
///
/// A disk that does not answer cannot be given a time limit: the thread is left behind then.
pub(super) fn list_within(home: &Path, deadline: Deadline) -> Listing {
    let (sender, receiver) = mpsc::channel();
    let path = home.to_owned();
    let reader = thread::Builder::new().spawn(move || {
        // nobody listens any more when it came too late
        let _ = sender.send(list(&path));
    });
    let listing = reader.ok().and_then(|_| deadline.receive(&receiver).ok());
    listing.unwrap_or_else(|| {
        let message = match deadline.over() {
            Over::After(length) => format!("Mail's files were not read within {} s", length.as_secs_f32()),
            over @ Over::By(_) => format!("reading Mail's files {over}"),
        };
        let hint = "see whether the disk answers, or write the account out in the task";
        let problems = vec![Problem::of_file(home, message, Some(hint.to_owned()))];
        Listing { problems, ..Listing::default() }
    })
}

/// Lists the accounts that Mail keeps below a home folder.
///
/// The first place that has an outgoing server is the authority, and the search ends there. What a
/// newer place has beside servers is listed too: iCloud, for example, whose server Mail does not
/// store. A file that is there and cannot be read becomes a problem, and the search goes on.
pub(crate) fn list(home: &Path) -> Listing {
    let mut listing = Listing::default();
    if let Err(fault) = look_at(home) {
        listing.problems.push(denied::home_problem(home, fault));
        return listing;
    }
    let mut denials = Denials::default();
    let mut newest = None;
    for (path, format) in places::places(home) {
        listing.looked_at.push(path.clone());
        let harvest = match read(&path, format, &mut listing.problems) {
            Ok(harvest) => harvest,
            Err(error) if error.is_not_found() => continue,
            Err(error) => {
                listing.problems.extend(unread(home, path, &error, &mut denials));
                continue;
            }
        };
        let has_server = harvest.outgoing.iter().any(Outgoing::is_server);
        let resolved = resolve::resolve(harvest, &path);
        listing.problems.extend(resolved.problems);
        if has_server {
            listing.problems.extend(left_behind(&path, newest.as_ref()));
            listing.accounts = resolved.accounts;
            break;
        }
        if newest.is_none() && !resolved.accounts.is_empty() {
            newest = Some((path, resolved.accounts));
        }
    }
    for found in newest.map(|(_, accounts)| accounts).unwrap_or_default() {
        if !listing.accounts.iter().any(|known| known.id == found.id) {
            listing.accounts.push(found);
        }
    }
    if listing.accounts.is_empty() {
        listing.problems.extend(denials.unseen(home));
    } else {
        listing.looked_at.clear();
    }
    listing
}

/// Says that servers may be those of the past: today's database is there, and has none.
fn left_behind(path: &Path, newest: Option<&(PathBuf, Vec<Found>)>) -> Option<Problem> {
    let (newer, _) = newest.filter(|(newer, _)| newer.ends_with(places::TODAY))?;
    let newer = newer.display();
    let message =
        format!("its servers are older than \"{newer}\", which has none: an upgrade may have left them");
    Some(Problem::of_file(path, message, Some(COMPARE.to_owned())))
}

/// Makes sure that a home folder is one.
fn look_at(home: &Path) -> Result<(), FileFault> {
    let meta = home.metadata().map_err(|error| FileFault::from_io(home, error))?;
    if meta.is_dir() { Ok(()) } else { Err(FileFault::NotAFolder { path: home.to_owned() }) }
}

/// Makes a problem of a place that could not be read; what denies several of them is told once.
fn unread(home: &Path, path: PathBuf, error: &FileError, denials: &mut Denials) -> Option<Problem> {
    if let FileFault::Denied { errno, .. } = *error.fault {
        return denials.problem(home, &path, errno);
    }
    let (message, hint) = (error.to_string(), error.hint());
    Some(Problem::of_file(path, message, hint))
}

/// Reads a file of Mail's: a regular one of at most so many bytes.
///
/// Root reads only what nobody else can have arranged: a link in somebody's folder could lead to
/// anything. The homes of others are read by a child that is not root.
fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, FileError> {
    if geteuid().is_root() {
        return files::read_trusted(path, Purpose::MailSettings, most);
    }
    files::read_plain(path, Purpose::MailSettings, most)
}

/// Reads one place. What cannot be understood in it becomes problems, not an error.
fn read(path: &Path, format: Format, problems: &mut Vec<Problem>) -> Result<Harvest, FileError> {
    let harvest = match format {
        Format::PropertyList => {
            let bytes = read_file(path, PROPERTY_LIST_MOST)?;
            plists::read(&bytes)
        }
        Format::Database => {
            let copy = snapshot::read(path)?;
            problems.extend(copy.problem);
            database::read(copy.database, copy.wal.as_deref())
        }
    };
    Ok(harvest
        .unwrap_or_else(|message| Harvest { remarks: vec![Remark::of_place(message)], ..Harvest::default() }))
}
