//! Robots of an organization (`/organization/{orgname}/robots`) and of the calling user (`/user/robots`).

use super::avatar::Avatar;
use super::call::{Answer, Call, created, listed, no_content, ok};
use super::schema::{Schema, optional, required};
use super::table::{LIMIT, PERMISSIONS, TOKEN};
use crate::domain::credential::Secret;
use crate::domain::oauth::OAuthScope;
use crate::domain::permission::{Role, Visibility};
use crate::http::error::Refusal;
use crate::service::error::ServiceError;
use crate::service::grants::{Grants, Holder};
use crate::service::robot_lists::{Asked, Listing};
use crate::service::robots::{MAX_DESCRIPTION, NewRobot};
use crate::service::{federation, robots};
use crate::store::federation::FederatedIdentity;
use crate::store::repositories::Repository;
use crate::store::robots::Robot;
use crate::store::teams::Team;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The body that makes a robot.
pub(super) const NEW_ROBOT: Schema = Schema::Record(&[
    optional("description", Schema::Text(MAX_DESCRIPTION), "What people are told about the robot."),
    optional("unstructured_metadata", Schema::Object, "Whatever a client wants to keep with the robot."),
]);
/// The body that sets a robot's federation.
pub(super) const FEDERATION: Schema = Schema::Array(&Schema::Record(&[
    required("issuer", Schema::Text(federation::MAX_TEXT), "The issuer of the external identity's tokens."),
    required("subject", Schema::Text(federation::MAX_TEXT), "The subject of the external identity's tokens."),
    optional(
        "audience",
        Schema::Text(federation::MAX_TEXT),
        "Whom the tokens must be made for; SERVER_HOSTNAME if absent.",
    ),
]));

#[derive(Deserialize)]
struct NewRobotBody {
    #[serde(default)]
    description: String,
    unstructured_metadata: Option<Map<String, Value>>,
}

/// Quay's view of a robot. Members that a kind of answer does not have are left out.
#[derive(Serialize)]
struct RobotView<'a> {
    name: &'a str,
    created: String,
    last_accessed: Option<String>,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unstructured_metadata: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<TeamView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repositories: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct TeamView<'a> {
    name: &'a str,
    avatar: Avatar,
}

impl<'a> TeamView<'a> {
    fn new(team: &'a Team) -> Self {
        Self { name: &team.name, avatar: Avatar::of_team(team) }
    }
}

impl<'a> RobotView<'a> {
    fn new(robot: &'a Robot, secret: Option<&'a Secret>) -> Self {
        Self {
            name: &robot.account.name,
            created: robot.account.created_at.rfc2822(),
            last_accessed: robot.account.last_accessed_at.map(|at| at.rfc2822()),
            description: &robot.description,
            token: secret.map(Secret::expose),
            unstructured_metadata: None,
            teams: None,
            repositories: None,
        }
    }
}

/// The name of the calling user, whose token must reach its own robots. Quay tests this before the body.
fn own(call: &Call) -> Result<&str, Refusal> {
    call.require_scope(OAuthScope::UserAdmin)?;
    Ok(call.actor.require_account()?.name.as_str())
}

fn list(call: &Call, namespace: &str) -> Answer {
    let asked = Asked {
        secrets: call.flag(&TOKEN, true)?,
        grants: call.flag(&PERMISSIONS, false)?,
        // As in Quay on SQLite, none and less than none mean no limit.
        limit: call
            .integer(&LIMIT)?
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| *limit != 0),
    };
    let listing = Listing::begin(&call.app, &call.actor, namespace, asked)?;
    listed(call, r#"{"robots":["#, "]}", listing, |listed, out| {
        let mut view = RobotView::new(&listed.robot, listed.secret.as_ref());
        if let Some(grants) = &listed.grants {
            view.teams = Some(grants.teams.iter().map(TeamView::new).collect());
            view.repositories = Some(grants.repositories.iter().map(String::as_str).collect());
        }
        serde_json::to_writer(out, &view)
    })
}

/// Lists the robots of an organization.
pub(super) fn list_of_organization(call: &Call, organization: &str) -> Answer {
    list(call, organization)
}

/// Lists the robots of the calling user.
pub(super) fn list_of_user(call: &Call) -> Answer {
    list(call, own(call)?)
}

fn get(call: &Call, namespace: &str, short: &str) -> Answer {
    let (robot, secret) = robots::get(&call.app, &call.actor, namespace, short)?;
    let metadata = raw(&robot.metadata)?;
    let mut view = RobotView::new(&robot, secret.as_ref());
    view.unstructured_metadata = Some(&metadata);
    ok(&view)
}

fn raw(json: &str) -> Result<Box<RawValue>, Refusal> {
    RawValue::from_string(json.to_owned())
        .map_err(|error| ServiceError::Internal(format!("a robot's metadata is no JSON: {error}")).into())
}

/// Shows a robot of an organization.
pub(super) fn get_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    robots::require_organization(&call.app, &call.actor, organization)?;
    get(call, organization, short)
}

/// Shows a robot of the calling user.
pub(super) fn get_of_user(call: &Call, short: &str) -> Answer {
    get(call, own(call)?, short)
}

fn create(call: &Call, namespace: &str, short: &str, body: Option<NewRobotBody>) -> Answer {
    let (description, metadata) =
        body.map_or_else(Default::default, |body| (body.description, body.unstructured_metadata));
    // Quay shows `null` here for what it shows as `{}` from then on.
    let shown = raw(&serde_json::to_string(&metadata).unwrap_or_default())?;
    let new = NewRobot { description, metadata: metadata.unwrap_or_default(), ..NewRobot::default() };
    let (robot, secret) = robots::create(&call.app, &call.actor, namespace, short, &new)?;
    let mut view = RobotView::new(&robot, Some(&secret));
    view.unstructured_metadata = Some(&shown);
    created(&view)
}

/// Makes a robot in an organization.
pub(super) fn create_in_organization(call: &Call, organization: &str, short: &str) -> Answer {
    let body = call.optional_body()?;
    robots::require_organization(&call.app, &call.actor, organization)?;
    create(call, organization, short, body)
}

/// Makes a robot in the namespace of the calling user.
pub(super) fn create_of_user(call: &Call, short: &str) -> Answer {
    let user = own(call)?;
    create(call, user, short, call.optional_body()?)
}

fn delete(call: &Call, namespace: &str, short: &str) -> Answer {
    robots::delete(&call.app, &call.actor, namespace, short)?;
    no_content()
}

/// Deletes a robot of an organization.
pub(super) fn delete_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    delete(call, organization, short)
}

/// Deletes a robot of the calling user.
pub(super) fn delete_of_user(call: &Call, short: &str) -> Answer {
    delete(call, own(call)?, short)
}

fn regenerate(call: &Call, namespace: &str, short: &str) -> Answer {
    let (robot, secret) = robots::regenerate(&call.app, &call.actor, namespace, short)?;
    ok(&RobotView::new(&robot, Some(&secret)))
}

/// Gives a robot of an organization a new secret.
pub(super) fn regenerate_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    robots::require_organization(&call.app, &call.actor, organization)?;
    regenerate(call, organization, short)
}

/// Gives a robot of the calling user a new secret.
pub(super) fn regenerate_of_user(call: &Call, short: &str) -> Answer {
    regenerate(call, own(call)?, short)
}

#[derive(Serialize)]
struct GrantView<'a> {
    repository: RepositoryView<'a>,
    role: Role,
}

/// A repository inside the view of a grant.
#[derive(Serialize)]
pub(super) struct RepositoryView<'a> {
    name: &'a str,
    is_public: bool,
}

impl<'a> RepositoryView<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        Self { name: &repository.name, is_public: repository.visibility == Visibility::Public }
    }
}

/// Quay's view of what somebody was granted.
pub(super) fn grants(call: &Call, holder: Holder) -> Answer {
    let grants = Grants::begin(&call.app, &call.actor, holder)?;
    listed(call, r#"{"permissions":["#, "]}", grants, |(repository, role), out| {
        serde_json::to_writer(out, &GrantView { repository: RepositoryView::new(&repository), role })
    })
}

/// Lists what a robot of an organization was granted directly. This one route of Quay asks for `user:admin` as well, and has
/// its own words for a caller who does not administer the organization.
pub(super) fn permissions_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    call.require_scope(OAuthScope::UserAdmin)?;
    match robots::require_organization(&call.app, &call.actor, organization) {
        Err(ServiceError::Forbidden) => return Err(Refusal::Denied),
        other => other?,
    }
    grants(call, Holder::Robot(organization.to_owned(), short.to_owned()))
}

/// Lists what a robot of the calling user was granted directly.
pub(super) fn permissions_of_user(call: &Call, short: &str) -> Answer {
    grants(call, Holder::Robot(own(call)?.to_owned(), short.to_owned()))
}

/// An external identity. Quay has no audience; clients ignore what they do not know.
#[derive(Deserialize, Serialize)]
struct IdentityView {
    issuer: String,
    subject: String,
    #[serde(default)]
    audience: Option<String>,
}

fn identities(federation: Vec<FederatedIdentity>) -> Answer {
    let view = |identity: FederatedIdentity| IdentityView {
        issuer: identity.issuer,
        subject: identity.subject,
        audience: Some(identity.audience),
    };
    ok(&federation.into_iter().map(view).collect::<Vec<_>>())
}

fn federation(call: &Call, namespace: &str, short: &str) -> Answer {
    identities(federation::get(&call.app, &call.actor, namespace, short)?)
}

fn federate(call: &Call, namespace: &str, short: &str, body: Vec<IdentityView>) -> Answer {
    let own = &call.app.config.server.hostname;
    let given: Vec<_> = body
        .into_iter()
        .map(|identity| FederatedIdentity {
            issuer: identity.issuer,
            subject: identity.subject,
            audience: identity.audience.filter(|text| !text.is_empty()).unwrap_or_else(|| own.clone()),
        })
        .collect();
    federation::set(&call.app, &call.actor, namespace, short, &given)?;
    identities(given)
}

fn clear_federation(call: &Call, namespace: &str, short: &str) -> Answer {
    federation::clear(&call.app, &call.actor, namespace, short)?;
    no_content()
}

/// Lists the external identities of a robot of an organization.
pub(super) fn federation_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    federation(call, organization, short)
}

/// Lists the external identities of a robot of the calling user.
pub(super) fn federation_of_user(call: &Call, short: &str) -> Answer {
    federation(call, own(call)?, short)
}

/// Replaces the external identities of a robot of an organization.
pub(super) fn federate_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    federate(call, organization, short, call.body()?)
}

/// Replaces the external identities of a robot of the calling user.
pub(super) fn federate_of_user(call: &Call, short: &str) -> Answer {
    let user = own(call)?;
    federate(call, user, short, call.body()?)
}

/// Takes all external identities from a robot of an organization.
pub(super) fn clear_federation_of_organization(call: &Call, organization: &str, short: &str) -> Answer {
    clear_federation(call, organization, short)
}

/// Takes all external identities from a robot of the calling user.
pub(super) fn clear_federation_of_user(call: &Call, short: &str) -> Answer {
    clear_federation(call, own(call)?, short)
}
