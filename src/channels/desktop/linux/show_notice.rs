//! `show-notice`: somebody else's session, entered by a child that has become that person.
//!
//! A bus lets in only whose it is. And what listens there may be anything, since the folder of the socket
//! belongs to that person: root neither connects to it nor looks at it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use nix::unistd::{Gid, Uid};
use serde::{Deserialize, Serialize};

use super::address::{Place, places};
use super::bus::{Bus, timed_out};
use super::fault::{Fault, Step};
use super::notifications;
use super::order::Order;
use super::session::Person;
use crate::channels::desktop::SHOW_NOTICE;
use crate::child::{self, Printed, Stopped, ending};
use crate::confined;
use crate::deadline::Deadline;
use crate::error::LIMITS;
use crate::exit::Exit;
use crate::stdin;
use crate::text::io_words;

/// The longest answer of the child, in bytes.
const MOST: usize = 16 << 10;
/// The longest order that the child reads.
const MOST_ORDER: usize = 4096;
/// How much earlier than the parent the child gives up, so that it can say what it waited for; it is
/// started within this time too.
const EARLIER: Duration = Duration::from_millis(500);

/// What the child answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Answer {
    /// Shown; or, when it was to be rehearsed, who would show it.
    Done(Option<String>),
    Failed(Fault),
}

/// Shows a notice on a bus that is run by `user`, who is the running one; or, when it is to be rehearsed,
/// returns who would show it.
pub(super) fn here(bus: &mut Bus, order: &Order) -> Result<Option<String>, Fault> {
    if order.rehearse {
        return notifications::ask(bus).map(Some);
    }
    notifications::show(bus, order).map(|()| None)
}

/// The same, on the bus of another person; only root can.
pub(super) fn as_person(person: &Person, order: &Order, deadline: Deadline) -> Result<Option<String>, Fault> {
    let group = person.group.ok_or(Fault::NoDatabase { user: person.user })?;
    let input = serde_json::to_vec(order).map_err(|_| own("the notice cannot be handed over"))?;
    let command = command(person.user, Gid::from_raw(group), &person.place(), deadline);
    let mut command = command.map_err(|error| cannot_start(&error))?;
    let ended = child::run_with(&mut command, &input, Printed::Plain(MOST), &deadline);
    let output = ended.map_err(|stopped| match stopped {
        Stopped::CannotStart(error) => cannot_start(&error),
        Stopped::TimedOut(_) => timed_out(Step::Enter, deadline),
        Stopped::TooMuch => own("the process that shows the notice answered too much"),
    })?;
    if !output.status.success() {
        return Err(ended_badly(output.status, &output.stderr));
    }
    match serde_json::from_slice(&output.stdout) {
        Ok(Answer::Done(by)) if by.is_some() == order.rehearse => Ok(by),
        Ok(Answer::Failed(fault)) => Err(fault),
        _ => Err(own("what the process that shows the notice answered is no answer")),
    }
}

fn own(what: impl Into<String>) -> Fault {
    Fault::Own { what: what.into() }
}

/// Judges that the child could not be started: a right or a resource is missing.
fn cannot_start(error: &io::Error) -> Fault {
    let what = format!("this program cannot be started again: {}", io_words(error));
    match error.kind() {
        ErrorKind::PermissionDenied => Fault::NotPermitted { what },
        // it is found by that name only
        ErrorKind::NotFound => Fault::Prevented { what, hint: "see whether /proc is mounted".to_owned() },
        _ => Fault::Prevented { what, hint: LIMITS.to_owned() },
    }
}

/// Judges the end of a child that has not answered.
fn ended_badly(status: ExitStatus, stderr: &[u8]) -> Fault {
    let said = String::from_utf8_lossy(stderr);
    let said = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let said = said.strip_prefix("backup-notify: ").unwrap_or(said);
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let what = format!("the process that shows the notice {}{said}", ending(status));
    match status.code() {
        None => {
            let hint = "see whether memory has run out (journalctl -k), or who ends that person's processes";
            Fault::Prevented { what, hint: hint.to_owned() }
        }
        Some(code) if code == i32::from(Exit::NoPermission.code()) => Fault::NotPermitted { what },
        // so ends ld.so(8), where it cannot open or map a library
        Some(127) => Fault::Prevented { what, hint: LIMITS.to_owned() },
        Some(_) => own(what),
    }
}

/// Makes the command that shows a notice as somebody else.
fn command(user: u32, group: Gid, place: &Place, deadline: Deadline) -> io::Result<Command> {
    let left = deadline.leaving(EARLIER).remaining().unwrap_or_default();
    let mut command = confined::command(group)?;
    command.args([
        SHOW_NOTICE,
        "--user",
        &user.to_string(),
        "--milliseconds",
        &left.as_millis().to_string(),
        "--",
    ]);
    command.arg(place.address());
    Ok(command)
}

/// Does the child's part: reads the order, shows the notice, and returns what to print.
pub(crate) fn answer(address: &OsStr, deadline: Deadline) -> Option<String> {
    let answer = match obey(address, deadline) {
        Ok(by) => Answer::Done(by),
        Err(fault) => Answer::Failed(fault),
    };
    serde_json::to_string(&answer).ok()
}

fn obey(address: &OsStr, deadline: Deadline) -> Result<Option<String>, Fault> {
    let order = read(&deadline).ok_or_else(|| own("there is no notice to show on standard input"))?;
    let place = places(address).into_iter().next().ok_or_else(|| own("the address is no socket"))?;
    let mut bus = Bus::open(&place, Uid::effective().as_raw(), deadline)?;
    here(&mut bus, &order)
}

fn read(deadline: &Deadline) -> Option<Order> {
    let mut order = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match stdin::read(&mut buffer, deadline).ok()? {
            0 => return serde_json::from_slice(&order).ok(),
            size => order.extend(buffer.get(..size)?),
        }
        if order.len() > MOST_ORDER {
            return None;
        }
    }
}
