//! `test-email`: a test message by the very path that `notify` takes.

use crate::World;
use crate::channels::Effort;
use crate::cli::TestEmailArgs;
use crate::commands::deliver::{Job, Plan, Target};
use crate::commands::notify::{preview, somebody_is_there};
use crate::commands::output::{Output, Report, print_and_end};
use crate::deadline::Deadline;
use crate::decide::{Decision, Reason};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings;

/// Runs the command.
pub(super) fn run(args: &TestEmailArgs, world: &World) -> Exit {
    let output = Output::by_hand(args.output);
    match test(args, world, output) {
        Ok(report) if args.dry_run && output.is_for_people() => {
            report.exit_code.worse(print_and_end(&preview(&report)))
        }
        Ok(report) => output.report(&report),
        Err(failure) => output.failure(&failure),
    }
}

fn test(args: &TestEmailArgs, world: &World, output: Output) -> Result<Report, Failure> {
    let (task, _) = settings::load_task(&args.task, &args.overrides, Event::End, world.started)?;
    if task.email.is_empty() {
        return Err(
            Failure::new(Exit::Usage, "this task sends no e-mail").with_hint("add \"email\" to the task")
        );
    }
    let run = Run { outcome: Outcome::Success, facts: RunFacts::default() };
    let plan = Plan {
        task: &task,
        run: &run,
        test: true,
        now: world.now,
        deadline: Deadline::after(world.started, settings::time_limit(&task, Event::End)),
        effort: Effort::Deliver,
        dry_run: args.dry_run,
        may_prompt: somebody_is_there(),
        output,
    };
    let decision = Decision::Notify(Reason::Asked);
    let jobs: Vec<_> =
        task.email.iter().map(|email| Job { target: Target::Email(email), decision }).collect();
    Ok(plan.carry_out(&jobs, None))
}
