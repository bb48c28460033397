use crate::run::Outcome;
use crate::tools::Tool;
use crate::tools::testing::{cut_everywhere, read, survives_garbage};

/// Eight fields as facts/backup-tools.md has them; nobody of us has seen a real one.
const OLDEST_FIRST: &str = "\
Home|/Users/jon|/Volumes/Backup|2026-11-21 02:00:00|0:10:00|1.5 GB|Success|120
Photos|/Users/jon/A|B|/Volumes/Other|2026-11-23 11:00:00|0:01:02|Zero KB|Failed|0
Home|/Users/jon|/Volumes/Backup|2026-11-22 02:00:00|0:09:00|2 GB|Success|7
";

#[test]
fn the_newest_line_is_taken_wherever_it_stands() {
    let facts = read(Tool::Ccc, OLDEST_FIRST).facts;
    assert_eq!((facts.status, facts.message.as_deref()), (Some(Outcome::Error), Some("Failed")));
    assert_eq!((facts.files_copied, facts.bytes_copied), (Some(0), Some(0)));
    assert_eq!(facts.notes, ["the history of Carbon Copy Cloner tells of the run of 2026-11-23 11:00:00"]);

    // dates that cannot be told apart: the first line
    let american = "Name|Source|Destination|When|Time Elapsed|Data Copied|Result|Files Copied\n\
                    Home|/a|/b|11/12/26, 2:00 AM|0:10|1,234.5 MB|Success|1,200\n\
                    Home|/a|/b|12/11/26, 2:00 AM|0:10|1 KB|Cancelled|3\n";
    let report = read(Tool::Ccc, american);
    assert!(report.complete);
    assert_eq!((report.facts.status, report.facts.message), (Some(Outcome::Success), None));
    assert_eq!((report.facts.files_copied, report.facts.bytes_copied), (Some(1_200), Some(1_234_500_000)));
}

#[test]
fn results_say_how_it_ended_and_unknown_ones_nothing() {
    for (result, status) in [
        ("Success", Some(Outcome::Success)),
        ("Some errors occurred", Some(Outcome::Error)),
        ("Cancelled", Some(Outcome::Interrupted)),
        ("Not successful", Some(Outcome::Error)),
        ("Erfolgreich", None),
        ("Fehlgeschlagen", None),
        ("0", Some(Outcome::Success)),
        ("28", Some(Outcome::Error)),
    ] {
        let facts = read(Tool::Ccc, format!("Home|/a|/b|2026-11-22 02:00|1:00|2 GB|{result}|7\n")).facts;
        assert_eq!(facts.status, status, "{result}");
        assert_eq!(facts.message.is_none(), status == Some(Outcome::Success));
    }
}

#[test]
fn what_is_no_history_is_nothing() {
    for other in ["", "a|b|c\n", "rsync: [sender] x\n", "|||||||\n"] {
        let report = read(Tool::Ccc, other);
        assert!(!report.complete && report.facts.status.is_none(), "{other}");
    }
    survives_garbage(Tool::Ccc, OLDEST_FIRST);
    let line = OLDEST_FIRST.lines().next().unwrap();
    cut_everywhere(Tool::Ccc, line);
}
