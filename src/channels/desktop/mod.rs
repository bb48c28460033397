//! The desktop of whoever sits at this computer.
//!
//! What is the same everywhere stands here; finding that person and showing the notice is the
//! platform's.

mod apple;
#[cfg(not(target_os = "macos"))]
mod linux;

use crate::channels::screen::ScreenNotice;
use crate::channels::{Channel, Circumstances, Effort};
use crate::deadline::Deadline;
use crate::delivery::{ChannelName, Delivery, Status};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::Story;
use crate::stages::Stages;

#[doc(hidden)]
pub use apple::Places as ApplePlaces;
#[cfg(not(target_os = "macos"))]
use linux as platform;
#[cfg(not(target_os = "macos"))]
pub(crate) use linux::answer;

/// The first argument of the child that shows a notice in somebody else's session.
#[cfg(not(target_os = "macos"))]
pub(crate) const SHOW_NOTICE: &str = "show-notice";

#[cfg(target_os = "macos")]
mod platform {
    use super::End;
    use super::apple::{self, Places};
    use crate::channels::Effort;
    use crate::channels::screen::ScreenNotice;
    use crate::deadline::Deadline;
    use crate::error::Failure;
    use crate::stages::Stages;

    /// Finds whoever sits at this computer and shows the notice there; with [`Effort::Rehearse`],
    /// everything but that. Nothing is waited for beyond the deadline.
    pub(super) fn show(
        notice: &ScreenNotice,
        effort: Effort,
        deadline: Deadline,
        stages: &Stages<'_>,
    ) -> Result<End, Failure> {
        apple::show(&Places::of_a_mac(), notice, effort, deadline, stages)
    }
}

/// The desktop of whoever sits at this computer.
#[derive(Debug)]
pub struct DesktopChannel;

/// A good end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Somebody was shown the notice.
    Shown { detail: String },
    /// It could be shown; nothing was.
    Checked { detail: String },
    /// There is nobody to show it to.
    Nobody { detail: String },
}

impl Channel for DesktopChannel {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        deliver_by(story, circumstances, platform::show)
    }
}

/// The desktop of a Mac whose programs lie somewhere else: by this, tests go a Mac's way on any
/// platform.
#[doc(hidden)]
#[derive(Debug)]
pub struct AppleDesktop {
    /// Where they lie.
    pub places: apple::Places,
}

impl Channel for AppleDesktop {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        deliver_by(story, circumstances, |notice, effort, deadline, stages| {
            apple::show(&self.places, notice, effort, deadline, stages)
        })
    }
}

/// Delivers a notice by a platform's way of showing it.
fn deliver_by(
    story: &Story<'_>,
    circumstances: Circumstances<'_>,
    show: impl FnOnce(&ScreenNotice, Effort, Deadline, &Stages<'_>) -> Result<End, Failure>,
) -> Delivery {
    let stages = Stages::new(circumstances.watch);
    let ended = match circumstances.effort {
        Effort::Offline => {
            Ok(End::Checked { detail: "nobody's desktop was asked: that is left out offline".to_owned() })
        }
        effort => show(&ScreenNotice::of(story), effort, circumstances.deadline, &stages),
    };
    let (status, exit_code, detail, hint) = match ended {
        Ok(End::Shown { detail }) => (Status::Sent, Exit::Ok, detail, None),
        Ok(End::Checked { detail }) => (Status::Checked, Exit::Ok, detail, None),
        Ok(End::Nobody { detail }) => (Status::Skipped, Exit::Ok, detail, None),
        Err(failure) => (Status::Failed, failure.exit, failure.what, failure.hint),
    };
    Delivery {
        hint,
        stages: stages.take(),
        ..Delivery::plain(ChannelName::Desktop, status, exit_code, detail)
    }
}
