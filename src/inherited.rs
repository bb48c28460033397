//! What the program was started with, and what its own start-up changes before `main`.
//!
//! std opens `/dev/null` in the place of a standard descriptor that is closed, and ignores SIGPIPE. A
//! command that is run for somebody else must find both as they were. So must every command find the
//! variables that this program hides from the TLS library.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::BorrowedFd;
use rustix::io::{Errno, fcntl_getfd};

use crate::foreground::{Found, take_over_signals};

static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
static IGNORES_PIPE: AtomicBool = AtomicBool::new(false);
static IGNORES_CHILD: AtomicBool = AtomicBool::new(false);

/// Variables that this program has changed for itself, and what they were.
///
/// The environment is the whole process's, and so is this.
static VARIABLES: OnceLock<Vec<Variable>> = OnceLock::new();

/// The name of a variable, and its value if it has one.
type Variable = (&'static str, Option<OsString>);

/// What was found at the start.
#[derive(Debug, Clone, Default)]
pub struct Inherited {
    /// Which of the three standard descriptors were closed.
    pub(crate) closed: [bool; 3],
    /// Which signals were ignored that this program handles itself.
    pub(crate) ignored: Found,
}

impl Inherited {
    /// Looks, and remembers. Has to come before std's own start-up, and so before `main`.
    pub fn look() {
        let standard: [BorrowedFd<'_>; 3] =
            [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
        for (closed, fd) in CLOSED.iter().zip(standard) {
            closed.store(fcntl_getfd(fd) == Err(Errno::BADF), Ordering::Relaxed);
        }
        let found = take_over_signals();
        IGNORES_PIPE.store(found.pipe, Ordering::Relaxed);
        IGNORES_CHILD.store(found.child, Ordering::Relaxed);
    }

    /// Returns what was found; remembers the variables that have been changed since, as they were.
    pub fn with(variables: Vec<Variable>) -> Self {
        // it is called once, and what was found first is what the person has set
        let _ = VARIABLES.set(variables);
        Self {
            closed: CLOSED.each_ref().map(|closed| closed.load(Ordering::Relaxed)),
            ignored: Found {
                pipe: IGNORES_PIPE.load(Ordering::Relaxed),
                child: IGNORES_CHILD.load(Ordering::Relaxed),
            },
        }
    }
}

/// Has a command find the variables as this program found them; only for one that keeps the rest of the
/// environment too.
pub(crate) fn give_back_variables(command: &mut Command) {
    for (name, value) in VARIABLES.get().into_iter().flatten() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Returns a variable as this program found it.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    match VARIABLES.get().into_iter().flatten().find(|(changed, _)| *changed == name) {
        Some((_, value)) => value.clone(),
        None => env::var_os(name),
    }
}
