//! What the program was started with, and what its own start-up changes before `main`.
//!
//! std opens `/dev/null` in the place of a standard descriptor that is closed, and ignores SIGPIPE. A
//! command that is run for somebody else must find both as they were.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::BorrowedFd;
use rustix::io::{Errno, fcntl_getfd};

use crate::foreground::{Found, take_over_signals};

static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
static IGNORES_PIPE: AtomicBool = AtomicBool::new(false);
static IGNORES_CHILD: AtomicBool = AtomicBool::new(false);

/// What was found at the start.
#[derive(Debug, Clone, Default)]
pub struct Inherited {
    /// Which of the three standard descriptors were closed.
    pub(crate) closed: [bool; 3],
    /// Which signals were ignored that this program handles itself.
    pub(crate) ignored: Found,
    /// Variables that this program has taken away from itself.
    pub(crate) variables: Vec<(OsString, OsString)>,
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

    /// Returns what was found, with the variables that were taken away since.
    pub fn with(variables: Vec<(OsString, OsString)>) -> Self {
        Self {
            closed: CLOSED.each_ref().map(|closed| closed.load(Ordering::Relaxed)),
            ignored: Found {
                pipe: IGNORES_PIPE.load(Ordering::Relaxed),
                child: IGNORES_CHILD.load(Ordering::Relaxed),
            },
            variables,
        }
    }
}
