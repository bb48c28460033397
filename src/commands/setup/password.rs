//! Step 3: the password, kept in the private keychain at the end and never in the file.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use super::Setup;
use super::talk::{Question, cancelled, explain};
use crate::accounts::{Account, Auth};
use crate::commands::password::TOKEN_ENDS;
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{self, Access, Entry, Keychain, PromptFault, Secret, SecretFault, Slot};
use crate::task::{Node, Password};
use crate::text::one_line;

/// How long a person may take to type a password: as long as for any other question.
const LONG: Duration = Duration::from_secs(86_400);

/// Where the password is.
#[derive(Debug)]
pub(super) enum Held {
    /// Nobody signs in.
    Nowhere,
    /// Where the task says: a command, a file and the like.
    Elsewhere,
    /// In the private keychain already.
    InKeychain,
    /// Here, until it goes into the private keychain.
    Here(Secret),
}

impl Held {
    /// Returns the password that is not in the private keychain yet.
    pub(super) fn given(&self) -> Option<&Secret> {
        match self {
            Self::Here(secret) => Some(secret),
            Self::Nowhere | Self::Elsewhere | Self::InKeychain => None,
        }
    }
}

impl Setup<'_> {
    /// Finds out where the password is, or asks for it.
    pub(super) fn password(&mut self, account: &Account) -> Result<Held, Failure> {
        self.talk.step("Step 3 of 5: the password");
        if account.auth == Auth::None {
            if self.args.answers.password_stdin || self.given.source.is_some() {
                return Err(Failure::new(Exit::Usage, "this account signs in without a password")
                    .with_hint("leave the flag for the password away"));
            }
            self.talk.say("  this account needs none");
            return Ok(Held::Nowhere);
        }
        if let Some((source, node)) = self.given.source.clone() {
            self.draft.set_email("password", node);
            if source != Password::Keychain {
                return Ok(Held::Elsewhere);
            }
        } else if let Some(secret) = self.handed_over(account)? {
            self.use_keychain();
            return Ok(Held::Here(secret));
        } else if self.keeps_source()? {
            return Ok(Held::Elsewhere);
        } else if matches!(account.auth, Auth::Xoauth2 | Auth::Oauthbearer) {
            return self.ask_command(account);
        }
        self.use_keychain();
        if self.is_kept(account)? {
            let keychain = keychain()?;
            let text = format!("Keep the password that \"{}\" has for it?", keychain.path().display());
            if self.talk.agree(&text, true, "--password-stdin")? {
                return Ok(Held::InKeychain);
            }
        }
        // one that is tested need not be typed twice
        self.type_password(account, self.args.answers.no_test).map(Held::Here)
    }

    /// Reads the password from standard input, where that was said; a terminal is asked without echo.
    fn handed_over(&self, account: &Account) -> Result<Option<Secret>, Failure> {
        if !self.args.answers.password_stdin {
            return Ok(None);
        }
        // a keychain that cannot take it is found before a message is sent
        self.is_kept(account)?;
        if matches!(account.auth, Auth::Xoauth2 | Auth::Oauthbearer) {
            self.output.warning(TOKEN_ENDS);
        }
        if io::stdin().is_terminal() {
            return self.type_password(account, self.args.answers.no_test).map(Some);
        }
        let deadline = Deadline::after(Instant::now(), self.patience());
        secrets::enter(Entry::Stdin, &slot(account), "", deadline)
            .map(Some)
            .map_err(|error| Failure::from_situation(&error))
    }

    /// Tells whether the private keychain has a password for this account. A keychain that could not
    /// take a new one either is found here, and not after the last answer.
    pub(super) fn is_kept(&self, account: &Account) -> Result<bool, Failure> {
        let kept = keychain()?.get(&slot(account), self.access());
        Ok(kept.map_err(|error| Failure::from_situation(&error))?.is_some())
    }

    /// Returns how the private keychain may be opened here.
    pub(super) fn access(&self) -> Access {
        let deadline = Deadline::after(Instant::now(), self.patience());
        Access { deadline, may_prompt: self.talk.person }
    }

    /// Asks for the password, without echo; a second time when nothing else tells a slip.
    pub(super) fn type_password(&self, account: &Account, twice: bool) -> Result<Secret, Failure> {
        // whoever gave the flag sits at the terminal, wherever stderr goes
        if !self.talk.person && !self.args.answers.password_stdin {
            return Err(super::talk::missing(&["--password-stdin".to_owned()]));
        }
        let user = account.user.as_deref().unwrap_or_default();
        let title = format!("{user} at {}", account.host);
        let entry = if twice { Entry::New } else { Entry::Typed };
        loop {
            let deadline = Deadline::after(Instant::now(), LONG);
            let error = match secrets::enter(entry, &slot(account), &title, deadline) {
                Ok(secret) => return Ok(secret),
                Err(error) => error,
            };
            match error.fault {
                SecretFault::Prompt(PromptFault::Cancelled) => return Err(cancelled()),
                SecretFault::Prompt(PromptFault::Unusable(_) | PromptFault::Different) => {
                    explain(&error.to_string());
                }
                _ => return Err(Failure::from_situation(&error)),
            }
        }
    }

    /// Has a typed password typed once more, because no test is going to tell a slip.
    pub(super) fn typed_alike(&self, account: &Account, held: &mut Held) -> Result<(), Failure> {
        let Held::Here(secret) = held else { return Ok(()) };
        self.talk.say("  without a test the password is typed once more:");
        if self.type_password(account, false)?.reveal() != secret.reveal() {
            explain("it was not typed twice alike; from the beginning, twice:");
            *secret = self.type_password(account, true)?;
        }
        Ok(())
    }

    /// Asks whether the source that the file names stays.
    fn keeps_source(&self) -> Result<bool, Failure> {
        let before = self.draft.email_before().map(|email| &email.password);
        let Some(source) = before.filter(|source| **source != Password::Keychain) else { return Ok(false) };
        let options = [
            format!("leave it where it is: {}", in_words(source)),
            "type it, for the private keychain".into(),
        ];
        let flag = "--password-stdin, or --password-source SOURCE";
        Ok(self.talk.choose("Where is the password?", &options, Some(0), flag)? == 0)
    }

    /// Asks for the command that prints a token: tokens end within the hour, so none is kept.
    fn ask_command(&mut self, account: &Account) -> Result<Held, Failure> {
        self.talk.say(&format!(
            "  {} signs in with an OAuth 2 token. A token ends within the hour, so it is not kept: a command has \
             to print a new\n  one each time (the manual has samples). No shell reads it; quotes hold words together.",
            one_line(&account.host)
        ));
        let flag = "--password-source '{\"command\": [\"/path/to/program\", …]}'";
        let question = Question { text: "The command that prints a token", default: None, flag };
        let words = self.talk.ask(&question, words)?;
        let list = Node::List(words.into_iter().map(Node::text).collect());
        self.draft.set_email("password", Node::object([("command", list)]));
        Ok(Held::Elsewhere)
    }

    /// Makes the private keychain the source, which needs no word in the file.
    fn use_keychain(&mut self) {
        let named = self.draft.email_before().is_some_and(|email| email.password != Password::Keychain);
        if named {
            self.draft.remove_email("password");
        }
    }
}

/// Returns the private keychain.
pub(super) fn keychain() -> Result<Keychain, Failure> {
    Keychain::own().map_err(|error| Failure::from_situation(&error))
}

/// Returns the place of an account in it.
pub(super) fn slot(account: &Account) -> Slot {
    Slot::smtp(&account.host, account.port, account.user.as_deref())
}

/// Describes a source, without what may be private in it.
fn in_words(source: &Password) -> String {
    match source {
        Password::Keychain => "the private keychain".to_owned(),
        Password::Command(argv) => {
            format!("the command {}", one_line(argv.first().map_or("", String::as_str)))
        }
        Password::File(path) => format!("the file {}", one_line(&path.to_string_lossy())),
        Password::Env(name) => format!("the environment variable {}", one_line(name)),
        Password::SystemdCredential(name) => format!("the systemd credential {}", one_line(name)),
    }
}

/// Takes a command apart at its blanks; quotes hold words together, as in a shell.
fn words(typed: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = typed.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    match words.first() {
        Some(program) if program.starts_with('/') => Ok(words),
        _ => Err("begin with the whole path of the program, such as /usr/local/bin/token".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_is_taken_apart_as_a_shell_would() {
        assert_eq!(
            words("/bin/a  b 'c d' \"e \\\" f\" g\\ h ''").unwrap(),
            ["/bin/a", "b", "c d", "e \" f", "g h", ""]
        );
        for wrong in ["", "a", "/bin/a 'b"] {
            assert!(words(wrong).is_err(), "{wrong}");
        }
    }
}
