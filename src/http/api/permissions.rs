//! Grants on a repository to users, robots and teams (`/repository/{repository}/permissions`).

use super::avatar::Avatar;
use super::call::{Answer, Call, listed, member, no_content, ok};
use super::repositories::named;
use super::schema::{Schema, required};
use crate::domain::permission::Role;
use crate::service::error::ServiceError;
use crate::service::permissions::{self, Granted, Grantees};
use crate::store::accounts::AccountKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The body that grants something.
pub(super) const ROLE: Schema = Schema::Record(&[required(
    "role",
    Schema::Word(&["read", "write", "admin"]),
    "What the grantee may do with the repository.",
)]);

#[derive(Deserialize)]
struct RoleBody {
    role: Role,
}

#[derive(Serialize)]
struct AccountGrant<'a> {
    role: Role,
    name: &'a str,
    is_robot: bool,
    avatar: Avatar,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_org_member: Option<bool>,
}

impl<'a> AccountGrant<'a> {
    fn new(granted: &'a Granted) -> Self {
        let account = &granted.account;
        Self {
            role: granted.role,
            name: &account.name,
            is_robot: account.kind == AccountKind::Robot,
            avatar: Avatar::of_account(account),
            is_org_member: granted.is_member,
        }
    }
}

#[derive(Serialize)]
struct TeamGrant<'a> {
    role: Role,
    name: &'a str,
    avatar: Avatar,
}

impl<'a> TeamGrant<'a> {
    fn new(team: &'a str, role: Role) -> Self {
        Self { role, name: team, avatar: Avatar::new(team, None, "team") }
    }
}

/// Lists the users and robots that a repository was granted to. One that is not there was granted to nobody, for those who
/// may know.
pub(super) fn list_users(call: &Call, repository: &str) -> Answer {
    match Grantees::begin(&call.app, &call.actor, &named(repository)?) {
        Ok(grantees) => listed(call, r#"{"permissions":{"#, "}}", grantees, |granted, out| {
            member(&granted.account.name, &AccountGrant::new(&granted), out)
        }),
        Err(ServiceError::NotFound(_)) => ok(&json!({ "permissions": {} })),
        Err(error) => Err(error.into()),
    }
}

/// Shows what a user or robot was granted.
pub(super) fn get_user(call: &Call, repository: &str, account: &str) -> Answer {
    ok(&AccountGrant::new(&permissions::get(&call.app, &call.actor, &named(repository)?, account)?))
}

/// Grants a user or robot a role.
pub(super) fn set_user(call: &Call, repository: &str, account: &str) -> Answer {
    let RoleBody { role } = call.body()?;
    let repository = named(repository)?;
    let granted = permissions::set_with_membership(&call.app, &call.actor, &repository, account, role)?;
    ok(&AccountGrant::new(&granted))
}

/// Takes a grant back from a user or robot.
pub(super) fn unset_user(call: &Call, repository: &str, account: &str) -> Answer {
    permissions::unset(&call.app, &call.actor, &named(repository)?, account)?;
    no_content()
}

/// Lists every role that a user or robot has, however it came by it.
pub(super) fn transitive(call: &Call, repository: &str, account: &str) -> Answer {
    let roles = permissions::transitive(&call.app, &call.actor, &named(repository)?, account)?;
    let permissions: Vec<Value> = roles.into_iter().map(|role| json!({ "role": role })).collect();
    ok(&json!({ "permissions": permissions }))
}

/// Lists the teams that a repository was granted to.
pub(super) fn list_teams(call: &Call, repository: &str) -> Answer {
    let permissions = match permissions::list_teams(&call.app, &call.actor, &named(repository)?) {
        Ok(granted) => {
            granted.iter().map(|(team, role)| (team.clone(), json!(TeamGrant::new(team, *role)))).collect()
        }
        Err(ServiceError::NotFound(_)) => Map::new(),
        Err(error) => return Err(error.into()),
    };
    ok(&json!({ "permissions": permissions }))
}

/// Shows what a team was granted.
pub(super) fn get_team(call: &Call, repository: &str, team: &str) -> Answer {
    let role = permissions::get_team(&call.app, &call.actor, &named(repository)?, team)?;
    ok(&json!({ "role": role }))
}

/// Grants a team a role.
pub(super) fn set_team(call: &Call, repository: &str, team: &str) -> Answer {
    let RoleBody { role } = call.body()?;
    permissions::set_team(&call.app, &call.actor, &named(repository)?, team, role)?;
    ok(&TeamGrant::new(team, role))
}

/// Takes a grant back from a team.
pub(super) fn unset_team(call: &Call, repository: &str, team: &str) -> Answer {
    permissions::unset_team(&call.app, &call.actor, &named(repository)?, team)?;
    no_content()
}
