//! Every kind of credential at every place that reads one: only its own place takes it.

use super::{access_token, acme, app_token, signed_in};
use crate::support::{Installation, Issuer, IssuerKey, payload};
use dockpass::domain::credential::Secret;
use dockpass::service::actor::Actor;
use dockpass::service::federation;
use dockpass::service::oauth::authenticate_bearer;
use dockpass::service::sessions::{SessionId, authenticate, sign_in};
use dockpass::store::audit::Origin;
use dockpass::store::federation::FederatedIdentity;
use serde_json::json;

const EXCHANGE: &str = "/oauth2/federation/robot/token";
const SCOPE: &str = "scope=repository:acme/app:pull,push,delete&service=registry.example";

#[tokio::test]
async fn a_credential_of_one_kind_opens_only_its_own_place() {
    let (issuer, key) = (Issuer::start(), IssuerKey::ec("1"));
    issuer.publish(&[&key]);
    // Long enough for the tokens of this test, whose clock goes on.
    let (installation, secret) = acme(&format!("TOKEN_LIFETIME: 86400\n{}", issuer.config()));
    let token = access_token(&installation, "alice", "repo:read org:admin user:admin").await;
    let app = app_token(&installation, "alice").await;
    let cookie = signed_in(&installation, "alice").await.id.expose().to_owned();
    let answer = installation.get("/token", Some(("acme+ci", &secret))).await;
    let jwt = answer.json()["token"].as_str().unwrap().to_owned();
    let (identity, robot_token) = keyless(&installation, &issuer, &key).await;
    let kinds = [
        ("robot token", robot_token.as_str()),
        ("robot secret", &secret),
        ("password", "alice's-password"),
        ("access token", &token),
        ("app token", &app),
        ("session cookie", &cookie),
        ("registry token", &jwt),
        ("outside token", &identity),
    ];
    // Which kind each user name takes at the token endpoint.
    let places = [
        ("acme+ci", "robot secret, robot token"),
        ("alice", "password"),
        ("alice@example.com", "password"),
        ("$oauthtoken", "access token"),
        ("$app", "app token"),
        ("$token", "none"),
        ("<token>", "none"),
        ("", "none"),
        ("acme", "none"),
        ("acme+none", "none"),
    ];
    for (kind, credential) in kinds {
        for (name, taken) in places {
            // Guesses of this test must not be taken for an attack.
            installation.advance(60);
            let basic = installation.get("/token", Some((name, credential))).await;
            let wanted = if taken.split(", ").any(|taken| taken == kind) { 200 } else { 401 };
            assert_eq!(basic.status, wanted, "{kind} as the password of {name:?}");
            let encoded = name.replace('+', "%2B").replace('$', "%24");
            let body = format!("grant_type=password&client_id=x&username={encoded}&password={credential}");
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let posted = installation.send("POST", "/token", None, &form, &body).await;
            assert_eq!(posted.status, wanted, "{kind} in a form, as the password of {name:?}");
        }
        let header = format!("Bearer {credential}");
        let bearer = installation.send("GET", "/token", None, &[("authorization", &header)], "").await;
        assert_eq!(bearer.status, 401, "{kind} as a bearer of the token endpoint");
        let exchanged = installation.get(EXCHANGE, Some(("acme+ci", credential))).await;
        assert_eq!(exchanged.status == 200, kind == "outside token", "{kind} exchanged");
        let ping = installation.send("GET", "/v2/", None, &[("authorization", &header)], "").await;
        assert_eq!(ping.status == 200, kind == "registry token", "{kind} at a registry");
        let header = format!("dockpass={credential}; __Host-dockpass={credential}");
        let as_cookie = installation.send("GET", "/token", None, &[("cookie", &header)], "").await;
        assert_eq!(as_cookie.status, 401, "{kind} as a cookie of the token endpoint");
        let session = SessionId::parse(credential).map(|id| authenticate(&installation.app, &id).unwrap());
        assert_eq!(session.flatten().is_some(), kind == "session cookie", "{kind} as a session");
        for name in ["alice", "acme+ci", "$app", "$oauthtoken"] {
            installation.advance(60);
            let begun =
                sign_in(&installation.app, name, &Secret::new(credential), &Origin::default(), None).await;
            assert_eq!(begun.is_ok(), kind == "password" && name == "alice", "{kind} signs {name} in");
        }
        let bearer = authenticate_bearer(&installation.app, credential);
        assert_eq!(bearer.is_ok(), kind == "access token", "{kind} as a bearer of the API");
    }
}

/// A token of an outside issuer that may act as `acme+ci`, and the robot token that it is exchanged for. The clock goes a long
/// way in this test, so the first lives long.
async fn keyless(installation: &Installation, issuer: &Issuer, key: &IssuerKey) -> (String, String) {
    let entry = FederatedIdentity {
        issuer: issuer.url(),
        subject: "job".to_owned(),
        audience: "registry.example".to_owned(),
    };
    federation::set(&installation.app, &Actor::operator("test"), "acme", "ci", &[entry]).unwrap();
    let now = installation.app.now().0;
    let claims = json!({
        "iss": issuer.url(), "sub": "job", "aud": "registry.example", "iat": now, "exp": now + 86_400,
    });
    let identity = key.token(&claims);
    let answer = installation.get(EXCHANGE, Some(("acme+ci", &identity))).await;
    (identity, answer.json()["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn tokens_act_for_their_user_and_die_with_it() {
    let (installation, _) = acme("");
    let token = access_token(&installation, "alice", "repo:read").await;
    let app = app_token(&installation, "alice").await;
    let actions = |answer: &crate::support::Answer| {
        payload(answer.json()["token"].as_str().unwrap())["access"][0]["actions"].to_string()
    };
    let path = format!("/token?{SCOPE}");
    let by_app = installation.get(&path, Some(("$app", &app))).await;
    assert_eq!(actions(&by_app), r#"["push","pull","delete"]"#);
    assert_eq!(payload(by_app.json()["token"].as_str().unwrap())["sub"], "alice");
    let by_token = installation.get(&path, Some(("$oauthtoken", &token))).await;
    assert_eq!(actions(&by_token), r#"["pull"]"#, "cut down to the scope");
    installation.disable("alice");
    assert_eq!(installation.get(&path, Some(("$app", &app))).await.status, 401);
    assert_eq!(installation.get(&path, Some(("$oauthtoken", &token))).await.status, 401);
    assert!(authenticate_bearer(&installation.app, &token).is_err());
}

#[tokio::test]
async fn a_token_that_was_altered_in_its_second_half_is_wrong() {
    let (installation, _) = acme("");
    let token = access_token(&installation, "alice", "repo:read").await;
    let last = if token.ends_with('A') { "B" } else { "A" };
    assert!(authenticate_bearer(&installation.app, &format!("{}{last}", &token[..39])).is_err());
    assert!(authenticate_bearer(&installation.app, &token).is_ok());
    installation.advance(86_400);
    assert!(authenticate_bearer(&installation.app, &token).is_err(), "expired");
}

#[tokio::test]
async fn a_super_users_token_is_a_plain_users_without_the_scope() {
    let (installation, _) = acme("SUPER_USERS: [alice]\nFEATURE_SUPERUSERS_FULL_ACCESS: true\n");
    let privilege =
        |token: String| authenticate_bearer(&installation.app, &token).unwrap().identity.privilege;
    let plain = privilege(access_token(&installation, "alice", "org:admin repo:admin").await);
    assert!(!plain.super_user && !plain.full_access);
    let full = privilege(access_token(&installation, "alice", "super:user").await);
    assert!(full.super_user && full.full_access);
}
