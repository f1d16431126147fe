//! The audit trail, searches, and what the API says about itself.

use super::super::shape::{Record, Shape, has, may};
use super::{AVATAR, TEXT, TEXT_OR_NULL, USER};

const WITH_PERFORMER: &str = "If somebody did it.";

/// A page of the audit trail.
pub const LOGS: Shape = Shape::Record(&Record {
    name: "Logs",
    members: &[
        has("start_time", Shape::Date),
        has("end_time", Shape::Date),
        has("logs", Shape::Array(&LOG)),
        may("next_page", TEXT, "If there are more."),
    ],
});
const LOG: Shape = Shape::Record(&Record {
    name: "Log",
    members: &[
        has("kind", TEXT),
        has("metadata", Shape::Object),
        has("ip", TEXT_OR_NULL),
        has("datetime", Shape::Date),
        may("performer", PERFORMER, WITH_PERFORMER),
        may("request_id", TEXT_OR_NULL, WITH_PERFORMER),
    ],
});
const PERFORMER: Shape = Shape::Record(&Record {
    name: "Performer",
    members: &[has("kind", USER), has("name", TEXT), has("is_robot", Shape::Boolean), has("avatar", AVATAR)],
});
/// Counts of the audit trail by kind and day.
pub const AGGREGATED_LOGS: Shape = Shape::Record(&Record {
    name: "AggregatedLogs",
    members: &[has(
        "aggregated",
        Shape::Array(&Shape::Record(&Record {
            name: "LogCount",
            members: &[has("kind", TEXT), has("count", Shape::Integer), has("datetime", Shape::Date)],
        })),
    )],
});
/// Users, robots, teams and organizations that were found.
pub const ENTITIES: Shape = Shape::Record(&Record {
    name: "Entities",
    members: &[has(
        "results",
        Shape::Array(&Shape::Record(&Record {
            name: "Entity",
            members: &[
                has("name", TEXT),
                has("kind", Shape::Word(&["user", "team", "org"])),
                may("is_robot", Shape::Boolean, "For users and robots."),
                has("avatar", AVATAR),
                may("is_org_member", Shape::Boolean, "If a namespace was given."),
            ],
        })),
    )],
});
/// A type of errors.
pub const ERROR_TYPE: Shape = Shape::Record(&Record {
    name: "ErrorType",
    members: &[has("title", TEXT), has("type", TEXT), has("description", TEXT)],
});
/// A document that describes the API.
pub const DOCUMENT: Shape = Shape::Object;

/// What a keyless robot logs in with.
pub const ROBOT_TOKEN: Shape = Shape::Record(&Record { name: "RobotToken", members: &[has("token", TEXT)] });
/// What a registry's client gets.
pub const REGISTRY_TOKEN: Shape = Shape::Record(&Record {
    name: "RegistryToken",
    members: &[
        has("token", TEXT),
        has("access_token", TEXT),
        has("expires_in", Shape::Integer),
        has("issued_at", Shape::Instant),
        may("scope", TEXT, "To a form: what was granted."),
        may("refresh_token", TEXT, "If one was asked for, and is offered."),
    ],
});
/// What a browser's session proves with that a request is its own.
pub const CSRF_TOKEN: Shape =
    Shape::Record(&Record { name: "CsrfToken", members: &[has("csrf_token", TEXT)] });
/// The distribution specification's form of a refusal.
pub const REGISTRY_ERRORS: Shape = Shape::Record(&Record {
    name: "RegistryErrors",
    members: &[has(
        "errors",
        Shape::Array(&Shape::Record(&Record {
            name: "RegistryError",
            members: &[has("code", TEXT), has("message", TEXT), has("detail", Shape::Object)],
        })),
    )],
});
/// A sentence, to whoever asked wrongly or is told that something was done.
pub const MESSAGE: Shape = Shape::Record(&Record { name: "Sentence", members: &[has("message", TEXT)] });
/// A sentence, to whoever did not say who it is.
pub const PLAIN_ERROR: Shape = Shape::Record(&Record { name: "Error", members: &[has("error", TEXT)] });

/// Quay's forms of a refusal.
pub const ERROR: Shape = Shape::Either(&[
    Shape::Record(&Record {
        name: "ApiError",
        members: &[
            has("detail", TEXT),
            has("error_message", TEXT),
            has("error_type", TEXT),
            has("title", TEXT),
            has("type", TEXT),
            has("status", Shape::Integer),
            may("session_required", Shape::Boolean, "Where the calling user is asked for and there is none."),
        ],
    }),
    Shape::Record(&Record {
        name: "Message",
        members: &[
            // For a number in the query that is none: what the parameter is for, by its name.
            has("message", Shape::Either(&[TEXT, Shape::Map(&TEXT)])),
            may("is_readonly", Shape::Boolean, "While nothing can be changed."),
        ],
    }),
    PLAIN_ERROR,
    Shape::Record(&Record {
        name: "SignInRefused",
        members: &[
            has("needsEmailVerification", Shape::Boolean),
            has("invalidCredentials", Shape::Boolean),
            has("message", TEXT),
        ],
    }),
]);
