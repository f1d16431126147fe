//! A whole dockpass in a temporary directory, driven without a socket.

use super::answer::Answer;
use super::counting::{Counting, Counts};
use super::watch::{Drawn, Place, Watch};
use super::{TestClock, TestRandom, conformity};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dockpass::config::LiveSettings;
use dockpass::domain::credential::Secret;
use dockpass::domain::name::{RepositoryName, RobotName};
use dockpass::domain::permission::{Role, TeamRole, Visibility};
use dockpass::http::api::PREFIX;
use dockpass::http::body::RequestBody;
use dockpass::http::dispatch::Dispatch;
use dockpass::http::reply::Body;
use dockpass::http::server::Connection;
use dockpass::issuers::Issuers;
use dockpass::keys::{KeyDirectory, KeyHeader, KeyRing, SigningAlgorithm};
use dockpass::password::{Hasher, Settings};
use dockpass::service::actor::Actor;
use dockpass::service::ledger::Ledger;
use dockpass::service::robots::NewRobot;
use dockpass::service::throttle::Throttle;
use dockpass::service::{App, organizations, permissions, repositories, robots, teams, users};
use dockpass::store::audit::EventFilter;
use dockpass::store::sqlite::Sqlite;
use dockpass::store::{Store, StoreError};
use dockpass::telemetry::Metrics;
use hyper::{Request, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A whole dockpass. Its clock stands at [`super::START`].
pub(crate) struct Installation {
    pub(crate) app: Arc<App>,
    pub(crate) dispatch: Dispatch,
    clock: Arc<TestClock>,
    actor: Actor,
    directory: tempfile::TempDir,
    counts: Arc<Counts>,
    metrics: Arc<Metrics>,
    watch: Watch,
}

/// When it goes, no secret may be found in what it leaves.
impl Drop for Installation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.watch.left(Place::Metrics, "metrics", self.metrics.encode().into_bytes());
        self.watch.finish(self.directory.path());
    }
}

/// Opens what is in `directory`, with the database at `database`.
fn open(
    directory: &Path,
    database: &Path,
    clock: Arc<TestClock>,
    metrics: &Arc<Metrics>,
    counts: &Arc<Counts>,
    watch: &Watch,
) -> Result<App, StoreError> {
    let random = Arc::new(Drawn { random: TestRandom::new(7), watch: watch.clone() });
    let environment: BTreeMap<String, String> = BTreeMap::new();
    let file = directory.join("config.yaml");
    let (config, live) = LiveSettings::load(Some(&file), Arc::new(environment)).unwrap();
    let keys = KeyDirectory::open_or_create(
        &directory.join("keys"),
        SigningAlgorithm::Es256,
        clock.as_ref(),
        random.as_ref(),
    );
    let keys = keys.unwrap();
    let symmetric = keys.symmetric().unwrap();
    let engine = Counting { engine: Sqlite::open(database)?, counts: counts.clone() };
    let store = Store::new(Box::new(engine), &symmetric.verify)?.observed(metrics.clone());
    // As a server does from its start.
    store.maintain()?;
    let throttle = Throttle::new(random.as_ref());
    let issuers = Issuers::new(&config.federation).unwrap();
    // On a machine that does much else, hashing may wait longer than a client would.
    let deadline = Duration::from_mins(1);
    let settings = Settings { threads: 2, queue: 64, deadline, ..Settings::default() };
    Ok(App {
        config,
        live,
        store,
        keys: symmetric,
        ring: KeyRing::open(keys, KeyHeader::X5c, super::START).unwrap(),
        hasher: Hasher::new(settings, random.clone()).unwrap(),
        clock,
        random,
        ledger: Ledger::default(),
        throttle,
        issuers,
    })
}

impl Installation {
    /// Starts with the text of a `config.yaml`.
    pub(crate) fn new(config: &str) -> Self {
        Self::prepared(config, |_| {})
    }

    /// As [`Self::new`], in a directory where `prepare` has put something before.
    pub(crate) fn prepared(config: &str, prepare: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        prepare(directory.path());
        let clock = Arc::new(TestClock::default());
        std::fs::write(directory.path().join("config.yaml"), config).unwrap();
        let metrics = Arc::new(Metrics::new());
        let database = directory.path().join("dockpass.db");
        let counts = Arc::default();
        let watch = Watch::in_this_process();
        let app = open(directory.path(), &database, clock.clone(), &metrics, &counts, &watch);
        let app = Arc::new(app.unwrap());
        let dispatch = Dispatch::new(app.clone(), metrics.clone());
        let actor = Actor::operator("test");
        Self { app, dispatch, clock, actor, directory, counts, metrics, watch }
    }

    /// A secret that was given out otherwise than by an answer: it must not be found when this goes, either.
    pub(crate) fn kept(&self, secret: &str) -> String {
        self.watch.secret("secret", secret.as_bytes());
        secret.to_owned()
    }

    /// The secrets that must not be found when this goes.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// A file beside the database.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The same configuration and keys on another database file.
    pub(crate) fn on_database(&self, path: &Path) -> Result<Arc<App>, StoreError> {
        let metrics = Arc::new(Metrics::new());
        open(self.directory.path(), path, self.clock.clone(), &metrics, &self.counts, &self.watch)
            .map(Arc::new)
    }

    /// How many statements were sent to the database so far.
    pub(crate) fn statements(&self) -> u64 {
        self.counts.statements.load(Ordering::Relaxed)
    }

    /// How many rows the database gave so far.
    pub(crate) fn rows(&self) -> u64 {
        self.counts.rows.load(Ordering::Relaxed)
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Makes a user with the address `NAME@example.com` and the password `NAME's-password`.
    pub(crate) fn user(&self, name: &str) {
        let password = Secret::new(format!("{name}'s-password"));
        self.watch.secret("password", password.expose().as_bytes());
        users::create(&self.app, &self.actor, name, Some(&format!("{name}@example.com")), &password).unwrap();
    }

    /// Makes an organization.
    pub(crate) fn organization(&self, name: &str) {
        organizations::create(&self.app, &self.actor, name, None).unwrap();
    }

    /// Switches a user or an organization off.
    pub(crate) fn disable(&self, name: &str) {
        organizations::set_enabled(&self.app, &self.actor, name, false).unwrap();
    }

    /// Switches a user, an organization or a robot on again.
    pub(crate) fn enable(&self, name: &str) {
        organizations::set_enabled(&self.app, &self.actor, name, true).unwrap();
    }

    /// Makes a team.
    pub(crate) fn team(&self, organization: &str, name: &str, role: &str) {
        let role = TeamRole::parse(role).unwrap();
        teams::put(&self.app, &self.actor, organization, name, role, None).unwrap();
    }

    /// Puts a user or robot into a team.
    pub(crate) fn member(&self, organization: &str, team: &str, member: &str) {
        teams::add_member(&self.app, &self.actor, organization, team, member).unwrap();
    }

    /// Takes a user or robot out of a team.
    pub(crate) fn leave(&self, organization: &str, team: &str, member: &str) {
        teams::remove_member(&self.app, &self.actor, organization, team, member).unwrap();
    }

    /// Makes a repository.
    pub(crate) fn repository(&self, name: &str, visibility: &str) {
        let name = RepositoryName::parse(name).unwrap();
        let visibility = Visibility::parse(visibility).unwrap();
        repositories::create(&self.app, &self.actor, &name, visibility, "").unwrap();
    }

    /// Deletes a repository's record.
    pub(crate) fn delete_repository(&self, name: &str) {
        repositories::delete(&self.app, &self.actor, &RepositoryName::parse(name).unwrap()).unwrap();
    }

    /// Makes a robot and tells its secret.
    pub(crate) fn robot(&self, full_name: &str) -> String {
        let name = RobotName::parse(full_name).unwrap();
        let namespace = name.namespace();
        let made =
            robots::create(&self.app, &self.actor, namespace.as_str(), name.short(), &NewRobot::default());
        let secret = made.unwrap().1.expose().to_owned();
        self.watch.secret("robot's secret", secret.as_bytes());
        secret
    }

    /// Makes a robot together with its organization.
    pub(crate) fn robot_in(&self, organization: &str, full_name: &str) -> String {
        self.organization(organization);
        self.robot(full_name)
    }

    /// Gives a robot a new secret.
    pub(crate) fn regenerate(&self, full_name: &str) -> String {
        let name = RobotName::parse(full_name).unwrap();
        let made = robots::regenerate(&self.app, &self.actor, name.namespace().as_str(), name.short());
        let secret = made.unwrap().1.expose().to_owned();
        self.watch.secret("robot's secret", secret.as_bytes());
        secret
    }

    /// Deletes a robot.
    pub(crate) fn delete_robot(&self, full_name: &str) {
        let name = RobotName::parse(full_name).unwrap();
        robots::delete(&self.app, &self.actor, name.namespace().as_str(), name.short()).unwrap();
    }

    /// Grants a user or robot a role.
    pub(crate) fn grant(&self, repository: &str, account: &str, role: &str) {
        let name = RepositoryName::parse(repository).unwrap();
        permissions::set(&self.app, &self.actor, &name, account, Role::parse(role).unwrap()).unwrap();
    }

    /// Takes a user's or robot's grant back.
    pub(crate) fn ungrant(&self, repository: &str, account: &str) {
        let name = RepositoryName::parse(repository).unwrap();
        permissions::unset(&self.app, &self.actor, &name, account).unwrap();
    }

    /// Grants a team a role.
    pub(crate) fn grant_team(&self, repository: &str, team: &str, role: &str) {
        let name = RepositoryName::parse(repository).unwrap();
        permissions::set_team(&self.app, &self.actor, &name, team, Role::parse(role).unwrap()).unwrap();
    }

    /// Appends to the configuration file and has it read again.
    pub(crate) fn reconfigure(&self, lines: &str) {
        let file = self.directory.path().join("config.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text + lines).unwrap();
        self.app.live.reload().unwrap();
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("dockpass.db")
    }

    /// Replaces the configuration file and has it read again.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.directory.path().join("config.yaml"), text).unwrap();
        self.app.live.reload().unwrap();
    }

    /// How many rows each table has.
    pub(crate) fn row_counts(&self) -> Vec<(String, i64)> {
        let database = rusqlite::Connection::open(self.database()).unwrap();
        let mut tables =
            database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
        let names: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let count = |name: String| {
            let rows =
                database.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0)).unwrap();
            (name, rows)
        };
        names.into_iter().map(count).collect()
    }

    /// The metadata of every event of a kind, oldest first.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let read = self.app.store.read("test", |tx| tx.events(&EventFilter::default(), 1000));
        let events = read.unwrap();
        events.into_iter().rev().filter(|event| event.kind == kind).map(|event| event.metadata).collect()
    }

    /// Sends a request from 192.0.2.1; the body of the answer has not been read yet.
    pub(crate) async fn begin(
        &self,
        method: &str,
        path: &str,
        basic: Option<(&str, &str)>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((username, password)) = basic {
            let encoded = STANDARD.encode(format!("{username}:{password}"));
            request = request.header("authorization", format!("Basic {encoded}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = request.headers_ref().unwrap().iter();
        let sent = sent.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        self.watch.sent(path, sent, body.as_bytes());
        let request = request.body(RequestBody::from(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let connection = Connection::new(SocketAddr::from(([192, 0, 2, 1], 4711)), false);
        self.dispatch.handle(Box::new(request), connection).await
    }

    /// Sends a request from 192.0.2.1. What is answered must be as the OpenAPI document tells, where it does.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        basic: Option<(&str, &str)>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = Answer::read(self.begin(method, path, basic, headers, body).await).await;
        let came = answer.headers.iter();
        let came = came.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        self.watch.answered(&format!("{method} {path}"), answer.status, came, &answer.body);
        let document = self.document().await;
        if let Err(wrong) = conformity::check(document, method, path, &answer) {
            panic!("{method} {path} against the OpenAPI document: {wrong}");
        }
        answer
    }

    /// The OpenAPI document, which is the same for every installation.
    async fn document(&self) -> &'static Value {
        static DOCUMENT: OnceLock<Value> = OnceLock::new();
        if let Some(document) = DOCUMENT.get() {
            return document;
        }
        let path = format!("{PREFIX}/openapi.json");
        let read = Answer::read(self.begin("GET", &path, None, &[], "").await).await.json();
        DOCUMENT.get_or_init(|| read)
    }

    /// Sends a `GET`.
    pub(crate) async fn get(&self, path: &str, basic: Option<(&str, &str)>) -> Answer {
        self.send("GET", path, basic, &[], "").await
    }
}
