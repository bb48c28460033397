//! Walking a document: typed access to its keys, with every fault collected instead of returned.
//!
//! A reader asks for what it knows (`text`, `word`, `count` …) and gets `None` for what is missing
//! or wrong; what was wrong is in the list by then, with its place, what was expected and what was
//! found. So one pass finds all faults of a file.

use std::path::{Path as FilePath, PathBuf};

use jiff::Timestamp;

use crate::task::document::Node;
use crate::task::faults::{Fault, Path};
use crate::task::words;
use crate::text;

/// Keys that people look for one level off, and the key of the object that has them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("when", "email"),
    ("to", "email"),
    ("from", "email"),
    ("account", "email"),
    ("password", "email"),
    ("tls", "email"),
    ("subject", "email"),
    ("text", "email"),
    ("html", "email"),
    ("attach_log", "email"),
    ("host", "account"),
    ("port", "account"),
    ("user", "account"),
    ("auth", "account"),
    ("preset", "account"),
    ("mode", "tls"),
    ("trust", "tls"),
    ("max_age", "outbox"),
    ("max_count", "outbox"),
    ("max_size", "outbox"),
    ("status", "run"),
    ("exit_code", "run"),
    ("finished", "run"),
];

/// The faults found so far, and where relative paths start.
pub(super) struct Walk<'a> {
    pub(super) faults: Vec<Fault>,
    base: &'a FilePath,
}

/// The keys of one object.
#[derive(Clone)]
pub(super) struct Fields<'n> {
    pub(super) path: Path,
    entries: &'n [(String, Node)],
}

impl<'n> Fields<'n> {
    /// Opens an object whose keys the reader looks at itself.
    pub(super) fn new(path: &Path, entries: &'n [(String, Node)]) -> Self {
        Self { path: path.clone(), entries }
    }

    /// Finds the value of a key; `null` counts as missing.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, node)| node)
            .filter(|node| **node != Node::Null)
    }

    /// Returns the place of a key.
    pub(super) fn place(&self, key: &str) -> Path {
        self.path.key(key)
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(base: &'a FilePath) -> Self {
        Self { faults: Vec::new(), base }
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, path: &Path, problem: impl Into<String>) {
        self.faults.push(Fault::new(path, problem));
    }

    /// Notes that a value is of the wrong kind; short text is shown as it was found.
    pub(super) fn wrong_kind(&mut self, path: &Path, expected: &str, found: &Node) {
        let found = match found {
            Node::Text(word) => format!("\"{}\"", text::shorten(&text::one_line(word), 40)),
            Node::Number(number) => number.to_string(),
            Node::Bool(value) => value.to_string(),
            other => other.kind().to_owned(),
        };
        self.fault(path, format!("expected {expected}; found {found}"));
    }

    /// Opens an object and notes every key that is not among `known`.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, path: &Path, known: &[&str]) -> Option<Fields<'n>> {
        let Node::Object(entries) = node else {
            self.wrong_kind(path, "an object", node);
            return None;
        };
        for (key, _) in entries {
            if known.contains(&key.as_str()) {
                continue;
            }
            let mut problem = "unknown key".to_owned();
            let home = ELSEWHERE.iter().find(|(word, home)| word == key && !path.ends_with(home));
            match (text::nearest(key, known), home) {
                (Some(near), _) => problem.push_str(&format!("; did you mean \"{near}\"?")),
                (None, Some((_, home))) => problem.push_str(&format!(" here; it belongs in \"{home}\"")),
                (None, None) => problem.push_str(&format!("; known here: {}", known.join(", "))),
            }
            self.fault(&path.key(key), problem);
        }
        Some(Fields { path: path.clone(), entries })
    }

    /// Notes a required key that is missing.
    pub(super) fn required<'n>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
        expected: &str,
    ) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() {
            self.fault(&fields.place(key), format!("missing; expected {expected}"));
        }
        found
    }

    /// Reads text as it stands.
    pub(super) fn as_text(&mut self, node: &Node, path: &Path, expected: &str) -> Option<String> {
        match node {
            Node::Text(value) => Some(value.clone()),
            other => {
                self.wrong_kind(path, expected, other);
                None
            }
        }
    }

    /// Reads optional text.
    pub(super) fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = fields.get(key)?;
        self.as_text(node, &fields.place(key), "text")
    }

    /// Reads text that may not be empty.
    pub(super) fn filled_text(&mut self, node: &Node, path: &Path, expected: &str) -> Option<String> {
        let value = self.as_text(node, path, expected)?;
        if value.trim().is_empty() {
            let found = if value.is_empty() { "\"\"" } else { "nothing but white space" };
            self.fault(path, format!("expected {expected}; found {found}"));
            return None;
        }
        Some(value)
    }

    /// Reads an optional word of a closed set.
    pub(super) fn word<T: Copy>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        set: &[(&'static str, T)],
    ) -> Option<T> {
        let node = fields.get(key)?;
        self.as_word(node, &fields.place(key), set)
    }

    /// Reads a word of a closed set.
    pub(super) fn as_word<T: Copy>(
        &mut self,
        node: &Node,
        path: &Path,
        set: &[(&'static str, T)],
    ) -> Option<T> {
        let Node::Text(word) = node else {
            let known: Vec<&str> = set.iter().map(|(word, _)| *word).collect();
            self.wrong_kind(path, &format!("one of {}", known.join(", ")), node);
            return None;
        };
        self.keep(path, words::parse_word(word, set))
    }

    /// Keeps a good value, notes the problem of a bad one.
    pub(super) fn keep<T>(&mut self, path: &Path, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.fault(path, problem)).ok()
    }

    /// Reads an optional `true` or `false`.
    pub(super) fn switch(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        match fields.get(key)? {
            Node::Bool(value) => Some(*value),
            other => {
                self.wrong_kind(&fields.place(key), "true or false", other);
                None
            }
        }
    }

    /// Reads an optional whole number from 0 on.
    pub(super) fn count(&mut self, fields: &Fields<'_>, key: &str) -> Option<u64> {
        let node = fields.get(key)?;
        let value = if let Node::Number(number) = node { number.as_u64() } else { None };
        if value.is_none() {
            self.wrong_kind(&fields.place(key), "a whole number from 0 on", node);
        }
        value
    }

    /// Reads an optional whole number of at least one.
    pub(super) fn whole(&mut self, fields: &Fields<'_>, key: &str, expected: &str) -> Option<u64> {
        let node = fields.get(key)?;
        let value = if let Node::Number(number) = node { number.as_u64() } else { None };
        let value = value.filter(|value| *value > 0);
        if value.is_none() {
            self.wrong_kind(&fields.place(key), expected, node);
        }
        value
    }

    /// Reads an optional exit code.
    pub(super) fn exit_code(&mut self, fields: &Fields<'_>, key: &str) -> Option<i32> {
        let node = fields.get(key)?;
        let value = if let Node::Number(number) = node { number.as_i64() } else { None };
        let value = value.and_then(|n| i32::try_from(n).ok());
        if value.is_none() {
            self.wrong_kind(&fields.place(key), "an exit code (a whole number)", node);
        }
        value
    }

    /// Reads an optional port number.
    pub(super) fn port(&mut self, fields: &Fields<'_>, key: &str) -> Option<u16> {
        let node = fields.get(key)?;
        let value = if let Node::Number(number) = node { number.as_u64() } else { None };
        let value = value.and_then(|n| u16::try_from(n).ok()).filter(|port| *port > 0);
        if value.is_none() {
            self.wrong_kind(&fields.place(key), "a port number from 1 to 65535", node);
        }
        value
    }

    /// Reads an optional time (RFC 3339).
    pub(super) fn time(&mut self, fields: &Fields<'_>, key: &str) -> Option<Timestamp> {
        let node = fields.get(key)?;
        let value = if let Node::Text(text) = node { text.parse().ok() } else { None };
        if value.is_none() {
            self.wrong_kind(&fields.place(key), "a time such as \"2026-01-31T03:00:00Z\" (RFC 3339)", node);
        }
        value
    }

    /// Reads an optional path; a relative one starts at the folder of the file.
    pub(super) fn file_path(&mut self, fields: &Fields<'_>, key: &str) -> Option<PathBuf> {
        let node = fields.get(key)?;
        let path = fields.place(key);
        let value = self.filled_text(node, &path, "a path")?;
        self.resolve(&path, &value)
    }

    /// Turns a path as written into one that can be opened.
    pub(super) fn resolve(&mut self, path: &Path, written: &str) -> Option<PathBuf> {
        if written.contains('\0') {
            self.fault(path, "a path may not hold a NUL byte");
            return None;
        }
        if written == "~" || written.starts_with("~/") {
            self.fault(path, "\"~\" is not expanded here; write the full path");
            return None;
        }
        Some(self.base.join(written))
    }

    /// Reads an array, or one value in its place.
    pub(super) fn one_or_many<'n>(
        &mut self,
        node: &'n Node,
        path: &Path,
        expected: &str,
    ) -> Vec<(&'n Node, Path)> {
        match node {
            Node::List(list) if list.is_empty() => {
                self.fault(path, format!("expected {expected}; found an empty array"));
                Vec::new()
            }
            Node::List(list) => list.iter().enumerate().map(|(i, node)| (node, path.item(i))).collect(),
            one => vec![(one, path.clone())],
        }
    }

    /// Reads an array of text.
    pub(super) fn texts(&mut self, node: &Node, path: &Path, expected: &str) -> Option<Vec<String>> {
        let Node::List(list) = node else {
            self.wrong_kind(path, expected, node);
            return None;
        };
        let before = self.faults.len();
        let texts = list
            .iter()
            .enumerate()
            .filter_map(|(i, node)| self.as_text(node, &path.item(i), "text"))
            .collect();
        (self.faults.len() == before).then_some(texts)
    }
}
