//! Kopia.

use crate::run::Outcome::Error;
use crate::tools::code::{Code, vague};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[vague(1, Error, "failed")];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(Tool::Kopia, &[(0, Success), (1, Error)]);
    }
}
