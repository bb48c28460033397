//! Why there is no secret, and what to do about it. No text here ever holds one.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{KeychainError, Unusable};
use crate::deadline::Over;
use crate::error::{LIMITS, Situation, is_shortage};
use crate::exit::Exit;
use crate::files::FileError;
use crate::text::{io_words, one_line};

/// A secret that could not be fetched.
#[derive(Debug)]
pub struct SecretError {
    /// The account it is for, as `accounts` prints it.
    pub account: String,
    /// What is wrong.
    pub fault: SecretFault,
}

/// What is wrong with a source.
#[derive(Debug)]
pub enum SecretFault {
    /// The source has none.
    NotFound(Absent),
    /// The file cannot or must not be used.
    File(FileError),
    /// The source has something that is no secret.
    Unusable {
        /// The source, in words.
        source: String,
        /// Why.
        why: Unusable,
    },
    /// The name of the credential is not a plain file name.
    CredentialName,
    /// The command did not deliver.
    Command {
        /// The program; its arguments may be private.
        program: String,
        /// Why.
        fault: CommandFault,
    },
    /// The private keychain cannot or must not be used.
    Keychain(KeychainError),
    /// Nobody typed it.
    Prompt(PromptFault),
    /// Nobody handed it over.
    Stdin(StdinFault),
}

/// A source that has nothing: where was looked, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Where was looked.
    pub looked: String,
    /// What to do.
    pub hint: String,
}

/// Why a command delivered no secret.
#[derive(Debug)]
pub enum CommandFault {
    /// The task names an empty command.
    Missing,
    /// The program has a slash but no absolute path.
    Relative,
    /// The program is a bare name, and root looks nothing up.
    BareAsRoot {
        /// Where it is, if it is in the folders of the system.
        found: Option<PathBuf>,
    },
    /// The program is not in `PATH`.
    NotInPath,
    /// The program file cannot or must not be used.
    Program(FileError),
    /// It could not be started.
    CannotStart(io::Error),
    /// It reported failure.
    Failed {
        /// How it ended, in words.
        status: String,
        /// The last line it wrote to standard error, cleaned, unless that may hold the secret.
        said: Option<String>,
    },
    /// It was killed at the deadline.
    TimedOut(Over),
    /// It printed more than a secret can be long, and was killed.
    TooMuch,
    /// It ended well and printed nothing.
    Silent,
    /// What it printed is no secret.
    Unusable(Unusable),
}

/// Why nobody typed a password.
#[derive(Debug)]
pub enum PromptFault {
    /// There is no terminal after all.
    NoTerminal(io::Error),
    /// The program runs in the background of its terminal.
    Background,
    /// The prompt was left with Ctrl-C or Ctrl-D.
    Cancelled,
    /// Nothing was typed before the deadline.
    TimedOut(Over),
    /// What was typed is no password.
    Unusable(Unusable),
    /// A new password was to be typed twice, and was never typed twice alike.
    Different,
}

/// Why standard input held no password.
#[derive(Debug)]
pub enum StdinFault {
    /// There is nothing at all.
    Nothing,
    /// There is more than one line.
    SecondLine,
    /// What stands there is no password.
    Unusable(Unusable),
    /// It was not closed before the deadline.
    TimedOut(Over),
    /// It cannot be read.
    Io(io::Error),
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no password for {}: ", one_line(&self.account))?;
        match &self.fault {
            SecretFault::NotFound(absent) => f.write_str(&absent.looked),
            SecretFault::File(error) => error.fmt(f),
            SecretFault::Unusable { source, why } => write!(f, "{source} cannot be used: {why}"),
            SecretFault::CredentialName => f.write_str("the name of a systemd credential is no path"),
            SecretFault::Command { program, fault } => {
                write!(f, "the password command \"{}\" ", one_line(program))?;
                fault.fmt(f)
            }
            SecretFault::Keychain(error) => error.fmt(f),
            SecretFault::Prompt(fault) => fault.fmt(f),
            SecretFault::Stdin(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for SecretError {}

impl Situation for SecretError {
    fn exit(&self) -> Exit {
        if self.fault.is_interrupted() || self.fault.is_shortage() {
            Exit::TempFail
        } else {
            Exit::NoPermission
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.fault {
            fault if fault.is_interrupted() => None,
            SecretFault::NotFound(absent) => Some(absent.hint.clone()),
            SecretFault::File(error) => error.hint(),
            SecretFault::Unusable { why, .. } => Some(put_right(*why).to_owned()),
            SecretFault::CredentialName => {
                Some("name the credential as after LoadCredential=, without a folder".to_owned())
            }
            SecretFault::Command { program, fault } => fault.hint(program),
            SecretFault::Keychain(error) => error.hint(),
            SecretFault::Prompt(fault) => Some(fault.hint().to_owned()),
            SecretFault::Stdin(fault) => Some(fault.hint().to_owned()),
        }
    }
}

impl SecretFault {
    /// Tells whether the system had nothing left to start a command.
    fn is_shortage(&self) -> bool {
        matches!(self, Self::Command { fault: CommandFault::CannotStart(error), .. } if is_shortage(error))
    }

    /// Tells whether a signal has asked the program to end before there was an answer.
    fn is_interrupted(&self) -> bool {
        match self {
            Self::Command { fault: CommandFault::TimedOut(over), .. }
            | Self::Prompt(PromptFault::TimedOut(over))
            | Self::Stdin(StdinFault::TimedOut(over)) => over.signal().is_some(),
            Self::Keychain(error) => error.is_interrupted(),
            _ => false,
        }
    }
}

/// Says how to put an unusable secret right.
fn put_right(why: Unusable) -> &'static str {
    match why {
        Unusable::Empty => "put the password alone on the first line",
        Unusable::TooLong => "let the source hold the password and nothing else",
        Unusable::NotUtf8 => "write the password as UTF-8 text",
        Unusable::LineBreak | Unusable::Nul => "write the password as one line of plain text",
    }
}

impl fmt::Display for CommandFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("names no program"),
            Self::Relative => f.write_str("is neither an absolute path nor a bare name"),
            Self::BareAsRoot { .. } => f.write_str("is not an absolute path, which root requires"),
            Self::NotInPath => f.write_str("is not in any folder of PATH"),
            Self::Program(error) => write!(f, "cannot be used: {error}"),
            Self::CannotStart(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("cannot be started: the interpreter on its first line does not exist")
            }
            Self::CannotStart(error) => write!(f, "cannot be started: {}", io_words(error)),
            Self::Failed { status, said: None } => f.write_str(status),
            Self::Failed { status, said: Some(said) } => write!(f, "{status}: {said}"),
            Self::TimedOut(over @ Over::By(_)) => over.fmt(f),
            Self::TimedOut(Over::After(length)) => {
                write!(f, "was still running when the time for the whole run was over ({length:?})")
            }
            Self::TooMuch => write!(f, "printed more than {} KiB", super::MAX_BYTES / 1024),
            Self::Silent => f.write_str("ended well but printed nothing"),
            Self::Unusable(why) => write!(f, "printed what cannot be used: {why}"),
        }
    }
}

impl CommandFault {
    fn hint(&self, program: &str) -> Option<String> {
        let program = serde_json::Value::from(one_line(program)).to_string();
        match self {
            Self::Missing => None,
            Self::BareAsRoot { found: Some(path) } => {
                let path = serde_json::Value::from(one_line(&path.to_string_lossy())).to_string();
                Some(format!("write {path} instead of {program} in the task"))
            }
            Self::Relative | Self::BareAsRoot { found: None } => {
                Some(format!("write the absolute path of {program} in the task"))
            }
            Self::NotInPath => {
                Some(format!("install it, or write the absolute path of {program} in the task"))
            }
            Self::Program(error) if error.is_not_found() => {
                Some("install it, or correct the path in the task".to_owned())
            }
            Self::Program(error) => error.hint(),
            Self::CannotStart(error) if is_shortage(error) => Some(LIMITS.to_owned()),
            Self::CannotStart(_) => Some("run the command by hand to see what is wrong".to_owned()),
            Self::Failed { .. } | Self::Silent => {
                Some("run the command by hand, as the same user and without a terminal".to_owned())
            }
            Self::TimedOut(Over::By(_)) => None,
            Self::TimedOut(Over::After(_)) => Some(
                "see whether it waits for an answer: it has no terminal; or allow more time with --deadline"
                    .to_owned(),
            ),
            Self::TooMuch => Some(put_right(Unusable::TooLong).to_owned()),
            Self::Unusable(why) => Some(put_right(*why).to_owned()),
        }
    }
}

impl fmt::Display for PromptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTerminal(error) => write!(f, "the terminal cannot be used: {}", io_words(error)),
            Self::Background => f.write_str("it cannot be asked for from the background of the terminal"),
            Self::Cancelled => f.write_str("the prompt was cancelled"),
            Self::TimedOut(over @ Over::By(_)) => write!(f, "the question {over}"),
            Self::TimedOut(Over::After(length)) => {
                write!(f, "nothing was typed before the time for the whole run was over ({length:?})")
            }
            Self::Unusable(Unusable::Empty) => f.write_str("an empty line was typed"),
            Self::Unusable(why) => write!(f, "what was typed cannot be used: {why}"),
            Self::Different => f.write_str("it was not typed twice alike"),
        }
    }
}

impl fmt::Display for StdinFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("standard input is empty"),
            Self::SecondLine => f.write_str("standard input has more than one line"),
            Self::Unusable(why) => write!(f, "standard input cannot be used: {why}"),
            Self::TimedOut(over @ Over::By(_)) => write!(f, "reading standard input {over}"),
            Self::TimedOut(Over::After(length)) => {
                write!(
                    f,
                    "standard input did not end before the time for the whole run was over ({length:?})"
                )
            }
            Self::Io(error) => write!(f, "standard input cannot be read: {}", io_words(error)),
        }
    }
}

impl StdinFault {
    fn hint(&self) -> &'static str {
        match self {
            Self::TimedOut(_) => "close it behind the line, or allow more time with --deadline",
            Self::Nothing | Self::SecondLine | Self::Unusable(_) | Self::Io(_) => {
                "hand over one line with the password and nothing else"
            }
        }
    }
}

impl PromptFault {
    fn hint(&self) -> &'static str {
        match self {
            Self::Background => "bring it to the foreground with fg, or name a source in the task",
            Self::TimedOut(_) => "allow more time with --deadline, or name a source in the task",
            Self::NoTerminal(_) | Self::Cancelled | Self::Unusable(_) | Self::Different => {
                "run it again and type the password, or name a source in the task"
            }
        }
    }
}
