//! What to say when the private keychain has no password for a place.

use super::{Kept, Keychain, Service, Slot};
use crate::secrets::error::Absent;
use crate::text::{one_line, shell_word};

/// Says where was looked, what is kept instead, and how to keep the one that is missing.
pub(super) fn absent(slot: &Slot, kept: &[Kept], keychain: &Keychain, as_root: bool) -> Absent {
    let path = one_line(&keychain.path().to_string_lossy()).into_owned();
    let whose = one_line(keychain.whose()).into_owned();
    let name = slot.to_string();
    let account = shell_word(&one_line(&name)).into_owned();
    let sudo = if as_root { "sudo " } else { "" };
    let looked = format!("the private keychain of {whose} (\"{path}\") has none");
    let mut hint = format!("type {sudo}backup-notify password set {account}");
    if let Some(near) = nearest(slot, kept) {
        let why = if near.host() == slot.host() && near.port() == slot.port() {
            "that is another user's"
        } else {
            "that is another server, and no password is offered to another server"
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
