//! What each route answers, as the OpenAPI document tells it. The tests hold every answer that they get against this, so what
//! stands here is what is sent.

mod accounts;
mod grants;
mod records;

pub use accounts::*;
pub use grants::*;
pub use records::*;

use super::shape::{Record, Shape, has};

const TEXT: Shape = Shape::Text;
const TEXT_OR_NULL: Shape = Shape::Either(&[Shape::Text, Shape::Null]);
const DATE_OR_NULL: Shape = Shape::Either(&[Shape::Date, Shape::Null]);
const ROLE: Shape = Shape::Word(&["read", "write", "admin"]);
const TEAM_ROLE: Shape = Shape::Word(&["member", "creator", "admin"]);
/// Quay's kind of users, and in most places of robots as well.
const USER: Shape = Shape::Word(&["user"]);

const AVATAR: Shape = Shape::Record(&Record {
    name: "Avatar",
    members: &[
        has("name", TEXT),
        has("hash", TEXT),
        has("color", TEXT),
        has("kind", Shape::Word(&["user", "robot", "team", "org", "app"])),
    ],
});

/// A team where only its looks matter.
const TEAM_NAME: Shape =
    Shape::Record(&Record { name: "TeamName", members: &[has("name", TEXT), has("avatar", AVATAR)] });
