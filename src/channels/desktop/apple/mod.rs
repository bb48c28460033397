//! The desktop of a Mac: Notification Center, by programs that are there already.
//!
//! Never by its framework: in a program that is not inside an application's folder that raises an
//! exception, and ends it. terminal-notifier is taken where it is installed, because it puts a notice
//! in the place of the one before it; then osascript, which is a part of macOS. Each is a child
//! within bounds, since both hang where there is no session (julienXX/terminal-notifier: issues 29
//! and 276).
//!
//! Nothing here is macOS's own: tests put other programs into its [`Places`], on any platform.

mod command;
mod console;
mod ended;
mod found;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use self::console::Session;
use self::ended::{Case, Program, listed};
use super::End;
use crate::channels::Effort;
use crate::channels::screen::ScreenNotice;
use crate::child::{self, Output, Printed};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::home;
use crate::stages::Stages;

/// The most that a child may print.
const MOST: usize = 64 << 10;

/// Where everything lies that a notice takes on a Mac.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Belongs to whoever sits at the screen.
    pub console: PathBuf,
    /// Runs scripts.
    pub osascript: PathBuf,
    /// Enters somebody's session.
    pub launchctl: PathBuf,
    /// Becomes somebody.
    pub sudo: PathBuf,
    /// The folders of Homebrew, where terminal-notifier may be.
    pub folders: Vec<PathBuf>,
}

impl Places {
    /// Returns those of every Mac; nothing in the environment changes them.
    pub fn of_a_mac() -> Self {
        Self {
            console: "/dev/console".into(),
            osascript: "/usr/bin/osascript".into(),
            launchctl: "/bin/launchctl".into(),
            sudo: "/usr/bin/sudo".into(),
            folders: vec!["/opt/homebrew/bin".into(), "/usr/local/bin".into()],
        }
    }
}

/// Finds whoever sits at this computer and shows the notice there; with [`Effort::Rehearse`],
/// everything but that. Nothing is waited for beyond the deadline.
pub(super) fn show(
    places: &Places,
    notice: &ScreenNotice,
    effort: Effort,
    deadline: Deadline,
    stages: &Stages<'_>,
) -> Result<End, Failure> {
    let session = match stages.time("session", || console::session(&places.console, deadline))? {
        Ok(session) => session,
        Err(detail) => return Ok(End::Nobody { detail }),
    };
    let notice = (effort == Effort::Deliver).then_some(notice);
    let stage = if notice.is_some() { "show" } else { "ask" };
    let home = home::own();
    let attempt = Attempt { places, session: &session, home: home.as_deref(), notice, deadline };
    let (program, passed_over) = stages.time(stage, || attempt.by_any())?;
    let (word, name) = (program.word(), &session.person().name);
    let note = passed_over.map(|failure| format!(" ({})", failure.what)).unwrap_or_default();
    Ok(match notice {
        Some(_) => End::Shown { detail: format!("handed to Notification Center for {name} by {word}{note}") },
        None => End::Checked { detail: format!("{name} would be told by {word}; nothing was shown{note}") },
    })
}

/// One notice for one session; without a notice, the way there.
struct Attempt<'a> {
    places: &'a Places,
    session: &'a Session,
    home: Option<&'a Path>,
    notice: Option<&'a ScreenNotice>,
    deadline: Deadline,
}

impl Attempt<'_> {
    /// Takes the programs in order; says which one did it, and why another one did not.
    fn by_any(&self) -> Result<(Program, Option<Failure>), Failure> {
        let path = std::env::var_os("PATH");
        let found = found::terminal_notifier(self.places, self.session, path.as_deref());
        let mut passed_over = None;
        if let Some(file) = found {
            let line = match self.notice {
                Some(notice) => command::terminal_notifier(&file, notice),
                None => command::terminal_notifier_asked(&file),
            };
            match self.run(Program::TerminalNotifier, &line, &self.deadline.share(2)) {
                Ok(_) => return Ok((Program::TerminalNotifier, None)),
                Err(failure) => passed_over = Some(failure),
            }
        }
        match self.by_osascript() {
            Ok(()) => Ok((Program::Osascript, passed_over)),
            Err(mut failure) => {
                if let Some(first) = passed_over {
                    failure.what = format!("{} (before that: {})", failure.what, first.what);
                }
                Err(failure)
            }
        }
    }

    fn by_osascript(&self) -> Result<(), Failure> {
        let program = &self.places.osascript;
        let Some(notice) = self.notice else {
            let answer = self.run(Program::Osascript, &command::osascript_asked(program), &self.deadline)?;
            return if answer.stdout.trim_ascii() == command::FIRST.as_bytes() {
                Ok(())
            } else {
                let what = "osascript ran a script, and answered something else";
                let hint = format!("{} shows whether it is the real one", listed(&program.to_string_lossy()));
                Err(Failure::new(Exit::Protocol, what).with_hint(hint))
            };
        };
        self.run(Program::Osascript, &command::osascript(program, notice), &self.deadline).map(drop)
    }

    fn run(&self, program: Program, line: &[OsString], deadline: &Deadline) -> Result<Output, Failure> {
        let mut command = command::command(self.places, self.session, self.home, line);
        let file = line.first().map(|file| file.to_string_lossy()).unwrap_or_default();
        let started = command.get_program().to_string_lossy().into_owned();
        let seconds = deadline.remaining().unwrap_or_default().as_secs_f32();
        let ended = child::run(&mut command, Printed::Plain(MOST), deadline);
        let person = self.session.person();
        Case { program, file: &file, started: &started, person, seconds }.judge(ended)
    }
}
