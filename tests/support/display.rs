//! A screen and a session bus of a test's own: nothing of the machine's is seen on either, and
//! both are gone when the test is.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use tempfile::TempDir;

use super::guard::{Guard, search_path};

/// How long a server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one that is told to end may take to tidy up.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A screen of 800 by 600 that nobody sits at.
#[derive(Debug)]
pub(crate) struct Display {
    // dropped in this order: the server goes before its folder
    guard: Guard,
    folder: TempDir,
    pid: Pid,
    number: u32,
}

impl Display {
    /// Starts a server on a number that is free; every user of this machine may draw on it.
    pub(crate) fn start() -> Self {
        let folder = folder("display");
        // without -noreset it would begin anew whenever its last window has gone
        let server = "Xvfb -displayfd 3 -screen 0 800x600x24 -ac -noreset -nolisten tcp";
        let (guard, pid, said) = Herald::new(folder.path()).watch(server);
        let number = said.parse().unwrap_or_else(|_| panic!("Xvfb gives its display as {said:?}"));
        Self { guard, folder, pid, number }
    }

    /// Its name, as `DISPLAY` has it.
    pub(crate) fn name(&self) -> String {
        format!(":{}", self.number)
    }

    /// Writes what is to be seen into a file; the end of its name says in which format.
    pub(crate) fn screenshot(&self, path: &Path) {
        self.import(path.to_str().expect("the path is UTF-8"));
    }

    /// What is to be seen: three bytes a pixel, line by line.
    pub(crate) fn pixels(&self) -> Vec<u8> {
        self.import("rgb:-")
    }

    fn import(&self, target: &str) -> Vec<u8> {
        let output = Command::new("import")
            .args(["-silent", "-window", "root", "-depth", "8", target])
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", self.folder.path())
            .env("DISPLAY", self.name())
            .output()
            .expect("import (imagemagick) starts");
        assert!(output.status.success(), "import: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // a server that is killed leaves its socket in /tmp; one that is told to end does not
        if self.guard.has_ended() || kill(self.pid, Signal::SIGTERM).is_err() {
            return;
        }
        let told = Instant::now();
        while !self.guard.has_ended() && told.elapsed() < LAST_WAIT {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A session bus on which nobody is but whom a test puts there: it starts no service by itself.
#[derive(Debug)]
pub(crate) struct Bus {
    _guard: Guard,
    // what the guard works in; the socket may be elsewhere
    _folder: TempDir,
    socket: PathBuf,
}

impl Bus {
    /// Starts a bus of whoever runs the tests.
    pub(crate) fn start() -> Self {
        let folder = folder("bus");
        let socket = folder.path().join("socket");
        Self::listen(folder, socket, None)
    }

    /// Starts a bus of another user, on this socket; the folder of the socket has to be there, and that
    /// user's. Only root can.
    pub(crate) fn start_for(uid: u32, gid: u32, socket: &Path) -> Self {
        Self::listen(folder("bus"), socket.into(), Some((uid, gid)))
    }

    fn listen(folder: TempDir, socket: PathBuf, user: Option<(u32, u32)>) -> Self {
        let config = folder.path().join("bus.conf");
        // no <servicedir>: what this machine could start on demand must not answer for a test
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
            socket.display()
        );
        fs::write(&config, text).expect("the configuration of the bus is written");
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
        let mut server = String::new();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).expect("the bus is given to its user");
            server = format!("setpriv --reuid={uid} --regid={gid} --clear-groups ");
        }
        let arguments = "--nofork --nopidfile --nosyslog --print-address=3";
        server += &format!("dbus-daemon --config-file={} {arguments}", config.display());
        let (guard, _, _) = Herald::new(folder.path()).watch(&server);
        Self { _guard: guard, _folder: folder, socket }
    }

    /// Its address, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

/// Waits for a server to say, in one line on its descriptor 3, that it is there.
struct Herald<'a> {
    folder: &'a Path,
    pipe: PathBuf,
    reader: File,
}

impl<'a> Herald<'a> {
    fn new(folder: &'a Path) -> Self {
        let pipe = folder.join("herald");
        mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe with a name is made");
        // opening it must not wait for a server that never starts
        let reader = fs::OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&pipe)
            .expect("the pipe can be read");
        Self { folder, pipe, reader }
    }

    /// Starts a server, given as the shell reads it, and returns it with its number and its line.
    fn watch(mut self, server: &str) -> (Guard, Pid, String) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 3>'{}'; echo $$ >&3; exec {server}", self.pipe.display()));
        command.env("HOME", self.folder);
        let guard = Guard::watch(self.folder, &command);
        let begun = Instant::now();
        let mut said = Vec::new();
        while said.iter().filter(|byte| **byte == b'\n').count() < 2 {
            let mut buffer = [0_u8; 256];
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let mut fds = [PollFd::new(self.reader.as_fd(), PollFlags::POLLIN)];
            let news = poll(&mut fds, PollTimeout::try_from(left).unwrap()).unwrap_or(0);
            let count = if news == 0 { 0 } else { self.reader.read(&mut buffer).unwrap_or(0) };
            assert!(count > 0, "did not start: {server}\n{}", self.output());
            said.extend_from_slice(&buffer[..count]);
        }
        let said = String::from_utf8_lossy(&said);
        let (pid, line) = said.trim().split_once('\n').unwrap();
        (guard, Pid::from_raw(pid.parse().unwrap()), line.to_owned())
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
}

fn folder(kind: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(&format!("backup-notify-{kind}-"))
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
        .expect("a folder is made")
}
