use super::super::certificate;
use super::super::private::{Beginning, SigningKey};
use super::super::published::PublishedKey;
use super::super::rotation::Register;
use super::super::signer::{KeyHeader, Signer};
use super::super::{RETENTION, SigningAlgorithm};
use super::*;
use crate::domain::caller::Caller;
use crate::domain::claims::Claims;
use crate::domain::decide::{Facts, Policy, decide};
use crate::system::SystemRandom;
use aws_lc_rs::hmac;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_800_000_000);
const EXPECTED: Expected<'static> = Expected { issuer: "dockpass", audience: "registry.example" };

struct Fixture {
    signer: Signer,
    published: PublishedKeys,
}

fn fixture(algorithm: SigningAlgorithm, header: KeyHeader) -> Fixture {
    let root_key = certificate::generate(SigningAlgorithm::Es256).unwrap();
    let key = certificate::generate(algorithm).unwrap();
    let chain = certificate::parse_chain(&certificate::leaf(&root_key.pem, &key).unwrap()).unwrap();
    let register = Register::new(key.public.id().clone(), NOW);
    let published = PublishedKeys {
        keys: vec![PublishedKey {
            entry: register.keys().next().unwrap().clone(),
            public: certificate::public_key(&chain[0]).unwrap(),
            certificate: chain[0].clone(),
        }],
        root: certificate::root(&root_key.pem).unwrap(),
    };
    Fixture { signer: Signer::new(SigningKey::new(&key.pem, chain).unwrap(), header).unwrap(), published }
}

impl Fixture {
    fn token(&self) -> String {
        let granted = decide(&Caller::Anonymous, &[], Policy::default(), |_| Facts::default());
        let claims =
            Claims::new("dockpass", "", "registry.example", &granted, NOW, 300, &SystemRandom::default())
                .unwrap();
        self.signer.sign(&claims).unwrap().to_string()
    }

    fn verify(&self, token: &str) -> Result<VerifiedToken, InvalidToken> {
        self.published.verify(token, EXPECTED, NOW)
    }

    /// A token with the right signature over any header and body.
    fn signed(&self, header: &str, body: &str) -> String {
        let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
        let begun = Beginning::new(token.clone());
        self.signer.key().append_signature(&mut token, &begun).unwrap();
        token
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": self.signer.algorithm().name(), "kid": self.signer.key_id().as_str()})
    }
}

fn body() -> Value {
    json!({"iss": "dockpass", "sub": "acme+ci", "aud": "registry.example", "exp": NOW.0 + 300, "nbf": NOW.0 - 10,
        "iat": NOW.0, "jti": "x", "access": []})
}

fn with(mut object: Value, member: &str, value: Value) -> String {
    object[member] = value;
    object.to_string()
}

fn without(mut object: Value, member: &str) -> String {
    object.as_object_mut().unwrap().remove(member);
    object.to_string()
}

#[test]
fn tokens_of_every_algorithm_and_header_verify() {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
        for header in [KeyHeader::X5c, KeyHeader::Kid] {
            let fixture = fixture(algorithm, header);
            let token = fixture.token();
            let verified = fixture.verify(&token).unwrap();
            assert_eq!((verified.subject(), verified.expires()), ("", NOW.plus(300)));
            let shown = jsonwebtoken::decode_header(&token).unwrap();
            assert_eq!(shown.alg, algorithm.jose());
            assert_eq!(shown.kid.as_deref(), Some(fixture.signer.key_id().as_str()));
            assert_eq!(shown.x5c.is_some(), header == KeyHeader::X5c);
        }
    }
}

#[test]
fn an_independent_library_verifies_our_tokens_with_our_key_set() {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
        let fixture = fixture(algorithm, KeyHeader::Kid);
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&fixture.published.jwks(NOW)).unwrap();
        assert_eq!(set.keys.len(), 2);
        let key = set.find(fixture.signer.key_id().as_str()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(algorithm.jose());
        validation.set_issuer(&["dockpass"]);
        validation.set_audience(&["registry.example"]);
        let decoding = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(fixture.token(), &decoding, &validation).unwrap();
        // The second entry is the same key under the name that distribution 3.1 gives it by itself.
        let thumbprint = key.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert!(set.find(&thumbprint).is_some());
    }
}

#[test]
fn time_issuer_and_audience_are_checked_to_the_second() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let token = fixture.token();
    let at = |seconds| fixture.published.verify(&token, EXPECTED, NOW.plus(seconds)).map(drop);
    assert_eq!(at(-11), Err(InvalidToken::Time));
    assert_eq!(at(-10), Ok(()));
    assert_eq!(at(299), Ok(()));
    assert_eq!(at(300), Err(InvalidToken::Time));
    for expected in
        [Expected { issuer: "other", ..EXPECTED }, Expected { audience: "other.example", ..EXPECTED }]
    {
        assert_eq!(fixture.published.verify(&token, expected, NOW), Err(InvalidToken::Audience));
    }
}

#[test]
fn every_altered_character_is_noticed() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let token = fixture.token();
    for place in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert!(fixture.verify(&altered).is_err(), "{altered}");
    }
    for altered in [
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!(" {token}"),
        token[..token.len() - 1].to_owned(),
        token.replace('.', ""),
        String::new(),
        "..".to_owned(),
        "A".repeat(MAX_LENGTH + 1),
    ] {
        assert!(fixture.verify(&altered).is_err(), "{altered}");
    }
}

#[test]
fn forged_headers_are_refused() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let body = body().to_string();
    fixture.verify(&fixture.signed(&fixture.header().to_string(), &body)).unwrap();
    let header = || fixture.header();
    for (header, error) in [
        (with(header(), "alg", json!("none")), InvalidToken::Algorithm),
        (with(header(), "alg", json!("HS256")), InvalidToken::Algorithm),
        (with(header(), "alg", json!("ES384")), InvalidToken::Algorithm),
        (with(header(), "alg", json!("RS256")), InvalidToken::Algorithm),
        (with(header(), "kid", json!("ABCD")), InvalidToken::UnknownKey),
        (with(header(), "kid", json!(["ABCD"])), InvalidToken::Malformed),
        (with(header(), "typ", json!("at+jwt")), InvalidToken::Malformed),
        (with(header(), "crit", json!(["exp"])), InvalidToken::Malformed),
        (with(header(), "crit", json!([])), InvalidToken::Malformed),
        (with(header(), "jku", json!("https://evil.example")), InvalidToken::Malformed),
        (with(header(), "x5u", json!("https://evil.example")), InvalidToken::Malformed),
        (with(header(), "jwk", json!({"kty": "EC"})), InvalidToken::Malformed),
        (with(header(), "zip", json!("DEF")), InvalidToken::Malformed),
        (without(header(), "alg"), InvalidToken::Malformed),
        (without(header(), "kid"), InvalidToken::Malformed),
        (header().to_string().replacen('{', r#"{"alg":"ES256","#, 1), InvalidToken::Malformed),
    ] {
        assert_eq!(fixture.verify(&fixture.signed(&header, &body)), Err(error), "{header}");
    }
}

#[test]
fn a_mac_made_with_the_public_key_is_refused() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let header = with(fixture.header(), "alg", json!("HS256"));
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(body().to_string()));
    for secret in [fixture.published.keys[0].public.spki(), fixture.published.root_certificate().as_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(fixture.verify(&token), Err(InvalidToken::Algorithm));
    }
    let unsigned = format!("{message}.");
    assert!(fixture.verify(&unsigned).is_err());
}

#[test]
fn forged_bodies_are_refused_also_when_signed() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let header = fixture.header().to_string();
    let mut bodies = vec![
        with(body(), "exp", json!(NOW.0)),
        with(body(), "exp", json!((NOW.0 + 300).to_string())),
        with(body(), "exp", json!(1e300)),
        with(body(), "nbf", json!(NOW.0 + 1)),
        with(body(), "aud", json!(["registry.example"])),
        with(body(), "aud", json!("other.example")),
        with(body(), "iss", json!("other")),
        with(body(), "sub", json!(null)),
        with(body(), "nested", json!("eyJ")),
        body().to_string().replacen('{', r#"{"sub":"acme","#, 1),
        "null".to_owned(),
        "[]".to_owned(),
        format!("{} ", "[".repeat(100_000)),
    ];
    bodies.extend(
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "access"].map(|member| without(body(), member)),
    );
    for body in bodies {
        let refused = fixture.verify(&fixture.signed(&header, &body));
        assert!(refused.is_err(), "{body}");
    }
}

#[test]
fn a_key_of_another_installation_is_unknown() {
    let (ours, theirs) =
        (fixture(SigningAlgorithm::Es256, KeyHeader::X5c), fixture(SigningAlgorithm::Es256, KeyHeader::X5c));
    assert_eq!(ours.verify(&theirs.token()), Err(InvalidToken::UnknownKey));
    let borrowed = ours.header().to_string();
    assert_eq!(ours.verify(&theirs.signed(&borrowed, &body().to_string())), Err(InvalidToken::Signature));
}

#[test]
fn a_key_retired_for_long_is_not_published_any_more() {
    let mut fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let mut register = Register::new(fixture.signer.key_id().clone(), NOW);
    let next = crate::keys::SigningKeyId::of(b"next");
    register.publish(next.clone(), NOW).unwrap();
    register.activate(&next, NOW).unwrap();
    let retired = register.keys().find(|key| key.id() == fixture.signer.key_id());
    fixture.published.keys[0].entry = retired.unwrap().clone();
    let token = fixture.token();
    fixture.verify(&token).unwrap();
    let late = NOW.plus(RETENTION + 1);
    assert_eq!(fixture.published.verify(&token, EXPECTED, late), Err(InvalidToken::UnknownKey));
    assert_eq!(fixture.published.jwks(late), r#"{"keys":[]}"#);
}

#[test]
fn the_account_that_a_token_names_is_told() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let granted = decide(&Caller::Anonymous, &[], Policy::default(), |_| Facts::default());
    let random = SystemRandom::default();
    let claims = Claims::new("dockpass", "acme+ci", "registry.example", &granted, NOW, 300, &random).unwrap();
    let token = fixture.signer.sign(&claims).unwrap().to_string();
    assert_eq!(fixture.verify(&token).unwrap().subject(), "acme+ci");
}

#[test]
fn a_token_is_read_up_to_its_greatest_length() {
    let fixture = fixture(SigningAlgorithm::Es256, KeyHeader::Kid);
    let header =
        URL_SAFE_NO_PAD.encode(json!({ "typ": "JWT", "alg": "ES256", "kid": "unknown" }).to_string());
    let of_length = |length: usize| format!("{header}.{}.c", "b".repeat(length - header.len() - 3));
    assert_eq!(fixture.verify(&of_length(MAX_LENGTH)), Err(InvalidToken::UnknownKey));
    assert_eq!(fixture.verify(&of_length(MAX_LENGTH + 1)), Err(InvalidToken::Malformed));
}
