//! How the time of a run is shared by what it has to do.

use std::time::Duration;

use super::Job;
use crate::channels::SCREEN;
use crate::deadline::Deadline;
use crate::delivery::Delivery;

/// How long a job may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    /// Until when it has to be done.
    pub(super) deadline: Deadline,
    /// Until when a person, or a program that asks one, is waited for.
    pub(super) patience: Deadline,
}

impl Time {
    /// Leaves time for the jobs that come later: screens have a few seconds each, and of an e-mail's
    /// time no more than a fifth; whoever never says the password of a screen costs them half.
    pub(super) fn of<'a>(job: &Job<'_>, later: impl Iterator<Item = &'a Job<'a>>, whole: Deadline) -> Self {
        let (emails, screens): (Vec<&Job<'_>>, Vec<&Job<'_>>) =
            later.filter(|job| job.decision.notifies()).partition(|job| job.target.is_email());
        let with_this = |jobs: Vec<&Job<'_>>| u32::try_from(jobs.len()).unwrap_or(u32::MAX).saturating_add(1);
        if job.target.is_email() {
            let deadline = whole.share(with_this(emails));
            Self { deadline, patience: deadline }
        } else if emails.is_empty() {
            let patience = if screens.is_empty() { whole } else { whole.share(2) };
            Self { deadline: whole.share(with_this(screens)).within(SCREEN), patience }
        } else {
            let fifth = whole.remaining().unwrap_or_default() / 5;
            Self { deadline: whole.within(SCREEN.min(fifth)), patience: whole.share(2) }
        }
    }
}

/// Returns the longest that a server has taken over a message of this run.
pub(super) fn slowest_message(deliveries: &[Delivery]) -> Duration {
    let stages = deliveries.iter().flat_map(|delivery| &delivery.stages);
    let taken = stages.filter(|stage| stage.ok && stage.name == "message").map(|stage| stage.ms);
    Duration::from_millis(taken.max().unwrap_or_default())
}
