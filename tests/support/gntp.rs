//! A receiver of Growl's notices for tests: strict about what it is sent, scripted where told, and
//! with a memory of everything that came.
//!
//! It reads as Growl for Linux does, which takes a piece of 1024 bytes that ends with a blank line
//! for the end of a request. What it checks passwords with is the program openssl, which has
//! nothing in common with ours.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything is waited for before it is given up.
const PATIENCE: Duration = Duration::from_secs(20);
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// What the receiver does on one connection.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Reads the request, and answers as a good receiver does.
    Right,
    /// Reads the request, says this, and closes.
    Say(Vec<u8>),
    /// The same, a byte at a time.
    InPieces(Vec<u8>),
    /// Says this at once, and closes before it has read the request: the system resets the connection.
    SayUnread(Vec<u8>),
    /// Reads the request, says this, and then never closes.
    Hold(Vec<u8>),
    /// Reads the request, and then says this again and again without an end.
    Flood(Vec<u8>),
    /// Reads the request, and then says one byte of this after each pause, round and round.
    Drip(Vec<u8>, Duration),
}

impl Act {
    pub(crate) fn say(text: &str) -> Self {
        Self::Say(text.as_bytes().to_vec())
    }

    /// An error as GNTP has it.
    pub(crate) fn error(code: u16) -> Self {
        Self::say(&error(code, "said the receiver"))
    }
}

fn error(code: u16, words: &str) -> String {
    format!("GNTP/1.0 -ERROR NONE\r\nError-Code: {code}\r\nError-Description: {words}\r\n\r\n")
}

/// One request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) command: String,
    /// Algorithm, hash of the key, and salt, as they were written.
    pub(crate) proof: Option<(String, String, String)>,
    /// The headers: first those of the request, then those of each notification.
    pub(crate) blocks: Vec<Vec<(String, String)>>,
    /// The resources, by their identifier.
    pub(crate) resources: Vec<(String, Vec<u8>)>,
}

impl Request {
    /// The one value of a header of the request.
    pub(crate) fn header(&self, name: &str) -> &str {
        value(&self.blocks[0], name).unwrap_or_else(|| panic!("no {name} in {:?}", self.blocks[0]))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let first = line(&mut rest)?;
        let words: Vec<&str> = first.split(' ').collect();
        let (command, proof) = match words[..] {
            ["GNTP/1.0", command, "NONE"] => (command, None),
            ["GNTP/1.0", command, "NONE", proof] => (command, Some(proof)),
            _ => return Err(format!("first line {first:?}")),
        };
        let proof = match proof {
            None => None,
            Some(proof) => {
                let (algorithm, rest) = proof.split_once(':').ok_or("no algorithm")?;
                let (hash, salt) = rest.split_once('.').ok_or("no salt")?;
                Some((algorithm.to_owned(), hash.to_owned(), salt.to_owned()))
            }
        };
        let mut request = Self { command: command.to_owned(), proof, blocks: vec![], resources: vec![] };
        request.blocks.push(block(&mut rest)?);
        let count = match value(&request.blocks[0], "Notifications-Count") {
            Some(count) => count.parse().map_err(|_| "count")?,
            None => 0,
        };
        for _ in 0..count {
            request.blocks.push(block(&mut rest)?);
        }
        while !rest.is_empty() {
            let head = block(&mut rest)?;
            let id = value(&head, "Identifier").ok_or("a resource without identifier")?;
            let length: usize = value(&head, "Length").ok_or("no length")?.parse().map_err(|_| "length")?;
            let data = rest.get(..length).ok_or("a resource is cut")?;
            rest = rest[length..].strip_prefix(BLANK_LINE).ok_or("a length that is wrong")?;
            request.resources.push((id.to_owned(), data.to_vec()));
        }
        Ok(request)
    }

    /// What a good receiver has against this request.
    fn fault(&self, registered: &[String]) -> Option<String> {
        let every = |names: &[&str], block: &[(String, String)]| {
            names.iter().find(|name| value(block, name).is_none()).map(|name| error(303, name))
        };
        let pictures = self.blocks.iter().flatten().filter(|(name, _)| name.ends_with("-Icon"));
        let pictures =
            pictures.map(|(_, value)| value.strip_prefix("x-growl-resource://").expect("embedded"));
        for id in pictures {
            if !self.resources.iter().any(|(known, _)| known == id) {
                return Some(error(300, "a picture is missing"));
            }
        }
        match self.command.as_str() {
            "REGISTER" => every(&["Application-Name", "Notifications-Count"], &self.blocks[0])
                .or_else(|| self.blocks[1..].iter().find_map(|block| every(&["Notification-Name"], block))),
            "NOTIFY" => {
                let names =
                    ["Application-Name", "Notification-Name", "Notification-Title", "Notification-Text"];
                let missing = every(&names, &self.blocks[0]);
                let known = |name: &str| registered.iter().any(|known| known == name);
                missing.or_else(|| match () {
                    () if registered.is_empty() => Some(error(401, "who are you?")),
                    () if !known(self.header("Notification-Name")) => Some(error(402, "what is that?")),
                    () => None,
                })
            }
            _ => Some(error(300, "no such command")),
        }
    }
}

fn value<'a>(block: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = block.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let first = found.next();
    assert!(found.next().is_none(), "{name} is there twice");
    first
}

/// Takes one line, which ends with CRLF.
fn line(rest: &mut &[u8]) -> Result<String, String> {
    let end = rest.windows(2).position(|two| two == b"\r\n").ok_or("a line does not end")?;
    let line = std::str::from_utf8(&rest[..end]).map_err(|_| "a line is not UTF-8")?;
    *rest = &rest[end + 2..];
    if line.contains(['\r', '\0']) { Err(format!("a line with CR: {line:?}")) } else { Ok(line.to_owned()) }
}

/// Takes headers up to a blank line.
fn block(rest: &mut &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    loop {
        let line = line(rest)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(": ").ok_or(format!("no header: {line:?}"))?;
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("no name of a header: {name:?}"));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// A running receiver.
pub(crate) struct GntpServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    password: Option<String>,
    /// Whether a wrong password is answered by closing, as one receiver does.
    mute: bool,
    /// What to do on the next connections; afterwards what is right.
    script: VecDeque<Act>,
    /// What to do when the script is over.
    always: Option<Act>,
    registered: Vec<String>,
    requests: Vec<Vec<u8>>,
    stopped: bool,
}

impl GntpServer {
    /// A receiver that takes everything that is right.
    pub(crate) fn start() -> Self {
        Self::with(Shared::default())
    }

    /// One that takes only who knows this password, and says 400 to others.
    pub(crate) fn with_password(password: &str) -> Self {
        Self::with(Shared { password: Some(password.to_owned()), ..Shared::default() })
    }

    /// The same, and it closes the connection without a word on others.
    pub(crate) fn mute_with_password(password: &str) -> Self {
        Self::with(Shared { password: Some(password.to_owned()), mute: true, ..Shared::default() })
    }

    /// One that does this on its first connections, and then what is right.
    pub(crate) fn scripted(script: impl IntoIterator<Item = Act>) -> Self {
        Self::with(Shared { script: script.into_iter().collect(), ..Shared::default() })
    }

    /// One that does this on every connection.
    pub(crate) fn always(act: Act) -> Self {
        Self::with(Shared { always: Some(act), ..Shared::default() })
    }

    fn with(shared: Shared) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(shared));
        let its = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            for stream in listener.incoming() {
                if its.lock().unwrap().stopped {
                    return;
                }
                // a client may go away at any moment
                let _ = serve(&mut stream.unwrap(), &its);
            }
        });
        Self { address, shared, listener: Some(listener) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The entry `growl` of a task for this receiver, with these keys more.
    pub(crate) fn entry(&self, more: &Value) -> Value {
        let mut entry = json!({ "host": "127.0.0.1", "port": self.port() });
        for (key, value) in more.as_object().into_iter().flatten() {
            entry[key] = value.clone();
        }
        entry
    }

    /// Every request so far, as it came.
    pub(crate) fn raw(&self) -> Vec<Vec<u8>> {
        self.shared.lock().unwrap().requests.clone()
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let begun = Instant::now();
        while self.raw().len() < count {
            assert!(begun.elapsed() < PATIENCE, "not so many requests: {:?}", self.commands());
            thread::yield_now();
        }
    }

    /// Every request so far; each has to be right in form.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let parse = |raw: &Vec<u8>| {
            Request::parse(raw).unwrap_or_else(|fault| panic!("{fault}: {:?}", String::from_utf8_lossy(raw)))
        };
        self.raw().iter().map(parse).collect()
    }

    /// The commands so far.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.command).collect()
    }
}

impl Drop for GntpServer {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner).stopped = true;
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let ended = listener.join();
            assert!(ended.is_ok() || thread::panicking(), "the receiver panicked");
        }
    }
}

fn serve(stream: &mut TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let act = {
        let mut shared = shared.lock().unwrap();
        let next = shared.script.pop_front();
        next.or_else(|| shared.always.clone()).unwrap_or(Act::Right)
    };
    if let Act::SayUnread(answer) = act {
        // one byte is there, so that what is left unread makes the system reset the connection
        stream.peek(&mut [0])?;
        return stream.write_all(&answer);
    }
    let request = read(stream)?;
    shared.lock().unwrap().requests.push(request.clone());
    match act {
        Act::Right => {
            let answer = right(&request, &mut shared.lock().unwrap());
            stream.write_all(answer.as_bytes())
        }
        Act::Say(answer) => stream.write_all(&answer),
        Act::InPieces(answer) => answer.chunks(1).try_for_each(|byte| stream.write_all(byte)),
        Act::Hold(answer) => {
            stream.write_all(&answer)?;
            // until the other end closes
            stream.read(&mut [0]).map(|_| ())
        }
        Act::Flood(answer) => loop {
            stream.write_all(&answer)?;
        },
        Act::Drip(answer, pause) => {
            for byte in answer.iter().cycle() {
                stream.write_all(&[*byte])?;
                thread::sleep(pause);
            }
            Ok(())
        }
        Act::SayUnread(_) => unreachable!(),
    }
}

/// Reads as Growl for Linux does.
fn read(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => request.extend_from_slice(&piece[..count]),
            Err(error) => return Err(error),
        }
        if request.ends_with(BLANK_LINE) {
            return Ok(request);
        }
    }
}

/// What a good receiver answers.
fn right(raw: &[u8], shared: &mut Shared) -> String {
    let request = match Request::parse(raw) {
        Ok(request) => request,
        Err(fault) => return error(300, &fault),
    };
    if let Some(password) = &shared.password
        && !request.proof.as_ref().is_some_and(|proof| knows(password, proof))
    {
        return if shared.mute { String::new() } else { error(400, "wrong password") };
    }
    if let Some(fault) = request.fault(&shared.registered) {
        return fault;
    }
    if request.command == "REGISTER" {
        let name = |block: &Vec<_>| value(block, "Notification-Name").unwrap().to_owned();
        shared.registered = request.blocks[1..].iter().map(name).collect();
    }
    format!("GNTP/1.0 -OK NONE\r\nResponse-Action: {}\r\n\r\n", request.command)
}

/// Tells whether a proof was made by somebody who knows the password.
fn knows(password: &str, (algorithm, hash, salt): &(String, String, String)) -> bool {
    let salt = unhex(salt);
    assert!((4..=16).contains(&salt.len()), "a salt of {} bytes", salt.len());
    let key = openssl(algorithm, &[password.as_bytes(), &salt].concat());
    unhex(hash) == openssl(algorithm, &key)
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2) && text.is_ascii(), "no hex: {text}");
    let byte = |n: usize| u8::from_str_radix(&text[n..n + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The hash of some bytes, by the program openssl.
fn openssl(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(["dgst", "-binary", &format!("-{}", algorithm.to_lowercase())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl dgst -{algorithm}");
    output.stdout
}
