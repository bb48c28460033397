//! Every spelling of a flag, a port and a text.

use super::super::property_list::Node;
use super::{flag, port, text};

fn word(word: &str) -> Node {
    Node::Text(word.to_owned())
}

#[test]
fn a_flag_has_many_spellings() {
    for yes in ["YES", "yes", "Yes", " YES ", "true", "TRUE", "1"] {
        assert_eq!(flag(Some(&word(yes))), Ok(Some(true)), "{yes}");
    }
    for no in ["NO", "no", "false", "0"] {
        assert_eq!(flag(Some(&word(no))), Ok(Some(false)), "{no}");
    }
    assert_eq!(flag(Some(&Node::Boolean(true))), Ok(Some(true)));
    assert_eq!(flag(Some(&Node::Integer(0))), Ok(Some(false)));
    assert_eq!(flag(Some(&Node::Integer(1))), Ok(Some(true)));
    assert_eq!(flag(Some(&word(""))), Ok(None));
    assert_eq!(flag(None), Ok(None));
}

#[test]
fn what_is_no_flag_is_shown() {
    assert_eq!(flag(Some(&word("YDS\u{1b}"))), Err("is \"YDS\u{FFFD}\", neither yes nor no".to_owned()));
    assert_eq!(flag(Some(&Node::Integer(2))), Err("is 2, neither yes nor no".to_owned()));
    assert_eq!(flag(Some(&Node::Array(vec![]))), Err("is an array, neither yes nor no".to_owned()));
}

#[test]
fn a_port_is_a_number_or_the_text_of_one() {
    assert_eq!(port(Some(&Node::Integer(587))), Ok(Some(587)));
    assert_eq!(port(Some(&word("465"))), Ok(Some(465)));
    assert_eq!(port(Some(&word(" 65535 "))), Ok(Some(65535)));
    for default in [Some(Node::Integer(0)), Some(word("0")), Some(word("")), Some(word(" ")), None] {
        assert_eq!(port(default.as_ref()), Ok(None), "{default:?}");
    }
    for (wrong, shown) in [
        (Node::Integer(65536), "65536"),
        (Node::Integer(-1), "-1"),
        (word("5x7"), "\"5x7\""),
        (word("99999999999999999999"), "\"99999999999999999999\""),
        (Node::Real(58.5), "58.5"),
        (Node::Boolean(true), "true or false"),
    ] {
        assert_eq!(port(Some(&wrong)), Err(format!("is {shown}, no port from 1 to 65535")));
    }
}

#[test]
fn text_is_trimmed_and_never_empty_nor_active() {
    assert_eq!(text(Some(&word("  kim \n"))), Ok(Some("kim".to_owned())));
    assert_eq!(text(Some(&word(" \t"))), Ok(None));
    assert_eq!(text(None), Ok(None));
    assert_eq!(text(Some(&Node::Integer(4711))), Ok(Some("4711".to_owned())));
    assert_eq!(text(Some(&word("ki\rm"))), Err("has control characters in it".to_owned()));
    assert_eq!(text(Some(&Node::Data(vec![1]))), Err("is data, not text".to_owned()));
}
