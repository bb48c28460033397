//! resticprofile.

use crate::run::Outcome::{Error, Success};
use crate::run::RunFacts;
use crate::tools::code::Code;
use crate::tools::handed::{self, Handed, Variables, variable};
use crate::tools::restic;

/// What its exit codes mean: those of restic (facts/backup-tools.md).
pub(super) const CODES: &[Code] = restic::CODES;

/// Reads the variables of run-after, run-after-fail and send-after-fail (facts/backup-tools.md).
///
/// `ERROR_COMMANDLINE` is left alone: it may have a password in it, and people know what they run.
pub(super) fn hook(variables: Variables<'_>) -> Option<Handed> {
    let profile = variable(variables, "PROFILE_NAME")?;
    let command = variable(variables, "PROFILE_COMMAND").unwrap_or_else(|| "a command".to_owned());
    let notes = vec![format!("this was {command} of the profile {profile} of resticprofile")];
    let error = variable(variables, "ERROR_MESSAGE").or_else(|| variable(variables, "ERROR"));
    let code = variable(variables, "ERROR_EXIT_CODE").and_then(|code| code.trim().parse::<i32>().ok());
    // -1 stands for a code that it does not know
    let code = code.filter(|code| *code > 0);
    let facts = match (error, code) {
        (None, None) => RunFacts { status: Some(Success), notes, ..RunFacts::default() },
        (error, code) => RunFacts {
            status: code.is_none().then_some(Error),
            exit_code: code,
            // "backup on profile 'home': exit status 3" says less than the words for 3
            message: error.filter(|error| code.is_none() || !error.contains("exit status ")),
            errors: variables("ERROR_STDERR").map(|printed| handed::lines(&printed)).unwrap_or_default(),
            notes,
            ..RunFacts::default()
        },
    };
    Some(Handed { facts, ..Handed::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Outcome::{Interrupted, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    fn given(set: &[(&str, &str)]) -> Option<RunFacts> {
        let find = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        hook(&find).map(|handed| handed.facts)
    }

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Resticprofile,
            &[
                (0, Success),
                (1, Error),
                (2, Error),
                (3, Warning),
                (10, Error),
                (11, Error),
                (12, Error),
                (130, Interrupted),
            ],
        );
    }

    #[test]
    fn the_error_of_a_profile_is_told_and_its_command_line_is_not() {
        let facts = given(&[
            ("PROFILE_NAME", "home"),
            ("PROFILE_COMMAND", "backup"),
            ("ERROR", "backup on profile 'home': exit status 3"),
            ("ERROR_MESSAGE", "backup on profile 'home': exit status 3"),
            ("ERROR_COMMANDLINE", "restic --password hunter2"),
            ("ERROR_EXIT_CODE", "3"),
            ("ERROR_STDERR", "error: /a: permission denied\n"),
        ]);
        let facts = facts.unwrap();
        assert_eq!((facts.status, facts.exit_code, facts.message.as_deref()), (None, Some(3), None));
        assert_eq!(facts.errors[0].message, "error: /a: permission denied");
        assert_eq!(facts.notes, ["this was backup of the profile home of resticprofile"]);
        let hook_failed =
            given(&[("PROFILE_NAME", "home"), ("ERROR", "mount: no such disk"), ("ERROR_EXIT_CODE", "-1")]);
        let facts = hook_failed.unwrap();
        assert_eq!((facts.status, facts.exit_code), (Some(Error), None));
        assert_eq!(facts.message.as_deref(), Some("mount: no such disk"));
    }

    #[test]
    fn no_error_is_a_success_only_where_there_is_a_profile() {
        assert_eq!(given(&[("PROFILE_NAME", "home"), ("ERROR", "")]).unwrap().status, Some(Success));
        assert_eq!(given(&[("ERROR", ""), ("PROFILE_COMMAND", "backup")]), None);
        assert_eq!(
            given(&[("PROFILE_NAME", "home"), ("ERROR", "x"), ("ERROR_EXIT_CODE", "0")]).unwrap().status,
            Some(Error)
        );
    }
}
