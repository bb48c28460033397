//! Templates: how they are written, and every name and filter in them.

use backup_notify::message::{TEMPLATE_FILTERS, TEMPLATE_NAMES};

use super::page::Page;

pub(super) fn describe(page: &mut Page) {
    page.text(
        "`subject`, `text` and `html` of an e-mail can be templates, written in the task or in a file of their \
         own (`{\"file\": ‹path›}`). They are written as for Jinja: `{{ name }}` is replaced, `{% if name %}`, \
         `{% for %}` and filters work. A fact that is not known is empty. A name that does not exist, a fault of \
         syntax, a template that calls itself or works for too long is found by `check`, with line and column. Should \
         a template be faulty when a notice is due, the usual text goes out in its place, with the reason in it.",
    );
    page.text(
        "Values are never expanded again. In `html` they are escaped. Nothing can be included. The marks \
         `##Task Name##` and `##Exit Status##` of Carbon Copy Cloner stand for `{{ task.name }}` and \
         `{{ run.headline }}`. The names are:",
    );
    for name in TEMPLATE_NAMES {
        // the parents of the others
        if !matches!(name, "task" | "run") {
            page.item(&format!("`{name}`"), &format!("{}.", upper(meaning(name))));
        }
    }
    page.text("Beside the filters of Jinja (`default`, `upper`, `length`, `join` and so on) there are:");
    for (name, about) in TEMPLATE_FILTERS {
        page.item(&format!("`{name}`"), &format!("{}.", upper(&format!("writes {about}"))));
    }
    page.text("For example:");
    page.code(EXAMPLE);
}

/// Lines of a task; a test renders them.
pub(crate) const EXAMPLE: &str = r#""subject": "{{ host }}: {{ task.name }}: {{ run.headline }}",
"text": "{{ run.bytes_copied|bytes }} copied by {{ run.finished_at|time('%H:%M') }}{% for e in run.errors %}\n{{ e.path }}: {{ e.message }}{% endfor %}""#;

/// What each name of a template stands for.
fn meaning(name: &str) -> &'static str {
    match name {
        "task.name" => "what people call the backup",
        "task.source" => "what is backed up",
        "task.destination" => "where it goes",
        "task.tool" => "the backup program",
        "run.outcome" => "success, warning, error, interrupted or skipped",
        "run.headline" => "the outcome in a phrase",
        "run.reason" => "why, in a sentence",
        "run.message" => "the text of --message or of the report",
        "run.exit_code" => "the exit code of the backup program",
        "run.started" => "when it began",
        "run.finished" => "when it ended",
        "run.duration" => "how long it took",
        "run.files_total" => "files looked at",
        "run.files_copied" => "files copied",
        "run.bytes_total" => "bytes looked at",
        "run.bytes_copied" => "bytes copied",
        "run.snapshot" => "the snapshot or archive",
        "run.errors" => "a list; each entry has path and message",
        "run.started_at" => "when the run began, in seconds since 1970",
        "run.finished_at" => "when the run ended, in seconds since 1970",
        "run.seconds" => "how many seconds the run took",
        "run.errors_total" => "how many errors there are; the list may be shorter",
        "log" => "the last lines of the log",
        "notes" => "a list of what the program itself has to say",
        "now" => "when the message is made",
        "now_at" => "the same, in seconds since 1970",
        "exit_status" => "what `##Exit Status##` stands for; the same as `run.headline`",
        "host" => "the name of this computer",
        "version" => "the version of backup-notify",
        "test" => "whether this is a test message",
        other => panic!("tests/pages/templates.rs does not say what {other:?} stands for"),
    }
}

fn upper(text: &str) -> String {
    text.chars().take(1).flat_map(char::to_uppercase).chain(text.chars().skip(1)).collect()
}
