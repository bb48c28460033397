//! The facts of a run put in order, wherever they come from: flags, what a program hands its hook, a
//! report, the task file.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::cli::RunArgs;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings::{Origin, read_stdin};
use crate::stdin;
use crate::task::{self, MAX_BYTES, Task};
use crate::text::io_words;
use crate::tools::{Handed, ReportReader, Stream, Tool, ToolReport};

/// How old the `run` of a task file may be (design, section 2): it is written anew by every run.
const RUN_MOST_AGE: SignedDuration = SignedDuration::from_hours(24);
/// How much of a report is read at a time.
const PIECE: usize = 64 * 1024;
/// As good as no time limit.
const EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The facts of a run, and from when on the time of this program counts.
#[derive(Debug)]
pub struct LoadedRun {
    /// The run; `None` at the beginning of a backup, which has no outcome yet.
    pub run: Option<Run>,
    /// When its last fact was there: a backup program that is still writing its report to us is not done.
    pub since: Instant,
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
        return Ok(LoadedRun { run: None, since: started });
    }
    let report =
        args.report.as_deref().map(|path| read_report(path, args.tool, origin, deadline)).transpose()?;
    let waited = args.report.as_deref() == Some(Path::new("-")) && args.tool.is_some();
    let since = if waited { Instant::now() } else { started };
    let flags = RunFacts {
        status: args.status,
        exit_code: args.exit_code,
        started: args.started,
        finished: args.finished,
        message: args.message.clone(),
        log: args.log.clone(),
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
        return Ok(LoadedRun { run: Some(Run::new(outcome, RunFacts { finished, ..facts })), since });
    }
    let Some((outcome, written)) = task.run.clone().and_then(|run| Some((stated(&run, task)?, run))) else {
        return Err(nothing_says(args.tool));
    };
    if *origin != Origin::Stdin {
        fresh(&written, now)?;
    }
    let facts = facts.over(written);
    Ok(LoadedRun { run: Some(Run::new(outcome, with_class(facts, task))), since })
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
        return Told { facts: RunFacts { status: by_hook.or(handed.status), ..handed }, complete: true };
    };
    let by_report = stated(&report.facts, task);
    let worse = match (by_hook, by_report) {
        (Some(by_hook), Some(by_report)) => Some(by_hook.worse(by_report)),
        (by_hook, by_report) => by_hook.or(by_report),
    };
    let complete = report.complete || by_hook.is_some();
    Told { facts: RunFacts { status: worse, ..handed.over(report.facts) }, complete }
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

/// What a report says.
#[derive(Debug)]
pub(crate) struct Told {
    facts: RunFacts,
    /// Whether it has its end.
    complete: bool,
}

impl Told {
    /// Takes what a program printed; `name` is what messages call it.
    pub(crate) fn by_tool(report: ToolReport, tool: Tool, name: &str) -> Self {
        let ToolReport { mut facts, complete } = report;
        facts.from_json = tool.prints_json();
        if !complete {
            facts.notes.push(format!(
                "{name} ends before {} was done with it: there may be more to say about this run",
                tool.word()
            ));
        }
        Self { facts, complete }
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
    let by_report = report.as_ref().and_then(|told| match stated(&told.facts, task) {
        Some(outcome) => Some(outcome),
        // a report that breaks off is no sign of a good end, when it is the only one
        None => (!told.complete && by_code.is_none()).then_some(Outcome::Error),
    });
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
fn stated(facts: &RunFacts, task: &Task) -> Option<Outcome> {
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

/// Reads the report: our own JSON, or what the program named by `--tool` has printed.
pub(crate) fn read_report(
    path: &Path,
    tool: Option<Tool>,
    origin: &Origin,
    deadline: Deadline,
) -> Result<Told, Failure> {
    let from_stdin = path == OsStr::new("-");
    if from_stdin && *origin == Origin::Stdin {
        return Err(Failure::new(Exit::Usage, "stdin cannot be both the task and the report"));
    }
    if let Some(tool) = tool {
        return read_printed(path, tool, from_stdin, deadline);
    }
    let (bytes, name) = if from_stdin {
        (read_stdin("the report", deadline)?, "stdin".to_owned())
    } else {
        let bytes = files::read_plain(path, Purpose::Report, MAX_BYTES);
        (bytes.map_err(|e| Failure::from_situation(&e))?, path.display().to_string())
    };
    let facts = task::read_report(&bytes, &name).map_err(|f| Failure::from_situation(&f))?;
    Ok(Told { facts, complete: true })
}

/// Reads what a program has printed, however much it is.
fn read_printed(path: &Path, tool: Tool, from_stdin: bool, deadline: Deadline) -> Result<Told, Failure> {
    let Some(mut reader) = ReportReader::new(tool) else {
        let what = format!("what {} prints is not understood by this version", tool.word());
        return Err(Failure::new(Exit::Usage, what)
            .with_hint("leave --tool away to give the report as our own JSON, or give it as --log"));
    };
    let mut buffer = vec![0_u8; PIECE];
    let mut whole = true;
    if from_stdin {
        // whoever writes there is still at work, and would be ended if we left
        let ever = Deadline::after(Instant::now(), EVER);
        feed(&mut reader, &mut buffer, |buffer| stdin::read(buffer, &ever))
            .map_err(|error| unreadable("stdin", &error))?;
    } else {
        let mut file =
            files::open_plain(path, Purpose::Report).map_err(|error| Failure::from_situation(&error))?;
        // the rest of the time is for telling people
        let half = deadline.share(2);
        let read = |buffer: &mut [u8]| {
            if half.remaining().is_some() { file.read(buffer) } else { Err(io::ErrorKind::TimedOut.into()) }
        };
        match feed(&mut reader, &mut buffer, read) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => whole = false,
            read => read.map_err(|error| unreadable(&format!("\"{}\"", path.display()), &error))?,
        }
    }
    let mut report = reader.finish();
    report.complete &= whole;
    Ok(Told::by_tool(report, tool, "the report"))
}

fn feed(
    reader: &mut ReportReader,
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<()> {
    loop {
        match read(buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => reader.feed(Stream::Stdout, buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::NoInput, format!("cannot read the report from {name}: {}", io_words(error)))
}
