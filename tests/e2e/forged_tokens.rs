//! Tokens that are not what dockpass signed are refused by the registries it is for, and its own are taken.
//!
//! The forger here holds more than a real one: a certificate authority that the registry trusts beside dockpass's
//! own. So each forged token differs from an accepted one in a single thing, and is refused for that alone.

use aws_lc_rs::hmac;
use dockpass::domain::time::Clock as _;
use dockpass::keys::{Expected, KeyDirectory, KeyHeader, KeyRing, SigningAlgorithm};
use dockpass::system::{SystemClock, SystemRandom};
use serde_json::{Value, json};

use super::dockpass::Dockpass;
use super::forge::{Identity, Valid, base64url, open, with, without};
use super::http::{self, Reply};
use super::image::{Image, MANIFEST_TYPE};
use super::registry::{Registry, Version};
use super::tools;

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn forged_and_altered_tokens_are_refused_by_registry_2_8() {
    try_all(Version::V2);
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn forged_and_altered_tokens_are_refused_by_registry_3() {
    try_all(Version::V3);
}

fn try_all(version: Version) {
    if !tools::have(&[version.program()]) {
        return;
    }
    let bench = Bench::set(version);
    let forged = bench.forged();
    assert!(forged.len() >= 60, "{} forged tokens only", forged.len());
    let accepted: Vec<_> =
        forged.iter().filter(|(_, token)| !bench.refuses(token)).map(|(what, _)| what.as_str()).collect();
    assert!(accepted.is_empty(), "accepted by {version:?}: {accepted:?}");
    let accepted: Vec<_> = forged
        .iter()
        .filter(|(_, token)| bench.dockpass_accepts(token))
        .map(|(what, _)| what.as_str())
        .collect();
    assert!(accepted.is_empty(), "accepted by dockpass itself: {accepted:?}");
    assert!(bench.dockpass_accepts(&bench.genuine));
    // The registry still works: it did not refuse for another reason than the tokens.
    assert_eq!(bench.get(&bench.genuine).status, 200);
    println!("{} forged tokens refused by {}", forged.len(), Registry::version(version));
}

/// A registry with one image in `acme/app`, and all that a forger needs.
struct Bench {
    registry: Registry,
    dockpass: Dockpass,
    _dir: tempfile::TempDir,
    /// Of dockpass itself, good for pull and push in `acme/app`.
    genuine: String,
    /// A token of dockpass for another repository of the same robot.
    elsewhere: String,
    /// The header and claims of [`Bench::genuine`].
    header: Value,
    claims: Value,
    /// Trusted, like dockpass's own root.
    root: Identity,
    /// With a certificate from [`Bench::root`].
    leaf: Identity,
    /// Trusted by its id.
    known: Identity,
    known_id: String,
    stranger: Identity,
}

impl Bench {
    fn set(version: Version) -> Bench {
        let dockpass = Dockpass::start();
        dockpass.create_organization("acme");
        let secret = dockpass.create_robot("acme+ci");
        for name in ["acme/app", "acme/other"] {
            dockpass.create_repository(name, "private");
            dockpass.grant(name, "acme+ci", "write");
        }
        let token = |scope| dockpass.token(Some(("acme+ci", &secret)), &[scope]).token();
        let genuine = token("repository:acme/app:pull,push");
        let elsewhere = token("repository:acme/other:pull,push");
        let (header, claims) = open(&genuine);

        let root = Identity::authority("Trusted Root");
        let leaf = root.issue("leaf", Valid::Now);
        let (known, stranger) = (Identity::alone("known"), Identity::alone("stranger"));
        let dir = tempfile::tempdir().unwrap();
        let auth = dockpass.registry_config(version.flag());
        let auth = add_trust(&auth, dir.path(), &[&root, &known]);
        let registry = Registry::start_with_auth(version, &auth);
        registry.seed(&Image::create(dir.path(), "forged"), "acme/app:1", &genuine);
        let known_id = if version == Version::V2 { known.libtrust_id() } else { known.thumbprint() };
        let bench = Bench {
            registry,
            dockpass,
            _dir: dir,
            genuine,
            elsewhere,
            header,
            claims,
            root,
            leaf,
            known,
            known_id,
            stranger,
        };
        // What all the forgeries start from is accepted.
        assert_eq!(bench.get(&bench.leaf.sign(&bench.by_chain(), &bench.claims)).status, 200);
        assert_eq!(bench.get(&bench.known.sign(&bench.by_id(), &bench.claims)).status, 200);
        assert_eq!(bench.get("").status, 401);
        bench
    }

    fn get(&self, token: &str) -> Reply {
        self.registry.send("GET", "/v2/acme/app/manifests/1", token, b"")
    }

    /// Whether the registry gives nothing for `token`. Some it answers by breaking the connection.
    fn refuses(&self, token: &str) -> bool {
        let url = format!("http://{}/v2/acme/app/manifests/1", self.registry.host);
        let bearer = format!("Bearer {token}");
        let headers = [("Accept", MANIFEST_TYPE), ("Authorization", bearer.as_str())];
        match http::try_send("GET", &url, &headers, b"") {
            Ok(reply) => reply.status == 401 || reply.status == 400,
            Err(_) => true,
        }
    }

    /// Whether dockpass takes the token for its own, where one is shown to it. It does not trust the forger's root.
    fn dockpass_accepts(&self, token: &str) -> bool {
        let (clock, random) = (SystemClock, SystemRandom::default());
        let keys = KeyDirectory::open_or_create(
            &self.dockpass.path("keys"),
            SigningAlgorithm::Es256,
            &clock,
            &random,
        );
        let ring = KeyRing::open(keys.unwrap(), KeyHeader::X5c, clock.now()).unwrap();
        let expected = Expected {
            issuer: self.claims["iss"].as_str().unwrap(),
            audience: self.claims["aud"].as_str().unwrap(),
        };
        // A token for other access is one of ours all the same.
        token != self.elsewhere && ring.verify(token, expected, clock.now()).is_ok()
    }

    /// The header of a token that names its key by a chain of certificates.
    fn by_chain(&self) -> Value {
        json!({"typ": "JWT", "alg": "ES256", "x5c": [self.leaf.x5c()]})
    }

    /// The header of a token that names its key by id.
    fn by_id(&self) -> Value {
        json!({"typ": "JWT", "alg": "ES256", "kid": self.known_id})
    }

    fn forged(&self) -> Vec<(String, String)> {
        let groups = [
            self.altered(),
            self.signatures(),
            self.shapes(),
            self.algorithms(),
            self.chains(),
            self.key_names(),
            self.wrong_claims(),
            self.other_access(),
        ];
        groups.into_iter().flatten().collect()
    }

    /// A genuine token with one character changed, all along its length, and with its parts exchanged.
    fn altered(&self) -> Vec<(String, String)> {
        let mut forged = Vec::new();
        let step = self.genuine.len() / 40;
        for position in (0..self.genuine.len() - 1).step_by(step) {
            let mut bytes = self.genuine.clone().into_bytes();
            // The next to last character of a part: its last one may carry bits that mean nothing.
            let at = if bytes.get(position + 1) == Some(&b'.') { position - 1 } else { position };
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            forged.push((format!("character {at} altered"), String::from_utf8(bytes).unwrap()));
        }
        let parts: Vec<_> = self.genuine.split('.').collect();
        let others: Vec<_> = self.elsewhere.split('.').collect();
        let longer = with(&self.claims, "exp", json!(self.claims["exp"].as_i64().unwrap() + 86_400));
        let wider = with(&self.claims, "access", access("repository", "acme/app", &["*"]));
        let named = with(&self.claims, "sub", json!("root"));
        for (what, header, claims, signature) in [
            ("the signature of another token", parts[0], parts[1], others[2]),
            ("the header of another token", others[0], parts[1], others[2]),
            ("a token for another repository", others[0], others[1], others[2]),
            ("a longer life", parts[0], &base64url(longer.to_string().as_bytes()), parts[2]),
            ("wider access", parts[0], &base64url(wider.to_string().as_bytes()), parts[2]),
            ("another subject", parts[0], &base64url(named.to_string().as_bytes()), parts[2]),
            ("no signature", parts[0], parts[1], ""),
        ] {
            forged.push((what.to_owned(), format!("{header}.{claims}.{signature}")));
        }
        forged
    }

    /// Right header and claims under something that is not their signature.
    fn signatures(&self) -> Vec<(String, String)> {
        let message = self.leaf.sign(&self.by_chain(), &self.claims);
        let message = &message[..message.rfind('.').unwrap()];
        let right = self.leaf.signature(message.as_bytes());
        let (r, s) = right.split_at(32);
        let order = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
            0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ];
        let claims_alone = message.split('.').nth(1).unwrap();
        named(
            &[
                ("signature of zeros", vec![0; 64]),
                ("r is zero", [&[0; 32], s].concat()),
                ("s is zero", [r, &[0; 32]].concat()),
                ("r and s are the order", [order, order].concat()),
                ("r and s exchanged", [s, r].concat()),
                ("signature too short", right[..63].to_vec()),
                ("signature too long", [&right[..], &[0]].concat()),
                ("r alone", r.to_vec()),
                ("signature in DER", self.leaf.der_signature(message.as_bytes())),
                ("signature over the claims alone", self.leaf.signature(claims_alone.as_bytes())),
                (
                    "signature over the decoded claims",
                    self.leaf.signature(self.claims.to_string().as_bytes()),
                ),
                ("signature of a stranger", self.stranger.signature(message.as_bytes())),
                ("signature of another trusted key", self.known.signature(message.as_bytes())),
                ("signature of the root's key", self.root.signature(message.as_bytes())),
            ]
            .map(|(what, signature)| (what, format!("{message}.{}", base64url(&signature)))),
        )
    }

    /// What is no JWT, or is one inside another.
    fn shapes(&self) -> Vec<(String, String)> {
        let (header, claims) = (self.by_chain().to_string(), self.claims.to_string());
        let token = self.leaf.sign(&self.by_chain(), &self.claims);
        let parts: Vec<_> = token.split('.').collect();
        let sign = |header: &[u8], claims: &[u8]| self.leaf.sign_raw(header, claims);
        let json_form = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]});
        let nested = with(&self.by_chain(), "cty", json!("JWT"));
        named(&[
            ("nothing", String::new()),
            ("a dot", ".".to_owned()),
            ("two dots", "..".to_owned()),
            ("header and claims alone", format!("{}.{}", parts[0], parts[1])),
            ("four parts", format!("{token}.{}", parts[2])),
            ("five parts", format!("{token}.{}.{}", parts[1], parts[2])),
            ("claims before header", format!("{}.{}.{}", parts[1], parts[0], parts[2])),
            ("the JSON form of JWS", base64url(json_form.to_string().as_bytes())),
            ("a token within a token", sign(nested.to_string().as_bytes(), token.as_bytes())),
            (
                "a token within a token, quoted",
                sign(nested.to_string().as_bytes(), format!("{token:?}").as_bytes()),
            ),
            ("header is no JSON", sign(b"ES256", claims.as_bytes())),
            ("header is a list", sign(b"[\"ES256\"]", claims.as_bytes())),
            ("header is null", sign(b"null", claims.as_bytes())),
            ("header is cut off", sign(&header.as_bytes()[..header.len() - 1], claims.as_bytes())),
            ("claims are no JSON", sign(header.as_bytes(), b"claims")),
            ("claims are a list", sign(header.as_bytes(), format!("[{claims}]").as_bytes())),
            ("claims are null", sign(header.as_bytes(), b"null")),
            ("claims are empty", sign(header.as_bytes(), b"{}")),
            ("claims are cut off", sign(header.as_bytes(), &claims.as_bytes()[..claims.len() - 1])),
            (
                "a second exp, that has passed",
                sign(header.as_bytes(), twice(&claims, "\"exp\":1").as_bytes()),
            ),
            (
                "a second iss, that is not ours",
                sign(header.as_bytes(), twice(&claims, "\"iss\":\"x\"").as_bytes()),
            ),
            ("a second alg", sign(twice(&header, "\"alg\":\"none\"").as_bytes(), claims.as_bytes())),
        ])
    }

    /// Algorithms that need no key, that take the public key for a secret one, or that are not the key's.
    fn algorithms(&self) -> Vec<(String, String)> {
        let mut forged = Vec::new();
        for name in ["none", "None", "NONE", "nOnE", "", "ES256 ", "es256"] {
            for header in [self.by_chain(), self.by_id(), json!({"typ": "JWT"})] {
                let header = with(&header, "alg", json!(name));
                let token = self.leaf.sign(&header, &self.claims);
                let unsigned = token[..=token.rfind('.').unwrap()].to_owned();
                forged.push((format!("alg {name:?} in {header}, signed"), token));
                forged.push((format!("alg {name:?} in {header}, without signature"), unsigned));
            }
        }
        let public = |key: &Identity| {
            [
                ("PEM", key.public_key_pem().into_bytes()),
                ("trimmed PEM", key.public_key_pem().trim().as_bytes().to_vec()),
                ("DER", key.public_key_der()),
                ("point", key.point().to_vec()),
                ("certificate in PEM", key.certificate_pem().into_bytes()),
                ("certificate in DER", key.certificate_der().to_vec()),
                ("certificate in base64", key.x5c().into_bytes()),
                ("JWK", key.jwk().to_string().into_bytes()),
                ("nothing", Vec::new()),
            ]
        };
        for (name, algorithm) in
            [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
        {
            for (header, key) in [(self.by_chain(), &self.leaf), (self.by_id(), &self.known)] {
                let header = with(&header, "alg", json!(name));
                for (what, secret) in public(key) {
                    let token = hmac_token(algorithm, &secret, &header, &self.claims);
                    forged.push((format!("{name} with the public key as secret: {what}"), token));
                }
            }
        }
        for name in ["RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "HS256", "A128KW", "dir"] {
            let header = with(&self.by_chain(), "alg", json!(name));
            forged.push((format!("an ES256 signature called {name}"), self.leaf.sign(&header, &self.claims)));
        }
        for (what, value) in [("list", json!(["ES256"])), ("number", json!(256)), ("null", Value::Null)] {
            let header = with(&self.by_chain(), "alg", value);
            forged.push((format!("alg is a {what}"), self.leaf.sign(&header, &self.claims)));
        }
        forged.push(("no alg".to_owned(), self.leaf.sign(&without(&self.by_chain(), "alg"), &self.claims)));
        forged
    }

    /// Certificates that do not lead from the signing key to the trusted root.
    fn chains(&self) -> Vec<(String, String)> {
        let double = Identity::authority("Trusted Root");
        let (expired, early) = (self.root.issue("leaf", Valid::Past), self.root.issue("leaf", Valid::Future));
        let below_leaf = self.leaf.issue("below", Valid::Now);
        let below_known = self.known.issue("below", Valid::Now);
        let below_double = double.issue("leaf", Valid::Now);
        let genuine = self.header["x5c"].as_array().cloned().unwrap_or_default();
        let stranger = self.stranger.x5c();
        let chain = |certificates: Value| json!({"typ": "JWT", "alg": "ES256", "x5c": certificates});
        let mixed = |first: String| {
            let mut all = vec![json!(first)];
            all.extend(genuine.iter().cloned());
            chain(Value::Array(all))
        };
        let last = |last: String| chain(Value::Array([&genuine[..], &[json!(last)]].concat()));
        named(
            &[
                ("a self-signed certificate", &self.stranger, chain(json!([stranger]))),
                ("a stranger's before a genuine chain", &self.stranger, mixed(self.stranger.x5c())),
                ("a genuine chain, a stranger's key", &self.stranger, chain(json!(genuine))),
                ("a genuine chain before a stranger's", &self.stranger, last(self.stranger.x5c())),
                ("a stranger's before the root", &self.stranger, chain(json!([stranger, self.root.x5c()]))),
                ("the root, a stranger's key", &self.stranger, chain(json!([self.root.x5c()]))),
                ("an expired certificate", &expired, chain(json!([expired.x5c()]))),
                ("a certificate that is not valid yet", &early, chain(json!([early.x5c()]))),
                ("issued by a leaf", &below_leaf, chain(json!([below_leaf.x5c(), self.leaf.x5c()]))),
                (
                    "issued by a trusted key that is no authority",
                    &below_known,
                    chain(json!([below_known.x5c()])),
                ),
                (
                    "issued by a namesake of the root",
                    &below_double,
                    chain(json!([below_double.x5c(), double.x5c()])),
                ),
                ("no certificates", &self.leaf, chain(json!([]))),
                ("x5c is null", &self.leaf, chain(Value::Null)),
                ("x5c is a string", &self.stranger, chain(json!(stranger))),
                ("x5c holds no certificate", &self.leaf, chain(json!(["AAAA"]))),
                (
                    "x5c in base64url of a stranger",
                    &self.stranger,
                    chain(json!([base64url(self.stranger.certificate_der())])),
                ),
                (
                    "x5c of a stranger with a known kid",
                    &self.stranger,
                    with(&chain(json!([stranger])), "kid", json!(self.known_id)),
                ),
            ]
            .map(|(what, key, header)| (what, key.sign(&header, &self.claims))),
        )
    }

    /// Keys that come with the token, or that the registry would have to fetch, and ids of no key.
    fn key_names(&self) -> Vec<(String, String)> {
        let mut forged = Vec::new();
        let bare = json!({"typ": "JWT", "alg": "ES256"});
        let jwk = self.stranger.jwk();
        let url = format!("http://{}/keys", self.registry.host);
        let mut known_jwk = jwk.clone();
        known_jwk["kid"] = json!(self.known_id);
        let mut stranger_jwk = jwk.clone();
        stranger_jwk["kid"] = json!(self.stranger.thumbprint());
        for (what, name, value) in [
            ("a stranger's jwk", "jwk", jwk.clone()),
            ("a stranger's jwk under a known id", "jwk", known_jwk),
            ("a stranger's jwk under its own id", "jwk", stranger_jwk),
            ("an empty jwk", "jwk", json!({})),
            ("a symmetric jwk", "jwk", json!({"kty": "oct", "k": "AAAA", "kid": self.known_id})),
            ("jku", "jku", json!(url)),
            ("jku to a file", "jku", json!("file:///dev/stdin")),
            ("x5u", "x5u", json!(url)),
            ("x5t", "x5t", json!(base64url(&[0; 20]))),
        ] {
            forged
                .push((what.to_owned(), self.stranger.sign(&with(&bare, name, value.clone()), &self.claims)));
            let header = with(&with(&bare, name, value), "kid", json!(self.known_id));
            forged.push((format!("{what}, known kid"), self.stranger.sign(&header, &self.claims)));
        }
        forged.push(("no name of a key".to_owned(), self.known.sign(&bare, &self.claims)));
        for kid in [
            json!(""),
            json!("unknown"),
            json!("../../../../dev/null"),
            json!("/dev/null"),
            json!("' OR '1'='1"),
            json!(format!("{}\u{0}", self.known_id)),
            json!(format!("{} ", self.known_id)),
            json!(self.known_id.to_lowercase() + "x"),
            json!(self.stranger.thumbprint()),
            json!(self.stranger.libtrust_id()),
            json!([self.known_id]),
            json!({"id": self.known_id}),
            json!(0),
            Value::Null,
        ] {
            forged.push((format!("kid {kid}"), self.known.sign(&with(&bare, "kid", kid), &self.claims)));
        }
        forged.push((
            "a stranger under a known kid".to_owned(),
            self.stranger.sign(&self.by_id(), &self.claims),
        ));
        forged.push((
            "another trusted key under a known kid".to_owned(),
            self.leaf.sign(&self.by_id(), &self.claims),
        ));
        forged
    }

    /// Rightly signed, for another time, place or issuer, or of a wrong type.
    fn wrong_claims(&self) -> Vec<(String, String)> {
        let now = self.claims["iat"].as_i64().unwrap();
        let audience = self.claims["aud"].as_str().unwrap();
        let issuer = self.claims["iss"].as_str().unwrap();
        let mut forged = Vec::new();
        for (name, value) in [
            ("exp", json!(now - 120)),
            ("exp", json!(0)),
            ("exp", json!(-now)),
            ("exp", json!((now + 300).to_string())),
            ("exp", json!("never")),
            ("exp", json!([now + 300])),
            ("exp", json!(300.5)),
            ("nbf", json!(now + 300)),
            ("nbf", json!((now - 300).to_string())),
            ("nbf", json!([now])),
            ("iss", json!("")),
            ("iss", json!("someone else")),
            ("iss", json!(issuer.to_uppercase())),
            ("iss", json!(format!("{issuer}/"))),
            ("iss", json!(format!(" {issuer}"))),
            ("iss", json!([issuer])),
            ("iss", json!({"iss": issuer})),
            ("aud", json!("")),
            ("aud", json!("other.example")),
            ("aud", json!(format!("{audience}.evil.example"))),
            ("aud", json!(audience[..audience.len() - 1])),
            ("aud", json!(audience.to_uppercase())),
            ("aud", json!(["other.example", "third.example"])),
            ("aud", json!([])),
            ("aud", json!({audience: true})),
            ("aud", json!(1)),
            ("sub", json!(1)),
            ("sub", json!({"name": "root"})),
            ("jti", json!(1)),
            ("access", json!("repository:acme/app:pull")),
            ("access", json!({"type": "repository", "name": "acme/app", "actions": ["pull"]})),
            ("access", json!(["repository:acme/app:pull"])),
            ("access", json!([null])),
            ("access", json!([[{"type": "repository", "name": "acme/app", "actions": ["pull"]}]])),
            ("access", json!(true)),
        ] {
            let claims = with(&self.claims, name, value);
            forged.push((format!("{name} is {}", claims[name]), self.leaf.sign(&self.by_chain(), &claims)));
        }
        for name in ["exp", "iss", "aud", "access"] {
            let claims = without(&self.claims, name);
            forged.push((format!("without {name}"), self.leaf.sign(&self.by_chain(), &claims)));
        }
        forged
    }

    /// Rightly signed, for access that only looks like the one that is needed.
    fn other_access(&self) -> Vec<(String, String)> {
        let mut forged = Vec::new();
        for (kind, name, actions) in [
            ("repository", "acme/app", &["push"][..]),
            ("repository", "acme/app", &["PULL"]),
            ("repository", "acme/app", &["pull,push"]),
            ("repository", "acme/app", &["pull "]),
            ("repository", "acme/app", &[]),
            ("repository", "acme/other", &["pull"]),
            ("repository", "acme/app/", &["pull"]),
            ("repository", "acme/*", &["*"]),
            ("repository", "acme", &["*"]),
            ("repository", "*", &["*"]),
            ("repository", "", &["*"]),
            ("repository", "ACME/app", &["pull"]),
            ("repository", "acme/app:1", &["pull"]),
            ("repository(plugin)", "acme/app", &["pull"]),
            ("Repository", "acme/app", &["pull"]),
            ("registry", "acme/app", &["pull"]),
            ("registry", "catalog", &["*"]),
            ("*", "acme/app", &["pull"]),
            ("", "acme/app", &["pull"]),
        ] {
            let claims = with(&self.claims, "access", access(kind, name, actions));
            forged.push((format!("access {}", claims["access"]), self.leaf.sign(&self.by_chain(), &claims)));
        }
        forged
    }
}

fn named<const N: usize>(tokens: &[(&str, String); N]) -> Vec<(String, String)> {
    tokens.iter().map(|(what, token)| ((*what).to_owned(), token.clone())).collect()
}

fn access(kind: &str, name: &str, actions: &[&str]) -> Value {
    json!([{"type": kind, "name": name, "actions": actions}])
}

/// A JSON object with one more member at its end, which may be there already.
fn twice(object: &str, member: &str) -> String {
    format!("{},{member}}}", object.strip_suffix('}').unwrap())
}

fn hmac_token(algorithm: hmac::Algorithm, secret: &[u8], header: &Value, claims: &Value) -> String {
    let message =
        format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
    format!("{message}.{}", base64url(tag.as_ref()))
}

/// The registry's `auth:` section with certificates added to what it trusts, in a new file in `dir`.
fn add_trust(auth: &str, dir: &std::path::Path, identities: &[&Identity]) -> String {
    let line = auth.lines().find(|line| line.trim_start().starts_with("rootcertbundle:")).expect("a bundle");
    let path = line.split_once(':').unwrap().1.trim().trim_matches('"');
    let mut bundle = std::fs::read_to_string(path).unwrap();
    for identity in identities {
        bundle.push_str(&identity.certificate_pem());
    }
    let extended = dir.join("bundle.pem");
    std::fs::write(&extended, bundle).unwrap();
    auth.replace(path, extended.to_str().unwrap())
}
