//! The output of a command on its way to what reads facts out of it: a thread of its own, so that a fault
//! in there costs the facts, and neither the command nor the notice.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::pump::BUFFER;
use crate::deadline::Deadline;
use crate::fault;
use crate::tools::{ReportReader, Stream, ToolReport};

/// How many pieces may wait to be read, each of [`BUFFER`] bytes at most: a megabyte.
const PIECES: usize = 16;
/// How long the notice waits for what reads, which has no more than those pieces before it.
const PATIENCE: Duration = Duration::from_secs(5);

thread_local! {
    /// What this thread reads, if it is one that reads.
    static READS: OnceCell<Arc<Queue>> = const { OnceCell::new() };
}

/// Output that is read; each of its copies leads to the same.
#[derive(Debug, Clone)]
pub(crate) struct Reading(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<(Stream, Vec<u8>)>,
    /// Whether nothing more is taken.
    closed: bool,
    /// Whether what reads has had a fault.
    faulty: bool,
    report: Option<ToolReport>,
}

/// Why there is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    Fault,
    Late,
}

impl Unread {
    /// Says it to those who are told of the run.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Fault => {
                "what the command printed could not be read, which is a fault of backup-notify itself: its \
                 numbers and errors are missing here"
            }
            Self::Late => {
                "what the command printed was not read to its end in time: its numbers and errors are \
                 missing here"
            }
        }
    }
}

impl Reading {
    /// Begins to read.
    pub(super) fn start(reader: ReportReader) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let reading = Self(Arc::clone(&queue));
        thread::Builder::new().name("report".to_owned()).spawn(move || queue.read(reader))?;
        Ok(reading)
    }

    /// Hands over what was printed; waits while too much of it has not been read.
    pub(super) fn push(&self, stream: Stream, bytes: &[u8]) {
        let mut state = self.0.state();
        while state.pieces.len() >= PIECES && state.takes() {
            state = self.0.wait(state);
        }
        if !state.takes() {
            return;
        }
        match state.pieces.back_mut() {
            // many short lines are not many pieces
            Some((last, piece)) if *last == stream && piece.len() + bytes.len() <= BUFFER => {
                piece.extend_from_slice(bytes);
            }
            _ => state.pieces.push_back((stream, bytes.to_vec())),
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Says that this is all: nobody waits for what reads any more, but [`Self::finish`].
    pub(super) fn close(&self) {
        self.0.state().closed = true;
        self.0.changed.notify_all();
    }

    /// Returns what was read.
    pub(crate) fn finish(&self, deadline: Deadline) -> Result<ToolReport, Unread> {
        self.close();
        // the time is there to tell people, which needs most of it
        let until = deadline.share(3).within(PATIENCE);
        let mut state = self.0.state();
        loop {
            if let Some(report) = state.report.take() {
                return Ok(report);
            }
            if state.faulty {
                return Err(Unread::Fault);
            }
            let left = until.remaining().ok_or(Unread::Late)?;
            let waited = self.0.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn takes(&self) -> bool {
        !self.closed && !self.faulty
    }
}

impl Queue {
    fn read(self: Arc<Self>, mut reader: ReportReader) {
        READS.with(|reads| drop(reads.set(Arc::clone(&self))));
        while let Some((stream, bytes)) = self.next() {
            fault::on_purpose("report");
            reader.feed(stream, &bytes);
        }
        let report = reader.finish();
        self.state().report = Some(report);
        self.changed.notify_all();
    }

    /// Returns the next piece, which may have to come first; `None` after the last one.
    fn next(&self) -> Option<(Stream, Vec<u8>)> {
        let mut state = self.state();
        while state.pieces.is_empty() && !state.closed {
            state = self.wait(state);
        }
        let piece = state.pieces.pop_front();
        drop(state);
        self.changed.notify_all();
        piece
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that reads, and has had a fault.
pub(crate) struct Faulty(Arc<Queue>);

impl Faulty {
    /// Tells whether this thread is one, for a panic hook.
    pub(crate) fn here() -> Option<Self> {
        READS.try_with(|reads| reads.get().cloned()).ok().flatten().map(Self)
    }

    /// Gives up what it reads, and the thread with it: to return from the hook would end the program.
    pub(crate) fn stay_for_ever(self) -> ! {
        // what it reads is never locked where a fault can be
        self.0.state().faulty = true;
        self.0.changed.notify_all();
        loop {
            thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::tools::Tool;

    #[test]
    fn a_report_that_is_never_done_is_late_and_holds_up_nobody() {
        // nothing reads here
        let reading = Reading(Arc::default());
        let pump = reading.clone();
        let pumped = thread::spawn(move || {
            for _ in 0..3 * PIECES {
                pump.push(Stream::Stdout, &vec![b'x'; BUFFER]);
            }
        });
        while reading.0.state().pieces.len() < PIECES {
            thread::yield_now();
        }
        let limit = Duration::from_secs(3);
        let begun = Instant::now();
        assert_eq!(reading.finish(Deadline::after(begun, limit)), Err(Unread::Late));
        assert!(begun.elapsed() < limit);
        pumped.join().unwrap();
        assert_eq!(reading.0.state().pieces.len(), PIECES);
    }

    #[test]
    fn what_is_handed_over_in_pieces_is_read_whole() {
        let report = "rsync: [sender] link_stat \"/x\" failed: No such file\n".repeat(30_000);
        let new = || ReportReader::new(Tool::Rsync).unwrap();
        let mut whole = new();
        whole.feed(Stream::Stderr, report.as_bytes());
        let whole = whole.finish();
        let reading = Reading::start(new()).unwrap();
        for piece in report.as_bytes().chunks(777) {
            reading.push(Stream::Stderr, piece);
        }
        assert_eq!(whole.facts.errors.len(), 100);
        let limit = Duration::from_secs(60);
        assert_eq!(reading.finish(Deadline::after(Instant::now(), limit)), Ok(whole));
    }
}
