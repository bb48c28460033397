//! A systemd unit.

use crate::run::Outcome::{self, Error, Skipped, Success};
use crate::run::RunFacts;
use crate::tools::code::{Code, code, code_of_signal};
use crate::tools::handed::{Handed, Variables, variable};

/// What its exit codes mean: those that systemd itself ends a program with before it has begun
/// (systemd.exec(5), "Process Exit Codes"). All others are of the program in the unit.
pub(super) const CODES: &[Code] = &[
    code(200, Error, "the working folder of the unit could not be entered (CHDIR)"),
    code(203, Error, "the program of the unit could not be started (EXEC)"),
    code(209, Error, "the standard output of the unit could not be set up (STDOUT)"),
    code(216, Error, "the group of the unit could not be taken on (GROUP)"),
    code(217, Error, "the user of the unit could not be taken on (USER)"),
    code(226, Error, "the view of the files that the unit asks for could not be set up (NAMESPACE)"),
    code(243, Error, "a credential of the unit could not be set up (CREDENTIALS)"),
];

/// Reads the variables of a unit that `OnFailure=` or `OnSuccess=` has started, and else those of
/// `ExecStopPost=` (systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager").
///
/// The codes are those of the program in the unit.
pub(super) fn hook(variables: Variables<'_>) -> Option<Handed> {
    let monitor = |name: &str| variable(variables, &format!("MONITOR_{name}"));
    let own = |name: &str| variable(variables, name);
    let (result, how, status) = match (monitor("SERVICE_RESULT"), monitor("EXIT_CODE")) {
        // one of the two does for the other; nothing of one unit is mixed with something of another
        (None, None) => (own("SERVICE_RESULT"), own("EXIT_CODE"), own("EXIT_STATUS")),
        (result, how) => (result, how, monitor("EXIT_STATUS")),
    };
    if result.is_none() && how.is_none() {
        return None;
    }
    let code = match (how.as_deref(), status.as_deref().map(str::trim)) {
        (Some("exited"), Some(status)) => status.parse().ok(),
        (Some("killed" | "dumped"), Some(signal)) => code_of_signal(signal),
        _ => None,
    };
    let (status, message) = ended(result.as_deref(), code);
    let exit_code = code.filter(|_| status != Some(Skipped));
    let notes = monitor("UNIT").map(|unit| format!("the unit is {unit}")).into_iter().collect();
    let facts = RunFacts { status, exit_code, message, notes, ..RunFacts::default() };
    Some(Handed { facts, ..Handed::default() })
}

/// Says what the result of a unit adds to its exit code.
fn ended(result: Option<&str>, code: Option<i32>) -> (Option<Outcome>, Option<String>) {
    let failed = |message: &str| (Some(Error), Some(message.to_owned()));
    match result {
        // the code tells: 24 of rsync may be a success for systemd (SuccessExitStatus=), and is a warning
        None | Some("success" | "exit-code" | "signal" | "core-dump") if code.is_some() => (None, None),
        Some("success") => (Some(Success), None),
        Some("timeout") => failed("the unit was stopped: it took longer than systemd lets it"),
        Some("oom-kill") => failed("the unit was killed for lack of memory"),
        Some("watchdog") => failed("the unit was stopped: it gave no sign of life to systemd's watchdog"),
        Some("start-limit-hit") => failed("the unit was not started: it had been started too often"),
        Some("resources") => failed("systemd could not set up what the unit needs"),
        Some("protocol") => failed("the program of the unit did not behave as its Type= says"),
        Some("exec-condition") => {
            (Some(Skipped), Some("the unit was not started: its ExecCondition= said so".to_owned()))
        }
        Some("signal" | "core-dump") => failed("the program of the unit was ended by a signal"),
        Some("exit-code") => failed("the program of the unit ended with an error"),
        Some(other) => (Some(Error), Some(format!("the result of the unit is \"{other}\""))),
        None => failed("systemd does not say how the program of the unit ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Tool;
    use crate::tools::code::check;

    fn given(set: &[(&str, &str)]) -> Option<RunFacts> {
        let find = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        hook(&find).map(|handed| handed.facts)
    }

    #[test]
    fn every_code_has_its_class_and_its_words() {
        let table = [
            (0, Success),
            (200, Error),
            (203, Error),
            (209, Error),
            (216, Error),
            (217, Error),
            (226, Error),
            (243, Error),
        ];
        check(Tool::Systemd, &table);
    }

    #[test]
    fn every_result_of_a_unit_is_understood() {
        for (result, how, status, code, outcome, said) in [
            ("success", "exited", "0", Some(0), None, ""),
            ("success", "exited", "24", Some(24), None, ""),
            ("success", "killed", "TERM", Some(143), None, ""),
            ("success", "", "", None, Some(Success), ""),
            ("exit-code", "exited", "23", Some(23), None, ""),
            ("exit-code", "", "", None, Some(Error), "ended with an error"),
            ("signal", "killed", "KILL", Some(137), None, ""),
            ("signal", "killed", "RTMIN+3", None, Some(Error), "by a signal"),
            ("core-dump", "dumped", "SEGV", Some(139), None, ""),
            ("timeout", "killed", "TERM", Some(143), Some(Error), "longer"),
            ("timeout", "exited", "0", Some(0), Some(Error), "longer"),
            ("oom-kill", "killed", "KILL", Some(137), Some(Error), "memory"),
            ("watchdog", "dumped", "ABRT", Some(134), Some(Error), "watchdog"),
            ("start-limit-hit", "", "", None, Some(Error), "too often"),
            ("resources", "", "", None, Some(Error), "set up"),
            ("protocol", "exited", "0", Some(0), Some(Error), "Type="),
            ("exec-condition", "exited", "1", None, Some(Skipped), "ExecCondition="),
            ("surprise", "exited", "0", Some(0), Some(Error), "\"surprise\""),
            ("", "exited", "3", Some(3), None, ""),
            ("", "exited", "x", None, Some(Error), "does not say"),
        ] {
            for prefix in ["", "MONITOR_"] {
                let names =
                    ["SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS"].map(|name| format!("{prefix}{name}"));
                let facts = given(&[(&names[0], result), (&names[1], how), (&names[2], status)]).unwrap();
                assert_eq!((facts.exit_code, facts.status), (code, outcome), "{result} {how} {status}");
                let message = facts.message.unwrap_or_default();
                assert!(message.contains(said) && message.is_empty() == said.is_empty(), "{message}");
            }
        }
    }

    #[test]
    fn the_unit_that_failed_counts_and_is_named() {
        let own = [("SERVICE_RESULT", "success"), ("EXIT_CODE", "exited"), ("EXIT_STATUS", "0")];
        let other = [
            ("MONITOR_SERVICE_RESULT", "exit-code"),
            ("MONITOR_EXIT_CODE", "exited"),
            ("MONITOR_EXIT_STATUS", "1"),
        ];
        let unit = [("MONITOR_UNIT", "backup.service")];
        let facts = given(&[&own[..], &other, &unit].concat()).unwrap();
        assert_eq!((facts.exit_code, facts.notes), (Some(1), vec!["the unit is backup.service".to_owned()]));
        assert_eq!(given(&[("EXIT_STATUS", "0"), ("INVOCATION_ID", "x"), ("MONITOR_UNIT", "u")]), None);
    }
}
