//! Writers that are killed between any two things that they ask the system for.
//!
//! strace kills the program as it enters a system call: every one from the first that has to do
//! with the keychain on. Afterwards there is the old password or the new one, never another or
//! none, what else is kept is untouched, and the next writer is not in its way.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::keychain::Person;
use crate::support::output::Output;

/// Keeps a password under strace with these options of it.
fn set_under_strace(person: &Person, options: &[&str], secret: &str) -> Output {
    let account = person.account("jon");
    let binary = person.world.binary().to_str().unwrap().to_owned();
    let arguments =
        [&["-f", "-qq"], options, &[binary.as_str(), "password", "set", &account, "--stdin"]].concat();
    person.world.other_command("strace", &arguments).stdin(secret).run()
}

/// The system calls from the first one that touches the keychain on, each with the how manieth of
/// its name it is.
fn calls(record: &str) -> Vec<(String, usize)> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let (mut calls, mut begun) = (Vec::new(), false);
    for line in record.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = rest.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue; // how something that was interrupted went on, or how the process ended
        }
        let count = counts.entry((process, name)).or_default();
        *count += 1;
        begun |= arguments.contains("backup-notify/keychain");
        // strace cannot put a signal into the end of a process
        if begun && name != "exit_group" {
            calls.push((name.to_owned(), *count));
        }
    }
    calls
}

/// Takes what is done before each writer is killed, whether that keeps a password of kim's, and what
/// may be offered afterwards; returns how many were killed.
fn killed_at_every_call(
    others: bool,
    prepare: impl Fn(&Person),
    allowed: impl Fn(&Result<String, Output>) -> bool,
) -> usize {
    let person = Person::new();
    prepare(&person);
    let record = person.world.path().join("record");
    set_under_strace(&person, &["-o", record.to_str().unwrap()], "new one").assert_success();
    let calls = calls(&fs::read_to_string(&record).unwrap());
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    let first = (!others).then_some("mkdir");
    for name in ["openat", "flock", "fchmod", "write", "fsync", "rename"].into_iter().chain(first) {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    // onto the disk before it has its name, and then the name
    let at = |name: &str| names.iter().rposition(|other| *other == name).unwrap();
    let (rename, written) =
        (at("rename"), names[..at("rename")].iter().rposition(|name| *name == "write").unwrap());
    assert!(names[written..rename].contains(&"fsync") && names[rename..].contains(&"fsync"), "{names:?}");
    let mut kills = 0;
    for (name, number) in &calls {
        let case = format!("{name}, number {number}");
        prepare(&person);
        let inject = format!("inject={name}:signal=SIGKILL:when={number}");
        let output = set_under_strace(&person, &["-o", "/dev/null", "-e", &inject], "new one");
        if output.signal() != Some(9) {
            output.fail(&format!("{case}: was not killed"));
        }
        kills += 1;
        let offered = person.offered("jon");
        if !allowed(&offered) {
            match offered {
                Ok(secret) => panic!("{case}: {secret:?} was offered"),
                Err(output) => output.fail(&case),
            }
        }
        person.set("jon", "next one").assert_success();
        person.assert_offers("jon", "next one");
        if others {
            person.assert_offers("kim", "kim's");
        }
        assert_tidy(&person.keychain_folder(), &["lock", "vault"], &case);
        assert_tidy(&person.key_folder(), &["CACHEDIR.TAG", "key"], &case);
    }
    kills
}

#[track_caller]
fn assert_tidy(folder: &Path, expected: &[&str], case: &str) {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, expected, "{case}");
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_password_or_the_new_one() {
    let prepare = |person: &Person| {
        person.set("kim", "kim's").assert_success();
        person.set("jon", "old one").assert_success();
    };
    let kills = killed_at_every_call(
        true,
        prepare,
        |offered| matches!(offered, Ok(secret) if secret == "old one" || secret == "new one"),
    );
    assert!(kills > 20, "{kills}");
}

#[test]
fn the_first_writer_of_all_can_be_killed_as_well() {
    let prepare = |person: &Person| {
        let _ = fs::remove_dir_all(person.world.home().join(".local"));
    };
    let kills = killed_at_every_call(false, prepare, |offered| match offered {
        Ok(secret) => secret == "new one",
        // never "damaged", nor a vault without its key
        Err(output) => output.code() == Some(77) && output.stderr.contains("has none"),
    });
    assert!(kills > 40, "{kills}");
}

/// What strace wrote of a first `set`: whether these came onto the disk before the vault got its name.
fn settled(record: &str, paths: &[&Path]) -> bool {
    let Some(vault) = record.find("keychain/vault\"") else { return false };
    let before = record[..vault].lines().filter(|line| line.contains("fsync(") && line.ends_with("= 0"));
    let synced: Vec<&str> = before.collect();
    paths.iter().all(|path| synced.iter().any(|line| line.contains(&format!("<{}>", path.display()))))
}

#[test]
fn a_key_that_may_not_be_on_the_disk_is_brought_there_before_a_vault_needs_it() {
    let person = Person::new();
    let local = person.world.home().join(".local");
    let (key, record) = (person.key_folder().join("key"), person.world.path().join("record"));
    let trace = ["-y", "-e", "trace=fsync,rename", "-o", record.to_str().unwrap()];
    let mut found = 0;
    for number in 1.. {
        let _ = fs::remove_dir_all(&local);
        let inject = format!("inject=fsync:error=EIO:when={number}");
        let first = set_under_strace(&person, &["-o", "/dev/null", "-e", &inject], "new one");
        if first.code() == Some(0) {
            break;
        }
        first.assert_code(74).assert_stderr_has("input/output error");
        if person.keychain_folder().join("vault").exists() {
            continue;
        }
        let there = key.exists();
        found += usize::from(there);
        let second = set_under_strace(&person, &trace, "new one");
        second.assert_success();
        let record = fs::read_to_string(&record).unwrap();
        // a new key is written under another name, and comes onto the disk under that
        let file = if there { key.clone() } else { key.with_extension("new") };
        let folders =
            [person.key_folder(), person.keychain_folder(), local.join("state"), local.join("share")];
        let paths: Vec<&Path> = folders.iter().chain([&file, &local]).map(AsRef::as_ref).collect();
        assert!(settled(&record, &paths), "number {number}, key there: {there}\n{record}");
    }
    assert!(found > 0, "no key was left without a vault");
}

#[test]
fn what_was_removed_is_brought_onto_the_disk_by_who_finds_it_gone() {
    let person = Person::new();
    person.set("jon", "hunter2").assert_success();
    let record = person.world.path().join("record");
    let (account, binary) = (person.account("jon"), person.world.binary().to_str().unwrap().to_owned());
    let remove = |options: &[&str]| {
        let arguments =
            [&["-f", "-qq"], options, &[binary.as_str(), "password", "remove", &account]].concat();
        person.world.other_command("strace", &arguments).run()
    };
    // the second one is that of the folder
    let output = remove(&["-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=2"]);
    output
        .assert_code(74)
        .assert_stderr_has("not in the vault any more")
        .assert_stderr_has("input/output error");
    output.assert_stderr_has("type sync, and look with backup-notify password list");
    output.assert_stderr_lacks("once more");
    let again = remove(&["-y", "-e", "trace=fsync", "-o", record.to_str().unwrap()]);
    again.assert_code(77).assert_stderr_has("there is nothing to remove");
    let record = fs::read_to_string(record).unwrap();
    let folder = format!("<{}>", person.keychain_folder().display());
    assert!(record.lines().any(|line| line.contains(&folder) && line.ends_with("= 0")), "{record}");
    // nor is it said while the disk fails
    let output = remove(&["-o", "/dev/null", "-e", "inject=fsync:error=EIO"]);
    output.assert_code(74).assert_stderr_lacks("nothing to remove");
}
