//! Teams of an organization (`/organization/{orgname}/team/{teamname}`) and who sits in them.

use super::avatar::Avatar;
use super::call::{Answer, Call, listed, no_content, ok};
use super::robots::grants;
use super::schema::{Schema, optional, required};
use crate::domain::permission::TeamRole;
use crate::service::grants::Holder;
use crate::service::team_members::Members;
use crate::service::teams;
use crate::store::accounts::{Account, AccountKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Longest description of a team, in characters.
const MAX_DESCRIPTION: usize = 4096;

/// The body that makes or changes a team.
pub(super) const TEAM: Schema = Schema::Record(&[
    required(
        "role",
        Schema::Word(&["member", "creator", "admin"]),
        "Org wide permissions that should apply to the team.",
    ),
    optional("description", Schema::Text(MAX_DESCRIPTION), "Markdown description for the team."),
]);

#[derive(Deserialize)]
struct TeamBody {
    role: TeamRole,
    description: Option<String>,
}

#[derive(Serialize)]
struct TeamView<'a> {
    name: &'a str,
    description: &'a str,
    can_view: bool,
    role: TeamRole,
    avatar: Avatar,
    new_team: bool,
}

/// Makes a team, or changes its role and description.
pub(super) fn put(call: &Call, organization: &str, name: &str) -> Answer {
    let body: TeamBody = call.body()?;
    let description = body.description.as_deref();
    let (team, new) = teams::put(&call.app, &call.actor, organization, name, body.role, description)?;
    ok(&TeamView {
        name: &team.name,
        description: &team.description,
        // Who may change a team administers the organization.
        can_view: true,
        role: team.role,
        avatar: Avatar::of_team(&team),
        new_team: new,
    })
}

/// Deletes a team.
pub(super) fn delete(call: &Call, organization: &str, name: &str) -> Answer {
    teams::delete(&call.app, &call.actor, organization, name)?;
    no_content()
}

#[derive(Serialize)]
struct MemberView<'a> {
    name: &'a str,
    kind: &'static str,
    is_robot: bool,
    avatar: Avatar,
    invited: bool,
}

impl<'a> From<&'a Account> for MemberView<'a> {
    fn from(member: &'a Account) -> Self {
        Self {
            name: &member.name,
            // Robots too: `is_robot` tells them apart.
            kind: "user",
            is_robot: member.kind == AccountKind::Robot,
            avatar: Avatar::of_account(member),
            // Nobody has to accept an invitation here.
            invited: false,
        }
    }
}

/// Lists who sits in a team.
pub(super) fn members(call: &Call, organization: &str, name: &str) -> Answer {
    let members = Members::begin(&call.app, &call.actor, organization, name)?;
    let open = format!(r#"{{"name":{},"members":["#, json!(members.team.name));
    let close = if members.editable { r#"],"can_edit":true}"# } else { r#"],"can_edit":false}"# };
    listed(call, &open, close, members, |member, out| serde_json::to_writer(out, &MemberView::from(&member)))
}

/// Puts a user or a robot into a team.
pub(super) fn add_member(call: &Call, organization: &str, name: &str, member: &str) -> Answer {
    ok(&MemberView::from(&teams::add_member(&call.app, &call.actor, organization, name, member)?))
}

/// Takes a user or a robot out of a team.
pub(super) fn remove_member(call: &Call, organization: &str, name: &str, member: &str) -> Answer {
    teams::remove_member(&call.app, &call.actor, organization, name, member)?;
    no_content()
}

/// Lists the repositories granted to a team.
pub(super) fn permissions(call: &Call, organization: &str, name: &str) -> Answer {
    grants(call, Holder::Team(organization.to_owned(), name.to_owned()))
}
