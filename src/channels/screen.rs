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
