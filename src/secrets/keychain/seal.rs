//! Sealing: XChaCha20-Poly1305 under a random key.
//!
//! Every seal has a random nonce of 192 bits, long enough that one never comes twice
//! (draft-irtf-cfrg-xchacha-03, section 2.1), and is bound to what it is for by the associated data
//! that [`Bound`] puts together.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::{AeadInOut as _, KeyInit as _, Tag, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::random::{NoRandom, fill};
use crate::text;

/// The bytes of a key.
const KEY: usize = 32;
/// The bytes by which a sealed text is longer.
const TAG: usize = 16;
/// What the line of a key begins with. The number is its version.
const KEY_WORD: &[u8] = b"backup-notify-key-1:";
/// What tells the hash of a key from every other one.
const KEY_ID_WORD: &[u8] = b"backup-notify key id 1\0";

/// A seal that does not fit: changed, sealed for something else, or under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The key of a vault, in a place of memory of its own that is wiped.
#[derive(Clone)]
pub(super) struct Key(Box<Zeroizing<[u8; KEY]>>);

impl Key {
    /// Makes a new key.
    pub(super) fn random() -> Result<Self, NoRandom> {
        let mut key = Self(Box::new(Zeroizing::new([0; KEY])));
        fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Reads the line that a key is kept as; the line end may be missing.
    pub(super) fn from_line(line: &[u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let coded = line.strip_prefix(KEY_WORD)?;
        // one byte more than a key, so that a longer one does not fit
        let mut bytes = Zeroizing::new([0; KEY + 1]);
        // a second way to write the same bytes is refused by the decoder itself
        if STANDARD.decode_slice(coded, bytes.as_mut_slice()).ok()? != KEY {
            return None;
        }
        let mut key = Self(Box::new(Zeroizing::new([0; KEY])));
        key.0.copy_from_slice(bytes.get(..KEY)?);
        Some(key)
    }

    /// Writes the line that a key is kept as.
    pub(super) fn to_line(&self) -> Zeroizing<Vec<u8>> {
        let mut coded = Zeroizing::new([0; KEY.div_ceil(3) * 4]);
        let length = STANDARD.encode_slice(self.0.as_slice(), coded.as_mut_slice()).unwrap_or_default();
        // room for the whole line, so that no copy is left behind by a vector that grows
        let mut line = Zeroizing::new(Vec::with_capacity(KEY_WORD.len() + coded.len() + 1));
        line.extend_from_slice(KEY_WORD);
        line.extend(coded.iter().take(length));
        line.push(b'\n');
        line
    }

    /// Returns the name by which a vault knows its key. It says nothing about the key itself.
    pub(super) fn id(&self) -> String {
        let hash = Sha256::new().chain_update(KEY_ID_WORD).chain_update(self.0.as_slice()).finalize();
        text::hex(hash.get(..8).unwrap_or_default())
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(self.0.as_slice()).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// What a seal is bound to: a word for its kind, and fields that cannot run into each other.
#[derive(Debug, Clone)]
pub(super) struct Bound(Vec<u8>);

impl Bound {
    /// Begins with the kind of thing that is sealed.
    pub(super) fn kind(word: &str) -> Self {
        Self(Vec::new()).and(word.as_bytes())
    }

    /// Adds a field: its length, then its bytes.
    #[must_use]
    pub(super) fn and(mut self, field: &[u8]) -> Self {
        self.0.extend((field.len() as u64).to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }
}

/// A sealed text, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    /// The nonce, in base64.
    pub(super) nonce: String,
    /// The text and its tag, in base64.
    pub(super) text: String,
}

/// Seals a text.
pub(super) fn seal(key: &Key, bound: &Bound, text: &[u8]) -> Result<Sealed, NoRandom> {
    let mut nonce = XNonce::default();
    fill(nonce.as_mut_slice())?;
    // encrypted where it stands, so that it is in no third place
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(TAG)));
    bytes.extend_from_slice(text);
    // fails for texts of more than 256 GB alone
    let cipher = key.cipher().ok_or(NoRandom)?;
    let tag =
        cipher.encrypt_inout_detached(&nonce, &bound.0, bytes.as_mut_slice().into()).map_err(|_| NoRandom)?;
    bytes.extend_from_slice(&tag);
    Ok(Sealed { nonce: STANDARD.encode(nonce), text: STANDARD.encode(bytes.as_slice()) })
}

/// Opens a seal.
pub(super) fn open(key: &Key, bound: &Bound, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Broken> {
    let nonce = STANDARD.decode(&sealed.nonce).map_err(|_| Broken)?;
    let nonce = XNonce::try_from(nonce.as_slice()).map_err(|_| Broken)?;
    let mut bytes = Zeroizing::new(STANDARD.decode(&sealed.text).map_err(|_| Broken)?);
    let length = bytes.len().checked_sub(TAG).ok_or(Broken)?;
    let (text, tag) = bytes.split_at_mut_checked(length).ok_or(Broken)?;
    let tag = Tag::try_from(&*tag).map_err(|_| Broken)?;
    let cipher = key.cipher().ok_or(Broken)?;
    cipher.decrypt_inout_detached(&nonce, &bound.0, text.into(), &tag).map_err(|_| Broken)?;
    bytes.truncate(length);
    Ok(bytes)
}
