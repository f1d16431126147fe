//! The answers this layer gives itself, for want of a handler to ask. Bodies have the registry's error form, which
//! every client of a token endpoint reads.

use crate::http::reply::{self, Body};
use hyper::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

/// Sent as it stands to a connection that gets no slot. Must be kept in step with [`busy`].
pub(super) const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: application/json\r\n\
    Content-Length: 97\r\n\
    Retry-After: 1\r\n\
    Connection: close\r\n\
    \r\n\
    {\"errors\":[{\"code\":\"UNAVAILABLE\",\"message\":\"The server is busy. Please try again in a moment.\"}]}";

/// Too many requests at the same time.
pub(super) fn busy() -> Response<Body> {
    let mut response = error(
        StatusCode::SERVICE_UNAVAILABLE,
        "UNAVAILABLE",
        "The server is busy. Please try again in a moment.",
    );
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The handler panicked. Its connection is not used again: nobody knows how much of the body was read.
pub(super) fn broken() -> Response<Body> {
    let mut response = error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "UNKNOWN",
        "The server made a mistake. Please tell your administrator.",
    );
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// No `Host`, or several: a proxy in front may have routed by another one than we would read (RFC 9112 section 3.2).
pub(super) fn bad_host() -> Response<Body> {
    let mut response =
        error(StatusCode::BAD_REQUEST, "UNSUPPORTED", "The request must have exactly one Host header.");
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A body in other codings than `chunked` alone.
pub(super) fn bad_coding() -> Response<Body> {
    let mut response = error(
        StatusCode::BAD_REQUEST,
        "UNSUPPORTED",
        "The only transfer coding taken here is chunked, once.",
    );
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({"errors": [{"code": code, "message": message}]});
    let mut response = reply::json(status, &body);
    reply::no_store(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Body as _;

    #[test]
    fn the_raw_answer_says_its_own_length_and_the_same_as_the_other() {
        let text = std::str::from_utf8(TURNED_AWAY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
        assert_eq!(busy().body().size_hint().exact(), u64::try_from(body.len()).ok());
        assert_eq!(busy().headers()[RETRY_AFTER], "1");
    }
}
