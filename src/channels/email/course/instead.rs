//! What is sent in place of a message that the server did not take as it came.

use lettre::Transport;

use super::{Course, Done, Fault, Ready};
use crate::channels::Circumstances;
use crate::channels::courier::Courier;
use crate::error::Failure;
use crate::secrets::Secret;
use crate::smtp::{Mailer, Session};

impl Course<'_> {
    /// Sends the message without the log in place of the one that was refused for its size: over the same
    /// session as long as it works.
    pub(super) fn without_log(&mut self, ready: Ready<'_>, mailer: Mailer<'_>) -> Result<Done, Fault> {
        let (courier, paper, route) = ready;
        let made = self.made.take();
        let (to, notes) = made.map(|made| (made.to, made.notes)).unwrap_or_default();
        self.make(paper, to, notes, None)?;
        let envelope = self.envelope()?;
        if mailer.is_open() {
            let result = mailer.send_raw(&envelope, self.bytes());
            if !result.as_ref().is_err_and(|error| error.error.lost_before_message()) {
                return self.settle(result);
            }
        }
        drop(mailer);
        // nobody is asked for a password twice
        let secret = self.secret_unasked(courier)?;
        let mut session = Session::open(route, self.circumstances.deadline, self.stages)?;
        session.sign_in(secret.as_ref())?;
        if self.plain {
            session.do_without_chunking();
        }
        drop(secret);
        let result = Mailer::new(session).send_raw(&envelope, self.bytes());
        self.settle(result)
    }

    /// Sends the message by DATA to a server that offers BDAT and does not know it: over another connection, as
    /// the server may have taken the message for commands on this one.
    pub(super) fn by_data(&mut self, ready: Ready<'_>, fault: Fault) -> Result<Done, Fault> {
        let (courier, ..) = ready;
        // what was typed is gone, and the reason for another try counts
        let Ok(mut secret) = self.secret_unasked(courier) else { return Err(fault) };
        self.plain = true;
        (self.circumstances.detail)(&format!("{}; sending again without it", fault.failure.what));
        self.once(ready, &mut secret)
    }

    /// Fetches the secret once more, where one is needed; nobody is asked for a password twice.
    pub(super) fn secret_unasked(&self, courier: &Courier) -> Result<Option<Secret>, Failure> {
        self.secret(courier, Circumstances { may_prompt: false, ..self.circumstances })
    }
}
