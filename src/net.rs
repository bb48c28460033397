//! From a name to a connected socket, within the deadline.
//!
//! The resolver and every address are bounded by the one [`Deadline`]; a family of addresses that
//! leads nowhere costs one attempt and not all.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::deadline::Deadline;
use crate::text::io_words;

/// How long a connection attempt has the field to itself before the next address is tried beside
/// it (RFC 8305, section 5: "Connection Attempt Delay").
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Turns a host name into addresses, in the order in which they should be tried.
pub(crate) fn resolve(host: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
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
    let found = deadline.receive(&receiver).map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
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
pub(crate) struct ConnectError {
    /// Each address that was tried, and what became of it.
    pub(crate) attempts: Vec<(SocketAddr, io::Error)>,
}

/// Connects to the first address that answers; a dead one does not eat the time of the next.
pub(crate) fn connect(addresses: &[SocketAddr], deadline: Deadline) -> Result<TcpStream, ConnectError> {
    let stream = match addresses {
        [one] => connect_one(*one, deadline).map_err(|e| ConnectError { attempts: vec![(*one, e)] })?,
        several => connect_any(several, deadline)?,
    };
    // a group of commands is one write; waiting for more to fill a packet would only cost time
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn connect_one(address: SocketAddr, deadline: Deadline) -> io::Result<TcpStream> {
    deadline.remaining().ok_or(ErrorKind::TimedOut)?;
    let stream: TcpStream =
        Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?.into();
    // one call each, where socket2 makes two
    stream.set_nonblocking(true)?;
    let socket = SockRef::from(&stream);
    match socket.connect(&address.into()) {
        Err(error) if is_under_way(&error) => connected(&socket, deadline)?,
        other => other?,
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Tells whether a connection is being made meanwhile, as connect(2) says it.
fn is_under_way(error: &io::Error) -> bool {
    let codes = [Errno::EINPROGRESS, Errno::EINTR];
    error.raw_os_error().is_some_and(|code| codes.contains(&Errno::from_raw(code)))
}

/// Waits until a connection is made. What std has for it goes on waiting after a signal.
fn connected(socket: &Socket, deadline: Deadline) -> io::Result<()> {
    loop {
        let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
        // one of none would return at once, again and again; a longer one than poll(2) takes is cut
        let left = PollTimeout::try_from(left.max(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)], left) {
            Ok(0) | Err(Errno::EINTR | Errno::EAGAIN) => {}
            Ok(_) => return socket.take_error()?.map_or(Ok(()), Err),
            Err(error) => return Err(error.into()),
        }
    }
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
        let patience = if waiting.len() == 0 { deadline } else { deadline.at_most(ATTEMPT_DELAY) };
        match patience.receive(&receiver) {
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

/// One of the two time limits of a socket, as it was set last.
#[derive(Debug)]
pub(crate) struct Limit {
    set: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
    now: Option<Duration>,
}

impl Limit {
    /// The one for reading, of a socket that has none yet.
    pub(crate) fn of_reads() -> Self {
        Self { set: TcpStream::set_read_timeout, now: None }
    }

    /// The one for writing, of a socket that has none yet.
    pub(crate) fn of_writes() -> Self {
        Self { set: TcpStream::set_write_timeout, now: None }
    }

    fn set(&mut self, stream: &TcpStream, limit: Duration) -> io::Result<()> {
        match (self.set)(stream, Some(limit)) {
            // so macOS says that the other end has cut the connection: nothing waits for it any more, and
            // what it said before can still be read
            Err(error) if error.kind() == ErrorKind::InvalidInput => return Ok(()),
            set => set?,
        }
        self.now = Some(limit);
        Ok(())
    }

    /// Does one call of a socket within what is left of the time: a peer that drips one byte a second gains
    /// nothing.
    ///
    /// No call is ever made with a limit beyond the deadline. Half of what is left is enough for many calls,
    /// and only one that waits for longer is made again, with all of it.
    pub(crate) fn bounded<T>(
        &mut self,
        stream: &mut TcpStream,
        deadline: Deadline,
        mut call: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut waited = false;
        loop {
            let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
            if waited {
                self.set(stream, left)?;
            } else if self.now.is_none_or(|now| now > left) {
                // one of none would be an error
                self.set(stream, Some(left / 2).filter(|half| !half.is_zero()).unwrap_or(left))?;
            }
            match call(stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // so the kernel says that a time limit of the socket has passed; under TLS that would mean
                // "try again", which is not what is meant
                Err(error) if error.kind() == ErrorKind::WouldBlock => waited = true,
                other => return other,
            }
        }
    }
}

/// Returns what the resolver says, without Rust's own preamble.
pub(crate) fn lookup_words(error: &io::Error) -> String {
    let said = io_words(error);
    said.rsplit(": ").next().unwrap_or(&said).to_owned()
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
