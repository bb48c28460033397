//! Ctrl-C and its like: they leave nothing behind, and wait while files are written.
//!
//! The signals are blocked in every thread and received by one of our own. So a conversation that is
//! left ends by the signal, as its caller expects, after the terminal was put back; and the moment in
//! which password and task file are written cannot be torn apart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal, raise};

use crate::commands::talk_raw;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::put_terminal_back;

/// What becomes of a signal.
#[derive(Debug, Clone, Copy)]
enum State {
    /// It ends the program, and nothing has been written.
    Open,
    /// It waits.
    Held(Option<Signal>),
    /// It ends the program; everything has been written.
    Written,
}

/// The watch over the signals, for the rest of the program.
#[derive(Debug, Clone)]
pub(super) struct Signals(Arc<Mutex<State>>);

impl Signals {
    /// Begins to watch. Comes before every other thread, which inherit what is blocked.
    pub(super) fn watch() -> Result<Self, Failure> {
        let set: SigSet =
            [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect();
        let failed =
            |what: String| Failure::new(Exit::Software, format!("signals cannot be watched: {what}"));
        set.thread_block().map_err(|errno| failed(errno.desc().to_owned()))?;
        let signals = Self(Arc::new(Mutex::new(State::Open)));
        let watched = signals.clone();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                while let Ok(signal) = set.wait() {
                    watched.receive(signal);
                }
            })
            .map_err(|error| failed(crate::text::io_words(&error)))?;
        Ok(signals)
    }

    /// Lets signals wait until [`Signals::let_go`].
    pub(super) fn hold(&self) {
        *self.state() = State::Held(None);
    }

    /// Lets them end the program again, now that everything is written, if there was anything to
    /// write: at once, when one waits.
    pub(super) fn let_go(&self, written: bool) {
        let mut state = self.state();
        let waiting = match *state {
            State::Held(signal) => signal,
            State::Open | State::Written => None,
        };
        *state = if written { State::Written } else { State::Open };
        if let Some(signal) = waiting {
            end(*state, signal);
        }
    }

    fn receive(&self, signal: Signal) {
        // kept while the program ends: nothing can begin to write then
        let mut state = self.state();
        match *state {
            State::Held(_) => *state = State::Held(Some(signal)),
            State::Open | State::Written => end(*state, signal),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the program by the signal, unless whoever started it wants the signal ignored.
fn end(state: State, signal: Signal) {
    let _stays = put_terminal_back();
    talk_raw(match state {
        State::Written => "\nbackup-notify: ended after everything was written, before the check was done\n",
        State::Open | State::Held(_) => "\nbackup-notify: cancelled: nothing was written\n",
    });
    let _ = SigSet::from(signal).thread_unblock();
    let _ = raise(signal);
}
