//! One message: MAIL, RCPT, DATA, in as few flights as the server allows (RFC 2920).

use std::cell::RefCell;

use lettre::address::Envelope;
use lettre::{Address, Transport};
use memchr::memchr2;

use crate::deadline::Deadline;
use crate::smtp::Session;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::reply::Reply;
use crate::smtp::session::refusal;

/// How much is sent before the replies to it are read. Both ends could otherwise wait for each
/// other with full buffers (RFC 2920, section 3.1).
const FLIGHT: usize = 8 * 1024;
/// How much of a message is written at once.
const CHUNK: usize = 64 * 1024;

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

/// One command of the group, and what its reply belongs to.
struct Command {
    line: String,
    of: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Forget,
    Mail,
    Rcpt,
    Data,
    Reset,
}

/// What the replies have said so far.
#[derive(Default)]
struct Progress {
    mail: Option<Reply>,
    rcpt: Vec<Reply>,
    last: Option<Reply>,
}

impl Progress {
    fn accepted(&self) -> usize {
        self.rcpt.iter().filter(|reply| reply.is_positive()).count()
    }

    fn sender_refused(&self) -> bool {
        self.mail.as_ref().is_some_and(|reply| !reply.is_positive())
    }
}

impl Session<'_> {
    fn transaction(&mut self, envelope: &Envelope, message: &[u8], end: End) -> Result<Receipt, SendError> {
        let mut progress = Progress::default();
        let result = self.play(envelope, message, end, &mut progress);
        self.half_begun = result.is_err();
        let verdicts = envelope.to().iter().enumerate().map(|(i, address)| {
            // "503 need MAIL" after a refused sender says nothing of the recipient
            let reply = progress.rcpt.get(i).filter(|_| !progress.sender_refused());
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
        let commands = self.commands(envelope, message, end).map_err(|p| self.failure(Step::Sender, p))?;
        self.step(Step::Recipients, |session| session.exchange(&commands, progress)).map_err(
            |mut error| {
                // the group is timed as one; the fault is the sender's when MAIL was refused
                if progress.sender_refused() {
                    error.step = Step::Sender;
                }
                error
            },
        )?;
        let last = progress.last.take();
        match end {
            End::Rehearsal => {
                self.step(Step::Reset, |_| match last {
                    Some(reply) if !reply.is_positive() => Err(refusal(reply)),
                    _ => Ok(()),
                })?;
                Ok(String::new())
            }
            End::Message | End::Open => {
                self.step(Step::Message, |session| session.hand_over(last, message, end))
            }
        }
    }

    /// Writes the commands of the transaction.
    fn commands(&self, envelope: &Envelope, message: &[u8], end: End) -> Result<Vec<Command>, Problem> {
        let size = u64::try_from(message.len()).unwrap_or(u64::MAX);
        if let Some(limit) = self.size_limit().filter(|limit| size > *limit) {
            return Err(Problem::TooLarge { size, limit });
        }
        let sender = envelope.from().map(ToString::to_string).unwrap_or_default();
        let mut mail = format!("MAIL FROM:<{sender}>");
        if self.offered.size.is_some() {
            mail.push_str(&format!(" SIZE={size}"));
        }
        let ascii_addresses =
            sender.is_ascii() && envelope.to().iter().all(|a| AsRef::<str>::as_ref(a).is_ascii());
        if !ascii_addresses {
            if !self.offered.smtputf8 {
                return Err(Problem::NoSmtpUtf8);
            }
            mail.push_str(" SMTPUTF8");
        }
        if self.offered.eight_bit_mime && !message.is_ascii() {
            mail.push_str(" BODY=8BITMIME");
        }
        let mut commands = Vec::new();
        if self.half_begun {
            commands.push(Command { line: "RSET".to_owned(), of: Part::Forget });
        }
        commands.push(Command { line: mail, of: Part::Mail });
        for address in envelope.to() {
            commands.push(Command { line: format!("RCPT TO:<{address}>"), of: Part::Rcpt });
        }
        let (last, of) = match end {
            End::Message | End::Open => ("DATA", Part::Data),
            End::Rehearsal => ("RSET", Part::Reset),
        };
        commands.push(Command { line: last.to_owned(), of });
        // addresses were checked when they were read; what ends a line can still not be let through
        if commands.iter().any(|command| command.line.chars().any(char::is_control)) {
            return Err(Problem::Broken("an address holds a control character".to_owned()));
        }
        Ok(commands)
    }

    /// Sends the commands in groups and collects the replies.
    fn exchange(&mut self, commands: &[Command], progress: &mut Progress) -> Result<(), Problem> {
        let mut rest = commands;
        while !rest.is_empty() {
            let group = self.group(rest);
            // nobody to send to: DATA on its own would be an error of ours
            if matches!(group, [Command { of: Part::Data | Part::Reset, .. }]) {
                verdict(progress)?;
            }
            let mut flight = String::new();
            for command in group {
                flight.push_str(&command.line);
                flight.push_str("\r\n");
            }
            self.send(flight.as_bytes())?;
            for command in group {
                let is_data = command.of == Part::Data;
                if is_data {
                    self.between_commands = false;
                }
                let reply = match self.reply() {
                    // one that hangs up has given its reason before
                    Err(_) if progress.sender_refused() => return verdict(progress),
                    reply => reply?,
                };
                if reply.code == 421 {
                    return Err(Problem::Refused(reply));
                }
                self.between_commands |= is_data && reply.code != 354;
                match command.of {
                    // it cannot be refused (RFC 5321, section 4.1.1.5); what is wrong shows at MAIL
                    Part::Forget => {}
                    Part::Mail => progress.mail = Some(reply),
                    Part::Rcpt => progress.rcpt.push(reply),
                    Part::Data | Part::Reset => progress.last = Some(reply),
                }
            }
            if progress.sender_refused() {
                break;
            }
            rest = rest.get(group.len()..).unwrap_or_default();
        }
        // a server that lets DATA through without a recipient is left without the final dot: what
        // has no end is not delivered
        verdict(progress)
    }

    /// Takes as many commands as may go in one flight: one, where the server offers no PIPELINING.
    fn group<'c>(&self, commands: &'c [Command]) -> &'c [Command] {
        let mut length = 0;
        let fits = commands.iter().take_while(|command| {
            let first = length == 0;
            length += command.line.len() + 2;
            first || (self.offered.pipelining && length <= FLIGHT)
        });
        commands.get(..fits.count()).unwrap_or_default()
    }

    /// Hands the message over after the answer to DATA.
    fn hand_over(&mut self, data: Option<Reply>, message: &[u8], end: End) -> Result<String, Problem> {
        match data {
            Some(reply) if reply.code == 354 => {}
            Some(reply) => return Err(refusal(reply)),
            None => return Err(Problem::Closed),
        }
        let quit = self.offered.pipelining && end != End::Open;
        if let Err(problem) = self.write_message(message, quit) {
            // a server that has had enough says why and hangs up: its word is the better reason
            return Err(match problem {
                Problem::Closed | Problem::Broken(_) => match self.reply() {
                    // what could not be written may have been no more than QUIT
                    Ok(reply) if reply.is_positive() => Problem::ClosedAfterMessage,
                    Ok(reply) => refusal(reply),
                    Err(_) => problem,
                },
                other => other,
            });
        }
        // it may be the server's by now: who never hears that sends it again
        let bound = self.deadline;
        self.deadline = self.last_word.unwrap_or(bound);
        self.set_deadline(self.deadline.to_the_last_word());
        let reply = self.reply().map_err(|problem| match problem {
            Problem::Closed => Problem::ClosedAfterMessage,
            Problem::TimedOut(over) => Problem::Unanswered(over),
            other => other,
        });
        self.deadline = bound;
        self.set_deadline(bound);
        let reply = reply?;
        self.between_commands = !quit && reply.code != 421;
        match reply.code {
            // the answer to QUIT, or a goodbye: the one to the message has not come
            221 => Err(Problem::ClosedAfterMessage),
            _ if reply.is_positive() && !reply.is_about_something_else() => Ok(reply.to_string()),
            _ => Err(refusal(reply)),
        }
    }

    /// Writes the message with its final dot, and QUIT behind it where that may be (RFC 2920,
    /// section 3.1): a message that fits in one chunk is one write.
    fn write_message(&mut self, message: &[u8], quit: bool) -> Result<(), Problem> {
        let mut chunk = Vec::with_capacity(CHUNK.min(message.len() + message.len() / 32 + 16));
        let mut rest = message;
        while !rest.is_empty() {
            let end = memchr2(b'\n', b'\r', rest);
            let (line, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
            // RFC 5321, section 4.5.2
            if line.first() == Some(&b'.') {
                chunk.push(b'.');
            }
            chunk.extend_from_slice(line);
            // a line ends with CRLF and nothing else (section 2.3.8): a bare CR or LF could be
            // read as the end of the message by a server behind this one
            chunk.extend_from_slice(b"\r\n");
            rest = match after {
                [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => rest,
                _ => &[],
            };
            if chunk.len() >= CHUNK {
                self.send(&chunk)?;
                chunk.clear();
            }
        }
        chunk.extend_from_slice(if quit { b".\r\nQUIT\r\n" } else { b".\r\n" });
        self.send_end(&chunk)
    }
}

/// Tells whether the transaction may go on: the sender is accepted, and somebody to send to.
fn verdict(progress: &Progress) -> Result<(), Problem> {
    if let Some(reply) = &progress.mail
        && !reply.is_positive()
    {
        return Err(refusal(reply.clone()));
    }
    if progress.accepted() > 0 {
        return Ok(());
    }
    // one that is refused for good counts for more than one that may pass (design, section 6)
    let worst = progress.rcpt.iter().find(|reply| reply.is_permanent()).or(progress.rcpt.first());
    match worst {
        Some(reply) if reply.is_transient() || reply.is_permanent() => {
            Err(Problem::AllRefused(reply.clone()))
        }
        Some(reply) => Err(Problem::Unexpected(reply.clone())),
        None => Err(Problem::Closed),
    }
}
