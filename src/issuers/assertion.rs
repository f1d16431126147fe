//! What an outside issuer says about a job: a signed JWT (RFC 7519), read before anybody believes it.

use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Number;

/// Seconds by which the issuer's clock may differ from ours (Quay's).
const LEEWAY: i64 = 30;

/// Why a token is not believed. The texts follow those that Quay's clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not three parts.
    #[error("Not enough segments")]
    Segments,
    /// A part is not base64url of a JSON object, or a member has the wrong type or stands there twice.
    #[error("{0} cannot be read")]
    Malformed(&'static str),
    /// The header names no key.
    #[error("Missing `kid` header")]
    KeyId,
    /// Signed in a way that is not accepted, or with a key of another kind.
    #[error("The specified alg value is not allowed")]
    Algorithm,
    /// The header demands what is not understood here (`crit`).
    #[error("Unsupported critical extension")]
    Critical,
    /// A claim that must be there is not.
    #[error("Token is missing the \"{0}\" claim")]
    Missing(&'static str),
    /// It is too old.
    #[error("Signature has expired")]
    Expired,
    /// It comes from the future.
    #[error("The token is not yet valid (iat)")]
    Early,
    /// The issuer publishes no key of that name.
    #[error("Unable to find a signing key that matches the `kid` header")]
    UnknownKey,
    /// The key of that name did not sign this.
    #[error("Signature verification failed")]
    Signature,
}

/// Members that are not known are let be: issuers put in what they like.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<Number>,
    iat: Option<Number>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A token whose form is right. What it says is not proved before its signature is: see [`super::Issuers::verify`].
pub struct Assertion<'a> {
    /// What was signed.
    pub(super) message: &'a str,
    /// In base64url.
    pub(super) signature: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    claims: Claims,
}

impl<'a> Assertion<'a> {
    /// Reads a token. Whether its time has come is not asked before its signature is good.
    pub fn parse(token: &'a str) -> Result<Self, Invalid> {
        let (message, signature) = token.rsplit_once('.').ok_or(Invalid::Segments)?;
        let (header, claims) = message.split_once('.').ok_or(Invalid::Segments)?;
        if claims.contains('.') {
            return Err(Invalid::Segments);
        }
        let header: Header = decode(header).ok_or(Invalid::Malformed("The header"))?;
        let claims: Claims = decode(claims).ok_or(Invalid::Malformed("The payload"))?;
        if header.crit.is_some() {
            return Err(Invalid::Critical);
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "RS384" => Algorithm::RS384,
            "ES256" => Algorithm::ES256,
            _ => return Err(Invalid::Algorithm),
        };
        let key_id = header.kid.ok_or(Invalid::KeyId)?;
        Ok(Self { message, signature, algorithm, key_id, claims })
    }

    /// Who says that it signed this.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// Whom it is about.
    pub fn subject(&self) -> Option<&str> {
        self.claims.sub.as_deref()
    }

    /// Whether it was made for `audience`.
    pub fn is_for(&self, audience: &str) -> bool {
        match &self.claims.aud {
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Many(many)) => many.iter().any(|one| one == audience),
            None => false,
        }
    }

    /// Whether it may be used now. `nbf` is not looked at, as in Quay: `iat` says as much.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<(), Invalid> {
        let issued = self.claims.iat.as_ref().ok_or(Invalid::Missing("iat"))?;
        let expires = self.claims.exp.as_ref().ok_or(Invalid::Missing("exp"))?;
        if seconds(expires) <= now.plus(-LEEWAY) {
            return Err(Invalid::Expired);
        }
        if seconds(issued) > now.plus(LEEWAY) {
            return Err(Invalid::Early);
        }
        Ok(())
    }
}

/// A `NumericDate`, which may have a fraction.
fn seconds(number: &Number) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the end of the range is as far away as what lies beyond"
    )]
    let rounded = || number.as_f64().unwrap_or_default().floor() as i64;
    Timestamp(number.as_i64().unwrap_or_else(rounded))
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = r#"{"alg":"RS256","kid":"1"}"#;
    const NOW: Timestamp = Timestamp(1_000_000);

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    fn refused(header: &str, claims: &str) -> Option<Invalid> {
        Assertion::parse(&token(header, claims)).err()
    }

    #[test]
    fn a_token_says_who_speaks_of_whom_to_whom() {
        let token =
            token(HEADER, r#"{"iss":"https://i","sub":"s","aud":["a","b"],"exp":1,"iat":1,"extra":{}}"#);
        let read = Assertion::parse(&token).unwrap();
        assert_eq!((read.issuer(), read.subject()), (Some("https://i"), Some("s")));
        assert!(read.is_for("a") && read.is_for("b") && !read.is_for("c") && !read.is_for(""));
    }

    #[test]
    fn what_is_not_a_token_of_the_right_form_is_told_apart() {
        for text in ["", "x", "a.b", "a.b.c.d", "ABCD.EFGH"] {
            assert_eq!(Assertion::parse(text).err(), Some(Invalid::Segments), "{text}");
        }
        for header in ["", "null", "[]", "{}", r#"{"alg":1}"#, r#"{"alg":"RS256","kid":1}"#] {
            assert_eq!(refused(header, "{}"), Some(Invalid::Malformed("The header")), "{header}");
        }
        let twice = r#"{"alg":"RS256","kid":"1","kid":"2"}"#;
        assert_eq!(refused(twice, "{}"), Some(Invalid::Malformed("The header")));
        for claims in ["", "1", r#"{"iss":1}"#, r#"{"exp":"1"}"#, r#"{"aud":{}}"#, r#"{"sub":"a","sub":"b"}"#]
        {
            assert_eq!(refused(HEADER, claims), Some(Invalid::Malformed("The payload")), "{claims}");
        }
        assert_eq!(refused(r#"{"alg":"RS256"}"#, "{}"), Some(Invalid::KeyId));
        assert_eq!(refused(r#"{"alg":"RS256","kid":"1","crit":["b64"]}"#, "{}"), Some(Invalid::Critical));
        for alg in ["none", "HS256", "PS256", "RS512", "rs256", "EdDSA", ""] {
            let header = format!(r#"{{"alg":"{alg}","kid":"1"}}"#);
            assert_eq!(refused(&header, "{}"), Some(Invalid::Algorithm), "{alg}");
        }
    }

    #[test]
    fn times_are_required_and_may_be_half_a_minute_off() {
        let check = |claims: &str| Assertion::parse(&token(HEADER, claims)).unwrap().check_time(NOW);
        let at = |iat: i64, exp: i64| check(&format!(r#"{{"iat":{iat},"exp":{exp},"nbf":9999999999}}"#));
        assert_eq!(at(1_000_000, 1_000_300), Ok(()), "nbf is not looked at");
        assert_eq!(at(1_000_030, 999_971), Ok(()));
        assert_eq!(at(1_000_000, 999_970), Err(Invalid::Expired));
        assert_eq!(at(1_000_031, 1_000_300), Err(Invalid::Early));
        assert_eq!(check(r#"{"exp":1000300}"#), Err(Invalid::Missing("iat")));
        assert_eq!(check(r#"{"iat":1000000}"#), Err(Invalid::Missing("exp")));
        assert_eq!(check(r#"{"iat":1000000.5,"exp":1e300}"#), Ok(()));
        assert_eq!(check(r#"{"iat":-1e300,"exp":18446744073709551615}"#), Ok(()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ -~]{0,80}", header in "[ -~]{0,40}", claims in "\\{[ -~]{0,60}\\}") {
            let _ = Assertion::parse(&text);
            let _ = Assertion::parse(&token(&header, &claims));
            if let Ok(read) = Assertion::parse(&token(HEADER, &claims)) {
                let _ = read.check_time(NOW);
            }
        }
    }
}
