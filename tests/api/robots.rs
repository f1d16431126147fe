//! `/organization/{orgname}/robots` and `/user/robots`.

use super::{ALL, Acme, assert_api_error, assert_message};
use serde_json::{Value, json};

const MISSING: &str = "Could not find robot with specified username";

#[tokio::test]
async fn a_robot_is_made_shown_given_a_new_secret_and_deleted() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let new = json!({ "description": "builds", "unstructured_metadata": { "a": 1 } });
    let made = acme.send(&alice, "PUT", "/organization/acme/robots/build", &new).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let expected = json!({
        "name": "acme+build",
        "created": "Tue, 24 Nov 2026 06:00:00 -0000",
        "last_accessed": null,
        "description": "builds",
        "token": made["token"],
        "unstructured_metadata": { "a": 1 },
    });
    assert_eq!(made.to_string(), expected.to_string(), "the order counts too");
    assert_eq!(made["token"].as_str().unwrap().len(), 64);
    let shown = acme.get(&alice, "/organization/acme/robots/build").await;
    assert_eq!((shown.status, shown.text()), (200, expected.to_string()));
    let renewed = acme.send(&alice, "POST", "/organization/acme/robots/build/regenerate", &Value::Null).await;
    assert_eq!(renewed.status, 200);
    assert_ne!(renewed.json()["token"], made["token"]);
    assert!(renewed.json().get("unstructured_metadata").is_none());
    let deleted = acme.delete(&alice, "/organization/acme/robots/build").await;
    assert_eq!((deleted.status, deleted.text()), (204, String::new()));
    assert_message(&acme.get(&alice, "/organization/acme/robots/build").await, MISSING);
    for kind in ["create_robot", "regenerate_robot_token", "delete_robot"] {
        let event = acme.installation.events(kind).pop().unwrap();
        assert_eq!(event["robot"], "build", "{kind}");
        assert!(event["oauth_token_id"].is_string(), "{kind}");
    }
}

#[tokio::test]
async fn a_robot_without_a_body_has_null_metadata_once() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let made = acme.send(&alice, "PUT", "/user/robots/bot", &Value::Null).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["unstructured_metadata"], Value::Null);
    let shown = acme.get(&alice, "/user/robots/bot").await.json();
    assert_eq!((&shown["unstructured_metadata"], &shown["name"]), (&json!({}), &json!("alice+bot")));
}

#[tokio::test]
async fn names_and_bodies_that_cannot_be_are_refused_in_quays_words() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let put = async |short: &str, body: Value| {
        acme.send(&alice, "PUT", &format!("/organization/acme/robots/{short}"), &body).await
    };
    let expression = "The name for the robot 'Bot' is invalid: Namespace must match expression \
                      ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$";
    assert_api_error(&put("Bot", json!({})).await, 400, "invalid_request", expression);
    let length =
        "The name for the robot 'b' is invalid: Namespace must be between 2 and 255 characters in length";
    assert_api_error(&put("b", json!({})).await, 400, "invalid_request", length);
    assert_api_error(
        &put("ci", json!({})).await,
        400,
        "invalid_request",
        "Existing robot with name: acme+ci",
    );
    let long = put("bot", json!({ "description": "a".repeat(256) })).await;
    assert_eq!(long.status, 400);
    assert!(long.json()["error_message"].as_str().unwrap().ends_with("is too long"));
    let null = put("bot", json!({ "description": null })).await;
    assert_api_error(&null, 400, "invalid_request", "None is not of type 'string'");
    assert_api_error(&put("bot", json!([])).await, 400, "invalid_request", "[] is not of type 'object'");
    for (body, content_type, status) in
        [("{", "application/json", 400), ("{}", "text/plain", 415), ("null", "application/json", 400)]
    {
        let bearer = format!("Bearer {alice}");
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let path = "/api/v1/organization/acme/robots/bot";
        let answer = acme.installation.send("PUT", path, None, &headers, body).await;
        assert_eq!(answer.status, status, "{body} as {content_type}");
    }
    let disallowing = Acme::new();
    let alice = disallowing.token("alice", ALL);
    disallowing.installation.reconfigure("ROBOTS_DISALLOW: true\n");
    let refused = disallowing.send(&alice, "PUT", "/organization/acme/robots/bot", &Value::Null).await;
    let text = "Robot accounts have been disabled. Please contact your administrator.";
    assert_api_error(&refused, 400, "invalid_request", text);
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_see() {
    let acme = Acme::new();
    acme.installation.grant("acme/app", "acme+ci", "write");
    acme.installation.member("acme", "devs", "acme+ci");
    acme.installation.robot("acme+deploy");
    let list =
        async |token: &str, query: &str| acme.get(token, &format!("/organization/acme/robots{query}")).await;
    let alice = acme.token("alice", "org:admin");
    let all = list(&alice, "?permissions=true").await.json();
    let robots = all["robots"].as_array().unwrap();
    assert_eq!(robots.len(), 2);
    assert_eq!(robots[0]["name"], "acme+ci");
    assert_eq!(robots[0]["teams"][0]["name"], "devs");
    assert_eq!(robots[0]["repositories"], json!(["app"]));
    assert_eq!(robots[1]["teams"], json!([]));
    assert!(robots.iter().all(|robot| robot["token"].is_string()));
    assert!(robots.iter().all(|robot| robot.get("unstructured_metadata").is_none()));
    let without = list(&alice, "?token=false").await.json();
    assert!(without["robots"][0].get("token").is_none() && without["robots"][0].get("teams").is_none());
    assert!(list(&alice, "?token=no").await.json()["robots"][0]["token"].is_string(), "no is true");
    let limited = list(&alice, "?permissions=true&limit=1").await.json();
    assert_eq!(limited["robots"].as_array().unwrap().len(), 1);
    assert_eq!(list(&alice, "?limit=0").await.json()["robots"].as_array().unwrap().len(), 2);
    let bad = list(&alice, "?limit=abc").await;
    let text = r#"{"message":{"limit":"If specified, the number of robots to return."}}"#;
    assert_eq!((bad.status, bad.text().as_str()), (400, text));
    let bob = list(&acme.token("bob", "org:admin"), "?permissions=true").await;
    let seen = bob.json()["robots"][0].clone();
    assert!(seen.get("token").is_none() && seen.get("teams").is_none(), "{seen}");
    let auditor = list(&acme.token("auditor", ALL), "?permissions=true").await.json();
    assert!(auditor["robots"][0].get("token").is_none() && auditor["robots"][0]["teams"].is_array());
    assert_eq!(list(&acme.token("eve", ALL), "").await.status, 403);
    assert_eq!(list(&acme.token("root1", ALL), "").await.status, 403);
    assert_eq!(list("", "").await.status, 401);
    let nowhere = acme.get(&acme.token("root1", ALL), "/organization/nowhere/robots").await;
    assert_eq!((nowhere.status, nowhere.text().as_str()), (200, r#"{"robots":[]}"#));
}

#[tokio::test]
async fn a_missing_robot_is_told_with_400_everywhere() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    for base in ["/organization/acme/robots/none", "/user/robots/none"] {
        for (method, below) in [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/regenerate"),
            ("GET", "/permissions"),
            ("GET", "/federation"),
            ("DELETE", "/federation"),
        ] {
            let answer = acme.send(&alice, method, &format!("{base}{below}"), &Value::Null).await;
            assert_message(&answer, MISSING);
        }
    }
}

#[tokio::test]
async fn a_users_own_namespace_is_reached_through_some_routes_for_organizations() {
    let acme = Acme::new();
    acme.installation.robot("alice+bot");
    let alice = acme.token("alice", ALL);
    let base = "/organization/alice/robots";
    assert_eq!(acme.get(&alice, base).await.json()["robots"][0]["name"], "alice+bot");
    let refused = "Organization does not exist: alice";
    assert_message(&acme.get(&alice, &format!("{base}/bot")).await, refused);
    assert_message(&acme.send(&alice, "PUT", &format!("{base}/new"), &Value::Null).await, refused);
    assert_message(
        &acme.send(&alice, "POST", &format!("{base}/bot/regenerate"), &Value::Null).await,
        refused,
    );
    assert_message(&acme.get(&alice, &format!("{base}/bot/permissions")).await, refused);
    let identity = json!([{ "issuer": "https://idp.example", "subject": "x", "isExpanded": true }]);
    let set = acme.send(&alice, "POST", &format!("{base}/bot/federation"), &identity).await;
    let stored = json!([{ "issuer": "https://idp.example", "subject": "x", "audience": "registry.example" }]);
    assert_eq!((set.status, set.json()), (200, stored.clone()));
    assert_eq!(acme.get(&alice, "/user/robots/bot/federation").await.json(), stored);
    assert_eq!(acme.delete(&alice, &format!("{base}/bot/federation")).await.status, 204);
    assert_eq!(acme.get(&alice, &format!("{base}/bot/federation")).await.json(), json!([]));
    assert_eq!(acme.delete(&alice, &format!("{base}/bot")).await.status, 204);
}

#[tokio::test]
async fn permissions_of_an_organizations_robot_need_both_scopes() {
    let acme = Acme::new();
    acme.installation.grant("acme/base", "acme+ci", "read");
    let path = "/organization/acme/robots/ci/permissions";
    let granted = acme.get(&acme.token("alice", "org:admin user:admin"), path).await;
    let expected = r#"{"permissions":[{"repository":{"name":"base","is_public":true},"role":"read"}]}"#;
    assert_eq!((granted.status, granted.text().as_str()), (200, expected));
    let scope = acme.get(&acme.token("alice", "org:admin"), path).await;
    assert_api_error(&scope, 403, "insufficient_scope", "Unauthorized");
    let denied = acme.get(&acme.token("bob", ALL), path).await;
    assert_eq!(denied.status, 403);
    assert!(denied.json()["message"].as_str().unwrap().starts_with("You don't have the permission"));
}

#[tokio::test]
async fn changes_need_an_access_token_or_the_csrf_token() {
    let acme = Acme::new();
    let path = "/organization/acme/robots/bot";
    let csrf = r#"{"error":"CSRF token was invalid or missing."}"#;
    let nobody = acme.send("", "PUT", path, &Value::Null).await;
    assert_eq!((nobody.status, nobody.text().as_str()), (403, csrf));
    let robot = acme.installation.robot("acme+rob");
    let full = format!("/api/v1{path}");
    let basic = acme.installation.send("PUT", &full, Some(("acme+rob", &robot)), &[], "").await;
    assert_eq!((basic.status, basic.text().as_str()), (403, csrf));
    let reading = acme.installation.send("GET", &full, Some(("acme+rob", &robot)), &[], "").await;
    assert_api_error(&reading, 401, "invalid_token", "Requires authentication");
    let wrong = acme.send(&"A".repeat(40), "PUT", path, &Value::Null).await;
    assert_api_error(&wrong, 401, "invalid_token", "Requires authentication");
}

#[tokio::test]
async fn an_issuer_that_would_not_be_asked_is_refused_when_it_is_configured() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let path = "/organization/acme/robots/ci/federation";
    let set = async |issuer: &str| {
        acme.send(&alice, "POST", path, &json!([{ "issuer": issuer, "subject": "x" }])).await
    };
    let internal =
        "Issuer is an address of a private network, which FEDERATION_INTERNAL_ISSUERS does not list";
    for (issuer, text) in [
        ("idp.example", "Issuer must be a URL (http:// or https://)"),
        ("http://idp.example", "Issuer must be a URL that begins with https://"),
        (
            "https://user@idp.example",
            "Issuer must be a URL of a host, optionally with port and path, without user name, query or fragment",
        ),
        ("https://localhost:8443", internal),
        ("https://10.0.0.1", internal),
        ("https://[::1]", internal),
    ] {
        assert_api_error(&set(issuer).await, 400, "invalid_request", text);
    }
    assert_eq!(set("https://idp.example/realm/").await.status, 200);
    let audience = json!([{ "issuer": "https://idp.example", "subject": "x", "audience": "elsewhere" }]);
    acme.send(&alice, "POST", path, &audience).await;
    assert_eq!(acme.get(&alice, path).await.json(), audience);
}
