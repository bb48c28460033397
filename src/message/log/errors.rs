//! Which line of a log tells of an error: by its words.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Words that programs use when something goes wrong, in any case. No program of facts/backup-tools.md
/// fails without one of them; warnings that cost nothing have none.
const WORDS: [&str; 40] = [
    "error",
    "errors",
    "fatal",
    "fail",
    "fails",
    "failed",
    "failure",
    "failures",
    "cannot",
    "can't",
    "can not",
    "could not",
    "couldn't",
    "unable to",
    "denied",
    "not permitted",
    "no space",
    "disk full",
    "quota exceeded",
    "panic",
    "panicked",
    "traceback",
    "exception",
    "refused",
    "broken pipe",
    "timed out",
    "timeout",
    "critical",
    "no such file",
    "not found",
    "corrupt",
    "corrupted",
    "aborted",
    "vanished",
    "read-only file system",
    "killed",
    "segmentation fault",
    "connection reset",
    "connection unexpectedly closed",
    "does not exist",
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(WORDS).ok()
});

/// Tells whether a line tells of an error: such a word on its own, not a piece of a file name, and not as
/// in "0 errors" or "Errors: 0".
pub(super) fn tells(line: &[u8]) -> bool {
    let Some(finder) = FINDER.as_ref() else { return false };
    finder.find_iter(line).any(|found| {
        let before = line.get(..found.start()).unwrap_or_default();
        let after = line.get(found.end()..).unwrap_or_default();
        is_word(before, after) && !counts_none(before, after)
    })
}

fn is_word(before: &[u8], after: &[u8]) -> bool {
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/');
    let ends = match after {
        [b'.', next, ..] => !named(*next),
        [next, ..] => !named(*next),
        [] => true,
    };
    // "FileNotFoundError: …"
    let begins = !before.last().is_some_and(|b| named(*b) || *b == b'.') || after.first() == Some(&b':');
    ends && begins
}

fn counts_none(before: &[u8], after: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let word = before.rsplit(|b| !b.is_ascii_alphanumeric()).next().unwrap_or_default();
    let after = after.trim_ascii_start();
    let number = match after {
        [b':' | b'=', rest @ ..] => rest.trim_ascii_start(),
        _ => &[],
    };
    let zero = matches!(number, [b'0'] | [b'0', b' ' | b'\t' | b',' | b';' | b'\r' | b')' | b'.', ..]);
    zero || ["0", "no", "without", "any"].iter().any(|none| word.eq_ignore_ascii_case(none.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn errors_are_told_by_their_words() {
        for line in [
            "rsync error: some files could not be transferred (code 23)",
            "rsync: [sender] send_files failed to open \"/a\": Permission denied (13)",
            "Fatal: unable to open repository",
            "tar: /x: Cannot stat: No such file or directory",
            "ERROR : file: Failed to copy: quota",
            "Traceback (most recent call last):",
            "FileNotFoundError: [Errno 2] x",
            "write: No space left on device",
            "thread 'main' panicked at x",
            "Errors:                 3 (retrying may help)",
            "file has vanished: \"/a\"",
            "backup failed.",
        ] {
            assert!(tells(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn names_and_zeros_are_no_errors() {
        for line in [
            "home/jon/error.log",
            "docs/error_handling.md",
            "src/errors/",
            "terrors.txt",
            "0 errors, 0 failed",
            "Errors:                 0",
            "errors=0, failed: 0.",
            "no errors found",
            "warning: 3 files have changed",
            "",
        ] {
            assert!(!tells(line.as_bytes()), "{line}");
        }
    }
}
