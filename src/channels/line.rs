//! What is left of a connection when a message is through.

use crate::smtp::{Mailer, Route};

/// A connection, for the messages that come after the first.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// It was not wanted, or has ended.
    None,
    /// Another message may follow.
    Open(Box<(Route, Mailer<'a>)>),
    /// Nobody could sign in there.
    Down(Box<Route>),
}
