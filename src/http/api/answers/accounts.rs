//! Users, organizations, teams, robots, and who may act for them.

use super::super::shape::{Record, Shape, has, may};
use super::{AVATAR, DATE_OR_NULL, TEAM_NAME, TEAM_ROLE, TEXT, TEXT_OR_NULL, USER};

const INSTANT_OR_NULL: Shape = Shape::Either(&[Shape::Instant, Shape::Null]);

const SECRET_SEEN: &str = "If the caller may see it and it can be shown.";
const WITH_PERMISSIONS: &str = "If `permissions` was asked for and may be seen.";
const TO_ADMINISTRATORS: &str = "To administrators of the organization.";
const TO_MEMBERS: &str = "To members of the organization.";

/// A robot. A new one without metadata has `null`, later it has `{}`.
pub const ROBOT: Shape = Shape::Record(&Record {
    name: "Robot",
    members: &[
        has("name", TEXT),
        has("created", Shape::Date),
        has("last_accessed", DATE_OR_NULL),
        has("description", TEXT),
        may("token", TEXT, SECRET_SEEN),
        has("unstructured_metadata", Shape::Either(&[Shape::Object, Shape::Null])),
    ],
});
/// A robot with a new secret.
pub const REGENERATED_ROBOT: Shape = Shape::Record(&Record {
    name: "RegeneratedRobot",
    members: &[
        has("name", TEXT),
        has("created", Shape::Date),
        has("last_accessed", DATE_OR_NULL),
        has("description", TEXT),
        has("token", TEXT),
    ],
});
/// A list of robots.
pub const ROBOTS: Shape = Shape::Record(&Record {
    name: "Robots",
    members: &[has(
        "robots",
        Shape::Array(&Shape::Record(&Record {
            name: "ListedRobot",
            members: &[
                has("name", TEXT),
                has("created", Shape::Date),
                has("last_accessed", DATE_OR_NULL),
                has("description", TEXT),
                may("token", TEXT, SECRET_SEEN),
                may("teams", Shape::Array(&TEAM_NAME), WITH_PERMISSIONS),
                may("repositories", Shape::Array(&TEXT), WITH_PERMISSIONS),
            ],
        })),
    )],
});
/// The external identities that may act as a robot.
pub const FEDERATION: Shape = Shape::Array(&Shape::Record(&Record {
    name: "FederatedIdentity",
    members: &[has("issuer", TEXT), has("subject", TEXT), has("audience", TEXT)],
}));

/// The calling user.
pub const OWN_USER: Shape = Shape::Record(&Record {
    name: "OwnUser",
    members: &[
        has("anonymous", Shape::Boolean),
        has("username", TEXT),
        has("avatar", AVATAR),
        has("is_me", Shape::Boolean),
        has("verified", Shape::Boolean),
        has("email", TEXT_OR_NULL),
        has("can_create_repo", Shape::Boolean),
        has("super_user", Shape::Boolean),
        has("global_readonly_super_user", Shape::Boolean),
        has("organizations", Shape::Array(&OWN_ORGANIZATION)),
        has("logins", Shape::Array(&Shape::Object)),
        has("prompts", Shape::Array(&TEXT)),
        has("invoice_email", Shape::Boolean),
        has("invoice_email_address", TEXT_OR_NULL),
        has("is_free_account", Shape::Boolean),
        has("preferred_namespace", Shape::Boolean),
        has("tag_expiration_s", Shape::Integer),
    ],
});
const OWN_ORGANIZATION: Shape = Shape::Record(&Record {
    name: "OwnOrganization",
    members: &[
        has("name", TEXT),
        has("avatar", AVATAR),
        has("can_create_repo", Shape::Boolean),
        has("public", Shape::Boolean),
        has("is_org_admin", Shape::Boolean),
        has("preferred_namespace", Shape::Boolean),
    ],
});
/// What anybody may know of a user.
pub const OTHER_USER: Shape = Shape::Record(&Record {
    name: "OtherUser",
    members: &[
        has("anonymous", Shape::Boolean),
        has("username", TEXT),
        has("avatar", AVATAR),
        has("super_user", Shape::Boolean),
    ],
});
/// Somebody made an account for itself.
pub const SIGNED_UP: Shape =
    Shape::Record(&Record { name: "SignedUp", members: &[has("awaiting_verification", Shape::Boolean)] });
/// The first user.
pub const FIRST_USER: Shape = Shape::Record(&Record {
    name: "FirstUser",
    members: &[
        has("username", TEXT),
        has("email", TEXT_OR_NULL),
        has("encrypted_password", Shape::Null),
        may("access_token", TEXT, "If it was asked for."),
    ],
});
/// A user as super-users see it.
pub const USER_RECORD: Shape = Shape::Record(&Record {
    name: "User",
    members: &[
        has("kind", USER),
        has("name", TEXT),
        has("username", TEXT),
        has("email", TEXT_OR_NULL),
        has("verified", Shape::Boolean),
        has("avatar", AVATAR),
        has("super_user", Shape::Boolean),
        has("enabled", Shape::Boolean),
    ],
});
/// A list of users as super-users see them.
pub const USERS: Shape = Shape::Record(&Record {
    name: "Users",
    members: &[has("users", Shape::Array(&USER_RECORD)), may("next_page", TEXT, "If there are more.")],
});
/// A user that a super-user made.
pub const NEW_USER: Shape = Shape::Record(&Record {
    name: "NewUser",
    members: &[
        has("username", TEXT),
        has("email", TEXT_OR_NULL),
        has("password", TEXT),
        has("encrypted_password", Shape::Null),
    ],
});

/// The whole answer to a new organization.
pub const CREATED: Shape = Shape::Word(&["Created"]);
/// An organization.
pub const ORGANIZATION: Shape = Shape::Record(&Record {
    name: "Organization",
    members: &[
        has("name", TEXT),
        has("email", TEXT),
        has("avatar", AVATAR),
        has("is_admin", Shape::Boolean),
        has("is_member", Shape::Boolean),
        may("teams", Shape::Map(&ORGANIZATION_TEAM), TO_MEMBERS),
        may("ordered_teams", Shape::Array(&TEXT), TO_MEMBERS),
        may("invoice_email", Shape::Boolean, TO_ADMINISTRATORS),
        may("invoice_email_address", TEXT_OR_NULL, TO_ADMINISTRATORS),
        may("tag_expiration_s", Shape::Integer, TO_ADMINISTRATORS),
        may("is_free_account", Shape::Boolean, TO_ADMINISTRATORS),
    ],
});
const ORGANIZATION_TEAM: Shape = Shape::Record(&Record {
    name: "OrganizationTeam",
    members: &[
        has("name", TEXT),
        has("description", TEXT),
        has("role", TEAM_ROLE),
        has("avatar", AVATAR),
        has("can_view", Shape::Boolean),
        has("repo_count", Shape::Integer),
        has("member_count", Shape::Integer),
        has("is_synced", Shape::Boolean),
    ],
});
/// An organization as super-users see it.
pub const ORGANIZATION_RECORD: Shape = Shape::Record(&Record {
    name: "OrganizationRecord",
    members: &[has("name", TEXT), has("email", TEXT_OR_NULL), has("avatar", AVATAR)],
});
/// A list of organizations as super-users see them.
pub const ORGANIZATIONS: Shape = Shape::Record(&Record {
    name: "Organizations",
    members: &[
        has("organizations", Shape::Array(&ORGANIZATION_RECORD)),
        may("next_page", TEXT, "If there are more."),
    ],
});
/// A namespace that a super-user took over.
pub const OWNERSHIP: Shape = Shape::Record(&Record { name: "Ownership", members: &[has("namespace", TEXT)] });
/// Somebody in an organization's teams, or one of its robots.
pub const MEMBER: Shape = Shape::Record(&Record {
    name: "Member",
    members: &[
        has("name", TEXT),
        has("kind", Shape::Word(&["user", "robot"])),
        has("avatar", AVATAR),
        has("teams", Shape::Array(&TEAM_NAME)),
        has("repositories", Shape::Array(&TEXT)),
    ],
});
/// The people in an organization's teams.
pub const MEMBERS: Shape =
    Shape::Record(&Record { name: "Members", members: &[has("members", Shape::Array(&MEMBER))] });
/// The people outside of them who were granted repositories.
pub const COLLABORATORS: Shape = Shape::Record(&Record {
    name: "Collaborators",
    members: &[has(
        "collaborators",
        Shape::Array(&Shape::Record(&Record {
            name: "Collaborator",
            members: &[
                has("kind", USER),
                has("name", TEXT),
                has("avatar", AVATAR),
                has("repositories", Shape::Array(&TEXT)),
            ],
        })),
    )],
});

/// A team that was made or changed.
pub const TEAM: Shape = Shape::Record(&Record {
    name: "Team",
    members: &[
        has("name", TEXT),
        has("description", TEXT),
        has("can_view", Shape::Boolean),
        has("role", TEAM_ROLE),
        has("avatar", AVATAR),
        has("new_team", Shape::Boolean),
    ],
});
/// Somebody in a team.
pub const TEAM_MEMBER: Shape = Shape::Record(&Record {
    name: "TeamMember",
    members: &[
        has("name", TEXT),
        has("kind", USER),
        has("is_robot", Shape::Boolean),
        has("avatar", AVATAR),
        has("invited", Shape::Boolean),
    ],
});
/// Who sits in a team.
pub const TEAM_MEMBERS: Shape = Shape::Record(&Record {
    name: "TeamMembers",
    members: &[
        has("name", TEXT),
        has("members", Shape::Array(&TEAM_MEMBER)),
        has("can_edit", Shape::Boolean),
    ],
});

/// An OAuth application.
pub const APPLICATION: Shape = Shape::Record(&Record {
    name: "Application",
    members: &[
        has("name", TEXT),
        has("description", TEXT),
        has("application_uri", TEXT),
        has("client_id", TEXT),
        has("client_secret", TEXT_OR_NULL),
        has("redirect_uri", TEXT),
        has("avatar_email", TEXT_OR_NULL),
    ],
});
/// The OAuth applications of an organization.
pub const APPLICATIONS: Shape = Shape::Record(&Record {
    name: "Applications",
    members: &[has("applications", Shape::Array(&APPLICATION))],
});
/// An access token. Only the answer to its making has the token itself.
pub const ACCESS_TOKEN: Shape = Shape::Record(&Record {
    name: "AccessToken",
    members: &[
        has("uuid", Shape::Uuid),
        has("name", TEXT),
        has("scope", TEXT),
        has("created", Shape::Instant),
        has("expires_at", Shape::Instant),
        has("created_by", TEXT_OR_NULL),
        has("last_accessed", INSTANT_OR_NULL),
        may("token", TEXT, "When it is made, and never again."),
    ],
});
/// The access tokens of an application.
pub const ACCESS_TOKENS: Shape =
    Shape::Record(&Record { name: "AccessTokens", members: &[has("tokens", Shape::Array(&ACCESS_TOKEN))] });
/// The authorizations that wait for the calling user.
pub const ASSIGNED_AUTHORIZATIONS: Shape = Shape::Record(&Record {
    name: "AssignedAuthorizations",
    members: &[has("authorizations", Shape::Array(&ASSIGNED_AUTHORIZATION))],
});
const ASSIGNED_AUTHORIZATION: Shape = Shape::Record(&Record {
    name: "AssignedAuthorization",
    members: &[
        has("uuid", Shape::Uuid),
        has("application", AUTHORIZED_APPLICATION),
        has("redirectUri", TEXT),
        has("scopes", Shape::Array(&SCOPE)),
        has("responseType", Shape::Word(&["token"])),
    ],
});
const AUTHORIZED_APPLICATION: Shape = Shape::Record(&Record {
    name: "AuthorizedApplication",
    members: &[
        has("name", TEXT),
        has("clientId", TEXT),
        has("description", TEXT),
        has("url", TEXT),
        has("avatar", AVATAR),
        has(
            "organization",
            Shape::Record(&Record {
                name: "AuthorizingOrganization",
                members: &[has("name", TEXT), has("avatar", AVATAR)],
            }),
        ),
    ],
});
const SCOPE: Shape = Shape::Record(&Record {
    name: "Scope",
    members: &[
        has("title", TEXT),
        has("scope", TEXT),
        has("description", TEXT),
        has("icon", TEXT),
        has("dangerous", Shape::Boolean),
    ],
});

const APP_TOKEN: Shape = Shape::Record(&Record {
    name: "AppToken",
    members: &[
        has("uuid", Shape::Uuid),
        has("title", TEXT),
        has("last_accessed", DATE_OR_NULL),
        has("created", Shape::Date),
        has("expiration", DATE_OR_NULL),
        may("token_code", TEXT_OR_NULL, "Where a single token is shown; `null` if it cannot be shown again."),
    ],
});
/// An application-specific token.
pub const SHOWN_APP_TOKEN: Shape =
    Shape::Record(&Record { name: "ShownAppToken", members: &[has("token", APP_TOKEN)] });
/// The application-specific tokens of the calling user.
pub const APP_TOKENS: Shape = Shape::Record(&Record {
    name: "AppTokens",
    members: &[has("tokens", Shape::Array(&APP_TOKEN)), has("only_expiring", Shape::Boolean)],
});
