//! The ways to reach people: one trait, one file each.

mod courier;
mod desktop;
mod email;
mod growl;
mod kept;
mod line;
mod log_file;
mod paper;
mod preview;
mod recipients;
mod screen;
pub(crate) mod trust_notes;
mod waiting;

pub(crate) use courier::Courier;
pub use desktop::DesktopChannel;
#[doc(hidden)]
pub use desktop::{AppleDesktop, ApplePlaces};
#[cfg(not(target_os = "macos"))]
pub(crate) use desktop::{SHOW_NOTICE, answer as show_notice};
pub use email::EmailChannel;
pub use growl::GrowlChannel;
#[cfg(fuzzing)]
pub(crate) use growl::fuzzing;
pub(crate) use kept::{Keeping, Kept, keep};
pub(crate) use line::Line;
pub(crate) use log_file::quote as quote_log;
pub use preview::{Preview, ScreenPreview};
pub(crate) use waiting::{Ended, Lines, Tried};

use std::time::Duration;

use crate::accounts::Book;
use crate::deadline::Deadline;
use crate::delivery::{Delivery, Stage};
use crate::message::Story;
use crate::secrets::Secret;

/// How long a notice on a screen may take, of the time that there is.
pub(crate) const SCREEN: Duration = Duration::from_secs(5);

/// How far a channel goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// All the way: the notice is delivered.
    Deliver,
    /// Up to the point where it would be accepted; nothing is delivered.
    Rehearse,
    /// Up to the network.
    Offline,
}

/// What every channel is given beside the story.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// When everything must have ended.
    pub deadline: Deadline,
    /// Until when a person, or a program that asks one, is waited for where the channel's own time is
    /// made for machines.
    pub patience: Deadline,
    /// How far to go.
    pub effort: Effort,
    /// Where accounts are looked up.
    pub accounts: &'a Book,
    /// Whether what may pass is tried again, as long as there is time. A person who tests sees the first
    /// failure.
    pub retry: bool,
    /// Whether another message may follow on the same connection.
    pub more: bool,
    /// Whether a person is there to be asked for a password.
    pub may_prompt: bool,
    /// A password that is about to be kept in the private keychain, and is not there yet.
    pub given: Option<&'a Secret>,
    /// Called with each stage as it ends.
    pub watch: &'a dyn Fn(Stage),
    /// Called with what only those want to hear who ask for more.
    pub detail: &'a dyn Fn(&str),
    /// Called with what a person has to hear whatever becomes of the notice.
    pub warn: &'a dyn Fn(&str),
    /// Called with what must be said each time, however quiet the person wants it: that a trust rule
    /// stops no attacker (design, section 5).
    pub alarm: &'a dyn Fn(&str),
}

impl std::fmt::Debug for Circumstances<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circumstances").field("effort", &self.effort).finish_non_exhaustive()
    }
}

/// A way to reach people.
pub trait Channel {
    /// Delivers one notice, and says what became of it. It never panics and never waits beyond the
    /// deadline; what goes wrong is in the delivery.
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery;
}
