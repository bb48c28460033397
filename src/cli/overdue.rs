//! Flags of "overdue".

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{any_text, long_duration};
use super::{OutputArgs, Overrides, TaskArgs};

pub(super) const EXAMPLES: &str = "\
Examples, as lines of a crontab:
  0 9 * * * backup-notify overdue --task home --max-age 26h --newest /mnt/backup/restic/snapshots
  0 9 * * * backup-notify overdue --task home --max-age 8d --last-success \"$(cat ~/last-success)\"

It is silent and exits 0 while the last success is recent enough. Otherwise the people of the task
are told, and the exit codes are those of \"notify\". The manual has lines for restic, borg, rsync
and Carbon Copy Cloner.";

// Flags of "overdue".
#[derive(Debug, Args)]
pub struct OverdueArgs {
    // its own flags come first: a heading holds for every flag that follows it
    /// Tell people when the last success is older than this: 90m, 26h, 8d, 2w
    #[arg(long, value_name = "DURATION", value_parser = long_duration)]
    pub max_age: Duration,
    #[command(flatten)]
    pub last: LastSuccessArgs,
    /// Print the decision and the finished message; touch no secret, no network and no outbox
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub task: TaskArgs,
    #[command(flatten)]
    pub overrides: Overrides,
    #[command(flatten)]
    pub output: OutputArgs,
}

// Where the time of the last success comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "last")]
pub struct LastSuccessArgs {
    /// Say when the last success was (RFC 3339, a local time, or seconds since 1970); empty when none is known
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = any_text(), group = "last")]
    pub last_success: Option<String>,
    /// Take the newest file in this folder, or the file, for the last success
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath, group = "last")]
    pub newest: Option<PathBuf>,
}
