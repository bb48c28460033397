//! restic 0.14.

use super::{NAMES, Place, Told};

// every run here gives the files to their user anew, and restic would take them for changed
const BACKUP: &str = "restic backup --ignore-ctime --json src >report 2>&1";

fn place() -> Place {
    let place = Place::new();
    place.shell("restic init >/dev/null").assert_success();
    place
}

/// Holds the figures against what restic says of its newest snapshot.
fn as_restic_says(place: &Place, told: &Told) {
    let snapshot = &place.asked("restic snapshots --json latest")[0];
    assert_eq!(told.snapshot, snapshot["short_id"].as_str().unwrap());
    let stats = place.asked("restic stats --json latest");
    assert_eq!(told.bytes_total, stats["total_size"].to_string());
    let files = place.shell("restic ls --json latest | grep -c '\"type\":\"file\"'");
    assert_eq!(told.files_total, files.stdout.trim());
}

#[test]
fn a_backup_by_restic_that_went_well_is_told() {
    let place = place();
    let told = place.told("restic", BACKUP);
    assert_eq!((told.outcome.as_str(), &told.files_copied), ("success", &told.files_total));
    as_restic_says(&place, &told);
    place.world.write("src/one-more", "more");
    let told = place.told("restic", BACKUP);
    assert_eq!((told.outcome.as_str(), told.files_copied.as_str()), ("success", "1"));
    as_restic_says(&place, &told);
    // what it says without --json is understood as well, but for the sizes
    let plain = place.told("restic", "restic backup --ignore-ctime src >report 2>&1");
    assert_eq!((plain.outcome.as_str(), &plain.files_total), ("success", &told.files_total));
    assert_eq!(plain.files_copied, "0");
    // what is not there any more is left out, which is not quite well; this version ends with 0 all the same
    let told = place.told("restic", "restic backup --json src nowhere >report 2>&1");
    assert_eq!(told.outcome, "warning");
    told.says(&["nowhere", "does not exist"]);
}

#[test]
fn a_backup_by_restic_without_some_files_names_them() {
    let place = place();
    place.close(&NAMES);
    let told = place.told("restic", BACKUP);
    assert_eq!(told.outcome, "warning");
    as_restic_says(&place, &told);
    // restic replaces what is no UTF-8 itself
    told.says(&[
        "src/new line",
        "src/caf\u{FFFD}",
        "src/<b>bold<b>",
        "src/{{ task.name }}",
        "src/rtl\u{FFFD}txt",
    ]);
    told.says(&["open: permission denied", "Errors (5)"]);
    // through a pipe nobody knows the code: the report says enough
    let piped = place.told_by(
        "restic backup --json src 2>&1 | ./program notify --json --task task.json --tool restic --report -",
    );
    assert_eq!((piped.outcome.as_str(), &piped.bytes_total), ("warning", &told.bytes_total));
    piped.says(&["Errors (5)"]);
}

#[test]
fn a_backup_by_restic_that_failed_says_why() {
    let place = place();
    let lines = [
        ("RESTIC_PASSWORD=wrong restic backup --json src >report 2>&1", "wrong password or no key found"),
        ("RESTIC_REPOSITORY=$PWD/none restic backup --json src >report 2>&1", "unable to open config file"),
        ("restic backup --json nowhere >report 2>&1", "all target directories/files do not exist"),
    ];
    for (line, why) in lines {
        let told = place.told("restic", line);
        assert_eq!((told.outcome.as_str(), told.snapshot.as_str()), ("error", ""), "{}", told.text);
        told.says(&[why]);
        let report = place.world.read("report");
        assert!(report.contains(why), "{report}");
    }
}
