//! What was found: the accounts, and what could not be read. The result of `accounts --json`.

use std::fmt;
use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Auth, label};
use crate::task::TlsMode;
use crate::text::one_line;

/// One SMTP account that was found; what is not known is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The name to write in a task: `host:user`, with the port in between where two would be the
    /// same.
    pub id: String,
    /// What the person calls it.
    pub description: Option<String>,
    /// The server's name or address, in ASCII.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The user name to sign in with.
    pub user: Option<String>,
    /// When TLS begins.
    pub tls_mode: Option<TlsMode>,
    /// How to sign in.
    pub auth: Option<Auth>,
    /// Whom its mail comes from, the first address first.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub senders: Vec<Mailbox>,
    /// The file it was found in.
    pub source: PathBuf,
    /// Whether a task can use it.
    pub usable: bool,
    /// Why it cannot be used; of a usable one, what was added to it that Mail does not store.
    pub reason: Option<String>,
    /// What a task can write in its place, when it cannot be used: the value of `account`.
    pub instead: Option<Value>,
}

impl Found {
    /// Returns the full name, `host:port:user`, when the server is known.
    pub fn label(&self) -> Option<String> {
        Some(label(self.host.as_deref()?, self.port?, self.user.as_deref()))
    }
}

/// A file that could not be read, or that holds something that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string_lossy();
        // most messages have the path already, where it reads better
        if !self.message.contains(path.as_ref()) {
            write!(f, "\"{}\": ", one_line(&path))?;
        }
        f.write_str(&one_line(&self.message))
    }
}

/// Everything that was found in one home folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The accounts, in the order of the file.
    pub accounts: Vec<Found>,
    /// What could not be read or understood.
    pub problems: Vec<Problem>,
    /// Every path looked at, when nothing was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_at: Vec<PathBuf>,
}

fn as_text<S: Serializer>(senders: &[Mailbox], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(senders.iter().map(ToString::to_string))
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Mailbox>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}
