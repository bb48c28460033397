//! An e-mail made ready: its templates loaded, its message composed. Everything about it that needs
//! neither an account nor the network.

use lettre::message::Mailbox;

use crate::channels::Effort;
use crate::channels::log_file::{self, LogFile, Share};
use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, Purpose};
use crate::message::{self, Attachment, Composed, Letter, Story};
use crate::task::{Email, Template};
use crate::text;

/// The largest template, in bytes.
const TEMPLATE_MOST: usize = 256 * 1024;

/// What is tried where a server limits the size of messages.
const SHARES: [Share; 4] = [Share::Usual, Share::Compressed, Share::Last(512 * 1024), Share::Last(64 * 1024)];

/// A message, and how much of the log goes with it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) composed: Composed,
    pub(super) log: LogShare,
}

/// What a message has to be like for a server, beside the story that it tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Whom it names as its recipients.
    pub(super) to: &'a [Mailbox],
    /// What this program itself has to say in it.
    pub(super) notes: &'a [String],
    /// The server's limit, in bytes.
    pub(super) most: Option<u64>,
    /// The server's words, when it has refused the message with the log.
    pub(super) refused: Option<&'a str>,
    /// The id that it has already; `None` gives it a new one.
    pub(super) message_id: Option<&'a str>,
}

impl<'a> Terms<'a> {
    /// Nothing but whom it is for and what is noted in it.
    pub(super) fn new(to: &'a [Mailbox], notes: &'a [String]) -> Self {
        Self { to, notes, most: None, refused: None, message_id: None }
    }
}

/// How much of the log goes with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogShare {
    /// There is none, or it is not wanted.
    None,
    Attached,
    /// Only its end, for the sake of the server.
    Less,
    /// Nothing, for the sake of the server.
    LeftOut,
}

impl LogShare {
    /// Returns what a result says of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::None | Self::Attached => "",
            Self::Less => " with the end of the log",
            Self::LeftOut => " without the log",
        }
    }
}

/// What an e-mail is written on: its sender and its templates, loaded and checked.
#[derive(Debug)]
pub(super) struct Paper<'a> {
    email: &'a Email,
    from: Mailbox,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    /// What is wrong with the templates, where that stops nothing.
    pub(super) notes: Vec<String>,
}

impl<'a> Paper<'a> {
    /// Loads the templates. A notice that goes out in plain words is better than none; a rehearsal is
    /// there to find what is wrong with them.
    pub(super) fn new(email: &'a Email, from: Mailbox, effort: Effort) -> Result<Self, Failure> {
        let mut notes = Vec::new();
        let mut load = |template: &Option<Template>, name| match load_template(template.as_ref(), name) {
            Ok(source) => Ok(source),
            Err(failure) if effort == Effort::Deliver => {
                notes.push(format!("{}; the usual text is used", failure.what));
                Ok(None)
            }
            Err(failure) => Err(failure),
        };
        let subject = load(&email.subject, "subject")?;
        let text = load(&email.text, "text")?;
        let html = load(&email.html, "html")?;
        Ok(Self { email, from, subject, text, html, notes })
    }

    /// Makes the message, with as much of the log as the task wants and the server lets through.
    pub(super) fn compose(&self, story: &Story<'_>, terms: &Terms<'_>) -> Result<Written, Failure> {
        let mut story = story.clone();
        story.notes.extend(terms.notes.iter().cloned());
        if let Some(words) = terms.refused {
            story
                .notes
                .push(format!("the log was left out: the server refused the message with it ({words})"));
            return Ok(Written { composed: self.write(&story, terms, None)?, log: LogShare::LeftOut });
        }
        let most = terms.most;
        let Some(log) = self.log(&mut story) else {
            return Ok(Written { composed: self.write(&story, terms, None)?, log: LogShare::None });
        };
        for share in SHARES.into_iter().filter(|share| log.has_use_for(*share)) {
            let mut story = story.clone();
            story.notes.extend(log.note(share, most));
            let composed = self.write(&story, terms, Some(log.attachment(share)))?;
            let size = u64::try_from(composed.bytes.len()).unwrap_or(u64::MAX);
            if most.is_none_or(|most| size <= most) {
                let log = if matches!(share, Share::Last(_)) { LogShare::Less } else { LogShare::Attached };
                return Ok(Written { composed, log });
            }
        }
        // the notice must not be lost for the sake of its log
        let most = most.unwrap_or_default();
        let most = message::human::count(most);
        story.notes.push(format!("the log was left out: the server takes {most} bytes at most"));
        Ok(Written { composed: self.write(&story, terms, None)?, log: LogShare::LeftOut })
    }

    /// Reads the log that is to go with the message: the file, or else what the program printed.
    fn log(&self, story: &mut Story<'_>) -> Option<LogFile> {
        if !log_file::wanted(self.email.attach_log, story.run.outcome) {
            return None;
        }
        let printed = || story.run.captured.as_ref().map(LogFile::of_captured);
        let Some(path) = story.run.facts.log.as_deref() else { return printed() };
        log_file::read(path, story.run.facts.log_from)
            .map_err(|what| {
                // noted already where it was to be quoted, unless it went away in between
                if !story.notes.contains(&what) {
                    story.notes.push(what);
                }
            })
            .ok()
            .or_else(printed)
    }

    fn write(
        &self,
        story: &Story<'_>,
        terms: &Terms<'_>,
        attachment: Option<Attachment<'_>>,
    ) -> Result<Composed, Failure> {
        let letter = Letter {
            from: &self.from,
            to: terms.to,
            message_id: terms.message_id,
            subject: self.subject.as_deref(),
            text: self.text.as_deref(),
            html: self.html.as_deref(),
            attachment,
        };
        message::compose(story, &letter).map_err(|e| Failure::from_situation(&e))
    }
}

/// Returns the source of a template.
fn load_template(template: Option<&Template>, name: &str) -> Result<Option<String>, Failure> {
    let source = match template {
        None => return Ok(None),
        Some(Template::Inline(source)) => source.clone(),
        Some(Template::File { file }) => {
            let bytes = files::read_trusted(file, Purpose::Template, TEMPLATE_MOST)
                .map_err(|e| Failure::from_situation(&e))?;
            String::from_utf8(bytes).map_err(|_| {
                Failure::new(Exit::Data, format!("the template \"{}\" is not UTF-8", file.display()))
                    .with_hint("save it as UTF-8")
            })?
        }
    };
    message::check_template(&source).map_err(|fault| {
        let which = match template {
            Some(Template::File { file }) => file.to_string_lossy(),
            _ => name.into(),
        };
        Failure::new(Exit::Data, format!("the template \"{}\": {fault}", text::one_line(&which)))
            .with_hint("the man page lists the names a template can use")
    })?;
    Ok(Some(source))
}
