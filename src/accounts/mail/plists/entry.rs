//! One dictionary of a property list, read key by key, with a remark for what cannot be read.
//!
//! A damaged file must not turn into another account without a word: one flipped bit makes
//! `SSLEnabled` an unknown key, and a server without TLS of the entry. So unknown keys are looked at,
//! too.

use std::collections::HashSet;
use std::rc::Rc;

use super::super::lenient;
use super::super::property_list::Node;
use super::super::record::Remark;
use crate::text;

/// The array of the outgoing servers.
pub(super) const DELIVERY_ACCOUNTS: &str = "DeliveryAccounts";

/// How many remarks one file may cause; the others are only counted.
const MOST_REMARKS: usize = 100;

/// What was skipped, and why.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    said: Vec<Remark>,
    unsaid: usize,
}

impl Remarks {
    pub(super) fn add(&mut self, text: String) {
        self.push(Remark::of_place(text));
    }

    pub(super) fn push(&mut self, remark: Remark) {
        if self.said.len() < MOST_REMARKS {
            self.said.push(remark);
        } else {
            self.unsaid += 1;
        }
    }

    pub(super) fn into_list(mut self) -> Vec<Remark> {
        if self.unsaid > 0 {
            self.said.push(Remark::of_place(format!("and {} more of this kind", self.unsaid)));
        }
        self.said
    }
}

/// A dictionary, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Entry<'n> {
    /// The key of its array; `None` for the whole list.
    list: Option<&'static str>,
    /// Its position there, from 1 on.
    number: usize,
    entries: &'n [(Rc<str>, Node)],
}

impl<'n> Entry<'n> {
    /// Opens the whole list.
    pub(super) fn top(entries: &'n [(Rc<str>, Node)]) -> Self {
        Self { list: None, number: 0, entries }
    }

    /// Opens the dictionaries of an array; what is none is remarked.
    pub(super) fn each(&self, key: &'static str, remarks: &mut Remarks) -> Vec<Self> {
        let nodes = match self.get(key) {
            None => return Vec::new(),
            Some(Node::Array(nodes)) => nodes,
            Some(other) => {
                remarks.add(format!("{key} is {}, not an array", other.kind()));
                return Vec::new();
            }
        };
        let mut each = Vec::new();
        for (node, number) in nodes.iter().zip(1..) {
            match node {
                Node::Dictionary(entries) => each.push(Self { list: Some(key), number, entries }),
                other => {
                    remarks.add(format!("{key}, entry {number}: is {}, not a dictionary", other.kind()));
                }
            }
        }
        each
    }

    /// Finds the first value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| **known == *key).map(|(_, node)| node)
    }

    /// Returns the number of the entry, when it is one of an outgoing server.
    pub(super) fn record(&self) -> Option<i64> {
        self.list.filter(|list| *list == DELIVERY_ACCOUNTS).and_then(|_| i64::try_from(self.number).ok())
    }

    /// Notes something about this dictionary.
    pub(super) fn remark(&self, remarks: &mut Remarks, what: &str) {
        let Some(list) = self.list else { return remarks.add(what.to_owned()) };
        let name = match lenient::text(self.get("AccountName")) {
            Ok(Some(name)) => format!(" ({})", text::shorten(&text::one_line(&name), 40)),
            _ => String::new(),
        };
        let text = format!("{list}, entry {}{name}: {what}", self.number);
        remarks.push(Remark { text, record: self.record() });
    }

    /// Keeps a value, or notes why it cannot be read.
    fn keep<T>(&self, key: &str, read: Result<T, String>, then: &str, remarks: &mut Remarks) -> Option<T> {
        read.map_err(|problem| self.remark(remarks, &format!("{key} {problem}; {then}"))).ok()
    }

    pub(super) fn text(&self, key: &str, remarks: &mut Remarks) -> Option<String> {
        self.keep(key, lenient::text(self.get(key)), "it is ignored", remarks).flatten()
    }

    pub(super) fn port(&self, key: &str, remarks: &mut Remarks) -> Option<u16> {
        self.keep(key, lenient::port(self.get(key)), "it is ignored", remarks).flatten()
    }

    /// Reads a flag; one that cannot be read is `otherwise`, one that is missing is off.
    pub(super) fn flag(&self, key: &str, otherwise: bool, remarks: &mut Remarks) -> bool {
        let then = if otherwise { "taken for yes" } else { "taken for no" };
        self.keep(key, lenient::flag(self.get(key)), then, remarks)
            .map_or(otherwise, Option::unwrap_or_default)
    }

    /// Notes keys that are there twice, and those that may be what became of a key that is missing.
    pub(super) fn check_keys(&self, known: &[&str], remarks: &mut Remarks) {
        let mut seen = 0_u64;
        let mut twice = 0_u64;
        for (key, _) in self.entries {
            if let Some(i) = known.iter().position(|word| **word == **key) {
                twice |= seen & (1 << i);
                seen |= 1 << i;
            }
        }
        for (i, word) in known.iter().enumerate() {
            if twice & (1 << i) != 0 {
                self.remark(remarks, &format!("{word} is there twice; the first is read"));
            }
        }
        for (key, _) in self.entries {
            let meant =
                known.iter().enumerate().find(|(i, word)| seen & (1 << i) == 0 && one_apart(key, word));
            if let Some((_, word)) = meant {
                let key = text::one_line(key);
                self.remark(
                    remarks,
                    &format!("has no {word}, but \"{key}\", which is ignored: is it damaged?"),
                );
            }
        }
    }

    /// Notes a key that is there twice, or is a value elsewhere: in a binary list keys are references,
    /// and damage lets one of them point at another text.
    pub(super) fn check_references(&self, known: &[&[&str]], values: &HashSet<&str>, remarks: &mut Remarks) {
        let mut seen = HashSet::new();
        let odd = self.entries.iter().find(|(key, _)| {
            let is_known = known.iter().any(|keys| keys.contains(&&**key));
            !seen.insert(&**key) || (!is_known && values.contains(&**key))
        });
        if let Some((key, _)) = odd {
            let key = text::one_line(key);
            let key = text::shorten(&key, 40);
            self.remark(
                remarks,
                &format!("has \"{key}\" for a key, where it may not belong: is it damaged?"),
            );
        }
    }

    /// Returns every text that is a value here.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'n str> {
        self.entries.iter().filter_map(|(_, node)| match node {
            Node::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Notes the first key that does not look like one of Mail's, or belongs in another array: the
    /// file may be damaged, and this have been a key that matters.
    pub(super) fn check_strangers(&self, known: &[&str], elsewhere: &[&str], remarks: &mut Remarks) {
        let stranger = self.entries.iter().map(|(key, _)| &**key).find(|key| {
            let is_here = known.contains(key) || known.iter().any(|word| one_apart(key, word));
            !is_here && (elsewhere.contains(key) || !is_like_a_key(key))
        });
        if let Some(key) = stranger {
            let key = text::one_line(key);
            let key = text::shorten(&key, 40);
            self.remark(
                remarks,
                &format!("has \"{key}\" for a key, which is none of Mail's: is it damaged?"),
            );
        }
    }
}

/// Tells whether a word is written as Mail writes its keys, `UseDefaultPorts`; `uniqueId` alone begins small.
fn is_like_a_key(word: &str) -> bool {
    word == "uniqueId"
        || (word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            && word.contains(|c: char| c.is_ascii_lowercase()))
}

/// Tells whether one byte changed, added or taken away, or two exchanged, make one word of the other.
pub(super) fn one_apart(one: &str, other: &str) -> bool {
    one.len().abs_diff(other.len()) <= 1
        && one != other
        && (difference(one, other).is_some_and(|(a, b)| a <= 1 && b <= 1) || are_exchanged(one, other))
}

/// Tells whether two neighbours have changed places.
fn are_exchanged(one: &str, other: &str) -> bool {
    let different = one.bytes().zip(other.bytes()).enumerate().filter(|(_, (a, b))| a != b);
    let different: Vec<(usize, (u8, u8))> = different.take(3).collect();
    match different.as_slice() {
        [(at, (a, b)), (next, (c, d))] => *next == at + 1 && a == d && b == c && one.len() == other.len(),
        _ => false,
    }
}

/// Tells whether two words may be one, damaged: up to two neighbours differ, or a piece is missing.
pub(super) fn may_be_damaged(one: &str, other: &str) -> bool {
    difference(one, other).is_some_and(|(a, b)| (a <= 2 && b <= 2) || a == 0 || b == 0)
}

/// Counts the bytes left of each word without their common start and end; `None` for words too short
/// to tell.
fn difference(one: &str, other: &str) -> Option<(usize, usize)> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let shorter = one.len().min(other.len());
    if shorter < 4 {
        return None;
    }
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let end =
        one.iter().rev().zip(other.iter().rev()).take(shorter - start).take_while(|(a, b)| a == b).count();
    Some((one.len() - start - end, other.len() - start - end))
}
