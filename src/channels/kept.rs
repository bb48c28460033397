//! Keeping a message before anything can go wrong: before the screens, and before the first look at the
//! network.

use std::path::Path;

use jiff::Timestamp;
use lettre::Address;

use crate::channels::Circumstances;
use crate::channels::courier::Courier;
use crate::channels::paper::{Paper, Terms, Written};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::{self, Story};
use crate::outbox::{Attempt, Claimed, Draft, Id, Outbox};
use crate::task::Email;

/// An e-mail that has been made, and waits in the outbox while it is sent.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    /// How it is sent; `None` where the account is not known, and whoever sends it will say so.
    pub(super) ready: Option<(Courier, Paper<'a>)>,
    pub(super) written: Written,
    pub(super) claimed: Claimed,
}

impl Kept<'_> {
    /// Returns its name in the outbox.
    pub(crate) fn id(&self) -> Id {
        self.claimed.entry().id.clone()
    }
}

/// Where a message is kept, and as whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping<'a> {
    /// The outbox.
    pub(crate) outbox: &'a Outbox,
    /// The task file, an absolute path.
    pub(crate) task: &'a Path,
    /// Which e-mail of the task it is, from 0.
    pub(crate) index: usize,
    /// Whether a flag has set the sender: the task does not know it then.
    pub(crate) sender_by_flag: bool,
}

/// Makes a message and keeps it.
///
/// Where the account is not found the message is kept all the same, from nobody: once it is found, that is
/// replaced by the sender it has.
pub(crate) fn keep<'a>(
    email: &'a Email,
    story: &Story<'_>,
    circumstances: Circumstances<'_>,
    keeping: Keeping<'_>,
) -> Result<Kept<'a>, Failure> {
    let ready = Courier::find(email, circumstances.accounts, circumstances.warn).and_then(|courier| {
        let paper = Paper::new(email, courier.from.clone(), circumstances.effort)?;
        Ok((courier, paper))
    });
    let compose = |paper: &Paper<'_>| paper.compose(story, &Terms::new(&email.to, &paper.notes));
    let (ready, written) = if let Ok((courier, paper)) = ready {
        let written = compose(&paper)?;
        (Some((courier, paper)), written)
    } else {
        let from = email.from.clone().unwrap_or_else(message::nobody);
        (None, compose(&Paper::new(email, from, circumstances.effort)?)?)
    };
    let composed = &written.composed;
    let kept = keeping.outbox.keep(&Draft {
        task: keeping.task,
        email: keeping.index,
        name: &story.task.name,
        subject: &composed.subject,
        outcome: story.run.outcome.word(),
        now: story.now.timestamp(),
        message_id: &composed.message_id,
        sender: email.from.as_ref().filter(|_| keeping.sender_by_flag),
        recipients: composed.envelope.to(),
        message: &composed.bytes,
    });
    let kept = kept.map_err(|error| Failure::from_situation(&error))?;
    for note in &kept.notes {
        (circumstances.warn)(note);
    }
    for dropped in &kept.dropped {
        let subject = crate::text::one_line(&dropped.subject).into_owned();
        if dropped.id == kept.claimed.entry().id {
            (circumstances.alarm)(&format!(
                "the outbox is full of what matters more: \"{subject}\" is sent, but not kept"
            ));
            continue;
        }
        (circumstances.alarm)(&format!(
            "the outbox is full: \"{subject}\", kept on {}, was given up",
            dropped.queued.to_zoned(story.now.time_zone().clone()).strftime("%-d %b %Y, %H:%M")
        ));
    }
    Ok(Kept { ready, written, claimed: kept.claimed })
}

/// Puts down in the outbox what became of a message, and says where that could not be done.
pub(super) struct Ledger<'a> {
    claimed: Option<Claimed>,
    now: Timestamp,
    warn: &'a dyn Fn(&str),
}

impl<'a> Ledger<'a> {
    pub(super) fn new(claimed: Option<Claimed>, now: Timestamp, warn: &'a dyn Fn(&str)) -> Self {
        Self { claimed, now, warn }
    }

    /// Tells whether the message is still in the outbox.
    pub(super) fn is_open(&self) -> bool {
        self.claimed.as_ref().is_some_and(Claimed::is_kept)
    }

    /// A server has taken the message, but not for these. What nobody waits for any more is removed at once:
    /// the shorter the time between the server's word and this, the rarer is a repeat.
    pub(super) fn taken(&mut self, remaining: &[Address], why: (&str, Exit)) {
        let Some(mut claimed) = self.claimed.take() else { return };
        let result = if remaining.is_empty() {
            claimed.accepted()
        } else {
            let (error, code) = why;
            let result =
                claimed.attempted(&Attempt { now: self.now, error, code, refused: false, remaining });
            self.claimed = Some(claimed);
            result
        };
        if let Err(error) = result {
            (self.warn)(&error.to_string());
        }
    }

    /// Nobody of these has got it, and why; tells whether it waits for another time.
    pub(super) fn failed(&mut self, failure: &Failure, refused: bool, remaining: &[Address]) -> bool {
        let Some(mut claimed) = self.claimed.take() else { return false };
        let (error, code) = (failure.what.as_str(), failure.exit);
        let result = claimed.attempted(&Attempt { now: self.now, error, code, refused, remaining });
        if let Err(error) = result {
            (self.warn)(&error.to_string());
        }
        claimed.is_kept()
    }
}
