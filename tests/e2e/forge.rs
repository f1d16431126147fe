//! Tools of a forger: keys and certificates that are trusted, and others that nearly are.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    date_time_ymd,
};
use serde_json::{Value, json};

/// A P-256 key with a certificate.
pub(crate) struct Identity {
    key: KeyPair,
    params: CertificateParams,
    certificate: Vec<u8>,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Valid {
    Now,
    Past,
    Future,
}

impl Identity {
    /// A certificate authority of this name.
    pub(crate) fn authority(name: &str) -> Identity {
        let mut params = params(name, Valid::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self::self_signed(params)
    }

    /// A key whose own certificate is its only one.
    pub(crate) fn alone(name: &str) -> Identity {
        Self::self_signed(params(name, Valid::Now))
    }

    /// A key with a certificate from this authority, which may be none.
    pub(crate) fn issue(&self, name: &str, valid: Valid) -> Identity {
        let (key, params) = (generate(), params(name, valid));
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        Identity { key, params, certificate }
    }

    fn self_signed(params: CertificateParams) -> Identity {
        let key = generate();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Identity { key, params, certificate }
    }

    /// A JWT with this header and these claims, signed in the way of ES256 whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_raw(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// As [`Identity::sign`] with bytes that need not be JSON.
    pub(crate) fn sign_raw(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = self.signature(message.as_bytes());
        format!("{message}.{}", base64url(&signature))
    }

    /// An ES256 signature: r and s, 32 bytes each.
    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, self.key.serialized_der()).unwrap();
        key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The same signature in the coding of X.509, which JWS does not use.
    pub(crate) fn der_signature(&self, message: &[u8]) -> Vec<u8> {
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, self.key.serialized_der()).unwrap();
        key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The certificate as it stands in an `x5c` header.
    pub(crate) fn x5c(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    pub(crate) fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) fn certificate_pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", self.x5c())
    }

    pub(crate) fn public_key_pem(&self) -> String {
        self.key.public_key_pem()
    }

    pub(crate) fn public_key_der(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// x and y, 32 bytes each.
    pub(crate) fn point(&self) -> &[u8] {
        &self.key.public_key_raw()[1..]
    }

    /// The public key as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.point().split_at(32);
        json!({"crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y)})
    }

    /// The key's RFC 7638 thumbprint, by which registry 3 finds it.
    pub(crate) fn thumbprint(&self) -> String {
        // `jwk` holds just the members that the thumbprint is taken of, in its order.
        base64url(digest(&SHA256, self.jwk().to_string().as_bytes()).as_ref())
    }

    /// The key's id in libtrust's way, by which registry 2.8 finds it.
    pub(crate) fn libtrust_id(&self) -> String {
        let hash = digest(&SHA256, &self.public_key_der());
        let text = base32(&hash.as_ref()[..30]);
        let groups: Vec<_> =
            text.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(":")
    }
}

fn generate() -> KeyPair {
    loop {
        let key = KeyPair::generate().unwrap();
        // Registry 3 takes a wrong thumbprint of keys whose x or y begins with a zero byte.
        if key.public_key_raw()[1] != 0 && key.public_key_raw()[33] != 0 {
            return key;
        }
    }
}

fn params(name: &str, valid: Valid) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = match valid {
        Valid::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
        Valid::Past => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
        Valid::Future => (date_time_ymd(2089, 1, 1), date_time_ymd(2090, 1, 1)),
    };
    params
}

/// base64url without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Header and claims of a token.
pub(crate) fn open(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

/// `value` with one member set.
pub(crate) fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    value[name] = member;
    value
}

/// `value` without one member.
pub(crate) fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value
}

fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat();
    let digit = |five: &[u8]| {
        let value = usize::from_str_radix(std::str::from_utf8(five).unwrap(), 2).unwrap();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value])
    };
    bits.as_bytes().chunks(5).map(digit).collect()
}
