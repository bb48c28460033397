//! The notice: everything one message says, cleaned, redacted, measured and put in words, once.
//!
//! The text part, the HTML part and the templates are all made from it, so they cannot disagree,
//! and nothing that reaches a reader has missed a step.

mod excerpt;

use jiff::{Timestamp, Zoned};

pub(crate) use excerpt::Excerpt;

use crate::message::redact::Redactor;
use crate::message::{Story, cut, human};
use crate::run::{Event, Outcome, RunError, RunFacts};
use crate::tools::{Meaning, Tool};

/// How many errors are shown at most.
const MOST_ERRORS: usize = 20;
/// How many notes are shown at most.
const MOST_NOTES: usize = 5;

// Budgets in bytes (see `cut`); together they keep the HTML part under 20 KB, which a test measures.
const NAME: usize = 140;
const PLACE: usize = 240;
const SENTENCE: usize = 400;
const ERRORS: usize = 4_200;
const NOTE: usize = 240;

/// One message, ready to be rendered.
#[derive(Debug)]
pub(crate) struct Notice {
    /// Which end of the backup it is about.
    pub(crate) event: Event,
    pub(crate) outcome: Outcome,
    /// Whether this is a test, and its run a sample.
    pub(crate) test: bool,
    pub(crate) task: String,
    pub(crate) source: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) tool: Option<&'static str>,
    pub(crate) host: String,
    /// What the run itself says.
    pub(crate) message: Option<String>,
    pub(crate) started: Option<String>,
    pub(crate) finished: Option<String>,
    pub(crate) duration: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    /// When the notice is made, in the person's zone.
    pub(crate) now: Zoned,
    pub(crate) exit_code: Option<i32>,
    /// What that code means.
    pub(crate) meaning: Option<Meaning>,
    pub(crate) files_total: Option<u64>,
    pub(crate) files_copied: Option<u64>,
    pub(crate) bytes_total: Option<u64>,
    pub(crate) bytes_copied: Option<u64>,
    pub(crate) snapshot: Option<String>,
    pub(crate) errors: Vec<Problem>,
    /// How many errors there are besides.
    pub(crate) errors_more: usize,
    pub(crate) log: Option<Excerpt>,
    pub(crate) notes: Vec<String>,
}

/// One error of the run.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: Option<String>,
    pub(crate) message: String,
}

/// One row of the facts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

impl Notice {
    /// Makes the notice of a story.
    pub(crate) fn of(story: &Story<'_>, redactor: &Redactor) -> Self {
        let (task, facts) = (story.task, &story.run.facts);
        let short = |text: &str, most: usize| cut::end(&redactor.line(text), most);
        let place = |text: &Option<String>| {
            text.as_deref().map(|t| cut::middle(&redactor.line(t), PLACE)).filter(|t| !t.is_empty())
        };
        let time = |at: Option<Timestamp>| at.map(|at| human::time(at, &story.now));
        let duration = facts.started.zip(facts.finished).and_then(|(from, to)| human::time_between(from, to));
        let errors = problems(&facts.errors, redactor);
        Self {
            event: story.event,
            outcome: story.run.outcome,
            test: story.test,
            task: short(&task.name, NAME),
            source: place(&task.source),
            destination: place(&task.destination),
            tool: task.tool.and_then(tool_word),
            host: short(story.host, NAME),
            message: facts.message.as_deref().map(|m| short(m, SENTENCE)).filter(|m| !m.is_empty()),
            started: time(facts.started),
            finished: time(facts.finished),
            duration,
            started_at: facts.started,
            finished_at: facts.finished,
            now: story.now.clone(),
            exit_code: facts.exit_code,
            meaning: facts.exit_code.map(|code| task.tool.unwrap_or(Tool::Generic).meaning(code)),
            files_total: facts.files_total,
            files_copied: facts.files_copied,
            bytes_total: facts.bytes_total,
            bytes_copied: facts.bytes_copied,
            snapshot: place(&facts.snapshot),
            errors_more: errors_more(facts, &errors),
            errors,
            log: story.log.as_ref().and_then(|log| {
                let for_people = facts.from_json.then(|| log.without_json());
                Excerpt::of(for_people.as_ref().unwrap_or(log), story.run.outcome, redactor)
            }),
            notes: facts
                .notes
                .iter()
                .chain(&story.notes)
                .take(MOST_NOTES)
                .map(|note| short(note, NOTE))
                .collect(),
        }
    }

    /// Says how the backup ended, without naming the task.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.outcome {
            _ if self.test => "Test message",
            _ if self.event == Event::Begin => "Backup started",
            _ if self.event == Event::Overdue => "Backup overdue",
            Outcome::Success => "Backup finished",
            Outcome::Warning => "Backup finished with warnings",
            Outcome::Error => "Backup failed",
            Outcome::Interrupted => "Backup interrupted",
            Outcome::Skipped => "Backup skipped",
        }
    }

    /// Says how which backup ended: the first line, and the subject without a template.
    pub(crate) fn headline(&self) -> String {
        format!("{}: {}", self.verdict(), self.task)
    }

    /// Says how which backup ended where little of a line is seen: the outcome in the second word.
    pub(crate) fn title(&self) -> String {
        match (self.verdict(), self.outcome) {
            (_, Outcome::Warning) if !self.test && self.event == Event::End => {
                format!("Backup warning: {}", self.task)
            }
            _ => self.headline(),
        }
    }

    /// Says more below the title, where there is room for a line or two.
    pub(crate) fn gist(&self) -> String {
        let mut lines: Vec<String> = self.reason().into_iter().collect();
        if let Some(reason) = lines.first_mut() {
            reason.push_str(&self.besides());
        }
        let amount = |copied: Option<String>, total: Option<String>| match (copied, total) {
            (Some(copied), Some(total)) => Some(format!("{copied} of {total}")),
            (copied, total) => copied.or(total),
        };
        let places: Vec<&str> =
            [&self.source, &self.destination].into_iter().flatten().map(String::as_str).collect();
        if self.event == Event::Begin && !places.is_empty() {
            lines.push(places.join(" \u{2192} "));
        }
        let files = amount(self.files_copied.map(human::count), self.files_total.map(human::count));
        let data = amount(self.bytes_copied.map(human::size), self.bytes_total.map(human::size));
        let host = Some(format!("on {}", self.host)).filter(|_| !self.host.is_empty());
        let figures = [
            files.map(|n| format!("{n} {}", if n == "1" { "file" } else { "files" })),
            data,
            self.duration.clone(),
            host,
        ];
        lines.push(figures.into_iter().flatten().collect::<Vec<_>>().join(", "));
        lines.retain(|line| !line.is_empty());
        // a receiver of Growl's notices refuses one without a text (facts/growl-and-desktop.md)
        if lines.is_empty() { self.verdict().to_owned() } else { lines.join("\n") }
    }

    /// Returns how many seconds the run took, where that is known.
    pub(crate) fn seconds(&self) -> Option<i64> {
        let (from, to) = self.started_at.zip(self.finished_at)?;
        Some(to.duration_since(from).as_secs()).filter(|seconds| *seconds >= 0)
    }

    /// Tells whether the list of errors says more than the reason above it does.
    pub(crate) fn lists_errors(&self) -> bool {
        let said_already = self.error_count() == 1 && self.first_error_is_reason();
        !self.errors.is_empty() && !said_already
    }

    /// Returns how many errors the run had.
    pub(crate) fn error_count(&self) -> u64 {
        u64::try_from(self.errors.len().saturating_add(self.errors_more)).unwrap_or(u64::MAX)
    }

    /// Lists what is known of the run, for people; what is not known has no row.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let amount = |copied: Option<u64>, total: Option<u64>, show: fn(u64) -> String| match (copied, total)
        {
            // restic and Borg count what they write about files, which is more than nothing
            (Some(copied), Some(total)) if copied <= total => {
                Some(format!("{} copied of {}", show(copied), show(total)))
            }
            (Some(copied), Some(total)) => Some(format!("{}, {} copied", show(total), show(copied))),
            (Some(copied), None) => Some(format!("{} copied", show(copied))),
            (None, Some(total)) => Some(show(total)),
            (None, None) => None,
        };
        [
            ("Source", self.source.clone()),
            ("Destination", self.destination.clone()),
            ("Tool", self.tool.map(str::to_owned)),
            ("Host", Some(self.host.clone()).filter(|host| !host.is_empty())),
            ("Started", self.started.clone()),
            ("Finished", self.finished.clone()),
            ("Duration", self.duration.clone()),
            ("Files", amount(self.files_copied, self.files_total, human::count)),
            ("Data", amount(self.bytes_copied, self.bytes_total, human::size)),
            ("Exit code", self.exit_code_in_words()),
            ("Snapshot", self.snapshot.clone()),
        ]
        .into_iter()
        .filter_map(|(label, value)| value.map(|value| Fact { label, value }))
        .collect()
    }

    /// Says what made the message, and how to change it.
    pub(crate) fn footer(&self) -> String {
        let host = if self.host.is_empty() { String::new() } else { format!(" on {}", self.host) };
        format!(
            "Sent by backup-notify {}{host} for the task \u{201c}{}\u{201d}. Whom it tells and when is set \
             under \u{201c}email\u{201d} in the task file.",
            env!("CARGO_PKG_VERSION"),
            self.task
        )
    }
}

impl Problem {
    /// Says it in one line.
    pub(crate) fn sentence(&self) -> String {
        match &self.path {
            Some(path) => format!("{path}: {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Takes the first errors; the more there are, the more is cut from each.
fn problems(errors: &[RunError], redactor: &Redactor) -> Vec<Problem> {
    let shown = errors.len().min(MOST_ERRORS);
    let share = (ERRORS / shown.max(1)).min(SENTENCE);
    let cut = |error: &RunError| {
        let message = redactor.line(&error.message);
        let path = error.path.as_deref().map(|path| redactor.line(path)).filter(|path| !path.is_empty());
        // a path may have what a short message leaves, and a message what a short path leaves
        let path = path.map(|path| cut::middle(&path, share - cut::weight(&message).min(share / 2)));
        let message = cut::end(&message, share - path.as_deref().map_or(0, cut::weight));
        Problem { path, message }
    };
    errors.iter().take(shown).map(cut).collect()
}

/// Counts the errors that are not shown.
fn errors_more(facts: &RunFacts, shown: &[Problem]) -> usize {
    let unlisted = usize::try_from(facts.errors_more).unwrap_or(usize::MAX);
    (facts.errors.len() - shown.len()).saturating_add(unlisted)
}

/// Returns the word for a tool; `generic` tells a reader nothing.
fn tool_word(tool: Tool) -> Option<&'static str> {
    (tool != Tool::Generic).then(|| tool.word())
}

#[cfg(test)]
mod tests {
    use super::{Fact, Notice};
    use crate::message::LogExcerpt;
    use crate::message::redact::Redactor;
    use crate::message::samples::{World, error};
    use crate::run::Outcome;

    fn notice(world: &World) -> Notice {
        Notice::of(&world.story(), &Redactor::new(&world.task.redact))
    }

    #[test]
    fn the_outcome_stands_first() {
        for (outcome, said) in [
            (Outcome::Success, "Backup finished: Home"),
            (Outcome::Warning, "Backup finished with warnings: Home"),
            (Outcome::Error, "Backup failed: Home"),
            (Outcome::Interrupted, "Backup interrupted: Home"),
            (Outcome::Skipped, "Backup skipped: Home"),
        ] {
            let mut world = World::bare("Home");
            world.run.outcome = outcome;
            assert_eq!(notice(&world).headline(), said);
            world.test = true;
            assert_eq!(notice(&world).headline(), "Test message: Home");
        }
    }

    #[test]
    fn what_is_not_known_has_no_row() {
        let bare = notice(&World::bare("Home"));
        assert_eq!(bare.facts(), [Fact { label: "Host", value: "atlas.example.com".to_owned() }]);
        assert_eq!((bare.reason(), bare.lists_errors()), (None, false));
    }

    #[test]
    fn nobody_reads_that_more_was_copied_than_there_is() {
        let mut world = World::failed();
        (world.run.facts.bytes_total, world.run.facts.bytes_copied) = (Some(0), Some(386));
        let facts = notice(&world).facts();
        let data = facts.iter().find(|fact| fact.label == "Data").map(|fact| fact.value.as_str());
        assert_eq!(data, Some("0 bytes, 386 bytes copied"));
    }

    #[test]
    fn facts_are_written_for_people() {
        let facts: Vec<(&str, String)> =
            notice(&World::failed()).facts().into_iter().map(|f| (f.label, f.value)).collect();
        let of = |label: &str| facts.iter().find(|f| f.0 == label).map(|f| f.1.as_str());
        assert_eq!(of("Files"), Some("1,234 copied of 56,789"));
        assert_eq!(of("Data"), Some("5.2 GB copied of 1.0 TB"));
        assert_eq!(of("Duration"), Some("1 h 12 min"));
        assert_eq!(of("Started"), Some("Sat 22 Nov 2025, 03:00:01 CET"));
        assert_eq!(of("Exit code"), Some("12 (the data stream between the two sides broke)"));
    }

    #[test]
    fn the_reason_is_what_the_run_says_or_its_first_error() {
        let mut world = World::failed();
        assert_eq!(notice(&world).reason().unwrap(), "error in rsync protocol data stream (code 12)");
        world.run.facts.message = Some(" \n".to_owned());
        let first = notice(&world);
        assert_eq!(first.reason().unwrap(), "/Users/jon/Library/Mail: Operation not permitted");
        assert!(first.lists_errors());
        world.run.facts.errors.truncate(1);
        assert!(!notice(&world).lists_errors(), "one error is not said twice");
    }

    #[test]
    fn the_first_twenty_errors_are_shown_however_long_and_the_rest_counted() {
        let mut world = World::bare("Home");
        world.run.facts.errors = vec![error(Some("/a"), "no"); 25];
        assert_eq!((notice(&world).errors.len(), notice(&world).errors_more), (20, 5));
        world.run.facts.errors = vec![error(Some(&"/long".repeat(99)), &"&".repeat(999)); 25];
        let long = notice(&world);
        assert_eq!((long.errors.len(), long.errors_more), (20, 5));
        let first = &long.errors[0];
        assert!(first.message.ends_with('…') && first.path.as_deref().unwrap().contains('…'), "{first:?}");
        assert!(first.message.len() > 20 && first.path.as_deref().unwrap().len() > 80, "{first:?}");
    }

    #[test]
    fn nothing_escapes_the_redaction_and_no_control_character_survives() {
        let mut world = World::failed();
        let dirty = "hunter2\u{1b}[31m\r\n\u{202e}".to_owned();
        world.task.redact = vec!["hunter2".to_owned()];
        world.task.name.clone_from(&dirty);
        world.task.source = Some(dirty.clone());
        world.task.destination = Some(dirty.clone());
        world.host.clone_from(&dirty);
        world.run.facts.message = Some(dirty.clone());
        world.run.facts.snapshot = Some(dirty.clone());
        world.run.facts.errors = vec![error(Some(&dirty), &dirty)];
        world.log =
            Some(LogExcerpt::of_lines(&[format!("{}hunter2", "x".repeat(296)), dirty.clone()], false));
        world.notes = vec![dirty];
        let shown = format!("{:#?}", notice(&world));
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(!shown.contains("\\u{1b}") && !shown.contains("\\r") && !shown.contains("202e"), "{shown}");
    }

    #[test]
    fn a_log_cut_here_or_before_says_so() {
        let mut world = World::bare("Home");
        let lines = |n: usize| Some(LogExcerpt::of_lines(&vec!["x".repeat(1000); n], false));
        world.log = lines(5);
        assert_eq!(notice(&world).log.unwrap().heading(), "Log");
        world.log = lines(30);
        let log = notice(&world).log.unwrap();
        assert_eq!(log.heading(), "Last 10 lines of the log");
        assert!(log.shown()[0] == "[… 20 lines are left out]" && log.shown()[1].ends_with('…'));
        world.log = Some(LogExcerpt::of_lines(&["end".to_owned()], true));
        let log = notice(&world).log.unwrap();
        assert_eq!(log.heading(), "Last line of the log");
        assert_eq!(log.shown(), ["[… earlier lines are left out]", "end"]);
    }
}
