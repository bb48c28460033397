//! The harmless channel: composes what would be sent and hands it to whoever wants to see it.

use lettre::message::Mailbox;

use crate::channels::courier::Courier;
use crate::channels::paper::{Paper, Terms};
use crate::channels::screen::ScreenNotice;
use crate::channels::{Channel, Circumstances};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::{Composed, Story};
use crate::task::Email;

/// Shows the message of an e-mail instead of sending it.
pub struct Preview<'a> {
    /// The e-mail.
    pub email: &'a Email,
    /// Is given the finished message.
    pub show: &'a dyn Fn(&Composed),
}

impl std::fmt::Debug for Preview<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview").field("email", self.email).finish_non_exhaustive()
    }
}

impl Channel for Preview<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let composed = || -> Result<Composed, Failure> {
            let to: &[Mailbox] = &self.email.to;
            let courier = Courier::find(self.email, circumstances.accounts, circumstances.warn)?;
            let paper = Paper::new(self.email, courier.from, circumstances.effort)?;
            paper.notes.iter().for_each(|note| (circumstances.warn)(note));
            let terms = Terms::new(to, &paper.notes);
            paper.compose(story, &terms).map(|written| written.composed)
        };
        match composed() {
            Ok(composed) => {
                composed.notes.iter().for_each(|note| (circumstances.warn)(note));
                (self.show)(&composed);
                let detail = "a dry run: nothing was sent";
                let mut delivery = Delivery::plain(ChannelName::Email, Status::Skipped, Exit::Ok, detail);
                delivery.message_id = Some(composed.message_id);
                delivery
            }
            Err(failure) => {
                let mut delivery =
                    Delivery::plain(ChannelName::Email, Status::Failed, failure.exit, failure.what);
                delivery.hint = failure.hint;
                delivery
            }
        }
    }
}

/// Hands over the text of a notice instead of showing it on a screen.
pub struct ScreenPreview<'a> {
    /// The channel that it would be shown on.
    pub channel: ChannelName,
    /// Is given the text: the title, then the rest.
    pub show: &'a dyn Fn(String),
}

impl std::fmt::Debug for ScreenPreview<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScreenPreview").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Channel for ScreenPreview<'_> {
    fn deliver(&self, story: &Story<'_>, _: Circumstances<'_>) -> Delivery {
        (self.show)(ScreenNotice::of(story).preview());
        Delivery::plain(self.channel, Status::Skipped, Exit::Ok, "a dry run: nothing was shown")
    }
}
