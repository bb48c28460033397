//! SIGTERM, SIGINT and SIGHUP while something is delivered: nothing is waited for any more, and the
//! program ends as it does when its time is over, with its results and its reasons.
//!
//! The handlers only remember the signal; [`crate::deadline::Deadline`] asks for it. From then on a timer
//! ticks, for two reasons: a system call that began in the moment of the signal ends with the next tick,
//! and a program that hangs all the same is ended by the handler, with one line and a code.
#![allow(unsafe_code, reason = "handlers of signals; each call says why it is sound")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction};
use nix::time::{ClockId, clock_gettime};

use crate::exit::Exit;

/// Those that ask a program to end.
const WATCHED: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
/// How long the program has to end by itself, in milliseconds.
const PATIENCE: i64 = 2000;
/// Whoever closes a terminal, or ends a job, may send several at once: only one that comes later than this
/// many milliseconds after the first is somebody who does not want to wait.
const SAME: i64 = 200;
/// How often what waits is woken, in microseconds.
const TICK: libc::suseconds_t = 100_000;

/// The signal that came first; 0 while none has.
static FIRST: AtomicI32 = AtomicI32::new(0);
/// When it came, in milliseconds of a clock that nobody sets; 0 for a moment after that.
static SINCE: AtomicI64 = AtomicI64::new(0);
/// The code to end with when the program does not end by itself.
static CODE: AtomicU8 = AtomicU8::new(Exit::TempFail as u8);
/// The process group of a child of ours, which must not outlive us; 0 while there is none.
static CHILD: AtomicI32 = AtomicI32::new(0);
/// The thread that waits for everything.
static MAIN: OnceLock<Pthread> = OnceLock::new();

/// Has the program end with this code where it has to be ended.
pub(crate) fn ends_with(code: u8) {
    CODE.store(code, Ordering::Relaxed);
}

/// Makes a file that may not grow any more an error for who writes it, and not a signal that ends the
/// program (setrlimit(2)). Programs that are started find it as ever: a handler does not outlive exec.
pub(crate) fn outlive_full_files() {
    extern "C" fn nothing(_: libc::c_int) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing
    let _ = unsafe { sigaction(Signal::SIGXFSZ, &action) };
}

/// Watches for the signals from now on; one that is ignored stays ignored. `code` is what the program ends
/// with when it has to be ended.
pub(crate) fn watch(code: Exit) {
    ends_with(code.code());
    let _ = MAIN.set(pthread_self());
    let set: SigSet = WATCHED.into_iter().collect();
    // one that is ignored must not find the handler for the moment in which it is seen to be
    let Ok(mask) = set.thread_swap_mask(SigmaskHow::SIG_BLOCK) else { return };
    let handler = SigHandler::Handler(interrupted);
    // without SA_RESTART: what waits ends
    let action = SigAction::new(handler, SaFlags::empty(), set);
    for signal in WATCHED {
        // SAFETY: the handler makes calls only that are safe in one (signal-safety(7)); what is put back is
        // what was there
        unsafe {
            if let Ok(before) = sigaction(signal, &action)
                && matches!(before.handler(), SigHandler::SigIgn)
            {
                let _ = sigaction(signal, &before);
            }
        }
    }
    let _ = mask.thread_set_mask();
}

/// Returns the name of the signal that has ended the waiting.
pub(crate) fn signal() -> Option<&'static str> {
    match FIRST.load(Ordering::Relaxed) {
        0 => None,
        number => Signal::try_from(number).ok().map(Signal::as_str),
    }
}

/// Returns how long ago the first signal came.
pub(crate) fn since() -> Option<Duration> {
    (FIRST.load(Ordering::Relaxed) != 0).then(|| Duration::from_millis(waited().try_into().unwrap_or(0)))
}

/// Names the process group of a child, to be killed with us; 0 for none.
pub(crate) fn child(group: i32) {
    CHILD.store(group, Ordering::Relaxed);
}

extern "C" fn interrupted(number: libc::c_int) {
    let errno = Errno::last_raw();
    if FIRST.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        SINCE.store(now(), Ordering::Relaxed);
        start_ticking();
        wake(number);
    } else if waited() > SAME {
        give_up();
    }
    Errno::set_raw(errno);
}

extern "C" fn tick(number: libc::c_int) {
    let errno = Errno::last_raw();
    if waited() > PATIENCE {
        give_up();
    }
    wake(number);
    Errno::set_raw(errno);
}

/// Hands the signal on to the thread that waits, if another one was interrupted.
fn wake(number: libc::c_int) {
    let Some(main) = MAIN.get().filter(|main| **main != pthread_self()) else { return };
    let _ = pthread_kill(*main, Signal::try_from(number).ok());
}

fn now() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map(|time| Duration::from(time).as_millis().try_into().unwrap_or(i64::MAX))
        .unwrap_or_default()
}

/// Returns how long ago the first signal was, in milliseconds.
fn waited() -> i64 {
    match SINCE.load(Ordering::Relaxed) {
        0 => 0,
        since => now().saturating_sub(since),
    }
}

fn start_ticking() {
    let action = SigAction::new(SigHandler::Handler(tick), SaFlags::empty(), SigSet::empty());
    let tick = libc::timeval { tv_sec: 0, tv_usec: TICK };
    let timer = libc::itimerval { it_interval: tick, it_value: tick };
    // SAFETY: as above; the timer is a value of our own, and nothing is returned. setitimer is one system
    // call, though POSIX does not list it among those that are safe
    unsafe {
        let _ = sigaction(Signal::SIGALRM, &action);
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
    }
}

/// Says that the program was asked to end, and ends it at once.
fn give_up() -> ! {
    const SAID: &[u8] = b"backup-notify: interrupted, and not done in time: what was going on is given up\n";
    // SAFETY: one system call, safe in a handler; the bytes are there as long as the program is
    unsafe { libc::write(libc::STDERR_FILENO, SAID.as_ptr().cast(), SAID.len()) };
    leave()
}

/// Ends the program at once, and a child of ours with it.
pub(crate) fn leave() -> ! {
    let group = CHILD.load(Ordering::Relaxed);
    // SAFETY: two system calls, which are both safe in a handler
    unsafe {
        if group > 1 {
            libc::kill(-group, libc::SIGKILL);
        }
        libc::_exit(CODE.load(Ordering::Relaxed).into())
    }
}
