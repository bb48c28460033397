//! What the tests of the readers share: what every one of them has to bear, whatever program it is for.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::run::RunError;
use crate::tools::report::{Line, Parser};
use crate::tools::{ReportReader, Stream, Tool, ToolReport};

/// Reads a whole report, as from a file.
pub(super) fn read(tool: Tool, report: impl AsRef<[u8]>) -> ToolReport {
    let mut reader = ReportReader::new(tool).unwrap();
    reader.feed(Stream::Stdout, report.as_ref());
    reader.finish()
}

/// Lists the errors as "path: message".
pub(super) fn errors(report: &ToolReport) -> Vec<String> {
    let sentence = |error: &RunError| match &error.path {
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

/// Cuts a report everywhere; it may look complete from `last_words` on only.
pub(super) fn cut_anywhere(tool: Tool, bytes: &[u8], last_words: &str) {
    let whole = read(tool, bytes);
    assert!(whole.complete, "{whole:?}");
    let last = last_words.as_bytes();
    let last = bytes.windows(last.len()).rposition(|part| part == last).expect("the last words");
    for end in 0..bytes.len() {
        let cut = read(tool, &bytes[..end]);
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
pub(super) fn bears_noise(tool: Tool, sample: &[u8]) {
    let noise = proptest::collection::vec(any::<u8>(), 0..300);
    let mut runner = TestRunner::deterministic();
    let place = (0..sample.len(), 0..40_usize, noise);
    runner
        .run(&place, |(at, length, noise)| {
            let alone = read(tool, &noise);
            prop_assert!(!alone.complete);
            let end = (at + length).min(sample.len());
            read(tool, [&sample[..at], &noise, &sample[end..]].concat());
            read(tool, [&sample[..at], &sample[end..]].concat());
            Ok(())
        })
        .unwrap();
    // of other programs there is nothing to be found in it
    for other in
        ["hello\n", "{}\n", "{\n}\n", "[1,2]\n", "{\"a\":[[[[[{", "<html>\n", "rsync error: x (code 1)\n"]
    {
        assert_eq!(read(tool, other.as_bytes()), ToolReport::default(), "{other}");
    }
    let deep = "[".repeat(100_000);
    read(tool, format!("{{\"message_type\":{deep}\n{{\"type\":{deep}\n{{\"level\":{deep}\n").as_bytes());
}

/// Feeds a parser with lines until it has seen more than `bytes`, and returns how much of it is kept, as
/// it shows itself.
pub(super) fn kept<P: Parser + std::fmt::Debug>(mut parser: P, lines: &[Vec<u8>], bytes: u64) -> usize {
    let mut seen = 0;
    while seen < bytes {
        for line in lines {
            parser.line(Line { stream: Stream::Stdout, bytes: line, cut: false });
            seen += line.len() as u64;
        }
    }
    format!("{parser:?}").len()
}
