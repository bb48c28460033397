//! One request and its answer on a connection of their own, within the deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::channels::growl::reply::{Progress, Reply, progress};
use crate::deadline::Deadline;
use crate::net::Limit;
use crate::secrets::Secret;

/// The most bytes of an answer that are read.
const ANSWER_MOST: usize = 64 * 1024;
/// The most that are read at once.
const PIECE: usize = 4096;
/// How long the rest of a good answer is waited for: its first line has said everything.
const REST_OF_OK: Duration = Duration::from_millis(200);
/// How long the rest of another answer is waited for, in which the reason may stand.
const REST_OF_ERROR: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The receiver closed the connection, or broke it off, without a word.
    Closed,
    /// The time was over.
    TimedOut,
    /// The connection failed.
    Broken(io::Error),
}

/// Sends a request and reads what the receiver answers.
pub(super) fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    password: Option<&Secret>,
    deadline: Deadline,
) -> Result<Reply, NoAnswer> {
    // a receiver may answer and close before it has read everything: what it said then counts more
    // than that it did not listen
    let sent = send(stream, request, deadline);
    // a receiver may repeat the password; room for everything that is read, so that no copy is left behind
    // by a vector that grows
    let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER_MOST + PIECE));
    let read = receive(stream, &mut answer, deadline);
    let ended = matches!(read, Ok(End::Closed));
    match (Reply::parse(&answer, ended, password), sent.and(read.map(drop))) {
        (Reply::Silence, Err(error)) => Err(no_answer(error)),
        (Reply::Silence, Ok(())) => Err(NoAnswer::Closed),
        // a line that has not ended may be the beginning of anything
        (Reply::Alien(_), Err(error))
            if progress(&answer) == Progress::Nothing && error.kind() == ErrorKind::TimedOut =>
        {
            Err(NoAnswer::TimedOut)
        }
        (reply, _) => Ok(reply),
    }
}

fn no_answer(error: io::Error) -> NoAnswer {
    match error.kind() {
        ErrorKind::TimedOut => NoAnswer::TimedOut,
        // so it looks when a receiver closes before it has read everything
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => NoAnswer::Closed,
        _ => NoAnswer::Broken(error),
    }
}

/// Writes a request in one piece, as far as the kernel takes it so: some receivers take what comes
/// first for the whole.
fn send(stream: &mut TcpStream, mut request: &[u8], deadline: Deadline) -> io::Result<()> {
    let mut limit = Limit::of_writes();
    while !request.is_empty() {
        let count = limit.bounded(stream, deadline, |stream| stream.write(request))?;
        if count == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        request = request.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Why nothing more is read.
enum End {
    /// The receiver has closed the connection: nothing more can come.
    Closed,
    /// What is there is the whole answer, or as much as is read of one.
    Enough,
}

/// Reads until an answer ends, or as long as it is worth waiting for.
fn receive(stream: &mut TcpStream, answer: &mut Vec<u8>, deadline: Deadline) -> io::Result<End> {
    let mut deadline = deadline;
    let mut decided = false;
    let mut limit = Limit::of_reads();
    let mut buffer = Zeroizing::new([0_u8; PIECE]);
    while answer.len() < ANSWER_MOST {
        let count = limit.bounded(stream, deadline, |stream| stream.read(&mut *buffer))?;
        if count == 0 {
            return Ok(End::Closed);
        }
        answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match progress(answer) {
            Progress::Whole => break,
            Progress::FirstLine if !decided => {
                decided = true;
                let rest = if Reply::begins_well(answer) { REST_OF_OK } else { REST_OF_ERROR };
                deadline = deadline.at_most(rest);
            }
            Progress::FirstLine | Progress::Nothing => {}
        }
    }
    Ok(End::Enough)
}
