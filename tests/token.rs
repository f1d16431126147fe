//! Whole requests to the token endpoint: what every client of `token-protocol` sends, and what it gets.

mod credentials;
mod endpoint;
mod events;
mod grants;
mod secrets;
mod wire;

use crate::support::{Answer, Installation, START};
use serde_json::{Value, json};

/// A push to `acme/app`.
const SCOPE: &str = "scope=repository%3Aacme%2Fapp%3Apull%2Cpush&service=registry.example";

/// An installation with organization `acme`, user `alice` in its team `owners`, private repository `acme/app`, public repository
/// `acme/base`, and robot `acme+ci` that may write to `acme/app`.
fn acme() -> (Installation, String) {
    let installation = Installation::new("SERVER_HOSTNAME: registry.example\nSUPER_USERS: [root1]\n");
    installation.user("alice");
    installation.user("root1");
    installation.organization("acme");
    installation.member("acme", "owners", "alice");
    installation.repository("acme/app", "private");
    installation.repository("acme/base", "public");
    let secret = installation.robot("acme+ci");
    installation.grant("acme/app", "acme+ci", "write");
    (installation, secret)
}

/// The claims of the token in an answer; the signature is checked by the registries' tests.
fn claims(answer: &Answer) -> Value {
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    crate::support::payload(&token)
}

/// The `access` claim, one `name: actions` for each entry.
fn access(answer: &Answer) -> Vec<String> {
    let claims = claims(answer);
    let entries = claims["access"].as_array().expect("an array").clone();
    entries
        .iter()
        .map(|entry| {
            let actions: Vec<_> =
                entry["actions"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            format!("{}: {}", entry["name"].as_str().unwrap(), actions.join(","))
        })
        .collect()
}

#[tokio::test]
async fn the_probe_of_docker_login_gets_a_token_that_grants_nothing() {
    let (installation, secret) = acme();
    let path = "/v2/auth?account=acme%2Bci&client_id=docker&offline_token=true&service=registry.example";
    let answer = installation.get(path, Some(("acme+ci", &secret))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["token"], body["access_token"]);
    assert_eq!(body["expires_in"], json!(300));
    assert_eq!(body["issued_at"], json!("2026-11-24T06:00:00Z"));
    assert!(body.get("refresh_token").is_none(), "several clients lose their login when they are given one");
    let claims = claims(&answer);
    assert_eq!(claims["sub"], "acme+ci");
    assert_eq!(claims["aud"], "registry.example");
    assert_eq!(claims["iss"], "dockpass");
    assert_eq!(claims["access"], json!([]));
    assert_eq!(claims["iat"], json!(START.0));
    assert_eq!(claims["exp"], json!(START.0 + 300));
    assert!(claims["nbf"].as_i64().unwrap() < START.0, "registries' clocks may be a little behind");
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
}

#[tokio::test]
async fn every_token_has_an_id_of_its_own() {
    let (installation, secret) = acme();
    let first = installation.get("/token", Some(("acme+ci", &secret))).await;
    let second = installation.get("/token", Some(("acme+ci", &secret))).await;
    assert_ne!(claims(&first)["jti"], claims(&second)["jti"]);
}

#[tokio::test]
async fn head_is_answered_like_get_and_other_methods_are_refused() {
    let (installation, secret) = acme();
    let head = installation.send("HEAD", "/token", Some(("acme+ci", &secret)), &[], "").await;
    assert_eq!(head.status, 200);
    let put = installation.send("PUT", "/token", None, &[], "").await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));
}

#[tokio::test]
async fn the_service_must_be_one_that_tokens_are_signed_for() {
    let (installation, secret) = acme();
    let absent = installation.get("/token", Some(("acme+ci", &secret))).await;
    assert_eq!(claims(&absent)["aud"], "registry.example");
    let other = installation.get("/token?service=other.example", Some(("acme+ci", &secret))).await;
    assert_eq!(other.status, 400);
    assert_eq!(other.error(), ("INVALID_REQUEST".to_owned(), "unknown service 'other.example'".to_owned()));
    let twice = installation.get("/token?service=registry.example&service=registry.example", None).await;
    assert_eq!(twice.status, 400);
}
