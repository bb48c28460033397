//! rclone.

use crate::run::Outcome::{Success, Warning};
use crate::tools::code::{Code, code};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[
    code(6, Warning, "had errors that do not matter much"),
    code(8, Warning, "the transfer limit was reached"),
    code(9, Success, "nothing had to be transferred"),
    code(10, Warning, "the time limit was reached"),
];
