//! What is asked of an Accounts database: three tables, and of them only columns by name.

use std::collections::{HashMap, HashSet};

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::sqlite::{Column, Database};
use super::view::is_near;
use crate::text::one_line;

/// The longest value that is read; Apple's own are below some ten kilobytes.
const MOST_VALUE: usize = 1 << 20;

/// The properties that bear on mail.
pub(super) const KEYS: [&str; 12] = [
    "Hostname",
    "PortNumber",
    "UseDefaultPorts",
    "SSLEnabled",
    "SSLIsDirect",
    "ShouldUseAuthentication",
    "AuthenticationScheme",
    "Username",
    "IdentityEmailAddress",
    "SendingAccountIdentifier",
    "EmailAliases",
    "ACPropertyFullName",
];

/// The types of account that bear on mail (facts/apple-mail-accounts.md, section 3).
const TYPES: [&str; 10] = [
    "com.apple.account.SMTP",
    "com.apple.account.IMAP",
    "com.apple.account.POP",
    "com.apple.account.IMAPMail",
    "com.apple.account.Exchange",
    "com.apple.account.Hotmail",
    "com.apple.account.Google",
    "com.apple.account.Yahoo",
    "com.apple.account.aol",
    "com.apple.account.AppleAccount",
];

/// The rows of a database.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) accounts: Vec<AccountRow>,
    /// By the number of the account that they belong to.
    pub(super) properties: HashMap<i64, Vec<PropertyRow>>,
    /// Whether every row could be read.
    pub(super) whole: bool,
}

/// One account, of whatever type.
#[derive(Debug, Default)]
pub(super) struct AccountRow {
    pub(super) number: i64,
    /// The type, such as `com.apple.account.SMTP`.
    pub(super) kind: String,
    pub(super) parent: Option<i64>,
    pub(super) identifier: Option<String>,
    pub(super) description: Option<String>,
    pub(super) user: Option<String>,
    pub(super) data_classes: Stored,
}

/// One property of an account.
#[derive(Debug)]
pub(super) struct PropertyRow {
    /// One of [`KEYS`].
    pub(super) key: &'static str,
    pub(super) value: Stored,
}

/// A value as the database stores it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Stored {
    #[default]
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Reads the rows; what could not be read is said in `remarks`.
pub(super) fn read(image: Vec<u8>, remarks: &mut Vec<String>) -> Result<Rows, String> {
    let database = Database::open(&image)?;
    drop(image);
    let mut rows = Rows { whole: true, ..Rows::default() };
    let kinds = rows.kinds(&database, remarks)?;
    rows.accounts(&database, &kinds, remarks)?;
    rows.properties(&database, remarks)?;
    // last: it is the only one that a sound but large file could exhaust
    for table in ["ZACCOUNTTYPE", "ZACCOUNT", "ZACCOUNTPROPERTY"] {
        if let Some(damage) = database.damage(table) {
            rows.broke_off(table, &damage, remarks);
        }
    }
    Ok(rows)
}

impl Rows {
    /// Reads the types by their numbers, which differ from one database to the next.
    fn kinds(
        &mut self,
        database: &Database,
        remarks: &mut Vec<String>,
    ) -> Result<HashMap<i64, String>, String> {
        let mut kinds = HashMap::new();
        let columns = [Column::Required("Z_PK"), Column::Required("ZIDENTIFIER")];
        let end = database.scan("ZACCOUNTTYPE", &columns, |row| {
            if let (Some(number), Some(kind)) = (integer(row, 0)?, text(row, 1)?) {
                kinds.insert(number, kind);
            }
            Ok(())
        });
        self.keep("ZACCOUNTTYPE", end, kinds.is_empty(), remarks)?;
        // an account of a damaged type would be left out in silence
        for kind in kinds.values().filter(|kind| !TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)))
        {
            if let Some(known) = TYPES.iter().find(|known| is_near(known, kind)) {
                let kind = one_line(kind);
                remarks.push(format!(
                    "it has a type \"{kind}\", which is none: is it damaged, and was {known}?"
                ));
            }
        }
        Ok(kinds)
    }

    fn accounts(
        &mut self,
        database: &Database,
        kinds: &HashMap<i64, String>,
        remarks: &mut Vec<String>,
    ) -> Result<(), String> {
        let columns = [
            Column::Required("Z_PK"),
            Column::Required("ZACCOUNTTYPE"),
            Column::Optional("ZPARENTACCOUNT"),
            Column::Optional("ZIDENTIFIER"),
            Column::Optional("ZACCOUNTDESCRIPTION"),
            Column::Optional("ZUSERNAME"),
            Column::Blob("ZDATACLASSPROPERTIES", MOST_VALUE),
        ];
        for column in database.missing("ZACCOUNT", &columns) {
            remarks.push(format!("its table ZACCOUNT has no column {column}, which every version has had"));
        }
        let mut accounts = Vec::new();
        let (mut strange, mut shifted) = (0, 0);
        let end = database.scan("ZACCOUNT", &columns, |row| {
            if let (Some(number), Some(kind)) = (integer(row, 0)?, integer(row, 1)?) {
                strange += usize::from(!kinds.contains_key(&kind));
                let texts = [3, 4, 5].map(|index| row.get_ref(index));
                let is_text = |value: &ValueRef<'_>| matches!(value, ValueRef::Text(_) | ValueRef::Null);
                shifted += usize::from(texts.into_iter().flatten().any(|value| !is_text(&value)));
                accounts.push(AccountRow {
                    number,
                    kind: kinds.get(&kind).cloned().unwrap_or_default(),
                    parent: integer(row, 2)?,
                    identifier: text(row, 3)?,
                    description: text(row, 4)?,
                    user: text(row, 5)?,
                    data_classes: stored(row, 6)?,
                });
            }
            Ok(())
        });
        self.keep("ZACCOUNT", end, accounts.is_empty(), remarks)?;
        if shifted > 0 {
            remarks.push(format!("{shifted} of its accounts have no text where text should be"));
        }
        if strange > 0 {
            remarks.push(format!(
                "{strange} of its accounts are of types that its table ZACCOUNTTYPE does not have"
            ));
        }
        self.accounts = accounts;
        Ok(())
    }

    fn properties(&mut self, database: &Database, remarks: &mut Vec<String>) -> Result<(), String> {
        let columns =
            [Column::Required("ZOWNER"), Column::Required("ZKEY"), Column::Blob("ZVALUE", MOST_VALUE)];
        let mut properties: HashMap<i64, Vec<PropertyRow>> = HashMap::new();
        let end = database.scan("ZACCOUNTPROPERTY", &columns, |row| {
            let Some((key, exact)) = text(row, 1)?.as_deref().and_then(known_key) else { return Ok(()) };
            if let Some(owner) = integer(row, 0)? {
                let value = if exact { stored(row, 2)? } else { Stored::Bytes(Vec::new()) };
                properties.entry(owner).or_default().push(PropertyRow { key, value });
            }
            Ok(())
        });
        self.keep("ZACCOUNTPROPERTY", end, properties.is_empty(), remarks)?;
        let owners: HashSet<i64> = self.accounts.iter().map(|account| account.number).collect();
        let lost = properties.keys().filter(|owner| !owners.contains(owner)).count();
        if lost > 0 {
            remarks.push(format!(
                "{lost} of the accounts that its table ZACCOUNTPROPERTY describes are missing"
            ));
        }
        self.properties = properties;
        Ok(())
    }

    /// Keeps what was read before an error; with nothing read, the error is all there is to say.
    fn keep(
        &mut self,
        table: &str,
        end: Result<(), String>,
        nothing: bool,
        remarks: &mut Vec<String>,
    ) -> Result<(), String> {
        match end {
            Err(reason) if nothing => Err(reason),
            Err(reason) => {
                self.broke_off(table, &reason, remarks);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn broke_off(&mut self, table: &str, reason: &str, remarks: &mut Vec<String>) {
        self.whole = false;
        let remark = format!("its table {table} cannot be read as a whole: {reason}");
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
}

/// Finds the key that a text stands for, and tells whether it is that key.
///
/// A key with one letter wrong is damage, and no setting at all would be read in its place: a
/// missing `SSLEnabled` switches encryption off. So it counts as one that cannot be read.
fn known_key(text: &str) -> Option<(&'static str, bool)> {
    let near = |key: &&str| is_near(key, text);
    let exact = KEYS.into_iter().find(|key| key.eq_ignore_ascii_case(text)).map(|key| (key, true));
    exact.or_else(|| KEYS.into_iter().find(near).map(|key| (key, false)))
}

fn integer(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    })
}

/// Reads text that says something.
fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Text(text) if !text.trim_ascii().is_empty() => {
            Some(String::from_utf8_lossy(text.trim_ascii()).into_owned())
        }
        _ => None,
    })
}

fn stored(row: &Row<'_>, index: usize) -> rusqlite::Result<Stored> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => Stored::Null,
        ValueRef::Integer(number) => Stored::Integer(number),
        ValueRef::Real(number) => Stored::Real(number),
        ValueRef::Text(text) => Stored::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Stored::Bytes(bytes.to_vec()),
    })
}
