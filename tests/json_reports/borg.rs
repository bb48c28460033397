//! Borg 1.2.

use super::{NAMES, Place, Told};

const BACKUP: &str = "borg create --json --log-json ::{now:%f} src >report 2>&1";

fn place() -> Place {
    let place = Place::new();
    place.shell("borg init --encryption=none").assert_success();
    place
}

/// Holds the figures against what Borg says of its newest archive, and the sizes against what it printed:
/// later it counts without what it keeps of each file besides its content.
fn as_borg_says(place: &Place, told: &Told) {
    let archive = &place.asked("borg info --json --last 1")["archives"][0];
    assert_eq!(told.snapshot, archive["name"].as_str().unwrap());
    assert_eq!(told.files_total, archive["stats"]["nfiles"].to_string());
    let report = place.world.read("report");
    let printed = |key: &str| {
        let mut lines = report.lines().filter_map(|line| line.trim_start().strip_prefix(key));
        lines.next().unwrap().trim_end_matches(',').to_owned()
    };
    assert_eq!(told.bytes_total, printed("\"original_size\": "));
    assert_eq!(told.bytes_copied, printed("\"deduplicated_size\": "));
}

#[test]
fn a_backup_by_borg_that_went_well_is_told() {
    let place = place();
    for _ in 0..2 {
        let told = place.told("borg", BACKUP);
        assert_eq!(told.outcome, "success");
        as_borg_says(&place, &told);
    }
}

#[test]
fn a_backup_by_borg_without_some_files_names_them() {
    let place = place();
    place.close(&NAMES);
    let told = place.told("borg", BACKUP);
    assert_eq!(told.outcome, "warning");
    as_borg_says(&place, &told);
    told.says(&[
        "src/new line",
        "src/caf\\xE9",
        "src/<b>bold<b>",
        "src/{{ task.name }}",
        "src/rtl\u{FFFD}txt",
    ]);
    told.says(&["open: [Errno 13] Permission denied", "Errors (5)"]);
    // with everything that Borg can add, nothing is said twice
    let more = place.told(
        "borg",
        "borg create --json --log-json --list --progress --show-rc ::more src nowhere >report 2>&1",
    );
    assert_eq!(more.outcome, "warning");
    as_borg_says(&place, &more);
    more.says(&["nowhere", "No such file or directory", "Errors (6)"]);
    // through a pipe, and in clear
    let piped = place.told_by(
        "borg create --stats --show-rc ::piped src 2>&1 | \
         ./program notify --json --task task.json --tool borg --report -",
    );
    assert_eq!((piped.outcome.as_str(), piped.snapshot.as_str()), ("warning", "piped"));
    assert_eq!(piped.files_total, told.files_total);
}

#[test]
fn a_backup_by_borg_that_failed_says_why() {
    let place = place();
    place.shell("borg create ::there src").assert_success();
    let lines = [
        ("borg create --json OPTION none::x src >report 2>&1", "Repository "),
        ("borg create --json OPTION ::there src >report 2>&1", "Archive there already exists"),
        (
            "borg with-lock $BORG_REPO borg create --lock-wait 0 --json OPTION ::x src >report 2>&1",
            "Failed to create/acquire the lock",
        ),
        (
            "chmod 500 repo; borg create --json OPTION ::x src >report 2>&1",
            "Failed to create/acquire the lock",
        ),
    ];
    for (line, why) in lines {
        for option in ["--log-json", ""] {
            let told = place.told("borg", &line.replace("OPTION", option));
            assert_eq!((told.outcome.as_str(), told.snapshot.as_str()), ("error", ""), "{}", told.text);
            told.says(&[why]);
            assert!(place.world.read("report").contains(why));
        }
    }
}
