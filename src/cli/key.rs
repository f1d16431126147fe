//! `dockpass key`: the signing keys, whose changes a running server notices within a second, and the key that rows are sealed
//! with.

use super::error::CliError;
use super::output::{Output, note};
use super::prompt::Consent;
use super::{Global, open};
use crate::config::{Config, TokenKeyHeader};
use crate::domain::time::{Clock, Timestamp};
use crate::keys::{KeyDirectory, KeyState, PublishedKey, SigningKeyId};
use crate::service::app_tokens;
use crate::store::audit::Event;
use crate::store::reseal::{Reseal, ResealError, Resealed};
use crate::store::{Store, StoreError};
use crate::system::{SystemClock, SystemRandom};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// List the signing keys.
    #[command(visible_alias = "ls")]
    List,
    /// Make a new key and sign with it. Tokens made with the old one stay valid until they expire.
    Rotate {
        /// Only publish the new key: for registries that are given keys by id (TOKEN_KEY_HEADER: kid) and must learn it
        /// before it signs. `dockpass key activate` then lets it sign.
        #[arg(long)]
        stage: bool,
    },
    /// Sign with this key from now on: one that was staged, or an earlier one.
    Activate {
        /// Its id, as `key list` shows it, or the beginning of it.
        id: String,
    },
    /// Seal every row of the database with a new verify key, after the old one became known to others. Stop the server, move
    /// `verify.key` out of KEYS_DIR, and give the file that it is now with --old; a new key is made in its place. Every row is
    /// checked with the old key first; a row that was forged with it cannot be told from a genuine one, so look through grants and
    /// teams if others could write to the database. OAuth access tokens end, since only their bearers know them; robots, passwords and
    /// sessions go on.
    Reseal {
        /// The file that holds the old verify key.
        #[arg(long, value_name = "FILE")]
        old: PathBuf,
        /// Go on although rows do not carry a valid MAC of the old key. They stay as they are now: ignored.
        #[arg(long)]
        skip_altered: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Remove the keys that no valid token needs any more.
    Prune,
    /// Forget a key at once, also while tokens made with it are valid: for one that was stolen.
    Withdraw {
        /// Its id, as `key list` shows it, or the beginning of it.
        id: String,
        #[command(flatten)]
        consent: Consent,
    },
}

impl Key {
    pub(super) fn run(self, global: &Global, out: Output) -> Result<(), CliError> {
        let (config, _) = open::configuration(global)?;
        let (directory, now) = (open::keys(&config)?, SystemClock.now());
        match self {
            Self::List => {
                let published = directory.published(now)?;
                let columns = [
                    ("ID", "id"),
                    ("STATE", "state"),
                    ("ALGORITHM", "algorithm"),
                    ("CREATED", "created_at"),
                    ("SINCE", "since"),
                    ("VERIFIES", "verifies"),
                ];
                out.list(&columns, published.keys().iter().map(|key| view(key, now)).collect())
            }
            Self::Rotate { stage: false } => {
                let id = directory.rotate(open::algorithm(&config), now)?;
                record(&config, &directory, "service_key_rotate", &id);
                out.done(
                    &format!("Key {id} signs now.{}", registries(&config)),
                    &json!({ "id": id.as_str() }),
                )
            }
            Self::Rotate { stage: true } => {
                let id = directory.publish(open::algorithm(&config), now)?;
                record(&config, &directory, "service_key_create", &id);
                let message = format!(
                    "Key {id} is published and does not sign yet.{}\nThen: dockpass key activate {id}",
                    registries(&config)
                );
                out.done(&message, &json!({ "id": id.as_str() }))
            }
            Self::Activate { id } => {
                let id = find(&directory, &id, now)?;
                directory.activate(&id, now)?;
                record(&config, &directory, "service_key_rotate", &id);
                out.done(&format!("Key {id} signs now."), &json!({ "id": id.as_str() }))
            }
            Self::Reseal { old, skip_altered, consent } => {
                let done = reseal(&config, &directory, &old, skip_altered, consent)?;
                out.done(
                    &summary(&done),
                    &json!({
                        "rows": done.rows, "altered": done.altered,
                        "access_tokens": done.access_tokens, "app_tokens": done.app_tokens,
                    }),
                )
            }
            Self::Prune => {
                let ids = |directory: &KeyDirectory| {
                    let published = directory.published(now)?;
                    let ids = published.keys().iter().map(|key| key.entry().id().clone());
                    Ok::<Vec<_>, CliError>(ids.collect())
                };
                let before = ids(&directory)?;
                directory.prune(now)?;
                let left = ids(&directory)?;
                for gone in before.iter().filter(|id| !left.contains(id)) {
                    record(&config, &directory, "service_key_delete", gone);
                }
                let left = left.len();
                out.done(&format!("Keys left: {left}."), &json!({ "left": left }))
            }
            Self::Withdraw { id, consent } => {
                let id = find(&directory, &id, now)?;
                consent.require(&format!("Forget key {id} and destroy it?"))?;
                directory.withdraw(&id)?;
                record(&config, &directory, "service_key_delete", &id);
                let message = format!(
                    "Key {id} is gone. Registries that trust the root certificate still accept tokens made with a stolen copy: \
                     replace the root too, as the documentation of KEYS_DIR says."
                );
                out.done(&message, &json!({ "withdrawn": id.as_str() }))
            }
        }
    }
}

/// Replaces the key that rows are sealed with.
fn reseal(
    config: &Config,
    directory: &KeyDirectory,
    old: &Path,
    skip_altered: bool,
    consent: Consent,
) -> Result<Resealed, CliError> {
    let path = open::database(config);
    if !path.exists() {
        return Err(CliError::Unavailable(format!(
            "there is no database at {} (DATABASE_URL)",
            path.display()
        )));
    }
    let given = KeyDirectory::read_verify_key(old)?;
    consent
        .require("Seal every row with another key? The server must not run, and OAuth access tokens end.")?;
    let new = directory.renew_verify_key(&SystemClock, &SystemRandom::default())?;
    if new.id() == given.id() {
        return Err(CliError::Usage(format!(
            "{} still holds the old verify key: move it away first, and a new one is made",
            config.storage.keys_dir.display()
        )));
    }
    let seal = directory.symmetric()?.seal;
    let reseal = Reseal {
        old: &given,
        new: &new,
        skip_altered,
        redigest: &|key, uuid, sealed| app_tokens::redigest(&seal, key, uuid, sealed),
        origin: &open::actor().origin,
        now: SystemClock.now(),
    };
    reseal.sqlite(path).map_err(|error| match error {
        ResealError::Store(error) => error.into(),
        ResealError::Already(_) | ResealError::OtherKey { .. } => CliError::Failed(error.to_string()),
        ResealError::Altered(_) => CliError::Failed(format!(
            "{error}\nNo row was changed. With --skip-altered they stay ignored and the others are sealed; to go back instead, put \
             the old verify.key into KEYS_DIR again."
        )),
    })
}

fn summary(done: &Resealed) -> String {
    let Resealed { rows, altered, access_tokens, app_tokens } = done;
    let ignored =
        if altered.is_empty() { String::new() } else { format!("\nStill ignored: {}.", altered.join("; ")) };
    format!(
        "{rows} rows are sealed with the new verify key. Ended: {access_tokens} OAuth access tokens, {app_tokens} \
         application-specific tokens that were kept without a copy.{ignored}\nStart the server again; destroy the old key."
    )
}

/// Writes an audit event about a signing key. The key matters more than the trail: one that was stolen must go although the
/// database is lost, so a trail that cannot be written is told of and no failure.
fn record(config: &Config, directory: &KeyDirectory, kind: &str, id: &SigningKeyId) {
    let path = open::database(config);
    let written = || {
        if !path.exists() {
            return Err(CliError::Unavailable(format!("there is no database at {}", path.display())));
        }
        let store = Store::open_sqlite(path, &directory.symmetric()?.verify)?;
        let metadata = json!({ "kid": id.as_str(), "service": config.tokens.issuer });
        let event = Event { kind, namespace: None, repository: None, robot: None, metadata };
        store.write::<_, StoreError>("record key event", |tx| {
            tx.record(&open::actor().origin, &event, SystemClock.now())
        })?;
        Ok(())
    };
    if let Err(error) = written() {
        note(&format!("warning: the audit trail does not tell of this ({kind} {id}): {error}"));
    }
}

/// What has to be done for registries to know a new key.
fn registries(config: &Config) -> &'static str {
    match config.tokens.key_header {
        TokenKeyHeader::X5c => "",
        TokenKeyHeader::Kid => {
            " Registries are given keys by id: write the files of `dockpass registry-config --write` again and restart each \
             registry."
        }
    }
}

fn find(directory: &KeyDirectory, start: &str, now: Timestamp) -> Result<SigningKeyId, CliError> {
    let published = directory.published(now)?;
    let ids = published.keys().iter().map(|key| key.entry().id());
    let mut found = ids.filter(|id| id.as_str().starts_with(start) && !start.is_empty());
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.clone()),
        (None, _) => {
            Err(CliError::NotFound(format!("No key has the id {start}; `dockpass key list` lists them")))
        }
        (Some(_), Some(_)) => {
            Err(CliError::Usage(format!("Several ids begin with {start}; give more of it")))
        }
    }
}

fn view(key: &PublishedKey, now: Timestamp) -> Value {
    let entry = key.entry();
    json!({
        "id": entry.id().as_str(),
        "state": match entry.state() {
            KeyState::Published => "published",
            KeyState::Signing => "signing",
            KeyState::Retired => "retired",
        },
        "algorithm": key.algorithm().name(),
        "created_at": entry.created().rfc3339(),
        "since": entry.since().rfc3339(),
        "verifies": entry.verifies(now),
    })
}
