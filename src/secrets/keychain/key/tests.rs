//! The order of the places, and what stops the search, with places that only pretend.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::*;
use crate::deadline::Deadline;
use crate::error::Situation;
use crate::exit::Exit;
use crate::files::testing::{World, also_as_ordinary_user, set_mode};

/// What a pretended place answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Empty,
    Holds(u8),
    Fails,
    TakesNone,
}

#[derive(Debug)]
struct Pretended {
    name: &'static str,
    answer: Answer,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Place for Pretended {
    fn name(&self) -> String {
        self.name.to_owned()
    }
    fn read(&self, _: Access) -> Result<Option<Key>, KeychainError> {
        self.asked.lock().unwrap().push(format!("read {}", self.name));
        match self.answer {
            Answer::Holds(byte) => Ok(Some(key(byte))),
            Answer::Fails => {
                Err(KeychainError::System { keychain: "login keychain", status: -25308, root: false })
            }
            Answer::Empty | Answer::TakesNone => Ok(None),
        }
    }
    fn keep(&self, _: &Key, _: Access) -> Result<bool, KeychainError> {
        self.asked.lock().unwrap().push(format!("keep {}", self.name));
        Ok(self.answer == Answer::Empty)
    }
}

fn key(byte: u8) -> Key {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
    Key::from_line(format!("backup-notify-key-1:{coded}\n").as_bytes()).unwrap()
}

fn access() -> Access {
    Access { deadline: Deadline::after(Instant::now(), Duration::from_secs(20)), may_prompt: false }
}

/// Asks credential, keychain and file in this order, and returns what was asked.
fn asked(answers: [Answer; 3]) -> (Result<Key, KeychainError>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let place = |(name, answer)| -> Arc<dyn Place> {
        Arc::new(Pretended { name, answer, asked: Arc::clone(&asked) })
    };
    let places = Places(["credential", "keychain", "file"].into_iter().zip(answers).map(place).collect());
    let found = places.find_or_make(access());
    let asked = asked.lock().unwrap().clone();
    (found, asked)
}

#[test]
fn the_first_place_that_holds_a_key_wins() {
    use Answer::{Empty, Holds, TakesNone};
    let (found, questions) = asked([Holds(1), Holds(2), Holds(3)]);
    assert_eq!(found.unwrap().id(), key(1).id());
    assert_eq!(questions, ["read credential"]);
    let (found, questions) = asked([TakesNone, Empty, Holds(3)]);
    assert_eq!(found.unwrap().id(), key(3).id());
    assert_eq!(questions, ["read credential", "read keychain", "read file"]);
}

#[test]
fn a_place_that_fails_stops_the_search_and_nothing_is_made() {
    use Answer::{Fails, Holds, TakesNone};
    let (found, questions) = asked([TakesNone, Fails, Holds(3)]);
    let error = found.unwrap_err();
    assert_eq!(error.exit(), Exit::NoPermission);
    assert!(error.to_string().contains("would have to ask somebody"), "{error}");
    assert!(error.hint().unwrap().contains("Always Allow"));
    assert_eq!(questions, ["read credential", "read keychain"]);
}

#[test]
fn a_new_key_goes_to_the_first_place_that_takes_one() {
    use Answer::{Empty, TakesNone};
    let read = ["read credential", "read keychain", "read file"];
    let (_, questions) = asked([TakesNone, Empty, Empty]);
    assert_eq!(questions, [&read[..], &["keep credential", "keep keychain"]].concat());
    let (_, questions) = asked([TakesNone, TakesNone, Empty]);
    assert_eq!(questions, [&read[..], &["keep credential", "keep keychain", "keep file"]].concat());
    let (found, _) = asked([TakesNone; 3]);
    assert_eq!(found.unwrap_err().exit(), Exit::NoPermission);
}

#[test]
fn a_key_file_lies_in_a_tagged_folder_and_is_read_again() {
    let world = World::new();
    let file = file::KeyFile::in_folder(world.path("state/key"));
    assert!(file.read(access()).unwrap().is_none());
    let made = Key::random().unwrap();
    assert!(file.keep(&made, access()).unwrap());
    assert_eq!(file.read(access()).unwrap().unwrap().id(), made.id());
    let tag = std::fs::read_to_string(world.path("state/key/CACHEDIR.TAG")).unwrap();
    // the first 43 bytes decide (https://bford.info/cachedir/)
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"), "{tag}");
    also_as_ordinary_user(
        "secrets::keychain::key::tests::a_key_file_lies_in_a_tagged_folder_and_is_read_again",
    );
}

#[test]
fn the_credential_holds_what_the_key_file_does() {
    let world = World::new();
    let file = file::KeyFile::in_folder(world.path("key"));
    file.keep(&key(7), access()).unwrap();
    world.folder("credentials", 0o500);
    set_mode(&world.path("credentials"), 0o700);
    std::fs::copy(world.path("key/key"), world.path("credentials/backup-notify-key")).unwrap();
    let read = |folder: &Path| credential::Credential::in_folder(folder.to_owned()).read(access());
    let credentials = world.path("credentials");
    assert_eq!(read(&credentials).unwrap().unwrap().id(), key(7).id());
    assert!(read(&world.path("elsewhere")).unwrap().is_none());
    for damaged in ["", "backup-notify-key-1:", "backup-notify-key-2:AAAA\n", "hunter2\n"] {
        std::fs::write(credentials.join("backup-notify-key"), damaged).unwrap();
        let error = read(&credentials).unwrap_err();
        assert_eq!(error.exit(), Exit::NoPermission, "{error}");
        assert!(error.to_string().contains("the systemd credential \"backup-notify-key\" holds no key"));
        assert!(!error.to_string().contains("hunter2"));
    }
    set_mode(&credentials.join("backup-notify-key"), 0o666);
    assert!(matches!(read(&credentials), Err(KeychainError::Credential(_))));
}
