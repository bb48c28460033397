use crate::tools::Tool;
use crate::tools::testing::{cut_everywhere, errors, read, survives_garbage};

/// What rsnapshot 1.4.5 writes to its `logfile` under `loglevel 3` and rsync's `--stats`.
const LOG: &str = r#"[2026-11-22T02:00:01] /usr/bin/rsnapshot alpha: started
[2026-11-22T02:00:01] echo 12 > /run/rsnapshot.pid
[2026-11-22T02:00:02] rsync: [sender] send_files failed to open "/yesterday": Permission denied (13)
[2026-11-22T02:00:03] /usr/bin/rsnapshot alpha: completed successfully
[2026-11-23T02:00:01] /usr/bin/rsnapshot alpha: started
[2026-11-23T02:00:01] echo 12936 > /run/rsnapshot.pid
[2026-11-23T02:00:01] /usr/bin/rsync -a --delete --stats /home/ /backup/alpha.0/l/
[2026-11-23T02:00:02] rsync: [sender] opendir "/home/closed" failed: Permission denied (13)
[2026-11-23T02:00:02] IO error encountered -- skipping file deletion
[2026-11-23T02:00:02] rsync: [sender] send_files failed to open "/home/caf\#351": Permission denied (13)
[2026-11-23T02:00:02] 
[2026-11-23T02:00:02] Number of files: 6 (reg: 4, dir: 2)
[2026-11-23T02:00:02] Number of created files: 1 (reg: 1)
[2026-11-23T02:00:02] Number of deleted files: 0
[2026-11-23T02:00:02] Number of regular files transferred: 3
[2026-11-23T02:00:02] Total file size: 1,234 bytes
[2026-11-23T02:00:02] Total transferred file size: 1,000 bytes
[2026-11-23T02:00:02] Literal data: 900 bytes
[2026-11-23T02:00:02] Matched data: 0 bytes
[2026-11-23T02:00:02] sent 107 bytes  received 97 bytes  408.00 bytes/sec
[2026-11-23T02:00:02] total size is 1,234  speedup is 0.01
[2026-11-23T02:00:02] rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]
[2026-11-23T02:00:02] WARNING: Some files and/or directories in /home/ only transferred partially during rsync operation
[2026-11-23T02:00:02] touch /backup/alpha.0/
[2026-11-23T02:00:02] rm -f /run/rsnapshot.pid
[2026-11-23T02:00:03] WARNING: /usr/bin/rsnapshot alpha: completed, but with some warnings
"#;

/// What it prints about a mistake in its configuration.
const CONFIGURATION: &str = r#"----------------------------------------------------------------------------
rsnapshot encountered an error! The program was invoked with these options:
/usr/bin/rsnapshot -c /etc/e.conf alpha 
----------------------------------------------------------------------------
ERROR: /etc/e.conf on line 11:
ERROR: backup /nothere/ l/ - Source directory "/nothere/" \
         doesn't exist 
ERROR: ---------------------------------------------------------------------
ERROR: Errors were found in /etc/e.conf,
ERROR: rsnapshot can not continue. If you think an entry looks right, make
ERROR: sure you don't have spaces where only tabs should be.
"#;

const WRONG: &str =
    r#"/etc/e.conf on line 11: backup /nothere/ l/ - Source directory "/nothere/" doesn't exist"#;

#[test]
fn of_a_log_the_last_run_counts() {
    let report = read(Tool::Rsnapshot, LOG);
    assert!(report.complete);
    assert_eq!(
        errors(&report),
        [
            "/home/closed: opendir failed: Permission denied (13)",
            "IO error encountered -- skipping file deletion",
            r"/home/caf\xE9: send_files failed to open: Permission denied (13)",
            "/home/: some files or folders only transferred partially during rsync operation",
        ]
    );
    let facts = report.facts;
    assert_eq!((facts.exit_code, facts.status, facts.message), (Some(2), None, None));
    assert_eq!((facts.files_total, facts.files_copied), (Some(4), Some(2)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(1_234), Some(900)));

    let name = "[2026-11-23T02:00:02] home/rsnapshot: started\n[2026-11-23T02:00:02] touch";
    let with_name = LOG.replacen("[2026-11-23T02:00:02] touch", name, 1);
    assert_eq!(errors(&read(Tool::Rsnapshot, with_name)).len(), 4);

    let yesterday = LOG.split_inclusive('\n').take(4).collect::<String>();
    let report = read(Tool::Rsnapshot, &yesterday);
    // it may be of any day: that it went well is for the exit code to say
    assert_eq!((report.complete, report.facts.exit_code, report.facts.status), (true, None, None));
    assert!(!read(Tool::Rsnapshot, yesterday + LOG.split_inclusive('\n').next().unwrap()).complete);
}

#[test]
fn a_run_that_could_not_begin_is_not_the_one_before_it() {
    let lock = |time: &str| {
        format!(
            "[2026-11-23T{time}] /usr/bin/rsnapshot alpha: ERROR: Lockfile /run/x exists, can not continue\n"
        )
    };
    for before in [String::new(), LOG.to_owned(), LOG.to_owned() + &lock("03:00:00")] {
        let report = read(Tool::Rsnapshot, before + &lock("04:00:00"));
        assert_eq!(errors(&report), ["Lockfile /run/x exists, can not continue"]);
        assert_eq!(
            (report.facts.files_total, report.facts.exit_code, report.complete),
            (None, Some(1), true)
        );
    }
}

#[test]
fn a_wrong_configuration_is_one_sentence() {
    let report = read(Tool::Rsnapshot, CONFIGURATION);
    assert_eq!(errors(&report), [WRONG]);
    assert_eq!((report.facts.exit_code, report.complete), (Some(1), true));

    let command = "[2026-11-23T02:00:01] /usr/bin/rsnapshot -c /etc/e.conf alpha";
    let (_, errors_only) = CONFIGURATION.split_once("alpha \n").unwrap();
    let log: String = errors_only
        .split_inclusive('\n')
        .skip(1)
        .map(|line| if line.starts_with("ERROR: ") { format!("{command}: {line}") } else { line.to_owned() })
        .collect();
    let report = read(Tool::Rsnapshot, log);
    assert_eq!(errors(&report), [WRONG]);
    assert_eq!((report.facts.exit_code, report.complete), (Some(1), true));
}

#[test]
fn silence_is_its_end_on_a_terminal() {
    assert!(read(Tool::Rsnapshot, "").complete);
    let report = read(
        Tool::Rsnapshot,
        "WARNING: Some files and/or directories in /a b/ vanished during rsync operation\n",
    );
    assert_eq!(errors(&report), ["/a b/: some files or folders vanished during rsync operation"]);
    assert_eq!((report.complete, report.facts.exit_code), (true, Some(2)));
    assert!(!read(Tool::Rsnapshot, "tar: x: y\n").complete);
}

#[test]
fn a_cut_anywhere_leaves_what_was_there() {
    for report in [LOG, CONFIGURATION] {
        cut_everywhere(Tool::Rsnapshot, report);
        survives_garbage(Tool::Rsnapshot, report);
    }
}
