//! A secret printed by a command, such as `secret-tool`, `security` or `pass`.
//!
//! The command gets no shell, no input and no terminal. It runs in a process group of its own,
//! which is killed at the deadline. Its exit status counts: what a failed command printed is not
//! a password.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, Uid, User, faccessat};

use super::error::{CommandFault, SecretFault};
use super::{MAX_BYTES, Request, Secret};
use crate::child::{self, Output, Printed, Stopped, ending};
use crate::files::{Purpose, check_program};
use crate::inherited::give_back_variables;
use crate::text::{one_line, shorten};

/// Where programs of the system are: the `PATH` of commands started by root.
const SYSTEM_PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
/// A locale that every system has and that leaves UTF-8 as it is.
const LANG: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
/// How many characters of what a failed command said are shown.
const SAID: usize = 200;

/// Runs the command and takes the first line that it prints.
pub(super) fn run(argv: &[String], request: &Request<'_>) -> Result<Secret, SecretFault> {
    let (name, arguments) = match argv.split_first() {
        Some((name, arguments)) if !name.is_empty() => (name.as_str(), arguments),
        _ => return Err(SecretFault::Command { program: String::new(), fault: CommandFault::Missing }),
    };
    let deliver = || {
        let program = locate(name, request.as_root, std::env::var_os("PATH"))?;
        check_program(&program, Purpose::PasswordProgram).map_err(CommandFault::Program)?;
        let mut command = Command::new(&program);
        command.args(arguments);
        if request.as_root {
            clean_environment(&mut command);
        } else {
            give_back_variables(&mut command);
        }
        let ended = child::run(&mut command, Printed::Secret(MAX_BYTES), &request.deadline);
        judge(&ended.map_err(|stopped| match stopped {
            Stopped::CannotStart(error) => CommandFault::CannotStart(error),
            Stopped::TimedOut(over) => CommandFault::TimedOut(over),
            Stopped::TooMuch => CommandFault::TooMuch,
        })?)
    };
    deliver().map_err(|fault| SecretFault::Command { program: name.to_owned(), fault })
}

/// Finds the program file: an absolute path as it is, a bare name in `PATH`, unless for root.
fn locate(name: &str, as_root: bool, path: Option<OsString>) -> Result<PathBuf, CommandFault> {
    if Path::new(name).is_absolute() {
        return Ok(PathBuf::from(name));
    }
    if name.contains('/') {
        return Err(CommandFault::Relative);
    }
    if as_root {
        return Err(CommandFault::BareAsRoot { found: search(name, OsStr::new(SYSTEM_PATH)) });
    }
    let path = path.unwrap_or_else(|| SYSTEM_PATH.into());
    search(name, &path).ok_or(CommandFault::NotInPath)
}

/// Looks a program up in the absolute folders of a search path; others would depend on the folder
/// that the backup happens to run in.
fn search(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(
        |file| file.is_file() && faccessat(AT_FDCWD, file, AccessFlags::X_OK, AtFlags::AT_EACCESS).is_ok(),
    )
}

/// Leaves a command of root nothing of the environment that the backup was started in.
fn clean_environment(command: &mut Command) {
    let root = User::from_uid(Uid::from_raw(0)).ok().flatten();
    let (name, home) = match root {
        Some(root) => (root.name, root.dir),
        None => ("root".to_owned(), PathBuf::from("/")),
    };
    command.env_clear();
    command.env("PATH", SYSTEM_PATH).env("HOME", home).env("LANG", LANG);
    command.env("USER", &name).env("LOGNAME", name);
}

/// Judges what a command that ended by itself has left.
fn judge(output: &Output) -> Result<Secret, CommandFault> {
    if !output.status.success() {
        return Err(CommandFault::Failed { status: ending(output.status), said: said(output) });
    }
    if output.stdout.is_empty() {
        return Err(CommandFault::Silent);
    }
    Secret::first_line(&output.stdout).map_err(CommandFault::Unusable)
}

/// Returns the last line of standard error to show; nothing when it may hold the secret: when any
/// line or longer word of standard output is in it, or when it is too long to tell.
fn said(output: &Output) -> Option<String> {
    let text = output.stderr.trim_ascii_end();
    let begin = text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map(|at| at + 1);
    if begin.is_none() && output.stderr_cut && !output.stdout.is_empty() {
        return None;
    }
    let line = text.get(begin.unwrap_or(0)..).unwrap_or_default();
    let printed = |part: &[u8]| !part.is_empty() && line.windows(part.len()).any(|window| window == part);
    let lines = output.stdout.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    let words = output.stdout.split(u8::is_ascii_whitespace).filter(|word| word.len() > 3);
    if lines.chain(words).any(printed) {
        return None;
    }
    let line = String::from_utf8_lossy(line);
    let shown = shorten(one_line(line.trim()).as_ref(), SAID).into_owned();
    Some(shown).filter(|shown| !shown.is_empty())
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
