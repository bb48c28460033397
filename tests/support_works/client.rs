//! As little of a client as it takes to talk to the server, rightly or wrongly.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::smtp_server::SmtpServer;

pub(super) struct Client {
    stream: Option<Stream>,
    tcp: TcpStream,
    input: Vec<u8>,
}

enum Stream {
    Plain(TcpStream),
    Tls(native_tls::TlsStream<TcpStream>),
}

impl Client {
    pub(super) fn connect(server: &SmtpServer) -> Self {
        let tcp = TcpStream::connect(server.address()).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self { stream: Some(Stream::Plain(tcp.try_clone().unwrap())), tcp, input: Vec::new() }
    }

    /// Connects and says hello.
    pub(super) fn greet(server: &SmtpServer) -> Self {
        let mut client = Self::connect(server);
        client.expect("220");
        client.ask("EHLO client.test\r\n", "250");
        client
    }

    /// Begins TLS, trusting everybody.
    pub(super) fn begin_tls(&mut self) {
        let Some(Stream::Plain(tcp)) = self.stream.take() else {
            panic!("TLS begins once");
        };
        let connector =
            native_tls::TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();
        self.stream = Some(Stream::Tls(connector.connect("localhost", tcp).unwrap()));
    }

    pub(super) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        match self.stream.as_mut().unwrap() {
            Stream::Plain(stream) => stream.write_all(bytes).unwrap(),
            Stream::Tls(stream) => stream.write_all(bytes).unwrap(),
        }
    }

    /// Reads one reply, which has to begin so.
    #[track_caller]
    pub(super) fn expect(&mut self, start: &str) -> String {
        let reply = self.reply().expect("a reply");
        assert!(reply.starts_with(start), "not {start}: {reply:?}");
        reply
    }

    #[track_caller]
    pub(super) fn ask(&mut self, bytes: impl AsRef<[u8]>, start: &str) -> String {
        self.say(bytes);
        self.expect(start)
    }

    /// One reply, all its lines, as it came.
    pub(super) fn reply(&mut self) -> io::Result<String> {
        let mut from = 0;
        loop {
            if let Some(at) = self.input[from..].iter().position(|&b| b == b'\n') {
                let line = &self.input[from..=from + at];
                let last = line.get(3) != Some(&b'-');
                from += at + 1;
                if last {
                    let reply: Vec<u8> = self.input.drain(..from).collect();
                    return Ok(String::from_utf8_lossy(&reply).into_owned());
                }
                continue;
            }
            if self.read()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut piece = [0; 4096];
        let count = match self.stream.as_mut().unwrap() {
            Stream::Plain(stream) => stream.read(&mut piece),
            Stream::Tls(stream) => stream.read(&mut piece),
        }?;
        self.input.extend_from_slice(&piece[..count]);
        Ok(count)
    }

    /// What came but was not asked for.
    pub(super) fn left_over(&self) -> &[u8] {
        &self.input
    }

    /// Whether nothing comes for a moment.
    pub(super) fn hears_nothing(&mut self) -> bool {
        self.tcp.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let read = self.read();
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    pub(super) fn quit(mut self) {
        self.ask("QUIT\r\n", "221");
    }
}
