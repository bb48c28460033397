//! Composing: from the story of a run to the bytes of a message.
//!
//! ```text
//! Story ── clean, redact, measure, put in words ──► Notice ──► text part ┐
//!                                                          ├──► HTML part ├─► Composed
//!                                          templates ──────┴──► subject  ┘
//! ```
//!
//! Part of the core: nothing here opens a file, asks the network or the environment, or looks at a
//! clock. A notice is never lost to its own decoration: where a template fails, the standard text
//! goes out and says so.

mod cut;
mod example;
mod html;
mod human;
mod log;
mod marks;
mod notice;
mod plain;
mod redact;
#[cfg(test)]
mod samples;
mod template;

use jiff::Zoned;
use lettre::message::Mailbox;

pub use log::{DEFAULT_LINES, LogExcerpt};
pub use template::{TemplateFault, check};

use crate::run::Run;
use crate::task::Task;

/// What there is to tell.
#[derive(Debug)]
pub struct Story<'a> {
    /// The task.
    pub task: &'a Task,
    /// What became of it.
    pub run: &'a Run,
    /// Whether this is a test message, whose run is a sample.
    pub test: bool,
    /// The computer that it ran on.
    pub host: &'a str,
    /// When the notice is made, in the person's zone.
    pub now: Zoned,
    /// The end of its log.
    pub log: Option<LogExcerpt>,
    /// What the program itself has to say, e.g. that a certificate ends soon.
    pub notes: Vec<String>,
}

/// Who tells it to whom, and in whose words.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The sender.
    pub from: &'a Mailbox,
    /// The recipients, all of whom see each other.
    pub to: &'a [Mailbox],
    /// The template of the subject.
    pub subject: Option<&'a str>,
    /// The template of the text part.
    pub text: Option<&'a str>,
    /// The template of the HTML part.
    pub html: Option<&'a str>,
    /// The log that goes with it.
    pub attachment: Option<Attachment<'a>>,
}

/// A text file that goes with a message.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    /// The name the reader sees.
    pub name: &'a str,
    /// Its bytes, of which the caller has decided how many are worth sending. They are cleaned and
    /// redacted like everything else; what is no UTF-8 is replaced.
    pub bytes: &'a [u8],
}
