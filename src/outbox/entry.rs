//! What is known of a message that waits: the JSON beside it, and its bounds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lettre::Address;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

use super::Draft;
use super::id::Id;
use super::seal::{Key, sha256};
use crate::run::Outcome;
use crate::text::{is_active, shorten};

/// The number of the format.
const VERSION: u32 = 1;
/// The most bytes of what is known of a message: enough for some thousand recipients.
pub(super) const MOST_FACTS: usize = 256 * 1024;
/// The most bytes of a message; what carries a whole log stays far below.
pub(super) const MOST_MESSAGE: u64 = 256 * 1024 * 1024;
/// The most characters of a name, a subject and an error.
const MOST_TEXT: usize = 1000;
/// The most bytes of a path (`PATH_MAX` of Linux; that of macOS is smaller).
const MOST_PATH: usize = 4096;

/// What is known of a message that waits. Texts are as they were given: clean them before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) id: Id,
    /// The task file, which is read anew before it is sent.
    pub(crate) task: PathBuf,
    /// Which of the task's e-mails it is, from 0.
    pub(crate) email: usize,
    /// The name of the task.
    pub(crate) name: String,
    /// Its subject.
    pub(crate) subject: String,
    /// How the backup ended.
    pub(crate) outcome: Outcome,
    /// When it was kept.
    pub(crate) queued: Timestamp,
    /// Its Message-ID.
    pub(crate) message_id: String,
    /// The sender, where a flag has set one.
    pub(crate) sender: Option<Mailbox>,
    /// Who has not got it yet.
    pub(crate) recipients: Vec<Address>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it was tried last.
    pub(crate) tried: Option<Timestamp>,
    /// What happened then.
    pub(crate) last_error: Option<String>,
    /// The exit code that stands for that.
    pub(crate) last_code: Option<u8>,
    /// Whether a server has refused it for good, so that it goes after the others.
    pub(crate) refused: bool,
    /// When it was first found to have waited for too long.
    pub(crate) overdue: Option<Timestamp>,
    /// The bytes of the message.
    pub(crate) size: u64,
    /// Their SHA-256, in lower-case hex.
    pub(super) sha256: String,
}

/// The same as it is written down.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    id: String,
    task: String,
    email: usize,
    name: String,
    subject: String,
    outcome: String,
    queued: Timestamp,
    message_id: String,
    sender: Option<Sender>,
    recipients: Vec<String>,
    attempts: u32,
    tried: Option<Timestamp>,
    last_error: Option<String>,
    last_code: Option<u8>,
    refused: bool,
    overdue: Option<Timestamp>,
    size: u64,
    sha256: String,
}

/// A sender in two pieces: as one text, not every name is read as it was written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    name: Option<String>,
    address: String,
}

/// Why something cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The path of the task cannot be written into JSON, or is not absolute.
    Task,
    /// It has no recipients or no text, or an outcome or a Message-ID that nobody makes.
    Empty,
    /// There is too much of it.
    Large,
}

impl Entry {
    /// Puts together what is known of a new message.
    pub(super) fn new(id: Id, draft: &Draft<'_>) -> Result<Self, Unfit> {
        let outcome = Outcome::WORDS.iter().find(|(word, _)| *word == draft.outcome);
        let entry = Self {
            id,
            task: draft.task.to_owned(),
            email: draft.email,
            name: shorten(draft.name, MOST_TEXT).into_owned(),
            subject: shorten(draft.subject, MOST_TEXT).into_owned(),
            outcome: outcome.ok_or(Unfit::Empty)?.1,
            queued: draft.now,
            message_id: draft.message_id.to_owned(),
            sender: draft.sender.cloned(),
            recipients: draft.recipients.to_vec(),
            attempts: 0,
            tried: None,
            last_error: None,
            last_code: None,
            refused: false,
            overdue: None,
            size: draft.message.len() as u64,
            sha256: sha256(draft.message),
        };
        if !is_path(&entry.task) {
            return Err(Unfit::Task);
        }
        // what could not be read again would be set aside as somebody else's
        if entry.recipients.is_empty() || entry.size == 0 || entry.message_id.chars().any(is_active) {
            return Err(Unfit::Empty);
        }
        let name = entry.sender.iter().filter_map(|sender| sender.name.as_ref());
        let long = name.chain([&entry.message_id]).any(|text| text.chars().count() > MOST_TEXT);
        if entry.size > MOST_MESSAGE || long {
            return Err(Unfit::Large);
        }
        Ok(entry)
    }

    /// Writes it down and seals it; `None` when it is too large to be read again.
    pub(super) fn seal(&self, key: &Key) -> Option<Vec<u8>> {
        let written = Written {
            version: VERSION,
            id: self.id.to_string(),
            task: self.task.to_str()?.to_owned(),
            email: self.email,
            name: self.name.clone(),
            subject: self.subject.clone(),
            outcome: self.outcome.word().to_owned(),
            queued: self.queued,
            message_id: self.message_id.clone(),
            sender: self
                .sender
                .as_ref()
                .map(|sender| Sender { name: sender.name.clone(), address: sender.email.to_string() }),
            recipients: self.recipients.iter().map(Address::to_string).collect(),
            attempts: self.attempts,
            tried: self.tried,
            last_error: self.last_error.clone(),
            last_code: self.last_code,
            refused: self.refused,
            overdue: self.overdue,
            size: self.size,
            sha256: self.sha256.clone(),
        };
        let document = key.seal(&self.id, &serde_json::to_vec(&written).ok()?)?;
        (document.len() <= MOST_FACTS).then_some(document)
    }

    /// Opens a sealed document; says what is wrong with it when it is none of ours.
    pub(super) fn open(id: &Id, document: &[u8], key: &Key) -> Result<Self, &'static str> {
        let entry = key.open(id, document).ok_or(if document.is_empty() {
            "is empty"
        } else {
            "does not have the seal of this outbox: it was changed, cut short, or made elsewhere"
        })?;
        // what follows was written by a program that had the key, and still has to keep to the bounds
        let versioned: Versioned = serde_json::from_slice(entry).map_err(|_| "holds no entry")?;
        if versioned.version != VERSION {
            return Err("was made by a newer version of backup-notify");
        }
        let written = serde_json::from_slice(entry).map_err(|_| "holds no entry of this version")?;
        Self::checked(id, written).ok_or("holds something that no entry has")
    }

    fn checked(id: &Id, written: Written) -> Option<Self> {
        let fits = |text: &str| text.chars().count() <= MOST_TEXT;
        let task = PathBuf::from(&written.task);
        let hash = written.sha256.len() == 64
            && written.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let texts = [&written.name, &written.subject, &written.message_id];
        let bounded = texts.into_iter().chain(&written.last_error).all(|text| fits(text))
            && (1..=MOST_MESSAGE).contains(&written.size);
        // a Message-ID goes into no header here, but into messages about it
        let named = written.id == id.as_str() && !written.message_id.chars().any(is_active);
        if !(is_path(&task) && hash && bounded && named) {
            return None;
        }
        let recipients: Option<Vec<Address>> =
            written.recipients.iter().map(|one| one.parse().ok()).collect();
        let sender = match written.sender {
            Some(Sender { name, .. }) if !name.iter().all(|name| fits(name)) => return None,
            Some(Sender { name, address }) => Some(Mailbox::new(name, address.parse().ok()?)),
            None => None,
        };
        Some(Self {
            id: id.clone(),
            task,
            email: written.email,
            name: written.name,
            subject: written.subject,
            outcome: Outcome::WORDS.iter().find(|(word, _)| *word == written.outcome)?.1,
            queued: written.queued,
            message_id: written.message_id,
            sender,
            recipients: recipients.filter(|all| !all.is_empty())?,
            attempts: written.attempts,
            tried: written.tried,
            last_error: written.last_error,
            last_code: written.last_code,
            refused: written.refused,
            overdue: written.overdue,
            size: written.size,
            sha256: written.sha256,
        })
    }

    /// Gives it to another task file; tells whether that can be written down.
    pub(super) fn give_to(&mut self, task: &Path) -> bool {
        let fits = is_path(task);
        if fits {
            task.clone_into(&mut self.task);
        }
        fits
    }

    /// Tells whether a task of this name has written it.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == shorten(name, MOST_TEXT)
    }

    /// Puts down what happened at one more attempt.
    pub(super) fn attempted(&mut self, attempt: &super::Attempt<'_>) {
        self.attempts = self.attempts.saturating_add(1);
        self.tried = Some(attempt.now);
        self.last_error = Some(shorten(attempt.error, MOST_TEXT).into_owned());
        self.last_code = Some(attempt.code.code());
        self.refused = attempt.refused;
        self.recipients.retain(|one| attempt.remaining.contains(one));
    }

    /// Tells whether it has waited for longer than this. A clock that was ahead when it was kept makes it
    /// younger, not older.
    pub(crate) fn is_older_than(&self, most: Duration, now: Timestamp) -> bool {
        let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
        now.duration_since(self.queued) > most
    }

    /// Says how much it matters that it arrives: good news least, a backup that is missing most.
    pub(super) fn weight(&self) -> Weight {
        match self.outcome {
            Outcome::Success | Outcome::Skipped => Weight::GoodNews,
            Outcome::Warning => Weight::Warning,
            Outcome::Error | Outcome::Interrupted => Weight::Failure,
        }
    }
}

/// How much it matters that a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    GoodNews,
    Warning,
    Failure,
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Tells whether this names a file wherever the program is started, and can be written into JSON.
fn is_path(path: &Path) -> bool {
    let text = path.to_str().filter(|text| text.len() <= MOST_PATH && !text.contains('\0'));
    text.is_some() && path.is_absolute()
}
