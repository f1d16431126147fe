//! Sessions of people: begun, made fresh, ended.

use super::{acme, signed_in};
use dockpass::domain::credential::Secret;
use dockpass::service::actor::Actor;
use dockpass::service::ledger::Ledger;
use dockpass::service::login::LoginError;
use dockpass::service::sessions::{
    authenticate, confirm_password, csrf_token, is_csrf_token, sign_in, sign_out,
};
use dockpass::service::users;
use dockpass::store::audit::Origin;

#[tokio::test]
async fn a_session_ends_when_its_time_is_over_and_is_fresh_for_a_while() {
    let (installation, _) = acme("SESSION_LIFETIME: 1h\nFRESH_LOGIN_TIMEOUT: 10m\n");
    let begun = signed_in(&installation, "alice").await;
    let now = || authenticate(&installation.app, &begun.id).unwrap();
    assert!(now().unwrap().fresh);
    installation.advance(600);
    assert!(!now().unwrap().fresh);
    installation.advance(2999);
    assert!(now().is_some());
    installation.advance(1);
    assert!(now().is_none());
}

#[tokio::test]
async fn giving_the_password_again_makes_the_session_fresh_under_a_new_id_and_no_longer() {
    let (installation, _) = acme("SESSION_LIFETIME: 1h\n");
    let begun = signed_in(&installation, "alice").await;
    installation.advance(1800);
    let password = Secret::new("alice's-password");
    let wrong =
        confirm_password(&installation.app, &begun.id, &Secret::new("x"), &Origin::default(), None).await;
    assert!(matches!(wrong, Err(LoginError::Wrong)));
    let again =
        confirm_password(&installation.app, &begun.id, &password, &Origin::default(), None).await.unwrap();
    assert!(again.session.fresh);
    assert_eq!(again.session.expires_at, begun.session.expires_at);
    assert!(authenticate(&installation.app, &begun.id).unwrap().is_none());
    assert!(authenticate(&installation.app, &again.id).unwrap().is_some());
}

#[tokio::test]
async fn signing_out_ends_one_session_and_a_new_password_or_disabling_ends_all() {
    let (installation, _) = acme("");
    let (one, other) = (signed_in(&installation, "alice").await, signed_in(&installation, "alice").await);
    let live = |id| authenticate(&installation.app, id).unwrap().is_some();
    sign_out(&installation.app, &one.id).unwrap();
    assert_eq!((live(&one.id), live(&other.id)), (false, true));
    let operator = Actor::operator("test");
    users::set_password(&installation.app, &operator, "alice", &Secret::new("another-password")).unwrap();
    assert!(!live(&other.id));
    let password = Secret::new("another-password");
    let third = sign_in(&installation.app, "alice", &password, &Origin::default(), None).await.unwrap();
    installation.disable("alice");
    assert!(!live(&third.id));
    let refused = sign_in(&installation.app, "alice", &password, &Origin::default(), None).await;
    assert!(matches!(refused, Err(LoginError::Wrong)));
}

#[tokio::test]
async fn a_clock_that_jumps_back_ends_sessions_rather_than_reviving_them() {
    let (installation, _) = acme("");
    let begun = signed_in(&installation, "alice").await;
    installation.advance(-30);
    assert!(authenticate(&installation.app, &begun.id).unwrap().is_some());
    installation.advance(-31_536_000);
    assert!(authenticate(&installation.app, &begun.id).unwrap().is_none());
}

#[tokio::test]
async fn a_csrf_token_belongs_to_one_id() {
    let (installation, _) = acme("");
    let (one, other) = (signed_in(&installation, "alice").await, signed_in(&installation, "alice").await);
    let token = csrf_token(&installation.app, &one.id);
    assert!(is_csrf_token(&installation.app, &one.id, &token));
    assert!(!is_csrf_token(&installation.app, &other.id, &token));
    assert!(!is_csrf_token(&installation.app, &one.id, ""));
}

#[tokio::test]
async fn only_users_sign_in() {
    let (installation, secret) = acme("");
    for (name, password) in
        [("acme+ci", secret.as_str()), ("acme", "x"), ("nobody", "x"), ("alice", "x"), ("", "")]
    {
        let refused =
            sign_in(&installation.app, name, &Secret::new(password), &Origin::default(), None).await;
        assert!(matches!(refused, Err(LoginError::Wrong)), "{name}");
    }
}

#[tokio::test]
async fn sign_ins_are_audited_as_configured_and_tell_no_secret() {
    let (installation, _) = acme("ACTION_LOG_AUDIT_LOGIN_FAILURES: true\n");
    signed_in(&installation, "alice").await;
    for name in ["alice", "my secret pass-phrase"] {
        let refused = sign_in(
            &installation.app,
            name,
            &Secret::new("wrong-password"),
            &Origin::default(),
            Some("curl"),
        )
        .await;
        assert!(refused.is_err());
    }
    Ledger::flush(&installation.app).unwrap();
    let success = installation.events("login_success");
    assert_eq!(success.len(), 1);
    assert_eq!((&success[0]["username"], &success[0]["type"]), (&"alice".into(), &"quayauth".into()));
    let failures = installation.events("login_failure");
    assert_eq!(failures.len(), 2);
    assert_eq!(failures[1]["username"], serde_json::Value::Null, "not a name, perhaps a secret");
    let told = format!("{success:?}{failures:?}");
    assert!(!told.contains("wrong-password") && !told.contains("phrase"), "{told}");
}
