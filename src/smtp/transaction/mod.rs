//! One message: MAIL, RCPT, DATA or BDAT, in as few flights as the server allows (RFC 2920, RFC 3030).

mod chunk;
mod group;
mod letter;
mod message;

use std::cell::RefCell;

use lettre::address::Envelope;
use lettre::{Address, Transport};

use crate::deadline::Deadline;
use crate::smtp::Session;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::reply::Reply;
use crate::smtp::session::refusal;
use crate::smtp::transaction::group::Progress;
use crate::smtp::transaction::letter::Way;

/// What the server said of one recipient.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The address.
    pub address: Address,
    /// Whether the server takes the message for it.
    pub accepted: bool,
    /// Whether a refusal may pass (4yz).
    pub transient: bool,
    /// Whether it is a refusal for good (5yz).
    pub permanent: bool,
    /// Its words.
    pub reply: String,
}

/// What the server said of a message it took, or would take.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// One verdict for each recipient, in order; at least one is good.
    pub verdicts: Vec<Verdict>,
    /// The reply to the whole message; without text when nothing was handed over.
    pub reply: String,
}

/// Why nobody gets the message, and what was said of each recipient before that was clear.
#[derive(Debug, Clone)]
pub struct SendError {
    /// The reason.
    pub error: SmtpError,
    /// The verdicts so far; none of them is good any more.
    pub verdicts: Vec<Verdict>,
}

/// A signed-in session as a transport of lettre, for one message after another.
#[derive(Debug)]
pub struct Mailer<'a>(RefCell<Session<'a>>);

impl<'a> Mailer<'a> {
    /// Makes a transport of a session.
    pub fn new(session: Session<'a>) -> Self {
        Self(RefCell::new(session))
    }

    /// Sends one message and keeps the session for another one, in its place should it be refused or after
    /// it. It is ended without a round trip more than [`Transport::send_raw`] takes.
    pub fn send_on(&self, envelope: &Envelope, message: &[u8]) -> Result<Receipt, SendError> {
        self.0.borrow_mut().transaction(envelope, message, End::Open)
    }

    /// Bounds the next message by another deadline; for the answer to the whole of it there is time until
    /// the last.
    pub(crate) fn bound(&self, deadline: Deadline, last: Deadline) {
        self.0.borrow_mut().bound(deadline, last);
    }

    /// Returns the largest message that the server takes, in bytes, when it says so.
    pub fn size_limit(&self) -> Option<u64> {
        self.0.borrow().size_limit()
    }

    /// Tells whether the server takes addresses in other scripts before the `@`.
    pub fn offers_smtputf8(&self) -> bool {
        self.0.borrow().offers_smtputf8()
    }

    /// Tells whether the server waits for another command.
    pub fn is_open(&self) -> bool {
        self.0.borrow().between_commands
    }

    /// Tells whether the server has refused everybody, and does not know BDAT although it offers it: no
    /// message was refused for that, and the next had better go by DATA.
    pub(crate) fn knows_no_bdat(&self) -> bool {
        self.0.borrow().knows_no_bdat
    }

    /// Goes as far as an accepted recipient, and takes it back with RSET: nothing is sent.
    pub fn rehearse(&self, envelope: &Envelope, message: &[u8]) -> Result<Receipt, SendError> {
        self.0.borrow_mut().transaction(envelope, message, End::Rehearsal)
    }
}

impl Transport for Mailer<'_> {
    type Ok = Receipt;
    type Error = SendError;

    /// Sends one message and says QUIT with it.
    fn send_raw(&self, envelope: &Envelope, message: &[u8]) -> Result<Receipt, SendError> {
        self.0.borrow_mut().transaction(envelope, message, End::Message)
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the message, then QUIT.
    Message,
    /// With the message; QUIT is said when the session is dropped.
    Open,
    /// With RSET.
    Rehearsal,
}

impl Session<'_> {
    /// Takes it that the server does not know BDAT, whatever it offers.
    pub(crate) fn do_without_chunking(&mut self) {
        self.offered.chunking = false;
    }

    fn transaction(&mut self, envelope: &Envelope, message: &[u8], end: End) -> Result<Receipt, SendError> {
        let mut progress = Progress::default();
        let result = self.play(envelope, message, end, &mut progress);
        self.half_begun = result.is_err();
        // replies that belong to other commands than they seem to, or to a try that does not count
        let foreign = result.as_ref().is_err_and(SmtpError::is_out_of_step);
        let verdicts = envelope.to().iter().enumerate().map(|(i, address)| {
            // "503 need MAIL" after a refused sender says nothing of the recipient
            let reply = progress.rcpt.get(i).filter(|_| !progress.sender_refused() && !foreign);
            Verdict {
                address: address.clone(),
                accepted: result.is_ok() && reply.is_some_and(Reply::is_positive),
                transient: reply.is_some_and(Reply::is_transient),
                permanent: reply.is_some_and(Reply::is_permanent),
                reply: reply.map(Reply::to_string).unwrap_or_default(),
            }
        });
        let verdicts = verdicts.collect();
        match result {
            Ok(reply) => Ok(Receipt { verdicts, reply }),
            Err(error) => Err(SendError { error, verdicts }),
        }
    }

    fn play(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
        end: End,
        progress: &mut Progress,
    ) -> Result<String, SmtpError> {
        let letter = self.letter(message, end);
        let commands = self.commands(envelope, &letter).map_err(|p| self.failure(Step::Sender, p))?;
        let exchanged = self.step(Step::Recipients, |s| s.exchange(&commands, &letter, progress));
        exchanged.map_err(|error| progress.told_by(error))?;
        let last = progress.last.take();
        match (end, letter.way) {
            (End::Rehearsal, _) => {
                self.step(Step::Reset, |_| match last {
                    Some(reply) if !reply.is_positive() => Err(refusal(reply)),
                    _ => Ok(()),
                })?;
                Ok(String::new())
            }
            (_, Way::Data) => self.step(Step::Message, |s| s.hand_over(last, &letter)),
            (_, Way::InFlight) => self.step(Step::Message, |s| s.answer_in_flight(end)),
            (_, Way::Alone) => self.step(Step::Message, |s| s.hand_over_chunk(&letter)),
        }
    }
}

/// Tells what the failure means once the whole message was handed over: the server may have it.
fn after_the_message(problem: Problem) -> Problem {
    match problem {
        Problem::Closed => Problem::ClosedAfterMessage,
        Problem::TimedOut(over) => Problem::Unanswered(over),
        other => other,
    }
}
