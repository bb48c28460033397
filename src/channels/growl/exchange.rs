//! One request and its answer on a connection of their own, within the deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::channels::growl::reply::{Progress, Reply, progress};
use crate::deadline::Deadline;
use crate::secrets::Secret;

/// The most bytes of an answer that are read.
const ANSWER_MOST: usize = 64 * 1024;
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
    let mut answer = Vec::new();
    let read = receive(stream, &mut answer, deadline);
    match (Reply::parse(&answer, password), sent.and(read)) {
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
    while !request.is_empty() {
        let count = bounded(stream, deadline, TcpStream::set_write_timeout, |stream| stream.write(request))?;
        if count == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        request = request.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Reads until an answer ends, or as long as it is worth waiting for.
fn receive(stream: &mut TcpStream, answer: &mut Vec<u8>, deadline: Deadline) -> io::Result<()> {
    let mut deadline = deadline;
    let mut decided = false;
    let mut buffer = [0_u8; 4096];
    while answer.len() < ANSWER_MOST {
        let count =
            bounded(stream, deadline, TcpStream::set_read_timeout, |stream| stream.read(&mut buffer))?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match progress(answer) {
            Progress::Whole => break,
            Progress::FirstLine if !decided => {
                decided = true;
                let rest = if Reply::parse(answer, None) == Reply::Ok { REST_OF_OK } else { REST_OF_ERROR };
                deadline = deadline.at_most(rest);
            }
            Progress::FirstLine | Progress::Nothing => {}
        }
    }
    Ok(())
}

/// Does one call of a socket within what is left: one byte a second gains nothing.
fn bounded<T>(
    stream: &mut TcpStream,
    deadline: Deadline,
    limit: impl Fn(&TcpStream, Option<Duration>) -> io::Result<()>,
    mut call: impl FnMut(&mut TcpStream) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        let left = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
        match limit(stream, Some(left)) {
            // so macOS says that the other end has cut the connection: nothing waits for it any more, and
            // what it said before can still be read
            Err(error) if error.kind() == ErrorKind::InvalidInput => {}
            limited => limited?,
        }
        match call(stream) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // so the kernel says that a time limit has passed
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
            other => return other,
        }
    }
}
