//! What goes wrong between here and a receiver of Growl's, and what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::channels::SCREEN;
use crate::channels::growl::reply::Refusal;
use crate::deadline::Over;
use crate::error::Situation;
use crate::exit::Exit;
use crate::secrets::Slot;
use crate::task::{GROWL_PORT, Growl, GrowlHash, Password};
use crate::text::{self, io_words, one_line, shell_word};

/// What to do when it does not answer.
const STILL_SHOWS: &str = "see whether Growl still shows notices there, and start it anew";

/// A notice that Growl did not take.
#[derive(Debug)]
pub(super) struct GrowlError<'a> {
    pub(super) growl: &'a Growl,
    /// Whether it is asked for on this computer.
    pub(super) here: bool,
    /// Whether it would have had more time with a longer deadline of the run.
    pub(super) longer: bool,
    pub(super) problem: Problem,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// This system has no random numbers, without which there is no salt.
    NoRandom,
    /// The name of the computer leads nowhere.
    NameNotFound(String),
    /// Nobody answers at any of these addresses.
    Unreachable(Vec<(SocketAddr, io::Error)>),
    /// The time was over before it was done.
    TimedOut(Doing, Over),
    /// It closed the connection without a word.
    Closed(Doing),
    /// The connection failed.
    Broken(Doing, io::Error),
    /// It answered something that is no GNTP.
    Alien(String),
    /// It refused.
    Refused(Doing, Refusal),
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Resolve,
    Connect,
    Register,
    Notify,
}

impl Doing {
    /// Returns the name of the stage, as results have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Register => "register",
            Self::Notify => "notify",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Resolve => "the look-up of its name",
            Self::Connect => "connecting",
            Self::Register => "the registration",
            Self::Notify => "the notice",
        }
    }
}

/// Names a receiver: the computer, and the port where it is not the usual one.
pub(super) fn place(growl: &Growl) -> String {
    let place = match growl.port {
        GROWL_PORT => text::bracketed(&growl.host).into_owned(),
        port => text::server(&growl.host, port),
    };
    format!("Growl on {}", one_line(&place))
}

impl fmt::Display for GrowlError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = place(self.growl);
        match &self.problem {
            Problem::NoRandom => f.write_str("the system has no random numbers for the salt of Growl's hash"),
            Problem::NameNotFound(said) => {
                write!(f, "no address is known for \"{}\" ({})", one_line(&self.growl.host), one_line(said))
            }
            Problem::Unreachable(attempts) => {
                write!(f, "cannot connect to {place}")?;
                for (i, (address, error)) in attempts.iter().enumerate() {
                    write!(f, "{} {}: {}", if i == 0 { ":" } else { ";" }, address.ip(), io_words(error))?;
                }
                Ok(())
            }
            Problem::TimedOut(doing, over @ Over::By(_)) => write!(f, "{place}: {} {over}", doing.words()),
            Problem::TimedOut(doing, Over::After(length)) => {
                let seconds = length.as_secs_f32();
                match doing {
                    Doing::Resolve => write!(f, "{place} was not found within {seconds} s"),
                    Doing::Connect => write!(f, "cannot connect to {place} within {seconds} s"),
                    Doing::Register | Doing::Notify => {
                        write!(f, "{place} gave no answer to {} within {seconds} s", doing.words())
                    }
                }
            }
            Problem::Closed(doing) => {
                write!(f, "{place} closed the connection without an answer to {}", doing.words())
            }
            Problem::Broken(doing, error) => {
                write!(f, "the connection to {place} failed during {}: {}", doing.words(), io_words(error))
            }
            Problem::Alien(line) => {
                write!(f, "{place} does not speak GNTP, the protocol of Growl: it answered \"{line}\"")
            }
            Problem::Refused(doing, refusal) => {
                write!(f, "{place} refused {}: {}", doing.words(), said(refusal))
            }
        }
    }
}

/// Says a refusal in its own words, or what its number means (GNTP 1.0, "Error codes").
fn said(refusal: &Refusal) -> String {
    let meaning = match refusal.code {
        Some(200) => "timed out",
        Some(201) => "network failure",
        Some(300) => "invalid request",
        Some(301) => "unknown protocol",
        Some(302) => "unknown version of the protocol",
        Some(303) => "a required header is missing",
        Some(400) => "not authorized",
        Some(401) => "unknown application",
        Some(402) => "unknown notification",
        Some(404) => "notification disabled by the user",
        Some(500) => "internal error",
        _ => "",
    };
    match (refusal.words.as_deref(), refusal.code) {
        (Some(words), Some(code)) => format!("{words} ({code})"),
        (Some(words), None) => words.to_owned(),
        (None, Some(code)) if meaning.is_empty() => format!("error {code}"),
        (None, Some(code)) => format!("{meaning} ({code})"),
        (None, None) => "it gave no reason".to_owned(),
    }
}

impl Situation for GrowlError<'_> {
    fn exit(&self) -> Exit {
        let has_password = self.growl.password.is_some();
        match &self.problem {
            Problem::NoRandom => Exit::Software,
            Problem::NameNotFound(_)
            | Problem::Unreachable(_)
            | Problem::TimedOut(..)
            | Problem::Broken(..) => Exit::TempFail,
            // receivers close without a word when the password is wrong
            Problem::Closed(Doing::Register) if has_password => Exit::NoPermission,
            Problem::Closed(_) | Problem::Alien(..) => Exit::Protocol,
            Problem::Refused(_, refusal) => match refusal.code {
                Some(200 | 201 | 500) => Exit::TempFail,
                Some(300..=302) => Exit::Protocol,
                Some(400) => Exit::NoPermission,
                _ => Exit::Refused,
            },
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            Problem::NoRandom | Problem::TimedOut(_, Over::By(_)) => return None,
            Problem::NameNotFound(_) => {
                "check the spelling of \"host\" in \"growl\", and that this computer is online".to_owned()
            }
            Problem::Unreachable(_) | Problem::TimedOut(Doing::Resolve | Doing::Connect, _) => {
                self.unreachable()
            }
            Problem::TimedOut(..) if self.longer => {
                format!("{STILL_SHOWS}; if it is only slow, allow more time with --deadline")
            }
            Problem::TimedOut(..) => {
                format!("{STILL_SHOWS}: no screen gets more than {} seconds", SCREEN.as_secs())
            }
            Problem::Broken(..) => STILL_SHOWS.to_owned(),
            // what has registered us a moment ago knows the password
            Problem::Closed(Doing::Notify) => STILL_SHOWS.to_owned(),
            Problem::Closed(_) => self.password_refused(),
            Problem::Alien(..) => format!(
                "check \"host\" and \"port\" in \"growl\": Growl usually listens on {GROWL_PORT}, this is {}",
                self.growl.port
            ),
            Problem::Refused(doing, refusal) => self.refused(*doing, refusal),
        };
        Some(hint)
    }
}

impl GrowlError<'_> {
    fn unreachable(&self) -> String {
        let port = self.growl.port;
        if self.here {
            return format!(
                "is Growl (or what takes its place) running on this computer, and listening on port {port}? Log in \
                 and start it, or leave \"growl\" out of the task"
            );
        }
        format!(
            "see that Growl runs there, that \"Listen for incoming notifications\" is on in its settings, and that no \
             firewall stops port {port}"
        )
    }

    fn refused(&self, doing: Doing, refusal: &Refusal) -> String {
        match refusal.code {
            Some(400) => self.password_refused(),
            Some(401 | 402) if doing == Doing::Notify => {
                "it forgets what was registered with it just before: start Growl anew there".to_owned()
            }
            Some(404) => {
                "somebody has turned these notices off there: turn them on again in Growl's settings under \
                 \"backup-notify\", or take this one out of \"events\""
                    .to_owned()
            }
            Some(200 | 201 | 500) => "try again; if it stays so, start Growl anew there".to_owned(),
            None => format!(
                "look at Growl's settings there: some receivers say so when they want a password{}, or another one",
                if self.growl.hash == GrowlHash::Sha512 { ", or know no \"hash\": \"sha512\"" } else { "" }
            ),
            Some(_) => "see whether there is a newer version of Growl, or of what takes its place".to_owned(),
        }
    }

    /// Says where the right password belongs.
    fn password_refused(&self) -> String {
        let slot = Slot::growl(&self.growl.host, self.growl.port).to_string();
        let set = format!("backup-notify password set {}", shell_word(&one_line(&slot)));
        match &self.growl.password {
            None => format!(
                "Growl there may want a password: add \"password\": {{\"keychain\": true}} to \"growl\" in a task file, and keep \
                 Growl's password with: {set}"
            ),
            Some(Password::Keychain) => {
                format!("the password has to be the one in Growl's settings there; keep that one with: {set}")
            }
            Some(_) => "the password that \"password\" names in \"growl\" has to be the one in Growl's settings there"
                .to_owned(),
        }
    }
}
