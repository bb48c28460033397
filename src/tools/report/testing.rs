//! What every parser has to bear, whatever program it is for.

use proptest::prelude::*;

use crate::run::RunError;
use crate::tools::Tool;
use crate::tools::report::{Line, Parser, ReportReader, Stream, ToolReport};

/// Reads a report in one piece.
pub(in crate::tools) fn report(tool: Tool, bytes: &[u8]) -> ToolReport {
    let mut reader = ReportReader::new(tool).unwrap();
    reader.feed(Stream::Stdout, bytes);
    reader.finish()
}

/// The errors of a report, each as "path: message".
pub(in crate::tools) fn errors(report: &ToolReport) -> Vec<String> {
    let one = |error: &RunError| match &error.path {
        Some(path) => format!("{path}: {}", error.message),
        None => error.message.clone(),
    };
    report.facts.errors.iter().map(one).collect()
}

/// Cuts a report everywhere; it may look complete from `last_words` on only.
pub(in crate::tools) fn cut_anywhere(tool: Tool, bytes: &[u8], last_words: &str) {
    let whole = report(tool, bytes);
    assert!(whole.complete, "{whole:?}");
    let last = last_words.as_bytes();
    let last = bytes.windows(last.len()).rposition(|part| part == last).expect("the last words");
    for end in 0..bytes.len() {
        let cut = report(tool, &bytes[..end]);
        assert!(!cut.complete || end > last, "complete after {end} bytes: {cut:?}");
        assert!(cut.facts.errors.len() <= whole.facts.errors.len(), "{end}: {cut:?}");
        // however it comes in, it says the same
        let mut reader = ReportReader::new(tool).unwrap();
        reader.feed(Stream::Stdout, &bytes[..end]);
        reader.feed(Stream::Stdout, &bytes[end..]);
        assert_eq!(reader.finish(), whole);
    }
}

/// Reads noise, and a real report with noise in it.
pub(in crate::tools) fn bears_noise(tool: Tool, sample: &[u8]) {
    let noise = proptest::collection::vec(any::<u8>(), 0..300);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let place = (0..sample.len(), 0..40_usize, noise);
    runner
        .run(&place, |(at, length, noise)| {
            let alone = report(tool, &noise);
            prop_assert!(!alone.complete);
            let end = (at + length).min(sample.len());
            report(tool, &[&sample[..at], &noise, &sample[end..]].concat());
            report(tool, &[&sample[..at], &sample[end..]].concat());
            Ok(())
        })
        .unwrap();
    // of other programs there is nothing to be found in it
    for other in
        ["hello\n", "{}\n", "{\n}\n", "[1,2]\n", "{\"a\":[[[[[{", "<html>\n", "rsync error: x (code 1)\n"]
    {
        assert_eq!(report(tool, other.as_bytes()), ToolReport::default(), "{other}");
    }
    let deep = "[".repeat(100_000);
    report(tool, format!("{{\"message_type\":{deep}\n{{\"type\":{deep}\n{{\"level\":{deep}\n").as_bytes());
}

/// Feeds a parser with lines until it has seen more than `bytes`, and returns how much of it is kept, as
/// it shows itself.
pub(in crate::tools) fn kept<P: Parser + std::fmt::Debug>(
    mut parser: P,
    lines: &[Vec<u8>],
    bytes: u64,
) -> usize {
    let mut seen = 0;
    while seen < bytes {
        for line in lines {
            parser.line(Line { stream: Stream::Stdout, bytes: line, cut: false });
            seen += line.len() as u64;
        }
    }
    format!("{parser:?}").len()
}
