//! Repositories: registered by people or by a first push, listed, changed, forgotten.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::organizations;
use crate::domain::caller::{AccountId, Caller, Identity};
use crate::domain::decide::{Authority, Creation, Facts, Granted, decide};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::{RepositoryState, Role, Visibility};
use crate::domain::scope::{Actions, Requested};
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::{Event, Origin};
use crate::store::permissions::Grantee;
use crate::store::repositories::{Repository, RepositoryId};
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Finds a namespace and the repository below it.
pub(super) fn find(
    tx: &mut Tx<'_>,
    name: &RepositoryName,
) -> Result<Option<(Account, Repository)>, StoreError> {
    let Some(namespace) = find_namespace(tx, name.namespace().as_str())? else { return Ok(None) };
    Ok(tx.repository(namespace.id, name.name())?.map(|repository| (namespace, repository)))
}

/// Finds a user or an organization by its exact name.
pub(super) fn find_namespace(tx: &mut Tx<'_>, name: &str) -> Result<Option<Account>, StoreError> {
    Ok(tx.account_by_name(name)?.filter(Account::is_namespace))
}

/// Reads a repository's name as people write it, `namespace/path`.
pub fn parse_name(text: &str) -> Result<RepositoryName, ServiceError> {
    RepositoryName::parse(text)
        .ok_or_else(|| ServiceError::Invalid(format!("Invalid repository name: {text}")))
}

/// Makes a repository.
pub fn create(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    visibility: Visibility,
    description: &str,
) -> Result<Repository, ServiceError> {
    app.store.write("create repository", |tx| {
        actor.require_scope(OAuthScope::RepoCreate)?;
        let Some(namespace) = find_namespace(tx, name.namespace().as_str())? else {
            return Err(actor.refusal());
        };
        if actor.authority(tx, &namespace, Mode::Write)? == Authority::None {
            return Err(actor.refusal());
        }
        if tx.repository(namespace.id, name.name())?.is_some() {
            return Err(ServiceError::Invalid("Repository already exists".to_owned()));
        }
        let creator = actor.identity().map(|identity| identity.id);
        let plan = Plan { namespace: &namespace, name, visibility, description, creator };
        plan.carry_out(app, tx, &actor.origin)
    })
}

/// A repository about to be registered.
struct Plan<'a> {
    namespace: &'a Account,
    name: &'a RepositoryName,
    visibility: Visibility,
    description: &'a str,
    creator: Option<AccountId>,
}

impl Plan<'_> {
    /// Registers the repository with the grants that come with it: its creator administers it, and in an organization the
    /// default permissions apply. A rule for the creator beats a general one for the same delegate.
    fn carry_out(&self, app: &App, tx: &mut Tx<'_>, origin: &Origin) -> Result<Repository, ServiceError> {
        let (namespace, now) = (self.namespace, app.now());
        if let Some(until) = tx.retired_until(&self.name.to_string(), now)? {
            return Err(ServiceError::Retired { name: self.name.to_string(), until });
        }
        let repository =
            tx.insert_repository(namespace.id, self.name.name(), self.visibility, self.description, now)?;
        if namespace.kind == AccountKind::Organization {
            let mut rules = tx.default_permissions(namespace.id)?;
            rules.retain(|rule| rule.activating.is_none() || rule.activating == self.creator);
            rules.sort_by_key(|rule| rule.activating.is_some());
            for rule in rules {
                tx.grant(rule.delegate, repository.id, rule.role)?;
            }
        }
        if let Some(creator) = self.creator.filter(|creator| *creator != namespace.id) {
            tx.grant(Grantee::Account(creator), repository.id, Role::Admin)?;
        }
        let event = Event {
            kind: "create_repo",
            namespace: Some(namespace.id),
            repository: Some(repository.id),
            robot: None,
            metadata: json!({ "repo": self.name.name(), "namespace": namespace.name }),
        };
        tx.record(origin, &event, now)?;
        Ok(repository)
    }
}

/// Registers what a push brings into being and decides anew on what is stored then.
pub(super) fn register_pushed(
    app: &App,
    tx: &mut Tx<'_>,
    identity: &Identity,
    origin: &Origin,
    requested: &[Requested],
    creations: &[Creation],
) -> Result<Granted, ServiceError> {
    let actor = Actor::account(identity.clone(), origin.clone());
    let visibility =
        if app.config.repositories.create_private_on_push { Visibility::Private } else { Visibility::Public };
    for creation in creations {
        if creation.with_namespace {
            make_namespace(app, tx, &actor, creation.repository.namespace())?;
        }
        let Some(namespace) = find_namespace(tx, creation.repository.namespace().as_str())? else { continue };
        if tx.repository(namespace.id, creation.repository.name())?.is_some() {
            continue;
        }
        let plan = Plan {
            namespace: &namespace,
            name: &creation.repository,
            visibility,
            description: "",
            creator: Some(identity.id),
        };
        match plan.carry_out(app, tx, &actor.origin) {
            Ok(_) => {}
            // The name is not to be had yet: the registry will refuse the push, for nothing is granted on it.
            Err(ServiceError::Retired { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    decide_registered(tx, identity, requested)
}

/// Decides on stored repositories only: nothing is left to be created.
fn decide_registered(
    tx: &mut Tx<'_>,
    identity: &Identity,
    requested: &[Requested],
) -> Result<Granted, ServiceError> {
    let teams = tx.teams_of(identity.id)?;
    let mut facts = Vec::new();
    for request in requested {
        if let crate::domain::scope::Resource::Repository(name) = &request.resource {
            let mut stored = tx.facts(Some(identity.id), &teams, None, name)?;
            if stored.repository.is_none() && request.actions.contains(Actions::PUSH) {
                // Could not be registered (its name is retired): nobody is granted anything on it.
                stored = Facts::default();
            }
            facts.push((name.clone(), stored));
        }
    }
    let caller = Caller::Account(identity.clone());
    let policy = crate::domain::decide::Policy { create_namespace_on_push: false };
    Ok(decide(&caller, requested, policy, |name| {
        facts.iter().find(|(known, _)| known == name).map_or_else(Facts::default, |(_, facts)| *facts)
    }))
}

/// Makes the organization that a push names, unless somebody was faster or its name is not to be had yet.
fn make_namespace(app: &App, tx: &mut Tx<'_>, actor: &Actor, name: &Namespace) -> Result<(), ServiceError> {
    let name = name.as_str();
    if tx.account_by_name(name)?.is_none() && tx.retired_until(name, app.now())?.is_none() {
        organizations::create_in(app, tx, actor, name, None)?;
    }
    Ok(())
}

/// Changes a repository by `change`, for which the actor needs the role `needed`, `Write` or `Admin`. `change` tells
/// the event's kind and metadata.
fn change(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    needed: Role,
    mut change: impl FnMut(
        &mut Tx<'_>,
        &Account,
        &mut Repository,
    ) -> Result<(&'static str, serde_json::Value), ServiceError>,
) -> Result<Repository, ServiceError> {
    app.store.write("change repository", |tx| {
        let Some((namespace, mut repository)) = find(tx, name)? else {
            let scopes: &[_] = if needed == Role::Admin { &ADMIN } else { &WRITE };
            return Err(missing(tx, actor, name, Mode::Write, scopes)?);
        };
        if needed == Role::Admin {
            actor.require_repository_admin(tx, &namespace, &repository, Mode::Write)?;
        } else {
            actor.require_repository_write(tx, &namespace, &repository)?;
        }
        let (kind, mut metadata) = change(tx, &namespace, &mut repository)?;
        tx.update_repository(&repository)?;
        if let Some(members) = metadata.as_object_mut() {
            members.insert("repo".to_owned(), json!(repository.name));
            members.insert("namespace".to_owned(), json!(namespace.name));
        }
        let event = Event {
            kind,
            namespace: Some(namespace.id),
            repository: Some(repository.id),
            robot: None,
            metadata,
        };
        actor.record(app, tx, &event)?;
        Ok(repository)
    })
}

/// The scopes any of which lets an access token read, change or administer a repository.
const READ: [OAuthScope; 3] = [OAuthScope::RepoRead, OAuthScope::RepoWrite, OAuthScope::RepoAdmin];
const WRITE: [OAuthScope; 2] = [OAuthScope::RepoWrite, OAuthScope::RepoAdmin];
pub(super) const ADMIN: [OAuthScope; 1] = [OAuthScope::RepoAdmin];

/// What is answered for a missing repository: only those whom one that is there would have let in are told that it is missing,
/// or the difference between the two answers would tell everybody else which repositories exist.
pub(super) fn missing(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &RepositoryName,
    mode: Mode,
    scopes: &[OAuthScope],
) -> Result<ServiceError, StoreError> {
    let reaches = scopes.iter().any(|scope| actor.require_scope(*scope).is_ok());
    let told = match find_namespace(tx, name.namespace().as_str())? {
        Some(namespace) => actor.authority(tx, &namespace, mode)? == Authority::Admin,
        None => actor.is_super_user(mode),
    };
    Ok(if reaches && told {
        ServiceError::NotFound(format!("Repository does not exist: {name}"))
    } else {
        actor.refusal()
    })
}

/// Sets who may pull without a grant.
pub fn set_visibility(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    visibility: Visibility,
) -> Result<Repository, ServiceError> {
    change(app, actor, name, Role::Admin, |_, _, repository| {
        repository.visibility = visibility;
        Ok(("change_repo_visibility", json!({ "visibility": visibility.as_str() })))
    })
}

/// Sets what people are told about a repository; whoever may push to it may describe it.
pub fn set_description(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    description: &str,
) -> Result<Repository, ServiceError> {
    change(app, actor, name, Role::Write, |_, _, repository| {
        description.clone_into(&mut repository.description);
        Ok(("set_repo_description", json!({ "description": description })))
    })
}

/// Sets what may be written; for `MIRROR` also by which robot of the same namespace.
pub fn set_state(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    state: RepositoryState,
    mirror_robot: Option<&str>,
) -> Result<Repository, ServiceError> {
    change(app, actor, name, Role::Admin, |tx, namespace, repository| {
        repository.mirror_robot = match mirror_robot {
            None => None,
            Some(full) => {
                let robot = tx.account_by_name(full)?.filter(|robot| robot.owner == Some(namespace.id));
                let unknown = || ServiceError::Invalid(format!("Invalid robot for mirroring: {full}"));
                Some(robot.ok_or_else(unknown)?.id)
            }
        };
        repository.state = state;
        Ok(("change_repo_state", json!({ "state_changed": state.as_str() })))
    })
}

/// Forgets a repository and its grants. What the registry stores under the name stays there, so the name stays closed
/// until the tokens issued for it have expired.
pub fn delete(app: &App, actor: &Actor, name: &RepositoryName) -> Result<(), ServiceError> {
    app.store.write("delete repository", |tx| {
        let Some((namespace, repository)) = find(tx, name)? else {
            return Err(missing(tx, actor, name, Mode::Write, &ADMIN)?);
        };
        actor.require_repository_admin(tx, &namespace, &repository, Mode::Write)?;
        tx.delete_repository(repository.id)?;
        tx.retire_name(&name.to_string(), app.retirement())?;
        let event = Event {
            kind: "delete_repo",
            namespace: Some(namespace.id),
            repository: Some(repository.id),
            robot: None,
            metadata: json!({ "repo": repository.name, "namespace": namespace.name }),
        };
        actor.record(app, tx, &event)?;
        Ok(())
    })
}

/// One repository that the actor may see, with its namespace.
pub fn get(app: &App, actor: &Actor, name: &RepositoryName) -> Result<(Account, Repository), ServiceError> {
    app.store.read("repository", |tx| {
        let Some((namespace, repository)) = find(tx, name)? else {
            return Err(missing(tx, actor, name, Mode::Read, &READ)?);
        };
        if actor.may_read(tx, &namespace, &repository)? {
            Ok((namespace, repository))
        } else {
            Err(actor.refusal())
        }
    })
}

/// The repositories of a namespace that the actor may see, by name, after the name `after`; at most `limit`.
pub fn list(
    app: &App,
    actor: &Actor,
    namespace: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<Repository>, ServiceError> {
    app.store.read("repositories", |tx| {
        let Some(namespace) = find_namespace(tx, namespace)? else { return Ok(Vec::new()) };
        let (mut seen, mut after) = (Vec::new(), after.to_owned());
        let readable = actor.readable(tx, &namespace)?;
        while seen.len() < limit {
            let page = tx.repositories(namespace.id, &after, 1000)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            let wanted = limit - seen.len();
            seen.extend(page.into_iter().filter(|repository| readable.holds(repository)).take(wanted));
        }
        Ok(seen)
    })
}

/// Public repositories of all namespaces in the order of their making, after the one with id `after`; at most `limit`.
pub fn list_public(
    app: &App,
    after: RepositoryId,
    limit: usize,
) -> Result<Vec<(Account, Repository)>, ServiceError> {
    app.store.read("public repositories", |tx| Ok(tx.public_repositories(after, limit)?))
}

/// A repository with what the actor may do to it.
#[derive(Clone, Debug)]
pub struct View {
    /// Its namespace.
    pub namespace: Account,
    /// The repository.
    pub repository: Repository,
    /// Whether the actor may push to it and describe it.
    pub writes: bool,
    /// Whether the actor may change who may do what.
    pub administers: bool,
    /// How long deleted tags of the namespace are kept, in seconds, as it was set.
    pub tag_expiration: i64,
}

/// One repository that the actor may see.
pub fn view(app: &App, actor: &Actor, name: &RepositoryName) -> Result<View, ServiceError> {
    app.store.read("repository", |tx| {
        let Some((namespace, repository)) = find(tx, name)? else {
            return Err(missing(tx, actor, name, Mode::Read, &READ)?);
        };
        if !actor.may_read(tx, &namespace, &repository)? {
            return Err(actor.refusal());
        }
        let role = actor.role(tx, &namespace, &repository, Mode::Write)?;
        let administers = role == Some(Role::Admin) && actor.require_scope(OAuthScope::RepoAdmin).is_ok();
        let scoped = administers || actor.require_scope(OAuthScope::RepoWrite).is_ok();
        let writes = scoped && role >= Some(Role::Write);
        let tag_expiration = tx.namespace_settings(namespace.id)?.tag_expiration;
        Ok(View { namespace, repository, writes, administers, tag_expiration })
    })
}
