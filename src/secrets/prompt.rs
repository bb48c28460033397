//! A password typed at the terminal, without echo, until the deadline.
//!
//! rpassword reads and knows no time limit, so it reads in a thread of its own. When the time is
//! over that thread stays behind, and the terminal is put back as it was from here, where it was also
//! made silent.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use rpassword::ConfigBuilder;
use zeroize::Zeroizing;

use super::Secret;
use super::error::PromptFault;
use crate::deadline::Deadline;
use crate::text::one_line;

/// How often a new password is asked for whose two answers differ.
const TRIES: usize = 3;

/// How the terminal was before a password was asked for; nothing while none is.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Asks for the password of `title`: "jon at smtp.example.com:587".
pub(super) fn ask(title: &str, deadline: &Deadline) -> Result<Secret, PromptFault> {
    hidden(format!("Password for {}: ", one_line(title)), deadline)
}

/// Asks for the new password of `title` until it is typed twice alike.
pub(super) fn ask_new(title: &str, deadline: &Deadline) -> Result<Secret, PromptFault> {
    for tries_left in (0..TRIES).rev() {
        let secret = ask(title, deadline)?;
        match hidden("The same once more: ".to_owned(), deadline) {
            Ok(again) if again.reveal() == secret.reveal() => return Ok(secret),
            Ok(_) | Err(PromptFault::Unusable(_)) if tries_left > 0 => {
                Terminal::open()?.say("The two are not the same. Once again, from the beginning.");
            }
            Ok(_) | Err(PromptFault::Unusable(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(PromptFault::Different)
}

/// Puts the terminal back as it was before a question that is still open, because the program is
/// about to end in the middle of it. No question can begin before the value is dropped.
pub(crate) fn put_terminal_back() -> impl Sized {
    let mut before = lock();
    if let (Some(before), Ok(device)) = (before.take(), open_terminal()) {
        let _ = tcsetattr(&device, SetArg::TCSANOW, &before);
    }
    before
}

fn lock() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks a question whose answer is not shown. What is typed ahead is not shown either.
fn hidden(question: String, deadline: &Deadline) -> Result<Secret, PromptFault> {
    let timed_out = || PromptFault::TimedOut(deadline.over());
    deadline.remaining().ok_or_else(timed_out)?;
    let mut terminal = Terminal::open()?;
    let copy = || terminal.device.try_clone().map_err(PromptFault::NoTerminal);
    let (input, output) = (copy()?, copy()?);
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || {
            // rpassword turns Ctrl-C into a signal before it puts the terminal back; held off in
            // this thread, it becomes the error "interrupted"
            let _ = SigSet::from(Signal::SIGINT).thread_block();
            // as readers and writers, which it leaves as they are: it would change the terminal at a moment
            // of its own, even while that is being put back
            let config = ConfigBuilder::new().input_reader(input).output_writer(output).build();
            let typed = rpassword::prompt_password_with_config(question, config);
            let _ = sender.send(typed.map(Zeroizing::new));
        })
        .map_err(PromptFault::NoTerminal)?;
    let answer = deadline.receive(&receiver);
    terminal.end_line();
    match answer {
        Ok(Ok(typed)) => Secret::new(&typed).map_err(PromptFault::Unusable),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::UnexpectedEof) => {
            Err(PromptFault::Cancelled)
        }
        Ok(Err(error)) => Err(PromptFault::NoTerminal(error)),
        Err(RecvTimeoutError::Timeout) => Err(timed_out()),
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
        let device = open_terminal().map_err(PromptFault::NoTerminal)?;
        // in the background, changing the terminal would stop the process: a hook that hangs
        if tcgetpgrp(&device).map_err(failed)? != getpgrp() {
            return Err(PromptFault::Background);
        }
        let mut kept = lock();
        let before = tcgetattr(&device).map_err(failed)?;
        *kept = Some(before.clone());
        // as rpassword would, but before the question is shown: no answer comes too early for it, and
        // neither does a Ctrl-D, which gets lost when the terminal no more gathers lines
        let mut silent = before.clone();
        let gathering = LocalFlags::ECHO | LocalFlags::ECHONL | LocalFlags::ICANON | LocalFlags::ISIG;
        silent.local_flags.remove(gathering);
        for (index, value) in [(SpecialCharacterIndices::VMIN, 1), (SpecialCharacterIndices::VTIME, 0)] {
            if let Some(place) = silent.control_chars.get_mut(index as usize) {
                *place = value;
            }
        }
        tcsetattr(&device, SetArg::TCSANOW, &silent).map_err(failed)?;
        Ok(Self { device, before })
    }

    /// Says something to who is typing.
    fn say(&mut self, line: &str) {
        let _ = self.device.write_all(format!("{line}\r\n").as_bytes());
    }

    /// Ends the line of a prompt that was left.
    fn end_line(&mut self) {
        let _ = self.device.write_all(b"\r\n");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut kept = lock();
        let _ = tcsetattr(&self.device, SetArg::TCSANOW, &self.before);
        *kept = None;
    }
}

fn open_terminal() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "prompt_tests.rs"]
mod tests;
