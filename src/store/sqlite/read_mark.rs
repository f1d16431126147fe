//! Keeps SQLite's read mark for the whole process. A read transaction holds a lock that processes share. The first of a
//! process to take it, and the last to give it back, have to ask the kernel, while all others of the process wait for
//! them: half the time that a token request spends with the database. As long as one connection stays in a
//! transaction on the newest state, no other is first or last.
//!
//! The price: while the mark is kept, the write-ahead log cannot start over. So it is kept only while nobody writes.

use super::connect;
use crate::store::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The connection that keeps the mark, once there is one.
#[derive(Default)]
pub(super) struct ReadMark(Mutex<Option<Keeper>>);

struct Keeper {
    connection: Connection,
    /// SQLite's word for the newest state that was seen.
    version: i64,
}

impl ReadMark {
    /// Keeps the mark from now on, as far as the rules allow. To be called again every second or so, since only then is it
    /// noticed that another process writes.
    pub(super) fn maintain(&self, path: &Path) -> Result<(), StoreError> {
        let mut keeper = self.lock();
        let present = match keeper.take() {
            Some(present) => present,
            None => Keeper { connection: connect(path)?, version: 0 },
        };
        // Whatever fails, the connection is closed with it, and the next call starts with another one.
        *keeper = Some(present.renewed()?);
        Ok(())
    }

    /// Runs a write of this process, which must find the mark free.
    pub(super) fn released<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut keeper = self.lock();
        if let Some(present) = keeper.as_ref()
            && present.release().is_err()
        {
            *keeper = None;
        }
        let written = write();
        // Ours was the only write, as far as we know.
        if let Some(present) = keeper.take() {
            *keeper = present.kept().ok();
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Gives the mark up and, unless somebody has written since the last time, takes the newest one.
    fn renewed(self) -> rusqlite::Result<Self> {
        self.release()?;
        let before = self.version;
        let kept = self.kept()?;
        if kept.version != before {
            kept.release()?;
        }
        Ok(kept)
    }

    fn kept(mut self) -> rusqlite::Result<Self> {
        run(&self.connection, "BEGIN DEFERRED")?;
        self.version =
            self.connection.prepare_cached("PRAGMA data_version")?.query_one([], |row| row.get(0))?;
        Ok(self)
    }

    fn release(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() { Ok(()) } else { run(&self.connection, "COMMIT") }
    }
}

/// Begins or ends the keeper's transaction, which it does after each write: so the statement is kept, too.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}
