//! Finding users, robots and teams by how their names begin (`/entities/{prefix}`).

use super::avatar::Avatar;
use super::call::{Answer, Call, ok};
use super::table::{INCLUDE_ORGS, INCLUDE_TEAMS, NAMESPACE};
use crate::service::entities::{self, Search};
use crate::store::accounts::AccountKind;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Entity<'a> {
    name: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_robot: Option<bool>,
    avatar: Avatar,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_org_member: Option<bool>,
}

/// Searches.
pub(super) fn search(call: &Call, prefix: &str) -> Answer {
    let asked = Search {
        prefix,
        namespace: call.text(&NAMESPACE)?,
        teams: call.flag(&INCLUDE_TEAMS, false)?,
        organizations: call.flag(&INCLUDE_ORGS, false)?,
    };
    let found = entities::search(&call.app, &call.actor, asked)?;
    let accounts = found.accounts.iter().map(|(account, is_org_member)| Entity {
        name: &account.name,
        kind: "user",
        is_robot: Some(account.kind == AccountKind::Robot),
        avatar: Avatar::of_account(account),
        is_org_member: *is_org_member,
    });
    let group = |name, kind, avatar| Entity { name, kind, is_robot: None, avatar, is_org_member: Some(true) };
    let teams = found.teams.iter().map(|team| group(&team.name, "team", Avatar::of_team(team)));
    let organization = found
        .organization
        .iter()
        .map(|organization| group(&organization.name, "org", Avatar::of_account(organization)));
    let results: Vec<_> = accounts.chain(teams).chain(organization).collect();
    ok(&json!({ "results": results }))
}
