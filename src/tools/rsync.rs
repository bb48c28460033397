//! rsync.

pub(super) mod report;

use crate::run::Outcome::{Interrupted, Warning};
use crate::tools::code::{Code, range};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[
    range(19..=20, Interrupted, "was stopped by a signal"),
    range(23..=25, Warning, "some files were not copied"),
];
