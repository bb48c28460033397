//! borgmatic.

use crate::run::Outcome::Skipped;
use crate::tools::code::{Code, code};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[code(75, Skipped, "a hook asked to skip the backup")];
