//! An SMTP server for tests: correct and strict unless told otherwise, scripted where told,
//! and with a memory of everything that came.
//!
//! It listens on a port of its own, talks in threads, and stops when dropped. It waits for
//! sockets and conditions, never for time to pass, except where a test asks for slowness.

mod acceptor;
mod auth;
mod builder;
mod ports;
mod record;
mod replies;
mod rules;
mod script;
mod session;
mod transaction;
mod wire;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use acceptor::TlsVersion;
pub(crate) use auth::cram_md5;
pub(crate) use builder::{Builder, Mode};
pub(crate) use ports::{ClosedPort, SilentPort, closed_port, silent_port};
pub(crate) use record::{Command, End, Envelope, Handshake, Recipient, SessionRecord, SignIn};
pub(crate) use script::{Action, Quirk, Stage};

use builder::Config;
use session::Session;
use wire::Wire;

/// How long a test waits for clients to go away before it says that one did not.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

/// What the threads of a server have in common.
struct Shared {
    config: Config,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// The faults of the script are over.
    mended: bool,
    /// Sessions that still talk.
    live: usize,
    records: Vec<Arc<Mutex<SessionRecord>>>,
    /// Their sockets, to be closed under them when the server stops.
    sockets: HashMap<usize, TcpStream>,
    threads: Vec<JoinHandle<()>>,
    /// How many clients were left without an answer by [`Action::Stall`].
    stalled: usize,
    /// Connections of our own that were made to see that all before them were accepted.
    barriers: HashSet<SocketAddr>,
}

impl SmtpServer {
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    fn start(config: Config, address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a port to listen on");
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { config, state: Mutex::default(), changed: Condvar::new() });
        let listening = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.accept(&listener))
        };
        Self { address, shared, listener: Some(listening) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn host(&self) -> String {
        self.address.ip().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The `account` of a task that names this server in full.
    ///
    /// `auth` is one of the words of the task file: `password`, `xoauth2`, `oauthbearer`,
    /// `none`.
    pub(crate) fn account(&self, user: &str, auth: &str) -> Value {
        json!({ "host": self.host(), "port": self.port(), "user": user, "auth": auth })
    }

    /// All sessions so far, once every client has gone away.
    ///
    /// Fails the test when one stays: use [`SmtpServer::snapshot`] while a client is connected.
    pub(crate) fn sessions(&self) -> Vec<SessionRecord> {
        self.sessions_within(PATIENCE)
    }

    /// The same, with this patience for clients that stay.
    pub(crate) fn sessions_within(&self, limit: Duration) -> Vec<SessionRecord> {
        self.wait_for_clients_to_leave(limit);
        self.snapshot()
    }

    /// Waits until so many clients have come to where they get no answer ([`Action::Stall`]).
    pub(crate) fn wait_until_stalled(&self, count: usize) {
        let end = Instant::now() + PATIENCE;
        let mut state = lock(&self.shared.state);
        while state.stalled < count {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                panic!("no client came to where it is left without an answer:\n{}", show(&self.snapshot()));
            }
            state = wait(&self.shared.changed, state, left);
        }
    }

    /// Waits until a client that is still to come has been here and is gone.
    pub(crate) fn wait_for_visit(&self) {
        let end = Instant::now() + PATIENCE;
        let mut state = lock(&self.shared.state);
        while state.records.is_empty() || state.live > 0 {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no client came and went");
            state = wait(&self.shared.changed, state, left);
        }
    }

    /// All sessions as they are now.
    pub(crate) fn snapshot(&self) -> Vec<SessionRecord> {
        let records = lock(&self.shared.state).records.clone();
        records.iter().map(|record| lock(record).clone()).collect()
    }

    /// The one session there was.
    pub(crate) fn session(&self) -> SessionRecord {
        let sessions = self.sessions();
        match <[SessionRecord; 1]>::try_from(sessions) {
            Ok([session]) => session,
            Err(sessions) => panic!("{} sessions:\n{}", sessions.len(), show(&sessions)),
        }
    }

    /// All messages that were answered with `250`.
    pub(crate) fn messages(&self) -> Vec<Envelope> {
        let sessions = self.sessions();
        let messages = sessions.iter().flat_map(SessionRecord::messages);
        messages.cloned().collect()
    }

    /// The one message that was answered with `250`.
    pub(crate) fn message(&self) -> Envelope {
        match <[Envelope; 1]>::try_from(self.messages()) {
            Ok([message]) => message,
            Err(messages) => {
                let count = messages.len();
                panic!("{count} messages:\n{}", show(&self.snapshot()))
            }
        }
    }

    /// All messages that this server delivers, whether its clients know or not.
    pub(crate) fn taken(&self) -> Vec<Envelope> {
        let sessions = self.sessions();
        let taken = sessions.into_iter().flat_map(|session| session.envelopes);
        taken.filter(|envelope| envelope.taken).collect()
    }

    /// Does everything right from now on.
    pub(crate) fn mend(&self) {
        lock(&self.shared.state).mended = true;
    }

    /// What correct clients do not do, of all sessions.
    pub(crate) fn violations(&self) -> Vec<String> {
        let sessions = self.sessions();
        let of = |session: SessionRecord| session.violations;
        sessions.into_iter().flat_map(of).collect()
    }

    /// Fails the test when a client did what correct clients do not do.
    pub(crate) fn assert_clean(&self) {
        let sessions = self.sessions();
        let clean = sessions.iter().all(|session| session.violations.is_empty());
        assert!(clean, "the client broke the rules of SMTP:\n{}", show(&sessions));
    }

    /// Stops, asserts that the clients behaved, and hands over what happened.
    pub(crate) fn finish(self) -> Vec<SessionRecord> {
        self.assert_clean();
        self.snapshot()
    }

    fn wait_for_clients_to_leave(&self, limit: Duration) {
        self.wait_for_backlog();
        let end = Instant::now() + limit;
        let mut state = lock(&self.shared.state);
        while state.live > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                panic!("a client stays connected:\n{}", show(&self.snapshot()));
            }
            state = wait(&self.shared.changed, state, left);
        }
    }

    /// Waits until whoever connected before has been accepted.
    ///
    /// Connections are accepted in their order, so one of our own tells.
    fn wait_for_backlog(&self) {
        let mut state = lock(&self.shared.state);
        // under the lock, so that it is not accepted before it is known as ours
        let Ok(own) = TcpStream::connect(self.address) else {
            return;
        };
        let name = own.local_addr().unwrap();
        state.barriers.insert(name);
        while state.barriers.contains(&name) {
            state = wait(&self.shared.changed, state, PATIENCE);
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.shared.state);
            state.stopped = true;
            for socket in state.sockets.values() {
                let _ = socket.shutdown(Shutdown::Both);
            }
            self.shared.changed.notify_all();
        }
        // wakes the listener
        let _ = TcpStream::connect(self.address);
        let mut threads: Vec<_> = self.listener.take().into_iter().collect();
        let mut failed = false;
        while let Some(thread) = threads.pop() {
            failed |= thread.join().is_err();
            threads.append(&mut lock(&self.shared.state).threads);
        }
        assert!(!failed || thread::panicking(), "the test server panicked");
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((tcp, peer)) = listener.accept() {
            let mut state = lock(&self.state);
            if state.stopped {
                return;
            }
            if state.barriers.remove(&peer) {
                self.changed.notify_all();
                continue;
            }
            let Ok(beside) = tcp.try_clone() else {
                continue;
            };
            let connection = state.records.len() + 1;
            let record = Arc::new(Mutex::new(SessionRecord { connection, ..SessionRecord::default() }));
            state.records.push(Arc::clone(&record));
            state.sockets.insert(connection, beside);
            state.live += 1;
            let shared = Arc::clone(self);
            state.threads.push(thread::spawn(move || {
                let leaving = Leaving(&shared, connection);
                if let Ok(wire) = Wire::new(tcp, Arc::clone(&shared)) {
                    Session::new(wire, Arc::clone(&shared), record).run();
                }
                drop(leaving);
            }));
        }
    }

    /// Notes that a client is left without an answer from now on.
    fn stalls(&self) {
        lock(&self.state).stalled += 1;
        self.changed.notify_all();
    }

    fn is_stopped(&self) -> bool {
        lock(&self.state).stopped
    }

    /// Waits so long, or until the server stops; true when it stopped.
    fn pause(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        let mut state = lock(&self.state);
        while !state.stopped {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait(&self.changed, state, left);
        }
        true
    }
}

/// Signs a session off, also when it panicked. Dropped after the session's own sockets, so
/// that the last one of a connection to be reset is closed here.
struct Leaving<'s>(&'s Shared, usize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.sockets.remove(&self.1);
        state.live -= 1;
        self.0.changed.notify_all();
    }
}

/// Locks even what a panicking session left: its record is what the failure message shows.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>, limit: Duration) -> MutexGuard<'a, T> {
    let result = changed.wait_timeout(guard, limit);
    result.unwrap_or_else(PoisonError::into_inner).0
}

fn show(sessions: &[SessionRecord]) -> String {
    sessions.iter().fold(String::new(), |mut text, session| {
        let _ = write!(text, "{session}");
        text
    })
}
