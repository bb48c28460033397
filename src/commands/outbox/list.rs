//! `outbox list`: what waits, since when, and why.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{find, folder, quoted};
use crate::cli::ListOutboxArgs;
use crate::commands::output::{Output, json as print_json, print_and_end, print_quietly};
use crate::commands::screen::{Screen, columns, filled, fitted};
use crate::error::Failure;
use crate::exit::Exit;
use crate::outbox::{Damaged, Entry, Listing};
use crate::text::{one_line, shorten};
use crate::zone;

/// What stands above the columns.
const TITLES: [&str; 4] = ["MESSAGE", "KEPT", "TASK", "SUBJECT"];
/// Between two columns.
const GAP: usize = 2;
/// The most columns of a task's name.
const MOST_TASK: usize = 20;
/// The fewest columns of a subject, however narrow the terminal is.
const LEAST_SUBJECT: usize = 10;
/// The most characters of an error, and of the recipients.
const MOST_ERROR: usize = 300;
/// How many damaged ones are named to people.
const MOST_DAMAGED: usize = 20;

/// Runs the command.
pub(super) fn run(args: &ListOutboxArgs) -> Exit {
    let output = Output::for_hook(args.output);
    if args.complete {
        print_quietly(&completions(args).unwrap_or_default());
        return Exit::Ok;
    }
    match list(args, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn list(args: &ListOutboxArgs, output: Output) -> Result<Exit, Failure> {
    let folder = folder(&args.which)?;
    let outbox = find(&folder)?;
    let listing = match &outbox {
        Some(outbox) => outbox.entries().map_err(|error| Failure::from_situation(&error))?,
        None => Listing::default(),
    };
    if !output.is_for_people() {
        let messages: Vec<Value> = listing.entries.iter().map(as_json).collect();
        let damaged: Vec<Value> = listing.damaged.iter().map(damaged_as_json).collect();
        let folder = folder.to_string_lossy();
        return Ok(print_json(
            &json!({ "folder": folder, "messages": messages, "damaged": damaged, "complete": !listing.cut }),
        ));
    }
    for damaged in listing.damaged.iter().take(MOST_DAMAGED) {
        let Damaged { path, reason } = damaged;
        output.warning(&format!("{} {}; it is not sent, but set aside", quoted(path), one_line(reason)));
    }
    if let Some(more @ 1..) = listing.damaged.len().checked_sub(MOST_DAMAGED) {
        output.warning(&format!("and {more} more are damaged"));
    }
    if listing.cut {
        output.warning(&format!("{} holds more than is listed here", quoted(&folder)));
    }
    if listing.entries.is_empty() {
        let there = if outbox.is_some() { "is empty" } else { "does not exist" };
        output.note(&format!("nothing waits: the outbox {} {there}", quoted(&folder)));
        return Ok(Exit::Ok);
    }
    output.detail(&format!("{} in {}", listing.entries.len(), quoted(&folder)));
    Ok(print_and_end(&table(&listing.entries, &zone::system(), Screen::of_stdout())))
}

/// One message for programs (design, section 2: unknown values are null).
fn as_json(entry: &Entry) -> Value {
    let recipients: Vec<String> = entry.recipients.iter().map(ToString::to_string).collect();
    json!({
        "id": entry.id.as_str(),
        "message_id": entry.message_id,
        "task": entry.task.to_string_lossy(),
        "name": entry.name,
        "subject": entry.subject,
        "outcome": entry.outcome.word(),
        "queued": entry.queued.to_string(),
        "attempts": entry.attempts,
        "tried": entry.tried.map(|tried| tried.to_string()),
        "last_error": entry.last_error,
        "last_code": entry.last_code,
        "recipients": recipients,
        "size": entry.size,
    })
}

fn damaged_as_json(damaged: &Damaged) -> Value {
    json!({ "path": damaged.path.to_string_lossy(), "reason": damaged.reason })
}

/// What has to hold of what people and programs are shown of a message, for the fuzz targets.
#[cfg(fuzzing)]
#[allow(clippy::missing_panics_doc, reason = "to panic is how they say that something does not hold")]
pub(crate) fn check_shown(entry: &Entry) {
    for width in [None, Some(80), Some(1)] {
        let page = table(std::slice::from_ref(entry), &TimeZone::UTC, Screen { width, colours: false });
        assert!(!page.contains(|c| c != '\n' && crate::text::is_active(c)), "{page:?}");
        assert!(page.chars().count() <= 10_000, "{page:?}");
    }
    assert!(serde_json::from_str::<Value>(&as_json(entry).to_string()).is_ok(), "no JSON");
}

/// Writes what waits below each other, and below each what became of it. The names of messages are whole,
/// because they are there to be copied.
fn table(entries: &[Entry], zone: &TimeZone, screen: Screen) -> String {
    let cleaned = |text: &str| one_line(text).into_owned();
    let task = |entry: &Entry| fitted(&cleaned(&entry.name), MOST_TASK);
    let kept = |entry: &Entry| entry.queued.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let width = |title: &str, of: &dyn Fn(&Entry) -> String| {
        entries.iter().map(|entry| columns(&of(entry))).max().unwrap_or_default().max(columns(title)) + GAP
    };
    let widths =
        [width(TITLES[0], &|entry| entry.id.to_string()), width(TITLES[1], &kept), width(TITLES[2], &task)];
    let rest = screen.width.map(|width| width.saturating_sub(widths.iter().sum()).max(LEAST_SUBJECT));
    let line = |cells: [&str; 4]| {
        let [id, kept, task, subject] = cells;
        let [first, second, third] = widths;
        format!("{}{}{}{subject}", filled(id, first), filled(kept, second), filled(task, third))
    };
    let mut page = format!("{}\n", screen.marked(&line(TITLES), 1));
    for entry in entries {
        let subject = cleaned(&entry.subject);
        let subject = rest.map_or(subject.clone(), |rest| fitted(&subject, rest));
        page.push_str(line([entry.id.as_str(), &kept(entry), &task(entry), &subject]).trim_end());
        page.push('\n');
        page.push_str(&screen.wrapped(&what_became(entry, zone), 2));
    }
    page
}

/// Says in a line whom a message is for, how often it was tried, and how that ended.
fn what_became(entry: &Entry, zone: &TimeZone) -> String {
    let recipients: Vec<String> = entry.recipients.iter().map(ToString::to_string).collect();
    let whom = format!("to {}", shorten(&one_line(&recipients.join(", ")), MOST_ERROR));
    let Some(error) = &entry.last_error else { return format!("{whom}; not tried yet") };
    let times = if entry.attempts == 1 { "once".to_owned() } else { format!("{} times", entry.attempts) };
    let last = entry.tried.map(|tried| {
        let when = tried.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
        format!("{}{when}", if entry.attempts == 1 { ", " } else { ", last " })
    });
    let last = last.unwrap_or_default();
    format!("{whom}; tried {times}{last}: {}", shorten(&one_line(error), MOST_ERROR))
}

/// Lists what the completions offer: name, tab, what it is about. An outbox that cannot be read offers
/// nothing.
fn completions(args: &ListOutboxArgs) -> Result<String, Failure> {
    let Some(outbox) = find(&folder(&args.which)?)? else { return Ok(String::new()) };
    let listing = outbox.entries().map_err(|error| Failure::from_situation(&error))?;
    let line = |entry: &Entry| format!("{}\t{}\n", entry.id, shorten(&one_line(&entry.subject), 80));
    Ok(listing.entries.iter().map(line).collect())
}
