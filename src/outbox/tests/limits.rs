//! What goes first when there is too much.

use super::*;

/// Keeps messages with these outcomes, one a second, and returns the seconds that are left of them.
fn left(limits: Limits, outcomes: &[&str]) -> Vec<usize> {
    let world = World::new();
    let outbox = limited(&world, limits);
    let mut ids = Vec::new();
    for (second, outcome) in outcomes.iter().enumerate() {
        let kept = keep_with(&outbox, second.try_into().unwrap(), outcome, MESSAGE).unwrap();
        assert!(kept.notes.is_empty());
        assert_eq!(kept.claimed.is_kept(), !kept.dropped.contains(kept.claimed.entry()));
        assert_eq!(kept.claimed.message().unwrap(), MESSAGE, "even one that had to make room can be sent");
        ids.push(kept.claimed.entry().id.clone());
    }
    let there = outbox.ids().unwrap();
    assert_eq!(names(outbox.folder()).len(), there.len() * 2 + 2);
    (0..ids.len()).filter(|at| there.contains(&ids[*at])).collect()
}

#[test]
fn old_good_news_goes_first_then_warnings_then_failures() {
    let limits = Limits { max_count: 2, ..Limits::default() };
    for (outcomes, expected) in [
        (["success", "success", "success"], [1, 2]),
        (["error", "success", "error"], [0, 2]),
        (["success", "error", "warning"], [1, 2]),
        (["warning", "error", "skipped"], [0, 1]),
        (["error", "error", "success"], [0, 1]),
        (["error", "interrupted", "warning"], [0, 1]),
        (["error", "interrupted", "error"], [1, 2]),
        (["warning", "skipped", "success"], [0, 2]),
    ] {
        assert_eq!(left(limits, &outcomes), expected, "{outcomes:?}");
    }
}

#[test]
fn the_size_of_all_is_bounded_as_their_number_is() {
    let size = MESSAGE.len() as u64;
    let limits = Limits { max_size: 2 * size, ..Limits::default() };
    assert_eq!(left(limits, &["error", "success", "error"]), [0, 2]);
    let world = World::new();
    let outbox = limited(&world, Limits { max_size: 4 * size, ..Limits::default() });
    for second in 0..4 {
        keep_with(&outbox, second, "success", MESSAGE).unwrap();
    }
    let kept = keep_with(&outbox, 4, "error", &MESSAGE.repeat(3)).unwrap();
    assert_eq!((kept.dropped.len(), outbox.ids().unwrap().len()), (3, 2));
    let error = keep_with(&outbox, 5, "error", &MESSAGE.repeat(5)).unwrap_err();
    assert_eq!(error.exit(), Exit::CannotWrite);
    assert!(error.to_string().starts_with("the message is too large for the outbox"), "{error}");
    assert_eq!(outbox.ids().unwrap().len(), 2);
}

#[test]
fn what_is_being_sent_is_not_dropped() {
    let world = World::new();
    let outbox = limited(&world, Limits { max_count: 2, ..Limits::default() });
    let sending = keep_with(&outbox, 0, "success", MESSAGE).unwrap().claimed;
    keep_with(&outbox, 1, "error", MESSAGE).unwrap();
    let kept = keep_with(&outbox, 2, "error", MESSAGE).unwrap();
    assert_eq!(kept.dropped.len(), 1);
    assert_eq!(kept.dropped[0].outcome.word(), "error");
    assert!(outbox.ids().unwrap().contains(&sending.entry().id));
    assert!(!outbox.ids().unwrap().contains(&kept.dropped[0].id));
}

#[test]
fn what_is_damaged_makes_room_first_and_is_said() {
    let world = World::new();
    let outbox = limited(&world, Limits { max_count: 2, ..Limits::default() });
    let damaged = keep(&outbox).entry().id.clone();
    keep_with(&outbox, 1, "success", MESSAGE).unwrap();
    fs::write(id_of(&outbox, &damaged), "{}").unwrap();
    let kept = keep_with(&outbox, 2, "error", MESSAGE).unwrap();
    assert!(kept.dropped.is_empty());
    assert!(kept.notes[0].contains("does not have the seal"), "{:?}", kept.notes);
    assert_eq!(outbox.ids().unwrap().len(), 2);
}

fn id_of(outbox: &Outbox, id: &Id) -> PathBuf {
    id.facts(outbox.folder())
}
