//! `completions`: the shell completions, as they are kept in the folder `completions`.

use crate::cli::Shell;
use crate::commands::output::print_and_end;
use crate::exit::Exit;

/// Runs the command.
pub(super) fn run(shell: Shell) -> Exit {
    print_and_end(match shell {
        Shell::Bash => include_str!("../../completions/backup-notify.bash"),
        Shell::Zsh => include_str!("../../completions/_backup-notify"),
        Shell::Fish => include_str!("../../completions/backup-notify.fish"),
    })
}
