//! What fuzz targets need of the inside of this module: templates, what is quoted of a log, and late mails.

#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic is how they say that something does not hold"
)]

use std::io::Cursor;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::late::{self, Late, late_lines};
use super::log::{self as logs, Content};
use super::notice::{Excerpt, Notice};
use super::redact::Redactor;
use super::template::{self, Part};
use super::{Attachment, LogExcerpt};
use crate::run::{Captured, Outcome};
use crate::text;

/// The most a template may write, in bytes.
const MOST_OUTPUT: usize = 1024 * 1024;

/// A template, and behind a NUL what a run has to say.
pub fn template(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (source, said) = data.split_at(cut);
    let Ok(source) = std::str::from_utf8(source) else { return };
    let said = text::one_line(&String::from_utf8_lossy(said.get(1..).unwrap_or_default())).into_owned();
    let mut notice = Notice::example();
    notice.task.clone_from(&said);
    notice.message = Some(said.clone());
    for error in &mut notice.errors {
        error.message.clone_from(&said);
    }
    notice.notes = vec![said];
    let fault = template::check(source).err();
    let outputs = [Part::Subject, Part::Text, Part::Html].map(|part| template::render(source, part, &notice));
    for fault in outputs.iter().filter_map(|output| output.as_ref().err()).chain(&fault) {
        assert!(fault.line > 0 && !fault.to_string().is_empty(), "{fault:?}");
    }
    assert!(outputs.iter().flatten().all(|output| output.len() <= MOST_OUTPUT), "too much is written");
}

/// A log, behind a line with the word that is never to be seen of it.
pub fn log(data: &[u8]) {
    let Some(cut) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (word, log) = data.split_at(cut);
    let log = log.get(1..).unwrap_or_default();
    let word = std::str::from_utf8(word).ok().map(str::trim).filter(|word| is_unlike_ours(word));
    let words: Vec<String> = word.map(str::to_owned).into_iter().collect();
    let redactor = Redactor::new(&words).hiding(&["/home/kim".to_owned()]);

    let mut captured = Captured::default();
    log.chunks(7).for_each(|piece| captured.push(piece));
    let read = LogExcerpt::read(Cursor::new(log)).unwrap_or_default();
    assert_eq!(read.lines, LogExcerpt::read(Slow(Cursor::new(log))).unwrap_or_default().lines);
    let end = LogExcerpt::read_end(Cursor::new(log)).unwrap_or_default();
    for excerpt in [&read, &read.without_json(), &end, &LogExcerpt::of_captured(&captured)] {
        for outcome in [Outcome::Success, Outcome::Error] {
            let Some(quoted) = Excerpt::of(excerpt, outcome, &redactor) else { continue };
            for line in quoted.shown() {
                assert!(!line.chars().any(text::is_active), "{line:?}");
                hides(line, word);
            }
        }
    }
    let attached = |left_out, compressed| {
        let (head, tail) = log.split_at(if left_out > 0 { log.len() / 2 } else { log.len() });
        let file = Attachment { name: "a.log", first: log, head, left_out, tail, compressed };
        logs::attached(&file, &redactor)
    };
    for content in [attached(0, false), attached(1, false)] {
        if let Content::Text(text) = content {
            hides(&text, word);
        }
    }
    hides(&redactor.line(&String::from_utf8_lossy(log)), word);
    hides(&redactor.block(&String::from_utf8_lossy(log)), word);
}

/// A message that is sent late: a byte that says what is done to it, a line that a server said, and the
/// message as it was kept.
pub(crate) fn late_mail(data: &[u8]) {
    let Some((&wish, rest)) = data.split_first() else { return };
    let cut = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
    let (said, kept) = rest.split_at(cut);
    let said = String::from_utf8_lossy(said);
    let queued = Timestamp::from_second(1_700_000_000).unwrap_or_default().to_zoned(TimeZone::UTC);
    let lines = late_lines(&queued, Some(&said), u32::from(wish >> 4));
    assert!(!lines.iter().any(|line| line.contains(text::is_active)), "{lines:?}");
    let sender = late::nobody();
    let what = Late {
        lines: &lines,
        sender: (wish & 1 != 0).then_some(&sender),
        most: (wish & 2 != 0).then_some(1000),
        refused: (wish & 4 != 0).then_some(&*said),
        to: None,
    };
    let Ok(made) = late::late(kept, &what) else { return };
    assert!(made.len() <= 2 * kept.len() + 16 * 1024, "{} bytes of {}", made.len(), kept.len());
    assert!(
        late::late(kept, &what).is_ok_and(|again| again == made),
        "the same message is not the same bytes"
    );

    let (was, _) = fields(kept);
    let (is, body) = fields(&made);
    let count = |name: &str| is.iter().filter(|field| field.0 == name).count();
    assert_eq!((count("from"), count("content-type"), count("mime-version")), (1, 1, 1), "{is:?}");
    let stays = |field: &&(String, String)| {
        !matches!(field.0.as_str(), "from" | "mime-version") && !field.0.starts_with("content-")
    };
    let lost = was.iter().filter(stays).zip(is.iter().filter(stays)).find(|(was, is)| was != is);
    assert_eq!(lost, None, "a field is another one");
    assert_eq!(is.iter().filter(stays).count(), was.iter().filter(stays).count(), "{is:?}");

    let boundary = is.iter().find_map(|(name, field)| {
        let quoted = (name == "content-type").then(|| field.split('"').nth(1))??;
        Some(format!("--{}", quoted.strip_suffix('\\')?))
    });
    let Some(boundary) = boundary else { panic!("no boundary: {is:?}") };
    let begins = |line: &&[u8]| line.starts_with(boundary.as_bytes());
    assert_eq!(body.split(|byte| *byte == b'\n').filter(begins).count(), 3, "not two parts: {boundary}");
}

/// Returns the header fields of a message with their names, in lower case, and what is behind them. No CR counts.
fn fields(message: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        if matches!(line, b"\r\n" | b"\n") {
            break;
        }
        let line: Vec<u8> = line.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        match (line.first(), fields.last_mut()) {
            (None, _) => {}
            (Some(b' ' | b'\t'), Some(field)) => field.1.push_str(&line.escape_ascii().to_string()),
            _ => {
                let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                fields.push((name, line.escape_ascii().to_string()));
            }
        }
    }
    (fields, rest)
}

/// Tells whether a word can be no part of what we write ourselves, the mark in its place above all.
fn is_unlike_ours(word: &str) -> bool {
    let of_secrets = |c: char| !c.is_ascii() && c.is_alphabetic() || c.is_ascii_uppercase();
    let all = |c: char| of_secrets(c) || c.is_ascii_digit() || "@:/%+-_. ".contains(c);
    word.chars().all(all) && word.chars().filter(|c| of_secrets(*c)).count() >= 3 && word.len() >= 4
}

fn hides(shown: &str, word: Option<&str>) {
    assert!(word.is_none_or(|word| !shown.contains(word)), "{word:?} is in {shown:?}");
}

/// A file that is read a little at a time.
struct Slow<'a>(Cursor<&'a [u8]>);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let some = buffer.len().min(13);
        self.0.read(buffer.get_mut(..some).unwrap_or_default())
    }
}

impl std::io::Seek for Slow<'_> {
    fn seek(&mut self, place: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(place)
    }
}
