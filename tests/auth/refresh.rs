//! Refresh tokens: only where they are switched on, only for what they were issued for.

use super::{access_token, acme, app_token};
use crate::support::{Answer, Installation, payload};
use dockpass::domain::credential::{self, Secret};
use dockpass::service::login::{Credentials, log_in};

const ON: &str = "TOKEN_REFRESH: true\nTOKEN_SERVICES: [registry.example, other.example]\n";

async fn login(installation: &Installation, name: &str, secret: &str) -> Answer {
    installation.get("/token?offline_token=true&service=registry.example", Some((name, secret))).await
}

fn refresh_token(answer: &Answer) -> String {
    answer.json()["refresh_token"].as_str().expect("a refresh token").to_owned()
}

async fn use_token(installation: &Installation, token: &str, service: &str) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let scope = "repository:acme/app:pull,push";
    let body = format!(
        "grant_type=refresh_token&refresh_token={token}&client_id=docker&service={service}&scope={scope}&access_type=offline"
    );
    installation.send("POST", "/token", None, &form, &body).await
}

#[tokio::test]
async fn switched_off_there_are_none_and_the_form_is_refused() {
    let (installation, secret) = acme("");
    let answer = login(&installation, "acme+ci", &secret).await;
    assert!(answer.json().get("refresh_token").is_none());
    let refused = use_token(&installation, "dpr_x", "registry.example").await;
    assert_eq!((refused.status, refused.error().1.as_str()), (400, "grant_type must be 'password'"));
}

#[tokio::test]
async fn a_robot_and_a_user_go_on_with_a_refresh_token_that_makes_no_other() {
    let (installation, secret) = acme(ON);
    for (name, password) in [("acme+ci", secret.as_str()), ("alice", "alice's-password")] {
        let token = refresh_token(&login(&installation, name, password).await);
        let answer = use_token(&installation, &token, "registry.example").await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(payload(answer.json()["access_token"].as_str().unwrap())["sub"], name);
        assert!(answer.json().get("refresh_token").is_none(), "{name}");
        for user in ["<token>", ""] {
            let basic = installation.get("/token?service=registry.example", Some((user, &token))).await;
            assert_eq!(basic.status, 200, "{name} as {user:?}");
        }
    }
    let unasked = installation.get("/token?service=registry.example", Some(("acme+ci", &secret))).await;
    assert!(unasked.json().get("refresh_token").is_none());
}

#[tokio::test]
async fn a_refresh_token_dies_with_the_secret_the_account_and_its_time() {
    let (installation, secret) = acme(ON);
    let token = refresh_token(&login(&installation, "acme+ci", &secret).await);
    let status = || async { use_token(&installation, &token, "registry.example").await.status };
    assert_eq!(status().await, 200);
    assert_eq!(use_token(&installation, &token, "other.example").await.status, 401, "another service");
    installation.advance(30 * 86_400);
    assert_eq!(status().await, 401, "its time is over");
    installation.advance(-30 * 86_400);
    assert_eq!(status().await, 200);
    let secret = installation.regenerate("acme+ci");
    assert_eq!(status().await, 401, "the secret was replaced");
    let token = refresh_token(&login(&installation, "acme+ci", &secret).await);
    installation.reconfigure("ROBOTS_DISALLOW: true\n");
    let refused = use_token(&installation, &token, "registry.example").await;
    assert_eq!(refused.status, 401);
    installation.reconfigure("ROBOTS_WHITELIST: [acme+ci]\n");
    assert_eq!(use_token(&installation, &token, "registry.example").await.status, 200);
    installation.disable("acme");
    assert_eq!(
        use_token(&installation, &token, "registry.example").await.status,
        401,
        "its owner is disabled"
    );
}

#[tokio::test]
async fn a_refresh_token_is_no_other_credential_and_no_other_credential_gets_one() {
    let (installation, secret) = acme(ON);
    let token = refresh_token(&login(&installation, "acme+ci", &secret).await);
    for name in ["acme+ci", "alice", "$app", "$oauthtoken", "$token"] {
        assert_eq!(login(&installation, name, &token).await.status, 401, "{name}");
    }
    assert!(dockpass::service::oauth::authenticate_bearer(&installation.app, &token).is_err());
    assert!(dockpass::service::sessions::SessionId::parse(&token).is_none());
    assert!(credential::RobotSecret::parse(&token).is_none());
    let access = access_token(&installation, "alice", "repo:read").await;
    let app = app_token(&installation, "alice").await;
    for (name, secret) in [("$oauthtoken", &access), ("$app", &app)] {
        let answer = login(&installation, name, secret).await;
        assert_eq!(answer.status, 200);
        assert!(answer.json().get("refresh_token").is_none(), "{name}");
    }
    for other in [secret.as_str(), "alice's-password", &access, &app] {
        installation.advance(60);
        assert_eq!(use_token(&installation, other, "registry.example").await.status, 401);
    }
    let of_alice = refresh_token(&login(&installation, "alice", "alice's-password").await);
    for token in [token, of_alice] {
        let end = if token.ends_with("AA") { "BB" } else { "AA" };
        let altered = format!("{}{end}", &token[..token.len() - 2]);
        assert_eq!(use_token(&installation, &altered, "registry.example").await.status, 401);
        assert_eq!(use_token(&installation, &token, "other.example").await.status, 401);
        assert_eq!(use_token(&installation, &token, "registry.example").await.status, 200);
    }
}

#[tokio::test]
async fn the_form_asks_for_one_with_offline_access_and_not_otherwise() {
    let (installation, secret) = acme(ON);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (access, given) in [("", false), ("&access_type=online", false), ("&access_type=offline", true)] {
        let body = format!(
            "grant_type=password&username=acme%2Bci&password={secret}&client_id=docker&service=registry.example{access}"
        );
        let answer = installation.send("POST", "/token", None, &form, &body).await;
        assert_eq!(answer.status, 200, "{access}");
        assert_eq!(answer.json().get("refresh_token").is_some(), given, "{access}");
    }
}

#[tokio::test]
async fn where_they_are_switched_off_again_those_that_are_out_are_wrong() {
    let (installation, secret) = acme(ON);
    let token = refresh_token(&login(&installation, "acme+ci", &secret).await);
    for (config, right) in [(ON, true), ("", false)] {
        installation.configure(&format!("SERVER_HOSTNAME: registry.example\n{config}"));
        let app = installation.on_database(&installation.database()).unwrap();
        for username in ["<token>", ""] {
            let (username, password) = (username.to_owned(), Secret::new(token.clone()));
            let credentials = Credentials::Password { username, password };
            let standing = log_in(&app, &credentials, "registry.example", None, &[]).await;
            assert_eq!(standing.is_ok(), right, "{config}");
        }
    }
}
