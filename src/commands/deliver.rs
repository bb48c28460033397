//! From a task and a run to deliveries: the one path of `notify`, `test-email` and `check`.

mod keep;
mod time;

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal};
use std::path::Path;

use jiff::Timestamp;

use crate::World;
use crate::accounts::Book;
use crate::channels::{
    self, Channel, Circumstances, DesktopChannel, Effort, EmailChannel, GrowlChannel, Kept, Line, Lines,
    Preview, ScreenPreview,
};
use crate::commands::output::{OutboxReport, Output, Report};
use crate::commands::ran_as::{RanAs, needs_vault, replaceable_program};
use crate::commands::waiting::Waiting;
use crate::deadline::Deadline;
use crate::decide::{Decision, Reason};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::exit::Exit;
use crate::home;
use crate::message::{LogExcerpt, Story, hides_home};
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::secrets::Secret;
use crate::settings;
use crate::stages::Stages;
use crate::task::{Email, Growl, Task};
use crate::zone;
pub(crate) use keep::Looked;
use keep::{Own, not_kept};
use time::{Time, slowest_message};

/// One channel of a task and what was decided about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) target: Target<'a>,
    pub(super) decision: Decision,
}

/// Whom a job is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Email(&'a Email),
    Growl(&'a Growl),
    Desktop,
}

impl<'a> Target<'a> {
    /// Lists everybody whom a task tells, e-mails first.
    pub(super) fn all(task: &'a Task) -> impl Iterator<Item = Self> {
        let emails = task.email.iter().map(Self::Email);
        let growl = task.growl.iter().map(Self::Growl);
        emails.chain(growl).chain(task.desktop.iter().map(|_| Self::Desktop))
    }

    fn channel(self) -> ChannelName {
        match self {
            Self::Email(_) => ChannelName::Email,
            Self::Growl(_) => ChannelName::Growl,
            Self::Desktop => ChannelName::Desktop,
        }
    }

    fn is_email(self) -> bool {
        matches!(self, Self::Email(_))
    }
}

/// Everything about one way of delivering.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) task: &'a Task,
    pub(super) accounts: &'a Book,
    pub(super) overridden: &'a [String],
    /// Whose messages wait in the outbox; `None` where nothing waits.
    pub(super) origin: Option<Waiter<'a>>,
    pub(super) event: Event,
    pub(super) run: &'a Run,
    pub(super) test: bool,
    pub(super) now: Timestamp,
    pub(super) deadline: Deadline,
    pub(super) effort: Effort,
    pub(super) dry_run: bool,
    pub(super) may_prompt: bool,
    /// As whom it is done, where a person wants to see whether it works.
    pub(super) ran_as: Option<&'a RanAs>,
    pub(super) given: Option<&'a Secret>,
    pub(super) output: Output,
}

/// Whose messages wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiter<'a> {
    /// The task file, an absolute path.
    pub(super) file: &'a Path,
    /// Whether the sender is that of a flag, and not the task's.
    pub(super) sender_by_flag: bool,
}

/// How far to go when a person wants to see whether a task works.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial<'a> {
    pub(super) effort: Effort,
    pub(super) dry_run: bool,
    pub(super) may_prompt: bool,
    /// A password that is about to be kept.
    pub(super) given: Option<&'a Secret>,
}

impl Trial<'_> {
    /// What a person who is there sees; without a person nobody is asked for a password.
    pub(super) fn to(effort: Effort) -> Self {
        Self { effort, dry_run: false, may_prompt: somebody_is_there(), given: None }
    }
}

/// Goes the path of `notify` because a person wants to see whether it works: whatever the policy
/// says, and about no run.
pub(super) fn by_hand<'a>(
    loaded: &'a settings::Loaded,
    targets: impl Iterator<Item = Target<'a>>,
    world: &World,
    trial: Trial<'a>,
    output: Output,
) -> Report {
    let run = Run::new(Outcome::Success, RunFacts::default());
    let task = &loaded.task;
    let ran_as = RanAs::now(needs_vault(task));
    // a conversation has said so at its beginning
    if let Some(failure) = replaceable_program().filter(|_| !output.is_conversation()) {
        output.doubt(&failure.what, failure.hint.as_deref());
    }
    let deadline = Deadline::after(world.started, settings::time_limit(task, Event::End));
    let plan = Plan {
        task,
        accounts: &Book::new(task.mail_home.as_deref(), deadline),
        overridden: &loaded.overridden,
        origin: None,
        event: Event::End,
        run: &run,
        test: true,
        now: world.now,
        deadline,
        effort: trial.effort,
        dry_run: trial.dry_run,
        may_prompt: trial.may_prompt,
        given: trial.given,
        ran_as: Some(&ran_as),
        output,
    };
    let decision = Decision::Notify(Reason::Asked);
    let jobs: Vec<_> = targets.map(|target| Job { target, decision }).collect();
    plan.carry_out(&jobs, None)
}

/// Tells whether a person can be asked for a password.
pub(super) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

impl Plan<'_> {
    /// Does all jobs, one after the other; none of them stops another.
    pub(super) fn carry_out(&self, jobs: &[Job<'_>], outcome: Option<&'static str>) -> Report {
        let first = jobs.iter().find(|job| job.decision.notifies()).or(jobs.first());
        let notifies = first.is_some_and(|job| job.decision.notifies());
        let reason = first.map(|job| job.decision.reason().to_string()).unwrap_or_default();
        let decision = if notifies { "notify" } else { "silent" };
        self.output.detail(&format!("{decision}: {reason}"));

        let messages = RefCell::new(Vec::new());
        // a full disk under stdout stops no delivery; it is said once, and the code tells
        let printed = Cell::new(Exit::Ok);
        if let Some(ran_as) = self.ran_as.filter(|_| !self.dry_run) {
            keep_failure(&printed, || self.output.ran_as(ran_as));
        }
        let output = self.output;
        let watch = |stage| keep_failure(&printed, || output.stage(stage));
        // a person sees whether it could be used; a hook uses it
        let looked = self.task.outbox.as_ref().filter(|_| self.ran_as.is_some() && !self.dry_run);
        let looked = looked.map(|wanted| Looked::at(wanted, &watch, output, self.effort != Effort::Deliver));
        let detail = |line: &str| output.detail(line);
        let warn = |line: &str| output.warning(line);
        let alarm = |line: &str| output.alarm(line);
        let circumstances = Circumstances {
            deadline: self.deadline,
            patience: self.deadline,
            effort: self.effort,
            retry: self.effort == Effort::Deliver && !self.test && self.event != Event::Begin,
            more: false,
            accounts: self.accounts,
            may_prompt: self.may_prompt,
            given: self.given,
            watch: &watch,
            detail: &detail,
            warn: &warn,
            alarm: &alarm,
        };
        let stages: Vec<Stages<'_>> = jobs.iter().map(|_| Stages::new(&watch)).collect();
        let late_stages = Stages::new(&|_| ());
        let (outbox, trouble) = self.outbox(notifies);
        let (host, homes) = if notifies { (host(), self.homes()) } else { Default::default() };
        let story;
        let mut own = Own::default();
        let deliveries = if notifies {
            self.overridden.iter().for_each(|note| output.warning(note));
            let (log, mut notes) = self.log();
            notes.extend(trouble.as_ref().map(not_kept));
            let mut written = Story {
                task: self.task,
                event: self.event,
                run: self.run,
                test: self.test,
                host: &host,
                now: self.now.to_zoned(zone::system()),
                log,
                homes: &homes,
                notes,
            };
            own = self.keep(jobs, &mut written, circumstances, outbox.as_ref());
            own.also_unkept(trouble.as_ref());
            story = written;
            let show = Show { messages: &messages, printed: &printed };
            self.each(jobs, &story, circumstances, &stages, show, &mut own)
        } else {
            jobs.iter().map(skipped).collect()
        };
        let waiting = outbox.as_ref().map(|outbox| {
            let waiting = Waiting {
                outbox,
                task: self.origin.map(|origin| (origin.file, self.task, self.accounts)),
                heir: None,
                own: &own.ids,
                now: self.now,
                deadline: self.deadline,
                output,
            };
            let lines =
                Lines::new(own.lines.drain(..).collect(), &late_stages, self.deadline, &detail, &alarm);
            waiting.send_all(lines.expecting(slowest_message(&deliveries)))
        });
        let found = looked.as_ref().filter(|_| self.effort != Effort::Deliver);
        let exit_code = exit_code(&deliveries)
            .worse(printed.get())
            .worse(found.map_or(Exit::Ok, |looked| looked.exit_code));
        let message_id = deliveries.iter().find_map(|delivery| delivery.message_id.clone());
        Report {
            decision,
            reason,
            outcome,
            message_id,
            deliveries,
            messages: messages.take(),
            ran_as: self.ran_as.cloned(),
            outbox: waiting.map(OutboxReport::Passed).or(looked.map(OutboxReport::Looked)),
            exit_code,
        }
    }

    /// Lists the home folders that the message is not to name, where there is anything to look for them in.
    fn homes(&self) -> Vec<String> {
        let facts = &self.run.facts;
        let wanted = facts.log.is_some() || self.run.captured.is_some() || hides_home(&self.task.redact);
        if wanted { home::to_hide(self.deadline) } else { Vec::new() }
    }

    /// Does the jobs, screens first: one has shown its notice in a moment, while a mail server may take
    /// all the time that there is. Returns what became of them in the order of the task.
    fn each<'a>(
        &self,
        jobs: &'a [Job<'a>],
        story: &'a Story<'a>,
        circumstances: Circumstances<'a>,
        stages: &'a [Stages<'a>],
        show: Show<'_>,
        own: &mut Own<'a>,
    ) -> Vec<Delivery> {
        let (emails, screens): (Vec<_>, Vec<_>) =
            jobs.iter().zip(stages).enumerate().partition(|(_, (job, _))| job.target.is_email());
        let mut done: Vec<(usize, Delivery)> = Vec::new();
        let mut left: Vec<_> = screens.into_iter().chain(emails).rev().collect();
        while let Some((index, (job, stages))) = left.pop() {
            let place = self.place(index, job);
            if job.decision.notifies() {
                let time = Time::of(job, left.iter().map(|(_, (job, _))| *job), self.deadline);
                let more = own.others_wait && !left.iter().any(|(_, (job, _))| job.decision.notifies());
                let Time { deadline, patience } = time;
                let circumstances = Circumstances { deadline, patience, more, ..circumstances };
                let kept = own.kept.get_mut(index).and_then(Option::take);
                let lost = own.unkept.filter(|_| kept.is_none() && job.target.is_email());
                let (mut delivery, line) = self.one(job, story, circumstances, stages, kept, show);
                keep::say_lost(&mut delivery, lost);
                own.lines.push(line);
                keep_failure(show.printed, || self.output.delivery(&place, &delivery));
                done.push((index, delivery));
            } else {
                self.output.detail(&format!("{place}: {}", job.decision.reason()));
                done.push((index, skipped(job)));
            }
        }
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, delivery)| delivery).collect()
    }

    /// Returns what the task calls the target of a job; its e-mails are the first jobs.
    fn place(&self, index: usize, job: &Job<'_>) -> String {
        match job.target.channel() {
            ChannelName::Email if self.task.email.len() > 1 => format!("email[{index}]"),
            channel => channel.word().to_owned(),
        }
    }

    fn one<'a>(
        &self,
        job: &Job<'a>,
        story: &'a Story<'a>,
        circumstances: Circumstances<'a>,
        stages: &'a Stages<'a>,
        kept: Option<Kept<'a>>,
        show: Show<'_>,
    ) -> (Delivery, Line<'a>) {
        let messages = show.messages;
        let delivery = match job.target {
            Target::Email(email) if self.dry_run => {
                let show = |composed: &crate::message::Composed| {
                    let message = String::from_utf8_lossy(&composed.bytes).replace("\r\n", "\n");
                    messages.borrow_mut().push(message);
                };
                Preview { email, show: &show }.deliver(story, circumstances)
            }
            Target::Growl(_) | Target::Desktop if self.dry_run => {
                let channel = job.target.channel();
                let show = |text| messages.borrow_mut().push(format!("{}: {text}", channel.word()));
                ScreenPreview { channel, show: &show }.deliver(story, circumstances)
            }
            Target::Email(email) => {
                return EmailChannel::new(email).send(story, circumstances, stages, kept);
            }
            Target::Growl(growl) => GrowlChannel::new(growl).deliver(story, circumstances),
            Target::Desktop => DesktopChannel.deliver(story, circumstances),
        };
        (delivery, Line::None)
    }

    /// Reads what is quoted of the log: of the file that was named, or else of what the program printed.
    /// A log that cannot be read costs nothing but itself.
    fn log(&self) -> (Option<LogExcerpt>, Vec<String>) {
        let printed = || self.run.captured.as_ref().map(LogExcerpt::of_captured);
        let Some(path) = &self.run.facts.log else { return (printed(), Vec::new()) };
        match channels::quote_log(path, self.run.facts.log_from, self.run.outcome) {
            Ok(excerpt) => (Some(excerpt), Vec::new()),
            Err(what) => {
                self.output.warning(&what);
                (printed(), vec![what])
            }
        }
    }
}

/// What a dry run has to show, and whether it could be.
#[derive(Clone, Copy)]
struct Show<'a> {
    messages: &'a RefCell<Vec<String>>,
    printed: &'a Cell<Exit>,
}

/// Prints, unless that has failed before.
fn keep_failure(printed: &Cell<Exit>, print: impl FnOnce() -> Result<(), Exit>) {
    if printed.get() == Exit::Ok
        && let Err(exit) = print()
    {
        printed.set(exit);
    }
}

fn skipped(job: &Job<'_>) -> Delivery {
    Delivery::plain(job.target.channel(), Status::Skipped, Exit::Ok, job.decision.reason().to_string())
}

/// Returns the code of all deliveries together: screen channels count only where the task has no
/// e-mail (design, section 6).
fn exit_code(deliveries: &[Delivery]) -> Exit {
    let has_email = deliveries.iter().any(|d| d.channel == ChannelName::Email);
    deliveries
        .iter()
        .filter(|d| !has_email || d.channel == ChannelName::Email)
        .fold(Exit::Ok, |worst, delivery| worst.worse(delivery.exit_code))
}

/// Returns this computer's name, for people.
fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this computer".to_owned())
}
