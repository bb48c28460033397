//! The table that people read.

use std::fmt::Write as _;

use super::cases::{
    self, CHUNKING, Fault, LEGEND, MODES, OF_REPLIES, OF_THE_CONNECTION, REASONS, STAGES, in_the_window,
};
use super::outbox;
use super::play::{Fate, Played};

/// How wide a cell is.
const WIDTH: usize = 9;

const TITLE: &str =
    "Every fault of a server at every stage, in each mode: the exit code, and where the message is then.\n\n";

const WORDS: &str = "\
Cells: the exit code of `notify`, then
  sent    the server has taken the message, and the program says so
  kept    it waits in the outbox
  both    the server has taken it, and it waits in the outbox too: it will arrive twice, with the same Message-ID
  taken   the server has taken it, the program does not know, and nothing waits
  -       it is lost; with an outbox only for recipients that are refused with 5xx
";

const NO_OUTBOX: &str = "This version keeps nothing: what a server does not take is lost.\n";

const WINDOW: &str = "\
The window in which a message can be accepted and kept: all of it was handed over, the server has taken it, and
its 250 could not be read as the answer.
";
const WINDOW_CHUNKING: &str = "\
With CHUNKING all of it is handed over before the first answer, and the answers are told apart by their order alone.
";

/// Writes the whole table.
pub(super) fn write(played: &[Played]) -> String {
    let mut table = String::from(TITLE) + LEGEND + WORDS + "Left out:\n";
    for (letter, reason) in REASONS {
        writeln!(table, "  ({letter})     {reason}").unwrap();
    }
    if !outbox::KEEPS {
        table += "\n";
        table += NO_OUTBOX;
    }
    for mode in MODES {
        let what = if mode == CHUNKING { ", and the server offers CHUNKING" } else { "" };
        writeln!(table, "\n\"tls\": {{\"mode\": \"{}\"}}{what}", cases::tls_mode(mode)).unwrap();
        block(&mut table, played, mode, &OF_THE_CONNECTION);
        table += "\n";
        block(&mut table, played, mode, &OF_REPLIES);
    }
    table += "\n";
    table += WINDOW;
    window(&mut table, played, |mode| mode != CHUNKING);
    table += WINDOW_CHUNKING;
    window(&mut table, played, |mode| mode == CHUNKING);
    table += "\n";
    table += &totals(played);
    table + "\n"
}

fn block(table: &mut String, played: &[Played], mode: &str, faults: &[(Fault, &str)]) {
    let mut line = format!("{:<14}", "");
    for (_, name) in faults {
        write!(line, "{name:<WIDTH$}").unwrap();
    }
    writeln!(table, "{}", line.trim_end()).unwrap();
    for (stage, name) in STAGES {
        let mut line = format!("{name:<14}");
        let mut exists = false;
        for (fault, _) in faults {
            let cell = if let Some(reason) = cases::omitted(mode, stage, *fault) {
                exists |= reason.0 != 'a';
                format!("({})", reason.0)
            } else {
                exists = true;
                let here = |played: &&Played| {
                    let case = &played.case;
                    case.mode == mode && case.stage == stage && case.fault == *fault
                };
                played.iter().find(here).map(Played::cell).unwrap_or_default()
            };
            write!(line, "{cell:<WIDTH$}").unwrap();
        }
        // a stage that a mode does not have needs no line
        if exists {
            writeln!(table, "{}", line.trim_end()).unwrap();
        }
    }
}

/// Lists the cases of the window, a line for each stage.
fn window(table: &mut String, played: &[Played], of: impl Fn(&str) -> bool) {
    for (stage, name) in STAGES {
        let faults: Vec<_> = OF_THE_CONNECTION.into_iter().chain(OF_REPLIES).collect();
        let named: Vec<_> = faults
            .iter()
            .filter(|(fault, _)| {
                played.iter().map(|played| played.case).any(|case| {
                    let named = case.stage == stage && case.fault == *fault && of(case.mode);
                    named && in_the_window(case.mode, stage, *fault)
                })
            })
            .map(|(_, name)| *name)
            .collect();
        if !named.is_empty() {
            writeln!(table, "  {name:<14}{}", named.join(", ")).unwrap();
        }
    }
}

/// The numbers.
pub(super) fn totals(played: &[Played]) -> String {
    let count = |fate| played.iter().filter(|played| played.fate == fate).count();
    let all = played.len();
    let (sent, kept, both) = (count(Fate::Sent), count(Fate::Kept), count(Fate::Both));
    let (unknown, gone) = (count(Fate::Unknown), count(Fate::Gone));
    if !outbox::KEEPS {
        return format!("{all} cases: {sent} sent, {unknown} taken and not known (the window), {gone} lost");
    }
    let refused = played.iter().filter(|p| cases::may_be_dropped(p.case.stage, p.case.fault)).count();
    format!(
        "{all} cases: {kept} kept, {sent} sent, {both} both (the window), {refused} refused with 5xx at RCPT, {} neither",
        gone - refused + unknown
    )
}
