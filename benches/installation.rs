//! An installation in a directory, without a server around it.

use dockpass::config::{Config, LiveSettings, RobotPolicy};
use dockpass::domain::name::RepositoryName;
use dockpass::domain::permission::{Role, Visibility};
use dockpass::issuers::Issuers;
use dockpass::keys::{KeyDirectory, KeyHeader, KeyRing, SigningAlgorithm};
use dockpass::password::{Hasher, Settings};
use dockpass::service::actor::Actor;
use dockpass::service::ledger::Ledger;
use dockpass::service::robots::NewRobot;
use dockpass::service::throttle::Throttle;
use dockpass::service::{App, organizations, permissions, repositories, robots};
use dockpass::store::Store;
use dockpass::system::{SystemClock, SystemRandom};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Opens (or makes) an installation.
pub fn open(directory: &Path) -> Arc<App> {
    let config = Config::parse(None, &BTreeMap::<String, String>::new()).unwrap();
    let random = Arc::new(SystemRandom::default());
    let keys = KeyDirectory::open_or_create(
        &directory.join("keys"),
        SigningAlgorithm::Es256,
        &SystemClock,
        random.as_ref(),
    )
    .unwrap();
    let symmetric = keys.symmetric().unwrap();
    let store = Store::open_sqlite(&directory.join("data/dockpass.db"), &symmetric.verify).unwrap();
    let issuers = Issuers::new(&config.federation).unwrap();
    let throttle = Throttle::new(random.as_ref());
    Arc::new(App {
        live: LiveSettings::fixed(RobotPolicy::new(&config)),
        config,
        store,
        keys: symmetric,
        ring: KeyRing::open(keys, KeyHeader::X5c, dockpass::domain::time::Clock::now(&SystemClock)).unwrap(),
        hasher: Hasher::new(Settings::default(), random.clone()).unwrap(),
        clock: Arc::new(SystemClock),
        random,
        ledger: Ledger::default(),
        throttle,
        issuers,
    })
}

/// One organization with forty repositories and one robot that may write to them; tells its secret.
pub fn small(app: &App) -> String {
    let actor = Actor::operator("bench");
    organizations::create(app, &actor, "acme", None).unwrap();
    let (_, secret) = robots::create(app, &actor, "acme", "ci", &NewRobot::default()).unwrap();
    for number in 0..40 {
        let name = RepositoryName::parse(&format!("acme/app{number}")).unwrap();
        repositories::create(app, &actor, &name, Visibility::Private, "").unwrap();
        permissions::set(app, &actor, &name, "acme+ci", Role::Write).unwrap();
    }
    secret.expose().to_owned()
}
