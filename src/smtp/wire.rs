//! The connection itself: a socket that knows the deadline.
//!
//! Every read and every write is bounded by it. Time limits of the socket are set anew before each
//! call, so a server that drips one byte a second gains nothing.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, recv};

use crate::deadline::Deadline;
use crate::net;

/// How many of the first bytes of the peer are kept for diagnosis; the server's whole first flight
/// of a TLS handshake fits.
const OPENING: usize = 16 * 1024;

/// What has been seen on a connection, kept beside it because TLS swallows the socket and its
/// errors.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The first bytes that came in since [`Wire::watch`].
    pub(super) opening: Vec<u8>,
    /// Whether nothing more is to be kept of what comes in.
    blind: bool,
    /// The last fault of the socket.
    pub(super) fault: Option<ErrorKind>,
}

/// A socket whose every call ends at the deadline.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    deadline: Deadline,
    /// Whether nothing is waited for that has not come in yet.
    at_once: bool,
    seen: Rc<RefCell<Seen>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, deadline: Deadline) -> Self {
        Self { stream, deadline, at_once: false, seen: Rc::default() }
    }

    /// Returns what is seen on this connection, now and later.
    pub(super) fn seen(&self) -> Rc<RefCell<Seen>> {
        Rc::clone(&self.seen)
    }

    /// Starts to keep what comes in, from the next byte on.
    pub(super) fn watch(&self) {
        self.seen.borrow_mut().opening.clear();
    }

    /// Keeps nothing of what comes in, from the next byte on.
    pub(super) fn stop_watching(&self) {
        self.seen.borrow_mut().blind = true;
    }

    /// Lets this connection end earlier or later than it was to.
    pub(super) fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// Lets the reads from now on take what has come in and wait for nothing, or wait again.
    pub(super) fn set_at_once(&mut self, at_once: bool) {
        self.at_once = at_once;
    }

    /// Tells whether the peer is this very computer.
    pub(super) fn peer_is_loopback(&self) -> bool {
        self.stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback())
    }

    /// Returns the address this end of the connection has.
    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        self.stream.local_addr().ok().map(|local| local.ip().to_canonical())
    }

    /// Does one call of the socket within what is left, and keeps what went wrong.
    fn bounded<T>(
        &mut self,
        limit: impl Fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        call: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        let result = net::bounded(&mut self.stream, self.deadline, limit, call);
        if let Err(error) = &result {
            self.seen.borrow_mut().fault = Some(error.kind());
        }
        result
    }

    /// Takes what has come in; what the kernel has for that is one call and leaves the socket as it is.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match retry_on_intr(|| recv(&self.stream, &mut *buffer, RecvFlags::DONTWAIT)) {
            Ok((count, _)) => Ok(count),
            // no fault, and TLS knows it by this name
            Err(Errno::WOULDBLOCK) => Err(ErrorKind::WouldBlock.into()),
            Err(error) => {
                let error = io::Error::from(error);
                self.seen.borrow_mut().fault = Some(error.kind());
                Err(error)
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.at_once {
            self.take(buffer)?
        } else {
            self.bounded(TcpStream::set_read_timeout, |stream| stream.read(buffer))?
        };
        let mut seen = self.seen.borrow_mut();
        if count == 0 && !buffer.is_empty() {
            seen.fault = Some(ErrorKind::UnexpectedEof);
        }
        let room = if seen.blind { 0 } else { OPENING.saturating_sub(seen.opening.len()) };
        let kept = buffer.get(..count.min(room)).unwrap_or_default();
        seen.opening.extend_from_slice(kept);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bounded(TcpStream::set_write_timeout, |stream| stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
