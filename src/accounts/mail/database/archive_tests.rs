use plist::Value;

use super::archive::read;
use super::testing::{archive, archive_of, dictionary, number, plain, reference, text};
use crate::accounts::mail::property_list::Node;

#[test]
fn scalars_stand_among_the_objects_as_they_are() {
    assert_eq!(
        read(&archive(&text("smtp.example.com"))),
        Ok(Some(Node::Text("smtp.example.com".to_owned())))
    );
    assert_eq!(read(&archive(&number(587))), Ok(Some(Node::Integer(587))));
    assert_eq!(read(&archive(&Value::Boolean(true))), Ok(Some(Node::Boolean(true))));
    assert_eq!(read(&archive_of(vec![text("$null")], reference(0))), Ok(None));
}

#[test]
fn arrays_and_dictionaries_are_unfolded() {
    let value =
        dictionary([("mail", dictionary([("port", number(1))])), ("list", Value::Array(vec![text("a")]))]);
    let expected = Node::Dictionary(vec![
        ("mail".into(), Node::Dictionary(vec![("port".into(), Node::Integer(1))])),
        ("list".into(), Node::Array(vec![Node::Text("a".to_owned())])),
    ]);
    assert_eq!(read(&archive(&value)), Ok(Some(expected)));
}

#[test]
fn a_mutable_string_and_one_that_is_referred_to_are_text() {
    for string in [text("kim"), reference(2)] {
        let objects = vec![text("$null"), dictionary([("NS.string", string)]), text("kim")];
        assert_eq!(read(&archive_of(objects, reference(1))), Ok(Some(Node::Text("kim".to_owned()))));
    }
}

#[test]
fn what_says_nothing_is_left_out_of_lists() {
    let date = dictionary([("NS.time", Value::Real(1.0))]);
    let list = dictionary([("NS.objects", Value::Array(vec![reference(0), reference(2), reference(3)]))]);
    let objects = vec![text("$null"), list, date, number(5)];
    assert_eq!(read(&archive_of(objects, reference(1))), Ok(Some(Node::Array(vec![Node::Integer(5)]))));
}

#[test]
fn a_property_list_that_is_no_archive_is_taken_as_it_is() {
    assert_eq!(read(&plain(&Value::Boolean(true))), Ok(Some(Node::Boolean(true))));
    let entries = dictionary([("port", number(25))]);
    assert_eq!(read(&plain(&entries)), Ok(Some(Node::Dictionary(vec![("port".into(), Node::Integer(25))]))));
}

#[test]
fn an_archive_that_refers_to_itself_is_refused() {
    let list = |to: usize| dictionary([("NS.objects", Value::Array(vec![reference(to)]))]);
    let said = read(&archive_of(vec![text("$null"), list(2), list(1)], reference(1))).unwrap_err();
    assert_eq!(said, "the archive refers to itself");
    let said = read(&archive_of(vec![text("$null")], reference(9))).unwrap_err();
    assert_eq!(said, "the archive refers to an object that it does not hold");
}

#[test]
fn a_deep_archive_is_refused() {
    let list = |to: usize| dictionary([("NS.objects", Value::Array(vec![reference(to)]))]);
    let objects = (0..100).map(|index| list(index + 1)).collect();
    assert_eq!(read(&archive_of(objects, reference(0))).unwrap_err(), "the archive is nested too deeply");
}

#[test]
fn a_small_archive_does_not_unfold_into_a_large_one() {
    let twelve = |to: usize| dictionary([("NS.objects", Value::Array(vec![reference(to); 12]))]);
    let mut objects: Vec<Value> = (0..14).map(|index| twelve(index + 1)).collect();
    objects.push(text("end"));
    assert_eq!(read(&archive_of(objects, reference(0))).unwrap_err(), "the archive unfolds into too much");
}

/// Writes a binary list in which each of some arrays holds the next one twice.
fn doubling(arrays: u8) -> Vec<u8> {
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for index in 0..arrays {
        offsets.push(u8::try_from(bytes.len()).unwrap());
        bytes.extend([0xA2, index + 1, index + 1]);
    }
    offsets.push(u8::try_from(bytes.len()).unwrap());
    bytes.push(0x09);
    let table = bytes.len() as u64;
    bytes.extend(&offsets);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    for number in [u64::from(arrays) + 1, 0, table] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

#[test]
fn the_list_under_a_small_archive_does_not_unfold_either() {
    assert!(read(&doubling(40)).is_err());
    assert_eq!(read(&doubling(20)).unwrap_err(), "it has more than 256 values");
}

#[test]
fn an_archive_cut_anywhere_is_refused_or_read_and_never_ends_the_program() {
    let whole = archive(&dictionary([("mail", dictionary([("host", text("smtp.example.com"))]))]));
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << bit;
            let _ = read(&flipped);
        }
    }
}
