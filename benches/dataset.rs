//! Installations of any size, written through the store as the service would: every row with its MAC, every robot with
//! its verifier and sealed secret. Only the argon2 hash is one that nothing matches, the same for all: no login
//! of a robot with a verifier reads it, and a million would take hours.

use crate::installation;
use crate::request::Login;
use dockpass::domain::caller::AccountId;
use dockpass::domain::credential::RobotSecret;
use dockpass::domain::permission::{Role, Visibility};
use dockpass::domain::random::Random;
use dockpass::service::App;
use dockpass::store::accounts::{Account, AccountKind, NewAccount};
use dockpass::store::permissions::Grantee;
use dockpass::store::repositories::RepositoryId;
use dockpass::store::robots::SecretRecord;
use dockpass::store::{StoreError, Tx};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Robots in one organization.
const ROBOTS: usize = 1000;
/// Organizations written in one transaction.
const AT_ONCE: usize = 10;
/// Goes up when data sets of the same shape come out differently.
const VERSION: u32 = 1;

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct Shape {
    /// Robots.
    #[arg(long, default_value_t = 1000)]
    pub robots: usize,
    /// Repositories.
    #[arg(long, default_value_t = 100)]
    pub repositories: usize,
    /// Grants, spread evenly over the robots.
    #[arg(long, default_value_t = 10_000)]
    pub grants: usize,
    /// Repositories of one further organization, whose robot `wide+all` is granted all of them.
    #[arg(long, default_value_t = 0)]
    pub wide: usize,
}

impl Shape {
    pub const SMALL: Self = Self { robots: 1000, repositories: 100, grants: 10_000, wide: 0 };
    pub const LARGE: Self = Self { robots: 1_000_000, repositories: 100_000, grants: 10_000_000, wide: 0 };

    fn organizations(self) -> usize {
        self.robots.div_ceil(ROBOTS)
    }

    fn repositories_each(self) -> usize {
        self.repositories / self.organizations().max(1)
    }

    fn grants_each(self) -> usize {
        (self.grants / self.robots.max(1)).min(self.repositories_each())
    }

    /// The login of a robot and a repository that it may write to.
    pub fn robot(self, number: usize) -> (Login, String) {
        let organization = organization(number / ROBOTS);
        let repository = self.granted(number % ROBOTS).next().unwrap_or_default();
        let name = format!("{organization}+{}", robot(number % ROBOTS));
        (login(name, number as u64), format!("{organization}/{}", application(repository)))
    }

    /// Robots drawn evenly from all, so that neither caches nor neighbours help.
    pub fn some_robots(self, count: usize) -> impl Iterator<Item = (Login, String)> {
        let random = Repeatable::new(99);
        (0..count).map(move |_| self.robot(random.below(self.robots)))
    }

    /// The repositories of a robot, by their number within the organization.
    fn granted(self, robot: usize) -> impl Iterator<Item = usize> {
        let (each, of) = (self.grants_each(), self.repositories_each());
        (0..each).map(move |number| (robot * each + number) % of)
    }
}

fn organization(number: usize) -> String {
    format!("org{number:05}")
}

fn robot(number: usize) -> String {
    format!("robot{number:04}")
}

/// The path of a repository within its organization.
pub fn application(number: usize) -> String {
    format!("app{number:06}")
}

/// A robot of the organization `wide`: `one` has one grant, `all` has all.
pub fn wide(short: &str) -> Login {
    let seed = if short == "all" { u64::MAX } else { u64::MAX - 1 };
    login(format!("wide+{short}"), seed)
}

fn login(name: String, seed: u64) -> Login {
    Login { name, secret: RobotSecret::generate(&Repeatable::new(seed)).expose().to_owned() }
}

/// SplitMix64: the same secrets in every run, so that clients need no list of them.
struct Repeatable(AtomicU64);

impl Repeatable {
    fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x5851_f42d_4c95_7f2d)))
    }

    fn word(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&self, bound: usize) -> usize {
        (self.word() % bound.max(1) as u64) as usize
    }
}

impl Random for Repeatable {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Writes a data set below `directory` (`data/`, `keys/`), unless that was done before. Tells how long it took.
pub fn write(directory: &Path, shape: Shape) -> Option<Duration> {
    let mark = directory.join("complete");
    // A data set that an older version of this program or of the schema wrote is of no use.
    let expected = format!("{VERSION} {shape:?}\n{}", include_str!("../schema.sql"));
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == expected) {
        return None;
    }
    for part in ["data", "keys"] {
        let _ = std::fs::remove_dir_all(directory.join(part));
    }
    std::fs::create_dir_all(directory).unwrap();
    let started = Instant::now();
    let app = installation::open(directory);
    let organizations: Vec<usize> = (0..shape.organizations()).collect();
    for some in organizations.chunks(AT_ONCE) {
        let written: Result<(), StoreError> = app.store.write("data set", |tx| {
            some.iter().try_for_each(|number| write_organization(&app, tx, shape, *number))
        });
        written.unwrap();
    }
    if shape.wide > 0 {
        app.store.write("data set", |tx| write_wide(&app, tx, shape.wide)).unwrap();
    }
    drop(app);
    std::fs::write(mark, expected).unwrap();
    Some(started.elapsed())
}

fn write_organization(app: &App, tx: &mut Tx<'_>, shape: Shape, number: usize) -> Result<(), StoreError> {
    let first = number * ROBOTS;
    let repositories = Namespace::write(app, tx, &organization(number), shape.repositories_each())?;
    for index in 0..ROBOTS.min(shape.robots - first) {
        let (login, _) = shape.robot(first + index);
        repositories.write_robot(app, tx, &login, shape.granted(index))?;
    }
    Ok(())
}

/// Adds so many robots to an organization that is there, each with a grant on the only repository.
pub fn fill(app: &App, organization: &Account, robots: usize) {
    let filled: Result<(), StoreError> = app.store.write("data set", |tx| {
        let namespace = Namespace::fill(app, tx, organization.id, 1)?;
        (0..robots).try_for_each(|number| {
            let login = login(format!("{}+{}", organization.name, robot(number)), number as u64);
            namespace.write_robot(app, tx, &login, 0..1)
        })
    });
    filled.unwrap();
}

fn write_wide(app: &App, tx: &mut Tx<'_>, count: usize) -> Result<(), StoreError> {
    let repositories = Namespace::write(app, tx, "wide", count)?;
    repositories.write_robot(app, tx, &wide("one"), 0..1)?;
    repositories.write_robot(app, tx, &wide("all"), 0..count)
}

struct Namespace {
    id: AccountId,
    repositories: Vec<RepositoryId>,
}

impl Namespace {
    fn write(app: &App, tx: &mut Tx<'_>, name: &str, count: usize) -> Result<Self, StoreError> {
        let now = app.now();
        let account =
            NewAccount { kind: AccountKind::Organization, name, owner: None, email: None, created_at: now };
        let id = tx.insert_account(&account)?.id;
        Self::fill(app, tx, id, count)
    }

    /// Makes repositories in a namespace that is there.
    fn fill(app: &App, tx: &mut Tx<'_>, id: AccountId, count: usize) -> Result<Self, StoreError> {
        let now = app.now();
        let insert = |number| {
            let name = application(number);
            tx.insert_repository(id, &name, Visibility::Private, "", now).map(|repository| repository.id)
        };
        Ok(Self { id, repositories: (0..count).map(insert).collect::<Result<_, _>>()? })
    }

    fn write_robot(
        &self,
        app: &App,
        tx: &mut Tx<'_>,
        login: &Login,
        granted: impl Iterator<Item = usize>,
    ) -> Result<(), StoreError> {
        let now = app.now();
        let account = NewAccount {
            kind: AccountKind::Robot,
            name: &login.name,
            owner: Some(self.id),
            email: None,
            created_at: now,
        };
        let id = tx.insert_account(&account)?.id;
        tx.insert_robot(id, "", "{}")?;
        let record = SecretRecord {
            generation: 1,
            hash: app.hasher.dummy().to_owned(),
            verifier: Some(app.keys.verify.verifier(id, 1, &login.secret).to_vec()),
            sealed: app.keys.seal.seal(id, 1, &login.secret, app.random.as_ref()),
            created_at: now,
            expires_at: None,
        };
        tx.replace_secret(id, &record)?;
        for number in granted {
            tx.grant(Grantee::Account(id), self.repositories[number], Role::Write)?;
        }
        Ok(())
    }
}
