//! Default permissions of an organization, which Quay calls prototypes (`/organization/{orgname}/prototypes`).

use super::avatar::Avatar;
use super::call::{Answer, Call, listed, no_content, ok};
use super::schema::{Schema, optional, required};
use crate::domain::permission::Role;
use crate::service::default_permissions::{self, Delegate, DelegateName, Rules, Shown};
use crate::store::accounts::{Account, AccountKind};
use serde::{Deserialize, Serialize};

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
    fn new(account: &'a Account, is_org_member: bool) -> Self {
        Self {
            name: &account.name,
            is_robot: account.kind == AccountKind::Robot,
            kind: "user",
            is_org_member,
            avatar: Avatar::of_account(account),
        }
    }
}

impl<'a> From<&'a Shown> for PrototypeView<'a> {
    fn from(shown: &'a Shown) -> Self {
        let Shown { rule, activating_belongs, delegate_belongs } = shown;
        let delegate = match &rule.delegate {
            Delegate::Account(account) => DelegateView::Account(AccountView::new(account, *delegate_belongs)),
            Delegate::Team(team) => {
                DelegateView::Team { name: &team.name, kind: "team", avatar: Avatar::of_team(team) }
            }
        };
        let activating = rule.activating.as_ref();
        Self {
            activating_user: activating.map(|account| AccountView::new(account, *activating_belongs)),
            delegate,
            role: rule.role,
            id: &rule.uuid,
        }
    }
}

/// Lists the default permissions of an organization.
pub(super) fn list(call: &Call, organization: &str) -> Answer {
    let rules = Rules::begin(&call.app, &call.actor, organization)?;
    listed(call, r#"{"prototypes":["#, "]}", rules, |shown, out| {
        serde_json::to_writer(out, &PrototypeView::from(&shown))
    })
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
    let shown = default_permissions::create(
        &call.app,
        &call.actor,
        organization,
        activating.filter(|name| !name.is_empty()),
        delegate,
        body.role,
    )?;
    ok(&PrototypeView::from(&shown))
}

/// Changes what a default permission grants.
pub(super) fn update(call: &Call, organization: &str, id: &str) -> Answer {
    let body: Change = call.body()?;
    let shown = default_permissions::set_role(&call.app, &call.actor, organization, id, body.role)?;
    ok(&PrototypeView::from(&shown))
}

/// Deletes a default permission.
pub(super) fn delete(call: &Call, organization: &str, id: &str) -> Answer {
    default_permissions::delete(&call.app, &call.actor, organization, id)?;
    no_content()
}
