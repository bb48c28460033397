//! `test-email`: a test message by the very path that `notify` takes.

use crate::World;
use crate::channels::Effort;
use crate::cli::TestEmailArgs;
use crate::commands::deliver::{self, Target, Trial};
use crate::commands::notify::preview;
use crate::commands::output::{Output, Report, print_and_end};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::Event;
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
    let loaded = settings::load_task(&args.task, &args.overrides, Event::End, world.started)?;
    let task = &loaded.task;
    if task.email.is_empty() {
        return Err(
            Failure::new(Exit::Usage, "this task sends no e-mail").with_hint(
                "add \"email\" to the task; its screens are tried by \"check\", and by \"notify --status success\"",
            )
        );
    }
    if args.overrides.growl.is_some() || args.overrides.desktop {
        output
            .warning("--growl and --desktop: this command sends e-mail alone, and shows nothing on a screen");
    }
    let trial = Trial { dry_run: args.dry_run, ..Trial::to(Effort::Deliver) };
    let targets = task.email.iter().map(Target::Email);
    Ok(deliver::by_hand(&loaded, targets, world, trial, output))
}
