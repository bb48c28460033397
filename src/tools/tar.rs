//! GNU tar.

pub(super) mod report;

use crate::run::Outcome::{Error, Warning};
use crate::tools::code::{Code, code, vague};

/// What its exit codes mean (facts/backup-tools.md; tar(1), RETURN VALUE).
pub(super) const CODES: &[Code] = &[
    code(1, Warning, "some files differ, or changed while they were read"),
    vague(2, Error, "a fatal error"),
];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(Tool::Tar, &[(0, Success), (1, Warning), (2, Error)]);
    }
}
