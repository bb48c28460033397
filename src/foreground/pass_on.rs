//! What is left of a command that has ended while others still hold its output: a small process that
//! passes on what they print.

use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::signal::SigSet;

use super::pump::{BUFFER, write_all};
use crate::confined::close_inherited;

/// The first argument of this program when it is that process.
pub(crate) const PASS_ON: &str = "pass-on";

/// Starts it.
pub(super) fn start(from: PipeReader, to: OwnedFd) -> io::Result<()> {
    // by this name it is the running program, even when its file has been replaced meanwhile
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg0("backup-notify").arg(PASS_ON).env_clear().current_dir("/");
    // nobody waits for it: it ends with those whose output it passes on
    command.stdin(from).stdout(to).stderr(Stdio::null()).spawn().map(drop)
}

/// Passes standard input on to standard output until one of them ends.
pub(crate) fn pass_on() {
    // whatever ends those who print ends this too, and nothing else does: they would lose their output
    let _ = SigSet::all().thread_block();
    close_inherited();
    let mut buffer = vec![0; BUFFER];
    let mut from = File::from(match rustix::io::dup(rustix::stdio::stdin()) {
        Ok(from) => from,
        Err(_) => return,
    });
    loop {
        match io::Read::read(&mut from, &mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                if write_all(rustix::stdio::stdout(), bytes).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
