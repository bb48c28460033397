//! GNU tar.

pub(super) mod report;

use crate::run::Outcome::Warning;
use crate::tools::code::{Code, code};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[code(1, Warning, "some files differ, or changed while they were read")];
