//! `overdue`: tells the task's people when the last success is too old. For cron, beside the backup: a
//! backup that does not run calls no hook.
//!
//! Nothing is kept between runs, so it tells every time it is called while that is so. What is not known
//! is never taken for a success: no time, a time in the future, a folder that is not there.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::World;
use crate::accounts::Book;
use crate::channels::Effort;
use crate::cli::OverdueArgs;
use crate::commands::deliver::{Job, Plan, Target, Waiter, somebody_is_there};
use crate::commands::notify::{jobs, preview};
use crate::commands::output::{Output, Report, print_and_end};
use crate::deadline::Deadline;
use crate::decide::{Decision, Reason};
use crate::error::Failure;
use crate::exit::Exit;
use crate::message::human;
use crate::newest::{Newest, Window, newest};
use crate::run::{Event, Outcome, Run, RunFacts};
use crate::settings;
use crate::text::{io_words, one_line, shell_word, shorten};
use crate::zone;

/// How far a time may lie in the future: clocks of servers differ, and zones are mixed up by hours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What people are told of an empty time. Whoever reads it in the morning has not typed it.
const NONE_KNOWN: &str =
    "no last success is known: the time of it is empty, so what looks it up may have failed";

/// Runs the command.
pub(super) fn run(args: &OverdueArgs, world: &World) -> Exit {
    let output = Output::for_hook(args.output);
    match overdue(args, world, output) {
        Ok(report) if args.dry_run && output.is_for_people() => {
            report.exit_code.worse(print_and_end(&preview(&report)))
        }
        Ok(report) => output.report(&report),
        Err(failure) => output.failure(&failure),
    }
}

fn overdue(args: &OverdueArgs, world: &World, output: Output) -> Result<Report, Failure> {
    let loaded = settings::load_task(&args.task, &args.overrides, Event::Overdue, world.started)?;
    let task = &loaded.task;
    let deadline = Deadline::after(world.started, settings::time_limit(task, Event::Overdue));
    let now = world.now.to_zoned(zone::system());
    let most = SignedDuration::try_from(args.max_age)
        .map_err(|_| Failure::new(Exit::Usage, "--max-age: this is too long"))?;
    let verdict = match (&args.last.last_success, &args.last.newest) {
        (Some(typed), _) => by_time(typed, most, &now)?,
        // the rest of the time is for telling people
        (None, Some(path)) => by_files(path, most, &now, deadline.share(2)),
        // clap asks for one of the two
        (None, None) => return Err(Failure::new(Exit::Usage, "expected --last-success or --newest")),
    };
    output.detail(&verdict.words);
    let outcome = if verdict.overdue { Outcome::Error } else { Outcome::Success };
    let facts = RunFacts {
        message: Some(verdict.words.clone()),
        notes: verdict.notes.clone(),
        ..RunFacts::default()
    };
    let file = loaded.origin.file();
    let plan = Plan {
        task,
        accounts: &Book::new(task.mail_home.as_deref(), deadline),
        overridden: &loaded.overridden,
        origin: file.as_deref().map(|file| Waiter { file, sender_by_flag: args.overrides.from.is_some() }),
        event: Event::Overdue,
        run: &Run::new(outcome, facts),
        test: false,
        now: world.now,
        deadline,
        effort: Effort::Deliver,
        dry_run: args.dry_run,
        may_prompt: somebody_is_there(),
        ran_as: None,
        given: None,
        output,
    };
    let jobs: Vec<Job<'_>> = if verdict.overdue {
        jobs(task, Event::Overdue, outcome)
    } else {
        let decision = Decision::Silent(Reason::InTime);
        Target::all(task).map(|target| Job { target, decision }).collect()
    };
    let mut report = plan.carry_out(&jobs, Some(outcome.word()));
    report.reason = verdict.words;
    Ok(report)
}

/// What is known of the last success.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    overdue: bool,
    /// In a sentence, for people: why.
    words: String,
    /// What else they should know.
    notes: Vec<String>,
}

impl Verdict {
    fn overdue(words: String) -> Self {
        Self { overdue: true, words, notes: Vec::new() }
    }

    /// Judges the time of the last success; `what` is what that was.
    fn of(what: &str, at: Timestamp, most: SignedDuration, now: &Zoned) -> Self {
        let age = now.timestamp().duration_since(at);
        let shown = human::time(at, now);
        if age < -AHEAD {
            return Self::overdue(format!(
                "{what} is said to be of {shown}, in the future: nobody can tell how old it is"
            ));
        }
        let ago = human::duration(age).unwrap_or_else(|| "0 s".to_owned());
        let limit = human::duration(most).unwrap_or_default();
        let overdue = age > most;
        let sign = if overdue { "more than" } else { "within" };
        Self { overdue, words: format!("{what} was {ago} ago ({shown}), {sign} {limit}"), notes: Vec::new() }
    }
}

/// Judges a time that was typed, or that a command printed.
fn by_time(typed: &str, most: SignedDuration, now: &Zoned) -> Result<Verdict, Failure> {
    let typed = typed.trim();
    // a command in $(…) that failed has printed nothing, and "null" is what jq prints of nothing
    if typed.is_empty() || typed == "null" {
        return Ok(Verdict::overdue(NONE_KNOWN.to_owned()));
    }
    let at = parse_time(typed, now).ok_or_else(|| {
        let shown = shorten(&one_line(typed), 60).into_owned();
        Failure::new(Exit::Usage, format!("--last-success: \"{shown}\" is no time")).with_hint(
            "write a time such as 2026-01-31T03:00:00Z, \"2026-01-31 03:00\" (local time), or seconds since 1970",
        )
    })?;
    Ok(Verdict::of("the last success", at, most, now))
}

/// Reads RFC 3339, a time of this computer's zone, or seconds since 1970 with or without the `@` of date(1).
fn parse_time(typed: &str, now: &Zoned) -> Option<Timestamp> {
    if let Ok(seconds) = typed.strip_prefix('@').unwrap_or(typed).parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    // as borg list prints it: "Mon, 2025-11-24 03:00:00", or with a zone, "… 03:00:00 +0100"
    let typed = typed.split_once(", ").filter(|(day, _)| day.len() == 3).map_or(typed, |(_, time)| time);
    let zone = || Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", typed).ok();
    let local = || {
        let civil: DateTime = typed.parse().ok()?;
        now.time_zone().to_ambiguous_zoned(civil).compatible().ok().map(|zoned| zoned.timestamp())
    };
    typed.parse().ok().or_else(zone).or_else(local)
}

/// Judges the newest file at a path.
fn by_files(path: &Path, most: SignedDuration, now: &Zoned, deadline: Deadline) -> Verdict {
    let at = now.timestamp();
    let window = Window {
        enough: at.checked_sub(most).unwrap_or(Timestamp::MIN),
        most: at.checked_add(AHEAD).unwrap_or(Timestamp::MAX),
    };
    let name = shell_word(&path.to_string_lossy()).into_owned();
    match newest(path, window, deadline) {
        Ok(found) => judge(&found, &name, most, now),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Verdict::overdue(format!("{name} is not there, so no last success is known"))
        }
        Err(error) => Verdict::overdue(format!("{name} cannot be looked at: {}", io_words(&error))),
    }
}

fn judge(found: &Newest, name: &str, most: SignedDuration, now: &Zoned) -> Verdict {
    let mut verdict = match found.modified {
        Some(modified) => Verdict::of(&format!("the newest file at {name}"), modified, most, now),
        None if found.stopped => Verdict::overdue(format!("{name} could not be looked through in time")),
        None => Verdict::overdue(format!("there is no file at {name}, so no last success is known")),
    };
    if verdict.overdue {
        let files = |count: u64, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{} {more}", human::count(count))),
        };
        verdict.notes.extend(
            [
                found.stopped.then(|| {
                    "the time was over before all files were looked at; name a smaller folder".to_owned()
                }),
                files(
                    found.unreadable,
                    "file or folder could not be looked at",
                    "files and folders could not be looked at",
                ),
                files(
                    found.in_future,
                    "file says that it is of the future, and does not count",
                    "files say that they are of the future, and do not count",
                ),
            ]
            .into_iter()
            .flatten(),
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(26);

    fn now() -> Zoned {
        let at: Timestamp = "2025-11-22T09:00:00Z".parse().unwrap();
        at.to_zoned(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap())
    }

    fn said(typed: &str) -> (bool, String) {
        let verdict = by_time(typed, DAY, &now()).unwrap();
        (verdict.overdue, verdict.words)
    }

    #[test]
    fn an_age_is_judged_to_the_second() {
        assert_eq!(
            said("2025-11-21T07:00:00Z"),
            (
                false,
                "the last success was 1 d 2 h ago (Fri 21 Nov 2025, 08:00:00 CET), within 1 d 2 h".to_owned()
            )
        );
        assert_eq!(
            said("2025-11-21T06:59:59Z"),
            (
                true,
                "the last success was 1 d 2 h ago (Fri 21 Nov 2025, 07:59:59 CET), more than 1 d 2 h"
                    .to_owned()
            )
        );
    }

    #[test]
    fn times_are_read_as_programs_print_them() {
        // restic, borg list, date +%s, date -Is, SQL
        for typed in [
            "2025-11-22T09:30:00.123456789+01:00",
            "2025-11-22T09:30:00.000000",
            "1763800200",
            "@1763800200",
            "2025-11-22T08:30:00Z",
            "2025-11-22 09:30",
            "Sat, 2025-11-22 09:30:00",
            "Sat, 2025-11-22 08:30:00 +0000",
            " 2025-11-22 09:30:00\n",
        ] {
            let (overdue, words) = said(typed);
            assert!(
                !overdue && (words.contains("30 min ago") || words.contains("29 min 59 s ago")),
                "{typed:?}: {words}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_no_success() {
        for typed in ["", " \n", "null"] {
            assert_eq!(said(typed), (true, NONE_KNOWN.to_owned()));
        }
        assert!(said("2025-11-23T08:59:59Z").1.contains("0 s ago"), "clocks differ");
        let (overdue, words) = said("2025-11-23T09:00:01Z");
        assert!(overdue && words.contains("in the future"), "{words}");
        for typed in ["yesterday", "2025-13-01", "03:00", "99999999999999999999"] {
            assert_eq!(by_time(typed, DAY, &now()).unwrap_err().exit, Exit::Usage, "{typed}");
        }
    }

    #[test]
    fn what_was_not_looked_at_is_said_only_when_it_matters() {
        let old: Timestamp = "2025-11-01T09:00:00Z".parse().unwrap();
        let found = Newest { modified: Some(old), unreadable: 2, in_future: 1, stopped: true };
        let verdict = judge(&found, "/backup", DAY, &now());
        assert!(verdict.overdue && verdict.words.starts_with("the newest file at /backup was 21 d ago"));
        assert_eq!(verdict.notes.len(), 3, "{verdict:?}");
        let fresh = Newest { modified: Some(now().timestamp()), ..found };
        assert_eq!(judge(&fresh, "/backup", DAY, &now()).notes, Vec::<String>::new());
        let none = judge(&Newest::default(), "/backup", DAY, &now());
        assert_eq!(none.words, "there is no file at /backup, so no last success is known");
    }
}
