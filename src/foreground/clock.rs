//! How long something took, whatever happens to the clock on the wall, and while the computer sleeps.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// On Linux the clock that counts sleep has a name of its own; on macOS this one counts it
/// (`clock_gettime(3)` of both).
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;

/// A stopwatch that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Duration);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(read())
    }

    /// Returns the times on the wall that are this far apart and end now.
    pub(crate) fn stop(self) -> (Timestamp, Timestamp) {
        let now = Timestamp::now();
        let length = SignedDuration::try_from(read().saturating_sub(self.0)).unwrap_or_default();
        (now.checked_sub(length).unwrap_or(now), now)
    }
}

fn read() -> Duration {
    clock_gettime(CLOCK).map(Duration::from).unwrap_or_default()
}
