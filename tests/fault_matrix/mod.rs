//! Every fault of a server at every stage, in each mode: what the program says, what the server has
//! taken, and what waits in the outbox afterwards.
//!
//! The table is `tests/data/fault-matrix.txt`, for people to read; `BACKUP_NOTIFY_WRITE_SNAPSHOTS=1`
//! writes it anew. What has to hold in every case is checked whatever the table says.

mod cases;
mod outbox;
mod play;
mod table;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::smtp_server::Stage;
use cases::{Case, Fault};
use play::{Fate, Grounds, Played};

/// What a run may take. Short: most of the cases wait for it.
const DEADLINE: Duration = Duration::from_secs(2);
/// What a run gets that did not come as far as the fault: the machine may be busy.
const SECOND_DEADLINE: Duration = Duration::from_secs(10);
/// How many breaches are told at length.
const STORIES: usize = 5;
/// How many cases are under way at once; nearly all of their time is waiting.
const AT_ONCE: usize = 16;

#[test]
fn nothing_is_lost_or_doubled_whatever_a_server_does() {
    let begun = Instant::now();
    let grounds = Grounds::new();
    let writing = std::env::var_os("BACKUP_NOTIFY_WRITE_SNAPSHOTS").is_some();
    let kept = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fault-matrix.txt"));
    let cases = cases::all();
    let mut played = all_at_once(&cases, |case| play::play(&grounds, case, DEADLINE));
    // out of time before the fault could show: once more, with more of it
    let hurried = |played: &Played| {
        let taken = matches!(played.fate, Fate::Sent | Fate::Both | Fate::Unknown);
        played.timed_out && !cases::waits(&played.case, taken)
    };
    let again: Vec<Case> = played.iter().filter(|p| hurried(p)).map(|p| p.case).collect();
    let mut second = all_at_once(&again, |case| play::play(&grounds, case, SECOND_DEADLINE)).into_iter();
    for played in played.iter_mut().filter(|played| hurried(played)) {
        let first = std::mem::take(&mut played.breaches);
        *played = second.next().unwrap();
        played.breaches.splice(0..0, first);
    }
    let breaches: Vec<_> = played.iter().flat_map(|played| &played.breaches).map(String::as_str).collect();
    if !breaches.is_empty() {
        let heads: Vec<_> = breaches.iter().filter_map(|breach| breach.lines().next()).collect();
        let stories = &breaches[..breaches.len().min(STORIES)];
        panic!("{} breaches:\n{}\n\n{}", breaches.len(), heads.join("\n"), stories.join("\n"));
    }
    let table = table::write(&played);
    let took = begun.elapsed().as_secs_f32();
    let totals = format!("faults: {}; this took {took:.1} s\n", table::totals(&played));
    // past the harness, which shows nothing of a test that passes
    std::io::stderr().write_all(totals.as_bytes()).unwrap();
    if writing {
        std::fs::write(&kept, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(table == expected, "the table is now\n{table}\nand was\n{expected}");
}

/// Plays all cases, some at a time, and returns the results in order.
fn all_at_once(cases: &[Case], work: impl Fn(&Case) -> Played + Sync) -> Vec<Played> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    let played = work(case);
                    results.lock().unwrap().push((index, played));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn what_waited_arrives_once_the_server_is_mended() {
    let grounds = Grounds::new();
    let chosen = [
        ("implicit", Stage::Connect, Fault::Reset),
        ("implicit", Stage::Auth, Fault::Says("554")),
        ("implicit", Stage::FinalDot, Fault::Close),
        ("starttls", Stage::Handshake, Fault::Alert),
        ("starttls", Stage::Ehlo, Fault::Garbage),
        ("none", Stage::Data, Fault::Says("451")),
        ("none", Stage::Taken, Fault::Stall),
        (cases::CHUNKING, Stage::Mail, Fault::Close),
        (cases::CHUNKING, Stage::FinalDot, Fault::Says("451")),
        (cases::CHUNKING, Stage::Taken, Fault::Close),
    ];
    for (mode, stage, fault) in chosen {
        for silent in [false, true] {
            play::mend_and_send(&grounds, &Case { mode, stage, fault }, silent);
        }
    }
}
