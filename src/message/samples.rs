//! Stories for the tests of this module.

use jiff::{Timestamp, tz::TimeZone};
use lettre::message::Mailbox;

use crate::message::{Letter, LogExcerpt, Story};
use crate::run::{Event, Outcome, Run, RunError, RunFacts};
use crate::task::Task;
use crate::tools::Tool;

/// Everything a [`Story`] and a [`Letter`] borrow from.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) task: Task,
    pub(crate) event: Event,
    pub(crate) run: Run,
    pub(crate) test: bool,
    pub(crate) host: String,
    pub(crate) log: Option<LogExcerpt>,
    pub(crate) homes: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

impl World {
    /// A run that went well and of which nothing else is known.
    pub(crate) fn bare(name: &str) -> Self {
        Self {
            task: Task::named(name),
            event: Event::End,
            run: Run::new(Outcome::Success, RunFacts::default()),
            test: false,
            host: "atlas.example.com".to_owned(),
            log: None,
            homes: Vec::new(),
            notes: Vec::new(),
            from: "Backups <jon@example.com>".parse().unwrap(),
            to: vec!["Kim Doe <kim@example.com>".parse().unwrap(), "ops@example.org".parse().unwrap()],
        }
    }

    /// A run that failed and of which everything is known.
    pub(crate) fn failed() -> Self {
        let mut world = Self::bare("Nightly home backup");
        world.task.source = Some("/Users/jon".to_owned());
        world.task.destination = Some("/Volumes/Backup".to_owned());
        world.task.tool = Some(Tool::Rsync);
        let lines = ["sending incremental file list", "rsync: [sender] write error: Broken pipe (32)"];
        world.log = Some(LogExcerpt::of_lines(&lines.map(str::to_owned), true));
        world.notes = vec!["the certificate of smtp.example.com ends in 9 days".to_owned()];
        world.run = Run::new(
            Outcome::Error,
            RunFacts {
                exit_code: Some(12),
                started: Some("2025-11-22T02:00:01Z".parse().unwrap()),
                finished: Some("2025-11-22T03:12:45Z".parse().unwrap()),
                message: Some("error in rsync protocol data stream (code 12)".to_owned()),
                files_total: Some(56_789),
                files_copied: Some(1_234),
                bytes_total: Some(1_000_000_000_000),
                bytes_copied: Some(5_234_000_000),
                snapshot: Some("2025-11-22-030001".to_owned()),
                errors: vec![
                    error(Some("/Users/jon/Library/Mail"), "Operation not permitted"),
                    error(Some("/Users/jon/.Trash"), "Operation not permitted"),
                    error(None, "connection unexpectedly closed"),
                ],
                ..RunFacts::default()
            },
        );
        world
    }

    pub(crate) fn story(&self) -> Story<'_> {
        let now: Timestamp = "2025-11-22T03:12:46Z".parse().unwrap();
        Story {
            task: &self.task,
            event: self.event,
            run: &self.run,
            test: self.test,
            host: &self.host,
            now: now.to_zoned(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()),
            log: self.log.clone(),
            homes: &self.homes,
            notes: self.notes.clone(),
        }
    }

    pub(crate) fn letter(&self) -> Letter<'_> {
        Letter {
            from: &self.from,
            to: &self.to,
            message_id: None,
            subject: None,
            text: None,
            html: None,
            attachment: None,
        }
    }
}

pub(crate) fn error(path: Option<&str>, message: &str) -> RunError {
    RunError { path: path.map(str::to_owned), message: message.to_owned() }
}
