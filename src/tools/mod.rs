//! Backup programs: what their exit codes mean, what they hand to a hook, and the reports they print.
//!
//! The codes disagree between programs (2 is fatal for tar, a warning for rsnapshot), so a table
//! always belongs to one program, and a code that a program does not document is an error.
//! Source of every row: facts/backup-tools.md.

mod borg;
mod borgmatic;
mod bytes;
mod ccc;
mod code;
mod duplicati;
mod generic;
mod handed;
mod kopia;
mod rclone;
mod report;
mod restic;
mod resticprofile;
mod rsnapshot;
mod rsync;
mod systemd;
mod tar;
#[cfg(test)]
mod testing;

use schemars::JsonSchema;

use crate::run::Outcome;
use code::Code;
pub use code::Meaning;
pub(crate) use handed::Handed;
pub use report::{ReportReader, Stream, ToolReport};

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

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, tool)| *tool == self).map_or("generic", |(word, _)| word)
    }

    /// Tells whether what it prints for programs is JSON.
    pub(crate) fn prints_json(self) -> bool {
        matches!(self, Self::Restic | Self::Borg | Self::Rclone)
    }

    /// Tells what an exit code of this program says about the backup.
    pub fn meaning(self, code: i32) -> Meaning {
        let row = self.codes().iter().find(|row| row.codes.contains(&code));
        let (outcome, words, telling) = match row {
            Some(row) => (row.outcome, row.words.to_owned(), row.telling),
            None if code == 0 => (Outcome::Success, "finished".to_owned(), false),
            None => match code::of_any_program(code) {
                Some((outcome, words)) => (outcome, words, true),
                None => (Outcome::Error, self.undocumented().to_owned(), false),
            },
        };
        Meaning { outcome, sentence: format!("{} {code}: {words}", self.name()), telling }
    }

    /// Returns what stands before a code of this program.
    fn name(self) -> &'static str {
        match self {
            // the word says nothing to a reader
            Self::Generic => "exit code",
            tool => tool.word(),
        }
    }

    /// Says what a code is that this program does not document.
    fn undocumented(self) -> &'static str {
        match self {
            Self::Generic => "the backup program reports a failure",
            Self::Ccc => "Carbon Copy Cloner reports a failure; its Task History says more",
            Self::Systemd => "the program of the unit reports a failure",
            _ => "a failure, by a code that the program does not document",
        }
    }

    /// Returns the codes that this program documents.
    fn codes(self) -> &'static [Code] {
        match self {
            Self::Rsync => rsync::CODES,
            Self::Restic => restic::CODES,
            Self::Borg => borg::CODES,
            Self::Rclone => rclone::CODES,
            Self::Tar => tar::CODES,
            Self::Rsnapshot => rsnapshot::CODES,
            Self::Duplicati => duplicati::CODES,
            Self::Kopia => kopia::CODES,
            Self::Ccc => ccc::CODES,
            Self::Borgmatic => borgmatic::CODES,
            Self::Resticprofile => resticprofile::CODES,
            Self::Systemd => systemd::CODES,
            Self::Generic => generic::CODES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tool;
    use crate::run::Outcome::{self, Error, Interrupted, Skipped, Success, Warning};

    fn outcomes(tool: Tool, codes: &[i32]) -> Vec<Outcome> {
        codes.iter().map(|code| tool.meaning(*code).outcome).collect()
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
