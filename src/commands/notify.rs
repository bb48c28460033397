//! `notify`: the hook. Decides, and only then opens anything.

use crate::World;
use crate::accounts::Book;
use crate::channels::Effort;
use crate::cli::NotifyArgs;
use crate::commands::deliver::{Job, Plan, Target, Waiter, somebody_is_there};
use crate::commands::output::{Output, Report, print_and_end};
use crate::deadline::Deadline;
use crate::decide::{decide, decide_screen};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings;
use crate::task::Task;

/// Runs the command.
pub(super) fn run(args: &NotifyArgs, world: &World) -> Exit {
    let output = Output::for_hook(args.output);
    match notify(args, world, output) {
        Ok(report) => {
            if args.dry_run && output.is_for_people() {
                return report.exit_code.worse(print_and_end(&preview(&report)));
            }
            output.report(&report)
        }
        Err(failure) => output.failure(&failure),
    }
}

fn notify(args: &NotifyArgs, world: &World, output: Output) -> Result<Report, Failure> {
    let settings::Loaded { mut task, origin, overridden } =
        settings::load_task(&args.task, &args.overrides, args.run.event, world.started)?;
    task.tool = settings::tool(args.run.tool, task.tool);
    let deadline = Deadline::after(world.started, settings::time_limit(&task, args.run.event));
    let loaded = settings::load_run(&args.run, &mut task, &origin, world.now, deadline, world.started)?;
    let deadline = Deadline::after(loaded.since, settings::time_limit(&task, args.run.event));
    if let Some(failure) = &loaded.trouble {
        output.trouble(failure);
    }
    let run = loaded.run;
    let outcome = run.as_ref().map(|run| run.outcome.word());
    // a backup that begins has no outcome: nothing below looks at this one then
    let begins = || RunFacts { message: args.run.message.clone(), ..RunFacts::default() };
    let run = run.unwrap_or_else(|| Run::new(Outcome::Success, begins()));
    let event = args.run.event;
    let jobs = jobs(&task, event, run.outcome);
    let asks = !args.hook && event == Event::End && jobs.iter().any(|job| job.decision.notifies());
    // only what is kept needs it
    let file = task.outbox.is_some().then(|| origin.file()).flatten();
    let plan = Plan {
        task: &task,
        accounts: &Book::new(task.mail_home.as_deref(), deadline),
        overridden: &overridden,
        origin: file.as_deref().map(|file| Waiter { file, sender_by_flag: args.overrides.from.is_some() }),
        event,
        run: &run,
        test: false,
        now: world.now,
        deadline,
        effort: Effort::Deliver,
        dry_run: args.dry_run,
        may_prompt: asks && somebody_is_there(),
        ran_as: None,
        given: None,
        output,
    };
    let mut report = plan.carry_out(&jobs, outcome);
    if args.hook || event == Event::Begin {
        report.exit_code = Exit::Ok;
    }
    if let Some(failure) = &loaded.trouble {
        report.exit_code = report.exit_code.worse(failure.exit);
    }
    Ok(report)
}

/// Decides about every channel of the task.
pub(super) fn jobs(task: &Task, event: Event, outcome: Outcome) -> Vec<Job<'_>> {
    let decided = |target| match target {
        Target::Email(email) => decide(event, outcome, email.when),
        Target::Growl(growl) => decide_screen(event, outcome, &growl.events),
        Target::Desktop => {
            let events = task.desktop.as_ref().map_or(&[][..], |desktop| &desktop.events);
            decide_screen(event, outcome, events)
        }
    };
    Target::all(task).map(|target| Job { target, decision: decided(target) }).collect()
}

/// Writes what a dry run found, for people.
pub(super) fn preview(report: &Report) -> String {
    let mut text = format!("{}: {}\n", report.decision, report.reason);
    for message in &report.messages {
        text.push('\n');
        text.push_str(message);
    }
    text
}
