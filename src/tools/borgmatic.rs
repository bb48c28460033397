//! borgmatic.

use std::ffi::OsString;

use crate::error::Failure;
use crate::exit::Exit;
use crate::run::Outcome::{Error, Skipped, Success};
use crate::run::{RunError, RunFacts};
use crate::tools::Tool;
use crate::tools::code::{Code, code, vague};
use crate::tools::handed::{self, Handed};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] =
    &[vague(1, Error, "ended with errors"), code(75, Skipped, "a hook asked to skip the backup")];

/// Reads the words of a command hook: configuration file, repository, error, output.
///
/// borgmatic quotes each of them itself. A word that a hook does not have stays as it stands in the
/// configuration, `{error}` for instance, and says nothing (its reference, "Command hooks").
pub(super) fn hook(arguments: &[OsString]) -> Result<Option<Handed>, Failure> {
    if arguments.is_empty() {
        return Ok(None);
    }
    if arguments.len() > 4 {
        let what = format!(
            "a hook of borgmatic has at most 4 arguments (configuration file, repository, error, output); found {}",
            arguments.len()
        );
        return Err(Failure::new(Exit::Usage, what).with_hint(
            "write --tool borgmatic -- {configuration_filename} {repository} {error} {output}, without quotes: \
             borgmatic sets them itself",
        ));
    }
    let mut handed = places(arguments);
    if let Some(configuration) = word(arguments, 0) {
        handed.facts.notes.push(format!("the configuration of borgmatic is {configuration}"));
    }
    let (Some(given), error) = (arguments.get(2), word(arguments, 2)) else { return Ok(Some(handed)) };
    match error {
        Some(error) => {
            let printed = word(arguments, 3).and_then(|_| arguments.get(3));
            handed.facts = RunFacts { notes: handed.facts.notes, ..failed(error) };
            handed.facts.errors.extend(printed.into_iter().flat_map(|printed| handed::lines(printed)));
        }
        None if given.is_empty() => handed.facts.status = Some(Success),
        None => {}
    }
    Ok(Some(handed))
}

/// Reads the repository alone.
pub(super) fn places(arguments: &[OsString]) -> Handed {
    Handed { destination: word(arguments, 1), ..Handed::default() }
}

/// Returns what was filled in.
fn word(arguments: &[OsString], index: usize) -> Option<String> {
    let word = handed::text(arguments.get(index)?)?;
    (!(word.starts_with('{') && word.ends_with('}'))).then_some(word)
}

/// Reads the error: where it is that a program ended with a code, the words for the code say more, and the
/// command in it is long.
fn failed(error: String) -> RunFacts {
    let status = Some(Error);
    let code = error
        .rsplit_once("non-zero exit status ")
        .and_then(|(_, code)| code.trim_end_matches('.').parse().ok());
    match code {
        Some(code) if error.contains("borg") => {
            let message = Some(Tool::Borg.meaning(code).sentence);
            let errors = vec![RunError { path: None, message: error }];
            RunFacts { status, message, errors, ..RunFacts::default() }
        }
        _ => RunFacts { status, message: Some(error), ..RunFacts::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::code::check;

    fn given(words: &[&str]) -> Handed {
        hook(&words.iter().map(OsString::from).collect::<Vec<_>>()).unwrap().unwrap()
    }

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(Tool::Borgmatic, &[(0, Success), (1, Error), (75, Skipped)]);
    }

    #[test]
    fn an_error_is_said_in_the_words_of_borg() {
        let said = "Command 'borg create --json /b::{now}' returned non-zero exit status 52.";
        let handed = given(&["/etc/borgmatic/config.yaml", "/b", said, "one\ntwo\n"]);
        assert_eq!((handed.facts.status, handed.destination.as_deref()), (Some(Error), Some("/b")));
        assert_eq!(handed.facts.message.as_deref(), Some("borg 52: the passphrase is wrong"));
        let errors: Vec<&str> = handed.facts.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(errors, [said, "one", "two"]);
        assert_eq!(handed.facts.notes, ["the configuration of borgmatic is /etc/borgmatic/config.yaml"]);
        assert_eq!(given(&["c", "", "no space"]).facts.message.as_deref(), Some("no space"));
    }

    #[test]
    fn only_an_empty_error_is_a_success() {
        assert_eq!(given(&["c", "/b", "", ""]).facts.status, Some(Success));
        for words in [
            &["c"][..],
            &["c", "/b"],
            &["c", "/b", "{error}"],
            &["c", "/b", "{error}", "{output}"],
            &["c", "/b", " "],
        ] {
            assert_eq!(given(words).facts.status, None, "{words:?}");
        }
        assert_eq!(given(&["{configuration_filename}", "{repository}"]), Handed::default());
    }

    #[test]
    fn more_than_four_words_are_refused() {
        let failure = hook(&vec![OsString::new(); 5]).unwrap_err();
        assert!(failure.exit == Exit::Usage && failure.hint.unwrap().contains("without quotes"));
    }
}
