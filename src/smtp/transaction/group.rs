//! The commands of a transaction up to its message, in as few flights as the server allows.

use lettre::address::Envelope;

use crate::smtp::Session;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::reply::Reply;
use crate::smtp::session::refusal;
use crate::smtp::transaction::letter::{Letter, Way};
use crate::smtp::transaction::{End, after_the_message};

/// How much is sent before the replies to it are read. Both ends could otherwise wait for each
/// other with full buffers (RFC 2920, section 3.1).
const FLIGHT: usize = 8 * 1024;

/// One command of the group, and what its reply belongs to.
pub(super) struct Command {
    line: String,
    of: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Forget,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Reset,
}

/// What the replies have said so far.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) mail: Option<Reply>,
    pub(super) rcpt: Vec<Reply>,
    pub(super) last: Option<Reply>,
    /// Whether the whole message went along with the commands.
    pub(super) handed_over: bool,
}

impl Progress {
    pub(super) fn accepted(&self) -> usize {
        self.rcpt.iter().filter(|reply| reply.is_positive()).count()
    }

    pub(super) fn sender_refused(&self) -> bool {
        self.mail.as_ref().is_some_and(|reply| !reply.is_positive())
    }

    /// Says of a failure in the middle of the commands, which are timed as one, whose it is.
    pub(super) fn told_by(&self, mut error: SmtpError) -> SmtpError {
        if self.sender_refused() {
            error.step = Step::Sender;
        }
        if self.handed_over {
            error.problem = after_the_message(error.problem);
        }
        let broken = self.handed_over && matches!(error.problem, Problem::Broken(_));
        if broken || matches!(error.problem, Problem::ClosedAfterMessage | Problem::Unanswered(_)) {
            error.step = Step::Message;
        }
        error
    }
}

impl Session<'_> {
    /// Writes the commands of the transaction.
    pub(super) fn commands(&self, envelope: &Envelope, letter: &Letter<'_>) -> Result<Vec<Command>, Problem> {
        let size = u64::try_from(letter.octets.len()).unwrap_or(u64::MAX);
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
        if self.offered.eight_bit_mime && !letter.octets.is_ascii() {
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
        let last = match (letter.end, letter.way) {
            (End::Rehearsal, _) => Some(("RSET".to_owned(), Part::Reset)),
            (_, Way::Data) => Some(("DATA".to_owned(), Part::Data)),
            (_, Way::InFlight) => Some((format!("BDAT {size} LAST"), Part::Bdat)),
            (_, Way::Alone) => None,
        };
        commands.extend(last.map(|(line, of)| Command { line, of }));
        // addresses were checked when they were read; what ends a line can still not be let through
        if commands.iter().any(|command| command.line.chars().any(char::is_control)) {
            return Err(Problem::Broken("an address holds a control character".to_owned()));
        }
        Ok(commands)
    }

    /// Sends the commands in groups and collects the replies.
    pub(super) fn exchange(
        &mut self,
        commands: &[Command],
        letter: &Letter<'_>,
        progress: &mut Progress,
    ) -> Result<(), Problem> {
        let mut rest = commands;
        while !rest.is_empty() {
            let group = self.group(rest);
            // nobody to send to: DATA on its own would be an error of ours
            if matches!(group, [Command { of: Part::Data | Part::Bdat | Part::Reset, .. }]) {
                verdict(progress)?;
            }
            let mut flight = Vec::new();
            for command in group {
                flight.extend_from_slice(command.line.as_bytes());
                flight.extend_from_slice(b"\r\n");
            }
            if matches!(group, [.., Command { of: Part::Bdat, .. }]) {
                return self.fly(group, flight, letter, progress);
            }
            self.send(&flight)?;
            self.answers(group, progress)?;
            if progress.sender_refused() {
                break;
            }
            rest = rest.get(group.len()..).unwrap_or_default();
        }
        // a server that lets DATA through without a recipient is left without the final dot: what
        // has no end is not delivered
        verdict(progress)
    }

    /// Reads the replies to a group; the one to BDAT is the one to the message, and is left to be read.
    pub(super) fn answers(&mut self, group: &[Command], progress: &mut Progress) -> Result<(), Problem> {
        for command in group.iter().filter(|command| command.of != Part::Bdat) {
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
                Part::Forget | Part::Bdat => {}
                Part::Mail => progress.mail = Some(reply),
                Part::Rcpt => progress.rcpt.push(reply),
                Part::Data | Part::Reset => progress.last = Some(reply),
            }
        }
        Ok(())
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
}

/// Tells whether the transaction may go on: the sender is accepted, and somebody to send to.
pub(super) fn verdict(progress: &Progress) -> Result<(), Problem> {
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
