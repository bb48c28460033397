//! The way of one message: as many tries as it needs, within the time that there is.

mod instead;

use lettre::Transport;
use lettre::address::Envelope;
use lettre::message::Mailbox;

use super::pauses::Pauses;
use crate::channels::courier::Courier;
use crate::channels::kept::{Kept, Ledger};
use crate::channels::paper::{LogShare, Paper, Terms, Written};
use crate::channels::recipients::Recipients;
use crate::channels::{Circumstances, Effort, Line, trust_notes};
use crate::delivery::{Status, TlsFacts};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::Story;
use crate::secrets::Secret;
use crate::smtp::{Mailer, Receipt, SecuredRoute, SendError, Session, SmtpError};
use crate::stages::Stages;
use crate::task::Email;

/// One message on its way, and what has been learned so far: kept whether the way ends well or not.
pub(super) struct Course<'a> {
    email: &'a Email,
    story: &'a Story<'a>,
    circumstances: Circumstances<'a>,
    stages: &'a Stages<'a>,
    pub(super) recipients: Recipients,
    pub(super) tls: Option<TlsFacts>,
    /// The message as it was made last.
    made: Option<Made>,
    /// The server's words, once it has refused the message with its log.
    too_large: Option<String>,
    /// What the server said when it took the message for some of the recipients.
    taken: Option<String>,
    tries: u32,
    /// Whether the server is taken not to know BDAT, whatever it offers.
    plain: bool,
    /// How it is sent, where that was found before.
    ready: Option<(Courier, Paper<'a>)>,
    message_id: Option<String>,
    /// The message in the outbox.
    ledger: Ledger<'a>,
    /// The open connection, where another message may follow.
    pub(super) line: Line<'a>,
}

/// A message, and what it was made for.
struct Made {
    to: Vec<Mailbox>,
    notes: Vec<String>,
    written: Written,
}

/// What a try needs.
type Ready<'r> = (&'r Courier, &'r Paper<'r>, &'r SecuredRoute);

/// A good end.
pub(super) struct Done {
    pub(super) status: Status,
    pub(super) detail: String,
}

/// The end of one try.
struct Fault {
    failure: Failure,
    /// Whether another try may end better.
    may_pass: bool,
    /// Whether the server may have taken the message all the same.
    uncertain: bool,
    /// Whether the server offers BDAT and does not know it.
    wants_data: bool,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { failure, may_pass: false, uncertain: false, wants_data: false }
    }
}

impl From<SmtpError> for Fault {
    fn from(error: SmtpError) -> Self {
        Self {
            may_pass: error.may_pass(),
            uncertain: error.is_uncertain(),
            wants_data: error.wants_data(),
            failure: Failure::from_situation(&error),
        }
    }
}

impl<'a> Course<'a> {
    pub(super) fn new(
        email: &'a Email,
        story: &'a Story<'a>,
        circumstances: Circumstances<'a>,
        stages: &'a Stages<'a>,
        kept: Option<Kept<'a>>,
    ) -> Self {
        let mut course = Self {
            email,
            story,
            circumstances,
            stages,
            recipients: Recipients::of(email.to.iter().map(|mailbox| &mailbox.email)),
            tls: None,
            made: None,
            too_large: None,
            taken: None,
            tries: 0,
            plain: false,
            ready: None,
            message_id: None,
            ledger: Ledger::new(None, story.now.timestamp(), circumstances.warn),
            line: Line::None,
        };
        if let Some(Kept { ready, written, claimed }) = kept {
            course.ledger = Ledger::new(Some(claimed), story.now.timestamp(), circumstances.warn);
            course.message_id = Some(written.composed.message_id.clone());
            let notes = ready.as_ref().map(|(_, paper)| paper.notes.clone());
            // from nobody it is good for the outbox only
            course.made = notes.map(|notes| Made { to: email.to.clone(), notes, written });
            course.ready = ready;
        }
        course
    }

    /// Returns the message's id, once there is a message.
    pub(super) fn message_id(&self) -> Option<String> {
        self.message_id.clone()
    }

    /// Tells whether it waits in the outbox for some of its recipients.
    pub(super) fn waits(&self) -> bool {
        self.ledger.is_open()
    }

    /// Puts down that it failed; tells whether it waits in the outbox.
    pub(super) fn failed(&mut self, failure: &Failure) -> bool {
        // refused as a whole, and not for the sake of the recipients
        let refused = failure.exit == Exit::Refused && !self.recipients.some_refused();
        self.ledger.failed(failure, refused, &self.recipients.remaining())
    }

    /// Goes the whole way. Every command that sends or rehearses comes through here.
    pub(super) fn run(&mut self) -> Result<Done, Failure> {
        let circumstances = self.circumstances;
        let ready = self.ready.take();
        let (courier, paper, route) = self.stages.time("account", || {
            let (courier, paper) = if let Some(ready) = ready {
                ready
            } else {
                let courier = Courier::find(self.email, circumstances.accounts, circumstances.warn)?;
                let paper = Paper::new(self.email, courier.from.clone(), circumstances.effort)?;
                (courier, paper)
            };
            let route = courier.route.secure().map_err(|e| Failure::from_situation(&e))?;
            Ok::<_, Failure>((courier, paper, route))
        })?;
        for note in &paper.notes {
            (circumstances.warn)(note);
        }
        let ready = (&courier, &paper, &route);
        let mut secret = self.secret(&courier, circumstances)?;
        if circumstances.effort == Effort::Offline {
            paper.compose(self.story, &Terms::new(&self.email.to, &[]))?;
            let detail = "everything but the network was checked".to_owned();
            return Ok(Done { status: Status::Checked, detail });
        }
        let mut pauses = Pauses::new();
        loop {
            self.tries += 1;
            let result = match self.once(ready, &mut secret) {
                Err(fault) if fault.wants_data => self.by_data(ready, fault),
                result => result,
            };
            let again = match &result {
                Ok(_) => self.recipients.some_later(),
                // it may be there already: what is kept waits for another day, and the rest gets one more try
                Err(fault) if fault.uncertain => !self.ledger.is_open() && self.tries == 1,
                Err(fault) => fault.may_pass,
            };
            if !again || !self.pauses(&mut pauses, result.as_ref().err()) {
                return self.end(result);
            }
            if secret.is_none() {
                // what was typed is gone, and the reason for another try counts
                match self.secret_unasked(&courier) {
                    Ok(found) => secret = found,
                    Err(_) => return self.end(result),
                }
            }
        }
    }

    /// Fetches the secret, where one is needed.
    fn secret(&self, courier: &Courier, circumstances: Circumstances<'_>) -> Result<Option<Secret>, Failure> {
        if !courier.signs_in() {
            return Ok(None);
        }
        self.stages.time("secret", || courier.secret(circumstances)).map(Some)
    }

    /// Waits before another try; tells whether there is time for one.
    fn pauses(&self, pauses: &mut Pauses, fault: Option<&Fault>) -> bool {
        if !self.circumstances.retry {
            return false;
        }
        let deadline = self.circumstances.deadline;
        let Some(pause) = pauses.next(deadline) else { return false };
        let why = fault.map_or("some recipients were refused for now", |fault| fault.failure.what.as_str());
        (self.circumstances.detail)(&format!("{why}; trying again in {:.1} s", pause.as_secs_f32()));
        deadline.pause(pause)
    }

    /// Says how it ended: well, if any try did.
    fn end(&mut self, last: Result<Done, Fault>) -> Result<Done, Failure> {
        match last {
            Ok(done) => Ok(done),
            Err(fault) => match self.taken.take() {
                Some(detail) => Ok(Done { status: Status::Sent, detail }),
                None if self.tries > 1 => {
                    let mut failure = fault.failure;
                    failure.what.push_str(&format!("; it was tried {} times", self.tries));
                    Err(failure)
                }
                None => Err(fault.failure),
            },
        }
    }

    /// Tries once.
    fn once(&mut self, ready: Ready<'_>, secret: &mut Option<Secret>) -> Result<Done, Fault> {
        let circumstances = self.circumstances;
        let (courier, paper, route) = ready;
        // until somebody has signed in
        self.line = Line::Down(Box::new(courier.route.clone()));
        let mut session = Session::open(route, circumstances.deadline, self.stages)?;
        self.tls = Some(session.tls_facts());
        let is_first = self.tries == 1 && !self.plain;
        if let Some(warning) = trust_notes::weak_trust(&courier.route, &session).filter(|_| is_first) {
            (circumstances.alarm)(&warning);
        }
        session.sign_in(secret.as_ref())?;
        if self.plain {
            session.do_without_chunking();
        }
        self.line = Line::None;
        // nobody needs it any more, and the rest can take its time
        drop(secret.take());

        let mut notes = paper.notes.clone();
        if let Some(left) =
            session.certificate_ends_within(trust_notes::ENDS_SOON, self.story.now.timestamp())
        {
            let note = trust_notes::certificate_end(&courier.route, left);
            if is_first {
                (circumstances.warn)(&note);
            }
            notes.push(note);
        }
        let to = self.reachable(&session);
        let limit = session.size_limit();
        let log = self.make(paper, to, notes, limit)?;
        let mailer = Mailer::new(session);
        let envelope = self.envelope()?;
        let result = match circumstances.effort {
            Effort::Deliver if matches!(log, LogShare::Attached | LogShare::Less) => {
                let result = mailer.send_on(&envelope, self.bytes());
                if let Err(error) = &result
                    && let Some(words) = error.error.refused_for_size()
                {
                    self.too_large = Some(words);
                    return self.without_log(ready, mailer);
                }
                result
            }
            Effort::Deliver if circumstances.more => mailer.send_on(&envelope, self.bytes()),
            Effort::Deliver => mailer.send_raw(&envelope, self.bytes()),
            Effort::Rehearse | Effort::Offline => mailer.rehearse(&envelope, self.bytes()),
        };
        self.plain |= mailer.knows_no_bdat();
        let done = self.settle(result)?;
        if circumstances.more && mailer.is_open() {
            self.line = Line::Open(Box::new((courier.route.clone(), mailer)));
        }
        Ok(done)
    }

    /// Lists whom the message names: all but those whom this server cannot reach.
    fn reachable(&mut self, session: &Session<'_>) -> Vec<Mailbox> {
        let smtputf8 = session.offers_smtputf8();
        self.recipients.leave_out_unreachable(smtputf8);
        let reachable = |m: &&Mailbox| smtputf8 || AsRef::<str>::as_ref(&m.email).is_ascii();
        let named: Vec<Mailbox> = self.email.to.iter().filter(reachable).cloned().collect();
        if named.is_empty() { self.email.to.clone() } else { named }
    }

    /// Makes the message, unless it is there already as this server wants it; says what it lacks.
    fn make(
        &mut self,
        paper: &Paper<'_>,
        to: Vec<Mailbox>,
        notes: Vec<String>,
        most: Option<u64>,
    ) -> Result<LogShare, Failure> {
        let fits = |written: &Written| {
            let size = u64::try_from(written.composed.bytes.len()).unwrap_or(u64::MAX);
            most.is_none_or(|most| size <= most)
        };
        if let Some(made) = &self.made
            && made.to == to
            && made.notes == notes
            && fits(&made.written)
        {
            return Ok(made.written.log);
        }
        // a long log is in it, and the next one takes its place
        self.made = None;
        // the same notice in another form keeps its id, so that a repeat can be told
        let message_id = self.message_id.clone();
        let terms = Terms {
            to: &to,
            notes: &notes,
            most,
            refused: self.too_large.as_deref(),
            message_id: message_id.as_deref(),
        };
        let written = paper.compose(self.story, &terms)?;
        let warn = self.circumstances.warn;
        match &self.too_large {
            Some(words) => warn(&format!("sending again without the log: {words}")),
            None if self.tries == 1 && !self.plain => {
                written.composed.notes.iter().for_each(|note| warn(note));
            }
            None => {}
        }
        let log = written.log;
        self.message_id = Some(written.composed.message_id.clone());
        self.made = Some(Made { to, notes, written });
        Ok(log)
    }

    /// Returns the message as it was made last.
    fn bytes(&self) -> &[u8] {
        self.made.as_ref().map(|made| made.written.composed.bytes.as_slice()).unwrap_or_default()
    }

    /// Says who of those whom it names has not got it yet.
    fn envelope(&self) -> Result<Envelope, Failure> {
        let made = self.made.as_ref().map(|made| &made.written.composed.envelope);
        let pending = self.recipients.pending();
        let named = made.map(Envelope::to).unwrap_or_default();
        let to = named.iter().filter(|address| pending.contains(address)).cloned().collect();
        let from = made.and_then(|envelope| envelope.from().cloned());
        Envelope::new(from, to)
            .map_err(|error| Failure::new(Exit::Software, format!("the envelope is wrong: {error}")))
    }

    /// Takes over what the server said of each recipient, and of the whole.
    fn settle(&mut self, result: Result<Receipt, SendError>) -> Result<Done, Fault> {
        let (verdicts, result) = match result {
            Ok(receipt) => (receipt.verdicts, Ok(receipt.reply)),
            Err(SendError { error, verdicts }) => (verdicts, Err(error)),
        };
        self.recipients.record_all(verdicts);
        let reply = result.map_err(|error| {
            let fault = Fault::from(error);
            Fault { may_pass: fault.may_pass || self.recipients.some_later(), ..fault }
        })?;
        let whom = self.recipients.whom();
        Ok(match self.circumstances.effort {
            Effort::Deliver => {
                self.ledger.taken(&self.recipients.remaining(), self.recipients.why_it_waits());
                let log = self.made.as_ref().map(|made| made.written.log.words()).unwrap_or_default();
                let detail = format!("sent to {whom}{log}: {reply}");
                self.taken = Some(detail.clone());
                Done { status: Status::Sent, detail }
            }
            Effort::Rehearse | Effort::Offline => Done {
                status: Status::Checked,
                detail: format!("{whom} would be accepted; nothing was sent"),
            },
        })
    }
}
