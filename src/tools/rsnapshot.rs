//! rsnapshot.

pub(super) mod report;

use crate::run::Outcome::Warning;
use crate::tools::code::{Code, vague};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[vague(2, Warning, "finished with warnings")];
