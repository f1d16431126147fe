//! Which state the database is in, told without a transaction. Every commit, by whatever process, becomes visible by a new head
//! of the write-ahead log's index: the first 96 bytes of the `-shm` file, which hold the same 48 bytes twice
//! (<https://www.sqlite.org/walformat.html>, section 2). One call of the kernel reads them, where SQLite needs several
//! microseconds to begin and end reading.

use super::connect;
use crate::store::StoreError;
use crate::store::memo::State;
use rusqlite::Connection;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The version of the format, in the head's first four bytes.
const FORMAT: u32 = 3_007_000;
/// Where the head says whether it has been written at all.
const IS_WRITTEN: usize = 12;
const HEAD: usize = 48;

/// The file, once it was opened. No request opens it: one that cannot be opened must not cost each of them an attempt.
#[derive(Default)]
pub(super) struct WalIndex {
    opened: OnceLock<Opened>,
    opening: Mutex<()>,
}

struct Opened {
    /// As long as it is open, nobody deletes the file or makes another one in its place.
    _anchor: Mutex<Connection>,
    /// Closed last: that drops every lock of this process on the file, SQLite's included.
    file: File,
}

impl WalIndex {
    /// The present state. `None` when it cannot be told: before [`Self::maintain`], or in the midst of a commit.
    pub(super) fn state(&self) -> Option<State> {
        let mut bytes = [0; 2 * HEAD];
        let read = rustix::io::pread(&self.opened.get()?.file, &mut bytes, 0).ok()?;
        if read == bytes.len() { parse(&bytes) } else { None }
    }

    /// Opens the file, unless that has been done.
    pub(super) fn maintain(&self, path: &Path) -> Result<(), StoreError> {
        // Never two at a time: the one too many would have to be closed.
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.opened.get().is_none() {
            let _ = self.opened.set(open(path)?);
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<Opened, StoreError> {
    let anchor = connect(path)?;
    // The index is there from the first read on.
    anchor.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut name = OsString::from(path);
    name.push("-shm");
    let file = File::open(name).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(Opened { _anchor: Mutex::new(anchor), file })
}

fn parse(bytes: &[u8; 2 * HEAD]) -> Option<State> {
    let (first, second) = bytes.split_at(HEAD);
    let format = u32::from_ne_bytes(first.first_chunk().copied()?);
    if first != second || format != FORMAT || first.get(IS_WRITTEN) != Some(&1) {
        return None;
    }
    let mut words = [0; HEAD / 8];
    for (word, bytes) in words.iter_mut().zip(first.chunks_exact(8)) {
        *word = u64::from_ne_bytes(bytes.first_chunk().copied()?);
    }
    Some(State(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_commit_is_another_state_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE t (n INTEGER)").unwrap();
        let index = WalIndex::default();
        assert_eq!(index.state(), None, "not opened yet");
        index.maintain(&path).unwrap();
        let mut seen = vec![index.state().expect("the state of a database that is in use")];
        let same = |seen: &[State]| assert_eq!(index.state().as_ref(), seen.last());
        for number in 0..100 {
            writer.execute("INSERT INTO t VALUES ($1)", [number]).unwrap();
            let now = index.state().unwrap();
            assert!(!seen.contains(&now), "commit {number}");
            seen.push(now);
            assert_eq!(count(&writer), number + 1);
            writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (-1); ROLLBACK").unwrap();
            same(&seen);
            if number % 10 == 0 {
                // The log starts over, by which no content changes; the head may.
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                writer.query_row(checkpoint, [], |row| row.get::<_, i64>(0)).unwrap();
                seen.push(index.state().unwrap());
            }
        }
        drop(writer);
        same(&seen);
        // The anchor kept the files, so whoever comes later writes to the very same index.
        let later = Connection::open(&path).unwrap();
        later.execute("INSERT INTO t VALUES (7)", []).unwrap();
        assert!(!seen.contains(&index.state().unwrap()));
    }

    #[test]
    fn a_head_that_is_being_written_or_of_another_format_tells_nothing() {
        let mut bytes = [0; 2 * HEAD];
        for start in [0, HEAD] {
            bytes[start..start + 4].copy_from_slice(&FORMAT.to_ne_bytes());
            bytes[start + IS_WRITTEN] = 1;
        }
        assert!(parse(&bytes).is_some());
        for at in [0, IS_WRITTEN, HEAD - 1, HEAD, HEAD + 20] {
            let mut other = bytes;
            other[at] ^= 1;
            assert_eq!(parse(&other), None, "byte {at}");
        }
        for start in [0, HEAD] {
            bytes[start + IS_WRITTEN] = 0;
        }
        assert_eq!(parse(&bytes), None, "not written yet");
    }

    #[test]
    fn without_the_database_there_is_no_state() {
        let directory = tempfile::tempdir().unwrap();
        let index = WalIndex::default();
        assert!(index.maintain(&directory.path().join("missing").join("test.db")).is_err());
        assert_eq!(index.state(), None);
    }
}
