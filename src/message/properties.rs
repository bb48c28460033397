//! Whatever the words are, the message is sound: read back by a parser that is not ours.

use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use crate::message::samples::{World, error};
use crate::message::{Composed, LogExcerpt, compose};
use crate::run::Outcome;

/// Text of every kind, with a weakness for what has broken other mailers.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\r\nBcc: eve@example.com\r\n\r\n".to_owned()),
        Just("\0\u{1b}[31m\u{202e}\u{2028}".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_x?=".to_owned()),
        Just("\n.\nFrom \n--".to_owned()),
        Just("\"\\<>(),;:@".to_owned()),
        Just("x".repeat(1_200)),
        Just("ü🦀 ".repeat(90)),
        any::<String>(),
        "[ -~]{0,40}",
    ];
    proptest::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn worlds()(
        words in proptest::collection::vec(nasty(), 8),
        errors in proptest::collection::vec((proptest::option::of(nasty()), nasty()), 0..4),
        log in proptest::option::of(proptest::collection::vec(nasty(), 0..5)),
        outcome in 0..5_usize,
        test in any::<bool>(),
    ) -> World {
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or_default();
        let mut world = World::failed();
        world.task.name = next();
        world.task.source = Some(next());
        world.host = next();
        world.run.facts.message = Some(next());
        world.run.facts.snapshot = Some(next());
        world.notes = vec![next()];
        world.from.name = Some(next());
        world.to[0].name = Some(next());
        world.run.facts.errors = errors.iter().map(|(p, m)| error(p.as_deref(), m)).collect();
        world.log = log.map(|lines| LogExcerpt::of_lines(&lines, false));
        world.run.outcome = Outcome::WORDS[outcome].1;
        world.test = test;
        world
    }
}

/// The headers a message must have, once each and in this order; nothing else.
fn expected_headers(world: &World) -> Vec<&'static str> {
    let mut names = vec!["Date", "Message-ID", "From", "To", "Subject"];
    match world.run.outcome {
        _ if world.test => {}
        Outcome::Success | Outcome::Skipped => names.push("References"),
        Outcome::Warning => {}
        Outcome::Error | Outcome::Interrupted => names.extend(["X-Priority", "Importance"]),
    }
    names.extend(["Auto-Submitted", "X-Auto-Response-Suppress"]);
    names.extend(["X-Backup-Notify-Task", "X-Backup-Notify-Outcome", "X-Backup-Notify-Host"]);
    names.extend(["MIME-Version", "Content-Type"]);
    names
}

/// Holds the bytes against RFC 5322 section 2.1 and 2.3.
fn assert_sound(bytes: &[u8]) {
    assert!(bytes.is_ascii(), "a byte above 127");
    assert!(!bytes.contains(&0), "a NUL");
    for line in bytes.split(|b| *b == b'\n') {
        assert!(line.len() <= 999, "a line of {} bytes", line.len());
        let inner = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(!inner.contains(&b'\r'), "a bare CR");
        assert!(
            line.is_empty() || line.ends_with(b"\r"),
            "a bare LF after {:?}",
            String::from_utf8_lossy(line)
        );
    }
}

fn assert_headers(message: &Message<'_>, composed: &Composed, world: &World) {
    let names: Vec<&str> = message.headers_raw().map(|(name, _)| name).collect();
    assert_eq!(names, expected_headers(world));
    assert_eq!(message.subject(), Some(composed.subject.as_str()));
    assert_eq!(message.message_id().map(|id| format!("<{id}>")), Some(composed.message_id.clone()));
    let from = message.from().and_then(|from| from.first()).unwrap();
    assert_eq!(from.address(), Some("jon@example.com"));
    let to: Vec<_> = message.to().unwrap().iter().filter_map(|a| a.address()).collect();
    assert_eq!(to, ["kim@example.com", "ops@example.org"]);
    assert_eq!(
        message.date().map(mail_parser::DateTime::to_rfc3339).as_deref(),
        Some("2025-11-22T04:12:46+01:00")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_make_a_sound_message(world in worlds()) {
        let composed = compose(&world.story(), &world.letter()).unwrap();
        assert_sound(&composed.bytes);
        let message = MessageParser::default().parse(&composed.bytes).unwrap();
        assert_headers(&message, &composed, &world);
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
        assert_eq!(message.attachment_count(), 0);
        let kinds: Vec<_> = message.parts.iter().filter_map(|p| p.content_type()?.subtype()).collect();
        assert_eq!(kinds, ["alternative", "plain", "html"]);
        let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
        for part in [&text, &html] {
            let active = part.replace("\r\n", "\n").chars().find(|c| crate::text::is_active(*c) && *c != '\n');
            assert_eq!(active, None, "{part:?}");
        }
        assert!(html.len() < 20_000, "{} bytes of HTML", html.len());
        assert!(composed.subject.len() <= 403 && !composed.subject.is_empty());
    }

    #[test]
    fn any_template_is_checked_and_rendered_without_harm(
        source in nasty(),
        code in "[{}%# a-z.'|()0-9\\n]{0,60}",
        world in worlds(),
    ) {
        for source in [source.as_str(), &code] {
            let _ = crate::message::check_template(source);
            let mut letter = world.letter();
            (letter.subject, letter.text, letter.html) = (Some(source), Some(source), Some(source));
            assert_sound(&compose(&world.story(), &letter).unwrap().bytes);
        }
    }

    #[test]
    fn any_bytes_make_an_excerpt(bytes in proptest::collection::vec(any::<u8>(), 0..40_000)) {
        let log = LogExcerpt::read(std::io::Cursor::new(&bytes)).unwrap();
        assert!(log.lines.len() <= 80);
        assert!(log.lines.iter().all(|line| !line.text.chars().any(crate::text::is_active)));
    }
}
