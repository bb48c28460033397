//! The vault: bytes to a list of passwords and back. Pure; no file is touched here.
//!
//! A vault is one line of JSON whose `sealed` holds the whole list, names and dates too, so that
//! who finds one in a stolen backup learns no account. Inside, every password has a seal of its
//! own that is bound to its place: entries cannot be swapped even by who has the key and a wrong
//! program, and one look-up uncovers one password.
//!
//! What is read has to be spelled exactly as it would be written. So there is one spelling of
//! each vault, and every bit that changes is noticed, whichever it is.

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seal::{self, Bound, Key, Sealed};
use super::{Kept, Secret, Service, Slot};
use crate::random::NoRandom;

/// What the file says that it is.
const FORMAT: &str = "backup-notify vault";
/// The version that is written, and the only one there is so far.
const VERSION: u64 = 1;
/// The list is filled up with blanks to a multiple of this, so that the length of the file does
/// not tell how long a password is.
const STEP: usize = 512;

/// Why bytes are no vault that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VaultFault {
    /// There is nothing in it.
    Empty,
    /// It was changed or cut short, or never was one.
    Damaged,
    /// A later version of the program wrote it.
    Newer(u64),
    /// It was made with another key.
    OtherKey,
}

/// A vault that has been read, and needs its key.
#[derive(Debug)]
pub(super) struct Closed(Outer);

/// The list of what is kept, in the order of the places.
#[derive(Debug, Default)]
pub(super) struct Vault(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    slot: Slot,
    stored: Timestamp,
    sealed: Sealed,
}

/// What every version of the file has.
#[derive(Debug, Deserialize)]
struct Head {
    format: String,
    version: u64,
}

/// The file, in the order of its fields.
#[derive(Debug, Serialize, Deserialize)]
struct Outer {
    format: String,
    version: u64,
    key_id: String,
    nonce: String,
    sealed: String,
}

/// One entry of the list, in the order of its fields.
#[derive(Debug, Serialize, Deserialize)]
struct Inner {
    service: String,
    host: String,
    port: u16,
    user: Option<String>,
    stored: Timestamp,
    nonce: String,
    sealed: String,
}

impl Closed {
    /// Reads a vault as far as that can be done without its key.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, VaultFault> {
        if bytes.is_empty() {
            return Err(VaultFault::Empty);
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| VaultFault::Damaged)?;
        match head.version {
            _ if head.format != FORMAT => return Err(VaultFault::Damaged),
            VERSION => {}
            version if version > VERSION => return Err(VaultFault::Newer(version)),
            _ => return Err(VaultFault::Damaged),
        }
        let outer: Outer = serde_json::from_slice(bytes).map_err(|_| VaultFault::Damaged)?;
        if outer.line().ok_or(VaultFault::Damaged)? != bytes {
            return Err(VaultFault::Damaged);
        }
        Ok(Self(outer))
    }

    /// Opens it.
    pub(super) fn open(self, key: &Key) -> Result<Vault, VaultFault> {
        let Self(outer) = self;
        if outer.key_id != key.id() {
            return Err(VaultFault::OtherKey);
        }
        let bound = outer.bound();
        let sealed = Sealed { nonce: outer.nonce, text: outer.sealed };
        let text = seal::open(key, &bound, &sealed).map_err(|_| VaultFault::Damaged)?;
        Vault::from_text(&text).ok_or(VaultFault::Damaged)
    }
}

impl Outer {
    fn line(&self) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(self).ok()?;
        line.push(b'\n');
        Some(line)
    }

    fn bound(&self) -> Bound {
        Bound::kind("list")
            .and(self.format.as_bytes())
            .and(&self.version.to_be_bytes())
            .and(self.key_id.as_bytes())
    }
}

impl Vault {
    /// Closes it: returns the bytes to keep.
    pub(super) fn close(&self, key: &Key) -> Result<Vec<u8>, NoRandom> {
        let mut outer = Outer {
            format: FORMAT.to_owned(),
            version: VERSION,
            key_id: key.id(),
            nonce: String::new(),
            sealed: String::new(),
        };
        let text = self.to_text().ok_or(NoRandom)?;
        let sealed = seal::seal(key, &outer.bound(), &text)?;
        (outer.nonce, outer.sealed) = (sealed.nonce, sealed.text);
        outer.line().ok_or(NoRandom)
    }

    /// Returns the password of a place.
    pub(super) fn get(&self, slot: &Slot, key: &Key) -> Result<Option<Secret>, VaultFault> {
        let Ok(index) = self.search(slot) else { return Ok(None) };
        let Some(entry) = self.0.get(index) else { return Ok(None) };
        let text = seal::open(key, &bound(slot), &entry.sealed).map_err(|_| VaultFault::Damaged)?;
        let text = std::str::from_utf8(&text).map_err(|_| VaultFault::Damaged)?;
        Secret::new(text).map(Some).map_err(|_| VaultFault::Damaged)
    }

    /// Keeps a password; returns whether it took the place of another one.
    pub(super) fn set(
        &mut self,
        slot: &Slot,
        secret: &Secret,
        now: Timestamp,
        key: &Key,
    ) -> Result<bool, NoRandom> {
        let sealed = seal::seal(key, &bound(slot), secret.reveal().as_bytes())?;
        let entry = Entry { slot: slot.clone(), stored: whole_seconds(now), sealed };
        match self.search(slot) {
            Ok(index) => {
                self.0.splice(index..=index, [entry]);
                Ok(true)
            }
            Err(index) => {
                self.0.insert(index, entry);
                Ok(false)
            }
        }
    }

    /// Forgets a password; returns whether there was one.
    pub(super) fn remove(&mut self, slot: &Slot) -> bool {
        let found = self.search(slot);
        if let Ok(index) = found {
            self.0.remove(index);
        }
        found.is_ok()
    }

    /// Lists what is kept.
    pub(super) fn kept(&self) -> Vec<Kept> {
        self.0.iter().map(|entry| Kept { slot: entry.slot.clone(), stored: entry.stored }).collect()
    }

    fn search(&self, slot: &Slot) -> Result<usize, usize> {
        self.0.binary_search_by(|entry| entry.slot.cmp(slot))
    }

    fn to_text(&self) -> Option<Vec<u8>> {
        let list: Vec<Inner> = self.0.iter().map(Inner::from).collect();
        let mut text = serde_json::to_vec(&list).ok()?;
        text.resize(text.len().next_multiple_of(STEP), b' ');
        Some(text)
    }

    fn from_text(text: &[u8]) -> Option<Self> {
        let list: Vec<Inner> = serde_json::from_slice(text).ok()?;
        let vault = Self(list.into_iter().map(Inner::entry).collect::<Option<_>>()?);
        let in_order = vault.0.is_sorted_by(|one, next| one.slot < next.slot);
        (in_order && vault.to_text()? == text).then_some(vault)
    }
}

impl From<&Entry> for Inner {
    fn from(entry: &Entry) -> Self {
        Self {
            service: word(entry.slot.service()).to_owned(),
            host: entry.slot.host().to_owned(),
            port: entry.slot.port(),
            user: entry.slot.user().map(str::to_owned),
            stored: entry.stored,
            nonce: entry.sealed.nonce.clone(),
            sealed: entry.sealed.text.clone(),
        }
    }
}

impl Inner {
    fn entry(self) -> Option<Entry> {
        let slot = match (self.service.as_str(), &self.user) {
            ("smtp", user) => Slot::smtp(&self.host, self.port, user.as_deref()),
            ("growl", None) => Slot::growl(&self.host, self.port),
            _ => return None,
        };
        Some(Entry { slot, stored: self.stored, sealed: Sealed { nonce: self.nonce, text: self.sealed } })
    }
}

/// What the seal of a password is bound to.
fn bound(slot: &Slot) -> Bound {
    let bound = Bound::kind("password")
        .and(word(slot.service()).as_bytes())
        .and(slot.host().as_bytes())
        .and(&slot.port().to_be_bytes());
    match slot.user() {
        Some(user) => bound.and(user.as_bytes()),
        None => bound,
    }
}

fn word(service: Service) -> &'static str {
    match service {
        Service::Smtp => "smtp",
        Service::Growl => "growl",
    }
}

/// Leaves out the parts of a second, which nobody wants to see.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
