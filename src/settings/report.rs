//! The report of a run: our own JSON, or what a backup program has printed.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::facts::stated;
use crate::cli::RunArgs;
use crate::deadline::{Deadline, Over};
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::interrupt;
use crate::message::human;
use crate::run::{Outcome, RunFacts};
use crate::settings::{Origin, read_stdin};
use crate::stdin;
use crate::task::{self, MAX_BYTES, Task};
use crate::text::io_words;
use crate::tools::{ReportReader, Stream, Tool, ToolReport};

/// How old the file of a report may be, when it is the only sign of the end. The hook is called at that end;
/// the report of yesterday is a day old, less the time that the backup takes.
const REPORT_MOST_AGE: SignedDuration = SignedDuration::from_hours(12);
/// From which age on a report is not taken for that of this run without a word.
const REPORT_ODD_AGE: SignedDuration = SignedDuration::from_hours(1);
/// How much the clocks of two computers may differ, and times be rounded.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);
/// How much of a report is read at a time.
const PIECE: usize = 64 * 1024;
/// As good as no time limit.
const EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What a report says.
#[derive(Debug)]
pub(crate) struct Told {
    pub(super) facts: RunFacts,
    /// Whether it has its end.
    pub(super) complete: bool,
    /// Whether it shows the program at work, and then nothing.
    pub(super) broken_off: bool,
}

impl Told {
    /// Takes what a program printed; `name` is what messages call it.
    pub(crate) fn by_tool(report: ToolReport, tool: Tool, name: &str) -> Self {
        let ToolReport { mut facts, complete, broken_off } = report;
        facts.from_json = tool.prints_json();
        if facts.files_total == Some(0) && !facts.errors.is_empty() {
            // rsync and Borg call it a warning when the source is not there at all; nothing was backed up
            facts.status = Some(Outcome::Error);
        }
        if !complete {
            facts.notes.push(format!(
                "{name} ends before {} was done with it: there may be more to say about this run",
                tool.word()
            ));
        }
        Self { facts, complete, broken_off }
    }

    /// Looks at when the file was written: the report of yesterday is still there when the program has
    /// died today before it wrote one.
    fn of_its_age(self, written: Option<Timestamp>, started: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(written) = written else { return self };
        let age = now.duration_since(written);
        if started.is_some_and(|started| started.duration_since(written) > CLOCKS) {
            return Self::of_another_run(format!(
                "the report was written at {written}, before this run began, so it is not used"
            ));
        }
        let Self { mut facts, complete, broken_off } = self;
        if started.is_some() || age < REPORT_ODD_AGE {
            return Self { facts, complete, broken_off };
        }
        let old = human::duration(age).unwrap_or_default();
        if age >= REPORT_MOST_AGE {
            return Self::of_another_run(format!(
                "the report was last written {old} ago, so it is of another run, and is not used"
            ));
        }
        facts.notes.push(format!("the report was last written {old} ago: it may be of another run"));
        Self { facts, complete, broken_off }
    }

    /// What there is to say in place of a report that another run has left behind.
    fn of_another_run(note: String) -> Self {
        Self {
            facts: RunFacts { notes: vec![note], ..RunFacts::default() },
            complete: false,
            broken_off: false,
        }
    }

    /// Tells how the run ended by what it reports. A report that breaks off is no sign of a good end, when it
    /// is the only one; errors in it are more than the code 0 of whatever stands last in a row of commands.
    pub(super) fn outcome(&self, told_otherwise: bool, code: Option<i32>, task: &Task) -> Option<Outcome> {
        let by_errors = || {
            let errors = task.tool != Some(Tool::Tar) && !self.facts.errors.is_empty();
            (code == Some(0) && (errors || self.broken_off)).then_some(Outcome::Warning)
        };
        match stated(&self.facts, task) {
            Some(outcome) => Some(outcome),
            None if !self.complete && !told_otherwise => Some(Outcome::Error),
            None => by_errors(),
        }
    }
}

/// Returns when a file was written.
fn written(path: &Path) -> Option<Timestamp> {
    // what cannot be told is no reason to doubt: where there is no file, reading it has said so
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    if path == OsStr::new("-") { None } else { Timestamp::try_from(modified).ok() }
}

/// Reads the report that is named, and looks at whether it can be of this run.
pub(super) fn report(
    path: &Path,
    args: &RunArgs,
    origin: &Origin,
    now: Timestamp,
    deadline: Deadline,
) -> Result<Told, Failure> {
    let told = read_report(path, args.tool, origin, deadline).map_err(|mut failure| {
        let usual = || "give the file that the backup program has written, or leave --report away".to_owned();
        failure.hint = failure.hint.or_else(|| Some(usual()));
        failure
    })?;
    Ok(told.of_its_age(written(path), args.started, now))
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
    if path.as_os_str().is_empty() {
        return Err(Failure::new(Exit::NoInput, "the path of the report is empty"));
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
    Ok(Told { facts, complete: true, broken_off: false })
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
    if let Some(signal) = interrupt::signal().filter(|_| error.kind() == io::ErrorKind::TimedOut) {
        let over = Over::By(signal);
        return Failure::new(Exit::TempFail, format!("reading the report from {name} {over}"));
    }
    Failure::new(Exit::NoInput, format!("cannot read the report from {name}: {}", io_words(error)))
}
