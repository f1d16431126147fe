//! Robots: made, shown, given a new secret, deleted.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::grants::{Grants, Holder};
use super::listing;
use super::repositories::find_namespace;
use crate::config::RobotTokenDisplay;
use crate::domain::caller::{AccountId, Identity};
use crate::domain::credential::{RobotSecret, Secret};
use crate::domain::name::{NameError, Namespace, RobotName, ShortName};
use crate::domain::permission::{Role, TeamRole};
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind, NewAccount};
use crate::store::audit::Event;
use crate::store::default_permissions::DefaultPermission;
use crate::store::permissions::Grantee;
use crate::store::robots::{Robot, SecretRecord};
use serde_json::{Map, Value, json};

/// Most characters of a robot's description.
pub const MAX_DESCRIPTION: usize = 255;
/// Most bytes of the JSON object that clients may keep with a robot; Quay's code promises this bound.
pub const MAX_METADATA: usize = 1024;
/// What Quay answers for a robot that is not there. Clients read it as "absent".
pub const NOT_FOUND: &str = "Could not find robot with specified username";
/// How Quay's text begins for a robot that is there already; clients match on it.
pub const EXISTING: &str = "Existing robot with name";

/// What a new robot starts with; all of it is written in one transaction with the robot.
#[derive(Clone, Debug, Default)]
pub struct NewRobot {
    /// What people are told about it, at most [`MAX_DESCRIPTION`] characters.
    pub description: String,
    /// A JSON object that clients keep with it, at most [`MAX_METADATA`] bytes.
    pub metadata: Map<String, Value>,
    /// Teams of its organization to join.
    pub teams: Vec<String>,
    /// A team of its organization that is made with it and that it joins: name and description.
    pub new_team: Option<(String, String)>,
    /// Repositories of its namespace (the path below it) and the role on each.
    pub repositories: Vec<(String, Role)>,
    /// What it is granted on every repository that is made in its organization from now on.
    pub default_permission: Option<Role>,
}

/// Reads the two parts of a robot's name, with Quay's text for a bad one.
pub fn parse_name(namespace: &str, short: &str) -> Result<RobotName, ServiceError> {
    let invalid = |error: NameError| {
        ServiceError::Invalid(format!("The name for the robot '{short}' is invalid: Namespace {error}"))
    };
    let short_name = ShortName::parse(short).map_err(invalid)?;
    let namespace = Namespace::parse(namespace).map_err(|_| ServiceError::Refused(NOT_FOUND.to_owned()))?;
    Ok(RobotName::new(&namespace, &short_name))
}

/// The owner of `namespace`, if the actor administers it. A namespace that is not there is as closed as a foreign one, but
/// super-users are told.
pub(super) fn administered(
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &str,
    mode: Mode,
) -> Result<Account, ServiceError> {
    match find_namespace(tx, namespace)? {
        Some(owner) => {
            actor.require_admin(tx, &owner, mode)?;
            let own = |identity: &&Identity| identity.id == owner.id;
            match actor.identity().filter(own) {
                Some(identity) if mode == Mode::Write && identity.privilege.restricted => {
                    Err(ServiceError::Forbidden)
                }
                _ => Ok(owner),
            }
        }
        None if actor.is_super_user(mode) => {
            Err(ServiceError::Refused(format!("Organization does not exist: {namespace}")))
        }
        None => Err(actor.refusal()),
    }
}

pub(super) fn find(tx: &mut Tx<'_>, owner: &Account, short: &str) -> Result<Robot, ServiceError> {
    let robot =
        tx.robot(&format!("{}+{short}", owner.name))?.filter(|robot| robot.account.owner == Some(owner.id));
    robot.ok_or_else(|| ServiceError::Refused(NOT_FOUND.to_owned()))
}

/// Makes a robot and tells its secret.
pub fn create(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
    new: &NewRobot,
) -> Result<(Robot, Secret), ServiceError> {
    // Who may not create learns nothing else, and no hash is computed for them.
    app.store.read("create robot", |tx| administered(tx, actor, namespace, Mode::Write).map(drop))?;
    if app.live.robots().is_disallowed() {
        return Err(ServiceError::RobotsDisallowed);
    }
    let name = parse_name(namespace, short)?;
    check_texts(new)?;
    let secret = RobotSecret::generate(app.random.as_ref());
    let hash = app.hasher.hash_secret_blocking(secret.expose())?;
    let robot = app.store.write("create robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        if tx.account_by_name(name.as_str())?.is_some() {
            return Err(ServiceError::Invalid(format!("{EXISTING}: {name}")));
        }
        let account = tx.insert_account(&NewAccount {
            kind: AccountKind::Robot,
            name: name.as_str(),
            owner: Some(owner.id),
            email: None,
            created_at: app.now(),
        })?;
        let metadata = Value::Object(new.metadata.clone()).to_string();
        tx.insert_robot(account.id, &new.description, &metadata)?;
        tx.replace_secret(account.id, &record(app, account.id, 1, &secret, &hash))?;
        let event = Event {
            kind: "create_robot",
            namespace: Some(owner.id),
            repository: None,
            robot: Some(account.id),
            metadata: json!({
                "robot": short,
                "description": new.description,
                "unstructured_metadata": new.metadata,
            }),
        };
        actor.record(app, tx, &event)?;
        equip(app, tx, actor, &owner, &account, new)?;
        Ok(Robot { account, description: new.description.clone(), metadata })
    })?;
    Ok((robot, Secret::new(secret.expose())))
}

fn check_texts(new: &NewRobot) -> Result<(), ServiceError> {
    if new.description.chars().count() > MAX_DESCRIPTION {
        return Err(ServiceError::Invalid(format!("'{}' is too long", new.description)));
    }
    if Value::Object(new.metadata.clone()).to_string().len() > MAX_METADATA {
        return Err(ServiceError::Invalid(format!(
            "unstructured_metadata is longer than {MAX_METADATA} bytes"
        )));
    }
    Ok(())
}

/// Gives a new robot its teams, grants and default permission.
fn equip(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    owner: &Account,
    robot: &Account,
    new: &NewRobot,
) -> Result<(), ServiceError> {
    if let Some((name, description)) = &new.new_team {
        // It gives nothing but what it is granted.
        super::teams::create_in(app, tx, actor, owner, name, TeamRole::Member, description)?;
    }
    let joined = new.teams.iter().chain(new.new_team.as_ref().map(|(name, _)| name));
    for name in joined {
        super::teams::add_member_in(app, tx, actor, owner, name, robot)?;
    }
    for (path, role) in &new.repositories {
        super::permissions::set_in(app, tx, actor, owner, path, robot, *role)?;
    }
    if let Some(role) = new.default_permission {
        if owner.kind != AccountKind::Organization {
            let refusal = "Default permissions exist in organizations only";
            return Err(ServiceError::Invalid(refusal.to_owned()));
        }
        let rule = DefaultPermission {
            uuid: new_uuid(app),
            organization: owner.id,
            activating: None,
            delegate: Grantee::Account(robot.id),
            role,
        };
        tx.put_default_permission(&rule)?;
        let event = Event {
            kind: "create_prototype_permission",
            namespace: Some(owner.id),
            repository: None,
            robot: Some(robot.id),
            metadata: json!({ "delegate_user": robot.name, "role": role.as_str(), "prototypeid": rule.uuid }),
        };
        actor.record(app, tx, &event)?;
    }
    Ok(())
}

/// A random UUID (RFC 9562 version 4), as Quay names default permissions, tokens and the like.
pub(super) fn new_uuid(app: &App) -> String {
    let mut bytes = [0_u8; 16];
    app.random.fill(&mut bytes);
    let number = (u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// What is stored of a secret: its slow hash, its verifier and, if it may be shown again, its sealed copy.
fn record(app: &App, robot: AccountId, generation: i64, secret: &RobotSecret, hash: &str) -> SecretRecord {
    let shown_again = app.config.robots.token_display == RobotTokenDisplay::Always;
    SecretRecord {
        generation,
        hash: hash.to_owned(),
        verifier: Some(app.keys.verify.verifier(robot, generation, secret.expose()).to_vec()),
        sealed: shown_again
            .then(|| app.keys.seal.seal(robot, generation, secret.expose(), app.random.as_ref()))
            .flatten(),
        created_at: app.now(),
        expires_at: None,
    }
}

/// The secret in clear, if it is kept so that it can be shown again and the seal is whole.
pub(super) fn unseal(app: &App, robot: AccountId, record: Option<&SecretRecord>) -> Option<Secret> {
    let record = record.filter(|_| app.config.robots.token_display == RobotTokenDisplay::Always)?;
    let sealed = record.sealed.as_deref()?;
    let opened = app.keys.seal.open(robot, record.generation, sealed).ok()?;
    Some(Secret::new(opened.as_str()))
}

/// A robot and, for those who administer its namespace, its secret (if that can be shown again).
pub fn get(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<(Robot, Option<Secret>), ServiceError> {
    app.store.read("robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        // Read-only super-users see everything but secrets.
        let secret = if actor.administers(tx, &owner, Mode::Write)? {
            let record = tx.secret(robot.account.id)?;
            unseal(app, robot.account.id, record.as_ref())
        } else {
            None
        };
        Ok((robot, secret))
    })
}

/// Fails when `namespace` is a user's name that the actor administers: some of Quay's routes for organizations take those,
/// others say this.
pub fn require_organization(app: &App, actor: &Actor, namespace: &str) -> Result<(), ServiceError> {
    app.store.read("organization", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        if owner.kind == AccountKind::Organization {
            return Ok(());
        }
        Err(ServiceError::Refused(format!("Organization does not exist: {namespace}")))
    })
}

/// Gives a robot a new secret. The old one is wrong from the moment this returns.
pub fn regenerate(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<(Robot, Secret), ServiceError> {
    app.store.read("regenerate robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        find(tx, &owner, short).map(drop)
    })?;
    let secret = RobotSecret::generate(app.random.as_ref());
    let hash = app.hasher.hash_secret_blocking(secret.expose())?;
    let robot = app.store.write("regenerate robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        let robot = find(tx, &owner, short)?;
        let id = robot.account.id;
        let generation = tx.secret(id)?.map_or(1, |secret| secret.generation.saturating_add(1));
        tx.replace_secret(id, &record(app, id, generation, &secret, &hash))?;
        let event = Event {
            kind: "regenerate_robot_token",
            namespace: Some(owner.id),
            repository: None,
            robot: Some(id),
            metadata: json!({ "robot": short }),
        };
        actor.record(app, tx, &event)?;
        Ok::<_, ServiceError>(robot)
    })?;
    Ok((robot, Secret::new(secret.expose())))
}

/// Deletes a robot with its grants, memberships, default permissions and federation.
pub fn delete(app: &App, actor: &Actor, namespace: &str, short: &str) -> Result<(), ServiceError> {
    app.store.write("delete robot", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Write)?;
        delete_in(app, tx, actor, &owner, short)
    })
}

/// As [`delete`], inside a transaction whose actor is known to administer the namespace.
pub(super) fn delete_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    owner: &Account,
    short: &str,
) -> Result<(), ServiceError> {
    let robot = find(tx, owner, short)?;
    if tx.is_mirroring(robot.account.id)? {
        return Err(ServiceError::Invalid("Robot is being used by a mirror".to_owned()));
    }
    tx.delete_account(robot.account.id)?;
    let event = Event {
        kind: "delete_robot",
        namespace: Some(owner.id),
        repository: None,
        robot: Some(robot.account.id),
        metadata: json!({ "robot": short }),
    };
    Ok(actor.record(app, tx, &event)?)
}

/// What a robot was granted directly: repositories by name, each with its role.
pub fn permissions(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<Vec<(crate::store::repositories::Repository, Role)>, ServiceError> {
    let holder = Holder::Robot(namespace.to_owned(), short.to_owned());
    listing::all(app, actor, Grants::begin(app, actor, holder)?)
}

/// The teams that a robot sits in, by name.
pub fn teams(
    app: &App,
    actor: &Actor,
    namespace: &str,
    short: &str,
) -> Result<Vec<crate::store::teams::Team>, ServiceError> {
    app.store.read("robot teams", |tx| {
        let owner = administered(tx, actor, namespace, Mode::Read)?;
        let robot = find(tx, &owner, short)?;
        Ok(tx.teams_of(robot.account.id)?)
    })
}
