//! Real runs of GNU tar, and the mail about each: the lines are those of the man page.

use std::fs;

use crate::backup_runs::Backup;

/// Runs tar, whose messages go into `report`.
fn tar(backup: &Backup, arguments: &str) -> i32 {
    backup.shell(&format!("tar --totals -cf dst.tar {arguments} 2>report"))
}

fn archive(backup: &Backup) -> u64 {
    fs::metadata(backup.world.path().join("dst.tar")).unwrap().len()
}

#[test]
fn a_good_end_has_the_size_of_the_archive() {
    let backup = Backup::new();
    let folder = backup.world.path().display().to_string();
    assert_eq!(tar(&backup, &format!("{folder}/src")), 0);
    assert!(backup.report("report").contains("Removing leading"));
    let mail = backup.mail("tar", Some(0), "report");
    assert_eq!(mail.outcome, "success");
    assert_eq!(mail.subject, format!("of , {} of", archive(&backup)));
    mail.does_not_say("Removing").does_not_say("Please note");

    // without --totals it says nothing, and that is a good end too
    assert_eq!(backup.shell("tar -cf dst.tar src 2>report"), 0);
    assert_eq!(backup.report("report"), "");
    let mail = backup.mail("tar", Some(0), "report");
    assert_eq!(mail.outcome, "success");
    mail.does_not_say("Please note");
}

#[test]
fn unreadable_files_are_named_and_make_it_an_error() {
    let backup = Backup::new().with_closed_files();
    assert_eq!(tar(&backup, "src"), 2);
    let names = backup.report("report").matches(": Cannot open: ").count();
    for code in [Some(2), None] {
        let mail = backup.mail("tar", code, "report");
        assert_eq!(mail.outcome, "error");
        mail.shows_names_in("src/closed", "Cannot open: Permission denied").counts_errors(names);
        assert_eq!(mail.subject, format!("of , {} of", archive(&backup)));
    }
}

#[test]
fn what_changes_and_vanishes_meanwhile_is_a_warning() {
    let backup = Backup::new();
    backup.world.write("src/a-big", vec![b'x'; 100_000]);
    backup.world.write("src/z: gone", "gone soon");
    backup.world.script("meanwhile", "#!/bin/sh\nrm -f 'src/z: gone'; echo x >>src/a-big\n");
    // tar has the names by then, and is in the middle of the first file
    assert_eq!(tar(&backup, "--sort=name --checkpoint=1 --checkpoint-action=exec=./meanwhile src"), 1);
    let mail = backup.mail("tar", Some(1), "report");
    assert_eq!(mail.outcome, "warning");
    for line in
        ["- src/z: gone\n    File removed before we read it", "- src/a-big\n    file changed as we read it"]
    {
        assert!(mail.text.contains(line), "{}", mail.text);
    }
    assert_eq!(mail.subject, format!("of , {} of", archive(&backup)));
}

#[test]
fn what_makes_it_stop_stands_at_the_top() {
    for (lines, reason) in [
        ("tar -cf no/such/dst.tar src", "no/such/dst.tar: Cannot open: No such file or directory"),
        ("tar -cf /dev/full src", "/dev/full: Cannot write: No space left on device"),
        ("mkdir -m 500 ro; tar -cf ro/dst.tar src", "ro/dst.tar: Cannot open: Permission denied"),
        ("tar -cf dst.tar nothere", "nothere: Cannot stat: No such file or directory"),
        ("tar -cf dst.tar", "Cowardly refusing to create an empty archive"),
    ] {
        let backup = Backup::new();
        assert_eq!(backup.shell(&format!("({lines}) 2>report")), 2, "{}", backup.report("report"));
        let mail = backup.mail("tar", Some(2), "report");
        assert_eq!(mail.outcome, "error");
        mail.says(reason);
        assert_eq!(mail.text.lines().nth(2), Some(reason), "{}", mail.text);
    }
}
