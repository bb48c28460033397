//! The plain answers: name, policy, recipients; and what was given of all answers as flags.

use std::path::Path;

use lettre::Address;
use lettre::message::Mailbox;

use super::Setup;
use super::account::own_address;
use super::talk::Question;
use crate::accounts::{Account, AccountSpec, shown};
use crate::cli::AnswerArgs;
use crate::decide::Policy;
use crate::error::Failure;
use crate::exit::Exit;
use crate::task::{self, Node, Password, TlsMode, TrustRule, parse_document, parse_mailboxes};

/// The flags that need more than a look to be understood.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) account: Option<AccountSpec>,
    pub(super) trust: Option<TrustRule>,
    /// When TLS begins.
    pub(super) mode: Option<TlsMode>,
    /// Whether a password may cross an unencrypted connection.
    pub(super) cleartext: bool,
    /// Where the password is, and how that is written.
    pub(super) source: Option<(Password, Node)>,
}

impl Given {
    /// Reads them; the password on standard input comes later, when it is known whose it is.
    pub(super) fn read(args: &AnswerArgs, base: &Path) -> Result<Self, Failure> {
        let usage = |what: String| Failure::new(Exit::Usage, what);
        let account = args.account.as_deref().map(|typed| {
            task::read_account(typed.as_bytes(), "--account").map_err(|faults| usage(faults.to_string()))
        });
        let source = args.password_source.as_deref().map(|typed| {
            let read = task::read_password_source(typed.as_bytes(), "--password-source", base);
            let node = parse_document(typed.as_bytes()).0.unwrap_or(Node::Null);
            read.map(|source| (source, node)).map_err(|faults| usage(faults.to_string()))
        });
        let trust = Some(&args.tls_trust).filter(|words| !words.is_empty());
        let trust = trust.map(|words| TrustRule::parse_all(words));
        Ok(Self {
            account: account.transpose()?,
            trust: trust.transpose().map_err(|problem| usage(format!("--tls-trust: {problem}")))?,
            mode: args.tls_mode,
            cleartext: args.allow_cleartext_password,
            source: source.transpose()?,
        })
    }

    /// Forgets what was said of one server's connection, because another one is going to be chosen.
    pub(super) fn other_server(&mut self) {
        self.trust = None;
        self.mode = None;
        self.cleartext = false;
    }
}

impl Setup<'_> {
    /// Asks what the backup is called.
    pub(super) fn name(&mut self) -> Result<(), Failure> {
        let before = self.draft.before.as_ref().map(|task| task.name.clone());
        let name = match (&self.args.answers.name, &before) {
            (Some(name), _) => not_empty(name).map_err(|problem| Failure::new(Exit::Usage, problem))?,
            (None, Some(before)) => before.clone(),
            (None, None) => {
                let default = self.usual_name();
                let text = "What do you call this backup?";
                let question = Question { text, default: default.as_deref(), flag: "--name NAME" };
                self.talk.ask(&question, not_empty)?
            }
        };
        if before.as_ref() != Some(&name) {
            self.draft.set("name", Node::text(name));
        }
        Ok(())
    }

    /// Returns the name that the file suggests.
    pub(super) fn usual_name(&self) -> Option<String> {
        let stem = self.draft.place.path.file_stem()?.to_string_lossy().into_owned();
        not_empty(&stem).ok()
    }

    /// Step 1: which outcomes are worth an e-mail.
    pub(super) fn when(&mut self) -> Result<(), Failure> {
        self.talk.step("Step 1 of 5: when");
        let before = self.draft.email_before().map(|email| email.when);
        let when = if let Some(when) = self.args.answers.when {
            when
        } else {
            let titles = [
                "as every backup finishes",
                "only when it ends with a warning or an error",
                "only when it ends with an error",
            ];
            let known = before.unwrap_or_default();
            let default = Policy::WORDS.iter().position(|(_, policy)| *policy == known);
            let text = "When is an e-mail sent?";
            let chosen = self.talk.choose(text, &titles.map(str::to_owned), default, "--when POLICY")?;
            Policy::WORDS.get(chosen).map_or(known, |(_, policy)| *policy)
        };
        if before.unwrap_or_default() != when {
            self.draft.set_email("when", Node::text(when.word()));
        }
        Ok(())
    }

    /// Step 4: the recipients.
    pub(super) fn recipients(&mut self, account: &Account) -> Result<(), Failure> {
        self.talk.step("Step 4 of 5: the recipients");
        let flag = self.args.answers.to.as_ref().map(|to| to.0.clone());
        let to = match flag {
            Some(to) => to,
            None => self.ask_recipients(account, &[])?,
        };
        self.set_recipients(&to);
        Ok(())
    }

    /// Asks for the recipients. Offered are those that are in the draft by now, from the file or typed
    /// earlier; of these only whom a server has accepted, where it has accepted some.
    pub(super) fn ask_recipients(
        &self,
        account: &Account,
        accepted: &[Address],
    ) -> Result<Vec<Mailbox>, Failure> {
        let own = || own_address(account).map(|own| vec![Mailbox::new(None, own.email)]);
        let mut offered = self.draft.to().or_else(own);
        if !accepted.is_empty()
            && let Some(list) = &mut offered
        {
            list.retain(|mailbox| accepted.contains(&mailbox.email));
        }
        let default = offered.filter(|list| !list.is_empty()).map(|list| joined(&list));
        let text = "Send to (several addresses are separated by commas)";
        self.talk
            .ask(&Question { text, default: default.as_deref(), flag: "--to ADDRESSES" }, parse_mailboxes)
    }

    /// Puts the recipients into the draft, unless they are there already.
    pub(super) fn set_recipients(&mut self, to: &[Mailbox]) {
        if self.draft.to().as_deref() != Some(to) {
            self.draft.set_email("to", Node::text(joined(to)));
        }
    }
}

/// Writes addresses as a task has them.
fn joined(list: &[Mailbox]) -> String {
    list.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn not_empty(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    if name.is_empty() { Err("a name has letters".to_owned()) } else { Ok(name.to_owned()) }
}
