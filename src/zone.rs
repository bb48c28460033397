//! The time zone of the system, within bounds.
//!
//! `TZ` may name a file (POSIX.1-2017, section 8.3), and whoever reads it reads to its end: a device
//! has none, and a pipe is waited for.

use std::ffi::OsStr;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use jiff::tz::TimeZone;

/// How large a file with a time zone is: its header alone has 44 bytes (RFC 8536, section 3.1), and
/// the largest of the time zone database have less than 4 KiB. Files of /proc have 0, whatever they
/// hold.
const SIZES: RangeInclusive<u64> = 44..=1 << 20;

/// Where Linux and macOS keep the zones by their names.
const FOLDER: &str = "/usr/share/zoneinfo";

/// Returns the time zone of the system; UTC where `TZ` names something that is no file of that kind.
pub(crate) fn system() -> TimeZone {
    if std::env::var_os("TZ").is_some_and(|name| is_unbounded(&name)) {
        return TimeZone::UTC;
    }
    if let Some(zone) = std::env::var_os("TZ").and_then(|name| by_name(&name, Path::new(FOLDER))) {
        return zone;
    }
    #[allow(clippy::disallowed_methods, reason = "this is the place for it")]
    TimeZone::system()
}

/// Reads the zone of a name such as `Europe/Berlin`: the library reads that only with a database of its own,
/// and takes it for UTC.
fn by_name(name: &OsStr, folder: &Path) -> Option<TimeZone> {
    let name = name.to_str()?;
    let name = name.strip_prefix(':').unwrap_or(name);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !Path::new(name).components().all(plain) {
        return None;
    }
    let path = folder.join(name);
    let found = fs::metadata(&path).ok()?;
    if !found.is_file() || !SIZES.contains(&found.len()) {
        return None;
    }
    TimeZone::tzif(name, &fs::read(path).ok()?).ok()
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
    fn a_zone_is_found_by_its_name_and_nothing_is_read_outside_its_folder() {
        // RFC 8536, section 3: a header of version 2 without data, twice, and the rule of the footer
        let header = |length: u8| {
            let mut header = b"TZif2".to_vec();
            header.resize(44, 0);
            header[39] = 1;
            header[43] = length;
            header
        };
        let data = b"\0\0\x0e\x10\0\0CET\0";
        let zone = [&header(4)[..], data, &header(4), data, b"\nCET-1\n"].concat();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("zones/Europe")).unwrap();
        for name in ["zones/Europe/Berlin", "outside"] {
            fs::write(folder.path().join(name), &zone).unwrap();
        }
        let zones = folder.path().join("zones");
        for name in ["Europe/Berlin", ":Europe/Berlin"] {
            let found = by_name(OsStr::new(name), &zones).unwrap();
            assert_eq!(found.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds(), 3600, "{name}");
        }
        let outside = folder.path().join("outside");
        for name in
            ["", "Europe", "CET-1CEST", "../outside", "Europe/../../outside", outside.to_str().unwrap()]
        {
            assert!(by_name(OsStr::new(name), &zones).is_none(), "{name}");
        }
    }

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
