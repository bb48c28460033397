//! What the tests of the readers share.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::tools::{ReportReader, Stream, Tool, ToolReport};

/// Reads a whole report, as from a file.
pub(super) fn read(tool: Tool, report: impl AsRef<[u8]>) -> ToolReport {
    let mut reader = ReportReader::new(tool).unwrap();
    reader.feed(Stream::Stdout, report.as_ref());
    reader.finish()
}

/// Lists the errors as "path: message".
pub(super) fn errors(report: &ToolReport) -> Vec<String> {
    let sentence = |error: &crate::run::RunError| match &error.path {
        Some(path) => format!("{path}: {}", error.message),
        None => error.message.clone(),
    };
    report.facts.errors.iter().map(sentence).collect()
}

/// Reads a report cut at every byte, in pieces that are cut there too: never a panic, and never a number
/// that the whole one has not.
pub(super) fn cut_everywhere(tool: Tool, report: &str) {
    let whole = read(tool, report);
    for at in 0..report.len() {
        let part = read(tool, &report.as_bytes()[..at]);
        for (part, whole) in [
            (part.facts.files_total, whole.facts.files_total),
            (part.facts.files_copied, whole.facts.files_copied),
            (part.facts.bytes_total, whole.facts.bytes_total),
            (part.facts.bytes_copied, whole.facts.bytes_copied),
        ] {
            assert!(part.is_none() || part <= whole, "{at}: {part:?} of {whole:?}");
        }
        let mut reader = ReportReader::new(tool).unwrap();
        reader.feed(Stream::Stdout, &report.as_bytes()[..at]);
        reader.feed(Stream::Stdout, &report.as_bytes()[at..]);
        assert_eq!(reader.finish(), whole, "{at}");
    }
}

/// Reads garbage, and real lines with garbage in them: never a panic.
pub(super) fn survives_garbage(tool: Tool, report: &str) {
    let lines: Vec<Vec<u8>> = report.lines().map(|line| line.as_bytes().to_vec()).collect();
    let piece = prop_oneof![
        proptest::sample::select(lines),
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(b"\n".to_vec()),
    ];
    let pieces = proptest::collection::vec(piece, 0..30);
    TestRunner::default()
        .run(&pieces, |pieces| {
            read(tool, pieces.concat());
            Ok(())
        })
        .unwrap();
}
