//! Signs tokens. Nothing else can make a [`SignedToken`].

use super::private::{Beginning, SignError, SigningKey};
use super::{SigningAlgorithm, SigningKeyId};
use crate::domain::claims::Claims;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Header;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// How a token tells the registry which key signed it (TOKEN_KEY_HEADER).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyHeader {
    /// By certificate: the registry needs the root alone, in `rootcertbundle`, also after a rotation. Costs 0.6 kB a
    /// token for P-256.
    #[default]
    X5c,
    /// By key id: small tokens, but each registry must be given every new key (`jwks`; for 2.8 `rootcertbundle`).
    /// A registry that has `jwks` alone refuses tokens with certificates, so they are left out.
    Kid,
}

impl FromStr for KeyHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "x5c" => Ok(Self::X5c),
            "kid" => Ok(Self::Kid),
            _ => Err("must be x5c or kid".to_owned()),
        }
    }
}

/// A registry token, ready to be sent. Good for whoever holds it, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedToken(String);

impl SignedToken {
    /// The token in its compact form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedToken(..)")
    }
}

/// A signing key with all that its tokens have in common worked out beforehand.
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
    /// The header in base64url with the dot after it.
    header: Beginning,
}

impl Signer {
    /// Fails when the key does not verify what it signs: then it must not replace one that does.
    pub(super) fn new(key: SigningKey, header: KeyHeader) -> Result<Self, String> {
        let signer = Self { header: Beginning::new(encode_header(&key, header)), key };
        signer
            .self_test()
            .then_some(signer)
            .ok_or_else(|| "signs what its public half does not verify".to_owned())
    }

    fn self_test(&self) -> bool {
        let Ok(token) = self.sign_json(&["self-test"]) else {
            return false;
        };
        token
            .as_str()
            .rsplit_once('.')
            .is_some_and(|(message, signature)| self.key.public().verifies(message, signature))
    }

    /// Signs a token.
    pub fn sign(&self, claims: &Claims<'_>) -> Result<SignedToken, SignError> {
        self.sign_json(claims)
    }

    fn sign_json(&self, body: &impl Serialize) -> Result<SignedToken, SignError> {
        let mut json = Vec::with_capacity(1024);
        serde_json::to_writer(&mut json, body).map_err(|_| SignError)?;
        // Four characters for three bytes, and up to 512 bytes of signature.
        let header = self.header.as_str();
        let mut token = String::with_capacity(header.len() + json.len() / 3 * 4 + 700);
        token.push_str(header);
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        self.key.append_signature(&mut token, &self.header)?;
        Ok(SignedToken(token))
    }

    #[cfg(test)]
    pub(super) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The key that signs.
    pub const fn key_id(&self) -> &SigningKeyId {
        self.key.public().id()
    }

    /// How it signs.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.key.algorithm()
    }
}

fn encode_header(key: &SigningKey, mode: KeyHeader) -> String {
    let mut header = Header::new(key.algorithm().jose());
    header.kid = Some(key.public().id().as_str().to_owned());
    if mode == KeyHeader::X5c {
        let chain = key.chain().iter().map(|certificate| STANDARD.encode(certificate));
        header.x5c = Some(chain.collect());
    }
    // A struct of texts always has a JSON form; were it otherwise, the self-test would refuse the key.
    let json = serde_json::to_vec(&header).unwrap_or_default();
    format!("{}.", URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_called_as_in_the_configuration() {
        assert_eq!("x5c".parse(), Ok(KeyHeader::X5c));
        assert_eq!("kid".parse(), Ok(KeyHeader::Kid));
        assert!("X5C".parse::<KeyHeader>().is_err());
    }

    #[test]
    fn a_token_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", SignedToken("secret".to_owned())), "SignedToken(..)");
    }
}
