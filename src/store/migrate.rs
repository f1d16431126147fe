//! How the schema comes to be: a new database gets `schema.sql`, an older one every numbered step that it lacks.

use super::StoreError;
use super::engine::{Engine, Outcome, Sql};

/// The way from any schema that was ever released to the one that is worked with.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// What a new database gets.
    pub schema: &'a str,
    /// What older ones get: the step at position `n` takes a database from version `n + 1` to `n + 2`.
    pub steps: &'a [&'a str],
}

impl Plan<'static> {
    /// The plan of this program. A change of `schema.sql` adds a step; from then on `tests/upgrade` holds a database of the
    /// version before.
    pub const CURRENT: Self = Self { schema: include_str!("../../schema.sql"), steps: &[] };
}

impl Plan<'_> {
    /// The version that the plan leads to.
    pub fn version(&self) -> i64 {
        i64::try_from(self.steps.len()).map_or(i64::MAX, |steps| steps + 1)
    }

    /// Brings the database to [`Self::version`]. Refuses one that a newer program has written.
    ///
    /// Each step is one transaction together with the version it leads to: killed half-way, it is done again.
    pub fn carry_out(&self, engine: &dyn Engine) -> Result<(), StoreError> {
        let mut current = Ok(0);
        engine.read(&mut |sql| current = version(sql))?;
        let mut current = current?;
        while current != self.version() {
            let mut reached = Ok(self.version());
            engine.write(&mut |sql| {
                reached = self.advance(sql);
                if reached.is_ok() { Outcome::Commit } else { Outcome::Rollback }
            })?;
            current = reached?;
        }
        Ok(())
    }

    /// Takes one step and tells the version that it leads to. Another process may have been faster: then there is none to
    /// take.
    fn advance(&self, sql: &mut dyn Sql) -> Result<i64, StoreError> {
        let (statements, reached) = match version(sql)? {
            current if current == self.version() => return Ok(current),
            0 => (self.schema, self.version()),
            current => {
                let step = usize::try_from(current - 1).ok().and_then(|position| self.steps.get(position));
                let statements = step.ok_or_else(|| {
                    StoreError::Incompatible(format!(
                        "the database has schema version {current}, this program knows up to {}: run the dockpass \
                         version that wrote it, or a newer one",
                        self.version()
                    ))
                })?;
                (*statements, current + 1)
            }
        };
        sql.script(statements)?;
        sql.execute(
            "INSERT INTO meta (key, value) VALUES ('schema_version', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            &[reached.to_string().as_str().into()],
        )?;
        Ok(reached)
    }
}

/// The version of the database's schema; 0 for a database without tables.
fn version(sql: &mut dyn Sql) -> Result<i64, StoreError> {
    let mut tables: i64 = 0;
    sql.query("SELECT count(*) FROM sqlite_master WHERE name = 'meta'", &[], &mut |columns| {
        tables = columns.take()?;
        Ok(false)
    })?;
    let mut found = 0;
    if tables != 0 {
        sql.query("SELECT value FROM meta WHERE key = 'schema_version'", &[], &mut |columns| {
            let text: &str = columns.take()?;
            let number = text.parse();
            found = number.map_err(|_| {
                StoreError::Incompatible(format!("the database's schema version {text:?} is not a number"))
            })?;
            Ok(false)
        })?;
    }
    Ok(found)
}
