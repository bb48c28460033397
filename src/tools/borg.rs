//! Borg, with its legacy and its modern exit codes.

use crate::run::Outcome::Warning;
use crate::tools::code::{Code, range, vague};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] =
    &[vague(1, Warning, "finished with warnings"), range(100..=127, Warning, "finished with warnings")];
