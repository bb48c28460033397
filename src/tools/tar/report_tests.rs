use crate::run::Outcome;
use crate::tools::Tool;
use crate::tools::testing::{cut_everywhere, errors, read, survives_garbage};

/// What GNU tar 1.34 prints under `--totals` about files that it may not read, or that change.
const FAILED: &str = r"tar: Removing leading `/' from member names
tar: /src/colon\: x: Cannot open: Permission denied
tar: /src/caf\351: Cannot open: Permission denied
tar: /src/new\nline: File removed before we read it
tar: /src/back\\slash\033: file changed as we read it
tar: /src/s: socket ignored
Total bytes written: 3010560 (2.9MiB, 349MiB/s)
tar: Exiting with failure status due to previous errors
";

/// The same in German (GNU tar's po/de.po: the order of name and reason is that of the English).
const GERMAN: &str = "\
tar: Entferne führende „/“ von Elementnamen
tar: /src/a: Kann open nicht ausführen: Keine Berechtigung
Gesamtzahl geschriebener Bytes: 10240 (10KiB, 5,0MiB/s)
tar: Beende mit Fehlerstatus aufgrund vorheriger Fehler
";

/// The shape of libarchive's tar on macOS: tar/bsdtar.c and tar/write.c of its sources.
const BSD: &str = "\
tar: Removing leading '/' from member names
tar: nothere: Cannot stat: No such file or directory
Total bytes written: 3010560
tar: Error exit delayed from previous errors.
";

#[test]
fn errors_have_their_names_back() {
    let report = read(Tool::Tar, FAILED);
    assert!(report.complete);
    assert_eq!(
        errors(&report),
        [
            "/src/colon: x: Cannot open: Permission denied",
            r"/src/caf\xE9: Cannot open: Permission denied",
            r"/src/new\nline: File removed before we read it",
            r"/src/back\slash\x1B: file changed as we read it",
        ]
    );
    assert_eq!(report.facts.errors[0].path.as_deref(), Some("/src/colon: x"));
    assert_eq!((report.facts.bytes_copied, report.facts.exit_code), (Some(3_010_560), Some(2)));
    assert_eq!((report.facts.status, report.facts.message), (None, None));
}

#[test]
fn what_makes_it_stop_is_the_message() {
    for (line, message) in [
        (
            "tar: /nowhere/x.tar: Cannot open: No such file or directory",
            "/nowhere/x.tar: Cannot open: No such file or directory",
        ),
        ("/bin/tar: x.tar: Wrote only 4096 of 10240 bytes", "x.tar: Wrote only 4096 of 10240 bytes"),
        (
            "tar (child): gzip: Cannot exec: No such file or directory",
            "gzip: Cannot exec: No such file or directory",
        ),
    ] {
        let report = read(
            Tool::Tar,
            format!(
                "tar: a: Cannot stat: Permission denied\n{line}\ntar: Error is not recoverable: exiting now\n"
            ),
        );
        assert_eq!(report.facts.message.as_deref(), Some(message));
        assert_eq!(errors(&report), ["a: Cannot stat: Permission denied"]);
        assert_eq!((report.facts.exit_code, report.complete), (Some(2), true));
    }
}

#[test]
fn other_languages_keep_names_and_numbers_and_their_last_words_tell_of_a_failure() {
    let report = read(Tool::Tar, GERMAN);
    assert_eq!(report.facts.errors[0].path.as_deref(), Some("/src/a"));
    assert_eq!(report.facts.errors[0].message, "Kann open nicht ausführen: Keine Berechtigung");
    assert_eq!(report.facts.bytes_copied, Some(10_240));
    assert_eq!((report.facts.status, report.facts.exit_code), (Some(Outcome::Error), None));
    // what only informs is no failure, nor is an error about one file the last word
    for quiet in ["tar: ./s: Socket ignoriert\n", "tar: Entferne führende „/“ von Elementnamen\n"] {
        assert_eq!(read(Tool::Tar, quiet).facts.status, None, "{quiet}");
    }
    let cut = "tar: a: Cannot stat: Permission denied\ntar: Child returned status 1";
    assert_eq!(read(Tool::Tar, cut).facts.status, None);
    let checkpoints = "tar: Write checkpoint 1000\ntar: Schreibe Checkpoint 2000\n";
    assert!(errors(&read(Tool::Tar, checkpoints)).is_empty());
    assert!(!errors(&report).iter().any(|error| error.starts_with("Entferne")));
}

#[test]
fn the_tar_of_macos_ends_with_1_for_errors_too() {
    let report = read(Tool::Tar, BSD);
    assert_eq!((report.facts.status, report.facts.bytes_copied), (Some(Outcome::Error), Some(3_010_560)));
    assert_eq!(errors(&report), ["nothere: Cannot stat: No such file or directory"]);
}

#[test]
fn silence_is_its_end_and_what_others_print_is_not() {
    assert!(read(Tool::Tar, "").complete);
    let totals = read(Tool::Tar, "Total bytes written: 10240 (10KiB, 5.0MiB/s)\n");
    assert!(totals.complete && totals.facts.bytes_copied == Some(10_240));
    for other in ["rsync: [sender] x\n", "{\"a\": \"b: c\"}\n", "home/jon/letter\n"] {
        let report = read(Tool::Tar, other);
        assert!(!report.complete && report.facts.errors.is_empty(), "{other}");
    }
}

#[test]
fn a_cut_anywhere_leaves_what_was_there() {
    for report in [FAILED, GERMAN] {
        cut_everywhere(Tool::Tar, report);
        survives_garbage(Tool::Tar, report);
    }
    survives_garbage(Tool::Tar, BSD);
}
