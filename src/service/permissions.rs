//! Grants on repositories to users, robots and teams.

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{self, Ahead, Listing};
use super::repositories::{ADMIN, find};
use crate::domain::caller::AccountId;
use crate::domain::decide::Authority;
use crate::domain::name::RepositoryName;
use crate::domain::permission::Role;
use crate::store::Tx;
use crate::store::access::authority;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::Event;
use crate::store::permissions::Grantee;
use crate::store::repositories::{Repository, RepositoryId};
use crate::store::teams::Team;
use serde_json::json;

/// What Quay answers for a grant that is not there; clients match on it.
pub const NOT_GRANTED: &str = "User does not have permission for repo.";
const TEAM_NOT_GRANTED: &str = "Team does not have permission for repo.";

/// Finds a repository that the actor administers.
pub(super) fn administered(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &RepositoryName,
    mode: Mode,
) -> Result<(Account, Repository), ServiceError> {
    let Some((namespace, repository)) = find(tx, name)? else {
        return Err(super::repositories::missing(tx, actor, name, mode, &ADMIN)?);
    };
    actor.require_repository_admin(tx, &namespace, &repository, mode)?;
    Ok((namespace, repository))
}

/// Finds the user or robot that a grant is for. A robot of another namespace is refused here, as it is everywhere.
fn grantee(tx: &mut Tx<'_>, namespace: &Account, name: &str) -> Result<Account, ServiceError> {
    let account = tx.account_by_name(name)?.filter(|account| account.kind != AccountKind::Organization);
    let account = account.ok_or_else(|| ServiceError::Invalid(format!("Invalid username: {name}")))?;
    check_namespace(namespace, &account)?;
    Ok(account)
}

fn check_namespace(namespace: &Account, account: &Account) -> Result<(), ServiceError> {
    if account.kind == AccountKind::Robot && account.owner != Some(namespace.id) {
        let (robot, namespace) = (&account.name, &namespace.name);
        return Err(ServiceError::Invalid(format!("Cannot add robot {robot} under namespace {namespace}")));
    }
    if account.id == namespace.id {
        return Err(ServiceError::Invalid("Namespace owner must always be admin.".to_owned()));
    }
    Ok(())
}

/// Grants a user or robot exactly `role`.
pub fn set(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    account: &str,
    role: Role,
) -> Result<Account, ServiceError> {
    app.store.write("set permission", |tx| {
        let (namespace, _) = administered(tx, actor, name, Mode::Write)?;
        let account = grantee(tx, &namespace, account)?;
        set_in(app, tx, actor, &namespace, name.name(), &account, role)?;
        Ok(account)
    })
}

/// As [`set`]; tells besides whether the account belongs to the organization, as [`Granted`] does.
pub fn set_with_membership(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    account: &str,
    role: Role,
) -> Result<Granted, ServiceError> {
    app.store.write("set permission", |tx| {
        let (namespace, _) = administered(tx, actor, name, Mode::Write)?;
        let account = grantee(tx, &namespace, account)?;
        set_in(app, tx, actor, &namespace, name.name(), &account, role)?;
        Granted::of(tx, &namespace, account, role)
    })
}

/// As [`set`], inside a transaction whose actor is known to administer the namespace or the repository.
pub(super) fn set_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &Account,
    path: &str,
    account: &Account,
    role: Role,
) -> Result<(), ServiceError> {
    check_namespace(namespace, account)?;
    let missing = || ServiceError::Invalid(format!("Repository does not exist: {}/{path}", namespace.name));
    let repository = tx.repository(namespace.id, path)?.ok_or_else(missing)?;
    tx.grant(Grantee::Account(account.id), repository.id, role)?;
    let grantee = Holder::Account(account);
    Change { namespace, repository: &repository, grantee, role: Some(role) }.record(app, tx, actor)
}

/// A grant that was given (`role`) or taken back (no role), as the audit trail tells it.
struct Change<'a> {
    namespace: &'a Account,
    repository: &'a Repository,
    grantee: Holder<'a>,
    role: Option<Role>,
}

enum Holder<'a> {
    Account(&'a Account),
    Team(&'a Team),
}

impl Change<'_> {
    fn record(&self, app: &App, tx: &mut Tx<'_>, actor: &Actor) -> Result<(), ServiceError> {
        let (member, name, robot) = match self.grantee {
            Holder::Account(account) => {
                let robot = (account.kind == AccountKind::Robot).then_some(account.id);
                ("username", &account.name, robot)
            }
            Holder::Team(team) => ("team", &team.name, None),
        };
        let event = Event {
            kind: if self.role.is_some() { "change_repo_permission" } else { "delete_repo_permission" },
            namespace: Some(self.namespace.id),
            repository: Some(self.repository.id),
            robot,
            metadata: json!({
                member: name,
                "repo": self.repository.name,
                "namespace": self.namespace.name,
                "role": self.role.map(Role::as_str),
            }),
        };
        Ok(actor.record(app, tx, &event)?)
    }
}

/// Takes a grant back from a user or robot.
pub fn unset(app: &App, actor: &Actor, name: &RepositoryName, account: &str) -> Result<(), ServiceError> {
    app.store.write("unset permission", |tx| {
        let (namespace, _) = administered(tx, actor, name, Mode::Write)?;
        let account = tx.account_by_name(account)?.ok_or_else(no_permission)?;
        unset_in(app, tx, actor, &namespace, name.name(), &account)
    })
}

fn no_permission() -> ServiceError {
    ServiceError::Invalid(NOT_GRANTED.to_owned())
}

/// As [`unset`], inside a transaction whose actor is known to administer the namespace or the repository.
pub(super) fn unset_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &Account,
    path: &str,
    account: &Account,
) -> Result<(), ServiceError> {
    let repository = tx.repository(namespace.id, path)?.ok_or_else(no_permission)?;
    if !tx.revoke(Grantee::Account(account.id), repository.id)? {
        return Err(no_permission());
    }
    let grantee = Holder::Account(account);
    Change { namespace, repository: &repository, grantee, role: None }.record(app, tx, actor)
}

/// The users and robots that a repository was granted to directly, all at once.
pub fn list(app: &App, actor: &Actor, name: &RepositoryName) -> Result<Vec<(Account, Role)>, ServiceError> {
    let granted = listing::all(app, actor, Grantees::begin(app, actor, name)?)?;
    Ok(granted.into_iter().map(|granted| (granted.account, granted.role)).collect())
}

/// A user or robot that a repository was granted to directly.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Who.
    pub account: Account,
    /// What it may do.
    pub role: Role,
    /// Whether it belongs to the organization: sits in any team of it, or is one of its robots. `None` when the namespace is a
    /// user's.
    pub is_member: Option<bool>,
}

impl Granted {
    fn of(tx: &mut Tx<'_>, namespace: &Account, account: Account, role: Role) -> Result<Self, ServiceError> {
        let in_team = !tx.teams_of_accounts(namespace.id, &[account.id])?.is_empty();
        Ok(Self { is_member: is_member(namespace, &account, in_team), account, role })
    }
}

/// Whether an account belongs to a namespace, as [`Granted`] tells it.
pub(super) fn is_member(namespace: &Account, account: &Account, in_team: bool) -> Option<bool> {
    let organization = namespace.kind == AccountKind::Organization;
    organization.then_some(account.kind == AccountKind::Robot || in_team)
}

/// The users and robots that a repository was granted to directly, by name.
#[derive(Debug)]
pub struct Grantees {
    name: RepositoryName,
    repository: RepositoryId,
    ahead: Ahead<AccountId>,
}

impl Grantees {
    /// Begins the list.
    pub fn begin(app: &App, actor: &Actor, name: &RepositoryName) -> Result<Self, ServiceError> {
        app.store.read("permissions", |tx| {
            let repository = administered(tx, actor, name, Mode::Read)?.1.id;
            let ahead = Ahead::new(tx.grantee_ids(repository)?);
            Ok(Self { name: name.clone(), repository, ahead })
        })
    }
}

impl Listing for Grantees {
    type Item = Granted;

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(&mut self, app: &App, actor: &Actor, each: &mut dyn FnMut(Granted)) -> Result<(), ServiceError> {
        let ids = self.ahead.batch();
        let read: Result<_, ServiceError> = app.store.read("permissions", |tx| {
            let (namespace, repository) = administered(tx, actor, &self.name, Mode::Read)?;
            if repository.id != self.repository {
                return Err(actor.refusal());
            }
            let (accounts, roles) = (tx.accounts_by_id(&ids)?, tx.grants_by_id(repository.id, &ids)?);
            Ok((accounts, roles, tx.teams_of_accounts(namespace.id, &ids)?, namespace))
        });
        let (mut accounts, roles, teams, namespace) = read?;
        self.ahead.pass(&ids);
        for id in ids {
            if let (Some(account), Some(role)) = (accounts.remove(&id), roles.get(&id)) {
                let is_member = is_member(&namespace, &account, teams.contains_key(&id));
                each(Granted { account, role: *role, is_member });
            }
        }
        Ok(())
    }
}

/// What a user or robot was granted directly.
pub fn get(app: &App, actor: &Actor, name: &RepositoryName, account: &str) -> Result<Granted, ServiceError> {
    app.store.read("permission", |tx| {
        let (namespace, repository) = administered(tx, actor, name, Mode::Read)?;
        let none = || ServiceError::Refused(NOT_GRANTED.to_owned());
        let account = tx.account_by_name(account)?.ok_or_else(none)?;
        let role = tx.granted_role(Grantee::Account(account.id), repository.id)?.ok_or_else(none)?;
        Granted::of(tx, &namespace, account, role)
    })
}

/// Every role that a user or robot has on a repository: by grant, by team, by administering the namespace.
pub fn transitive(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    account: &str,
) -> Result<Vec<Role>, ServiceError> {
    app.store.read("transitive permissions", |tx| {
        let (namespace, repository) = administered(tx, actor, name, Mode::Read)?;
        let missing = || ServiceError::NotFound("Not Found".to_owned());
        let found = tx.account_by_name(account)?.filter(|account| account.kind != AccountKind::Organization);
        let account = found.ok_or_else(missing)?;
        let teams = tx.teams_of(account.id)?;
        let mut roles = Vec::from_iter(tx.granted_role(Grantee::Account(account.id), repository.id)?);
        for team in teams.iter().filter(|team| team.organization == namespace.id) {
            roles.extend(tx.granted_role(Grantee::Team(team.id), repository.id)?);
        }
        if authority(account.id, &teams, namespace.kind, namespace.id) == Authority::Admin {
            roles.push(Role::Admin);
        }
        Ok(roles)
    })
}

fn team_of(tx: &mut Tx<'_>, namespace: &Account, name: &str) -> Result<Team, ServiceError> {
    let missing = || ServiceError::Invalid(format!("No team {name} in organization {}", namespace.name));
    tx.team(namespace.id, name)?.ok_or_else(missing)
}

/// A team that a repository was granted to, and its role.
pub fn get_team(app: &App, actor: &Actor, name: &RepositoryName, team: &str) -> Result<Role, ServiceError> {
    app.store.read("team permission", |tx| {
        let (namespace, repository) = administered(tx, actor, name, Mode::Read)?;
        let found = team_of(tx, &namespace, team)?;
        let role = tx.granted_role(Grantee::Team(found.id), repository.id)?;
        role.ok_or_else(|| ServiceError::Invalid(TEAM_NOT_GRANTED.to_owned()))
    })
}

/// The teams that a repository was granted to.
pub fn list_teams(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
) -> Result<Vec<(String, Role)>, ServiceError> {
    app.store.read("team permissions", |tx| {
        let (_, repository) = administered(tx, actor, name, Mode::Read)?;
        Ok(tx.team_grantees(repository.id)?)
    })
}

/// Grants a team of the namespace exactly `role`.
pub fn set_team(
    app: &App,
    actor: &Actor,
    name: &RepositoryName,
    team: &str,
    role: Role,
) -> Result<(), ServiceError> {
    app.store.write("set team permission", |tx| {
        let (namespace, repository) = administered(tx, actor, name, Mode::Write)?;
        let found = team_of(tx, &namespace, team)?;
        set_team_in(app, tx, actor, &namespace, &repository, &found, role)
    })
}

/// As [`set_team`], inside a transaction whose actor is known to administer the namespace or the repository.
pub(super) fn set_team_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &Account,
    repository: &Repository,
    team: &Team,
    role: Role,
) -> Result<(), ServiceError> {
    tx.grant(Grantee::Team(team.id), repository.id, role)?;
    Change { namespace, repository, grantee: Holder::Team(team), role: Some(role) }.record(app, tx, actor)
}

/// Takes a grant back from a team.
pub fn unset_team(app: &App, actor: &Actor, name: &RepositoryName, team: &str) -> Result<(), ServiceError> {
    app.store.write("unset team permission", |tx| {
        let (namespace, repository) = administered(tx, actor, name, Mode::Write)?;
        let found = team_of(tx, &namespace, team)?;
        unset_team_in(app, tx, actor, &namespace, &repository, &found)
    })
}

/// As [`unset_team`], inside a transaction whose actor is known to administer the namespace or the repository.
pub(super) fn unset_team_in(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    namespace: &Account,
    repository: &Repository,
    team: &Team,
) -> Result<(), ServiceError> {
    if !tx.revoke(Grantee::Team(team.id), repository.id)? {
        return Err(ServiceError::Invalid(TEAM_NOT_GRANTED.to_owned()));
    }
    Change { namespace, repository, grantee: Holder::Team(team), role: None }.record(app, tx, actor)
}
