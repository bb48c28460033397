//! What is wrong with a template, and where.

use std::fmt;

use minijinja::{Error, ErrorKind};

use crate::message::marks;
use crate::message::template::values::NAMES;
use crate::text;

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong: lower case, no final stop.
    pub message: String,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for TemplateFault {}

impl TemplateFault {
    /// Makes the fault of what stands at `offset`, in bytes.
    pub(crate) fn at(offset: usize, source: &str, message: String) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = Some(line.chars().count() + 1);
        Self { line: before.matches('\n').count() + 1, column, message }
    }
}

/// Puts an error of minijinja in words. Marks have become names of the same length, so what it says of
/// the place holds for what the person wrote.
pub(super) fn fault(error: &Error, source: &str) -> TemplateFault {
    let said = match (error.kind(), std::error::Error::source(error)) {
        (ErrorKind::OutOfFuel, _) => "too much work; a template may not loop this long".to_owned(),
        (ErrorKind::WriteFailure, Some(cause)) => cause.to_string(),
        (kind, _) => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    let message = text::shorten(&text::one_line(&said), 300).into_owned();
    match error.range() {
        Some(range) => TemplateFault::at(range.start, source, message),
        None => TemplateFault { line: error.line().unwrap_or(1), column: None, message },
    }
}

/// Names the first of the names that do not exist, and the nearest one that does.
pub(super) fn unknown_name(names: &[String], source: &str) -> Option<TemplateFault> {
    let place = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        find(name, source).or_else(|| find(last, source)).unwrap_or_default()
    };
    let (offset, name) = names.iter().map(|name| (place(name), name)).min()?;
    let near = text::nearest(name, &NAMES).map(|near| format!("; did you mean \"{near}\"?"));
    let shown = text::one_line(name);
    let shown = text::shorten(&shown, 60);
    let what = format!("unknown name \"{shown}\"{}", near.unwrap_or_default());
    Some(TemplateFault::at(offset, source, what))
}

/// Finds where a name stands in the code of a template, as a whole word.
fn find(name: &str, source: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = source;
    while !rest.is_empty() {
        let at = source.len() - rest.len();
        let Some(length) = marks::code(rest) else {
            rest = rest.get(rest.chars().next().map_or(1, char::len_utf8)..).unwrap_or_default();
            continue;
        };
        let (code, after) = rest.split_at_checked(length)?;
        if code.starts_with("{#") {
            rest = after;
            continue;
        }
        let whole = |(start, _): &(usize, &str)| {
            let before = code.get(..*start).and_then(|before| before.chars().next_back());
            let behind = code.get(start + name.len()..).and_then(|behind| behind.chars().next());
            !before.is_some_and(part) && !behind.is_some_and(part)
        };
        if let Some((start, _)) = code.match_indices(name).find(whole) {
            return Some(at + start);
        }
        rest = after;
    }
    None
}
