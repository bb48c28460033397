//! The bytes of one connection: plain or TLS, lines, flights, and the ways to write slowly.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::acceptor::{Acceptor, Secured, TlsVersion};
use super::record::End;

/// No line of SMTP is as long as this.
const LONGEST_LINE: usize = 1024 * 1024;

pub(super) struct Wire {
    stream: Stream,
    /// The same socket, for what is done beside the stream.
    tcp: TcpStream,
    shared: Arc<Shared>,
    input: Vec<u8>,
    /// How much of `input` is dealt with.
    used: usize,
    output: Vec<u8>,
    /// We flushed something since the client last spoke.
    answered: bool,
    at_end: bool,
    pub(super) flights: usize,
    pub(super) split_every_byte: bool,
}

enum Stream {
    Plain(Paced),
    Tls(Box<dyn Secured>),
    /// Taken for a handshake, which failed.
    Lost,
}

/// A line without its end.
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    pub(super) crlf: bool,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream, shared: Arc<Shared>) -> io::Result<Self> {
        // else a byte at a time would leave as few segments
        tcp.set_nodelay(true)?;
        let paced = Paced { tcp: tcp.try_clone()?, shared: Arc::clone(&shared), pause: None, foul: &[] };
        Ok(Self {
            stream: Stream::Plain(paced),
            tcp,
            shared,
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
            answered: false,
            at_end: false,
            flights: 0,
            split_every_byte: false,
        })
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Begins TLS; with a pause, each byte of the server's side of the handshake waits so long.
    ///
    /// Returns the version, where the library tells.
    pub(super) fn begin_tls(
        &mut self,
        acceptor: &Acceptor,
        pause: Option<Duration>,
    ) -> Result<Option<TlsVersion>, String> {
        let Stream::Plain(mut paced) = std::mem::replace(&mut self.stream, Stream::Lost) else {
            panic!("TLS begins once");
        };
        paced.pause = pause;
        let mut tls = acceptor.accept(paced)?;
        tls.below().pause = None;
        let version = tls.version();
        self.stream = Stream::Tls(tls);
        Ok(version)
    }

    /// Forgets what came but was not read, and says how much it was.
    pub(super) fn discard_input(&mut self) -> usize {
        let count = self.input.len() - self.used;
        self.input.clear();
        self.used = 0;
        count
    }

    /// Reads a line. What is still to be written is written first.
    pub(super) fn line(&mut self) -> Result<Line, End> {
        let mut searched = self.used;
        loop {
            if let Some(at) = self.input[searched..].iter().position(|&b| b == b'\n') {
                let end = searched + at;
                let crlf = end > self.used && self.input[end - 1] == b'\r';
                let text = self.input[self.used..end - usize::from(crlf)].to_vec();
                self.used = end + 1;
                return Ok(Line { text, crlf });
            }
            if self.input.len() - self.used > LONGEST_LINE {
                return Err(End::Server);
            }
            searched = self.input.len() - self.used;
            self.fill()?;
            searched += self.used;
        }
    }

    /// Reads exactly so many bytes.
    pub(super) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, End> {
        while self.input.len() - self.used < count {
            self.fill()?;
        }
        let bytes = self.input[self.used..self.used + count].to_vec();
        self.used += count;
        Ok(bytes)
    }

    /// What came but is not dealt with.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.input[self.used..]
    }

    /// Waits until the client said something that is not dealt with.
    pub(super) fn wait_for_input(&mut self) -> Result<&[u8], End> {
        if self.waiting().is_empty() {
            self.fill()?;
        }
        Ok(self.waiting())
    }

    /// Looks for more input without waiting for it, or for as long as the server was told to.
    pub(super) fn look_ahead(&mut self, patience: Option<Duration>) {
        if self.at_end {
            return;
        }
        // what is there already need not be waited for
        let _ = match patience.filter(|_| self.waiting().is_empty()) {
            Some(patience) => self.tcp.set_read_timeout(Some(patience)),
            None => self.tcp.set_nonblocking(true),
        };
        let mut piece = [0; 16 * 1024];
        match self.read(&mut piece) {
            Ok(0) => self.at_end = true,
            Ok(count) => self.take(&piece[..count]),
            // whatever it is, the next read that waits meets it again
            Err(_) => (),
        }
        let _ = self.tcp.set_nonblocking(false);
        let _ = self.tcp.set_read_timeout(None);
    }

    /// Nothing more will come from the client.
    pub(super) fn client_is_gone(&self) -> bool {
        self.at_end || self.tcp.take_error().ok().flatten().is_some()
    }

    fn fill(&mut self) -> Result<(), End> {
        if !self.output.is_empty() {
            // the rest of a group may be here already: its replies belong together
            let before = self.waiting().len();
            self.look_ahead(None);
            if self.waiting().len() > before {
                return Ok(());
            }
        }
        self.flush()?;
        if self.at_end {
            return Err(End::Client);
        }
        let mut piece = [0; 16 * 1024];
        match self.read(&mut piece) {
            Ok(0) => {
                self.at_end = true;
                Err(self.ended(End::Client))
            }
            Ok(count) => {
                self.take(&piece[..count]);
                Ok(())
            }
            Err(error) => Err(self.why(&error)),
        }
    }

    fn take(&mut self, piece: &[u8]) {
        if std::mem::take(&mut self.answered) {
            self.flights += 1;
        }
        if self.used == self.input.len() || self.used > 256 * 1024 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        self.input.extend_from_slice(piece);
    }

    /// Keeps bytes to be written when the server next waits for the client.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    pub(super) fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.output);
        if self.split_every_byte {
            return self.send_slowly(&bytes, None);
        }
        self.write(&bytes)
    }

    /// Writes each byte by itself, after a pause if there is one.
    pub(super) fn send_slowly(&mut self, bytes: &[u8], pause: Option<Duration>) -> Result<(), End> {
        for byte in bytes {
            if let Some(pause) = pause
                && self.shared.pause(pause)
            {
                return Err(End::Stopped);
            }
            self.write(&[*byte])?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Lost => Err(ErrorKind::NotConnected.into()),
        };
        self.answered = true;
        written.map_err(|error| self.why(&error))
    }

    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.read(piece),
            Stream::Tls(stream) => stream.read(piece),
            Stream::Lost => Ok(0),
        }
    }

    /// Takes and drops what the client sends until it goes away.
    ///
    /// Reads below TLS, so that it works in the middle of a handshake too.
    pub(super) fn drain(&mut self) -> End {
        let mut piece = [0; 16 * 1024];
        loop {
            match self.tcp.read(&mut piece) {
                Ok(0) => return self.ended(End::Client),
                Ok(_) => (),
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return self.why(&error),
            }
        }
    }

    /// Says nothing more, and lets the test know.
    pub(super) fn stall(&mut self) -> End {
        self.shared.stalls();
        self.drain()
    }

    /// Ends our side without a word, as a server that crashes does. What the client still
    /// sends is read, because closing with unread bytes would be a reset.
    pub(super) fn close(&mut self) -> End {
        self.end_writing();
        End::Server
    }

    /// Ends our side in order, and says how the client ended its own.
    pub(super) fn end_writing(&mut self) -> End {
        let _ = self.tcp.shutdown(Shutdown::Write);
        self.drain()
    }

    /// Ends our side as it should be, with the closing words of TLS.
    pub(super) fn close_politely(&mut self) -> End {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.say_goodbye();
        }
        self.close()
    }

    /// Ends our side with a fatal alert (RFC 8446, section 6.2), encrypted like everything before it.
    ///
    /// No library sends one when asked, but each does when it reads what cannot be decrypted.
    pub(super) fn close_with_alert(&mut self) -> End {
        // application data that nobody has encrypted
        const FOUL: &[u8] =
            &[23, 3, 3, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        if let Stream::Tls(stream) = &mut self.stream {
            stream.below().foul = FOUL;
            let mut piece = [0; 16 * 1024];
            while matches!(stream.read(&mut piece), Ok(1..)) {}
        }
        self.close()
    }

    /// Writes these bytes below TLS, and ends our side.
    pub(super) fn close_below(&mut self, bytes: &[u8]) -> End {
        let _ = self.tcp.write_all(bytes);
        self.close()
    }

    /// Makes the end of this connection a TCP reset.
    pub(super) fn reset(&mut self) -> End {
        let _ = socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
        End::Server
    }

    fn why(&self, error: &io::Error) -> End {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => self.ended(End::ClientReset),
            _ => self.ended(End::Client),
        }
    }

    fn ended(&self, end: End) -> End {
        if self.shared.is_stopped() { End::Stopped } else { end }
    }
}

/// A socket that can be told to write one byte at a time, and to read what nobody sent.
pub(super) struct Paced {
    tcp: TcpStream,
    shared: Arc<Shared>,
    pause: Option<Duration>,
    /// Read before anything else.
    foul: &'static [u8],
}

impl Read for Paced {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.foul.is_empty() {
            return self.foul.read(buffer);
        }
        self.tcp.read(buffer)
    }
}

impl Write for Paced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(pause) = self.pause else {
            return self.tcp.write(bytes);
        };
        if self.shared.pause(pause) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        self.tcp.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
