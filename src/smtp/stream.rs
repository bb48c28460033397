//! The connection of a session, in clear or under TLS, as one thing to read from and write to.

use std::io::{self, ErrorKind, Read, Write};

use native_tls::TlsStream;

use crate::smtp::wire::Wire;

/// The connection, in clear or under TLS.
pub(super) enum Stream {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
    /// Between the two, or lost on the way from one to the other.
    Gone,
}

impl Stream {
    /// Returns the socket underneath.
    pub(super) fn wire(&self) -> Option<&Wire> {
        match self {
            Self::Plain(wire) => Some(wire),
            Self::Tls(stream) => Some(stream.get_ref()),
            Self::Gone => None,
        }
    }

    /// Lets the reads from now on take what has come in and wait for nothing, or wait again.
    pub(super) fn set_at_once(&mut self, at_once: bool) {
        match self {
            Self::Plain(wire) => wire.set_at_once(at_once),
            Self::Tls(stream) => stream.get_mut().set_at_once(at_once),
            Self::Gone => {}
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Gone => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
            Self::Gone => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(wire) => wire.flush(),
            Self::Tls(stream) => stream.flush(),
            Self::Gone => Ok(()),
        }
    }
}
