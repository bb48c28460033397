//! The names that a template can use, and what stands behind them.
//!
//! They are stable: templates lie in people's files. `…_at` are seconds since 1970 and `seconds` is a
//! number of them, for the filters; what has no such ending is ready to be read. `exit_status` is what
//! `##Exit Status##` becomes: a name of the same length, so that the columns of faults stay right.

use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Value;

use crate::message::human;
use crate::message::notice::Notice;

/// Every name that a template can use; the man page lists them.
pub const NAMES: [&str; 32] = [
    "task.name",
    "task.source",
    "task.destination",
    "task.tool",
    "run.outcome",
    "run.headline",
    "run.reason",
    "run.message",
    "run.exit_code",
    "run.started",
    "run.finished",
    "run.duration",
    "run.started_at",
    "run.finished_at",
    "run.seconds",
    "run.files_total",
    "run.files_copied",
    "run.bytes_total",
    "run.bytes_copied",
    "run.snapshot",
    "run.errors",
    "run.errors_total",
    "log",
    "notes",
    "now",
    "now_at",
    "host",
    "version",
    "test",
    "exit_status",
    "task",
    "run",
];

/// Returns the values of a notice under the names of [`NAMES`].
pub(super) fn values(notice: &Notice) -> Value {
    let errors: Vec<Value> = notice
        .errors
        .iter()
        .map(|e| context! { path => e.path.as_deref(), message => e.message.as_str() })
        .collect();
    context! {
        task => context! {
            name => notice.task.as_str(),
            source => notice.source.as_deref(),
            destination => notice.destination.as_deref(),
            tool => notice.tool,
        },
        run => context! {
            outcome => notice.outcome.word(),
            headline => notice.verdict(),
            reason => notice.reason(),
            message => notice.message.as_deref(),
            exit_code => notice.exit_code,
            started => notice.started.as_deref(),
            finished => notice.finished.as_deref(),
            duration => notice.duration.as_deref(),
            started_at => notice.started_at.map(Timestamp::as_second),
            finished_at => notice.finished_at.map(Timestamp::as_second),
            seconds => notice.seconds(),
            files_total => notice.files_total,
            files_copied => notice.files_copied,
            bytes_total => notice.bytes_total,
            bytes_copied => notice.bytes_copied,
            snapshot => notice.snapshot.as_deref(),
            errors => errors,
            errors_total => notice.error_count(),
        },
        log => notice.log.as_ref().map(|log| log.shown().join("\n")),
        notes => notice.notes.clone(),
        now => human::time(notice.now.timestamp(), &notice.now),
        now_at => notice.now.timestamp().as_second(),
        exit_status => notice.verdict(),
        host => notice.host.as_str(),
        version => env!("CARGO_PKG_VERSION"),
        test => notice.test,
    }
}
