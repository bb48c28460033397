//! Many at once: each message comes out exactly once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const KEEPERS: usize = 6;
const SENDERS: usize = 4;
const EACH: usize = 25;

/// Takes what waits in hand, and removes it as if a server had accepted it.
fn send(outbox: &Outbox, got: &Mutex<HashMap<Vec<u8>, usize>>) {
    for id in outbox.ids().unwrap() {
        match outbox.claim(&id) {
            Claim::Taken(claimed) => {
                *got.lock().unwrap().entry(claimed.message().unwrap().to_vec()).or_default() += 1;
                claimed.accepted().unwrap();
            }
            Claim::Busy | Claim::Gone => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn many_who_keep_and_send_at_once_lose_nothing_and_repeat_nothing() {
    let world = World::new();
    let folder = world.path("state/outbox");
    let (got, keeping) = (Mutex::new(HashMap::new()), AtomicUsize::new(KEEPERS));
    std::thread::scope(|scope| {
        for keeper in 0..KEEPERS {
            let (folder, got, keeping) = (&folder, &got, &keeping);
            scope.spawn(move || {
                // each as a process of its own would: the folder and its key are made by one of them
                let outbox = Outbox::make(folder, Limits::default()).unwrap();
                for number in 0..EACH {
                    let message = format!("{keeper}-{number}\r\n").into_bytes();
                    let mut kept = keep_with(&outbox, 0, "error", &message).unwrap();
                    assert!(kept.notes.is_empty() && kept.dropped.is_empty(), "{kept:?}");
                    match number % 3 {
                        0 => drop(kept),
                        1 => {
                            let remaining = addresses(&["kim@example.com"]);
                            kept.claimed.attempted(&failed(&remaining, false)).unwrap();
                        }
                        _ => {
                            *got.lock().unwrap().entry(message).or_default() += 1;
                            kept.claimed.accepted().unwrap();
                        }
                    }
                }
                keeping.fetch_sub(1, Ordering::SeqCst);
            });
        }
        for _ in 0..SENDERS {
            let (folder, got, keeping) = (&folder, &got, &keeping);
            scope.spawn(move || {
                let outbox = Outbox::make(folder, Limits::default()).unwrap();
                while keeping.load(Ordering::SeqCst) > 0 {
                    let turn = outbox.turn(None).unwrap();
                    assert!(turn.is_none_or(|turn| turn.notes.is_empty()));
                    // also who has not the turn: the locks of the messages alone have to do
                    send(&outbox, got);
                    let listing = outbox.entries().unwrap();
                    assert!(listing.damaged.is_empty(), "{:?}", listing.damaged);
                }
            });
        }
    });
    let outbox = Outbox::find(&folder, Limits::default()).unwrap().unwrap();
    outbox.turn(None).unwrap().unwrap();
    send(&outbox, &got);
    let got = got.into_inner().unwrap();
    assert_eq!(got.len(), KEEPERS * EACH);
    assert!(got.values().all(|times| *times == 1), "{got:?}");
    assert_eq!(names(&folder), ["key", "lock"]);
}

#[test]
fn many_at_the_limit_drop_no_more_than_needed() {
    let world = World::new();
    let folder = world.path("outbox");
    let limits = Limits { max_count: 10, ..Limits::default() };
    let dropped = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..KEEPERS {
            let (folder, dropped) = (&folder, &dropped);
            scope.spawn(move || {
                let outbox = Outbox::make(folder, limits).unwrap();
                for number in 0..EACH {
                    let kept = keep_with(&outbox, number.try_into().unwrap(), "error", MESSAGE).unwrap();
                    assert!(kept.notes.is_empty(), "{:?}", kept.notes);
                    dropped.fetch_add(kept.dropped.len(), Ordering::SeqCst);
                }
            });
        }
    });
    let outbox = Outbox::find(&folder, limits).unwrap().unwrap();
    assert_eq!(outbox.ids().unwrap().len() + dropped.into_inner(), KEEPERS * EACH);
    assert_eq!(outbox.ids().unwrap().len(), 10);
    assert_eq!(names(&folder).len(), 2 * 10 + 2);
}
