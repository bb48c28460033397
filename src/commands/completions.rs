//! `completions`: the shell completions, as they are kept in the folder `completions`.

use crate::cli::Shell;
use crate::commands::output::print_and_end;
use crate::commands::packed;
use crate::exit::Exit;

/// Runs the command.
pub(super) fn run(shell: Shell) -> Exit {
    match shell {
        // short, and read by many a shell at its start
        Shell::Bash => print_and_end(include_str!("../../completions/backup-notify.bash")),
        Shell::Zsh => packed::print(packed::ZSH),
        Shell::Fish => packed::print(packed::FISH),
    }
}
