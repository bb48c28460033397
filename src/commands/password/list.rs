//! `password list`: names and dates, never secrets.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{named, vault};
use crate::World;
use crate::cli::ListPasswordsArgs;
use crate::commands::deliver::somebody_is_there;
use crate::commands::output::{Output, json as print_json, print_and_end};
use crate::commands::screen::{Screen, columns, filled};
use crate::deadline::Deadline;
use crate::error::Failure;
use crate::exit::Exit;
use crate::secrets::{Access, Kept, Keychain, Service};
use crate::text::one_line;
use crate::zone;

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// What stands above the columns.
const TITLES: [&str; 2] = ["ACCOUNT", "KEPT SINCE"];
/// Between the two columns.
const GAP: usize = 2;

/// Runs the command.
pub(super) fn run(args: &ListPasswordsArgs, world: &World) -> Exit {
    let output = Output::for_hook(args.output);
    match list(world, output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn list(world: &World, output: Output) -> Result<Exit, Failure> {
    let keychain = Keychain::own().map_err(|e| Failure::from_situation(&e))?;
    let access =
        Access { deadline: Deadline::after(world.started, DEADLINE), may_prompt: somebody_is_there() };
    let kept = keychain.list(access).map_err(|e| Failure::from_situation(&e))?;
    if !output.is_for_people() {
        let passwords: Vec<Value> = kept.iter().map(as_json).collect();
        return Ok(print_json(
            &json!({ "vault": vault(&keychain), "user": keychain.whose(), "passwords": passwords }),
        ));
    }
    if kept.is_empty() {
        output.note(&format!("{} keeps nothing", named(&keychain)));
        return Ok(Exit::Ok);
    }
    output.detail(&format!("kept in {}", named(&keychain)));
    Ok(print_and_end(&table(&kept, &zone::system(), Screen::of_stdout())))
}

/// One password for programs (design, section 2: unknown values are null).
fn as_json(kept: &Kept) -> Value {
    let slot = &kept.slot;
    let service = match slot.service() {
        Service::Smtp => "smtp",
        Service::Growl => "growl",
    };
    json!({
        "account": slot.to_string(),
        "service": service,
        "host": slot.host(),
        "port": slot.port(),
        "user": slot.user(),
        "stored": kept.stored.to_string(),
    })
}

/// Writes names and dates below each other; no name is shortened, because it is there to be copied.
fn table(kept: &[Kept], zone: &TimeZone, screen: Screen) -> String {
    let rows = kept.iter().map(|kept| {
        let stored = kept.stored.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        (one_line(&kept.slot.to_string()).into_owned(), stored)
    });
    let rows: Vec<(String, String)> = rows.collect();
    let widths = rows.iter().map(|(account, _)| columns(account));
    let width = widths.max().unwrap_or_default().max(columns(TITLES[0])) + GAP;
    let titles = format!("{}{}", filled(TITLES[0], width), TITLES[1]);
    let mut page = format!("{}\n", screen.marked(&titles, 1));
    for (account, stored) in rows {
        page.push_str(&format!("{}{stored}\n", filled(&account, width)));
    }
    page
}

/// Lists what the completions offer: account, tab, date. A keychain that cannot be opened offers nothing.
pub(in crate::commands) fn completions(deadline: Deadline) -> String {
    let access = Access { deadline, may_prompt: false };
    let kept = Keychain::own().and_then(|keychain| keychain.list(access)).unwrap_or_default();
    let mut lines = String::new();
    for Kept { slot, stored } in kept {
        let name = slot.to_string();
        // what would have to be cleaned would not be found under its clean name
        if one_line(&name) == name {
            let day = stored.to_zoned(zone::system()).strftime("%Y-%m-%d").to_string();
            lines.push_str(&format!("{name}\tkept since {day}\n"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Slot;

    #[test]
    fn names_and_dates_stand_below_each_other_and_cannot_act() {
        let stored = "2026-11-22T21:55:59Z".parse().unwrap();
        let kept = [
            Slot::smtp("smtp.example.com", 587, Some("kim")),
            Slot::smtp("h", 25, Some("仕\u{1b}[2J")),
            Slot::growl("mac.local", 23053),
        ]
        .map(|slot| Kept { slot, stored });
        let screen = Screen { width: None, colours: false };
        assert_eq!(
            table(&kept, &TimeZone::UTC, screen),
            "\
ACCOUNT                   KEPT SINCE
smtp.example.com:587:kim  2026-11-22 21:55
h:25:仕\u{fffd}[2J               2026-11-22 21:55
growl:mac.local           2026-11-22 21:55
"
        );
        assert_eq!(as_json(&kept[2])["user"], Value::Null);
        assert_eq!(as_json(&kept[0])["stored"], "2026-11-22T21:55:59Z");
    }
}
