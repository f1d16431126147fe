//! The implicit flow of OAuth 2: a signed-in person lets an application act for it, or lets an administrator's application wait for
//! somebody else to do so. A token goes to the application's address behind a `#`, which browsers keep to themselves.

use super::super::api::authenticate::{Credential, authenticate, require_csrf, require_csrf_token};
use super::super::blocking::Blocking;
use super::super::body::{BodyLimits, Fields, RequestBody, read_any_form};
use super::super::error::Refusal;
use super::super::reply::{self, Body};
use super::super::web::view::escape;
use super::QuayRoute;
use crate::config::RegistryState;
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::error::ServiceError;
use crate::service::oauth::{assignments, tokens};
use crate::store::audit::Origin;
use hyper::header::{HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// Answers a request.
pub(super) async fn answer(
    app: &Arc<App>,
    blocking: &Blocking,
    route: QuayRoute,
    request: Request<RequestBody>,
    origin: Origin,
    https: bool,
) -> Result<Response<Body>, Refusal> {
    let (head, body) = request.into_parts();
    let form = read_any_form(&head.headers, body, BodyLimits::default()).await;
    let form = form.map_err(|error| Refusal::from(&error))?;
    let app = Arc::clone(app);
    let work = move || {
        let (actor, fresh) = person(&app, &head, &form, origin, https)?;
        let fields = Fields::of_query(&head.uri)?.and(&form);
        if fields.single("response_type")? != Some("token") {
            return Err(refused("response_type must be 'token'"));
        }
        match route {
            QuayRoute::AssignUser => assign(&app, &actor, &fields),
            // A token for years is more than a session that somebody left open may give away.
            _ if !fresh => Err(Refusal::FreshLogin),
            _ => authorize(&app, &actor, &fields),
        }
    };
    blocking.run(work).await?
}

/// Who is signed in, and whether it gave its password lately. Nothing but a session will do, from a page that knows its CSRF token.
fn person(
    app: &App,
    head: &Parts,
    form: &Fields,
    origin: Origin,
    https: bool,
) -> Result<(Actor, bool), Refusal> {
    let (actor, credential) = authenticate(app, &head.headers, https, origin)?;
    let Credential::Session { fresh, .. } = credential else {
        return Err(ServiceError::Unauthenticated.into());
    };
    // Never from the address: what stands there is written into logs and histories.
    match form.single("_csrf_token")? {
        Some(token) => require_csrf_token(app, &head.headers, https, token)?,
        None => require_csrf(app, &head.headers, https)?,
    }
    if app.config.repositories.state == RegistryState::ReadOnly {
        return Err(Refusal::ReadOnly);
    }
    Ok((actor, fresh))
}

/// What both routes are asked with.
struct Asked<'a> {
    client_id: &'a str,
    redirect_uri: &'a str,
    scope: &'a str,
}

impl<'a> Asked<'a> {
    fn read(fields: &'a Fields) -> Result<Self, Refusal> {
        let field = |name| Ok::<_, Refusal>(fields.single(name)?.unwrap_or_default());
        Ok(Self {
            client_id: field("client_id")?,
            redirect_uri: field("redirect_uri")?,
            scope: field("scope")?,
        })
    }
}

fn authorize(app: &App, actor: &Actor, fields: &Fields) -> Result<Response<Body>, Refusal> {
    let Asked { client_id, redirect_uri, scope } = Asked::read(fields)?;
    let minted = match fields.single("assignment_uuid")?.filter(|uuid| !uuid.is_empty()) {
        Some(uuid) => assignments::accept(app, actor, uuid, client_id, redirect_uri, scope)?,
        None => tokens::authorize(app, actor, client_id, redirect_uri, scope)?,
    };
    let life = minted.record.expires_at.seconds_since(minted.record.created_at);
    let token = minted.token.expose();
    // Quay's front end looks for these in the address, and for the token behind the `#`.
    let echo = fields.single("state")?.map_or_else(String::new, |state| {
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        format!("{separator}scope={}&state={}", escape(scope), escape(state))
    });
    found(&format!("{redirect_uri}{echo}#access_token={token}&token_type=Bearer&expires_in={life}"))
}

fn assign(app: &App, actor: &Actor, fields: &Fields) -> Result<Response<Body>, Refusal> {
    let Asked { client_id, redirect_uri, scope } = Asked::read(fields)?;
    let username = fields.single("username")?.unwrap_or_default();
    assignments::assign(app, actor, username, client_id, redirect_uri, scope)?;
    // Quay's newer front end stays on its page.
    if fields.single("format")? == Some("json") {
        return Ok(reply::json(StatusCode::OK, &json!({ "message": "Token assigned successfully" })));
    }
    found(redirect_uri)
}

fn found(location: &str) -> Result<Response<Body>, Refusal> {
    let mut location = HeaderValue::from_str(location).map_err(|_| refused("redirect_uri cannot be used"))?;
    location.set_sensitive(true);
    let mut response = reply::empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn refused(text: &str) -> Refusal {
    ServiceError::Refused(text.to_owned()).into()
}
