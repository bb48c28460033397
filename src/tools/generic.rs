//! Any other program.

use crate::tools::code::Code;

/// What its exit codes mean (facts/backup-tools.md): only 0 is a success.
pub(super) const CODES: &[Code] = &[];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success};
    use crate::tools::Tool;

    #[test]
    fn only_0_is_a_success() {
        for (code, outcome) in [(0, Success), (1, Error), (2, Error), (24, Error), (75, Error), (255, Error)]
        {
            let meaning = Tool::Generic.meaning(code);
            assert_eq!((meaning.outcome, meaning.telling), (outcome, false));
            assert!(meaning.sentence.starts_with(&format!("exit code {code}: ")), "{meaning:?}");
        }
    }
}
