//! A message by DATA: the answer to it, the lines, the final dot, and what the server says of it all.

use crate::smtp::Session;
use crate::smtp::error::Problem;
use crate::smtp::reply::Reply;
use crate::smtp::session::refusal;
use crate::smtp::transaction::letter::{CHUNK, Letter, lines};
use crate::smtp::transaction::{End, after_the_message};

impl Session<'_> {
    /// Hands the message over after the answer to DATA.
    pub(super) fn hand_over(&mut self, data: Option<Reply>, letter: &Letter<'_>) -> Result<String, Problem> {
        match data {
            Some(reply) if reply.code == 354 => {}
            Some(reply) => return Err(refusal(reply)),
            None => return Err(Problem::Closed),
        }
        let quit = self.offered.pipelining && letter.end != End::Open;
        let written = self.write_message(&letter.octets, quit);
        written.map_err(|problem| self.better_reason(problem))?;
        self.judgement(quit)
    }

    /// Asks a server that has had enough in the middle of a message for the reason.
    pub(super) fn better_reason(&mut self, problem: Problem) -> Problem {
        match problem {
            Problem::Closed | Problem::Broken(_) => match self.reply() {
                // what could not be written may have been no more than QUIT
                Ok(reply) if reply.is_positive() => Problem::ClosedAfterMessage,
                Ok(reply) => refusal(reply),
                Err(_) => problem,
            },
            other => other,
        }
    }

    /// Listens as long as there is time for a last word: the message may be the server's by now, and who never
    /// hears that sends it again.
    pub(super) fn until_the_last_word<T>(&mut self, listen: impl FnOnce(&mut Self) -> T) -> T {
        let bound = self.deadline;
        self.deadline = self.last_word.unwrap_or(bound);
        self.set_deadline(self.deadline.to_the_last_word());
        let heard = listen(self);
        self.deadline = bound;
        self.set_deadline(bound);
        heard
    }

    /// Reads what the server says of the whole message, with or without a QUIT behind it.
    pub(super) fn judgement(&mut self, quit: bool) -> Result<String, Problem> {
        let reply = self.until_the_last_word(Self::reply).map_err(after_the_message)?;
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
        for line in lines(message) {
            // RFC 5321, section 4.5.2
            if line.first() == Some(&b'.') {
                chunk.push(b'.');
            }
            chunk.extend_from_slice(line);
            // a line ends with CRLF and nothing else (section 2.3.8): a bare CR or LF could be
            // read as the end of the message by a server behind this one
            chunk.extend_from_slice(b"\r\n");
            if chunk.len() >= CHUNK {
                self.send(&chunk)?;
                chunk.clear();
            }
        }
        chunk.extend_from_slice(if quit { b".\r\nQUIT\r\n" } else { b".\r\n" });
        self.send_end(&chunk)
    }
}
