//! What super-users do to users and organizations of others (`/superuser/...`).

use super::avatar::Avatar;
use super::call::{Answer, Call, no_content, ok};
use super::route::Query;
use super::schema::{Schema, optional, required};
use crate::domain::credential::Secret;
use crate::http::error::Refusal;
use crate::service::actor::Mode;
use crate::service::superusers::{self, Change};
use crate::service::{organizations, users};
use crate::store::accounts::Account;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest text that is taken as far as the use case.
const MAX_TEXT: usize = 1024;
/// Most entries of a page that a client asks for.
const LARGEST_PAGE: i64 = 100;
/// Most entries of a list that is not asked for by page.
const LARGEST_LIST: usize = 10_000;

/// Entries of a page.
pub(super) const LIMIT: Query = Query {
    name: "limit",
    kind: "integer",
    help: "Limit to the number of results to return per page. Max 100.",
};
/// Where a page begins.
pub(super) const NEXT_PAGE: Query =
    Query { name: "next_page", kind: "string", help: "The value of next_page in the answer before." };

/// The body that makes a user.
pub(super) const NEW_USER: Schema = Schema::Record(&[
    required("username", Schema::Text(MAX_TEXT), "The user's name."),
    optional("email", Schema::OptionalText(MAX_TEXT), "The user's address."),
]);
/// The body that changes a user.
pub(super) const USER: Schema = Schema::Record(&[
    optional("password", Schema::Text(MAX_TEXT), "A new password."),
    optional("email", Schema::Text(MAX_TEXT), "A new address."),
    optional("enabled", Schema::Boolean, "Whether the user may log in."),
]);
/// The body that changes an organization.
pub(super) const ORGANIZATION: Schema =
    Schema::Record(&[optional("name", Schema::Text(MAX_TEXT), "A new name.")]);

#[derive(Deserialize)]
struct NewUser {
    username: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct UserBody {
    password: Option<String>,
    email: Option<String>,
    enabled: Option<bool>,
}

#[derive(Deserialize)]
struct OrganizationBody {
    name: Option<String>,
}

fn user_view(call: &Call, user: &Account) -> Value {
    json!({
        "kind": "user",
        "name": user.name,
        "username": user.name,
        "email": user.email,
        "verified": true,
        "avatar": Avatar::of_account(user),
        "super_user": call.app.privilege(&user.name).super_user,
        "enabled": user.enabled,
    })
}

fn organization_view(organization: &Account) -> Value {
    json!({
        "name": organization.name,
        "email": organization.email,
        "avatar": Avatar::of_account(organization),
    })
}

/// One page of a list by name, and the name that the next one begins after.
fn page(
    call: &Call,
    read: impl FnOnce(&str, usize) -> Result<Vec<Account>, crate::service::error::ServiceError>,
) -> Result<(Vec<Account>, Option<String>), Refusal> {
    let asked = call.integer(&LIMIT)?.filter(|limit| *limit > 0).map(|limit| limit.min(LARGEST_PAGE));
    let size = asked.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LARGEST_LIST);
    let after = call.text(&NEXT_PAGE)?.unwrap_or_default();
    let mut accounts = read(after, size + 1)?;
    let more = accounts.len() > size;
    accounts.truncate(size);
    let next = accounts.last().map(|account| account.name.clone()).filter(|_| more);
    Ok((accounts, next))
}

fn listed(kind: &str, views: &[Value], next: Option<String>) -> Answer {
    let mut view = json!({ kind: views });
    if let (Some(members), Some(next)) = (view.as_object_mut(), next) {
        members.insert("next_page".to_owned(), next.into());
    }
    ok(&view)
}

/// Lists every user.
pub(super) fn list_users(call: &Call) -> Answer {
    let (users, next) = page(call, |after, limit| users::list(&call.app, &call.actor, after, limit))?;
    listed("users", &users.iter().map(|user| user_view(call, user)).collect::<Vec<_>>(), next)
}

/// Makes a user with a generated password.
pub(super) fn create_user(call: &Call) -> Answer {
    let new: NewUser = call.body()?;
    let (user, password) =
        superusers::create_user(&call.app, &call.actor, &new.username, new.email.as_deref())?;
    ok(&json!({
        "username": user.name,
        "email": user.email,
        "password": password.expose(),
        // There are no encrypted passwords here: an application token does what they are for.
        "encrypted_password": null,
    }))
}

/// Shows a user.
pub(super) fn get_user(call: &Call, username: &str) -> Answer {
    call.actor.require_super_user(Mode::Read)?;
    ok(&user_view(call, &users::get(&call.app, username)?))
}

/// Changes a user. As in Quay the answer tells the old state of `enabled`.
pub(super) fn update_user(call: &Call, username: &str) -> Answer {
    let body: UserBody = call.body()?;
    let password = body.password.map(Secret::new);
    let change = Change { password: password.as_ref(), email: body.email.as_deref(), enabled: body.enabled };
    let before = superusers::update_user(&call.app, &call.actor, username, change)?;
    let user = users::get(&call.app, username)?;
    ok(&user_view(call, &Account { enabled: before.enabled, ..user }))
}

/// Deletes a user.
pub(super) fn delete_user(call: &Call, username: &str) -> Answer {
    superusers::delete_user(&call.app, &call.actor, username)?;
    no_content()
}

/// Lists every organization.
pub(super) fn list_organizations(call: &Call) -> Answer {
    let (found, next) = page(call, |after, limit| organizations::list(&call.app, &call.actor, after, limit))?;
    listed("organizations", &found.iter().map(organization_view).collect::<Vec<_>>(), next)
}

/// Renames an organization.
pub(super) fn update_organization(call: &Call, organization: &str) -> Answer {
    call.actor.require_super_user(Mode::Write)?;
    let body: OrganizationBody = call.body()?;
    let name = body.name.as_deref().unwrap_or(organization);
    ok(&organization_view(&superusers::rename_organization(&call.app, &call.actor, organization, name)?))
}

/// Deletes an organization.
pub(super) fn delete_organization(call: &Call, organization: &str) -> Answer {
    superusers::delete_organization(&call.app, &call.actor, organization)?;
    no_content()
}

/// Makes the calling super-user an owner of a namespace.
pub(super) fn take_ownership(call: &Call, namespace: &str) -> Answer {
    superusers::take_ownership(&call.app, &call.actor, namespace)?;
    ok(&json!({ "namespace": namespace }))
}
