//! `password`: what the private keychain keeps, one file each for keeping, forgetting and listing.
//!
//! Results go to stdout; what is going to happen, to whose keychain, is said on stderr before anybody
//! types anything.

mod list;
mod place;
mod remove;
mod set;
mod trial;

pub(super) use list::completions;

use crate::World;
use crate::cli::PasswordCommand;
use crate::commands::output::Output;
use crate::exit::Exit;
use crate::secrets::{Keychain, Slot};
use crate::text::{one_line, server};

/// What there is to say of a token that is kept like a password.
pub(super) const TOKEN_ENDS: &str = "this account signs in with an OAuth 2 token, which is good for an hour or so: \
                                     a task needs a command that prints a fresh one, \"password\": {\"command\": \
                                     [\"/path/to/program\"]}";

/// Runs the command.
pub(super) fn run(command: &PasswordCommand, world: &World) -> Exit {
    match command {
        PasswordCommand::Set(args) => set::run(args, world),
        PasswordCommand::Remove(args) => remove::run(args, world),
        PasswordCommand::List(args) => list::run(args, world),
    }
}

/// Names a keychain for people, as messages about a missing password do.
fn named(keychain: &Keychain) -> String {
    let whose = one_line(keychain.whose()).into_owned();
    format!("the private keychain of {whose} (\"{}\")", one_line(&keychain.path().to_string_lossy()))
}

/// Names the file of a keychain for programs.
fn vault(keychain: &Keychain) -> String {
    keychain.path().to_string_lossy().into_owned()
}

/// Ends with the code of a result that was printed. When it could not be, what was done is said where
/// people still may see it: the code alone would tell them that it was not.
fn done_all_the_same(printed: Exit, done: &str, output: Output) -> Exit {
    if printed != Exit::Ok {
        output.alarm(&format!("the password is {done} all the same"));
    }
    printed
}

/// Says whose password it is: "jon at smtp.example.com:587".
fn title(slot: &Slot) -> String {
    let server = server(slot.host(), slot.port());
    match slot.user() {
        Some(user) => format!("{} at {server}", one_line(user)),
        None => format!("Growl at {server}"),
    }
}
