//! A notice in which every fact is known, to try templates on before there is a run.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::message::notice::{Excerpt, Notice, Problem};
use crate::run::Outcome;

impl Notice {
    /// Makes up a notice that has everything.
    pub(crate) fn example() -> Self {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let text = |text: &str| Some(text.to_owned());
        Self {
            event: crate::run::Event::End,
            outcome: Outcome::Warning,
            test: false,
            task: "Nightly home backup".to_owned(),
            source: text("/Users/jon"),
            destination: text("/Volumes/Backup"),
            tool: Some("rsync"),
            host: "atlas.example.com".to_owned(),
            message: text("some files could not be transferred"),
            started: text("Sat 22 Nov 2025, 03:00:01 CET"),
            finished: text("Sat 22 Nov 2025, 04:12:45 CET"),
            duration: text("1 h 12 min"),
            started_at: Some(at(1_763_776_801)),
            finished_at: Some(at(1_763_781_165)),
            now: at(1_763_781_166).to_zoned(TimeZone::UTC),
            exit_code: Some(23),
            meaning: Some(crate::tools::Tool::Rsync.meaning(23)),
            files_total: Some(56_789),
            files_copied: Some(1_234),
            bytes_total: Some(1_000_000_000_000),
            bytes_copied: Some(5_234_000_000),
            snapshot: text("2025-11-22-030001"),
            errors: vec![Problem {
                path: text("/Users/jon/.Trash"),
                message: "Operation not permitted".to_owned(),
            }],
            errors_more: 0,
            log: Some(Excerpt::example("sent 5.23G bytes")),
            notes: vec!["an example".to_owned()],
        }
    }
}
