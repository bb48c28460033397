//! The accounts for people: a table, or one below the other where a table has no room.

use crate::accounts::{Found, shown};
use crate::commands::screen::{Screen, columns, filled, fitted};
use crate::task::TlsMode;
use crate::text::one_line;

/// What stands above each column; the first is never shortened, because it is there to be copied.
const TITLES: [&str; 5] = ["ID", "PORT", "SENDER", "DESCRIPTION", "USABLE"];
const SENDER: usize = 2;
const DESCRIPTION: usize = 3;
const USABLE: usize = 4;
/// Between two columns.
const GAP: usize = 2;
/// The widest a cell becomes, wherever it goes: one long text would fill every other row with blanks.
const WIDEST: usize = 100;
/// How narrow a column may become before the table is given up. An id of 33 letters then has a table
/// on 80 columns.
const LEAST: [(usize, usize); 2] = [(SENDER, 10), (DESCRIPTION, 11)];

/// One account, cleaned.
struct Row {
    cells: [String; 5],
    usable: bool,
    reason: Option<String>,
    instead: Option<String>,
}

/// Writes the whole list.
pub(super) fn page(accounts: &[Found], screen: Screen) -> String {
    let rows: Vec<Row> = accounts.iter().map(row).collect();
    let Some(widths) = widths(&rows, screen.width) else {
        return rows.iter().map(|row| stacked(row, screen)).collect::<Vec<_>>().join("\n");
    };
    let titles = line(&TITLES.map(str::to_owned), &widths);
    let mut page = format!("{}\n", screen.marked(titles.trim_end(), 1));
    for row in &rows {
        let cells = line(&row.cells, &widths);
        let rest = cells.strip_suffix(&row.cells[USABLE]).unwrap_or_default();
        page.push_str(&format!("{rest}{}\n", usable(row, screen)));
        page.push_str(&notes(row, screen));
    }
    page
}

fn row(found: &Found) -> Row {
    let text = |text: Option<String>| match text.filter(|text| !text.is_empty()) {
        Some(text) => fitted(&one_line(&text), WIDEST),
        None => "-".to_owned(),
    };
    let word = if found.usable { "yes" } else { "no" };
    let cells = [
        one_line(&found.id).into_owned(),
        port(found).unwrap_or_else(|| "-".to_owned()),
        text(sender(found)),
        text(found.description.clone()),
        word.to_owned(),
    ];
    let reason = found.reason.as_deref().map(|reason| one_line(reason).into_owned());
    let from = found.from_line().map(|from| format!(", {from}")).unwrap_or_default();
    let instead = found.instead_line().map(|line| line + &from);
    Row { cells, usable: found.usable, reason, instead }
}

/// The port and what protects it.
pub(super) fn port(found: &Found) -> Option<String> {
    let port = found.port?;
    Some(match found.tls_mode {
        Some(mode) => format!("{port} {}", protection(mode)),
        None => port.to_string(),
    })
}

pub(super) fn protection(mode: TlsMode) -> &'static str {
    match mode {
        TlsMode::Implicit => "TLS",
        TlsMode::Starttls => "STARTTLS",
        TlsMode::None => "no TLS",
    }
}

/// The first sender, and how many more there are.
fn sender(found: &Found) -> Option<String> {
    let first = found.senders.first()?;
    Some(match found.senders.len() {
        0 | 1 => shown(first),
        several => format!("{} and {} more", shown(first), several - 1),
    })
}

/// Returns the width of each column, 0 for one that holds nothing; `None` where a table has no room.
fn widths(rows: &[Row], most: Option<usize>) -> Option<[usize; 5]> {
    let mut widths = [0; 5];
    for (column, (width, title)) in widths.iter_mut().zip(TITLES).enumerate() {
        let cells = rows.iter().filter_map(|row| row.cells.get(column));
        let filled = || cells.clone().any(|cell| cell != "-");
        if filled() {
            // an id that is longer than everything stands out, and does not move the others
            let cells = cells.clone().map(|cell| columns(cell)).filter(|width| *width <= WIDEST);
            *width = cells.max().unwrap_or_default().max(columns(title));
        }
    }
    let Some(most) = most else { return Some(widths) };
    if rows.iter().any(|row| columns(&row.cells[0]) > most) {
        return None;
    }
    while total(&widths) > most {
        // the one with the most to spare gives way
        let spare = |(column, least): (usize, usize)| {
            let width = widths.get(column).copied().unwrap_or_default();
            (width > least).then(|| (width - least, column))
        };
        let (_, column) = LEAST.into_iter().filter_map(spare).max()?;
        *widths.get_mut(column)? -= 1;
    }
    Some(widths)
}

fn total(widths: &[usize; 5]) -> usize {
    let shown: Vec<usize> = widths.iter().copied().filter(|width| *width > 0).collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// Writes one line of the table; the last cell has nothing behind it.
fn line(cells: &[String; 5], widths: &[usize; 5]) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        match (column, *width) {
            (_, 0) => {}
            (USABLE, _) => line.push_str(cell),
            (0, width) => line.push_str(&filled(cell, width + GAP)),
            (_, width) => line.push_str(&filled(&fitted(cell, width), width + GAP)),
        }
    }
    line
}

fn usable(row: &Row, screen: Screen) -> String {
    screen.marked(&row.cells[USABLE], if row.usable { 32 } else { 33 })
}

/// Says below an account why it cannot be used, or what was added to it, and what to write instead.
fn notes(row: &Row, screen: Screen) -> String {
    let mut notes = String::new();
    if let Some(reason) = &row.reason {
        notes.push_str(&screen.wrapped(reason, 2));
    }
    if let Some(instead) = &row.instead {
        // in one piece: it is there to be copied
        notes.push_str(&format!("  write in the task: {instead}\n"));
    }
    notes
}

/// Writes an account where there is no room for a table.
fn stacked(row: &Row, screen: Screen) -> String {
    let mut block = format!("{}\n", screen.marked(&row.cells[0], 1));
    for (column, (title, cell)) in TITLES.iter().zip(&row.cells).enumerate().skip(1) {
        if column == USABLE {
            block.push_str(&format!("  {}: {}\n", title.to_lowercase(), usable(row, screen)));
        } else if cell != "-" {
            block.push_str(&screen.wrapped(&format!("{}: {cell}", title.to_lowercase()), 2));
        }
    }
    block.push_str(&notes(row, screen));
    block
}
