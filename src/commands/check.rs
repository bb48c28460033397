//! `check`: everything that `notify` would do, up to an accepted recipient.

use crate::World;
use crate::channels::Effort;
use crate::cli::CheckArgs;
use crate::commands::deliver::{Job, Plan, Target};
use crate::commands::notify::somebody_is_there;
use crate::commands::output::{Output, Report};
use crate::deadline::Deadline;
use crate::decide::{Decision, Reason};
use crate::delivery::ChannelName;
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, world: &World) -> Exit {
    let output = Output::by_hand(args.output);
    match check(args, world, output) {
        Ok(report) => output.report(&report),
        Err(failure) => output.failure(&failure),
    }
}

fn check(args: &CheckArgs, world: &World, output: Output) -> Result<Report, Failure> {
    let (task, _) = settings::load_task(&args.task, &args.overrides, Event::End, world.started)?;
    let run = Run { outcome: Outcome::Success, facts: RunFacts::default() };
    let plan = Plan {
        task: &task,
        run: &run,
        test: true,
        now: world.now,
        deadline: Deadline::after(world.started, settings::time_limit(&task, Event::End)),
        effort: if args.offline { Effort::Offline } else { Effort::Rehearse },
        dry_run: false,
        may_prompt: somebody_is_there(),
        output,
    };
    let decision = Decision::Notify(Reason::Asked);
    let emails = task.email.iter().map(Target::Email);
    let growl = task.growl.iter().map(|_| Target::Screen(ChannelName::Growl));
    let desktop = task.desktop.iter().map(|_| Target::Screen(ChannelName::Desktop));
    let jobs: Vec<_> = emails.chain(growl).chain(desktop).map(|target| Job { target, decision }).collect();
    Ok(plan.carry_out(&jobs, None))
}
