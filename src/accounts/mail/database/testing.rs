//! Databases for the tests, as Core Data makes them, and archives as `NSKeyedArchiver` does.

use plist::{Dictionary, Uid, Value};
use rusqlite::{Connection, params};

/// The tables as macOS has them, with a column and a table that nobody knows.
pub(super) const SCHEMA: &str = "
    CREATE TABLE ZACCOUNT ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACTIVE INTEGER,
        ZAUTHENTICATED INTEGER, ZVISIBLE INTEGER, ZACCOUNTTYPE INTEGER, ZPARENTACCOUNT INTEGER, ZDATE TIMESTAMP,
        ZACCOUNTDESCRIPTION VARCHAR, ZIDENTIFIER VARCHAR, ZNEWTHING VARCHAR, ZUSERNAME VARCHAR,
        ZDATACLASSPROPERTIES BLOB );
    CREATE TABLE ZACCOUNTTYPE ( Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZIDENTIFIER VARCHAR );
    CREATE TABLE ZACCOUNTPROPERTY ( Z_PK INTEGER PRIMARY KEY, ZOWNER INTEGER, ZKEY VARCHAR, ZVALUE BLOB );
    CREATE TABLE Z_2ENABLEDDATACLASSES ( Z_2ENABLEDACCOUNTS INTEGER, Z_4ENABLEDDATACLASSES INTEGER );
    CREATE INDEX ZACCOUNTPROPERTY_ZOWNER_INDEX ON ZACCOUNTPROPERTY (ZOWNER);
    INSERT INTO ZACCOUNTTYPE (Z_PK, ZIDENTIFIER) VALUES (7, 'com.apple.account.SMTP'), (8, 'com.apple.account.IMAP'),
        (9, 'com.apple.account.AppleAccount'), (10, 'com.apple.account.Google'), (11, 'com.apple.account.Exchange'),
        (12, 'com.apple.account.Hotmail'), (13, 'com.apple.account.POP'), (14, 'com.apple.account.CalDAV');";

/// A database with the usual tables.
pub(super) fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

/// Returns a database as the bytes of its file.
pub(super) fn bytes(mut connection: Connection) -> Vec<u8> {
    connection.serialize("main").unwrap().to_vec()
}

/// What an account is made of; the number of the type is that of [`SCHEMA`].
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) number: i64,
    pub(super) kind: i64,
    pub(super) parent: Option<i64>,
    pub(super) identifier: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    /// The dictionary of the mail data class.
    pub(super) mail: Option<Value>,
    pub(super) properties: Vec<(&'a str, Value)>,
}

pub(super) fn add(connection: &Connection, row: Row<'_>) {
    let classes = row.mail.map(|mail| archive(&dictionary([("com.apple.Dataclass.Mail", mail)])));
    connection
        .prepare_cached(
            "INSERT INTO ZACCOUNT (Z_PK, ZACCOUNTTYPE, ZPARENTACCOUNT, ZIDENTIFIER, ZACCOUNTDESCRIPTION, ZUSERNAME,
             ZDATACLASSPROPERTIES, ZACTIVE) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        )
        .unwrap()
        .execute(params![
            row.number,
            row.kind,
            row.parent,
            row.identifier,
            row.description,
            row.user,
            classes
        ])
        .unwrap();
    for (key, value) in row.properties {
        property(connection, row.number, key, &archive(&value));
    }
}

pub(super) fn property(connection: &Connection, owner: i64, key: &str, value: &[u8]) {
    connection
        .prepare_cached("INSERT INTO ZACCOUNTPROPERTY (ZOWNER, ZKEY, ZVALUE) VALUES (?, ?, ?)")
        .unwrap()
        .execute(params![owner, key, value])
        .unwrap();
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

pub(super) fn number(number: i64) -> Value {
    Value::Integer(number.into())
}

pub(super) fn dictionary<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Dictionary(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Archives a value.
pub(super) fn archive(value: &Value) -> Vec<u8> {
    let mut objects = vec![text("$null")];
    let root = put(value, &mut objects);
    archive_of(objects, root)
}

/// Writes an archive of these objects.
pub(super) fn archive_of(objects: Vec<Value>, root: Value) -> Vec<u8> {
    plain(&dictionary([
        ("$version", number(100_000)),
        ("$archiver", text("NSKeyedArchiver")),
        ("$top", dictionary([("root", root)])),
        ("$objects", Value::Array(objects)),
    ]))
}

/// Writes a binary property list.
pub(super) fn plain(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.to_writer_binary(&mut bytes).unwrap();
    bytes
}

/// Returns a reference to an object.
pub(super) fn reference(index: usize) -> Value {
    Value::Uid(Uid::new(index as u64))
}

/// Puts a value among the objects, its place before those of its parts, and refers to it.
fn put(value: &Value, objects: &mut Vec<Value>) -> Value {
    let index = objects.len();
    objects.push(Value::Boolean(false));
    let mut refer = |values: Vec<Value>| values.iter().map(|value| put(value, objects)).collect();
    let object = match value {
        Value::Array(values) => class([("NS.objects", Value::Array(refer(values.clone())))]),
        Value::Dictionary(entries) => {
            let keys = refer(entries.keys().map(|key| text(key)).collect());
            let values = refer(entries.values().cloned().collect());
            class([("NS.keys", Value::Array(keys)), ("NS.objects", Value::Array(values))])
        }
        scalar => scalar.clone(),
    };
    objects[index] = object;
    reference(index)
}

fn class<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut entries: Dictionary = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    entries.insert("$class".to_owned(), reference(0));
    Value::Dictionary(entries)
}
