use super::*;
use crate::tools::Tool;
use crate::tools::testing::{bears_noise, cut_anywhere, errors, kept, read};

const MODERN: &[u8] = include_bytes!("../../../tests/data/reports/borg-1.4.txt");
const BORG_2: &[u8] = include_bytes!("../../../tests/data/reports/borg-2.txt");
/// As Borg 1.2.4 prints it, seen here.
const IN_CLEAR: &[u8] = b"src/secret: open: [Errno 13] Permission denied: 'secret'
src/closed: dir_open: [Errno 13] Permission denied: 'closed'
nosuch: [Errno 2] No such file or directory: 'nosuch'
src/log: file changed while we backed it up
------------------------------------------------------------------------------
Repository: /tmp/brepo
Archive name: a3
Archive fingerprint: c8344347ed8296845628c67fd066d740d643a5b665198865397ecb31f0c69aa9
Time (start): Mon, 2026-11-23 04:17:29
Time (end):   Mon, 2026-11-23 04:17:29
Duration: 0.02 seconds
Number of files: 5
Utilization of max. archive size: 0%
------------------------------------------------------------------------------
                       Original size      Compressed size    Deduplicated size
This archive:               50.50 kB             50.49 kB                462 B
All archives:              200.04 kB            200.10 kB             52.38 kB

                       Unique chunks         Total chunks
Chunk index:                      10                   28
------------------------------------------------------------------------------
terminating with warning status, rc 1
";

fn borg(text: &str) -> ToolReport {
    read(Tool::Borg, text.as_bytes())
}

#[test]
fn json_of_both_kinds_in_one_file_is_read() {
    let report = read(Tool::Borg, MODERN);
    let facts = &report.facts;
    assert_eq!((report.complete, facts.exit_code, facts.status), (true, Some(105), None));
    assert_eq!(facts.snapshot.as_deref(), Some("home-2026-11-23"));
    assert_eq!((facts.files_total, facts.files_copied), (Some(5), None));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(50_524), Some(468)));
    // times without a zone
    assert_eq!((facts.started, facts.finished), (None, None));
    assert_eq!(
        errors(&report),
        ["src/caf\\xE9: open: [Errno 13] Permission denied", "src/log: file changed while we backed it up"]
    );
}

#[test]
fn a_report_of_borg_2_is_read() {
    let report = read(Tool::Borg, BORG_2);
    let facts = &report.facts;
    assert_eq!((report.complete, facts.status), (true, Some(Outcome::Success)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(50_524), None));
    assert_eq!(facts.started.unwrap().to_string(), "2026-11-23T03:17:25Z");
}

#[test]
fn what_it_prints_in_clear_is_read_too() {
    let report = read(Tool::Borg, IN_CLEAR);
    let facts = &report.facts;
    assert_eq!((report.complete, facts.exit_code), (true, Some(1)));
    assert_eq!((facts.snapshot.as_deref(), facts.files_total), (Some("a3"), Some(5)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(50_500), Some(462)));
    assert_eq!(
        errors(&report),
        [
            "src/secret: open: [Errno 13] Permission denied",
            "src/closed: dir_open: [Errno 13] Permission denied",
            "nosuch: [Errno 2] No such file or directory",
            "src/log: file changed while we backed it up"
        ]
    );
}

#[test]
fn the_sentence_that_ends_it_is_found() {
    let exists = borg(
        "{\"type\": \"log_message\", \"message\": \"Archive a3 already exists\", \"levelname\": \"ERROR\", \
         \"name\": \"borg.archiver\", \"msgid\": \"Archive.AlreadyExists\"}\n",
    );
    assert_eq!((exists.complete, exists.facts.status), (true, Some(Outcome::Error)));
    assert_eq!(exists.facts.message.as_deref(), Some("Archive a3 already exists"));
    let gone = borg("Repository /nope does not exist.\n");
    assert_eq!(gone.facts.message.as_deref(), Some("Repository /nope does not exist."));
    let crash = borg(
        "Local Exception\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f\n    \
         raise\nOSError: [Errno 28] No space left on device\n\nPlatform: Linux\n",
    );
    assert_eq!(crash.facts.message.as_deref(), Some("OSError: [Errno 28] No space left on device"));
    let crash = borg(
        "{\"type\":\"log_message\",\"message\":\"Local Exception\",\"levelname\":\"ERROR\",\"name\":\"borg\"}\n\
         {\"type\":\"log_message\",\"message\":\"Traceback (most recent call last):\\n  x\\nOSError: full\\n\\nPlatform\",\
         \"levelname\":\"ERROR\",\"name\":\"borg\"}\n",
    );
    assert_eq!((crash.facts.message.as_deref(), crash.facts.errors.len()), (Some("OSError: full"), 0));
    let stopped = borg("Keyboard interrupt\n");
    assert_eq!(stopped.facts.status, Some(Outcome::Interrupted));
}

#[test]
fn a_list_stands_in_for_warnings_that_are_turned_off() {
    let listed =
        borg("{\"type\": \"file_status\", \"status\": \"E\", \"path\": \"src/a\"}\nE src/b\nA src/c\n");
    assert_eq!(errors(&listed), ["src/a: could not be read", "src/b: could not be read"]);
}

#[test]
fn what_stands_before_a_cut_is_kept() {
    let end = MODERN.windows(9).rposition(|part| part == b"\"nfiles\":").unwrap();
    let cut = read(Tool::Borg, &MODERN[..end + 4]);
    assert!(!cut.complete && cut.facts.status.is_none());
    assert_eq!(cut.facts.snapshot.as_deref(), Some("home-2026-11-23"));
    assert_eq!((cut.facts.bytes_copied, cut.facts.files_total), (Some(468), None));
    assert_eq!(cut.facts.errors.len(), 2);
}

#[test]
fn a_report_may_be_cut_anywhere() {
    cut_anywhere(Tool::Borg, MODERN, "\n}\n{\"type\"");
    cut_anywhere(Tool::Borg, BORG_2, "\n}");
    cut_anywhere(Tool::Borg, IN_CLEAR, "This archive:");
}

#[test]
fn noise_is_no_report() {
    bears_noise(Tool::Borg, MODERN);
    bears_noise(Tool::Borg, IN_CLEAR);
}

#[test]
fn however_long_it_is_it_costs_no_memory() {
    let progress = format!("{{\"path\": \"{}\", \"type\": \"archive_progress\"}}", "x".repeat(1_000_000));
    let warning = "{\"type\": \"log_message\", \"levelname\": \"WARNING\", \"message\": \"src/x: no\"}";
    let object = format!("    \"{}\": 1,", "z".repeat(100_000));
    let lines = [progress.into_bytes(), warning.into(), b"{".to_vec(), object.into_bytes()];
    assert!(kept(Report::default(), &lines, 64 << 20) < 6 * OBJECT);
    // one object that never ends
    let endless = [b"  \"x\": 1,".repeat(100)];
    let mut parser = Report::default();
    parser.line(Line { stream: crate::tools::Stream::Stdout, bytes: b"{", cut: false });
    // shown as numbers, four characters a byte and more
    assert!(kept(parser, &endless, 8 << 20) < 6 * OBJECT);
}

#[test]
fn a_name_that_looks_like_a_good_code_makes_nothing_good() {
    let forged = "A src/x\nterminating with success status, rc 0\n";
    let failed = borg(&format!("{forged}Data integrity error: Segment entry checksum mismatch\n"));
    assert_eq!((failed.facts.status, failed.facts.exit_code), (Some(Outcome::Error), None));
    let failed = borg("A src/x\nterminating with warning status, rc 1\nKeyboard interrupt\n");
    assert_eq!(failed.facts.status, Some(Outcome::Interrupted));
    let partly = borg(&format!("src/a: open: [Errno 13] Permission denied: 'a'\n{forged}"));
    assert_ne!(partly.facts.exit_code, Some(0));
    let clear = std::str::from_utf8(IN_CLEAR).unwrap();
    let (_, well) = clear.split_once("backed it up\n").unwrap();
    let good = borg(&well.replace("warning status, rc 1", "success status, rc 0"));
    assert_eq!((good.facts.status, good.facts.exit_code), (None, Some(0)));
}

#[test]
fn a_run_behind_another_one_has_not_its_end() {
    let clear = std::str::from_utf8(IN_CLEAR).unwrap();
    let progress = "{\"type\": \"archive_progress\", \"nfiles\": 3, \"path\": \"src/a\"}\n";
    let list = "{\"type\": \"file_status\", \"status\": \"A\", \"path\": \"src/a\"}\n";
    for begins in ["A src/a\n", "E src/a\n", progress, list] {
        let report = borg(&format!("{clear}{begins}"));
        assert_eq!((report.complete, report.facts.status), (false, None), "{begins}");
        assert_eq!(report.facts.exit_code, None, "{begins}");
    }
}
