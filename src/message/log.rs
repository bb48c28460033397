//! The last lines of a log, read from its end.
//!
//! A log may be ten gigabytes, still be written to, or hold a progress bar instead of lines. Only
//! its last few kilobytes are read, and they come out as a terminal would show them at the end.

use std::io::{self, Read, Seek, SeekFrom};

use crate::text;

/// How many lines an excerpt has at most, when nobody says otherwise.
pub const DEFAULT_LINES: usize = 30;

/// How many bytes are read from the end of a log.
const WINDOW: u64 = 16 * 1024;

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogExcerpt {
    /// The last lines, cleaned. Not cut: that is done after words have been taken out of them, or
    /// the half of a secret that is left would no longer be recognised.
    pub lines: Vec<String>,
    /// Whether the log has more than these lines. Stored, never inferred.
    pub truncated: bool,
}

impl LogExcerpt {
    /// Reads the last lines of a log: at most [`DEFAULT_LINES`], and 16 KiB.
    pub fn read(log: impl Read + Seek) -> io::Result<Self> {
        Self::read_lines(log, DEFAULT_LINES)
    }

    /// Reads the last `most` lines of a log, from its last 16 KiB; what is no UTF-8 is replaced.
    pub fn read_lines(mut log: impl Read + Seek, most: usize) -> io::Result<Self> {
        let length = log.seek(SeekFrom::End(0))?;
        // one byte more tells whether the window begins with a whole line
        let start = length.saturating_sub(WINDOW + 1);
        log.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        // the log may grow meanwhile: what was its end when we looked is the end
        log.take(length - start).read_to_end(&mut bytes)?;
        let mut truncated = start > 0;
        let window = if truncated { after_first_break(&bytes) } else { &bytes };
        let decoded = String::from_utf8_lossy(window);
        let mut lines: Vec<String> =
            decoded.split('\n').map(|line| text::one_line(&shown(line)).trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        if lines.len() > most {
            truncated = true;
            lines.drain(..lines.len() - most);
        }
        Ok(Self { lines, truncated })
    }
}

/// Leaves out the line that the window cuts in two, or its first word when it is the only line: the
/// end of a word may be the end of a secret.
fn after_first_break(bytes: &[u8]) -> &[u8] {
    let line = bytes.iter().position(|b| *b == b'\n').filter(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        !rest.iter().all(u8::is_ascii_whitespace)
    });
    let cut = line.or_else(|| bytes.iter().position(u8::is_ascii_whitespace));
    cut.and_then(|at| bytes.get(at + 1..)).unwrap_or_default()
}

/// Returns what a terminal shows of one line in the end: carriage returns and backspaces write over
/// what was there, colours are gone, "erase in line" erases (ECMA-48, EL).
fn shown(line: &str) -> String {
    if !line.contains(['\r', '\u{8}', '\u{1b}']) {
        return line.to_owned();
    }
    let mut cells: Vec<char> = Vec::new();
    let mut column = 0_usize;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\u{8}' => column = column.saturating_sub(1),
            '\u{1b}' if chars.peek() == Some(&'[') => {
                chars.next();
                let mut parameters = String::new();
                let last = chars.find(|c| {
                    parameters.push(*c);
                    ('@'..='~').contains(c)
                });
                match (last, parameters.as_str()) {
                    (Some('K'), "K" | "0K") => cells.truncate(column),
                    (Some('K'), _) => cells.clear(),
                    _ => {}
                }
            }
            c => {
                if cells.len() <= column {
                    cells.resize(column + 1, ' ');
                }
                if let Some(cell) = cells.get_mut(column) {
                    *cell = c;
                }
                column += 1;
            }
        }
    }
    cells.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{LogExcerpt, WINDOW};
    use std::io::{Cursor, Read, Result, Seek, SeekFrom};

    fn read(log: impl AsRef<[u8]>) -> LogExcerpt {
        LogExcerpt::read(Cursor::new(log.as_ref())).unwrap()
    }

    #[test]
    fn a_short_log_is_whole() {
        let log = read("one\r\ntwo\n\nthree\n\n");
        assert_eq!(log.lines, ["one", "two", "", "three"]);
        assert!(!log.truncated);
        assert_eq!(read(""), LogExcerpt::default());
        assert_eq!(read("\n\n"), LogExcerpt::default());
    }

    #[test]
    fn the_last_lines_remain_and_the_cut_is_recorded() {
        let lines = |n: usize| (1..=n).map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n");
        assert!(!read(lines(30)).truncated);
        let cut = read(lines(31));
        assert!(cut.truncated);
        assert_eq!((cut.lines.len(), cut.lines[0].as_str()), (30, "line 2"));
    }

    #[test]
    fn a_log_on_the_edge_of_the_window_is_told_apart_from_a_longer_one() {
        let exact = "x".repeat(usize::try_from(WINDOW).unwrap() - 1) + "\n";
        assert!(!read(&exact).truncated);
        let log = read(format!("first\n{exact}"));
        assert!(log.truncated);
        assert_eq!(log.lines, [exact.trim_end()], "the window begins with a whole line: it is kept");
        let log = read(format!("half of a secret{exact}last\n"));
        assert_eq!(log.lines, ["last"], "a line cut in two is left out");
        assert!(log.truncated);
    }

    #[test]
    fn one_endless_line_loses_its_first_word() {
        let log = read(format!("{} tail", "s".repeat(40_000)));
        assert_eq!((log.lines, log.truncated), (vec!["tail".to_owned()], true));
        assert!(read("s".repeat(40_000)).truncated, "nothing can be shown, and that is said");
    }

    #[test]
    fn a_huge_log_costs_no_more_than_its_end() {
        /// Ten gigabytes of lines, without a byte of memory.
        struct Huge(u64, u64);
        impl Read for Huge {
            fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
                for byte in buffer.iter_mut() {
                    *byte = if self.0 % 40 == 39 { b'\n' } else { b'.' };
                    self.0 += 1;
                }
                self.1 += buffer.len() as u64;
                assert!(self.1 < 10 * WINDOW, "read {} bytes", self.1);
                Ok(buffer.len())
            }
        }
        impl Seek for Huge {
            fn seek(&mut self, to: SeekFrom) -> Result<u64> {
                self.0 = match to {
                    SeekFrom::Start(at) => at,
                    _ => 10_000_000_000,
                };
                Ok(self.0)
            }
        }
        let log = LogExcerpt::read(Huge(0, 0)).unwrap();
        assert_eq!(log.lines, vec![".".repeat(39); 30]);
        assert!(log.truncated);
    }

    #[test]
    fn progress_bars_end_as_a_terminal_shows_them() {
        assert_eq!(read("  10%\r  50%\r 100%\ndone\n").lines, [" 100%", "done"]);
        assert_eq!(read("copying a long name\rdone\u{1b}[K\n").lines, ["done"]);
        assert_eq!(read("\u{1b}[31mfailed\u{1b}[0m: x\u{1b}[2K\rok").lines, ["ok"]);
        assert_eq!(read("ab\u{8}c").lines, ["ac"]);
    }

    #[test]
    fn bytes_that_are_no_text_survive_as_marks() {
        assert_eq!(
            read(b"caf\xe9 \x07\x00 \xe2\x80\xae.\tx").lines,
            ["caf\u{fffd} \u{fffd}\u{fffd} \u{fffd}. x"]
        );
    }
}
