//! Duplicati.

use crate::run::Outcome::{Success, Warning};
use crate::tools::code::{Code, code, vague};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] =
    &[code(1, Success, "finished, and nothing had changed"), vague(2, Warning, "finished with warnings")];
