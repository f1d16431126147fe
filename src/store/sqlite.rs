//! The embedded engine: SQLite in WAL mode, one connection that writes and a pool of connections that read.

mod read_mark;
mod readers;
mod step;
mod wal_index;

use super::StoreError;
use super::engine::{Columns, EachRow, Engine, Outcome, Row, Sql, Value, Work};
use super::memo::{State, Step};
use read_mark::ReadMark;
use readers::Readers;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wal_index::WalIndex;

/// The oldest SQLite that is free of the faults that the security notes name; checked when opening.
const OLDEST_VERSION: i32 = 3_051_003;
/// How long a statement waits for another process's lock before the store is reported unavailable.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Memory for pages that a connection keeps, in KiB: the inner pages of the indexes of a million robots, and more than all
/// of an installation of ordinary size.
const PAGE_CACHE_KIB: i64 = 8 * 1024;
/// Prepared statements kept by each connection: more than there are in the whole program.
const STATEMENTS: usize = 256;

/// The engine. Cheap to share: it has interior locks.
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Option<Connection>>,
    readers: Readers,
    mark: ReadMark,
    /// Last, as it has to be dropped last.
    index: WalIndex,
}

impl Sqlite {
    /// Opens the database file at `path`, making it and its directory if they are missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        check_version(rusqlite::version_number(), rusqlite::version())?;
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|error| {
                StoreError::Unavailable(format!("cannot make {}: {error}", directory.display()))
            })?;
        }
        make_private(path, false)?;
        let writer = connect(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            readers: Readers::default(),
            mark: ReadMark::default(),
            index: WalIndex::default(),
        })
    }

    /// Hands the connection that writes to `write`, which gives it back if it can be trusted again.
    fn with_writer(
        &self,
        write: impl FnOnce(Connection) -> Result<Option<Connection>, StoreError>,
    ) -> Result<(), StoreError> {
        // A panic in `write` rolls its transaction back and drops the connection, so a poisoned lock guards nothing broken.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = writer.take().map_or_else(|| connect(&self.path), Ok)?;
        *writer = self.mark.released(|| write(connection))?;
        Ok(())
    }
}

/// Whoever builds with another SQLite than the bundled one is told at the start, not by a fault of it.
fn check_version(number: i32, name: &str) -> Result<(), StoreError> {
    if number >= OLDEST_VERSION {
        return Ok(());
    }
    let (major, minor, patch) =
        (OLDEST_VERSION / 1_000_000, OLDEST_VERSION / 1_000 % 1_000, OLDEST_VERSION % 1_000);
    Err(StoreError::Incompatible(format!(
        "SQLite {name} is too old, {major}.{minor}.{patch} or newer is needed"
    )))
}

/// Makes an empty file for its owner alone: the database holds password hashes. SQLite gives the mode of the database to the files
/// beside it, too. A file that is there is not touched: opening and closing it outside SQLite would drop this process's locks.
fn make_private(path: &Path, must_be_new: bool) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if must_be_new || error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::Unavailable(format!("cannot make {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Without the stability guarantee every run of a cached statement is compiled anew once there are statistics.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // An answered change must survive a power cut, not only a crash of this process.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Deleted secrets are overwritten, so that a stolen file does not hold them.
        connection.pragma_update(None, "secure_delete", true)?;
        // An error of the disk on a mapped page would end the process; a read that fails ends one request.
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
        connection.pragma_update(None, "journal_size_limit", 64_i64 << 20)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| match StoreError::from(error) {
        StoreError::Unavailable(reason) => {
            StoreError::Unavailable(format!("cannot open {}: {reason}", path.display()))
        }
        other => other,
    })
}

impl Engine for Sqlite {
    fn read(&self, work: &mut dyn FnMut(&mut dyn Sql)) -> Result<(), StoreError> {
        let mut reader = self.readers.take(&self.path)?;
        let mut broken = false;
        reader.read(&mut |session| {
            work(session);
            broken = session.broken;
        })?;
        // A connection that met an I/O error is not trusted again.
        if !broken {
            self.readers.give_back(reader);
        }
        Ok(())
    }

    fn state(&self) -> Option<State> {
        self.index.state()
    }

    fn write(&self, work: Work<'_>) -> Result<(), StoreError> {
        self.with_writer(|connection| write(connection, work))
    }

    fn step(&self, work: Work<'_>, made: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
        self.with_writer(|connection| step::step(connection, &self.index, work, made))
    }

    fn maintain(&self) -> Result<(), StoreError> {
        self.mark.maintain(&self.path)?;
        self.index.maintain(&self.path)
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            return Err(StoreError::Unavailable(format!("{} is there already", path.display())));
        }
        // Written beside and renamed when it is whole: a file that a crash cut short must not pass for a backup.
        let partial = path.with_added_extension("partial");
        let failed =
            |error: io::Error| StoreError::Unavailable(format!("cannot write {}: {error}", path.display()));
        match std::fs::remove_file(&partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let source = self.readers.take(&self.path)?;
        make_private(&partial, true)?;
        let mut target = Connection::open(&partial)?;
        // One step copies a consistent snapshot; in WAL mode a long read holds no writer up.
        rusqlite::backup::Backup::new(&source.connection, &mut target)?.run_to_completion(
            i32::MAX,
            Duration::from_millis(10),
            None,
        )?;
        target.close().map_err(|(_, error)| error)?;
        let settle = || {
            std::fs::File::open(&partial)?.sync_all()?;
            std::fs::rename(&partial, path)?;
            let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
            std::fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
        };
        settle().map_err(failed)
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.readers.take(&self.path)?;
        let connection = &reader.connection;
        let mut problems = Vec::new();
        let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            problems.extend(Some(row?).filter(|text| text != "ok"));
        }
        let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            problems.push(format!("a row of table {} refers to a row that is not there", row?));
        }
        Ok(problems)
    }
}

/// Runs a write transaction and gives the connection back, if it can be trusted again.
fn write(mut connection: Connection, work: Work<'_>) -> Result<Option<Connection>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut session = Session::new(&transaction);
    let outcome = work(&mut session);
    let broken = session.broken;
    match outcome {
        // SQLite may have rolled back by itself, and the work cannot know what it then built on.
        Outcome::Commit if broken => {
            drop(transaction);
            return Err(StoreError::Unavailable("a statement of the transaction failed".to_owned()));
        }
        Outcome::Commit => transaction.commit()?,
        Outcome::Rollback => drop(transaction),
    }
    Ok((!broken).then_some(connection))
}

struct Session<'a> {
    connection: &'a Connection,
    /// Whether a statement has failed because of the disk or a lock.
    broken: bool,
}

impl<'a> Session<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { connection, broken: false }
    }

    fn note<T>(&mut self, result: Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = StoreError::from(error);
            self.broken |= matches!(error, StoreError::Unavailable(_));
            error
        })
    }
}

impl Sql for Session<'_> {
    fn query(
        &mut self,
        statement: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError> {
        let prepared = self.connection.prepare_cached(statement);
        let mut prepared = self.note(prepared)?;
        let rows = prepared.query(rusqlite::params_from_iter(parameters.iter().map(Bound)));
        let mut rows = self.note(rows)?;
        loop {
            let next = rows.next();
            let Some(row) = self.note(next)? else {
                return Ok(());
            };
            if !each(&mut Columns::new(row, statement))? {
                return Ok(());
            }
        }
    }

    fn execute(&mut self, statement: &str, parameters: &[Value<'_>]) -> Result<usize, StoreError> {
        let prepared = self.connection.prepare_cached(statement);
        let mut prepared = self.note(prepared)?;
        let changed = prepared.execute(rusqlite::params_from_iter(parameters.iter().map(Bound)));
        self.note(changed)
    }

    fn script(&mut self, statements: &str) -> Result<(), StoreError> {
        let done = self.connection.execute_batch(statements);
        self.note(done)
    }
}

struct Bound<'a>(&'a Value<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(integer),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn value(&self, column: usize) -> Result<Value<'_>, StoreError> {
        let corrupt = || StoreError::Corrupt { statement: "a query".to_owned(), column };
        Ok(match self.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => Value::Integer(integer),
            ValueRef::Real(_) => return Err(corrupt()),
            ValueRef::Text(bytes) => Value::Text(std::str::from_utf8(bytes).map_err(|_| corrupt())?),
            ValueRef::Blob(bytes) => Value::Blob(bytes),
        })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Statement(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_older_than_the_floor_is_refused_by_name() {
        assert!(check_version(OLDEST_VERSION, "3.51.3").is_ok());
        let refused = check_version(OLDEST_VERSION - 1, "3.51.2").unwrap_err().to_string();
        assert!(refused.contains("SQLite 3.51.2 is too old, 3.51.3 or newer is needed"), "{refused}");
    }
}
