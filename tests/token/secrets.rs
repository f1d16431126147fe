//! Robots' secrets where the quick check is not all there is: without a verifier, with an end, replaced meanwhile.

use super::{SCOPE, access, acme};
use crate::support::Installation;
use dockpass::domain::name::RobotName;
use dockpass::domain::time::Timestamp;
use dockpass::store::robots::SecretRecord;

/// What is stored of the secret of `acme+ci`, changed.
fn rewrite(installation: &Installation, change: impl Fn(&mut SecretRecord)) {
    let name = RobotName::parse("acme+ci").unwrap();
    let written = installation.app.store.write("test", |tx| {
        let login = tx.robot_login(&name)?.unwrap();
        let mut secret = tx.secret(login.id)?.unwrap();
        change(&mut secret);
        tx.replace_secret(login.id, &secret)
    });
    written.unwrap();
}

/// As an import leaves it, or a replaced key file.
fn without_verifier(installation: &Installation) {
    rewrite(installation, |secret| secret.verifier = None);
}

fn has_verifier(installation: &Installation) -> bool {
    let name = RobotName::parse("acme+ci").unwrap();
    let login = installation.app.store.read("test", |tx| tx.robot_login(&name)).unwrap().unwrap();
    login.secret.as_ref().unwrap().verifier.is_some()
}

async fn log_in(installation: &Installation, secret: &str) -> u16 {
    installation.get(&format!("/token?{SCOPE}"), Some(("acme+ci", secret))).await.status
}

#[tokio::test]
async fn without_a_verifier_the_hash_decides_and_a_right_secret_gets_one() {
    let (installation, secret) = acme();
    without_verifier(&installation);
    assert_eq!(log_in(&installation, &"A".repeat(64)).await, 401);
    assert!(!has_verifier(&installation), "a wrong secret gets none");
    let answer = installation.get(&format!("/token?{SCOPE}"), Some(("acme+ci", &secret))).await;
    assert_eq!(access(&answer), ["acme/app: push,pull"]);
    assert!(has_verifier(&installation));
    assert_eq!(log_in(&installation, &secret).await, 200);
    assert_eq!(log_in(&installation, &"A".repeat(64)).await, 401);
}

#[tokio::test]
async fn without_a_verifier_a_disabled_owner_refuses_all_the_same() {
    let (installation, secret) = acme();
    without_verifier(&installation);
    installation.disable("acme");
    assert_eq!(log_in(&installation, &secret).await, 401);
    assert!(!has_verifier(&installation), "no hash is spent on it");
}

#[tokio::test]
async fn a_disabled_robot_and_a_robot_of_a_disabled_owner_are_out() {
    let (installation, secret) = acme();
    for account in ["acme+ci", "acme"] {
        installation.disable(account);
        assert_eq!(log_in(&installation, &secret).await, 401, "{account}");
        installation.enable(account);
        assert_eq!(log_in(&installation, &secret).await, 200, "{account}");
    }
}

/// What is changed while hashing runs is read when it ends.
#[tokio::test]
async fn what_changes_while_a_secret_is_hashed_counts() {
    let (installation, secret) = acme();
    let changes: [fn(&Installation); 3] = [
        |installation| drop(installation.regenerate("acme+ci")),
        |installation| installation.disable("acme"),
        |installation| installation.delete_robot("acme+ci"),
    ];
    let mut secret = secret;
    for change in changes {
        without_verifier(&installation);
        let (status, ()) = tokio::join!(log_in(&installation, &secret), async { change(&installation) });
        assert_eq!(status, 401);
        installation.enable("acme");
        if change as usize != changes[2] as usize {
            secret = installation.regenerate("acme+ci");
        }
    }
    let alice = async || installation.get("/token", Some(("alice", "alice's-password"))).await.status;
    let (status, ()) = tokio::join!(alice(), async { installation.disable("alice") });
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_secret_ends_in_the_second_that_it_says() {
    let (installation, secret) = acme();
    let end = Timestamp(installation.app.now().0 + 10);
    for verifier in [true, false] {
        rewrite(&installation, |secret| {
            secret.expires_at = Some(end);
            secret.verifier = secret.verifier.take().filter(|_| verifier);
        });
        assert_eq!(log_in(&installation, &secret).await, 200);
    }
    installation.advance(9);
    assert_eq!(log_in(&installation, &secret).await, 200);
    installation.advance(1);
    assert_eq!(log_in(&installation, &secret).await, 401);
    without_verifier(&installation);
    assert_eq!(log_in(&installation, &secret).await, 401);
}
