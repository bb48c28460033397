//! What is wrong with a task file or report, all of it at once.

use std::fmt;

use crate::error::Situation;
use crate::exit::Exit;
use crate::text;

/// The place of a value in a document: `email[0].tls.mode`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path(String);

impl Path {
    /// The document itself.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// The value of a key below this place.
    pub(crate) fn key(&self, key: &str) -> Self {
        let plain =
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
        // a key that could be taken for part of the path is quoted
        let key =
            if plain { key.to_owned() } else { format!("\"{}\"", text::shorten(&text::one_line(key), 60)) };
        Self(if self.0.is_empty() { key } else { format!("{}.{key}", self.0) })
    }

    /// Tells whether a password may stand at this place or below, whose words are never shown.
    pub(crate) fn holds_secret(&self) -> bool {
        self.0.split('.').any(|key| key == "password")
    }

    /// Tells whether this is the value of that key, or an entry of an array there.
    pub(crate) fn ends_with(&self, key: &str) -> bool {
        self.0.rsplit('.').next().and_then(|last| last.split('[').next()) == Some(key)
    }

    /// An entry of the array at this place.
    pub(crate) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `None`: the file could not be read as a document at all.
    place: Option<String>,
    problem: String,
}

impl Fault {
    /// A fault at one place of the document.
    pub(crate) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { place: Some(path.0.clone()), problem: problem.into() }
    }

    /// A fault that hides everything else in the file.
    pub(crate) fn of_file(problem: impl Into<String>) -> Self {
        Self { place: None, problem: problem.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_deref() {
            None | Some("") => f.write_str(&self.problem),
            Some(place) => write!(f, "{place}: {}", self.problem),
        }
    }
}

/// Everything that is wrong with one file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// What the file is called in messages.
    pub file: String,
    /// The faults, in the order of the file.
    pub list: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {fault}", self.file)?;
        }
        Ok(())
    }
}

impl Situation for Faults {
    fn exit(&self) -> Exit {
        Exit::Data
    }

    fn hint(&self) -> Option<String> {
        Some(match self.list.as_slice() {
            [Fault { place: None, .. }] => {
                "put that right first; the rest of the file can only be read then".to_owned()
            }
            [_] => {
                "correct the line above; \"backup-notify schema\" and the man page list every key".to_owned()
            }
            all => format!(
                "correct the {} lines above; \"backup-notify schema\" and the man page list every key",
                all.len()
            ),
        })
    }
}
