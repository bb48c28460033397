//! A password that somebody hands over on standard input: one line, and nothing behind it.

use std::io::ErrorKind;

use zeroize::Zeroizing;

use super::error::StdinFault;
use super::{MAX_BYTES, Secret, Unusable};
use crate::deadline::Deadline;
use crate::stdin;

/// The line end that may stand behind the password.
const LINE_END: usize = "\r\n".len();

/// Reads standard input to its end.
pub(super) fn read(deadline: &Deadline) -> Result<Secret, StdinFault> {
    // room for all of it from the beginning, so that no copy is left behind by a vector that grows; one
    // byte more than is allowed, so that too much is seen as such
    let mut bytes = Zeroizing::new(vec![0; MAX_BYTES + LINE_END + 1]);
    let mut length = 0;
    loop {
        let Some(free) = bytes.get_mut(length..).filter(|free| !free.is_empty()) else {
            return Err(StdinFault::Unusable(Unusable::TooLong));
        };
        match stdin::read(free, deadline) {
            Ok(0) => return one_line(bytes.get(..length).unwrap_or_default()),
            Ok(more) => length += more,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Err(StdinFault::TimedOut(deadline.over()));
            }
            Err(error) => return Err(StdinFault::Io(error)),
        }
    }
}

/// Takes the one line that there may be. A second one would be left out silently, and the account would
/// be kept with another password than somebody thinks.
fn one_line(bytes: &[u8]) -> Result<Secret, StdinFault> {
    if bytes.is_empty() {
        return Err(StdinFault::Nothing);
    }
    let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => bytes.split_at(end),
        None => (bytes, [].as_slice()),
    };
    if rest.len() > 1 {
        return Err(StdinFault::SecondLine);
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Secret::first_line(line).map_err(StdinFault::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bytes: &[u8]) -> Result<String, String> {
        one_line(bytes).map(|secret| secret.reveal().to_owned()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn one_line_is_taken_with_or_without_its_end() {
        for bytes in ["pass wörd", "pass wörd\n", "pass wörd\r\n"] {
            assert_eq!(taken(bytes.as_bytes()).unwrap(), "pass wörd");
        }
        assert_eq!(taken(b" p \n").unwrap(), " p ");
        let longest = [vec![b'x'; MAX_BYTES], b"\r\n".to_vec()].concat();
        assert_eq!(taken(&longest).unwrap().len(), MAX_BYTES);
    }

    #[test]
    fn nothing_an_empty_line_and_a_second_line_are_told_apart() {
        assert_eq!(taken(b"").unwrap_err(), "standard input is empty");
        for empty in [b"\n".as_slice(), b"\r\n"] {
            assert!(taken(empty).unwrap_err().contains("its first line is empty"));
        }
        for more in [b"a\nb".as_slice(), b"a\nb\n", b"a\n\n", b"\nb", b"\n\n"] {
            assert_eq!(taken(more).unwrap_err(), "standard input has more than one line");
        }
        assert!(taken(&vec![b'x'; MAX_BYTES + 1]).unwrap_err().contains("longer than 64 KiB"));
        assert!(taken(b"a\rb").unwrap_err().contains("line break"));
        assert!(taken(b"a\0b").unwrap_err().contains("NUL"));
        assert!(taken(b"\xff").unwrap_err().contains("UTF-8"));
    }
}
