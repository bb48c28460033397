//! What the fuzz target `outbox_entry` needs of the inside of this module: what is found in a folder, and what
//! is put there.

#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic is how they say that something does not hold"
)]

use std::cell::OnceCell;
use std::fs::{File, OpenOptions, remove_file};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use jiff::Timestamp;
use lettre::Address;

use super::claim::{Attempt, whole};
use super::entry::{Entry, MOST_FACTS};
use super::id::Id;
use super::seal::Key;
use super::{Draft, Limits};
use crate::exit::Exit;
use crate::run::Outcome;

/// The key of all documents here, so that those in the corpus open.
const KEY: &[u8] = b"backup-notify-outbox-key-1:KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKiqzwXvoVK2bVA==\n";
/// The name of all messages here.
const NAME: &str = "20261122T215559.123-0a1b2c3d";

thread_local! {
    static MESSAGE: OnceCell<File> = const { OnceCell::new() };
}

/// A word that is to name a message.
pub(crate) fn name(word: &[u8]) {
    let Ok(word) = std::str::from_utf8(word) else { return };
    let Some(id) = Id::parse(word) else { return };
    assert_eq!(id.as_str(), word, "another name");
    let folder = Path::new("/outbox");
    for path in [id.message(folder), id.facts(folder)] {
        assert_eq!(path.parent(), Some(folder), "{word:?} leads elsewhere");
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once(word));
        assert!(matches!(stem, Some(("", ".eml" | ".json"))), "{word:?} is not the name of its files");
    }
}

/// A line that is to be a key.
pub(crate) fn key_line(line: &[u8]) {
    if let Some(key) = Key::from_line(line) {
        assert!(key.to_line() == line, "two forms of one key");
    }
}

/// A file that is to be what is known of a message.
pub(crate) fn document(document: &[u8]) -> Option<Entry> {
    let (id, key) = (id()?, key()?);
    let sealed = key.open(&id, document);
    if let Some(entry) = sealed {
        assert_eq!(key.seal(&id, entry).as_deref(), Some(document), "two forms of one document");
    }
    let entry = Entry::open(&id, document, &key);
    assert!(sealed.is_some() || entry.is_err(), "it opens, and its seal does not hold");
    checked(entry.ok()?, &key)
}

/// What somebody has sealed who has the key.
pub(crate) fn sealed(json: &[u8]) -> Option<Entry> {
    let (id, key) = (id()?, key()?);
    let sealed = key.seal(&id, json)?;
    assert_eq!(key.open(&id, &sealed), Some(json), "what was sealed is not what is read");
    // one bit elsewhere each time
    let mut changed = sealed.clone();
    let sum: usize = json.iter().map(|byte| usize::from(*byte)).sum();
    let at = sum.wrapping_mul(2_654_435_761) % changed.len();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1 << (sum % 8);
    }
    assert!(Entry::open(&id, &changed, &key).is_err(), "byte {at} is another one, and it opens");
    document(&sealed)
}

/// A message as it is kept, from pieces between `0x1E`: the name of the task, subject, Message-ID, sender,
/// what the server said, the message, and its recipients.
pub(crate) fn draft(data: &[u8]) -> Option<Entry> {
    let mut pieces = data.split(|byte| *byte == 0x1e);
    let mut next = || pieces.next().unwrap_or_default();
    let [name, subject, message_id, sender, error] =
        [(); 5].map(|()| String::from_utf8_lossy(next()).into_owned());
    let message = next();
    let recipients: Vec<Address> =
        pieces.filter_map(|one| std::str::from_utf8(one).ok()?.parse().ok()).collect();
    let sender = sender.parse().ok();
    let (outcome, _) = Outcome::WORDS.get(data.len() % Outcome::WORDS.len())?;
    let (id, key) = (id()?, key()?);
    let new = Entry::new(
        id.clone(),
        &Draft {
            task: Path::new("/etc/backup-notify/home.json"),
            email: data.len(),
            name: &name,
            subject: &subject,
            outcome,
            now: Timestamp::from_second(1_700_000_000).ok()?,
            message_id: &message_id,
            sender: sender.as_ref(),
            recipients: &recipients,
            message,
        },
    );
    let mut entry = new.ok()?;
    let opened = Entry::open(&id, &entry.seal(&key)?, &key);
    assert_eq!(opened.as_ref(), Ok(&entry), "what is kept is not what is read");
    beside(&entry, message);
    let now = Timestamp::MAX;
    let remaining = recipients.get(recipients.len() / 2..)?;
    entry.attempted(&Attempt { now, error: &error, code: Exit::TempFail, refused: false, remaining });
    checked(entry, &key)
}

/// What has to hold of an entry that was opened, whoever wrote it.
fn checked(entry: Entry, key: &Key) -> Option<Entry> {
    // what was written without our care for the form can be larger in our form
    let document = entry.seal(key)?;
    assert!(document.len() <= MOST_FACTS, "it is too large to be read again");
    assert_eq!(
        Entry::open(&entry.id, &document, key).as_ref(),
        Ok(&entry),
        "it is another one when it is read"
    );
    assert!(entry.task.is_absolute(), "a task that depends on where we are");
    assert!(!entry.recipients.is_empty(), "for nobody");
    let _ = (entry.weight(), Limits::default());
    Some(entry)
}

/// The message beside an entry is read when it is the one that was kept, and in no other case.
fn beside(entry: &Entry, message: &[u8]) {
    MESSAGE.with(|file| {
        let file = file.get_or_init(file_without_name);
        let put = |bytes: &[u8]| {
            assert!(file.set_len(0).is_ok() && file.write_all_at(bytes, 0).is_ok(), "nothing can be written");
        };
        put(message);
        assert_eq!(
            whole(file, entry).ok().as_deref(),
            Some(message),
            "the message is not the one that was kept"
        );
        let mut changed = message.to_vec();
        let Some(byte) = changed.last_mut() else { return };
        *byte ^= 1;
        put(&changed);
        assert!(
            matches!(whole(file, entry), Err(None)),
            "a changed message is taken for the one that was kept"
        );
        put(&[message, b"\n"].concat());
        assert!(
            matches!(whole(file, entry), Err(None)),
            "a longer message is taken for the one that was kept"
        );
    });
}

fn file_without_name() -> File {
    let path = std::env::temp_dir().join(format!("backup-notify-fuzz-{}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let removed = remove_file(&path);
    match (file, removed) {
        (Ok(file), Ok(())) => file,
        failed => panic!("{}: {failed:?}", path.display()),
    }
}

fn id() -> Option<Id> {
    let id = Id::parse(NAME);
    assert!(id.is_some(), "the name of all messages here");
    id
}

fn key() -> Option<Key> {
    let key = Key::from_line(KEY);
    assert!(key.is_some(), "the key of all documents here");
    key
}
