//! The token root and the leaf certificates of signing keys.

use super::public::{PublicKey, SigningAlgorithm};
use crate::domain::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use zeroize::Zeroizing;

/// A private key that was just made, in PEM (PKCS#8) and with its public half.
pub(super) struct NewKey {
    pair: Zeroizing<KeyPair>,
    pub(super) pem: Zeroizing<String>,
    pub(super) public: PublicKey,
}

/// A certificate in PEM, and why none could be made.
type Pem = Result<String, String>;

/// Makes a key pair. The randomness is that of the crypto library, which takes no other.
pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<NewKey, String> {
    let kind = match algorithm {
        SigningAlgorithm::Es256 => &PKCS_ECDSA_P256_SHA256,
        SigningAlgorithm::Rs256 => &PKCS_RSA_SHA256,
        SigningAlgorithm::EdDsa => &PKCS_ED25519,
    };
    // One P-256 key in 128 has a leading zero byte and is refused; 16 in a row happen once in 10^33.
    let mut last = String::new();
    for _ in 0..16 {
        let pair = KeyPair::generate_for(kind)
            .map(Zeroizing::new)
            .map_err(|error| format!("cannot be made: {error}"))?;
        let pem = Zeroizing::new(pair.serialize_pem());
        match PublicKey::from_spki(&pair.subject_public_key_info()) {
            Ok(public) => return Ok(NewKey { pair, pem, public }),
            Err(reason) => last = reason,
        }
    }
    Err(last)
}

/// The self-signed root for a P-256 key. It never is another kind: one Ed25519 certificate in its bundle makes a 2.8
/// registry panic at start.
pub(super) fn root(key_pem: &str) -> Pem {
    let pair = KeyPair::from_pem(key_pem).map_err(|error| error.to_string())?;
    let params = root_params(&pair)?;
    let certificate = params.self_signed(&pair).map_err(|error| error.to_string())?;
    Ok(certificate.pem())
}

/// A leaf for a signing key, issued by the root whose key is given.
pub(super) fn leaf(root_key_pem: &str, key: &NewKey) -> Pem {
    let pair = KeyPair::from_pem(root_key_pem).map_err(|error| error.to_string())?;
    let issuer = Issuer::new(root_params(&pair)?, pair);
    // Every byte of a leaf is sent twice base64-encoded in each token: short names, no extension that could be left out.
    let mut params = validity(key.public.id().short());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&*key.pair, &issuer).map_err(|error| error.to_string())?;
    Ok(certificate.pem())
}

/// The same for the same key each time, so that a leaf can be issued without parsing the root's certificate.
fn root_params(pair: &KeyPair) -> Result<CertificateParams, String> {
    let id = PublicKey::from_spki(&pair.subject_public_key_info())?;
    let mut params = validity(&format!("dockpass root {}", id.id().short()));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Valid from before any clock to RFC 5280's "no expiration". A date would only stop every pull on some morning: rotation
/// replaces keys by choice, and a first start with a wrong clock must not make certificates that are of no use later.
fn validity(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// The certificates of a PEM text, at least one.
pub(super) fn parse_chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err("holds no certificate (BEGIN CERTIFICATE)".to_owned()),
        Err(error) => Err(format!("is not PEM: {error}")),
    }
}

/// The public key that a certificate is for.
pub(super) fn public_key(certificate: &CertificateDer<'_>) -> Result<PublicKey, String> {
    let certificate =
        EndEntityCert::try_from(certificate).map_err(|error| format!("is not a certificate: {error}"))?;
    PublicKey::from_spki(&certificate.subject_public_key_info())
}

/// Whether registries that trust `root` will accept the chain (leaf first) at `now`.
pub(super) fn check_chain(
    root: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<(), String> {
    let (leaf, intermediates) = chain.split_first().ok_or("holds no certificate")?;
    let anchor =
        anchor_from_trusted_cert(root).map_err(|error| format!("its root is not usable: {error}"))?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.0).unwrap_or(0)));
    let leaf = EndEntityCert::try_from(leaf).map_err(|error| format!("is not a certificate: {error}"))?;
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[anchor],
        intermediates,
        time,
        // Tokens have no extended usage of their own; leaves made here name none, which passes for any.
        KeyUsage::client_auth(),
        None,
        None,
    )
    .map(drop)
    .map_err(|error| format!("is not accepted under the token root: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_of_every_algorithm_hold_under_the_root_at_any_time() {
        let root_key = generate(SigningAlgorithm::Es256).unwrap();
        let root = parse_chain(&root(&root_key.pem).unwrap()).unwrap().remove(0);
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
            let key = generate(algorithm).unwrap();
            let chain = parse_chain(&leaf(&root_key.pem, &key).unwrap()).unwrap();
            assert_eq!(public_key(&chain[0]).unwrap().id(), key.public.id());
            for year in [2001, 2026, 2049, 2051, 9998] {
                check_chain(&root, &chain, Timestamp((year - 1970) * 31_557_600)).unwrap();
            }
        }
    }

    #[test]
    fn a_leaf_of_another_root_is_refused() {
        let (one, two) =
            (generate(SigningAlgorithm::Es256).unwrap(), generate(SigningAlgorithm::Es256).unwrap());
        let root = parse_chain(&root(&one.pem).unwrap()).unwrap().remove(0);
        let chain = parse_chain(&leaf(&two.pem, &two).unwrap()).unwrap();
        check_chain(&root, &chain, Timestamp(1_800_000_000)).unwrap_err();
    }

    #[test]
    fn a_root_is_issued_alike_each_time_for_its_key() {
        let key = generate(SigningAlgorithm::Es256).unwrap();
        let subject = |pem: &str| {
            let der = parse_chain(pem).unwrap().remove(0);
            anchor_from_trusted_cert(&der).unwrap().subject.as_ref().to_vec()
        };
        assert_eq!(subject(&root(&key.pem).unwrap()), subject(&root(&key.pem).unwrap()));
    }

    #[test]
    fn keys_of_other_curves_and_sizes_are_refused() {
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let error = PublicKey::from_spki(&p384.subject_public_key_info()).unwrap_err();
        assert!(error.contains("another kind or curve"), "{error}");
        PublicKey::from_spki(b"").unwrap_err();
        PublicKey::from_spki(&[0x30; 91]).unwrap_err();
    }

    #[test]
    fn a_leading_zero_in_either_coordinate_is_refused() {
        let key = generate(SigningAlgorithm::Es256).unwrap();
        for place in [27, 59] {
            let mut spki = key.public.spki().to_vec();
            assert_ne!(spki[place], 0);
            spki[place] = 0;
            let error = PublicKey::from_spki(&spki).unwrap_err();
            assert!(error.contains("leading zero"), "{error}");
        }
    }
}
