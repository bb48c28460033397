//! What every real mail server of the tests has in common: a folder, a certificate, two ports,
//! one login, two mailboxes, and the certainty that it is gone when the tests are.
//!
//! How a make of server is configured is told by the file named after it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::guard::Guard;
use super::server_certificate::make_certificates;

/// The only domain these servers take mail for; nothing ever leaves them.
pub(crate) const DOMAIN: &str = "example.test";
/// The mailboxes there are; any other name in the domain is refused with 550.
pub(crate) const MAILBOXES: [&str; 2] = ["jon", "ops"];
/// The user and group that own the mailboxes: nobody and nogroup.
pub(crate) const MAIL_OWNER: u32 = 65534;

/// How long a server may take to greet, and a message to arrive in its mailbox.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between finding free ports and binding them another program may take one.
const ATTEMPTS: usize = 5;

/// What a test may want different from a plain server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest message in bytes; what is announced with SIZE.
    pub(crate) message_size: u64,
    /// Whether SMTPUTF8 is announced and taken.
    pub(crate) smtputf8: bool,
    /// Whether its certificate is signed by itself, as small servers have it.
    pub(crate) self_signed: bool,
    /// More lines for its configuration, in the words of its make.
    pub(crate) settings: &'static str,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_size: 50 << 20, smtputf8: true, self_signed: false, settings: "" }
    }
}

/// The ports of one server, both on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    /// Plain at first: neither MAIL nor AUTH is taken before STARTTLS.
    pub(crate) submission: u16,
    /// Encrypted from the first byte.
    pub(crate) smtps: u16,
}

/// The folder of a server that is about to start, and what its configuration has to name.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) limits: Limits,
    pub(crate) ports: Ports,
    /// In the greeting; different for each server, which tells it from a stranger on its port.
    pub(crate) host_name: String,
    pub(crate) user: &'static str,
    pub(crate) password: String,
}

impl Site {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that every user may read: the servers change theirs as they work.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a configuration file is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is made readable");
        path
    }

    /// Makes a folder that belongs to one user.
    pub(crate) fn make_folder(&self, name: &str, owner: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).expect("a folder is made");
        chown(&path, Some(owner), None).expect("a folder is given to its user (the tests run as root)");
        path
    }

    fn new(kind: &str, limits: Limits) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("backup-notify-{kind}-"))
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .expect("a folder is made");
        let site = Self {
            folder,
            limits,
            ports: free_ports(),
            host_name: format!("{kind}-{}.{DOMAIN}", random_word()),
            user: MAILBOXES[0],
            password: random_word(),
        };
        site.make_folder("mail", MAIL_OWNER);
        make_certificates(site.folder.path(), limits.self_signed);
        site
    }
}

/// A server that runs for as long as this lives, and never longer than the test process.
#[derive(Debug)]
pub(crate) struct PrivateServer {
    // dropped in this order: the server goes before its folder
    _guard: Guard,
    site: Site,
}

impl PrivateServer {
    /// Starts a server in the foreground: `configure` fills the folder and names the command.
    pub(crate) fn start(kind: &str, limits: Limits, configure: impl Fn(&Site) -> Command) -> Self {
        let mut last_words = String::new();
        for _ in 0..ATTEMPTS {
            let site = Site::new(kind, limits);
            let command = configure(&site);
            let mut guard = Guard::watch(site.folder.path(), &command);
            if greets(&mut guard, &site) {
                return Self { _guard: guard, site };
            }
            last_words = logs(site.folder.path());
        }
        panic!("{kind} did not start {ATTEMPTS} times; the last time:\n{last_words}");
    }

    /// The port for STARTTLS, which the server demands before anything else.
    pub(crate) fn submission_port(&self) -> u16 {
        self.site.ports.submission
    }

    /// The port for implicit TLS.
    pub(crate) fn smtps_port(&self) -> u16 {
        self.site.ports.smtps
    }

    pub(crate) fn user(&self) -> &str {
        self.site.user
    }

    pub(crate) fn password(&self) -> &str {
        &self.site.password
    }

    /// The CA that signed the server's certificate for `localhost` and 127.0.0.1.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.site.path("ca.pem")
    }

    /// Where something of the server is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.site.path(name)
    }

    /// Tells whether anybody listens on the port for implicit TLS.
    pub(crate) fn listens(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.site.ports.smtps)).is_ok()
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        logs(self.site.folder.path())
    }

    /// Waits until a mailbox (`jon`, `ops`) holds `n` messages or more, and reads all of them,
    /// in no certain order.
    ///
    /// A server delivers after it has answered 250, and tells nobody when it is done.
    pub(crate) fn wait_for_mail(&self, mailbox: &str, n: usize) -> Vec<Vec<u8>> {
        let new = self.site.path(&format!("mail/{mailbox}/new"));
        let found = poll(|| {
            let mut paths: Vec<PathBuf> = fs::read_dir(&new)
                .ok()? // it is made for the first message
                .map(|entry| entry.expect("the mailbox can be listed").path())
                .collect();
            paths.sort();
            (paths.len() >= n).then_some(paths)
        });
        let Some(paths) = found else {
            panic!("{n} message(s) never came to {mailbox}:\n{}", self.log());
        };
        paths.iter().map(|path| fs::read(path).expect("a message can be read")).collect()
    }
}

/// Waits for the greeting of this very server; false when it has ended or stays silent.
fn greets(guard: &mut Guard, site: &Site) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, site.ports.submission));
    poll(|| {
        if guard.has_ended() {
            return Some(false);
        }
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit is set");
        let mut line = String::new();
        BufReader::new(stream.take(1000)).read_line(&mut line).ok()?;
        line.contains(&site.host_name).then_some(true)
    })
    .unwrap_or(false)
}

/// Asks again and again for something outside that gives no sign, until it is there or too late.
pub(crate) fn poll<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// What the server printed and what it logged, for failure messages.
fn logs(folder: &Path) -> String {
    let mut names = vec![folder.join("output")];
    names.extend(
        fs::read_dir(folder.join("log")).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())),
    );
    names
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn free_ports() -> Ports {
    // both are held until both are known, so that they differ
    let listeners =
        [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port"));
    let [submission, smtps] =
        listeners.each_ref().map(|listener| listener.local_addr().expect("it is bound").port());
    Ports { submission, smtps }
}

fn random_word() -> String {
    let mut bytes = [0_u8; 8];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("the kernel gives random bytes");
    format!("{:016x}", u64::from_ne_bytes(bytes))
}
