//! A migration that fails or is killed half-way. There is no second schema version yet, so this one is made up.

use super::{dump, restore};
use crate::faults::is_long;
use dockpass::store::StoreError;
use dockpass::store::migrate::Plan;
use dockpass::store::sqlite::Sqlite;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A step that changes tables and rows: a new column, a new table, and every row written anew.
const STEP: &str = "ALTER TABLE account ADD COLUMN nickname TEXT;
     CREATE TABLE nickname (account_id INTEGER PRIMARY KEY REFERENCES account (id), nickname TEXT NOT NULL);
     INSERT INTO nickname SELECT id, 'the ' || name FROM account;
     UPDATE account SET nickname = (SELECT nickname FROM nickname WHERE account_id = id);
     CREATE INDEX account_nickname ON account (nickname);";

const NEXT: Plan<'_> = Plan { schema: "", steps: &[STEP] };

fn old() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    restore(1, directory.path());
    let path = directory.path().join("dockpass.db");
    (directory, path)
}

fn content(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    dump(&database)
}

#[test]
fn a_step_that_fails_in_its_last_statement_has_changed_nothing_and_the_right_one_can_follow() {
    let (_directory, path) = old();
    let before = content(&path);
    let wrong = format!("{STEP} INSERT INTO nowhere VALUES (1);");
    let steps = [wrong.as_str()];
    let failed = Plan { schema: "", steps: &steps }.carry_out(&Sqlite::open(&path).unwrap());
    assert!(matches!(failed, Err(StoreError::Statement(_))), "{failed:?}");
    assert_eq!(content(&path), before);
    NEXT.carry_out(&Sqlite::open(&path).unwrap()).unwrap();
    let after = content(&path);
    assert!(after.contains("the acme") && after.contains("'schema_version', '2'"), "{after}");
    NEXT.carry_out(&Sqlite::open(&path).unwrap()).unwrap();
    assert_eq!(content(&path), after, "nothing is done twice");
}

#[test]
fn a_program_older_than_the_database_says_so_and_touches_nothing() {
    let (_directory, path) = old();
    NEXT.carry_out(&Sqlite::open(&path).unwrap()).unwrap();
    let after = content(&path);
    let refused = Plan::CURRENT.carry_out(&Sqlite::open(&path).unwrap()).unwrap_err().to_string();
    assert!(
        refused.contains("schema version 2")
            && refused.contains(&format!("up to {}", Plan::CURRENT.version())),
        "{refused}"
    );
    assert_eq!(content(&path), after);
}

#[test]
fn two_processes_that_migrate_at_once_do_it_once() {
    let (_directory, path) = old();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| NEXT.carry_out(&Sqlite::open(&path).unwrap()).unwrap());
        }
    });
    assert!(content(&path).contains("'schema_version', '2'"));
}

const DATABASE: &str = "DOCKPASS_TEST_MIGRATE";

/// Run in a process of its own by the test below.
#[test]
#[ignore = "does nothing by itself"]
fn migrates_what_it_is_told_to() {
    if let Some(path) = std::env::var_os(DATABASE) {
        NEXT.carry_out(&Sqlite::open(Path::new(&path)).unwrap()).unwrap();
    }
}

/// Migrates in another process, behind `wrapper`; whether it came to its end.
fn migrate(path: &Path, wrapper: &[&str]) -> bool {
    let this = std::env::current_exe().unwrap();
    let mut command = match wrapper.split_first() {
        None => Command::new(this),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(this);
            command
        }
    };
    let name = "upgrade::killed::migrates_what_it_is_told_to";
    command.args(["--exact", name, "--ignored", "--test-threads", "1"]).env(DATABASE, path);
    command.output().unwrap().status.success()
}

#[test]
#[ignore = "needs strace"]
fn a_migration_killed_at_any_system_call_has_happened_or_not_and_is_done_again() {
    let (directory, path) = old();
    let before = content(&path);
    let original = std::fs::read(&path).unwrap();
    assert!(migrate(&path, &[]));
    let after = content(&path);
    assert_ne!(before, after);
    let stride = if is_long() { 1 } else { 2 };
    let trace = directory.path().join("trace").display().to_string();
    let (mut kills, mut kept) = (0, 0);
    for call in ["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "openat"] {
        for place in (1..).step_by(stride) {
            for suffix in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
            }
            std::fs::write(&path, &original).unwrap();
            let inject = format!("inject={call}:signal=KILL:when={place}");
            if migrate(&path, &["strace", "-f", "-qq", "-o", &trace, "-e", &inject]) {
                break;
            }
            kills += 1;
            let found = content(&path);
            assert!(found == before || found == after, "{call} {place} leaves half a migration:\n{found}");
            kept += usize::from(found == after);
            assert!(migrate(&path, &[]), "{call} {place}");
            assert_eq!(content(&path), after, "{call} {place}");
        }
    }
    println!("{kills} kills, {kept} of them after the end");
    assert!(kills > 5);
}
