//! Carbon Copy Cloner.

pub(super) mod report;

use crate::tools::code::Code;

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[];
