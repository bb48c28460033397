//! The message itself: DATA's answer, the octets, the final dot, and what the server says of it.

use memchr::memchr2;

use crate::smtp::Session;
use crate::smtp::error::Problem;
use crate::smtp::reply::Reply;
use crate::smtp::session::refusal;
use crate::smtp::transaction::End;

/// How much of a message is written at once.
const CHUNK: usize = 64 * 1024;

impl Session<'_> {
    /// Hands the message over after the answer to DATA.
    pub(super) fn hand_over(
        &mut self,
        data: Option<Reply>,
        message: &[u8],
        end: End,
    ) -> Result<String, Problem> {
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
