//! Default permissions of an organization, which Quay calls prototypes (`/organization/{orgname}/prototypes`).

use super::avatar::Avatar;
use super::call::{Answer, Call, no_content, ok};
use super::schema::{Schema, optional, required};
use crate::domain::caller::AccountId;
use crate::domain::permission::Role;
use crate::http::error::Refusal;
use crate::service::default_permissions::{self, Delegate, DelegateName, Rule};
use crate::service::members;
use crate::store::accounts::{Account, AccountKind};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Longest name of an account: a robot's two parts and the plus between them.
const MAX_NAME: usize = 511;

const ROLE: Schema = Schema::Word(&["read", "write", "admin"]);

/// The body that makes a default permission.
pub(super) const NEW_PROTOTYPE: Schema = Schema::Record(&[
    required("role", ROLE, "Role that should be applied to the delegate."),
    optional(
        "activating_user",
        Schema::Record(&[required(
            "name",
            Schema::Text(MAX_NAME),
            "The username for the activating user or robot.",
        )]),
        "Repository creating user to whom the rule should apply; everybody if absent.",
    ),
    required(
        "delegate",
        Schema::Record(&[
            required("name", Schema::Text(MAX_NAME), "The name for the delegate team, user or robot."),
            required(
                "kind",
                Schema::Word(&["user", "team"]),
                "Whether the delegate is a user (or robot) or a team.",
            ),
        ]),
        "Information about the user or team to which the rule grants access.",
    ),
]);
/// The body that changes a default permission.
pub(super) const PROTOTYPE: Schema =
    Schema::Record(&[required("role", ROLE, "Role that should be applied to the permission.")]);

#[derive(Deserialize)]
struct NewPrototype {
    role: Role,
    activating_user: Option<Activating>,
    delegate: DelegateBody,
}

#[derive(Deserialize)]
struct Activating {
    name: String,
}

#[derive(Deserialize)]
struct DelegateBody {
    name: String,
    kind: String,
}

#[derive(Deserialize)]
struct Change {
    role: Role,
}

#[derive(Serialize)]
struct PrototypesView<'a> {
    prototypes: Vec<PrototypeView<'a>>,
}

#[derive(Serialize)]
struct PrototypeView<'a> {
    activating_user: Option<AccountView<'a>>,
    delegate: DelegateView<'a>,
    role: Role,
    id: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum DelegateView<'a> {
    Account(AccountView<'a>),
    Team { name: &'a str, kind: &'static str, avatar: Avatar },
}

#[derive(Serialize)]
struct AccountView<'a> {
    name: &'a str,
    is_robot: bool,
    kind: &'static str,
    is_org_member: bool,
    avatar: Avatar,
}

impl<'a> AccountView<'a> {
    fn new(account: &'a Account, members: &HashSet<AccountId>) -> Self {
        let is_robot = account.kind == AccountKind::Robot;
        Self {
            name: &account.name,
            is_robot,
            kind: "user",
            is_org_member: is_robot || members.contains(&account.id),
            avatar: Avatar::of_account(account),
        }
    }
}

impl<'a> PrototypeView<'a> {
    fn new(rule: &'a Rule, members: &HashSet<AccountId>) -> Self {
        let delegate = match &rule.delegate {
            Delegate::Account(account) => DelegateView::Account(AccountView::new(account, members)),
            Delegate::Team(team) => {
                DelegateView::Team { name: &team.name, kind: "team", avatar: Avatar::of_team(team) }
            }
        };
        let activating = rule.activating.as_ref();
        Self {
            activating_user: activating.map(|account| AccountView::new(account, members)),
            delegate,
            role: rule.role,
            id: &rule.uuid,
        }
    }
}

fn show(call: &Call, organization: &str, rule: &Rule) -> Answer {
    ok(&PrototypeView::new(rule, &member_ids(call, organization)?))
}

fn member_ids(call: &Call, organization: &str) -> Result<HashSet<AccountId>, Refusal> {
    Ok(members::ids(&call.app, &call.actor, organization)?)
}

/// Lists the default permissions of an organization.
pub(super) fn list(call: &Call, organization: &str) -> Answer {
    let rules = default_permissions::list(&call.app, &call.actor, organization)?;
    let members = member_ids(call, organization)?;
    let prototypes = rules.iter().map(|rule| PrototypeView::new(rule, &members)).collect();
    ok(&PrototypesView { prototypes })
}

/// Makes a default permission.
pub(super) fn create(call: &Call, organization: &str) -> Answer {
    let body: NewPrototype = call.body()?;
    let activating = body.activating_user.as_ref().map(|user| user.name.as_str());
    let delegate = if body.delegate.kind == "team" {
        DelegateName::Team(&body.delegate.name)
    } else {
        DelegateName::Account(&body.delegate.name)
    };
    let rule = default_permissions::create(
        &call.app,
        &call.actor,
        organization,
        activating.filter(|name| !name.is_empty()),
        delegate,
        body.role,
    )?;
    show(call, organization, &rule)
}

/// Changes what a default permission grants.
pub(super) fn update(call: &Call, organization: &str, id: &str) -> Answer {
    let body: Change = call.body()?;
    let rule = default_permissions::set_role(&call.app, &call.actor, organization, id, body.role)?;
    show(call, organization, &rule)
}

/// Deletes a default permission.
pub(super) fn delete(call: &Call, organization: &str, id: &str) -> Answer {
    default_permissions::delete(&call.app, &call.actor, organization, id)?;
    no_content()
}
