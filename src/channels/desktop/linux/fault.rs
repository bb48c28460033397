//! What can go wrong between this program and the one that shows notices.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Situation;
use crate::exit::Exit;
use crate::text::{one_line, shorten};

/// How many characters of what others said are shown.
const SAID: usize = 200;
/// The beginning of the names of errors that the bus itself answers with (D-Bus specification, "Message
/// Bus Messages").
const BUS_ERROR: &str = "org.freedesktop.DBus.Error.";
/// What is said where there is nobody to show a notice.
const NO_SERVICE: &str = "in that session, start a desktop or a notification service (dunst, mako and the like), or \
                          take \"desktop\" out of the task";

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    /// Anything, in a session that was entered by a child, which did not live to say.
    Enter,
    Connect,
    SignIn,
    Hello,
    Ask,
    Show,
}

impl Step {
    /// Says whose turn it was.
    fn whose(self) -> &'static str {
        match self {
            Self::Enter => "the session",
            Self::Connect | Self::SignIn | Self::Hello => "the session bus",
            Self::Ask | Self::Show => "the notification service",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Enter => "being entered",
            Self::Connect => "connecting",
            Self::SignIn => "signing in",
            Self::Hello => "being registered",
            Self::Ask => "asking what it can show",
            Self::Show => "handing over the notice",
        }
    }
}

/// Why a notice was not shown. The child hands it over as JSON, so that what it says is one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// There is no such socket.
    NoBus {
        place: String,
    },
    /// None of the addresses can be reached by this program.
    Address {
        address: String,
    },
    /// There is one, and it cannot be connected to.
    Connect {
        place: String,
        why: String,
    },
    /// Who listens there is somebody else.
    Foreign {
        place: String,
        user: u32,
    },
    /// The bus wants to see another user, or another way of signing in.
    LetIn {
        said: String,
    },
    /// What came is not D-Bus.
    Garbage {
        step: Step,
        why: String,
    },
    Closed {
        step: Step,
    },
    TimedOut {
        step: Step,
        tenths: u64,
    },
    /// A signal has asked the program to end.
    Interrupted {
        by: String,
    },
    /// An error that the bus or the service has answered.
    Answered {
        step: Step,
        name: String,
        said: String,
    },
    /// What the child has to be given could not be looked up.
    NoDatabase {
        user: u32,
    },
    /// The child could not live: no fault of this program, and perhaps better the next time.
    Prevented {
        what: String,
        hint: String,
    },
    /// The child was not allowed to become that person.
    NotPermitted {
        what: String,
    },
    /// This program could not do its part.
    Own {
        what: String,
    },
}

impl Fault {
    /// Tells whether nobody is there who shows notices: the bus knows of none and could start none.
    pub(super) fn is_without_service(&self) -> bool {
        let Self::Answered { name, .. } = self else { return false };
        name.strip_prefix(BUS_ERROR).is_some_and(|name| {
            ["ServiceUnknown", "NameHasNoOwner"].contains(&name) || name.starts_with("Spawn.")
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: &str| shorten(&one_line(text.trim()), SAID).into_owned();
        match self {
            Self::NoBus { place } => write!(f, "there is no session bus at \"{}\"", clean(place)),
            Self::Address { address } => {
                write!(
                    f,
                    "the address of the session bus, \"{}\", is of a kind that is not supported",
                    clean(address)
                )
            }
            Self::Connect { place, why } => {
                write!(f, "cannot connect to the session bus at \"{}\": {}", clean(place), clean(why))
            }
            Self::Foreign { place, user } => {
                write!(f, "the session bus at \"{}\" is run by another user, number {user}", clean(place))
            }
            Self::LetIn { said } => write!(f, "the session bus does not let this user in: {}", clean(said)),
            Self::Garbage { step: step @ (Step::Connect | Step::SignIn), .. } => {
                write!(f, "what answers in place of {} does not speak D-Bus", step.whose())
            }
            Self::Garbage { step, why } => {
                write!(f, "{} sent what is no answer while {}: {}", step.whose(), step.doing(), clean(why))
            }
            Self::Closed { step } => {
                write!(f, "the session bus closed the connection while {}", step.doing())
            }
            Self::TimedOut { step, tenths } => {
                // "within 0 s" would say that nobody has waited
                let tenths = (*tenths).max(1);
                let time = format!("{}.{}", tenths / 10, tenths % 10);
                let time = time.strip_suffix(".0").unwrap_or(&time);
                write!(f, "{} did not answer within {time} s, while {}", step.whose(), step.doing())
            }
            Self::Interrupted { by } => write!(f, "the notice was interrupted by {}", clean(by)),
            Self::Answered { .. } if self.is_without_service() => {
                f.write_str("nobody shows notices on the session bus")?;
                let Self::Answered { name, said, .. } = self else { return Ok(()) };
                // that nobody has the name is what was just said
                if name.contains("Spawn") { write!(f, " ({})", clean(said)) } else { Ok(()) }
            }
            Self::Answered { step, name, said } => {
                let name = name.strip_prefix(BUS_ERROR).unwrap_or(name);
                write!(f, "{} refused: {}", step.whose(), clean(name))?;
                if said.trim().is_empty() { Ok(()) } else { write!(f, " ({})", clean(said)) }
            }
            Self::NoDatabase { .. } => f.write_str("the user database did not answer in time"),
            Self::Prevented { what, .. } | Self::NotPermitted { what } | Self::Own { what } => {
                f.write_str(&clean(what))
            }
        }
    }
}

impl Situation for Fault {
    fn exit(&self) -> Exit {
        match self {
            Self::NoBus { .. }
            | Self::Connect { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted { .. }
            | Self::NoDatabase { .. }
            | Self::Prevented { .. } => Exit::TempFail,
            Self::Address { .. } => Exit::Refused,
            Self::Foreign { .. } | Self::LetIn { .. } | Self::NotPermitted { .. } => Exit::NoPermission,
            Self::Garbage { .. } | Self::Closed { .. } => Exit::Protocol,
            Self::Answered { name, .. } if is_passing(name) => Exit::TempFail,
            Self::Answered { .. } => Exit::Refused,
            Self::Own { .. } => Exit::Software,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Answered { .. } if self.is_without_service() => NO_SERVICE,
            Self::NoBus { .. } | Self::Connect { .. } => {
                "see whether the person is logged in, and what DBUS_SESSION_BUS_ADDRESS says there"
            }
            Self::Address { .. } => {
                "set DBUS_SESSION_BUS_ADDRESS to a socket of this computer, such as unix:path=/run/user/1000/bus"
            }
            Self::Foreign { .. } | Self::LetIn { .. } => {
                "run the program as the person whose session it is, or as root, without another's \
                 DBUS_SESSION_BUS_ADDRESS"
            }
            Self::Garbage { .. } | Self::Closed { .. } => "see what DBUS_SESSION_BUS_ADDRESS leads to",
            Self::TimedOut { step: Step::Ask | Step::Show, .. } => {
                "in that session, see whether notices appear at all (notify-send test), and start its notification \
                 service again"
            }
            Self::TimedOut { .. } => "see whether the session bus (dbus-daemon or dbus-broker) still works",
            Self::Answered { .. } => "in that session, see whether notices appear at all (notify-send test)",
            Self::NoDatabase { user } => {
                return Some(format!("see how long this takes: getent passwd {user}"));
            }
            Self::Prevented { hint, .. } => return Some(shorten(&one_line(hint), SAID).into_owned()),
            Self::NotPermitted { .. } => {
                "give the program all rights of root: it needs CAP_SETUID and CAP_SETGID, which a container or a \
                 service may withhold"
            }
            Self::Interrupted { .. } | Self::Own { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Tells whether an error may be gone the next time: too much at once, or no answer of the service.
/// Plasma's refuses the same notice twice within a second (plasma-workspace,
/// `libnotificationmanager/server_p.cpp`).
fn is_passing(name: &str) -> bool {
    match name.strip_prefix(BUS_ERROR) {
        Some(name) => {
            ["NoReply", "Timeout", "TimedOut", "LimitsExceeded", "NoMemory", "Disconnected"].contains(&name)
        }
        None => name == "org.freedesktop.Notifications.Error.ExcessNotificationGeneration",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_said_in_tenths_and_never_as_none() {
        for (tenths, said) in [(0, "0.1"), (3, "0.3"), (10, "1"), (14, "1.4"), (20, "2"), (100, "10")] {
            let fault = Fault::TimedOut { step: Step::Hello, tenths };
            let wanted = format!("the session bus did not answer within {said} s, while being registered");
            assert_eq!(fault.to_string(), wanted);
        }
    }
}
