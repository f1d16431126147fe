//! Response builders, and the one place that knows caching and security headers.

mod pieces;

pub use pieces::BrokenOff;

use super::blocking::Blocking;
use crate::service::error::ServiceError;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

/// Says which request this is the answer to, as the log does.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A response body. Nearly always bytes that are all there already, so that `Content-Length` is known and a `HEAD` request is
/// answered like `GET`, the body left out when it is written.
pub struct Body(Content);

enum Content {
    Whole(Full<Bytes>),
    Pieces(Box<pieces::Pieces>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Body").field(&self.size_hint()).finish()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self(Content::Whole(Full::default()))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Content::Whole(Full::new(bytes.into())))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match &mut self.0 {
            Content::Whole(bytes) => Pin::new(bytes).poll_frame(context).map_err(|never| match never {}),
            Content::Pieces(pieces) => pieces.poll(context).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Whole(bytes) => bytes.is_end_stream(),
            Content::Pieces(pieces) => pieces.is_done(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => bytes.size_hint(),
            Content::Pieces(_) => SizeHint::default(),
        }
    }
}

/// 200 with a body that is too long to be there all at once: its first piece, and what makes the next one (an empty one is the
/// end). It is made when the client has taken the one before; between two nothing may be held that others wait for.
pub fn in_pieces(
    content_type: &'static str,
    first: Vec<u8>,
    blocking: Blocking,
    next: impl FnMut() -> Result<Vec<u8>, ServiceError> + Send + 'static,
) -> Response<Body> {
    let pieces = pieces::Pieces::new(first, blocking, Box::new(next));
    let mut response = Response::new(Body(Content::Pieces(Box::new(pieces))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// JSON. A value that cannot be written as JSON is a fault of this program and becomes an empty 500.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => with_type(status, "application/json", bytes),
        Err(error) => {
            tracing::error!(%error, "response cannot be written as JSON");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Plain text in UTF-8.
pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", text)
}

/// An HTML page in UTF-8.
pub fn html(status: StatusCode, page: impl Into<Bytes>) -> Response<Body> {
    with_type(status, "text/html; charset=utf-8", page)
}

/// Any other content, such as a style sheet.
pub fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    // Room for those that every answer gets later.
    response.headers_mut().reserve(12);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// 200 with JSON that nobody but the asking client may have: a token. The most frequent answer, so its headers are copied from
/// ones that are ready, as [`secure`] would make them.
pub fn token(json: String) -> Response<Body> {
    static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
        let mut ready = with_type(StatusCode::OK, "application/json", "");
        no_store(&mut ready);
        set(&mut ready, VARY, "Authorization");
        secure(&mut ready, Surface::Api, false);
        // Room for the one that is another each time.
        set(&mut ready, REQUEST_ID, "");
        ready.into_parts().0.headers
    });
    let mut response = Response::new(Body::from(json));
    *response.headers_mut() = HEADERS.clone();
    response
}

/// No body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response
}

/// A permanent redirect that keeps the method: the client repeats a `POST` as a `POST`.
pub fn redirect_308(location: &str) -> Response<Body> {
    redirect(StatusCode::PERMANENT_REDIRECT, location)
}

/// After a form was posted: the client goes on with `GET`, so that reloading does not post again.
pub fn redirect_303(location: &str) -> Response<Body> {
    redirect(StatusCode::SEE_OTHER, location)
}

fn redirect(status: StatusCode, location: &str) -> Response<Body> {
    // A line break smuggled into the location would split the response; such a request gets no redirect.
    let Ok(location) = HeaderValue::from_str(location) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let mut response = empty(status);
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Forbids every cache to keep the response: for anything that holds a token, a secret or a person's data.
pub fn no_store(response: &mut Response<Body>) {
    set(response, CACHE_CONTROL, "no-store");
}

/// What kind of client a response is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A browser shows it.
    Page,
    /// A program reads it. A browser that is tricked into opening it must not run or frame anything.
    Api,
}

/// Scripts and styles only from our own files, no frames, forms only to ourselves, no string-to-script sinks.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Copying to the clipboard stays allowed: the credentials page has buttons for it.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), usb=()";
/// Two years, this host only: sibling hosts are not ours to decide for.
const TRANSPORT: &str = "max-age=63072000";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Adds the security headers that `surface` needs; headers already there stay. `https` says whether the
/// client's connection is encrypted, also by a proxy (see [`is_https`](super::address::is_https)): a browser
/// must not be told to insist on TLS where there is none.
pub fn secure(response: &mut Response<Body>, surface: Surface, https: bool) {
    if https {
        set(response, STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    if response.headers().contains_key(X_CONTENT_TYPE_OPTIONS) {
        // Made from headers that are ready.
        return;
    }
    set(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(response, RESOURCE_POLICY, "same-origin");
    match surface {
        Surface::Page => {
            set(response, CONTENT_SECURITY_POLICY, PAGE_POLICY);
            // Not `no-referrer`: browsers would then post forms with `Origin: null`, which the check against
            // cross-site requests has to refuse.
            set(response, REFERRER_POLICY, "same-origin");
            set(response, OPENER_POLICY, "same-origin");
            set(response, PERMISSIONS_POLICY, PERMISSIONS);
            set(response, X_FRAME_OPTIONS, "DENY");
            no_store(response);
        }
        Surface::Api => {
            set(response, CONTENT_SECURITY_POLICY, API_POLICY);
            set(response, REFERRER_POLICY, "no-referrer");
        }
    }
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_json_reply_has_its_type_and_exact_length() {
        let response = json(StatusCode::CREATED, &serde_json::json!({"name": "acme+ci"}));
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(response.body().size_hint().exact(), Some(18));
    }

    #[test]
    fn what_cannot_be_json_is_a_server_error_and_not_a_panic() {
        let bad: HashMap<(u8, u8), u8> = HashMap::from([((1, 2), 3)]);
        assert_eq!(json(StatusCode::OK, &bad).status(), 500);
    }

    #[test]
    fn a_redirect_cannot_be_split() {
        let good = redirect_308("https://auth.example.com/token?service=a%20b");
        assert_eq!(good.status(), 308);
        assert_eq!(good.headers()[LOCATION], "https://auth.example.com/token?service=a%20b");
        let split = redirect_303("/x\r\nSet-Cookie: session=1");
        assert_eq!(split.status(), 400);
        assert!(split.headers().is_empty());
    }

    #[test]
    fn pages_are_locked_down_and_not_kept() {
        let mut page = html(StatusCode::OK, "<!doctype html>");
        secure(&mut page, Surface::Page, true);
        let headers = page.headers();
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
        assert_eq!(headers[STRICT_TRANSPORT_SECURITY], TRANSPORT);
    }

    #[test]
    fn a_token_has_the_headers_of_any_answer_that_nobody_may_keep() {
        for https in [false, true] {
            let mut ordinary = json(StatusCode::OK, &1);
            no_store(&mut ordinary);
            set(&mut ordinary, VARY, "Authorization");
            set(&mut ordinary, REQUEST_ID, "");
            let mut token = token("1".to_owned());
            secure(&mut ordinary, Surface::Api, https);
            secure(&mut token, Surface::Api, https);
            assert_eq!(token.headers(), ordinary.headers());
        }
    }

    #[test]
    fn transport_security_is_announced_only_over_tls_and_own_headers_stay() {
        let mut asset = with_type(StatusCode::OK, "text/css", "a{}");
        let immutable = HeaderValue::from_static("public, max-age=31536000, immutable");
        asset.headers_mut().insert(CACHE_CONTROL, immutable.clone());
        secure(&mut asset, Surface::Page, false);
        assert_eq!(asset.headers()[CACHE_CONTROL], immutable);
        assert!(!asset.headers().contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
