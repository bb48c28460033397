//! What the readers of text reports share: finding words in bytes, reading amounts, and turning
//! written names back into names.

/// Splits at the first place where these bytes stand.
pub(super) fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len().max(1)).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// Splits at the last place where these bytes stand.
pub(super) fn rsplit_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len().max(1)).rposition(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// Tells whether these bytes stand anywhere.
pub(super) fn has(bytes: &[u8], mark: &[u8]) -> bool {
    split_once(bytes, mark).is_some()
}

/// Reads an amount at the beginning: digits in groups by any mark, or a number with a unit.
///
/// A unit is a power of 1000, or of 1024 where it says so ("KiB"): `rsync -h` and `-hh` use the same letters
/// for both (rsync(1), --human-readable), so nobody can tell them apart. Only as many digits are right as
/// were written: "1.23G" is 1,230,000,000.
pub(super) fn amount(bytes: &[u8]) -> Option<u64> {
    let number = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit() && !matches!(byte, b',' | b'.' | b'\''))
        .unwrap_or(bytes.len());
    let (number, rest) = bytes.split_at_checked(number)?;
    if !number.first()?.is_ascii_digit() || !number.last()?.is_ascii_digit() {
        return None;
    }
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let base: u128 = if rest.get(1) == Some(&b'i') { 1024 } else { 1000 };
    let unit = match rest.first() {
        Some(b'K' | b'k') => 1,
        Some(b'M') => 2,
        Some(b'G') => 3,
        Some(b'T') => 4,
        Some(b'P') => 5,
        Some(b'E') => 6,
        _ => 0,
    };
    let mut value: u128 = 0;
    let mut decimals: u32 = 0;
    // a number without a unit is whole, so every mark in it parts thousands
    let point = if unit == 0 { None } else { number.iter().rposition(|byte| !byte.is_ascii_digit()) };
    for (at, byte) in number.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        value = value.checked_mul(10)?.checked_add(u128::from(byte - b'0'))?;
        decimals += u32::from(point.is_some_and(|point| at > point));
    }
    let scaled = value.checked_mul(base.pow(unit))? / 10_u128.checked_pow(decimals)?;
    u64::try_from(scaled).ok()
}

/// Turns a name back in which a program wrote bytes as a mark and three octal digits.
pub(super) fn unescape(name: &[u8], mark: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        if let Some((written, after)) = rest.strip_prefix(mark).and_then(octal) {
            out.push(written);
            rest = after;
        } else {
            out.push(byte);
            rest = after;
        }
    }
    out
}

/// Reads three octal digits.
pub(super) fn octal(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(3)?;
    let value = digits.iter().try_fold(0_u32, |value, digit| match digit {
        b'0'..=b'7' => Some(value * 8 + u32::from(digit - b'0')),
        _ => None,
    })?;
    Some((u8::try_from(value).ok()?, rest))
}

/// Writes control characters in a name so that people see which they are, and can type them; all else
/// stays as it is.
pub(super) fn readable(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7F => out.extend_from_slice(format!("\\x{byte:02X}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_however_they_are_grouped() {
        for (written, value) in [
            ("0", Some(0)),
            ("3,014,808 bytes", Some(3_014_808)),
            ("3.014.808 bytes", Some(3_014_808)),
            ("3'014'808", Some(3_014_808)),
            ("3014808", Some(3_014_808)),
            ("1.23G bytes", Some(1_230_000_000)),
            ("1,23G bytes", Some(1_230_000_000)),
            ("2.86M", Some(2_860_000)),
            ("999.99K", Some(999_990)),
            ("12 B", Some(12)),
            ("2.5KiB", Some(2_560)),
            ("2.5KB", Some(2_500)),
            ("1.5 TB", Some(1_500_000_000_000)),
            ("7P", Some(7_000_000_000_000_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999999999999999999999999999999999999999999", None),
            ("1,", None),
            ("-1", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(amount(written.as_bytes()), value, "{written}");
        }
    }

    #[test]
    fn names_are_turned_back_and_written_to_be_read() {
        assert_eq!(unescape(br"back\#134#351\#012\#9", br"\#"), b"back\\#351\n\\#9");
        assert_eq!(unescape(br"\#777\#35", br"\#"), br"\#777\#35");
        assert_eq!(readable(b"a\nb\x1b[m\x7f\xe9"), b"a\\nb\\x1B[m\\x7F\xe9");
    }
}
