//! A server that says what it is told to, at the moment when the other end has nothing left to read.
//!
//! A server on a thread of its own would have to guess when that is, and a guess makes the same bytes do one
//! thing today and another tomorrow. So there is no such thread: each `recv` of the program passes through
//! [`recv`] here, which lets the server have its turn first. Nothing waits, and nothing depends on time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_void, size_t, ssize_t};
use socket2::SockRef;

thread_local! {
    static PEER: RefCell<Option<Peer>> = const { RefCell::new(None) };
}

/// What the server has heard and said.
#[derive(Debug, Default)]
pub struct Conversation {
    /// What the program sent, on all its connections.
    pub heard: Vec<u8>,
    /// What the server said after the final dot of a message, or the last octet that was announced.
    pub after_dot: Vec<u8>,
}

#[derive(Debug)]
struct Peer {
    listener: TcpListener,
    connection: Option<TcpStream>,
    client: RawFd,
    pieces: VecDeque<Vec<u8>>,
    talk: Conversation,
}

/// Returns the port of the server, which is the same as long as the process lives.
pub fn port() -> u16 {
    with_peer(|peer| peer.listener.local_addr().expect("the listener's address").port())
}

/// Lets `client` talk to a server that says one of these pieces whenever it is waited for, and hangs up after
/// the last one.
pub fn talk<T>(pieces: impl IntoIterator<Item = Vec<u8>>, client: impl FnOnce() -> T) -> (T, Conversation) {
    with_peer(|peer| {
        // nobody's any more, from the time before
        while peer.listener.accept().is_ok() {}
        // one without a byte would leave the program waiting until its deadline
        peer.pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    });
    let result = client();
    let talk = with_peer(|peer| {
        peer.hear();
        peer.hang_up();
        std::mem::take(&mut peer.talk)
    });
    (result, talk)
}

fn with_peer<T>(what: impl FnOnce(&mut Peer) -> T) -> T {
    PEER.with(|peer| {
        let mut peer = peer.borrow_mut();
        what(peer.get_or_insert_with(|| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.set_nonblocking(true).expect("a listener that does not wait");
            let (pieces, talk) = (VecDeque::new(), Conversation::default());
            Peer { listener, connection: None, client: -1, pieces, talk }
        }))
    })
}

impl Peer {
    /// Has its turn, before the program reads from this descriptor.
    fn turn(&mut self, client: RawFd) {
        // the number of a descriptor is used again; that of one that is open still is somebody else's
        let gone = self.hear();
        if gone || self.client != client {
            let Ok((connection, _)) = self.listener.accept() else { return };
            connection.set_nonblocking(true).expect("a connection that does not wait");
            connection.set_nodelay(true).expect("a connection that does not dally");
            self.hang_up();
            (self.connection, self.client) = (Some(connection), client);
            self.hear();
        }
        if has_something_to_read(client) {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        match self.pieces.pop_front() {
            Some(piece) => {
                if self.talk.is_after_dot() {
                    self.talk.after_dot.extend_from_slice(&piece);
                }
                // whoever has hung up hears nothing
                drop(connection.write_all(&piece));
            }
            None => drop(connection.shutdown(Shutdown::Write)),
        }
    }

    /// Takes what the program has sent, and tells whether it has hung up.
    fn hear(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return true };
        let mut buffer = [0; 16 * 1024];
        loop {
            match connection.read(&mut buffer) {
                Ok(count) if count > 0 => self.talk.heard.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                _ => return true,
            }
        }
    }

    /// Ends the connection at once: one that is closed in peace keeps its port for a minute.
    fn hang_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(SockRef::from(&connection).set_linger(Some(Duration::ZERO)));
        }
        self.client = -1;
    }
}

impl Conversation {
    /// Tells whether the program has handed a message over.
    fn is_after_dot(&self) -> bool {
        let find = |what: &[u8], from: usize| {
            let heard = self.heard.get(from..).unwrap_or_default();
            heard.windows(what.len()).position(|part| part == what).map(|at| from + at)
        };
        let by_data = find(b"\r\nDATA\r\n", 0)
            .or_else(|| find(b"DATA\r\n", 0))
            .is_some_and(|data| find(b"\r\n.\r\n", data).is_some());
        by_data || self.has_whole_chunk(&find)
    }

    /// Tells whether all octets are there that BDAT has announced (RFC 3030).
    fn has_whole_chunk(&self, find: &dyn Fn(&[u8], usize) -> Option<usize>) -> bool {
        let chunk = find(b"BDAT ", 0).zip(find(b" LAST\r\n", 0));
        let Some((from, to)) = chunk else { return false };
        let count = self.heard.get(from + 5..to).and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
        count.is_some_and(|count: usize| self.heard.len() >= to + 7 + count)
    }
}

#[allow(unsafe_code, reason = "a look without taking anything")]
fn has_something_to_read(fd: RawFd) -> bool {
    let mut byte = 0_u8;
    // SAFETY: one byte of room for one byte; the descriptor is the caller's, who is about to read from it
    let count = unsafe {
        libc::recvfrom(
            fd,
            ptr::from_mut(&mut byte).cast(),
            1,
            libc::MSG_PEEK | libc::MSG_DONTWAIT,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    count > 0
}

/// What every `recv` of this process calls in the place of libc's: the server has its turn, then it is read.
///
/// # Safety
///
/// As of recv(2): there is room for `length` bytes at `buffer`.
#[allow(unsafe_code, reason = "a function of libc, by its name")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recv(fd: c_int, buffer: *mut c_void, length: size_t, flags: c_int) -> ssize_t {
    // the server's own reading passes through here too
    let _ = PEER.try_with(|peer| {
        if let Ok(mut peer) = peer.try_borrow_mut()
            && let Some(peer) = peer.as_mut()
        {
            peer.turn(fd);
        }
    });
    // SAFETY: the arguments are those of the caller, and recv(2) is this call without an address
    unsafe { libc::recvfrom(fd, buffer, length, flags, ptr::null_mut(), ptr::null_mut()) }
}
