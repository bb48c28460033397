//! The desktop as freedesktop.org describes it: a notice goes to the person's session bus.

use super::End;
use crate::channels::Effort;
use crate::channels::screen::ScreenNotice;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::stages::Stages;

/// Finds whoever sits at this computer and shows the notice there; with [`Effort::Rehearse`],
/// everything but that. Nothing is waited for beyond the deadline.
pub(super) fn show(_: &ScreenNotice, _: Effort, _: Deadline, _: &Stages<'_>) -> Result<End, Failure> {
    let what = "this version cannot show notices on the desktop";
    Err(Failure::new(Exit::Refused, what).with_hint("tell people by \"email\" for now"))
}
