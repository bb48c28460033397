//! Home folders as Apple Mail leaves them, one for each generation of macOS, and what is found there.
//!
//! The homes are written by `mail_homes/generate.py`, with other readers' code than ours, and what
//! `accounts --json` has to say about each stands in `data/mail-homes/VERSION.json`, derived by hand
//! from the documented rules; `HOME` there is the home. `BACKUP_NOTIFY_WRITE_SNAPSHOTS=1` writes the
//! sentences among it anew (`reason`, `message`, `hint`), and nothing else: neither whether there is
//! one, nor any value that a program would use.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::output::Output;
use crate::support::world::World;

pub(crate) const VERSIONS: [&str; 14] = [
    "10.5", "10.6", "10.7", "10.8", "10.9", "10.10", "10.11", "10.12", "10.13", "10.15", "12", "14", "15",
    "26",
];

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail_homes").join(name)
}

fn expectation(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mail-homes").join(format!("{version}.json"))
}

/// Runs one of the scripts, which leaves nothing beside the sources.
pub(crate) fn python(name: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("python3")
        .arg("-B")
        .arg(script(name))
        .arg(folder)
        .args(arguments)
        .output()
        .expect("python3 starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {} {arguments:?}\n{stderr}", folder.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Writes one home into a world and returns where it is.
fn home(world: &World, what: &str, more: &[&str]) -> PathBuf {
    python("generate.py", world.path(), &[&[what], more].concat());
    world.path().join(what)
}

fn accounts(world: &World, home: &Path) -> Output {
    world.run(&["accounts", "--json", "--mail-home", home.to_str().unwrap()])
}

/// What the program said, with the home's path as the expectations have it.
fn told(output: &Output, home: &Path) -> Value {
    output.assert_success();
    let value = output.json();
    if value["problems"] == json!([]) {
        output.assert_stderr_is_empty();
    }
    with_home_replaced(value, home.to_str().unwrap())
}

fn with_home_replaced(value: Value, home: &str) -> Value {
    match value {
        Value::String(text) => text.replace(home, "HOME").into(),
        Value::Array(list) => list.into_iter().map(|value| with_home_replaced(value, home)).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (key, with_home_replaced(value, home))).collect()
        }
        other => other,
    }
}

/// Takes over the sentences of what was told; everything else stays as it was expected.
fn keep_sentences(expected: &mut Value, told: &Value) {
    fn keep(expected: &mut Value, told: &Value) {
        if expected.is_string() && told.is_string() {
            *expected = told.clone();
        }
    }
    for account in expected["accounts"].as_array_mut().unwrap() {
        let same =
            told["accounts"].as_array().and_then(|all| all.iter().find(|one| one["id"] == account["id"]));
        if let Some(same) = same {
            keep(&mut account["reason"], &same["reason"]);
        }
    }
    for (place, problem) in expected["problems"].as_array_mut().unwrap().iter_mut().enumerate() {
        for key in ["message", "hint"] {
            keep(&mut problem[key], &told["problems"][place][key]);
        }
    }
}

/// Compares with what is expected of a version.
fn compare(version: &str, how: &str, told: &Value, differences: &mut String) {
    let path = expectation(version);
    let mut expected: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    if std::env::var_os("BACKUP_NOTIFY_WRITE_SNAPSHOTS").is_some() {
        keep_sentences(&mut expected, told);
        fs::write(&path, format!("{expected:#}\n")).unwrap();
    }
    if expected != *told {
        let _ = write!(differences, "\n== {version}, {how}\n-- expected\n{expected:#}\n-- found\n{told:#}\n");
    }
}

/// Everything below a folder: its bytes, its mode and its times.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, [i64; 4])> {
    fn collect(path: &Path, found: &mut BTreeMap<PathBuf, (Vec<u8>, u32, [i64; 4])>) {
        let metadata = fs::symlink_metadata(path).unwrap();
        let bytes = if metadata.is_file() { fs::read(path).unwrap() } else { Vec::new() };
        let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
        found.insert(path.to_owned(), (bytes, metadata.mode(), times));
        if metadata.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                collect(&entry.unwrap().path(), found);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, &mut found);
    found
}

/// Fails when anything of a home is not as it was; prints no bytes.
fn assert_untouched(home: &Path, before: &BTreeMap<PathBuf, (Vec<u8>, u32, [i64; 4])>) {
    let after = contents(home);
    let names = |all: &BTreeMap<PathBuf, _>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(before));
    for (path, state) in &after {
        assert!(before[path] == *state, "{} was changed", path.display());
    }
}

#[test]
fn the_accounts_of_every_generation_are_found() {
    let world = World::new();
    python("generate.py", world.path(), &["all"]);
    let mut differences = String::new();
    for version in VERSIONS {
        let home = world.path().join(version);
        let before = contents(&home);
        compare(version, "--mail-home", &told(&accounts(&world, &home), &home), &mut differences);
        let own = world.command(&["accounts", "--json"]).env("HOME", home.to_str().unwrap()).run();
        compare(version, "HOME", &told(&own, &home), &mut differences);
        assert_untouched(&home, &before);
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn every_expectation_belongs_to_a_home() {
    for entry in fs::read_dir(expectation("").parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert!(VERSIONS.contains(&path.file_stem().unwrap().to_str().unwrap()), "{}", path.display());
    }
}

#[test]
fn a_port_that_is_only_in_the_log_is_found_and_nothing_is_touched() {
    let world = World::new();
    let home = home(&world, "wal", &[]);
    let before = contents(&home);
    let result = told(&accounts(&world, &home), &home);
    assert_untouched(&home, &before);
    // the database itself says 25, and a transaction that was never completed 2525
    let expected = json!({
        "accounts": [{
            "id": "smtp.example.com:kim",
            "description": "Work",
            "host": "smtp.example.com",
            "port": 587,
            "user": "kim",
            "tls_mode": "starttls",
            "auth": "password",
            "senders": [],
            "source": "HOME/Library/Accounts/Accounts4.sqlite",
            "usable": true,
            "reason": null,
            "instead": null,
        }],
        "problems": [],
    });
    assert_eq!(result, expected);
}

#[test]
fn ten_thousand_accounts_are_listed_within_100_megabytes() {
    for form in ["xml", "binary"] {
        let world = World::new();
        let home = home(&world, "many", &["10000", form]);
        let places = [script("peak.py"), world.path().join("peak"), world.binary().to_owned(), home];
        let [script, peak, program, home] = places.each_ref().map(|path| path.to_str().unwrap());
        let output = world
            .other_command("/usr/bin/env", &["python3", "-B", script, peak, program])
            .args(["accounts", "--json", "--mail-home", home])
            .run();
        let result = told(&output, Path::new(home));
        let found = result["accounts"].as_array().unwrap();
        assert_eq!(found.len(), 10_000, "{form}");
        for (number, account) in found.iter().enumerate() {
            let user = format!("user-{number:05}");
            // the binary file lists no mailboxes
            let senders = match form {
                "xml" => json!([format!("User {number:05} <{user}@example.com>")]),
                _ => json!([]),
            };
            assert_eq!(account["id"], format!("smtp-{number:05}.example.com:{user}"), "{form}");
            assert_eq!(account["senders"], senders, "{form}");
            assert_eq!(account["usable"], true, "{form}");
        }
        let bytes: u64 = world.read("peak").parse().unwrap();
        assert!(bytes < 100 * 1024 * 1024, "{form}: {bytes} bytes");
    }
}

#[test]
fn the_generator_writes_the_same_bytes_each_time() {
    let world = World::new();
    let [first, second] = ["first", "second"].map(|name| {
        let folder = world.folder(name);
        python("generate.py", &folder, &["all"]);
        python("generate.py", &folder, &["wal"]);
        let files = contents(&folder).into_iter();
        files
            .filter(|(path, _)| path.is_file())
            .map(|(path, (bytes, mode, [modified, ..]))| {
                (path.strip_prefix(&folder).unwrap().to_owned(), bytes, mode, modified)
            })
            .collect::<Vec<_>>()
    });
    assert!(first.len() > 40, "{}", first.len());
    assert!(first == second);
}

#[test]
fn python_reads_the_homes_as_they_are_meant() {
    let world = World::new();
    python("generate.py", world.path(), &["all"]);
    let report = |home: &Path| -> Value {
        let report: Value = serde_json::from_str(&python("check.py", home, &[])).unwrap();
        report[home.to_str().unwrap()].clone()
    };
    for version in VERSIONS {
        assert!(report(&world.path().join(version)).is_object(), "{version}");
    }
    let database = &report(&home(&world, "wal", &[]))["Library/Accounts/Accounts4.sqlite"];
    assert_eq!(database["without"], json!([["smtp.example.com", 25]]));
    assert_eq!(database["with log"], json!([["smtp.example.com", 587]]));
    // what a log that is written over still holds of its former use is not to be read
    let reused = &report(&world.path().join("14"))["Library/Accounts/Accounts4.sqlite"];
    assert!(reused["log"]["left over"].as_u64().unwrap() > 10, "{reused}");
}
