//! E-mail: from a story to a server's 250.

use lettre::Transport;
use lettre::message::Mailbox;

use crate::accounts::Auth;
use crate::channels::prepared::{LogShare, Prepared, Written};
use crate::channels::{Channel, Circumstances, Effort, trust_notes};
use crate::delivery::{ChannelName, Delivery, Recipient, Status, TlsFacts};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::{Composed, Story};
use crate::smtp::{Mailer, Receipt, SecuredRoute, SendError, Session, Verdict};
use crate::stages::Stages;
use crate::task::Email;

/// One e-mail of a task.
#[derive(Debug)]
pub struct EmailChannel<'a> {
    email: &'a Email,
}

impl<'a> EmailChannel<'a> {
    /// Makes the channel for one e-mail.
    pub fn new(email: &'a Email) -> Self {
        Self { email }
    }
}

impl Channel for EmailChannel<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let stages = Stages::new(circumstances.watch);
        let mut attempt = Attempt { tls: None, recipients: self.unasked(), message_id: None };
        let result = self.attempt(story, circumstances, &stages, &mut attempt);
        let (status, exit_code, detail, hint) = match result {
            Ok(Done { status, detail }) => {
                let exit = refused_exit(&attempt.recipients);
                let hint = (exit != Exit::Ok).then(|| "check the refused addresses in \"to\"".to_owned());
                (status, exit, detail, hint)
            }
            Err(failure) => (Status::Failed, failure.exit, failure.what, failure.hint),
        };
        Delivery {
            channel: ChannelName::Email,
            status,
            exit_code,
            detail,
            hint,
            recipients: attempt.recipients.into_iter().map(|(recipient, _)| recipient).collect(),
            tls: attempt.tls,
            stages: stages.into_list(),
            message_id: attempt.message_id,
        }
    }
}

/// What has been learned on the way, kept whether the way ends well or not.
struct Attempt {
    tls: Option<TlsFacts>,
    /// Each recipient, and the code that its refusal stands for.
    recipients: Vec<(Recipient, Exit)>,
    message_id: Option<String>,
}

/// A good end.
struct Done {
    status: Status,
    detail: String,
}

impl EmailChannel<'_> {
    /// Lists the recipients as long as nobody has asked the server about them.
    fn unasked(&self) -> Vec<(Recipient, Exit)> {
        let addresses = self.email.to.iter().map(|mailbox| mailbox.email.clone());
        addresses
            .map(|address| (Recipient { address, accepted: false, reply: String::new() }, Exit::Ok))
            .collect()
    }

    /// Goes the whole way. Every command that sends or rehearses comes through here.
    fn attempt(
        &self,
        story: &Story<'_>,
        circumstances: Circumstances<'_>,
        stages: &Stages<'_>,
        attempt: &mut Attempt,
    ) -> Result<Done, Failure> {
        // one stage, of which two things are left: the route borrows from what was prepared
        let mut prepared = None;
        let place = &mut prepared;
        let (prepared, route) = stages.time("account", move || {
            let prepared: &Prepared<'_> = place.insert(Prepared::new(self.email, circumstances)?);
            let route = prepared.route.secure().map_err(|e| Failure::from_situation(&e))?;
            Ok::<_, Failure>((prepared, route))
        })?;
        for note in &prepared.notes {
            (circumstances.warn)(note);
        }
        let secret = match prepared.account.auth {
            Auth::None => None,
            _ => Some(stages.time("secret", || prepared.secret(circumstances))?),
        };
        if circumstances.effort == Effort::Offline {
            prepared.compose(story, &self.email.to, Vec::new(), None, None)?;
            return Ok(Done {
                status: Status::Checked,
                detail: "everything but the network was checked".to_owned(),
            });
        }
        let mut session =
            Session::open(&route, circumstances.deadline, stages).map_err(|e| Failure::from_situation(&e))?;
        attempt.tls = Some(session.tls_facts());
        if let Some(warning) = trust_notes::weak_trust(&prepared.route, &session) {
            (circumstances.alarm)(&warning);
        }
        session.sign_in(secret.as_ref()).map_err(|e| Failure::from_situation(&e))?;
        // nobody needs it any more, and the rest can take its time
        drop(secret);

        let mut notes = prepared.notes.clone();
        if let Some(left) = session.certificate_ends_within(trust_notes::ENDS_SOON, story.now.timestamp()) {
            let note = trust_notes::certificate_end(&prepared.route, left);
            (circumstances.warn)(&note);
            notes.push(note);
        }
        let to = self.reachable(&session, attempt);
        let limit = session.size_limit();
        let letter = Sending { prepared, story, to: &to, notes, circumstances };
        let written = letter.compose(limit, None, attempt)?;
        let mailer = Mailer::new(session);
        let envelope = &written.composed.envelope;
        let bytes = &written.composed.bytes;
        let result = match circumstances.effort {
            Effort::Deliver if matches!(written.log, LogShare::Attached | LogShare::Less) => {
                let result = mailer.send_first(envelope, bytes);
                if let Err(error) = &result
                    && let Some(words) = error.error.refused_for_size()
                {
                    let written = letter.compose(limit, Some(&words), attempt)?;
                    let again = || Self::sign_in_again(&route, prepared, circumstances, stages);
                    let result = send_instead(mailer, &written.composed, again)?;
                    return attempt.settle(result, circumstances.effort, written.log);
                }
                result
            }
            Effort::Deliver => mailer.send_raw(envelope, bytes),
            Effort::Rehearse | Effort::Offline => mailer.rehearse(envelope, bytes),
        };
        attempt.settle(result, circumstances.effort, written.log)
    }

    /// Opens another session where a refusal has ended the first. Nobody is asked for a password twice.
    fn sign_in_again<'s>(
        route: &SecuredRoute<'s>,
        prepared: &Prepared<'_>,
        circumstances: Circumstances<'_>,
        stages: &'s Stages<'s>,
    ) -> Result<Session<'s>, Failure> {
        let unasked = Circumstances { may_prompt: false, ..circumstances };
        let secret = match prepared.account.auth {
            Auth::None => None,
            _ => Some(stages.time("secret", || prepared.secret(unasked))?),
        };
        let mut session =
            Session::open(route, circumstances.deadline, stages).map_err(|e| Failure::from_situation(&e))?;
        session.sign_in(secret.as_ref()).map_err(|e| Failure::from_situation(&e))?;
        Ok(session)
    }

    /// Leaves out the recipients whom this server cannot reach, so that the others get the notice.
    fn reachable(&self, session: &Session<'_>, attempt: &mut Attempt) -> Vec<Mailbox> {
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
        for (recipient, exit) in &mut attempt.recipients {
            if bad.iter().any(|mailbox| mailbox.email == recipient.address) {
                recipient.reply =
                    String::from("not asked: the server takes no addresses in other scripts (no SMTPUTF8)");
                *exit = Exit::Refused;
            }
        }
        good
    }
}

/// What every version of one message is made of.
struct Sending<'a> {
    prepared: &'a Prepared<'a>,
    story: &'a Story<'a>,
    to: &'a [Mailbox],
    notes: Vec<String>,
    circumstances: Circumstances<'a>,
}

impl Sending<'_> {
    /// Makes the message, and says what it lacks.
    fn compose(
        &self,
        limit: Option<u64>,
        refused: Option<&str>,
        attempt: &mut Attempt,
    ) -> Result<Written, Failure> {
        let written = self.prepared.compose(self.story, self.to, self.notes.clone(), limit, refused)?;
        attempt.message_id = Some(written.composed.message_id.clone());
        match refused {
            Some(words) => (self.circumstances.warn)(&format!("sending again without the log: {words}")),
            None => written.composed.notes.iter().for_each(|note| (self.circumstances.warn)(note)),
        }
        Ok(written)
    }
}

/// Sends a message in place of one that was refused: over the same session as long as it works.
fn send_instead<'s>(
    mailer: Mailer<'_>,
    message: &Composed,
    again: impl FnOnce() -> Result<Session<'s>, Failure>,
) -> Result<Result<Receipt, SendError>, Failure> {
    if mailer.is_open() {
        let result = mailer.send_instead(&message.envelope, &message.bytes);
        if !result.as_ref().is_err_and(|error| error.error.lost_before_message()) {
            return Ok(result);
        }
    }
    drop(mailer);
    Ok(Mailer::new(again()?).send_raw(&message.envelope, &message.bytes))
}

impl Attempt {
    /// Takes over what the server said of each recipient, and of the whole.
    fn settle(
        &mut self,
        result: Result<Receipt, SendError>,
        effort: Effort,
        log: LogShare,
    ) -> Result<Done, Failure> {
        let (verdicts, result) = match result {
            Ok(receipt) => (receipt.verdicts, Ok(receipt.reply)),
            Err(SendError { error, verdicts }) => (verdicts, Err(error)),
        };
        for verdict in verdicts {
            self.record(verdict);
        }
        let reply = result.map_err(|e| Failure::from_situation(&e))?;
        let good = self.recipients.iter().filter(|(r, _)| r.accepted).count();
        let whom = match (good, self.recipients.len()) {
            (1, 1) => self.recipients.first().map(|(r, _)| r.address.to_string()).unwrap_or_default(),
            (good, all) if good == all => format!("{all} recipients"),
            (good, all) => format!("{good} of {all} recipients"),
        };
        Ok(match effort {
            Effort::Deliver => {
                Done { status: Status::Sent, detail: format!("sent to {whom}{}: {reply}", log.words()) }
            }
            Effort::Rehearse | Effort::Offline => Done {
                status: Status::Checked,
                detail: format!("{whom} would be accepted; nothing was sent"),
            },
        })
    }

    fn record(&mut self, verdict: Verdict) {
        let Verdict { address, accepted, transient, reply } = verdict;
        if let Some((recipient, exit)) = self.recipients.iter_mut().find(|(r, _)| r.address == address) {
            *exit = match (accepted || reply.is_empty(), transient) {
                (true, _) => Exit::Ok,
                (false, true) => Exit::TempFail,
                (false, false) => Exit::Refused,
            };
            recipient.accepted = accepted;
            recipient.reply = reply;
        }
    }
}

/// Returns the code for the recipients that were refused while others got the message.
fn refused_exit(recipients: &[(Recipient, Exit)]) -> Exit {
    recipients.iter().fold(Exit::Ok, |worst, (_, exit)| worst.worse(*exit))
}
