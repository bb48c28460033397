//! Seals: HMAC-SHA-256 (RFC 2104) under the key of the folder.
//!
//! A document has one form only: `{"seal":"…","entry":…}` and a line feed, with the seal in lower-case
//! hex over the bytes of the entry as they stand there. So the seal is looked at before anything is
//! parsed, and whatever is changed in such a file breaks it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::id::Id;
use crate::random::{NoRandom, fill};
use crate::text;

/// The bytes of a key.
const KEY: usize = 32;
/// The bytes that show whether a key is whole.
const CHECK: usize = 8;
/// What the line of a key begins with. The number is its version.
const KEY_WORD: &[u8] = b"backup-notify-outbox-key-1:";
/// What tells the check of a key from every other hash of it.
const CHECK_WORD: &[u8] = b"backup-notify outbox key 1\n";
/// What tells these seals from every other use of a key.
const SEAL_WORD: &[u8] = b"backup-notify outbox entry 1\n";

const BEFORE_SEAL: &[u8] = br#"{"seal":""#;
const BEFORE_ENTRY: &[u8] = br#"","entry":"#;
const END: &[u8] = b"}\n";
/// The characters of a seal.
const SEAL: usize = 64;

/// The key of a folder.
#[derive(Clone)]
pub(super) struct Key([u8; KEY]);

impl Key {
    /// Makes a new key.
    pub(super) fn random() -> Result<Self, NoRandom> {
        let mut key = [0; KEY];
        fill(&mut key)?;
        Ok(Self(key))
    }

    /// Reads the line that a key is kept as: `None` where a single bit of it is another one. With such a
    /// key every message would look forged.
    pub(super) fn from_line(line: &[u8]) -> Option<Self> {
        let coded = line.strip_prefix(KEY_WORD)?.strip_suffix(b"\n")?;
        let bytes = STANDARD.decode(coded).ok()?;
        let (key, check) = bytes.split_at_checked(KEY)?;
        let key = Self(key.try_into().ok()?);
        (check == key.check()).then_some(key)
    }

    /// Writes the line that a key is kept as.
    pub(super) fn to_line(&self) -> Vec<u8> {
        let coded = STANDARD.encode([self.0.as_slice(), &self.check()].concat());
        [KEY_WORD, coded.as_bytes(), b"\n"].concat()
    }

    fn check(&self) -> [u8; CHECK] {
        let hash = Sha256::new().chain_update(CHECK_WORD).chain_update(self.0).finalize();
        let mut check = [0; CHECK];
        for (byte, hashed) in check.iter_mut().zip(hash) {
            *byte = hashed;
        }
        check
    }

    fn mac(&self, id: &Id, entry: &[u8]) -> Option<Hmac<Sha256>> {
        // takes keys of every length
        let mut mac = Hmac::new_from_slice(&self.0).ok()?;
        mac.update(SEAL_WORD);
        mac.update(id.as_str().as_bytes());
        mac.update(b"\n");
        mac.update(entry);
        Some(mac)
    }

    /// Seals what is known of a message, and returns the whole document.
    pub(super) fn seal(&self, id: &Id, entry: &[u8]) -> Option<Vec<u8>> {
        let seal = text::hex(&self.mac(id, entry)?.finalize().into_bytes());
        Some([BEFORE_SEAL, seal.as_bytes(), BEFORE_ENTRY, entry, END].concat())
    }

    /// Returns what is known of a message, when the seal holds.
    pub(super) fn open<'a>(&self, id: &Id, document: &'a [u8]) -> Option<&'a [u8]> {
        let (seal, rest) = document.strip_prefix(BEFORE_SEAL)?.split_at_checked(SEAL)?;
        let entry = rest.strip_prefix(BEFORE_ENTRY)?.strip_suffix(END)?;
        let seal = unhex(seal)?;
        // compares in constant time
        self.mac(id, entry)?.verify_slice(&seal).ok().map(|()| entry)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// Reads lower-case hex; the same bytes in capitals would be a second form of one document.
fn unhex(hex: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = hex.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

/// Returns the SHA-256 of a message, in lower-case hex.
pub(super) fn sha256(message: &[u8]) -> String {
    text::hex(&Sha256::digest(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Id {
        Id::parse("20261122T215559.123-0a1b2c3d").unwrap()
    }

    #[test]
    fn a_sealed_document_opens_with_its_key_and_name_only() {
        let key = Key::random().unwrap();
        let document = key.seal(&id(), b"{\"a\":1}").unwrap();
        assert_eq!(key.open(&id(), &document), Some(b"{\"a\":1}".as_slice()));
        assert_eq!(Key::random().unwrap().open(&id(), &document), None);
        let other = Id::parse("20261122T215559.123-0a1b2c3e").unwrap();
        assert_eq!(key.open(&other, &document), None);
        let value: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(value["entry"]["a"], 1);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_breaks_a_seal() {
        let key = Key::random().unwrap();
        let document = key.seal(&id(), b"{\"a\":1}").unwrap();
        for bit in 0..document.len() * 8 {
            let mut changed = document.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&id(), &changed), None, "{bit}");
        }
        for length in 0..document.len() {
            assert_eq!(key.open(&id(), &document[..length]), None, "{length}");
        }
        assert_eq!(key.open(&id(), &[document.as_slice(), b"\n"].concat()), None);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_in_no_other_way() {
        let key = Key::random().unwrap();
        let line = key.to_line();
        assert_eq!(Key::from_line(&line).unwrap().0, key.0);
        for bit in 0..line.len() * 8 {
            let mut changed = line.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Key::from_line(&changed).is_none(), "{bit}");
        }
        for length in 0..line.len() {
            assert!(Key::from_line(&line[..length]).is_none(), "{length}");
        }
        assert_eq!(format!("{key:?}"), "[key]");
    }

    #[test]
    fn the_seal_is_the_one_of_rfc_2104() {
        // computed with: printf 'backup-notify outbox entry 1\n20261122T215559.123-0a1b2c3d\n{}' |
        // openssl dgst -sha256 -mac HMAC -macopt hexkey:(32 times 2a)
        let document = Key([0x2a; KEY]).seal(&id(), b"{}").unwrap();
        let document = String::from_utf8(document).unwrap();
        assert_eq!(
            document,
            "{\"seal\":\"4fc1299adfe43d4e1b078ac69e07adf92192e9faf8077bbc62ac95090483c67f\",\"entry\":{}}\n"
        );
    }
}
