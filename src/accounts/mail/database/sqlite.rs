//! SQLite, over bytes that nobody vouches for.
//!
//! A mounted home folder is another's, and its databases may be made to harm. What SQLite itself
//! advises for that is done ("Defense Against The Dark Arts", sqlite.org/security.html), and more:
//! only ordinary tables are read, no expression of the file's own is computed, and the work, the
//! rows and the bytes are bounded. Nothing here depends on a clock: the same bytes give the same
//! answer.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

/// The tables that are read.
const TABLES: [&str; 3] = ["ZACCOUNT", "ZACCOUNTTYPE", "ZACCOUNTPROPERTY"];
/// The most rows of a table that are read.
const MOST_ROWS: usize = 200_000;
/// The steps of SQLite's machine between two looks at how many there were.
const STRIDE: i32 = 1000;
/// The most of these looks: two hundred thousand rows take some six thousand.
const MOST_STRIDES: u32 = 50_000;

/// A column that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Without it the table says nothing.
    Required(&'static str),
    /// Reads as NULL where there is none.
    Optional(&'static str),
    /// The same for a value of any length; one that is longer than this reads as a single byte,
    /// which is no archive.
    Blob(&'static str, usize),
}

/// A database in memory.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    /// How many bytes of rows may still be read.
    bytes_left: Cell<usize>,
    strides: Arc<AtomicU32>,
}

impl Database {
    /// Gives SQLite a copy of the image, to be read only.
    pub(super) fn open(image: &[u8]) -> Result<Self, String> {
        let size = image.len();
        let strides = Arc::new(AtomicU32::new(0));
        let connection = open(image, &strides).map_err(|error| words(&error))?;
        // the rows of a sound file share no bytes: they hold no more than it does, but text that is
        // kept as UTF-16 may grow
        Ok(Self { connection, bytes_left: Cell::new(size.saturating_mul(2)), strides })
    }

    /// Reads rows of a table until `each` has seen all of them.
    ///
    /// The error says why not all could be read; those before it were seen.
    pub(super) fn scan(
        &self,
        table: &str,
        columns: &[Column],
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), String> {
        self.strides.store(0, Ordering::Relaxed);
        let query = self.query(table, columns)?;
        let mut statement = self.connection.prepare(&query).map_err(|error| words(&error))?;
        let mut rows = statement.query([]).map_err(|error| words(&error))?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(|error| words(&error))? {
            count += 1;
            let bytes: usize = (0..columns.len()).map(|index| length(row, index)).sum();
            let left = self.bytes_left.get().checked_sub(bytes);
            self.bytes_left.set(left.ok_or("its rows hold more than the file does")?);
            if count > MOST_ROWS {
                return Err(format!("only the first {MOST_ROWS} rows are read"));
            }
            each(row).map_err(|error| words(&error))?;
        }
        Ok(())
    }

    /// Lists the columns that are asked for and that a table does not have.
    pub(super) fn missing(&self, table: &str, columns: &[Column]) -> Vec<&'static str> {
        let there = self.columns(table).unwrap_or_default();
        let has = |name: &&str| there.iter().any(|column| column.eq_ignore_ascii_case(name));
        let names = columns.iter().map(|column| match column {
            Column::Required(name) | Column::Optional(name) | Column::Blob(name, _) => *name,
        });
        names.filter(|name| !has(name)).collect()
    }

    /// Tells what SQLite finds wrong with the pages and records of a table.
    pub(super) fn damage(&self, table: &str) -> Option<String> {
        self.strides.store(0, Ordering::Relaxed);
        let query = format!("PRAGMA main.quick_check({table})");
        let found = match self.connection.query_row(&query, [], |row| row.get::<_, String>(0)) {
            Ok(found) => found,
            Err(rusqlite::Error::QueryReturnedNoRows) => return None,
            // too large to be checked is not damaged
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => return None,
            Err(error) => words(&error),
        };
        // a value of an unusual type is no damage: it is read leniently anyway
        let harmless = found == "ok" || found.contains(" value in ");
        (!harmless).then(|| found.lines().next_back().unwrap_or_default().trim().to_owned())
    }

    /// Writes the query; only what stands in the table itself can be asked for.
    fn query(&self, table: &str, columns: &[Column]) -> Result<String, String> {
        let there = self.columns(table)?;
        let has = |name: &str| there.iter().any(|column| column.eq_ignore_ascii_case(name));
        let mut expressions = Vec::new();
        for column in columns {
            expressions.push(match column {
                Column::Required(name) | Column::Optional(name) if has(name) => (*name).to_owned(),
                // octet_length does not load the value
                Column::Blob(name, most) if has(name) => {
                    format!("CASE WHEN octet_length({name}) > {most} THEN x'00' ELSE {name} END")
                }
                Column::Required(name) => {
                    return Err(format!(
                        "its table {table} has no column {name}: this version of macOS is not known"
                    ));
                }
                Column::Optional(_) | Column::Blob(..) => "NULL".to_owned(),
            });
        }
        // an index could be of another mind than the table, and may hold expressions
        Ok(format!("SELECT {} FROM main.{table} NOT INDEXED", expressions.join(", ")))
    }

    /// Lists the columns of a table that are stored, and not computed.
    fn columns(&self, table: &str) -> Result<Vec<String>, String> {
        if !self.is_plain(table).map_err(|error| words(&error))? {
            return Err(format!("it has no table {table}"));
        }
        let list = || -> rusqlite::Result<(Vec<String>, bool)> {
            let mut statement = self.connection.prepare(&format!("PRAGMA main.table_xinfo({table})"))?;
            let rows = statement.query_map([], |row| Ok((row.get("name")?, row.get::<_, i64>("hidden")?)))?;
            let columns = rows.collect::<rusqlite::Result<Vec<(String, i64)>>>()?;
            let computed = columns.iter().any(|(_, hidden)| *hidden != 0);
            Ok((columns.into_iter().map(|(name, _)| name).collect(), computed))
        };
        match list().map_err(|error| words(&error))? {
            // Core Data makes none; and quick_check would compute them
            (_, true) => {
                Err(format!("its table {table} has columns that are computed, which Apple's has not"))
            }
            (columns, false) => Ok(columns),
        }
    }

    /// Tells whether there is an ordinary table of this name.
    ///
    /// What a name stands for is decided by the text of the statement alone: SQLite runs it and
    /// pays no heed to the columns `type` and `name` beside it. And no name stands for two things:
    /// SQLite refuses such a schema. `PRAGMA table_list` could tell too, but it would first
    /// compute the columns of every view.
    fn is_plain(&self, table: &str) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare("SELECT sql FROM main.sqlite_schema")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let makes = row.get_ref(0)?.as_str_or_null().ok().flatten().and_then(made_table);
            if makes.is_some_and(|name| name.eq_ignore_ascii_case(table)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns the name of the table that a statement makes; that of a virtual table is none.
fn made_table(sql: &str) -> Option<&str> {
    let (create, name) = sql.split_at_checked("CREATE TABLE ".len())?;
    if !create.eq_ignore_ascii_case("CREATE TABLE ") {
        return None;
    }
    let name = name.trim_start().trim_start_matches(['"', '[', '`', '\'']);
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

fn open(image: &[u8], strides: &Arc<AtomicU32>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_in_memory_with_flags(flags)?;
    connection.deserialize_read_exact("main", image, image.len(), true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    for off in [
        DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
        DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
        DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
        DbConfig::SQLITE_DBCONFIG_DQS_DML,
    ] {
        connection.set_db_config(off, false)?;
    }
    // no value is longer than the file; the schema of Apple's is some tens of kilobytes
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(image.len()).unwrap_or(i32::MAX))?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 200_000)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 100)?;
    connection.set_limit(Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    // CHECK constraints are the file's own expressions, and quick_check would compute them
    connection.execute_batch(
        "PRAGMA cell_size_check = ON; PRAGMA ignore_check_constraints = ON; PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;",
    )?;
    connection.authorizer(Some(|context: AuthContext<'_>| allow(&context.action)))?;
    let strides = Arc::clone(strides);
    connection
        .progress_handler(STRIDE, Some(move || strides.fetch_add(1, Ordering::Relaxed) >= MOST_STRIDES))?;
    Ok(connection)
}

/// Allows what the queries of this file need, so that nothing in the database can add to them.
fn allow(action: &AuthAction<'_>) -> Authorization {
    let known = match action {
        AuthAction::Select => true,
        AuthAction::Read { table_name, .. } => {
            *table_name == "sqlite_master"
                || TABLES.iter().any(|table| table.eq_ignore_ascii_case(table_name))
        }
        AuthAction::Function { function_name } => *function_name == "octet_length",
        AuthAction::Pragma { pragma_name, .. } => ["quick_check", "table_xinfo"].contains(pragma_name),
        _ => false,
    };
    if known { Authorization::Allow } else { Authorization::Deny }
}

/// Returns the bytes that one value of a row takes.
fn length(row: &Row<'_>, index: usize) -> usize {
    match row.get_ref(index) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// Returns what SQLite says, as the middle of a sentence.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::OperationInterrupted => {
            "it takes too much work".to_owned()
        }
        rusqlite::Error::SqliteFailure(_, Some(said)) => crate::text::one_line(said).into_owned(),
        other => crate::text::one_line(&other.to_string()).into_owned(),
    }
}
