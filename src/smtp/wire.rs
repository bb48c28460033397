//! The connection itself: a socket that knows the deadline.
//!
//! Every read and every write is bounded by it, so a server that drips one byte a second gains nothing.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{IpAddr, TcpStream};
use std::rc::Rc;

use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, recv};

use crate::deadline::Deadline;
use crate::net::Limit;

/// How many of the first bytes of the peer are kept for diagnosis; the server's whole first flight
/// of a TLS handshake fits.
const OPENING: usize = 16 * 1024;

/// How much is read ahead for who reads little: TLS asks for the five bytes that a record begins with, and
/// then for the rest of it. The first flight of most servers fits.
const AHEAD: usize = 8 * 1024;
/// Who reads less at once reads little. Replies are not: they are read with this much, and go on without.
const LITTLE: usize = 4 * 1024;

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
    reads: Limit,
    writes: Limit,
    /// What was read ahead: all of it, and how much of that has been taken.
    ahead: (Vec<u8>, usize),
    /// Whether nothing is waited for that has not come in yet.
    at_once: bool,
    seen: Rc<RefCell<Seen>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, deadline: Deadline) -> Self {
        Self {
            stream,
            deadline,
            reads: Limit::of_reads(),
            writes: Limit::of_writes(),
            ahead: (Vec::new(), 0),
            at_once: false,
            seen: Rc::default(),
        }
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

    /// Reads from the socket: what has come in where nothing is to be waited for, or else within what is left.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = if self.at_once {
            // what the kernel has for that is one call and leaves the socket as it is
            let taken = retry_on_intr(|| recv(&self.stream, &mut *buffer, RecvFlags::DONTWAIT));
            taken.map(|(count, _)| count).map_err(io::Error::from)
        } else {
            self.reads.bounded(&mut self.stream, self.deadline, |stream| stream.read(buffer))
        };
        let mut seen = self.seen.borrow_mut();
        match &result {
            Ok(0) if !buffer.is_empty() => seen.fault = Some(ErrorKind::UnexpectedEof),
            // no fault, and TLS knows it by this name
            Err(error) if self.at_once && error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => seen.fault = Some(error.kind()),
            Ok(_) => {}
        }
        result
    }

    /// Takes from what was read ahead, which is read when there is nothing left of it.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (mut ahead, mut taken) = mem::take(&mut self.ahead);
        if taken == ahead.len() {
            ahead.resize(AHEAD, 0);
            let received = self.receive(&mut ahead);
            ahead.truncate(*received.as_ref().unwrap_or(&0));
            taken = 0;
            if received.is_err() {
                self.ahead = (ahead, taken);
                return received;
            }
        }
        let rest = ahead.get(taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.ahead = (ahead, taken + count);
        Ok(count)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // whoever reads in clear has room for everything, and nothing of it is kept here: not before
        // STARTTLS either, behind which a byte that came in clear would be taken for one of TLS
        let count = if buffer.len() < LITTLE || self.ahead.1 < self.ahead.0.len() {
            self.take(buffer)?
        } else {
            self.receive(buffer)?
        };
        let mut seen = self.seen.borrow_mut();
        let room = if seen.blind { 0 } else { OPENING.saturating_sub(seen.opening.len()) };
        let kept = buffer.get(..count.min(room)).unwrap_or_default();
        seen.opening.extend_from_slice(kept);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let result = self.writes.bounded(&mut self.stream, self.deadline, |stream| stream.write(buffer));
        if let Err(error) = &result {
            self.seen.borrow_mut().fault = Some(error.kind());
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
