//! A write of which is told what state it found and what state it left, provided that nobody else's lies between the two.
//!
//! Whether one does, says SQLite: `PRAGMA data_version` of a connection changes with every commit of another connection and
//! with none of its own (<https://www.sqlite.org/pragma.html#pragma_data_version>). It is asked inside the transaction, which
//! holds the lock without which nobody can commit, and again once the state behind it was read.

use super::wal_index::WalIndex;
use super::write;
use crate::store::StoreError;
use crate::store::engine::{Sql, Work};
use crate::store::memo::{State, Step};
use rusqlite::Connection;

const DATA_VERSION: &str = "PRAGMA data_version";
/// SQLite's default, in pages of the write-ahead log.
const AUTOCHECKPOINT: u32 = 1000;

/// As [`write()`]; `made` is called at most once, when the write is on disk.
pub(super) fn step(
    connection: Connection,
    index: &WalIndex,
    work: Work<'_>,
    made: &mut dyn FnMut(Step),
) -> Result<Option<Connection>, StoreError> {
    // SQLite would copy the log into the database between the moment in which everybody sees the new state and the one in
    // which we can tell of it, and many would have met a state that they know nothing of.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let mut found = None;
    let kept = write(connection, &mut |sql| {
        found = index.state().zip(version(sql));
        work(sql)
    })?;
    let Some(connection) = kept else { return Ok(None) };
    if let Some(step) = found.and_then(|found| told(&connection, index, found)) {
        made(step);
    }
    // What fails here undoes no write, and the next one opens another connection.
    let copy = || {
        connection.query_one("PRAGMA wal_checkpoint", [], |_| Ok(()))?;
        connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT)
    };
    Ok(copy().is_ok().then_some(connection))
}

/// The state that was found, with the answer of SQLite at that time, and the state now, unless somebody else has committed.
fn told(connection: &Connection, index: &WalIndex, (before, version): (State, i64)) -> Option<Step> {
    // In this order: whoever commits between the two questions makes the second answer another one.
    let after = index.state()?;
    let now: i64 = connection.query_one(DATA_VERSION, [], |row| row.get(0)).ok()?;
    (now == version).then_some(Step { before, after })
}

fn version(sql: &mut dyn Sql) -> Option<i64> {
    let mut version = None;
    let asked = sql.query(DATA_VERSION, &[], &mut |columns| {
        version = Some(columns.take()?);
        Ok(false)
    });
    asked.ok().and(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::{Engine, Outcome};
    use crate::store::sqlite::{Session, Sqlite, connect};

    const INSERT: &str = "INSERT INTO t VALUES (1)";

    /// A database with a table of numbers, opened by us and by somebody else.
    fn both(directory: &tempfile::TempDir) -> (Sqlite, Connection) {
        let path = directory.path().join("test.db");
        let ours = Sqlite::open(&path).unwrap();
        let theirs = connect(&path).unwrap();
        theirs.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        ours.maintain().unwrap();
        (ours, theirs)
    }

    #[test]
    fn a_commit_alone_is_told_with_the_states_on_both_its_sides() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) = both(&directory);
        for number in 0..100 {
            let before = ours.state().unwrap();
            let mut steps = Vec::new();
            let mut insert = |sql: &mut dyn Sql| {
                sql.execute(INSERT, &[]).unwrap();
                Outcome::Commit
            };
            ours.step(&mut insert, &mut |step| steps.push(step)).unwrap();
            assert_ne!(Some(before), ours.state());
            assert_eq!(steps, [Step { before, after: ours.state().unwrap() }], "{number}");
            if number % 3 == 0 {
                theirs.execute(INSERT, []).unwrap();
            }
            if number % 5 == 0 {
                // The log starts over with our next commit.
                theirs.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
            }
        }
    }

    #[test]
    fn whatever_somebody_else_does_behind_it_hides_the_step() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, theirs) = both(&directory);
        let theirs_insert = || assert_eq!(theirs.execute(INSERT, []), Ok(1));
        let restart = || theirs.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let both_of_them = || {
            theirs_insert();
            restart();
            theirs_insert();
        };
        let connection = connect(&directory.path().join("test.db")).unwrap();
        let others: [(&str, bool, &dyn Fn()); 5] = [
            ("nothing", true, &|| {}),
            ("a commit", false, &theirs_insert),
            ("the log starts over", false, &restart),
            ("both", false, &both_of_them),
            ("nothing again", true, &|| {}),
        ];
        for (what, alone, other) in others {
            // With nothing written by us, a single commit of somebody else's looks like ours.
            for statement in [INSERT, "DELETE FROM t WHERE n = 7"] {
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                let found = (ours.state().unwrap(), version(&mut Session::new(&connection)).unwrap());
                connection.execute(statement, []).unwrap();
                connection.execute_batch("COMMIT").unwrap();
                other();
                let step = told(&connection, &ours.index, found);
                assert_eq!(step.is_some(), alone, "{what} after {statement}");
                assert!(step.is_none_or(|step| ours.state() == Some(step.after)));
            }
        }
    }

    #[test]
    fn without_a_state_nothing_is_told_and_the_log_does_not_grow() {
        let directory = tempfile::tempdir().unwrap();
        let ours = Sqlite::open(&directory.path().join("test.db")).unwrap();
        let mut steps = Vec::new();
        for number in 0..300 {
            let mut work = |sql: &mut dyn Sql| {
                let statement = if number == 0 { "CREATE TABLE t (n INTEGER)" } else { INSERT };
                sql.execute(statement, &[]).unwrap();
                Outcome::Commit
            };
            ours.step(&mut work, &mut |step| steps.push(step)).unwrap();
        }
        assert_eq!(steps, []);
        let log = std::fs::metadata(directory.path().join("test.db-wal"));
        assert!(log.is_ok_and(|log| log.len() < 1 << 20));
    }
}
