//! What to say when the private keychain has no password for a place.

use super::{Kept, Keychain, Service, Slot};
use crate::secrets::error::Absent;
use crate::text::{one_line, shell_word};

/// Says where was looked, what is kept instead, and how to keep the one that is missing.
pub(super) fn absent(slot: &Slot, kept: &[Kept], keychain: &Keychain, as_root: bool) -> Absent {
    let path = one_line(&keychain.path().to_string_lossy()).into_owned();
    let whose = one_line(keychain.whose()).into_owned();
    let account = slot.to_string();
    let account = shell_word(&one_line(&account)).into_owned();
    let looked = format!("the private keychain of {whose} (\"{path}\") has none");
    let mut hint = if as_root {
        format!(
            "type sudo backup-notify password set {account}; what is kept without sudo is in another keychain, that \
             of the person"
        )
    } else {
        format!("type backup-notify password set {account}")
    };
    if let Some(near) = nearest(slot, kept) {
        let why = if near.host() == slot.host() && near.port() == slot.port() {
            "that is another user's"
        } else {
            "that is another server, and it is never offered there"
        };
        hint = format!("{hint}; it keeps one for \"{}\", but {why}", one_line(&near.to_string()));
    }
    Absent { looked, hint }
}

/// Finds what may have been meant: the same host with another port or user, or the same user at
/// another host.
fn nearest<'a>(slot: &Slot, kept: &'a [Kept]) -> Option<&'a Slot> {
    let distance = |other: &Slot| {
        let same_host = other.host() == slot.host();
        let same_user = other.user() == slot.user();
        match (same_host, same_user) {
            _ if other.service() != slot.service() => None,
            (true, true) => Some(0),
            (true, false) if other.port() == slot.port() => Some(1),
            (true, false) => Some(2),
            (false, true) if slot.service() == Service::Smtp => Some(3),
            (false, _) => None,
        }
    };
    let near = kept.iter().filter_map(|kept| distance(&kept.slot).map(|distance| (distance, &kept.slot)));
    near.min().map(|(_, slot)| slot)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::Timestamp;

    use super::super::key::Places;
    use super::super::store::Store;
    use super::*;

    fn said(slot: &str, kept: &[&str], as_root: bool) -> (String, String) {
        let vault = PathBuf::from("/home/jon/vault");
        let keychain = Keychain {
            store: Store::new(vault.clone(), Places::of(&vault)),
            vault,
            whose: if as_root { "root" } else { "jon" }.to_owned(),
        };
        let kept: Vec<Kept> = kept
            .iter()
            .map(|name| Kept { slot: Slot::parse(name).unwrap(), stored: Timestamp::UNIX_EPOCH })
            .collect();
        let absent = absent(&Slot::parse(slot).unwrap(), &kept, &keychain, as_root);
        (absent.looked, absent.hint)
    }

    const ASKED: &str = "smtp.example.com:587:jon";

    #[test]
    fn whose_keychain_was_looked_in_is_said_and_how_to_keep_it_there() {
        let (looked, hint) = said(ASKED, &[], false);
        assert_eq!(looked, "the private keychain of jon (\"/home/jon/vault\") has none");
        assert_eq!(hint, "type backup-notify password set smtp.example.com:587:jon");
        let (looked, hint) = said("h:587:Jon's account", &[], true);
        assert!(looked.starts_with("the private keychain of root"), "{looked}");
        assert!(
            hint.starts_with(r"type sudo backup-notify password set 'h:587:Jon'\''s account'; "),
            "{hint}"
        );
    }

    #[test]
    fn what_is_kept_for_a_neighbour_is_named_and_said_to_be_another_server() {
        let server = "that is another server, and it is never offered there";
        for (kept, named) in [
            (
                &["smtp.example.com:465:jon", "smtp.example.com:587:kim"][..],
                Some(("smtp.example.com:465:jon", server)),
            ),
            (
                &["h:587:jon", "smtp.example.com:587:kim"],
                Some(("smtp.example.com:587:kim", "that is another user's")),
            ),
            (&["h:587:jon", "smtp.example.com:25:kim"], Some(("smtp.example.com:25:kim", server))),
            (&["h:587:jon", "h:587:kim"], Some(("h:587:jon", server))),
            (&["h:587:kim", "growl:smtp.example.com"], None),
        ] {
            let (_, hint) = said(ASKED, kept, false);
            match named {
                Some((name, why)) => {
                    assert!(hint.ends_with(&format!("; it keeps one for \"{name}\", but {why}")), "{hint}");
                }
                None => assert!(!hint.contains("keeps one"), "{hint}"),
            }
        }
        let (_, hint) = said("growl:mac.local", &["growl:mac.local:1234", "growl:other.local"], false);
        assert!(hint.contains("keeps one for \"growl:mac.local:1234\""), "{hint}");
    }
}
