//! Somebody has the database, or a backup of it, but not the keys.

use super::{access_token, acme, app_token, signed_in};
use crate::support::{Excuse, Installation};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dockpass::service::oauth::authenticate_bearer;
use dockpass::service::sessions::{SessionId, authenticate};
use rusqlite::types::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

/// Bytes as hexadecimal digits, each byte behind `mark`.
fn written(bytes: &[u8], mark: &str) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{mark}{byte:02x}");
        text
    })
}

/// Every text and blob of a database that is long enough to be a secret, by itself and in the forms that a secret may take.
fn loot(installation: &Installation) -> BTreeSet<String> {
    let database = rusqlite::Connection::open(installation.database()).unwrap();
    let mut found = BTreeSet::new();
    for (table, _) in installation.row_counts() {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let bytes = match row.get(column).unwrap() {
                    Value::Text(text) => {
                        found.insert(text.clone());
                        text.into_bytes()
                    }
                    Value::Blob(bytes) => bytes,
                    _ => continue,
                };
                let hex = written(&bytes, "");
                found.extend([
                    hex.to_uppercase(),
                    hex,
                    STANDARD.encode(&bytes),
                    URL_SAFE_NO_PAD.encode(&bytes),
                ]);
            }
        }
    }
    found.retain(|text| (16..=512).contains(&text.len()) && !text.contains(['\n', '\r', '\0']));
    found
}

#[tokio::test]
async fn nothing_that_the_database_holds_is_a_credential() {
    // The most that is ever stored: secrets that can be shown again.
    let (installation, secret) = acme("ROBOT_TOKEN_DISPLAY: always\nTOKEN_REFRESH: true\n");
    installation.watch().excuse(Excuse::TriesWhatIsStored);
    let token = access_token(&installation, "alice", "repo:read org:admin user:admin").await;
    let app = app_token(&installation, "alice").await;
    let session = signed_in(&installation, "alice").await.id.expose().to_owned();
    let refresh = "/token?offline_token=true&service=registry.example&client_id=x";
    assert_eq!(installation.get(refresh, Some(("acme+ci", &secret))).await.status, 200);
    let loot = loot(&installation);
    println!("{} texts that are stored", loot.len());
    assert!(loot.len() > 100, "{}", loot.len());
    for given in [&secret, &token, &app, &session] {
        assert!(!loot.iter().any(|text| text.contains(given.as_str())), "a credential is stored as it is");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for text in &loot {
        // Guesses of this test must not be taken for an attack.
        installation.advance(60);
        // A person's password is not among what was made here; what is stored of it is a slow hash, tried once.
        let names = if text.starts_with("$argon2") {
            &["acme+ci", "alice"][..]
        } else {
            &["acme+ci", "$app", "$oauthtoken"]
        };
        for name in names {
            let answer = installation.get("/token", Some((name, text))).await;
            assert_eq!(answer.status, 401, "{text} as the password of {name}");
        }
        let encoded = written(text.as_bytes(), "%");
        let body =
            format!("grant_type=refresh_token&client_id=x&service=registry.example&refresh_token={encoded}");
        let answer = installation.send("POST", "/token", None, &form, &body).await;
        assert!((400..500).contains(&answer.status), "{text} as a refresh token: {}", answer.text());
        assert!(authenticate_bearer(&installation.app, text).is_err(), "{text} as a bearer");
        let session = SessionId::parse(text).map(|id| authenticate(&installation.app, &id).unwrap());
        assert!(session.flatten().is_none(), "{text} as a session");
    }
}

#[test]
fn what_was_deleted_or_replaced_is_no_longer_in_the_file() {
    let (installation, _) = acme("ROBOT_TOKEN_DISPLAY: always\n");
    installation.robot("acme+gone");
    let stored = || -> Vec<Vec<u8>> {
        let database = rusqlite::Connection::open(installation.database()).unwrap();
        let sql = "SELECT verifier, hash, sealed FROM robot_secret";
        let mut statement = database.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..3 {
                match row.get(column).unwrap() {
                    Value::Blob(bytes) => found.push(bytes),
                    Value::Text(text) => found.push(text.into_bytes()),
                    _ => {}
                }
            }
        }
        found
    };
    let old = stored();
    assert!(old.len() >= 4, "{}", old.len());
    installation.delete_robot("acme+gone");
    installation.regenerate("acme+ci");
    let new = stored();
    let copy = installation.path("copy.db");
    installation.app.store.backup(&copy).unwrap();
    // What the log still holds goes away when it is next written into the file.
    let database = rusqlite::Connection::open(installation.database()).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for file in [copy, installation.database()] {
        let bytes = fs::read(&file).unwrap();
        let holds = |value: &Vec<u8>| bytes.windows(value.len()).any(|window| window == value.as_slice());
        assert!(new.iter().all(holds), "the search finds what is there");
        assert!(!old.iter().filter(|value| !new.contains(value)).any(holds), "{}", file.display());
    }
}
