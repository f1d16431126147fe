//! Every answer of the exchange, in the order of Quay's table.

use super::{PATH, SUBJECT, Site};
use crate::support::{Answer, IssuerKey, payload};
use dockpass::service::ledger::Ledger;
use serde_json::{Value, json};

/// The one member of an answer's body, and its status.
fn told(answer: &Answer, member: &str) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    (answer.status, body[member].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_good_token_is_exchanged_for_one_that_lives_an_hour() {
    let site = Site::new("");
    let answer = site.exchange("acme+ci", &site.token()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    let claims = payload(body["token"].as_str().unwrap());
    let now = site.installation.app.now().0;
    assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(now), Some(now + 3600)));
    assert_eq!(claims["sub"], "acme+ci");
    assert!(claims.get("access").is_none(), "it grants nothing by itself");
}

#[tokio::test]
async fn what_is_no_robots_credentials_is_401_with_quays_texts() {
    let site = Site::new("");
    for (header, text) in [
        (None, "No auth header"),
        (Some("Bearer abc"), "Invalid basic auth header"),
        (Some("Basic"), "Invalid basic auth header"),
        (Some("Basic !!!"), "Could not parse basic auth header"),
        (Some("Basic YWJj"), "Unexpected number of credentials found in basic auth header"),
        (Some("Basic Og=="), "Invalid robot"),
        (Some("Basic YWxpY2U6eA=="), "Invalid robot"),
    ] {
        let headers: Vec<_> = header.iter().map(|value| ("authorization", *value)).collect();
        let answer = site.installation.send("GET", PATH, None, &headers, "").await;
        assert_eq!(told(&answer, "error"), (401, text.to_owned()), "{header:?}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        let answer = site.installation.send(method, PATH, Some(("acme+ci", "x")), &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_400_with_quays_texts() {
    let site = Site::new("");
    site.installation.robot("acme+keyed");
    site.installation.robot("acme+other");
    site.federate("acme+other", &[(&site.issuer.url(), "another job")]);
    let now = site.installation.app.now().0;
    let other = IssuerKey::ec("first");
    // Time passes in this test, so that its wrong tokens are not taken for an attack.
    let mut good = site.claims();
    good["exp"] = json!(now + 100_000);
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        site.key.token(&claims)
    };
    let without = |claim: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(claim);
        site.key.token(&claims)
    };
    let header = |header: Value| site.key.sign(&header, &good);
    let text = |text: &str| text.to_owned();
    let invalid = |text: &str| format!("Invalid token: {text}");
    for (robot, token, expected) in [
        ("acme+none", site.key.token(&good), text("Could not find robot with specified username")),
        ("none+ci", site.key.token(&good), text("Could not find robot with specified username")),
        ("acme+keyed", site.key.token(&good), text("Robot does not have federated login configured")),
        ("acme+ci", without("iss"), text("Token does not contain issuer")),
        (
            "acme+ci",
            with("iss", json!("https://evil.example")),
            text("issuer https://evil.example not configured for this robot"),
        ),
        (
            "acme+ci",
            with("iss", json!(format!("{}/", site.issuer.url()))),
            format!("issuer {}/ not configured for this robot", site.issuer.url()),
        ),
        ("acme+other", site.key.token(&good), text("Token does not match robot")),
        ("acme+ci", with("sub", json!("repo:evil/app")), text("Token does not match robot")),
        ("acme+ci", without("sub"), text("Token does not match robot")),
        ("acme+ci", with("aud", json!("elsewhere.example")), text("Invalid audience for robot token")),
        ("acme+ci", with("aud", json!([])), text("Invalid audience for robot token")),
        ("acme+ci", without("aud"), text("Invalid audience for robot token")),
        ("acme+ci", with("exp", json!(now - 30)), invalid("Signature has expired")),
        ("acme+ci", without("exp"), invalid("Token is missing the \"exp\" claim")),
        ("acme+ci", without("iat"), invalid("Token is missing the \"iat\" claim")),
        ("acme+ci", with("iat", json!(now + 50_000)), invalid("The token is not yet valid (iat)")),
        ("acme+ci", header(json!({ "alg": "ES256" })), invalid("Missing `kid` header")),
        (
            "acme+ci",
            header(json!({ "alg": "none", "kid": "first" })),
            invalid("The specified alg value is not allowed"),
        ),
        (
            "acme+ci",
            header(json!({ "alg": "HS256", "kid": "first" })),
            invalid("The specified alg value is not allowed"),
        ),
        (
            "acme+ci",
            header(json!({ "alg": "RS256", "kid": "first" })),
            invalid("The specified alg value is not allowed"),
        ),
        (
            "acme+ci",
            header(json!({ "alg": "ES256", "kid": "unknown" })),
            invalid("Unable to find a signing key that matches the `kid` header"),
        ),
        ("acme+ci", other.token(&good), invalid("Signature verification failed")),
        ("acme+ci", text("no token"), invalid("Not enough segments")),
        ("acme+ci", text(""), invalid("Not enough segments")),
        ("acme+ci", text("e30.e30."), invalid("The header cannot be read")),
    ] {
        let answer = site.exchange(robot, &token).await;
        assert_eq!(told(&answer, "message"), (400, expected.clone()), "{robot} {token}");
        site.installation.advance(60);
    }
    Ledger::flush(&site.installation.app).unwrap();
    assert_eq!(site.installation.events("federated_robot_token_exchange"), Vec::<Value>::new());
}

#[tokio::test]
async fn every_way_to_sign_that_is_offered_is_taken() {
    let site = Site::new("");
    let (rsa, ec) = (IssuerKey::rsa("rsa"), IssuerKey::ec("ec"));
    site.issuer.publish(&[&rsa, &ec]);
    for (key, header) in [
        (&rsa, json!({ "alg": "RS256", "kid": "rsa" })),
        (&rsa, json!({ "alg": "RS384", "kid": "rsa", "typ": "at+jwt", "x5t": "x" })),
        (&ec, json!({ "alg": "ES256", "kid": "ec" })),
    ] {
        let answer = site.exchange("acme+ci", &key.sign(&header, &site.claims())).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.text());
    }
}

#[tokio::test]
async fn times_may_be_half_a_minute_off_and_nbf_does_not_count() {
    let site = Site::new("");
    let now = site.installation.app.now().0;
    for (claim, value) in [
        ("exp", json!(now - 29)),
        ("iat", json!(now + 30)),
        ("iat", json!(now.to_string().parse::<f64>().unwrap() + 0.5)),
        ("nbf", json!(now + 3600)),
        ("aud", json!(["elsewhere.example", "registry.example"])),
    ] {
        let answer = site.exchange("acme+ci", &site.token_with(claim, value.clone())).await;
        assert_eq!(answer.status, 200, "{claim} {value}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_exchange_is_written_into_the_log_with_quays_members() {
    let site = Site::new("");
    let token = site.robot_token().await;
    Ledger::flush(&site.installation.app).unwrap();
    let events = site.installation.events("federated_robot_token_exchange");
    let expected = json!({ "subject": SUBJECT, "issuer": site.issuer.url(), "robot": "acme+ci" });
    assert_eq!(events, [expected]);
    assert!(!events[0].to_string().contains(&token));
    let metrics = site.installation.get("/metrics", None).await.text();
    assert!(metrics.contains("dockpass_robot_token_exchanges_total{outcome=\"exchanged\"} 1"), "{metrics}");
}

#[tokio::test]
async fn whoever_may_not_log_in_may_still_exchange_as_in_quay() {
    let site = Site::new("");
    site.installation.reconfigure("ROBOTS_DISALLOW: true\n");
    site.installation.disable("acme");
    let token = site.robot_token().await;
    assert_eq!(site.log_in("acme+ci", &token).await.status, 401);
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_who_is_right_is_not() {
    let site = Site::new("");
    let mut statuses = Vec::new();
    for number in 0..20 {
        let token = site.token_with("sub", json!(format!("guess {number}")));
        statuses.push(site.exchange("acme+ci", &token).await.status);
    }
    assert_eq!(statuses[0], 400);
    assert_eq!(statuses[19], 429, "{statuses:?}");
    let refused = site.exchange("acme+ci", &site.token_with("sub", json!("one more"))).await;
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(told(&refused, "message").1, "Too many login attempts. Please try again later.");
    assert_eq!(site.exchange("acme+ci", &site.token()).await.status, 200);
}
