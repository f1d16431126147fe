//! Repositories and what is granted on them.

use super::super::shape::{Record, Shape, has, may};
use super::{AVATAR, ROLE, TEXT, USER};

const STATE: Shape = Shape::Word(&["NORMAL", "READ_ONLY", "MIRROR"]);
const IMAGE: Shape = Shape::Word(&["image"]);
const OF_ORGANIZATIONS: &str = "If the repository is an organization's.";

/// It was done.
pub const SUCCESS: Shape =
    Shape::Record(&Record { name: "Success", members: &[has("success", Shape::Boolean)] });
/// It was done, or there was nothing to do it to.
pub const SUCCESS_OR_NULL: Shape = Shape::Either(&[SUCCESS, Shape::Null]);
/// A repository that was registered.
pub const NEW_REPOSITORY: Shape = Shape::Record(&Record {
    name: "NewRepository",
    members: &[has("namespace", TEXT), has("name", TEXT), has("kind", IMAGE)],
});
/// A repository.
pub const REPOSITORY: Shape = Shape::Record(&Record {
    name: "Repository",
    members: &[
        has("namespace", TEXT),
        has("name", TEXT),
        has("kind", IMAGE),
        has("description", TEXT),
        has("is_public", Shape::Boolean),
        has("is_organization", Shape::Boolean),
        has("is_starred", Shape::Boolean),
        has("status_token", TEXT),
        has("trust_enabled", Shape::Boolean),
        has("tag_expiration_s", Shape::Integer),
        has("is_free_account", Shape::Boolean),
        has("state", STATE),
        may(
            "tags",
            Shape::Object,
            "Unless `includeTags` is false; the registry alone knows which there are.",
        ),
        has("can_write", Shape::Boolean),
        has("can_admin", Shape::Boolean),
    ],
});
/// A list of repositories.
pub const REPOSITORIES: Shape = Shape::Record(&Record {
    name: "Repositories",
    members: &[
        has(
            "repositories",
            Shape::Array(&Shape::Record(&Record {
                name: "ListedRepository",
                members: &[
                    has("namespace", TEXT),
                    has("name", TEXT),
                    has("description", TEXT),
                    has("is_public", Shape::Boolean),
                    has("kind", IMAGE),
                    has("state", STATE),
                    has("is_starred", Shape::Boolean),
                    may("last_modified", Shape::Integer, "If it was asked for: seconds since 1970."),
                    may("popularity", Shape::Number, "If it was asked for."),
                ],
            })),
        ),
        may("next_page", TEXT, "If there are more."),
    ],
});

/// What somebody was granted directly.
pub const GRANTS: Shape = Shape::Record(&Record {
    name: "Grants",
    members: &[has(
        "permissions",
        Shape::Array(&Shape::Record(&Record {
            name: "Grant",
            members: &[
                has(
                    "repository",
                    Shape::Record(&Record {
                        name: "GrantedRepository",
                        members: &[has("name", TEXT), has("is_public", Shape::Boolean)],
                    }),
                ),
                has("role", ROLE),
            ],
        })),
    )],
});
/// What a user or robot was granted on a repository.
pub const ACCOUNT_GRANT: Shape = Shape::Record(&Record {
    name: "AccountGrant",
    members: &[
        has("role", ROLE),
        has("name", TEXT),
        has("is_robot", Shape::Boolean),
        has("avatar", AVATAR),
        may("is_org_member", Shape::Boolean, OF_ORGANIZATIONS),
    ],
});
/// The users and robots that a repository was granted to, by name.
pub const ACCOUNT_GRANTS: Shape = Shape::Record(&Record {
    name: "AccountGrants",
    members: &[has("permissions", Shape::Map(&ACCOUNT_GRANT))],
});
/// What a team was granted on a repository.
pub const TEAM_GRANT: Shape = Shape::Record(&Record {
    name: "TeamGrant",
    members: &[has("role", ROLE), has("name", TEXT), has("avatar", AVATAR)],
});
/// The teams that a repository was granted to, by name.
pub const TEAM_GRANTS: Shape =
    Shape::Record(&Record { name: "TeamGrants", members: &[has("permissions", Shape::Map(&TEAM_GRANT))] });
/// A role alone.
pub const GRANTED_ROLE: Shape = Shape::Record(&Record { name: "GrantedRole", members: &[has("role", ROLE)] });
/// Every role that somebody has.
pub const GRANTED_ROLES: Shape = Shape::Record(&Record {
    name: "GrantedRoles",
    members: &[has("permissions", Shape::Array(&GRANTED_ROLE))],
});

const ACCOUNT: Shape = Shape::Record(&Record {
    name: "PrototypeAccount",
    members: &[
        has("name", TEXT),
        has("is_robot", Shape::Boolean),
        has("kind", USER),
        has("is_org_member", Shape::Boolean),
        has("avatar", AVATAR),
    ],
});
const TEAM: Shape = Shape::Record(&Record {
    name: "PrototypeTeam",
    members: &[has("name", TEXT), has("kind", Shape::Word(&["team"])), has("avatar", AVATAR)],
});
/// A default permission.
pub const PROTOTYPE: Shape = Shape::Record(&Record {
    name: "Prototype",
    members: &[
        has("activating_user", Shape::Either(&[ACCOUNT, Shape::Null])),
        has("delegate", Shape::Either(&[ACCOUNT, TEAM])),
        has("role", ROLE),
        has("id", Shape::Uuid),
    ],
});
/// The default permissions of an organization.
pub const PROTOTYPES: Shape =
    Shape::Record(&Record { name: "Prototypes", members: &[has("prototypes", Shape::Array(&PROTOTYPE))] });
