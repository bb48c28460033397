//! What is combined: stages, faults and modes, and the closed rule by which combinations are left
//! out that would say nothing new.

use std::time::Duration;

use crate::support::smtp_server::{Action, Stage};

/// When TLS begins, as a task calls it, and once more with a server that offers CHUNKING.
pub(super) const MODES: [&str; 4] = ["implicit", "starttls", "none", CHUNKING];
/// Implicit TLS, and the message goes by BDAT along with the commands.
pub(super) const CHUNKING: &str = "implicit, with CHUNKING";

/// The mode of a task in this mode of the table.
pub(super) fn tls_mode(mode: &'static str) -> &'static str {
    if mode == CHUNKING { "implicit" } else { mode }
}

/// The stages, as the table's rows call them.
pub(super) const STAGES: [(Stage, &str); 15] = [
    (Stage::Connect, "connect"),
    (Stage::Greeting, "greeting"),
    (Stage::Ehlo, "EHLO"),
    (Stage::Starttls, "STARTTLS"),
    (Stage::Handshake, "handshake"),
    (Stage::EhloAgain, "EHLO again"),
    (Stage::Challenge, "challenge"),
    (Stage::Auth, "AUTH"),
    (Stage::Mail, "MAIL"),
    (Stage::Rcpt(1), "RCPT"),
    (Stage::Data, "DATA"),
    (Stage::Body, "body"),
    (Stage::FinalDot, "end, untaken"),
    (Stage::Taken, "end, taken"),
    (Stage::Quit, "QUIT"),
];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Close,
    Reset,
    Stall,
    Drip,
    Goodbye,
    Alert,
    Forged,
    Says(&'static str),
    Garbage,
    HugeLine,
    Endless,
    Nul,
    Latin1,
    Extra,
}

use Fault::{
    Alert, Close, Drip, Endless, Extra, Forged, Garbage, Goodbye, HugeLine, Latin1, Nul, Reset, Says, Stall,
};

/// The faults of the connection, as the table's columns call them.
pub(super) const OF_THE_CONNECTION: [(Fault, &str); 7] = [
    (Close, "close"),
    (Reset, "reset"),
    (Stall, "stall"),
    (Drip, "drip"),
    (Goodbye, "goodbye"),
    (Alert, "alert"),
    (Forged, "forged"),
];

/// The faults of replies, as the table's columns call them.
pub(super) const OF_REPLIES: [(Fault, &str); 13] = [
    (Says("451"), "4xx"),
    (Says("554"), "5xx"),
    (Says("421"), "421"),
    (Says("221"), "221"),
    (Says("235"), "235"),
    (Says("250"), "250"),
    (Says("354"), "354"),
    (Garbage, "garbage"),
    (HugeLine, "huge"),
    (Endless, "endless"),
    (Nul, "NUL"),
    (Latin1, "Latin-1"),
    (Extra, "extra"),
];

/// What the rows and columns are, for whoever reads the table.
pub(super) const LEGEND: &str = "\
Rows, the stage at which the server fails, on each connection:
  connect       the connection is there, nothing has been said
  greeting      the 220 that opens the session
  EHLO          the answer to the first EHLO
  STARTTLS      the answer to it
  handshake     in place of the server's part of the TLS handshake
  EHLO again    the answer to EHLO under TLS
  challenge     the 334 of AUTH LOGIN (in this row the server offers no PLAIN)
  AUTH          the verdict on the sign-in
  MAIL RCPT     the answer; there is one recipient
  DATA          the answer: 354
  body          after the first line of the message, when no answer is due
  end, untaken  the answer to the final dot, of a server that has not taken the message and never will
  end, taken    the same, of a server that has the message and delivers it whatever becomes of its 250
  QUIT          the answer to it
With CHUNKING, MAIL, RCPT, BDAT, the message and QUIT are one flight: all of it is there when the server fails at
MAIL. The body's row is after the line of BDAT, what is said there goes out with the answers before it, and \"end\"
is the answer to BDAT.
Columns, what it does there:
  close         ends the connection (without the closing words of TLS)
  reset         ends it by a TCP reset
  stall         says nothing more
  drip          the right answer, one byte a second
  goodbye       the closing words of TLS (close_notify), then the end
  alert         a fatal alert of TLS, then the end: under TLS a true one, elsewhere its bytes in clear
  forged        bytes on the wire that this TLS session cannot have sent, then the end
  4xx 5xx       451 or 554 (in the body: and hangs up)
  421 221       a goodbye, and hangs up
  235 250 354   the answer to another command
  garbage       a line without a reply code (in the handshake: text in clear)
  huge          the right answer with 100,000 characters in its first line (in the handshake: a record as large as
                its header can say)
  endless       the right code, and a line of 2 MiB
  NUL Latin-1   the right answer with such bytes in its text (in the handshake: nothing but NUL)
  extra         the right answer and, in the same write, \"250 2.0.0 ok\"
";

/// Why a combination is left out, as the letter that stands in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Omitted(pub(super) char);

/// The closed list of reasons.
pub(super) const REASONS: [(char, &str); 8] = [
    ('a', "the stage does not exist in this mode, or is the same as in another (before MAIL, with CHUNKING)"),
    ('b', "before the first byte the server can only go away or wait"),
    ('c', "no TLS to do it with or to"),
    ('d', "the handshake knows no replies: text in clear is the column \"garbage\""),
    ('e', "no answer is due in the body that could be the right one"),
    ('f', "that is the right answer"),
    ('g', "who says yes has taken the message: see the row below"),
    ('h', "who says no has not taken the message: see the row above"),
];

/// Tells whether a combination is left out, and why.
pub(super) fn omitted(mode: &str, stage: Stage, fault: Fault) -> Option<Omitted> {
    let coloured = matches!(fault, Drip | HugeLine | Endless | Nul | Latin1 | Extra);
    let reason = match (stage, fault) {
        (
            Stage::Connect
            | Stage::Greeting
            | Stage::Ehlo
            | Stage::Handshake
            | Stage::Challenge
            | Stage::Auth
            | Stage::Data,
            _,
        ) if mode == CHUNKING => 'a',
        (Stage::Starttls | Stage::EhloAgain, _) if mode != "starttls" => 'a',
        (Stage::Handshake, _) if mode == "none" => 'a',
        (Stage::Connect, Close | Reset | Stall) => return None,
        (Stage::Connect, _) => 'b',
        (_, Goodbye | Forged) if !under_tls(mode, stage) && stage != Stage::Handshake => 'c',
        (Stage::Handshake, Goodbye) => 'c',
        (Stage::Handshake, Says(code)) if !matches!(code, "451" | "554" | "421") => 'd',
        (Stage::Handshake, Endless | Latin1 | Extra) => 'd',
        (Stage::Body, _) if coloured => 'e',
        (Stage::Ehlo | Stage::EhloAgain | Stage::Mail | Stage::Rcpt(_) | Stage::Taken, Says("250"))
        | (Stage::Auth, Says("235"))
        | (Stage::Data, Says("354"))
        | (Stage::Quit, Says("221")) => 'f',
        (Stage::FinalDot, Says("250")) => 'g',
        (Stage::FinalDot, _) if coloured => 'g',
        (Stage::Taken, Says("451" | "554" | "421")) => 'h',
        _ => return None,
    };
    Some(Omitted(reason))
}

/// Whether the connection is encrypted when this stage comes.
fn under_tls(mode: &str, stage: Stage) -> bool {
    let before = match mode {
        "implicit" | CHUNKING => matches!(stage, Stage::Connect | Stage::Handshake),
        "starttls" => matches!(
            stage,
            Stage::Connect | Stage::Greeting | Stage::Ehlo | Stage::Starttls | Stage::Handshake
        ),
        _ => true,
    };
    !before
}

/// The one window in which a message may be accepted and kept, and so arrive twice: the client has
/// handed over all of it, the server has taken it, and its 250 cannot be read as the answer.
pub(super) fn in_the_window(mode: &str, stage: Stage, fault: Fault) -> bool {
    let chunking = mode == CHUNKING;
    match stage {
        // with one answer too many nobody knows whose is which; where all of it was written before the first,
        // the message is taken all the same
        Stage::Taken => !matches!(fault, HugeLine | Nul | Latin1) && (chunking || fault != Extra),
        // the server goes on, and takes it
        Stage::Mail | Stage::Rcpt(_) => chunking && matches!(fault, Says("354") | Endless | Extra),
        // words out of turn stand where the answer to the final dot should; a goodbye or a refusal there
        // comes with the end of the connection, before the message is taken
        Stage::Body => {
            matches!(fault, Garbage | Says("235" | "354")) || chunking && matches!(fault, Says("250"))
        }
        _ => false,
    }
}

/// Whether a case ends at the deadline because that is what its fault is about; where the message
/// is taken by then, the deadline must come after that.
pub(super) fn waits(case: &Case, taken: bool) -> bool {
    let in_time = match case.stage {
        Stage::Taken => taken,
        stage => stage != Stage::Quit,
    };
    in_time && matches!(case.fault, Stall | Drip)
}

/// The one way for a message to be neither accepted nor kept: its recipients are refused for good
/// (design, section 6).
pub(super) fn may_be_dropped(stage: Stage, fault: Fault) -> bool {
    matches!((stage, fault), (Stage::Rcpt(_), Says("554")))
}

/// What the server is told to do.
pub(super) fn action(stage: Stage, fault: Fault, under_tls: bool) -> Action {
    // fatal, handshake_failure (RFC 8446, section 6)
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    let handshake = stage == Stage::Handshake;
    match fault {
        Close => Action::Close,
        Reset => Action::Reset,
        Stall => Action::Stall,
        Drip => Action::Drip(Duration::from_secs(1)),
        Goodbye => Action::SayGoodbye,
        Alert if under_tls => Action::Alert,
        Alert => Action::Below(ALERT.into()),
        // application data where a handshake is due, or that nobody has encrypted
        Forged => Action::Below([&[23, 3, 3, 0, 64][..], &[7; 64]].concat()),
        Says("421") => Action::reply_and_close("421 4.3.2 closing down"),
        Says("221") => Action::reply_and_close("221 2.0.0 goodbye"),
        Says(code) if stage == Stage::Body && matches!(code, "451" | "554") => {
            Action::reply_and_close(format!("{code} no more of this"))
        }
        Says(code) => Action::reply(format!("{code} as for something else")),
        Garbage => Action::reply("no code in here"),
        HugeLine if handshake => Action::Reply([vec![22, 3, 3, 255, 255], vec![0; 65535]].concat()),
        HugeLine => Action::Marked(vec![b'x'; 100_000]),
        Endless => Action::HugeLine(2 * 1024 * 1024),
        Nul if handshake => Action::Reply(vec![0; 64]),
        Nul => Action::Marked(b" a\0b".into()),
        Latin1 => Action::Marked(b" sch\xF6ne Gr\xFC\xDFe".into()),
        Extra => Action::then("250 2.0.0 ok\r\n"),
    }
}

/// One combination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) mode: &'static str,
    pub(super) stage: Stage,
    pub(super) fault: Fault,
}

impl Case {
    pub(super) fn action(&self) -> Action {
        action(self.stage, self.fault, under_tls(self.mode, self.stage))
    }
}

/// Every combination that is not left out.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for mode in MODES {
        for (stage, _) in STAGES {
            for (fault, _) in OF_THE_CONNECTION.into_iter().chain(OF_REPLIES) {
                if omitted(mode, stage, fault).is_none() {
                    cases.push(Case { mode, stage, fault });
                }
            }
        }
    }
    cases
}
