//! Small values written as text: durations, addresses, words of a closed set.

use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::message::{Mailbox, Mailboxes};

use crate::text;

/// What is expected where a size is asked for.
pub(crate) const A_SIZE: &str = "a number of bytes, or a size such as \"500MB\" or \"1GiB\"";

/// Reads a duration: a whole number of seconds or minutes, `45s` or `2m`; at most a day.
pub fn parse_duration(word: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "expected a duration such as \"45s\" or \"2m\", up to 24 hours; found \"{}\"",
            text::shorten(&text::one_line(word), 40)
        )
    };
    let word = word.trim();
    let (digits, unit) = match (word.strip_suffix('s'), word.strip_suffix('m'), word.strip_suffix('h')) {
        (Some(digits), _, _) => (digits, 1),
        (_, Some(digits), _) => (digits, 60),
        (_, _, Some(digits)) => (digits, 3600),
        _ => return Err(wrong()),
    };
    let digits = digits.trim_end();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
    if seconds == 0 || seconds > 86_400 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

/// Reads an age: hours and days rather than seconds.
pub fn parse_long_duration(word: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)];
    // ten years: whoever means more means "never"
    with_unit(word, &units)
        .filter(|seconds| (1..=315_360_000).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number and a unit, such as 90m, 26h, 8d or 2w, up to 10 years".to_owned())
}

/// Reads a size: a number of bytes with a unit of a thousand or of 1,024 (IEC 80000-13).
pub(crate) fn parse_size(word: &str) -> Result<u64, String> {
    let units = [
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    with_unit(word, &units).filter(|bytes| *bytes > 0).ok_or_else(|| {
        let shown = text::one_line(word);
        format!("expected {A_SIZE}; found \"{}\"", text::shorten(&shown, 40))
    })
}

/// Reads a whole number with a unit behind it, and counts in the smallest.
fn with_unit(word: &str, units: &[(&str, u64)]) -> Option<u64> {
    let word = word.trim();
    units.iter().find_map(|(unit, worth)| {
        let digits = word.strip_suffix(unit)?.trim_end();
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u64>().ok()?.checked_mul(*worth)).flatten()
    })
}

/// Reads addresses separated by commas, each with or without a display name (RFC 5322 section 3.4).
///
/// Domains in other scripts are turned into their ASCII form (RFC 5891); a local part in another
/// script stays and needs a server with SMTPUTF8.
pub fn parse_mailboxes(list: &str) -> Result<Vec<Mailbox>, String> {
    if list.contains(['\r', '\n']) {
        return Err("an address may not hold a line break; addresses are separated by commas".to_owned());
    }
    if let Some(c) = list.chars().find(|c| text::is_active(*c)) {
        return Err(format!("an address may not hold the character U+{:04X}", u32::from(c)));
    }
    let parsed: Mailboxes = list.trim().trim_end_matches(',').parse().map_err(|_| {
        // the usual slips: blanks between addresses, and "Doe, Kim <kim@example.com>"
        let slip = if list.matches('@').count() > 1 {
            "; several are separated by commas"
        } else if list.contains(',') && list.contains('<') {
            "; a name that holds a comma stands in double quotes"
        } else {
            ""
        };
        format!(
            "expected an address such as \"kim@example.com\" or \"Kim Doe <kim@example.com>\"; found \
             \"{}\"{slip}",
            text::shorten(list, 80)
        )
    })?;
    let mailboxes: Vec<Mailbox> = parsed.into_iter().map(ascii_domain).collect::<Result<_, _>>()?;
    if mailboxes.is_empty() {
        return Err("expected at least one address".to_owned());
    }
    Ok(mailboxes)
}

/// Turns the domain of an address into ASCII; address literals stay as they are.
fn ascii_domain(mailbox: Mailbox) -> Result<Mailbox, String> {
    let domain = mailbox.email.domain();
    if domain.is_ascii() {
        return Ok(mailbox);
    }
    let wrong = || format!("\"{}\" is not a domain name", text::shorten(domain, 80));
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| wrong())?;
    let email = Address::new(mailbox.email.user(), ascii).map_err(|_| wrong())?;
    Ok(Mailbox::new(mailbox.name, email))
}

/// Reads the name or address of a server; names in other scripts are turned into ASCII (RFC 5891).
///
/// An IPv6 address may stand in brackets, and comes back without, in its one spelling of RFC 5952.
pub fn parse_host(word: &str) -> Result<String, String> {
    if word.contains("://") || word.contains('@') {
        // not shown: where a URL has its user name it often has a password too
        return Err("expected a host name alone, such as \"smtp.example.com\"; found a URL, or a user name \
                    before an \"@\""
            .to_owned());
    }
    let shown = text::one_line(word.trim());
    let shown = text::shorten(&shown, 80);
    let host = word.trim().trim_end_matches('.');
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && !name.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(format!("expected a host name alone; found \"{shown}\": the number belongs in \"port\""));
    }
    let wrong = || format!("expected a host name such as \"smtp.example.com\"; found \"{shown}\"");
    let ascii = idna::domain_to_ascii(host).map_err(|_| wrong())?;
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // RFC 1035 section 2.3.4: 255 octets, 63 a label
    if ascii.len() > 253 || !ascii.split('.').all(label) {
        return Err(wrong());
    }
    // RFC 1123 section 2.1; on a command line the first would be a flag
    if ascii.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
        return Err(format!("{}: no part of it may begin or end with \"-\"", wrong()));
    }
    Ok(ascii)
}

/// Reads `HOST` or `HOST:PORT`; the colons of an IPv6 address stand in brackets where a port follows.
pub fn parse_server(typed: &str) -> Result<(String, Option<u16>), String> {
    // a URL is not taken apart: a piece of it could be a password, and would be shown
    if typed.contains("://") || typed.contains('@') {
        return parse_host(typed).map(|host| (host, None));
    }
    if typed.starts_with('[') && !typed.contains(']') {
        let shown = text::one_line(typed);
        let shown = text::shorten(&shown, 80);
        return Err(format!("the bracket before the address is not closed: \"{shown}\""));
    }
    let (host, port) = match typed.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || (host.starts_with('[') && host.ends_with(']')) => {
            let number = port.parse::<u16>().ok().filter(|port| *port > 0);
            let shown = text::one_line(port);
            (host, Some(number.ok_or_else(|| format!("\"{shown}\" is no port (1 to 65535)"))?))
        }
        _ => (typed, None),
    };
    Ok((parse_host(host)?, port))
}

/// Reads one word of a closed set; the error lists the set and the nearest word.
pub(crate) fn parse_word<T: Copy>(word: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(known, _)| *known == word) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let shown = text::one_line(word);
    let mut problem =
        format!("expected one of {}; found \"{}\"", known.join(", "), text::shorten(&shown, 40));
    if let Some(near) = text::nearest(word, &known) {
        problem.push_str(&format!("; did you mean \"{near}\"?"));
    }
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, parse_host, parse_long_duration, parse_mailboxes, parse_size};
    use std::time::Duration;

    #[test]
    fn durations_are_seconds_minutes_or_hours() {
        assert_eq!(parse_duration("45s"), Ok(Duration::from_secs(45)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("1 h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "s", "0s", "-1s", "1.5m", "60", "1d", "25h", "99999999999999999999s", "+5s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ages_are_hours_days_or_weeks_too() {
        for (word, seconds) in [("26h", 93_600), (" 30 d ", 2_592_000), ("2w", 1_209_600), ("45s", 45)] {
            assert_eq!(parse_long_duration(word), Ok(Duration::from_secs(seconds)), "{word}");
        }
        for wrong in ["", "d", "0d", "-1d", "1.5d", "30", "522w", "1y", "99999999999999999999d"] {
            assert!(parse_long_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_count_in_thousands_or_in_1024() {
        for (word, bytes) in [
            ("500MB", 500_000_000),
            ("1GiB", 1 << 30),
            (" 2 kB ", 2_000),
            ("3 KiB", 3_072),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(parse_size(word), Ok(bytes), "{word}");
        }
        for wrong in ["", "MB", "0MB", "-1MB", "1.5GB", "500", "500mb", "1G", "1 B", "99999999999TB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        assert_eq!(parse_host("smtp.example.com."), Ok("smtp.example.com".to_owned()));
        assert_eq!(parse_host("post.bücher.example"), Ok("post.xn--bcher-kva.example".to_owned()));
        assert_eq!(parse_host("[::1]"), Ok("::1".to_owned()));
        for same in ["0:0:0:0:0:0:0:1", "[0::0001]"] {
            assert_eq!(parse_host(same), Ok("::1".to_owned()));
        }
        assert_eq!(parse_host("2001:DB8::A"), Ok("2001:db8::a".to_owned()));
        assert_eq!(parse_host("::ffff:7f00:1"), Ok("::ffff:127.0.0.1".to_owned()));
        assert!(parse_host("smtp.example.com:587").unwrap_err().contains("\"port\""));
        for wrong in ["-foo.example", "foo-.example", "foo.-", "-"] {
            assert!(parse_host(wrong).unwrap_err().ends_with("begin or end with \"-\""), "{wrong}");
        }
        assert_eq!(parse_host("a--b-c.example"), Ok("a--b-c.example".to_owned()));
        for wrong in ["", "a b", "a..b", "http://x", "x\r\nQUIT", &"a".repeat(64)] {
            assert!(parse_host(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn addresses_come_with_names_commas_and_other_scripts() {
        let list =
            parse_mailboxes("jon@example.com, \"Doe, Kim\" <kim@bücher.example>, ops@example.com,").unwrap();
        let shown: Vec<String> = list.iter().map(|m| m.email.to_string()).collect();
        assert_eq!(shown, ["jon@example.com", "kim@xn--bcher-kva.example", "ops@example.com"]);
        assert_eq!(list[1].name.as_deref(), Some("Doe, Kim"));
        assert_eq!(parse_mailboxes("jürgen@example.com").unwrap()[0].email.user(), "jürgen");
        for wrong in [
            "",
            ",",
            "jon",
            "jon@",
            "@example.com",
            "a@b@c",
            "jon@example.com\r\nBcc: x@y.z",
            "a b@example.com",
        ] {
            assert!(parse_mailboxes(wrong).is_err(), "{wrong:?}");
        }
    }
}
