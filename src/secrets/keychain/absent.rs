//! What to say when the private keychain has no password for a place.

use super::{Kept, Keychain, Service, Slot};
use crate::secrets::error::Absent;
use crate::text::{one_line, shell_word};

/// Whom a line to type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// An ordinary user.
    Person,
    /// Somebody who has become root by sudo.
    Sudo,
    /// Root itself.
    Root,
}

impl Who {
    /// Tells who reads what this process says; `root` is whether it runs as root.
    pub(super) fn reads(root: bool) -> Self {
        match std::env::var_os("SUDO_USER") {
            _ if !root => Self::Person,
            Some(_) => Self::Sudo,
            None => Self::Root,
        }
    }

    /// Returns what stands before a command to type.
    pub(super) fn sudo(self) -> &'static str {
        if self == Self::Sudo { "sudo " } else { "" }
    }
}

/// Says where was looked, what is kept instead, and how to keep the one that is missing.
pub(super) fn absent(slot: &Slot, kept: &[Kept], keychain: &Keychain, who: Who) -> Absent {
    let path = one_line(&keychain.path().to_string_lossy()).into_owned();
    let whose = one_line(keychain.whose()).into_owned();
    let name = slot.to_string();
    let account = shell_word(&name);
    let looked = format!("the private keychain of {whose} (\"{path}\") has none");
    let mut hint = match who {
        // a line to type would name another place
        _ if one_line(&name) != name => {
            "the user name holds a character that cannot be shown: correct it where the account is written"
                .to_owned()
        }
        Who::Person => format!("type backup-notify password set {account}"),
        Who::Sudo => format!(
            "type sudo backup-notify password set {account}; what is kept without sudo is in another keychain, that \
             of the person"
        ),
        // there may be no sudo here, and whoever reads this in a log may be no root
        Who::Root => format!(
            "type as root: backup-notify password set {account}; what another user keeps is in another keychain"
        ),
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

    fn said(slot: &str, kept: &[&str], who: Who) -> (String, String) {
        let vault = PathBuf::from("/home/jon/vault");
        let keychain = Keychain {
            store: Store::new(vault.clone(), Places::of(&vault)),
            vault,
            whose: if who == Who::Person { "jon" } else { "root" }.to_owned(),
        };
        let kept: Vec<Kept> = kept
            .iter()
            .map(|name| Kept { slot: Slot::parse(name).unwrap(), stored: Timestamp::UNIX_EPOCH })
            .collect();
        let absent = absent(&Slot::parse(slot).unwrap(), &kept, &keychain, who);
        (absent.looked, absent.hint)
    }

    const ASKED: &str = "smtp.example.com:587:jon";

    #[test]
    fn whose_keychain_was_looked_in_is_said_and_how_to_keep_it_there() {
        let (looked, hint) = said(ASKED, &[], Who::Person);
        assert_eq!(looked, "the private keychain of jon (\"/home/jon/vault\") has none");
        assert_eq!(hint, "type backup-notify password set smtp.example.com:587:jon");
        let (looked, hint) = said("h:587:Jon's account", &[], Who::Sudo);
        assert!(looked.starts_with("the private keychain of root"), "{looked}");
        assert!(
            hint.starts_with(r"type sudo backup-notify password set 'h:587:Jon'\''s account'; "),
            "{hint}"
        );
        let (_, hint) = said(ASKED, &[], Who::Root);
        assert!(hint.starts_with("type as root: backup-notify password set smtp.example.com"), "{hint}");
        assert!(!hint.contains("sudo"), "{hint}");
    }

    #[test]
    fn a_name_that_cannot_be_shown_is_not_to_be_typed() {
        for who in [Who::Person, Who::Sudo, Who::Root] {
            let (_, hint) = said("h:587:a\u{202E}b", &[], who);
            assert_eq!(
                hint,
                "the user name holds a character that cannot be shown: correct it where the account is written"
            );
        }
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
            let (_, hint) = said(ASKED, kept, Who::Person);
            match named {
                Some((name, why)) => {
                    assert!(hint.ends_with(&format!("; it keeps one for \"{name}\", but {why}")), "{hint}");
                }
                None => assert!(!hint.contains("keeps one"), "{hint}"),
            }
        }
        let (_, hint) = said("growl:mac.local", &["growl:mac.local:1234", "growl:other.local"], Who::Person);
        assert!(hint.contains("keeps one for \"growl:mac.local:1234\""), "{hint}");
    }
}
