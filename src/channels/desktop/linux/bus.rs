//! A connection to a bus, from its address to answers; nothing waits beyond the deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::address::Place;
use super::fault::{Fault, Step};
use super::message::{self, HEAD, Head, Kind, Message, Method};
use crate::deadline::Deadline;
use crate::text::{hex, io_words};

/// How many messages are read before an answer: there are signals among them, but no more than a few.
const MESSAGES: usize = 1000;
/// The longest line while signing in (D-Bus specification, "Authentication Protocol": libdbus takes
/// 16 KiB).
const LINE: usize = 16 << 10;

/// A connection to a bus that has let us in.
#[derive(Debug)]
pub(super) struct Bus {
    stream: UnixStream,
    deadline: Deadline,
    /// The calls that are not sent yet.
    unsent: Vec<u8>,
    /// What has come and was not looked at yet.
    unread: Vec<u8>,
    /// The serial number of the last call.
    serial: u32,
}

/// A call that was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called {
    serial: u32,
    step: Step,
}

impl Bus {
    /// Connects to the bus at a place, which has to be run by `user`, and signs in.
    pub(super) fn open(place: &Place, user: u32, deadline: Deadline) -> Result<Self, Fault> {
        let stream = reach(place, deadline)?;
        let peer = socket_peercred(&stream)
            .map_err(|errno| Fault::Connect { place: place.shown(), why: io_words(&errno.into()) })?;
        if peer.uid.as_raw() != user {
            return Err(Fault::Foreign { place: place.shown(), user: peer.uid.as_raw() });
        }
        let mut bus = Self { stream, deadline, unsent: Vec::new(), unread: Vec::new(), serial: 0 };
        bus.sign_in(user)?;
        Ok(bus)
    }

    /// Takes another deadline for what comes after.
    pub(super) fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Proves by the socket itself who we are (D-Bus specification, "EXTERNAL"). The line that ends this
    /// goes out with the first calls.
    fn sign_in(&mut self, user: u32) -> Result<(), Fault> {
        let name = hex(user.to_string().as_bytes());
        self.unsent.extend(format!("\0AUTH EXTERNAL {name}\r\n").bytes());
        self.send(Step::SignIn)?;
        let line = self.line()?;
        let (word, said) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "OK" => {
                self.unsent.extend(b"BEGIN\r\n");
                Ok(())
            }
            "REJECTED" => {
                let ways = if said.is_empty() { String::new() } else { format!(", it offers {said}") };
                Err(Fault::LetIn { said: format!("REJECTED{ways}") })
            }
            "ERROR" => Err(Fault::LetIn { said: line.clone() }),
            _ => Err(Fault::Garbage { step: Step::SignIn, why: line.clone() }),
        }
    }

    /// Makes a call; it goes out when an answer is waited for.
    pub(super) fn call(&mut self, step: Step, method: &Method, body: &[u8]) -> Result<Called, Fault> {
        self.serial = self.serial.wrapping_add(1).max(1);
        let message = message::call(self.serial, method, body)
            .ok_or_else(|| Fault::Own { what: "the notice cannot be written as D-Bus".to_owned() })?;
        self.unsent.extend(message);
        Ok(Called { serial: self.serial, step })
    }

    /// Waits for the answer to a call; what comes before it is left aside.
    pub(super) fn answer(&mut self, called: Called) -> Result<Message, Fault> {
        let Called { serial, step } = called;
        self.send(step)?;
        for _ in 0..MESSAGES {
            let message = self.message(step)?;
            if message.answers != Some(serial) {
                continue;
            }
            match &message.kind {
                Kind::Return => return Ok(message),
                Kind::Error(name) => {
                    let said = message.said().unwrap_or_default();
                    return Err(Fault::Answered { step, name: name.clone(), said });
                }
                Kind::Other => {}
            }
        }
        Err(Fault::Garbage { step, why: format!("{MESSAGES} messages, and none is the answer") })
    }

    fn message(&mut self, step: Step) -> Result<Message, Fault> {
        let wrong = |why: &str| Fault::Garbage { step, why: why.to_owned() };
        let head = self.take(HEAD, step)?;
        let head = <[u8; HEAD]>::try_from(head).map_err(|_| wrong("it is too short"))?;
        let head = Head::read(head).map_err(wrong)?;
        let rest = self.take(head.rest, step)?;
        Message::read(head, &rest).map_err(wrong)
    }

    /// Reads a line, without its end.
    fn line(&mut self) -> Result<String, Fault> {
        let wrong = |why: &str| Fault::Garbage { step: Step::SignIn, why: why.to_owned() };
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..end.saturating_add(2)).collect();
                let line = line.get(..end).unwrap_or_default();
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.unread.len() > LINE {
                return Err(wrong("a line without an end"));
            }
            self.more(Step::SignIn)?;
        }
    }

    /// Reads so many bytes.
    fn take(&mut self, size: usize, step: Step) -> Result<Vec<u8>, Fault> {
        while self.unread.len() < size {
            self.more(step)?;
        }
        Ok(self.unread.drain(..size).collect())
    }

    /// Reads what is there, and waits for it.
    fn more(&mut self, step: Step) -> Result<(), Fault> {
        let mut buffer = [0; 4096];
        loop {
            let left = self.left(step)?;
            let read = self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(&mut buffer));
            match read {
                Ok(0) => return Err(Fault::Closed { step }),
                Ok(size) => {
                    self.unread.extend(buffer.get(..size).unwrap_or_default());
                    return Ok(());
                }
                Err(error) => self.passing(step, &error)?,
            }
        }
    }

    /// Sends the calls that were made, as soon as the bus takes them.
    fn send(&mut self, step: Step) -> Result<(), Fault> {
        while !self.unsent.is_empty() {
            let left = self.left(step)?;
            let sent =
                self.stream.set_write_timeout(Some(left)).and_then(|()| self.stream.write(&self.unsent));
            match sent {
                Ok(0) => return Err(Fault::Closed { step }),
                Ok(size) => drop(self.unsent.drain(..size.min(self.unsent.len()))),
                Err(error) => self.passing(step, &error)?,
            }
        }
        Ok(())
    }

    /// Tells whether to go on after an error; the deadline is looked at before the next attempt.
    fn passing(&self, step: Step, error: &io::Error) -> Result<(), Fault> {
        match error.kind() {
            ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => self.left(step).map(drop),
            _ => Err(Fault::Closed { step }),
        }
    }

    fn left(&self, step: Step) -> Result<Duration, Fault> {
        self.deadline.remaining().ok_or_else(|| timed_out(step, self.deadline))
    }
}

/// Says that the time was over, in the words of its whole length.
pub(super) fn timed_out(step: Step, deadline: Deadline) -> Fault {
    if let Some(signal) = deadline.over().signal() {
        return Fault::Interrupted { by: signal.to_owned() };
    }
    let tenths = u64::try_from(deadline.length().as_millis() / 100).unwrap_or(u64::MAX);
    Fault::TimedOut { step, tenths }
}

/// Connects to a place. Where many wait already, that waits too; the kernel ends it in time
/// (socket(7), `SO_SNDTIMEO`).
fn reach(place: &Place, deadline: Deadline) -> Result<UnixStream, Fault> {
    let failed = |errno: Errno| match errno {
        Errno::NOENT | Errno::NOTDIR => Fault::NoBus { place: place.shown() },
        // nobody holds an abstract name, or the socket was left behind
        Errno::CONNREFUSED if matches!(place, Place::Abstract(_)) => Fault::NoBus { place: place.shown() },
        Errno::AGAIN => timed_out(Step::Connect, deadline),
        errno => Fault::Connect { place: place.shown(), why: io_words(&errno.into()) },
    };
    let address = match place {
        Place::Path(path) => SocketAddrUnix::new(path.as_path()),
        Place::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
    };
    let address = address.map_err(failed)?;
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
    loop {
        let left = deadline.remaining().ok_or_else(|| timed_out(Step::Connect, deadline))?;
        set_socket_timeout(socket.as_fd(), Timeout::Send, Some(left)).map_err(failed)?;
        match connect(&socket, &address) {
            Ok(()) => return Ok(UnixStream::from(socket)),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
}
