//! Public keys: their two ids, and how others are told about them.

use aws_lc_rs::signature::RsaSubjectPublicKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey};
use std::fmt;
use std::str::FromStr;

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256: small, fast and read by every registry.
    #[default]
    Es256,
    /// RSA-2048 with PKCS#1 v1.5: as widely read, 17 times slower.
    Rs256,
    /// Ed25519: registries from 3.0 on; 2.8 refuses it.
    EdDsa,
}

impl SigningAlgorithm {
    /// The name in JOSE headers and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) const fn jose(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Rs256 => Algorithm::RS256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Es256, Self::Rs256, Self::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.name() == text)
            .ok_or_else(|| "must be ES256, RS256 or EdDSA".to_owned())
    }
}

/// A public key that tokens can be checked with.
pub(super) struct PublicKey {
    algorithm: SigningAlgorithm,
    id: super::SigningKeyId,
    thumbprint: String,
    spki: Vec<u8>,
    decoding: DecodingKey,
    jwk: Jwk,
}

/// DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480); the point follows as `04 x y`.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// DER of an Ed25519 SubjectPublicKeyInfo up to the 32 bytes of the key (RFC 8410).
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Characters of a base64url modulus of 2048 bits.
const RSA_2048: usize = 342;

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, String> {
        let (algorithm, decoding) = if let Some(point) = spki.strip_prefix(P256) {
            (SigningAlgorithm::Es256, DecodingKey::from_ec_der(p256_point(point)?))
        } else if let Some(key) = spki.strip_prefix(ED25519).filter(|key| key.len() == 32) {
            (SigningAlgorithm::EdDsa, DecodingKey::from_ed_der(key))
        } else if let Ok(key) = RsaSubjectPublicKey::from_der(spki) {
            (SigningAlgorithm::Rs256, DecodingKey::from_rsa_der(key.as_ref()))
        } else {
            return Err("is a key of another kind or curve; P-256, Ed25519 and RSA can be used".to_owned());
        };
        let unreadable = |error| format!("cannot be described as a JSON web key: {error}");
        let mut jwk = Jwk::from_decoding_key(&decoding, Some(algorithm.jose())).map_err(unreadable)?;
        if matches!(&jwk.algorithm, AlgorithmParameters::RSA(key) if key.n.len() < RSA_2048) {
            return Err("is an RSA key of less than 2048 bits".to_owned());
        }
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            algorithm,
            id: super::SigningKeyId::of(spki),
            thumbprint: jwk.thumbprint(ThumbprintHash::SHA256).map_err(unreadable)?,
            spki: spki.to_vec(),
            decoding,
            jwk,
        })
    }

    pub(super) const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(super) const fn id(&self) -> &super::SigningKeyId {
        &self.id
    }

    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key twice, by libtrust id (what 2.8 computes, and our tokens' `kid`) and by RFC 7638 thumbprint.
    pub(super) fn jwks(&self) -> [Jwk; 2] {
        [self.id.as_str(), &self.thumbprint].map(|id| {
            let mut jwk = self.jwk.clone();
            jwk.common.key_id = Some(id.to_owned());
            jwk
        })
    }

    /// Whether `kid` names this key.
    pub(super) fn is_named(&self, kid: &str) -> bool {
        self.id.as_str() == kid || self.thumbprint == kid
    }

    /// Whether `signature` (base64url) is this key's over `message`. The algorithm is the key's own, whatever a token says.
    pub(super) fn verifies(&self, message: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.jose();
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, algorithm)
            .unwrap_or(false)
    }
}

/// Registries 3.0 to 3.1.1 drop leading zero bytes before they hash the key for its thumbprint, so a key that has
/// one (1 in 128) would never be found by it.
fn p256_point(point: &[u8]) -> Result<&[u8], String> {
    match point {
        [4, coordinates @ ..] if coordinates.len() == 64 => match coordinates.split_at(32) {
            ([0, ..], _) | (_, [0, ..]) => {
                Err("has a coordinate with a leading zero byte, which some registries get wrong; make another key".to_owned())
            }
            _ => Ok(point),
        },
        _ => Err("does not hold an uncompressed P-256 point".to_owned()),
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_read_as_it_is_written() {
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        assert_eq!(SigningAlgorithm::EdDsa.to_string(), "EdDSA");
        assert!("es256".parse::<SigningAlgorithm>().is_err());
    }

    #[test]
    fn a_point_is_two_coordinates_of_32_bytes_without_a_leading_zero() {
        let point = |length: usize| [&[4][..], &vec![1; length]].concat();
        p256_point(&point(64)).unwrap();
        for length in [0, 31, 32, 63, 65, 96] {
            assert!(p256_point(&point(length)).unwrap_err().contains("uncompressed"), "{length}");
        }
        for zero in [1, 33] {
            let mut point = point(64);
            point[zero] = 0;
            assert!(p256_point(&point).unwrap_err().contains("leading zero"), "{zero}");
        }
    }
}
