//! Signals as Linux hands them over: each with who sent it.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::signals::{Arrival, Origin};

/// The signals of a set, which have to be blocked in every thread.
pub(super) struct Arrivals(SignalFd);

impl Arrivals {
    pub(super) fn of(set: SigSet) -> nix::Result<Self> {
        SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// Waits for the next one.
    pub(super) fn next(&mut self) -> Option<Arrival> {
        loop {
            let info = match self.0.read_signal() {
                Ok(info) => info?,
                Err(nix::Error::EINTR) => continue,
                Err(_) => return None,
            };
            let number = i32::try_from(info.ssi_signo).unwrap_or_default();
            let Ok(signal) = Signal::try_from(number) else { continue };
            // above 0 the kernel sent it (sigaction(2), "The si_code field"): those of a terminal to a whole
            // group, but that of a timer to us alone, though it was set for the command
            let timer = matches!(signal, Signal::SIGALRM | Signal::SIGVTALRM | Signal::SIGPROF);
            let origin = if info.ssi_code > 0 && !timer {
                Origin::Terminal
            } else {
                Origin::Process(i32::try_from(info.ssi_pid).unwrap_or_default())
            };
            return Some(Arrival { signal, origin });
        }
    }
}
