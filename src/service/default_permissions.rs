//! Grants that a repository gets when it is created in an organization: Quay's default permissions ("prototypes").

use super::App;
use super::actor::{Actor, Mode};
use super::error::ServiceError;
use super::listing::{self, Ahead, Listing};
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

/// A default permission, and who of those it names belongs to the organization: sits in any team of it, or is one of its robots.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The default permission.
    pub rule: Rule,
    /// Whether its account that creates repositories belongs.
    pub activating_belongs: bool,
    /// Whether its delegate does, if that is an account.
    pub delegate_belongs: bool,
}

/// The default permissions of an organization, oldest first.
#[derive(Debug)]
pub struct Rules {
    name: String,
    organization: AccountId,
    ahead: Ahead<i64>,
}

impl Rules {
    /// Begins the list.
    pub fn begin(app: &App, actor: &Actor, name: &str) -> Result<Self, ServiceError> {
        app.store.read("default permissions", |tx| {
            let organization = organization(tx, actor, name, Mode::Read)?.id;
            let ahead = Ahead::new(tx.default_permission_ids(organization)?);
            Ok(Self { name: name.to_owned(), organization, ahead })
        })
    }
}

impl Listing for Rules {
    type Item = Shown;

    fn is_done(&self) -> bool {
        self.ahead.is_empty()
    }

    fn next(&mut self, app: &App, actor: &Actor, each: &mut dyn FnMut(Shown)) -> Result<(), ServiceError> {
        let ids = self.ahead.batch();
        let read: Result<_, ServiceError> = app.store.read("default permissions", |tx| {
            let organization = organization(tx, actor, &self.name, Mode::Read)?;
            if organization.id != self.organization {
                return Err(actor.refusal());
            }
            let stored = tx.default_permissions_by_id(organization.id, &ids)?;
            named(tx, &organization, &stored)
        });
        let shown = read?;
        self.ahead.pass(&ids);
        shown.into_iter().for_each(each);
        Ok(())
    }
}

/// Everything at once.
pub fn list(app: &App, actor: &Actor, organization_name: &str) -> Result<Vec<Rule>, ServiceError> {
    let rules = Rules::begin(app, actor, organization_name)?;
    Ok(listing::all(app, actor, rules)?.into_iter().map(|shown| shown.rule).collect())
}

/// Looks up what stored rules of one organization name, at most [`BATCH`](crate::store::batch::BATCH) rules. Those whose account
/// or team is gone or was altered are left out.
fn named(
    tx: &mut Tx<'_>,
    organization: &Account,
    stored: &[DefaultPermission],
) -> Result<Vec<Shown>, ServiceError> {
    let activating: Vec<_> = stored.iter().filter_map(|rule| rule.activating).collect();
    let delegates = stored.iter().filter_map(|rule| match rule.delegate {
        Grantee::Account(id) => Some(id),
        Grantee::Team(_) => None,
    });
    let delegates: Vec<_> = delegates.collect();
    let (mut accounts, mut teams) = (HashMap::new(), HashMap::new());
    for ids in [activating, delegates] {
        accounts.extend(tx.accounts_by_id(&ids)?);
        teams.extend(tx.teams_of_accounts(organization.id, &ids)?);
    }
    let delegate_teams: HashMap<_, _> =
        tx.teams(organization.id)?.into_iter().map(|team| (team.id, team)).collect();
    let belongs = |account: &Account| account.kind == AccountKind::Robot || teams.contains_key(&account.id);
    let mut shown = Vec::with_capacity(stored.len());
    for rule in stored {
        let delegate = match rule.delegate {
            Grantee::Account(id) => accounts.get(&id).cloned().map(Delegate::Account),
            Grantee::Team(id) => delegate_teams.get(&id).cloned().map(Delegate::Team),
        };
        let activating = rule.activating.map(|id| accounts.get(&id).cloned());
        let (Some(delegate), None | Some(Some(_))) = (delegate, &activating) else { continue };
        let activating = activating.flatten();
        shown.push(Shown {
            activating_belongs: activating.as_ref().is_some_and(belongs),
            delegate_belongs: matches!(&delegate, Delegate::Account(account) if belongs(account)),
            rule: Rule { uuid: rule.uuid.clone(), activating, delegate, role: rule.role },
        });
    }
    Ok(shown)
}

/// Adds a default permission, for the repositories that `activating` creates (`None`: everybody).
pub fn create(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    activating: Option<&str>,
    delegate: DelegateName<'_>,
    role: Role,
) -> Result<Shown, ServiceError> {
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
        put(tx, &organization, &new)?;
        record(app, tx, actor, &organization, &new, "create_prototype_permission", None)?;
        find(tx, &organization, &new.uuid)
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

fn put(tx: &mut Tx<'_>, organization: &Account, rule: &Rule) -> Result<(), ServiceError> {
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
    Ok(())
}

fn record(
    app: &App,
    tx: &mut Tx<'_>,
    actor: &Actor,
    organization: &Account,
    rule: &Rule,
    kind: &str,
    original: Option<Role>,
) -> Result<(), ServiceError> {
    let (delegate, robot) = match &rule.delegate {
        Delegate::Account(account) => {
            ("delegate_user", (account.kind == AccountKind::Robot).then_some(account.id))
        }
        Delegate::Team(_) => ("delegate_team", None),
    };
    let mut metadata = json!({
        "prototypeid": rule.uuid,
        "role": rule.role.as_str(),
        "activating_username": rule.activating.as_ref().map(|account| account.name.as_str()),
        delegate: rule.delegate.name(),
    });
    if let (Some(members), Some(role)) = (metadata.as_object_mut(), original) {
        members.insert("original_role".to_owned(), role.as_str().into());
    }
    let event = Event { kind, namespace: Some(organization.id), repository: None, robot, metadata };
    Ok(actor.record(app, tx, &event)?)
}

fn find(tx: &mut Tx<'_>, organization: &Account, uuid: &str) -> Result<Shown, ServiceError> {
    let stored = tx.default_permission(organization.id, uuid)?;
    let found = named(tx, organization, stored.as_slice())?.pop();
    found.ok_or_else(|| ServiceError::NotFound("Not Found".to_owned()))
}

/// Changes what a default permission grants from now on.
pub fn set_role(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    uuid: &str,
    role: Role,
) -> Result<Shown, ServiceError> {
    app.store.write("change default permission", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        let mut shown = find(tx, &organization, uuid)?;
        let old = std::mem::replace(&mut shown.rule.role, role);
        put(tx, &organization, &shown.rule)?;
        record(app, tx, actor, &organization, &shown.rule, "modify_prototype_permission", Some(old))?;
        Ok(shown)
    })
}

/// Deletes a default permission. What it has granted already stays.
pub fn delete(app: &App, actor: &Actor, organization_name: &str, uuid: &str) -> Result<(), ServiceError> {
    delete_many(app, actor, organization_name, &[uuid])
}

/// Deletes default permissions: all of them or, if one is not there, none.
pub fn delete_many(
    app: &App,
    actor: &Actor,
    organization_name: &str,
    uuids: &[&str],
) -> Result<(), ServiceError> {
    app.store.write("delete default permissions", |tx| {
        let organization = organization(tx, actor, organization_name, Mode::Write)?;
        for uuid in uuids {
            let rule = find(tx, &organization, uuid)?.rule;
            tx.delete_default_permission(organization.id, uuid)?;
            record(app, tx, actor, &organization, &rule, "delete_prototype_permission", None)?;
        }
        Ok(())
    })
}
