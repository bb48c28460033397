//! The output of a command, passed on as it comes, and kept.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::fstat;
use rustix::io::fcntl_dupfd_cloexec;

use super::pass_on;
use super::pump::{Pump, Pumped};
use super::reading::Reading;
use crate::deadline::Deadline;
use crate::run::Captured;
use crate::text::io_words;
use crate::tools::{ReportReader, Stream};

/// How long the notice waits for those who read our output, once the command has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is kept of an output.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) captured: Captured,
    /// What reads the facts out of it.
    pub(crate) report: Option<Reading>,
}

/// The outputs of a command, while it runs.
#[derive(Debug)]
pub(crate) struct Capture {
    captured: Arc<Mutex<Captured>>,
    /// What is to read it, until it does.
    reader: Option<ReportReader>,
    reading: Option<Reading>,
    done: Receiver<Pumped>,
    sender: Option<Sender<Pumped>>,
    /// How many outputs are not done.
    open: usize,
    /// Closed when the command has ended.
    end: Option<PipeWriter>,
    notes: Vec<String>,
}

impl Capture {
    pub(crate) fn new(reader: Option<ReportReader>) -> Self {
        let (sender, done) = channel();
        let captured = Arc::default();
        let sender = Some(sender);
        Self { captured, reader, reading: None, done, sender, open: 0, end: None, notes: Vec::new() }
    }

    /// Leads the outputs of a command through us; where that cannot be done they go where they would
    /// without us, for the command matters more than what it prints.
    pub(super) fn connect(&mut self, command: &mut Command, closed: [bool; 3]) {
        let connected = self.lead(command, closed);
        self.sender = None;
        if let Err(error) = connected {
            command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
            self.notes.push(format!("the output could not be kept: {}", io_words(&error)));
        }
    }

    /// Leads the outputs through us, but for those that are closed.
    ///
    /// Where both are the same place and nobody has to tell them apart, the command gets one pipe for
    /// both: what it writes stays in order.
    fn lead(&mut self, command: &mut Command, closed: [bool; 3]) -> io::Result<()> {
        let [_, no_stdout, no_stderr] = closed;
        let (stdout, stderr) = (rustix::stdio::stdout(), rustix::stdio::stderr());
        let (end, writer) = io::pipe()?;
        // not before the signals are blocked, which a thread takes over from who starts it
        self.reading = self.reader.take().map(Reading::start).transpose()?;
        let one = !no_stdout && !no_stderr && self.reading.is_none() && same(stdout, stderr);
        if !no_stdout {
            let pipe = self.pump(Stream::Stdout, stdout, end.try_clone()?)?;
            if one {
                command.stderr(Stdio::from(pipe.try_clone()?));
            }
            command.stdout(Stdio::from(pipe));
        }
        if !no_stderr && !one {
            command.stderr(Stdio::from(self.pump(Stream::Stderr, stderr, end)?));
        }
        self.end = Some(writer);
        Ok(())
    }

    fn pump(&mut self, stream: Stream, to: BorrowedFd<'_>, end: PipeReader) -> io::Result<PipeWriter> {
        // above the standard ones, which a command of ours may be given
        let to: OwnedFd = fcntl_dupfd_cloexec(to, 3)?;
        let (from, writer) = io::pipe()?;
        let (captured, reading) = (Arc::clone(&self.captured), self.reading.clone());
        let pump = Pump { stream, from, to, captured, reading, end, lost: None };
        if let Some(sender) = self.sender.clone() {
            let name = thread::Builder::new().name("output".to_owned());
            name.spawn(move || drop(sender.send(pump.run())))?;
            self.open += 1;
        }
        Ok(writer)
    }

    /// Returns what the command has printed by its end, what is to be said about that, and what is
    /// still on its way to a reader who takes long.
    pub(crate) fn finish(mut self) -> (Kept, Vec<String>, Rest) {
        self.end = None;
        let until = Deadline::after(Instant::now(), PATIENCE);
        while self.open > 0 {
            match self.done.recv_timeout(until.remaining().unwrap_or_default()) {
                Ok(pumped) => self.done(pumped),
                Err(_) => break,
            }
        }
        if self.open > 0 {
            let what = "whoever reads the output takes long: the last of it may be missing here";
            self.notes.push(what.to_owned());
        }
        let captured = std::mem::take(&mut *self.captured.lock().unwrap_or_else(PoisonError::into_inner));
        let report = self.reading.take();
        if let Some(report) = &report {
            report.close();
        }
        let kept = Kept { captured, report };
        let notes = std::mem::take(&mut self.notes);
        (kept, notes, Rest(self))
    }

    fn done(&mut self, pumped: Pumped) {
        self.open -= 1;
        let lost = match pumped {
            Pumped::Ended(lost) => lost,
            Pumped::Held(from, to, lost) => pass_on::start(from, to).err().or(lost),
            // a reader who has seen enough is no fault
            Pumped::Lost(error) => Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe),
        };
        if let Some(error) = lost {
            self.notes.push(format!("the output could not be passed on to its end: {}", io_words(&error)));
        }
    }
}

/// Output that is still on its way.
#[derive(Debug)]
pub(crate) struct Rest(Capture);

impl Rest {
    /// Waits until everything that the command has printed is through, as the command would have.
    pub(crate) fn wait(mut self) {
        while self.0.open > 0 {
            match self.0.done.recv() {
                Ok(pumped) => self.0.done(pumped),
                Err(_) => break,
            }
        }
    }
}

/// Tells whether two descriptors lead to the same place.
fn same(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> bool {
    let place = |fd| fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
    matches!((place(a), place(b)), (Ok(a), Ok(b)) if a == b)
}
