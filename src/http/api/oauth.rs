//! OAuth applications of an organization and their access tokens (`/organization/{orgname}/applications`), and authorizations
//! that wait for the calling user (`/user/assignedauthorization`).

use super::avatar::Avatar;
use super::call::{Answer, Call, no_content, ok};
use super::schema::{Field, Schema, optional, required};
use crate::domain::credential::Secret;
use crate::domain::oauth::{OAuthScope, OAuthScopes};
use crate::service::oauth::applications::{self, Shown, Texts};
use crate::service::oauth::assignments::{self, Assigned};
use crate::service::oauth::tokens;
use crate::store::oauth::AccessTokenRecord;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest text that is taken as far as the use case.
const MAX_TEXT: usize = 4096;
const REDIRECT_URI: Field =
    optional("redirect_uri", Schema::Text(MAX_TEXT), "Where browsers bring a token to.");
const APPLICATION_URI: Field =
    optional("application_uri", Schema::Text(MAX_TEXT), "The application's home page.");
const DESCRIPTION: Field = optional("description", Schema::Text(MAX_TEXT), "What people are told about it.");
const AVATAR_EMAIL: Field =
    optional("avatar_email", Schema::OptionalText(MAX_TEXT), "The address that its picture belongs to.");
const NAME: &str = "The application's name.";

/// The body that makes an application.
pub(super) const NEW_APPLICATION: Schema = Schema::Record(&[
    required("name", Schema::Text(MAX_TEXT), NAME),
    REDIRECT_URI,
    APPLICATION_URI,
    DESCRIPTION,
    AVATAR_EMAIL,
]);
/// The body that changes an application; what is left out stays.
pub(super) const APPLICATION: Schema = Schema::Record(&[
    optional("name", Schema::Text(MAX_TEXT), NAME),
    REDIRECT_URI,
    APPLICATION_URI,
    DESCRIPTION,
    AVATAR_EMAIL,
]);
/// The body that makes an access token.
pub(super) const NEW_TOKEN: Schema = Schema::Record(&[
    required("name", Schema::Text(255), "What people call the token."),
    required("scope", Schema::Text(MAX_TEXT), "Its scopes, separated by spaces or commas."),
    optional(
        "expiration",
        Schema::OptionalInteger,
        "Seconds that it lives; ten years if absent, and at most.",
    ),
]);

#[derive(Deserialize)]
struct ApplicationBody {
    name: Option<String>,
    redirect_uri: Option<String>,
    application_uri: Option<String>,
    description: Option<String>,
    avatar_email: Option<String>,
}

impl ApplicationBody {
    fn over(self, old: Texts) -> Texts {
        Texts {
            name: self.name.unwrap_or(old.name),
            redirect_uri: self.redirect_uri.unwrap_or(old.redirect_uri),
            application_uri: self.application_uri.unwrap_or(old.application_uri),
            description: self.description.unwrap_or(old.description),
            avatar_email: self.avatar_email.or(old.avatar_email),
        }
    }
}

#[derive(Deserialize)]
struct NewToken {
    name: String,
    scope: String,
    expiration: Option<i64>,
}

fn application_view(shown: &Shown) -> Value {
    let application = &shown.application;
    json!({
        "name": application.name,
        "description": application.description,
        "application_uri": application.application_uri,
        "client_id": application.client_id,
        "client_secret": shown.client_secret.as_ref().map(Secret::expose),
        "redirect_uri": application.redirect_uri,
        "avatar_email": application.avatar_email,
    })
}

fn token_view(record: &AccessTokenRecord) -> Value {
    json!({
        "uuid": record.uuid,
        "name": record.name,
        "scope": record.scope,
        "created": record.created_at.rfc3339(),
        "expires_at": record.expires_at.rfc3339(),
        "created_by": record.created_by,
        "last_accessed": record.last_accessed_at.map(|at| at.rfc3339()),
    })
}

/// Lists the applications.
pub(super) fn list(call: &Call, organization: &str) -> Answer {
    let shown = applications::list(&call.app, &call.actor, organization)?;
    ok(&json!({ "applications": shown.iter().map(application_view).collect::<Vec<_>>() }))
}

/// Makes an application.
pub(super) fn create(call: &Call, organization: &str) -> Answer {
    let body: ApplicationBody = call.body()?;
    let made = applications::create(&call.app, &call.actor, organization, &body.over(Texts::default()))?;
    ok(&application_view(&made))
}

/// Shows an application.
pub(super) fn get(call: &Call, organization: &str, client_id: &str) -> Answer {
    ok(&application_view(&applications::get(&call.app, &call.actor, organization, client_id)?))
}

/// Changes an application.
pub(super) fn update(call: &Call, organization: &str, client_id: &str) -> Answer {
    let body: ApplicationBody = call.body()?;
    let old = applications::get(&call.app, &call.actor, organization, client_id)?.application;
    let texts = body.over(Texts {
        name: old.name,
        redirect_uri: old.redirect_uri,
        application_uri: old.application_uri,
        description: old.description,
        avatar_email: old.avatar_email,
    });
    ok(&application_view(&applications::update(&call.app, &call.actor, organization, client_id, &texts)?))
}

/// Deletes an application and its access tokens.
pub(super) fn delete(call: &Call, organization: &str, client_id: &str) -> Answer {
    applications::delete(&call.app, &call.actor, organization, client_id)?;
    no_content()
}

/// Gives an application a new client secret.
pub(super) fn reset_secret(call: &Call, organization: &str, client_id: &str) -> Answer {
    ok(&application_view(&applications::reset_secret(&call.app, &call.actor, organization, client_id)?))
}

/// Lists an application's access tokens, without the tokens themselves.
pub(super) fn list_tokens(call: &Call, organization: &str, client_id: &str) -> Answer {
    let tokens = tokens::list(&call.app, &call.actor, organization, client_id)?;
    ok(&json!({ "tokens": tokens.iter().map(token_view).collect::<Vec<_>>() }))
}

/// Makes an access token that acts for the caller. This answer alone shows it.
pub(super) fn create_token(call: &Call, organization: &str, client_id: &str) -> Answer {
    let NewToken { name, scope, expiration } = call.body()?;
    let minted = tokens::create(&call.app, &call.actor, organization, client_id, &name, &scope, expiration)?;
    let mut view = token_view(&minted.record);
    if let Some(members) = view.as_object_mut() {
        members.insert("token".to_owned(), minted.token.expose().into());
    }
    ok(&view)
}

/// Revokes an access token.
pub(super) fn revoke_token(call: &Call, organization: &str, client_id: &str, uuid: &str) -> Answer {
    tokens::revoke(&call.app, &call.actor, organization, client_id, uuid)?;
    no_content()
}

/// The picture that Quay's front end draws beside a scope.
const fn icon(scope: OAuthScope) -> &'static str {
    match scope {
        OAuthScope::RepoRead | OAuthScope::RepoWrite | OAuthScope::RepoAdmin => "fa-hdd-o",
        OAuthScope::RepoCreate => "fa-plus",
        OAuthScope::UserRead => "fa-user",
        OAuthScope::UserAdmin | OAuthScope::OrgAdmin => "fa-gear",
        OAuthScope::SuperUser => "fa-street-view",
    }
}

fn scope_view(scope: OAuthScope) -> Value {
    json!({
        "title": scope.title(),
        "scope": scope.as_str(),
        "description": format!("{}, as far as the user may itself", scope.title()),
        "icon": icon(scope),
        "dangerous": scope.is_dangerous(),
    })
}

fn assigned_view(assigned: &Assigned) -> Value {
    let Assigned { assignment, application, organization } = assigned;
    let email = application.avatar_email.as_deref().or(organization.email.as_deref());
    // Written by us from a set of scopes, and sealed.
    let scopes = OAuthScopes::parse(&assignment.scope).unwrap_or_default();
    json!({
        "uuid": assignment.uuid,
        "application": {
            "name": application.name,
            "clientId": application.client_id,
            "description": application.description,
            "url": application.application_uri,
            "avatar": Avatar::new(&application.name, email, "app"),
            "organization": { "name": organization.name, "avatar": Avatar::of_account(organization) },
        },
        "redirectUri": assignment.redirect_uri,
        "scopes": scopes.iter().map(scope_view).collect::<Vec<_>>(),
        "responseType": "token",
    })
}

/// Lists what was assigned to the caller.
pub(super) fn list_assigned(call: &Call) -> Answer {
    let assigned = assignments::list(&call.app, &call.actor)?;
    ok(&json!({ "authorizations": assigned.iter().map(assigned_view).collect::<Vec<_>>() }))
}

/// Declines what was assigned to the caller.
pub(super) fn decline_assigned(call: &Call, uuid: &str) -> Answer {
    assignments::decline(&call.app, &call.actor, uuid)?;
    no_content()
}
