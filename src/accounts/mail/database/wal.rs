//! Lays the committed part of a write-ahead log over the pages of a database, in memory.
//!
//! SQLite could do it from files, but only from a copy in a folder that can be written to: it
//! makes a `-shm` beside the log and takes locks. Done here no copy touches a disk, nothing has to
//! be removed on any path out, a full disk or one that can only be read does not matter, and Mail
//! never meets a lock.
//!
//! Source: "Database File Format", section 4, "The Write-Ahead Log" (sqlite.org/fileformat2.html),
//! and for what ends a log `walIndexRecover` in SQLite's `wal.c`.

/// The bytes before the first frame.
const HEADER: usize = 32;
/// The bytes of a frame before its page.
const FRAME_HEADER: usize = 24;
/// The first word of a log whose checksums are taken over little-endian words; one more is
/// big-endian.
const MAGIC: u32 = 0x377f_0682;
/// The only version there has been.
const VERSION: u32 = 3_007_000;

/// A database as it is with its log.
#[derive(Debug)]
pub(super) struct Overlaid {
    pub(super) image: Vec<u8>,
    /// What of the log was left out, where that may be a loss.
    pub(super) remark: Option<&'static str>,
}

/// Lays the committed frames of a log over a database with pages of `page_size` bytes.
///
/// A log that is empty, or was reset after a checkpoint, has nothing to add and nothing is said of
/// it. The result is at most `most` bytes long; a log that wants more is left out.
pub(super) fn overlay(mut database: Vec<u8>, wal: &[u8], page_size: usize, most: usize) -> Overlaid {
    let Some((header, frames)) = wal.split_at_checked(HEADER).filter(|(_, frames)| !frames.is_empty()) else {
        return Overlaid { image: database, remark: None };
    };
    let log = match Log::new(header, page_size) {
        Ok(log) => log,
        Err(remark) => return Overlaid { image: database, remark: Some(remark) },
    };
    let committed = log.committed(frames);
    let Some(size) = usize::try_from(committed.pages).ok().and_then(|pages| pages.checked_mul(page_size))
    else {
        return Overlaid { image: database, remark: Some(TOO_LARGE) };
    };
    if size > most {
        return Overlaid { image: database, remark: Some(TOO_LARGE) };
    }
    if size > 0 {
        database.resize(size, 0);
        for (number, page) in committed.frames {
            let place = number.checked_sub(1).and_then(|index| index.checked_mul(page_size));
            // a page that a later commit cut off has no place any more
            if let Some(place) =
                place.and_then(|start| database.get_mut(start..start.checked_add(page_size)?))
            {
                place.copy_from_slice(page);
            }
        }
    }
    Overlaid { image: database, remark: committed.remark }
}

const BAD_HEADER: &str = "its write-ahead log is damaged and was left out: the newest changes are missing";
const OTHER_PAGES: &str =
    "its write-ahead log does not belong to it and was left out: the newest changes may be missing";
const TOO_LARGE: &str = "its write-ahead log asks for too large a database and was left out: the newest changes \
                         are missing";
const OPEN_END: &str =
    "its write-ahead log is cut short, or damaged at its end: the newest change may be missing";

/// What the header of a log says.
#[derive(Debug, Clone, Copy)]
struct Log<'a> {
    page_size: usize,
    word: fn([u8; 4]) -> u32,
    salts: &'a [u8],
    sums: (u32, u32),
}

/// The frames up to the last commit.
#[derive(Debug)]
struct Committed<'a> {
    frames: Vec<(usize, &'a [u8])>,
    /// The size of the database after it, in pages; 0 when there is no commit.
    pages: u32,
    remark: Option<&'static str>,
}

impl<'a> Log<'a> {
    fn new(header: &'a [u8], page_size: usize) -> Result<Self, &'static str> {
        let magic = number(header, 0).ok_or(BAD_HEADER)?;
        let word = match magic.wrapping_sub(MAGIC) {
            0 => u32::from_le_bytes,
            1 => u32::from_be_bytes,
            _ => return Err(BAD_HEADER),
        };
        let (said, sums) = header.split_at_checked(FRAME_HEADER).ok_or(BAD_HEADER)?;
        let log = Self { page_size, word, salts: said.get(16..).unwrap_or_default(), sums: (0, 0) };
        let log = Self { sums: log.checksum(log.sums, said), ..log };
        if Some(log.sums) != pair(sums) || number(header, 4) != Some(VERSION) {
            return Err(BAD_HEADER);
        }
        if number(header, 8).and_then(|size| usize::try_from(size).ok()) != Some(page_size) {
            return Err(OTHER_PAGES);
        }
        Ok(log)
    }

    /// Reads frames as long as salts and checksums fit.
    fn committed(&self, frames: &'a [u8]) -> Committed<'a> {
        let mut read = Vec::new();
        let mut sums = self.sums;
        let (mut last, mut pages) = (0, 0);
        let mut rest = frames;
        let stale = loop {
            let Some((frame, after)) = rest.split_at_checked(FRAME_HEADER + self.page_size) else {
                // what is left of an older log ends nothing
                break rest.get(8..16).is_some_and(|salts| self.is_stale(salts));
            };
            let (header, page) = frame.split_at(FRAME_HEADER);
            if header.get(8..16) != Some(self.salts) {
                break self.is_stale(header.get(8..16).unwrap_or_default());
            }
            let said = header.get(..8).unwrap_or_default();
            sums = self.checksum(self.checksum(sums, said), page);
            let page_number =
                number(header, 0).and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
            if page_number == 0 || header.get(16..).and_then(pair) != Some(sums) {
                break false;
            }
            read.push((page_number, page));
            if let Some(size @ 1..) = number(header, 4) {
                (last, pages) = (read.len(), size);
            }
            rest = after;
        };
        // a byte that is lost puts everything behind it out of step
        let in_step = rest.len().is_multiple_of(FRAME_HEADER + self.page_size);
        let whole = in_step && (stale || !self.may_hold_a_commit(rest));
        read.truncate(last);
        Committed { frames: read, pages, remark: (!whole).then_some(OPEN_END) }
    }

    /// Tells whether there is a commit behind the last good frame, which damage has put out of reach.
    ///
    /// Frames of a change that was taken back, and overwritten in part by a later one, stand there in
    /// sound logs as well; a commit is not among them.
    fn may_hold_a_commit(&self, rest: &[u8]) -> bool {
        let frames = rest.chunks_exact(FRAME_HEADER + self.page_size);
        frames.into_iter().any(|frame| {
            let salts = frame.get(8..16).unwrap_or_default();
            !self.is_stale(salts) && number(frame, 4) != Some(0)
        })
    }

    /// Tells whether a frame is left over from before the log was begun anew.
    ///
    /// Then both salts are new: the first is counted up, the second drawn. Damage changes one.
    fn is_stale(&self, salts: &[u8]) -> bool {
        salts.get(..4) != self.salts.get(..4) && salts.get(4..) != self.salts.get(4..)
    }

    /// Goes on with a checksum ("Checksum Algorithm", section 4.2).
    fn checksum(&self, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        let (pairs, _) = bytes.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in pairs {
            first = first.wrapping_add((self.word)([*a, *b, *c, *d])).wrapping_add(second);
            second = second.wrapping_add((self.word)([*e, *f, *g, *h])).wrapping_add(first);
        }
        (first, second)
    }
}

/// Reads a number of four bytes, which is always big-endian outside the sums.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

/// Reads the two numbers of a checksum.
fn pair(bytes: &[u8]) -> Option<(u32, u32)> {
    Some((number(bytes, 0)?, number(bytes, 4)?))
}
