//! Signals as macOS hands them over, which does not say who sent them.

use nix::sys::signal::{SigSet, Signal};

use super::signals::{Arrival, Origin, in_foreground};

/// The signals of a set, which have to be blocked in every thread.
pub(super) struct Arrivals(SigSet);

impl Arrivals {
    #[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
    pub(super) fn of(set: SigSet) -> nix::Result<Self> {
        Ok(Self(set))
    }

    /// Waits for the next one. A signal that keys send is taken for typed while we are in the foreground.
    pub(super) fn next(&mut self) -> Option<Arrival> {
        let signal = self.0.wait().ok()?;
        let typed = matches!(
            signal,
            Signal::SIGINT
                | Signal::SIGQUIT
                | Signal::SIGTSTP
                | Signal::SIGTTIN
                | Signal::SIGTTOU
                | Signal::SIGWINCH
        );
        let origin = if typed && in_foreground(None) { Origin::Terminal } else { Origin::Process(0) };
        Some(Arrival { signal, origin })
    }
}
