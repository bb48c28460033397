//! Somebody else's home folder, or one on another disk.
//!
//! What lies there is that person's to arrange: links, pipes, a database made to hurt whoever reads
//! it. So root never opens it. A child that has become the owner does (`read-mail-home`), within
//! limits of time, memory and output, and its answer is checked like anything that comes from
//! outside: a task of root's must not send a password where the owner of a folder likes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::unistd::{Gid, Uid, User, geteuid};

use crate::accounts::found::{Found, Listing, Problem};
use crate::accounts::{READ_MAIL_HOME, label, short_name};
use crate::child::{self, Output, Printed, Stopped, ending};
use crate::confined;
use crate::deadline::{Deadline, Over};
use crate::files::FileFault;
use crate::task::parse_host;
use crate::text::{io_words, is_active, one_line, shell_word, shorten};

/// The longest answer, in bytes: room for 50,000 accounts.
const MOST: usize = 32 << 20;
/// The longest that reading may take: enough for the largest files on a slow disk.
const TIME: Duration = Duration::from_secs(10);
/// The group of nobody, for an owner whom this computer does not know.
const NO_GROUP: u32 = if cfg!(target_os = "macos") { 4_294_967_294 } else { 65_534 };
/// How many characters of what a failed child said are shown.
const SAID: usize = 200;

/// A home folder that is there.
struct Home {
    /// The path to it without any link.
    path: PathBuf,
    owner: Uid,
}

/// Lists the accounts below a home folder that is not the person's own.
pub(in crate::accounts) fn list(home: &Path, deadline: Deadline) -> Listing {
    let home = match find(home) {
        Ok(home) => home,
        Err(fault) => return alone(super::denied::home_problem(home, fault)),
    };
    if !geteuid().is_root() || home.owner.is_root() {
        return super::list_within(&home.path, deadline);
    }
    read_as_owner(&home, deadline).unwrap_or_else(alone)
}

fn alone(problem: Problem) -> Listing {
    Listing { problems: vec![problem], ..Listing::default() }
}

/// Follows the path once: what is read and whose it is are then the same folder.
fn find(home: &Path) -> Result<Home, FileFault> {
    let io = |error| FileFault::from_io(home, error);
    let path = home.canonicalize().map_err(io)?;
    let meta = path.metadata().map_err(io)?;
    if !meta.is_dir() {
        return Err(FileFault::NotAFolder { path: home.to_owned() });
    }
    Ok(Home { path, owner: Uid::from_raw(meta.uid()) })
}

/// Has a child that becomes the owner read the folder.
fn read_as_owner(home: &Home, deadline: Deadline) -> Result<Listing, Problem> {
    let owner = User::from_uid(home.owner).ok().flatten();
    let wrong = |what: &str| {
        let name = owner.as_ref().map_or_else(|| home.owner.to_string(), |owner| owner.name.clone());
        let path = one_line(&home.path.to_string_lossy()).into_owned();
        let name = one_line(&name);
        let sudo = owner.as_ref().map_or_else(|| format!("'#{}'", home.owner), |_| shell_word(&name).into());
        let hint = format!(
            "to see more, let its owner try: sudo -u {sudo} backup-notify accounts --mail-home {}",
            shell_word(&path)
        );
        let message = format!("home folder \"{path}\" cannot be read as its owner, {name}: {what}");
        Problem::of_file(&home.path, message, Some(hint))
    };
    // a disk of another computer must not choose one of this computer's groups
    let group = owner.as_ref().map_or(Gid::from_raw(NO_GROUP), |owner| owner.gid);
    let deadline = deadline.at_most(TIME);
    let time = deadline.remaining().unwrap_or_default();
    let mut command = command(home, group).map_err(|error| wrong(&io_words(&error)))?;
    let ended = child::run(&mut command, Printed::Plain(MOST), &deadline);
    let output = ended.map_err(|stopped| {
        wrong(&match stopped {
            Stopped::CannotStart(error) => {
                format!("this program cannot be started again: {}", io_words(&error))
            }
            Stopped::TimedOut(over @ Over::By(_)) => format!("reading it {over}"),
            Stopped::TimedOut(Over::After(_)) => format!("it was not done after {:.1} s", time.as_secs_f32()),
            Stopped::TooMuch => format!("it holds more than {} MiB of accounts", MOST >> 20),
        })
    })?;
    if !output.status.success() {
        return Err(wrong(&failed(&output)));
    }
    believed(&output.stdout).map_err(wrong)
}

/// Takes what the child answered, when it is a list of accounts that could be true.
fn believed(answer: &[u8]) -> Result<Listing, &'static str> {
    let listing: Listing = serde_json::from_slice(answer)
        .map_err(|_| "what the reading process answered is no list of accounts")?;
    if listing.accounts.iter().all(is_honest) {
        Ok(listing)
    } else {
        Err("what the reading process answered contradicts itself")
    }
}

/// Makes the command that reads the folder.
fn command(home: &Home, group: Gid) -> std::io::Result<Command> {
    let mut command = confined::command(group)?;
    command.args([READ_MAIL_HOME, "--user", &home.owner.to_string(), "--"]).arg(&home.path);
    Ok(command)
}

/// Says how a child failed, with its last words.
fn failed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let said = said.strip_prefix("backup-notify: ").unwrap_or(said);
    let how = format!("the reading process {}", ending(output.status));
    if said.is_empty() { how } else { format!("{how}: {}", shorten(&one_line(said), SAID)) }
}

/// Tells whether an account is one that `resolve` could have made: its id says where it leads, and
/// a task that names the id means that server.
fn is_honest(found: &Found) -> bool {
    let active = |text: &str| text.chars().any(is_active);
    // nothing is sent by it
    if !found.usable {
        return !active(&found.id);
    }
    let Some(host) = found.host.as_deref() else { return false };
    let user = found.user.as_deref();
    let full = found.port.map(|port| label(host, port, user));
    let named = [short_name(host, user), full].iter().flatten().any(|name| *name == found.id);
    let whole = found.port.is_some_and(|port| port > 0) && found.tls_mode.is_some() && found.auth.is_some();
    let sound = parse_host(host).is_ok_and(|parsed| parsed == host) && !user.is_some_and(active);
    named && whole && sound
}

#[cfg(test)]
#[path = "other_home_tests.rs"]
mod tests;
