//! One output of a command on its way: read, kept, written on.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::reading::Reading;
use crate::run::Captured;
use crate::tools::Stream;

/// How much is read at a time: what a pipe holds (pipe(7), "Pipe capacity").
pub(super) const BUFFER: usize = 64 * 1024;

/// One output of a command.
pub(super) struct Pump {
    pub(super) stream: Stream,
    /// Where the command writes.
    pub(super) from: PipeReader,
    /// Where it would write without us.
    pub(super) to: OwnedFd,
    pub(super) captured: Arc<Mutex<Captured>>,
    /// What reads it too.
    pub(super) reading: Option<Reading>,
    /// Ends when the command has ended.
    pub(super) end: PipeReader,
    /// Why something of stderr was not passed on.
    pub(super) lost: Option<io::Error>,
}

/// What became of an output.
pub(super) enum Pumped {
    /// Nobody writes to it any more; something may have been lost on the way.
    Ended(Option<io::Error>),
    /// The command has ended, and all that it wrote is through, but others can still write.
    Held(PipeReader, OwnedFd, Option<io::Error>),
    /// It could not be passed on, so it was closed.
    Lost(io::Error),
}

impl Pump {
    /// Passes on what the command writes.
    pub(super) fn run(mut self) -> Pumped {
        let mut buffer = vec![0; BUFFER];
        loop {
            let (readable, ended) = match ready(&self.from, &self.end) {
                Ok(ready) => ready,
                Err(error) => return Pumped::Lost(error),
            };
            if ended {
                return self.finish(&mut buffer);
            }
            if readable {
                match self.pass(&mut buffer) {
                    Ok(0) => return Pumped::Ended(self.lost),
                    Ok(_) => {}
                    // closed by this: the command sees what it would have seen
                    Err(error) => return Pumped::Lost(error),
                }
            }
        }
    }

    /// Passes on what is in the pipe when the command has ended, which is all that it wrote; others may
    /// go on writing faster than it could ever be emptied.
    fn finish(mut self, buffer: &mut [u8]) -> Pumped {
        let mut left = ioctl_fionread(&self.from).unwrap_or_default();
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            match self.pass(buffer.get_mut(..most).unwrap_or_default()) {
                Ok(0) => return Pumped::Ended(self.lost),
                Ok(length) => left = left.saturating_sub(u64::try_from(length).unwrap_or(left)),
                Err(error) => return Pumped::Lost(error),
            }
        }
        let mut fds = [PollFd::new(self.from.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::ZERO);
        let events = fds.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
        // a pipe without writers and without bytes says only that it is hung up, on macOS also that it
        // can be read: if somebody wrote meanwhile, somebody holds it
        if events.contains(PollFlags::POLLHUP) && ioctl_fionread(&self.from).unwrap_or_default() == 0 {
            return Pumped::Ended(self.lost);
        }
        Pumped::Held(self.from, self.to, self.lost)
    }

    fn pass(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = loop {
            match self.from.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        let bytes = buffer.get(..length).unwrap_or_default();
        // kept first: a slow reader of ours must not cost the notice what the command said
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        if let Some(reading) = &self.reading {
            reading.push(self.stream, bytes);
        }
        match write_all(self.to.as_fd(), bytes) {
            Ok(()) => Ok(length),
            // programs look whether their results could be written, and not their messages: a full disk
            // under a log must not end what would have gone on
            Err(error) if self.stream == Stream::Stderr && error.kind() != io::ErrorKind::BrokenPipe => {
                self.lost.get_or_insert(error);
                Ok(length)
            }
            Err(error) => Err(error),
        }
    }
}

/// Waits until there is something to read, or the command has ended.
fn ready(from: &PipeReader, end: &PipeReader) -> io::Result<(bool, bool)> {
    let mut fds = [PollFd::new(from.as_fd(), PollFlags::POLLIN), PollFd::new(end.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::NONE) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let any = |fd: Option<&PollFd<'_>>| fd.and_then(PollFd::any).unwrap_or_default();
    Ok((any(fds.first()), any(fds.last())))
}

/// Writes everything, however slowly it is taken.
pub(super) fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // somebody who shares it has made it so
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(to, PollFlags::POLLOUT)];
                match poll(&mut fds, PollTimeout::NONE) {
                    Ok(_) | Err(nix::Error::EINTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
