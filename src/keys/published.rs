//! What others are told about the signing keys, so that they can check tokens.

use super::SigningAlgorithm;
use super::public::PublicKey;
use super::rotation::RegisteredKey;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::JwkSet;
use rustls::pki_types::CertificateDer;

/// A signing key without its private half.
#[derive(Debug)]
pub struct PublishedKey {
    pub(super) entry: RegisteredKey,
    pub(super) public: PublicKey,
    pub(super) certificate: CertificateDer<'static>,
}

impl PublishedKey {
    /// Its id, state and times.
    pub const fn entry(&self) -> &RegisteredKey {
        &self.entry
    }

    /// How it signs.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.public.algorithm()
    }
}

/// The public side of all signing keys.
#[derive(Debug)]
pub struct PublishedKeys {
    pub(super) keys: Vec<PublishedKey>,
    pub(super) root: String,
}

impl PublishedKeys {
    /// All keys, also those retired longer than [`super::RETENTION`] that no one has pruned yet.
    pub fn keys(&self) -> &[PublishedKey] {
        &self.keys
    }

    fn verifying(&self, now: Timestamp) -> impl Iterator<Item = &PublishedKey> {
        self.keys.iter().filter(move |key| key.entry.verifies(now))
    }

    pub(super) fn find(&self, kid: &str, now: Timestamp) -> Option<&PublicKey> {
        self.verifying(now).map(|key| &key.public).find(|key| key.is_named(kid))
    }

    /// The JSON Web Key Set, for `jwks` of distribution 3 and for anyone who checks our tokens. Each key is in it
    /// twice: under its libtrust id, which tokens name, and under its RFC 7638 thumbprint.
    pub fn jwks(&self, now: Timestamp) -> String {
        let keys = self.verifying(now).flat_map(|key| key.public.jwks()).collect();
        serde_json::to_string(&JwkSet { keys }).unwrap_or_else(|_| r#"{"keys":[]}"#.to_owned())
    }

    /// The root certificate in PEM: all that a registry needs in `rootcertbundle` while tokens carry certificates
    /// ([`super::KeyHeader::X5c`]). Leaves of Ed25519 keys hold under it for distribution 3, never for 2.8.
    pub fn root_certificate(&self) -> &str {
        &self.root
    }

    /// The root and the certificates of all keys in PEM: what a 2.8 registry needs in `rootcertbundle` while tokens carry
    /// key ids alone ([`super::KeyHeader::Kid`]). Ed25519 certificates are left out, they would stop it from starting.
    pub fn certificate_bundle(&self, now: Timestamp) -> String {
        let readable = self.verifying(now).filter(|key| key.algorithm() != SigningAlgorithm::EdDsa);
        readable.fold(self.root.clone(), |bundle, key| bundle + &to_pem(&key.certificate))
    }
}

fn to_pem(certificate: &CertificateDer<'_>) -> String {
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (index, character) in STANDARD.encode(certificate).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem + "\n-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_lines_of_64_characters_and_a_shorter_last_one() {
        for length in [1, 47, 48, 49, 95, 96, 97, 500] {
            let der: Vec<u8> = (0..length).map(|number| u8::try_from(number % 251).unwrap()).collect();
            let pem = to_pem(&CertificateDer::from(der.clone()));
            let lines: Vec<_> = pem.lines().collect();
            let [first, inner @ .., last] = lines.as_slice() else { panic!("{pem}") };
            assert_eq!((*first, *last), ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"));
            let (end, full) = inner.split_last().unwrap();
            assert!((1..=64).contains(&end.len()) && full.iter().all(|line| line.len() == 64), "{pem}");
            assert_eq!(STANDARD.decode(inner.concat()).unwrap(), der);
        }
    }
}
