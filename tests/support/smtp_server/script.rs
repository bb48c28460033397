//! What a server is told to do wrong, and where: a closed list of stages times a closed list
//! of actions, and quirks that colour every reply.

use std::time::Duration;

/// A moment of a session at which a fault can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before anything else, TLS included.
    Connect,
    /// The `220` that opens the session.
    Greeting,
    /// The reply to the first EHLO. HELO is always understood.
    Ehlo,
    /// The reply to STARTTLS.
    Starttls,
    /// The TLS handshake, implicit or after STARTTLS.
    Handshake,
    /// The reply to the EHLO after STARTTLS.
    EhloAgain,
    /// Each `334` with which AUTH asks for more.
    Challenge,
    /// The verdict on AUTH: normally `235` or `535`.
    Auth,
    Mail,
    /// The reply to the n-th RCPT of a message, counted from 1.
    Rcpt(usize),
    /// The reply to DATA: normally `354`.
    Data,
    /// In the middle of the message, after its first line; by BDAT, what is said goes out with the replies
    /// to the commands before it.
    Body,
    /// The reply to the final dot, or to `BDAT … LAST`.
    FinalDot,
    /// The same of a server that has the message in its queue by then, and delivers it whatever
    /// becomes of the reply.
    Taken,
    Rset,
    Quit,
}

/// What is done at a stage instead of the normal reply.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// These bytes as they are. The session goes on as their first digit says.
    Reply(Vec<u8>),
    /// These bytes as they are, then the end: what a server that says `421` does.
    ReplyAndClose(Vec<u8>),
    /// The normal reply and, in the same write, these bytes.
    Then(Vec<u8>),
    /// The end without a word.
    Close,
    /// The end by a TCP reset.
    Reset,
    /// Nothing, until the client goes away or the server is dropped.
    Stall,
    /// The normal reply (or handshake), one byte at a time with this pause before each.
    Drip(Duration),
    /// The normal reply, each byte in a segment of its own, without delay.
    SplitEveryByte,
    /// The code and so many characters before the line ends.
    HugeLine(usize),
    /// So many continuation lines before the last one.
    ManyLines(usize),
    /// The normal reply with these bytes at the end of its first line.
    Marked(Vec<u8>),
    /// The closing words of TLS, then the end.
    SayGoodbye,
    /// A fatal alert of the TLS library itself, encrypted as it should be, then the end.
    Alert,
    /// These bytes on the socket, below TLS where there is TLS, then the end.
    Below(Vec<u8>),
}

impl Action {
    /// These bytes instead of the normal reply; a line end is added when there is none.
    pub(crate) fn reply(line: impl AsRef<[u8]>) -> Self {
        Self::Reply(with_line_end(line.as_ref()))
    }

    /// These bytes instead of the normal reply, then the end; a line end is added when there
    /// is none.
    pub(crate) fn reply_and_close(line: impl AsRef<[u8]>) -> Self {
        Self::ReplyAndClose(with_line_end(line.as_ref()))
    }

    /// The normal reply and these bytes in one write.
    pub(crate) fn then(bytes: impl AsRef<[u8]>) -> Self {
        Self::Then(bytes.as_ref().to_vec())
    }

    /// Whether this can be done where no reply is due.
    fn needs_no_reply(&self) -> bool {
        !matches!(
            self,
            Self::Then(_)
                | Self::Drip(_)
                | Self::SplitEveryByte
                | Self::HugeLine(_)
                | Self::ManyLines(_)
                | Self::Marked(_)
        )
    }
}

fn with_line_end(line: &[u8]) -> Vec<u8> {
    let mut line = line.to_vec();
    if !line.ends_with(b"\n") {
        line.extend_from_slice(b"\r\n");
    }
    line
}

/// A habit of odd servers that shows in every reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Replies of one line are the code alone: `250\r\n`.
    BareCodes,
    /// `pipelining` instead of `PIPELINING`.
    LowerCaseKeywords,
    /// Texts have characters of ISO 8859-1.
    Latin1,
    /// Lines end with LF alone.
    BareLf,
    /// EHLO is answered with `502`, HELO is understood.
    HeloOnly,
    /// Every byte is a segment of its own.
    SplitEveryByte,
    /// BDAT is answered with `502`, whatever is offered, and what follows is taken for commands.
    NoBdat,
}

/// All that a server was told.
#[derive(Clone, Default)]
pub(crate) struct Script {
    faults: Vec<Fault>,
    quirks: Vec<Quirk>,
}

#[derive(Clone)]
struct Fault {
    /// Counted from 1; `None` is every connection.
    connection: Option<usize>,
    stage: Stage,
    action: Action,
}

impl Script {
    /// Adds a fault, refusing those that could have no effect: a test that asks for nothing
    /// would prove nothing.
    pub(super) fn add(&mut self, connection: Option<usize>, stage: Stage, action: Action) {
        let possible = match stage {
            Stage::Connect | Stage::Body => action.needs_no_reply(),
            Stage::Handshake => action.needs_no_reply() || matches!(action, Action::Drip(_)),
            _ => true,
        };
        assert!(possible, "{action:?} cannot be done at {stage:?}");
        self.faults.push(Fault { connection, stage, action });
    }

    pub(super) fn add_quirk(&mut self, quirk: Quirk) {
        self.quirks.push(quirk);
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// What to do at this stage; the fault named last wins.
    pub(super) fn action(&self, connection: usize, stage: Stage) -> Option<Action> {
        self.faults
            .iter()
            .rev()
            .find(|fault| fault.stage == stage && fault.connection.is_none_or(|only| only == connection))
            .map(|fault| fault.action.clone())
    }

    /// Writes a reply (lines separated by LF, each with its code) as this server would.
    pub(super) fn render(&self, reply: &str) -> Vec<u8> {
        let lines: Vec<&str> = reply.split('\n').collect();
        let mut bytes = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let (code, text) = line.split_at(3);
            // a challenge is data, not text to play with
            let plain = self.quirks.iter().all(|quirk| *quirk == Quirk::NoBdat) || code == "334";
            let keyword = lines.len() > 1 && index > 0;
            bytes.extend_from_slice(code.as_bytes());
            if plain {
                bytes.extend_from_slice(text.as_bytes());
            } else if keyword && self.has(Quirk::LowerCaseKeywords) {
                bytes.extend_from_slice(text.to_lowercase().as_bytes());
            } else if keyword || !(self.has(Quirk::BareCodes) && lines.len() == 1) {
                bytes.extend_from_slice(text.as_bytes());
            }
            if !plain && !keyword && self.has(Quirk::Latin1) {
                bytes.extend_from_slice(b" sch\xF6ne Gr\xFC\xDFe");
            }
            let end: &[u8] = if self.has(Quirk::BareLf) { b"\n" } else { b"\r\n" };
            bytes.extend_from_slice(end);
        }
        bytes
    }
}
