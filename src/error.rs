//! Errors in two parts: what happened, and what to type next.
//!
//! Each area has an enum of its own situations. Every one of them answers three questions
//! ([`Situation`]): what happened (`Display`), which exit code it ends with, and what the person
//! should do. Where areas meet, a [`Failure`] carries the three answers on.

use std::fmt;
use std::io;

use nix::errno::Errno;

use crate::exit::Exit;

/// What to look at when something has run out.
pub(crate) const LIMITS: &str =
    "see what the program is allowed of memory, open files and processes (ulimit -a)";

/// Tells whether an error says that the system has nothing left at this moment.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let codes = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::EAGAIN];
    error.raw_os_error().is_some_and(|code| codes.contains(&Errno::from_raw(code)))
}

/// What every error type of this crate can tell.
pub trait Situation: fmt::Display {
    /// Returns the code the program ends with when this is what stopped it.
    fn exit(&self) -> Exit;

    /// Returns what to type or change next; `None` where there is nothing sensible to say.
    fn hint(&self) -> Option<String>;
}

/// A situation with its answers written out, for the place that reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code the program ends with.
    pub exit: Exit,
    /// What happened: lower case, no final stop; several lines where several things are wrong.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Failure {
    /// Makes a failure without advice.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), hint: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Takes over the answers of a situation.
    pub fn from_situation(situation: &impl Situation) -> Self {
        Self { exit: situation.exit(), what: situation.to_string(), hint: situation.hint() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Situation for Failure {
    fn exit(&self) -> Exit {
        self.exit
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl std::error::Error for Failure {}
