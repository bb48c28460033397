//! Damage to Mail's files: never a panic, never a hang, and never another account without a word.
//!
//! No property list and no page of a database has a checksum: a byte inside a name makes another
//! name, and no reader can know. So where the accounts changed in silence, another reader, Python's,
//! has to find a whole file that says exactly that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backup_notify::accounts::{Book, Found, Listing};
use backup_notify::deadline::Deadline;
use serde_json::Value;

use crate::mail_homes::{contents, python};
use crate::support::world::World;

/// In how many places each file is cut, and how many of its bytes are changed, one at a time.
const TIMES: usize = 200;

/// Reads a home as `accounts` does.
fn listing(home: &Path) -> Listing {
    let begun = Instant::now();
    let book = Book::new(Some(home), Deadline::after(begun, Duration::from_secs(60)));
    let listing = book.listing().clone();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    listing
}

/// One file with its damage, and what it is called in a failure.
fn damages(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let cut = (0..TIMES).map(move |n| {
        let length = bytes.len() * n / TIMES;
        (format!("cut to {length} bytes"), bytes[..length].to_vec())
    });
    let flipped = (0..TIMES).filter(move |_| !bytes.is_empty()).map(move |n| {
        // every part of the file, and each bit in turn; the odd ones change the whole byte
        let at = (bytes.len() * n / TIMES + n * 7919) % bytes.len();
        let mask = if n % 2 == 0 { 1 << (n / 2 % 8) } else { 0xFF };
        let mut damaged = bytes.to_vec();
        damaged[at] ^= mask;
        (format!("byte {at} changed by {mask:#04x}"), damaged)
    });
    cut.chain(flipped)
}

/// Accounts that changed in silence, and where the damaged file is kept.
struct Silent {
    what: String,
    accounts: Vec<Found>,
    kept: PathBuf,
}

/// Damages every file of a home in every way, and returns what changed in silence.
fn damage_each_file(world: &World, home: &Path) -> Vec<Silent> {
    let sound = listing(home);
    assert!(!sound.accounts.is_empty(), "{sound:?}");
    let mut silent = Vec::new();
    for path in contents(home).into_keys().filter(|path| path.is_file()) {
        let bytes = fs::read(&path).unwrap();
        for (what, damaged) in damages(&bytes) {
            fs::write(&path, damaged).unwrap();
            let found = listing(home);
            let noticed = found.problems.iter().any(|problem| !sound.problems.contains(problem));
            if found.accounts != sound.accounts && !noticed {
                let kept = world.folder(format!("silent/{}", silent.len()));
                keep(&path, &kept);
                let what = format!("{}: {what}", path.strip_prefix(home).unwrap().display());
                silent.push(Silent { what, accounts: found.accounts, kept });
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
    silent
}

/// Copies a file, and the other half of a database with its log.
fn keep(path: &Path, folder: &Path) {
    let name = path.to_str().unwrap();
    let database = name.strip_suffix("-wal").unwrap_or(name);
    for part in [database.to_owned(), format!("{database}-wal")] {
        if let Ok(bytes) = fs::read(&part) {
            fs::write(folder.join(Path::new(&part).file_name().unwrap()), bytes).unwrap();
        }
    }
}

/// Every value of an account that a file has to say.
fn values(account: &Found) -> Vec<String> {
    let senders = account.senders.iter().map(|sender| sender.email.to_string());
    let stated = [account.host.clone(), account.description.clone()];
    stated.into_iter().flatten().chain(senders).collect()
}

fn survives(version: &str) {
    let world = World::new();
    python("generate.py", world.path(), &[version]);
    let home = world.path().join(version);
    let sound: BTreeSet<String> = listing(&home).accounts.iter().flat_map(values).collect();
    let silent = damage_each_file(&world, &home);
    if silent.is_empty() {
        return;
    }
    let told: Vec<Value> =
        serde_json::from_str(&python("says.py", &world.path().join("silent"), &[])).unwrap();
    assert_eq!(told.len(), silent.len());
    let mut wrong = String::new();
    for (case, told) in silent.iter().zip(told) {
        let leaves: Vec<String> =
            told["leaves"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_lowercase()).collect();
        let said = |value: &String| {
            let value = value.to_lowercase();
            sound.contains(&value) || leaves.iter().any(|leaf| leaf.contains(&value))
        };
        let invented: Vec<String> = case
            .accounts
            .iter()
            .flat_map(values)
            .filter(|value| !sound.contains(value) && !said(value))
            .collect();
        if told["reads"] != true || !invented.is_empty() {
            wrong.push_str(&format!(
                "\n{}\n  Python: {} {}\n  not in the file: {invented:?}\n  accounts: {}\n  {}\n",
                case.what,
                told["reads"],
                told["error"],
                serde_json::to_string(&case.accounts).unwrap(),
                case.kept.display(),
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

macro_rules! generations {
    ($($name:ident: $version:literal,)*) => {
        $(#[test]
        fn $name() {
            survives($version);
        })*
    };
}

generations! {
    damage_to_the_files_of_10_5_is_noticed: "10.5",
    damage_to_the_files_of_10_6_is_noticed: "10.6",
    damage_to_the_files_of_10_7_is_noticed: "10.7",
    damage_to_the_files_of_10_8_is_noticed: "10.8",
    damage_to_the_files_of_10_9_is_noticed: "10.9",
    damage_to_the_files_of_10_10_is_noticed: "10.10",
    damage_to_the_files_of_10_11_is_noticed: "10.11",
    damage_to_the_files_of_10_12_is_noticed: "10.12",
    damage_to_the_files_of_10_13_is_noticed: "10.13",
    damage_to_the_files_of_10_15_is_noticed: "10.15",
    damage_to_the_files_of_12_is_noticed: "12",
    damage_to_the_files_of_14_is_noticed: "14",
    damage_to_the_files_of_26_is_noticed: "26",
}
