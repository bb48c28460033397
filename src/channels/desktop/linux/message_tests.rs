use proptest::prelude::*;
use zbus::wire::to_bytes;

use super::*;

const PING: Method =
    Method { to: "a.b", path: "/a", interface: "a.b", name: "Ping", signature: "susssasa{sv}i" };

/// The answer of somebody, written by hand in either order of bytes.
fn answer(big: bool, kind: u8, fields: &[(u8, u8, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let number = |n: usize| {
        let n = u32::try_from(n).unwrap();
        if big { n.to_be_bytes() } else { n.to_le_bytes() }
    };
    let mut list = Vec::new();
    for (code, kind, value) in fields {
        list.resize(list.len().next_multiple_of(8), 0);
        list.extend([*code, 1, *kind, 0]);
        list.extend(value);
    }
    let mut message = vec![if big { b'B' } else { b'l' }, kind, 0, 1];
    message.extend(number(body.len()));
    message.extend(number(7));
    message.extend(number(list.len()));
    message.extend(&list);
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body);
    message
}

fn read(bytes: &[u8]) -> Result<Message, &'static str> {
    let head = Head::read(bytes.first_chunk().copied().ok_or("short")?)?;
    Message::read(head, &bytes[HEAD..])
}

#[test]
fn a_call_is_framed_as_the_specification_says() {
    let bytes = call(1, &PING, b"body").unwrap();
    assert_eq!(bytes.len() % 8, 4);
    let message = read(&bytes).unwrap();
    assert_eq!((message.kind, message.answers), (Kind::Other, None));
    assert_eq!(message.signature, "susssasa{sv}i");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("l\u{1}\0\u{1}\u{4}\0\0\0\u{1}\0\0\0"), "{text:?}");
    assert!(text.contains("\u{8}\u{1}g\0\rsusssasa{sv}i\0"), "{text:?}");
}

#[test]
fn an_answer_is_read_in_either_order_of_bytes() {
    for big in [false, true] {
        let number = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() }.to_vec();
        let fields = [(5, b'u', number(3)), (8, b'g', b"\x01u\0".to_vec())];
        let message = read(&answer(big, 2, &fields, &number(77))).unwrap();
        assert_eq!((&message.kind, message.answers, message.number()), (&Kind::Return, Some(3), Some(77)));
        assert_eq!((message.texts(), message.two_texts(), message.said()), (None, None, None));
    }
}

#[test]
fn an_error_has_a_name_and_words() {
    let text = |text: &str| {
        let mut bytes = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
        bytes.extend(text.bytes());
        bytes.push(0);
        bytes
    };
    let fields = [(4, b's', text("a.b.Error")), (5, b'u', vec![9, 0, 0, 0]), (8, b'g', b"\x01s\0".to_vec())];
    let message = read(&answer(false, 3, &fields, &text("no"))).unwrap();
    assert_eq!(message.kind, Kind::Error("a.b.Error".to_owned()));
    assert_eq!(message.said().as_deref(), Some("no"));
    assert!(read(&answer(false, 3, &fields[1..], &[])).is_err(), "an error without a name");
}

#[test]
fn what_is_too_long_is_not_waited_for() {
    let head = |body: u32, fields: u32| {
        let mut bytes = *b"l\x02\0\x01........\x00\x00\x00\x00";
        bytes[4..8].copy_from_slice(&body.to_le_bytes());
        bytes[12..].copy_from_slice(&fields.to_le_bytes());
        Head::read(bytes)
    };
    assert_eq!(head(8, 9).unwrap().rest, 16 + 8);
    assert_eq!(head(1 << 20, 1 << 16).unwrap().rest, (1 << 20) + (1 << 16));
    for (body, fields) in [((1 << 20) + 1, 0), (0, (1 << 16) + 1), (u32::MAX, u32::MAX)] {
        assert!(head(body, fields).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_of_a_bus_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        for endian in [b'l', b'B'] {
            for fields in [0, bytes.len()] {
                let head = Head { endian: if endian == b'l' { Endian::Little } else { Endian::Big }, kind: 2, fields, rest: 0 };
                if let Ok(message) = Message::read(head, &bytes) {
                    let _ = (message.said(), message.texts(), message.number(), message.two_texts());
                }
            }
        }
    }

    #[test]
    fn no_damaged_answer_is_too_odd(
        texts in proptest::collection::vec(".{0,9}", 0..5),
        types in "as|s|ssss|u|v|a\\{sv\\}|[a-z(){}]{0,20}",
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut signature = vec![u8::try_from(types.len()).unwrap()];
        signature.extend(types.bytes());
        signature.push(0);
        let fields = [(5, b'u', vec![1, 0, 0, 0]), (8, b'g', signature)];
        let body = to_bytes(context(0), &texts).unwrap();
        let mut bytes = answer(false, 2, &fields, body.bytes());
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(message) = read(&bytes) {
            let _ = (message.said(), message.texts(), message.number(), message.two_texts());
        }
    }
}
