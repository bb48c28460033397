//! Numbers, sizes, durations and times as people read them.

use jiff::{SignedDuration, Timestamp, Zoned};

/// Writes a count with thousands separators: `1,234`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a number of bytes in decimal units (SI, as macOS and disk makers count): `5.2 GB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        1 => return "1 byte".to_owned(),
        0..1000 => return format!("{bytes} bytes"),
        _ => {}
    }
    // integers only: a float would turn 999,999 into "1000.0 kB"
    let (mut unit, mut name) = (1_000_u64, "kB");
    for (next, larger) in [
        (1_000_000, "MB"),
        (1_000_000_000, "GB"),
        (1_000_000_000_000, "TB"),
        (1_000_000_000_000_000, "PB"),
        (1_000_000_000_000_000_000, "EB"),
    ] {
        // what rounds up to 1,000 of one unit is written as 1 of the next
        if bytes >= next - next / 2000 {
            (unit, name) = (next, larger);
        }
    }
    let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    if tenths < 1000 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", (u128::from(bytes) + u128::from(unit) / 2) / u128::from(unit))
    }
}

/// Writes how long something took, in its two largest units: `3.4 s`, `12 min 5 s`, `1 h 12 min`.
///
/// Returns `None` for a negative duration: the two times it was made from contradict each other.
pub(crate) fn duration(took: SignedDuration) -> Option<String> {
    if took.is_negative() {
        return None;
    }
    let seconds = took.as_secs();
    if seconds < 10 {
        let tenths = took.as_millis() / 100;
        return Some(format!("{}.{} s", tenths / 10, tenths % 10));
    }
    let two = |large: i64, large_name: &str, small: i64, small_name: &str| {
        if small == 0 {
            format!("{large} {large_name}")
        } else {
            format!("{large} {large_name} {small} {small_name}")
        }
    };
    Some(match seconds {
        10..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    })
}

/// Writes how long it took from one moment to another.
///
/// A beginning on a whole second is one that `date +%s` gave: what is finer than a second is not
/// known then, and the two times as they are shown say the same.
pub(crate) fn time_between(from: Timestamp, to: Timestamp) -> Option<String> {
    if from.subsec_nanosecond() != 0 {
        return duration(to.duration_since(from));
    }
    let whole = SignedDuration::from_secs(to.as_second() - from.as_second());
    match whole.as_secs() {
        0 => Some("less than 1 s".to_owned()),
        seconds @ 1..10 => Some(format!("{seconds} s")),
        _ => duration(whole),
    }
}

/// Writes a moment in the zone of `now`: `Sat 22 Nov 2025, 03:12:45 CET`.
pub(crate) fn time(at: Timestamp, now: &Zoned) -> String {
    let zoned = at.to_zoned(now.time_zone().clone());
    let shown = zoned.strftime("%a %-d %b %Y, %H:%M:%S");
    let zone = zoned.strftime("%Z").to_string();
    // many zones have no letters of their own and are called "+03" (tz database, "Theory")
    if zone.starts_with(|c: char| c.is_ascii_alphabetic()) {
        format!("{shown} {zone}")
    } else {
        format!("{shown} UTC{}", zoned.strftime("%:z"))
    }
}

#[cfg(test)]
mod tests {
    use super::{count, duration, size, time, time_between};
    use jiff::{SignedDuration, Timestamp, tz::TimeZone};

    #[test]
    fn counts_have_thousands_separators() {
        for (n, shown) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (100_000, "100,000")]
        {
            assert_eq!(count(n), shown);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn sizes_are_decimal_and_never_reach_a_thousand_of_a_unit() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (5_234_000_000, "5.2 GB"),
            (52_340_000, "52.3 MB"),
            (523_400_000, "523 MB"),
            (99_960_000, "100 MB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        for (millis, shown) in [
            (0, "0.0 s"),
            (3_449, "3.4 s"),
            (42_999, "42 s"),
            (60_000, "1 min"),
            (725_000, "12 min 5 s"),
            (4_320_000, "1 h 12 min"),
            (3_600_000, "1 h"),
            (183_600_000, "2 d 3 h"),
        ] {
            assert_eq!(duration(SignedDuration::from_millis(millis)).as_deref(), Some(shown));
        }
        assert_eq!(duration(SignedDuration::from_secs(-1)), None, "a run cannot end before it began");
    }

    #[test]
    fn what_is_not_known_is_not_shown() {
        let between = |from: &str, to: &str| {
            let time = |seconds: &str| format!("2025-11-22T02:12:{seconds}Z").parse().unwrap();
            time_between(time(from), time(to))
        };
        assert_eq!(between("07", "07.9").as_deref(), Some("less than 1 s"));
        assert_eq!(between("07", "10.9").as_deref(), Some("3 s"));
        assert_eq!(between("07", "37.9").as_deref(), Some("30 s"));
        assert_eq!(between("07.5", "10.9").as_deref(), Some("3.4 s"));
        assert_eq!(between("07", "06.9"), None, "a run cannot end before it began");
    }

    #[test]
    fn times_name_their_zone() {
        let at: Timestamp = "2025-11-22T02:12:45Z".parse().unwrap();
        let now = |tz: &str| at.to_zoned(TimeZone::posix(tz).unwrap());
        assert_eq!(time(at, &now("CET-1CEST,M3.5.0,M10.5.0/3")), "Sat 22 Nov 2025, 03:12:45 CET");
        let summer: Timestamp = "2025-07-01T10:00:00Z".parse().unwrap();
        assert_eq!(time(summer, &now("CET-1CEST,M3.5.0,M10.5.0/3")), "Tue 1 Jul 2025, 12:00:00 CEST");
        assert_eq!(time(at, &now("<+0530>-5:30")), "Sat 22 Nov 2025, 07:42:45 UTC+05:30");
        assert_eq!(time(at, &at.to_zoned(TimeZone::UTC)), "Sat 22 Nov 2025, 02:12:45 UTC");
    }
}
