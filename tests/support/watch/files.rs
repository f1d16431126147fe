//! What lies in the directory of an installation.

use super::{Place, Watch};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dockpass::store::engine::Engine as _;
use dockpass::store::sqlite::Sqlite;
use rusqlite::types::ValueRef;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Where the private key begins in the usual forms of its file, and how long it is: P-256, P-384, Ed25519.
const PRIVATE: [(&[u8], usize); 3] =
    [(&[2, 1, 1, 4, 0x20], 32), (&[2, 1, 1, 4, 0x30], 48), (&[4, 0x22, 4, 0x20], 32)];

/// Where the tests have their databases.
const DATABASES: [&str; 2] = ["dockpass.db", "data/dockpass.db"];

impl Watch {
    /// A copy of the database, and the audit trail as somebody reads it. A test may have done anything to its database: what
    /// cannot be read is looked into as a file.
    pub(super) fn copies(&self, directory: &Path) {
        let copy = directory.join("canaries.db");
        for database in DATABASES.iter().map(|name| directory.join(name)).filter(|path| path.is_file()) {
            let made = Sqlite::open(&database).and_then(|engine| engine.backup(&copy));
            let audit = made.ok().and_then(|()| audit(&copy).ok());
            self.left(Place::Audit, "audit trail", audit.unwrap_or_default().into_bytes());
        }
    }

    /// Takes the keys in a directory for secrets, and everything else for what is left behind.
    pub(super) fn files(&self, directory: &Path) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                self.files(&path);
            } else if kind.is_file()
                && let Ok(bytes) = fs::read(&path)
            {
                let text = String::from_utf8_lossy(&bytes);
                if text.contains("PRIVATE KEY") || text.lines().any(|line| line.starts_with("key: ")) {
                    self.key_file(&name, &text);
                } else {
                    self.left(Place::File, &name, bytes);
                }
            }
        }
    }

    fn key_file(&self, name: &str, text: &str) {
        if let Some(key) = text.lines().find_map(|line| line.strip_prefix("key: ")) {
            self.secret(name, &STANDARD.decode(key.trim()).unwrap_or_default());
        }
        for key in text.split("-----BEGIN ").filter_map(|part| part.split_once("PRIVATE KEY-----")) {
            let lines = key.1.lines().take_while(|line| !line.starts_with("-----"));
            let der = STANDARD.decode(lines.collect::<String>()).unwrap_or_default();
            let at = |mark: &[u8]| der.windows(mark.len()).position(|window| window == mark);
            let found = PRIVATE.iter().find_map(|(mark, length)| {
                let from = at(mark)? + mark.len();
                der.get(from..from + length)
            });
            // Of an RSA key the last number is as private as the others.
            self.secret(name, found.unwrap_or(&der[der.len().saturating_sub(64)..]));
        }
    }
}

fn audit(database: &Path) -> rusqlite::Result<String> {
    let database = rusqlite::Connection::open(database)?;
    let mut statement = database.prepare("SELECT * FROM audit_event")?;
    let (columns, mut text) = (statement.column_count(), String::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => text += &String::from_utf8_lossy(bytes),
                other => write!(text, "{other:?}").unwrap(),
            }
            text.push(' ');
        }
    }
    Ok(text)
}
