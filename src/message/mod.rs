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
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod header;
mod html;
pub(crate) mod human;
mod late;
mod letter;
mod log;
mod marks;
mod message_id;
mod notice;
mod plain;
#[cfg(test)]
mod properties;
mod reason;
mod redact;
#[cfg(test)]
mod samples;
mod template;

use std::fmt;

use jiff::Zoned;
use lettre::address::Envelope;
use lettre::message::Mailbox;

pub(crate) use human::size as human_size;
pub(crate) use late::{Late, late, late_lines, nobody};
pub(crate) use log::{Controls, is_compressed};
pub use log::{DEFAULT_LINES, LogExcerpt};
pub(crate) use redact::hides_home;
pub use template::{
    FILTERS as TEMPLATE_FILTERS, NAMES as TEMPLATE_NAMES, TemplateFault, check as check_template,
};

use crate::error::Situation;
use crate::exit::Exit;
use crate::run::{Event, Run};
use crate::task::Task;
use notice::Notice;
use redact::Redactor;
use template::Part;

/// What there is to tell.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// The task.
    pub task: &'a Task,
    /// Which end of the backup it is about.
    pub event: Event,
    /// What became of it; at the beginning of a backup only what was said about it.
    pub run: &'a Run,
    /// Whether this is a test message, whose run is a sample.
    pub test: bool,
    /// The computer that it ran on.
    pub host: &'a str,
    /// When the notice is made, in the person's zone.
    pub now: Zoned,
    /// What its log says.
    pub log: Option<LogExcerpt>,
    /// The home folders that are not to be named where logs are quoted: those of whoever runs this.
    pub homes: &'a [String],
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
    /// The message id that it has already, with its angle brackets; `None` gives it a new one.
    pub message_id: Option<&'a str>,
    /// The template of the subject.
    pub subject: Option<&'a str>,
    /// The template of the text part.
    pub text: Option<&'a str>,
    /// The template of the HTML part.
    pub html: Option<&'a str>,
    /// The log that goes with it.
    pub attachment: Option<Attachment<'a>>,
}

/// A log that goes with a message. It is cleaned and redacted like everything else, cut at line ends, and
/// compressed when it is long.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    /// The name the reader sees; a compressed file gets ".gz" behind it.
    pub name: &'a str,
    /// The first bytes of the log, whether they are attached or not: they tell how it is written.
    pub first: &'a [u8],
    /// Its beginning; all of it where nothing is left out.
    pub head: &'a [u8],
    /// How many bytes behind that are left out.
    pub left_out: u64,
    /// Its end.
    pub tail: &'a [u8],
    /// Whether it is compressed even when it is short.
    pub compressed: bool,
}

/// A message, ready to be handed to a server.
#[derive(Debug, Clone)]
pub struct Composed {
    /// Who sends it and who gets it, each recipient once.
    pub envelope: Envelope,
    /// The message, with CRLF line ends and no line longer than 998 bytes (RFC 5322 section
    /// 2.1.1); pure ASCII unless `needs_smtputf8`.
    pub bytes: Vec<u8>,
    /// The message id, with its angle brackets.
    pub message_id: String,
    /// The subject, for people.
    pub subject: String,
    /// Whether an address needs a server with SMTPUTF8 (RFC 6531).
    pub needs_smtputf8: bool,
    /// What went wrong on the way without stopping it, e.g. that a template failed.
    pub notes: Vec<String>,
}

/// The gist of a notice, for channels that show a title and a line or two: cleaned, redacted and
/// short, and nothing of it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gist {
    /// What began or ended how; one line.
    pub title: String,
    /// Why, and what else is known; one line or several.
    pub text: String,
}

/// What keeps a message from being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComposeError {
    /// There is nobody to send it to.
    NoRecipients,
    /// The message builder refused it.
    Builder(String),
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecipients => f.write_str("the message has no recipients"),
            Self::Builder(cause) => write!(f, "the message could not be built: {cause}"),
        }
    }
}

impl std::error::Error for ComposeError {}

impl Situation for ComposeError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoRecipients => Exit::Data,
            Self::Builder(_) => Exit::Software,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRecipients => Some("name at least one address in \"email.to\" or after --to".to_owned()),
            Self::Builder(_) => None,
        }
    }
}

/// Composes the message that tells a story.
pub fn compose(story: &Story<'_>, letter: &Letter<'_>) -> Result<Composed, ComposeError> {
    let redactor = Redactor::new(&story.task.redact).hiding(story.homes);
    let mut notice = Notice::of(story, &redactor);
    let mut notes = Vec::new();
    let mut expand = |part: Part, source: Option<&str>| match template::render(source?, part, &notice) {
        Ok(output) => Some(redactor.block(&output)),
        Err(fault) => {
            notes.push(format!(
                "the template \"email.{}\" failed and the standard {} was used: {}",
                part.key(),
                if part == Part::Subject { "subject" } else { "text" },
                redactor.line(&fault.to_string())
            ));
            None
        }
    };
    let subject = expand(Part::Subject, letter.subject);
    let text = expand(Part::Text, letter.text);
    let html = expand(Part::Html, letter.html);
    // whoever reads the standard text is told why it is not their own
    notice.notes.extend(notes.iter().cloned());

    let subject = subject.map(|s| header::line(&s)).filter(|s| !s.is_empty());
    let parts = letter::Parts {
        subject: subject.unwrap_or_else(|| header::line(&notice.headline())),
        html: html.unwrap_or_else(|| match &text {
            // most programs show the HTML part, so a text in somebody's own words has to be in it
            Some(text) => html::around(&notice, text),
            None => html::render(&notice),
        }),
        text: text.unwrap_or_else(|| plain::render(&notice)),
        attachment: letter.attachment.map(|file| letter::File {
            name: redactor.line(file.name),
            content: log::attached(&file, &redactor),
        }),
    };
    letter::build(story, &notice, letter, parts, notes)
}

/// Says what a notice says, in a title and a line or two.
pub fn gist(story: &Story<'_>) -> Gist {
    let notice = Notice::of(story, &Redactor::new(&story.task.redact).hiding(story.homes));
    Gist { title: notice.title(), text: notice.gist() }
}

#[cfg(test)]
mod tests {
    use super::{Attachment, ComposeError, Situation, compose, gist};
    use crate::exit::Exit;
    use crate::message::samples::{World, error};
    use crate::run::{Event, Outcome, RunFacts};
    use crate::tools::Tool;
    use mail_parser::{MessageParser, MimeHeaders};

    const NOTHING: Attachment<'_> =
        Attachment { name: "", first: b"", head: b"", left_out: 0, tail: b"", compressed: false };

    fn parts(bytes: &[u8]) -> (String, String) {
        let message = MessageParser::default().parse(bytes).unwrap();
        (message.body_text(0).unwrap().into_owned(), message.body_html(0).unwrap().into_owned())
    }

    #[test]
    fn templates_replace_what_they_name() {
        let world = World::failed();
        let mut letter = world.letter();
        letter.subject = Some("{{ host }}:\r\n {{ task.name }}: {{ run.headline }}\n");
        letter.html = Some("<p>{{ run.message }}</p>");
        let composed = compose(&world.story(), &letter).unwrap();
        assert_eq!(composed.subject, "atlas.example.com: Nightly home backup: Backup failed");
        assert!(composed.notes.is_empty());
        let (text, html) = parts(&composed.bytes);
        assert!(text.starts_with("Backup failed: Nightly home backup"));
        assert_eq!(html.trim_end(), "<p>error in rsync protocol data stream (code 12)</p>");
    }

    #[test]
    fn a_text_template_is_what_programs_that_prefer_html_show_too() {
        let world = World::failed();
        let mut letter = world.letter();
        letter.text = Some("Dear Kim,\n<{{ task.name }}>");
        let (text, html) = parts(&compose(&world.story(), &letter).unwrap().bytes);
        assert_eq!(text.trim_end().replace("\r\n", "\n"), "Dear Kim,\n<Nightly home backup>");
        assert!(html.replace("\r\n", "\n").contains(">Dear Kim,\n&lt;Nightly home backup&gt;<"), "{html}");
    }

    #[test]
    fn a_failing_template_never_costs_the_notice() {
        let world = World::failed();
        let mut letter = world.letter();
        (letter.subject, letter.text, letter.html) =
            (Some("{{ run.exit_code / 0 }}"), Some("{{"), Some("{{ nobody }}"));
        let composed = compose(&world.story(), &letter).unwrap();
        assert_eq!(composed.subject, "Backup failed: Nightly home backup");
        assert_eq!(composed.notes.len(), 3);
        let (text, html) = parts(&composed.bytes);
        assert!(text.contains("the template \"email.text\" failed and the standard text was used: line 1"));
        assert!(html.contains("the template &quot;email.html&quot; failed"));
    }

    #[test]
    fn an_empty_subject_is_no_subject() {
        let world = World::failed();
        let mut letter = world.letter();
        letter.subject = Some("{{ run.nothing or '' }}");
        assert_eq!(compose(&world.story(), &letter).unwrap().subject, "Backup failed: Nightly home backup");
        letter.subject = Some(" \n ");
        assert_eq!(compose(&world.story(), &letter).unwrap().subject, "Backup failed: Nightly home backup");
    }

    #[test]
    fn what_a_template_writes_is_redacted_too() {
        let mut world = World::failed();
        world.task.redact = vec!["hunter2".to_owned()];
        let mut letter = world.letter();
        let source = "hunter2 {{ 'hunter' ~ '2' }}";
        (letter.subject, letter.text, letter.html) = (Some(source), Some(source), Some(source));
        let composed = compose(&world.story(), &letter).unwrap();
        let (text, html) = parts(&composed.bytes);
        for shown in [&composed.subject, &text, &html] {
            assert_eq!(shown.trim_end(), "[redacted] [redacted]");
        }
    }

    #[test]
    fn a_log_goes_with_the_message_cleaned_and_redacted() {
        let mut world = World::failed();
        world.task.redact = vec!["hunter2".to_owned()];
        let mut letter = world.letter();
        letter.attachment =
            Some(Attachment { name: "büro\r\n.log", head: b"login hunter2\x1b[0m\r\ncaf\xe9\n", ..NOTHING });
        let composed = compose(&world.story(), &letter).unwrap();
        let message = MessageParser::default().parse(&composed.bytes).unwrap();
        let file = message.attachment(0).unwrap();
        assert_eq!(file.attachment_name(), Some("büro .log"));
        let text = file.text_contents().unwrap().replace("\r\n", "\n");
        assert_eq!(text, "login [redacted]\ncaf\u{fffd}\n");
        assert!(composed.bytes.is_ascii());
    }

    #[test]
    fn a_long_log_goes_compressed() {
        let world = World::failed();
        let mut letter = world.letter();
        letter.attachment = Some(Attachment { name: "a.log", compressed: true, ..NOTHING });
        let composed = compose(&world.story(), &letter).unwrap();
        let message = MessageParser::default().parse(&composed.bytes).unwrap();
        let file = message.attachment(0).unwrap();
        assert_eq!(
            (file.attachment_name(), file.content_type().unwrap().subtype()),
            (Some("a.log.gz"), Some("gzip"))
        );
        assert_eq!(file.contents().get(..2), Some(&b"\x1f\x8b"[..]));
        assert!(composed.bytes.is_ascii());
    }

    #[test]
    fn a_message_to_nobody_is_not_made() {
        let world = World::failed();
        let mut letter = world.letter();
        letter.to = &[];
        let error = compose(&world.story(), &letter).unwrap_err();
        assert_eq!((error.clone(), error.exit()), (ComposeError::NoRecipients, Exit::Data));
    }

    #[test]
    fn the_gist_is_the_headline_the_reason_and_the_figures() {
        let gist_of = |world: &World| gist(&world.story());
        let gist = gist_of(&World::failed());
        assert_eq!(gist.title, "Backup failed: Nightly home backup");
        assert_eq!(
            gist.text,
            "error in rsync protocol data stream (code 12) (and 2 more errors)\n1,234 of 56,789 files, 5.2 GB of 1.0 TB, 1 h 12 min, \
             on atlas.example.com"
        );
        let gist = gist_of(&World::bare("Home"));
        assert_eq!(
            (gist.title.as_str(), gist.text.as_str()),
            ("Backup finished: Home", "on atlas.example.com")
        );
    }

    #[test]
    fn a_gist_has_a_reason_and_its_outcome_is_seen_when_it_is_cut_off() {
        let mut world = World::bare("Nightly home backup");
        world.run.facts.exit_code = Some(23);
        world.task.tool = Some(Tool::Rsync);
        world.run.outcome = Outcome::Warning;
        let warned = gist(&world.story());
        assert_eq!(warned.title, "Backup warning: Nightly home backup");
        assert_eq!(
            warned.text,
            "rsync 23: some files could not be copied because of errors\non atlas.example.com"
        );
        (world.task.tool, world.run.outcome) = (None, Outcome::Error);
        assert_eq!(
            gist(&world.story()).text,
            "exit code 23: the backup program reports a failure\non atlas.example.com"
        );
        world.run.facts.exit_code = None;
        world.run.facts.errors = vec![error(Some("/a"), "no"); 300];
        assert_eq!(gist(&world.story()).text, "/a: no (and 299 more errors)\non atlas.example.com");
        world.run.facts.errors.truncate(2);
        assert!(gist(&world.story()).text.starts_with("/a: no (and 1 more error)\n"));
        // nothing is wrong, so there is nothing to explain
        (world.run.outcome, world.run.facts.exit_code) = (Outcome::Success, Some(0));
        world.run.facts.errors.clear();
        assert_eq!(gist(&world.story()).text, "on atlas.example.com");
    }

    #[test]
    fn a_beginning_says_what_goes_where() {
        let mut world = World::failed();
        world.event = Event::Begin;
        world.run.facts = RunFacts::default();
        let gist_of = |world: &World| gist(&world.story());
        let begun = gist_of(&world);
        assert_eq!(begun.title, "Backup started: Nightly home backup");
        assert_eq!(begun.text, "/Users/jon \u{2192} /Volumes/Backup\non atlas.example.com");
        world.task.destination = None;
        assert_eq!(gist_of(&world).text, "/Users/jon\non atlas.example.com");
        world.run.facts.message = Some("The weekly full one".to_owned());
        assert_eq!(gist_of(&world).text, "The weekly full one\n/Users/jon\non atlas.example.com");
    }
}
