//! The keychain on real files: what is kept, what is refused, and that nothing is overwritten.

mod refused;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::key::Places;
use super::store::{Found, Store};
use super::*;
use crate::error::Situation;
use crate::exit::Exit;
use crate::files::testing::{World, also_as_ordinary_user, give_away, give_link_away, is_root, set_mode};

const JON: &str = "smtp.example.com:587:jon";
const VAULT: &str = "home/.local/share/backup-notify/keychain/vault";
const LOCK: &str = "home/.local/share/backup-notify/keychain/lock";
const KEY: &str = "home/.local/state/backup-notify/key/key";

fn within(time: Duration) -> Access {
    Access { deadline: Deadline::after(Instant::now(), time), may_prompt: false }
}

fn access() -> Access {
    within(Duration::from_secs(60))
}

fn store(world: &World) -> Store {
    let home = world.path("home");
    fs::create_dir_all(&home).unwrap();
    Store::new(home::data_folder(&home).join("keychain").join("vault"), Places::of(&home))
}

fn slot(name: &str) -> Slot {
    Slot::parse(name).unwrap()
}

fn try_set(store: &Store, name: &str, secret: &str) -> Result<bool, KeychainError> {
    store.set(&slot(name), &Secret::new(secret).unwrap(), Timestamp::UNIX_EPOCH, access())
}

fn set(store: &Store, name: &str, secret: &str) -> bool {
    try_set(store, name, secret).unwrap()
}

fn try_get(store: &Store, name: &str) -> Result<Option<String>, KeychainError> {
    Ok(match store.find(&slot(name), access())? {
        Found::Secret(secret) => Some(secret.reveal().to_owned()),
        Found::Only(_) => None,
    })
}

fn get(store: &Store, name: &str) -> Option<String> {
    try_get(store, name).unwrap()
}

/// A home in which a password of jon's is kept.
fn kept() -> (World, Store) {
    let world = World::new();
    let store = store(&world);
    set(&store, JON, "hunter2");
    (world, store)
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, KeychainError>, what: &str, hint: &str) {
    let error = result.expect_err(what);
    assert_eq!(error.exit(), Exit::NoPermission, "{error}");
    assert!(error.to_string().contains(what), "{error}: {what}");
    let advice = error.hint().unwrap_or_default();
    assert!(advice.contains(hint), "{error}: {advice}: {hint}");
}

#[test]
fn what_was_kept_comes_back_and_what_was_not_does_not() {
    let world = World::new();
    let store = store(&world);
    assert_eq!(get(&store, JON), None);
    assert!(!set(&store, JON, "hunter2"));
    assert!(!set(&store, "smtp.example.com:465:jon", "hunter3"));
    assert!(!set(&store, "growl:mac.local", "Grüße"));
    assert_eq!(get(&store, "SMTP.example.com.:587:jon").unwrap(), "hunter2");
    assert_eq!(get(&store, "smtp.example.com:465:jon").unwrap(), "hunter3");
    assert_eq!(get(&store, "growl:mac.local").unwrap(), "Grüße");
    assert!(set(&store, JON, "hunter4"));
    assert_eq!(get(&store, JON).unwrap(), "hunter4");
    for other in ["smtp.example.com:587:Jon", "smtp.example.com:25:jon", "growl:smtp.example.com:587"] {
        assert_eq!(get(&store, other), None, "{other}");
    }
    let names: Vec<_> = store.list(access()).unwrap().iter().map(|kept| kept.slot.to_string()).collect();
    assert_eq!(names, ["smtp.example.com:465:jon", JON, "growl:mac.local"]);
    assert!(store.remove(&slot(JON), access()).unwrap());
    assert!(!store.remove(&slot(JON), access()).unwrap());
    assert_eq!(get(&store, JON), None);
    assert_eq!(get(&store, "smtp.example.com:465:jon").unwrap(), "hunter3");
    also_as_ordinary_user("secrets::keychain::tests::what_was_kept_comes_back_and_what_was_not_does_not");
}

#[test]
fn looking_makes_nothing_and_keeping_makes_only_what_is_private() {
    let world = World::new();
    let store = store(&world);
    assert!(store.list(access()).unwrap().is_empty());
    assert!(!store.remove(&slot(JON), access()).unwrap());
    assert_eq!(get(&store, JON), None);
    assert_eq!(fs::read_dir(world.path("home")).unwrap().count(), 0);
    set(&store, JON, "hunter2");
    for file in [VAULT, LOCK, KEY] {
        let meta = world.path(file).metadata().unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o600, 1), "{file}");
        let mut folder = world.path(file);
        while folder.pop() && folder != world.path("home") {
            assert_eq!(folder.metadata().unwrap().mode() & 0o7777, 0o700, "{}", folder.display());
        }
    }
    let mut names: Vec<_> = walk(&world.path("home"));
    names.sort();
    assert_eq!(
        names,
        [
            "share/backup-notify/keychain/lock",
            "share/backup-notify/keychain/vault",
            "state/backup-notify/key/CACHEDIR.TAG",
            "state/backup-notify/key/key"
        ]
    );
}

/// Every file below `.local`.
fn walk(home: &Path) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![home.join(".local")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                files.push(entry.strip_prefix(home.join(".local")).unwrap().display().to_string());
            }
        }
    }
    files
}

#[test]
fn a_vault_that_is_damaged_is_refused_and_stays_as_it_is() {
    let (world, store) = kept();
    let (vault, good) = (world.path(VAULT), fs::read(world.path(VAULT)).unwrap());
    let aside = format!("mv {0} {0}.aside", vault.display());
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 0x10;
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&vault, &bytes).unwrap();
        for result in [
            try_get(&store, JON).map(|_| ()),
            try_get(&store, "h:1:u").map(|_| ()),
            store.list(access()).map(|_| ()),
        ] {
            assert_refused(result, &vault.display().to_string(), &aside);
        }
        if bytes.len() % 16 == 0 {
            assert_refused(try_set(&store, JON, "hunter3"), "", &aside);
            assert_refused(store.remove(&slot(JON), access()), "", &aside);
        }
        assert_eq!(fs::read(&vault).unwrap(), bytes);
    }
    fs::write(&vault, "").unwrap();
    assert_refused(try_get(&store, JON), "is damaged: it is empty", &aside);
    let newer = String::from_utf8(good).unwrap().replace("\"version\":1", "\"version\":7");
    fs::write(&vault, newer).unwrap();
    assert_refused(try_set(&store, JON, "x"), "made by a newer version of backup-notify", &aside);
    // what the hint says, and all is well again
    fs::rename(&vault, vault.with_extension("aside")).unwrap();
    assert_eq!(get(&store, JON), None);
    set(&store, JON, "hunter3");
    assert_eq!(get(&store, JON).unwrap(), "hunter3");
}

#[test]
fn a_key_that_is_missing_changed_or_another_one_is_told_apart() {
    let (world, store) = kept();
    let (key, vault) = (world.path(KEY), fs::read(world.path(VAULT)).unwrap());
    let line = fs::read(&key).unwrap();
    fs::rename(&key, world.path("elsewhere")).unwrap();
    let missing = format!("is missing: it is not in the file \"{}\"", key.display());
    assert_refused(try_get(&store, JON), &missing, "put the key back");
    assert_refused(try_set(&store, "h:1:u", "x"), &missing, "put the key back");
    assert!(!key.exists(), "no new key beside an old vault");
    // a folder that is gone altogether is no other case
    fs::remove_dir_all(key.parent().unwrap()).unwrap();
    assert_refused(try_set(&store, "h:1:u", "x"), "is missing", "put the key back");
    let other = World::new();
    let other_store = self::store(&other);
    set(&other_store, JON, "another's");
    fs::create_dir(key.parent().unwrap()).unwrap();
    set_mode(key.parent().unwrap(), 0o700);
    fs::copy(other.path(KEY), &key).unwrap();
    assert_refused(try_get(&store, JON), "with another key than the file", "put the key back");
    assert_refused(try_set(&store, JON, "x"), "with another key than the file", "put the key back");
    for at in 0..line.len() {
        let mut flipped = line.clone();
        flipped[at] ^= 1;
        fs::write(&key, &flipped).unwrap();
        let refused = try_get(&store, JON).expect_err("a key that was changed");
        assert!(
            matches!(refused, KeychainError::KeyDamaged { .. } | KeychainError::OtherKey { .. }),
            "{refused}"
        );
        assert_eq!(refused.exit(), Exit::NoPermission);
    }
    fs::write(&key, "").unwrap();
    assert_refused(try_set(&store, JON, "x"), "holds no key", &format!("mv {0} {0}.aside", key.display()));
    assert_eq!(fs::read(world.path(VAULT)).unwrap(), vault);
    fs::write(&key, &line).unwrap();
    assert_eq!(get(&store, JON).unwrap(), "hunter2");
}

#[test]
fn who_changes_the_vault_waits_for_the_turn_and_not_beyond_the_deadline() {
    let (world, store) = kept();
    let turn = lock::take_turn(&world.path(LOCK), access()).unwrap();
    let secret = Secret::new("hunter3").unwrap();
    let late = store.set(&slot(JON), &secret, Timestamp::UNIX_EPOCH, within(Duration::from_millis(100)));
    let late = late.expect_err("somebody else has the turn");
    assert_eq!(late.exit(), Exit::TempFail);
    assert!(late.to_string().contains("another process was changing the passwords"), "{late}");
    let hint = late.hint().unwrap();
    for way in ["lsof /", "fuser -v /", "if one of them is installed", "ps ax"] {
        assert!(hint.contains(way), "{hint}");
    }
    // looking needs no turn
    assert_eq!(get(&store, JON).unwrap(), "hunter2");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| set(&store, JON, "hunter3"));
        drop(turn);
        assert!(waiting.join().unwrap());
    });
    assert_eq!(get(&store, JON).unwrap(), "hunter3");
}

#[test]
fn a_turn_of_a_file_that_was_replaced_is_none() {
    let (world, store) = kept();
    let file = fs::File::open(world.path(LOCK)).unwrap();
    assert!(crate::files::is_at(&file, &world.path(LOCK)));
    let turn = lock::take_turn(&world.path(LOCK), access()).unwrap();
    fs::remove_file(world.path(LOCK)).unwrap();
    assert!(!crate::files::is_at(&file, &world.path(LOCK)));
    // the file that is locked has no name any more, and nobody waits for it
    assert!(set(&store, JON, "hunter3"));
    assert!(!crate::files::is_at(&file, &world.path(LOCK)));
    drop(turn);
    assert!(set(&store, JON, "hunter4"));
}

#[test]
fn what_a_killed_writer_left_is_in_nobodys_way() {
    let (world, store) = kept();
    for place in [VAULT, KEY] {
        fs::write(format!("{}.new", world.path(place).display()), "half of som").unwrap();
    }
    assert!(set(&store, JON, "hunter3"));
    assert_eq!(get(&store, JON).unwrap(), "hunter3");
    assert!(!world.path(VAULT).with_extension("new").exists());
    // a key that was made before the vault could be is the one to use
    fs::remove_file(world.path(VAULT)).unwrap();
    let key = fs::read(world.path(KEY)).unwrap();
    assert!(!set(&store, JON, "hunter4"));
    assert_eq!(fs::read(world.path(KEY)).unwrap(), key);
    assert_eq!(get(&store, JON).unwrap(), "hunter4");
}

#[test]
fn eight_threads_at_once_lose_nothing() {
    let world = World::new();
    let store = store(&world);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..4 {
                    set(store, &format!("h{number}:587:jon"), &format!("{number} {round}"));
                }
            });
        }
    });
    for number in 0..8 {
        assert_eq!(get(&store, &format!("h{number}:587:jon")).unwrap(), format!("{number} 3"));
    }
}
