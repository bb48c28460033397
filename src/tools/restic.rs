//! restic.

pub(super) mod report;

use crate::run::Outcome::{Error, Interrupted, Warning};
use crate::tools::code::{Code, code, vague};

/// What its exit codes mean (facts/backup-tools.md; restic's manual, "Scripting", section "Exit codes").
pub(super) const CODES: &[Code] = &[
    vague(1, Error, "the command failed"),
    vague(2, Error, "it broke off with a fault of its own"),
    code(3, Warning, "some source files could not be read; the snapshot was made without them"),
    code(10, Error, "there is no repository at this place"),
    code(11, Error, "the repository is locked by another process"),
    code(12, Error, "the password of the repository is wrong"),
    code(130, Interrupted, "was cancelled"),
];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Interrupted, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Restic,
            &[
                (0, Success),
                (1, Error),
                (2, Error),
                (3, Warning),
                (10, Error),
                (11, Error),
                (12, Error),
                (130, Interrupted),
            ],
        );
    }
}
