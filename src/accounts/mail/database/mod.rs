//! The databases in which macOS keeps accounts since 10.11: from bytes to what they hold.
//!
//! Nothing here opens a file. A database is never opened in place: SQLite would take locks and
//! write beside Mail's files. It gets the bytes, with the write-ahead log already laid over them.
//!
//! - `wal` lays the log over the database
//! - `sqlite` SQLite over bytes that nobody vouches for
//! - `rows` what is asked of it
//! - `archive` the values, each an archive of its own
//! - `view` looks things up in the rows
//! - `accounts`, `senders` what follows from them
//!
//! Source: facts/apple-mail-accounts.md, section 3.

mod accounts;
mod archive;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod rows;
mod senders;
mod sqlite;
mod view;
mod wal;

#[cfg(test)]
mod accounts_tests;
#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod wal_tests;

use self::wal::{Overlaid, overlay};
use crate::accounts::mail::record::Harvest;

/// The largest database, and the largest log, that is read.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// The first bytes of every database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Reads an Accounts database, with its write-ahead log when there is one.
pub(crate) fn read(database: Vec<u8>, wal: Option<&[u8]>) -> Result<Harvest, String> {
    let page_size = page_size(&database)?;
    let wal = wal.unwrap_or_default();
    if database.len() > MOST_BYTES || wal.len() > MOST_BYTES {
        return Err(format!("it is larger than {} MiB", MOST_BYTES >> 20));
    }
    let Overlaid { mut image, remark } = overlay(database, wal, page_size, 2 * MOST_BYTES);
    let mut remarks: Vec<String> = remark.map(str::to_owned).into_iter().collect();
    remarks.extend(prepare(&mut image, page_size));
    let rows = rows::read(image, &mut remarks)?;
    Ok(accounts::harvest(&rows, remarks))
}

/// Reads the size of the pages, which also tells whether this is a database at all
/// ("Database File Format", section 1.3).
fn page_size(database: &[u8]) -> Result<usize, String> {
    if database.is_empty() {
        return Err("it is empty".to_owned());
    }
    let size = match database.get(16..18) {
        Some(&[0, 1]) => 65536,
        Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    if !database.starts_with(MAGIC) || !size.is_power_of_two() || size < 512 {
        return Err("it is not an SQLite database".to_owned());
    }
    Ok(size)
}

/// Makes SQLite take the image for a whole database without a log.
///
/// A database in memory cannot have a log, so the two format numbers become 1 (section 1.3.3). Of
/// a file that is cut short SQLite would read nothing at all; filled up to the length that it says
/// it has, it can be read up to where it is cut.
fn prepare(image: &mut Vec<u8>, page_size: usize) -> Option<String> {
    if let Some(formats) = image.get_mut(18..20) {
        formats.fill(1);
    }
    let number = |at| image.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk));
    // section 1.3.7: the size counts only when both numbers of the last change are the same
    let size =
        number(28).filter(|_| number(24) == number(92)).and_then(|pages| usize::try_from(pages).ok())?;
    let size = size.checked_mul(page_size).filter(|size| *size > image.len() && *size <= 2 * MOST_BYTES)?;
    let there = image.len() / page_size;
    // the half of a page would be taken for a whole one with empty rows; no page at all is an error
    image.truncate(there * page_size);
    image.resize(size, 0);
    Some(format!("it is cut short: {there} of its {} pages are there", size / page_size))
}
