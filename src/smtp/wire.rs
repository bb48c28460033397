//! The connection itself: names to addresses, addresses to a socket, and a socket that knows the
//! deadline.
//!
//! Everything that can wait is bounded by the one [`Deadline`]: the resolver, every address, every
//! read and every write. Time limits of the socket are set anew before each call, so a server that
//! drips one byte a second gains nothing.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;

/// How long a connection attempt has the field to itself before the next address is tried beside
/// it (RFC 8305, section 5: "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How many of the first bytes of the peer are kept for diagnosis; the server's whole first flight
/// of a TLS handshake fits.
const OPENING: usize = 16 * 1024;

/// Turns a host name into addresses, in the order in which they should be tried.
pub(super) fn resolve(host: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // the resolver of the system cannot be given a time limit: it works in a thread that is left
    // behind when the deadline comes first
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    thread::Builder::new().spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // nobody listens any more after the deadline
        let _ = sender.send(found);
    })?;
    let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
    let found = receiver.recv_timeout(left).map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
    if found.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, "the name has no address"));
    }
    Ok(interleave(found))
}

/// Lets the two families take turns, beginning with the one the system put first (RFC 8305,
/// section 4), so that a family without a route costs one attempt and not all.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    loop {
        let turn = [first.next(), second.next()];
        if turn == [None, None] {
            return mixed;
        }
        mixed.extend(turn.into_iter().flatten());
    }
}

/// Why none of the addresses could be connected to.
#[derive(Debug)]
pub(super) struct ConnectError {
    /// Each address that was tried, and what became of it.
    pub(super) attempts: Vec<(SocketAddr, io::Error)>,
}

/// Connects to the first address that answers; a dead one does not eat the time of the next.
pub(super) fn connect(addresses: &[SocketAddr], deadline: Deadline) -> Result<TcpStream, ConnectError> {
    let stream = match addresses {
        [one] => connect_one(*one, deadline).map_err(|e| ConnectError { attempts: vec![(*one, e)] })?,
        several => connect_any(several, deadline)?,
    };
    // a group of commands is one write; waiting for more to fill a packet would only cost time
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn connect_one(address: SocketAddr, deadline: Deadline) -> io::Result<TcpStream> {
    let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
    TcpStream::connect_timeout(&address, left)
}

fn connect_any(addresses: &[SocketAddr], deadline: Deadline) -> Result<TcpStream, ConnectError> {
    let (sender, receiver) = mpsc::channel();
    let mut waiting = addresses.iter().copied();
    let mut attempts: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut running: Vec<SocketAddr> = Vec::new();
    loop {
        let next = waiting.next();
        if let Some(address) = next {
            let sender = sender.clone();
            let started = thread::Builder::new().spawn(move || {
                // a connection that comes second is closed by being dropped here
                let _ = sender.send((address, connect_one(address, deadline)));
            });
            match started {
                Ok(_) => running.push(address),
                Err(error) => attempts.push((address, error)),
            }
        }
        if running.is_empty() && waiting.len() == 0 {
            return Err(ConnectError { attempts });
        }
        let left = deadline.remaining().unwrap_or(Duration::ZERO);
        let patience = if waiting.len() == 0 { left } else { left.min(ATTEMPT_DELAY) };
        match receiver.recv_timeout(patience) {
            Ok((_, Ok(stream))) => return Ok(stream),
            Ok((address, Err(error))) => {
                running.retain(|other| *other != address);
                attempts.push((address, error));
            }
            Err(RecvTimeoutError::Timeout) if deadline.remaining().is_some() => {}
            Err(_) => {
                let late = |address| (address, io::Error::from(ErrorKind::TimedOut));
                attempts.extend(running.into_iter().chain(waiting).map(late));
                return Err(ConnectError { attempts });
            }
        }
    }
}

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
    seen: Rc<RefCell<Seen>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, deadline: Deadline) -> Self {
        Self { stream, deadline, seen: Rc::default() }
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
        mut call: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        let result = loop {
            let Some(left) = self.deadline.remaining() else { break Err(ErrorKind::TimedOut.into()) };
            if let Err(error) = limit(&self.stream, Some(left)) {
                break Err(error);
            }
            match call(&mut self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // the kernel says "would block" when a time limit of the socket has passed; under
                // TLS that would mean "try again", which is not what is meant
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Err(ErrorKind::TimedOut.into()),
                other => break other,
            }
        };
        if let Err(error) = &result {
            self.seen.borrow_mut().fault = Some(error.kind());
        }
        result
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bounded(TcpStream::set_read_timeout, |stream| stream.read(buffer))?;
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

#[cfg(test)]
mod tests {
    use super::interleave;

    #[test]
    fn the_families_take_turns_and_the_first_stays_first() {
        let parse = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<_>>();
        let given = parse(&["[::1]:25", "[::2]:25", "[::3]:25", "127.0.0.1:25", "127.0.0.2:25"]);
        let wanted = parse(&["[::1]:25", "127.0.0.1:25", "[::2]:25", "127.0.0.2:25", "[::3]:25"]);
        assert_eq!(interleave(given), wanted);
        assert!(interleave(Vec::new()).is_empty());
    }
}
