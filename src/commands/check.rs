//! `check`: everything that `notify` would do, up to an accepted recipient.

use crate::World;
use crate::channels::Effort;
use crate::cli::CheckArgs;
use crate::commands::deliver::{self, Target, Trial};
use crate::commands::output::{Output, Report};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::Event;
use crate::settings;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, world: &World) -> Exit {
    let output = Output::by_hand(args.output);
    match check(args, world, deliver::somebody_is_there(), output) {
        Ok(report) => output.report(&report),
        Err(failure) => output.failure(&failure),
    }
}

/// Goes the whole way but for the message itself; a person may be asked for a password.
pub(super) fn check(
    args: &CheckArgs,
    world: &World,
    may_prompt: bool,
    output: Output,
) -> Result<Report, Failure> {
    let loaded = settings::load_task(&args.task, &args.overrides, Event::End, world.started)?;
    let effort = if args.offline { Effort::Offline } else { Effort::Rehearse };
    let targets = Target::all(&loaded.task);
    Ok(deliver::by_hand(&loaded, targets, world, Trial { may_prompt, ..Trial::to(effort) }, output))
}
