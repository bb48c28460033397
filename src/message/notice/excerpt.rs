//! What a notice quotes of a log, and what it says of the rest.

use std::collections::BTreeSet;

use crate::message::log::{LogExcerpt, LogLine};
use crate::message::redact::Redactor;
use crate::message::{cut, human};
use crate::run::Outcome;

// budgets in bytes, as those of the notice
const LINE: usize = 300;
const WHOLE: usize = 3_200;
/// What the lines about errors may take of it: the end of a log often says most.
const ERRORS: usize = 1_500;
/// What a gap takes.
const GAP: usize = 60;

/// Lines of a log, as they are shown.
#[derive(Debug)]
pub(crate) struct Excerpt {
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq)]
enum Row {
    Line(String),
    /// What is left out here, in words.
    Gap(String),
}

impl Excerpt {
    /// Takes the lines that fit: of errors first, unless all went well, and then from the end.
    pub(crate) fn of(log: &LogExcerpt, outcome: Outcome, redactor: &Redactor) -> Option<Self> {
        let texts: Vec<String> = log.lines.iter().map(|line| redacted(line, redactor)).collect();
        let chosen = choose(log, &texts, !matches!(outcome, Outcome::Success | Outcome::Skipped));
        let mut rows = Vec::new();
        let mut next = 0;
        for index in chosen {
            let (Some(line), Some(text)) = (log.lines.get(index), texts.get(index)) else { continue };
            rows.extend(gap(log, next, line.number).map(Row::Gap));
            rows.push(Row::Line(text.clone()));
            next = line.number + 1;
        }
        rows.extend(gap(log, next, log.total).map(Row::Gap));
        (!rows.is_empty()).then_some(Self { rows })
    }

    /// Makes the one of an example.
    pub(crate) fn example(line: &str) -> Self {
        Self { rows: vec![Row::Gap("[… 1,234 lines are left out]".to_owned()), Row::Line(line.to_owned())] }
    }

    /// Returns what stands above it.
    pub(crate) fn heading(&self) -> String {
        let lines = self.rows.iter().filter(|row| matches!(row, Row::Line(_))).count();
        let gaps = self.rows.len() - lines;
        match (gaps, self.rows.first(), lines) {
            (0, ..) | (_, _, 0) => "Log".to_owned(),
            (1, Some(Row::Gap(_)), 1) => "Last line of the log".to_owned(),
            (1, Some(Row::Gap(_)), _) => format!("Last {lines} lines of the log"),
            _ => "From the log".to_owned(),
        }
    }

    /// Returns what is shown, with a row of its own for what is left out.
    pub(crate) fn shown(&self) -> Vec<&str> {
        self.rows.iter().map(|(Row::Line(text) | Row::Gap(text))| text.as_str()).collect()
    }
}

fn redacted(line: &LogLine, redactor: &Redactor) -> String {
    if line.cut {
        // it is cut far behind what is shown of it, unless what is hidden makes it short
        let text = format!("{}…", redactor.log_line(redactor.without_half(&line.text)));
        return cut::end(&text, LINE);
    }
    cut::end(&redactor.log_line(&line.text), LINE)
}

/// Chooses lines by their places in the list.
fn choose(log: &LogExcerpt, texts: &[String], with_errors: bool) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    let weight = |index: usize| texts.get(index).map_or(0, |text| cut::weight(text) + 1);
    let mut left = WHOLE;
    let mut of_errors = ERRORS;
    for (index, _) in log.lines.iter().enumerate().filter(|(_, line)| with_errors && line.of_error) {
        let continues = index > 0 && chosen.contains(&(index - 1)) && follows(log, index);
        let weight = weight(index) + if continues { 0 } else { GAP };
        let Some(rest) = of_errors.checked_sub(weight) else { break };
        of_errors = rest;
        left -= weight;
        chosen.insert(index);
    }
    let mut last = BTreeSet::new();
    let is_last = |line: &LogLine| log.total - line.number <= 30;
    for (index, _) in log.lines.iter().enumerate().rev().take_while(|(_, line)| is_last(line)) {
        if !chosen.contains(&index) {
            let Some(rest) = left.checked_sub(weight(index)) else { break };
            left = rest;
        }
        last.insert(index);
    }
    // nothing begins with blank lines
    while let Some(index) = last.first().copied()
        && texts.get(index).is_some_and(String::is_empty)
        && !(index > 0 && chosen.contains(&(index - 1)))
    {
        last.remove(&index);
    }
    chosen.extend(last);
    chosen
}

/// Tells whether a line of the list stands right behind the one before it.
fn follows(log: &LogExcerpt, index: usize) -> bool {
    let number = |index: usize| log.lines.get(index).map(|line| line.number);
    index.checked_sub(1).and_then(number).map(|before| before + 1) == number(index)
}

/// Says what is left out between the lines `from` and `to`.
fn gap(log: &LogExcerpt, from: u64, to: u64) -> Option<String> {
    let lines = to.saturating_sub(from);
    let unseen = log.unseen.filter(|unseen| (from..=to).contains(&unseen.line));
    Some(match (unseen, lines) {
        (Some(unseen), _) if unseen.line == 0 && from == 0 => "[… earlier lines are left out]".to_owned(),
        (Some(unseen), 0) => {
            format!("[… {} that were not looked at are left out]", human::size(unseen.bytes))
        }
        (Some(unseen), lines) => format!(
            "[… {} lines and {} that were not looked at are left out]",
            human::count(lines),
            human::size(unseen.bytes)
        ),
        (None, 0) => return None,
        (None, 1) => "[… 1 line is left out]".to_owned(),
        (None, lines) => format!("[… {} lines are left out]", human::count(lines)),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::Excerpt;
    use crate::message::log::LogExcerpt;
    use crate::message::redact::Redactor;
    use crate::run::Outcome;

    fn excerpt(log: &str, outcome: Outcome) -> Excerpt {
        let log = LogExcerpt::read(Cursor::new(log.as_bytes())).unwrap();
        Excerpt::of(&log, outcome, &Redactor::new(&[]).hiding(&["/home/jon".to_owned()])).unwrap()
    }

    #[test]
    fn errors_come_first_then_the_end_and_what_is_between_is_counted() {
        let line = |i| if i == 100 { "error: x\n".to_owned() } else { format!("line {i}\n") };
        let log: String = (0..2000).map(line).collect();
        let failed = excerpt(&log, Outcome::Error);
        let shown = failed.shown();
        assert_eq!(shown[0], "[… 98 lines are left out]");
        assert_eq!(shown[1..6], ["line 98", "line 99", "error: x", "line 101", "line 102"]);
        assert_eq!(shown[6], "[… 1,867 lines are left out]");
        assert_eq!((shown[7], shown.len(), failed.heading().as_str()), ("line 1970", 37, "From the log"));
        let good = excerpt(&log, Outcome::Success);
        assert_eq!(good.shown()[..2], ["[… 1,970 lines are left out]", "line 1970"]);
        assert_eq!((good.shown().len(), good.heading().as_str()), (31, "Last 30 lines of the log"));
    }

    #[test]
    fn a_log_of_nothing_but_long_errors_still_shows_its_end() {
        let line = |i| format!("error {i}: {}\n", "x".repeat(280));
        let log = (0..100).map(line).collect::<Vec<String>>().concat();
        let shown = excerpt(&log, Outcome::Error).shown().join("\n");
        assert!(shown.starts_with("error 0: ") && shown.contains("\nerror 99: ") && shown.len() <= 3_200);
        assert_eq!(shown.matches("left out").count(), 1, "{shown}");
    }

    #[test]
    fn a_line_that_is_cut_says_so_and_homes_are_hidden() {
        let shown = excerpt(&format!("/home/jon/a\n{}\n", "y".repeat(30_000)), Outcome::Error);
        assert_eq!(shown.shown()[0], "~/a");
        assert!(shown.shown()[1].ends_with('…') && shown.shown()[1].len() <= 300);
    }
}
