//! Looks for secrets where none may be: in what a program printed, and in what the system
//! shows of it and its children to everybody.
//!
//! A secret is looked for in every form that a log line or a protocol trace is likely to give
//! it. Base64 is looked for at each of the three alignments, so that a secret inside
//! `\0user\0pass` or `auth=Bearer …` is found as well.

use std::fmt;
use std::fs;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::certs::hex;

/// A secret of one world, with the part of it that survives any escaping.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    text: String,
    core: String,
}

impl Secret {
    /// A secret of letters and digits, unlike any other.
    pub(crate) fn random() -> Self {
        let core = random_hex();
        Self { text: core.clone(), core }
    }

    /// A secret with what passwords may contain and programs stumble over.
    ///
    /// Its middle is plain, so that it is found in whatever way the ends are escaped.
    pub(crate) fn random_odd() -> Self {
        let core = random_hex();
        Self { text: format!("pä ß€\"\\={core}'%,☃"), core }
    }

    /// A secret that a test chose, such as a token.
    pub(crate) fn chosen(text: &str) -> Self {
        assert!(text.len() >= 8, "a secret this short is found everywhere");
        Self { text: text.into(), core: text.into() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The name of the first form in which these bytes contain the secret.
    pub(crate) fn found_in(&self, haystack: &[u8]) -> Option<&'static str> {
        // base64 in mail is folded, so it is looked for across line ends too
        let joined: Vec<u8> =
            haystack.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        self.forms()
            .into_iter()
            .find(|(_, form)| contains(haystack, form) || contains(&joined, form))
            .map(|(name, _)| name)
    }

    /// Every piece of every form, in UTF-16 too: what may be left of it where a buffer was moved,
    /// cut or written over in part. `length` counts characters of the secret, or of base64.
    pub(crate) fn pieces(&self, length: usize) -> Vec<(&'static str, Vec<u8>)> {
        let wide = |order: fn(u16) -> [u8; 2]| self.core.encode_utf16().flat_map(order).collect();
        let mut forms = self.forms();
        forms.push(("UTF-16", wide(u16::to_le_bytes)));
        forms.push(("UTF-16", wide(u16::to_be_bytes)));
        let cut = |(name, form): (&'static str, Vec<u8>)| {
            let length = length.saturating_mul((form.len() / self.core.len()).max(1)).min(form.len());
            form.windows(length).map(|piece| (name, piece.to_vec())).collect::<Vec<_>>()
        };
        forms.into_iter().flat_map(cut).collect()
    }

    fn forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let core = self.core.as_bytes();
        let lower = hex(core);
        let percent = percent_encoded(core, |_| true);
        let mut forms = vec![
            ("clear", core.to_vec()),
            ("hex", lower.to_uppercase().into_bytes()),
            ("hex", lower.into_bytes()),
            ("percent", percent.to_ascii_lowercase()),
            ("percent", percent),
            ("percent", percent_encoded(core, is_reserved)),
        ];
        for alignment in 0..3 {
            forms.push(("base64", aligned(&STANDARD_NO_PAD, core, alignment)));
            forms.push(("base64", aligned(&URL_SAFE_NO_PAD, core, alignment)));
        }
        forms
    }
}

// a test's failure message must not be what prints a secret into a public log
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The characters that base64 gives these bytes wherever they stand `alignment` bytes past a
/// multiple of three, whatever is before and after them.
fn aligned(engine: &impl Engine, bytes: &[u8], alignment: usize) -> Vec<u8> {
    let mut shifted = vec![0; alignment];
    shifted.extend_from_slice(bytes);
    let text = engine.encode(&shifted).into_bytes();
    let first = (alignment * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    text[first..last].to_vec()
}

/// What a URL demands to be percent-encoded; some encode everything.
fn is_reserved(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte)
}

fn percent_encoded(bytes: &[u8], which: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in bytes {
        if which(byte) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    out
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

/// 24 random hex digits with a letter first.
pub(crate) fn random_hex() -> String {
    let mut bytes = [0; 12];
    fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).expect("random bytes");
    let mut text = hex(&bytes);
    text.replace_range(..1, "s");
    text
}

/// Looks at the command lines and environments of a process and of all below it.
///
/// Where there is no `/proc` there is nothing to look at, and nothing is found. A process that
/// ended in between shows nothing either.
pub(crate) fn shown_by_the_system(pid: u32, secrets: &[Secret], in_environment: bool) -> Vec<String> {
    let mut found = Vec::new();
    for pid in tree(pid) {
        let mut places = vec!["cmdline"];
        if !in_environment {
            places.push("environ");
        }
        for place in places {
            let bytes = fs::read(format!("/proc/{pid}/{place}")).unwrap_or_default();
            if let Some(form) = secrets.iter().find_map(|secret| secret.found_in(&bytes)) {
                found.push(format!("/proc/{pid}/{place} shows a secret ({form})"));
            }
        }
    }
    found
}

/// The process and its descendants.
fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // the name in parentheses may itself contain anything
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
            Some((pid, parent.parse().ok()?))
        })
        .collect();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(c, _)| c));
        next += 1;
    }
    tree
}
