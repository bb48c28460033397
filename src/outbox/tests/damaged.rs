//! What was changed, cut short, forged or put there by others is set aside, unopened.

use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;
use crate::files::testing::give_away;

/// An outbox with one message that nobody has in hand.
fn one(world: &World) -> (Outbox, Id) {
    let outbox = outbox(world);
    let id = keep(&outbox).entry().id.clone();
    (outbox, id)
}

#[track_caller]
fn assert_set_aside(outbox: &Outbox, id: &Id, reason: &str) {
    let damaged = outbox.entries().unwrap();
    assert!(damaged.entries.is_empty(), "{damaged:?}");
    let Claim::SetAside(said) = outbox.claim(id) else { panic!("not set aside: {reason}") };
    assert!(said.contains(reason), "{said}");
    let aside = outbox.folder().join("aside");
    assert!(said.ends_with(&format!("; it is not sent, and was moved to \"{}\"", aside.display())), "{said}");
    assert!(matches!(outbox.claim(id), Claim::Gone));
    assert!(outbox.ids().unwrap().is_empty());
    assert_eq!(aside.metadata().unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn every_byte_that_is_changed_and_every_cut_sets_a_message_aside() {
    let world = World::new();
    let (outbox, id) = one(&world);
    let aside = outbox.folder().join("aside");
    for path in [id.facts(outbox.folder()), id.message(outbox.folder())] {
        let good = fs::read(&path).unwrap();
        let flipped = (0..good.len()).map(|at| {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            bytes
        });
        let longer = [good.as_slice(), b"\n"].concat();
        let cuts = (0..good.len()).map(|length| good[..length].to_vec());
        for bytes in flipped.chain(cuts).chain([longer]) {
            fs::write(&path, &bytes).unwrap();
            let claim = outbox.claim(&id);
            assert!(matches!(claim, Claim::SetAside(_)), "{:?}: {claim:?}", String::from_utf8_lossy(&bytes));
            for path in [id.facts(outbox.folder()), id.message(outbox.folder())] {
                fs::rename(aside.join(path.file_name().unwrap()), &path).unwrap();
            }
        }
        fs::write(&path, &good).unwrap();
    }
    taken(&outbox, &id).accepted().unwrap();
}

#[test]
fn a_message_under_another_name_or_another_key_is_none() {
    let world = World::new();
    let (outbox, id) = one(&world);
    let other = Id::parse("20261122T215559.123-0a1b2c3d").unwrap();
    fs::rename(id.message(outbox.folder()), other.message(outbox.folder())).unwrap();
    fs::rename(id.facts(outbox.folder()), other.facts(outbox.folder())).unwrap();
    assert_set_aside(&outbox, &other, "does not have the seal of this outbox");
    let id = keep(&outbox).entry().id.clone();
    fs::write(key::path(outbox.folder()), Key::random().unwrap().to_line()).unwrap();
    let again = Outbox::find(outbox.folder(), Limits::default()).unwrap().unwrap();
    assert_set_aside(&again, &id, "does not have the seal of this outbox");
}

#[test]
fn what_is_sealed_still_has_to_keep_to_the_bounds() {
    let world = World::new();
    let (outbox, id) = one(&world);
    let key = key::find(outbox.folder()).unwrap().unwrap();
    let path = id.facts(outbox.folder());
    let document = fs::read(&path).unwrap();
    let good: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let opened = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut entry = good["entry"].clone();
        change(&mut entry);
        Entry::open(&id, &key.seal(&id, entry.to_string().as_bytes()).unwrap(), &key)
    };
    opened(&|_| {}).unwrap();
    for (field, value) in [
        ("version", "2"),
        ("id", "\"20261122T215559.123-0a1b2c3d\""),
        ("task", "\"home.json\""),
        ("outcome", "\"begin\""),
        ("recipients", "[]"),
        ("recipients", "[\"kim@example.com\", \"no address\"]"),
        ("recipients", "[\"kim@example.com>\\r\\nRCPT TO:<a@b.c\"]"),
        ("sender", "\"kim@example.com\""),
        ("sender", "{\"name\": null, \"address\": \"no address\"}"),
        ("message_id", "\"<a\\nb>\""),
        ("email", "-1"),
        ("size", "0"),
        ("size", "99999999999"),
        ("sha256", "\"00\""),
        ("refused", "null"),
        ("more", "1"),
    ] {
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        opened(&|entry| entry[field] = value.clone()).unwrap_err();
    }
    for field in good["entry"].as_object().unwrap().keys() {
        let without = |entry: &mut serde_json::Value| {
            entry.as_object_mut().unwrap().remove(field);
        };
        // what may be null may be missing
        let may = ["sender", "tried", "last_error", "last_code", "overdue"].contains(&field.as_str());
        assert_eq!(opened(&without).is_ok(), may, "{field}");
    }
    opened(&|entry| entry["subject"] = "a".repeat(1001).into()).unwrap_err();
}

#[test]
fn links_pipes_folders_and_second_names_are_set_aside_unopened() {
    type Make = fn(&Path);
    let outside = World::new();
    let secret = outside.file("secret", "keep out", 0o600);
    let kinds: [(&str, Make); 6] = [
        ("is a symbolic link, not a file", |path| symlink("/etc/passwd", path).unwrap()),
        ("is a symbolic link, not a file", |path| symlink("key", path).unwrap()),
        // opening it for reading would wait for ever
        ("is a pipe, not a file", |path| mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap()),
        ("is a folder, not a file", |path| fs::create_dir(path).unwrap()),
        ("has 2 names (hard links)", |path| {
            fs::write(path, "x").unwrap();
            set_mode(path, 0o600);
            fs::hard_link(path, path.with_extension("other")).unwrap();
        }),
        ("gives others rights (mode 0644)", |path| {
            fs::write(path, "x").unwrap();
            set_mode(path, 0o644);
        }),
    ];
    for of_message in [true, false] {
        for (reason, make) in &kinds {
            let world = World::new();
            let (outbox, id) = one(&world);
            let path = if of_message { id.message(outbox.folder()) } else { id.facts(outbox.folder()) };
            fs::remove_file(&path).unwrap();
            make(&path);
            assert_set_aside(&outbox, &id, reason);
            // the other half went with it, and the next message is not in its way
            assert_eq!(names(&outbox.folder().join("aside")).len(), 2, "{reason}");
            keep(&outbox);
        }
    }
    assert_eq!(fs::read(secret).unwrap(), b"keep out");
}

#[test]
fn what_belongs_to_somebody_else_is_set_aside() {
    if !is_root() {
        return; // nobody else can give a file away, so nobody else can have such a folder
    }
    for of_message in [true, false] {
        let world = World::new();
        let (outbox, id) = one(&world);
        give_away(&if of_message { id.message(outbox.folder()) } else { id.facts(outbox.folder()) });
        assert_set_aside(&outbox, &id, "belongs to the user");
    }
}

#[test]
fn too_large_a_file_is_not_read() {
    let world = World::new();
    let (outbox, id) = one(&world);
    let file = fs::OpenOptions::new().write(true).open(id.facts(outbox.folder())).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_set_aside(&outbox, &id, "has more than 262144 bytes");
    let id = keep(&outbox).entry().id.clone();
    fs::OpenOptions::new().write(true).open(id.message(outbox.folder())).unwrap().set_len(1 << 40).unwrap();
    assert_set_aside(&outbox, &id, "it was changed or cut short");
}

#[test]
fn an_entry_without_its_message_is_set_aside_and_nothing_in_aside_is_replaced() {
    let world = World::new();
    let outbox = outbox(&world);
    let id = keep(&outbox).entry().id.clone();
    for time in 1..4 {
        let _ = fs::remove_file(id.message(outbox.folder()));
        fs::write(id.facts(outbox.folder()), "{}").unwrap();
        set_mode(&id.facts(outbox.folder()), 0o600);
        assert_set_aside(&outbox, &id, "has no message beside it");
        assert_eq!(names(&outbox.folder().join("aside")).len(), time);
    }
    // a folder of that name that is none is not used
    fs::remove_dir_all(outbox.folder().join("aside")).unwrap();
    symlink("/tmp", outbox.folder().join("aside")).unwrap();
    fs::write(id.facts(outbox.folder()), "{}").unwrap();
    let Claim::SetAside(said) = outbox.claim(&id) else { panic!() };
    assert!(said.contains("stays where it is: the outbox is not used: "), "{said}");
    assert!(id.facts(outbox.folder()).exists());
}

#[test]
fn without_its_key_nothing_is_touched() {
    let world = World::new();
    let (outbox, id) = one(&world);
    let key = key::path(outbox.folder());
    let line = fs::read(&key).unwrap();
    let fresh = || Outbox::find(outbox.folder(), Limits::default()).unwrap().unwrap();
    let mut flipped = line.clone();
    flipped[40] ^= 1;
    for (content, said) in [
        (None, "the key of the outbox is missing, and messages wait that need it: "),
        (Some(Vec::new()), "the key of the outbox is damaged: "),
        (Some(line[..50].to_vec()), "the key of the outbox is damaged: "),
        (Some(flipped), "the key of the outbox is damaged: "),
    ] {
        fs::remove_file(&key).unwrap();
        if let Some(content) = &content {
            fs::write(&key, content).unwrap();
            set_mode(&key, 0o600);
        }
        let Claim::Failed(error) = fresh().claim(&id) else { panic!("{said}") };
        for error in
            [error, fresh().entries().unwrap_err(), keep_with(&fresh(), 0, "error", MESSAGE).unwrap_err()]
        {
            assert!(error.to_string().starts_with(said), "{error}");
            assert_eq!(error.exit(), Exit::NoPermission);
            assert!(error.hint().unwrap().contains("mv "), "{error}");
        }
        assert_eq!(names(outbox.folder()).len(), if content.is_some() { 4 } else { 3 });
        fs::write(&key, &line).unwrap();
        set_mode(&key, 0o600);
    }
    set_mode(&key, 0o644);
    let Claim::Failed(error) = fresh().claim(&id) else { panic!() };
    assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", key.display()));
    set_mode(&key, 0o600);
    taken(&fresh(), &id).accepted().unwrap();
    // with nothing that was sealed with it, a piece of a key that a killed process left is no loss
    fs::write(&key, &line[..50]).unwrap();
    keep(&fresh());
}
