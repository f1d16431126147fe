//! Request lines, headers and bodies.

use super::text;
use dockpass::domain::cidr::Cidr;
use dockpass::http::address::{client_address, host, is_https};
use dockpass::http::authenticate::basic;
use dockpass::http::body::{Fields, MAX_FIELDS, media_type};
use dockpass::http::browser::{is_same_origin, session_id};
use dockpass::http::route::Route;
use dockpass::service::login::Credentials;
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER,
};
use hyper::{Method, Uri};
use std::net::IpAddr;

fn headers(names: &[HeaderName], value: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // hyper has refused everything that is no header value before a request gets here.
    if let Ok(value) = HeaderValue::from_bytes(value) {
        for name in names {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// A header that is there is anonymous only when it says, in so many words, nobody.
pub(crate) fn basic_header(data: &[u8]) {
    let headers = headers(&[AUTHORIZATION], data);
    match basic(&headers) {
        Ok(Credentials::None) => {
            assert!(
                headers.is_empty() || text(data).to_ascii_lowercase().replace([' ', '='], "") == "basicog"
            );
        }
        Ok(Credentials::Password { username, password }) => {
            assert!(!username.contains(':'));
            assert!(!format!("{password:?}").contains(password.expose()) || password.expose().len() < 9);
        }
        Err(_) => {}
    }
}

/// From a peer that is no proxy the answer is the peer, whatever the headers say.
pub(crate) fn address(data: &[u8]) {
    let names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map(HeaderName::from_static);
    let mut headers = headers(&names, data);
    if let Ok(value) = HeaderValue::from_bytes(data) {
        headers.insert(HOST, value);
    }
    let trusted: Vec<Cidr> =
        ["10.0.0.0/8", "fd00::/8"].iter().filter_map(|range| range.parse().ok()).collect();
    let stranger: IpAddr = [203, 0, 113, 9].into();
    assert_eq!(client_address(stranger, &headers, &trusted), stranger);
    assert!(!is_https(false, stranger, &headers, &trusted));
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let client = client_address(proxy, &headers, &trusted);
    assert_eq!(client, client.to_canonical());
    let _ = is_https(true, proxy, &headers, &trusted);
    if let Some(host) = host(proxy, &headers, &trusted) {
        assert!(!host.contains(['/', '@', ' ', '\r', '\n', '"', '<']));
    }
    if let Ok(range) = text(data).parse::<Cidr>() {
        assert_eq!(range.to_string().parse(), Ok(range));
    }
}

/// No field has a NUL, no more fields than allowed come out, and `single` never picks one of several.
pub(crate) fn fields(data: &[u8]) {
    if let Ok(fields) = Fields::decode(data) {
        assert!(fields.iter().count() <= MAX_FIELDS);
        for (name, value) in fields.iter() {
            assert!(!name.contains('\0') && !value.contains('\0'));
            assert!(name.len() + value.len() <= data.len());
            assert_eq!(fields.single(name).is_ok(), fields.all(name).count() == 1);
        }
    }
    if let Ok(uri) = format!("/token?{}", text(data)).parse::<Uri>() {
        let _ = Fields::of_query(&uri);
    }
    let _ = media_type(&headers(&[CONTENT_TYPE], data));
}

/// A session id comes out of a cookie that is there once, and only whole.
pub(crate) fn cookie(data: &[u8]) {
    let headers = headers(&[COOKIE, ORIGIN, REFERER, HeaderName::from_static("sec-fetch-site")], data);
    for (https, name) in [(true, "__Host-dockpass"), (false, "dockpass")] {
        if let Some(id) = session_id(&headers, https) {
            let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
            let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
            let values: Vec<_> = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value).collect();
            assert_eq!(values, [id.expose()]);
        }
    }
    if is_same_origin(&headers, &["https://auth.example"]) && !headers.is_empty() {
        assert!(matches!(text(data).trim(), "same-origin" | "none"));
    }
}

/// The first word is the method, the rest the request target, as far as hyper takes it. A second slash in front never gives
/// another spelling of a route.
pub(crate) fn route(data: &[u8]) {
    let text = text(data);
    let (method, target) = text.split_once(' ').unwrap_or(("GET", &text));
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), target.parse::<Uri>()) else {
        return;
    };
    if Route::parse(&method, uri.path()).is_ok() {
        assert!(Route::parse(&method, &format!("/{}", uri.path())).is_err(), "{}", uri.path());
    }
}

/// Bodies of the REST API: what is read can be printed and read again.
pub(crate) fn request_json(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) {
        assert!(serde_json::from_str::<serde_json::Value>(&value.to_string()).is_ok());
    }
}
