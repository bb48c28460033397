//! rsync.

pub(super) mod report;

use crate::run::Outcome::{Error, Interrupted, Warning};
use crate::tools::code::{Code, code, vague};

/// What its exit codes mean (facts/backup-tools.md; rsync(1), EXIT VALUES).
///
/// Where its own error line says more than the code (which file, which host), the row is vague.
pub(super) const CODES: &[Code] = &[
    vague(1, Error, "the command line is wrong"),
    code(2, Error, "the two sides speak different protocols"),
    vague(3, Error, "the source or the destination could not be used"),
    code(4, Error, "one side does not support what was asked for"),
    code(5, Error, "the session with the server could not be started"),
    vague(10, Error, "the network connection failed"),
    vague(11, Error, "a file could not be read or written"),
    vague(12, Error, "the data stream between the two sides broke"),
    vague(13, Error, "an error in its own diagnostics"),
    vague(14, Error, "an error between its own processes"),
    code(15, Error, "one of its processes crashed"),
    code(16, Error, "one of its processes was killed by a signal"),
    code(19, Interrupted, "was stopped by SIGUSR1"),
    code(20, Interrupted, "was stopped by SIGINT, SIGTERM or SIGHUP"),
    vague(21, Error, "waiting for one of its processes failed"),
    code(22, Error, "there was not enough memory"),
    vague(23, Warning, "some files could not be copied because of errors"),
    code(24, Warning, "some source files vanished before they could be copied"),
    code(25, Warning, "the limit of --max-delete was reached, so some files were not deleted"),
    code(30, Error, "the other side was silent for too long"),
    code(35, Error, "the server did not answer in time"),
];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Interrupted, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Rsync,
            &[
                (1, Error),
                (2, Error),
                (3, Error),
                (4, Error),
                (5, Error),
                (10, Error),
                (11, Error),
                (12, Error),
                (13, Error),
                (14, Error),
                (15, Error),
                (16, Error),
                (19, Interrupted),
                (20, Interrupted),
                (21, Error),
                (22, Error),
                (23, Warning),
                (24, Warning),
                (25, Warning),
                (30, Error),
                (35, Error),
                (0, Success),
            ],
        );
    }
}
