//! What is kept before anything is sent, and where.

use super::{Job, Plan, Target};
use crate::channels::{self, Circumstances, Effort, Keeping, Kept, Line};
use crate::delivery::{Delivery, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::Story;
use crate::outbox::{Id, Outbox};
use crate::run::Event;
use crate::settings;

/// The messages of this run, and what is left of their connections.
#[derive(Debug, Default)]
pub(super) struct Own<'a> {
    /// Those that were kept, by the place of their job.
    pub(super) kept: Vec<Option<Kept<'a>>>,
    /// Their names in the outbox.
    pub(super) ids: Vec<Id>,
    /// Whether the outbox holds others.
    pub(super) others_wait: bool,
    pub(super) lines: Vec<Line<'a>>,
    /// The worst reason why a message could not be kept.
    pub(super) unkept: Option<Exit>,
}

impl Own<'_> {
    /// Notes one more reason why a message could not be kept.
    pub(super) fn also_unkept(&mut self, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.unkept = Some(self.unkept.unwrap_or_default().worse(failure.exit));
        }
    }
}

impl Plan<'_> {
    /// Opens the outbox, where the task has one: for keeping, or for what waits there already. What is wrong
    /// with it costs no notice, but people are told, in the message too.
    pub(super) fn outbox(&self, notifies: bool) -> (Option<Outbox>, Option<Failure>) {
        let wanted = self.effort == Effort::Deliver && !self.dry_run && self.origin.is_some();
        let Some(wanted) = self.task.outbox.as_ref().filter(|_| wanted) else { return (None, None) };
        let opened = settings::outbox_folder(wanted).and_then(|folder| {
            let limits = settings::outbox_limits(wanted);
            let opened = if notifies && self.event != Event::Begin {
                Outbox::make(&folder, limits).map(Some)
            } else {
                Outbox::find(&folder, limits)
            };
            opened.map_err(|error| Failure::from_situation(&error))
        });
        match opened {
            Ok(outbox) => (outbox, None),
            Err(failure) => {
                self.output.doubt(&failure.what, failure.hint.as_deref());
                (None, Some(failure))
            }
        }
    }

    /// Makes every e-mail and keeps it: whatever happens from here on, it is accepted or it waits.
    pub(super) fn keep<'a>(
        &self,
        jobs: &'a [Job<'a>],
        story: &mut Story<'_>,
        circumstances: Circumstances<'_>,
        outbox: Option<&Outbox>,
    ) -> Own<'a> {
        let mut own = Own::default();
        let (Some(outbox), Some(origin), false) = (outbox, self.origin, self.event == Event::Begin) else {
            return own;
        };
        let mut faults: Vec<String> = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            let kept = match job.target {
                Target::Email(email) if job.decision.notifies() => {
                    let keeping =
                        Keeping { outbox, task: origin.file, index, sender_by_flag: origin.sender_by_flag };
                    match channels::keep(email, story, circumstances, keeping) {
                        Ok(kept) => Some(kept),
                        Err(failure) => {
                            self.output.doubt(&failure.what, failure.hint.as_deref());
                            faults.push(not_kept(&failure));
                            own.also_unkept(Some(&failure));
                            None
                        }
                    }
                }
                _ => None,
            };
            own.ids.extend(kept.as_ref().map(Kept::id));
            own.kept.push(kept);
        }
        faults.dedup();
        story.notes.extend(faults);
        // what cannot be listed is said when it is to be sent
        own.others_wait = outbox.ids().is_ok_and(|ids| ids.iter().any(|id| !own.ids.contains(id)));
        own
    }
}

/// Says of a message that did not get through that it is lost, and why that could not be helped.
pub(super) fn say_lost(delivery: &mut Delivery, unkept: Option<Exit>) {
    let Some(unkept) = unkept.filter(|_| delivery.status == Status::Failed) else { return };
    delivery.exit_code = delivery.exit_code.worse(unkept);
    // what is said of a certificate has lines of its own
    let joint = if delivery.detail.contains('\n') { "\n  " } else { "; " };
    delivery.detail.push_str(&format!("{joint}the message could not be kept in the outbox, and is lost"));
}

/// Says in a message that it would have been lost, had it not got through.
pub(super) fn not_kept(failure: &Failure) -> String {
    format!("this message could not be kept in the outbox before it was sent: {}", failure.what)
}
