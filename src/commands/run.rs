//! `run`: a command in our place, and a notice about its end by exactly the path of `notify`.
//!
//! What the command does to its caller comes first, and nothing that becomes of the notice changes it.

mod ended;
mod result;
mod tell;

use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::World;
use crate::cli::{OutputArgs, RunCommandArgs, TaskArgs};
use crate::commands::output::{Output, talk_raw};
use crate::error::Failure;
use crate::exit::{Ending, Exit};
use crate::fault;
use crate::foreground::{Capture, Foreground, Kept, Rest, Stopwatch, core_limit, start_next_in_our_place};
use crate::interrupt;
use crate::run::Event;
use crate::secrets;
use crate::settings::{self, Loaded, is_name};
use crate::text::io_words;
use crate::tools::ReportReader;
use ended::{End, Finished, LogBefore, cannot_start};
use tell::Teller;

/// The code after a fault of our own: the command's, once that has ended.
static AFTER_PANIC: AtomicU8 = AtomicU8::new(Exit::Software as u8);

/// Returns the code to end with after a panic.
pub(crate) fn code_after_panic() -> u8 {
    AFTER_PANIC.load(Ordering::Relaxed)
}

/// Starts a command in our place after a panic that came before it, and says so first; returns the code to
/// end with if that cannot be done, and nothing where there is no command to start.
pub(crate) fn run_without_notice(say: impl FnOnce()) -> Option<u8> {
    let (name, error) = start_next_in_our_place(say)?;
    let failure = cannot_start(&[name], &error);
    Output::for_hook(OutputArgs::default()).trouble(&failure);
    Some(End::NotStarted(failure).code())
}

/// What was typed, with paths that stay what they are when the working directory goes.
struct Typed<'a> {
    args: &'a RunCommandArgs,
    task: TaskArgs,
    log: Option<PathBuf>,
    /// The log as it is before the command starts: others may have written to it.
    log_before: Option<LogBefore>,
    report: Option<PathBuf>,
    json_file: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &RunCommandArgs, world: &World) -> Ending {
    let output = Output::for_hook(OutputArgs { json: false, verbose: args.verbose, quiet: args.quiet });
    match whole(args, world, output) {
        Ok(ending) => ending,
        Err(failure) => output.failure(&failure).into(),
    }
}

/// Fails only before the command is started, and only because of what was typed.
fn whole(args: &RunCommandArgs, world: &World, output: Output) -> Result<Ending, Failure> {
    let typed = Typed::of(args)?;
    secrets::keep_core_limit_for_children();
    let core = core_limit();
    let foreground =
        Foreground { argv: &args.command, inherited: &world.inherited, core, given_up: say_given_up };
    foreground.remember();
    let loaded = match typed.load() {
        Ok(loaded) => Some(loaded),
        Err(failure) if failure.exit == Exit::Usage => return Err(failure),
        Err(failure) => {
            output.trouble(&failure);
            output.alarm("the command runs all the same; the task is read again when it has ended");
            None
        }
    };
    let teller = Teller { typed: &typed, world, output };
    fault::on_purpose("begin");
    if let Some(loaded) = &loaded {
        teller.begin(loaded);
    }
    let tool = loaded.as_ref().map_or(args.tool, |loaded| loaded.task.tool);
    let mut capture = args.capture.then(|| Capture::new(tool.and_then(ReportReader::new)));
    let watch = Stopwatch::start();
    let end = foreground.run(capture.as_mut(), |error| {
        let why = io_words(error);
        output.alarm(&format!("nobody can be told how the command ends: {why}; it runs all the same"));
    });
    let since = Instant::now();
    let (started, stopped) = watch.stop();
    let end = end.map_or_else(|error| End::NotStarted(cannot_start(&args.command, &error)), End::Ended);
    AFTER_PANIC.store(end.code(), Ordering::Relaxed);
    interrupt::ends_with(end.code());
    fault::on_purpose("after");
    if let End::NotStarted(failure) = &end {
        output.trouble(failure);
    }
    let (kept, notes, rest) = collected(capture);
    for note in &notes {
        output.warning(note);
    }
    let finished = Finished { end, started, stopped, since, kept, notes, tool };
    let ending = finished.end.ending();
    let told = teller.end(loaded, finished);
    if let Some(path) = &typed.json_file
        && let Err(failure) = result::write(path, &told)
    {
        output.trouble(&failure);
    }
    if let Some(rest) = rest {
        rest.wait();
    }
    Ok(ending)
}

fn collected(capture: Option<Capture>) -> (Option<Kept>, Vec<String>, Option<Rest>) {
    match capture.map(Capture::finish) {
        Some((kept, notes, rest)) => (Some(kept), notes, Some(rest)),
        None => (None, Vec::new(), None),
    }
}

/// Says that somebody did not want to wait for the notice.
fn say_given_up(signal: Signal) {
    talk_raw(&format!("backup-notify: {signal}: the notice about this run is given up\n"));
}

impl<'a> Typed<'a> {
    fn of(args: &'a RunCommandArgs) -> Result<Self, Failure> {
        let stdin = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        if stdin(&args.task.task) || stdin(&args.report) {
            let what = "stdin belongs to the command: neither the task nor the report can come from it";
            return Err(Failure::new(Exit::Usage, what).with_hint("give the path of a file"));
        }
        let fixed = |path: &Option<PathBuf>| path.as_deref().map(fixed);
        let task = args
            .task
            .task
            .as_deref()
            .map(|path| if is_name(path) { path.to_owned() } else { self::fixed(path) });
        Ok(Self {
            args,
            task: TaskArgs { task, name: args.task.name.clone() },
            log: fixed(&args.log),
            log_before: args.log.as_deref().and_then(LogBefore::of),
            report: fixed(&args.report),
            json_file: fixed(&args.json_file),
        })
    }

    fn load(&self) -> Result<Loaded, Failure> {
        let mut loaded = settings::load_task(&self.task, &self.args.overrides, Event::End, Instant::now())?;
        loaded.task.tool = settings::tool(self.args.tool, loaded.task.tool);
        Ok(loaded)
    }
}

/// Returns a path that does not depend on the working directory, which may be gone in the end.
fn fixed(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}
