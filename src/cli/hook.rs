//! "notify" without its neighbours: to make all other commands takes as long as to make this one.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use super::{Cli, Command, NotifyArgs, examples};

/// [`Cli`] with one command. What it says of that one is the same, which a test compares.
#[derive(Debug, Parser)]
#[command(name = "backup-notify", version, propagate_version = true)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
struct Hook {
    #[command(subcommand)]
    command: Only,
}

#[derive(Debug, Subcommand)]
enum Only {
    /// Decide, compose and deliver: the hook that a backup program calls
    #[command(after_help = examples::NOTIFY)]
    Notify(Box<NotifyArgs>),
}

/// Reads what was typed; the name of the program comes first.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    if args.get(1).is_some_and(|command| command == "notify") {
        let Hook { command: Only::Notify(args) } = Hook::try_parse_from(args)?;
        return Ok(Cli { command: Command::Notify(args) });
    }
    Cli::try_parse_from(args)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::{Cli, parse};

    #[test]
    fn what_is_said_of_the_hook_is_the_same_without_its_neighbours() {
        for line in [
            "--help",
            "-h",
            "--version",
            "",
            "--task",
            "--task x --name y",
            "--task x --exit-cod 1",
            "--task x --when never",
            "--task x --exit-code x",
            "--task x check",
            "help",
            "--task x -v -q",
            "--task x --tls-trust maybe",
            "--task x --exit-code 1 -- a b",
            "--task x --growl --desktop --json --message -x",
        ] {
            let words = ["/usr/bin/backup-notify", "notify"].into_iter().chain(line.split_whitespace());
            let words: Vec<OsString> = words.map(OsString::from).collect();
            let said = |cli: Result<Cli, clap::Error>| match cli {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => format!("{:?}\n{}", error.kind(), error.render()),
            };
            assert_eq!(said(parse(&words)), said(Cli::try_parse_from(&words)), "{line}");
        }
    }
}
