//! Without a person: everything that was not given, at once.

use super::Setup;
use super::password::keychain;
use crate::accounts::{Account, Auth};
use crate::error::Failure;
use crate::task::Password;
use crate::text::one_line;

impl Setup<'_> {
    /// Fails when nobody can be asked for what is missing.
    pub(super) fn nothing_is_missing(&mut self) -> Result<(), Failure> {
        if self.talk.person {
            return Ok(());
        }
        // another user has other accounts and another keychain: what is missing here says nothing
        self.other_user()?;
        let mut flags = self.of_the_file();
        let account = self.account_to_be()?;
        flags.extend(self.of_the_account(account.as_ref()));
        if let Some(account) = &account {
            flags.extend(self.of_the_password(account)?);
        } else if !self.has_password() {
            flags.push("--password-stdin, or --password-source SOURCE".to_owned());
        }
        if flags.is_empty() { Ok(()) } else { Err(super::talk::missing(&flags)) }
    }

    /// What is missing of the file itself and of the plain answers.
    fn of_the_file(&self) -> Vec<String> {
        let answers = &self.args.answers;
        let mut flags = Vec::new();
        if self.args.yes {
            return flags;
        }
        let place = &self.draft.place;
        if place.bytes.is_some() {
            flags.push(format!("--yes: \"{}\" is there already, and is edited", place.path.display()));
        }
        if let Some(folder) = place.missing_folder() {
            flags.push(format!("--yes: the folder \"{}\" has to be made", folder.display()));
        }
        if self.draft.before.as_ref().is_some_and(|task| task.email.len() > 1) {
            flags.push("--yes: of several e-mails the first is meant".to_owned());
        }
        if answers.name.is_none() && self.draft.before.is_none() {
            let usual = self.usual_name().unwrap_or_default();
            flags.push(format!("--name NAME (with --yes it is \"{}\")", one_line(&usual)));
        }
        if answers.run_by.is_none() && Self::may_be_either() {
            flags.push("--run-by me or --run-by root (with --yes it is whoever runs this)".to_owned());
        }
        if answers.when.is_none() {
            let usual = self.draft.email_before().map(|email| email.when).unwrap_or_default().word();
            flags.push(format!("--when POLICY (with --yes it is \"{usual}\")"));
        }
        if !answers.test && !answers.no_test {
            flags.push("--test or --no-test (with --yes a test is sent)".to_owned());
        }
        flags
    }

    /// What is missing of the account, the sender and the recipients.
    fn of_the_account(&self, account: Option<&Account>) -> Vec<String> {
        let answers = &self.args.answers;
        let before = self.draft.email_before();
        let yes = self.args.yes;
        let mut flags = Vec::new();
        if self.given.account.is_none() && (account.is_none() || !yes) {
            let usual = account.map(|account| format!(" (with --yes it is {})", one_line(&account.label())));
            flags.push(format!("--account ACCOUNT{}", usual.unwrap_or_default()));
        }
        let own = account.and_then(super::account::own_address);
        let has_sender = answers.from.is_some() || own.is_some();
        if account.is_some() && !has_sender && before.is_none_or(|email| email.from.is_none()) {
            flags.push("--from ADDRESS".to_owned());
        }
        let has_default = before.is_some() || own.is_some();
        if answers.to.is_none() && !(yes && has_default) {
            let usual =
                if has_default { " (with --yes it is who got them before, or the account)" } else { "" };
            flags.push(format!("--to ADDRESSES{usual}"));
        }
        flags
    }

    /// What is missing of the password.
    fn of_the_password(&self, account: &Account) -> Result<Option<String>, Failure> {
        if account.auth == Auth::None || self.has_password() {
            return Ok(None);
        }
        let named = self.draft.email_before().map(|email| &email.password);
        let elsewhere = named.is_some_and(|source| *source != Password::Keychain);
        let token = matches!(account.auth, Auth::Xoauth2 | Auth::Oauthbearer);
        Ok(match (elsewhere, token) {
            (true, _) if self.args.yes => None,
            (true, _) => Some("--password-stdin (with --yes it stays where the file says it is)".to_owned()),
            (false, true) => Some(
                "--password-source '{\"command\": [\"/path/to/program\", …]}', which prints a token".into(),
            ),
            (false, false) if !self.is_kept(account)? => {
                Some("--password-stdin, or --password-source SOURCE".to_owned())
            }
            (false, false) if self.args.yes => None,
            (false, false) => {
                let vault = keychain()?.path().display().to_string();
                Some(format!("--password-stdin (with --yes it is the one that \"{vault}\" has)"))
            }
        })
    }

    fn has_password(&self) -> bool {
        self.args.answers.password_stdin || self.given.source.is_some()
    }
}
