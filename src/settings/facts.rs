//! The facts of a run put in order, wherever they come from: flags, what a program hands its hook, a
//! report, the task file.

use std::path::Path;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::report::{Told, report};
use crate::cli::RunArgs;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings::Origin;
use crate::task::Task;
use crate::tools::{Handed, Tool};

/// How old the `run` of a task file may be (design, section 2): it is written anew by every run.
const RUN_MOST_AGE: SignedDuration = SignedDuration::from_hours(24);

/// The facts of a run, and from when on the time of this program counts.
#[derive(Debug)]
pub struct LoadedRun {
    /// The run; `None` at the beginning of a backup, which has no outcome yet.
    pub run: Option<Run>,
    /// When its last fact was there: a backup program that is still writing its report to us is not done.
    pub since: Instant,
    /// What was wrong with the report, where the outcome is known without it: people are told all the same.
    pub trouble: Option<Failure>,
}

/// Returns the tool whose exit codes count: the one that a flag names, unless that one only brings the code
/// of another one, which the task names.
pub fn tool(flag: Option<Tool>, task: Option<Tool>) -> Option<Tool> {
    match (flag, task) {
        (Some(flag), Some(own)) if flag.is_carrier() => Some(own),
        (flag, task) => flag.or(task),
    }
}

/// Puts the facts of the run in order: flags over what the program named by `--tool` hands over and the
/// report, and `run` of the task file only where none of them says how the backup ended.
///
/// The tool whose exit codes count is the task's; a flag has been laid over it by then ([`tool`]). Source
/// and destination of the task are filled in where it has none and the program names them.
pub fn load_run(
    args: &RunArgs,
    task: &mut Task,
    origin: &Origin,
    now: Timestamp,
    deadline: Deadline,
    started: Instant,
) -> Result<LoadedRun, Failure> {
    let handed = handed(args)?;
    if let Some(handed) = &handed {
        // what the person has written says it better: Carbon Copy Cloner names a snapshot that will be gone
        task.source = task.source.take().or_else(|| handed.source.clone());
        task.destination = task.destination.take().or_else(|| handed.destination.clone());
    }
    let task = &*task;
    if args.event == Event::Begin {
        return Ok(LoadedRun { run: None, since: started, trouble: None });
    }
    let (report, trouble) = match args.report.as_deref().map(|path| report(path, args, origin, now, deadline))
    {
        None => (None, None),
        Some(Ok(told)) => (Some(told), None),
        // a backup that has failed may well have left no report: the notice must not be lost for that
        Some(Err(failure)) if failure.exit != Exit::Usage && is_known(args, handed.as_ref()) => {
            (None, Some(failure))
        }
        Some(Err(failure)) => return Err(failure),
    };
    let waited = args.report.as_deref() == Some(Path::new("-")) && args.tool.is_some();
    let since = if waited { Instant::now() } else { started };
    let flags = RunFacts {
        status: args.status,
        exit_code: args.exit_code,
        started: args.started,
        finished: args.finished,
        message: args.message.clone(),
        log: args.log.clone(),
        notes: trouble.iter().map(|failure: &Failure| failure.what.clone()).collect(),
        ..RunFacts::default()
    };
    let told = match handed {
        Some(handed) => Some(both(stated_less(handed.facts, &flags), report, task)),
        None => report,
    };
    let (outcome, facts) = combine(flags, told, task);
    if let Some(outcome) = outcome {
        // the hook is called when the backup is done: that is its end, unless somebody knows better
        let finished = facts.finished.or(Some(now));
        return Ok(LoadedRun {
            run: Some(Run::new(outcome, RunFacts { finished, ..facts })),
            since,
            trouble,
        });
    }
    let Some((outcome, written)) = task.run.clone().and_then(|run| Some((stated(&run, task)?, run))) else {
        return Err(nothing_says(args.tool));
    };
    if *origin != Origin::Stdin {
        fresh(&written, now)?;
    }
    let facts = facts.over(written);
    Ok(LoadedRun { run: Some(Run::new(outcome, with_class(facts, task))), since, trouble })
}

/// Tells whether the outcome is known without a report.
fn is_known(args: &RunArgs, handed: Option<&Handed>) -> bool {
    let by_hook = handed.is_some_and(|it| it.facts.status.is_some() || it.facts.exit_code.is_some());
    args.status.is_some() || args.exit_code.is_some() || by_hook
}

/// Says that nobody states an outcome, and what was looked for.
fn nothing_says(tool: Option<Tool>) -> Failure {
    let looked = tool.and_then(|tool| Some((tool.word(), tool.looked_for()?)));
    let looked = looked.map(|(word, words)| format!("; for --tool {word} this program looked for {words}"));
    Failure::new(Exit::Usage, "nothing says how the backup ended").with_hint(format!(
        "add --status, --exit-code or --report; an unknown outcome is never taken for a success{}",
        looked.unwrap_or_default()
    ))
}

/// Reads what the program named by the flag hands its hook: the words after `--`, and the environment.
fn handed(args: &RunArgs) -> Result<Option<Handed>, Failure> {
    let Some(tool) = args.tool else {
        if args.handed.is_empty() {
            return Ok(None);
        }
        let what = "there are words after --, but no --tool says which program hands them over";
        return Err(Failure::new(Exit::Usage, what).with_hint("write, for example: --tool ccc -- \"$@\""));
    };
    let variables = |name: &str| std::env::var_os(name);
    match args.event {
        Event::Begin => Ok(Some(tool.handed_at_begin(&args.handed, &variables))),
        Event::End | Event::Overdue => tool.handed(&args.handed, &variables),
    }
}

/// Leaves away how a run ended where flags say so: an exit code that is given takes the place of all that
/// the program hands over, a status that is given leaves the code as a fact.
fn stated_less(handed: RunFacts, flags: &RunFacts) -> RunFacts {
    let status = handed.status.filter(|_| flags.status.is_none() && flags.exit_code.is_none());
    let exit_code = handed.exit_code.filter(|_| flags.exit_code.is_none());
    RunFacts { status, exit_code, ..handed }
}

/// Lays what a program has handed over over its report; the worse of the two counts.
fn both(handed: RunFacts, report: Option<Told>, task: &Task) -> Told {
    let by_hook = ended(&handed, task);
    let Some(report) = report else {
        return Told {
            facts: RunFacts { status: by_hook.or(handed.status), ..handed },
            complete: true,
            broken_off: false,
        };
    };
    let by_report = report.outcome(true, handed.exit_code, task);
    let worse = match (by_hook, by_report) {
        (Some(by_hook), Some(by_report)) => Some(by_hook.worse(by_report)),
        (by_hook, by_report) => by_hook.or(by_report),
    };
    let complete = report.complete || by_hook.is_some();
    let broken_off = report.broken_off;
    Told { facts: RunFacts { status: worse, ..handed.over(report.facts) }, complete, broken_off }
}

/// Returns the outcome of what was handed over: the worse of status and code, for a unit that ran into a
/// time limit may have ended with any code.
fn ended(handed: &RunFacts, task: &Task) -> Option<Outcome> {
    let by_code = stated(&RunFacts { status: None, ..handed.clone() }, task);
    match (handed.status, by_code) {
        (Some(status), Some(by_code)) => Some(status.worse(by_code)),
        (status, by_code) => status.or(by_code),
    }
}

/// Lays what is stated over what a report says, and finds the outcome: a status that is stated decides,
/// else the worse of exit code and report (design, section 2).
pub(crate) fn combine(
    stated_facts: RunFacts,
    report: Option<Told>,
    task: &Task,
) -> (Option<Outcome>, RunFacts) {
    let by_status = stated_facts.status;
    let by_code = stated(&stated_facts, task);
    let by_report =
        report.as_ref().and_then(|told| told.outcome(by_code.is_some(), stated_facts.exit_code, task));
    let worse = match (by_code, by_report) {
        (Some(by_code), Some(by_report)) => Some(by_code.worse(by_report)),
        (by_code, by_report) => by_code.or(by_report),
    };
    let facts = stated_facts.over(report.map(|told| told.facts).unwrap_or_default());
    let facts = if by_status.is_some() { facts } else { with_class(facts, task) };
    (by_status.or(worse), facts)
}

/// Says where the task takes an exit code for something else than its program does.
fn with_class(mut facts: RunFacts, task: &Task) -> RunFacts {
    let tool = task.tool.unwrap_or(Tool::Generic);
    let own = facts.exit_code.and_then(|code| Some((code, *task.exit_codes.get(&code)?)));
    if let Some((code, outcome)) = own.filter(|(code, outcome)| tool.meaning(*code).outcome != *outcome) {
        let word = outcome.word();
        facts.notes.push(format!("exit code {code} counts as {word} here (\"exit_codes\" in the task)"));
    }
    facts
}

/// Returns the outcome that facts state, by their status or their exit code.
pub(super) fn stated(facts: &RunFacts, task: &Task) -> Option<Outcome> {
    let tool = task.tool.unwrap_or(Tool::Generic);
    let by_code =
        |code: i32| task.exit_codes.get(&code).copied().unwrap_or_else(|| tool.meaning(code).outcome);
    facts.status.or_else(|| facts.exit_code.map(by_code))
}

/// Refuses facts that another run left behind.
fn fresh(run: &RunFacts, now: Timestamp) -> Result<(), Failure> {
    let stale = |what: String| {
        Err(Failure::new(Exit::Data, what).with_hint(
            "have the backup program write \"finished\" anew with every run, or give --status or --exit-code",
        ))
    };
    let Some(finished) = run.finished else {
        return stale("\"run\" in the task file has no \"finished\", so it may be of any run".to_owned());
    };
    let age = now.duration_since(finished);
    if age > RUN_MOST_AGE {
        return stale(format!("\"run\" in the task file is of {finished}, more than 24 hours ago"));
    }
    if age < -RUN_MOST_AGE {
        return stale(format!("\"run\" in the task file is of {finished}, in the future"));
    }
    Ok(())
}
