//! `read-mail-home`: the child that reads somebody's home folder as that person, never as root.
//!
//! `accounts::mail` starts it for a home folder that belongs to another user. It is none of the
//! commands that people know; typed by hand, it prints the accounts of a folder as JSON.

use crate::accounts;
use crate::cli::{OutputArgs, ReadMailHome};
use crate::commands::output::{Output, print_and_end};
use crate::confined::{Limits, give_up_root};
use crate::error::Failure;
use crate::exit::Exit;

/// Several times the memory that the largest files need, and enough time for them.
const LIMITS: Limits = Limits { memory: 1 << 30, seconds: 10 };

/// Runs the command.
pub(crate) fn run(args: &ReadMailHome) -> Exit {
    if let Err(what) = give_up_root(args.user, LIMITS) {
        let failure = Failure::new(Exit::NoPermission, what);
        return Output::for_hook(OutputArgs::default()).failure(&failure);
    }
    match serde_json::to_string(&accounts::read_home(&args.home)) {
        Ok(text) => print_and_end(&(text + "\n")),
        Err(_) => Exit::Software,
    }
}
