//! The keys that an issuer publishes (RFC 7517).

use super::assertion::{Assertion, Invalid};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Keys of one issuer that are kept; those of large ones have a dozen.
const MOST: usize = 64;
/// Bytes of an RSA modulus: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA exponent. A longer one would only be slow.
const EXPONENT: std::ops::RangeInclusive<usize> = 1..=4;

/// Public keys by name.
pub struct KeySet(Vec<Key>);

struct Key {
    id: String,
    kind: Kind,
    /// The one algorithm that the issuer uses it with, if it says so.
    algorithm: Option<String>,
    public: DecodingKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
}

#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a JSON Web Key Set. Keys that cannot be used here are left out: issuers publish all kinds side by side.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let set: Set<'_> = serde_json::from_slice(json).ok()?;
        Some(Self(set.keys.into_iter().filter_map(|key| Key::read(key.get())).take(MOST).collect()))
    }

    /// Whether one of these keys signed the token.
    pub fn check(&self, assertion: &Assertion<'_>) -> Result<(), Invalid> {
        let (kind, name) = match assertion.algorithm {
            Algorithm::RS256 => (Kind::Rsa, "RS256"),
            Algorithm::RS384 => (Kind::Rsa, "RS384"),
            Algorithm::ES256 => (Kind::P256, "ES256"),
            _ => return Err(Invalid::Algorithm),
        };
        let mut named = self.0.iter().filter(|key| key.id == assertion.key_id).peekable();
        named.peek().ok_or(Invalid::UnknownKey)?;
        let fits = |key: &&Key| key.kind == kind && key.algorithm.as_deref().is_none_or(|only| only == name);
        let mut fitting = named.filter(fits).peekable();
        fitting.peek().ok_or(Invalid::Algorithm)?;
        let message = assertion.message.as_bytes();
        let signed = |key: &Key| {
            jsonwebtoken::crypto::verify(assertion.signature, message, &key.public, assertion.algorithm)
        };
        if fitting.any(|key| signed(key).unwrap_or(false)) { Ok(()) } else { Err(Invalid::Signature) }
    }
}

impl Key {
    fn read(json: &str) -> Option<Self> {
        let jwk: Jwk = serde_json::from_str(json).ok()?;
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (kind, public) = match jwk.kty.as_str() {
            "RSA" => (Kind::Rsa, rsa(&jwk.n?, &jwk.e?)?),
            "EC" if jwk.crv.as_deref() == Some("P-256") => (Kind::P256, p256(&jwk.x?, &jwk.y?)?),
            _ => return None,
        };
        Some(Self { id: jwk.kid?, kind, algorithm: jwk.alg, public })
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    let within = |text: &str, bytes: &std::ops::RangeInclusive<usize>| bytes.contains(&(text.len() * 3 / 4));
    if !(within(modulus, &MODULUS) && within(exponent, &EXPONENT)) {
        return None;
    }
    DecodingKey::from_rsa_components(modulus, exponent).ok()
}

fn p256(x: &str, y: &str) -> Option<DecodingKey> {
    // 32 bytes each, leading zeros included.
    if x.len() != 43 || y.len() != 43 {
        return None;
    }
    DecodingKey::from_ec_components(x, y).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    fn count(json: &str) -> Option<usize> {
        KeySet::parse(json.as_bytes()).map(|set| set.0.len())
    }

    fn rsa(extra: &str, bytes: usize) -> String {
        let modulus = URL_SAFE_NO_PAD.encode(vec![0xff; bytes]);
        format!(r#"{{"kty":"RSA","kid":"1","n":"{modulus}","e":"AQAB"{extra}}}"#)
    }

    #[test]
    fn keys_that_can_be_used_are_picked_out() {
        let good = rsa("", 256);
        assert_eq!(
            count(&format!(r#"{{"keys":[{good},{},{}]}}"#, rsa("", 1024), rsa(",\"use\":\"sig\"", 512))),
            Some(3)
        );
        let ec = |x: usize, crv: &str| {
            format!(
                r#"{{"kty":"EC","kid":"e","crv":"{crv}","x":"{}","y":"{}"}}"#,
                "s".repeat(x),
                "s".repeat(43)
            )
        };
        assert_eq!(count(&format!(r#"{{"keys":[{}]}}"#, ec(43, "P-256"))), Some(1));
        for bad in [
            "1".to_owned(),
            "{}".to_owned(),
            rsa("", 128),
            rsa("", 2048),
            rsa(",\"use\":\"enc\"", 256),
            good.replace("\"kid\":\"1\",", ""),
            good.replace("AQAB", "AQABAQABAQAB"),
            good.replace("RSA", "oct"),
            ec(42, "P-256"),
            ec(43, "P-384"),
        ] {
            assert_eq!(count(&format!(r#"{{"keys":[{bad},{good}]}}"#)), Some(1), "{bad}");
        }
    }

    #[test]
    fn what_is_no_set_is_none_and_many_keys_are_some() {
        for json in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[}"#] {
            assert_eq!(count(json), None, "{json}");
        }
        assert_eq!(count(r#"{"keys":[]}"#), Some(0));
        let many = vec![rsa("", 256); 2 * MOST].join(",");
        assert_eq!(count(&format!(r#"{{"keys":[{many}]}}"#)), Some(MOST));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", members in "[ -~]{0,60}") {
            let _ = KeySet::parse(text.as_bytes());
            let _ = count(&format!(r#"{{"keys":[{{"kty":"RSA",{members}}}]}}"#));
        }
    }
}
