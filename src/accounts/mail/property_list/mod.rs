//! Property lists, XML and binary, read within limits.
//!
//! The limits hold while a list is read, before anything has grown: a binary list of a few kilobytes
//! can stand for millions of values, as one object may be referred to from many places.

mod binary;
mod xml;

use std::collections::HashSet;
use std::rc::Rc;

/// How deep containers may be nested; Mail nests five, keyed archives never more than three.
pub(super) const DEEPEST: usize = 32;
/// How many values a list may hold; 10,000 accounts with their servers have some 350,000.
pub(super) const MOST_VALUES: usize = 1_000_000;
/// How many bytes all text and data may have together.
const MOST_BYTES: usize = 32 << 20;

/// One value of a property list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// In the order of the file; a key that is there twice is kept twice.
    Dictionary(Vec<(Rc<str>, Node)>),
    Array(Vec<Node>),
    /// Text, a date as XML writes it, or what is written where a number should be and is none.
    Text(String),
    /// A whole number, or the UID of a keyed archive; what is too large is `i64::MAX`.
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Data(Vec<u8>),
}

impl Node {
    /// Finds the first value of a key; in what is no dictionary, none.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dictionary(entries) = self else { return None };
        entries.iter().find(|(known, _)| **known == *key).map(|(_, node)| node)
    }

    /// Names the kind of value, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Dictionary(_) => "a dictionary",
            Self::Array(_) => "an array",
            Self::Text(_) => "text",
            Self::Integer(_) | Self::Real(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Data(_) => "data",
        }
    }
}

/// Reads a property list; says in a few words what is wrong with one that cannot be read.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, String> {
    parse_at_most::<MOST_VALUES>(bytes)
}

/// Reads a property list that stands for at most `VALUES` values, when it is a binary one; one in
/// XML stands for no more than it has.
pub(crate) fn parse_at_most<const VALUES: usize>(bytes: &[u8]) -> Result<Node, String> {
    if bytes.starts_with(b"bplist") { binary::parse::<VALUES>(bytes) } else { xml::parse(bytes) }
}

/// Tells whether nothing in the make of a list that can be read speaks of damage; the elements of
/// an XML list close one another, or it cannot be read.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"bplist") || binary::is_whole(bytes)
}

/// What a list may still grow by, and the keys it has so far.
pub(super) struct Budget {
    most: usize,
    values: usize,
    bytes: usize,
    /// Every key is kept once: accounts have the same ones, and 10,000 of them are to fit.
    keys: HashSet<Rc<str>>,
    /// The entries of the dictionaries that are being read, the innermost last: so each gets the
    /// room it needs and no more.
    pub(super) open: Vec<(Rc<str>, Node)>,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self { most, values: most, bytes: MOST_BYTES, keys: HashSet::new(), open: Vec::new() }
    }

    /// Takes one value, `depth` containers down. Neither the reading nor the drop of a tree may
    /// recurse as deep as a file likes.
    pub(super) fn take_value(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        let left = self.values.checked_sub(1);
        self.values = left.ok_or_else(|| format!("it has more than {} values", self.most))?;
        Ok(())
    }

    pub(super) fn take_bytes(&mut self, count: usize) -> Result<(), String> {
        self.bytes = self.bytes.checked_sub(count).ok_or("it has more than 32 MiB of text")?;
        Ok(())
    }

    pub(super) fn take_key(&mut self, key: &str) -> Result<Rc<str>, String> {
        if let Some(known) = self.keys.get(key) {
            return Ok(Rc::clone(known));
        }
        self.take_bytes(key.len())?;
        let new: Rc<str> = key.into();
        self.keys.insert(Rc::clone(&new));
        Ok(new)
    }
}

#[cfg(test)]
mod tests;
