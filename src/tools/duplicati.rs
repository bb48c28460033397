//! Duplicati.

use crate::error::Failure;
use crate::exit::Exit;
use crate::run::Outcome::{self, Error, Success, Warning};
use crate::run::RunFacts;
use crate::tools::code::{Code, code, vague};
use crate::tools::handed::{Handed, Variables, variable};

/// What its exit codes mean (facts/backup-tools.md).
pub(super) const CODES: &[Code] = &[
    code(1, Success, "finished, and nothing had changed"),
    vague(2, Warning, "finished with warnings"),
    vague(3, Error, "finished with errors"),
    code(50, Error, "some data was uploaded, but the backup was not finished"),
    vague(100, Error, "an error ended it"),
    code(200, Error, "the command line is wrong"),
];

/// Reads the variables of run-script-after (facts/backup-tools.md).
///
/// The result file is not followed: its path is a word of the environment, and its end is in the log.
pub(super) fn hook(variables: Variables<'_>) -> Result<Option<Handed>, Failure> {
    let event = variable(variables, "DUPLICATI__EVENTNAME");
    let result = variable(variables, "DUPLICATI__PARSED_RESULT");
    if event.is_none() && result.is_none() {
        return Ok(None);
    }
    if event.is_some_and(|event| event.eq_ignore_ascii_case("before")) {
        let what = "Duplicati calls this hook before the backup (DUPLICATI__EVENTNAME is BEFORE), which has no \
                    outcome yet";
        return Err(Failure::new(Exit::Usage, what)
            .with_hint("call it by run-script-after, or add --event begin to the line for the beginning"));
    }
    let (status, message) = ended(result.as_deref().unwrap_or_default());
    let operation = variable(variables, "DUPLICATI__OPERATIONNAME");
    let notes = operation.map(|operation| format!("the operation of Duplicati was {operation}"));
    let facts = RunFacts {
        status: Some(status),
        message: message.map(str::to_owned),
        notes: notes.into_iter().collect(),
        ..RunFacts::default()
    };
    Ok(Some(Handed { facts, ..places(variables) }))
}

fn ended(result: &str) -> (Outcome, Option<&'static str>) {
    match result {
        "Success" => (Success, None),
        "Warning" => (Warning, Some("Duplicati finished with warnings")),
        "Error" => (Error, Some("Duplicati finished with errors")),
        "Fatal" => (Error, Some("a fatal error ended Duplicati")),
        // Unknown, and what a later version may say
        _ => (Error, Some("Duplicati does not say how the backup ended")),
    }
}

/// Reads source and destination alone.
pub(super) fn places(variables: Variables<'_>) -> Handed {
    Handed {
        source: variable(variables, "DUPLICATI__LOCALPATH"),
        destination: variable(variables, "DUPLICATI__REMOTEURL").map(|url| without_secrets(&url)),
        ..Handed::default()
    }
}

/// Leaves scheme, host and path of a URL. Its user, its password and its options go, also where a
/// character in them was not encoded: rather too little than a piece of a password.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.split(['?', '#']).next().unwrap_or_default().to_owned();
    };
    let (place, options) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let first = place.split(['/', '\\']).next().unwrap_or_default();
    let port = first.rsplit_once(':').is_none_or(|(_, port)| port.chars().all(|c| c.is_ascii_digit()));
    // "user:pass?word@host" looks like options, too
    if !place.contains('@') && options.contains('@') && !port {
        return format!("{scheme}://…");
    }
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Tool;
    use crate::tools::code::check;

    fn given(set: &[(&str, &str)]) -> Result<Option<Handed>, Failure> {
        hook(&|name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Duplicati,
            &[(0, Success), (1, Success), (2, Warning), (3, Error), (50, Error), (100, Error), (200, Error)],
        );
    }

    #[test]
    fn every_result_has_its_class() {
        for (result, outcome) in [
            ("Success", Success),
            ("Warning", Warning),
            ("Error", Error),
            ("Fatal", Error),
            ("Unknown", Error),
            ("Fine", Error),
            ("", Error),
        ] {
            let set = [("DUPLICATI__EVENTNAME", "AFTER"), ("DUPLICATI__PARSED_RESULT", result)];
            let facts = given(&set).unwrap().unwrap().facts;
            assert_eq!(
                (facts.status, facts.message.is_none()),
                (Some(outcome), outcome == Success),
                "{result}"
            );
        }
        assert_eq!(given(&[("DUPLICATI__LOCALPATH", "/a")]), Ok(None));
        let before = given(&[("DUPLICATI__EVENTNAME", "BEFORE"), ("DUPLICATI__PARSED_RESULT", "Success")]);
        assert!(before.unwrap_err().hint.unwrap().contains("--event begin"));
    }

    #[test]
    fn no_secret_of_a_url_is_left() {
        for (url, shown) in [
            ("ssh://jon:hunter2@nas.example.com:22/backup?x=hunter2", "ssh://nas.example.com:22/backup"),
            ("s3://bucket/path?auth-username=me@example.com&auth-password=hunter2", "s3://bucket/path"),
            ("ftp://jon:hun/ter2@nas/b", "ftp://nas/b"),
            ("ftp://jon:hunter2?x@nas/b", "ftp://…"),
            ("ftp://jon:hunter2@x@nas/b", "ftp://nas/b"),
            ("ftp://nas:21/b?auth-username=a@b&auth-password=hunter2#", "ftp://nas:21/b"),
            ("file:///mnt/backup", "file:///mnt/backup"),
            ("/mnt/backup?auth-password=hunter2", "/mnt/backup"),
        ] {
            let set = [("DUPLICATI__PARSED_RESULT", "Success"), ("DUPLICATI__REMOTEURL", url)];
            let handed = given(&set).unwrap().unwrap();
            assert_eq!(handed.destination.as_deref(), Some(shown), "{url}");
        }
    }
}
