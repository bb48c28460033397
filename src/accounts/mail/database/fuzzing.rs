//! What fuzz targets need of the inside of this module and of the one above it: Mail's files.

#![allow(clippy::missing_panics_doc, reason = "to panic is how they say that something does not hold")]

use std::path::Path;

use super::{archive as archives, page_size};
use crate::accounts::mail::record::Harvest;
use crate::accounts::mail::{plists, resolve};
use crate::text;

/// A property list as Mail writes it.
pub fn plist(data: &[u8]) {
    check(plists::read(data));
}

/// One value of an Accounts database.
pub fn archive(data: &[u8]) {
    if let Err(reason) = archives::read(data) {
        is_a_reason(&reason);
    }
}

/// An Accounts database, and behind as many pages as its head says the write-ahead log.
pub fn database(data: &[u8]) {
    let pages = data.get(28..).and_then(|head| head.first_chunk()).map(|pages| u32::from_be_bytes(*pages));
    let pages = pages.and_then(|pages| usize::try_from(pages).ok()).unwrap_or(usize::MAX);
    let size = pages.saturating_mul(page_size(data).unwrap_or(1)).min(data.len());
    let (database, log) = data.split_at(size);
    check(super::read(database.to_vec(), Some(log)));
}

/// Makes accounts of what was read; what is said of it can be shown.
fn check(harvest: Result<Harvest, String>) {
    match harvest {
        Ok(harvest) => {
            let resolved = resolve::resolve(harvest, Path::new("/Users/kim/Library/Mail/V2/file"));
            for account in resolved.accounts {
                assert!(!account.id.chars().any(text::is_active), "{:?}", account.id);
                assert!(
                    account.usable || account.reason.is_some(),
                    "{:?} cannot be used, without a reason",
                    account.id
                );
            }
            for problem in resolved.problems {
                is_a_reason(&problem.message);
            }
        }
        Err(reason) => is_a_reason(&reason),
    }
}

fn is_a_reason(reason: &str) {
    assert!(!reason.is_empty() && !reason.chars().any(text::is_active), "{reason:?}");
    assert!(reason.len() < 4096, "{} bytes of a reason", reason.len());
}
