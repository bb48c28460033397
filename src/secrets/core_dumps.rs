//! No core dump of a process that has held a secret.

use std::sync::Once;

use nix::sys::resource::{Resource, setrlimit};

/// Switches core dumps off for the rest of this process and its children.
///
/// Lowering one's own limit needs no privilege, so it does not fail; if it did, a backup's notice
/// would still be worth more than the absence of a file that only its owner can read.
pub(super) fn prevent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        #[cfg(target_os = "linux")]
        super::core_dumps_linux::prevent();
    });
}
