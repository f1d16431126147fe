//! Databases of every released schema: each is brought up to date, and then has the schema of a new database, all of its rows,
//! and decides as before. `tests/upgrade/N` holds one as the first release with schema version `N` wrote it, with the keys that
//! belong to it and the answers that it gave.
//!
//! `REGENERATE=1 cargo test --test all upgrade::a_database` writes the one of this schema version anew. Until the version is released,
//! every change of schema.sql does that; from then on the files stay as they are.

mod killed;

use crate::support::{Installation, payload};
use dockpass::domain::permission::Role;
use dockpass::service::actor::Actor;
use dockpass::service::default_permissions::{self, DelegateName};
use dockpass::store::migrate::Plan;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const CONFIG: &str = "SERVER_HOSTNAME: registry.example\n";
/// What goes with a database: rows carry MACs made with the one, tokens that can be shown are sealed with the other.
const KEYS: [&str; 2] = ["verify.key", "seal.key"];

fn directory(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade").join(version.to_string())
}

/// Every table, index and row as statements that make them again.
pub(crate) fn dump(database: &Connection) -> String {
    let all = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut text = String::new();
    let made = "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    for statement in all(made) {
        writeln!(text, "{statement}").unwrap();
    }
    for table in all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") {
        let columns = all(&format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
        let values = columns.join(" || ', ' || ");
        let rows =
            format!("SELECT 'INSERT INTO {table} VALUES (' || {values} || ');' FROM {table} ORDER BY 1");
        for row in all(&rows) {
            writeln!(text, "{row}").unwrap();
        }
    }
    text
}

/// What a schema is made of, whatever statements made it: columns that were added later stand last.
fn structure(database: &Connection) -> Vec<String> {
    let sql = "SELECT 'column', t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden
             FROM sqlite_master t, pragma_table_xinfo(t.name) c WHERE t.type = 'table'
         UNION ALL SELECT 'reference', t.name, f.\"from\", f.\"table\", f.\"to\", f.on_delete, f.on_update, 0
             FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'
         UNION ALL SELECT 'index', t.name, i.name, i.\"unique\", i.partial, x.seqno, x.name, x.\"desc\"
             FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) x
             WHERE t.type = 'table' AND x.key
         UNION ALL SELECT type, name, sql, 0, 0, 0, 0, 0 FROM sqlite_master WHERE type IN ('trigger', 'view')";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        (0..8).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
    });
    let mut lines: Vec<String> = rows.unwrap().map(|row| format!("{:?}", row.unwrap())).collect();
    lines.sort();
    lines
}

/// Something of everything that decides, and the logins that show it.
fn furnish(installation: &Installation) -> Vec<(String, String)> {
    installation.user("alice");
    for organization in ["acme", "off"] {
        installation.organization(organization);
    }
    installation.member("acme", "owners", "alice");
    installation.team("acme", "devs", "member");
    installation.repository("acme/app", "private");
    installation.repository("acme/base", "public");
    installation.repository("acme/gone", "public");
    let rule = DelegateName::Team("devs");
    default_permissions::create(&installation.app, &Actor::operator("test"), "acme", None, rule, Role::Write)
        .unwrap();
    installation.repository("acme/later", "private");
    let mut logins = vec![("alice".to_owned(), "alice's-password".to_owned())];
    for robot in ["acme+ci", "acme+member", "acme+gone", "acme+turned", "off+ci"] {
        logins.push((robot.to_owned(), installation.robot(robot)));
    }
    installation.grant("acme/app", "acme+ci", "write");
    installation.grant("acme/app", "acme+turned", "admin");
    installation.grant_team("acme/base", "devs", "admin");
    installation.member("acme", "devs", "acme+member");
    installation.delete_robot("acme+gone");
    installation.delete_repository("acme/gone");
    logins.push(("acme+turned".to_owned(), installation.regenerate("acme+turned")));
    installation.disable("off");
    logins
}

const SCOPES: &str = "scope=repository:acme/app:pull,push,delete&scope=repository:acme/base:pull,push&\
     scope=repository:acme/later:pull,push&scope=repository:acme/gone:pull";

/// What each login is granted: a list for each scope, or the status of the refusal.
async fn answers(installation: &Installation, logins: &[(String, String)]) -> Vec<Value> {
    let mut answers = Vec::new();
    for (name, secret) in logins {
        let answer = installation.get(&format!("/token?{SCOPES}"), Some((name, secret))).await;
        let token = answer.json()["token"].as_str().map(payload);
        let granted = |claims: Value| {
            claims["access"].as_array().unwrap().iter().map(|one| one["actions"].clone()).collect()
        };
        let told = token.map_or_else(|| json!(answer.status), |claims| Value::Array(granted(claims)));
        answers.push(json!({ "name": name, "secret": secret, "granted": told }));
    }
    answers
}

async fn regenerate() {
    let installation = Installation::new(CONFIG);
    let logins = furnish(&installation);
    let answers = answers(&installation, &logins).await;
    let directory = directory(Plan::CURRENT.version());
    fs::create_dir_all(&directory).unwrap();
    for key in KEYS {
        fs::copy(installation.path("keys").join(key), directory.join(key)).unwrap();
    }
    let text = dump(&Connection::open(installation.database()).unwrap());
    fs::write(directory.join("database.sql"), text).unwrap();
    fs::write(directory.join("answers.json"), serde_json::to_string_pretty(&answers).unwrap() + "\n")
        .unwrap();
}

/// The database of a version, not yet brought up to date, with its keys, in a directory of its own.
pub(crate) fn restore(version: i64, target: &Path) {
    let source = directory(version);
    fs::create_dir_all(target.join("keys")).unwrap();
    fs::set_permissions(target.join("keys"), fs::Permissions::from_mode(0o700)).unwrap();
    for key in KEYS {
        let to = target.join("keys").join(key);
        fs::copy(source.join(key), &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let database = Connection::open(target.join("dockpass.db")).unwrap();
    let text = fs::read_to_string(source.join("database.sql")).unwrap();
    database.execute_batch(&format!("PRAGMA foreign_keys = OFF; BEGIN; {text} COMMIT;")).unwrap();
}

fn count(database: &Connection, table: &str) -> i64 {
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_database_of_every_released_schema_comes_up_to_date_and_decides_as_before() {
    if std::env::var_os("REGENERATE").is_some() {
        regenerate().await;
    }
    let fresh = Installation::new(CONFIG);
    let wanted = structure(&Connection::open(fresh.database()).unwrap());
    for version in 1..=Plan::CURRENT.version() {
        let text = fs::read_to_string(directory(version).join("answers.json"));
        let text =
            text.unwrap_or_else(|error| panic!("there is no database of schema version {version}: {error}"));
        let recorded: Vec<Value> = serde_json::from_str(&text).unwrap();
        let word = |answer: &Value, member: &str| answer[member].as_str().unwrap().to_owned();
        let logins: Vec<_> =
            recorded.iter().map(|answer| (word(answer, "name"), word(answer, "secret"))).collect();
        let mut before = Vec::new();
        let installation = Installation::prepared(CONFIG, |directory| {
            restore(version, directory);
            let database = Connection::open(directory.join("dockpass.db")).unwrap();
            for table in
                ["account", "repository", "repository_permission", "team", "retired_name", "audit_event"]
            {
                before.push((table, count(&database, table)));
            }
        });
        let database = Connection::open(installation.database()).unwrap();
        let found = structure(&database);
        let differs: Vec<_> = found.iter().filter(|line| !wanted.contains(line)).collect();
        let lacks: Vec<_> = wanted.iter().filter(|line| !found.contains(line)).collect();
        assert!(
            differs.is_empty() && lacks.is_empty(),
            "a database of version {version} does not get the schema of a new one: {differs:?} and not {lacks:?}; if schema.sql \
             was changed and version {version} is not released yet, REGENERATE=1 writes tests/upgrade/{version} anew"
        );
        for (table, rows) in before {
            assert_eq!(count(&database, table), rows, "rows of {table}, from version {version}");
        }
        assert_eq!(installation.app.store.check().unwrap(), Vec::<String>::new());
        assert_eq!(answers(&installation, &logins).await, recorded, "from version {version}");
    }
}
