//! What was found: the accounts, and what could not be read. The result of `accounts --json`.

use std::fmt;
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Auth, label};
use crate::task::TlsMode;
use crate::text::one_line;

/// One SMTP account that was found; what is not known is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(serialize_with = "path_as_text")]
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

    /// Returns the line of a task that takes the place of an account that cannot be used.
    pub fn instead_line(&self) -> Option<String> {
        let line = match self.instead.as_ref()? {
            Value::Object(object) => {
                let entries =
                    object.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str())));
                format!("\"account\": {{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            other => format!("\"account\": {other}"),
        };
        Some(one_line(&line).into_owned())
    }

    /// Returns the line of a task for its sender, where that says more than the user name does.
    pub fn from_line(&self) -> Option<String> {
        let sender = shown(self.senders.first()?);
        let user = self.instead.as_ref().and_then(|instead| instead.get("user")?.as_str());
        let from = format!("\"from\": {}", Value::from(one_line(&sender).as_ref()));
        (user.or(self.user.as_deref()) != Some(sender.as_str())).then_some(from)
    }
}

/// A file that could not be read, or that holds something that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The file.
    #[serde(serialize_with = "path_as_text")]
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The id of the account that it is about; `None` when it is about the file.
    #[serde(default)]
    pub account: Option<String>,
}

impl Problem {
    /// Makes a problem of a file, or of a folder.
    pub(crate) fn of_file(
        path: impl Into<PathBuf>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Self {
        Self { path: path.into(), message: message.into(), hint, account: None }
    }
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
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The accounts, in the order of the file.
    pub accounts: Vec<Found>,
    /// What could not be read or understood.
    pub problems: Vec<Problem>,
    /// Every path looked at, when nothing was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "paths_as_text")]
    pub looked_at: Vec<PathBuf>,
}

/// Writes a sender for people: a name is quoted only where it has to be (RFC 5322, section 3.2.3).
pub(crate) fn shown(sender: &Mailbox) -> String {
    const SPECIALS: &str = "()<>[]:;@\\,.\"";
    match &sender.name {
        Some(name) if !name.contains(|c| SPECIALS.contains(c)) => format!("{name} <{}>", sender.email),
        _ => sender.to_string(),
    }
}

fn as_text<S: Serializer>(senders: &[Mailbox], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(senders.iter().map(shown))
}

/// Reads senders as [`as_text`] writes them; one that is no address is left out.
///
/// lettre's own parser takes a name apart that it did not write as one, and leaves out what follows.
fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Mailbox>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().filter_map(|text| mailbox(text)).collect())
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once(" <")) else {
        return Some(Mailbox::new(None, text.parse().ok()?));
    };
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let name = quoted.map_or_else(|| name.to_owned(), unescaped);
    // lettre cannot write a name with a line break
    Some(Mailbox::new(Some(one_line(&name).into_owned()), address.parse().ok()?))
}

/// Takes the backslashes out of a quoted string.
fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// A path in JSON is for people: one that is no UTF-8 must not cost the whole answer.
fn path_as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

fn paths_as_text<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(name: Option<String>, source: PathBuf) -> Found {
        Found {
            id: "smtp.example.test:kim".into(),
            description: None,
            host: Some("smtp.example.test".into()),
            port: Some(587),
            user: Some("kim".into()),
            tls_mode: Some(TlsMode::Starttls),
            auth: Some(Auth::Password),
            senders: vec![Mailbox::new(name, "kim@example.test".parse().unwrap())],
            source,
            usable: true,
            reason: None,
            instead: None,
        }
    }

    fn there_and_back(found: &Found) -> Found {
        serde_json::from_str(&serde_json::to_string(found).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn a_sender_comes_back_from_json_as_it_was(name in "[ -~äЖ語]{0,20}") {
            let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
            let before = found(name, "/home/kim".into());
            prop_assert_eq!(there_and_back(&before), before);
        }
    }

    #[test]
    fn a_sender_that_is_none_is_left_out_and_no_line_break_comes_in() {
        let json = serde_json::to_string(&found(None, "/x".into())).unwrap();
        let json = json.replace("\"kim@example.test\"", r#""nobody", "<", "a\nb <kim@example.test>", ">""#);
        let senders = serde_json::from_str::<Found>(&json).unwrap().senders;
        assert_eq!(senders.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a b <kim@example.test>"]);
    }

    #[test]
    fn a_path_that_is_no_utf_8_is_written_all_the_same() {
        use std::os::unix::ffi::OsStrExt;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(b"/home/k\xffm"));
        assert_eq!(there_and_back(&found(None, path)).source, Path::new("/home/k\u{fffd}m"));
    }
}
