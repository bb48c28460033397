//! Standard input, read piece by piece until the deadline.
//!
//! It goes around `std::io::stdin()`, whose buffer would keep a copy of a password that nobody wipes,
//! and would hold back what the system is asked about. That is asked by select(2): poll(2) of macOS knows
//! no terminals.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::select::{FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd;

use crate::deadline::Deadline;

/// The longest that is waited in one piece, in microseconds: an hour.
const LONGEST: i64 = 3_600_000_000;

/// Reads what is there, and waits for it until the deadline; 0 is the end. A terminal gives one line at a
/// time.
pub(crate) fn read(buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
    read_from(&io::stdin(), buffer, deadline)
}

fn read_from(source: &impl AsFd, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
    loop {
        let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
        // a time of none would return at once, again and again; a longer one than the system takes is cut
        let left = i64::try_from(left.as_micros()).unwrap_or(LONGEST).clamp(1000, LONGEST);
        let mut time = TimeVal::microseconds(left);
        let mut fds = FdSet::new();
        fds.insert(source.as_fd());
        match select(None, &mut fds, None, None, &mut time) {
            Ok(0) | Err(Errno::EINTR | Errno::EAGAIN) => continue,
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        match unistd::read(source, buffer) {
            Ok(length) => return Ok(length),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::{Duration, Instant};

    use super::*;

    fn after(length: Duration) -> Deadline {
        Deadline::after(Instant::now(), length)
    }

    #[test]
    fn what_is_there_is_read_and_what_is_not_is_waited_for_until_the_deadline() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"abc").unwrap();
        let mut buffer = [0; 8];
        assert_eq!(read_from(&reader, &mut buffer, &after(Duration::from_secs(20))).unwrap(), 3);
        let started = Instant::now();
        let late = read_from(&reader, &mut buffer, &after(Duration::from_millis(30))).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(10));
        drop(writer);
        assert_eq!(read_from(&reader, &mut buffer, &after(Duration::from_secs(20))).unwrap(), 0);
    }
}
