//! `man`: the man page, as it is kept in the folder `man`.

use crate::commands::packed;
use crate::exit::Exit;

/// Runs the command.
pub(super) fn run() -> Exit {
    packed::print(packed::MAN)
}
