//! `man`: the man page, as it is kept in the folder `man`.

use crate::commands::output::print_and_end;
use crate::exit::Exit;

/// Runs the command.
pub(super) fn run() -> Exit {
    print_and_end(include_str!("../../man/backup-notify.1"))
}
