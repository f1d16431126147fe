//! What tells a browser's own requests from those that another site makes it send: the session cookie, and where a request
//! comes from.
//!
//! Every request that changes something and is authenticated by the cookie must pass both [`is_same_origin`] and
//! `service::sessions::is_csrf_token`; the sign-in form too, with the id that the browser got before
//! (`SessionId::generate`, [`set_session`]), so that nobody is signed in to somebody else's account unawares.

use crate::service::sessions::SessionId;
use hyper::header::{COOKIE, HeaderName, HeaderValue, ORIGIN, REFERER, SET_COOKIE};
use hyper::{HeaderMap, Response};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The session cookie's name. Over TLS the prefix makes browsers refuse it from other hosts of the same domain and without
/// `Secure`; plain HTTP, which is for loopback, cannot have that.
pub const fn session_cookie(https: bool) -> &'static str {
    if https { "__Host-dockpass" } else { "dockpass" }
}

/// The session id that a browser sent. A cookie that is there twice is not used at all: one of them was planted.
pub fn session_id(headers: &HeaderMap, https: bool) -> Option<SessionId> {
    let mut values = cookies(headers).filter(|(name, _)| *name == session_cookie(https));
    let value = values.next().map(|(_, value)| value)?;
    if values.next().is_some() { None } else { SessionId::parse(value) }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Gives the browser a session id, until it is closed. Ids end on the server, so the cookie needs no date.
pub fn set_session<B>(response: &mut Response<B>, https: bool, id: &SessionId) {
    set(response, https, &format!("{}={}", session_cookie(https), id.expose()), "");
}

/// Takes the session id from the browser.
pub fn clear_session<B>(response: &mut Response<B>, https: bool) {
    set(response, https, &format!("{}=", session_cookie(https)), "; Max-Age=0");
}

/// Tells the page's own scripts the CSRF token, in the cookie that Quay uses for it. It is worth nothing without the
/// session cookie, which scripts cannot read.
pub fn set_csrf<B>(response: &mut Response<B>, https: bool, token: &str) {
    let secure = if https { "; Secure" } else { "" };
    if let Ok(value) = HeaderValue::from_str(&format!("_csrf_token={token}; Path=/; SameSite=Lax{secure}")) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn set<B>(response: &mut Response<B>, https: bool, pair: &str, extra: &str) {
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{pair}; Path=/; HttpOnly; SameSite=Lax{secure}{extra}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Whether a request comes from our own pages, or from something that is no browser (then there are no cookies to abuse).
///
/// `own` are the origins that are ours (scheme, host and port): the one that the client asked for and the configured one.
/// Browsers say where a request comes from in `Sec-Fetch-Site`; those that do not (older ones, and all over plain
/// HTTP to another machine) in `Origin`, or at least in `Referer`.
pub fn is_same_origin(headers: &HeaderMap, own: &[&str]) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if let Some(site) = text(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let ours = |origin: &str| own.iter().any(|own| origin.eq_ignore_ascii_case(own));
    if let Some(origin) = text(ORIGIN) {
        return ours(origin);
    }
    text(REFERER).is_none_or(|referer| ours(&referer.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")))
}

/// Whether one of our own pages, or the person at the browser, asked for this: no other site chose what the request says.
/// Browsers tell it on encrypted connections (and to this very machine), and keep to it through redirects.
pub fn is_own_request(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;
    use proptest::prelude::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn allowed(pairs: &[(HeaderName, &str)]) -> bool {
        is_same_origin(&headers(pairs), &["https://auth.example", "http://localhost:8480"])
    }

    #[test]
    fn the_cookie_that_was_set_is_read_back_under_the_name_for_its_scheme() {
        for https in [true, false] {
            let id = SessionId::generate(&SystemRandom::default());
            let mut response = Response::new(());
            set_session(&mut response, https, &id);
            let line = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
            assert_eq!(line.contains("; Secure"), https);
            assert!(line.contains("; Path=/; HttpOnly; SameSite=Lax") && !line.contains("Domain"), "{line}");
            let sent = headers(&[(COOKIE, line.split(';').next().unwrap())]);
            assert_eq!(session_id(&sent, https), Some(id));
            assert_eq!(session_id(&sent, !https), None);
        }
    }

    #[test]
    fn the_session_is_taken_away_and_the_csrf_token_is_left_to_scripts() {
        for (https, name, secure) in [(true, "__Host-dockpass", "; Secure"), (false, "dockpass", "")] {
            let mut response = Response::new(());
            clear_session(&mut response, https);
            let cleared = format!("{name}=; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=0");
            assert_eq!(response.headers()[SET_COOKIE], cleared);
            let mut response = Response::new(());
            set_csrf(&mut response, https, "abc");
            let token = format!("_csrf_token=abc; Path=/; SameSite=Lax{secure}");
            assert_eq!(response.headers()[SET_COOKIE], token);
        }
    }

    #[test]
    fn a_cookie_that_is_there_twice_is_not_used() {
        let one = SessionId::generate(&SystemRandom::default());
        let other = SessionId::generate(&SystemRandom::default());
        let line = format!("dockpass={}; a=b; dockpass={}", one.expose(), other.expose());
        assert_eq!(session_id(&headers(&[(COOKIE, &line)]), false), None);
    }

    #[test]
    fn another_sites_requests_are_told_apart() {
        assert!(allowed(&[]), "not a browser");
        assert!(allowed(&[(FETCH_SITE, "same-origin")]));
        assert!(allowed(&[(FETCH_SITE, "none")]));
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            assert!(!allowed(&[(FETCH_SITE, site), (ORIGIN, "https://auth.example")]), "{site}");
        }
        assert!(allowed(&[(ORIGIN, "https://auth.example")]));
        assert!(allowed(&[(ORIGIN, "http://localhost:8480")]));
        for origin in ["null", "", "https://evil.example", "https://auth.example.evil", "http://auth.example"]
        {
            assert!(!allowed(&[(ORIGIN, origin), (REFERER, "https://auth.example/")]), "{origin}");
        }
        assert!(allowed(&[(REFERER, "https://auth.example/signin?next=/")]));
        assert!(!allowed(&[(REFERER, "https://evil.example/https://auth.example/")]));
        assert!(!allowed(&[(REFERER, "https://auth.example@evil.example/")]));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,80}") {
            for name in [COOKIE, FETCH_SITE, ORIGIN, REFERER] {
                let headers = headers(&[(name, &value)]);
                let _ = (session_id(&headers, true), is_same_origin(&headers, &["https://auth.example"]));
            }
        }
    }
}
