//! Passwords and tokens, and the places they come from: one file per source.
//!
//! A task names exactly one source. When that has nothing, and only then, and somebody sits at a
//! terminal, they are asked; every other failure of a source stops there, so that "denied" never
//! looks like "absent". A secret is fetched as late as possible, and never goes into an argument,
//! a log, an error or a core dump.

mod command;
mod core_dumps;
#[cfg(target_os = "linux")]
mod core_dumps_linux;
mod env;
mod error;
mod file;
mod keychain;
mod prompt;
mod secret;
mod stdin;
mod systemd;

pub(crate) use core_dumps::prevent_for_us_alone as keep_core_limit_for_children;
pub use error::{Absent, CommandFault, PromptFault, SecretError, SecretFault, StdinFault};
pub use keychain::{Access, Kept, Keychain, KeychainError, Service, Slot};
pub(crate) use prompt::put_terminal_back;
pub(crate) use secret::wipe_stack;
pub use secret::{MAX_BYTES, Secret, Unusable};

use crate::deadline::Deadline;
use crate::task::Password;

/// What a source has to know beside its own description.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whose password it is; messages print it as `host:port:user`.
    pub account: &'a Slot,
    /// When the whole run has to end.
    pub deadline: Deadline,
    /// Whether the program runs as root: commands are then started in a clean environment.
    pub as_root: bool,
    /// Whether somebody can be asked: standard input and error are terminals.
    pub may_prompt: bool,
    /// Whose password the prompt asks for: "jon at smtp.example.com:587".
    pub title: &'a str,
    /// A password that is about to be kept: it takes the place of the private keychain's, and of no
    /// other source's.
    pub given: Option<&'a Secret>,
}

/// What a source answers when nothing went wrong.
enum Answer {
    Found(Secret),
    Nothing(Absent),
}

/// Fetches a secret from its source, or asks for it where the source has none.
pub fn fetch(source: &Password, request: &Request<'_>) -> Result<Secret, SecretError> {
    core_dumps::prevent();
    let answer = match source {
        Password::Keychain => match request.given {
            Some(given) => Ok(Answer::Found(given.copy())),
            None => keychain::look_up(request),
        },
        Password::Command(argv) => command::run(argv, request).map(Answer::Found),
        Password::File(path) => file::read(path),
        Password::Env(name) => env::read(name, std::env::var_os(name)),
        Password::SystemdCredential(name) => {
            systemd::read(name, std::env::var_os(systemd::FOLDER_VARIABLE).as_deref())
        }
    };
    let found = answer.and_then(|answer| match answer {
        Answer::Found(secret) => Ok(secret),
        Answer::Nothing(_) if request.may_prompt => {
            prompt::ask(request.title, &request.deadline).map_err(SecretFault::Prompt)
        }
        Answer::Nothing(absent) => Err(SecretFault::NotFound(absent)),
    });
    wipe_stack();
    found.map_err(|fault| SecretError { account: request.account.to_string(), fault })
}

/// Where a password comes from that somebody wants to have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is typed twice at the terminal, because nobody sees what they type.
    New,
    /// It is typed at the terminal.
    Typed,
    /// It is the one line of standard input.
    Stdin,
}

/// Takes a password from the person who wants to have it kept.
pub fn enter(entry: Entry, account: &Slot, title: &str, deadline: Deadline) -> Result<Secret, SecretError> {
    core_dumps::prevent();
    let entered = match entry {
        Entry::New => prompt::ask_new(title, &deadline).map_err(SecretFault::Prompt),
        Entry::Typed => prompt::ask(title, &deadline).map_err(SecretFault::Prompt),
        Entry::Stdin => stdin::read(&deadline).map_err(SecretFault::Stdin),
    };
    entered.map_err(|fault| SecretError { account: account.to_string(), fault })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::error::Situation;
    use crate::exit::Exit;
    use crate::files::testing::{World, is_root};

    fn fetched(source: &Password) -> Result<Secret, SecretError> {
        let request = Request {
            account: &Slot::smtp("smtp.example.com", 587, Some("jon")),
            deadline: Deadline::after(Instant::now(), Duration::from_secs(20)),
            as_root: is_root(),
            may_prompt: false,
            title: "jon at smtp.example.com:587",
            given: None,
        };
        fetch(source, &request)
    }

    #[test]
    fn every_source_without_a_secret_ends_with_77_and_advice() {
        let world = World::new();
        let sources = [
            Password::Keychain,
            Password::File(world.path("missing")),
            Password::Env("BACKUP_NOTIFY_TEST_NO_SUCH_VARIABLE".into()),
            Password::SystemdCredential("no-such-credential".into()),
            Password::Command(vec!["/nonexistent/program".into()]),
        ];
        for source in sources {
            let error = fetched(&source).unwrap_err();
            assert_eq!(error.exit(), Exit::NoPermission, "{error}");
            assert!(error.to_string().contains("smtp.example.com:587:jon"), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
    }

    #[test]
    fn a_secret_is_fetched_from_a_command_and_from_a_file() {
        let world = World::new();
        let script = world.script("password", "echo hunter2; echo second line");
        let argv = vec![script.to_str().unwrap().to_owned()];
        assert_eq!(fetched(&Password::Command(argv)).unwrap().reveal(), "hunter2");
        let file: PathBuf = world.file("secret", "hunter3\n", 0o600);
        assert_eq!(fetched(&Password::File(file)).unwrap().reveal(), "hunter3");
    }

    #[test]
    fn core_dumps_are_off_before_a_secret_is_read() {
        use nix::sys::resource::{Resource, getrlimit};
        let _ = fetched(&Password::Keychain);
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
        #[cfg(target_os = "linux")]
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
