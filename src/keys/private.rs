//! Private signing keys, parsed once.

use super::certificate;
use super::public::{PublicKey, SigningAlgorithm};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::fmt;

/// A token could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError;

/// A private key with its public half and the certificates that vouch for it, leaf first.
pub(super) struct SigningKey {
    private: PrivateKey,
    public: PublicKey,
    chain: Vec<CertificateDer<'static>>,
}

/// Parsing costs half as much as an ES256 signature and a tenth of an RS256 one, so it happens once.
enum PrivateKey {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl PrivateKey {
    fn parse(pem: &str) -> Result<Self, String> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "holds no PKCS#8 private key (BEGIN PRIVATE KEY)".to_owned())?;
        let der = der.secret_pkcs8_der();
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            Ok(Self::Es256(pair))
        } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(Self::EdDsa(pair))
        } else if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            Ok(Self::Rs256(pair))
        } else {
            Err("is a key of another kind or curve; P-256, Ed25519 and RSA can be used".to_owned())
        }
    }

    fn public(&self) -> Result<PublicKey, String> {
        let spki = match self {
            Self::Es256(pair) => pair.public_key().as_der(),
            Self::Rs256(pair) => pair.public_key().as_der(),
            Self::EdDsa(pair) => pair.public_key().as_der(),
        };
        PublicKey::from_spki(spki.map_err(|_| "has no readable public half".to_owned())?.as_ref())
    }
}

/// The public half of a private key in PEM.
pub(super) fn public_half(pem: &str) -> Result<PublicKey, String> {
    PrivateKey::parse(pem)?.public()
}

impl SigningKey {
    /// Reads a private key in PEM and takes over the chain that belongs to it.
    pub(super) fn new(pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let private = PrivateKey::parse(pem)?;
        let public = private.public()?;
        let certified = chain.first().ok_or("has no certificate")?;
        if certificate::public_key(certified)?.spki() != public.spki() {
            return Err("does not belong to the certificate beside it".to_owned());
        }
        Ok(Self { private, public, chain })
    }

    pub(super) const fn algorithm(&self) -> SigningAlgorithm {
        self.public.algorithm()
    }

    pub(super) const fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Signs what stands in `token` so far and appends a dot and the signature in base64url. `begun` is what tokens begin
    /// with.
    pub(super) fn append_signature(&self, token: &mut String, begun: &Beginning) -> Result<(), SignError> {
        let message = token.as_bytes();
        match &self.private {
            PrivateKey::Es256(pair) => {
                let digest = begun.digest(message).ok_or(SignError)?;
                let signature = pair.sign_digest(&digest).map_err(|_| SignError)?;
                append(token, signature.as_ref());
            }
            PrivateKey::EdDsa(pair) => {
                let signature = pair.try_sign(message).map_err(|_| SignError)?;
                append(token, signature.as_ref());
            }
            PrivateKey::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| SignError)?;
                append(token, &signature);
            }
        }
        Ok(())
    }
}

/// What every token of a key begins with, and the state of SHA-256 after it: the certificates in a header are half of what is
/// to be hashed.
pub(super) struct Beginning {
    text: String,
    hashed: digest::Context,
}

impl Beginning {
    pub(super) fn new(text: String) -> Self {
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(text.as_bytes());
        Self { text, hashed }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The digest of a message that begins so; `None` when it does not.
    fn digest(&self, message: &[u8]) -> Option<digest::Digest> {
        let rest = message.strip_prefix(self.text.as_bytes())?;
        let mut hashed = self.hashed.clone();
        hashed.update(rest);
        Some(hashed.finish())
    }
}

impl fmt::Debug for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn append(token: &mut String, signature: &[u8]) {
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, token);
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.public.algorithm(), self.public.id())
    }
}

#[cfg(test)]
mod tests {
    use super::super::signer::{KeyHeader, Signer};
    use super::*;

    #[test]
    fn only_pkcs8_keys_of_the_three_kinds_are_read() {
        let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        for (pem, reason) in [
            (p384.serialize_pem(), "another kind or curve"),
            (String::new(), "BEGIN PRIVATE KEY"),
            (p384.public_key_pem(), "BEGIN PRIVATE KEY"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(), "another kind"),
        ] {
            let error = public_half(&pem).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_key_does_not_take_a_certificate_of_another_key() {
        let (one, two) = (
            certificate::generate(SigningAlgorithm::Es256).unwrap(),
            certificate::generate(SigningAlgorithm::Es256).unwrap(),
        );
        let chain = certificate::parse_chain(&certificate::leaf(&one.pem, &two).unwrap()).unwrap();
        let error = SigningKey::new(&one.pem, chain.clone()).unwrap_err();
        assert!(error.contains("does not belong"), "{error}");
        let key = SigningKey::new(&two.pem, chain.clone()).unwrap();
        assert_eq!(key.chain(), chain);
    }

    #[test]
    fn a_key_that_signs_for_another_is_not_signed_with() {
        let key = || {
            let pair = certificate::generate(SigningAlgorithm::Es256).unwrap();
            let chain = certificate::parse_chain(&certificate::leaf(&pair.pem, &pair).unwrap()).unwrap();
            SigningKey::new(&pair.pem, chain).unwrap()
        };
        let mixed = SigningKey { private: key().private, ..key() };
        let error = Signer::new(mixed, KeyHeader::Kid).unwrap_err();
        assert!(error.contains("does not verify"), "{error}");
        Signer::new(key(), KeyHeader::Kid).unwrap();
    }

    #[test]
    fn what_is_shown_of_a_key_is_its_name() {
        let (root, key) = (
            certificate::generate(SigningAlgorithm::Es256).unwrap(),
            certificate::generate(SigningAlgorithm::Es256).unwrap(),
        );
        let chain = certificate::parse_chain(&certificate::leaf(&root.pem, &key).unwrap()).unwrap();
        let key = SigningKey::new(&key.pem, chain).unwrap();
        let id = key.public().id();
        assert_eq!(
            format!("{key:?} {:?}", key.public()),
            format!("SigningKey(ES256 {id}) PublicKey(ES256 {id})")
        );
        assert_eq!(format!("{:?}", Beginning::new("eyJ".to_owned())), "eyJ");
    }
}
