//! Grants that a repository gets when it is created in an organization: Quay's default permissions ("prototypes").

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::robots::new_uuid;
use super::teams::organization;
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;
use crate::store::Tx;
use crate::store::accounts::{Account, AccountKind};
use crate::store::audit::Event;
use crate::store::default_permissions::DefaultPermission;
use crate::store::permissions::Grantee;
use crate::store::teams::Team;
use serde_json::json;
use std::collections::HashMap;

/// A default permission with the accounts and the team that it names.
#[derive(Clone, Debug)]
pub struct Rule {
    /// How the API names it.
    pub uuid: String,
    /// It applies to repositories that this account creates; `None`: to those that anybody creates.
    pub activating: Option<Account>,
    /// Who is granted.
    pub delegate: Delegate,
    /// What is granted.
    pub role: Role,
}

/// Who a default permission grants something to.
#[derive(Clone, Debug)]
pub enum Delegate {
    /// A user or a robot.
    Account(Account),
    /// A team of the organization.
    Team(Team),
}

impl Delegate {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Account(account) => &account.name,
            Self::Team(team) => &team.name,
        }
    }
}

/// Who a default permission is to grant something to, by name.
#[derive(Clone, Copy, Debug)]
pub enum DelegateName<'a> {
    /// A user or a robot.
    Account(&'a str),
    /// A team of the organization.
    Team(&'a str),
}

/// The default permissions of an organization, oldest first.
pub fn list(app: &App, actor: &Actor, organization_name: &str) -> Result<Vec<Rule>, ServiceError> {
    app.store.read("default permissions", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Read)?;
        let stored = tx.default_permissions(organization.id)?;
        let accounts = tx.default_permission_accounts(organization.id)?;
        let accounts = accounts.into_iter().map(|account| (account.id, Some(account))).collect();
        let mut names = Names { accounts, ..Names::new(tx, &organization)? };
        stored.iter().filter_map(|rule| names.read(tx, rule).transpose()).collect()
    })
}

/// What rules of one organization name, each looked up once however many rules name it.
struct Names {
    teams: Vec<Team>,
    accounts: HashMap<AccountId, Option<Account>>,
}

impl Names {
    fn new(tx: &mut Tx<'_>, organization: &Account) -> Result<Self, ServiceError> {
        Ok(Self { teams: tx.teams(organization.id)?, accounts: HashMap::new() })
    }

    fn account(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<Option<Account>, ServiceError> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known.clone());
        }
        let found = tx.account_by_id(id)?;
        self.accounts.insert(id, found.clone());
        Ok(found)
    }

    /// `None` when what the rule names is gone or was altered.
    fn read(&mut self, tx: &mut Tx<'_>, rule: &DefaultPermission) -> Result<Option<Rule>, ServiceError> {
        let delegate = match rule.delegate {
            Grantee::Account(id) => self.account(tx, id)?.map(Delegate::Account),
            Grantee::Team(id) => self.teams.iter().find(|team| team.id == id).cloned().map(Delegate::Team),
        };
        let activating = match rule.activating {
            None => None,
            Some(id) => match self.account(tx, id)? {
                None => return Ok(None),
                found => found,
            },
        };
        Ok(delegate.map(|delegate| Rule { uuid: rule.uuid.clone(), activating, delegate, role: rule.role }))
    }
}

/// Adds a default permission, for the repositories that `activating` creates (`None`: everybody).
pub fn create(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    activating: Option<&str>,
    delegate: DelegateName<'_>,
    role: Role,
) -> Result<Rule, ServiceError> {
    app.store.write("create default permission", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let activating =
            activating.map(|name| account(tx, &organization, name, "Unknown activating user")).transpose()?;
        let delegate = match delegate {
            DelegateName::Account(name) => {
                Delegate::Account(account(tx, &organization, name, "Missing delegate user or team")?)
            }
            DelegateName::Team(name) => {
                let missing = || ServiceError::Invalid("Missing delegate user or team".to_owned());
                Delegate::Team(tx.team(organization.id, name)?.ok_or_else(missing)?)
            }
        };
        let new = Rule { uuid: new_uuid(app), activating, delegate, role };
        put(app, tx, actor, &organization, &new, "create_prototype_permission")?;
        Ok(new)
    })
}

/// Finds a user or a robot to be named in a rule. A robot of another namespace is refused here, as it is everywhere.
fn account(
    tx: &mut Tx<'_>,
    organization: &Account,
    name: &str,
    missing: &str,
) -> Result<Account, ServiceError> {
    let found = tx.account_by_name(name)?.filter(|account| account.kind != AccountKind::Organization);
    let found = found.ok_or_else(|| ServiceError::Invalid(missing.to_owned()))?;
    if found.kind == AccountKind::Robot && found.owner != Some(organization.id) {
        let namespace = &organization.name;
        return Err(ServiceError::Invalid(format!("Cannot add robot {name} under namespace {namespace}")));
    }
    Ok(found)
}

fn put(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    rule: &Rule,
    kind: &str,
) -> Result<(), ServiceError> {
    let delegate = match &rule.delegate {
        Delegate::Account(account) => Grantee::Account(account.id),
        Delegate::Team(team) => Grantee::Team(team.id),
    };
    tx.put_default_permission(&DefaultPermission {
        uuid: rule.uuid.clone(),
        organization: organization.id,
        activating: rule.activating.as_ref().map(|account| account.id),
        delegate,
        role: rule.role,
    })?;
    record(app, tx, actor, organization, rule, kind)
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    rule: &Rule,
    kind: &str,
) -> Result<(), ServiceError> {
    let (delegate, robot) = match &rule.delegate {
        Delegate::Account(account) => {
            ("delegate_user", (account.kind == AccountKind::Robot).then_some(account.id))
        }
        Delegate::Team(_) => ("delegate_team", None),
    };
    let metadata = json!({
        "prototypeid": rule.uuid,
        "role": rule.role.as_str(),
        "activating_username": rule.activating.as_ref().map(|account| account.name.as_str()),
        delegate: rule.delegate.name(),
    });
    let event = Event { kind, namespace: Some(organization.id), repository: None, robot, metadata };
    Ok(actor.record(app, tx, &event)?)
}

fn find(tx: &mut Tx<'_>, organization: &Account, uuid: &str) -> Result<Rule, ServiceError> {
    let rule = match tx.default_permission(organization.id, uuid)? {
        Some(rule) => Names::new(tx, organization)?.read(tx, &rule)?,
        None => None,
    };
    rule.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))
}

/// Changes what a default permission grants from now on.
pub fn set_role(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    uuid: &str,
    role: Role,
) -> Result<Rule, ServiceError> {
    app.store.write("change default permission", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let changed = Rule { role, ..find(tx, &organization, uuid)? };
        put(app, tx, actor, &organization, &changed, "modify_prototype_permission")?;
        Ok(changed)
    })
}

/// Deletes a default permission. What it has granted already stays.
pub fn delete(app: &App, actor: &Actor, organization_name: &str, uuid: &str) -> Result<(), ServiceError> {
    app.store.write("delete default permission", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let rule = find(tx, &organization, uuid)?;
        tx.delete_default_permission(organization.id, uuid)?;
        record(app, tx, actor, &organization, &rule, "delete_prototype_permission")
    })
}
