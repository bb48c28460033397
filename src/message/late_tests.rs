use jiff::{Timestamp, tz::TimeZone};
use lettre::message::Mailbox;
use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::{Late, late, late_lines, nobody};
use crate::message::samples::World;
use crate::message::{Attachment, Composed, compose};
use crate::run::Outcome;

const LOG: &str = "first line of the log\nFrom here\n.\n--\nlast line\n";

fn lines() -> Vec<String> {
    let written: Timestamp = "2026-11-21T02:12:00Z".parse().unwrap();
    let written = written.to_zoned(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    late_lines(&written, Some("smtp.example.com:587 refused the sign-in: 535 é"), 3)
}

fn with_log(world: &World, log: &[u8]) -> Composed {
    let mut letter = world.letter();
    letter.attachment = Some(Attachment {
        name: "nightly.log",
        first: log,
        head: log,
        left_out: 0,
        tail: b"",
        compressed: false,
    });
    compose(&world.story(), &letter).unwrap()
}

fn plain(world: &World) -> Composed {
    compose(&world.story(), &world.letter()).unwrap()
}

fn made(message: &[u8], what: &Late<'_>) -> Vec<u8> {
    late(message, what).unwrap()
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn headers(bytes: &[u8]) -> Vec<(String, String)> {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    parsed(bytes).headers_raw().map(pair).collect()
}

/// The header fields as they stand, but those that say how the message is packed.
fn meant(bytes: &[u8]) -> Vec<(String, String)> {
    let packs =
        |name: &str| name.to_lowercase().starts_with("content-") || name.eq_ignore_ascii_case("mime-version");
    headers(bytes).into_iter().filter(|(name, _)| !packs(name)).collect()
}

fn count(bytes: &[u8], name: &str) -> usize {
    headers(bytes).iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn body(bytes: &[u8]) -> &[u8] {
    &bytes[find(bytes, b"\r\n\r\n").unwrap() + 4..]
}

fn assert_mail(bytes: &[u8]) {
    assert!(bytes.is_ascii(), "a byte above 127");
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        assert!(line.ends_with(b"\r\n") && line.len() <= 1000, "{:?}", String::from_utf8_lossy(line));
        assert!(!line[..line.len() - 2].contains(&b'\r'), "a bare CR");
    }
}

/// Holds a late mail against what it was made of.
fn assert_late(was: &[u8], is: &[u8]) {
    assert_mail(is);
    let (old, new) = (parsed(was), parsed(is));
    assert_eq!(meant(is), meant(was));
    assert_eq!((new.date(), new.message_id(), new.subject()), (old.date(), old.message_id(), old.subject()));
    assert_eq!((count(is, "From"), count(is, "Content-Type"), count(is, "MIME-Version")), (1, 1, 1));
    assert_eq!(new.text_body_count(), old.text_body_count() + 1);
    assert!(new.body_text(0).unwrap().starts_with("This message was written on "));
    for i in 0..old.text_body_count() {
        assert_eq!(new.body_text(i + 1), old.body_text(i));
    }
    // a program that shows HTML shows the word too, and then the HTML
    assert_eq!(new.body_html(1), old.body_html(0));
    let files = |message: &Message<'_>| -> Vec<(Option<String>, Vec<u8>)> {
        let file = |part: &mail_parser::MessagePart<'_>| {
            (part.attachment_name().map(str::to_owned), part.contents().to_vec())
        };
        message.attachments().map(file).collect()
    };
    assert_eq!(files(&new), files(&old));
    assert!(find(is, body(was)).is_some(), "the body is not there as it was");
}

#[test]
fn a_late_mail_says_so_at_its_top_and_is_the_same_below() {
    let mut world = World::failed();
    for outcome in [Outcome::Success, Outcome::Warning, Outcome::Error] {
        world.run.outcome = outcome;
        let lines = lines();
        let what = Late { lines: &lines, ..Late::default() };
        for was in [plain(&world), with_log(&world, LOG.as_bytes())] {
            let is = made(&was.bytes, &what);
            assert_late(&was.bytes, &is);
            let said = parsed(&is).body_text(0).unwrap().replace("\r\n", "\n");
            assert_eq!(said, lines.join("\n") + "\n");
            assert_eq!(made(&was.bytes, &what), is, "the same message twice is the same bytes");
        }
    }
}

#[test]
fn the_word_names_the_day_the_reason_and_the_attempts() {
    let at = |why, attempts| {
        let written: Timestamp = "2026-11-21T02:12:00Z".parse().unwrap();
        late_lines(&written.to_zoned(TimeZone::UTC), why, attempts).join("\n")
    };
    let first = "This message was written on Sat 21 Nov 2026, 02:12:00 UTC and could not be delivered then; it \
                 is sent again by itself.";
    assert_eq!(at(None, 1), first);
    assert_eq!(
        at(Some("a:25 said no\r\n\u{1b}[31m"), 1),
        format!("{first}\nAt that time: a:25 said no \u{fffd}[31m")
    );
    assert_eq!(at(Some("no"), 1_200), format!("{first}\nIt was tried 1,200 times; the last time: no"));
    assert_eq!(at(Some(""), 2), format!("{first}\nIt was tried 2 times."));
    assert!(at(None, 0).ends_with("so it is sent again: you may have it already."));
    assert!(at(Some(&"x".repeat(9_000)), 1).len() < 1_000);
}

#[test]
fn the_stand_in_for_the_sender_is_replaced() {
    let mut world = World::failed();
    world.from = nobody();
    let was = plain(&world);
    assert_eq!(world.from.to_string(), "backup-notify@backup-notify.invalid");
    assert_eq!(world.from.to_string().parse::<Mailbox>().unwrap(), world.from);
    let sender: Mailbox = "Jürgen \"J\" Doe <jon@example.com>".parse().unwrap();
    let is = made(&was.bytes, &Late { lines: &lines(), sender: Some(&sender), ..Late::default() });
    let message = parsed(&is);
    let from = message.from().unwrap().first().unwrap().clone();
    assert_eq!((from.name(), from.address()), (sender.name.as_deref(), Some("jon@example.com")));
    let names = |bytes: &[u8]| headers(bytes).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&is), names(&was.bytes), "the sender stands where it stood");
    assert!(find(&is, b"backup-notify@").is_none());
    assert_mail(&is);
}

#[test]
fn there_is_one_sender_however_its_header_is_written() {
    let sender: Mailbox = "jon@example.com".parse().unwrap();
    for head in [
        "FROM: a@example.org\r\nDate: x\r\nfrom : b@example.org\r\nFrom:\r\n c@example.org\r\n",
        "Date: x\r\n",
        "fRoM:\r\n\ta@example.org\r\n",
    ] {
        for sender in [None, Some(&sender)] {
            let was = format!("{head}\r\nbody\r\n");
            let is = made(was.as_bytes(), &Late { sender, ..Late::default() });
            assert_eq!(count(&is, "From"), 1, "{}", String::from_utf8_lossy(&is));
            assert!(sender.is_none() || find(&is, b"@example.org").is_none());
        }
    }
}

// found by the fuzz target `outbox_entry`
#[test]
fn a_field_has_the_name_that_is_on_its_first_line() {
    let is = made(b"From: a@example.org\r\nFrom\r\n Date: y\r\n\r\nbody\r\n", &Late::default());
    assert_eq!(find(&is, b"From\r\n Date"), None, "{}", String::from_utf8_lossy(&is));
    assert_eq!(count(&is, "From"), 1);
}

// found by the fuzz target `outbox_entry`
#[test]
fn a_cr_that_is_not_written_is_not_what_a_line_begins_with() {
    for head in ["Date: x\r\n\r from: a@example.org\r\n", "Date: x\r\n\r\r\n From: a@example.org\r\n"] {
        let is = made(format!("{head}\r\nbody\r\n").as_bytes(), &Late::default());
        assert_eq!((count(&is, "From"), count(&is, "Date")), (1, 1), "{}", String::from_utf8_lossy(&is));
        assert!(find(&is, b"Date: x\r\n ").is_some());
    }
}

#[test]
fn what_is_too_large_goes_without_its_log() {
    let world = World::failed();
    let was = with_log(&world, LOG.repeat(50).as_bytes());
    let lines = lines();
    let small = made(&was.bytes, &Late { lines: &lines, most: Some(8_000), ..Late::default() });
    let message = parsed(&small);
    assert_eq!(message.attachment_count(), 0);
    assert_eq!(message.text_body_count(), 2);
    assert_eq!(message.body_html(1), parsed(&was.bytes).body_html(0));
    let said = message.body_text(0).unwrap().replace("\r\n", "\n");
    assert!(said.ends_with("\nThe log was left out: the server takes 8,000 bytes at most.\n"), "{said}");
    assert_eq!(meant(&small), meant(&was.bytes));
    assert!(find(&small, b"last line").is_none());
    assert_mail(&small);

    let refused = Late { lines: &lines, refused: Some("552 too big\u{7}"), ..Late::default() };
    let said = made(&was.bytes, &refused);
    let said = parsed(&said).body_text(0).unwrap().into_owned();
    assert!(
        said.contains("left out: the server refused the message with it (552 too big\u{fffd})."),
        "{said}"
    );
}

#[test]
fn what_is_too_large_all_the_same_comes_back() {
    let world = World::failed();
    let lines = lines();
    let what = Late { lines: &lines, most: Some(10), ..Late::default() };
    let with_log = with_log(&world, LOG.as_bytes());
    assert_eq!(parsed(&made(&with_log.bytes, &what)).attachment_count(), 0);
    let plain = plain(&world);
    let is = made(&plain.bytes, &what);
    assert_late(&plain.bytes, &is);
    assert!(find(&is, b"The log was left out").is_none(), "nothing is left out");
    let whole = u64::try_from(is.len()).unwrap();
    let what = Late { most: Some(whole), ..what };
    assert_eq!(made(&plain.bytes, &what), is);
}

#[test]
fn addresses_in_other_scripts_stay_as_they_are() {
    let mut world = World::failed();
    world.to = vec!["Jürgen <jürgen@example.com>".parse().unwrap()];
    world.from = "büro@example.com".parse().unwrap();
    let was = plain(&world);
    assert!(was.needs_smtputf8);
    let lines = lines();
    let is = made(&was.bytes, &Late { lines: &lines, ..Late::default() });
    assert_eq!(meant(&is), meant(&was.bytes));
    assert!(find(&is, "<jürgen@example.com>".as_bytes()).is_some());
    let is = made(&was.bytes, &Late { lines: &lines, sender: Some(&world.from), ..Late::default() });
    assert_eq!(meant(&is), meant(&was.bytes));
}

#[test]
fn a_message_in_other_hands_is_packed_too() {
    let said = ["late".to_owned()];
    let what = Late { lines: &said, ..Late::default() };
    // line feeds alone, a folded header, one part
    let is = made(b"From: a@example.org\nSubject: one\n two\ncontent-type: text/html\n\n<p>Hi</p>\n", &what);
    let message = parsed(&is);
    assert_eq!(message.subject(), Some("one two"));
    assert_eq!(
        (message.body_text(0).unwrap().trim(), message.body_html(1).unwrap().trim()),
        ("late", "<p>Hi</p>")
    );
    assert!(find(&is, b"Subject: one\r\n two\r\n").is_some());
    // nothing behind the headers, or not even their last line end
    for bare in [
        "From: a@example.org\r\nDate: x\r\n\r\n",
        "From: a@example.org\r\nDate: x\r\n",
        "From: a@example.org",
    ] {
        let is = made(bare.as_bytes(), &what);
        assert_eq!((count(&is, "From"), count(&is, "Content-Type")), (1, 1));
        assert_eq!(parsed(&is).body_text(0).unwrap().trim(), "late");
    }
    let huge = format!("From: a@example.org\r\nX-Long: {}\r\n\r\nbody", "x".repeat(3_000_000));
    assert_eq!(meant(&made(huge.as_bytes(), &what))[1].1.len(), 3_000_003);
    for nothing in [&b""[..], b"\r\n", b"\n\nbody"] {
        assert!(late(nothing, &what).is_err());
    }
}

#[test]
fn a_boundary_is_not_in_the_body_even_when_the_body_knows_how_it_is_made() {
    let known = super::boundary(b"x");
    assert_eq!(known.len(), 64);
    assert_ne!(super::boundary(b"y"), known);
    let is = made(b"From: a@example.org\r\n\r\nx", &Late::default());
    assert_eq!(String::from_utf8_lossy(&is).matches(&known).count(), 4);
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(b"From: a@example.org\r\n".to_vec()),
        Just(b"FROM:\n b@example.org\n".to_vec()),
        Just(b"Content-Type: multipart/mixed; boundary=b\r\n".to_vec()),
        Just(b"content-disposition: attachment\r\n\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b" folded\r\n".to_vec()),
        Just(b"--b\r\n".to_vec()),
        Just(b"--b--\r\n".to_vec()),
        Just(b"--\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_packed_without_harm(bytes in pieces(), most in proptest::option::of(0..4_000_u64)) {
        let sender = nobody();
        for sender in [None, Some(&sender)] {
            let lines = lines();
            let Ok(is) = late(&bytes, &Late { lines: &lines, sender, most, refused: None, to: None }) else { continue };
            // line ends are those of mail up to where the body begins
            let head = &is[..find(&is, b"\r\n\r\n").unwrap()];
            let named = |line: &&[u8]| line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"from:");
            let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
            prop_assert_eq!(lines.iter().filter(|line| named(line)).count(), 1);
            prop_assert!(lines.iter().rev().skip(1).all(|line| line.ends_with(b"\r")));
        }
    }

    #[test]
    fn any_log_goes_with_it_or_is_left_out(
        log in proptest::collection::vec(any::<u8>(), 0..20_000),
        lines in proptest::collection::vec("\\PC{0,200}", 1..4),
        most in proptest::option::of(5_000..40_000_u64),
    ) {
        let was = with_log(&World::failed(), &log);
        let lines: Vec<String> = std::iter::once("This message was written on x".to_owned())
            .chain(lines.iter().map(|line| crate::text::one_line(line).into_owned()))
            .collect();
        let is = made(&was.bytes, &Late { lines: &lines, most, ..Late::default() });
        if parsed(&is).attachment_count() == 1 {
            assert_late(&was.bytes, &is);
            prop_assert!(most.is_none_or(|most| is.len() as u64 <= most));
        } else {
            assert_mail(&is);
            prop_assert_eq!(meant(&is), meant(&was.bytes));
            prop_assert!(parsed(&is).body_text(0).unwrap().contains("The log was left out"));
            let (new, old) = (parsed(&is), parsed(&was.bytes));
            prop_assert_eq!(new.body_html(1), old.body_html(0));
        }
    }
}

#[test]
fn a_server_without_smtputf8_is_told_only_whom_it_reaches_and_only_where_that_is_needed() {
    let to: [lettre::Address; 1] = ["ops@example.com".parse().unwrap()];
    let what = Late { to: Some(&to), ..Late::default() };
    let other = "From: a@example.com\r\nTo: Ops <ops@example.com>,\r\n jürgen@example.com\r\n\r\nx\r\n";
    let is = String::from_utf8(made(other.as_bytes(), &what)).unwrap();
    assert!(is.contains("\r\nTo: ops@example.com\r\n"), "{is}");
    assert!(is.is_ascii(), "{is}");
    let plain = other.replace('ü', "u");
    let is = String::from_utf8(made(plain.as_bytes(), &what)).unwrap();
    assert!(is.contains("\r\nTo: Ops <ops@example.com>,\r\n jurgen@example.com\r\n"), "{is}");
}
