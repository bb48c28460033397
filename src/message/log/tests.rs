use std::io::{Cursor, Read, Result, Seek, SeekFrom};

use super::{LogExcerpt, Unseen};
use crate::run::Captured;

fn read(log: impl AsRef<[u8]>) -> LogExcerpt {
    LogExcerpt::read(Cursor::new(log.as_ref())).unwrap()
}

fn read_end(log: impl AsRef<[u8]>) -> LogExcerpt {
    LogExcerpt::read_end(Cursor::new(log.as_ref())).unwrap()
}

fn texts(excerpt: &LogExcerpt) -> Vec<&str> {
    excerpt.lines.iter().map(|line| line.text.as_str()).collect()
}

fn numbers(excerpt: &LogExcerpt) -> Vec<u64> {
    excerpt.lines.iter().map(|line| line.number).collect()
}

/// Ten gigabytes without a byte of memory: lines, or what `special` has at a place.
struct Huge<F>(u64, u64, F);

impl<F: Fn(u64) -> u8> Read for Huge<F> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = (self.2)(self.0);
            self.0 += 1;
        }
        self.1 += buffer.len() as u64;
        assert!(self.1 < 22 << 20, "read {} bytes", self.1);
        Ok(buffer.len())
    }
}

impl<F> Seek for Huge<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.0 = match to {
            SeekFrom::Start(at) => at,
            _ => 10_000_000_000,
        };
        Ok(self.0)
    }
}

#[test]
fn a_short_log_is_whole() {
    for log in [read("one\r\ntwo\n\nthree\n\n"), read_end("one\r\ntwo\n\nthree\n\n")] {
        assert_eq!(texts(&log), ["one", "two", "", "three"]);
        assert_eq!((log.total, log.unseen, log.is_text), (4, None, true));
    }
    for empty in ["", "\n\n"] {
        assert_eq!((read(empty).lines, read(empty).total), (Vec::new(), 0));
    }
}

#[test]
fn the_last_lines_remain_and_the_others_are_counted() {
    let log = read((1..=1000).map(|i| format!("line {i}\n")).collect::<Vec<_>>().concat());
    assert_eq!((log.lines.len(), log.total), (30, 1000));
    assert_eq!((log.lines[0].text.as_str(), log.lines[0].number), ("line 971", 970));
}

#[test]
fn the_first_errors_remain_with_what_is_around_them_and_nothing_twice() {
    let line =
        |i| if i == 100 || i == 103 || i == 995 { format!("error {i}\n") } else { format!("line {i}\n") };
    let log = read((0..1000).map(line).collect::<String>());
    let expected: Vec<u64> = (98..=105).chain(970..1000).collect();
    assert_eq!(numbers(&log), expected);
    assert!(log.lines.iter().all(|l| l.of_error == (l.number <= 105 || (993..=997).contains(&l.number))));
    let many = read("error\n".repeat(1000));
    assert_eq!(many.lines.len(), 42, "the first ten, two more lines, and the last thirty");
}

#[test]
fn a_window_begins_with_a_whole_line() {
    let log = read_end(format!("half of a secret{}\nlast\n", "x".repeat(16 * 1024)));
    assert_eq!((texts(&log), log.unseen.is_some()), (vec!["last"], true));
    let log = read_end(format!("{} tail", "s".repeat(40_000)));
    assert_eq!(texts(&log), ["tail"], "one endless line loses its first word");
    assert!(read_end("s".repeat(40_000)).unseen.is_some(), "nothing can be shown, and that is said");
}

#[test]
fn a_huge_log_costs_no_more_than_its_ends() {
    let lines = |at: u64| if at % 40 == 39 { b'\n' } else { b'.' };
    let log = LogExcerpt::read(Huge(0, 0, lines)).unwrap();
    assert_eq!(texts(&log), vec![".".repeat(39); 30]);
    assert_eq!(log.unseen, Some(Unseen { line: (16 << 20) / 40, bytes: 10_000_000_000 - (20 << 20) }));
    let hole = |at: u64| match at {
        0..6 => b"error\n"[usize::try_from(at).unwrap()],
        9_999_999_995.. => b"\nend\n"[usize::try_from(at - 9_999_999_995).unwrap()],
        _ => 0,
    };
    let log = LogExcerpt::read(Huge(0, 0, hole)).unwrap();
    assert_eq!(texts(&log), ["error", "end"]);
    assert!(log.is_text);
    let endless = LogExcerpt::read(Huge(0, 0, |_| b'x')).unwrap();
    assert_eq!((endless.lines.len(), endless.total), (0, 0));
    let progress = LogExcerpt::read(Huge(0, 0, |at| if at % 10 == 9 { b'\r' } else { b'7' })).unwrap();
    assert!(progress.lines.is_empty(), "neither its beginning nor its end is whole");
}

#[test]
fn a_log_that_shrinks_ends_where_it_ends() {
    struct Shrunk(Cursor<Vec<u8>>);
    impl Read for Shrunk {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            self.0.read(buffer)
        }
    }
    impl Seek for Shrunk {
        fn seek(&mut self, to: SeekFrom) -> Result<u64> {
            if let SeekFrom::End(_) = to { Ok(1 << 40) } else { self.0.seek(to) }
        }
    }
    let log = LogExcerpt::read(Shrunk(Cursor::new(b"one\ntwo\n".to_vec()))).unwrap();
    assert_eq!(log.total, 2);
}

#[test]
fn one_endless_line_is_kept_in_part() {
    let log = read("x".repeat(1_000_000) + "\nend\n");
    assert_eq!((log.lines[0].text.len(), log.lines[0].cut), (16 * 1024, true));
    assert_eq!(log.lines[1].text, "end");
}

#[test]
fn progress_bars_end_as_a_terminal_shows_them() {
    assert_eq!(texts(&read("  10%\r  50%\r 100%\ndone\n")), [" 100%", "done"]);
    assert_eq!(texts(&read("copying a long name\rdone\u{1b}[K\n")), ["done"]);
    assert_eq!(texts(&read("\u{1b}[31mfailed\u{1b}[0m: x\u{1b}[2K\rok")), ["ok"]);
    assert_eq!(texts(&read("ab\u{8}c")), ["ac"]);
    let bar = (0..100_000).map(|i| format!("{i} files\r")).collect::<Vec<_>>().concat();
    assert_eq!(texts(&read(bar + "\ndone\n")), ["99999 files", "done"]);
    let long = format!("{}\rdone\u{1b}[K\n", "x".repeat(100_000));
    assert_eq!(texts(&read(long)), ["done"]);
}

#[test]
fn bytes_that_are_no_text_survive_as_marks() {
    assert_eq!(
        texts(&read(b"caf\xe9 \x07\x00 \xe2\x80\xae.\tx, and so on and so on\n")),
        ["caf\u{fffd} \u{fffd}\u{fffd} \u{fffd}. x, and so on and so on"]
    );
    let mut hole = vec![0; 200_000];
    hole.extend_from_slice(b"after a hole\n");
    assert_eq!(texts(&read(hole)), ["after a hole"]);
    assert_eq!(texts(&read(b"\xff\xfef\0a\0i\0l\0e\0d\0\n\0")), ["failed"]);
    assert!(!read(b"\x1f\x8b\x08").is_text && !read_end(b"\x1f\x8b\x08").is_text);
}

#[test]
fn what_a_command_printed_is_quoted_in_the_same_way() {
    let mut captured = Captured::default();
    captured.push(b"error: first\nsecond\n");
    let log = LogExcerpt::of_captured(&captured);
    assert_eq!((texts(&log), log.unseen), (vec!["error: first", "second"], None));
    captured.push(&b"and so on\n".repeat(1_000_000));
    captured.push(b"last\n");
    let log = LogExcerpt::of_captured(&captured);
    assert_eq!((texts(&log)[0], *texts(&log).last().unwrap()), ("error: first", "last"));
    assert_eq!(log.unseen.unwrap().bytes, captured.left_out());
}

#[test]
fn json_that_was_read_already_is_left_out_and_counted() {
    let log = "opening\n{\"message_type\":\"status\"}\n{\n    \"archive\": {\n        \"name\": \"a\",\n        \"args\": [\n            \
               \"borg\"\n        ],\n        \"n\": 1\n    }\n}\nFatal: it is locked\n";
    let excerpt = LogExcerpt::read(Cursor::new(log)).unwrap().without_json();
    let texts: Vec<_> = excerpt.lines.iter().map(|line| (line.number, line.text.as_str())).collect();
    assert_eq!(texts, [(0, "opening"), (11, "Fatal: it is locked")]);
    let json = LogExcerpt::read(Cursor::new("{\"a\":1}\n\n{}\n")).unwrap();
    assert_eq!(json.without_json(), LogExcerpt::default());
}
