//! A password is tried on its server: connect, TLS under the trust rule, sign in, QUIT. Nothing is sent.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::place::{Place, in_mail};
use crate::accounts::{Auth, Book};
use crate::channels::trust_notes;
use crate::commands::certificate::attempts;
use crate::commands::output::Output;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::home;
use crate::secrets::Secret;
use crate::smtp::{Route, Session, SmtpError};
use crate::stages::Stages;
use crate::task::TrustRule;

/// How long it may take, however long somebody may think about their answers.
const MOST: Duration = Duration::from_secs(30);

/// What is tried, beside the password.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    /// A route for each moment at which TLS may begin, in the order in which they are tried.
    routes: Vec<Route>,
}

impl Trial {
    /// Finds out how the server is spoken to: as Mail does, else as its port is used.
    pub(super) fn new(place: &Place, book: &Book, trust: &TrustRule, allow_cleartext_password: bool) -> Self {
        let slot = &place.slot;
        let in_mail = place.by_hand.then(|| in_mail(slot, book)).flatten();
        let mode = place.mode.or(in_mail.map(|(mode, _)| mode));
        let auth = in_mail.map_or(place.auth, |(_, auth)| auth);
        let route = |mode| Route {
            host: slot.host().to_owned(),
            port: slot.port(),
            user: slot.user().map(str::to_owned),
            auth: if auth == Auth::None { Auth::Password } else { auth },
            mode,
            trust: trust.clone(),
            allow_cleartext_password,
            hello_name: home::hello_name(),
        };
        Self { routes: attempts(Some(slot.port()), mode).into_iter().map(|(_, mode)| route(mode)).collect() }
    }

    /// Signs in. A second way is tried only where the server has shown that it speaks in clear at first; a
    /// refusal of any other kind stands.
    pub(super) fn sign_in(
        &self,
        secret: &Secret,
        deadline: &Deadline,
        now: Timestamp,
        output: Output,
    ) -> Result<(), Failure> {
        let left = deadline.remaining().unwrap_or_default().min(MOST);
        let deadline = Deadline::after(Instant::now(), left);
        let mut routes = self.routes.iter().peekable();
        while let Some(route) = routes.next() {
            match once(route, secret, deadline, now, output) {
                Err(error) if error.spoke_in_clear() && routes.peek().is_some() => {}
                result => return result.map_err(|error| Failure::from_situation(&error)),
            }
        }
        Ok(())
    }
}

fn once(
    route: &Route,
    secret: &Secret,
    deadline: Deadline,
    now: Timestamp,
    output: Output,
) -> Result<(), SmtpError> {
    let watch = |stage| {
        // on stderr, where a failure to write changes nothing
        let _ = output.stage(stage);
    };
    let stages = Stages::new(&watch);
    let secured = route.secure()?;
    let mut session = Session::open(&secured, deadline, &stages)?;
    if let Some(warning) = trust_notes::weak_trust(route, &session) {
        output.alarm(&warning);
    }
    if let Some(left) = session.certificate_ends_within(trust_notes::ENDS_SOON, now) {
        output.warning(&trust_notes::certificate_end(route, left));
    }
    // dropped with a QUIT
    session.sign_in(Some(secret))
}
