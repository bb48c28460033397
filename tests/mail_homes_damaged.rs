//! Damage to Mail's files: never a panic, never a hang, and never another account without a word.
//!
//! No property list and no page of a database has a checksum: a byte inside a name makes another
//! name, and no reader can know. So where the accounts changed in silence, another reader, Python's,
//! has to find a whole file with the keys of the sound one, in which a value has become another; and
//! what is new in an account has to be among its values. A key is known to every reader: where one
//! was damaged, something has to be said.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backup_notify::accounts::{Book, Found, Listing};
use backup_notify::deadline::Deadline;
use serde_json::{Value, json};

use crate::mail_homes::{contents, python};
use crate::support::world::World;

/// In how many places each file is cut, and how many of its bytes are changed, one at a time.
const TIMES: usize = 200;
/// How many bytes that are not zero are changed: most of a database is empty.
const STORED: usize = 300;
/// How often each of the other things happens.
const OTHERS: usize = 25;
/// What a port may be without being stored.
const DEFAULT_PORTS: [u16; 3] = [25, 465, 587];

/// Reads a home as `accounts` does.
fn listing(home: &Path) -> Listing {
    let begun = Instant::now();
    let book = Book::new(Some(home), Deadline::after(begun, Duration::from_secs(60)));
    let listing = book.listing().clone();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    listing
}

/// Numbers without a pattern that are the same in every run (`SplitMix64`, by Sebastiano Vigna).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    /// Bits to change in a byte: one of them, that of the case of a letter, any, or all.
    fn mask(&mut self) -> u8 {
        match self.below(8) {
            0..4 => 1 << self.below(8),
            4 | 5 => 0x20,
            6 => u8::try_from(1 + self.below(255)).unwrap(),
            _ => 0xFF,
        }
    }
}

/// One file with its damage, and what it is called in a failure.
type Damage = (String, Vec<u8>);

/// Damages a file in every way. That nothing is left of a log is none: SQLite leaves an empty one
/// behind when everything is in the database.
fn damages(bytes: &[u8], is_log: bool) -> impl Iterator<Item = Damage> + '_ {
    let cut = (usize::from(is_log)..TIMES).map(move |n| {
        let length = bytes.len() * n / TIMES;
        (format!("cut to {length} bytes"), bytes[..length].to_vec())
    });
    let flipped = (0..TIMES).map(move |n| {
        // every part of the file, and each bit in turn; the odd ones change the whole byte
        let at = (bytes.len() * n / TIMES + n * 7919) % bytes.len();
        flip(bytes, at, if n % 2 == 0 { 1 << (n / 2 % 8) } else { 0xFF })
    });
    let stored: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let mut numbers = Numbers(seed(bytes));
    let stored = (0..STORED).map(move |_| flip(bytes, stored[numbers.below(stored.len())], numbers.mask()));
    let mut numbers = Numbers(!seed(bytes));
    let others = (0..OTHERS).flat_map(move |_| others(bytes, &mut numbers));
    cut.chain(flipped).chain(stored).chain(others)
}

/// A number that is another one for every file.
fn seed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

fn flip(bytes: &[u8], at: usize, mask: u8) -> Damage {
    let mut damaged = bytes.to_vec();
    damaged[at] ^= mask;
    (format!("byte {at} changed by {mask:#04x}"), damaged)
}

/// What happens to files besides: sectors that were never written, or written elsewhere, bytes that
/// were lost or doubled on the way, letters that somebody typed the other way round.
fn others(bytes: &[u8], numbers: &mut Numbers) -> Vec<Damage> {
    let length = 1 + numbers.below(512.min(bytes.len()));
    let at = numbers.below(bytes.len() - length + 1);
    let range = at..at + length;
    let mut zeroed = bytes.to_vec();
    zeroed[range.clone()].fill(0);
    let from = numbers.below(bytes.len() - length + 1);
    let mut elsewhere = bytes.to_vec();
    elsewhere.copy_within(from..from + length, at);
    let mut lost = bytes.to_vec();
    lost.remove(at);
    let mut doubled = bytes.to_vec();
    doubled.insert(at, bytes[at]);
    let mut damages = vec![
        (format!("bytes {range:?} are zero"), zeroed),
        (format!("bytes {range:?} are those from {from} on"), elsewhere),
        (format!("byte {at} is lost"), lost),
        (format!("byte {at} is doubled"), doubled),
    ];
    // within a word: the references of a binary list look like letters, too, though rarely like these
    let word = |at: &usize| {
        let letters = &bytes[*at..*at + 4];
        letters.iter().all(u8::is_ascii_lowercase) && letters[0].abs_diff(letters[1]) > 1
    };
    if let Some(at) = (at..bytes.len().saturating_sub(4)).find(word) {
        let mut exchanged = bytes.to_vec();
        exchanged.swap(at, at + 1);
        damages.push((format!("bytes {at} and {} are exchanged", at + 1), exchanged));
    }
    damages
}

/// Accounts that changed in silence, and where the damaged file is kept.
struct Silent {
    what: String,
    accounts: Vec<Found>,
    kept: PathBuf,
}

/// Damages every file of a home in every way, and returns what changed in silence.
fn damage_each_file(world: &World, home: &Path, sound: &Listing) -> Vec<Silent> {
    let mut silent = Vec::new();
    for path in contents(home).into_keys().filter(|path| path.is_file()) {
        let bytes = fs::read(&path).unwrap();
        if bytes.is_empty() || !counts(&path, home, sound) {
            continue;
        }
        let is_log = path.to_str().unwrap().ends_with("-wal");
        for (what, damaged) in damages(&bytes, is_log).filter(|(_, damaged)| *damaged != bytes) {
            fs::write(&path, damaged).unwrap();
            let found = listing(home);
            let noticed = found.problems.iter().any(|problem| !sound.problems.contains(problem));
            // a new reason is a word, too
            let changed = || found.accounts.iter().filter(|account| !sound.accounts.contains(account));
            let explained = changed().count() > 0 && changed().all(|account| account.reason.is_some());
            if found.accounts != sound.accounts && !noticed && !explained {
                let kept = world.folder(format!("silent/{}", silent.len()));
                keep(&path, &world.folder(kept.join("damaged")));
                fs::write(&path, &bytes).unwrap();
                keep(&path, &world.folder(kept.join("sound")));
                let what = format!("{}: {what}", path.strip_prefix(home).unwrap().display());
                silent.push(Silent { what, accounts: found.accounts, kept });
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
    silent
}

/// Tells whether a file is read at all: what an upgrade left behind is not.
fn counts(path: &Path, home: &Path, sound: &Listing) -> bool {
    let bytes = fs::read(path).unwrap();
    fs::write(path, "something else").unwrap();
    let found = listing(home);
    fs::write(path, bytes).unwrap();
    // a log that is none is left out without a word
    path.to_str().unwrap().ends_with("-wal") || found != *sound
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

/// Text without what is cleaned away before it is shown.
fn plain(text: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || c.is_ascii_punctuation();
    text.chars().filter(kept).collect::<String>().to_lowercase()
}

/// The values of a damaged file.
struct Said {
    values: Vec<String>,
}

impl Said {
    fn new(told: &Value) -> Self {
        let values = told["values"].as_array().unwrap();
        Self { values: values.iter().map(|value| plain(value.as_str().unwrap())).collect() }
    }

    /// Lists what is neither in the sound accounts nor in the file.
    fn invented(&self, sound: &[Found], found: &Found) -> Vec<String> {
        let known: BTreeSet<String> = sound.iter().flat_map(texts).collect();
        let within = |text: &String| self.values.iter().any(|value| value.contains(&plain(text)));
        let mut invented: Vec<String> =
            texts(found).into_iter().filter(|text| !known.contains(text) && !within(text)).collect();
        if let Some(user) =
            found.user.as_ref().filter(|user| sound.iter().all(|s| s.user.as_ref() != Some(user)))
        {
            let name = plain(user);
            // alone, or behind the host of a link
            let said = |value: &String| *value == name || value.ends_with(&format!(":{name}"));
            if !self.values.iter().any(said) {
                invented.push(format!("user {user}"));
            }
        }
        if let Some(port) = found.port.filter(|port| sound.iter().all(|s| s.port != Some(*port))) {
            // an old file has it as text, which may begin with a zero
            let said = |value: &String| value.parse() == Ok(port);
            if !DEFAULT_PORTS.contains(&port) && !self.values.iter().any(said) {
                invented.push(format!("port {port}"));
            }
        }
        invented
    }
}

/// The texts of an account that a file has to say.
fn texts(account: &Found) -> Vec<String> {
    let senders = account.senders.iter().map(|sender| sender.email.to_string());
    let stated = [account.host.clone(), account.description.clone()];
    stated.into_iter().flatten().chain(senders).map(|text| text.to_lowercase()).collect()
}

/// Lists what is different, for whoever has to find out why.
fn differences(sound: &[Found], found: &[Found]) -> String {
    let mut lines = String::new();
    for was in sound.iter().filter(|was| !found.contains(was)) {
        let (was, is) = (json!(was), found.iter().find(|is| is.id == was.id).map(|is| json!(is)));
        let Some(is) = is else {
            let _ = writeln!(lines, "    {} is gone", was["id"]);
            continue;
        };
        for (key, value) in was.as_object().unwrap().iter().filter(|(key, value)| is[*key] != **value) {
            let _ = writeln!(lines, "    {} {key}: {value} became {}", was["id"], is[key]);
        }
    }
    for is in found.iter().filter(|is| sound.iter().all(|was| was.id != is.id)) {
        let _ = writeln!(lines, "    new: {}", json!(is));
    }
    lines
}

fn survives(version: &str) {
    let world = World::new();
    python("generate.py", world.path(), &[version]);
    let home = world.path().join(version);
    let sound = listing(&home);
    assert!(!sound.accounts.is_empty(), "{sound:?}");
    let silent = damage_each_file(&world, &home, &sound);
    if silent.is_empty() {
        return;
    }
    let told: Vec<Value> =
        serde_json::from_str(&python("says.py", &world.path().join("silent"), &[])).unwrap();
    assert_eq!(told.len(), silent.len());
    let mut wrong = String::new();
    for (case, told) in silent.iter().zip(told) {
        let said = Said::new(&told);
        let invented: Vec<String> =
            case.accounts.iter().flat_map(|found| said.invented(&sound.accounts, found)).collect();
        let whole = ["reads", "same_keys", "changed"].iter().all(|what| told[*what] == true);
        if !whole || !invented.is_empty() {
            let _ = write!(
                wrong,
                "\n== {version}: {}\n  Python: reads {}, same keys {}, another value {} {}\n  not in the file: \
                 {invented:?}\n{}  kept in {}\n",
                case.what,
                told["reads"],
                told["same_keys"],
                told["changed"],
                told["error"],
                differences(&sound.accounts, &case.accounts),
                case.kept.display(),
            );
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
    damage_to_the_files_of_15_is_noticed: "15",
    damage_to_the_files_of_26_is_noticed: "26",
}
