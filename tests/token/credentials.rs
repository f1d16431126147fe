//! How clients say who they are, and the one answer to all who are wrong.

use super::{SCOPE, access, acme, claims};
use crate::support::Installation;

fn form(username: &str, password: &str) -> String {
    format!("grant_type=password&username={username}&password={password}&client_id=containerd-client&{SCOPE}")
}

async fn post(installation: &Installation, body: &str) -> crate::support::Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    installation.send("POST", "/v2/auth", None, &form, body).await
}

#[tokio::test]
async fn the_form_of_containerd_gets_access_token_and_scope() {
    let (installation, secret) = acme();
    let answer = post(&installation, &form("acme%2Bci", &secret)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["scope"], "repository:acme/app:push,pull");
    assert_eq!(access(&answer), ["acme/app: push,pull"]);
}

#[tokio::test]
async fn a_charset_in_the_content_type_changes_nothing() {
    let (installation, secret) = acme();
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let answer = installation.send("POST", "/token", None, &headers, &form("acme%2Bci", &secret)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_plus_in_a_form_is_a_space_and_no_robot() {
    let (installation, secret) = acme();
    assert_eq!(post(&installation, &form("acme+ci", &secret)).await.status, 401);
}

#[tokio::test]
async fn a_percent_sign_in_basic_is_a_percent_sign() {
    let (installation, secret) = acme();
    let answer = installation.get(&format!("/token?{SCOPE}"), Some(("acme%2Bci", &secret))).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn the_account_parameter_is_never_an_identity() {
    let (installation, secret) = acme();
    let sloppy =
        installation.get(&format!("/token?account=acme+ci&{SCOPE}"), Some(("acme+ci", &secret))).await;
    assert_eq!(claims(&sloppy)["sub"], "acme+ci");
    let alone = installation.get(&format!("/token?account=acme%2Bci&{SCOPE}"), None).await;
    assert_eq!(claims(&alone)["sub"], "");
    assert_eq!(access(&alone), ["acme/app: "]);
}

#[tokio::test]
async fn empty_basic_credentials_are_anonymous() {
    let (installation, _) = acme();
    let scope = "scope=repository:acme/base:pull";
    let answer = installation
        .send("GET", &format!("/token?{scope}"), None, &[("authorization", "Basic Og==")], "")
        .await;
    assert_eq!(access(&answer), ["acme/base: pull"]);
}

#[tokio::test]
async fn without_credentials_and_scope_there_is_nothing_to_say() {
    let (installation, _) = acme();
    let answer = installation.get("/token?service=registry.example", None).await;
    assert_eq!(answer.status, 401);
    let message = "access to the requested resource is not authorized";
    assert_eq!(answer.error(), ("UNAUTHORIZED".to_owned(), message.to_owned()));
    assert!(
        answer.header("www-authenticate").unwrap().starts_with("Basic "),
        "Bearer would end up in docker's error"
    );
}

#[tokio::test]
async fn every_wrong_login_gets_the_same_answer() {
    let (installation, secret) = acme();
    let disabled = installation.robot_in("gone", "gone+ci");
    installation.disable("gone");
    let wrong = "A".repeat(64);
    let attempts: [(&str, &str); 14] = [
        ("acme+ci", &wrong),
        ("acme+ci", "short"),
        ("acme+ci", ""),
        ("acme+missing", &secret),
        ("missing+ci", &secret),
        ("gone+ci", &disabled),
        ("acme+ci+ci", &secret),
        ("+ci", &secret),
        ("acme+", &secret),
        ("Acme+ci", &secret),
        ("alice", "not her password"),
        ("nobody", "whatever it is"),
        ("acme", "unlikely-to-be-right"),
        ("$token", &secret),
    ];
    let mut answers = Vec::new();
    for (username, password) in attempts {
        let answer = installation.get(&format!("/token?{SCOPE}"), Some((username, password))).await;
        assert_eq!(answer.status, 401, "{username}");
        answers.push((username, answer.without_request_id()));
    }
    for (username, answer) in &answers {
        assert_eq!(answer, &answers[0].1, "{username}");
    }
    for header in ["Bearer abc", "Basic !!!", "Basic YWJj", "Digest x"] {
        let answer = installation.send("GET", "/token", None, &[("authorization", header)], "").await;
        assert_eq!(answer.without_request_id(), answers[0].1, "{header}");
    }
}

#[tokio::test]
async fn users_log_in_by_name_and_by_address() {
    let (installation, _) = acme();
    for username in ["alice", "alice@example.com"] {
        let answer = installation
            .get(&format!("/token?{SCOPE}"), Some((username, "alice's password".replace(' ', "-").as_str())))
            .await;
        assert_eq!(answer.status, 200, "{username}");
        assert_eq!(claims(&answer)["sub"], "alice");
        assert_eq!(access(&answer), ["acme/app: push,pull"]);
    }
}

#[tokio::test]
async fn a_deleted_or_regenerated_robot_is_out_at_once() {
    let (installation, secret) = acme();
    let path = format!("/token?{SCOPE}");
    let fresh = installation.regenerate("acme+ci");
    assert_eq!(installation.get(&path, Some(("acme+ci", &secret))).await.status, 401);
    assert_eq!(installation.get(&path, Some(("acme+ci", &fresh))).await.status, 200);
    installation.delete_robot("acme+ci");
    assert_eq!(installation.get(&path, Some(("acme+ci", &fresh))).await.status, 401);
}

#[tokio::test]
async fn robots_disallow_refuses_every_robot_with_the_documented_sentence() {
    let (installation, secret) = acme();
    let whitelisted = installation.robot("acme+mirror");
    installation.reconfigure("ROBOTS_DISALLOW: true\nROBOTS_WHITELIST: [acme+mirror]\n");
    for (username, password) in
        [("acme+ci", secret.as_str()), ("acme+ci", "wrong"), ("missing+robot", "wrong")]
    {
        let answer = installation.get(&format!("/token?{SCOPE}"), Some((username, password))).await;
        let sentence = "Robot accounts have been disabled. Please contact your administrator.";
        assert_eq!((answer.status, answer.error()), (401, ("UNAUTHORIZED".to_owned(), sentence.to_owned())));
    }
    let allowed = installation.get("/token", Some(("acme+mirror", &whitelisted))).await;
    assert_eq!(allowed.status, 200);
}

#[tokio::test]
async fn forms_that_cannot_be_read_are_400_and_say_what_is_wrong() {
    let (installation, secret) = acme();
    let cases = [
        ("", "the form field 'grant_type' is missing"),
        ("grant_type=password&username=a", "the form field 'password' is missing"),
        ("grant_type=password&password=a", "the form field 'username' is missing"),
    ];
    for (body, message) in cases {
        let answer = post(&installation, body).await;
        assert_eq!((answer.status, answer.error().1.as_str()), (400, message));
    }
    let code = post(&installation, "grant_type=authorization_code&code=1").await;
    assert_eq!(code.status, 400);
    let json = [("content-type", "application/json")];
    let answer = installation.send("POST", "/token", None, &json, &form("acme%2Bci", &secret)).await;
    assert_eq!(answer.status, 415);
    let compressed = [("content-type", "application/x-www-form-urlencoded"), ("content-encoding", "gzip")];
    let answer = installation.send("POST", "/token", None, &compressed, "x").await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn requests_beyond_the_stated_size_are_refused() {
    let (installation, secret) = acme();
    let long = "x".repeat(9000);
    let query = installation.get(&format!("/token?account={long}"), Some(("acme+ci", &secret))).await;
    assert_eq!(query.status, 431);
    assert_eq!(post(&installation, &format!("grant_type={long}")).await.status, 413);
}

#[tokio::test]
async fn no_answer_and_no_log_name_ever_holds_the_secret() {
    let (installation, secret) = acme();
    let answer = installation.get(&format!("/token?account={secret}"), Some((&secret, "x"))).await;
    assert!(!answer.text().contains(&secret));
}
