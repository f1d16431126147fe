//! Organizations (`/organization/{orgname}`), their members and their collaborators.

use super::avatar::Avatar;
use super::call::{Answer, Call, created, listed, no_content, ok};
use super::schema::{Field, Schema, optional, required};
use crate::service::members::{Member, People};
use crate::service::organizations::View;
use crate::service::settings::SettingsChange;
use crate::service::{members, organizations, teams};
use crate::store::accounts::AccountKind;
use crate::store::teams::Team;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Longest text that is taken as far as the use case, which knows its own bounds and says them in Quay's words.
const MAX_TEXT: usize = 1024;

/// The body that makes an organization.
pub(super) const NEW_ORGANIZATION: Schema = Schema::Record(&[
    required("name", Schema::Text(MAX_TEXT), "Organization username."),
    optional("email", Schema::OptionalText(MAX_TEXT), "Organization contact email."),
    optional(
        "contact_email",
        Schema::OptionalText(MAX_TEXT),
        "The same by another name; email counts first.",
    ),
]);
/// The body that changes an organization.
pub(super) const ORGANIZATION: Schema = Schema::Record(&[
    optional("email", Schema::Text(MAX_TEXT), "Organization contact email; empty to have none."),
    INVOICE_EMAIL,
    INVOICE_EMAIL_ADDRESS,
    TAG_EXPIRATION,
]);

/// Whether invoices are wanted.
pub(super) const INVOICE_EMAIL: Field =
    optional("invoice_email", Schema::Boolean, "Kept and shown, no more: nothing is charged here.");
/// Where invoices are wanted.
pub(super) const INVOICE_EMAIL_ADDRESS: Field =
    optional("invoice_email_address", Schema::OptionalText(MAX_TEXT), "Kept and shown, as above.");
/// How long deleted tags are wanted.
pub(super) const TAG_EXPIRATION: Field =
    optional("tag_expiration_s", Schema::Integer, "Kept and shown, no more: tags are the registry's.");

/// The whole answer to a new organization; clients match on it.
const CREATED: &str = "Created";

#[derive(Deserialize)]
struct NewOrganization {
    name: String,
    email: Option<String>,
    contact_email: Option<String>,
}

#[derive(Deserialize)]
struct Changes {
    email: Option<String>,
    #[serde(flatten)]
    settings: Settings,
}

/// What may be set on any namespace.
#[derive(Deserialize)]
pub(super) struct Settings {
    invoice_email: Option<bool>,
    #[serde(default, deserialize_with = "empty_for_null")]
    invoice_email_address: Option<String>,
    tag_expiration_s: Option<i64>,
}

/// `null` takes an address away, a member that was not sent does not.
fn empty_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|sent| Some(sent.unwrap_or_default()))
}

impl From<Settings> for SettingsChange {
    fn from(settings: Settings) -> Self {
        Self {
            invoice_email: settings.invoice_email,
            invoice_email_address: settings.invoice_email_address,
            tag_expiration: settings.tag_expiration_s,
        }
    }
}

/// Quay's view of an organization. Members that a caller does not get to see are left out.
#[derive(Serialize)]
struct OrganizationView<'a> {
    name: &'a str,
    email: &'a str,
    avatar: Avatar,
    is_admin: bool,
    is_member: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    teams: Option<BTreeMap<&'a str, TeamView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered_teams: Option<Vec<&'a str>>,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

/// What administrators see besides.
#[derive(Serialize)]
struct Details<'a> {
    invoice_email: bool,
    invoice_email_address: Option<&'a str>,
    tag_expiration_s: i64,
    is_free_account: bool,
}

#[derive(Serialize)]
struct TeamView<'a> {
    name: &'a str,
    description: &'a str,
    role: &'a str,
    avatar: Avatar,
    can_view: bool,
    repo_count: i64,
    member_count: i64,
    is_synced: bool,
}

impl<'a> From<&'a teams::Shown> for TeamView<'a> {
    fn from(shown: &'a teams::Shown) -> Self {
        let teams::Shown { team, counts, visible } = shown;
        Self {
            name: &team.name,
            description: &team.description,
            role: team.role.as_str(),
            avatar: Avatar::of_team(team),
            can_view: *visible,
            repo_count: counts.repositories,
            member_count: counts.members,
            is_synced: false,
        }
    }
}

fn show(view: &View) -> Answer {
    let View { account, administers, is_member, teams, settings } = view;
    let email = account.email.as_deref();
    ok(&OrganizationView {
        name: &account.name,
        email: email.filter(|_| *administers).unwrap_or_default(),
        // Quay calls an organization a user here, and nowhere else.
        avatar: Avatar::new(&account.name, email, "user"),
        is_admin: *administers,
        is_member: *is_member,
        teams: teams.as_ref().map(|teams| {
            teams.iter().map(|shown| (shown.team.name.as_str(), TeamView::from(shown))).collect()
        }),
        ordered_teams: teams
            .as_ref()
            .map(|teams| teams.iter().map(|shown| shown.team.name.as_str()).collect()),
        details: administers.then_some(Details {
            invoice_email: settings.invoice_email,
            invoice_email_address: settings.invoice_email_address.as_deref(),
            tag_expiration_s: settings.tag_expiration,
            is_free_account: true,
        }),
    })
}

/// Makes an organization.
pub(super) fn create(call: &Call) -> Answer {
    let body: NewOrganization = call.body()?;
    let email = body.email.or(body.contact_email);
    organizations::create(&call.app, &call.actor, &body.name, email.as_deref())?;
    created(&CREATED)
}

/// Shows an organization, to anybody.
pub(super) fn get(call: &Call, organization: &str) -> Answer {
    show(&organizations::view(&call.app, &call.actor, organization)?)
}

/// Changes an organization.
pub(super) fn update(call: &Call, organization: &str) -> Answer {
    let Changes { email, settings } = call.body()?;
    show(&organizations::update(&call.app, &call.actor, organization, email.as_deref(), &settings.into())?)
}

/// Deletes an organization.
pub(super) fn delete(call: &Call, organization: &str) -> Answer {
    organizations::delete(&call.app, &call.actor, organization)?;
    no_content()
}

#[derive(Serialize)]
struct MemberView<'a> {
    name: &'a str,
    kind: &'static str,
    avatar: Avatar,
    teams: Vec<MemberTeamView<'a>>,
    repositories: &'a [String],
}

#[derive(Serialize)]
struct MemberTeamView<'a> {
    name: &'a str,
    avatar: Avatar,
}

impl<'a> From<&'a Member> for MemberView<'a> {
    fn from(member: &'a Member) -> Self {
        let team = |team: &'a Team| MemberTeamView { name: &team.name, avatar: Avatar::of_team(team) };
        Self {
            name: &member.account.name,
            kind: if member.account.kind == AccountKind::Robot { "robot" } else { "user" },
            avatar: Avatar::of_account(&member.account),
            teams: member.teams.iter().map(team).collect(),
            repositories: &member.repositories,
        }
    }
}

/// Lists the people in an organization's teams.
pub(super) fn list_members(call: &Call, organization: &str) -> Answer {
    let members = People::members(&call.app, &call.actor, organization)?;
    listed(call, r#"{"members":["#, "]}", members, |member, out| {
        serde_json::to_writer(out, &MemberView::from(&member))
    })
}

/// Shows a user in an organization's teams, or a robot of the organization.
pub(super) fn get_member(call: &Call, organization: &str, member: &str) -> Answer {
    ok(&MemberView::from(&members::get(&call.app, &call.actor, organization, member)?))
}

/// Takes a user out of an organization.
pub(super) fn remove_member(call: &Call, organization: &str, member: &str) -> Answer {
    members::remove(&call.app, &call.actor, organization, member)?;
    no_content()
}

#[derive(Serialize)]
struct CollaboratorView<'a> {
    kind: &'static str,
    name: &'a str,
    avatar: Avatar,
    repositories: &'a [String],
}

impl<'a> From<&'a Member> for CollaboratorView<'a> {
    fn from(person: &'a Member) -> Self {
        let Member { account, repositories, .. } = person;
        Self { kind: "user", name: &account.name, avatar: Avatar::of_account(account), repositories }
    }
}

/// Lists the people outside an organization's teams who were granted repositories of it.
pub(super) fn list_collaborators(call: &Call, organization: &str) -> Answer {
    let found = People::collaborators(&call.app, &call.actor, organization)?;
    listed(call, r#"{"collaborators":["#, "]}", found, |person, out| {
        serde_json::to_writer(out, &CollaboratorView::from(&person))
    })
}
