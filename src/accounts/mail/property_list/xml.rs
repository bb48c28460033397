//! XML property lists.
//!
//! They are read here and not by the plist crate: it keeps a second copy of the whole file and takes
//! 0.15 s for 10,000 accounts, drops CDATA sections and entities it does not know without a word,
//! panics on a date that its offset carries past the year 9999, and gives up a whole file for one
//! number that is none. The format is small (`man 5 plist`); text is borrowed until it is kept.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    let rest = str::from_utf8(bytes).map_err(|_| damaged("not UTF-8"))?;
    let mut reader = Reader { rest, budget: Budget::new(MOST_VALUES) };
    let node = match reader.tag()? {
        Tag::Start("plist") => {
            let first = reader.tag()?;
            let node = reader.value(&first, 0)?;
            match reader.tag()? {
                Tag::End("plist") => node,
                _ => return Err(damaged("more than one value")),
            }
        }
        first => reader.value(&first, 0)?,
    };
    if reader.rest.trim_ascii().is_empty() { Ok(node) } else { Err(damaged("text after its end")) }
}

fn damaged(how: &str) -> String {
    format!("it is damaged: {how}")
}

/// What stands between two angle brackets; attributes mean nothing here.
enum Tag<'t> {
    Start(&'t str),
    Empty(&'t str),
    End(&'t str),
}

struct Reader<'t> {
    rest: &'t str,
    budget: Budget,
}

impl<'t> Reader<'t> {
    /// Skips to what follows a bracket, and returns what stands before it.
    fn up_to(&mut self, bracket: char) -> Result<&'t str, String> {
        self.skip(self.rest.split_once(bracket))
    }

    /// Skips to what follows a mark; slower.
    fn up_to_mark(&mut self, mark: &str) -> Result<&'t str, String> {
        self.skip(self.rest.split_once(mark))
    }

    fn skip(&mut self, split: Option<(&'t str, &'t str)>) -> Result<&'t str, String> {
        let (before, rest) = split.ok_or_else(|| damaged("it ends too early"))?;
        self.rest = rest;
        Ok(before)
    }

    /// Reads the next tag; only white space, comments and declarations may stand before it.
    fn tag(&mut self) -> Result<Tag<'t>, String> {
        loop {
            let before = self.up_to('<')?;
            if !before.trim_ascii().is_empty() {
                return Err(damaged("text between its elements"));
            }
            if self.rest.starts_with("!--") {
                self.up_to_mark("-->")?;
            } else if self.rest.starts_with('?') {
                self.up_to_mark("?>")?;
            } else if self.rest.starts_with("!DOCTYPE") {
                if self.up_to('>')?.contains('[') {
                    return Err("it declares entities, which are not read".to_owned());
                }
            } else {
                let tag = self.up_to('>')?;
                return Ok(match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
                    (Some(name), _) => Tag::End(name.trim_ascii_end()),
                    (None, Some(tag)) => Tag::Empty(name(tag)),
                    (None, None) => Tag::Start(name(tag)),
                });
            }
        }
    }

    /// Reads what stands up to the end of an element that holds text.
    fn content(&mut self, name: &str) -> Result<Cow<'t, str>, String> {
        let mut content = Cow::Borrowed("");
        loop {
            content += unescaped(self.up_to('<')?)?;
            if let Some(rest) = self.rest.strip_prefix("![CDATA[") {
                self.rest = rest;
                content += self.up_to_mark("]]>")?;
            } else if self.rest.starts_with("!--") {
                self.up_to_mark("-->")?;
            } else {
                let end = self.up_to('>')?.strip_prefix('/').map(str::trim_ascii_end);
                return if end == Some(name) { Ok(content) } else { Err(unclosed(name)) };
            }
        }
    }

    /// Reads the value that begins with a tag.
    fn value(&mut self, tag: &Tag<'t>, depth: usize) -> Result<Node, String> {
        self.budget.take_value(depth)?;
        let (name, is_empty) = match tag {
            Tag::Start(name) => (*name, false),
            Tag::Empty(name) => (*name, true),
            Tag::End(name) => return Err(damaged(&format!("an end of \"{}\" without a start", shown(name)))),
        };
        match name {
            "dict" if is_empty => Ok(Node::Dictionary(Vec::new())),
            "dict" => self.dictionary(depth),
            "array" if is_empty => Ok(Node::Array(Vec::new())),
            "array" => self.array(depth),
            "string" | "date" | "integer" | "real" | "data" | "true" | "false" => {
                let content = if is_empty { Cow::Borrowed("") } else { self.content(name)? };
                self.budget.take_bytes(content.len())?;
                Ok(simple(name, content))
            }
            other => Err(damaged(&format!("an element \"{}\"", shown(other)))),
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Node, String> {
        let start = self.budget.open.len();
        loop {
            let key = match self.tag()? {
                Tag::End("dict") => return Ok(Node::Dictionary(self.budget.open.split_off(start))),
                Tag::Start("key") => self.content("key")?,
                Tag::Empty("key") => Cow::Borrowed(""),
                Tag::Start(_) | Tag::Empty(_) => {
                    return Err(damaged("a dictionary has a value without a key"));
                }
                Tag::End(_) => return Err(unclosed("dict")),
            };
            let key = self.budget.take_key(&key)?;
            let first = self.tag()?;
            let node = self.value(&first, depth + 1)?;
            self.budget.open.push((key, node));
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, String> {
        let mut nodes = Vec::new();
        loop {
            match self.tag()? {
                Tag::End("array") => return Ok(Node::Array(nodes)),
                first => nodes.push(self.value(&first, depth + 1)?),
            }
        }
    }
}

/// Makes a value of an element's content; what is none of its kind is kept as text, so that it is
/// found fault with where it matters and nowhere else.
fn simple(name: &str, content: Cow<'_, str>) -> Node {
    let word = content.trim_ascii();
    let node = match name {
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

/// Puts the characters in place of their entities.
fn unescaped(raw: &str) -> Result<Cow<'_, str>, String> {
    let Some((before, mut rest)) = raw.split_once('&') else { return Ok(Cow::Borrowed(raw)) };
    let mut plain = before.to_owned();
    loop {
        let (name, after) = rest.split_once(';').ok_or_else(|| damaged("an entity without an end"))?;
        let c = character(name).ok_or_else(|| damaged(&format!("an entity \"{}\"", shown(name))))?;
        plain.push(c);
        let Some((before, next)) = after.split_once('&') else {
            plain.push_str(after);
            return Ok(Cow::Owned(plain));
        };
        plain.push_str(before);
        rest = next;
    }
}

fn character(entity: &str) -> Option<char> {
    let code = match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        other => other.strip_prefix('#')?,
    };
    let code = match code.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code)
}

/// Finds the name in a tag.
fn name(tag: &str) -> &str {
    tag.split_ascii_whitespace().next().unwrap_or_default()
}

fn unclosed(name: &str) -> String {
    damaged(&format!("an element \"{name}\" without its end"))
}

/// Shows a name from the file.
fn shown(name: &str) -> String {
    text::shorten(&text::one_line(name), 20).into_owned()
}
