//! The way of one message: as many tries as it needs, within the time that there is.

use lettre::Transport;
use lettre::address::Envelope;
use lettre::message::Mailbox;

use super::pauses::Pauses;
use super::recipients::Recipients;
use crate::accounts::Auth;
use crate::channels::prepared::{LogShare, Prepared, Terms, Written};
use crate::channels::{Circumstances, Effort, trust_notes};
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
}

/// A message, and what it was made for.
struct Made {
    to: Vec<Mailbox>,
    notes: Vec<String>,
    written: Written,
}

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
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { failure, may_pass: false }
    }
}

impl From<SmtpError> for Fault {
    fn from(error: SmtpError) -> Self {
        Self { may_pass: error.may_pass(), failure: Failure::from_situation(&error) }
    }
}

impl<'a> Course<'a> {
    pub(super) fn new(
        email: &'a Email,
        story: &'a Story<'a>,
        circumstances: Circumstances<'a>,
        stages: &'a Stages<'a>,
    ) -> Self {
        Self {
            email,
            story,
            circumstances,
            stages,
            recipients: Recipients::of(&email.to),
            tls: None,
            made: None,
            too_large: None,
            taken: None,
            tries: 0,
        }
    }

    /// Returns the message's id, once there is a message.
    pub(super) fn message_id(&self) -> Option<String> {
        self.made.as_ref().map(|made| made.written.composed.message_id.clone())
    }

    /// Goes the whole way. Every command that sends or rehearses comes through here.
    pub(super) fn run(&mut self) -> Result<Done, Failure> {
        let circumstances = self.circumstances;
        let (prepared, route) = self.stages.time("account", || {
            let prepared = Prepared::new(self.email, circumstances)?;
            let route = prepared.route.secure().map_err(|e| Failure::from_situation(&e))?;
            Ok::<_, Failure>((prepared, route))
        })?;
        for note in &prepared.notes {
            (circumstances.warn)(note);
        }
        let mut secret = self.secret(&prepared, circumstances)?;
        if circumstances.effort == Effort::Offline {
            prepared.compose(self.story, &Terms::new(&self.email.to, &[]))?;
            let detail = "everything but the network was checked".to_owned();
            return Ok(Done { status: Status::Checked, detail });
        }
        let mut pauses = Pauses::new();
        loop {
            self.tries += 1;
            let result = self.once(&prepared, &route, &mut secret);
            let again = match &result {
                Ok(_) => self.recipients.some_later(),
                Err(fault) => fault.may_pass,
            };
            if !again || !self.pauses(&mut pauses, result.as_ref().err()) {
                return self.end(result);
            }
            if secret.is_none() {
                // nobody is asked twice: what was typed is gone, and the reason for another try counts
                let unasked = Circumstances { may_prompt: false, ..circumstances };
                match self.secret(&prepared, unasked) {
                    Ok(found) => secret = found,
                    Err(_) => return self.end(result),
                }
            }
        }
    }

    /// Fetches the secret, where one is needed.
    fn secret(
        &self,
        prepared: &Prepared<'_>,
        circumstances: Circumstances<'_>,
    ) -> Result<Option<Secret>, Failure> {
        match prepared.account.auth {
            Auth::None => Ok(None),
            _ => self.stages.time("secret", || prepared.secret(circumstances)).map(Some),
        }
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
    fn once(
        &mut self,
        prepared: &Prepared<'_>,
        route: &SecuredRoute,
        secret: &mut Option<Secret>,
    ) -> Result<Done, Fault> {
        let circumstances = self.circumstances;
        let mut session = Session::open(route, circumstances.deadline, self.stages)?;
        self.tls = Some(session.tls_facts());
        if let Some(warning) = trust_notes::weak_trust(&prepared.route, &session).filter(|_| self.tries == 1)
        {
            (circumstances.alarm)(&warning);
        }
        session.sign_in(secret.as_ref())?;
        // nobody needs it any more, and the rest can take its time
        drop(secret.take());

        let mut notes = prepared.notes.clone();
        if let Some(left) =
            session.certificate_ends_within(trust_notes::ENDS_SOON, self.story.now.timestamp())
        {
            let note = trust_notes::certificate_end(&prepared.route, left);
            if self.tries == 1 {
                (circumstances.warn)(&note);
            }
            notes.push(note);
        }
        let to = self.reachable(&session);
        let limit = session.size_limit();
        let log = self.make(prepared, to, notes, limit)?;
        let mailer = Mailer::new(session);
        let envelope = self.envelope()?;
        let result = match circumstances.effort {
            Effort::Deliver if matches!(log, LogShare::Attached | LogShare::Less) => {
                let result = mailer.send_on(&envelope, self.bytes());
                if let Err(error) = &result
                    && let Some(words) = error.error.refused_for_size()
                {
                    self.too_large = Some(words);
                    return self.without_log(prepared, route, mailer);
                }
                result
            }
            Effort::Deliver => mailer.send_raw(&envelope, self.bytes()),
            Effort::Rehearse | Effort::Offline => mailer.rehearse(&envelope, self.bytes()),
        };
        self.settle(result)
    }

    /// Sends the message without the log in place of the one that was refused for its size: over the same
    /// session as long as it works.
    fn without_log(
        &mut self,
        prepared: &Prepared<'_>,
        route: &SecuredRoute,
        mailer: Mailer<'_>,
    ) -> Result<Done, Fault> {
        let made = self.made.take();
        let (to, notes) = made.map(|made| (made.to, made.notes)).unwrap_or_default();
        self.make(prepared, to, notes, None)?;
        let envelope = self.envelope()?;
        if mailer.is_open() {
            let result = mailer.send_raw(&envelope, self.bytes());
            if !result.as_ref().is_err_and(|error| error.error.lost_before_message()) {
                return self.settle(result);
            }
        }
        drop(mailer);
        // nobody is asked for a password twice
        let unasked = Circumstances { may_prompt: false, ..self.circumstances };
        let secret = self.secret(prepared, unasked)?;
        let mut session = Session::open(route, self.circumstances.deadline, self.stages)?;
        session.sign_in(secret.as_ref())?;
        drop(secret);
        let result = Mailer::new(session).send_raw(&envelope, self.bytes());
        self.settle(result)
    }

    /// Leaves out the recipients whom this server cannot reach, so that the others get the notice.
    fn reachable(&mut self, session: &Session<'_>) -> Vec<Mailbox> {
        let (good, bad): (Vec<_>, Vec<_>) = self
            .email
            .to
            .iter()
            .cloned()
            .partition(|m| AsRef::<str>::as_ref(&m.email).is_ascii() || session.offers_smtputf8());
        // when nobody is left, the session says why
        if good.is_empty() {
            return bad;
        }
        for mailbox in &bad {
            let why = "not asked: the server takes no addresses in other scripts (no SMTPUTF8)";
            self.recipients.leave_out(&mailbox.email, why);
        }
        good
    }

    /// Makes the message, unless it is there already as this server wants it; says what it lacks.
    fn make(
        &mut self,
        prepared: &Prepared<'_>,
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
        // the same notice in another form keeps its id, so that a repeat can be told
        let message_id = self.message_id();
        let terms = Terms {
            to: &to,
            notes: &notes,
            most,
            refused: self.too_large.as_deref(),
            message_id: message_id.as_deref(),
        };
        let written = prepared.compose(self.story, &terms)?;
        let warn = self.circumstances.warn;
        match &self.too_large {
            Some(words) => warn(&format!("sending again without the log: {words}")),
            None if self.tries == 1 => written.composed.notes.iter().for_each(|note| warn(note)),
            None => {}
        }
        let log = written.log;
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
        for verdict in verdicts {
            self.recipients.record(verdict);
        }
        let reply = result.map_err(|error| {
            let fault = Fault::from(error);
            Fault { may_pass: fault.may_pass || self.recipients.some_later(), ..fault }
        })?;
        let whom = self.recipients.whom();
        Ok(match self.circumstances.effort {
            Effort::Deliver => {
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
