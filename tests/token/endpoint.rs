//! What is counted about token requests, how large and how quick they may be, and what a token opens here.

use super::{SCOPE, acme, claims};
use crate::support::Installation;
use std::time::{Duration, Instant};

/// How often a request ended so, by the metrics.
async fn counted(installation: &Installation, outcome: &str, caller: &str) -> u64 {
    let text = installation.get("/metrics", None).await.text();
    let name = format!("dockpass_tokens_total{{outcome=\"{outcome}\",caller=\"{caller}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).expect("a counter").parse().unwrap()
}

#[tokio::test]
async fn every_request_is_counted_by_what_came_of_it_and_by_the_form_of_its_credentials() {
    let (installation, secret) = acme();
    let robot = Some(("acme+ci", secret.as_str()));
    let (push, other) = ("scope=repository:acme/app:pull,push", "scope=repository:acme/none:pull");
    let cases = [
        ("granted", "robot", robot, push.to_owned()),
        ("granted", "robot", robot, String::new()),
        ("granted", "user", Some(("alice", "alice's-password")), push.to_owned()),
        ("granted", "anonymous", None, "scope=repository:acme/base:pull".to_owned()),
        ("partial", "robot", robot, format!("{push}&{other}")),
        ("empty", "robot", robot, other.to_owned()),
        ("unauthorized", "anonymous", None, String::new()),
        ("unauthorized", "robot", Some(("acme+ci", "wrong")), push.to_owned()),
        ("unauthorized", "user", Some(("acme", "wrong-password")), push.to_owned()),
        ("unauthorized", "application", Some(("$app", "wrong")), push.to_owned()),
        ("unauthorized", "application", Some(("$oauthtoken", "a+b")), push.to_owned()),
        ("bad_request", "robot", robot, "service=other.example".to_owned()),
        ("bad_request", "anonymous", None, "service=a&service=b".to_owned()),
    ];
    for (outcome, caller, credentials, query) in cases {
        let before = counted(&installation, outcome, caller).await;
        installation.get(&format!("/token?{query}"), credentials).await;
        assert_eq!(counted(&installation, outcome, caller).await, before + 1, "{outcome} {caller} {query}");
    }
    for number in 0..12 {
        installation.get("/token", Some(("acme+ci", &format!("{number:A>64}")))).await;
    }
    assert!(counted(&installation, "throttled", "robot").await > 0);
    installation.reconfigure("ROBOTS_DISALLOW: true\n");
    installation.get("/token", robot).await;
    assert_eq!(counted(&installation, "disallowed", "robot").await, 1);
}

#[tokio::test]
async fn request_line_and_headers_may_have_8_kib_and_no_byte_more() {
    let (installation, _) = acme();
    // `GET` has no other header here; a header counts with `: ` and the end of its line.
    let target = "/token?scope=repository:acme/base:pull";
    let rest = 8192 - target.len() - "x-padding".len() - 4;
    for (length, status) in [(rest, 200), (rest + 1, 431)] {
        let padding = "x".repeat(length);
        let answer = installation.send("GET", target, None, &[("x-padding", &padding)], "").await;
        assert_eq!(answer.status, status, "{length}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a refusal that comes too early tells how much was checked")]
async fn no_wrong_login_is_answered_before_ten_milliseconds_have_passed() {
    let (installation, secret) = acme();
    for (name, secret) in [("acme+none", secret.as_str()), ("acme+ci", "wrong"), ("acme+ci", &"A".repeat(64))]
    {
        let started = Instant::now();
        let answer = installation.get(&format!("/token?{SCOPE}"), Some((name, secret))).await;
        assert_eq!(answer.status, 401);
        assert!(started.elapsed() >= Duration::from_millis(10), "{name}");
    }
}

#[tokio::test]
async fn an_empty_service_is_the_first_one() {
    let (installation, secret) = acme();
    let answer = installation.get("/token?service=", Some(("acme+ci", &secret))).await;
    assert_eq!(claims(&answer)["aud"], "registry.example");
}

#[tokio::test]
async fn the_base_of_the_registry_is_open_to_tokens_that_are_valid_now() {
    let (installation, secret) = acme();
    let answer = installation.get(&format!("/token?{SCOPE}"), Some(("acme+ci", &secret))).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let ask = async |authorization: &str| {
        let headers = [("authorization", authorization)];
        installation.send("GET", "/v2/", None, &headers, "").await
    };
    let bearer = format!("Bearer {token}");
    let open = ask(&bearer).await;
    assert_eq!((open.status, open.text().as_str()), (200, "true"));
    for wrong in ["Bearer ", "Bearer x", &bearer[..bearer.len() - 4], &token, &format!("Basic {token}")] {
        let refused = ask(wrong).await;
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(refused.status == 401 && challenge.contains("service=\"registry.example\""), "{challenge}");
    }
    installation.advance(400);
    assert_eq!(ask(&bearer).await.status, 401);
}
