//! Signals while a command runs: what is sent to us is meant for it.
//!
//! They are blocked in every thread and received by one of our own. Nothing about them is changed for
//! that but the mask, so what is ignored stays ignored for the command, and what arrives before it is
//! started waits for it.

use std::fs::File;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getsid, tcgetpgrp};

#[cfg(not(target_os = "macos"))]
use super::arrivals_linux::Arrivals;
#[cfg(target_os = "macos")]
use super::arrivals_macos::Arrivals;
use super::process::{forget_and_unblock, leave};
use super::{Ended, Event, GivenUp};
use crate::secrets::put_terminal_back;

/// Those that stay ours after the command has ended: they would lose the notice.
/// A timer that was set before this program took the place of another one is among them (alarm(2)), and
/// what a file that grows too large sends to its writer, who then sees an error instead (setrlimit(2)).
const ENDING: [Signal; 12] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGIO,
];
/// Those that matter to the command alone.
const OTHER: [Signal; 6] =
    [Signal::SIGWINCH, Signal::SIGCONT, Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGURG];
/// What has ended the command may reach us a little later than it.
const SAME: Duration = Duration::from_secs(1);

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The kernel, for the terminal: the command has it too.
    Terminal,
    /// A process; 0 when it cannot be seen.
    Process(i32),
}

/// A signal that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) signal: Signal,
    pub(super) origin: Origin,
}

/// The watch over the signals, for the rest of the program.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// Since when the command is over, and how it ended.
    ended: Arc<Mutex<Option<(Instant, Ended)>>>,
}

impl Signals {
    /// Begins to watch; returns the mask that was found too.
    pub(super) fn watch(events: Sender<Event>, given_up: GivenUp) -> Result<(Self, SigSet), std::io::Error> {
        let found = SigSet::thread_get_mask()?;
        let set: SigSet = ENDING.into_iter().chain(OTHER).collect();
        set.thread_block()?;
        let signals = Self { ended: Arc::new(Mutex::new(None)) };
        let watched = signals.clone();
        let mut arrivals = Arrivals::of(set)?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            while let Some(arrival) = arrivals.next() {
                let ended = *watched.ended.lock().unwrap_or_else(PoisonError::into_inner);
                match ended {
                    None => drop(events.send(Event::Signal(arrival))),
                    Some((since, ended)) => after_the_end(arrival.signal, since, ended, given_up),
                }
            }
        })?;
        Ok((signals, found))
    }

    /// From now on the signals are about the notice.
    pub(super) fn end(&self, ended: Ended) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), ended));
        forget_and_unblock(OTHER.into_iter().collect());
    }
}

/// Somebody does not want to wait for the notice: that is given up, and nothing else.
fn after_the_end(signal: Signal, since: Instant, ended: Ended, given_up: GivenUp) {
    let meant = matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGTERM);
    if !meant || since.elapsed() < SAME {
        return;
    }
    let _stays = put_terminal_back();
    given_up(signal);
    if let Ended::Signal(number) = ended {
        let _ = super::process::die_of(number);
    }
    leave(ended.code());
}

/// Tells whether we, or this group, are what the terminal's keys are for.
pub(super) fn in_foreground(child: Option<Pid>) -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    let Ok(group) = tcgetpgrp(&terminal) else { return false };
    group == getpgrp() || child.is_some_and(|child| getpgid(Some(child)) == Ok(group))
}

/// Tells whether a terminal that goes away says so to us alone.
pub(super) fn leads_session() -> bool {
    getsid(None) == Ok(getpid())
}
