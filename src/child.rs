//! A child process within bounds: of time, of output, and of what it leaves behind.
//!
//! One thread and poll(2), no reader threads: a descendant that keeps a pipe open could hold such
//! a thread for ever. As soon as the child itself has ended, what has been printed so far counts.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

use crate::deadline::{Deadline, Over};
use crate::interrupt;

/// How much of standard error is kept: its end.
const STDERR_BYTES: usize = 4096;
/// How long at most until the end of a child is noticed that left its pipes to a descendant.
const NAP: Duration = Duration::from_millis(20);
/// How long to wait for a killed child; one that hangs in the kernel is left to init.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// How many times a program is tried that somebody is writing at this moment (`ETXTBSY`).
const TRIES: u32 = 20;

/// What a child that ended by itself has printed.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    /// The end of standard error.
    pub(crate) stderr: Zeroizing<Vec<u8>>,
    /// Whether the beginning of standard error was dropped.
    pub(crate) stderr_cut: bool,
}

/// Why a child did not end by itself.
#[derive(Debug)]
pub(crate) enum Stopped {
    CannotStart(io::Error),
    TimedOut(Over),
    TooMuch,
}

/// How much a child may print, and what that is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Printed {
    /// A secret: room for all of it is made at once, so that no copy is left behind by a vector that
    /// grows.
    Secret(usize),
    /// Anything else.
    Plain(usize),
}

/// Runs a command to its end, or kills it and its process group at the deadline, or when it prints
/// more than it may.
pub(crate) fn run(command: &mut Command, printed: Printed, deadline: &Deadline) -> Result<Output, Stopped> {
    command.stdin(Stdio::null());
    finish(command, printed, deadline)
}

/// The same, for a command that is given something to read: at most 4096 bytes, which every pipe takes
/// before anybody reads (pipe(7), "Pipe capacity").
#[cfg_attr(target_os = "macos", allow(dead_code, reason = "what is shown there comes as arguments"))]
pub(crate) fn run_with(
    command: &mut Command,
    input: &[u8],
    printed: Printed,
    deadline: &Deadline,
) -> Result<Output, Stopped> {
    let (reader, mut writer) = io::pipe().map_err(Stopped::CannotStart)?;
    // the reader does not exist yet: what does not fit must not be waited for
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|e| Stopped::CannotStart(e.into()))?;
    writer.write_all(input).map_err(Stopped::CannotStart)?;
    drop(writer);
    command.stdin(reader);
    let ended = finish(command, printed, deadline);
    // a command keeps what its child was given, and with it the pipe
    command.stdin(Stdio::null());
    ended
}

fn finish(command: &mut Command, printed: Printed, deadline: &Deadline) -> Result<Output, Stopped> {
    let (most, room) = match printed {
        Printed::Secret(most) => (most, most.saturating_add(1)),
        Printed::Plain(most) => (most, 0),
    };
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut group = Group::of(start(command, deadline)?);
    let mut stdout = Pipe::new(group.child.stdout.take(), most.saturating_add(1), room, Keep::Beginning);
    let mut stderr = Pipe::new(group.child.stderr.take(), STDERR_BYTES, STDERR_BYTES, Keep::End);
    let mut nap = Duration::from_millis(1);
    loop {
        // asked before the pipes are read: what it printed before it ended is then in them
        let status = group.child.try_wait().map_err(Stopped::CannotStart)?;
        if status.is_some() {
            group.end();
        }
        let news = stdout.drain() | stderr.drain();
        if stdout.kept.len() > most {
            return Err(Stopped::TooMuch);
        }
        if let Some(status) = status {
            let (stdout, stderr_cut) = (stdout.kept, stderr.cut);
            return Ok(Output { status, stdout, stderr: stderr.kept, stderr_cut });
        }
        let Some(left) = deadline.remaining() else {
            return Err(Stopped::TimedOut(deadline.over()));
        };
        nap = if news { Duration::from_millis(1) } else { (nap * 2).min(NAP) };
        wait(&[stdout.fd(), stderr.fd()], nap.min(left));
    }
}

/// Says how a child that failed has ended.
pub(crate) fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("was killed by {signal}"),
            Err(_) => format!("was killed by signal {number}"),
        },
        (None, None) => "did not end well".to_owned(),
    }
}

/// Starts the command; tries again for a moment while its file is being written.
fn start(command: &mut Command, deadline: &Deadline) -> Result<Child, Stopped> {
    let mut tries = 0;
    loop {
        if deadline.remaining().is_none() {
            return Err(Stopped::TimedOut(deadline.over()));
        }
        tries += 1;
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && tries < TRIES => sleep(NAP),
            started => return started.map_err(Stopped::CannotStart),
        }
    }
}

/// Waits until a pipe has something, or for the given time.
fn wait(pipes: &[Option<BorrowedFd<'_>>], time: Duration) {
    let mut fds: Vec<_> = pipes.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    let time = PollTimeout::try_from(time.max(Duration::from_millis(1))).unwrap_or(PollTimeout::ZERO);
    if poll(&mut fds, time).is_err() {
        // interrupted by a signal, or out of memory: no reason to spin
        sleep(Duration::from_millis(1));
    }
}

/// A child and its process group, killed together unless the child has ended by itself.
struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    fn of(child: Child) -> Self {
        interrupt::child(i32::try_from(child.id()).unwrap_or_default());
        Self { child, ended: false }
    }

    /// It has ended by itself.
    fn end(&mut self) {
        self.ended = true;
        interrupt::child(0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // the child has not been waited for, so its number cannot have gone to another process
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let killed = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && killed.elapsed() < LAST_WAIT {
            sleep(Duration::from_millis(1));
        }
        interrupt::child(0);
    }
}

/// Which part of the output is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Beginning,
    End,
}

/// The reading end of a pipe, with what has come out of it, wiped when dropped.
struct Pipe<R> {
    source: Option<R>,
    kept: Zeroizing<Vec<u8>>,
    most: usize,
    keep: Keep,
    cut: bool,
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(source: Option<R>, most: usize, room: usize, keep: Keep) -> Self {
        let source = source.filter(|source| fcntl(source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).is_ok());
        Self { source, kept: Zeroizing::new(Vec::with_capacity(room)), most, keep, cut: false }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there without waiting; tells whether anything was.
    fn drain(&mut self) -> bool {
        let mut buffer = Zeroizing::new([0_u8; 4096]);
        let mut news = false;
        // bounded: somebody may write faster than we read
        for _ in 0..64 {
            let Some(source) = &mut self.source else { break };
            match source.read(buffer.as_mut_slice()) {
                Ok(0) => self.source = None,
                Ok(size) => {
                    news = true;
                    self.take(buffer.get(..size).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.source = None,
            }
        }
        news
    }

    fn take(&mut self, bytes: &[u8]) {
        let over = (self.kept.len() + bytes.len()).saturating_sub(self.most);
        self.cut |= over > 0;
        let bytes = match self.keep {
            Keep::Beginning => bytes.get(..bytes.len().saturating_sub(over)).unwrap_or_default(),
            Keep::End => {
                let old = over.min(self.kept.len());
                self.kept.drain(..old);
                bytes.get(over - old..).unwrap_or_default()
            }
        };
        self.kept.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline() -> Deadline {
        Deadline::after(Instant::now(), Duration::from_secs(20))
    }

    #[test]
    fn a_child_reads_what_it_is_given_and_then_the_end() {
        for input in [&b""[..], b"caf\xe9\n", &[b'x'; 4096]] {
            let output =
                run_with(&mut Command::new("cat"), input, Printed::Plain(8192), &deadline()).unwrap();
            assert!(output.status.success());
            assert_eq!(&output.stdout[..], input);
        }
    }

    #[test]
    fn what_no_pipe_takes_is_an_error_and_no_wait() {
        let input = vec![b'x'; 4 << 20];
        let refused = run_with(&mut Command::new("cat"), &input, Printed::Plain(1), &deadline());
        assert!(matches!(refused, Err(Stopped::CannotStart(_))));
    }

    #[test]
    fn a_child_that_reads_nothing_is_no_error() {
        let output = run_with(&mut Command::new("true"), b"unread", Printed::Plain(1), &deadline()).unwrap();
        assert!(output.status.success());
    }

    #[test]
    fn a_pipe_keeps_the_part_it_is_told_to() {
        for (keep, kept) in [(Keep::Beginning, "abcde"), (Keep::End, "defgh")] {
            let mut pipe = Pipe::<std::process::ChildStdout>::new(None, 5, 5, keep);
            pipe.take(b"abc");
            assert!(!pipe.cut);
            pipe.take(b"defgh");
            assert_eq!((&pipe.kept[..], pipe.cut), (kept.as_bytes(), true));
        }
        let mut pipe = Pipe::<std::process::ChildStdout>::new(None, 3, 3, Keep::End);
        pipe.take(b"abcdefgh");
        assert_eq!(&pipe.kept[..], b"fgh");
    }
}
