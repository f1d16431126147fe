//! One request to the REST API, as its handler sees it: who calls, and the decoded pieces of what was sent.

use super::authenticate::Credential;
use super::route::{Endpoint, Payload, Query};
use crate::domain::oauth::OAuthScope;
use crate::http::blocking::Blocking;
use crate::http::body::{Fields, MediaType, media_type};
use crate::http::error::Refusal;
use crate::http::reply::{self, Body};
use crate::service::App;
use crate::service::actor::Actor;
use crate::service::error::ServiceError;
use crate::service::listing::Listing;
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What a handler comes to.
pub type Answer = Result<Response<Body>, Refusal>;

/// A request that may go on to its handler. Handlers run where they may block.
pub struct Call {
    /// Everything that use cases work with.
    pub app: Arc<App>,
    /// Where pieces of the answer are made that do not fit into one.
    pub blocking: Blocking,
    /// Who calls, for use cases.
    pub actor: Actor,
    /// How the caller showed who it is.
    pub credential: Credential,
    /// The row of the route.
    pub endpoint: &'static Endpoint,
    /// Method, address and headers.
    pub head: Parts,
    /// Whether the client's own connection is encrypted.
    pub https: bool,
    pub(super) query: Fields,
    pub(super) body: Result<Bytes, (StatusCode, String)>,
}

impl Call {
    /// Fails unless an access token, if the request came with one, was given `scope`. For routes where Quay checks the
    /// right before the body.
    pub fn require_scope(&self, scope: OAuthScope) -> Result<(), Refusal> {
        Ok(self.actor.require_scope(scope)?)
    }

    /// A query parameter's text; empty like absent.
    pub fn text(&self, query: &Query) -> Result<Option<&str>, Refusal> {
        Ok(self.query.single(query.name)?.filter(|text| !text.is_empty()))
    }

    /// A query parameter's truth as Quay reads it: anything is true but a few words.
    pub fn flag(&self, query: &Query, default: bool) -> Result<bool, Refusal> {
        let given = self.query.single(query.name)?;
        Ok(given.map_or(default, |text| !matches!(text, "" | "0" | "false" | "False" | "FALSE" | "null")))
    }

    /// A query parameter that must be a whole number.
    pub fn integer(&self, query: &Query) -> Result<Option<i64>, Refusal> {
        let given = self.query.single(query.name)?;
        let parsed = given.map(|text| text.trim().parse());
        parsed.transpose().map_err(|_| Refusal::Integer(query.name, query.help))
    }

    /// The body, which must be there.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        self.optional_body()?.ok_or(Refusal::MissingBody)
    }

    /// The body, if one was sent, checked by the schema of the route's row.
    pub fn optional_body<T: DeserializeOwned>(&self) -> Result<Option<T>, Refusal> {
        let Some(value) = self.json()? else { return Ok(None) };
        if value.is_null() {
            return Err(Refusal::MissingBody);
        }
        if let Payload::Optional(schema) | Payload::Required(schema) = self.endpoint.spec.payload {
            schema.check(&value).map_err(Refusal::Schema)?;
        }
        // What a schema cannot say: numbers that are too large for their type.
        serde_json::from_value(value).map(Some).map_err(|error| Refusal::Schema(error.to_string()))
    }

    fn json(&self) -> Result<Option<Value>, Refusal> {
        let bytes = match &self.body {
            Ok(bytes) if bytes.is_empty() => return Ok(None),
            Ok(bytes) => bytes,
            Err((status, text)) => return Err(Refusal::Body(*status, text.clone())),
        };
        match media_type(&self.head.headers) {
            Ok(Some(MediaType::Json)) => {}
            Ok(_) => return Err(Refusal::NotJson),
            Err(error) => return Err(Refusal::from(&error)),
        }
        serde_json::from_slice(bytes).map(Some).map_err(|_| Refusal::Malformed)
    }
}

/// Runs what is asynchronous to its end. Only for handlers, which run where they may block.
pub fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Handle::current().block_on(future)
}

/// 200 with a body.
pub fn ok(value: &impl Serialize) -> Answer {
    Ok(reply::json(StatusCode::OK, value))
}

/// 201 with a body.
pub fn created(value: &impl Serialize) -> Answer {
    Ok(reply::json(StatusCode::CREATED, value))
}

/// 200 with a list of any length between `open` and `close`: one that does not fit into a batch goes out in pieces, each read when
/// the client has taken the one before. `write` writes an entry.
pub fn listed<L: Listing + Send + 'static>(
    call: &Call,
    open: &str,
    close: &'static str,
    mut listing: L,
    write: impl Fn(L::Item, &mut Vec<u8>) -> serde_json::Result<()> + Send + 'static,
) -> Answer {
    const JSON: &str = "application/json";
    let mut begun = false;
    let mut next = move |app: &App, actor: &Actor, piece: &mut Vec<u8>| {
        let mut failed = None;
        listing.next(app, actor, &mut |item| {
            if std::mem::replace(&mut begun, true) {
                piece.push(b',');
            }
            failed = write(item, piece).err().or(failed.take());
        })?;
        if let Some(error) = failed {
            return Err(ServiceError::Internal(error.to_string()));
        }
        let done = listing.is_done();
        if done {
            piece.extend_from_slice(close.as_bytes());
        }
        Ok(done)
    };
    let mut first = open.as_bytes().to_vec();
    if next(&call.app, &call.actor, &mut first)? {
        return Ok(reply::with_type(StatusCode::OK, JSON, first));
    }
    let held = call.blocking.in_pieces()?;
    let (app, actor, mut done) = (Arc::clone(&call.app), call.actor.clone(), false);
    let next = move || {
        let _ = &held;
        let mut piece = Vec::new();
        // An empty piece would be the end.
        while piece.is_empty() && !done {
            done = next(&app, &actor, &mut piece)?;
        }
        Ok(piece)
    };
    Ok(reply::in_pieces(JSON, first, call.blocking.clone(), next))
}

/// A member of an object: for lists whose entries are called by name.
pub fn member(name: &str, value: &impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *out, name)?;
    out.push(b':');
    serde_json::to_writer(out, value)
}

/// 204.
pub fn no_content() -> Answer {
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
