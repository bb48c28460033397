//! restic.

use crate::run::Outcome::{Interrupted, Warning};
use crate::tools::code::{Code, code};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[
    code(3, Warning, "some source files could not be read; the snapshot was made without them"),
    code(130, Interrupted, "was cancelled"),
];
