//! No core dump of a process that has held a secret.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

static FOR_US_ALONE: AtomicBool = AtomicBool::new(false);

/// From now on core dumps are switched off for this process alone: a program that is started later can
/// have its own limit back, which nobody but root could raise otherwise (setrlimit(2)).
pub(crate) fn prevent_for_us_alone() {
    FOR_US_ALONE.store(true, Ordering::Relaxed);
}

/// Switches core dumps off for the rest of this process and its children.
///
/// Lowering one's own limit needs no privilege, so it does not fail; if it did, a backup's notice
/// would still be worth more than the absence of a file that only its owner can read.
pub(super) fn prevent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let kept =
            FOR_US_ALONE.load(Ordering::Relaxed).then(|| getrlimit(Resource::RLIMIT_CORE).ok()).flatten();
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, kept.map_or(0, |(_, hard)| hard));
        #[cfg(target_os = "linux")]
        super::core_dumps_linux::prevent();
    });
}
