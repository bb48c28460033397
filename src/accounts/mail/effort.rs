//! How much work something is, for tests.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Does something and makes sure that it takes less than this many seconds of this thread's own: the
/// clock on the wall would also count what else the computer does.
#[track_caller]
pub(super) fn within_seconds<T>(limit: u64, work: impl FnOnce() -> T) -> T {
    let used = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let before = used();
    let result = work();
    let took = used().saturating_sub(before);
    assert!(took < Duration::from_secs(limit), "took {took:?}");
    result
}
