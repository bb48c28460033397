//! Packs the long texts that the program prints, which are larger than what unpacks them.
#![allow(clippy::print_stdout, reason = "so cargo is told")]

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Each text, and what it is called when it is packed.
const TEXTS: [(&str, &str); 4] = [
    ("man/backup-notify.1", "man"),
    ("src/task/schema.json", "schema"),
    ("completions/_backup-notify", "zsh"),
    ("completions/backup-notify.fish", "fish"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var_os("OUT_DIR").ok_or("cargo names no folder")?;
    for (path, name) in TEXTS {
        println!("cargo::rerun-if-changed={path}");
        let text = fs::read(path)?;
        let packed = File::create(Path::new(&out).join(name))?;
        let mut packed = DeflateEncoder::new(packed, Compression::best());
        packed.write_all(&text)?;
        packed.finish()?;
    }
    Ok(())
}
