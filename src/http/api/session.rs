//! Signing in and out with a browser (`/signin`, `/signout`), and the first user (`/user/initialize`).

use super::authenticate::Credential;
use super::call::{Answer, Call, ok, wait};
use super::schema::{Schema, optional, required};
use crate::domain::credential::Secret;
use crate::http::browser::{clear_session, session_id, set_session};
use crate::http::registry::text;
use crate::http::reply::{self, Body};
use crate::service::error::ServiceError;
use crate::service::initialize::{FirstUser, initialize};
use crate::service::login::LoginError;
use crate::service::sessions::{SignedIn, confirm_password, csrf_token, sign_in, sign_out};
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// Tells a browser the CSRF token for its next request.
pub(super) const NEXT_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-next-csrf-token");
/// The one text for a refused sign-in, as clients know it.
const INVALID: &str = "Invalid Username or Password";
/// Longest text that is taken as far as the use case.
const MAX_TEXT: usize = 1024;

/// The body that signs in.
pub(super) const SIGN_IN: Schema = Schema::Record(&[
    required("username", Schema::Text(MAX_TEXT), "The user's name or address."),
    required("password", Schema::Text(MAX_TEXT), "The user's password."),
]);
/// The body that gives the password again.
pub(super) const VERIFY: Schema =
    Schema::Record(&[required("password", Schema::Text(MAX_TEXT), "The user's password.")]);
/// The body that makes the first user.
pub(super) const INITIALIZE: Schema = Schema::Record(&[
    required("username", Schema::Text(MAX_TEXT), "The first user's name."),
    required("password", Schema::Text(MAX_TEXT), "The first user's password."),
    optional("email", Schema::OptionalText(MAX_TEXT), "The first user's address."),
    optional("access_token", Schema::Anything, "Whether to answer with an access token: true or \"true\"."),
]);

#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Verify {
    password: String,
}

#[derive(Deserialize)]
struct Initialize {
    username: String,
    password: String,
    email: Option<String>,
    #[serde(default)]
    access_token: Value,
}

fn signed_in(call: &Call, signed_in: &SignedIn) -> Response<Body> {
    let mut response = reply::json(StatusCode::OK, &json!({ "success": true }));
    set_session(&mut response, call.https, &signed_in.id);
    if let Ok(value) = HeaderValue::from_str(&csrf_token(&call.app, &signed_in.id)) {
        response.headers_mut().insert(NEXT_CSRF_TOKEN, value);
    }
    response
}

fn refused(refusal: LoginError) -> Answer {
    match refusal {
        LoginError::Wrong | LoginError::RobotsDisallowed => {
            let body =
                json!({ "needsEmailVerification": false, "invalidCredentials": true, "message": INVALID });
            Ok(reply::json(StatusCode::FORBIDDEN, &body))
        }
        LoginError::Throttled { retry_after } => {
            let body = json!({ "message": refusal.to_string() });
            let mut response = reply::json(StatusCode::TOO_MANY_REQUESTS, &body);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
            Ok(response)
        }
        LoginError::Busy => Err(ServiceError::Busy.into()),
        LoginError::Store(error) => Err(error.into()),
    }
}

/// Signs in with a user's name and password.
pub(super) fn sign_in_with_password(call: &Call) -> Answer {
    let body: SignIn = call.body()?;
    let user_agent = text(&call.head.headers, USER_AGENT).map(ToOwned::to_owned);
    let password = Secret::new(body.password);
    let work = sign_in(&call.app, &body.username, &password, &call.actor.origin, user_agent.as_deref());
    match wait(work) {
        Ok(begun) => {
            // The session that the browser had before, if any, is not left behind.
            if let Some(id) = session_id(&call.head.headers, call.https) {
                sign_out(&call.app, &id)?;
            }
            Ok(signed_in(call, &begun))
        }
        Err(error) => refused(error),
    }
}

/// Gives the password again, so that the session counts as fresh.
pub(super) fn verify(call: &Call) -> Answer {
    let Credential::Session { id, .. } = &call.credential else { return Err(ServiceError::Forbidden.into()) };
    let body: Verify = call.body()?;
    let user_agent = text(&call.head.headers, USER_AGENT).map(ToOwned::to_owned);
    let password = Secret::new(body.password);
    match wait(confirm_password(&call.app, id, &password, &call.actor.origin, user_agent.as_deref())) {
        Ok(begun) => Ok(signed_in(call, &begun)),
        Err(error) => refused(error),
    }
}

/// Signs out.
pub(super) fn sign_out_of_session(call: &Call) -> Answer {
    if let Some(id) = session_id(&call.head.headers, call.https) {
        sign_out(&call.app, &id)?;
    }
    let mut response = reply::json(StatusCode::OK, &json!({ "success": true }));
    clear_session(&mut response, call.https);
    Ok(response)
}

/// Makes the first user.
pub(super) fn initialize_first_user(call: &Call) -> Answer {
    let body: Initialize = call.body()?;
    let password = Secret::new(body.password);
    let access_token = body.access_token == json!(true) || body.access_token == json!("true");
    let first = FirstUser {
        username: &body.username,
        email: body.email.as_deref(),
        password: &password,
        access_token,
    };
    let (user, token) = initialize(&call.app, &call.actor.origin, first)?;
    // There are no encrypted passwords here: an application token does what they are for.
    let mut answer = json!({ "username": user.name, "email": user.email, "encrypted_password": null });
    if let (Some(members), Some(token)) = (answer.as_object_mut(), token) {
        members.insert("access_token".to_owned(), token.expose().into());
    }
    ok(&answer)
}
