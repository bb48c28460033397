//! The end: what will be written is shown, written at once, and checked from where it is.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::unistd::geteuid;
use serde::Serialize;

use super::Setup;
use super::hooks::{self, Hook};
use super::password::{Held, keychain, slot};
use super::signals::Signals;
use super::talk::cancelled;
use super::trial::this_moment;
use crate::accounts::Account;
use crate::cli::{CheckArgs, Overrides, TaskArgs};
use crate::commands::check::check;
use crate::commands::output::{Report, json, print};
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{KeychainError, wipe_stack};
use crate::text::one_line;

/// The result, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) file: PathBuf,
    /// Whether the file is there as this says.
    pub(super) written: bool,
    /// The account in full.
    pub(super) account: String,
    /// The private keychain that has its password; null when the task names another source.
    pub(super) vault: Option<PathBuf>,
    /// The test message; null without one.
    pub(super) test: Option<Report>,
    /// The check of the written file.
    pub(super) check: Option<Report>,
    pub(super) hooks: Vec<Hook>,
    pub(super) exit_code: Exit,
}

impl Done {
    /// Prints the result: what is to be pasted, or one object.
    pub(super) fn print(&self, as_json: bool) -> Exit {
        if as_json {
            return self.exit_code.worse(json(self));
        }
        if !self.written {
            return self.exit_code;
        }
        self.exit_code.worse(print(&hooks::page(&self.hooks)).err().unwrap_or(Exit::Ok))
    }
}

impl Setup<'_> {
    /// Makes the result of a test that ended everything.
    pub(super) fn given_up(&self, account: &Account, test: Report) -> Done {
        let exit_code = test.exit_code;
        Done {
            file: self.draft.place.path.clone(),
            written: false,
            account: one_line(&account.label()).into_owned(),
            vault: None,
            test: Some(test),
            check: None,
            hooks: Vec::new(),
            exit_code,
        }
    }

    /// Shows, asks, writes, checks.
    pub(super) fn finish(
        &self,
        account: &Account,
        held: Held,
        test: Option<Report>,
        (signals, begun): (&Signals, &Cell<bool>),
    ) -> Result<Done, Failure> {
        // every fault that the commands would find in it, before it is there
        self.draft.task()?;
        let vault = match &held {
            Held::Here(_) | Held::InKeychain => Some(keychain()?.path().to_owned()),
            Held::Nowhere | Held::Elsewhere => None,
        };
        self.confirm(account, &held, vault.as_deref())?;
        signals.hold();
        // after a failure they stay held off, for the moment in which it is told
        let written = self.write(account, &held, begun);
        let new = held.given().is_some();
        // the check, and what is printed after it, can take their time
        drop(held);
        wipe_stack();
        written?;
        signals.let_go(begun.get());
        let path = &self.draft.place.path;
        self.tell(account, new, vault.as_deref());
        let check = self.check()?;
        let hooks = self.hooks()?;
        let exit_code = check.exit_code;
        if self.talk.person {
            self.talk.say(&format!(
                "\nTo paste where the backup ends{}:\n",
                if exit_code == Exit::Ok { "" } else { ", once the check goes well" }
            ));
        } else if exit_code != Exit::Ok {
            self.output.alarm("the lines to paste are for when the check goes well");
        }
        Ok(Done {
            file: path.clone(),
            written: true,
            account: one_line(&account.label()).into_owned(),
            vault,
            test,
            check: Some(check),
            hooks,
            exit_code,
        })
    }

    /// Says what became of file and password; `new` is whether it is another password than before.
    fn tell(&self, account: &Account, new: bool, vault: Option<&Path>) {
        let file = if self.draft.is_changed() { "Written" } else { "Left as it was" };
        self.talk.say(&format!("{file}: {}", self.draft.place.path.display()));
        if let Some(vault) = vault {
            let password = if new { "Kept" } else { "Left as it was" };
            let label = account.label();
            let label = one_line(&label);
            let vault = vault.display();
            self.talk.say(&format!("{password}: the password of {label} in the private keychain {vault}"));
        }
        self.talk.say("Now it is checked as the hook will find it:");
    }

    fn confirm(&self, account: &Account, held: &Held, vault: Option<&Path>) -> Result<(), Failure> {
        if !self.talk.person {
            return Ok(());
        }
        let path = self.draft.place.path.display();
        let text = self.draft.text();
        if self.draft.is_changed() {
            self.talk.say(&format!("\nThis is going to be in {path}:\n\n{text}"));
        } else {
            self.talk.say(&format!("\nNothing changes in {path}."));
            if held.given().is_none() {
                return Ok(());
            }
        }
        if let (Held::Here(_), Some(vault)) = (held, vault) {
            let label = account.label();
            let label = one_line(&label);
            self.talk.say(&format!(
                "The password of {label} is going to be in the private keychain\n{}",
                vault.display()
            ));
        }
        if let Some(folder) = self.draft.place.missing_folder() {
            let text = format!("The folder {} has to be made. Make it?", folder.display());
            if !self.talk.agree(&text, true, "--yes")? {
                return Err(cancelled());
            }
        }
        if self.talk.agree("Write it?", true, "--yes")? { Ok(()) } else { Err(cancelled()) }
    }

    /// Keeps the password, then the file; signals are held off meanwhile.
    fn write(&self, account: &Account, held: &Held, begun: &Cell<bool>) -> Result<(), Failure> {
        if let Held::Here(secret) = held {
            let keychain = keychain()?;
            let folder = keychain.path().parent().filter(|folder| !folder.exists());
            let kept = keychain.set(&slot(account), secret, Timestamp::now(), self.access());
            kept.map_err(|error| {
                // it is there all the same, and its own words say so
                begun.set(matches!(&error, KeychainError::Write(error) if error.there));
                let mut failure = Failure::from_situation(&error);
                if let Some(folder) = folder.filter(|folder| !begun.get() && folder.exists()) {
                    let folder = folder.display();
                    failure
                        .what
                        .push_str(&format!("\nnothing was written, but the folder \"{folder}\" was made"));
                }
                failure
            })?;
            begun.set(true);
        }
        if self.draft.is_changed() {
            let written = self.draft.place.write(self.draft.text().as_bytes());
            let doubt = written.map_err(|failure| after_the_password(failure, account, begun.get()))?;
            begun.set(true);
            if let Some(doubt) = doubt {
                self.output.doubt(&doubt.what, doubt.hint.as_deref());
            }
        }
        Ok(())
    }

    /// Checks the written file by the very path of `check`; nobody is asked, as nobody will be.
    fn check(&self) -> Result<Report, Failure> {
        let args = CheckArgs {
            offline: self.args.answers.no_test,
            task: TaskArgs { task: Some(self.draft.place.path.clone()), name: None },
            overrides: Overrides { deadline: self.args.deadline, ..Overrides::default() },
            output: self.args.output,
        };
        check(&args, &this_moment(), false, self.output)
    }

    fn hooks(&self) -> Result<Vec<Hook>, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            let said = crate::text::io_words(&error);
            Failure::new(Exit::Software, format!("this program does not find itself: {said}"))
        })?;
        let program = hooks::as_started(&self.world.args, program);
        Ok(hooks::hooks(&program, &self.draft.place.path, &self.draft.task()?, geteuid().is_root()))
    }
}

/// Says exactly what is there when the file could not be written after the password was kept.
fn after_the_password(mut failure: Failure, account: &Account, kept: bool) -> Failure {
    if kept {
        let label = account.label();
        failure.what.push_str(&format!(
            "\nthe password of {} is in the private keychain by now, and the task file is as it was before",
            one_line(&label)
        ));
    } else {
        failure.what.push_str("\nnothing was written");
    }
    failure
}
