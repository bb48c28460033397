//! The text part: the whole notice for a reader without HTML.

use std::fmt::Write as _; // into a String, where it cannot fail

use crate::message::human;
use crate::message::notice::Notice;

/// Renders the notice as text; lines end in LF.
pub(crate) fn render(notice: &Notice) -> String {
    let mut out = format!("{}\n", notice.headline());
    if let Some(reason) = notice.reason() {
        let _ = writeln!(out, "\n{reason}");
    }
    facts(notice, &mut out);
    errors(notice, &mut out);
    if let Some(log) = &notice.log {
        let _ = writeln!(out, "\n{}:", log.heading());
        for line in log.shown() {
            out.push_str(format!("    {line}").trim_end());
            out.push('\n');
        }
    }
    if !notice.notes.is_empty() {
        out.push_str("\nPlease note:\n");
        for note in &notice.notes {
            let _ = writeln!(out, "  - {note}");
        }
    }
    // the signature mark: mail programs show what follows in grey, and leave it out of answers
    let _ = writeln!(out, "\n-- \n{}", notice.footer());
    out
}

fn facts(notice: &Notice, out: &mut String) {
    let facts = notice.facts();
    if facts.is_empty() {
        return;
    }
    out.push_str(if notice.test { "\nA sample:\n" } else { "\n" });
    let width = facts.iter().map(|fact| fact.label.len()).max().unwrap_or_default() + 1;
    for fact in facts {
        let _ = writeln!(out, "{:width$}  {}", format!("{}:", fact.label), fact.value);
    }
}

fn errors(notice: &Notice, out: &mut String) {
    if !notice.lists_errors() {
        return;
    }
    let _ = writeln!(out, "\nErrors ({}):", human::count(notice.error_count()));
    for problem in &notice.errors {
        match &problem.path {
            Some(path) => {
                let _ = writeln!(out, "  - {path}\n    {}", problem.message);
            }
            None => {
                let _ = writeln!(out, "  - {}", problem.message);
            }
        }
    }
    if let Some(more) = more(notice) {
        let _ = writeln!(out, "  {more}");
    }
}

/// Says how many errors are not shown.
pub(crate) fn more(notice: &Notice) -> Option<String> {
    let more = u64::try_from(notice.errors_more).unwrap_or(u64::MAX);
    (more > 0).then(|| format!("… and {} more", human::count(more)))
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::message::notice::Notice;
    use crate::message::redact::Redactor;
    use crate::message::samples::{World, error};

    fn text(world: &World) -> String {
        render(&Notice::of(&world.story(), &Redactor::new(&[])))
    }

    #[test]
    fn a_failure_tells_everything_in_order_of_importance() {
        let expected = format!(
            "\
Backup failed: Nightly home backup

error in rsync protocol data stream (code 12)

Source:       /Users/jon
Destination:  /Volumes/Backup
Tool:         rsync
Host:         atlas.example.com
Started:      Sat 22 Nov 2025, 03:00:01 CET
Finished:     Sat 22 Nov 2025, 04:12:45 CET
Duration:     1 h 12 min
Files:        1,234 copied of 56,789
Data:         5.2 GB copied of 1.0 TB
Exit code:    12 (the data stream between the two sides broke)
Snapshot:     2025-11-22-030001

Errors (3):
  - /Users/jon/Library/Mail
    Operation not permitted
  - /Users/jon/.Trash
    Operation not permitted
  - connection unexpectedly closed

Last 2 lines of the log:
    [… earlier lines are left out]
    sending incremental file list
    rsync: [sender] write error: Broken pipe (32)

Please note:
  - the certificate of smtp.example.com ends in 9 days

-- 
Sent by backup-notify {} on atlas.example.com for the task \u{201c}Nightly home backup\u{201d}. Whom it tells \
and when is set under \u{201c}email\u{201d} in the task file.
",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(text(&World::failed()), expected);
    }

    #[test]
    fn a_bare_success_is_short_and_a_test_says_that_it_is_one() {
        let mut world = World::bare("Home");
        let bare = text(&world);
        assert!(bare.starts_with("Backup finished: Home\n\nHost:  atlas.example.com\n\n-- \n"), "{bare}");
        world.test = true;
        assert!(text(&world).starts_with("Test message: Home\n\nThis is a test: no backup has run."));
        assert!(text(&world).contains("\nA sample:\n"));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut world = World::bare("Home");
        world.run.facts.errors = vec![error(None, "no"); 1_220];
        assert!(text(&world).contains("\nErrors (1,220):\n"));
        assert!(text(&world).contains("\n  … and 1,200 more\n"));
    }
}
