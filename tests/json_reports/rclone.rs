//! rclone 1.60.

use super::{NAMES, Place, Told};

const SYNC: &str = "rclone sync --use-json-log -v --stats 10s src dst >report 2>&1";

/// Holds the figures against what rclone finds at the destination.
fn as_rclone_says(place: &Place, told: &Told) {
    let size = place.asked("rclone size --json dst 2>/dev/null");
    assert_eq!(told.files_copied, size["count"].to_string());
    assert_eq!(told.bytes_copied, size["bytes"].to_string());
}

#[test]
fn a_copy_by_rclone_that_went_well_is_told() {
    let place = Place::new();
    let told = place.told("rclone", SYNC);
    assert_eq!(told.outcome, "success");
    as_rclone_says(&place, &told);
    let again = place.told("rclone", SYNC);
    assert_eq!((again.outcome.as_str(), again.files_copied.as_str()), ("success", "0"));
}

#[test]
fn a_copy_by_rclone_without_some_files_names_each_once() {
    let place = Place::new();
    place.close(&NAMES);
    let told = place.told("rclone", SYNC);
    // rclone has no code for "some"
    assert_eq!(told.outcome, "error");
    as_rclone_says(&place, &told);
    // rclone writes a line break as its symbol, and what is no UTF-8 as U+FFFD
    told.says(&["new\u{240A}line", "caf\u{FFFD}", "<b>bold<b>", "{{ task.name }}", "rtl\u{FFFD}txt"]);
    told.says(&["Failed to sync with 5 errors", "permission denied", "Errors (5)"]);
    assert!(place.world.read("report").contains("Attempt 3/3 failed with 5 errors"));
    let piped = place.told_by(
        "rclone sync --use-json-log -v --stats 10s src dst 2>&1 | \
         ./program notify --json --task task.json --tool rclone --report -",
    );
    assert_eq!(piped.outcome, "error");
    piped.says(&["Errors (5)"]);
    let plain = place.told("rclone", "rclone sync -v --stats 10s src elsewhere >report 2>&1");
    assert_eq!((plain.outcome.as_str(), &plain.files_copied), ("error", &told.files_copied));
    plain.says(&["<b>bold<b>", "Errors (5)"]);
}

#[test]
fn a_copy_by_rclone_that_failed_says_why() {
    let place = Place::new();
    let lines = [
        ("rclone sync --use-json-log -v --stats 10s nowhere dst >report 2>&1", "directory not found"),
        (
            "rclone sync --use-json-log -v --stats 10s src unknown: >report 2>&1",
            "didn't find section in config file",
        ),
        (
            "mkdir closed; chmod 500 closed; rclone sync --use-json-log -v --stats 10s src closed/x >report 2>&1",
            "permission denied",
        ),
    ];
    for (line, why) in lines {
        let told = place.told("rclone", line);
        assert_eq!(told.outcome, "error", "{}", told.text);
        assert!(told.text.contains(why), "{}", told.text);
        assert!(place.world.read("report").contains(why));
    }
}
