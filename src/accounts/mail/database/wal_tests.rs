use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::wal::{Overlaid, overlay};

const MOST: usize = 64 << 20;

/// A generator of numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// What SQLite reads of a database and its log.
fn content(connection: &Connection) -> Vec<(i64, Vec<u8>)> {
    let mut statement = connection.prepare("SELECT id, value FROM t ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What SQLite says of a database and a log in files of their own.
fn by_sqlite(database: &[u8], wal: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    fs::write(&path, database).unwrap();
    fs::write(folder.path().join("copy-wal"), wal).unwrap();
    content(&Connection::open(path).unwrap())
}

/// What it says of the image that is made of both.
fn by_overlay(database: &[u8], wal: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let mut image = overlay(database.to_vec(), wal, page_size(database), MOST).image;
    image[18..20].fill(1);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.deserialize_read_exact("main", image.as_slice(), image.len(), true).unwrap();
    let found: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    content(&connection)
}

fn page_size(database: &[u8]) -> usize {
    match u16::from_be_bytes([database[16], database[17]]) {
        1 => 65536,
        size => size.into(),
    }
}

/// Makes a database with a log, and calls `see` after every step with the bytes of both.
fn history(seed: u64, size: u32, mut see: impl FnMut(&[u8], &[u8])) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let connection = Connection::open(&path).unwrap();
    let begin = format!("PRAGMA page_size = {size}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                         PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB);");
    connection.execute_batch(&begin).unwrap();
    let mut dice = Dice(seed);
    for _ in 0..25 {
        step(&connection, &mut dice);
        let (database, wal) = files(&path);
        see(&database, &wal);
    }
}

fn files(path: &Path) -> (Vec<u8>, Vec<u8>) {
    (fs::read(path).unwrap(), fs::read(path.with_file_name("Accounts4.sqlite-wal")).unwrap_or_default())
}

/// Changes a database in one of the ways there are.
fn step(connection: &Connection, dice: &mut Dice) {
    let rows = dice.below(30);
    let value = dice.below(2000);
    let change = match dice.below(10) {
        0..=3 => format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO t (value) SELECT randomblob({value}) FROM n"
        ),
        4..=5 => format!("UPDATE t SET value = randomblob({value}) WHERE id % 5 = {}", rows % 5),
        6 => format!("DELETE FROM t WHERE id % 3 = {}", rows % 3),
        7 => "VACUUM".to_owned(),
        8 => "PRAGMA wal_checkpoint(PASSIVE)".to_owned(),
        _ => "PRAGMA wal_checkpoint(RESTART); INSERT INTO t (value) VALUES (randomblob(10))".to_owned(),
    };
    connection.execute_batch(&change).unwrap();
}

#[test]
fn the_image_is_what_sqlite_reads_of_both_files() {
    for (seed, size) in [(1, 512), (2, 1024), (3, 4096), (4, 4096), (5, 65536)] {
        history(seed, size, |database, wal| {
            assert_eq!(by_overlay(database, wal), by_sqlite(database, wal), "seed {seed}");
        });
    }
}

#[test]
fn a_log_that_was_checkpointed_in_part_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB); INSERT INTO t (value) VALUES (x'01')",
        )
        .unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    let _held: i64 = reader.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    writer.execute_batch("INSERT INTO t (value) VALUES (x'02'); PRAGMA wal_checkpoint(PASSIVE)").unwrap();
    let (database, wal) = files(&path);
    assert_eq!(by_overlay(&database, &wal), [(1, vec![1]), (2, vec![2])]);
}

#[test]
fn a_log_cut_at_any_byte_is_read_as_far_as_sqlite_reads_it() {
    let mut last = (Vec::new(), Vec::new());
    history(9, 512, |database, wal| last = (database.to_vec(), wal.to_vec()));
    let (database, wal) = last;
    let frame = 24 + 512;
    assert!(wal.len() > 32 + 4 * frame, "{}", wal.len());
    let mut known = None;
    for length in 0..wal.len().min(32 + 8 * frame) {
        // between two frames SQLite's answer does not change, and asking for it takes long
        if length % frame == 32 || known.is_none() {
            known = Some(by_sqlite(&database, &wal[..length]));
        }
        let image = by_overlay(&database, &wal[..length]);
        assert_eq!(Some(&image), known.as_ref(), "{length}");
    }
}

/// Returns a database whose log holds two changes and, when it is large, a third uncommitted one.
fn with_open_transaction() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 5;
             CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB); INSERT INTO t (value) VALUES (x'01');
             BEGIN; INSERT INTO t (value) VALUES (randomblob(30000));
             INSERT INTO t (value) VALUES (randomblob(30000))",
        )
        .unwrap();
    files(&path)
}

#[test]
fn what_was_not_committed_is_left_out_and_said_only_where_a_frame_is_damaged() {
    let (database, wal) = with_open_transaction();
    assert!(wal.len() > 20_000, "{}", wal.len());
    assert_eq!(by_overlay(&database, &wal), [(1, vec![1])]);
    // a change that is being written while it is read is nobody's fault
    assert_eq!(overlay(database.clone(), &wal, 512, MOST).remark, None);
    let Overlaid { remark, .. } = overlay(database, &wal[..wal.len() - 1], 512, MOST);
    assert!(remark.unwrap().contains("cut short"));
}

#[test]
fn what_is_left_of_a_change_that_was_taken_back_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 5;
             CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB);
             BEGIN; INSERT INTO t (value) VALUES (randomblob(30000)); ROLLBACK;
             INSERT INTO t (value) VALUES (x'02')",
        )
        .unwrap();
    let (database, wal) = files(&path);
    assert!(wal.len() > 20_000, "{}", wal.len());
    assert_eq!(by_overlay(&database, &wal), [(1, vec![2])]);
    assert_eq!(overlay(database, &wal, 512, MOST).remark, None);
}

/// Computes the checksums of a log anew, over big-endian words.
fn big_endian(wal: &[u8], page: usize) -> Vec<u8> {
    fn sum(mut sums: (u32, u32), bytes: &[u8]) -> (u32, u32) {
        for pair in bytes.chunks(8) {
            let word = |at: usize| u32::from_be_bytes(pair[at..at + 4].try_into().unwrap());
            sums.0 = sums.0.wrapping_add(word(0)).wrapping_add(sums.1);
            sums.1 = sums.1.wrapping_add(word(4)).wrapping_add(sums.0);
        }
        sums
    }
    fn write(place: &mut [u8], sums: (u32, u32)) {
        place[..4].copy_from_slice(&sums.0.to_be_bytes());
        place[4..8].copy_from_slice(&sums.1.to_be_bytes());
    }
    let mut wal = wal.to_vec();
    wal[..4].copy_from_slice(&0x377f_0683_u32.to_be_bytes());
    let mut sums = sum((0, 0), &wal[..24]);
    write(&mut wal[24..], sums);
    let salts = wal[16..24].to_vec();
    for frame in wal[32..].chunks_exact_mut(24 + page) {
        if frame[8..16] != salts {
            break;
        }
        sums = sum(sum(sums, &frame[..8]), &frame[24..]);
        write(&mut frame[16..], sums);
    }
    wal
}

#[test]
fn checksums_in_either_order_of_bytes_are_read() {
    history(12, 1024, |database, wal| {
        if wal.len() <= 32 {
            return;
        }
        let other = big_endian(wal, 1024);
        assert_ne!(other, wal);
        assert_eq!(by_sqlite(database, &other), by_sqlite(database, wal));
        assert_eq!(by_overlay(database, &other), by_sqlite(database, wal));
    });
}

/// A database with one change in its log.
fn simple() -> (Vec<u8>, Vec<u8>) {
    let mut first = None;
    history(7, 512, |database, wal| {
        if first.is_none() && wal.len() > 2000 {
            first = Some((database.to_vec(), wal.to_vec()));
        }
    });
    first.unwrap()
}

#[test]
fn a_log_that_has_nothing_to_add_is_passed_over_in_silence() {
    let (database, wal) = simple();
    // a reset log: its header has new salts, and the frames of before follow
    let reset = {
        let mut reset = wal.clone();
        reset[19] = reset[19].wrapping_add(1);
        reset[20..24].copy_from_slice(b"new!");
        big_endian_header(&mut reset);
        reset
    };
    for nothing in [&[][..], &wal[..10], &wal[..32], &reset] {
        let Overlaid { image, remark } = overlay(database.clone(), nothing, 512, MOST);
        assert_eq!((image == database, remark), (true, None));
    }
}

/// Writes the checksum of a header alone.
fn big_endian_header(wal: &mut [u8]) {
    let header = big_endian(&wal[..32], 512);
    wal[..32].copy_from_slice(&header);
}

#[test]
fn a_log_with_a_damaged_header_is_left_out_and_said() {
    let (database, wal) = simple();
    for place in [0, 5, 9, 17, 25] {
        let mut damaged = wal.clone();
        damaged[place] ^= 0x10;
        let Overlaid { image, remark } = overlay(database.clone(), &damaged, 512, MOST);
        assert_eq!(image, database);
        assert!(remark.unwrap().contains("the newest changes are missing"), "{place}");
    }
}

#[test]
fn a_log_of_another_page_size_or_another_version_is_left_out_and_said() {
    let (database, wal) = simple();
    assert!(overlay(database.clone(), &wal, 4096, MOST).remark.unwrap().contains("does not belong to it"));
    let mut other = wal;
    other[7] ^= 1;
    big_endian_header(&mut other);
    assert!(overlay(database, &other, 512, MOST).remark.is_some());
}

#[test]
fn a_flipped_bit_in_any_frame_ends_the_log_there_and_is_said() {
    let (database, wal) = simple();
    for place in (32..wal.len()).step_by(7) {
        let mut damaged = wal.clone();
        damaged[place] ^= 4;
        let Overlaid { remark, .. } = overlay(database.clone(), &damaged, 512, MOST);
        assert!(remark.is_some(), "{place}");
    }
}

#[test]
fn a_log_that_asks_for_too_much_is_left_out_and_said() {
    let (database, mut wal) = simple();
    for frame in wal[32..].chunks_exact_mut(536) {
        frame[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    }
    let wal = big_endian(&wal, 512);
    let Overlaid { image, remark } = overlay(database.clone(), &wal, 512, MOST);
    assert_eq!(image, database);
    assert!(remark.unwrap().contains("too large"));
}
