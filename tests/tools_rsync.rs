//! Real runs of rsync, and the mail about each: the lines are those of the man page.

use crate::backup_runs::{Backup, Size};

/// Runs this line, in which everything that rsync prints goes into `report`.
fn rsync(backup: &Backup, options: &str) -> i32 {
    backup.shell(&format!("rsync -a --stats {options} src/ dst/ >report 2>&1"))
}

/// What a subject says when this much was copied of that.
fn copied(copied: Size, total: Size, total_with_links: u64) -> String {
    format!("{} of {}, {} of {total_with_links}", copied.files, total.files, copied.bytes)
}

/// rsync counts what a link points to as its size.
const LINK: u64 = "open".len() as u64;

#[test]
fn a_good_end_has_the_numbers_of_the_files_themselves() {
    for options in ["", "-v", "-ii --info=progress2", "--no-human-readable", "--delete -i"] {
        let backup = Backup::new();
        assert_eq!(rsync(&backup, options), 0, "{}", backup.report("report"));
        let total = backup.size_of("src");
        assert_eq!(backup.size_of("dst"), total);
        let mail = backup.mail("rsync", Some(0), "report");
        assert_eq!(
            (mail.outcome.as_str(), mail.subject),
            ("success", copied(total, total, total.bytes + LINK))
        );
        assert!(!mail.text.contains("Please note"), "{}", mail.text);

        // the second run finds nothing to do
        assert_eq!(rsync(&backup, options), 0);
        let mail = backup.mail("rsync", Some(0), "report");
        assert_eq!(mail.subject, copied(Size { files: 0, bytes: 0 }, total, total.bytes + LINK));
    }
}

#[test]
fn the_list_counts_where_there_are_no_stats() {
    let backup = Backup::new();
    assert_eq!(backup.shell("rsync -ai src/ dst/ >report 2>&1"), 0);
    let mail = backup.mail("rsync", Some(0), "report");
    assert!(mail.subject.starts_with(&format!("{} of ", backup.size_of("dst").files)), "{}", mail.subject);
}

#[test]
fn unreadable_files_are_named_and_not_counted() {
    let backup = Backup::new().with_closed_files();
    assert_eq!(rsync(&backup, "-v --delete"), 23, "{}", backup.report("report"));
    let (total, arrived) = (backup.size_of("src"), backup.size_of("dst"));
    assert!(arrived.files < total.files);
    for code in [Some(23), None] {
        let mail = backup.mail("rsync", code, "report");
        assert_eq!(mail.outcome, "warning");
        assert_eq!(mail.subject, copied(arrived, total, total.bytes + LINK));
        let folder = backup.world.path().join("src/closed");
        mail.shows_names_in(folder.to_str().unwrap(), "send_files failed to open: Permission denied (13)");
        mail.counts_errors(usize::try_from(total.files - arrived.files).unwrap());
        mail.says("23 (some files could not be copied because of errors)");
    }
}

#[test]
fn a_file_that_vanishes_is_a_warning_with_its_name() {
    let backup = Backup::new();
    backup.world.write("src/a-big", vec![b'x'; 1_500_000]);
    backup.world.write("src/z", "gone soon");
    // the list of files is made, and the first one is under way to its temporary name
    let lines = "rsync -a --stats --no-inc-recursive --bwlimit=1000 src/ dst/ >report 2>&1 &
        until ls -A dst 2>/dev/null | grep -q '^\\.a-big'; do kill -0 $! || exit 99; done
        rm src/z; wait $!";
    assert_eq!(backup.shell(lines), 24, "{}", backup.report("report"));
    let arrived = backup.size_of("dst");
    assert_eq!(arrived, backup.size_of("src"));
    let mail = backup.mail("rsync", Some(24), "report");
    assert_eq!(mail.outcome, "warning");
    assert!(mail.subject.starts_with(&format!(
        "{} of {}, {} of ",
        arrived.files,
        arrived.files + 1,
        arrived.bytes
    )));
    mail.says("rsync 24: some source files vanished before they could be copied");
    mail.says(backup.world.path().join("src/z").to_str().unwrap()).says("file has vanished");
}

#[test]
fn what_makes_it_fail_stands_at_the_top() {
    for (lines, code, reason, path, happened) in [
        (
            "rsync -a --stats src/ no/such/dst",
            11,
            "11 (a file could not be read or written)",
            "no/such/dst",
            "mkdir failed: No such file",
        ),
        (
            "rsync -a --stats nothere/ dst",
            23,
            "23 (some files could not",
            "nothere",
            "change_dir failed: No such file",
        ),
        (
            "mkdir -m 500 ro; rsync -a --stats src/ ro/dst",
            11,
            "11 (a file could not",
            "ro/dst",
            "mkdir failed: Permission denied",
        ),
        // a limit for files stands for a disk that is full
        (
            "trap '' XFSZ; ulimit -f 1; rsync -a --stats --inplace src/ dst",
            11,
            "11 (a file could not be read or written)",
            "dst",
            "write failed on: File too large",
        ),
        (
            "rsync --no-such-option",
            1,
            "1 (the command line is wrong)",
            "",
            "--no-such-option: unknown option",
        ),
    ] {
        let backup = Backup::new();
        backup.world.write("src/big", vec![b'x'; 100_000]);
        // the limit is for rsync, not for its report
        backup.shell(&format!("({lines}; echo $? >code) 2>&1 | cat >report"));
        assert_eq!(backup.report("code").trim(), code.to_string(), "{}", backup.report("report"));
        for given in [Some(code), None] {
            let mail = backup.mail("rsync", given, "report");
            assert_eq!(mail.outcome, "error", "{}", backup.report("report"));
            mail.says(reason).says(path).says(happened);
            // the first error, which says why
            assert!(mail.text.lines().nth(2).unwrap().contains(happened), "{}", mail.text);
        }
    }
}

#[test]
fn a_report_without_an_end_is_never_a_success() {
    let backup = Backup::new();
    rsync(&backup, "");
    let report = backup.report("report");
    let (cut, _) = report.split_once("total size is").unwrap();
    backup.world.write("report", cut);
    let mail = backup.mail("rsync", None, "report");
    assert_eq!(mail.outcome, "error");
    mail.says("the report ends before rsync was done with it");
    // a dry run says that it was one
    assert_eq!(rsync(&backup, "--dry-run --ignore-times"), 0);
    let mail = backup.mail("rsync", Some(0), "report");
    assert!(mail.subject.starts_with("0 of "), "{}", mail.subject);
    mail.says("this was a dry run of rsync: nothing was copied");
}
