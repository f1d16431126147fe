//! An engine that counts the statements that are run through it, and the rows that they bring.

use dockpass::store::StoreError;
use dockpass::store::engine::{EachRow, Engine, Sql, Value, Work};
use dockpass::store::memo::{State, Step};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What went through.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) statements: AtomicU64,
    pub(super) rows: AtomicU64,
}

/// Runs everything on another engine.
pub(super) struct Counting<E> {
    pub(super) engine: E,
    pub(super) counts: Arc<Counts>,
}

impl<E: Engine> Engine for Counting<E> {
    fn read(&self, work: &mut dyn FnMut(&mut dyn Sql)) -> Result<(), StoreError> {
        self.engine.read(&mut |sql| work(&mut Session { sql, counts: &self.counts }))
    }

    fn state(&self) -> Option<State> {
        self.engine.state()
    }

    fn write(&self, work: Work<'_>) -> Result<(), StoreError> {
        self.engine.write(&mut |sql| work(&mut Session { sql, counts: &self.counts }))
    }

    fn step(&self, work: Work<'_>, made: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
        self.engine.step(&mut |sql| work(&mut Session { sql, counts: &self.counts }), made)
    }

    fn maintain(&self) -> Result<(), StoreError> {
        self.engine.maintain()
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.engine.backup(path)
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.engine.check()
    }
}

struct Session<'a> {
    sql: &'a mut dyn Sql,
    counts: &'a Counts,
}

impl Sql for Session<'_> {
    fn query(
        &mut self,
        statement: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError> {
        let Counts { statements, rows } = self.counts;
        statements.fetch_add(1, Relaxed);
        self.sql.query(statement, parameters, &mut |row| {
            rows.fetch_add(1, Relaxed);
            each(row)
        })
    }

    fn execute(&mut self, statement: &str, parameters: &[Value<'_>]) -> Result<usize, StoreError> {
        self.counts.statements.fetch_add(1, Relaxed);
        self.sql.execute(statement, parameters)
    }

    fn script(&mut self, statements: &str) -> Result<(), StoreError> {
        self.counts.statements.fetch_add(1, Relaxed);
        self.sql.script(statements)
    }
}
