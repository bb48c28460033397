//! Keeping, taking in hand and removing, in real folders.

mod damaged;
#[cfg(target_os = "linux")]
mod killed;
mod limits;
mod storm;
mod sweep;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::*;
use crate::error::Situation as _;
use crate::exit::Exit;
use crate::files::testing::{World, also_as_ordinary_user, is_root, set_mode};

const MESSAGE: &[u8] = b"Subject: backup\r\n\r\nIt failed.\r\n";

fn outbox(world: &World) -> Outbox {
    limited(world, Limits::default())
}

fn limited(world: &World, limits: Limits) -> Outbox {
    Outbox::make(&world.path("outbox"), limits).unwrap()
}

fn addresses(words: &[&str]) -> Vec<Address> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

/// Keeps a message that was written at this second, with this outcome and text.
fn keep_with(outbox: &Outbox, second: i64, outcome: &str, message: &[u8]) -> Result<Kept, OutboxError> {
    let sender = Mailbox::new(Some("Kim  \"K\" Doe".to_owned()), "kim@example.com".parse().unwrap());
    outbox.keep(&Draft {
        task: Path::new("/etc/backup-notify/home.json"),
        email: 1,
        name: "Home",
        subject: "Home: \u{1b}[31mfailed",
        outcome,
        now: Timestamp::from_second(1_700_000_000 + second).unwrap(),
        message_id: "<1.a@example.com>",
        sender: Some(&sender),
        recipients: &addresses(&["kim@example.com", "ops@example.com"]),
        message,
    })
}

fn keep(outbox: &Outbox) -> Claimed {
    let kept = keep_with(outbox, 0, "error", MESSAGE).unwrap();
    assert!(kept.dropped.is_empty() && kept.notes.is_empty(), "{kept:?}");
    kept.claimed
}

#[track_caller]
fn taken(outbox: &Outbox, id: &Id) -> Claimed {
    match outbox.claim(id) {
        Claim::Taken(claimed) => *claimed,
        other => panic!("{other:?}"),
    }
}

/// What is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn failed(remaining: &[Address], refused: bool) -> Attempt<'_> {
    Attempt {
        now: Timestamp::from_second(1_700_000_500).unwrap(),
        error: "the server said 451",
        code: Exit::TempFail,
        refused,
        remaining,
    }
}

#[test]
fn what_is_kept_comes_out_as_it_went_in() {
    let world = World::new();
    let outbox = outbox(&world);
    let claimed = keep(&outbox);
    let id = claimed.entry().id.clone();
    assert_eq!(
        names(outbox.folder()),
        [format!("{id}.eml"), format!("{id}.json"), "key".to_owned(), "lock".to_owned()]
    );
    for name in names(outbox.folder()) {
        let meta = outbox.folder().join(name).metadata().unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o600, 1));
    }
    assert_eq!(outbox.folder().metadata().unwrap().mode() & 0o7777, 0o700);
    assert_eq!(claimed.message().unwrap(), MESSAGE);
    // nobody else has it meanwhile
    assert!(matches!(outbox.claim(&id), Claim::Busy));
    let written = claimed.entry().clone();
    claimed.release();
    let again = Outbox::find(outbox.folder(), Limits::default()).unwrap().unwrap();
    assert_eq!(again.ids().unwrap(), std::slice::from_ref(&id));
    let listing = again.entries().unwrap();
    assert_eq!((listing.entries, listing.damaged, listing.cut), (vec![written.clone()], Vec::new(), false));
    let claimed = taken(&again, &id);
    assert_eq!((claimed.entry(), claimed.message().unwrap()), (&written, MESSAGE));
    assert!(claimed.is_kept());
    claimed.accepted().unwrap();
    assert_eq!(names(outbox.folder()), ["key", "lock"]);
    assert!(matches!(outbox.claim(&id), Claim::Gone));
    assert!(again.ids().unwrap().is_empty() && again.entries().unwrap().entries.is_empty());
}

#[test]
fn a_folder_is_only_made_for_keeping() {
    let world = World::new();
    assert!(Outbox::find(&world.path("outbox"), Limits::default()).unwrap().is_none());
    assert!(Outbox::find(&world.path("a/b/outbox"), Limits::default()).unwrap().is_none());
    assert!(names(&world.path("")).is_empty());
    Outbox::make(&world.path("a/b/outbox"), Limits::default()).unwrap();
    let found = Outbox::find(&world.path("a/b/outbox"), Limits::default()).unwrap().unwrap();
    assert!(found.ids().unwrap().is_empty() && names(found.folder()).is_empty());
}

#[test]
fn a_folder_that_others_can_use_is_refused_with_what_to_type() {
    let world = World::new();
    for mode in [0o750, 0o770, 0o777, 0o701] {
        let folder = world.folder(&format!("outbox-{mode:o}"), mode);
        for error in [
            Outbox::make(&folder, Limits::default()).unwrap_err(),
            Outbox::find(&folder, Limits::default()).unwrap_err(),
        ] {
            assert_eq!(error.exit(), Exit::NoPermission, "{error}");
            assert_eq!(error.hint().unwrap(), format!("chmod 700 {}", folder.display()));
        }
    }
    let file = world.file("outbox", "", 0o600);
    assert_eq!(Outbox::find(&file, Limits::default()).unwrap_err().exit(), Exit::NoPermission);
    let link = world.link("link", world.folder("real", 0o700));
    assert_eq!(Outbox::make(&link, Limits::default()).unwrap_err().exit(), Exit::NoPermission);
}

#[test]
fn an_attempt_is_put_down_and_sealed_anew() {
    let world = World::new();
    let outbox = outbox(&world);
    let mut claimed = keep(&outbox);
    let id = claimed.entry().id.clone();
    let remaining = addresses(&["ops@example.com", "stranger@example.com"]);
    claimed.attempted(&failed(&remaining, true)).unwrap();
    claimed.attempted(&failed(&remaining, false)).unwrap();
    // still in hand
    assert!(matches!(outbox.claim(&id), Claim::Busy));
    drop(claimed);
    let entry = taken(&outbox, &id).entry().clone();
    assert_eq!(entry.recipients, addresses(&["ops@example.com"]));
    assert_eq!((entry.attempts, entry.last_code, entry.refused), (2, Some(75), false));
    assert_eq!(entry.last_error.as_deref(), Some("the server said 451"));
    assert_eq!(entry.tried, Some(Timestamp::from_second(1_700_000_500).unwrap()));
    assert_eq!(entry.queued, Timestamp::from_second(1_700_000_000).unwrap());
}

#[test]
fn with_nobody_left_to_get_it_a_message_is_removed() {
    let world = World::new();
    let outbox = outbox(&world);
    let mut claimed = keep(&outbox);
    claimed.attempted(&failed(&[], true)).unwrap();
    assert_eq!(names(outbox.folder()), ["key", "lock"]);
    assert!(!claimed.is_kept());
    claimed.accepted().unwrap();
}

#[test]
fn what_was_removed_by_hand_does_not_come_back() {
    let world = World::new();
    let outbox = outbox(&world);
    let mut claimed = keep(&outbox);
    for name in names(outbox.folder()).into_iter().filter(|name| name.starts_with('2')) {
        fs::remove_file(outbox.folder().join(name)).unwrap();
    }
    claimed.attempted(&failed(&addresses(&["ops@example.com"]), false)).unwrap();
    assert_eq!(names(outbox.folder()), ["key", "lock"]);
    // and whoever has it in hand still has the whole of it
    assert_eq!(claimed.message().unwrap(), MESSAGE);
    claimed.accepted().unwrap();
}

#[test]
fn a_message_that_cannot_be_read_again_is_not_kept() {
    let world = World::new();
    let outbox = outbox(&world);
    let recipients = addresses(&["kim@example.com"]);
    let draft = |task: &'static Path, outcome, recipients| Draft {
        task,
        email: 0,
        name: "Home",
        subject: "",
        outcome,
        now: Timestamp::UNIX_EPOCH,
        message_id: "<1@a>",
        sender: None,
        recipients,
        message: MESSAGE,
    };
    let refused = |draft: &Draft<'_>| outbox.keep(draft).unwrap_err().exit();
    assert_eq!(refused(&draft(Path::new("home.json"), "error", &recipients)), Exit::Usage);
    assert_eq!(refused(&draft(Path::new("/a\0b"), "error", &recipients)), Exit::Usage);
    assert_eq!(refused(&draft(Path::new("/a"), "no word", &recipients)), Exit::Software);
    assert_eq!(refused(&draft(Path::new("/a"), "error", &[])), Exit::Software);
    // found by the fuzz target "outbox_entry": what is kept could not be read again
    let odd = Draft { message_id: "<1\n@a>", ..draft(Path::new("/a"), "error", &recipients) };
    assert_eq!(refused(&odd), Exit::Software);
    let empty = Draft { message: b"", ..draft(Path::new("/a"), "error", &recipients) };
    assert_eq!(refused(&empty), Exit::Software);
    let many: Vec<Address> =
        (0..20_000).map(|number| format!("somebody{number}@example.com").parse().unwrap()).collect();
    assert_eq!(refused(&draft(Path::new("/a"), "error", &many)), Exit::CannotWrite);
    assert_eq!(names(outbox.folder()), ["key", "lock"]);
    let long = "ü\u{1b}".repeat(100_000);
    let mut draft = draft(Path::new("/a"), "success", &recipients);
    (draft.name, draft.subject) = (&long, &long);
    let kept = outbox.keep(&draft).unwrap();
    let id = kept.claimed.entry().id.clone();
    drop(kept);
    assert_eq!(taken(&outbox, &id).entry().subject.chars().count(), 1000);
}

#[test]
fn a_clock_that_jumps_makes_no_message_old() {
    let world = World::new();
    let outbox = outbox(&world);
    let claimed = keep(&outbox);
    let queued = claimed.entry().queued;
    let day = |days: i64| queued + SignedDuration::from_hours(24 * days);
    for (now, old) in
        [(day(0), false), (day(-20_000), false), (day(30), false), (day(31), true), (day(9000), true)]
    {
        assert_eq!(claimed.entry().is_older_than(outbox.max_age(), now), old, "{now}");
    }
    assert!(!claimed.entry().is_older_than(Duration::MAX, Timestamp::MAX));
}

#[test]
fn a_folder_that_cannot_be_written_keeps_and_sends_nothing() {
    if !is_root() {
        let world = World::new();
        let outbox = outbox(&world);
        let id = keep(&outbox).entry().id.clone();
        set_mode(outbox.folder(), 0o500);
        let error = keep_with(&outbox, 0, "error", MESSAGE).unwrap_err();
        assert_eq!(error.exit(), Exit::CannotWrite);
        assert_eq!(outbox.turn(None).unwrap_err().exit(), Exit::CannotWrite);
        assert_eq!(outbox.entries().unwrap().entries.len(), 1);
        // what was sent all the same is not sent a second time, though it cannot be removed
        let error = taken(&outbox, &id).accepted().unwrap_err();
        assert_eq!(error.exit(), Exit::CannotWrite);
        assert!(error.to_string().ends_with("; it will not be sent again"), "{error}");
        let Claim::SetAside(said) = outbox.claim(&id) else { panic!() };
        assert!(said.contains("it is not sent, and stays where it is: "), "{said}");
        set_mode(outbox.folder(), 0o700);
    }
    also_as_ordinary_user("outbox::tests::a_folder_that_cannot_be_written_keeps_and_sends_nothing");
}

#[test]
fn one_at_a_time_has_the_turn() {
    let world = World::new();
    let outbox = outbox(&world);
    let turn = outbox.turn(None).unwrap().unwrap();
    assert!(turn.notes.is_empty());
    assert!(outbox.turn(None).unwrap().is_none());
    let soon = Deadline::after(Instant::now(), Duration::from_millis(120));
    assert!(outbox.turn(Some(soon)).unwrap().is_none());
    let later = Deadline::after(Instant::now(), Duration::from_secs(60));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| outbox.turn(Some(later)).unwrap().is_some());
        drop(turn);
        assert!(waits.join().unwrap());
    });
}
