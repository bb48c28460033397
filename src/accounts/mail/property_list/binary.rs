//! Binary property lists: the plist crate reads them, after a look at their table of objects.
//!
//! Version 1.10.3 of it panics on a date that RFC 3339 cannot write (`Date::to_xml_format`), and
//! allocates eight bytes for every reference that a container announces, however many containers
//! share the same bytes. Neither is in a file that Mail wrote.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Budget, MOST_VALUES, Node};
use crate::text;

const DAMAGED_DATE: &str = "it is damaged: a date in it is none";
const DAMAGED: &str = "it is damaged: its table of objects is none";

/// Reads a binary list.
pub(super) fn parse<const VALUES: usize>(bytes: &[u8]) -> Result<Node, String> {
    if !bytes.starts_with(b"bplist00") {
        return Err("it is a binary property list of an unknown version".to_owned());
    }
    check(bytes)?;
    plist::from_bytes(bytes).map(|Document::<VALUES>(node)| node).map_err(|error| words(&error))
}

/// Says what the crate says, for people: it has `Serde("too long")` and `UnclosedXmlElement (offset 7)`.
fn words(error: &plist::Error) -> String {
    let said = error.to_string();
    if let Some(ours) = said.strip_prefix("Serde(\"").and_then(|rest| rest.strip_suffix("\")")) {
        return text::shorten(&text::one_line(ours), 120).into_owned();
    }
    let mut words = String::from("it is damaged: ");
    for c in said.chars().take(120) {
        if c.is_ascii_uppercase() && words.ends_with(|before: char| before.is_ascii_lowercase()) {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    text::one_line(&words).into_owned()
}

/// Looks at the table of objects: the counts of all containers, and the dates.
///
/// In a list that a program wrote every container is reached, so that all of them together hold no
/// more references than the list has values.
fn check(bytes: &[u8]) -> Result<(), String> {
    let table = Table::of(bytes).ok_or(DAMAGED)?;
    let mut references = 0_u64;
    for at in 0..table.count {
        let object = table.object(at).ok_or(DAMAGED)?;
        if object.marker == 0x33 && !is_showable(object.rest) {
            return Err(DAMAGED_DATE.to_owned());
        }
        references = references.saturating_add(object.references());
        if references > 2 * MOST_VALUES as u64 {
            return Err(format!("it has more than {MOST_VALUES} values"));
        }
    }
    Ok(())
}

/// Tells whether the objects of a list that can be read fill the file, and each of them belongs to
/// something, as every program writes them.
///
/// A list that is damaged can often still be read: of one flipped bit in a count or a reference
/// remain a dictionary without a key, or the value of another.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let Some(table) = Table::of(bytes) else { return false };
    let mut reached = vec![false; table.count];
    let mut reach = |object: u64| {
        if let Some(reached) = usize::try_from(object).ok().and_then(|at| reached.get_mut(at)) {
            *reached = true;
        }
    };
    reach(table.root);
    let mut size = b"bplist00".len() as u64;
    for object in (0..table.count).filter_map(|at| table.object(at)) {
        size = size.saturating_add(object.size(table.reference));
        let references = usize::try_from(object.references()).unwrap_or_default();
        for entry in object.rest.chunks_exact(table.reference).take(references) {
            reach(number(entry, table.reference).unwrap_or(u64::MAX));
        }
    }
    reached.into_iter().all(|reached| reached) && size == table.at
}

/// The table of objects of a binary list.
struct Table<'b> {
    /// Everything up to the trailer.
    bytes: &'b [u8],
    entries: &'b [u8],
    at: u64,
    count: usize,
    /// How many bytes an entry has, and how many a reference.
    entry: usize,
    reference: usize,
    root: u64,
}

/// One object, at its beginning.
struct Object<'b> {
    marker: u8,
    /// Marker and count.
    head: u64,
    count: u64,
    rest: &'b [u8],
}

impl<'b> Table<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let (bytes, trailer) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        let sizes = 1..=8;
        let entry = usize::from(*trailer.get(6)?);
        let reference = usize::from(*trailer.get(7)?);
        let count =
            usize::try_from(number(trailer.get(8..)?, 8)?).ok().filter(|count| *count <= MOST_VALUES)?;
        let root = number(trailer.get(16..)?, 8)?;
        let at = number(trailer.get(24..)?, 8)?;
        let entries = bytes.get(usize::try_from(at).ok()?..)?.get(..count.checked_mul(entry)?)?;
        (sizes.contains(&entry) && sizes.contains(&reference)).then_some(Self {
            bytes,
            entries,
            at,
            count,
            entry,
            reference,
            root,
        })
    }

    fn object(&self, place: usize) -> Option<Object<'b>> {
        let at = number(self.entries.get(place.checked_mul(self.entry)?..)?, self.entry)?;
        let (&marker, rest) = self.bytes.get(usize::try_from(at).ok()?..)?.split_first()?;
        if !matches!(marker >> 4, 0x4..=0x6 | 0xA | 0xD) || marker & 0x0F != 0x0F {
            return Some(Object { marker, head: 1, count: u64::from(marker & 0x0F), rest });
        }
        let (&size, rest) = rest.split_first()?;
        let size = 1 << (size & 0x03);
        let (count, rest) = (number(rest, size)?, rest.get(size..)?);
        Some(Object { marker, head: 2 + size as u64, count, rest })
    }
}

impl Object<'_> {
    /// Counts what a container refers to: a dictionary to keys and values.
    fn references(&self) -> u64 {
        match self.marker >> 4 {
            0xA => self.count,
            0xD => self.count.saturating_mul(2),
            _ => 0,
        }
    }

    /// Counts the bytes it takes.
    fn size(&self, reference: usize) -> u64 {
        let content = match self.marker >> 4 {
            0x1..=0x3 => 1 << self.count,
            0x4 | 0x5 => self.count,
            0x6 => self.count.saturating_mul(2),
            0x8 => self.count + 1,
            _ => self.references().saturating_mul(reference as u64),
        };
        content.saturating_add(self.head)
    }
}

/// Reads a number of up to eight bytes, the most significant first.
fn number(bytes: &[u8], size: usize) -> Option<u64> {
    Some(bytes.get(..size)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// Tells whether a date, in seconds from 2001 on, is in the years 0 to 9999.
fn is_showable(date: &[u8]) -> bool {
    // a day less than each end
    const YEARS: Range<f64> = -63_145_440_000.0..252_423_907_200.0;
    date.first_chunk().is_some_and(|seconds| YEARS.contains(&f64::from_be_bytes(*seconds)))
}

/// A whole property list.
struct Document<const VALUES: usize>(Node);

impl<'de, const VALUES: usize> Deserialize<'de> for Document<VALUES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut budget = Budget::new(VALUES);
        Place { budget: &mut budget, depth: 0 }.deserialize(deserializer).map(Self)
    }
}

/// Where a value is to be read.
struct Place<'b> {
    budget: &'b mut Budget,
    depth: usize,
}

impl Place<'_> {
    fn inside(&mut self) -> Place<'_> {
        Place { budget: &mut *self.budget, depth: self.depth + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.budget.take_value(self.depth).map_err(Error::custom)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a property list")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Real(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        self.budget.take_bytes(value.len()).map_err(E::custom)?;
        Ok(Node::Text(value))
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Node, E> {
        self.visit_byte_buf(value.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, value: Vec<u8>) -> Result<Node, E> {
        self.budget.take_bytes(value.len()).map_err(E::custom)?;
        Ok(Node::Data(value))
    }

    // the declared counts are not asked for: nothing is allocated for what is only announced
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element_seed(self.inside())? {
            nodes.push(node);
        }
        Ok(Node::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Node, A::Error> {
        let start = self.budget.open.len();
        while let Some(key) = map.next_key::<String>()? {
            let key = self.budget.take_key(&key).map_err(Error::custom)?;
            let node = map.next_value_seed(self.inside())?;
            self.budget.open.push((key, node));
        }
        Ok(Node::Dictionary(self.budget.open.split_off(start)))
    }
}
