//! What Linux needs beyond the limit: a core pattern that names a program ignores it.

/// Makes the process "not dumpable", which also keeps the memory from other processes of the user
/// that are not root (ptrace, `/proc/PID/mem`).
pub(super) fn prevent() {
    let _ = nix::sys::prctl::set_dumpable(false);
}
