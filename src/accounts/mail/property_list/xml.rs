//! XML property lists: quick-xml takes the file apart, and here is what its elements mean.
//!
//! Not the plist crate: for 28 MB with 20,000 accounts it alone takes 0.33 s and 154 MB, where the
//! whole listing now takes 0.24 s and 75 MB. It also drops CDATA sections and unknown entities without
//! a word, panics on some dates, and gives up a whole file for one number that is none.
//! The format is small (`man 5 plist`).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Error;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Budget, MOST_VALUES, Node};
use crate::text;

/// Reads an XML list.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    match bytes.get(..2).unwrap_or(bytes) {
        [] => return Err("it is empty".to_owned()),
        [0xFE | 0xFF, ..] | [0, b'<'] | [b'<', 0] => return Err("it is text in UTF-16".to_owned()),
        [b'{' | b'(', ..] => return Err("it is an old-style (ASCII) property list".to_owned()),
        [b'<', ..] => {}
        _ => return Err("it is no property list".to_owned()),
    }
    // quick-xml lets them pass (XML 1.0, section 2.2)
    if bytes.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) {
        return Err(damaged("it has control characters"));
    }
    let mut xml = quick_xml::Reader::from_reader(bytes);
    // an empty element is then a start and an end as well
    xml.config_mut().expand_empty_elements = true;
    let mut reader = Reader { xml, budget: Budget::new(MOST_VALUES) };
    let first = reader.start()?.ok_or_else(too_early)?;
    let wrapped = first.name().as_ref() == "plist";
    let value = if wrapped { reader.start()?.ok_or_else(|| damaged("it has no value"))? } else { first };
    let node = reader.value(&value, 0)?;
    let alone = (!wrapped || reader.start()?.is_none()) && matches!(reader.markup()?, Event::Eof);
    if alone { Ok(node) } else { Err(damaged("more than one value")) }
}

struct Reader<'t> {
    xml: quick_xml::Reader<&'t [u8]>,
    budget: Budget,
}

impl<'t> Reader<'t> {
    /// Reads up to the next start or end of an element, or of the file.
    fn markup(&mut self) -> Result<Event<'t>, String> {
        loop {
            match self.event()? {
                Event::Text(space) if space.trim_ascii().is_empty() => {}
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::DocType(dtd) if !dtd.contains('[') => {}
                Event::DocType(_) => return Err("it declares entities, which are not read".to_owned()),
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(damaged("text outside of its values"));
                }
                event => return Ok(event),
            }
        }
    }

    /// Reads the start of the next element; `None` at the end of the one around it.
    fn start(&mut self) -> Result<Option<BytesStart<'t>>, String> {
        match self.markup()? {
            Event::Start(tag) => Ok(Some(tag)),
            Event::Eof => Err(too_early()),
            _ => Ok(None),
        }
    }

    /// Reads the text of an element up to its end.
    fn content(&mut self) -> Result<Cow<'t, str>, String> {
        let mut content = Cow::Borrowed("");
        loop {
            content += match self.event()? {
                Event::Text(text) => text.xml10_content(),
                Event::CData(text) => text.xml10_content(),
                Event::GeneralRef(entity) => Cow::Owned(character(&entity)?),
                Event::Comment(_) | Event::PI(_) => continue,
                Event::End(_) => return Ok(content),
                Event::Eof => return Err(too_early()),
                _ => return Err(damaged("an element within text")),
            };
        }
    }

    fn event(&mut self) -> Result<Event<'t>, String> {
        self.xml.read_event().map_err(|error| match error {
            // it would count the bytes from the start of the text or tag
            Error::Encoding(_) => damaged("not UTF-8"),
            other => damaged(&other.to_string()),
        })
    }

    /// Reads the value that a start begins.
    fn value(&mut self, start: &BytesStart<'_>, depth: usize) -> Result<Node, String> {
        self.budget.take_value(depth)?;
        match start.name().as_ref() {
            "dict" => self.dictionary(depth),
            "array" => {
                let mut nodes = Vec::new();
                while let Some(first) = self.start()? {
                    nodes.push(self.value(&first, depth + 1)?);
                }
                Ok(Node::Array(nodes))
            }
            kind @ ("string" | "date" | "integer" | "real" | "data" | "true" | "false") => {
                let content = self.content()?;
                self.budget.take_bytes(content.len())?;
                Ok(simple(kind, content))
            }
            other => Err(damaged(&format!("an element \"{other}\""))),
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Node, String> {
        let first = self.budget.open.len();
        while let Some(key) = self.start()? {
            if key.name().as_ref() != "key" {
                return Err(damaged("a dictionary has a value without a key"));
            }
            let key = self.content()?;
            let key = self.budget.take_key(&key)?;
            let value = self.start()?.ok_or_else(|| damaged("a dictionary has a key without a value"))?;
            let node = self.value(&value, depth + 1)?;
            self.budget.open.push((key, node));
        }
        Ok(Node::Dictionary(self.budget.open.split_off(first)))
    }
}

/// Makes a value of an element's content; what is none of its kind is kept as text, so that it is
/// found fault with where it matters and nowhere else.
fn simple(kind: &str, content: Cow<'_, str>) -> Node {
    let word = content.trim_ascii();
    let node = match kind {
        "true" => Some(Node::Boolean(true)),
        "false" => Some(Node::Boolean(false)),
        "integer" => integer(word).map(Node::Integer),
        "real" => word.parse().ok().map(Node::Real),
        "data" => {
            let packed: String = content.split_ascii_whitespace().collect();
            STANDARD.decode(packed).ok().map(Node::Data)
        }
        _ => None,
    };
    node.unwrap_or_else(|| Node::Text(content.into_owned()))
}

/// Reads a whole number, as `CFPropertyList` does also in hexadecimal.
fn integer(word: &str) -> Option<i64> {
    let number = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => i128::from_str_radix(digits, 16).ok()?,
        None => word.parse::<i128>().ok()?,
    };
    Some(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Returns what an entity stands for.
fn character(entity: &BytesRef<'_>) -> Result<String, String> {
    let numbered = entity.resolve_char_ref().ok().flatten().map(String::from);
    let character = numbered.or_else(|| resolve_xml_entity(entity).map(str::to_owned));
    character.ok_or_else(|| damaged(&format!("an entity \"{}\"", &**entity)))
}

fn too_early() -> String {
    damaged("it ends too early")
}

/// Says what is wrong, with words that may come from the file.
fn damaged(how: &str) -> String {
    format!("it is damaged: {}", text::shorten(&text::one_line(how), 100))
}
