//! Standard input, read piece by piece until the deadline.
//!
//! It goes around `std::io::stdin()`, whose buffer would keep a copy of a password that nobody wipes,
//! and would hold back what poll(2) is asked about.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd;

use crate::deadline::Deadline;

/// Reads what is there, and waits for it until the deadline; 0 is the end. A terminal gives one line at a
/// time.
pub(crate) fn read(buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
    read_from(&io::stdin(), buffer, deadline)
}

fn read_from(source: &impl AsFd, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
    loop {
        let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
        // a timeout of a moment that is none would return at once, again and again
        let time = PollTimeout::try_from(left.max(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(source.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, time) {
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
    use std::time::Instant;

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
