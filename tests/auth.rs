//! Who gets in, by which credential, and what becomes of those who guess.

mod kinds;
mod pruning;
mod refresh;
mod reseal;
mod sessions;
mod stolen;
mod throttle;

use crate::support::Installation;
use dockpass::domain::credential::Secret;
use dockpass::service::actor::Actor;
use dockpass::service::oauth::{applications, tokens};
use dockpass::service::sessions::{SignedIn, sign_in};
use dockpass::service::{app_tokens, initialize};
use dockpass::store::audit::Origin;

/// Signs a user in with the password that [`Installation::user`] gave it.
async fn signed_in(installation: &Installation, name: &str) -> SignedIn {
    let password = Secret::new(format!("{name}'s-password"));
    sign_in(&installation.app, name, &password, &Origin::default(), None).await.unwrap()
}

async fn actor(installation: &Installation, name: &str) -> Actor {
    Actor::account(signed_in(installation, name).await.session.identity, Origin::default())
}

/// An access token of a user who administers `acme`.
async fn access_token(installation: &Installation, name: &str, scope: &str) -> String {
    let actor = actor(installation, name).await;
    let texts = applications::Texts { name: "tool".to_owned(), ..applications::Texts::default() };
    let made = applications::create(&installation.app, &actor, "acme", &texts).unwrap();
    let client_id = made.application.client_id;
    let minted =
        tokens::create(&installation.app, &actor, "acme", &client_id, "t", scope, Some(86_400)).unwrap();
    installation.kept(minted.token.expose())
}

/// An application-specific token of a user.
async fn app_token(installation: &Installation, name: &str) -> String {
    let actor = actor(installation, name).await;
    let made = app_tokens::create(&installation.app, &actor, "laptop").unwrap();
    installation.kept(made.token.unwrap().expose())
}

/// `acme` with its owner `alice`, the private repository `acme/app` and the robot `acme+ci`, which may pull from it.
fn acme(config: &str) -> (Installation, String) {
    let installation = Installation::new(&format!("SERVER_HOSTNAME: registry.example\n{config}"));
    installation.user("alice");
    installation.organization("acme");
    installation.member("acme", "owners", "alice");
    installation.repository("acme/app", "private");
    let secret = installation.robot("acme+ci");
    installation.grant("acme/app", "acme+ci", "read");
    (installation, secret)
}

#[tokio::test]
async fn the_first_user_is_made_once_and_its_token_lives_two_and_a_half_hours() {
    let installation = Installation::new("FEATURE_USER_INITIALIZE: true\nSUPER_USERS: [root1]\n");
    let password = Secret::new("correct horse".replace(' ', "-"));
    let first =
        initialize::FirstUser { username: "root1", email: None, password: &password, access_token: true };
    let (user, token) = initialize::initialize(&installation.app, &Origin::default(), first).unwrap();
    assert_eq!(user.name, "root1");
    let token = token.unwrap();
    let bearer = || dockpass::service::oauth::authenticate_bearer(&installation.app, token.expose());
    assert!(bearer().unwrap().identity.privilege.super_user);
    installation.advance(8999);
    assert!(bearer().is_ok());
    installation.advance(1);
    assert!(bearer().is_err());
    let again = initialize::initialize(&installation.app, &Origin::default(), first).unwrap_err();
    assert_eq!(again.to_string(), "Cannot initialize user in a non-empty database");
}

#[tokio::test]
async fn the_first_user_is_made_only_where_that_is_switched_on() {
    let installation = Installation::new("");
    let password = Secret::new("long-enough");
    let first =
        initialize::FirstUser { username: "root1", email: None, password: &password, access_token: false };
    let refused = initialize::initialize(&installation.app, &Origin::default(), first).unwrap_err();
    assert_eq!(refused.to_string(), "Cannot initialize user, FEATURE_USER_INITIALIZE is False");
}
