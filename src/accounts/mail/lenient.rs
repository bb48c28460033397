//! Readers for the spellings of one value that Mail has used over the years.
//!
//! Flags were text ("YES") before they were booleans, ports text until 10.8
//! (facts/apple-mail-accounts.md, section 2). What cannot be read is an error that says so in a
//! few words, ready to follow the name of the key; what is missing is `None`.

use super::property_list::Node;
use crate::text;

/// Reads a flag: a boolean, a number, or YES, NO, TRUE, FALSE, 1 or 0 in any case.
pub(crate) fn flag(node: Option<&Node>) -> Result<Option<bool>, String> {
    Ok(match node {
        None => None,
        Some(Node::Boolean(value)) => Some(*value),
        Some(Node::Integer(0)) => Some(false),
        Some(Node::Integer(1)) => Some(true),
        Some(Node::Text(word)) => match word.trim().to_ascii_lowercase().as_str() {
            "" => None,
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => return Err(format!("is {}, neither yes nor no", shown(node))),
        },
        Some(_) => return Err(format!("is {}, neither yes nor no", shown(node))),
    })
}

/// Reads a port: a number or the text of one; 0 and empty text are the default, as is no value.
pub(crate) fn port(node: Option<&Node>) -> Result<Option<u16>, String> {
    let number = match node {
        None => return Ok(None),
        Some(Node::Integer(number)) => Some(*number),
        Some(Node::Text(word)) if word.trim().is_empty() => return Ok(None),
        Some(Node::Text(word)) => word.trim().parse().ok(),
        Some(_) => None,
    };
    let port = number.and_then(|number| u16::try_from(number).ok());
    match port {
        Some(0) => Ok(None),
        Some(port) => Ok(Some(port)),
        None => Err(format!("is {}, no port from 1 to 65535", shown(node))),
    }
}

/// Reads text, without the white space around it; empty text is no value.
pub(crate) fn text(node: Option<&Node>) -> Result<Option<String>, String> {
    match node {
        None => Ok(None),
        Some(Node::Text(value)) => match value.trim() {
            "" => Ok(None),
            value if value.contains(char::is_control) => Err("has control characters in it".to_owned()),
            value => Ok(Some(value.to_owned())),
        },
        // a user name of digits, as "defaults write" stores it
        Some(Node::Integer(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(format!("is {}, not text", other.kind())),
    }
}

/// Shows a value that was not understood: short ones as they are, others by their kind.
fn shown(node: Option<&Node>) -> String {
    match node {
        Some(Node::Text(word)) => format!("\"{}\"", text::shorten(&text::one_line(word), 40)),
        Some(Node::Integer(number)) => number.to_string(),
        Some(Node::Real(number)) => number.to_string(),
        Some(other) => other.kind().to_owned(),
        None => "missing".to_owned(),
    }
}

#[cfg(test)]
#[path = "lenient_tests.rs"]
mod tests;
