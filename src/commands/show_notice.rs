//! `show-notice`: the child that enters somebody's session as that person, never as root.
//!
//! `channels::desktop` starts it, with the notice on standard input. It is none of the commands that people
//! know.

use std::time::Duration;

use crate::World;
use crate::channels;
use crate::cli::{OutputArgs, ShowNotice};
use crate::commands::output::{Output, print_and_end};
use crate::confined::{Limits, give_up_root};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;

/// Many times what the longest answer of a bus needs.
const LIMITS: Limits = Limits { memory: 512 << 20, seconds: 5 };

/// Runs the command.
pub(crate) fn run(args: &ShowNotice, world: &World) -> Exit {
    if let Err(what) = give_up_root(args.user, LIMITS) {
        let failure = Failure::new(Exit::NoPermission, what);
        return Output::for_hook(OutputArgs::default()).failure(&failure);
    }
    let deadline = Deadline::after(world.started, Duration::from_millis(args.milliseconds));
    match channels::show_notice(&args.address, deadline) {
        Some(text) => print_and_end(&(text + "\n")),
        None => Exit::Software,
    }
}
