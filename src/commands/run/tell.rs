//! The notices about a command: that it begins, and how it ended.

use jiff::Timestamp;

use super::Typed;
use super::ended::Finished;
use crate::World;
use crate::accounts::Book;
use crate::channels::Effort;
use crate::commands::deliver::{Plan, Waiter, somebody_is_there};
use crate::commands::notify::jobs;
use crate::commands::output::{Output, Report};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings::{self, Loaded};

/// What tells people.
pub(super) struct Teller<'a> {
    pub(super) typed: &'a Typed<'a>,
    pub(super) world: &'a World,
    pub(super) output: Output,
}

impl Teller<'_> {
    /// Tells those who want to know that it begins; nothing that becomes of that is an error.
    pub(super) fn begin(&self, loaded: &Loaded) {
        let wanted = jobs(&loaded.task, Event::Begin, Outcome::Success);
        if !wanted.iter().any(|job| job.decision.notifies()) {
            return;
        }
        let message = self.typed.args.message.clone();
        // a backup that begins has no outcome: nothing looks at this one
        let run = Run::new(Outcome::Success, RunFacts { message, ..RunFacts::default() });
        let limit = settings::time_limit(&loaded.task, Event::Begin);
        let deadline = Deadline::after(self.world.started, limit);
        self.carry_out(loaded, Event::Begin, &run, self.world.now, deadline);
    }

    /// Tells people how it ended.
    pub(super) fn end(&self, loaded: Option<Loaded>, finished: Finished) -> Result<Report, Failure> {
        let code = finished.end.code();
        let loaded = match loaded.map_or_else(|| self.typed.load(), Ok) {
            Ok(loaded) => loaded,
            Err(failure) => {
                self.output.trouble(&failure);
                let what = format!("the command has ended with exit code {code}, and nobody could be told");
                self.output.alarm(&what);
                return Err(failure);
            }
        };
        let limit = settings::time_limit(&loaded.task, Event::End);
        let deadline = Deadline::after(finished.since, limit);
        let now = finished.stopped;
        let run = finished.into_run(self.typed, &loaded.task, deadline, self.output);
        Ok(self.carry_out(&loaded, Event::End, &run, now, deadline))
    }

    fn carry_out(
        &self,
        loaded: &Loaded,
        event: Event,
        run: &Run,
        now: Timestamp,
        deadline: Deadline,
    ) -> Report {
        let task = &loaded.task;
        let file = loaded.origin.file();
        let plan = Plan {
            task,
            accounts: &Book::new(task.mail_home.as_deref(), deadline),
            overridden: if event == Event::End { &loaded.overridden } else { &[] },
            // what waits can wait until the command has ended
            origin: file
                .as_deref()
                .filter(|_| event == Event::End)
                .map(|file| Waiter { file, sender_by_flag: self.typed.args.overrides.from.is_some() }),
            event,
            run,
            test: false,
            now,
            deadline,
            effort: Effort::Deliver,
            dry_run: false,
            may_prompt: event == Event::End && somebody_is_there(),
            ran_as: None,
            given: None,
            output: self.output,
        };
        let outcome = (event == Event::End).then(|| run.outcome.word());
        plan.carry_out(&jobs(task, event, run.outcome), outcome)
    }
}
