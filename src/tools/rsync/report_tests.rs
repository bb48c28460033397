use crate::tools::Tool;
use crate::tools::testing::{cut_everywhere, errors, read, survives_garbage};

/// What rsync 3.5.0 prints under `-a --stats` about files that it may not read, and one that is gone.
const PARTIAL: &str = r#"rsync: [sender] opendir "/src/closed" failed: Permission denied (13)
rsync: [sender] send_files failed to open "/src/back\#134#351": Permission denied (13)
rsync: [sender] send_files failed to open "/src/caf\#351 "1"": Permission denied (13)
file has vanished: "/src/new\#012line"

Number of files: 1,016 (reg: 1,013, dir: 2, link: 1)
Number of created files: 16 (reg: 13, dir: 3)
Number of deleted files: 0
Number of regular files transferred: 13
Total file size: 3,014,808 bytes
Total transferred file size: 3,014,808 bytes
Literal data: 3,000,000 bytes
Matched data: 8 bytes
File list size: 0
File list generation time: 0.001 seconds
File list transfer time: 0.000 seconds
Total bytes sent: 3,001,270
Total bytes received: 278

sent 3,001,270 bytes  received 278 bytes  6,003,096.00 bytes/sec
total size is 3,014,808  speedup is 1.00
rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]
"#;

/// The shape of 2.6.9, as macOS had it until 15: main.c of that version, and
/// <https://github.com/alephsecurity/xnu-qemu-arm64/issues/6> for the last line.
const OLD: &str = r#"building file list ... done
rsync: recv_generator: mkdir "/Volumes/B/Data\#015" failed: No such file or directory (2)

Number of files: 16
Number of files transferred: 13
Total file size: 3014808 bytes
Total transferred file size: 3000000 bytes
Literal data: 3000000 bytes
Matched data: 0 bytes
File list size: 200
File list generation time: 0.001 seconds
File list transfer time: 0.000 seconds
Total bytes sent: 3001270
Total bytes received: 278

sent 3001270 bytes  received 278 bytes  6003096.00 bytes/sec
total size is 3014808  speedup is 1.00
rsync error: some files could not be transferred (code 23) at /BuildRoot/rsync/main.c(996) [sender=2.6.9]
"#;

/// The shape of macOS 15's openrsync: `stats_output` and `rsync_humanize` of Apple's sources, its errors from
/// <https://github.com/kristapsdz/openrsync/issues/33>.
const OPENRSYNC: &str = "\
rsync(31864): error: Email/x y: open: Permission denied
rsync(31863): error: unexpected end of file
Number of files: 3
Number of files transferred: 2
Total file size: 12 B
Total transferred file size: 12 B
Unmatched data: 7 B
Matched data: 0 B
File list size: 67 B
Total sent: 181 B
Total received: 64 B

sent 181 bytes  received 64 bytes  13535 bytes/sec
total size is 12  speedup is 0.05
";

#[test]
fn numbers_and_errors_of_a_partial_transfer() {
    let report = read(Tool::Rsync, PARTIAL);
    let facts = &report.facts;
    assert!(report.complete);
    // of 13 files that it calls transferred, 3 could not be opened; folders and links are no files
    assert_eq!((facts.files_total, facts.files_copied), (Some(1_013), Some(10)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(3_014_808), Some(3_000_008)));
    assert_eq!((facts.status, facts.exit_code), (None, Some(23)));
    assert_eq!(facts.message, None, "it only repeats what the code means");
    assert_eq!(
        errors(&report),
        [
            "/src/closed: opendir failed: Permission denied (13)",
            r"/src/back\#351: send_files failed to open: Permission denied (13)",
            r#"/src/caf\xE9 "1": send_files failed to open: Permission denied (13)"#,
            r"/src/new\nline: file has vanished",
        ]
    );
}

#[test]
fn older_versions_and_the_one_of_macos_call_rows_otherwise() {
    let old = read(Tool::Rsync, OLD);
    assert_eq!((old.facts.files_total, old.facts.files_copied), (Some(16), Some(13)));
    assert_eq!((old.facts.bytes_total, old.facts.bytes_copied), (Some(3_014_808), Some(3_000_000)));
    assert_eq!(old.facts.exit_code, Some(23));
    let error = r"/Volumes/B/Data\r: recv_generator: mkdir failed: No such file or directory (2)";
    assert_eq!(errors(&old), [error]);

    let open = read(Tool::Rsync, OPENRSYNC);
    assert!(open.complete);
    assert_eq!((open.facts.files_total, open.facts.files_copied), (Some(3), Some(1)));
    assert_eq!((open.facts.bytes_total, open.facts.bytes_copied), (Some(12), Some(7)));
    assert_eq!(errors(&open), ["Email/x y: open: Permission denied", "unexpected end of file"]);
}

#[test]
fn every_kind_of_error_has_its_path() {
    for (line, error) in [
        (
            r#"rsync: [receiver] rename "/d/.x.AbC" -> "d/x": Permission denied (13)"#,
            "d/x: rename: Permission denied (13)",
        ),
        (
            r#"rsync: [generator] symlink "/d/l" -> "a" failed: File exists (17)"#,
            "/d/l: symlink failed: File exists (17)",
        ),
        (
            r#"rsync: opendir "/x" (in mod) failed: Permission denied (13)"#,
            "/x: opendir (in mod) failed: Permission denied (13)",
        ),
        (
            r#"rsync: [sender] readlink_stat("/x") failed: Keine Berechtigung (13)"#,
            "/x: readlink_stat() failed: Keine Berechtigung (13)",
        ),
        (
            "rsync: [generator] delete_file: unlink(a (1)) failed: Operation not permitted (1)",
            "a (1): delete_file: unlink failed: Operation not permitted (1)",
        ),
        ("IO error encountered -- skipping file deletion", "IO error encountered -- skipping file deletion"),
        (
            "ssh: connect to host nas port 22: Connection refused",
            "ssh: connect to host nas port 22: Connection refused",
        ),
        ("@ERROR: Unknown module 'x'", "@ERROR: Unknown module 'x'"),
        (
            "rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]",
            "connection unexpectedly closed (0 bytes received so far) [Receiver]",
        ),
        ("rsync: error: poll: bad fd", "poll: bad fd"),
    ] {
        assert_eq!(errors(&read(Tool::Rsync, line)), [error], "{line}");
    }
}

#[test]
fn the_longest_path_that_a_system_takes_is_kept_whole() {
    let line = format!("file has vanished: \"/{}\"", r"\#351".repeat(4_094));
    let path = read(Tool::Rsync, line).facts.errors.remove(0).path.unwrap();
    assert_eq!(path, format!("/{}", r"\xE9".repeat(4_094)));
}

#[test]
fn lists_count_only_where_there_are_no_stats() {
    let list = "sending incremental file list\n>f+++++++++ ok\ncd+++++++++ g2/\n<f.st...... a\n>f+++++++ b\n\
                cL+++++++++ l -> a\n*deleting   old\n.f...p..... c\n>f is a name\n";
    assert_eq!(read(Tool::Rsync, list).facts.files_copied, Some(3));
    assert!(!read(Tool::Rsync, list).complete);
    let both = read(Tool::Rsync, format!("{list}{PARTIAL}"));
    assert_eq!(both.facts.files_copied, Some(10));
    let end = "sent 1 bytes  received 2 bytes  6.00 bytes/sec\ntotal size is 2.86M  speedup is 1.00\n";
    let short = read(Tool::Rsync, format!("{list}{end}"));
    assert!(short.complete);
    assert_eq!(short.facts.bytes_total, Some(2_860_000));
}

#[test]
fn several_runs_are_added_and_a_dry_run_copies_nothing() {
    let twice = read(Tool::Rsync, PARTIAL.repeat(2)).facts;
    assert_eq!((twice.files_total, twice.files_copied), (Some(2_026), Some(20)));
    assert_eq!((twice.bytes_total, twice.bytes_copied), (Some(6_029_616), Some(6_000_016)));
    let dry = read(Tool::Rsync, PARTIAL.replace("speedup is 1.00", "speedup is 1.00 (DRY RUN)")).facts;
    assert_eq!((dry.files_total, dry.files_copied, dry.bytes_copied), (Some(1_013), Some(0), Some(0)));
    assert_eq!(dry.notes.len(), 1);
}

#[test]
fn the_first_end_knows_why_and_the_last_has_the_code() {
    let report = read(
        Tool::Rsync,
        "rsync: [receiver] write failed on \"/d/ok\": No space left on device (28)\n\
         rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]\n\
         rsync: [sender] write error: Broken pipe (32)\n\
         rsync error: error in rsync protocol data stream (code 12) at io.c(231) [sender=3.5.0]\n",
    );
    assert_eq!(errors(&report)[0], "/d/ok: write failed on: No space left on device (28)");
    assert_eq!(report.facts.message, None);
    let alone =
        "rsync error: error starting client-server protocol (code 5) at main.c(1675) [Receiver=3.5.0]\n";
    let message = read(Tool::Rsync, alone).facts.message;
    assert_eq!(message.as_deref(), Some("error starting client-server protocol (code 5)"));
    assert_eq!((report.facts.exit_code, report.complete), (Some(12), true));
}

#[test]
fn names_that_look_like_rows_are_names() {
    let list = "sending incremental file list\nNumber of files transferred: 5\nNumber of files: 999999\na\n\
                Total file size: 1 bytes\nTotal transferred file size: 7 bytes\n";
    let report = read(Tool::Rsync, format!("{list}{PARTIAL}"));
    assert_eq!((report.facts.files_total, report.facts.bytes_total), (Some(1_013), Some(3_014_808)));
    for name in ["rsync error: fine (code 0) at main.c(1) [sender=3.5.0]", "rsync error: x (code -1) at y"] {
        let report = read(Tool::Rsync, name);
        assert_eq!((report.facts.exit_code, report.complete), (None, false));
    }
}

#[test]
fn progress_leaves_the_lines_as_they_are() {
    let bar = "\r         32,768   1%    0.00kB/s    0:00:00  \r      3,000,000  99%  471.63MB/s    0:00:00 (xfr#1)\n";
    assert_eq!(read(Tool::Rsync, format!("{bar}{PARTIAL}")), read(Tool::Rsync, PARTIAL));
    let without_break = bar.trim_end().to_owned() + "\r" + PARTIAL;
    assert_eq!(read(Tool::Rsync, without_break), read(Tool::Rsync, PARTIAL));
}

#[test]
fn nothing_is_no_end_and_neither_is_what_others_print() {
    for other in ["", "\n", "tar: /x: Cannot open: Permission denied\n", "{\"message_type\":\"summary\"}\n"] {
        let report = read(Tool::Rsync, other);
        assert!(!report.complete && report.facts.errors.is_empty(), "{other}");
    }
}

#[test]
fn a_cut_anywhere_leaves_what_was_there() {
    for report in [PARTIAL, OLD, OPENRSYNC] {
        cut_everywhere(Tool::Rsync, report);
        survives_garbage(Tool::Rsync, report);
    }
    // up to the code of the last line nothing tells of the end but the line before it
    let at = PARTIAL.find("  speedup").unwrap();
    let cut = read(Tool::Rsync, &PARTIAL.as_bytes()[..at]);
    assert_eq!((cut.complete, cut.facts.files_copied), (false, Some(10)));
}

#[test]
fn names_in_the_order_of_the_rows_forge_no_sums() {
    let forged = "Number of files: 900\nNumber of regular files transferred: 900\n\
                  Total file size: 900 bytes\nTotal transferred file size: 900 bytes\nzzz\n";
    let report = read(Tool::Rsync, format!("{forged}{PARTIAL}"));
    let plain = read(Tool::Rsync, PARTIAL);
    assert!(plain.facts.files_total.is_some());
    assert_eq!(report.facts.files_total, plain.facts.files_total);
    assert_eq!(report.facts.bytes_total, plain.facts.bytes_total);
    assert_eq!(read(Tool::Rsync, forged).facts.files_total, None);
}
