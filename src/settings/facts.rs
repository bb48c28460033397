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
use crate::tools::{ReportReader, Stream, Tool, ToolReport};

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

/// Puts the facts of the run in order: flags over the report, and `run` of the task file only
/// where neither says how the backup ended.
///
/// The tool whose exit codes count is the task's; a flag has been laid over it by then.
pub fn load_run(
    args: &RunArgs,
    task: &Task,
    origin: &Origin,
    now: Timestamp,
    deadline: Deadline,
    started: Instant,
) -> Result<LoadedRun, Failure> {
    if args.event == Event::Begin {
        return Ok(LoadedRun { run: None, since: started });
    }
    let report = args.report.as_deref().map(|path| read_report(path, args, origin, deadline)).transpose()?;
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
    let (outcome, facts) = combine(flags, report, task);
    if let Some(outcome) = outcome {
        // the hook is called when the backup is done: that is its end, unless somebody knows better
        let finished = facts.finished.or(Some(now));
        return Ok(LoadedRun { run: Some(Run::new(outcome, RunFacts { finished, ..facts })), since });
    }
    let Some((outcome, written)) = task.run.clone().and_then(|run| Some((stated(&run, task)?, run))) else {
        return Err(Failure::new(Exit::Usage, "nothing says how the backup ended").with_hint(
            "add --status, --exit-code or --report; an unknown outcome is never taken for a success",
        ));
    };
    if *origin != Origin::Stdin {
        fresh(&written, now)?;
    }
    Ok(LoadedRun { run: Some(Run::new(outcome, facts.over(written))), since })
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
    (by_status.or(worse), stated_facts.over(report.map(|told| told.facts).unwrap_or_default()))
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
fn read_report(path: &Path, args: &RunArgs, origin: &Origin, deadline: Deadline) -> Result<Told, Failure> {
    let from_stdin = path == OsStr::new("-");
    if from_stdin && *origin == Origin::Stdin {
        return Err(Failure::new(Exit::Usage, "stdin cannot be both the task and the report"));
    }
    if let Some(tool) = args.tool {
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
