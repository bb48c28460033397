//! From a route to a connected socket: the first two stages of every session.

use std::io::ErrorKind;
use std::net::TcpStream;

use crate::deadline::Deadline;
use crate::error::is_shortage;
use crate::net::{self, lookup_words};
use crate::smtp::Route;
use crate::smtp::error::{Problem, SmtpError, Step};
use crate::smtp::session::fail;
use crate::stages::Stages;
use crate::text::io_words;

/// Looks up the server and connects to it.
pub(super) fn connect(
    route: &Route,
    deadline: Deadline,
    stages: &Stages<'_>,
) -> Result<TcpStream, SmtpError> {
    let addresses = stages
        .time(Step::Resolve.name(), || net::resolve(&route.host, route.port, deadline))
        .map_err(|error| match error.kind() {
            ErrorKind::TimedOut => Problem::TimedOut(deadline.over()),
            _ if is_shortage(&error) => Problem::Shortage(io_words(&error)),
            _ => Problem::NameNotFound(lookup_words(&error)),
        })
        .map_err(fail(route, Step::Resolve))?;
    stages
        .time(Step::Connect.name(), || net::connect(&addresses, deadline))
        .map_err(|error| {
            let all_late = error.attempts.iter().all(|(_, e)| e.kind() == ErrorKind::TimedOut);
            if all_late && deadline.remaining().is_none() {
                Problem::TimedOut(deadline.over())
            } else if let Some((_, error)) = error.attempts.iter().find(|(_, error)| is_shortage(error)) {
                Problem::Shortage(io_words(error))
            } else {
                Problem::Unreachable(error.attempts.into_iter().map(|(a, e)| (a, io_words(&e))).collect())
            }
        })
        .map_err(fail(route, Step::Connect))
}

/// Tells whether a server is this very computer under every address that a session would try.
pub(crate) fn is_this_computer(host: &str, port: u16, deadline: Deadline) -> bool {
    net::resolve(host, port, deadline)
        .is_ok_and(|addresses| addresses.iter().all(|address| address.ip().to_canonical().is_loopback()))
}
