//! What outside issuers send: their tokens, their keys, and where they say that they are.

use super::text;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dockpass::issuers::{Assertion, KeySet, Rules};

/// A well-known P-256 key, so that a token gets as far as its signature.
const KEYS: &[u8] = br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

/// No token that was not signed is believed, whatever stands in it.
pub(crate) fn token(data: &[u8]) {
    let keys = KeySet::parse(KEYS).expect("a set of keys");
    let text = text(data);
    // Once as it is, and once as the JSON of a header and of claims.
    let (header, claims) = text.split_once('|').unwrap_or((r#"{"alg":"ES256","kid":"1"}"#, &text));
    let whole = format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    for token in [text.as_ref(), &whole] {
        if let Ok(assertion) = Assertion::parse(token) {
            assert!(keys.check(&assertion).is_err());
            assert!(assertion.issuer().is_none_or(|issuer| issuer.len() <= token.len()));
        }
    }
}

/// No set of keys fits a token that it did not sign.
pub(crate) fn keys(data: &[u8]) {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"1"}"#);
    let token = format!("{header}.e30.{}", "A".repeat(342));
    let assertion = Assertion::parse(&token).expect("a token");
    if let Some(keys) = KeySet::parse(data) {
        assert!(keys.check(&assertion).is_err());
    }
}

/// What is taken for an issuer leads nowhere inside.
pub(crate) fn issuer(data: &[u8]) {
    let text = text(data);
    if Rules::default().check_issuer(&text).is_ok() {
        let rest = text.strip_prefix("https://").expect("only HTTPS");
        let authority = rest.split('/').next().unwrap_or_default();
        assert!(!authority.contains(['@', '#', '?', ' ', '\\']) && !text.contains(['#', '?']));
        let host = authority.split(':').next().unwrap_or_default();
        assert!(!matches!(host, "localhost" | "127.0.0.1" | "10.0.0.1" | "169.254.169.254" | ""), "{text}");
    }
}
