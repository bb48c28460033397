//! What Growl and the desktop have in common: a notice of a title and a line or two.

use sha2::{Digest as _, Sha256};

use crate::decide::ScreenEvent;
use crate::message::{self, Gist, Story};
use crate::text;

/// One notice for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScreenNotice {
    pub(super) event: ScreenEvent,
    /// What began or ended how; one line, never empty.
    pub(super) title: String,
    /// Why, and what else is known; one line or several, never empty.
    pub(super) text: String,
    /// The same for every notice of this task on this computer, and for no other: what ended takes the
    /// place of what began. 16 hexadecimal digits.
    pub(super) id: String,
}

impl ScreenNotice {
    /// Makes the notice of a story.
    pub(super) fn of(story: &Story<'_>) -> Self {
        let Gist { title, text } = message::gist(story);
        let mut hash = Sha256::new();
        // nothing is kept between runs, so the number cannot be one that a server gave us
        hash.update(story.host.as_bytes());
        hash.update([0]);
        hash.update(story.task.name.as_bytes());
        let id = text::hex(hash.finalize().get(..8).unwrap_or_default());
        Self { event: ScreenEvent::of(story.event, story.run.outcome), title, text, id }
    }

    /// Shows it as a preview does.
    pub(super) fn preview(&self) -> String {
        format!("{}\n{}\n", self.title, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Event, Outcome, Run, RunFacts};
    use crate::task::Task;

    /// The id of a notice of this task on this computer.
    fn id(task: &str, host: &str, event: Event, outcome: Outcome) -> String {
        let (task, run) = (Task::named(task), Run::new(outcome, RunFacts::default()));
        let now = jiff::Zoned::default();
        let notice = ScreenNotice::of(&Story {
            task: &task,
            event,
            run: &run,
            test: false,
            host,
            now,
            log: None,
            homes: &[],
            notes: vec![],
        });
        notice.id
    }

    #[test]
    fn the_id_is_of_one_task_on_one_computer() {
        let begun = id("Nightly", "atlas", Event::Begin, Outcome::Success);
        assert!(begun.len() == 16 && begun.bytes().all(|b| b.is_ascii_hexdigit()), "{begun}");
        assert_eq!(begun, id("Nightly", "atlas", Event::End, Outcome::Error));
        for (task, host) in
            [("Weekly", "atlas"), ("Nightly", "helios"), ("Nightlya", "tlas"), ("", "atlasNightly")]
        {
            assert_ne!(begun, id(task, host, Event::Begin, Outcome::Success), "{task} {host}");
        }
    }
}
