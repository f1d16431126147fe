//! The calling user (`/user/`), and what anybody may know of another one (`/users/{username}`).

use super::avatar::Avatar;
use super::call::{Answer, Call, no_content, ok};
use super::organizations::{INVOICE_EMAIL, INVOICE_EMAIL_ADDRESS, Settings, TAG_EXPIRATION};
use super::schema::{Schema, optional, required};
use crate::domain::credential::Secret;
use crate::http::{error, reply};
use crate::service::error::ServiceError;
use crate::service::users;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest text that is taken as far as the use case.
const MAX_TEXT: usize = 1024;

/// The body that changes the calling user.
pub(super) const CHANGES: Schema = Schema::Record(&[
    optional("password", Schema::Text(MAX_TEXT), "A new password. Ends every session."),
    optional("email", Schema::Text(MAX_TEXT), "A new address."),
    optional("username", Schema::Text(MAX_TEXT), "A new name, where FEATURE_USER_RENAME is on."),
    INVOICE_EMAIL,
    INVOICE_EMAIL_ADDRESS,
    TAG_EXPIRATION,
]);
/// The body that makes a user.
pub(super) const NEW_USER: Schema = Schema::Record(&[
    required("username", Schema::Text(MAX_TEXT), "The user's name."),
    required("password", Schema::Text(MAX_TEXT), "The user's password."),
    optional("email", Schema::OptionalText(MAX_TEXT), "The user's address."),
]);

#[derive(Deserialize)]
struct Changes {
    password: Option<String>,
    email: Option<String>,
    username: Option<String>,
    #[serde(flatten)]
    settings: Settings,
}

#[derive(Deserialize)]
struct NewUser {
    username: String,
    password: String,
    email: Option<String>,
}

fn view(call: &Call) -> Answer {
    let (user, memberships, settings) = users::myself(&call.app, &call.actor)?;
    let identity = call.actor.require_account()?;
    let organizations: Vec<Value> = memberships
        .iter()
        .map(|membership| {
            json!({
                "name": membership.organization.name,
                "avatar": Avatar::of_account(&membership.organization),
                "can_create_repo": membership.creates,
                "public": false,
                "is_org_admin": membership.administers,
                "preferred_namespace": false,
            })
        })
        .collect();
    let restricted = identity.privilege.restricted || identity.privilege.read_only;
    ok(&json!({
        "anonymous": false,
        "username": user.name,
        "avatar": Avatar::of_account(&user),
        "is_me": true,
        "verified": true,
        "email": user.email,
        "can_create_repo": !restricted,
        "super_user": identity.privilege.super_user,
        "global_readonly_super_user": identity.privilege.read_only,
        "organizations": organizations,
        "logins": [],
        "prompts": [],
        "invoice_email": settings.invoice_email,
        "invoice_email_address": settings.invoice_email_address,
        "is_free_account": true,
        "preferred_namespace": false,
        "tag_expiration_s": settings.tag_expiration,
    }))
}

/// Shows the calling user.
pub(super) fn get(call: &Call) -> Answer {
    if call.actor.identity().is_none() {
        return Ok(error::no_session(&call.app.config.derived.origin));
    }
    view(call)
}

/// Changes the calling user.
pub(super) fn change(call: &Call) -> Answer {
    let changes: Changes = call.body()?;
    let password = changes.password.map(Secret::new);
    let changes = users::Changes {
        email: changes.email.as_deref(),
        password: password.as_ref(),
        name: changes.username.as_deref(),
        settings: changes.settings.into(),
    };
    users::change(&call.app, &call.actor, &changes)?;
    view(call)
}

/// Deletes the calling user.
pub(super) fn delete(call: &Call) -> Answer {
    users::delete_own(&call.app, &call.actor)?;
    no_content()
}

/// Makes a user for whoever asks.
pub(super) fn create(call: &Call) -> Answer {
    let new: NewUser = call.body()?;
    let password = Secret::new(new.password);
    users::sign_up(&call.app, &call.actor.origin, &new.username, new.email.as_deref(), &password)?;
    ok(&json!({ "awaiting_verification": false }))
}

/// Shows what anybody may know of a user.
pub(super) fn get_other(call: &Call, username: &str) -> Answer {
    match users::get(&call.app, username) {
        Ok(user) => ok(&json!({
            "anonymous": false,
            "username": user.name,
            "avatar": Avatar::of_account(&user),
            "super_user": call.app.privilege(&user.name).super_user,
        })),
        Err(ServiceError::NotFound(_)) => {
            Ok(reply::json(StatusCode::NOT_FOUND, &json!({ "message": "Not Found" })))
        }
        Err(error) => Err(error.into()),
    }
}
