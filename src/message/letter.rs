//! Headers, parts and envelope: the message itself (RFC 5322, RFC 2045, RFC 2046).

use std::collections::HashSet;

use lettre::address::Envelope;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};
use lettre::message::{Body, Message, MessageBuilder, MultiPart, SinglePart};

use crate::message::log::Content;
use crate::message::notice::Notice;
use crate::message::{ComposeError, Composed, Letter, Story, header, message_id};
use crate::run::Outcome;

/// What goes into a message: cleaned, redacted and rendered.
pub(crate) struct Parts {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) attachment: Option<File>,
}

/// A file that goes with it.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// Builds the message.
pub(crate) fn build(
    story: &Story<'_>,
    notice: &Notice,
    letter: &Letter<'_>,
    parts: Parts,
    notes: Vec<String>,
) -> Result<Composed, ComposeError> {
    let mut seen = HashSet::new();
    let recipients =
        letter.to.iter().map(|to| to.email.clone()).filter(|address| seen.insert(address.clone())).collect();
    let envelope =
        Envelope::new(Some(letter.from.email.clone()), recipients).map_err(|_| ComposeError::NoRecipients)?;
    let addresses = || std::iter::once(letter.from).chain(letter.to).map(|mailbox| &mailbox.email);

    let domain = message_id::domain(story.host, letter.from.email.domain());
    let message_id = letter.message_id.map_or_else(|| message_id::unique(&story.now, &domain), str::to_owned);
    let mut builder = Message::builder()
        .envelope(envelope.clone())
        .raw_header(header::date(&story.now))
        .raw_header(header::token("Message-ID", &message_id))
        .raw_header(header::mailboxes("From", std::slice::from_ref(letter.from)))
        .raw_header(header::mailboxes("To", letter.to))
        .raw_header(header::text("Subject", &parts.subject));
    if let Some(urgency) = urgency(notice) {
        builder = match urgency {
            Urgency::GoodNews => {
                let thread = message_id::thread(story.host, &story.task.name, &domain);
                builder.raw_header(header::token("References", &thread))
            }
            Urgency::High => builder
                .raw_header(header::token("X-Priority", "1"))
                .raw_header(header::token("Importance", "high")),
        };
    }
    let message = about(builder, notice)
        .multipart(body(parts.text, parts.html, parts.attachment))
        .map_err(|error| ComposeError::Builder(error.to_string()))?;
    Ok(Composed {
        envelope,
        bytes: message.formatted(),
        message_id,
        subject: parts.subject,
        needs_smtputf8: addresses()
            .any(|address| !(address.user().is_ascii() && address.domain().is_ascii())),
        notes,
    })
}

/// How a message asks to be treated; the rest asks for nothing.
enum Urgency {
    /// May be folded away with its like.
    GoodNews,
    /// Must be seen.
    High,
}

/// Only good news refer to a common id: in a muted conversation a failure would go unseen.
fn urgency(notice: &Notice) -> Option<Urgency> {
    match notice.outcome {
        _ if notice.test => None,
        Outcome::Success | Outcome::Skipped => Some(Urgency::GoodNews),
        Outcome::Warning => None,
        Outcome::Error | Outcome::Interrupted => Some(Urgency::High),
    }
}

/// Says that a program wrote this (RFC 3834 section 5), and about what, for filters.
fn about(builder: MessageBuilder, notice: &Notice) -> MessageBuilder {
    let outcome = if notice.test { "test" } else { notice.outcome.word() };
    builder
        .raw_header(header::token("Auto-Submitted", "auto-generated"))
        .raw_header(header::token("X-Auto-Response-Suppress", "All"))
        .raw_header(header::text("X-Backup-Notify-Task", &notice.task))
        .raw_header(header::token("X-Backup-Notify-Outcome", outcome))
        .raw_header(header::text("X-Backup-Notify-Host", &notice.host))
}

/// Puts the parts together: the same in text and HTML, and the log beside it.
fn body(text: String, html: String, attachment: Option<File>) -> MultiPart {
    let alternative = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html));
    match attachment {
        None => alternative,
        Some(file) => MultiPart::mixed().multipart(alternative).singlepart(file_part(file)),
    }
}

/// Makes the part of a file; it may be long, so that no copy is left while it is encoded.
fn file_part(file: File) -> SinglePart {
    let (name, kind, body) = match file.content {
        Content::Text(text) => (file.name, ContentType::TEXT_PLAIN, encoded(text)),
        Content::Gzip(bytes) => {
            // RFC 6713
            let kind = ContentType::parse("application/gzip").unwrap_or(ContentType::TEXT_PLAIN);
            let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
            (format!("{}.gz", file.name), kind, body.unwrap_or_else(Body::new))
        }
    };
    SinglePart::builder().header(ContentDisposition::attachment(&name)).header(kind).body(body)
}

fn part(kind: ContentType, text: String) -> SinglePart {
    SinglePart::builder().header(kind).body(encoded(text))
}

/// Encodes text so that any server passes it on unharmed: ASCII, short lines (RFC 2045 section 6).
///
/// Never 7bit, which would leave line ends and trailing spaces to the mercy of what is on the way.
pub(super) fn encoded(text: String) -> Body {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let encoding = if ascii * 6 >= text.len() * 5 {
        ContentTransferEncoding::QuotedPrintable
    } else {
        ContentTransferEncoding::Base64
    };
    Body::new_with_encoding(text, encoding).unwrap_or_else(Body::new)
}

#[cfg(test)]
mod tests {
    use crate::message::compose;
    use crate::message::samples::World;
    use crate::run::Outcome;

    fn head(world: &World) -> String {
        let bytes = compose(&world.story(), &world.letter()).unwrap().bytes;
        let message = String::from_utf8(bytes).unwrap();
        message.split("\r\n\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn a_failure_is_urgent_and_in_no_conversation() {
        let mut world = World::failed();
        for outcome in [Outcome::Error, Outcome::Interrupted] {
            world.run.outcome = outcome;
            let head = head(&world);
            assert!(head.contains("\r\nX-Priority: 1\r\nImportance: high\r\n"), "{head}");
            assert!(!head.contains("References"));
        }
    }

    #[test]
    fn a_notice_that_is_composed_again_keeps_its_id() {
        let mut world = World::failed();
        let first = compose(&world.story(), &world.letter()).unwrap();
        world.notes.push("the log was left out".to_owned());
        let mut letter = world.letter();
        (letter.to, letter.message_id) = (&world.to[..1], Some(first.message_id.as_str()));
        let again = compose(&world.story(), &letter).unwrap();
        assert_eq!(again.message_id, first.message_id);
        let head = String::from_utf8(again.bytes).unwrap();
        assert!(head.contains(&format!("\r\nMessage-ID: {}\r\n", first.message_id)), "{head}");
        letter.message_id = None;
        assert_ne!(compose(&world.story(), &letter).unwrap().message_id, first.message_id);
    }

    #[test]
    fn good_news_share_a_conversation_and_the_rest_does_not() {
        let mut world = World::bare("Home");
        let references =
            |head: String| head.lines().find(|l| l.starts_with("References:")).map(str::to_owned);
        let first = references(head(&world));
        world.run.outcome = Outcome::Skipped;
        assert!(first.is_some());
        assert_eq!(references(head(&world)), first);
        world.run.outcome = Outcome::Warning;
        assert_eq!(references(head(&world)), None);
        world.run.outcome = Outcome::Success;
        world.test = true;
        let test = head(&world);
        assert!(test.contains("X-Backup-Notify-Outcome: test") && !test.contains("References"), "{test}");
    }

    #[test]
    fn addresses_in_other_scripts_need_smtputf8_and_names_do_not() {
        let mut world = World::bare("Home");
        world.to[0].name = Some("Jürgen".to_owned());
        let composed = compose(&world.story(), &world.letter()).unwrap();
        assert!(!composed.needs_smtputf8 && composed.bytes.is_ascii());
        world.to[0].email = "jürgen@example.com".parse().unwrap();
        let composed = compose(&world.story(), &world.letter()).unwrap();
        assert!(composed.needs_smtputf8);
        assert!(String::from_utf8(composed.bytes).unwrap().contains("<jürgen@example.com>"));
    }

    #[test]
    fn unusual_addresses_and_many_of_them_are_no_trouble() {
        let mut world = World::bare("Home");
        world.from = "\"a, b\"@[127.0.0.1]".parse().unwrap_or_else(|_| {
            let address = lettre::Address::new("\"a, b\"", "[127.0.0.1]").unwrap();
            lettre::message::Mailbox::new(None, address)
        });
        world.to = (0..200).map(|i| format!("Kim {i} <kim{i}@example.com>").parse().unwrap()).collect();
        let head = head(&world);
        assert!(head.contains("\r\nFrom: \"a, b\"@[127.0.0.1]\r\n"), "{head}");
        assert!(head.lines().all(|line| line.len() <= 78));
        assert_eq!(head.matches("\r\nTo: ").count(), 1);
        let bytes = compose(&world.story(), &world.letter()).unwrap().bytes;
        let message = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.to().unwrap().iter().count(), 200);
    }

    #[test]
    fn a_recipient_named_twice_gets_it_once() {
        let mut world = World::bare("Home");
        world.to.push("Ops <ops@example.org>".parse().unwrap());
        assert_eq!(compose(&world.story(), &world.letter()).unwrap().envelope.to().len(), 2);
    }
}
