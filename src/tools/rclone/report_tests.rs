use super::*;
use crate::tools::Tool;
use crate::tools::testing::{bears_noise, cut_anywhere, errors, kept, read};

const NEW: &[u8] = include_bytes!("../../../tests/data/reports/rclone-1.70.jsonl");
/// As rclone 1.60 prints it, seen here.
const OLD: &[u8] = br#"{"level":"warning","msg":"Config file not found - using defaults","source":"config/config.go:362","time":"2026-11-23T04:20:30.560696+00:00"}
{"level":"error","msg":"error reading source root directory: directory not found","object":"Local file system at /nosuch","objectType":"*local.Fs","source":"march/march.go:413","time":"2026-11-23T04:20:30.562842+00:00"}
{"level":"error","msg":"Attempt 1/3 failed with 1 errors and: directory not found","source":"cmd/cmd.go:283","time":"2026-11-23T04:20:30.563029+00:00"}
{"level":"error","msg":"error reading source root directory: directory not found","object":"Local file system at /nosuch","objectType":"*local.Fs","source":"march/march.go:413","time":"2026-11-23T04:20:30.563209+00:00"}
{"level":"error","msg":"Attempt 2/3 failed with 1 errors and: directory not found","source":"cmd/cmd.go:283","time":"2026-11-23T04:20:30.563309+00:00"}
{"level":"info","msg":"\nTransferred: 0 B\n","source":"accounting/stats.go:482","stats":{"bytes":0,"checks":0,"deletedDirs":0,"deletes":0,"elapsedTime":0.043395309,"errors":1,"eta":null,"fatalError":false,"lastError":"directory not found","renames":0,"retryError":true,"speed":0,"totalBytes":0,"totalChecks":0,"totalTransfers":0,"transferTime":0,"transfers":0},"time":"2026-11-23T04:20:30.563694+00:00"}
2026/11/23 04:20:30 Failed to sync: directory not found
"#;

fn rclone(text: &str) -> ToolReport {
    read(Tool::Rclone, text.as_bytes())
}

#[test]
fn a_report_of_a_new_version_is_read() {
    let report = read(Tool::Rclone, NEW);
    let facts = &report.facts;
    assert_eq!((report.complete, facts.status), (true, Some(Outcome::Error)));
    assert_eq!(facts.message.as_deref(), Some("Failed to sync: permission denied"));
    assert_eq!((facts.files_total, facts.files_copied), (Some(2), Some(1)));
    assert_eq!((facts.bytes_total, facts.bytes_copied), (Some(10), Some(5)));
    assert_eq!(facts.started.unwrap().to_string(), "2026-11-22T01:00:00.25Z");
    assert_eq!(facts.finished.unwrap().to_string(), "2026-11-22T01:00:04.5Z");
    assert_eq!(errors(&report), ["a: b/<b>.txt: Failed to copy: permission denied"]);
}

#[test]
fn an_error_of_three_attempts_is_one_error() {
    let report = read(Tool::Rclone, OLD);
    assert_eq!((report.complete, report.facts.status), (true, Some(Outcome::Error)));
    let expected = "Local file system at /nosuch: error reading source root directory: directory not found";
    assert_eq!(errors(&report), [expected]);
    assert_eq!(report.facts.message.as_deref(), Some("Failed to sync: directory not found"));
}

#[test]
fn an_error_that_is_gone_at_the_next_attempt_is_none() {
    let healed = rclone(
        "{\"level\":\"error\",\"msg\":\"Failed to copy: timeout\",\"object\":\"a\"}\n\
         {\"level\":\"error\",\"msg\":\"Attempt 1/3 failed with 1 errors and: timeout\"}\n\
         {\"level\":\"info\",\"msg\":\"Copied (new)\",\"object\":\"a\"}\n\
         {\"level\":\"error\",\"msg\":\"Attempt 2/3 succeeded\"}\n\
         {\"level\":\"info\",\"msg\":\"\",\"stats\":{\"bytes\":7,\"transfers\":1,\"totalBytes\":7,\"totalTransfers\":1}}\n",
    );
    assert_eq!((healed.complete, healed.facts.status), (true, Some(Outcome::Success)));
    assert_eq!((healed.facts.errors.len(), healed.facts.bytes_copied), (0, Some(7)));
    assert_eq!(healed.facts.bytes_total, None);
}

#[test]
fn figures_while_it_is_at_work_are_no_end() {
    let at_work = rclone(
        "{\"level\":\"info\",\"msg\":\"\",\"stats\":{\"bytes\":7,\"transferring\":[{\"name\":\"a\"}]}}\n",
    );
    assert_eq!((at_work.complete, at_work.facts.status), (false, None));
    let more = "{\"level\":\"info\",\"msg\":\"\",\"stats\":{\"bytes\":7}}\n{\"level\":\"info\",\"msg\":\"Copied (new)\"}\n";
    assert!(!rclone(more).complete);
}

#[test]
fn what_it_prints_in_clear_is_read_too() {
    let report = rclone(
        "2026/11/23 04:20:54 NOTICE: Config file not found - using defaults\n\
         2026/11/23 04:20:54 ERROR : d: x/y: Failed to copy: failed to open source object: open /s: permission denied\n\
         2026/11/23 04:20:54 INFO  : a: Copied (new)\n\
         2026/11/23 04:20:54 ERROR : Attempt 3/3 failed with 1 errors and: permission denied\n\
         2026/11/23 04:20:54 INFO  : \nTransferred:   \t  1.5 KiB / 3 KiB, 50%, 0 B/s, ETA -\n\
         Errors:                 1 (retrying may help)\nChecks:                12 / 12, 100%\n\
         Transferred:            6 / 7, 85%\nElapsed time:         0.0s\n\n\
         2026/11/23 04:20:54 Failed to sync: permission denied\n",
    );
    assert_eq!((report.complete, report.facts.status), (true, Some(Outcome::Error)));
    assert_eq!((report.facts.bytes_copied, report.facts.bytes_total), (Some(1536), Some(3072)));
    assert_eq!((report.facts.files_copied, report.facts.files_total), (Some(6), Some(7)));
    let expected = "d: x/y: Failed to copy: failed to open source object: open /s: permission denied";
    assert_eq!(errors(&report), [expected]);
}

#[test]
fn a_report_may_be_cut_anywhere() {
    cut_anywhere(Tool::Rclone, NEW, "{\"time\":\"2026-11-22T02:00:04.5+01:00\",\"level\":\"info\"");
    cut_anywhere(Tool::Rclone, OLD, "{\"level\":\"info\"");
}

#[test]
fn noise_is_no_report() {
    bears_noise(Tool::Rclone, NEW);
    bears_noise(Tool::Rclone, OLD);
}

#[test]
fn however_long_it_is_it_costs_no_memory() {
    let error = format!("{{\"level\":\"error\",\"msg\":\"{}\",\"object\":\"a\"}}", "x".repeat(900));
    let info = format!("{{\"level\":\"info\",\"msg\":\"{}\"}}", "x".repeat(1_000_000));
    let lines = [error.into_bytes(), info.into_bytes()];
    assert!(kept(Report::default(), &lines, 64 << 20) < 1 << 20);
}

#[test]
fn figures_without_anything_done_are_no_end() {
    let stats = |figures: &str| {
        rclone(&format!("{{\"level\":\"info\",\"msg\":\"\",\"stats\":{{{figures}}}}}\n")).facts.status
    };
    // it lists the other side, where nothing is transferred or checked just now
    assert_eq!(stats("\"transfers\":0,\"totalTransfers\":0,\"checks\":0,\"totalChecks\":0"), None);
    assert_eq!(stats("\"transfers\":3,\"totalTransfers\":7,\"checks\":9,\"totalChecks\":9"), None);
    assert_eq!(stats("\"transfers\":3,\"totalTransfers\":3,\"checks\":8,\"totalChecks\":9"), None);
    let nothing_new = "\"transfers\":0,\"totalTransfers\":0,\"checks\":9,\"totalChecks\":9";
    assert_eq!(stats(nothing_new), Some(Outcome::Success));
    let clear = |checks: &str, files: &str| {
        rclone(&format!("{checks}Transferred:            {files}\nElapsed time:         0.0s\n")).complete
    };
    assert!(!clear("", "0 / 0, -") && !clear("", "6 / 7, 85%"));
    assert!(clear("", "7 / 7, 100%") && clear("Checks:                12 / 12, 100%\n", "0 / 0, -"));
}
