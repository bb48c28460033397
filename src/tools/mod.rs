//! What the exit codes of backup programs mean.
//!
//! The codes disagree between programs (2 is fatal for tar, a warning for rsnapshot), so a table
//! always belongs to one program, and a code that a program does not document is an error.
//! Source of every row: facts/backup-tools.md.

use std::ops::RangeInclusive;

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
        if code == 0 {
            return Outcome::Success;
        }
        let own = self.codes().iter().find(|(codes, _)| codes.contains(&code));
        own.map_or_else(|| by_signal(code), |(_, outcome)| *outcome)
    }

    /// Lists the codes of this program that are neither success, error nor made from a signal.
    fn codes(self) -> &'static [(RangeInclusive<i32>, Outcome)] {
        use Outcome::{Interrupted, Skipped, Success, Warning};
        match self {
            Self::Rsync => &[(19..=20, Interrupted), (23..=25, Warning)],
            Self::Restic => &[(3..=3, Warning), (130..=130, Interrupted)],
            Self::Borg => &[(1..=1, Warning), (100..=127, Warning)],
            Self::Rclone => &[(6..=6, Warning), (8..=8, Warning), (9..=9, Success), (10..=10, Warning)],
            Self::Tar => &[(1..=1, Warning)],
            Self::Rsnapshot => &[(2..=2, Warning)],
            Self::Duplicati => &[(1..=1, Success), (2..=2, Warning)],
            Self::Borgmatic => &[(75..=75, Skipped)],
            Self::Kopia | Self::Ccc | Self::Resticprofile | Self::Systemd | Self::Generic => &[],
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
    use crate::run::Outcome::{self, Error, Interrupted, Skipped, Success, Warning};

    fn outcomes(tool: Tool, codes: &[i32]) -> Vec<Outcome> {
        codes.iter().map(|code| tool.outcome(*code)).collect()
    }

    /// Codes of facts/backup-tools.md, picked at the borders of its ranges.
    #[test]
    fn codes_mean_what_their_program_says() {
        assert_eq!(
            outcomes(Tool::Rsync, &[0, 1, 19, 20, 22, 23, 24, 25, 30]),
            [Success, Error, Interrupted, Interrupted, Error, Warning, Warning, Warning, Error]
        );
        assert_eq!(outcomes(Tool::Restic, &[1, 3, 10, 130]), [Error, Warning, Error, Interrupted]);
        assert_eq!(
            outcomes(Tool::Borg, &[1, 2, 3, 99, 100, 107, 130]),
            [Warning, Error, Error, Error, Warning, Warning, Interrupted]
        );
        assert_eq!(outcomes(Tool::Rclone, &[6, 7, 8, 9, 10]), [Warning, Error, Warning, Success, Warning]);
        assert_eq!(outcomes(Tool::Tar, &[1, 2]), [Warning, Error]);
        assert_eq!(outcomes(Tool::Rsnapshot, &[1, 2]), [Error, Warning]);
        assert_eq!(
            outcomes(Tool::Duplicati, &[1, 2, 3, 50, 100, 200]),
            [Success, Warning, Error, Error, Error, Error]
        );
        assert_eq!(outcomes(Tool::Borgmatic, &[75, 1]), [Skipped, Error]);
    }

    #[test]
    fn what_no_table_names_is_an_error_or_a_signal() {
        for (_, tool) in Tool::WORDS {
            assert_eq!(
                outcomes(tool, &[-1, 64, 129, 137, 139, 143, 255]),
                [Error, Error, Interrupted, Error, Error, Interrupted, Error]
            );
        }
    }
}
