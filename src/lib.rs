//! backup-notify tells people how a backup ended.
//!
//! One stateless program, called by a backup program when it is done. The core is pure and the
//! edges are thin; the types are the story:
//!
//! ```text
//! bytes → Task ┐
//! facts → Run  ┴ decide → Decision ── compose → Message                     core: no files, network,
//!                                                                           environment, clock
//! Task → Account (accounts) → Secret (secrets) → Channel (channels) → Delivery → Exit          edges
//! ```
//!
//! From the inside out; no module knows one that stands below it in this list:
//!
//! - [`exit`], [`error`], [`text`], `interrupt`, `memory`, [`deadline`] the words everything else is written in
//! - [`run`], [`decide`], [`tools`] what happened, and whether it is worth a notice
//! - [`task`] the task file: parsing with every fault at once, and its schema
//! - [`message`] composing: text, HTML, headers, templates, the end of a log
//! - [`delivery`] what became of a notice, as `--json` prints it; [`stages`] how long each step took
//! - `child` another program, `stdin` what is handed over, within bounds of time and output; `confined`
//!   this program again, as somebody else; `foreground` a command in our place, with `inherited`, what
//!   this program was started with; `fault`, faults on purpose for the tests of that
//! - `zone` the time zone of the system, `random` its random numbers, `people` its users; `net` from a
//!   name to a connected socket; `newest` the newest file in a folder
//! - [`files`] who may have written a file that decides things; [`home`] whose home it is
//! - `outbox` messages that no server has accepted yet, in a folder
//! - [`accounts`] the SMTP account that a task names; [`secrets`] where its password is
//! - [`smtp`] the session, from a name to a server's 250; the only home of anything dangerous
//! - [`channels`] the ways to reach people
//! - [`cli`], [`settings`] what was typed, and what it means
//! - `commands` one file a command; the only place where core and edges meet
//! - `fuzzing` what `tests/fuzz` calls; it is in no other build
//!
//! Three rules hold everywhere. Nothing is opened before the decision says "notify". One
//! [`deadline::Deadline`] bounds everything that can wait. Text from outside is cleaned by
//! [`text`] before it reaches a terminal, a header or a page.

use std::ffi::OsString;
use std::time::Instant;

use clap::Parser;
use clap::error::ErrorKind;
use jiff::Timestamp;

pub mod accounts;
pub mod channels;
mod child;
pub mod cli;
mod commands;
mod confined;
pub mod deadline;
pub mod decide;
pub mod delivery;
pub mod error;
pub mod exit;
mod fault;
pub mod files;
mod foreground;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod home;
mod inherited;
mod interrupt;
mod memory;
pub mod message;
mod net;
mod newest;
mod outbox;
mod people;
mod random;
pub mod run;
pub mod secrets;
pub mod settings;
pub mod smtp;
pub mod stages;
mod stdin;
pub mod task;
pub mod text;
pub mod tools;
mod zone;

use commands::Output;
use error::Failure;
use exit::{Ending, Exit};
pub use inherited::Inherited;

/// What `--version` prints.
const VERSION: &str = concat!("backup-notify ", env!("CARGO_PKG_VERSION"), "\n");

/// What the program is given from outside.
#[derive(Debug)]
pub struct World {
    /// The arguments, the program's own name first.
    pub args: Vec<OsString>,
    /// When it was started, by the clock that the deadline runs on.
    pub started: Instant,
    /// When it was started, by the clock on the wall.
    pub now: Timestamp,
    /// What it was started with, and a command shall find again.
    pub inherited: Inherited,
}

/// Does what the arguments say and returns how to end.
pub fn run(world: &World) -> Ending {
    if world.args.get(1).is_some_and(|first| first == foreground::PASS_ON) {
        foreground::pass_on();
        return Exit::Ok.into();
    }
    if world.args.get(1).is_some_and(|first| first == accounts::READ_MAIL_HOME) {
        return match cli::ReadMailHome::try_parse_from(world.args.iter().skip(1)) {
            Ok(args) => commands::read_mail_home(&args).into(),
            Err(error) => usage(&error, world).into(),
        };
    }
    #[cfg(not(target_os = "macos"))]
    if world.args.get(1).is_some_and(|first| first == channels::SHOW_NOTICE) {
        return match cli::ShowNotice::try_parse_from(world.args.iter().skip(1)) {
            Ok(args) => commands::show_notice(&args, world).into(),
            Err(error) => usage(&error, world).into(),
        };
    }
    // of every command it is the program's; on its own it needs no command line to be made
    if let [_, only] = world.args.as_slice()
        && (only == "--version" || only == "-V")
    {
        return commands::print_and_end(VERSION).into();
    }
    match cli::parse(&world.args) {
        Ok(cli) => commands::dispatch(&cli, world),
        Err(error) => usage(&error, world).into(),
    }
}

/// Answers a command line that is wrong, or asks for help.
fn usage(error: &clap::Error, world: &World) -> Exit {
    let rendered = error.render().to_string();
    match error.kind() {
        // of every command it is the program's, and clap would say "backup-notify-check 0.1.0"
        ErrorKind::DisplayVersion => {
            return commands::print_and_end(VERSION);
        }
        ErrorKind::DisplayHelp => return commands::print_and_end(&rendered),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            commands::talk_raw(&rendered);
            return Exit::Usage;
        }
        _ => {}
    }
    // in the words and the form of every other error: its reader may be the log of a cron job
    let what = rendered.split("\n\nUsage:").next().unwrap_or(&rendered);
    let what = what.split("\n\nFor more information").next().unwrap_or(what);
    let what = what.strip_prefix("error: ").unwrap_or(what).trim().replace("\n\n", "\n");
    let command = cli::command_of(&world.args).map(|name| format!(" {name}")).unwrap_or_default();
    // what is missing behind -- is the command, whatever else stands there
    let bare =
        world.args.last().is_some_and(|last| last == "--") || !world.args.iter().any(|arg| arg == "--");
    let hint = if command == " run" && bare {
        "write the command behind --, as in: backup-notify run --task home -- rsync -a /home /backup"
            .to_owned()
    } else {
        format!("backup-notify{command} --help lists what can be typed")
    };
    let failure = Failure::new(Exit::Usage, what).with_hint(hint);
    let json = cli::wants_json(&world.args);
    Output::for_hook(cli::OutputArgs { json, ..cli::OutputArgs::default() }).failure(&failure)
}

/// Makes a panic end the program with one line and code 70, instead of a trace of our insides; but not
/// where that would cost a backup, or a notice that can be sent all the same.
///
/// The text of the panic is left out: it could hold a piece of a secret.
pub fn on_panic_exit() {
    memory::at_the_end(|| {
        // nothing is said: that would need memory
        let started = commands::run_without_notice(|| ());
        if let Some(code) = started.or_else(foreground::code_of_running) {
            interrupt::ends_with(code);
        }
    });
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        let say = |so: &str| {
            commands::talk_raw(&format!(
                "backup-notify: this is a fault of backup-notify itself{place}; please report it. {so}\n"
            ));
        };
        if let Some(faulty) = foreground::Faulty::here() {
            say("The command goes on");
            faulty.stay_for_ever();
        }
        let not_sent = || say("The notice is not sent, and the command runs all the same");
        if let Some(code) = commands::run_without_notice(not_sent) {
            std::process::exit(code.into());
        }
        say("The notice was not sent");
        // whoever waits for a command that has ended waits for its code, not for ours
        std::process::exit(commands::code_after_panic().into());
    }));
}
