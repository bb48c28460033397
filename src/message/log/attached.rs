//! A log as it goes with a message: cleaned, redacted, cut at line ends, and compressed when it is long.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Coding, without_escapes};
use crate::message::Attachment;
use crate::message::redact::Redactor;
use crate::text;

/// Up to how many bytes a log goes as text that any program shows at once.
const PLAIN_MOST: usize = 256 * 1024;
/// How much is cleaned at once, and how much of one line is kept.
const BLOCK: usize = 256 * 1024;
/// From how many bytes on a row of NUL bytes is a hole, which nobody wrote.
const HOLE: usize = 16;

/// What the file holds that goes with a message.
#[derive(Debug)]
pub(crate) enum Content {
    Text(String),
    Gzip(Vec<u8>),
}

/// Makes the file.
pub(crate) fn content(log: &Attachment<'_>, redactor: &Redactor) -> Content {
    let mut out = Packer::new(log.compressed);
    let coding = Coding::of(log.first);
    let (head, tail) = (coding.utf8(log.head), coding.utf8(log.tail));
    // what is cut in two is left out: half a secret would not be recognised
    let (mut kept_head, mut kept_tail) = (head.as_ref(), tail.as_ref());
    if log.left_out > 0 {
        kept_head = head.get(..after_last_break(&head)).unwrap_or_default();
        kept_tail = tail.get(after_first_break(&tail)..).unwrap_or_default();
    }
    out.pieces(kept_head, redactor);
    if log.left_out > 0 {
        let cut = head.len() - kept_head.len() + tail.len() - kept_tail.len();
        let bytes = log.left_out.saturating_add(u64::try_from(cut).unwrap_or_default());
        out.push(&format!("[… {bytes} bytes are left out here]\n"));
    }
    out.pieces(kept_tail, redactor);
    out.finish()
}

fn is_break(byte: u8) -> bool {
    byte == b'\n'
}

fn after_last_break(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| is_break(*b)).map_or(0, |at| at + 1)
}

fn after_first_break(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| is_break(*b)).map_or(bytes.len(), |at| at + 1)
}

/// Text that is compressed from the moment on when it is long.
enum Packer {
    Text(String),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Packer {
    fn new(compressed: bool) -> Self {
        if compressed { Self::Gzip(encoder()) } else { Self::Text(String::new()) }
    }

    /// Cleans, redacts and adds a part of a log.
    fn pieces(&mut self, mut rest: &[u8], redactor: &Redactor) {
        while !rest.is_empty() {
            let near = rest.get(..BLOCK).unwrap_or(rest);
            let fits = near.len() == rest.len();
            let end = if fits { near.len() } else { after_last_break(near) };
            // an old way to end lines, and that of progress bars
            let end =
                if end > 0 { end } else { near.iter().rposition(|b| *b == b'\r').map_or(0, |at| at + 1) };
            if end > 0 {
                self.push(&redactor.cleaned_log(&cleaned(near.get(..end).unwrap_or_default())));
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            let line = rest.iter().position(|b| is_break(*b)).unwrap_or(rest.len());
            let seen = cleaned(near);
            self.push(&redactor.cleaned_log(redactor.without_half(&seen)));
            self.push(&format!(" [… this line is too long: it has {line} bytes]"));
            rest = rest.get(line..).unwrap_or_default();
        }
    }

    fn push(&mut self, text: &str) {
        match self {
            Self::Text(out) => {
                out.push_str(text);
                if out.len() > PLAIN_MOST {
                    let out = std::mem::take(out);
                    *self = Self::Gzip(encoder());
                    self.push(&out);
                }
            }
            // into memory, where it cannot fail
            Self::Gzip(out) => drop(out.write_all(text.as_bytes())),
        }
    }

    fn finish(self) -> Content {
        match self {
            Self::Text(text) => Content::Text(text),
            Self::Gzip(out) => out.finish().map_or_else(nothing, Content::Gzip),
        }
    }
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::default())
}

fn nothing(_: io::Error) -> Content {
    Content::Text(String::new())
}

/// Cleans a part of a log. Lines stay lines, also those that were written over each other.
fn cleaned(bytes: &[u8]) -> String {
    let mut filled = Vec::new();
    let bytes = if bytes.contains(&0) {
        let pieces = bytes.chunk_by(|a, b| (*a == 0) == (*b == 0));
        let kept = pieces.filter(|piece| piece.first() != Some(&0) || piece.len() < HOLE);
        kept.for_each(|piece| filled.extend_from_slice(piece));
        &filled
    } else {
        bytes
    };
    text::block(&without_escapes(&String::from_utf8_lossy(bytes))).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Content, content};
    use crate::message::Attachment;
    use crate::message::redact::Redactor;

    fn text(content: Content) -> String {
        match content {
            Content::Text(text) => text,
            Content::Gzip(bytes) => {
                let mut text = String::new();
                flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
                text
            }
        }
    }

    fn attached(head: &[u8], left_out: u64, tail: &[u8], compressed: bool) -> Content {
        let log = Attachment { name: "x.log", first: head, head, left_out, tail, compressed };
        let words = ["hunter2".to_owned(), "two words".to_owned()];
        content(&log, &Redactor::new(&words).hiding(&["/home/jon".to_owned()]))
    }

    #[test]
    fn a_log_is_cleaned_redacted_and_cut_at_line_ends() {
        let log = attached(b"a\r\n/home/jon hun\x1b[0mter2\nhun", 7, b"ter2\nlast\x07\n", false);
        assert_eq!(text(log), "a\n~ [redacted]\n[… 15 bytes are left out here]\nlast\u{fffd}\n");
        assert_eq!(text(attached(b"no break", 1, b"none", false)), "[… 13 bytes are left out here]\n");
        assert_eq!(text(attached(b"", 0, b"", false)), "");
        assert_eq!(text(attached(&[&[0; 9000][..], b"end\n"].concat(), 0, b"", false)), "end\n");
        assert_eq!(text(attached(b"\xff\xfeh\0u\0n\0t\0e\0r\x002\0", 0, b"", false)), "[redacted]");
    }

    #[test]
    fn a_long_log_is_compressed() {
        let line = "0123456789 some line of a log with hunter2 in it\n";
        let short = attached(line.repeat(10).as_bytes(), 0, b"", false);
        assert!(matches!(short, Content::Text(_)));
        assert!(matches!(attached(b"x", 0, b"", true), Content::Gzip(_)));
        let long = attached(line.repeat(20_000).as_bytes(), 0, b"", false);
        assert!(matches!(&long, Content::Gzip(bytes) if bytes.len() < 50_000));
        assert_eq!(text(long), line.replace("hunter2", "[redacted]").repeat(20_000));
    }

    #[test]
    fn a_line_without_an_end_has_one_and_no_half_of_a_secret() {
        // a word across the place where the line is cut
        let line = format!("x {}two words and more", "y".repeat(256 * 1024 - 6));
        let text = text(attached(format!("{line}\nnext\n").as_bytes(), 0, b"", true));
        assert!(!text.contains("two") && !text.contains("wor"));
        assert!(text.ends_with(&format!(" [… this line is too long: it has {} bytes]\nnext\n", line.len())));
    }
}
