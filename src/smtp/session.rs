//! A session up to the point where one can sign in: greeting, EHLO, STARTTLS, EHLO again.

use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::deadline::{Deadline, Over};
use crate::delivery::TlsFacts;
use crate::smtp::capabilities::Capabilities;
use crate::smtp::certificate::CertificateFacts;
use crate::smtp::echo::Traces;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::reply::{Replies, Reply};
use crate::smtp::stream::Stream;
use crate::smtp::trust::Verifier;
use crate::smtp::wire::Wire;
use crate::smtp::{Route, SecuredRoute, connect, diagnosis, tls};
use crate::stages::Stages;
use crate::task::{Pin, TlsMode};
use crate::text::hex;

/// What is kept back of the deadline to find out what a silent server is.
const DIAGNOSIS: Duration = Duration::from_millis(1500);

/// A conversation with a server.
pub struct Session<'a> {
    pub(super) route: Box<Route>,
    stages: &'a Stages<'a>,
    pub(super) deadline: Deadline,
    /// Until when the answer to a whole message is waited for, where that is not the deadline.
    pub(super) last_word: Option<Deadline>,
    pub(super) stream: Stream,
    pub(super) replies: Replies,
    pub(super) offered: Capabilities,
    certificate: Option<CertificateFacts>,
    tls_version: Option<&'static str>,
    /// The traces of what has been signed in with, to be taken out of what the server says.
    pub(super) traces: Option<Traces>,
    /// Whether the server waits for a command, so that a QUIT would be understood.
    pub(super) between_commands: bool,
    /// Whether the last message was refused: of that the server may still know the sender.
    pub(super) half_begun: bool,
    /// Whether the server did not know BDAT when there was nobody to send to.
    pub(super) knows_no_bdat: bool,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("route", &self.route).finish_non_exhaustive()
    }
}

impl<'a> Session<'a> {
    /// Connects and goes as far as the mode of the route asks: under `implicit` and `starttls`
    /// the session that comes back is encrypted and its server accepted by the trust rule.
    pub fn open(
        secured: &SecuredRoute,
        deadline: Deadline,
        stages: &'a Stages<'a>,
    ) -> Result<Self, SmtpError> {
        let route = &secured.route;
        let Some(verifier) = &secured.verifier else {
            let mut session = Self::reach(route, deadline, stages)?;
            session.step(Step::Greeting, Self::greeting)?;
            session.step(Step::Hello, Self::hello)?;
            return Ok(session);
        };
        Self::open_with(verifier, route, deadline, stages)
            .or_else(|error| diagnosis::look_again(error, verifier, route, deadline, stages))
    }

    /// Opens an encrypted session whose server this verifier accepts.
    pub(super) fn open_with(
        verifier: &Verifier,
        route: &Route,
        deadline: Deadline,
        stages: &'a Stages<'a>,
    ) -> Result<Self, SmtpError> {
        let mut session = Self::reach(route, deadline, stages)?;
        session.step(Step::Tls, |s| s.start_tls(verifier))?;
        if route.mode == TlsMode::Implicit {
            session.step(Step::Greeting, Self::greeting)?;
        }
        session.step(Step::Hello, Self::hello)?;
        Ok(session)
    }

    /// Does nothing but the handshake, to see whether this verifier accepts the server.
    pub(super) fn handshake_only(
        verifier: &Verifier,
        route: &Route,
        deadline: Deadline,
        stages: &'a Stages<'a>,
    ) -> Result<(), SmtpError> {
        let mut session = Self::reach(route, deadline, stages)?;
        session.step(Step::Tls, |s| s.start_tls(verifier))
    }

    /// Connects and goes up to the point where the handshake begins: at once, or behind STARTTLS.
    pub(super) fn reach(
        route: &Route,
        deadline: Deadline,
        stages: &'a Stages<'a>,
    ) -> Result<Self, SmtpError> {
        let stream = connect::connect(route, deadline, stages)?;
        let mut session = Self {
            route: Box::new(route.clone()),
            stages,
            deadline,
            last_word: None,
            stream: Stream::Plain(Wire::new(stream, deadline)),
            replies: Replies::default(),
            offered: Capabilities::default(),
            certificate: None,
            tls_version: None,
            traces: None,
            between_commands: false,
            half_begun: false,
            knows_no_bdat: false,
        };
        if route.mode == TlsMode::Starttls {
            session.step(Step::Greeting, Self::greeting)?;
            session.step(Step::Hello, Self::hello)?;
            session.step(Step::Starttls, Self::starttls)?;
        }
        Ok(session)
    }

    /// Returns how the connection is protected.
    pub fn tls_facts(&self) -> TlsFacts {
        let encrypted = self.certificate.is_some() || matches!(self.stream, Stream::Tls(_));
        TlsFacts {
            mode: self.route.mode,
            version: self.tls_version.map(str::to_owned),
            trust: encrypted.then(|| self.route.trust.to_string()),
            sha256: self.certificate.as_ref().map(|c| hex(&c.sha256)),
            not_after: self.certificate.as_ref().and_then(|c| c.not_after).map(|t| t.to_string()),
        }
    }

    /// Tells how long the server's certificate still lasts, when that is under `soon`.
    pub fn certificate_ends_within(&self, soon: Duration, now: Timestamp) -> Option<jiff::SignedDuration> {
        self.certificate.as_ref()?.ends_within(soon, now)
    }

    /// Returns the pin that would accept exactly the certificate of this server.
    pub fn pin(&self) -> Option<Pin> {
        self.certificate.as_ref().map(|certificate| Pin::Certificate(certificate.sha256))
    }

    /// Tells whether the server takes addresses in other scripts before the `@`.
    pub fn offers_smtputf8(&self) -> bool {
        self.offered.smtputf8
    }

    /// Returns the largest message that the server takes, in bytes, when it says so.
    pub fn size_limit(&self) -> Option<u64> {
        self.offered.size.filter(|limit| *limit > 0)
    }

    /// Tells whether nobody on the network could read along: TLS, or this very computer.
    pub(super) fn is_private(&self) -> bool {
        match &self.stream {
            Stream::Tls(_) => true,
            Stream::Plain(wire) => wire.peer_is_loopback(),
            Stream::Gone => false,
        }
    }

    /// Tells whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Does one stage of the conversation, timed.
    pub(super) fn step<T>(
        &mut self,
        step: Step,
        stage: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, SmtpError> {
        let stages = self.stages;
        stages.time(step.name(), || stage(self)).map_err(|problem| self.failure(step, problem))
    }

    /// Adds where it happened to what happened.
    pub(super) fn failure(&self, step: Step, problem: Problem) -> SmtpError {
        fail(&self.route, step)(problem)
    }

    /// Waits for the server's first words.
    fn greeting(&mut self) -> Result<(), Problem> {
        let in_clear = matches!(self.stream, Stream::Plain(_));
        if in_clear && let Some(shorter) = self.deadline.earlier_by(DIAGNOSIS) {
            self.set_deadline(shorter);
        }
        let reply = self.reply();
        self.set_deadline(self.deadline);
        match reply {
            Ok(reply) if reply.is_positive() => {
                self.between_commands = true;
                Ok(())
            }
            Ok(reply) if reply.is_transient() || reply.is_permanent() => Err(Problem::Refused(reply)),
            Ok(reply) => Err(Problem::Unexpected(reply)),
            Err(Problem::Garbled(line)) => Err(Problem::NotSmtp(line)),
            Err(Problem::TimedOut(Over::After(_))) if in_clear && self.begins_with_tls() => {
                Err(Problem::TlsOnPlainPort)
            }
            Err(other) => Err(other),
        }
    }

    /// Finds out whether a server that keeps silent waits for a TLS handshake.
    ///
    /// The connection is given up by then, and the handshake is not completed for anything: only
    /// the kind of the first answer counts (RFC 8446, section 5.1: 21 alert, 22 handshake).
    fn begins_with_tls(&mut self) -> bool {
        let Stream::Plain(wire) = std::mem::replace(&mut self.stream, Stream::Gone) else { return false };
        let seen = wire.seen();
        if let Ok(connector) = native_tls::TlsConnector::new() {
            let _ = tls::handshake(&connector, &self.route.host, wire, self.deadline);
        }
        let first = seen.borrow().opening.first().copied();
        matches!(first, Some(21 | 22))
    }

    /// Says EHLO, or HELO to a server that does not know EHLO, and learns what it offers.
    fn hello(&mut self) -> Result<(), Problem> {
        let name = self.hello_name();
        self.send(format!("EHLO {name}\r\n").as_bytes())?;
        let reply = self.reply()?;
        // what is no answer to EHLO offers nothing, and must not be blamed for that
        if reply.is_positive() && !reply.is_about_something_else() {
            self.offered = Capabilities::from_reply(&reply);
            return Ok(());
        }
        // RFC 5321, section 3.2: a server that refuses EHLO may still know HELO
        if !reply.is_permanent() {
            return Err(refusal(reply));
        }
        let helo = self.send(format!("HELO {name}\r\n").as_bytes()).and_then(|()| self.reply());
        // one that hangs up has given its reason before
        let second = helo.map_err(|problem| match problem {
            Problem::Closed => Problem::Refused(reply),
            other => other,
        })?;
        self.offered = Capabilities::default();
        if second.is_positive() { Ok(()) } else { Err(refusal(second)) }
    }

    /// Returns the name for EHLO: a full domain name, or the address (RFC 5321, section 4.1.4).
    fn hello_name(&self) -> String {
        if let Some(name) = &self.route.hello_name {
            return name.clone();
        }
        match self.stream.wire().and_then(Wire::local_ip) {
            Some(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
            Some(IpAddr::V4(ip)) => format!("[{ip}]"),
            None => "[127.0.0.1]".to_owned(),
        }
    }

    /// Asks for TLS (RFC 3207). Nothing that came in clear survives it.
    fn starttls(&mut self) -> Result<(), Problem> {
        if !self.offered.starttls {
            return Err(Problem::NoStarttls);
        }
        self.send(b"STARTTLS\r\n")?;
        let reply = self.reply()?;
        if !reply.is_positive() {
            return Err(Problem::StarttlsRefused(reply));
        }
        if self.replies.has_pending() {
            self.between_commands = false;
            return Err(Problem::InjectedAfterStarttls);
        }
        self.offered = Capabilities::default();
        Ok(())
    }

    /// Does the handshake and judges who is there.
    fn start_tls(&mut self, verifier: &Verifier) -> Result<(), Problem> {
        let wire = self.take_wire()?;
        let seen = wire.seen();
        let injected = self.route.mode == TlsMode::Starttls;
        let stream = tls::handshake(&verifier.connector, &self.route.host, wire, self.deadline).map_err(
            |problem| {
                match problem {
                    // the server has just agreed to TLS
                    Problem::PlainTextOnTlsPort if injected => Problem::InjectedAfterStarttls,
                    other => other,
                }
            },
        )?;
        self.tls_version = tls::version(&seen.borrow().opening);
        let certificate = stream.peer_certificate().ok().flatten();
        self.certificate =
            certificate.and_then(|c| c.to_der().ok()).map(|der| CertificateFacts::from_der(&der));
        // before a single byte of ours crosses the encrypted connection
        verifier.judge(self.certificate.as_ref())?;
        self.stream = Stream::Tls(Box::new(stream));
        // STARTTLS has been answered: commands are understood again (a greeting comes first when
        // TLS is implicit, and sets this itself)
        self.between_commands = self.route.mode == TlsMode::Starttls;
        Ok(())
    }

    /// Hands over the connection as it is before the handshake; the session is over with it.
    pub(super) fn take_wire(&mut self) -> Result<Wire, Problem> {
        self.between_commands = false;
        match std::mem::replace(&mut self.stream, Stream::Gone) {
            Stream::Plain(wire) => Ok(wire),
            Stream::Tls(_) | Stream::Gone => Err(Problem::Closed),
        }
    }

    /// Keeps nothing more of what comes in: the secret could be in it.
    pub(super) fn stop_watching(&self) {
        if let Some(wire) = self.stream.wire() {
            wire.stop_watching();
        }
    }

    /// Bounds what comes next by another deadline, and the answer to a whole message by a later one.
    pub(super) fn bound(&mut self, deadline: Deadline, last_word: Deadline) {
        self.last_word = Some(last_word);
        self.deadline = deadline;
        self.set_deadline(deadline);
    }

    /// Lets the connection end at another moment.
    pub(super) fn set_deadline(&mut self, deadline: Deadline) {
        match &mut self.stream {
            Stream::Plain(wire) => wire.set_deadline(deadline),
            Stream::Tls(stream) => stream.get_mut().set_deadline(deadline),
            Stream::Gone => {}
        }
    }
}

impl Drop for Session<'_> {
    /// Says goodbye where the server would understand it, and waits for nothing.
    fn drop(&mut self) {
        if self.between_commands {
            let _ = self.stream.write_all(b"QUIT\r\n");
        }
    }
}

/// Adds where it happened to what happened.
pub(super) fn fail(route: &Route, step: Step) -> impl Fn(Problem) -> SmtpError {
    move |problem| SmtpError { route: Box::new(route.clone()), step, problem }
}

/// Tells refusals and goodbyes from replies that have no place there.
pub(super) fn refusal(reply: Reply) -> Problem {
    if reply.is_transient() || reply.is_permanent() {
        Problem::Refused(reply)
    } else if reply.code == 221 {
        Problem::Closed
    } else {
        Problem::Unexpected(reply)
    }
}
