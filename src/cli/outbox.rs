//! The flags of "outbox".

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::OutputArgs;
use super::values::duration;

const LIST_EXAMPLES: &str = "\
Examples:
  backup-notify outbox list
  sudo backup-notify outbox list --outbox /var/lib/backup-notify/outbox --json

It exits 0 whatever waits; 74 when the folder could not be read or standard output not be written; 77 when
others have rights to the folder, or its key is missing or damaged.";

const SEND_EXAMPLES: &str = "\
Examples:
  backup-notify outbox send
  backup-notify outbox send 20261123T071057.123-0a1b2c3d
  backup-notify outbox send --task home

It exits 0 when nothing that was wanted waits any more; otherwise with the code of the most serious cause,
as \"notify\" does; 65 when one was set aside; 66 when no such message waits; 75 when another process is sending
them and does not end.";

const REMOVE_EXAMPLES: &str = "\
Examples:
  backup-notify outbox remove 20261123T071057.123-0a1b2c3d
  backup-notify outbox remove --all --yes

It exits 0 when they are removed; 64 usage, or when the question was answered with no; 66 when no such
message waits; 74 when one could not be removed, or standard output not be written (then they are removed all
the same, and standard error says so); 75 when another process is sending one of them just now; 77 as
\"outbox list\", or when the question was left without an answer.";

/// What can be done about the messages that wait.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum OutboxCommand {
    /// List the messages that no server has accepted yet, the oldest first
    #[command(after_help = LIST_EXAMPLES)]
    List(ListOutboxArgs),
    /// Send the messages that wait, the oldest first, each by the word of its task file as it is now
    #[command(after_help = SEND_EXAMPLES)]
    Send(SendOutboxArgs),
    /// Remove messages that wait: nobody will get them
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(RemoveOutboxArgs),
}

// Which outbox it is about.
#[derive(Debug, Args)]
pub struct WhichOutboxArgs {
    /// Look into this folder; without it into the one of your own, which "outbox": true in a task means
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub outbox: Option<PathBuf>,
}

// Flags of "outbox list".
#[derive(Debug, Args)]
pub struct ListOutboxArgs {
    #[command(flatten)]
    pub which: WhichOutboxArgs,
    /// Print what the completions offer: name, tab, subject
    #[arg(long, hide = true)]
    pub complete: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "outbox send".
#[derive(Debug, Args)]
pub struct SendOutboxArgs {
    /// Send only this message, named as "outbox list" prints it
    #[arg(value_name = "MESSAGE", value_hint = clap::ValueHint::Other)]
    pub messages: Vec<String>,
    /// Send by this task file, given by path or name: what waits of it, also when it was kept before the
    /// file was moved or renamed; with MESSAGE that message, whatever task it is of
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub task: Option<PathBuf>,
    /// Bound the whole run of the program: 45s, 2m
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub deadline: Duration,
    #[command(flatten)]
    pub which: WhichOutboxArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Flags of "outbox remove".
#[derive(Debug, Args)]
pub struct RemoveOutboxArgs {
    /// Remove this message, named as "outbox list" prints it
    // not ID, which is what accounts are named by
    #[arg(value_name = "MESSAGE", required_unless_present = "all", value_hint = clap::ValueHint::Other)]
    pub messages: Vec<String>,
    /// Remove everything that waits
    #[arg(long, conflicts_with = "messages")]
    pub all: bool,
    /// Remove it without asking
    #[arg(long, requires = "all")]
    pub yes: bool,
    #[command(flatten)]
    pub which: WhichOutboxArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
