//! Who will run the hook. Everything is tested and kept for that user, so it has to be this one.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{User, geteuid};

use super::Setup;
use crate::cli::RunBy;
use crate::commands::ran_as::replaceable_program;
use crate::error::Failure;
use crate::exit::Exit;
use crate::inherited::give_back_variables;
use crate::text::{io_words, one_line, shell_word};

impl Setup<'_> {
    /// Settles who will run the hook; begins again as root where root is wanted.
    pub(super) fn runner(&self) -> Result<(), Failure> {
        let root = geteuid().is_root();
        let behind = behind_root();
        let wanted = match (self.args.answers.run_by, root, &behind) {
            (Some(wanted), ..) => wanted,
            // nobody but root is there
            (None, true, None) => RunBy::Root,
            (None, ..) => self.ask_runner(root, behind.as_deref())?,
        };
        match (wanted, root, behind) {
            (RunBy::Me, true, Some(person)) => Err(without_sudo(&person)),
            (RunBy::Root, false, _) => self.as_root(),
            (_, true, _) => {
                self.look_at_program();
                Ok(())
            }
            (RunBy::Me, false, _) => Ok(()),
        }
    }

    /// Fails when flags say that somebody else will run the hook, and nobody is there to be asked.
    pub(super) fn other_user(&self) -> Result<(), Failure> {
        match (self.args.answers.run_by, geteuid().is_root(), behind_root()) {
            (Some(RunBy::Me), true, Some(person)) => Err(without_sudo(&person)),
            (Some(RunBy::Root), false, _) => self.as_root(),
            _ => Ok(()),
        }
    }

    /// Tells whether there are two who could run it.
    pub(super) fn may_be_either() -> bool {
        !geteuid().is_root() || behind_root().is_some()
    }

    fn ask_runner(&self, root: bool, behind: Option<&str>) -> Result<RunBy, Failure> {
        let own = User::from_uid(geteuid()).ok().flatten().map_or_else(|| "this user".to_owned(), |u| u.name);
        let person = one_line(behind.unwrap_or(&own)).into_owned();
        let options = [
            format!("{person}: by hand, from a script, or from the crontab of {person}"),
            "root: Carbon Copy Cloner, a service, or the crontab of root".to_owned(),
        ];
        let default = Some(usize::from(root));
        let chosen =
            self.talk.choose("Who will run the backup and its hook?", &options, default, "--run-by WHO")?;
        Ok(if chosen == 0 { RunBy::Me } else { RunBy::Root })
    }

    /// Begins again as root, by sudo; or says how.
    fn as_root(&self) -> Result<(), Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(Exit::Software, format!("this program does not find itself: {}", io_words(&error)))
        })?;
        let mut words: Vec<OsString> = vec!["--".into(), program.into()];
        words.extend(without_run_by(&self.world.args));
        words.push("--run-by=root".into());
        let shown: Vec<String> =
            words.iter().map(|word| shell_word(&one_line(&word.to_string_lossy())).into_owned()).collect();
        let line = format!("sudo {}", shown.join(" "));
        let failure =
            |what: &str| Failure::new(Exit::NoPermission, what.to_owned()).with_hint(format!("type: {line}"));
        if !self.talk.person {
            return Err(failure("root will run the hook, so root has to set it up, and this is not root"));
        }
        if !self.talk.agree(&format!("Begin again as root, by \"{line}\"?"), true, "--run-by WHO")? {
            return Err(failure("root has to set it up"));
        }
        let mut sudo = Command::new("sudo");
        give_back_variables(&mut sudo);
        let error = sudo.args(&words).exec();
        Err(failure(&format!("sudo cannot be started: {}", io_words(&error))))
    }

    /// Warns when somebody else could replace what root is going to run every night.
    fn look_at_program(&self) {
        if let Some(failure) = replaceable_program() {
            self.output.doubt(&failure.what, failure.hint.as_deref());
        }
    }
}

/// Returns who has become root by sudo.
fn behind_root() -> Option<String> {
    let name = std::env::var("SUDO_USER").ok()?;
    (geteuid().is_root() && !name.is_empty() && name != "root").then_some(name)
}

fn without_sudo(person: &str) -> Failure {
    let person = one_line(person);
    let what = format!("{person} will run the hook, so {person} has to set it up, and this is root");
    Failure::new(Exit::Usage, what).with_hint("type the same without sudo")
}

/// Returns what was typed, without what this is about.
fn without_run_by(args: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = args.iter().skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--run-by") => drop(words.next()),
            Some(word) if word.starts_with("--run-by=") => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::without_run_by;

    #[test]
    fn what_was_typed_is_handed_on_but_for_who_runs_it() {
        let typed = ["program", "setup", "a b", "--run-by", "root", "--when", "error", "--run-by=me", "-q"];
        let kept = without_run_by(&typed.map(Into::into));
        assert_eq!(kept, ["setup", "a b", "--when", "error", "-q"]);
    }
}
