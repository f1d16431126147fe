//! Signing in and out, and what a browser has to prove.

use super::{Acme, assert_api_error};
use crate::support::{Answer, Installation};
use dockpass::domain::random::Random;
use dockpass::service::sessions::{SessionId, csrf_token};
use serde_json::json;

/// A browser with its cookie.
struct Browser<'a> {
    installation: &'a Installation,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    fn new(installation: &'a Installation) -> Self {
        let random: &dyn Random = installation.app.random.as_ref();
        let id = SessionId::generate(random);
        let csrf = csrf_token(&installation.app, &id);
        Self { installation, cookie: format!("dockpass={}", id.expose()), csrf }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![
            ("cookie", self.cookie.as_str()),
            ("x-csrf-token", self.csrf.as_str()),
            ("content-type", "application/json"),
        ];
        headers.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        headers.extend(more);
        self.installation.send(method, &format!("/api/v1{path}"), None, &headers, &body.to_string()).await
    }

    /// Takes what an answer says about cookie and CSRF token.
    fn keep(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        self.csrf = answer.header("x-next-csrf-token").unwrap_or_default().to_owned();
    }

    async fn sign_in(&mut self, name: &str) {
        let body = json!({ "username": name, "password": format!("{name}'s-password") });
        let answer = self.send("POST", "/signin", &body, &[]).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
        self.keep(&answer);
    }
}

#[tokio::test]
async fn a_person_signs_in_and_out_and_the_id_changes_on_the_way() {
    let acme = Acme::new();
    let mut browser = Browser::new(&acme.installation);
    let before = browser.cookie.clone();
    browser.sign_in("alice").await;
    assert_ne!(browser.cookie, before);
    let user = browser.send("GET", "/user/", &json!(null), &[]).await;
    assert_eq!((user.status, user.json()["username"].clone()), (200, json!("alice")));
    let out = browser.send("POST", "/signout", &json!({}), &[]).await;
    assert_eq!(out.status, 200);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    let user = browser.send("GET", "/user/", &json!(null), &[]).await;
    assert_eq!((user.status, user.json()["session_required"].clone()), (401, json!(false)));
}

#[tokio::test]
async fn a_wrong_password_has_quays_words() {
    let acme = Acme::new();
    let browser = Browser::new(&acme.installation);
    let answer = browser.send("POST", "/signin", &json!({ "username": "alice", "password": "x" }), &[]).await;
    let body = json!({
        "needsEmailVerification": false, "invalidCredentials": true, "message": "Invalid Username or Password",
    });
    assert_eq!((answer.status, answer.json()), (403, body));
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn nobody_makes_a_repository_and_is_told_what_is_missing() {
    let acme = Acme::new();
    let browser = Browser::new(&acme.installation);
    let mut body = json!({ "repository": "web", "visibility": "private", "description": "" });
    let refused = browser.send("POST", "/repository", &body, &[]).await;
    let text = "Must provide a namespace or must be logged in.";
    assert_api_error(&refused, 400, "invalid_request", text);
    body["namespace"] = "acme".into();
    let refused = browser.send("POST", "/repository", &body, &[]).await;
    assert_api_error(&refused, 401, "invalid_token", "Requires authentication");
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_csrf_token_of_that_cookie_and_our_own_origin() {
    let acme = Acme::new();
    let mut browser = Browser::new(&acme.installation);
    let other = Browser::new(&acme.installation).csrf;
    let body = json!({ "username": "alice", "password": "alice's-password" });
    for bad in ["", "x", other.as_str()] {
        let refused = browser.send("POST", "/signin", &body, &[("x-csrf-token", bad)]).await;
        assert_eq!(refused.text(), r#"{"error":"CSRF token was invalid or missing."}"#);
        assert_eq!(refused.status, 403);
    }
    browser.sign_in("alice").await;
    let robot = json!({ "description": "" });
    for (name, value) in [
        ("x-csrf-token", other.as_str()),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let refused = browser.send("PUT", "/user/robots/ci", &robot, &[(name, value)]).await;
        assert_eq!(refused.status, 403, "{name}");
    }
    assert_eq!(browser.send("PUT", "/user/robots/ci", &robot, &[]).await.status, 201);
}

#[tokio::test]
async fn what_is_dangerous_asks_a_session_for_the_password_again_and_a_bearer_never() {
    let acme = Acme::new();
    let mut browser = Browser::new(&acme.installation);
    browser.sign_in("alice").await;
    acme.installation.advance(601);
    let stale = browser.send("POST", "/user/apptoken", &json!({ "title": "t" }), &[]).await;
    assert_api_error(&stale, 401, "fresh_login_required", "The action requires a fresh login to succeed.");
    let wrong = browser.send("POST", "/signin/verify", &json!({ "password": "x" }), &[]).await;
    assert_eq!(wrong.status, 403);
    let verified =
        browser.send("POST", "/signin/verify", &json!({ "password": "alice's-password" }), &[]).await;
    assert_eq!(verified.status, 200);
    browser.keep(&verified);
    assert_eq!(browser.send("POST", "/user/apptoken", &json!({ "title": "t" }), &[]).await.status, 200);
    let token = acme.token("alice", super::ALL);
    acme.installation.advance(601);
    assert_eq!(acme.send(&token, "POST", "/user/apptoken", &json!({ "title": "u" })).await.status, 200);
}

#[tokio::test]
async fn many_wrong_passwords_are_told_to_wait() {
    let acme = Acme::new();
    let browser = Browser::new(&acme.installation);
    let mut last = None;
    for number in 0..11 {
        let body = json!({ "username": "alice", "password": format!("guess-{number}") });
        last = Some(browser.send("POST", "/signin", &body, &[]).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some());
}

#[tokio::test]
async fn the_first_user_gets_a_bearer_token_that_works_and_nobody_is_first_again() {
    let installation = Installation::new("FEATURE_USER_INITIALIZE: true\nSUPER_USERS: [quayadmin]\n");
    let json_type = [("content-type", "application/json")];
    let post = |body: serde_json::Value| {
        let installation = &installation;
        async move {
            installation.send("POST", "/api/v1/user/initialize", None, &json_type, &body.to_string()).await
        }
    };
    let short = post(json!({ "username": "quayadmin", "password": "short" })).await;
    super::assert_message(
        &short,
        "Failed to initialize user: Invalid password, password must be at least 8 characters and contain no whitespace.",
    );
    let body = json!({
        "username": "quayadmin", "password": "quaypass12345", "email": "quayadmin@example.com", "access_token": "true",
    });
    let made = post(body.clone()).await;
    assert_eq!(made.status, 200);
    let made = made.json();
    assert_eq!((&made["username"], &made["email"]), (&json!("quayadmin"), &json!("quayadmin@example.com")));
    let token = made["access_token"].as_str().unwrap();
    assert!(
        token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    );
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let organization = r#"{"name": "quayorg", "email": "quayorg@example.com"}"#;
    let created = installation.send("POST", "/api/v1/organization/", None, &headers, organization).await;
    assert_eq!((created.status, created.text()), (201, "\"Created\"".to_owned()));
    super::assert_message(&post(body).await, "Cannot initialize user in a non-empty database");
}

#[tokio::test]
async fn automation_signs_in_and_authorizes_an_application_as_it_does_with_quay() {
    let acme = Acme::new();
    let installation = &acme.installation;
    let alice = acme.token("alice", super::ALL);
    let body = json!({ "name": "tool", "redirect_uri": "https://tool.example/done" });
    let made = acme.send(&alice, "POST", "/organization/acme/applications", &body).await.json();
    let client = made["client_id"].as_str().unwrap();
    let first = installation.send("GET", "/csrf_token", None, &[], "").await;
    let mut browser = Browser { installation, cookie: String::new(), csrf: String::new() };
    browser.keep(&first);
    assert_eq!(first.json()["csrf_token"], browser.csrf);
    browser.sign_in("alice").await;
    let again = installation.send("GET", "/csrf_token", None, &[("cookie", &browser.cookie)], "").await;
    assert_eq!(again.json()["csrf_token"], browser.csrf, "the same browser, the same token");
    let form = |redirect: &str, csrf: &str| {
        format!(
            "client_id={client}&redirect_uri={redirect}&response_type=token&scope=repo:read&_csrf_token={csrf}"
        )
    };
    let cookie = browser.cookie.clone();
    let post = |body: String| {
        let cookie = cookie.clone();
        async move {
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
            installation.send("POST", "/oauth/authorizeapp", None, &headers, &body).await
        }
    };
    let home = "https://tool.example/done";
    let granted = post(form(home, &browser.csrf)).await;
    assert_eq!(granted.status, 302);
    let location = granted.header("location").unwrap();
    let (address, fragment) = location.split_once('#').unwrap();
    assert_eq!(address, home);
    let token = fragment.strip_prefix("access_token=").unwrap().split('&').next().unwrap();
    assert!(fragment.ends_with("&token_type=Bearer&expires_in=315576000"), "{fragment}");
    assert_eq!(acme.get(token, "/repository/acme/app").await.status, 200);
    assert_eq!(post(form("https://evil.example/", &browser.csrf)).await.status, 400);
    assert_eq!(post(form("https://tool.example/done/../x", &browser.csrf)).await.status, 400);
    assert_eq!(post(form(home, "x")).await.status, 403);
    acme.installation.advance(601);
    assert_eq!(post(form(home, &browser.csrf)).await.status, 401, "the session is not fresh");
}

#[tokio::test]
async fn the_configuration_for_front_ends_tells_of_robots_and_nothing_secret() {
    let acme = Acme::new();
    let config = acme.installation.get("/config", None).await.json();
    assert_eq!(config["config"]["SERVER_HOSTNAME"], "registry.example");
    assert_eq!(config["config"].get("ROBOTS_DISALLOW"), None);
    assert_eq!(config["registry_state"], "normal");
    assert!(!config.to_string().contains("root1"), "who is a super-user is nobody's business");
    acme.installation.reconfigure("ROBOTS_DISALLOW: true\n");
    let config = acme.installation.get("/config", None).await.json();
    assert_eq!(config["config"]["ROBOTS_DISALLOW"], true);
}
