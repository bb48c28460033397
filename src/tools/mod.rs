//! What the exit codes of backup programs mean.
//!
//! The codes disagree between programs (2 is fatal for tar, a warning for rsnapshot), so a table
//! always belongs to one program, and a code that a program does not document is an error.
//! Source of every row: facts/backup-tools.md.

use schemars::JsonSchema;

use crate::run::Outcome;

/// A backup program whose exit codes are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Tool {
    /// rsync.
    Rsync,
    /// restic.
    Restic,
    /// Borg, legacy and modern codes.
    Borg,
    /// rclone.
    Rclone,
    /// GNU tar.
    Tar,
    /// rsnapshot.
    Rsnapshot,
    /// Duplicati.
    Duplicati,
    /// Kopia.
    Kopia,
    /// Carbon Copy Cloner.
    Ccc,
    /// borgmatic.
    Borgmatic,
    /// resticprofile.
    Resticprofile,
    /// A systemd unit.
    Systemd,
    /// Any other program.
    Generic,
}

impl Tool {
    /// Every tool, as spelled in a task and after `--tool`.
    pub const WORDS: [(&'static str, Self); 13] = [
        ("rsync", Self::Rsync),
        ("restic", Self::Restic),
        ("borg", Self::Borg),
        ("rclone", Self::Rclone),
        ("tar", Self::Tar),
        ("rsnapshot", Self::Rsnapshot),
        ("duplicati", Self::Duplicati),
        ("kopia", Self::Kopia),
        ("ccc", Self::Ccc),
        ("borgmatic", Self::Borgmatic),
        ("resticprofile", Self::Resticprofile),
        ("systemd", Self::Systemd),
        ("generic", Self::Generic),
    ];

    /// Tells what an exit code of this program says about the backup.
    pub fn outcome(self, code: i32) -> Outcome {
        match (self, code) {
            (_, 0) | (Self::Rclone, 9) | (Self::Duplicati, 1) => Outcome::Success,
            (Self::Rsync, 23..=25)
            | (Self::Restic, 3)
            | (Self::Borg, 1 | 100..=127)
            | (Self::Rclone, 6 | 8 | 10)
            | (Self::Tar, 1)
            | (Self::Rsnapshot, 2)
            | (Self::Duplicati, 2) => Outcome::Warning,
            (Self::Rsync, 19 | 20) | (Self::Restic, 130) => Outcome::Interrupted,
            (Self::Borgmatic, 75) => Outcome::Skipped,
            (_, code) => by_signal(code),
        }
    }
}

/// Tells what a code means that a shell made from a signal: 128+N.
fn by_signal(code: i32) -> Outcome {
    // HUP 1, INT 2, TERM 15: the numbers are the same on every Unix
    if matches!(code, 129 | 130 | 143) { Outcome::Interrupted } else { Outcome::Error }
}

#[cfg(test)]
mod tests {
    use super::Tool;
    use crate::run::Outcome::{Error, Interrupted, Skipped, Success, Warning};

    /// The table of facts/backup-tools.md; what it does not name is an error.
    #[test]
    fn the_codes_of_the_fact_file() {
        for (_, tool) in Tool::WORDS {
            for code in -1..=300 {
                let expected = match (tool, code) {
                    (_, 0) | (Tool::Rclone, 9) | (Tool::Duplicati, 1) => Success,
                    (Tool::Rsync, 23 | 24 | 25)
                    | (Tool::Restic, 3)
                    | (Tool::Borg, 1)
                    | (Tool::Rclone, 6 | 8 | 10)
                    | (Tool::Tar, 1)
                    | (Tool::Rsnapshot, 2)
                    | (Tool::Duplicati, 2) => Warning,
                    (Tool::Borg, c) if (100..=127).contains(&c) => Warning,
                    (Tool::Borgmatic, 75) => Skipped,
                    (Tool::Rsync, 19 | 20) | (_, 129 | 130 | 143) => Interrupted,
                    _ => Error,
                };
                assert_eq!(tool.outcome(code), expected, "{tool:?} {code}");
            }
        }
    }
}
