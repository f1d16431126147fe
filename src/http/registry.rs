//! The token endpoint and the other paths that registries and their clients use.

use super::authenticate::{Malformed, basic};
use super::body::{BodyError, BodyLimits, Fields, FieldsError, RequestBody, read_form};
use super::error;
use super::reply::{self, Body};
use crate::domain::credential::Secret;
use crate::domain::name::AccountName;
use crate::keys::Expected;
use crate::service::App;
use crate::service::issue::IssueError;
use crate::service::issue::{Issued, TokenRequest, issue};
use crate::service::login::{Credentials, LoginError};
use crate::service::refresh;
use crate::store::audit::Origin;
use crate::telemetry::Stopwatch;
use crate::telemetry::labels::{CallerKind, TokenOutcome};
use hyper::header::{AUTHORIZATION, HeaderName, USER_AGENT};
use hyper::{HeaderMap, Method, Request, Response};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes that the headers and the request line of a token request may have, and most bytes of its form.
pub const MAX_TOKEN_REQUEST: usize = 8 * 1024;

/// When wrong credentials are answered, counted from the request: an unknown robot is found out a microsecond earlier than a
/// wrong secret, and waiting hides that without work. Passwords take longer than this, known name or not.
const REFUSAL_TIME: Duration = Duration::from_millis(10);

/// Why a token request was refused. Status and body: [`super::error`].
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No token was issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The form could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The query could not be read, or names `service` twice.
    #[error(transparent)]
    Query(#[from] FieldsError),
    /// The form asks for something else than `password` or (where switched on) `refresh_token`.
    #[error("grant_type must be 'password'{0}")]
    GrantType(&'static str),
    /// A form field that must be there is not.
    #[error("the form field '{0}' is missing")]
    Missing(&'static str),
    /// Request line and headers are longer than [`MAX_TOKEN_REQUEST`].
    #[error("request line and headers are longer than {MAX_TOKEN_REQUEST} bytes")]
    HeadersTooLarge,
}

impl TokenError {
    /// How metrics count this.
    fn outcome(&self) -> TokenOutcome {
        match self {
            Self::Issue(IssueError::Login(LoginError::RobotsDisallowed)) => TokenOutcome::Disallowed,
            Self::Issue(IssueError::Login(LoginError::Throttled { .. })) => TokenOutcome::Throttled,
            Self::Issue(IssueError::Login(LoginError::Wrong) | IssueError::Anonymous) => {
                TokenOutcome::Unauthorized
            }
            Self::Issue(
                IssueError::Login(LoginError::Busy | LoginError::Store(_))
                | IssueError::Store(_)
                | IssueError::Signing(_),
            ) => TokenOutcome::Unavailable,
            Self::Issue(IssueError::UnknownService(_))
            | Self::Body(_)
            | Self::Query(_)
            | Self::GrantType(_)
            | Self::Missing(_)
            | Self::HeadersTooLarge => TokenOutcome::BadRequest,
        }
    }
}

impl From<Malformed> for TokenError {
    fn from(_: Malformed) -> Self {
        Self::Issue(LoginError::Wrong.into())
    }
}

/// The answer to a token request, and what log and metrics say about it.
pub(super) struct TokenAnswer {
    pub(super) response: Response<Body>,
    /// Whoever the token was issued to.
    pub(super) caller: Option<String>,
    pub(super) outcome: TokenOutcome,
    pub(super) kind: CallerKind,
}

/// Answers a token request, which has come when `stopwatch` was started.
pub(super) async fn token(
    app: &Arc<App>,
    mut request: Box<Request<RequestBody>>,
    origin: Origin,
    stopwatch: Stopwatch,
) -> TokenAnswer {
    let form = request.method() == Method::POST;
    let asked = if form { Box::pin(posted(app, &mut request)).await } else { queried(&request) };
    let kind = asked.as_ref().map_or(CallerKind::Anonymous, |asked| kind(&asked.credentials));
    let issued = match asked {
        Ok(asked) => give(app, request.headers(), asked, origin).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok((issued, offline)) => TokenAnswer {
            response: answer(&issued, form, offline),
            outcome: issued.outcome(),
            caller: issued.caller.into_name().map(AccountName::into_string),
            kind,
        },
        Err(refused) => {
            if matches!(
                refused,
                TokenError::Issue(IssueError::Login(LoginError::Wrong | LoginError::Throttled { .. }))
            ) {
                tokio::time::sleep(REFUSAL_TIME.saturating_sub(stopwatch.elapsed())).await;
            }
            let response = error::token(&refused);
            TokenAnswer { response, caller: None, outcome: refused.outcome(), kind }
        }
    }
}

/// The kind of credentials by their form alone.
fn kind(credentials: &Credentials) -> CallerKind {
    match credentials {
        Credentials::None => CallerKind::Anonymous,
        Credentials::Password { username, .. } if username.starts_with('$') => CallerKind::Application,
        Credentials::Password { username, .. } if username.contains('+') => CallerKind::Robot,
        Credentials::Password { .. } => CallerKind::User,
    }
}

/// A request as it was sent.
struct Asked {
    credentials: Credentials,
    fields: Fields,
    /// Whether it asks for a refresh token.
    offline: bool,
}

/// Reads the ordinary form: fields in the query, HTTP Basic.
fn queried(request: &Request<RequestBody>) -> Result<Asked, TokenError> {
    check_size(request.uri(), request.headers())?;
    let fields = Fields::of_query(request.uri())?;
    let offline = fields.all("offline_token").any(|value| value == "true");
    Ok(Asked { credentials: basic(request.headers())?, fields, offline })
}

/// Reads the form of the OAuth2 flow.
async fn posted(app: &App, request: &mut Request<RequestBody>) -> Result<Asked, TokenError> {
    check_size(request.uri(), request.headers())?;
    let limits = BodyLimits { bytes: MAX_TOKEN_REQUEST, time: Duration::from_secs(10) };
    let body = std::mem::take(request.body_mut());
    let fields = read_form(request.headers(), body, limits).await?;
    let credentials = form_credentials(&fields, app.config.tokens.refresh)?;
    let offline = fields.single("access_type")? == Some("offline");
    Ok(Asked { credentials, fields, offline })
}

/// Issues what was asked for, and tells whether a refresh token was, too.
async fn give(
    app: &Arc<App>,
    headers: &HeaderMap,
    asked: Asked,
    origin: Origin,
) -> Result<(Issued, bool), TokenError> {
    let Asked { credentials, fields, offline } = asked;
    let request = TokenRequest {
        credentials,
        service: fields.single("service")?,
        // `account` and `client_id` are informative: never an identity, never a reason to refuse.
        requested: app.config.derived.naming.requested(fields.all("scope")),
        origin,
        user_agent: text(headers, USER_AGENT),
    };
    Ok((issue(app, request).await?, offline))
}

/// Answers `GET /v2/`: the subject of a valid token of ours, or the challenge that tells a client where to get one.
pub(super) fn ping(app: &App, headers: &HeaderMap) -> Result<String, Box<Response<Body>>> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let verify = |token: &str| {
        let audiences = app.services().iter();
        audiences
            .map(|audience| Expected { issuer: &app.config.tokens.issuer, audience })
            .find_map(|expected| app.ring.verify(token, expected, app.now()).ok())
    };
    bearer.and_then(verify).map(|token| token.subject().to_owned()).ok_or_else(|| {
        let service = app.services().first().map_or("", String::as_str);
        Box::new(error::challenge(&app.config.derived.realm, service))
    })
}

fn check_size(uri: &hyper::Uri, headers: &HeaderMap) -> Result<(), TokenError> {
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let line = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if headers + line > MAX_TOKEN_REQUEST { Err(TokenError::HeadersTooLarge) } else { Ok(()) }
}

/// Credentials in a form of the OAuth2 flow (distribution `spec/auth/oauth`).
fn form_credentials(fields: &Fields, refresh: bool) -> Result<Credentials, TokenError> {
    match fields.single("grant_type")? {
        Some("password") => {
            let username = fields.single("username")?.ok_or(TokenError::Missing("username"))?;
            let password = fields.single("password")?.ok_or(TokenError::Missing("password"))?;
            Ok(Credentials::Password { username: username.to_owned(), password: Secret::new(password) })
        }
        Some("refresh_token") if refresh => {
            let token = fields.single("refresh_token")?.ok_or(TokenError::Missing("refresh_token"))?;
            Ok(Credentials::Password { username: refresh::USERNAME.to_owned(), password: Secret::new(token) })
        }
        Some(_) => Err(TokenError::GrantType(if refresh { " or 'refresh_token'" } else { "" })),
        None => Err(TokenError::Missing("grant_type")),
    }
}

/// The answer with both names for the token, since clients read one or the other. The OAuth2 form also gets `scope`.
fn answer(issued: &Issued, form: bool, offline: bool) -> Response<Body> {
    // A token is base64url and dots, a time digits and punctuation: nothing here needs escaping but the scope.
    let token = issued.token.as_str();
    let mut body = String::with_capacity(2 * token.len() + 256);
    for (name, value) in [("{\"token\":\"", token), ("\",\"access_token\":\"", token)] {
        body.push_str(name);
        body.push_str(value);
    }
    let _ = write!(body, "\",\"expires_in\":{},\"issued_at\":\"{}\"", issued.expires_in, issued.issued_at);
    if form {
        let scope = serde_json::Value::String(scope(issued));
        let _ = write!(body, ",\"scope\":{scope}");
    }
    if let Some(refresh) = issued.refresh_token.as_ref().filter(|_| offline) {
        let _ = write!(body, ",\"refresh_token\":\"{}\"", refresh.expose());
    }
    body.push('}');
    reply::token(body)
}

/// What was really granted, in the form of a request.
fn scope(issued: &Issued) -> String {
    let entries = issued.granted.access().iter().filter(|access| !access.actions.is_empty());
    let texts: Vec<String> = entries
        .map(|access| {
            let actions: Vec<_> = access.actions.names().collect();
            format!("{}:{}:{}", access.kind, access.name, actions.join(","))
        })
        .collect();
    texts.join(" ")
}

/// A header as text, cut to 512 characters, if it is there and readable.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let value = headers.get(name)?.to_str().ok()?;
    // What `to_str` lets through is ASCII, so every byte is a character.
    Some(value.get(..512).unwrap_or(value))
}
