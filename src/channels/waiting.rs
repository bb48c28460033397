//! Messages that have waited, sent over as few connections as there are accounts.

use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Zoned;
use lettre::address::Envelope;

use crate::channels::courier::Courier;
use crate::channels::line::Line;
use crate::channels::recipients::Recipients;
use crate::channels::trust_notes;
use crate::deadline::Deadline;
use crate::delivery::{Recipient, Status};
use crate::error::{Failure, Situation};
use crate::exit::Exit;
use crate::message::{Late, late, late_lines};
use crate::outbox::{Attempt, Claim, Claimed, Entry};
use crate::smtp::{Mailer, Receipt, Route, SecuredRoute, SendError, Session, SmtpError};
use crate::stages::Stages;

/// How many connections are open at a time.
const MOST_OPEN: usize = 4;

/// The connections so far.
pub(crate) struct Lines<'a> {
    open: Vec<Open<'a>>,
    /// The trust rules as they were set up: a server that takes few messages a connection costs no more.
    secured: Vec<Rc<SecuredRoute>>,
    /// Where nobody could sign in, and why; without a reason somebody was told before.
    down: Vec<(Route, Option<Failure>)>,
    /// Whose servers offer BDAT and do not know it.
    plain: Vec<Route>,
    stages: &'a Stages<'a>,
    deadline: Deadline,
    detail: &'a dyn Fn(&str),
    alarm: &'a dyn Fn(&str),
    /// The longest that a server has taken so far over one message.
    slowest: Duration,
}

/// A connection on which somebody has signed in.
struct Open<'a> {
    route: Route,
    mailer: Mailer<'a>,
    /// Whether it has carried a message.
    used: bool,
}

impl std::fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("down", &self.down).finish_non_exhaustive()
    }
}

/// What became of one message that has waited.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was handed to a server, or refused.
    Tried(Box<Tried>),
    /// Its server could not be reached before, and was not asked again.
    NotTried(Option<Failure>),
    /// It was not the message that was kept, or could not be read.
    Unfit(Claim),
}

/// What became of one try.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) entry: Entry,
    /// Sent, queued, or failed where every recipient was refused.
    pub(crate) status: Status,
    pub(crate) exit: Exit,
    pub(crate) detail: String,
    pub(crate) hint: Option<String>,
    pub(crate) recipients: Vec<Recipient>,
    /// What could not be put down in the outbox.
    pub(crate) trouble: Option<String>,
    /// The message in hand, where it still waits.
    pub(crate) claimed: Option<Box<Claimed>>,
}

/// Why a message did not get through.
struct Fault {
    failure: Failure,
    /// Whether the whole message was refused for good, or nobody knows: it goes after the others.
    refused: bool,
    /// Whether the next message would fare no better.
    down: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(
        lines: Vec<Line<'a>>,
        stages: &'a Stages<'a>,
        deadline: Deadline,
        detail: &'a dyn Fn(&str),
        alarm: &'a dyn Fn(&str),
    ) -> Self {
        let (mut open, mut down) = (Vec::new(), Vec::new());
        for line in lines {
            match line {
                Line::None => {}
                Line::Open(line) => {
                    let (route, mailer) = *line;
                    open.push(Open { route, mailer, used: true });
                }
                Line::Down(route) => down.push((*route, None)),
            }
        }
        let secured = Vec::new();
        let plain = Vec::new();
        Self { open, secured, down, plain, stages, deadline, detail, alarm, slowest: Duration::ZERO }
    }

    /// Takes it that a server may need this long for one message.
    #[must_use]
    pub(crate) fn expecting(mut self, slowest: Duration) -> Self {
        self.slowest = slowest;
        self
    }

    /// Tells whether there is time for one more message. One that is cut off while the server thinks about
    /// it may have been taken, and would come again with the next run, and with every run after that.
    pub(crate) fn has_time(&self) -> bool {
        self.deadline.remaining().is_some_and(|left| left > self.slowest + self.slowest / 2)
    }

    /// Sends one message, and puts down in the outbox what became of it.
    pub(crate) fn send(&mut self, courier: &Courier, claimed: Box<Claimed>, now: &Zoned) -> Ended {
        if let Some((_, why)) = self.down.iter().find(|(route, _)| *route == courier.route) {
            return Ended::NotTried(why.clone());
        }
        let claimed = match claimed.checked() {
            Claim::Taken(claimed) => claimed,
            unfit => return Ended::Unfit(unfit),
        };
        let entry = claimed.entry().clone();
        let mut recipients = Recipients::of(&entry.recipients);
        let result = self.hand_over(courier, &claimed, now, &mut recipients);
        let mut tried = Tried {
            entry,
            status: Status::Sent,
            exit: Exit::Ok,
            detail: String::new(),
            hint: None,
            recipients: Vec::new(),
            trouble: None,
            claimed: None,
        };
        let attempt = |fault: Option<&Fault>| match fault {
            None => {
                let (why, exit) = recipients.why_it_waits();
                (why.to_owned(), exit, false)
            }
            Some(fault) => (fault.failure.what.clone(), fault.failure.exit, fault.refused),
        };
        let (error, code, refused) = attempt(result.as_ref().err());
        let remaining = recipients.remaining();
        let mut claimed = claimed;
        let put_down = if result.is_ok() && remaining.is_empty() {
            claimed.accepted()
        } else {
            let now = now.timestamp();
            let put =
                claimed.attempted(&Attempt { now, error: &error, code, refused, remaining: &remaining });
            tried.claimed = claimed.is_kept().then_some(claimed);
            put
        };
        tried.trouble = put_down.err().map(|error| error.to_string());
        match result {
            Ok(reply) => {
                tried.exit = recipients.exit();
                tried.detail = format!("sent to {}: {reply}", recipients.whom());
            }
            Err(fault) => {
                tried.status = if tried.claimed.is_some() { Status::Queued } else { Status::Failed };
                tried.exit = fault.failure.exit.worse(recipients.exit());
                if fault.down {
                    self.down.push((courier.route.clone(), Some(fault.failure.clone())));
                }
                tried.detail = fault.failure.what;
                tried.hint = fault.failure.hint;
            }
        }
        tried.recipients = recipients.into_list();
        Ended::Tried(Box::new(tried))
    }

    /// Hands one message to its server; on another connection when that has had enough of the first.
    fn hand_over(
        &mut self,
        courier: &Courier,
        claimed: &Claimed,
        now: &Zoned,
        recipients: &mut Recipients,
    ) -> Result<String, Fault> {
        let mut too_large: Option<String> = None;
        loop {
            // a server that takes all the time there is leaves half of it to the others
            let patience = self.deadline.share(2);
            let last_word = self.deadline;
            let line = self.line(courier, patience)?;
            recipients.leave_out_unreachable(line.mailer.offers_smtputf8());
            let entry = claimed.entry();
            let message =
                claimed.message().map_err(|error| Fault::of_one(Failure::from_situation(&error)))?;
            let from = entry.sender.as_ref().unwrap_or(&courier.from);
            let to = recipients.pending();
            let late = Late {
                lines: &[],
                sender: Some(from),
                most: line.mailer.size_limit(),
                refused: too_large.as_deref(),
                to: (!line.mailer.offers_smtputf8()).then_some(&to),
            };
            let bytes = packed(message, entry, now, late)?;
            let envelope = Envelope::new(Some(from.email.clone()), to).map_err(|error| {
                Fault::of_one(Failure::new(Exit::Software, format!("the envelope is wrong: {error}")))
            })?;
            line.mailer.bound(patience, last_word);
            let begun = Instant::now();
            let result = line.mailer.send_on(&envelope, &bytes);
            let (worn, is_open) = (line.used, line.mailer.is_open());
            let denied = line.mailer.knows_no_bdat();
            line.used |= result.is_ok();
            if result.is_ok() {
                self.slowest = self.slowest.max(begun.elapsed());
            }
            if !is_open {
                self.open.retain(|open| open.route != courier.route);
            }
            let SendError { error, verdicts } = match result {
                Ok(Receipt { verdicts, reply }) => {
                    recipients.record_all(verdicts);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if worn && !is_open && error.has_had_enough() {
                continue;
            }
            if error.wants_data() {
                (self.detail)(&format!("{error}; sending again without it"));
                self.plain.push(courier.route.clone());
                continue;
            }
            if denied {
                self.plain.push(courier.route.clone());
            }
            match error.refused_for_size() {
                Some(words) if too_large.is_none() => too_large = Some(words),
                _ => {
                    recipients.record_all(verdicts);
                    let refused = error.exit() == Exit::Refused && !recipients.some_refused();
                    // a server that never says what became of it takes the time of no other again
                    let refused = refused || error.is_uncertain();
                    let failure = Failure::from_situation(&error);
                    // one that was given up for its BDAT has refused nobody else
                    return Err(Fault { failure, refused, down: !is_open && !denied });
                }
            }
        }
    }

    /// Returns the connection by which this courier goes, and makes it where there is none.
    fn line(&mut self, courier: &Courier, patience: Deadline) -> Result<&mut Open<'a>, Fault> {
        let place = self.open.iter().position(|open| open.route == courier.route);
        if place.is_none() {
            let opened = self.connect(courier, patience).map_err(|failure| Fault {
                failure,
                refused: false,
                down: true,
            })?;
            if self.open.len() >= MOST_OPEN {
                drop(self.open.remove(0));
            }
            self.open.push(opened);
        }
        let place = place.unwrap_or(self.open.len().saturating_sub(1));
        self.open.get_mut(place).ok_or_else(|| {
            Fault::of_one(Failure::new(Exit::Software, "the connection that was made is not there"))
        })
    }

    /// Sets up the trust rule of a route, once.
    fn secured(&mut self, route: &Route) -> Result<Rc<SecuredRoute>, SmtpError> {
        if let Some(known) = self.secured.iter().find(|secured| secured.route() == route) {
            return Ok(Rc::clone(known));
        }
        let secured = Rc::new(route.secure()?);
        self.secured.push(Rc::clone(&secured));
        Ok(secured)
    }

    fn connect(&mut self, courier: &Courier, patience: Deadline) -> Result<Open<'a>, Failure> {
        let failed = |error: &dyn Situation| Failure {
            exit: error.exit(),
            what: error.to_string(),
            hint: error.hint(),
        };
        let route = self.secured(&courier.route).map_err(|error| failed(&error))?;
        let secret = if courier.signs_in() { Some(courier.secret_unasked(patience)?) } else { None };
        let mut session = Session::open(&route, patience, self.stages).map_err(|error| failed(&error))?;
        if let Some(warning) = trust_notes::weak_trust(&courier.route, &session) {
            (self.alarm)(&warning);
        }
        session.sign_in(secret.as_ref()).map_err(|error| failed(&error))?;
        if self.plain.contains(&courier.route) {
            session.do_without_chunking();
        }
        Ok(Open { route: courier.route.clone(), mailer: Mailer::new(session), used: false })
    }
}

/// Says at the top of a message that it is late, and packs it as the server wants it.
fn packed(message: &[u8], entry: &Entry, now: &Zoned, what: Late<'_>) -> Result<Vec<u8>, Fault> {
    let written = entry.queued.to_zoned(now.time_zone().clone());
    let lines = late_lines(&written, entry.last_error.as_deref(), entry.attempts);
    late(message, &Late { lines: &lines, ..what })
        .map_err(|error| Fault::of_one(Failure::from_situation(&error)))
}

impl Fault {
    /// The fault of this message, or of this computer.
    fn of_one(failure: Failure) -> Self {
        Self { failure, refused: false, down: false }
    }
}
