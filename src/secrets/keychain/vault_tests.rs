//! Damage, swapped entries and round trips, all in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

const JON: &str = "smtp.example.com:587:jon";
const KIM: &str = "smtp.example.com:587:kim";

fn slot(name: &str) -> Slot {
    Slot::parse(name).unwrap()
}

fn vault(key: &Key, entries: &[(&str, &str)]) -> Vault {
    let mut vault = Vault::default();
    for (name, secret) in entries {
        vault.set(&slot(name), &Secret::new(secret).unwrap(), Timestamp::UNIX_EPOCH, key).unwrap();
    }
    vault
}

fn opened(bytes: &[u8], key: &Key) -> Result<Vault, VaultFault> {
    Closed::read(bytes)?.open(key)
}

fn password(vault: &Vault, name: &str, key: &Key) -> Result<Option<String>, VaultFault> {
    vault.get(&slot(name), key).map(|found| found.map(|secret| secret.reveal().to_owned()))
}

#[test]
fn every_flipped_bit_is_noticed_wherever_it_is() {
    let key = Key::random().unwrap();
    let good = vault(&key, &[(JON, "hunter2"), (KIM, "hunter3")]).close(&key).unwrap();
    assert_eq!(password(&opened(&good, &key).unwrap(), JON, &key), Ok(Some("hunter2".into())));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let fault = opened(&bad, &key).expect_err("must be noticed");
            assert_ne!(fault, VaultFault::Empty, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_vault_cut_short_or_with_more_behind_it_is_noticed_at_every_length() {
    let key = Key::random().unwrap();
    let good = vault(&key, &[(JON, "hunter2")]).close(&key).unwrap();
    assert_eq!(opened(&[], &key).unwrap_err(), VaultFault::Empty);
    for length in 1..good.len() {
        assert_eq!(opened(&good[..length], &key).unwrap_err(), VaultFault::Damaged, "{length}");
    }
    for more in [&b"\n"[..], b" ", b"\0", &good] {
        assert_eq!(opened(&[&good, more].concat(), &key).unwrap_err(), VaultFault::Damaged);
    }
}

#[test]
fn every_flipped_bit_of_the_key_gives_no_key_or_another_one() {
    let key = Key::random().unwrap();
    let good = vault(&key, &[(JON, "hunter2")]).close(&key).unwrap();
    let line = key.to_line();
    for at in 0..line.len() {
        for bit in 0..8 {
            let mut bad = line.to_vec();
            bad[at] ^= 1 << bit;
            if let Some(other) = Key::from_line(&bad) {
                assert_eq!(opened(&good, &other).unwrap_err(), VaultFault::OtherKey, "byte {at}, bit {bit}");
            }
        }
    }
    for length in 0..line.len() - 1 {
        assert!(Key::from_line(&line[..length]).is_none(), "{length}");
    }
    assert_eq!(Key::from_line(&line[..line.len() - 1]).unwrap().id(), key.id());
}

#[test]
fn seals_that_changed_places_do_not_open() {
    let key = Key::random().unwrap();
    // whose program had the key, and swapped two entries or gave one of them another server
    let mut swapped = vault(&key, &[(JON, "hunter2"), (KIM, "hunter3")]);
    let [jon, kim] = swapped.0.as_mut_slice() else { panic!() };
    std::mem::swap(&mut jon.sealed, &mut kim.sealed);
    let swapped = opened(&swapped.close(&key).unwrap(), &key).unwrap();
    for name in [JON, KIM] {
        assert_eq!(password(&swapped, name, &key), Err(VaultFault::Damaged));
    }
    for other in [
        "smtp.example.com:465:jon",
        "smtp.example.org:587:jon",
        "smtp.example.com:587:jo",
        "growl:smtp.example.com:587",
    ] {
        let mut moved = vault(&key, &[(JON, "hunter2")]);
        moved.0[0].slot = slot(other);
        let moved = opened(&moved.close(&key).unwrap(), &key).unwrap();
        assert_eq!(password(&moved, other, &key), Err(VaultFault::Damaged), "{other}");
        assert_eq!(password(&moved, JON, &key), Ok(None));
    }
}

#[test]
fn a_seal_of_a_password_is_no_list_and_the_other_way_round() {
    let key = Key::random().unwrap();
    let mut inside = vault(&key, &[(JON, "hunter2")]);
    let outer = Outer {
        format: FORMAT.into(),
        version: VERSION,
        key_id: key.id(),
        nonce: inside.0[0].sealed.nonce.clone(),
        sealed: inside.0[0].sealed.text.clone(),
    };
    assert_eq!(opened(&outer.line().unwrap(), &key).unwrap_err(), VaultFault::Damaged);
    let list = Closed::read(&inside.close(&key).unwrap()).unwrap().0;
    inside.0[0].sealed = Sealed { nonce: list.nonce, text: list.sealed };
    assert_eq!(password(&inside, JON, &key), Err(VaultFault::Damaged));
}

#[test]
fn only_one_spelling_of_a_list_counts() {
    let key = Key::random().unwrap();
    let good = vault(&key, &[(JON, "hunter2"), (KIM, "hunter3")]);
    let text = String::from_utf8(good.to_text().unwrap()).unwrap();
    assert!(Vault::from_text(text.as_bytes()).is_some());
    let twice = Vault(vec![good.entry(0), good.entry(0)]);
    let upside_down = Vault(vec![good.entry(1), good.entry(0)]);
    for bad in [
        text.replace("smtp.example.com", "SMTP.example.com"),
        text.replace(",\"port\"", ", \"port\""),
        text.trim_end().to_owned(),
        format!("{text} "),
        text.replace("\"smtp\"", "\"imap\""),
        text.replace("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0Z"),
        String::from_utf8(twice.to_text().unwrap()).unwrap(),
        String::from_utf8(upside_down.to_text().unwrap()).unwrap(),
    ] {
        assert_ne!(bad, text);
        assert!(Vault::from_text(bad.as_bytes()).is_none(), "{bad}");
    }
}

impl Vault {
    fn entry(&self, index: usize) -> Entry {
        let Entry { slot, stored, sealed } = &self.0[index];
        Entry { slot: slot.clone(), stored: *stored, sealed: sealed.clone() }
    }
}

#[test]
fn a_later_version_is_told_from_damage_and_an_earlier_one_is_damage() {
    let key = Key::random().unwrap();
    let good = String::from_utf8(vault(&key, &[]).close(&key).unwrap()).unwrap();
    let of = |version: &str| {
        opened(good.replace("\"version\":1", &format!("\"version\":{version}")).as_bytes(), &key).unwrap_err()
    };
    assert_eq!(of("2"), VaultFault::Newer(2));
    assert_eq!(of("2,\"more\":[]"), VaultFault::Newer(2));
    assert_eq!(of("0"), VaultFault::Damaged);
    assert_eq!(of("-1"), VaultFault::Damaged);
    assert_eq!(of("1.0"), VaultFault::Damaged);
    let other = good.replace(FORMAT, "another program's vault").replace("\"version\":1", "\"version\":2");
    assert_eq!(opened(other.as_bytes(), &key).unwrap_err(), VaultFault::Damaged);
    for junk in ["{}", "[]", "null", "hunter2", "\u{feff}{}", "{\"format\":1}"] {
        assert_eq!(opened(junk.as_bytes(), &key).unwrap_err(), VaultFault::Damaged, "{junk}");
    }
}

#[test]
fn a_vault_shows_neither_names_nor_the_length_of_a_password() {
    let key = Key::random().unwrap();
    let short = vault(&key, &[(JON, "a")]).close(&key).unwrap();
    let long = vault(&key, &[(JON, &"a".repeat(64))]).close(&key).unwrap();
    assert_eq!(short.len(), long.len());
    let text = String::from_utf8(short).unwrap();
    let sealed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let bytes = STANDARD.decode(sealed["sealed"].as_str().unwrap()).unwrap();
    for word in ["jon", "example", "587", "1970", "stored"] {
        assert!(!text.contains(word), "{word}");
        assert!(!bytes.windows(word.len()).any(|piece| piece == word.as_bytes()), "{word}");
    }
}

#[test]
fn nothing_is_sealed_under_the_same_number_twice() {
    let key = Key::random().unwrap();
    let vault = vault(&key, &[(JON, "hunter2"), (KIM, "hunter2")]);
    let mut nonces: Vec<String> = vault.0.iter().map(|entry| entry.sealed.nonce.clone()).collect();
    nonces.extend((0..8).map(|_| Closed::read(&vault.close(&key).unwrap()).unwrap().0.nonce));
    let count = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

fn slots() -> impl Strategy<Value = Slot> {
    let host = prop_oneof!["[a-c]{1,3}", "[A-Z]{1,9}\\.[a-z]{2}", "fe80::[0-9a-f]{1,4}", "\\PC{1,20}"];
    let user = prop_oneof![Just(None), "[a-c]{0,2}".prop_map(Some), "\\PC{0,40}".prop_map(Some)];
    (host, any::<u16>(), user, any::<bool>()).prop_map(|(host, port, user, growl)| {
        if growl { Slot::growl(&host, port) } else { Slot::smtp(&host, port, user.as_deref()) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What was set last, and not removed since, is what is there after each round trip.
    #[test]
    fn a_vault_holds_what_was_put_into_it(
        steps in proptest::collection::vec((slots(), proptest::option::of("[^\r\n\0]{1,80}")), 0..20),
    ) {
        let key = Key::random().unwrap();
        let mut vault = Vault::default();
        let mut expected = std::collections::BTreeMap::new();
        for (slot, secret) in steps {
            if let Some(text) = secret {
                let secret = Secret::new(&text).unwrap();
                let replaced = vault.set(&slot, &secret, Timestamp::UNIX_EPOCH, &key).unwrap();
                prop_assert_eq!(replaced, expected.insert(slot, text).is_some());
            } else {
                prop_assert_eq!(vault.remove(&slot), expected.remove(&slot).is_some());
            }
            vault = opened(&vault.close(&key).unwrap(), &key).unwrap();
        }
        for (slot, text) in &expected {
            let secret = vault.get(slot, &key).unwrap().unwrap();
            prop_assert_eq!(secret.reveal(), text);
        }
        prop_assert_eq!(vault.kept().into_iter().map(|kept| kept.slot).collect::<Vec<_>>(),
            expected.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Closed::read(&bytes).is_err());
        let _ = Key::from_line(&bytes);
    }
}
