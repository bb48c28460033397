use super::*;
use crate::tools::Tool;
use crate::tools::testing::{bears_noise, cut_anywhere, errors, kept, read};

const NEW: &[u8] = include_bytes!("../../../tests/data/reports/restic-0.18.jsonl");
const NO_REPOSITORY: &[u8] = include_bytes!("../../../tests/data/reports/restic-0.18-no-repository.jsonl");
/// As restic 0.14 prints it, seen here.
const OLD: &[u8] = br#"{"message_type":"error","error":{},"during":"scan","item":"/src/closed"}
{"message_type":"error","error":{},"during":"archival","item":"src/closed"}
{"message_type":"error","error":{"Op":"open","Path":"src/secret","Err":13},"during":"archival","item":"/src/secret"}
{"message_type":"summary","files_new":5,"files_changed":1,"files_unmodified":0,"dirs_new":2,"dirs_changed":0,"dirs_unmodified":0,"data_blobs":5,"tree_blobs":3,"data_added":52542,"total_files_processed":6,"total_bytes_processed":50009,"total_duration":0.254179888,"snapshot_id":"1882396a"}
Warning: at least one source file could not be read
"#;

fn restic(text: &str) -> ToolReport {
    read(Tool::Restic, text.as_bytes())
}

#[test]
fn a_report_of_an_old_version_is_read() {
    let report = read(Tool::Restic, OLD);
    assert!(report.complete);
    let facts = &report.facts;
    assert_eq!(facts.status, Some(Outcome::Warning));
    assert_eq!((facts.files_total, facts.files_copied), (Some(6), Some(6)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(50_009), Some(52_542)));
    assert_eq!(facts.snapshot.as_deref(), Some("1882396a"));
    assert_eq!(
        errors(&report),
        [
            "src/closed: could not be read (this version of restic does not say why)",
            "/src/secret: open: permission denied"
        ]
    );
}

#[test]
fn a_report_of_a_new_version_is_read() {
    let report = read(Tool::Restic, NEW);
    let facts = &report.facts;
    assert_eq!((report.complete, facts.status, facts.exit_code), (true, None, Some(3)));
    assert_eq!((facts.files_total, facts.files_copied), (Some(95), Some(5)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(1_234_567_890_123), Some(52_542)));
    assert_eq!(facts.started.unwrap().to_string(), "2026-11-22T01:00:01.5Z");
    assert_eq!(facts.finished.unwrap().to_string(), "2026-11-22T01:01:02.75Z");
    assert_eq!((facts.snapshot.as_ref().map(String::len), &facts.message), (Some(64), &None));
    assert_eq!(errors(&report), ["/home/kim/.ssh/id: open /home/kim/.ssh/id: permission denied"]);
}

#[test]
fn the_sentence_that_ends_it_is_found() {
    let gone = read(Tool::Restic, NO_REPOSITORY);
    assert_eq!((gone.complete, gone.facts.exit_code), (true, Some(10)));
    let said = gone.facts.message.unwrap();
    assert!(said.starts_with("repository does not exist: ") && said.ends_with("no such file or directory"));
    let wrong = restic("Fatal: wrong password or no key found\n");
    assert_eq!((wrong.complete, wrong.facts.status), (true, Some(Outcome::Error)));
    assert_eq!(wrong.facts.message.unwrap(), "wrong password or no key found");
    let locked = restic(
        "Save(<lock/aafd>) returned error, retrying after 1.5s: open /r/locks/a: permission denied\n\
         open /r/locks/b: permission denied\ngithub.com/restic\n\tfile.go:1\nunable to create lock in backend\n",
    );
    assert_eq!(locked.facts.message.as_deref(), Some("unable to create lock in backend"));
    assert_eq!(errors(&locked), ["open /r/locks/a: permission denied"]);
    let held = restic(
        "unable to create lock in backend: repository is already locked by PID 26614 on vm by nobody\n\
         lock was created at 2026-11-23 04:39:52 (1.77s ago)\nstorage ID 524a974d\n\
         the `unlock` command can be used to remove stale locks\n",
    );
    assert_eq!((held.complete, held.facts.status), (true, Some(Outcome::Error)));
    assert!(held.facts.message.unwrap().contains("already locked by PID 26614"));
    let cancelled = restic("\u{1b}[2Ksignal interrupt received, cleaning up\n");
    assert_eq!((cancelled.complete, cancelled.facts.status), (true, Some(Outcome::Interrupted)));
}

#[test]
fn what_it_prints_in_clear_is_read_too() {
    let report = restic(
        "error: Open: open src/closed: permission denied\nerror: open src/a: b: permission denied\n\
         error: incomplete metadata\n\n\
         Files:           1 new,     2 changed,     5 unmodified\nAdded to the repository: 0 B   (0 B   stored)\n\n\
         processed 8 files, 48.837 KiB in 0:00\nsnapshot c066be15 saved\n\
         Warning: at least one source file could not be read\n",
    );
    assert_eq!((report.facts.files_total, report.facts.files_copied), (Some(8), Some(3)));
    assert_eq!(report.facts.snapshot.as_deref(), Some("c066be15"));
    assert_eq!((report.complete, report.facts.status), (true, Some(Outcome::Warning)));
    let expected = ["src/closed: permission denied", "src/a: b: permission denied", "incomplete metadata"];
    assert_eq!(errors(&report), expected);
}

#[test]
fn odd_numbers_and_shapes_cost_only_themselves() {
    let odd = restic(
        "{\"message_type\":\"summary\",\"files_new\":-1,\"files_changed\":1e300,\"data_added\":7.5,\
         \"total_files_processed\":\"many\",\"total_bytes_processed\":[1],\"snapshot_id\":null}",
    );
    assert!(odd.complete);
    assert_eq!(
        (odd.facts.files_copied, odd.facts.bytes_copied, odd.facts.files_total),
        (None, Some(7), None)
    );
    let odd = restic("{\"message_type\":\"error\",\"error\":\"as a string\",\"item\":\"/\\udce9\"}\n");
    assert_eq!(errors(&odd), ["/\\xE9: as a string"]);
}

#[test]
fn a_report_may_be_cut_anywhere() {
    cut_anywhere(Tool::Restic, NEW, "{\"message_type\":\"summary\"");
    cut_anywhere(Tool::Restic, OLD, "{\"message_type\":\"summary\"");
}

#[test]
fn noise_is_no_report() {
    bears_noise(Tool::Restic, NEW);
    bears_noise(Tool::Restic, OLD);
}

#[test]
fn a_gigabyte_of_it_costs_no_memory() {
    let status = format!("{{\"message_type\":\"status\",\"current_files\":[\"{}\"]}}", "x".repeat(1_000_000));
    let error = format!("{{\"message_type\":\"error\",\"item\":\"/{}\",\"error\":{{}}}}", "y".repeat(300));
    let lines = [status.into_bytes(), error.into_bytes(), b"error: open /a: b".to_vec()];
    assert!(kept(Report::default(), &lines, 1 << 30) < 100_000);
}

#[test]
fn the_end_of_one_run_is_not_that_of_the_next() {
    let summary = "{\"message_type\":\"summary\",\"files_new\":1}\n";
    let status = "{\"message_type\":\"status\",\"percent_done\":0}\n";
    assert_eq!(restic(&format!("{summary}{status}")).facts.status, None);
    assert!(!restic(&format!("{summary}{status}")).complete);
    assert_eq!(restic(&format!("{status}{summary}")).facts.status, Some(Outcome::Success));
    // and a failure stays one, whatever comes later
    let failed = restic(&format!("Fatal: no space\n{status}{summary}"));
    assert_eq!(failed.facts.status, Some(Outcome::Error));
    let partly = "Warning: at least one source file could not be read\n";
    assert_eq!(restic(&format!("Fatal: no space\n{partly}")).facts.status, Some(Outcome::Error));
    let clear = "processed 8 files, 48.837 KiB in 0:00\nsnapshot c066be15 saved\n";
    for begins in ["using parent snapshot 1\n", "no parent snapshot found, will read all files\n"] {
        assert!(!restic(&format!("{clear}{begins}")).complete, "{begins}");
        assert!(restic(&format!("{begins}{clear}")).complete, "{begins}");
    }
    // the name of a file with line breaks in it, under -vv
    assert!(
        !restic("new       /a\nsnapshot c066be15 saved, saved in 0s\nsnapshot x saved\nnew       /b\n")
            .complete
    );
}
