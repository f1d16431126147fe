//! What a robot token opens, and when it does not any more.

use super::{SUBJECT, Site};
use crate::support::payload;

#[tokio::test]
async fn a_robot_token_is_the_robots_password_for_an_hour() {
    let site = Site::new("");
    let token = site.robot_token().await;
    let answer = site.log_in("acme+ci", &token).await;
    assert_eq!(answer.status, 200);
    let claims = payload(answer.json()["token"].as_str().unwrap());
    assert_eq!(claims["sub"], "acme+ci");
    assert_eq!(claims["access"][0]["actions"].to_string(), r#"["push","pull"]"#);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!(
        "grant_type=password&client_id=x&service=registry.example&username=acme%2Bci&password={token}"
    );
    assert_eq!(site.installation.send("POST", "/token", None, &form, &body).await.status, 200);
    site.installation.advance(3599);
    assert_eq!(site.log_in("acme+ci", &token).await.status, 200);
    site.installation.advance(1);
    assert_eq!(site.log_in("acme+ci", &token).await.status, 401);
}

#[tokio::test]
async fn a_robot_token_is_bound_to_robot_secret_and_entry() {
    let site = Site::new("");
    let issuer = site.issuer.url();
    site.installation.robot("acme+other");
    site.federate("acme+other", &[(&issuer, SUBJECT)]);
    let token = site.robot_token().await;
    assert_eq!(site.log_in("acme+other", &token).await.status, 401, "another robot");
    assert_eq!(site.log_in("acme+none", &token).await.status, 401);

    let status = || async { site.log_in("acme+ci", &token).await.status };
    site.federate("acme+ci", &[(&issuer, "another job"), (&issuer, SUBJECT)]);
    assert_eq!(status().await, 200, "another entry was added");
    site.federate("acme+ci", &[(&issuer, "another job")]);
    assert_eq!(status().await, 401, "its entry was removed");
    site.federate("acme+ci", &[(&issuer, SUBJECT)]);
    assert_eq!(status().await, 401, "the same identity, but another entry");

    let token = site.robot_token().await;
    let status = || async { site.log_in("acme+ci", &token).await.status };
    site.federate("acme+ci", &[(&issuer, SUBJECT)]);
    assert_eq!(status().await, 200, "nothing changed");
    site.installation.regenerate("acme+ci");
    assert_eq!(status().await, 401, "the secret was replaced, which ends everything that the robot had");
    let token = site.robot_token().await;
    assert_eq!(site.log_in("acme+ci", &token).await.status, 200);
    site.installation.delete_robot("acme+ci");
    assert_eq!(site.log_in("acme+ci", &token).await.status, 401, "it was deleted");
    site.installation.robot("acme+ci");
    site.federate("acme+ci", &[(&issuer, SUBJECT)]);
    assert_eq!(site.log_in("acme+ci", &token).await.status, 401, "another robot of that name");
}

#[tokio::test]
async fn whoever_may_not_log_in_may_not_with_a_robot_token() {
    let site = Site::new("");
    let token = site.robot_token().await;
    let status = || async { site.log_in("acme+ci", &token).await.status };
    site.installation.disable("acme");
    assert_eq!(status().await, 401, "the owner is disabled");
    site.installation.enable("acme");
    site.installation.disable("acme+ci");
    assert_eq!(status().await, 401, "the robot is disabled");
    site.installation.enable("acme+ci");
    assert_eq!(status().await, 200);
    site.installation.reconfigure("ROBOTS_DISALLOW: true\n");
    let refused = site.log_in("acme+ci", &token).await;
    assert_eq!(refused.error().1, "Robot accounts have been disabled. Please contact your administrator.");
    site.installation.reconfigure("ROBOTS_WHITELIST: [acme+ci]\n");
    assert_eq!(status().await, 200);
}

#[tokio::test]
async fn a_wrong_robot_token_is_answered_like_a_wrong_secret() {
    let site = Site::new("");
    let token = site.robot_token().await;
    let wrong = site.log_in("acme+ci", &"A".repeat(64)).await.without_request_id();
    let (message, _) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let mut unsigned = token.clone();
    unsigned.replace_range(token.len() - 3..token.len() - 1, "__");
    for guess in [
        format!("{message}."),
        format!("{header}.e30.AAAA"),
        format!("{header}."),
        header.to_owned(),
        format!("{token}.x"),
        format!("{token}A"),
        format!("eyJhbGciOiJub25lIn0{}", token.strip_prefix(header).unwrap()),
        format!("{header}.{}", "A".repeat(6000)),
        unsigned,
        site.token(),
    ] {
        assert_eq!(site.log_in("acme+ci", &guess).await.without_request_id(), wrong, "{guess}");
        site.installation.advance(60);
    }
    assert_eq!(site.log_in("acme+ci", &token).await.status, 200);
}

#[tokio::test]
async fn a_robot_token_brings_no_refresh_token() {
    let site = Site::new("TOKEN_REFRESH: true\n");
    let token = site.robot_token().await;
    let path = "/token?offline_token=true&service=registry.example";
    let answer = site.installation.get(path, Some(("acme+ci", &token))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("refresh_token").is_none());
}

#[tokio::test]
async fn a_login_with_a_secret_reads_no_federation() {
    let site = Site::new("");
    let secret = site.installation.regenerate("acme+ci");
    assert_eq!(site.log_in("acme+ci", &secret).await.status, 200);
    let before = site.installation.statements();
    assert_eq!(site.log_in("acme+ci", &"A".repeat(64)).await.status, 401);
    let wrong = site.installation.statements() - before;
    assert!(wrong <= 1, "{wrong} statements");
}
