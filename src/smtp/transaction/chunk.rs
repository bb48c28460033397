//! A message by BDAT (RFC 3030): as it is, in one chunk, without a wait for 354.
//!
//! In one flight with the commands before it, it is with the server before the first answer. From that write on
//! only the server's own no (to the sender, to every recipient, to the message) says that nobody gets it; and the
//! answers are told apart by their order alone, so that one too many leaves nothing to believe.

use crate::smtp::Session;
use crate::smtp::error::Problem;
use crate::smtp::reply::Reply;
use crate::smtp::transaction::group::{Command, Progress, verdict};
use crate::smtp::transaction::letter::{CHUNK, Letter};
use crate::smtp::transaction::{End, after_the_message};

impl Session<'_> {
    /// Sends the last commands with the message behind them, and reads what is said of sender and recipients.
    pub(super) fn fly(
        &mut self,
        group: &[Command],
        mut flight: Vec<u8>,
        letter: &Letter<'_>,
        progress: &mut Progress,
    ) -> Result<(), Problem> {
        flight.extend_from_slice(&letter.octets);
        if letter.end == End::Message {
            flight.extend_from_slice(b"QUIT\r\n");
        }
        let written = self.send_end(&flight);
        self.between_commands = false;
        match written {
            Ok(()) => progress.handed_over = true,
            // one that hangs up has perhaps said why
            Err(Problem::Closed | Problem::Broken(_)) => {}
            Err(other) => return Err(other),
        }
        self.until_the_last_word(|session| match (written, session.answers(group, progress)) {
            (Err(lost), Err(Problem::Closed | Problem::Broken(_))) => Err(lost),
            (_, Err(problem)) => Err(problem),
            (written, Ok(())) => {
                verdict(progress).map_err(|no| session.after_a_no(no, letter.end))?;
                written.map_err(|lost| {
                    let reason = session.better_reason(lost);
                    session.as_of_bdat(reason)
                })
            }
        })
    }

    /// Reads what is said of a message that was for nobody, so that the next command gets its own answer.
    fn after_a_no(&mut self, no: Problem, end: End) -> Problem {
        match self.reply() {
            Ok(reply) if reply.code == 421 => Problem::Refused(reply),
            // nobody takes a message for nobody: the no was the answer to something else, or none at all
            Ok(reply) if reply.is_positive() && reply.code != 221 => {
                self.between_commands = false;
                Problem::Unexpected(reply)
            }
            Ok(reply) => {
                // out of order it is, with nobody to send to: 503. Who does not know BDAT takes the message for
                // commands
                self.knows_no_bdat = is_unknown(&reply) && reply.code != 503;
                self.between_commands = end == End::Open && !self.knows_no_bdat;
                no
            }
            Err(_) => no,
        }
    }

    /// Reads what the server says of a message that has gone along with the commands.
    pub(super) fn answer_in_flight(&mut self, end: End) -> Result<String, Problem> {
        let quit = end == End::Message;
        let answer = self.judgement(quit).map_err(|problem| self.as_of_bdat(problem));
        if matches!(answer, Ok(_) | Err(Problem::Refused(_)))
            && let Err(more) = self.nothing_more(quit)
        {
            // a no stands, unless a yes behind it could be the answer
            let hides_a_yes = matches!(&more, Problem::Unexpected(reply) if reply.is_positive());
            if answer.is_ok() || hides_a_yes {
                return Err(after_the_message(more));
            }
        }
        answer
    }

    /// Hands over a message that is too long to go along.
    pub(super) fn hand_over_chunk(&mut self, letter: &Letter<'_>) -> Result<String, Problem> {
        let quit = letter.end == End::Message;
        self.between_commands = false;
        let written = self.write_chunk(&letter.octets, quit).map_err(|problem| self.better_reason(problem));
        let answer = written.and_then(|()| self.judgement(quit));
        answer.map_err(|problem| self.as_of_bdat(problem))
    }

    /// Writes BDAT and the octets, the last of them after a look at what the server says: what has no end is not
    /// delivered.
    fn write_chunk(&mut self, octets: &[u8], quit: bool) -> Result<(), Problem> {
        let line = format!("BDAT {} LAST\r\n", octets.len());
        let (first, rest) = octets.split_at_checked(CHUNK - line.len()).unwrap_or((octets, &[]));
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.extend_from_slice(line.as_bytes());
        chunk.extend_from_slice(first);
        for next in rest.chunks(CHUNK) {
            self.send(&chunk)?;
            chunk.clear();
            chunk.extend_from_slice(next);
        }
        if quit {
            chunk.extend_from_slice(b"QUIT\r\n");
        }
        self.send_end(&chunk)
    }

    /// Tells a refusal of the command from one of the message.
    fn as_of_bdat(&mut self, problem: Problem) -> Problem {
        match problem {
            Problem::Refused(reply) if is_unknown(&reply) => {
                // it may have taken the message for commands
                self.between_commands = false;
                Problem::ChunkingRefused(reply)
            }
            other => other,
        }
    }
}

/// Tells whether a server that answers so does not know BDAT, or not like this (RFC 5321, section 4.2.2).
fn is_unknown(reply: &Reply) -> bool {
    matches!(reply.code, 500..=504)
}
