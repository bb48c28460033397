//! The long texts that `src/build.rs` has packed.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use crate::commands::output::print_and_end;
use crate::exit::Exit;

/// The man page, as it is kept in the folder `man`.
pub(super) const MAN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/man"));
/// The JSON Schema of the task file.
pub(super) const SCHEMA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schema"));
/// The completions, as they are kept in the folder `completions`.
pub(super) const ZSH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zsh"));
pub(super) const FISH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fish"));

/// Prints a text.
pub(super) fn print(packed: &[u8]) -> Exit {
    let mut text = String::new();
    match DeflateDecoder::new(packed).read_to_string(&mut text) {
        Ok(_) => print_and_end(&text),
        // it is a part of the program
        Err(_) => Exit::Software,
    }
}
