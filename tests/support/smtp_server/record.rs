//! What a server remembers of each connection, for the test to look at.

use std::fmt;

use super::TlsVersion;

/// One connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionRecord {
    /// Counted from 1, in the order in which they were accepted.
    pub(crate) connection: usize,
    /// Every line, with what AUTH gave away replaced by `***`.
    pub(crate) commands: Vec<Command>,
    /// What AUTH gave away, apart from the commands.
    pub(crate) sign_ins: Vec<SignIn>,
    /// Every MAIL, whatever became of it.
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) handshake: Handshake,
    /// What the handshake agreed on; only servers with `Builder::chain` know, and not on macOS.
    pub(crate) tls_version: Option<TlsVersion>,
    /// Bytes of a TLS handshake came where plain text was due: the client takes this for a TLS
    /// port, or looks whether it is one.
    pub(crate) client_hello_in_clear: bool,
    /// How often the client spoke: reads that came after a flush of ours. TLS not counted.
    pub(crate) flights: usize,
    /// QUIT came.
    pub(crate) quit: bool,
    /// The client went away before `221` was written.
    ///
    /// `true` proves that it did not wait. When `221` goes out in one write with an earlier
    /// reply nobody can tell; withhold it (`Stage::Quit`, `Action::Stall`) to be sure.
    pub(crate) left_before_goodbye: bool,
    /// How it ended; `None` while it lasts.
    pub(crate) end: Option<End>,
    /// What a correct client does not do.
    pub(crate) violations: Vec<String>,
    /// Both sides, for failure messages.
    pub(crate) transcript: Vec<String>,
}

impl SessionRecord {
    /// The verbs of the commands, one after the other: `EHLO MAIL RCPT DATA QUIT`.
    pub(crate) fn verbs(&self) -> String {
        let verbs: Vec<_> = self.commands.iter().filter_map(Command::verb).collect();
        verbs.join(" ")
    }

    /// The messages accepted in this session.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Envelope> {
        self.envelopes.iter().filter(|envelope| envelope.accepted)
    }
}

impl fmt::Display for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.end;
        writeln!(f, "connection {} ({:?}, {end:?})", self.connection, self.handshake)?;
        for line in &self.transcript {
            writeln!(f, "    {}", line.replace('\n', "\n       "))?;
        }
        for violation in &self.violations {
            writeln!(f, "    ! {violation}")?;
        }
        Ok(())
    }
}

/// One line that the client sent as a command or as an answer to a challenge.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) line: String,
    pub(crate) tls: bool,
    /// Lines of the same flight were sent without waiting for a reply.
    pub(crate) flight: usize,
    /// It answers a challenge of AUTH.
    pub(crate) answer: bool,
}

impl Command {
    fn verb(&self) -> Option<String> {
        let verb = self.line.split([' ', '\t']).next()?;
        (!self.answer).then(|| verb.to_ascii_uppercase())
    }
}

/// One AUTH.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignIn {
    pub(crate) mechanism: String,
    /// The client sent its first answer along with the command.
    pub(crate) initial_response: bool,
    /// The answers, decoded.
    pub(crate) answers: Vec<Vec<u8>>,
    pub(crate) user: String,
    /// The password or token; empty for CRAM-MD5, which does not send it.
    pub(crate) secret: String,
    pub(crate) tls: bool,
    pub(crate) accepted: bool,
}

/// One message: who, for whom, and what.
// each is a fact of its own: there is no state among them
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) from: String,
    /// The parameters of MAIL, such as `SIZE=1234`, as they came.
    pub(crate) parameters: Vec<String>,
    pub(crate) recipients: Vec<Recipient>,
    /// The message with CRLF line ends and without the added dots; `None` when none came.
    pub(crate) message: Option<Vec<u8>>,
    /// It came by BDAT, not by DATA.
    pub(crate) chunked: bool,
    pub(crate) tls: bool,
    /// The server answered the end of the message with `250`.
    pub(crate) accepted: bool,
    /// The server has the message and delivers it, whatever reached the client of its answer.
    pub(crate) taken: bool,
}

impl Envelope {
    /// The message as text; the test fails when it is none.
    pub(crate) fn text(&self) -> &str {
        let message = self.message.as_deref().expect("no message came");
        std::str::from_utf8(message).expect("a message of UTF-8")
    }

    /// The recipients that the server took.
    pub(crate) fn accepted_recipients(&self) -> Vec<&str> {
        let accepted = self.recipients.iter().filter(|to| to.accepted);
        accepted.map(|to| to.address.as_str()).collect()
    }

    /// The value of a MAIL parameter, whatever the case of its name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One RCPT.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub(crate) address: String,
    pub(crate) accepted: bool,
}

/// What became of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Handshake {
    #[default]
    None,
    Done,
    /// The client did not like us, or spoke something else; in the words of the TLS library.
    Failed(String),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client closed it.
    Client,
    /// The client reset it, or closed it with our bytes unread.
    ClientReset,
    /// A fault closed it.
    Server,
    /// The server was dropped.
    Stopped,
}
