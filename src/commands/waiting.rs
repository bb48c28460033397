//! Sending what waits in an outbox: the oldest first, and what a server has refused before after the others.

mod ways;

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;

use crate::accounts::Book;
use crate::channels::{Courier, Ended, Lines, Tried};
use crate::commands::output::Output;
use crate::deadline::Deadline;
use crate::delivery::Status;
use crate::error::Failure;
use crate::exit::Exit;
use crate::outbox::{Claim, Claimed, Entry, Id, Outbox};
use crate::task::Task;
use crate::text;
use crate::zone;
use ways::Ways;

/// How long a message is kept on after it was first found to have waited for too long, and tried in vain.
/// When a clock jumps every message has, at once: there is a day to set it right.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// What is sent, and by whose word.
pub(super) struct Waiting<'a> {
    pub(super) outbox: &'a Outbox,
    /// The task of this run, with its flags: its hook goes on as it was written.
    pub(super) task: Option<(&'a Path, &'a Task, &'a Book)>,
    /// The task that somebody has named for what waits of it; the others have no turn.
    pub(super) heir: Option<Heir<'a>>,
    /// The messages of this run, which have had their turn.
    pub(super) own: &'a [Id],
    pub(super) now: Timestamp,
    pub(super) deadline: Deadline,
    pub(super) output: Output,
}

/// A task that sends what was kept for another file: its own, before that was moved or renamed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heir<'a> {
    /// The task file, an absolute path.
    pub(super) file: &'a Path,
    /// What the task calls itself.
    pub(super) name: &'a str,
}

impl Heir<'_> {
    /// Tells whether a message is its own: kept for this very file, or for a task of the same name whose
    /// file is not there any more.
    fn is_of(&self, entry: &Entry) -> bool {
        entry.task == self.file || (entry.is_named(self.name) && !is_there(&entry.task))
    }
}

/// Tells whether there is something at this path, or whether nobody can say.
fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// What became of what waited, as `--json` prints it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// How many were sent.
    pub(crate) sent: usize,
    /// How many still wait, those of this run among them.
    pub(crate) waiting: usize,
    /// How many were given up: every recipient refused, or too old.
    pub(crate) given_up: usize,
    /// How many were none of ours, or damaged.
    pub(crate) set_aside: usize,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// What one round has done, and why messages wait on: each reason once, and how many do for it.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub(super) tally: Tally,
    pub(super) reasons: Vec<(Failure, usize)>,
    /// Whether the time was too short for all.
    pub(super) cut: bool,
    /// How many were of another task than the one that was named.
    pub(super) others: usize,
}

impl Pass {
    fn untried(tally: Tally) -> Self {
        Self { tally, ..Self::default() }
    }
}

/// One round through an outbox.
struct Round<'p, 'a> {
    waiting: &'p Waiting<'p>,
    /// What time it is, where people read it; looked up only when something waits.
    now: Zoned,
    lines: Lines<'a>,
    ways: Ways<'p>,
    tally: Tally,
    /// Why messages wait on, each reason once, and how many do for it.
    reasons: Vec<(Failure, usize)>,
    cut: bool,
    /// How many were of another task than the one that was named.
    passed_over: usize,
    each: &'p mut dyn FnMut(&Tried),
}

impl Waiting<'_> {
    /// Sends all of it in the course of a `notify`, and says so in a line or two.
    pub(super) fn send_all(&self, lines: Lines<'_>) -> Tally {
        match self.send(None, false, lines, &mut |_| ()) {
            Ok(Pass { tally, reasons, .. }) => {
                self.summarise(&tally, &reasons);
                tally
            }
            Err(failure) => {
                self.output.doubt(&failure.what, failure.hint.as_deref());
                Tally { exit: failure.exit, ..Tally::default() }
            }
        }
    }

    /// Sends what waits, or only these; `each` sees every message that was tried. Another process that is at
    /// it is waited for, or does it.
    pub(super) fn send(
        &self,
        wanted: Option<&[Id]>,
        wait: bool,
        lines: Lines<'_>,
        each: &mut dyn FnMut(&Tried),
    ) -> Result<Pass, Failure> {
        let failed = |error| Failure::from_situation(&error);
        let (ids, pieces) = self.outbox.ids_and_pieces().map_err(failed)?;
        let others = |id: &&Id| !self.own.contains(id);
        let mut tally = Tally { waiting: ids.len(), ..Tally::default() };
        // who takes the turn sweeps
        if !pieces && !ids.iter().any(|id| others(&id)) {
            return Ok(Pass::untried(tally));
        }
        let Some(turn) = self.outbox.turn(wait.then_some(self.deadline)).map_err(failed)? else {
            self.output.detail("another process is sending what waits in the outbox");
            return Ok(Pass::untried(tally));
        };
        turn.notes.iter().for_each(|note| self.output.alarm(note));
        tally.set_aside = turn.notes.len();
        if tally.set_aside > 0 {
            tally.exit = Exit::Data;
        }
        let mut round = Round {
            waiting: self,
            now: self.now.to_zoned(zone::system()),
            lines,
            ways: Ways::new(self),
            tally,
            reasons: Vec::new(),
            cut: false,
            passed_over: 0,
            each,
        };
        let mut refused = Vec::new();
        for id in ids.iter().filter(others).filter(|id| wanted.is_none_or(|wanted| wanted.contains(id))) {
            round.one(id, wanted.is_some(), Some(&mut refused));
        }
        for id in refused {
            round.one(&id, wanted.is_some(), None);
        }
        let Round { mut tally, reasons, cut, passed_over: others, .. } = round;
        tally.waiting = self.outbox.ids().map_or(tally.waiting, |ids| ids.len());
        Ok(Pass { tally, reasons, cut, others })
    }

    fn summarise(&self, tally: &Tally, reasons: &[(Failure, usize)]) {
        match tally.sent {
            0 => {}
            1 => self.output.note("1 message that waited in the outbox was sent"),
            many => self.output.note(&format!("{many} messages that waited in the outbox were sent")),
        }
        for (failure, count) in reasons {
            let messages =
                if *count == 1 { "1 message waits".to_owned() } else { format!("{count} messages wait") };
            self.output
                .doubt(&format!("{messages} in the outbox: {}", failure.what), failure.hint.as_deref());
        }
    }
}

impl Round<'_, '_> {
    /// Sends one message; one that a server has refused before is put off where there is a list for that.
    fn one(&mut self, id: &Id, named: bool, later: Option<&mut Vec<Id>>) {
        if !self.lines.has_time() {
            self.cut = true;
            return;
        }
        let mut claimed = match self.waiting.outbox.take(id) {
            Claim::Taken(claimed) => claimed,
            unfit => return self.unfit(unfit),
        };
        if let Some(heir) = &self.waiting.heir {
            // one that somebody has named is given to it whatever it was kept for
            if !named && !heir.is_of(claimed.entry()) {
                self.passed_over += 1;
                return claimed.release();
            }
            if let Err(error) = claimed.give_to(heir.file) {
                return self.stays(Failure::from_situation(&error));
            }
        }
        if claimed.entry().refused
            && let Some(later) = later
        {
            later.push(id.clone());
            return claimed.release();
        }
        let found = self.ways.find(claimed.entry());
        match &*found {
            Ok(courier) => self.send(courier, claimed),
            // one of them stands for all: to put it down for each of ten thousand would take a minute
            Err(failure) if self.is_known(failure) && !self.is_too_old(claimed.entry()) => {
                claimed.release();
                self.stays(failure.clone());
            }
            Err(failure) => {
                let tried = self.untried(claimed, failure.clone());
                self.ended(tried);
            }
        }
    }

    /// Tells whether a message waits on for this reason already.
    fn is_known(&self, failure: &Failure) -> bool {
        self.reasons.iter().any(|(known, _)| known == failure)
    }

    fn is_too_old(&self, entry: &Entry) -> bool {
        entry.is_older_than(self.ways.max_age(entry), self.waiting.now)
    }

    /// Says of a message that was not taken in hand why, where that is not another process.
    fn unfit(&mut self, claim: Claim) {
        match claim {
            Claim::Taken(_) | Claim::Busy | Claim::Gone => {}
            Claim::SetAside(what) => {
                self.tally.set_aside += 1;
                self.tally.exit = self.tally.exit.worse(Exit::Data);
                self.waiting.output.alarm(&what);
            }
            Claim::Failed(error) => self.stays(Failure::from_situation(&error)),
        }
    }

    fn send(&mut self, courier: &Courier, claimed: Box<Claimed>) {
        match self.lines.send(courier, claimed, &self.now) {
            Ended::Tried(tried) => self.ended(*tried),
            Ended::Unfit(claim) => self.unfit(claim),
            Ended::NotTried(why) => {
                if let Some(why) = why {
                    self.stays(why);
                }
            }
        }
    }

    /// What became of a message whose task says no way for it.
    fn untried(&self, mut claimed: Box<Claimed>, failure: Failure) -> Tried {
        let entry = claimed.entry().clone();
        let attempt = crate::outbox::Attempt {
            now: self.waiting.now,
            error: &failure.what,
            code: failure.exit,
            refused: entry.refused,
            remaining: &entry.recipients,
        };
        let trouble = claimed.attempted(&attempt).err().map(|error| error.to_string());
        Tried {
            entry,
            status: Status::Queued,
            exit: failure.exit,
            detail: failure.what,
            hint: failure.hint,
            recipients: Vec::new(),
            trouble,
            claimed: Some(claimed),
        }
    }

    fn ended(&mut self, mut tried: Tried) {
        let subject = text::one_line(&tried.entry.subject).into_owned();
        let output = self.waiting.output;
        self.tally.exit = self.tally.exit.worse(tried.exit);
        if let Some(trouble) = &tried.trouble {
            self.tally.exit = self.tally.exit.worse(Exit::CannotWrite);
            output.warning(trouble);
        }
        let given_up = tried.status == Status::Queued && self.is_given_up(&mut tried);
        match tried.status {
            Status::Sent => self.tally.sent += 1,
            Status::Queued if given_up => {
                if let Some(claimed) = tried.claimed.take()
                    && let Err(error) = claimed.give_up()
                {
                    output.warning(&error.to_string());
                }
                tried.status = Status::Failed;
                self.tally.given_up += 1;
                output.alarm(&format!(
                    "given up, because it has waited for too long: \"{subject}\": {}",
                    tried.detail
                ));
            }
            Status::Queued => {
                let Tried { exit, detail, hint, .. } = &tried;
                self.stays(Failure { exit: *exit, what: detail.clone(), hint: hint.clone() });
            }
            _ => {
                self.tally.given_up += 1;
                output.alarm(&format!(
                    "given up, because every recipient was refused: \"{subject}\": {}",
                    tried.detail
                ));
            }
        }
        (self.each)(&tried);
    }

    /// Tells whether a message that has just failed once more has waited for too long, and did so a day
    /// before.
    fn is_given_up(&self, tried: &mut Tried) -> bool {
        let now = self.waiting.now;
        let too_old = self.is_too_old(&tried.entry);
        let since = tried.entry.overdue.filter(|since| *since <= now);
        if too_old && since.is_some_and(|since| now.duration_since(since) >= GRACE) {
            return true;
        }
        let since = too_old.then(|| since.unwrap_or(now));
        if let Some(Err(error)) = tried.claimed.as_mut().map(|claimed| claimed.overdue(since)) {
            self.waiting.output.warning(&error.to_string());
        }
        false
    }

    /// Notes why a message waits on.
    fn stays(&mut self, failure: Failure) {
        self.tally.exit = self.tally.exit.worse(failure.exit);
        match self.reasons.iter_mut().find(|(known, _)| *known == failure) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((failure, 1)),
        }
    }
}
