//! Real runs of rsnapshot, and the mail about each. Its log is never begun anew, so each world has two
//! runs in it.

use crate::backup_runs::Backup;

/// Writes a configuration that backs up this folder.
fn configure(backup: &Backup, source: &str) {
    let here = backup.world.path().display();
    let lines = format!(
        "config_version 1.2
snapshot_root {here}/snapshots/
cmd_cp /bin/cp
cmd_rm /bin/rm
cmd_rsync /usr/bin/rsync
retain alpha 3
verbose 2
loglevel 3
logfile {here}/log
lockfile {here}/pid
rsync_long_args --delete --numeric-ids --delete-excluded --stats
backup {here}/{source}/ here/
"
    );
    // it wants tabs, but the arguments of rsync are one word
    let tabs = |line: &str| match line.strip_prefix("rsync_long_args ") {
        Some(arguments) => format!("rsync_long_args\t{arguments}\n"),
        None => line.replace(' ', "\t") + "\n",
    };
    backup.world.write("conf", lines.lines().map(tabs).collect::<String>());
}

fn rsnapshot(backup: &Backup) -> i32 {
    backup.shell("rsnapshot -c conf alpha >report 2>&1")
}

#[test]
fn a_good_end_has_the_numbers_of_the_files_themselves() {
    let backup = Backup::new();
    configure(&backup, "src");
    for run in ["first", "second"] {
        assert_eq!(rsnapshot(&backup), 0, "{}", backup.report("report"));
        let total = backup.size_of("src");
        assert_eq!(backup.size_of("snapshots/alpha.0"), total);
        let mail = backup.mail("rsnapshot", Some(0), "log");
        assert_eq!(mail.outcome, "success");
        let copied = if run == "first" { (total.files, total.bytes) } else { (0, 0) };
        let with_link = total.bytes + "open".len() as u64;
        assert_eq!(mail.subject, format!("{} of {}, {} of {with_link}", copied.0, total.files, copied.1));
        mail.does_not_say("Please note");
        // at its usual level it prints nothing, and that is a good end too
        assert_eq!(backup.report("report"), "");
        backup.mail("rsnapshot", Some(0), "report").does_not_say("Please note");
    }
}

#[test]
fn unreadable_files_are_a_warning_and_those_of_the_last_run_are_named() {
    let backup = Backup::new();
    configure(&backup, "src");
    assert_eq!(rsnapshot(&backup), 0);
    let backup = backup.with_closed_files();
    assert_eq!(rsnapshot(&backup), 2, "{}", backup.report("report"));
    let (total, arrived) = (backup.size_of("src"), backup.size_of("snapshots/alpha.0"));
    for code in [Some(2), None] {
        let mail = backup.mail("rsnapshot", code, "log");
        assert_eq!(mail.outcome, "warning");
        let folder = backup.world.path().join("src/closed");
        mail.shows_names_in(folder.to_str().unwrap(), "send_files failed to open: Permission denied (13)");
        mail.says("only transferred partially during rsync operation");
        assert!(mail.subject.starts_with(&format!("0 of {}, 0 of ", total.files)), "{}", mail.subject);
        // and the sentence of rsnapshot itself
        mail.counts_errors(usize::try_from(total.files - arrived.files).unwrap() + 1);
    }
    // what it prints names the folder only
    let mail = backup.mail("rsnapshot", Some(2), "report");
    assert_eq!(mail.outcome, "warning");
    mail.says("some files or folders only transferred partially during rsync operation");

    // the next run is none of that one's business
    std::fs::remove_dir_all(backup.world.path().join("src/closed")).unwrap();
    assert_eq!(rsnapshot(&backup), 0);
    let mail = backup.mail("rsnapshot", Some(0), "log");
    assert_eq!(mail.outcome, "success");
    mail.does_not_say("Permission denied");
}

#[test]
fn a_source_that_is_missing_is_an_error_in_one_sentence() {
    let backup = Backup::new();
    configure(&backup, "src");
    assert_eq!(rsnapshot(&backup), 0);
    configure(&backup, "nothere");
    assert_eq!(rsnapshot(&backup), 1);
    for (report, code) in [("report", Some(1)), ("report", None), ("log", Some(1)), ("log", None)] {
        let mail = backup.mail("rsnapshot", code, report);
        assert_eq!(mail.outcome, "error");
        let folder = backup.world.path().join("nothere/");
        mail.says(&format!("Source directory \"{}\" doesn't exist", folder.display()));
        mail.does_not_say("sure you don't have spaces");
        // nothing of the run before
        assert_eq!(mail.subject, "of , of");
    }
}
