//! What can be typed after "run".

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::values::{any_text, words};
use super::{Overrides, TaskArgs};
use crate::tools::Tool;

/// The end of its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  backup-notify run --task home --tool rsync -- rsync -a --delete /home/ /backup/home
  backup-notify run --task home --tool restic --capture -- restic backup --json --quiet /home
  backup-notify run --task home -- sh -c 'pg_dump shop | gzip > /backup/shop.sql.gz'

It prints nothing of its own on stdout, and ends as COMMAND ends, whatever becomes of the notice:
with its exit code or by its signal; 127 when it is not found, 126 when it cannot be started, 64
when this command line is wrong, and then nothing is run.";

// Flags of "run".
#[derive(Debug, Args)]
pub struct RunCommandArgs {
    // its own flags come first: a heading holds for every flag that follows it
    /// Keep what the command prints, beside passing it on: for the facts in it, and as the log in the message
    #[arg(long)]
    pub capture: bool,
    /// Name the backup program, for the meaning of its exit code and of what it prints
    #[arg(long, value_name = "NAME", value_parser = words(&Tool::WORDS))]
    pub tool: Option<Tool>,
    /// Quote this log, which the command writes, in the message
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Read the facts of the run from this file, which the command writes: what --tool prints, or our JSON
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub report: Option<PathBuf>,
    /// Add a sentence about the run to the message
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = any_text())]
    pub message: Option<String>,
    /// Write the result object, which "notify --json" prints, to this file at the end
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub json_file: Option<PathBuf>,
    /// Say more on stderr: the decision, its reason, and each stage
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say nothing on stderr but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true, value_hint = clap::ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
    #[command(flatten)]
    pub task: TaskArgs,
    #[command(flatten)]
    pub overrides: Overrides,
}
