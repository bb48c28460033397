use plist::Value;
use rusqlite::Connection;

use super::read;
use super::testing::{Row, SCHEMA, add, archive, bytes, database, dictionary, number, property, text};
use crate::accounts::mail::effort::within_seconds;
use crate::accounts::mail::record::Harvest;

/// A database with two accounts, one of them with a parent.
fn filled(connection: &Connection) {
    let classes = [("smtpHostname", text("p1-smtp.mail.me.com")), ("smtpRequiresSSL", Value::Boolean(true))];
    add(connection, Row { number: 1, kind: 9, mail: Some(dictionary(classes)), ..Row::default() });
    for number in 2..40 {
        let properties = vec![
            ("Hostname", text("smtp.example.com")),
            ("PortNumber", self::number(465)),
            ("SSLEnabled", Value::Boolean(true)),
            ("EmailAliases", Value::Array(vec![dictionary([("DisplayName", text("Kim"))])])),
        ];
        let parent = Some(1).filter(|_| number % 2 == 0);
        add(connection, Row { number, kind: 7, parent, user: Some("kim"), properties, ..Row::default() });
    }
}

fn sound() -> Vec<u8> {
    let connection = database();
    filled(&connection);
    bytes(connection)
}

/// Makes a database by other statements than the usual ones.
fn made(schema: &str) -> Result<Harvest, String> {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    read(bytes(connection), None)
}

/// The settings of every account that claims to have some are those that were stored.
fn check(harvest: Result<Harvest, String>, what: &str) {
    let Ok(Harvest { outgoing, remarks }) = harvest else { return };
    for account in outgoing {
        let Some(settings) = account.settings else { continue };
        let right = settings.encrypted && settings.port == Some(465);
        assert!(right || !remarks.is_empty(), "{what}: {settings:?}");
    }
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    assert_eq!(read(Vec::new(), None).unwrap_err(), "it is empty");
    for other in [&b"bplist00"[..], &[0; 4096], &sound()[1..]] {
        assert_eq!(read(other.to_vec(), None).unwrap_err(), "it is not an SQLite database");
    }
    let mut pages = sound();
    pages[16..18].copy_from_slice(&[0x12, 0x34]);
    assert!(read(pages, None).is_err());
}

#[test]
fn a_view_or_a_virtual_table_is_not_read() {
    let rest = SCHEMA.replace("CREATE TABLE ZACCOUNT ", "CREATE TABLE ZOTHER ");
    let rest = rest.replace("INSERT INTO ZACCOUNT ", "INSERT INTO ZOTHER ");
    let view = "CREATE VIEW ZACCOUNT AS SELECT 1 AS Z_PK, 7 AS ZACCOUNTTYPE;";
    let endless = "CREATE VIEW ZACCOUNT AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT i AS Z_PK, 7 AS ZACCOUNTTYPE FROM n;";
    // the SQLite in the program has no such tables and makes none
    let virtual_table = "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES
        ('table', 'ZACCOUNT', 'ZACCOUNT', 0, 'CREATE VIRTUAL TABLE ZACCOUNT USING fts5(Z_PK, ZACCOUNTTYPE)');";
    for other in [view, endless, virtual_table, ""] {
        within_seconds(2, || {
            assert_eq!(made(&format!("{rest}{other}")).unwrap_err(), "it has no table ZACCOUNT", "{other}");
        });
    }
}

#[test]
fn a_view_under_the_name_of_a_table_is_not_read() {
    for sql in [
        "CREATE VIEW ZACCOUNT AS SELECT 1 AS Z_PK, 7 AS ZACCOUNTTYPE",
        "CREATE VIRTUAL TABLE ZACCOUNT USING fts5(Z_PK)",
    ] {
        let connection = database();
        connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'ZACCOUNT'", [sql]).unwrap();
        assert!(read(bytes(connection), None).is_err());
    }
}

#[test]
fn a_column_that_is_computed_is_not_read() {
    for kind in ["VIRTUAL", "STORED"] {
        let computed = format!("ZVALUE BLOB AS (hex(zeroblob(Z_PK))) {kind}");
        let said = made(&SCHEMA.replace("ZVALUE BLOB", &computed)).unwrap_err();
        assert!(said.contains("ZACCOUNTPROPERTY has columns that are computed"), "{said}");
    }
}

#[test]
fn triggers_constraints_and_indexes_with_expressions_run_nothing() {
    let slow = "instr(hex(zeroblob(30000000)), 'x')";
    let schema = SCHEMA
        .replace("ZVALUE BLOB", &format!("ZVALUE BLOB, CHECK (Z_PK < 0 OR {slow} >= 0)"))
        .replace("ZUSERNAME VARCHAR", "ZUSERNAME VARCHAR DEFAULT 'kim'");
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {schema}")).unwrap();
    filled(&connection);
    connection
        .execute_batch(&format!(
            "CREATE TRIGGER a AFTER INSERT ON ZACCOUNT BEGIN DELETE FROM ZACCOUNT WHERE {slow}; END;
             CREATE INDEX b ON ZACCOUNTPROPERTY (hex(ZVALUE)); CREATE INDEX c ON ZACCOUNT (Z_PK) WHERE Z_PK > 3"
        ))
        .unwrap();
    let image = bytes(connection);
    within_seconds(2, || {
        let harvest = read(image, None).unwrap();
        assert_eq!((harvest.outgoing.len(), harvest.remarks.len()), (38, 0), "{:?}", harvest.remarks);
    });
}

#[test]
fn a_column_that_is_missing_is_named_or_reads_as_nothing() {
    let said = made(&SCHEMA.replace("ZKEY VARCHAR", "ZKEYS VARCHAR")).unwrap_err();
    assert_eq!(said, "its table ZACCOUNTPROPERTY has no column ZKEY: this version of macOS is not known");
    let connection = Connection::open_in_memory().unwrap();
    let schema = SCHEMA.replace("ZPARENTACCOUNT INTEGER,", "").replace("ZUSERNAME VARCHAR,", "");
    connection.execute_batch(&schema).unwrap();
    connection.execute_batch("INSERT INTO ZACCOUNT (Z_PK, ZACCOUNTTYPE) VALUES (1, 7)").unwrap();
    property(&connection, 1, "Hostname", &archive(&text("smtp.example.com")));
    let harvest = read(bytes(connection), None).unwrap();
    assert_eq!(harvest.outgoing[0].host.as_deref(), Some("smtp.example.com"));
}

#[test]
fn a_table_of_nothing_but_null_holds_nothing() {
    let connection = database();
    connection
        .execute_batch(
            "UPDATE ZACCOUNTTYPE SET ZIDENTIFIER = NULL WHERE Z_PK > 7;
             INSERT INTO ZACCOUNT (Z_PK) VALUES (1), (2); INSERT INTO ZACCOUNT (Z_PK, ZACCOUNTTYPE) VALUES (3, 7);
             INSERT INTO ZACCOUNTPROPERTY (Z_PK) VALUES (1), (2);
             INSERT INTO ZACCOUNTPROPERTY (ZOWNER, ZKEY) VALUES (3, 'Hostname'), (3, NULL), (3, 'SSLEnabled')",
        )
        .unwrap();
    let harvest = read(bytes(connection), None).unwrap();
    assert_eq!((harvest.outgoing.len(), harvest.remarks.len()), (1, 0));
    assert_eq!(harvest.outgoing[0].host, None);
}

#[test]
fn a_value_that_is_too_long_is_not_loaded_and_is_said() {
    let connection = database();
    filled(&connection);
    property(&connection, 2, "SSLEnabled", &vec![0; 3 << 20]);
    let harvest = read(bytes(connection), None).unwrap();
    assert_eq!(harvest.outgoing[0].settings, None);
    assert!(harvest.remarks[1].contains("its SSLEnabled cannot be read"), "{:?}", harvest.remarks);
}

#[test]
fn a_key_with_a_wrong_letter_does_not_switch_encryption_off() {
    let connection = database();
    filled(&connection);
    connection
        .execute_batch(
            "UPDATE ZACCOUNTPROPERTY SET ZKEY = 'SSLEnqbled' WHERE ZOWNER = 3 AND ZKEY LIKE 'SSL%'",
        )
        .unwrap();
    let harvest = read(bytes(connection), None).unwrap();
    assert!(harvest.remarks[0].contains("SSLEnabled cannot be read"), "{:?}", harvest.remarks);
    assert_eq!(harvest.outgoing.iter().filter(|account| account.settings.is_none()).count(), 1);
}

#[test]
fn properties_of_accounts_that_are_missing_are_said() {
    let connection = database();
    filled(&connection);
    connection
        .execute_batch("UPDATE ZACCOUNTPROPERTY SET ZOWNER = 77 WHERE ZOWNER = 3 AND ZKEY LIKE 'SSL%'")
        .unwrap();
    let harvest = read(bytes(connection), None).unwrap();
    assert!(harvest.remarks[0].starts_with("1 of the accounts"), "{:?}", harvest.remarks);
}

#[test]
fn garbage_in_every_value_is_said_in_a_few_remarks() {
    let connection = database();
    filled(&connection);
    connection.execute_batch("UPDATE ZACCOUNTPROPERTY SET ZVALUE = x'62706c6973743030ff'; UPDATE ZACCOUNT SET ZUSERNAME = Z_PK").unwrap();
    let harvest = read(bytes(connection), None).unwrap();
    assert_eq!(harvest.remarks.len(), 21, "{:?}", harvest.remarks);
    assert!(harvest.outgoing.iter().all(|account| account.settings.is_none()));
}

#[test]
fn a_hundred_thousand_rows_are_read_in_time() {
    let connection = database();
    let host = archive(&text("smtp.example.com"));
    connection.execute_batch("BEGIN").unwrap();
    for number in 1..=100_000 {
        add(&connection, Row { number, kind: 7, parent: Some(number - 1), ..Row::default() });
        property(&connection, number, "Hostname", &host);
    }
    connection.execute_batch("COMMIT").unwrap();
    let image = bytes(connection);
    within_seconds(30, || {
        let harvest = read(image, None).unwrap();
        assert_eq!(harvest.outgoing.len(), 100_000);
    });
}

#[test]
fn a_database_cut_anywhere_gives_no_wrong_settings_in_silence() {
    let image = sound();
    for part in 0..200 {
        let length = image.len() * part / 200;
        check(read(image[..length].to_vec(), None), &format!("cut at {length}"));
    }
}

#[test]
fn a_database_of_which_the_end_is_missing_is_read_up_to_there() {
    let image = sound();
    let harvest = read(image[..image.len() - 1].to_vec(), None).unwrap();
    assert!(harvest.remarks[0].starts_with("it is cut short: "), "{:?}", harvest.remarks);
    assert!(!harvest.outgoing.is_empty());
}

#[test]
fn a_page_that_is_overwritten_is_said_and_what_was_read_is_kept() {
    let image = sound();
    let pages = image.len() / 4096;
    let mut kept = 0;
    for page in 1..pages {
        let mut damaged = image.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xA5);
        let harvest = read(damaged, None);
        kept += usize::from(harvest.as_ref().is_ok_and(|harvest| !harvest.outgoing.is_empty()));
        check(harvest, &format!("page {page}"));
    }
    assert!(kept > 0);
}

/// Flips bytes all over a file; the places are the same in every run.
fn flipped(image: &[u8], seed: usize) -> Vec<u8> {
    let mut image = image.to_vec();
    let place = seed.wrapping_mul(2_654_435_761) % image.len();
    image[place] ^= 1 << (seed % 8);
    image
}

#[test]
fn flipped_bytes_end_nothing() {
    let image = sound();
    within_seconds(60, || {
        for seed in 1..=1000 {
            let _ = read(flipped(&image, seed), None);
        }
    });
}

#[test]
fn flipped_bytes_and_cuts_in_a_log_give_the_settings_of_before_or_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    filled(&connection);
    let database = std::fs::read(&path).unwrap();
    let wal = std::fs::read(folder.path().join("Accounts4.sqlite-wal")).unwrap();
    assert!(wal.len() > 100_000, "{}", wal.len());
    for seed in 1..=200 {
        let length = wal.len() * seed / 200;
        if let Ok(harvest) = read(database.clone(), Some(&wal[..length])) {
            // of a log cut between two changes the older state is what there is
            let whole = harvest.outgoing.iter().rev().skip(1).filter_map(|account| account.settings.as_ref());
            assert!(whole.into_iter().all(|settings| settings.encrypted), "cut at {length}");
        }
        if let Ok(harvest) = read(database.clone(), Some(&flipped(&wal, seed))) {
            assert!(!harvest.remarks.is_empty(), "flip {seed}");
        }
        let _ = read(flipped(&database, seed), Some(&wal));
    }
}
