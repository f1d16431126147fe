//! Checks registry tokens of our own making, where one is shown to us.

use super::published::PublishedKeys;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Longer tokens are refused unread; one for 32 repositories has 7 kB.
const MAX_LENGTH: usize = 64 * 1024;

/// Whom a token must come from and be meant for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The audience (a registry's service name).
    pub audience: &'a str,
}

/// A registry token that is ours and valid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    subject: String,
    expires: Timestamp,
}

impl VerifiedToken {
    /// The account's name; empty for an anonymous caller.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The first second in which it is not valid any more.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// Why a token is refused. For logs; the caller is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not three base64url parts of JSON with exactly the members that our tokens have.
    #[error("not a registry token of this service")]
    Malformed,
    /// Names a key that is not published.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// Names another algorithm than its key's.
    #[error("its algorithm is not its key's")]
    Algorithm,
    /// The signature is not that of its key.
    #[error("its signature is wrong")]
    Signature,
    /// Issued by somebody else, or for somebody else.
    #[error("issued by or for another service")]
    Audience,
    /// Not valid any more, or not yet.
    #[error("outside its time")]
    Time,
}

/// Unknown members are refused, and with them all that could point to another key or change the meaning: `crit`,
/// `jwk`, `jku`, `x5u`, `zip`. So is every member that occurs twice. `x5c` is what registries go by; here the key comes from
/// `kid` alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
    #[serde(rename = "x5c")]
    _x5c: Option<IgnoredAny>,
}

/// All claims are required and have one type each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    #[serde(rename = "iat")]
    _iat: i64,
    #[serde(rename = "jti")]
    _jti: String,
    #[serde(rename = "access")]
    _access: IgnoredAny,
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, InvalidToken> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| InvalidToken::Malformed)
}

impl PublishedKeys {
    /// Checks a token. The key decides the algorithm, and no leeway is given: the clock is the one that issued it.
    pub fn verify(
        &self,
        token: &str,
        expected: Expected<'_>,
        now: Timestamp,
    ) -> Result<VerifiedToken, InvalidToken> {
        if token.len() > MAX_LENGTH {
            return Err(InvalidToken::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, body) = message.split_once('.').ok_or(InvalidToken::Malformed)?;
        let header: Header = decode(header)?;
        if header.typ != "JWT" {
            return Err(InvalidToken::Malformed);
        }
        let key = self.find(&header.kid, now).ok_or(InvalidToken::UnknownKey)?;
        if header.alg != key.algorithm().name() {
            return Err(InvalidToken::Algorithm);
        }
        if !key.verifies(message, signature) {
            return Err(InvalidToken::Signature);
        }
        let body: Body = decode(body)?;
        if body.iss != expected.issuer || body.aud != expected.audience {
            return Err(InvalidToken::Audience);
        }
        if now.0 < body.nbf || now.0 >= body.exp {
            return Err(InvalidToken::Time);
        }
        Ok(VerifiedToken { subject: body.sub, expires: Timestamp(body.exp) })
    }
}

#[cfg(test)]
mod tests;
