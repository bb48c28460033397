//! What a backup program hands its hook: arguments, and variables of the environment.
//!
//! Nothing here reads the environment; it is given, and only asked for the variables of one program.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::error::Failure;
use crate::exit::Exit;
use crate::run::{RunError, RunFacts};
use crate::tools::report::words;
use crate::tools::{Tool, borgmatic, ccc, duplicati, resticprofile, systemd};

/// How many lines of what a program printed are kept: its last ones.
const LINES: usize = 20;

/// Looks a variable of the environment up.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a hook was handed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Handed {
    /// How the run ended, as far as it says so.
    pub(crate) facts: RunFacts,
    /// Where the program says that it read from.
    pub(crate) source: Option<String>,
    /// Where the program says that it wrote to.
    pub(crate) destination: Option<String>,
}

impl Tool {
    /// Reads what this program hands its hook at the end of a backup; `None` when nothing is there.
    pub(crate) fn handed(
        self,
        arguments: &[OsString],
        variables: Variables<'_>,
    ) -> Result<Option<Handed>, Failure> {
        if !arguments.is_empty() && !self.hands_arguments() {
            let what = format!("{} hands its hook no arguments, but there are some after --", self.name());
            return Err(Failure::new(Exit::Usage, what).with_hint(match self.looked_for() {
                Some(words) => {
                    format!("leave them away: with --tool {} this program reads {words}", self.word())
                }
                None => "give its exit code with --exit-code instead".to_owned(),
            }));
        }
        match self {
            Self::Ccc => ccc::hook(arguments),
            Self::Borgmatic => borgmatic::hook(arguments),
            Self::Duplicati => duplicati::hook(variables),
            Self::Resticprofile => Ok(resticprofile::hook(variables)),
            Self::Systemd => Ok(systemd::hook(variables)),
            _ => Ok(None),
        }
    }

    /// Reads where a backup that begins will read from and write to, as far as that is handed over.
    pub(crate) fn handed_at_begin(self, arguments: &[OsString], variables: Variables<'_>) -> Handed {
        match self {
            Self::Ccc => ccc::places(arguments),
            Self::Borgmatic => borgmatic::places(arguments),
            Self::Duplicati => duplicati::places(variables),
            _ => Handed::default(),
        }
    }

    /// Names what is looked for when this program calls its hook.
    pub(crate) fn looked_for(self) -> Option<&'static str> {
        match self {
            Self::Ccc => Some("the arguments of a postflight script (--tool ccc -- \"$@\")"),
            Self::Borgmatic => Some(
                "the words of a command hook (--tool borgmatic -- {configuration_filename} {repository} {error} \
                 {output}, without quotes)",
            ),
            Self::Duplicati => {
                Some("DUPLICATI__PARSED_RESULT in the environment, which run-script-after has")
            }
            Self::Resticprofile => {
                Some("PROFILE_NAME and ERROR in the environment, which run-after-fail has")
            }
            Self::Systemd => Some(
                "MONITOR_SERVICE_RESULT (OnFailure=, OnSuccess=) or SERVICE_RESULT (ExecStopPost=) in the \
                 environment",
            ),
            _ => None,
        }
    }

    /// Tells whether its codes are those of a program that it has run.
    pub(crate) fn is_carrier(self) -> bool {
        self == Self::Systemd
    }

    fn hands_arguments(self) -> bool {
        matches!(self, Self::Ccc | Self::Borgmatic)
    }
}

/// Turns what was handed over into text; `None` for what is empty.
pub(super) fn text(value: &OsStr) -> Option<String> {
    let text = words(value.as_bytes());
    (!text.trim().is_empty()).then_some(text)
}

/// Looks up a variable that may not be empty.
pub(super) fn variable(variables: Variables<'_>, name: &str) -> Option<String> {
    variables(name).and_then(|value| text(&value))
}

/// Makes an error of each of the last lines of what a program printed.
pub(super) fn lines(printed: &OsStr) -> Vec<RunError> {
    let lines =
        printed.as_bytes().rsplit(|byte| *byte == b'\n').filter_map(|line| text(OsStr::from_bytes(line)));
    let mut errors: Vec<RunError> =
        lines.take(LINES).map(|message| RunError { path: None, message }).collect();
    errors.reverse();
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_of_what_was_printed_are_kept() {
        let many = (0..100).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n \n");
        let errors = lines(OsStr::new(&many));
        assert_eq!(
            (errors.len(), errors[0].message.as_str(), errors[19].message.as_str()),
            (20, "line 80", "line 99")
        );
        assert_eq!(lines(OsStr::from_bytes(b"caf\xe9"))[0].message, "caf\\xE9");
        assert!(lines(OsStr::new("\n \n")).is_empty());
    }

    #[test]
    fn arguments_are_refused_for_a_program_that_hands_none() {
        for (_, tool) in Tool::WORDS {
            let handed = tool.handed(&[OsString::from("x")], &|_| None);
            let refused = handed.is_err_and(|failure| failure.what.contains("hands its hook no arguments"));
            assert_eq!(refused, !tool.hands_arguments(), "{tool:?}");
            assert_eq!(tool.handed(&[], &|_| None), Ok(None), "{tool:?}");
        }
    }
}
