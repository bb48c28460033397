//! The time zone of the system, within bounds.
//!
//! `TZ` may name a file (POSIX.1-2017, section 8.3), and whoever reads it reads to its end: a device
//! has none, and a pipe is waited for.

use std::ffi::OsStr;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::tz::TimeZone;

/// How large a file with a time zone is: its header alone has 44 bytes (RFC 8536, section 3.1), and
/// the largest of the time zone database have less than 4 KiB. Files of /proc have 0, whatever they
/// hold.
const SIZES: RangeInclusive<u64> = 44..=1 << 20;

/// Returns the time zone of the system; UTC where `TZ` names something that is no file of that kind.
pub(crate) fn system() -> TimeZone {
    if std::env::var_os("TZ").is_some_and(|name| is_unbounded(&name)) {
        return TimeZone::UTC;
    }
    #[allow(clippy::disallowed_methods, reason = "this is the place for it")]
    TimeZone::system()
}

/// Tells whether a value of `TZ` names something that should not be opened. Folders can be: they
/// are refused at once, and one beside may well be called `Europe`.
fn is_unbounded(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let path = Path::new(OsStr::from_bytes(name.strip_prefix(b":").unwrap_or(name)));
    // what is not there cannot be opened either, or is the name of a zone
    let Ok(found) = fs::metadata(path) else { return false };
    let bounded = found.is_dir() || (found.is_file() && SIZES.contains(&found.len()));
    !bounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_or_what_is_too_large_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        fs::File::create(&large).unwrap().set_len((1 << 20) + 1).unwrap();
        for name in ["/dev/zero", ":/dev/zero", "/dev/../dev/zero", large.to_str().unwrap()] {
            assert!(is_unbounded(OsStr::new(name)), "{name}");
        }
        let small = folder.path().join("small");
        fs::File::create(&small).unwrap().set_len(1 << 10).unwrap();
        for name in ["Europe/Berlin", ":UTC", "CET-1CEST", "", ":", "/", "/missing", small.to_str().unwrap()]
        {
            assert!(!is_unbounded(OsStr::new(name)), "{name}");
        }
    }
}
