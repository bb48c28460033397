//! Exit codes: the one place that owns every number.
//!
//! The numbers are those of sysexits(3); scripts and backup programs rely on them, so they are an
//! interface (design, section 6) and the man page lists them from [`Exit::ALL`].

use std::process::ExitCode;

use serde::{Serialize, Serializer};

/// How the program ends, as sysexits(3) numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Exit {
    /// Everything that had to be sent was accepted, or nothing had to be sent.
    #[default]
    Ok = 0,
    /// The command line is wrong (`EX_USAGE`).
    Usage = 64,
    /// The task file, report or template is wrong (`EX_DATAERR`).
    Data = 65,
    /// The task file or report cannot be read (`EX_NOINPUT`).
    NoInput = 66,
    /// The server refused for good (`EX_UNAVAILABLE`).
    Refused = 69,
    /// Our own fault (`EX_SOFTWARE`).
    Software = 70,
    /// A local file could not be written (`EX_IOERR`).
    CannotWrite = 74,
    /// Not delivered now, a later try may succeed (`EX_TEMPFAIL`).
    TempFail = 75,
    /// TLS or protocol (`EX_PROTOCOL`).
    Protocol = 76,
    /// Sign-in refused, or a secret or file that may not be used (`EX_NOPERM`).
    NoPermission = 77,
    /// The account is unknown, ambiguous or unusable (`EX_CONFIG`).
    Config = 78,
}

impl Exit {
    /// Every code, in numerical order.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Usage,
        Self::Data,
        Self::NoInput,
        Self::Refused,
        Self::Software,
        Self::CannotWrite,
        Self::TempFail,
        Self::Protocol,
        Self::NoPermission,
        Self::Config,
    ];

    /// Returns the number handed to the caller of the process.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Says when this code is used, as the man page prints it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "everything that had to be sent was accepted, or nothing had to be sent",
            Self::Usage => "the command line is wrong",
            Self::Data => {
                "the task file, report or template is wrong; a message of the outbox is damaged or not ours"
            }
            Self::NoInput => "the task file or report cannot be read",
            Self::Refused => {
                "the server refused for good (5xx), or refused a recipient; nobody shows notices on the screen"
            }
            Self::Software => "a fault of backup-notify itself",
            Self::CannotWrite => "a local file could not be written",
            Self::TempFail => {
                "not delivered now: server unreachable, time-out, 4xx, interrupted, or no memory or processes left"
            }
            Self::Protocol => {
                "TLS or protocol: certificate not accepted, no STARTTLS, a server that is broken or another one"
            }
            Self::NoPermission => {
                "sign-in refused; secret not found or not allowed; keychain or key damaged; a file that others can \
                 write"
            }
            Self::Config => "the account is unknown, ambiguous or unusable",
        }
    }

    /// Ranks the codes for [`Exit::worse`]: design section 6 lists them from the most serious.
    fn seriousness(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::TempFail => 1,
            Self::CannotWrite => 2,
            Self::Refused => 3,
            Self::Protocol => 4,
            Self::NoPermission => 5,
            Self::Config => 6,
            Self::Usage => 7,
            Self::NoInput => 8,
            Self::Data => 9,
            Self::Software => 10,
        }
    }

    /// Returns the more serious of two codes.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.seriousness() > self.seriousness() { other } else { self }
    }
}

/// How the program ends: with a code of its own, or as a command has ended that it ran for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With a code of its own.
    Own(Exit),
    /// With the code of the command.
    Code(u8),
    /// By the signal that ended the command.
    Signal(i32),
}

impl From<Exit> for Ending {
    fn from(exit: Exit) -> Self {
        Self::Own(exit)
    }
}

impl Ending {
    /// Returns the code to end with; does not return where a signal is the end.
    pub fn now(self) -> ExitCode {
        match self {
            Self::Own(exit) => ExitCode::from(exit.code()),
            Self::Code(code) => ExitCode::from(code),
            Self::Signal(number) => crate::foreground::die_of(number),
        }
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_most_serious_code_of_several_counts() {
        // the order of design section 6
        let order = [70, 65, 66, 64, 78, 77, 76, 69, 74, 75, 0];
        let mut all = Exit::ALL.to_vec();
        all.sort_by(
            |a, b| if a.worse(*b) == *a { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater },
        );
        assert_eq!(all.iter().map(|e| e.code()).collect::<Vec<_>>(), order);
    }
}
