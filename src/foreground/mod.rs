//! A command in our place: on the caller's terminal or pipes, in the caller's process group, with the
//! signals that are meant for it, until it ends.
//!
//! What it finds is what it would find without us; what its caller sees of its end is what would be
//! seen of the command's. While it runs, nothing here takes computing time: every thread waits.

#[cfg(not(target_os = "macos"))]
mod arrivals_linux;
#[cfg(target_os = "macos")]
mod arrivals_macos;
mod capture;
mod clock;
mod pass_on;
mod process;
mod pump;
mod reading;
mod signals;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use nix::sys::resource::{Resource, getrlimit, rlim_t};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};

use crate::error::is_shortage;
use crate::inherited::{Inherited, give_back_variables};
pub(crate) use capture::{Capture, Kept, Rest};
pub(crate) use clock::Stopwatch;
pub(crate) use pass_on::{PASS_ON, pass_on};
pub(crate) use process::Found;
use process::{AsFound, restore_in};
pub(crate) use process::{die_of, take_over_signals};
pub(crate) use reading::{Faulty, Unread};
use signals::{Arrival, Origin, Signals, in_foreground, leads_session};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(u8::try_from(code).unwrap_or(u8::MAX)),
            (None, number) => Self::Signal(number.unwrap_or_default()),
        }
    }

    /// Returns the code that a shell makes of it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(number) => shell_code(number),
        }
    }
}

/// Returns what a shell makes of the end by a signal (POSIX, Shell Command Language, 2.8.2).
fn shell_code(number: i32) -> u8 {
    u8::try_from(number.saturating_add(128)).unwrap_or(u8::MAX)
}

/// Is told which signal has made us give up the notice.
pub(crate) type GivenUp = fn(Signal);

/// What is to be started, and what it is to find.
#[derive(Debug)]
pub(crate) struct Foreground<'a> {
    /// The command and its arguments.
    pub(crate) argv: &'a [OsString],
    pub(crate) inherited: &'a Inherited,
    /// The limit for core dumps, as it was found.
    pub(crate) core: Option<(rlim_t, rlim_t)>,
    pub(crate) given_up: GivenUp,
}

/// Returns the limit for core dumps, which this program lowers for itself.
pub(crate) fn core_limit() -> Option<(rlim_t, rlim_t)> {
    getrlimit(Resource::RLIMIT_CORE).ok()
}

/// What happens while a command runs.
#[derive(Debug)]
enum Event {
    Signal(Arrival),
    Stopped(i32),
    Exited,
}

/// The command that is to be started, ready for that, until it has been.
///
/// Locked while it is started in our place, which nobody else may do as well.
static NEXT: Mutex<Option<Command>> = Mutex::new(None);

fn next() -> MutexGuard<'static, Option<Command>> {
    NEXT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For a panic hook, where a command has not been started yet: says so with `say`, and starts it in our
/// place, for a backup without notice is better than no backup. Returns the error, where that cannot be
/// done, with the name of the command.
pub(crate) fn start_next_in_our_place(say: impl FnOnce()) -> Option<(OsString, io::Error)> {
    // who prepares it at this moment has no memory for it
    let mut next = match NEXT.try_lock() {
        Ok(next) => next,
        Err(TryLockError::Poisoned(next)) => next.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    let command = next.as_mut()?;
    say();
    let error = command.exec();
    Some((command.get_program().to_owned(), error))
}

impl Foreground<'_> {
    /// Has the command started even if a fault of ours comes before that. To be called by the thread that
    /// runs it.
    pub(crate) fn remember(&self) {
        *next() = SigSet::thread_get_mask().ok().and_then(|mask| self.prepare(mask).ok());
    }

    /// Returns the command as it is to find everything.
    fn prepare(&self, mask: SigSet) -> io::Result<Command> {
        let (name, arguments) = self.argv.split_first().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(name);
        command.args(arguments);
        give_back_variables(&mut command);
        let Inherited { closed, ignored, .. } = *self.inherited;
        restore_in(&mut command, AsFound { closed, ignored, mask, core: self.core });
        Ok(command)
    }

    /// Runs the command to its end; an error says why it could not be started.
    ///
    /// Where the system has nothing left to start it beside us, it takes our place, after `say`: a backup
    /// without notice is better than no backup.
    pub(crate) fn run(
        &self,
        capture: Option<&mut Capture>,
        say: impl FnOnce(&io::Error),
    ) -> io::Result<Ended> {
        let mask = SigSet::thread_get_mask()?;
        match self.beside_us(capture) {
            Err(error) if is_shortage(&error) => {
                say(&error);
                Err(self.prepare(mask)?.exec())
            }
            ended => ended,
        }
    }

    fn beside_us(&self, capture: Option<&mut Capture>) -> io::Result<Ended> {
        let (sender, events) = channel();
        let (signals, mask) = Signals::watch(sender.clone(), self.given_up)?;
        let stopped = Stopped::default();
        let ended = match self.start(&sender, &stopped, mask, capture) {
            Ok(child) => watch(child, &events, &stopped),
            Err(error) => Err(error),
        };
        // one that was not started has an end all the same: the code of a shell
        signals.end(*ended.as_ref().unwrap_or(&Ended::Code(NOT_STARTED)));
        ended
    }

    fn start(
        &self,
        events: &Sender<Event>,
        stopped: &Stopped,
        mask: SigSet,
        capture: Option<&mut Capture>,
    ) -> io::Result<Child> {
        let mut command = self.prepare(mask)?;
        if let Some(capture) = capture {
            capture.connect(&mut command, self.inherited.closed);
        }
        // everything that can fail comes before the command
        let (number, told) = channel();
        let (events, stopped) = (events.clone(), stopped.clone());
        let waiter = thread::Builder::new().name("child".to_owned());
        waiter.spawn(move || {
            if let Ok(pid) = told.recv() {
                wait(pid, &events, &stopped);
            }
        })?;
        // from here on it is not for a panic hook to start
        drop(next().take());
        let child = command.spawn()?;
        RUNNING.store(pid_of(&child).as_raw(), Ordering::Relaxed);
        let _ = number.send(pid_of(&child));
        Ok(child)
    }
}

/// The code of a command that cannot be started, though it is there (POSIX, Shell Command Language,
/// 2.8.2).
const NOT_STARTED: u8 = 126;

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap_or_default())
}

/// Tells what becomes of the child, until it has ended; who it was is left for [`watch`] to collect,
/// so that its number stays its own as long as signals are sent to it.
fn wait(pid: Pid, events: &Sender<Event>, stopped: &Stopped) {
    let changes = WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
    loop {
        let seen = state(pid, WaitIdOptions::EXITED | changes | WaitIdOptions::NOWAIT);
        let event = match seen {
            Ok(Some(status)) if status.stopped() || status.continued() => {
                // before it is collected: whoever finds nothing to collect finds it here
                stopped.set(status.stopped());
                match state(pid, changes | WaitIdOptions::NOHANG) {
                    Ok(Some(status)) if status.stopped() => {
                        stopped.set(true);
                        Event::Stopped(status.stopping_signal().unwrap_or_default())
                    }
                    Ok(_) => {
                        stopped.set(false);
                        continue;
                    }
                    Err(_) => continue,
                }
            }
            Err(Errno::INTR) => continue,
            _ => Event::Exited,
        };
        let over = matches!(event, Event::Exited);
        if events.send(event).is_err() || over {
            return;
        }
    }
}

fn state(pid: Pid, options: WaitIdOptions) -> rustix::io::Result<Option<WaitIdStatus>> {
    let Some(pid) = rustix::process::Pid::from_raw(pid.as_raw()) else { return Err(Errno::CHILD) };
    waitid(WaitId::Pid(pid), options)
}

/// Hands signals on, stops and goes on with the child, and returns how it ended.
fn watch(mut child: Child, events: &Receiver<Event>, stopped: &Stopped) -> io::Result<Ended> {
    let pid = pid_of(&child);
    // the signal that stopped it, until we have stopped too
    let mut stop = None;
    // whether keys, or somebody who means a whole job, have asked it to stop
    let mut asked = false;
    while let Ok(event) = events.recv() {
        match event {
            Event::Exited => break,
            Event::Signal(arrival) => {
                asked |= matches!(arrival.signal, Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU);
                if is_for(pid, arrival, stopped) {
                    let _ = kill(pid, arrival.signal);
                }
            }
            Event::Stopped(number) => stop = Some(number),
        }
        // one that somebody stops by its own number, and continues by it, must not leave us stopped for
        // ever; what asked for it may come to us after what came of it
        if let Some(number) = stop
            && (asked || in_foreground(Some(pid)))
        {
            if stopped.is_still(pid) {
                stop_with(number);
                // whoever continued us alone meant the command
                if stopped.is_still(pid) {
                    let _ = kill(pid, Signal::SIGCONT);
                }
            }
            (stop, asked) = (None, false);
        }
    }
    let ended = child.wait().map(Ended::of);
    RUNNING.store(0, Ordering::Relaxed);
    ended
}

/// The command that runs; 0 while none does.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// Waits for the command that runs, if there is one, and returns the code of its end; for one who is about
/// to end the program, and has no memory.
pub(crate) fn code_of_running() -> Option<u8> {
    let pid = Pid::from_raw(Some(RUNNING.load(Ordering::Relaxed)).filter(|pid| *pid > 0)?);
    loop {
        match state(pid, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(Some(status)) => {
                let code = status.exit_status().map(|code| u8::try_from(code).unwrap_or(u8::MAX));
                return code.or_else(|| status.terminating_signal().map(shell_code));
            }
            Err(Errno::INTR) => {}
            _ => return None,
        }
    }
}

/// Tells whether a signal that came to us has to be sent to the child.
fn is_for(child: Pid, arrival: Arrival, stopped: &Stopped) -> bool {
    match (arrival.signal, arrival.origin) {
        // it sent that itself, to its whole group or to its parent
        (_, Origin::Process(sender)) if sender == child.as_raw() => false,
        // sent to a job it has reached both
        (Signal::SIGCONT, _) => stopped.is_still(child),
        // a terminal that goes away says so to the leader of its session, which the command would be
        (Signal::SIGHUP, Origin::Terminal) => leads_session(),
        (_, Origin::Terminal) => false,
        (_, Origin::Process(_)) => true,
    }
}

/// Whether the child is stopped, as far as that has been collected.
#[derive(Debug, Clone, Default)]
struct Stopped(Arc<AtomicBool>);

impl Stopped {
    fn set(&self, stopped: bool) {
        self.0.store(stopped, Ordering::SeqCst);
    }

    /// Tells whether the child was stopped and has not been continued since.
    fn is_still(&self, child: Pid) -> bool {
        let look = WaitIdOptions::CONTINUED | WaitIdOptions::EXITED;
        let news = state(child, look | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
        matches!(news, Ok(None)) && self.0.load(Ordering::SeqCst)
    }
}

/// Stops this program by the signal that stopped the child, as a shell expects of its job; returns when
/// it goes on.
fn stop_with(number: i32) {
    let Ok(signal) = Signal::try_from(number) else { return };
    // sent before it is let in, so that a second one that waits too is gone with the first
    let _ = raise(signal);
    let set = SigSet::from(signal);
    let _ = set.thread_unblock();
    let _ = set.thread_block();
}
