//! The desktop as freedesktop.org describes it: a notice goes to a person's session bus.

mod address;
mod bus;
mod fault;
mod logind;
mod message;
mod notifications;
mod order;
mod session;
mod show_notice;

use nix::unistd::geteuid;

use super::End;
use crate::channels::Effort;
use crate::channels::screen::ScreenNotice;
use crate::deadline::Deadline;
use crate::error::{Failure, Situation};
use crate::exit::Exit;
use crate::stages::Stages;
use crate::text::{one_line, shorten};
use address::Place;
use bus::Bus;
use fault::Fault;
use order::Order;
use session::{Me, Person, Presence};

pub(crate) use show_notice::answer;

/// What the running user's own session made of a notice.
enum OwnEnd {
    Done(Option<String>),
    Failed(Fault),
    /// There is no such session; with the reason, when a variable says otherwise.
    Absent(Option<Fault>),
}

/// Finds whoever sits at this computer and shows the notice there; with [`Effort::Rehearse`],
/// everything but that. Nothing is waited for beyond the deadline.
pub(super) fn show(
    notice: &ScreenNotice,
    effort: Effort,
    deadline: Deadline,
    stages: &Stages<'_>,
) -> Result<End, Failure> {
    let order = Order::new(notice, effort);
    let me = Me::find(geteuid().as_raw());
    let user = me.user;
    // what root's own bus makes wait must not be at the cost of the people
    let first = if user == 0 { deadline.share(2) } else { deadline };
    match own(&order, user, first, stages) {
        OwnEnd::Done(by) => Ok(done(&order, &[(me.name(deadline), by)], &[])),
        // whatever root's own bus is, somebody else may have the screen
        OwnEnd::Failed(fault) if user == 0 => {
            let nowhere = fault.is_without_service() && me.has_no_screen;
            others(&order, &me, deadline, stages).and_then(|end| match end {
                End::Nobody { .. } if !nowhere => Err(Failure::from_situation(&fault)),
                end => Ok(end),
            })
        }
        OwnEnd::Failed(fault) if fault.is_without_service() && me.has_no_screen => {
            Ok(End::Nobody { detail: format!("{} is not logged in at a screen", me.name(deadline)) })
        }
        OwnEnd::Failed(fault) => Err(Failure::from_situation(&fault)),
        OwnEnd::Absent(_) if user == 0 => others(&order, &me, deadline, stages),
        OwnEnd::Absent(why) => {
            let why = why.map(|fault| format!(": {fault}")).unwrap_or_default();
            Ok(End::Nobody { detail: format!("{} is not logged in here{why}", me.name(deadline)) })
        }
    }
}

/// Shows the notice in the running user's own session.
fn own(order: &Order, user: u32, deadline: Deadline, stages: &Stages<'_>) -> OwnEnd {
    let find = || {
        let own = session::own(user);
        match own.unreachable {
            Some(address) if own.places.is_empty() => Err(Fault::Address { address }),
            _ => Ok(own.places),
        }
    };
    // for root, the stage is the search for the people
    let found = if user == 0 { find() } else { stages.time("session", find) };
    let places = match found {
        Ok(places) => places,
        Err(fault) => return OwnEnd::Failed(fault),
    };
    if places.is_empty() {
        return OwnEnd::Absent(None);
    }
    let connected = stages.time("connect", || connect(&places, user, deadline));
    let mut bus = match connected {
        Ok(bus) => bus,
        // what a session has left behind, or the variable of one that has ended
        Err(fault @ Fault::NoBus { .. }) => return OwnEnd::Absent(Some(fault)),
        // and what is no bus of root's says nothing of who has the screen
        Err(fault @ (Fault::Foreign { .. } | Fault::Connect { .. })) if user == 0 => {
            return OwnEnd::Absent(Some(fault));
        }
        Err(fault) => return OwnEnd::Failed(fault),
    };
    match stages.time(last_stage(order), || show_notice::here(&mut bus, order)) {
        Ok(by) => OwnEnd::Done(by),
        Err(fault) => OwnEnd::Failed(fault),
    }
}

/// Connects to the first place where there is a bus; when there is none, the first one counts where
/// something is.
fn connect(places: &[Place], user: u32, deadline: Deadline) -> Result<Bus, Fault> {
    let mut first: Option<Fault> = None;
    for (index, place) in places.iter().enumerate() {
        let left = u32::try_from(places.len().saturating_sub(index)).unwrap_or(u32::MAX);
        match Bus::open(place, user, deadline.share(left)) {
            Ok(bus) => return Ok(bus.until(deadline)),
            Err(fault) => first = first.filter(|first| !matches!(first, Fault::NoBus { .. })).or(Some(fault)),
        }
    }
    Err(first.unwrap_or_else(|| Fault::NoBus { place: String::new() }))
}

/// Shows root's notice to the people at this computer, one after the other.
fn others(order: &Order, me: &Me, deadline: Deadline, stages: &Stages<'_>) -> Result<End, Failure> {
    let find = || Ok::<_, Fault>(session::people(me.sessions.as_deref(), deadline));
    let people = stages.time("session", find).unwrap_or_default();
    let (mut told, mut missed) = (Vec::new(), Vec::new());
    for (index, person) in people.iter().enumerate() {
        let left = u32::try_from(people.len().saturating_sub(index)).unwrap_or(u32::MAX);
        let deadline = deadline.share(left);
        match stages.time(last_stage(order), || to(person, order, deadline)) {
            Ok(by) => told.push((person.name.clone(), by)),
            Err(Fault::NoBus { .. }) if person.presence != Presence::Sure => {}
            Err(fault) if fault.is_without_service() && person.presence == Presence::Text => {}
            Err(fault) => missed.push((person.name.clone(), fault)),
        }
    }
    if told.is_empty() && missed.is_empty() {
        return Ok(End::Nobody { detail: "nobody is logged in at a screen".to_owned() });
    }
    let words: Vec<String> = missed.iter().map(|(name, fault)| format!("{name}: {fault}")).collect();
    if !told.is_empty() {
        return Ok(done(order, &told, &words));
    }
    let exit = missed.iter().map(|(_, fault)| fault.exit()).reduce(Exit::worse);
    let mut failure = Failure::new(exit.unwrap_or(Exit::TempFail), words.join("; "));
    failure.hint = missed.first().and_then(|(_, fault)| fault.hint());
    Err(failure)
}

fn to(person: &Person, order: &Order, deadline: Deadline) -> Result<Option<String>, Fault> {
    if person.user == 0 {
        let mut bus = Bus::open(&person.place(), 0, deadline)?;
        return show_notice::here(&mut bus, order);
    }
    show_notice::as_person(person, order, deadline)
}

fn last_stage(order: &Order) -> &'static str {
    if order.rehearse { "ask" } else { "show" }
}

/// Says who was shown the notice and who was not.
fn done(order: &Order, told: &[(String, Option<String>)], missed: &[String]) -> End {
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    let mut detail = if order.rehearse {
        let by: Vec<String> = told
            .iter()
            .map(|(name, by)| {
                let by = one_line(by.as_deref().unwrap_or_default()).into_owned();
                format!("{} would show it to {name}", shorten(&by, 60))
            })
            .collect();
        format!("{}; nothing was shown", by.join(", "))
    } else {
        format!("shown on the desktop of {}", names.join(", "))
    };
    if !missed.is_empty() {
        detail = format!("{detail}; but not to {}", missed.join("; "));
    }
    if order.rehearse { End::Checked { detail } } else { End::Shown { detail } }
}
