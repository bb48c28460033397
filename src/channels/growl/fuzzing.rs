//! What fuzz targets need of the inside of this module: what a receiver answers.

#![allow(clippy::missing_panics_doc, reason = "to panic is how they say that something does not hold")]

use super::reply::{Progress, Refusal, Reply, progress};
use crate::secrets::Secret;
use crate::text;

/// An answer, of a receiver that knows this password: the first line, where there are several.
pub fn gntp_replies(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, answer) = data.split_at(cut);
    let password = std::str::from_utf8(first).ok().and_then(|password| Secret::new(password).ok());
    for answer in [data, answer.get(1..).unwrap_or_default()] {
        for ended in [false, true] {
            check(answer, ended, None);
            check(answer, ended, password.as_ref());
        }
        // what more comes takes nothing back
        let half = answer.get(..answer.len() / 2).unwrap_or_default();
        assert!(progress(half) != Progress::Whole || progress(answer) == Progress::Whole);
    }
}

fn check(answer: &[u8], ended: bool, password: Option<&Secret>) {
    let reply = Reply::parse(answer, ended, password);
    if ended {
        assert_eq!(Reply::begins_well(answer), reply == Reply::Ok, "two opinions of one answer");
    }
    let (Reply::Error(Refusal { words: Some(words), .. }) | Reply::Alien(words)) = reply else { return };
    assert!(words.chars().count() <= 200 && !words.chars().any(text::is_active), "{words:?}");
    // a short one may be a part of what stands in its place
    let password = password.map(|password| password.reveal().trim()).filter(|password| password.len() > 8);
    if let Some(password) = password {
        assert!(!words.contains(password), "the password is repeated");
    }
}
