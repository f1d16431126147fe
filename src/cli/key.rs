//! `dockpass key`: the signing keys. A running server notices every change within a second.

use super::error::CliError;
use super::output::Output;
use super::prompt::Consent;
use super::{Global, open};
use crate::config::{Config, TokenKeyHeader};
use crate::domain::time::{Clock, Timestamp};
use crate::keys::{KeyDirectory, KeyState, PublishedKey, SigningKeyId};
use crate::system::SystemClock;
use clap::Subcommand;
use serde_json::{Value, json};

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
                out.done(
                    &format!("Key {id} signs now.{}", registries(&config)),
                    &json!({ "id": id.as_str() }),
                )
            }
            Self::Rotate { stage: true } => {
                let id = directory.publish(open::algorithm(&config), now)?;
                let message = format!(
                    "Key {id} is published and does not sign yet.{}\nThen: dockpass key activate {id}",
                    registries(&config)
                );
                out.done(&message, &json!({ "id": id.as_str() }))
            }
            Self::Activate { id } => {
                let id = find(&directory, &id, now)?;
                directory.activate(&id, now)?;
                out.done(&format!("Key {id} signs now."), &json!({ "id": id.as_str() }))
            }
            Self::Prune => {
                directory.prune(now)?;
                let left = directory.published(now)?.keys().len();
                out.done(&format!("Keys left: {left}."), &json!({ "left": left }))
            }
            Self::Withdraw { id, consent } => {
                let id = find(&directory, &id, now)?;
                consent.require(&format!("Forget key {id} and destroy it?"))?;
                directory.withdraw(&id)?;
                let message = format!(
                    "Key {id} is gone. Registries that trust the root certificate still accept tokens made with a stolen copy: \
                     replace the root too, as the documentation of KEYS_DIR says."
                );
                out.done(&message, &json!({ "withdrawn": id.as_str() }))
            }
        }
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
