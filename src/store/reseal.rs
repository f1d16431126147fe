//! Every row sealed anew, after the verify key has been replaced: each MAC is checked with the old key and made again with the
//! new one, in one transaction.

use super::engine::{Columns, Engine, FromValue, Value, encode};
use super::memo::Memo;
use super::sqlite::Sqlite;
use super::{Store, StoreError, Tx, migrate};
use crate::domain::time::Timestamp;
use crate::keys::{RowKey, VerifyKey};
use crate::store::audit::{Event, Origin};
use std::collections::HashSet;
use std::path::Path;

/// A table whose rows carry a MAC, its primary key, and what the MAC covers, in this order.
struct Sealed {
    table: &'static str,
    key: &'static [&'static str],
    deciding: &'static [&'static str],
}

const fn sealed(
    table: &'static str,
    key: &'static [&'static str],
    deciding: &'static [&'static str],
) -> Sealed {
    Sealed { table, key, deciding }
}

/// Every one of them. A test compares this with the schema and with what the rest of the store reads.
#[rustfmt::skip]
const SEALED: &[Sealed] = &[
    sealed("account", &["id"], &["id", "kind", "name", "owner_id", "enabled"]),
    sealed("password", &["account_id"], &["account_id", "hash"]),
    sealed("robot_secret", &["robot_id"], &["robot_id", "generation", "hash", "expires_at"]),
    sealed("robot_federation", &["id"], &["id", "robot_id", "issuer", "subject", "audience"]),
    sealed("team", &["id"], &["id", "organization_id", "role"]),
    sealed("team_member", &["account_id", "team_id"], &["account_id", "team_id"]),
    sealed("repository", &["id"], &["id", "namespace_id", "name", "visibility", "state", "mirror_robot_id"]),
    sealed("repository_permission", &["account_id", "repository_id"], &["account_id", "repository_id", "role"]),
    sealed("team_permission", &["team_id", "repository_id"], &["team_id", "repository_id", "role"]),
    sealed("default_permission", &["id"], &["uuid", "organization_id", "activating_account_id", "delegate_account_id", "delegate_team_id", "role"]),
    sealed("oauth_application", &["id"], &["id", "organization_id", "client_id", "client_secret", "redirect_uri"]),
    sealed("oauth_token", &["id"], &["uuid", "application_id", "account_id", "lookup", "digest", "scope", "expires_at"]),
    sealed("oauth_assignment", &["id"], &["uuid", "application_id", "account_id", "redirect_uri", "scope"]),
    sealed("app_token", &["id"], &["uuid", "account_id", "lookup", "digest", "expires_at"]),
    sealed("session", &["digest"], &["digest", "account_id", "created_at", "authenticated_at", "expires_at"]),
];

/// The digest, under this key, of the application-specific token with this id and sealed copy, if that can be opened.
pub type Redigest<'a> = dyn Fn(&VerifyKey, &str, &[u8]) -> Option<[u8; 32]> + 'a;

/// What is to be done.
pub struct Reseal<'a> {
    /// The key that the rows are sealed with.
    pub old: &'a VerifyKey,
    /// The key that they are to be sealed with.
    pub new: &'a VerifyKey,
    /// Whether to go on although rows do not carry a valid MAC. They stay as they are: ignored.
    pub skip_altered: bool,
    /// Makes digests of application-specific tokens anew.
    pub redigest: &'a Redigest<'a>,
    /// Who does it, for the audit trail.
    pub origin: &'a Origin,
    /// When.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows that are sealed with the new key now.
    pub rows: usize,
    /// Rows that do not carry a valid MAC of the old key, by table and primary key.
    pub altered: Vec<String>,
    /// OAuth access tokens that were removed: only their bearers know them, so their digests cannot be made anew.
    pub access_tokens: usize,
    /// Application-specific tokens that were removed, for want of a sealed copy.
    pub app_tokens: usize,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// By the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was done before.
    #[error("the rows are sealed with verify key {0} already")]
    Already(String),
    /// The old key is not the one that the rows are sealed with.
    #[error("the rows are sealed with verify key {theirs}, not with {old}")]
    OtherKey {
        /// The key that they are sealed with.
        theirs: String,
        /// The one that was given as the old one.
        old: String,
    },
    /// Rows do not carry a valid MAC.
    #[error("{} rows do not carry a valid MAC of the old key: somebody altered them without it, or the disk did: {}", .0.len(), shown(.0))]
    Altered(Vec<String>),
}

/// The first few; nobody reads a thousand.
fn shown(rows: &[String]) -> String {
    let mut text = rows.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("; ");
    if rows.len() > 20 {
        text.push_str("; ...");
    }
    text
}

impl Reseal<'_> {
    /// Seals the rows of the SQLite database at `path`. All of it is done, or nothing.
    pub fn sqlite(&self, path: &Path) -> Result<Resealed, ResealError> {
        let engine: Box<dyn Engine> = Box::new(Sqlite::open(path)?);
        migrate::Plan::CURRENT.carry_out(engine.as_ref())?;
        // Not `Store::new`: it would refuse a database that is sealed with another key, or bind a fresh one to the old.
        let store = Store {
            engine,
            memo: Memo::default(),
            rows: self.old.row_key().clone(),
            key: None,
            metrics: None,
        };
        store.write("reseal", |tx| self.run(tx))
    }

    fn run(&self, tx: &mut Tx<'_>) -> Result<Resealed, ResealError> {
        let (old, new) = (self.old.id().to_string(), self.new.id().to_string());
        match tx.row_key()? {
            Some(theirs) if theirs == new => return Err(ResealError::Already(new)),
            Some(theirs) if theirs != old => return Err(ResealError::OtherKey { theirs, old }),
            _ => {}
        }
        let mut altered = Vec::new();
        for table in SEALED {
            table.rows(tx, |key, fields, mac| {
                if !self.old.row_key().check(table.table, &[&encode(fields)], mac) {
                    altered.push((table.table, owned(key)));
                }
            })?;
        }
        let names: Vec<_> = altered.iter().map(|(table, key)| name(table, key)).collect();
        if !names.is_empty() && !self.skip_altered {
            return Err(ResealError::Altered(names));
        }
        let altered: HashSet<_> = altered.into_iter().collect();
        let mut done = Resealed { altered: names, ..Resealed::default() };
        done.access_tokens = tx.run("DELETE FROM oauth_token", &[])?;
        done.app_tokens = self.renew_app_tokens(tx, &altered)?;
        for table in SEALED {
            done.rows += table.seal(tx, self.new.row_key(), &altered)?;
        }
        tx.run("UPDATE meta SET value = $1 WHERE key = 'row_key'", &[(&new).into()])?;
        let metadata = serde_json::json!({
            "old_key": old, "new_key": new, "rows": done.rows, "altered": done.altered.len(),
            "access_tokens": done.access_tokens, "app_tokens": done.app_tokens,
        });
        let event = Event { kind: "reseal_rows", namespace: None, repository: None, robot: None, metadata };
        tx.record(self.origin, &event, self.now)?;
        Ok(done)
    }

    /// Makes the digests of application-specific tokens anew; the answer is how many had to be removed.
    fn renew_app_tokens(
        &self,
        tx: &mut Tx<'_>,
        altered: &HashSet<(&'static str, Vec<Owned>)>,
    ) -> Result<usize, StoreError> {
        let rows = tx.all("SELECT id, uuid, sealed FROM app_token", &[], |columns| {
            Ok((columns.take::<i64>()?, columns.take::<String>()?, columns.take::<Option<Vec<u8>>>()?))
        })?;
        let mut removed = 0;
        for (id, uuid, sealed) in rows {
            if altered.contains(&("app_token", vec![Owned::Integer(id)])) {
                continue;
            }
            removed += match sealed.and_then(|sealed| (self.redigest)(self.new, &uuid, &sealed)) {
                Some(digest) => {
                    tx.run("UPDATE app_token SET digest = $1 WHERE id = $2", &[(&digest).into(), id.into()])?;
                    0
                }
                None => tx.run("DELETE FROM app_token WHERE id = $1", &[id.into()])?,
            };
        }
        Ok(removed)
    }
}

impl Sealed {
    /// Hands every row's primary key, covered columns and MAC to `each`.
    fn rows(
        &self,
        tx: &mut Tx<'_>,
        mut each: impl FnMut(&[Value<'_>], &[Value<'_>], &[u8]),
    ) -> Result<(), StoreError> {
        let statement =
            format!("SELECT {}, {}, mac FROM {}", self.key.join(", "), self.deciding.join(", "), self.table);
        tx.sql.query(&statement, &[], &mut |columns| {
            let key = take(columns, self.key.len())?;
            let fields = take(columns, self.deciding.len())?;
            each(&key, &fields, columns.take()?);
            Ok(true)
        })
    }

    /// Makes the MAC of every row anew but of those that were altered; the answer is how many.
    fn seal(
        &self,
        tx: &mut Tx<'_>,
        key: &RowKey,
        altered: &HashSet<(&'static str, Vec<Owned>)>,
    ) -> Result<usize, StoreError> {
        let mut macs = Vec::new();
        self.rows(tx, |row, fields, _| {
            let row = (self.table, owned(row));
            if !altered.contains(&row) {
                macs.push((row.1, key.mac(self.table, &[&encode(fields)])));
            }
        })?;
        let conditions: Vec<_> =
            self.key.iter().zip(2..).map(|(column, at)| format!("{column} = ${at}")).collect();
        let statement = format!("UPDATE {} SET mac = $1 WHERE {}", self.table, conditions.join(" AND "));
        for (row, mac) in &macs {
            let mut parameters = vec![Value::from(mac)];
            parameters.extend(row.iter().map(Owned::value));
            tx.run(&statement, &parameters)?;
        }
        Ok(macs.len())
    }
}

fn take<'r>(columns: &mut Columns<'r>, count: usize) -> Result<Vec<Value<'r>>, StoreError> {
    (0..count).map(|_| columns.take()).collect()
}

impl<'r> FromValue<'r> for Value<'r> {
    fn from_value(value: Value<'r>) -> Option<Self> {
        Some(value)
    }
}

/// A value that outlives its query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Owned {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

fn owned(values: &[Value<'_>]) -> Vec<Owned> {
    let own = |value: &Value<'_>| match *value {
        Value::Null => Owned::Null,
        Value::Integer(integer) => Owned::Integer(integer),
        Value::Text(text) => Owned::Text(text.to_owned()),
        Value::Blob(bytes) => Owned::Blob(bytes.to_owned()),
    };
    values.iter().map(own).collect()
}

/// What an operator looks a row up by.
fn name(table: &str, key: &[Owned]) -> String {
    let part = |value: &Owned| match value {
        Owned::Null => "NULL".to_owned(),
        Owned::Integer(integer) => integer.to_string(),
        Owned::Text(text) => text.clone(),
        Owned::Blob(bytes) => format!("{bytes:02x?}"),
    };
    format!("{table} {}", key.iter().map(part).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn every_table_with_a_mac_is_here_with_its_primary_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let key = VerifyKey::ephemeral(&SystemRandom::default());
        drop(Store::open_sqlite(&path, &key).unwrap());
        let database = rusqlite::Connection::open(&path).unwrap();
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = database.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let mut known: Vec<_> = SEALED.iter().map(|sealed| sealed.table.to_owned()).collect();
        known.sort();
        let with_mac = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                        WHERE m.type = 'table' AND c.name = 'mac' ORDER BY m.name";
        assert_eq!(known, texts(with_mac));
        for Sealed { table, key, .. } in SEALED {
            let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk");
            assert_eq!(texts(&sql), *key, "{table}");
        }
    }
}
