//! From bytes to a JSON document, with everything that JSON itself leaves open settled.
//!
//! `serde_json` does the parsing; this file only refuses what it would let pass (duplicate keys,
//! of which it keeps the last) and says in plain words what is wrong with a file that is no JSON.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;

use crate::task::faults::{Fault, Path};

/// The largest task file or report, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A JSON value that keeps its keys in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(entries) => serializer.collect_map(entries.iter().map(|(key, node)| (key, node))),
        }
    }
}

impl Node {
    /// Says what kind of value it is, as error messages put it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Parses a document; duplicate keys are reported as faults and the first value is kept.
pub(crate) fn parse(bytes: &[u8]) -> (Option<Node>, Vec<Fault>) {
    let whole = |problem: String| (None, vec![Fault::of_file(problem)]);
    if bytes.len() > MAX_BYTES {
        return whole("larger than 1 MiB; a task file or report is a page of text".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return whole("empty; expected a JSON object".to_owned());
    }
    // with its mark, or seen by the zero in every other byte of plain letters
    if matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..]
    ) {
        return whole("written in UTF-16; save it as UTF-8".to_owned());
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return whole(format!("not text (a NUL byte at offset {at}); expected JSON"));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = bytes
                .get(..error.valid_up_to())
                .map_or(1, |good| good.iter().filter(|b| **b == b'\n').count() + 1);
            return whole(format!("not UTF-8 (line {line}); save it as UTF-8"));
        }
    };
    let duplicates = RefCell::new(Vec::new());
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = NodeSeed { path: Path::root(), duplicates: &duplicates };
    match seed.deserialize(&mut json).and_then(|node| json.end().map(|()| node)) {
        Ok(node) => (Some(node), duplicates.into_inner()),
        Err(error) => whole(syntax(&error)),
    }
}

/// Puts a syntax error of `serde_json` in words that a person can act on.
fn syntax(error: &serde_json::Error) -> String {
    let place = match (error.line(), error.column()) {
        // a line break counts as the beginning of the next line
        (line, 0) => format!("line {}, at its end", line.saturating_sub(1).max(1)),
        (line, column) => format!("line {line}, column {column}"),
    };
    let said = error.to_string();
    let what = said.split(" at line ").next().unwrap_or(&said);
    let what = match what {
        "recursion limit exceeded" => "nested more than 128 levels deep",
        "trailing comma" => "a comma before a closing bracket",
        "trailing characters" => "text after the end of the JSON document",
        "key must be a string" => {
            "expected a key in double quotes; JSON knows neither single quotes nor comments"
        }
        "expected ident" | "expected value" => {
            "expected {, [, text in double quotes, a number, true, false or null"
        }
        "expected `,` or `}`" | "expected `,` or `]`" => "a comma or a closing bracket is missing here",
        "expected `:`" => "a colon is missing after the key",
        "invalid escape" => "a backslash that begins no escape; write \\\\ for the backslash itself",
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "half of a \\u escape; write the character itself"
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a line break or control character inside quotes; write \\n"
        }
        what if what.starts_with("EOF while") => "it ends too early; a closing bracket or quote is missing",
        what => what,
    };
    format!("not JSON ({place}): {what}")
}

/// Builds a [`Node`] and notes keys that appear twice.
struct NodeSeed<'a> {
    path: Path,
    duplicates: &'a RefCell<Vec<Fault>>,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        serde_json::Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        loop {
            let path = self.path.item(nodes.len());
            match list.next_element_seed(NodeSeed { path, duplicates: self.duplicates })? {
                Some(node) => nodes.push(node),
                None => return Ok(Node::List(nodes)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = self.path.key(&key);
            let duplicate = entries.iter().any(|(known, _)| *known == key);
            if duplicate {
                let fault = if self.path.holds_secret() {
                    Fault::new(&self.path, "a key appears twice; keep one of them")
                } else {
                    Fault::new(&path, "this key appears twice; keep one of them")
                };
                self.duplicates.borrow_mut().push(fault);
            }
            if entries.len() > 10_000 {
                return Err(A::Error::custom("more than 10,000 keys in one object"));
            }
            let node = map.next_value_seed(NodeSeed { path, duplicates: self.duplicates })?;
            if !duplicate {
                entries.push((key, node));
            }
        }
        Ok(Node::Object(entries))
    }
}
