//! What std and nix call unsafe about signals: what a program that ends or starts another one does
//! with them. The only such calls of the library, and each says why it is sound.
#![allow(unsafe_code, reason = "dispositions of signals, and what happens between fork and exec")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, Signal, raise, signal};
use rustix::io::{FdFlags, fcntl_setfd};

/// Which signals whoever started the program wants ignored, of those that it handles itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// SIGPIPE, which std ignores: what cannot be written is an error.
    pub(crate) pipe: bool,
    /// SIGCHLD: ignored, the system would keep the exit code of a child from us (waitpid(2), NOTES).
    pub(crate) child: bool,
}

/// Makes those signals our own and tells what they were.
pub(crate) fn take_over_signals() -> Found {
    // SAFETY: no handler of ours is installed, so nothing can run that is not safe in one
    let set = |number, to| matches!(unsafe { signal(number, to) }, Ok(SigHandler::SigIgn));
    Found { pipe: set(Signal::SIGPIPE, SigHandler::SigIgn), child: set(Signal::SIGCHLD, SigHandler::SigDfl) }
}

/// What a command is to find again when it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsFound {
    /// Which of the standard descriptors were closed; std has put `/dev/null` there.
    pub(super) closed: [bool; 3],
    pub(super) ignored: Found,
    pub(super) mask: SigSet,
    pub(super) core: Option<(rlim_t, rlim_t)>,
}

/// Has the command started with descriptors, signals and limits as they were found.
pub(super) fn restore_in(command: &mut Command, found: AsFound) {
    let restore = move || {
        let standard = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
        for (fd, closed) in standard.into_iter().zip(found.closed) {
            if closed {
                let _ = fcntl_setfd(fd, FdFlags::CLOEXEC);
            }
        }
        // after std's own, which makes SIGPIPE end every program that it starts
        for (number, ignored) in
            [(Signal::SIGPIPE, found.ignored.pipe), (Signal::SIGCHLD, found.ignored.child)]
        {
            if ignored {
                // SAFETY: it ignores a signal, and installs no handler
                unsafe { signal(number, SigHandler::SigIgn) }?;
            }
        }
        if let Some((soft, hard)) = found.core {
            let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
        }
        // last: what was sent meanwhile is for the command, and reaches it now
        found.mask.thread_set_mask()?;
        io::Result::Ok(())
    };
    // SAFETY: between fork and exec it makes a few system calls on values of its own: no memory is
    // allocated, no lock is taken
    unsafe { command.pre_exec(restore) };
}

/// Lets signals in again that were blocked, but for those that wait: they were meant for a command that
/// has ended, and a Ctrl-Z among them would stop us in its place.
pub(super) fn forget_and_unblock(signals: SigSet) {
    // SAFETY: to ignore a signal, which discards what waits, and what it was before, which is no handler
    // of ours: there is none
    let set = |number, to| unsafe { signal(number, to) };
    let before: Vec<_> =
        signals.iter().filter_map(|number| Some((number, set(number, SigHandler::SigIgn).ok()?))).collect();
    let _ = signals.thread_unblock();
    for (number, handler) in before {
        let _ = set(number, handler);
    }
}

/// Ends the program by this signal, as whoever waits for it shall see; no core is written a second time.
/// Returns the code that stands for it, where that cannot be done.
pub(crate) fn die_of(number: i32) -> ExitCode {
    if let Ok(wanted) = Signal::try_from(number) {
        if let Ok((_, hard)) = nix::sys::resource::getrlimit(Resource::RLIMIT_CORE) {
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, hard);
        }
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_dumpable(false);
        // SAFETY: it takes handlers away, such as std's for SIGSEGV, and installs none
        let _ = unsafe { signal(wanted, SigHandler::SigDfl) };
        let _ = raise(wanted);
        let _ = SigSet::from(wanted).thread_unblock();
    } else {
        // SAFETY: it sends this thread a signal of those without a name, for which there are no handlers
        let _ = unsafe { nix::libc::raise(number) };
    }
    ExitCode::from(super::shell_code(number))
}

/// Ends the program with this code from any thread, while others are in the middle of something: what
/// libraries clean up at a usual end must not be taken away under them.
pub(super) fn leave(code: u8) -> ! {
    // SAFETY: it ends the process, and runs nothing more
    unsafe { nix::libc::_exit(code.into()) }
}
