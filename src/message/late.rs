//! Late mails: a message that has waited, with a word at its top about when it was written and why it comes
//! so late.
//!
//! The message itself stays as it was composed: its date, its id, its subject and every other header are those
//! of the first day, so that mail programs put it where it belongs, and see that it is the same one when it
//! comes twice. What changes is how it is packed (RFC 2046 section 5.1.3): a multipart/mixed of the word and of
//! what was there before, byte for byte.
//!
//! Headers are only told apart here, never understood. Whatever the bytes are, nothing worse comes of them than
//! a strange message.

use jiff::Zoned;
use lettre::Address;
use lettre::message::header::{ContentType, Headers};
use lettre::message::{Mailbox, SinglePart};
use memchr::memmem;
use sha2::{Digest as _, Sha256};

use crate::message::{ComposeError, cut, header, human, letter, message_id};
use crate::text;

/// The longest reason, in bytes.
const REASON: usize = 500;

/// What is done to a message that comes late.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Late<'a> {
    /// What is said at its top: cleaned, a sentence or two each.
    pub(crate) lines: &'a [String],
    /// The sender, when it is not the one that the message has.
    pub(crate) sender: Option<&'a Mailbox>,
    /// The largest message that the server takes, in bytes; a larger one goes without its log.
    pub(crate) most: Option<u64>,
    /// What the server said when it refused the message for its size; it goes without its log.
    pub(crate) refused: Option<&'a str>,
    /// Who gets it, where the server takes no addresses in other scripts (RFC 6531): a `To` with such an
    /// address names these instead.
    pub(crate) to: Option<&'a [Address]>,
}

/// Makes a late mail of a message that was kept.
///
/// One that is too large even without its log comes back all the same: the server has the last word.
pub(crate) fn late(message: &[u8], late: &Late<'_>) -> Result<Vec<u8>, ComposeError> {
    let kept = Kept::read(message);
    if kept.fields.is_empty() {
        return Err(ComposeError::Builder("the message that was kept has no headers".to_owned()));
    }
    let packed = |body: &[u8], lines: &[String]| kept.packed(body, lines, late);
    if late.refused.is_none() {
        let whole = packed(kept.body, late.lines);
        let size = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if late.most.is_none_or(|most| size <= most) {
            return Ok(whole);
        }
    }
    let Some(without_log) = kept.without_log() else { return Ok(packed(kept.body, late.lines)) };
    let why = match (late.refused, late.most) {
        (Some(words), _) => format!("the server refused the message with it ({})", reason(words)),
        (None, most) => format!("the server takes {} bytes at most", human::count(most.unwrap_or_default())),
    };
    let mut lines = late.lines.to_vec();
    lines.push(format!("The log was left out: {why}."));
    Ok(packed(&without_log, &lines))
}

/// Says when a message was written and why it comes late, a sentence or two a line.
///
/// `attempts` is how often it was handed to a server, or should have been, and `why` what kept it from
/// arriving the last time.
pub(crate) fn late_lines(written: &Zoned, why: Option<&str>, attempts: u32) -> Vec<String> {
    let when = human::time(written.timestamp(), written);
    if attempts == 0 {
        return vec![format!(
            "This message was written on {when}. The program was ended before it knew whether it had been \
             delivered, so it is sent again: you may have it already."
        )];
    }
    let mut lines = vec![format!(
        "This message was written on {when} and could not be delivered then; it is sent again by itself."
    )];
    let why = why.map(reason).filter(|why| !why.is_empty());
    let tried = format!("It was tried {} times", human::count(u64::from(attempts)));
    match (why, attempts) {
        (Some(why), 1) => lines.push(format!("At that time: {why}")),
        (Some(why), _) => lines.push(format!("{tried}; the last time: {why}")),
        (None, 1) => {}
        (None, _) => lines.push(format!("{tried}.")),
    }
    lines
}

/// Returns the sender of a message that is composed before its account is known: it has to be replaced before
/// the message is sent.
pub(crate) fn nobody() -> Mailbox {
    // "dangerous" is that nobody looks at the words, which are a constant
    Mailbox::new(None, Address::new_dangerous("backup-notify", message_id::NOWHERE))
}

fn reason(words: &str) -> String {
    cut::end(&text::one_line(words), REASON)
}

/// A message as it was kept: its header fields and what is behind them.
struct Kept<'a> {
    fields: Vec<Field<'a>>,
    body: &'a [u8],
}

/// One header field with its line ends and folded lines.
struct Field<'a>(&'a [u8]);

impl<'a> Kept<'a> {
    /// Tells the fields apart: one begins with every line that does not begin with white space. No CR counts,
    /// as none is written.
    fn read(message: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let (mut start, mut at) = (0, 0);
        let mut body = &[][..];
        let mut finish = |start: usize, end: usize| {
            fields.extend(message.get(start..end).filter(|raw| !raw.is_empty()).map(Field));
        };
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            let end = at + line.len();
            if matches!(line, b"\r\n" | b"\n") {
                body = message.get(end..).unwrap_or_default();
                break;
            }
            let first = line.iter().find(|byte| **byte != b'\r');
            if !matches!(first, None | Some(b' ' | b'\t' | b'\n')) {
                finish(start, at);
                start = at;
            }
            at = end;
        }
        finish(start, at);
        Self { fields, body }
    }

    /// Packs a body, under the headers of this message, behind a part that says these lines.
    fn packed(&self, body: &[u8], lines: &[String], late: &Late<'_>) -> Vec<u8> {
        let Late { sender, to, .. } = *late;
        let said: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let said = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter::encoded(said));
        let boundary = boundary(body);
        let mut out =
            Vec::with_capacity(self.fields.iter().map(|f| f.0.len()).sum::<usize>() + body.len() + 4096);
        let mut sent_by = false;
        for field in self.fields.iter().filter(|field| !field.packs()) {
            if let Some(to) = to.filter(|_| field.is("to") && !field.0.is_ascii()) {
                let to: Vec<Mailbox> = to.iter().map(|one| Mailbox::new(None, one.clone())).collect();
                write_addresses("To", &to, &mut out);
            } else if !field.is("from") {
                field.write(&mut out);
            } else if !sent_by {
                sent_by = true;
                match sender {
                    Some(sender) => write_addresses("From", std::slice::from_ref(sender), &mut out),
                    None => field.write(&mut out),
                }
            }
        }
        if !sent_by {
            write_addresses("From", &[sender.cloned().unwrap_or_else(nobody)], &mut out);
        }
        let packing = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
        );
        out.extend(packing.as_bytes());
        out.extend(said.formatted());
        out.extend(format!("--{boundary}\r\n").as_bytes());
        self.fields
            .iter()
            .filter(|field| field.packs() && !field.is("mime-version"))
            .for_each(|f| f.write(&mut out));
        out.extend(b"\r\n");
        out.extend(body);
        // the line end before a boundary belongs to the boundary
        out.extend(format!("\r\n--{boundary}--\r\n").as_bytes());
        out
    }

    /// Returns the body without the files in it, when it is one that has files.
    fn without_log(&self) -> Option<Vec<u8>> {
        let kind = self.fields.iter().find(|field| field.is("content-type"))?;
        if !kind.value().trim_ascii_start().to_ascii_lowercase().starts_with(b"multipart/mixed") {
            return None;
        }
        // as the composer writes it, nothing is before the first boundary, so that none has to be read out of
        // the header
        let mut lines = self.body.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().map(<[u8]>::trim_ascii_end).filter(|line| line.len() > 2)?;
        let boundary = first.strip_prefix(b"--")?;
        if !contains(kind.0, boundary) {
            return None;
        }
        let last = [first, b"--"].concat();
        let (mut kept, mut part) = (Vec::new(), Vec::new());
        let mut dropped = false;
        for line in self.body.split_inclusive(|byte| *byte == b'\n') {
            let end = line.trim_ascii_end();
            if end == first || end == last {
                let file = is_file(&part);
                dropped |= file;
                if !file {
                    kept.append(&mut part);
                }
                part.clear();
            }
            part.extend(line);
        }
        // what is behind the last boundary, and that boundary
        kept.append(&mut part);
        dropped.then_some(kept)
    }
}

/// Tells whether a part is a file; it begins with the line of its boundary.
fn is_file(part: &[u8]) -> bool {
    let end = part.iter().position(|byte| *byte == b'\n').map_or(part.len(), |at| at + 1);
    let part = Kept::read(part.get(end..).unwrap_or_default());
    let disposition = part.fields.iter().find(|field| field.is("content-disposition"));
    disposition
        .is_some_and(|field| field.value().trim_ascii_start().to_ascii_lowercase().starts_with(b"attachment"))
}

impl Field<'_> {
    /// Returns what is before the colon, on the first line that is one: a name is not folded.
    fn name(&self) -> Vec<u8> {
        let lines = self.0.trim_ascii_start();
        let name = lines.split(|byte| matches!(byte, b':' | b'\n')).next().unwrap_or_default();
        name.trim_ascii().iter().copied().filter(|byte| *byte != b'\r').collect()
    }

    /// Returns what is behind the colon.
    fn value(&self) -> &[u8] {
        self.0.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default()
    }

    /// Tells whether it has this name (RFC 5322 section 1.2.2: in any case).
    fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// Tells whether it says how the body is packed, not what the message is (RFC 2045 section 3).
    fn packs(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        name.starts_with(b"content-") || name == b"mime-version"
    }

    /// Writes it as it stands, with the line ends of mail and no CR but theirs: some servers take one for a line
    /// end, and a line of nothing else would be the end of the headers.
    fn write(&self, out: &mut Vec<u8>) {
        for line in self.0.split(|byte| *byte == b'\n') {
            let before = out.len();
            out.extend(line.iter().filter(|byte| **byte != b'\r'));
            if out.len() > before {
                out.extend(b"\r\n");
            }
        }
    }
}

fn write_addresses(name: &'static str, list: &[Mailbox], out: &mut Vec<u8>) {
    let mut headers = Headers::new();
    headers.insert_raw(header::mailboxes(name, list));
    out.extend(headers.to_string().as_bytes());
}

/// Makes a boundary that is nowhere in a body (RFC 2046 section 5.1.1).
///
/// It comes of the body alone, so that the same message is the same bytes; and nobody who writes a log can know
/// it before, since the log changes it.
fn boundary(body: &[u8]) -> String {
    let mut boundary = text::hex(&Sha256::digest(body));
    while contains(body, boundary.as_bytes()) {
        boundary = text::hex(&Sha256::digest(&boundary));
    }
    boundary
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    memmem::find(bytes, what).is_some()
}

#[cfg(test)]
#[path = "late_tests.rs"]
mod tests;
