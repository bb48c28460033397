//! What a session says and hears: bytes out in one write, replies in, with the secret taken out of them.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use crate::smtp::Session;
use crate::smtp::error::Problem;
use crate::smtp::reply::{Reply, ReplyError};
use crate::smtp::session::refusal;

/// How long a server may take to go that has answered QUIT by a no.
const GOODBYE: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Sends bytes in one write.
    ///
    /// A reply that is there already cannot be the answer to them: taken for it, it could make a
    /// message look accepted before it was handed over.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if self.replies.has_pending() {
            let early = self.reply()?;
            self.between_commands = false;
            return Err(refusal(early));
        }
        self.stream.write_all(bytes).map_err(|error| self.broken(&error))
    }

    /// Sends the end of a message, or the whole of it, after a look at what has come in meanwhile: of that
    /// `send` knows no more than what was read along with the reply before.
    ///
    /// The look is one read that does not wait. Under TLS it is TLS that reads, since not all that a server
    /// sends there is said by it: a session ticket, a change of keys (RFC 8446, section 4.6). What can not
    /// be told from the answer is what arrives between this look and the end.
    pub(super) fn send_end(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.stream.set_at_once(true);
        let more = self.replies.has_more(&mut self.stream);
        self.stream.set_at_once(false);
        match more {
            Ok(_) => self.send(bytes),
            // gone before it had the message, and so without it
            Err(error) => Err(self.unread(error)),
        }
    }

    /// Checks that the server has said no more than it was asked, as far as that has come in; `quit` tells
    /// whether it was asked to go as well, which it answers at once or is not waited for.
    pub(super) fn nothing_more(&mut self, quit: bool) -> Result<(), Problem> {
        // the answer to QUIT comes along with the one before it, and an answer too many shows in its place
        let more = if quit { self.says_more_soon() } else { self.has_more() };
        // a server may go by itself too, and says nothing after that
        if !more || self.replies.begins_with(*b"221") || self.replies.begins_with(*b"421") {
            return Ok(());
        }
        self.stream.set_at_once(quit);
        let next = self.reply();
        self.stream.set_at_once(false);
        // in words of its own, but the one answer that is due
        let is_the_last = quit
            && match &next {
                Err(_) => true,
                Ok(reply) if reply.is_positive() => !self.has_more(),
                // it could be the one to the message, with that to QUIT still to come
                Ok(_) => self.is_over(),
            };
        if is_the_last {
            return Ok(());
        }
        self.between_commands = false;
        Err(Problem::Unexpected(next?))
    }

    /// Waits a little for the server to end the connection; false where it says more, or keeps it open.
    fn is_over(&mut self) -> bool {
        !matches!(self.a_little_later(), Ok(_) | Err(Problem::TimedOut(_)))
    }

    /// Waits a little for more from the server.
    fn says_more_soon(&mut self) -> bool {
        self.a_little_later().unwrap_or(false)
    }

    fn a_little_later(&mut self) -> Result<bool, Problem> {
        self.set_deadline(self.deadline.at_most(GOODBYE));
        let more = self.replies.has_more(&mut self.stream).map_err(|error| self.unread(error));
        self.set_deadline(self.deadline);
        more
    }

    /// Looks for more from the server, without a wait.
    fn has_more(&mut self) -> bool {
        self.stream.set_at_once(true);
        let more = self.replies.has_more(&mut self.stream);
        self.stream.set_at_once(false);
        more.unwrap_or(false)
    }

    /// Reads one reply.
    pub(super) fn reply(&mut self) -> Result<Reply, Problem> {
        self.challenge().map(|reply| self.cleaned(reply))
    }

    /// Takes what has been signed in with out of a reply.
    pub(super) fn cleaned(&self, reply: Reply) -> Reply {
        match &self.traces {
            Some(traces) => traces.clean(reply),
            None => reply,
        }
    }

    /// Reads one reply as it came: a challenge is data, and is to be shown to nobody.
    pub(super) fn challenge(&mut self) -> Result<Reply, Problem> {
        match self.replies.read(&mut self.stream) {
            Ok(reply) => {
                // the server says goodbye by itself (RFC 5321, section 3.8)
                if reply.code == 421 {
                    self.between_commands = false;
                }
                Ok(reply)
            }
            Err(error) => Err(self.unread(error)),
        }
    }

    /// Tells what it means that no reply could be read.
    fn unread(&mut self, error: ReplyError) -> Problem {
        self.between_commands = false;
        match error {
            ReplyError::Closed => Problem::Closed,
            ReplyError::Io(error) => self.broken(&error),
            ReplyError::Garbled(line) => {
                let hidden = self.traces.as_ref().map(|traces| traces.hide(&line));
                Problem::Garbled(hidden.unwrap_or_else(|| line.to_string()))
            }
            ReplyError::Endless => Problem::Endless,
        }
    }

    /// Tells what the failure of the connection means.
    ///
    /// TLS wraps the error of the socket in words of its own, so the socket's is asked first.
    fn broken(&mut self, error: &io::Error) -> Problem {
        self.between_commands = false;
        let below = self.stream.wire().and_then(|wire| wire.seen().borrow().fault);
        match below.unwrap_or(error.kind()) {
            ErrorKind::TimedOut => Problem::TimedOut(self.deadline.over()),
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected => Problem::Closed,
            // TLS 1.3 says so after the handshake: alert 116 (RFC 8446, section 6.2)
            _ if error.to_string().contains("certificate required") => Problem::ClientCertificateWanted,
            _ => Problem::Broken(error.to_string()),
        }
    }
}
