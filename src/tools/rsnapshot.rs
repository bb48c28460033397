//! rsnapshot.

pub(super) mod report;

use crate::run::Outcome::{Error, Warning};
use crate::tools::code::{Code, vague};

/// What its exit codes mean (facts/backup-tools.md; rsnapshot(1), EXIT VALUES).
pub(super) const CODES: &[Code] =
    &[vague(1, Error, "a fatal error"), vague(2, Warning, "finished with warnings")];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(Tool::Rsnapshot, &[(0, Success), (1, Error), (2, Warning)]);
    }
}
