//! A password typed at the terminal, without echo, until the deadline.
//!
//! rpassword reads and knows no time limit, so it reads in a thread of its own. When the time is
//! over that thread stays behind, and the terminal is put back as it was from here.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use zeroize::Zeroizing;

use super::Secret;
use super::error::PromptFault;
use crate::deadline::Deadline;
use crate::text::one_line;

/// Asks for the password of `title`: "jon at smtp.example.com:587".
pub(super) fn ask(title: &str, deadline: &Deadline) -> Result<Secret, PromptFault> {
    let timed_out = || PromptFault::TimedOut(deadline.length());
    let left = deadline.remaining().ok_or_else(timed_out)?;
    let mut terminal = Terminal::open()?;
    let question = format!("Password for {}: ", one_line(title));
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || {
            // rpassword turns Ctrl-C into a signal before it puts the terminal back; held off in
            // this thread, it becomes the error "interrupted"
            let _ = SigSet::from(Signal::SIGINT).thread_block();
            let _ = sender.send(rpassword::prompt_password(question).map(Zeroizing::new));
        })
        .map_err(PromptFault::NoTerminal)?;
    match receiver.recv_timeout(left) {
        Ok(Ok(typed)) => Secret::new(&typed).map_err(PromptFault::Unusable),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::UnexpectedEof) => {
            terminal.end_line();
            Err(PromptFault::Cancelled)
        }
        Ok(Err(error)) => Err(PromptFault::NoTerminal(error)),
        Err(RecvTimeoutError::Timeout) => {
            terminal.end_line();
            Err(timed_out())
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(PromptFault::NoTerminal(io::Error::other("the prompt ended without an answer")))
        }
    }
}

/// The terminal of this process, put back as it was when dropped.
struct Terminal {
    device: File,
    before: Termios,
}

impl Terminal {
    fn open() -> Result<Self, PromptFault> {
        let failed = |error: nix::Error| PromptFault::NoTerminal(error.into());
        let device = OpenOptions::new().read(true).write(true).open("/dev/tty");
        let device = device.map_err(PromptFault::NoTerminal)?;
        // in the background, changing the terminal would stop the process: a hook that hangs
        if tcgetpgrp(&device).map_err(failed)? != getpgrp() {
            return Err(PromptFault::Background);
        }
        let before = tcgetattr(&device).map_err(failed)?;
        Ok(Self { device, before })
    }

    /// Ends the line of a prompt that was left.
    fn end_line(&mut self) {
        let _ = self.device.write_all(b"\r\n");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.device, SetArg::TCSANOW, &self.before);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "prompt_tests.rs"]
mod tests;
