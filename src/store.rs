//! What is kept. [`Store`] runs a use case in one transaction; [`Tx`] is the vocabulary that use cases are written in.
//!
//! The SQL stands once, in the portable subset (`$n` in order of first appearance, `ON CONFLICT`, `RETURNING`, times as
//! integers), and an [`engine::Engine`] runs it. Engines are what a second database plugs in as; everything above
//! them, the contract tests included, is shared.
//!
//! - [`accounts`], [`robots`], [`federation`], [`teams`], [`members`], [`repositories`], [`permissions`], [`default_permissions`], [`sessions`], [`oauth`], [`app_tokens`]: rows, one file for each kind of thing
//! - [`access`]: the one read of a token request; [`memo`]: what need not be read twice
//! - [`notes`]: what is written down beside all that
//! - [`audit`]: the trail, written in the transaction of the change it tells of
//! - [`reseal`]: every row sealed anew with another key
//! - [`engine`], [`sqlite`], [`migrate`]: how statements are run and how the schema comes to be

pub mod access;
pub mod accounts;
pub mod app_tokens;
pub mod assignments;
pub mod audit;
pub mod batch;
pub mod default_permissions;
pub mod engine;
pub mod federation;
pub mod members;
pub mod memo;
pub mod migrate;
pub mod notes;
pub mod oauth;
pub mod permissions;
pub mod repositories;
pub mod reseal;
pub mod robots;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod sqlite;
pub mod teams;

use crate::domain::time::Timestamp;
use crate::keys::{RowKey, VerifyKey};
use crate::telemetry::labels::Access;
use crate::telemetry::{Metrics, Stopwatch};
use engine::{Columns, Engine, Outcome, Sql, Unread, Value, Work};
use memo::{Known, Memo};
use notes::Notes;
use std::path::Path;
use std::sync::Arc;

/// Why the store could not do what it was asked. What was asked for but is not there is `None`, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be used now: locked too long, disk full, read-only, I/O error. Nothing was changed; the same
    /// call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database was made by another version, or with other keys.
    #[error("{0}")]
    Incompatible(String),
    /// A column holds what it never should.
    #[error("the database holds an unexpected value in column {column} of: {statement}")]
    Corrupt {
        /// The statement that met the value.
        statement: String,
        /// The column's position, from 0.
        column: usize,
    },
    /// A statement was refused. Always a fault in this program.
    #[error("a statement failed: {0}")]
    Statement(String),
}

/// The database, whichever engine runs it.
pub struct Store {
    engine: Box<dyn Engine>,
    memo: Memo,
    rows: RowKey,
    /// The id of the key that the rows must be sealed with for anything to be written; `None` while that is being changed.
    key: Option<String>,
    metrics: Option<Arc<Metrics>>,
}

impl Store {
    /// Brings the engine's schema up to date and checks that its rows were written with `key`.
    pub fn new(engine: Box<dyn Engine>, key: &VerifyKey) -> Result<Self, StoreError> {
        migrate::Plan::CURRENT.carry_out(engine.as_ref())?;
        let mut store =
            Self { engine, memo: Memo::default(), rows: key.row_key().clone(), key: None, metrics: None };
        let id = key.id().to_string();
        // Nearly always there: a command that only reads must not wait for those that write.
        if !store.read("check keys", |tx| tx.is_bound_to(&id))? {
            store.write("bind keys", |tx| tx.bind_row_key(&id))?;
        }
        store.key = Some(id);
        Ok(store)
    }

    /// Opens (or makes) the SQLite database at `path`.
    pub fn open_sqlite(path: &Path, key: &VerifyKey) -> Result<Self, StoreError> {
        Self::new(Box::new(sqlite::Sqlite::open(path)?), key)
    }

    /// Times every use case in `metrics`.
    #[must_use]
    pub fn observed(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    fn observe(&self, use_case: &'static str, access: Access, stopwatch: Stopwatch) {
        if let Some(metrics) = &self.metrics {
            metrics.database(use_case, access, stopwatch.elapsed());
        }
    }

    /// Runs `work` on one consistent view of the data.
    pub fn read<T, E: From<StoreError>>(
        &self,
        use_case: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read_knowing(|| None, use_case, work)
    }

    /// As [`Self::read`], for what the same clients ask again and again: without the database, where all that `work` asks for
    /// is known of the state that the database is in. May run `work` twice.
    pub fn recall<T, E: From<StoreError>>(
        &self,
        use_case: &'static str,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(state) = self.engine.state() else { return self.read(use_case, work) };
        let known = self.memo.of(state);
        let mut unread = Unread::default();
        let answer = work(&mut Tx { sql: &mut unread, rows: &self.rows, known: Some(known) });
        if !unread.was_asked {
            return answer;
        }
        // The transaction sees a state between the two moments at which it was told: if they are the same, then that one.
        let still_known = || (self.engine.state() == Some(state)).then_some(known);
        self.read_knowing(still_known, use_case, work)
    }

    fn read_knowing<'s, T, E: From<StoreError>>(
        &'s self,
        known: impl Fn() -> Option<Known<'s>>,
        use_case: &'static str,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let stopwatch = Stopwatch::start();
        let mut result = None;
        let done = self.engine.read(&mut |sql| {
            result = Some(work(&mut Tx { sql, rows: &self.rows, known: known() }));
        });
        self.observe(use_case, Access::Read, stopwatch);
        done?;
        result.unwrap_or_else(|| Err(StoreError::Statement(format!("{use_case} did not run")).into()))
    }

    /// Runs `work` in one transaction: all of it is kept when it returns `Ok`, none of it when it returns `Err`. An
    /// engine may run `work` more than once (after a conflict), so it must not change anything but the database.
    ///
    /// When this returns `Ok`, the change is on disk.
    pub fn write<T, E: From<StoreError>>(
        &self,
        use_case: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_by(|work| self.engine.write(work), use_case, work)
    }

    /// As [`Self::write`], for what no decision rests on: requests go on without the database as if nothing had been written.
    pub fn note(
        &self,
        use_case: &'static str,
        mut work: impl FnMut(&mut Notes<'_, '_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let step = |work: Work<'_>| self.engine.step(work, &mut |step| self.memo.carry(step));
        self.write_by(step, use_case, |tx| work(&mut Notes::new(tx)))
    }

    fn write_by<T, E: From<StoreError>>(
        &self,
        write: impl FnOnce(Work<'_>) -> Result<(), StoreError>,
        use_case: &'static str,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let stopwatch = Stopwatch::start();
        let mut result = None;
        let done = write(&mut |sql| {
            let tx = &mut Tx { sql, rows: &self.rows, known: None };
            // Rows may have been sealed with another key while this process ran. What it wrote now would be lost.
            let current = self.key.as_deref().map_or(Ok(true), |key| tx.is_bound_to(key));
            let outcome = current.map_err(E::from).and_then(|_| work(tx));
            let commit = outcome.is_ok();
            result = Some(outcome);
            if commit { Outcome::Commit } else { Outcome::Rollback }
        });
        self.observe(use_case, Access::Write, stopwatch);
        done?;
        result.unwrap_or_else(|| Err(StoreError::Statement(format!("{use_case} did not run")).into()))
    }

    /// Writes a consistent copy of the database to `path`, which must not exist, while others go on using it.
    pub fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.engine.backup(path)
    }

    /// To be called every second or so by a process that serves many requests.
    pub fn maintain(&self) -> Result<(), StoreError> {
        self.engine.maintain()
    }

    /// Looks at everything that is stored; each text tells of something damaged, none that all is well. Slow.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        self.engine.check()
    }
}

/// A transaction in progress. Its methods stand in the files of [`self`], one file for each kind of thing.
pub struct Tx<'a> {
    sql: &'a mut dyn Sql,
    rows: &'a RowKey,
    /// What is known already of the state that this transaction reads. Nothing in one that may change it.
    known: Option<Known<'a>>,
}

impl Tx<'_> {
    /// The first row of a query, read by `read`.
    fn first<T>(
        &mut self,
        statement: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.sql.query(statement, parameters, &mut |columns| {
            found = Some(read(columns)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// Every row of a query, read by `read`.
    fn all<T>(
        &mut self,
        statement: &str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(&mut Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.sql.query(statement, parameters, &mut |columns| {
            rows.push(read(columns)?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Runs a statement that gives no rows; the answer is how many rows it changed.
    fn run(&mut self, statement: &str, parameters: &[Value<'_>]) -> Result<usize, StoreError> {
        self.sql.execute(statement, parameters)
    }

    /// Runs an `INSERT ... RETURNING id`.
    fn insert(&mut self, statement: &str, parameters: &[Value<'_>]) -> Result<i64, StoreError> {
        self.first(statement, parameters, |columns| columns.take())?
            .ok_or_else(|| StoreError::Statement(format!("no id was returned by: {statement}")))
    }

    /// The MAC of a row's deciding columns.
    fn mac(&self, table: &str, fields: &[Value<'_>]) -> [u8; 16] {
        self.rows.mac(table, &[&engine::encode(fields)])
    }

    /// Whether `mac` was made over `fields` with our key. A row that fails is to be treated as missing: it was altered
    /// or moved by somebody without the key, or the disk lost a bit.
    fn is_genuine(&self, table: &str, fields: &[Value<'_>], mac: &[u8]) -> bool {
        is_genuine(self.rows, table, fields, mac)
    }

    /// Whether the rows are sealed with this key; `false` while they are sealed with none. Refuses to go on with another one:
    /// every grant would be ignored.
    fn is_bound_to(&mut self, ours: &str) -> Result<bool, StoreError> {
        match self.row_key()? {
            Some(theirs) if theirs != ours => Err(StoreError::Incompatible(format!(
                "the database was written with verify key {theirs}, but KEYS_DIR holds verify key {ours}: restore the key \
                 file that belongs to this database, or restart if the rows have just been sealed with another"
            ))),
            theirs => Ok(theirs.is_some()),
        }
    }

    /// The id of the key that the rows are sealed with.
    fn row_key(&mut self) -> Result<Option<String>, StoreError> {
        self.first("SELECT value FROM meta WHERE key = 'row_key'", &[], |columns| columns.take())
    }

    /// Notes which key the rows are sealed with. Another process may have been faster.
    fn bind_row_key(&mut self, ours: &str) -> Result<(), StoreError> {
        if !self.is_bound_to(ours)? {
            self.run("INSERT INTO meta (key, value) VALUES ('row_key', $1)", &[ours.into()])?;
        }
        Ok(())
    }

    /// Deletes up to `limit` rows of `table`, which `key` names, whose time in `ended` is `at` or before, the oldest first, and
    /// tells how many.
    fn prune(
        &mut self,
        table: &str,
        key: &str,
        ended: &str,
        at: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let statement = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {ended} <= $1 ORDER BY {ended} LIMIT $2)"
        );
        self.run(&statement, &[at.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()])
    }

    /// Notes when the rows of `table` that `key` names were last used; each time moves forward only.
    fn note_used<'v>(
        &mut self,
        table: &str,
        key: &str,
        used: impl IntoIterator<Item = (Value<'v>, Timestamp)>,
        gap: i64,
    ) -> Result<(), StoreError> {
        let statement = format!(
            "UPDATE {table} SET last_accessed_at = $1 \
             WHERE {key} = $2 AND (last_accessed_at IS NULL OR last_accessed_at <= $3)"
        );
        for (row, at) in used {
            self.run(&statement, &[at.into(), row, at.plus(-gap.max(1)).into()])?;
        }
        Ok(())
    }
}

/// As [`Tx::is_genuine`], while a query of the transaction is still running.
fn is_genuine(rows: &RowKey, table: &str, fields: &[Value<'_>], mac: &[u8]) -> bool {
    let genuine = rows.check(table, &[&engine::encode(fields)], mac);
    if !genuine {
        tracing::error!(table, row = ?fields.first(), "a row does not carry a valid MAC and is ignored");
    }
    genuine
}
