//! The connections that read.

use super::{Session, connect};
use crate::store::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Connections that are kept open between requests; more are opened and closed as needed.
const IDLE: usize = 16;

/// A connection that reads.
pub(super) struct Reader {
    pub(super) connection: Connection,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: connect(path)? })
    }

    /// Runs `work` on the present state. There is no `BEGIN`: SQLite keeps to one state as long as any statement is
    /// unfinished, and the first one here is. That is one statement instead of two.
    pub(super) fn read(&mut self, work: &mut dyn FnMut(&mut Session<'_>)) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        let mut unfinished = statement.query([])?;
        unfinished.next()?;
        work(&mut Session::new(&self.connection));
        Ok(())
    }
}

/// Those that wait to be used.
#[derive(Default)]
pub(super) struct Readers(Mutex<Vec<Reader>>);

impl Readers {
    /// One that waits, or a new one.
    pub(super) fn take(&self, path: &Path) -> Result<Reader, StoreError> {
        let pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.map_or_else(|| Reader::open(path), Ok)
    }

    /// Takes one back, unless enough are waiting.
    pub(super) fn give_back(&self, reader: Reader) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < IDLE {
            waiting.push(reader);
        }
    }
}
