//! How the schema comes to be: a new database gets `schema.sql`, an older one every numbered step that it lacks.

use super::StoreError;
use super::engine::{Engine, Outcome, Sql};

/// The schema that this program works with. A change of `schema.sql` adds a step to `STEPS` and counts this up.
pub const VERSION: i64 = 1;
/// The step at position `n` takes a database from version `n + 1` to `n + 2`.
const STEPS: &[&str] = &[];
const SCHEMA: &str = include_str!("../../schema.sql");

/// Brings the database to [`VERSION`]. Refuses one that a newer program has written.
///
/// Each step is one transaction together with the version it leads to: killed half-way, it is done again.
pub fn migrate(engine: &dyn Engine) -> Result<(), StoreError> {
    let mut current = Ok(0);
    engine.read(&mut |sql| current = version(sql))?;
    let mut current = current?;
    while current != VERSION {
        let mut reached = Ok(VERSION);
        engine.write(&mut |sql| {
            reached = advance(sql);
            if reached.is_ok() { Outcome::Commit } else { Outcome::Rollback }
        })?;
        current = reached?;
    }
    Ok(())
}

/// Takes one step and tells the version that it leads to. Another process may have been faster: then there is none to take.
fn advance(sql: &mut dyn Sql) -> Result<i64, StoreError> {
    let (statements, reached) = match version(sql)? {
        VERSION => return Ok(VERSION),
        0 => (SCHEMA, VERSION),
        current => {
            let step = usize::try_from(current - 1).ok().and_then(|position| STEPS.get(position));
            let statements = step.ok_or_else(|| {
                StoreError::Incompatible(format!(
                    "the database has schema version {current}, this program knows up to {VERSION}: run the dockpass \
                     version that wrote it, or a newer one"
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
