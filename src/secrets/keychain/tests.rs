//! The keychain on real files.

use std::time::{Duration, Instant};

use super::key::Places;
use super::store::{Found, Store};
use super::*;
use crate::files::testing::{World, also_as_ordinary_user};

fn access() -> Access {
    Access { deadline: Deadline::after(Instant::now(), Duration::from_secs(20)), may_prompt: false }
}

fn store(world: &World) -> Store {
    let home = world.path("home");
    Store::new(home::data_folder(&home).join("keychain").join("vault"), Places::of(&home))
}

fn slot(name: &str) -> Slot {
    Slot::parse(name).unwrap()
}

fn set(store: &Store, name: &str, secret: &str) -> bool {
    store.set(&slot(name), &Secret::new(secret).unwrap(), Timestamp::UNIX_EPOCH, access()).unwrap()
}

fn get(store: &Store, name: &str) -> Option<String> {
    match store.find(&slot(name), access()).unwrap() {
        Found::Secret(secret) => Some(secret.reveal().to_owned()),
        Found::Only(_) => None,
    }
}

#[test]
fn what_was_kept_comes_back_and_what_was_not_does_not() {
    let world = World::new();
    world.folder("home", 0o755);
    let store = store(&world);
    assert_eq!(get(&store, "smtp.example.com:587:jon"), None);
    assert!(!set(&store, "smtp.example.com:587:jon", "hunter2"));
    assert!(!set(&store, "smtp.example.com:465:jon", "hunter3"));
    assert!(!set(&store, "growl:mac.local", "Grüße"));
    assert_eq!(get(&store, "SMTP.example.com.:587:jon").unwrap(), "hunter2");
    assert_eq!(get(&store, "smtp.example.com:465:jon").unwrap(), "hunter3");
    assert_eq!(get(&store, "growl:mac.local").unwrap(), "Grüße");
    assert!(set(&store, "smtp.example.com:587:jon", "hunter4"));
    assert_eq!(get(&store, "smtp.example.com:587:jon").unwrap(), "hunter4");
    for other in ["smtp.example.com:587:Jon", "smtp.example.com:25:jon", "growl:smtp.example.com:587"] {
        assert_eq!(get(&store, other), None, "{other}");
    }
    let names: Vec<_> = store.list(access()).unwrap().iter().map(|kept| kept.slot.to_string()).collect();
    assert_eq!(names, ["smtp.example.com:465:jon", "smtp.example.com:587:jon", "growl:mac.local"]);
    assert!(store.remove(&slot("smtp.example.com:587:jon"), access()).unwrap());
    assert!(!store.remove(&slot("smtp.example.com:587:jon"), access()).unwrap());
    assert_eq!(get(&store, "smtp.example.com:587:jon"), None);
    assert_eq!(get(&store, "smtp.example.com:465:jon").unwrap(), "hunter3");
    also_as_ordinary_user("secrets::keychain::tests::what_was_kept_comes_back_and_what_was_not_does_not");
}
