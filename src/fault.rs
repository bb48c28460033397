//! A fault of our own, on purpose: what comes of one cannot be seen without one, and no input is known
//! that makes one.

/// Panics where the tests of `run` ask for it by this name. Only in a debug build, which is what the
/// tests run: in a release build nothing looks at the variable.
#[cfg(debug_assertions)]
pub(crate) fn on_purpose(place: &str) {
    assert!(std::env::var_os("BACKUP_NOTIFY_PANIC").is_none_or(|asked| asked != place), "on purpose");
}

#[cfg(not(debug_assertions))]
pub(crate) fn on_purpose(_place: &str) {}
