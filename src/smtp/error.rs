//! What can go wrong between the name of a server and its 250: a closed list of situations.
//!
//! What happened is here; what to do about it is in [`crate::smtp::advice`].

use crate::deadline::Over;
use std::fmt;
use std::net::SocketAddr;

use crate::error::{Failure, Situation};
use crate::exit::Exit;
use crate::smtp::Route;
use crate::smtp::advice;
pub(crate) use crate::smtp::refusal::Refusal;
use crate::smtp::reply::Reply;
use crate::text;

/// A stage of the conversation, as `stages` in results names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Looking up the server's addresses.
    Resolve,
    /// Connecting to one of them.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Waiting for the server's first words.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    SignIn,
    /// MAIL.
    Sender,
    /// RCPT.
    Recipients,
    /// DATA or BDAT, and the message.
    Message,
    /// RSET.
    Reset,
}

impl Step {
    /// Returns the name that results use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Hello => "hello",
            Self::Starttls => "starttls",
            Self::SignIn => "sign-in",
            Self::Sender => "sender",
            Self::Recipients => "recipients",
            Self::Message => "message",
            Self::Reset => "reset",
        }
    }

    /// Says what the program was doing, for sentences.
    fn doing(self) -> &'static str {
        match self {
            Self::Resolve => "looking up the server's address",
            Self::Connect => "connecting",
            Self::Tls => "the TLS handshake",
            Self::Greeting => "waiting for the server's greeting",
            Self::Hello => "the answer to EHLO",
            Self::Starttls => "the answer to STARTTLS",
            Self::SignIn => "signing in",
            Self::Sender => "the answer to MAIL",
            Self::Recipients => "the answer to RCPT",
            Self::Message => "handing over the message",
            Self::Reset => "the answer to RSET",
        }
    }
}

/// Why a message did not get through.
#[derive(Debug, Clone)]
pub struct SmtpError {
    pub(crate) route: Box<Route>,
    pub(crate) step: Step,
    pub(crate) problem: Problem,
}

/// The closed list of what can go wrong.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// The resolver knows no address, or did not answer properly.
    NameNotFound(String),
    /// No address could be connected to.
    Unreachable(Vec<(SocketAddr, String)>),
    /// The deadline passed.
    TimedOut(Over),
    /// The system has nothing left for a look-up or a connection.
    Shortage(String),
    /// The server closed the connection, or the network did.
    Closed,
    /// The server closed it after the whole message had been handed over.
    ClosedAfterMessage,
    /// The deadline, or a signal, came after the whole message had been handed over.
    Unanswered(Over),
    /// The connection failed in another way.
    Broken(String),
    /// What answers is not an SMTP server.
    NotSmtp(String),
    /// A reply without a reply code.
    Garbled(String),
    /// A reply that does not end.
    Endless,
    /// A reply code that has no place at this stage.
    Unexpected(Reply),
    /// Plain text came where TLS was to begin.
    PlainTextOnTlsPort,
    /// TLS came where plain text was to begin.
    TlsOnPlainPort,
    /// The server does not offer STARTTLS.
    NoStarttls,
    /// The server offers STARTTLS and refused it.
    StarttlsRefused(Reply),
    /// Bytes came in clear between the answer to STARTTLS and the handshake.
    InjectedAfterStarttls,
    /// The certificate is not accepted under the rule.
    CertificateRefused(Box<Refusal>),
    /// The rule is `self-signed-root`, and the server does not send its root.
    NoRootSent(Box<Refusal>),
    /// The server speaks only this old version of TLS.
    OldProtocol(String),
    /// The server wants a certificate of the client.
    ClientCertificateWanted,
    /// The handshake failed for another reason.
    HandshakeFailed(String),
    /// The trust rule cannot be set up.
    Trust(Failure),
    /// The password would cross the network unencrypted.
    CleartextPassword,
    /// The server offers no way to sign in that the account can use.
    NoMechanism {
        /// What the account wants.
        wanted: &'static str,
        /// What the server offers.
        offered: Vec<String>,
    },
    /// The server refused the sign-in.
    SignInRefused(Reply),
    /// The server refused a command.
    Refused(Reply),
    /// The server offers BDAT and does not know it.
    ChunkingRefused(Reply),
    /// The server refused every recipient: the most serious refusal.
    AllRefused(Reply),
    /// The message is larger than the server takes.
    TooLarge {
        /// The message, in octets.
        size: u64,
        /// The server's limit, in octets.
        limit: u64,
    },
    /// An address needs SMTPUTF8, which the server does not offer.
    NoSmtpUtf8,
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.say(f)?;
        f.write_str(if self.is_uncertain() { "; it may or may not have been delivered" } else { "" })
    }
}

impl SmtpError {
    /// Says what happened.
    fn say(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.route.server();
        let doing = self.step.doing();
        match &self.problem {
            Problem::NameNotFound(said) => {
                write!(f, "no address is known for \"{}\" ({said})", self.route.host)
            }
            Problem::Unreachable(attempts) => {
                write!(f, "cannot connect to {server}")?;
                for (i, (address, said)) in attempts.iter().enumerate() {
                    write!(f, "{} {}: {said}", if i == 0 { ":" } else { ";" }, address.ip())?;
                }
                Ok(())
            }
            Problem::Shortage(said) => write!(f, "{server}: {doing} cannot begin: {said}"),
            Problem::TimedOut(over) => write!(f, "{server}: {doing} {over}"),
            Problem::Closed => write!(f, "{server} closed the connection during {doing}"),
            Problem::ClosedAfterMessage => write!(
                f,
                "{server} closed the connection after the message was handed over and before accepting it"
            ),
            Problem::Unanswered(over) => {
                write!(f, "{server}: the answer to the message, all of which was handed over, {over}")
            }
            Problem::Broken(said) => write!(f, "the connection to {server} failed during {doing}: {said}"),
            Problem::NotSmtp(line) => {
                write!(f, "{server} is not an SMTP server: it began with \"{}\"", shown(line))
            }
            Problem::Garbled(line) => {
                write!(
                    f,
                    "{server} broke the protocol during {doing}: no reply code that fits in \"{}\"",
                    shown(line)
                )
            }
            Problem::Endless => {
                write!(f, "{server} broke the protocol during {doing}: its reply does not end")
            }
            Problem::Unexpected(reply) => {
                write!(f, "{server} broke the protocol during {doing}: it answered \"{reply}\"")
            }
            Problem::PlainTextOnTlsPort => write!(f, "{server} does not begin with TLS: it spoke in clear"),
            Problem::TlsOnPlainPort => {
                write!(f, "{server} begins with TLS, and mode \"{}\" does not", self.route.mode.word())
            }
            Problem::NoStarttls => write!(f, "{server} does not offer STARTTLS"),
            Problem::StarttlsRefused(reply) => write!(f, "{server} refused STARTTLS: {reply}"),
            Problem::InjectedAfterStarttls => write!(
                f,
                "{server} sent more in clear after its answer to STARTTLS; somebody on the way may be injecting \
                 replies"
            ),
            Problem::CertificateRefused(refusal) => {
                write!(
                    f,
                    "the certificate of {server} is not accepted under \"{}\": {refusal}",
                    self.route.trust
                )
            }
            Problem::NoRootSent(refusal) => write!(
                f,
                "the certificate of {server} cannot be judged under \"self-signed-root\": the server does not send \
                 its root: {refusal}"
            ),
            Problem::OldProtocol(version) => {
                write!(f, "{server} speaks only {version}, which is no longer safe; TLS 1.2 is the least")
            }
            Problem::ClientCertificateWanted => {
                write!(f, "{server} wants a certificate of the client, which this program does not have")
            }
            Problem::HandshakeFailed(said) => write!(f, "the TLS handshake with {server} failed: {said}"),
            Problem::Trust(failure) => f.write_str(&failure.what),
            Problem::CleartextPassword => write!(
                f,
                "the password was not sent: the connection to {server} is not encrypted (tls.mode \"none\")"
            ),
            Problem::NoMechanism { wanted, offered } => {
                if offered.is_empty() {
                    return write!(f, "{server} offers no sign-in at all");
                }
                write!(f, "{server} offers no sign-in with {wanted}; it offers ")?;
                f.write_str(&shown(&offered.join(" ")))
            }
            Problem::SignInRefused(reply) => {
                let user = self.route.user.as_deref().unwrap_or_default();
                write!(f, "{server} refused the sign-in of \"{}\": {reply}", text::one_line(user))
            }
            Problem::Refused(reply) => write!(f, "{server} refused: {reply} ({doing})"),
            Problem::ChunkingRefused(reply) => {
                write!(f, "{server} offers CHUNKING and refused BDAT: {reply}")
            }
            Problem::AllRefused(reply) => write!(f, "{server} refused every recipient: {reply}"),
            Problem::TooLarge { size, limit } => {
                write!(f, "the message has {size} bytes and {server} takes {limit} at most")
            }
            Problem::NoSmtpUtf8 => write!(
                f,
                "{server} takes no addresses in other scripts before the \"@\" (it does not offer SMTPUTF8)"
            ),
        }
    }
}

/// Shows what comes from outside: cleaned and short.
pub(super) fn shown(line: &str) -> String {
    text::shorten(&text::one_line(line), 120).into_owned()
}

impl Situation for SmtpError {
    fn exit(&self) -> Exit {
        let by_code =
            |reply: &Reply, permanent| if reply.is_transient() { Exit::TempFail } else { permanent };
        match &self.problem {
            Problem::NameNotFound(_)
            | Problem::Unreachable(_)
            | Problem::TimedOut(_)
            | Problem::Shortage(_)
            | Problem::Closed
            | Problem::ClosedAfterMessage
            | Problem::Unanswered(_)
            | Problem::Broken(_) => Exit::TempFail,
            Problem::NotSmtp(_)
            | Problem::Garbled(_)
            | Problem::Endless
            | Problem::Unexpected(_)
            | Problem::PlainTextOnTlsPort
            | Problem::TlsOnPlainPort
            | Problem::NoStarttls
            | Problem::InjectedAfterStarttls
            | Problem::CertificateRefused(_)
            | Problem::NoRootSent(_)
            | Problem::OldProtocol(_)
            | Problem::ClientCertificateWanted
            | Problem::HandshakeFailed(_)
            | Problem::ChunkingRefused(_) => Exit::Protocol,
            Problem::StarttlsRefused(reply) => by_code(reply, Exit::Protocol),
            Problem::Trust(failure) => failure.exit,
            Problem::CleartextPassword | Problem::NoMechanism { .. } => Exit::NoPermission,
            Problem::SignInRefused(reply) => by_code(reply, Exit::NoPermission),
            Problem::Refused(reply) | Problem::AllRefused(reply) => by_code(reply, Exit::Refused),
            Problem::TooLarge { .. } | Problem::NoSmtpUtf8 => Exit::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        advice::hint(self)
    }
}

impl SmtpError {
    /// Tells whether the server spoke in clear where TLS was to begin: it may want STARTTLS.
    pub(crate) fn spoke_in_clear(&self) -> bool {
        matches!(self.problem, Problem::PlainTextOnTlsPort)
    }

    /// Returns the server's words when it has refused a message for its size.
    pub(crate) fn refused_for_size(&self) -> Option<String> {
        let (Problem::Refused(reply) | Problem::AllRefused(reply)) = &self.problem else { return None };
        // RFC 1870, section 6; RFC 3463: X.3.4 is the system's limit, X.2.3 the mailbox's. The code 552
        // says so without one of these too, but with another it is something else: X.2.2, a full mailbox
        let by_status = matches!(reply.enhanced(), Some("5.3.4" | "5.2.3"));
        let by_code = reply.code == 552 && reply.enhanced().is_none() && self.step != Step::Recipients;
        (reply.is_permanent() && (by_status || by_code)).then(|| reply.to_string())
    }

    /// Tells whether another try in a moment may end better: after what is unreachable, interrupted or too
    /// late, and after 4yz (RFC 5321, section 4.2.1). Not where the server hangs up during the sign-in: some
    /// do so for a wrong password, and lock out whoever comes again.
    pub(crate) fn may_pass(&self) -> bool {
        let hung_up = matches!(self.problem, Problem::Closed | Problem::Broken(_));
        self.exit() == Exit::TempFail && !(hung_up && self.step == Step::SignIn)
    }

    /// Tells whether the server may have taken the message: all of it was handed over, and the answer did not
    /// come (RFC 1047).
    pub(crate) fn is_uncertain(&self) -> bool {
        let lost =
            matches!(self.problem, Problem::ClosedAfterMessage | Problem::Unanswered(_) | Problem::Broken(_));
        lost && self.step == Step::Message
    }

    /// Tells whether the server knows no BDAT although it offers it: the same message may go by DATA.
    pub(crate) fn wants_data(&self) -> bool {
        matches!(self.problem, Problem::ChunkingRefused(_))
    }

    /// Tells whether what was said of each recipient does not count: it may have been said of another, or
    /// the whole is done again.
    pub(super) fn is_out_of_step(&self) -> bool {
        matches!(self.problem, Problem::Unexpected(_) | Problem::ChunkingRefused(_))
    }

    /// Tells whether the connection was lost while the server had no whole message.
    pub(crate) fn lost_before_message(&self) -> bool {
        matches!(self.step, Step::Sender | Step::Recipients)
            && matches!(self.problem, Problem::Closed | Problem::Broken(_))
    }

    /// Tells whether the server, of which nothing else is wrong, has had enough of this connection: it takes
    /// no more messages on it, or none after such a pause (RFC 5321, section 3.8).
    pub(crate) fn has_had_enough(&self) -> bool {
        let goodbye = matches!(&self.problem, Problem::Refused(reply) if reply.code == 421);
        goodbye || self.lost_before_message()
    }

    /// Tells whether the server talks SMTP in clear and offers no encryption.
    pub(crate) fn offers_no_starttls(&self) -> bool {
        matches!(self.problem, Problem::NoStarttls)
    }
}

impl std::error::Error for SmtpError {}
