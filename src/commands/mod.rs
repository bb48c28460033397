//! The commands, one file each, and what they share: where results go, and how tasks are delivered.

mod accounts;
mod certificate;
mod check;
mod completions;
mod deliver;
mod man;
mod notify;
mod outbox;
#[cfg(fuzzing)]
pub(crate) use outbox::check_shown;
mod output;
mod overdue;
mod packed;
mod password;
mod question;
mod ran_as;
mod read_mail_home;
mod run;
mod schema;
mod screen;
mod setup;
#[cfg(not(target_os = "macos"))]
mod show_notice;
mod test_email;
mod waiting;

use crate::World;
use crate::cli::{Cli, Command};
use crate::exit::{Ending, Exit};
use crate::interrupt;

pub(crate) use output::{Output, print_and_end, talk_raw};
pub(crate) use read_mail_home::run as read_mail_home;
pub(crate) use run::{code_after_panic, run_without_notice};
#[cfg(not(target_os = "macos"))]
pub(crate) use show_notice::run as show_notice;

/// Does what was typed and returns how the program ends.
pub(crate) fn dispatch(cli: &Cli, world: &World) -> Ending {
    match &cli.command {
        Command::Run(args) => run::run(args, world),
        other => own(other, world).into(),
    }
}

fn own(command: &Command, world: &World) -> Exit {
    interrupt::outlive_full_files();
    match command {
        // it ends as another program has ended
        Command::Run(_) => Exit::Software,
        Command::Notify(args) => {
            // what a hook ends with is nobody's business
            interrupt::watch(if args.hook { Exit::Ok } else { Exit::TempFail });
            notify::run(args, world)
        }
        Command::TestEmail(args) => {
            interrupt::watch(Exit::TempFail);
            test_email::run(args, world)
        }
        Command::Check(args) => {
            interrupt::watch(Exit::TempFail);
            check::run(args, world)
        }
        Command::Overdue(args) => {
            interrupt::watch(Exit::TempFail);
            overdue::run(args, world)
        }
        Command::Certificate(args) => certificate::run(args, world),
        Command::Accounts(args) => accounts::run(args, world),
        Command::Password(command) => password::run(command, world),
        Command::Outbox(command) => outbox::run(command, world),
        Command::Setup(args) => setup::run(args, world),
        Command::Schema => schema::run(),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man => man::run(),
    }
}
