//! What is kept before anything is sent, and where.

use std::path::Path;

use serde::Serialize;

use super::{Job, Plan, Target};
use crate::channels::{self, Circumstances, Effort, Keeping, Kept, Line};
use crate::commands::output::Output;
use crate::delivery::{Delivery, Stage, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::Story;
use crate::outbox::{Id, Outbox};
use crate::run::Event;
use crate::settings;
use crate::stages::Stages;
use crate::task::Outbox as Wanted;

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
                let make = if wanted.folder.is_some() { Outbox::make_named } else { Outbox::make };
                make(&folder, limits).map(Some)
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

/// What was found when somebody wanted to see whether the outbox can be used, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Looked {
    /// Its folder, whether it is there or not.
    folder: Option<String>,
    /// How many messages wait in it.
    waiting: Option<usize>,
    /// What stands in the way of using it.
    error: Option<String>,
    /// What to do about that.
    hint: Option<String>,
    /// The code that stands for it.
    pub(super) exit_code: Exit,
}

impl Looked {
    /// Looks at the outbox of a task; nothing is made.
    pub(super) fn at(wanted: &Wanted, watch: &dyn Fn(Stage), output: Output, counts: bool) -> Self {
        let folder = settings::outbox_folder(wanted);
        let judge = |folder: &Path| {
            let judged = Outbox::judge(folder, wanted.folder.is_some());
            judged.map_err(|error| Failure::from_situation(&error))
        };
        let judged =
            Stages::new(watch).time("outbox", || folder.as_deref().map_err(Clone::clone).and_then(judge));
        let folder = folder.ok().map(|folder| folder.to_string_lossy().into_owned());
        match judged {
            Ok(waiting) => {
                match waiting {
                    0 => {}
                    1 => output.note("1 message waits in the outbox"),
                    many => output.note(&format!("{many} messages wait in the outbox")),
                }
                Self { folder, waiting: Some(waiting), error: None, hint: None, exit_code: Exit::Ok }
            }
            Err(failure) => {
                if counts {
                    output.trouble(&failure);
                } else {
                    output.doubt(&failure.what, failure.hint.as_deref());
                }
                let Failure { exit, what, hint } = failure;
                Self { folder, waiting: None, error: Some(what), hint, exit_code: exit }
            }
        }
    }
}

/// Says in a message that it would have been lost, had it not got through.
pub(super) fn not_kept(failure: &Failure) -> String {
    format!("this message could not be kept in the outbox before it was sent: {}", failure.what)
}
