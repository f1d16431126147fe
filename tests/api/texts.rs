//! The answers that clients compare with texts of their own: one test for each, named by it. The texts stand written out
//! here, so that whoever changes a constant meets the client that relies on it.

use super::{ALL, Acme};
use dockpass::service::{permissions, robots, teams};
use serde_json::{Value, json};

#[tokio::test]
async fn could_not_find_robot_with_specified_username() {
    assert_eq!(robots::NOT_FOUND, "Could not find robot with specified username");
    let acme = Acme::new();
    let answer = acme.get(&acme.token("alice", ALL), "/organization/acme/robots/none").await;
    assert_eq!(answer.status, 400, "Konflux takes this status with this text for `absent`");
    assert_eq!(answer.text(), r#"{"message":"Could not find robot with specified username"}"#);
}

#[tokio::test]
async fn existing_robot_with_name() {
    assert_eq!(robots::EXISTING, "Existing robot with name");
    let acme = Acme::new();
    let answer =
        acme.send(&acme.token("alice", ALL), "PUT", "/organization/acme/robots/ci", &Value::Null).await;
    let body = answer.json();
    assert_eq!(answer.status, 400);
    for member in ["error_message", "detail"] {
        assert_eq!(body[member], "Existing robot with name: acme+ci", "Konflux looks for its beginning");
    }
}

#[tokio::test]
async fn user_does_not_have_permission_for_repo() {
    assert_eq!(permissions::NOT_GRANTED, "User does not have permission for repo.");
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let path = "/repository/acme/app/permissions/user/acme+ci";
    let shown = acme.get(&alice, path).await;
    assert_eq!(
        (shown.status, shown.text().as_str()),
        (400, r#"{"message":"User does not have permission for repo."}"#)
    );
    let deleted = acme.delete(&alice, path).await;
    assert_eq!(deleted.status, 400);
    assert_eq!(deleted.json()["error_message"], "User does not have permission for repo.");
}

#[tokio::test]
async fn user_does_not_belong_to_team() {
    assert_eq!(teams::not_in_team("eve", "devs"), "User eve does not belong to team devs");
    let acme = Acme::new();
    let answer = acme.delete(&acme.token("alice", ALL), "/organization/acme/team/devs/members/eve").await;
    assert_eq!(answer.status, 400);
    let text = r#"{"message":"User eve does not belong to team devs"}"#;
    assert_eq!(answer.text(), text, "qontract-reconcile compares the whole");
}

#[tokio::test]
async fn created() {
    let acme = Acme::new();
    let new = json!({ "name": "fresh" });
    let answer = acme.send(&acme.token("alice", ALL), "POST", "/organization/", &new).await;
    assert_eq!((answer.status, answer.text().as_str()), (201, r#""Created""#));
}

#[tokio::test]
async fn permanent_redirect_to_the_path_with_its_slash() {
    let acme = Acme::new();
    for (path, who) in
        [("/repository/acme/app/permissions/user", "Konflux"), ("/user", "the bridge operator")]
    {
        let answer = acme.get("", path).await;
        assert_eq!(answer.status, 308, "{who} follows it");
        assert_eq!(answer.header("location"), Some(format!("/api/v1{path}/").as_str()));
    }
}

#[tokio::test]
async fn robot_accounts_have_been_disabled() {
    let acme = Acme::new();
    acme.installation.reconfigure("ROBOTS_DISALLOW: true\n");
    let text = "Robot accounts have been disabled. Please contact your administrator.";
    let refused =
        acme.send(&acme.token("alice", ALL), "PUT", "/organization/acme/robots/fresh", &Value::Null).await;
    assert_eq!((refused.status, &refused.json()["error_message"]), (400, &json!(text)));
    let login = acme.installation.get("/v2/auth?service=registry.example", Some(("acme+ci", "x"))).await;
    assert_eq!((login.status, login.error().1.as_str()), (401, text));
}
