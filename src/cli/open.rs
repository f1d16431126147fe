//! Configuration, keys and database, opened for a command.

use super::admin::Session;
use super::error::CliError;
use super::output::{Output, note};
use super::{Global, environment};
use crate::config::{Config, Database, LiveSettings, TokenAlgorithm, TokenKeyHeader};
use crate::domain::time::Clock;
use crate::issuers::Issuers;
use crate::keys::{KeyDirectory, KeyHeader, KeyRing, SigningAlgorithm};
use crate::password::{Hasher, Settings};
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::ledger::Ledger;
use crate::service::throttle::Throttle;
use crate::store::Store;
use crate::system::{SystemClock, SystemRandom};
use std::path::Path;
use std::sync::Arc;

/// Reads the configuration.
pub(super) fn configuration(global: &Global) -> Result<(Config, LiveSettings), CliError> {
    Ok(LiveSettings::load(global.config.as_deref(), environment())?)
}

/// Opens the key directory, making it on first use.
pub(super) fn keys(config: &Config) -> Result<KeyDirectory, CliError> {
    let (clock, random) = (SystemClock, SystemRandom::default());
    Ok(KeyDirectory::open_or_create(&config.storage.keys_dir, algorithm(config), &clock, &random)?)
}

/// What new signing keys are to be.
pub(super) fn algorithm(config: &Config) -> SigningAlgorithm {
    match config.tokens.algorithm {
        TokenAlgorithm::Es256 => SigningAlgorithm::Es256,
        TokenAlgorithm::Rs256 => SigningAlgorithm::Rs256,
        TokenAlgorithm::EdDsa => SigningAlgorithm::EdDsa,
    }
}

/// Opens the signing keys.
pub(super) fn ring(config: &Config, directory: KeyDirectory) -> Result<KeyRing, CliError> {
    let header = match config.tokens.key_header {
        TokenKeyHeader::X5c => KeyHeader::X5c,
        TokenKeyHeader::Kid => KeyHeader::Kid,
    };
    Ok(KeyRing::open(directory, header, SystemClock.now())?)
}

/// The file of the database.
pub(super) fn database(config: &Config) -> &Path {
    let Database::Sqlite(path) = &config.storage.database;
    path
}

/// Starts the threads that hash passwords.
pub(super) fn hasher(config: &Config) -> Result<Hasher, CliError> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let settings = Settings {
        threads: count(config.passwords.threads),
        queue: count(config.passwords.queue),
        ..Settings::default()
    };
    Hasher::new(settings, Arc::new(SystemRandom::default()))
        .map_err(|error| CliError::Unavailable(format!("ARGON2_THREADS: cannot start threads: {error}")))
}

/// Opens everything, making keys and database on first use.
pub(super) fn app(config: Config, live: LiveSettings, hasher: Hasher) -> Result<App, CliError> {
    let directory = keys(&config)?;
    let symmetric = directory.symmetric()?;
    let path = database(&config);
    let store = Store::open_sqlite(path, &symmetric.verify)
        .map_err(|error| CliError::Unavailable(format!("DATABASE_URL sqlite:{}: {error}", path.display())))?;
    let issuers = Issuers::new(&config.federation)
        .map_err(|error| CliError::Setting(format!("FEDERATION_CA_CERTIFICATES: {error}")))?;
    Ok(App {
        ring: ring(&config, directory)?,
        config,
        live,
        store,
        keys: symmetric,
        hasher,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        ledger: Ledger::default(),
        throttle: Throttle::new(&SystemRandom::default()),
        issuers,
    })
}

/// Opens an installation that is there already: a command run in the wrong directory must not make a second one.
pub(super) fn session(global: &Global) -> Result<Session, CliError> {
    let (config, live) = configuration(global)?;
    let path = database(&config);
    if !path.exists() {
        return Err(CliError::Unavailable(format!(
            "there is no database at {} (DATABASE_URL): run `dockpass init` to make one, or name the configuration of \
             your installation with --config",
            path.display()
        )));
    }
    begin(global, config, live)
}

/// As [`session`], for what comes first in an installation: it begins one where there is none, and says so.
pub(super) fn first_session(global: &Global) -> Result<Session, CliError> {
    let (config, live) = configuration(global)?;
    let path = database(&config);
    if !path.exists() {
        note(&format!(
            "A new installation begins: {} and {}",
            path.display(),
            config.storage.keys_dir.display()
        ));
    }
    begin(global, config, live)
}

fn begin(global: &Global, config: Config, live: LiveSettings) -> Result<Session, CliError> {
    for warning in &config.warnings {
        note(&format!("warning: {warning}"));
    }
    let hasher = hasher(&config)?;
    Ok(Session { app: app(config, live, hasher)?, actor: actor(), out: Output::new(global.output) })
}

/// The command line as an actor: whoever can read the key files has every right already.
pub(super) fn actor() -> Actor {
    let id = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Actor::operator(user_name(&users, id).unwrap_or(&id.to_string()))
}

/// The name that belongs to a user id, in the format of `/etc/passwd`. Environment variables could say anything.
fn user_name(users: &str, id: u32) -> Option<&str> {
    let id = id.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_id() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nci:x:1000:1000::/:/bin/sh\n";
        assert_eq!(user_name(users, 1000), Some("ci"));
        assert_eq!(user_name(users, 0), Some("root"));
        assert_eq!(user_name(users, 1), None);
    }
}
