//! The private keychain: a place-holder until a later version has one.

use super::Answer;
use super::error::Absent;

/// A line to paste into a task, with the program that this system has for it.
const EXAMPLE: &str = if cfg!(target_os = "macos") {
    r#""password": {"command": ["/usr/bin/security", "find-generic-password", "-s", "smtp", "-w"]}"#
} else {
    r#""password": {"command": ["/usr/bin/secret-tool", "lookup", "service", "smtp"]}"#
};

/// Answers that there is nothing, and says what to use instead.
pub(super) fn look_up(account: &str) -> Answer {
    Answer::Nothing(Absent {
        looked: format!("this version has no private keychain to look for \"{account}\" in"),
        hint: format!("name where the password is in the task, for example {EXAMPLE}"),
    })
}
