//! Random numbers of the system, for keys and salts.

use chacha20poly1305::aead::common::getrandom::SysRng;
use chacha20poly1305::aead::rand_core::TryRng as _;

/// The system has no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRandom;

/// Fills a buffer with random numbers of the system.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), NoRandom> {
    SysRng.try_fill_bytes(buffer).map_err(|_| NoRandom)
}
