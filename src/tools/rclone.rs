//! rclone.

pub(super) mod report;

use crate::run::Outcome::{Error, Success, Warning};
use crate::tools::code::{Code, code, vague};

/// What its exit codes mean (facts/backup-tools.md; rclone.org/docs, "List of exit codes").
///
/// 1 and 2 changed places in 1.69 (its lib/exitcode of 1.68.1 and of 1.73.3), while a sync that fails ends
/// with 1 in 1.60 already. 5 and 7 are vague too: the log names the error.
pub(super) const CODES: &[Code] = &[
    vague(1, Error, "failed, for a reason that has no code of its own"),
    vague(2, Error, "the command line is wrong, or it failed for a reason that has no code of its own"),
    code(3, Error, "a folder was not found"),
    code(4, Error, "a file was not found"),
    vague(5, Error, "an error that may go away by itself; trying again did not help"),
    vague(6, Warning, "had errors that do not matter much"),
    vague(7, Error, "an error that trying again would not help"),
    code(8, Warning, "the limit of --max-transfer was reached"),
    code(9, Success, "nothing had to be transferred"),
    code(10, Warning, "the limit of --max-duration was reached"),
];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Rclone,
            &[
                (0, Success),
                (1, Error),
                (2, Error),
                (3, Error),
                (4, Error),
                (5, Error),
                (6, Warning),
                (7, Error),
                (8, Warning),
                (9, Success),
                (10, Warning),
            ],
        );
    }
}
