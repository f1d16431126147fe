//! What is the same for every route: request lines that are none, methods, slashes, escapes, bodies, flags, and the headers
//! of every answer.

use super::{ALL, Acme, assert_api_error};
use crate::support::Answer;
use dockpass::http::api::{Access, ApiRoute, Payload};
use serde_json::{Value, json};

const ROBOT: &str = "/organization/acme/robots/fresh";

impl Acme {
    /// Sends a body as it stands, of this type.
    async fn raw(&self, token: &str, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if !content_type.is_empty() {
            headers.push(("content-type", content_type));
        }
        self.installation.send(method, &format!("/api/v1{path}"), None, &headers, body).await
    }
}

/// A path that fits a template.
fn path(template: &str) -> String {
    let filled = template.replace("{repository}", "acme/app").replace("{orgname}", "acme");
    filled.replace(['{', '}'], "")
}

#[tokio::test]
async fn paths_that_are_none_are_not_found_whatever_is_sent_there() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let nowhere = [
        "/",
        "/nothing",
        "/user/nothing/at/all",
        "/organization/acme/robots/ci/",
        "//user/",
        "/organization/acme/robots/a/b/c",
        "/organization/acme/team/devs/invite/somebody@example.com",
    ];
    for path in nowhere {
        for method in ["GET", "PUT", "DELETE"] {
            for token in ["", alice.as_str()] {
                let answer = acme.send(token, method, path, &Value::Null).await;
                assert_api_error(&answer, 404, "not_found", "Not Found");
            }
        }
    }
}

#[tokio::test]
async fn methods_that_a_path_lacks_are_told_with_those_that_it_has() {
    let acme = Acme::new();
    let text = r#"{"message":"The method is not allowed for the requested URL."}"#;
    for endpoint in ApiRoute::endpoints() {
        let path = path(endpoint.template);
        for method in ["PATCH", "TRACE"] {
            let answer = acme.send("", method, &path, &Value::Null).await;
            assert_eq!((answer.status, answer.text().as_str()), (405, text), "{method} {path}");
            let allowed = answer.header("allow").unwrap();
            assert!(allowed.split(", ").any(|allowed| allowed == endpoint.method), "{path}: {allowed}");
        }
    }
}

#[tokio::test]
async fn every_path_that_ends_in_a_slash_is_shown_to_whoever_leaves_it_out() {
    let acme = Acme::new();
    let slashed = ApiRoute::endpoints().filter(|endpoint| endpoint.template.ends_with('/'));
    let mut seen = 0;
    for endpoint in slashed {
        let path = path(endpoint.template);
        let bare = format!("{}?a=%20b&c", path.trim_end_matches('/'));
        let answer = acme.send("", endpoint.method, &bare, &json!({})).await;
        let location = format!("/api/v1{path}?a=%20b&c");
        assert_eq!((answer.status, answer.header("location")), (308, Some(location.as_str())), "{bare}");
        seen += 1;
    }
    assert!(seen > 5);
}

#[tokio::test]
async fn a_repository_is_found_however_its_slashes_are_escaped_and_never_by_two_escapes() {
    let acme = Acme::new();
    acme.installation.repository("acme/team/web", "private");
    let alice = acme.token("alice", ALL);
    for name in
        ["acme/team/web", "acme%2Fteam%2Fweb", "acme%2fteam/web", "acme/team%2Fweb", "%61cme/team/web"]
    {
        for below in ["", "/permissions/user/", "/permissions/team/", "/logs"] {
            let answer = acme.get(&alice, &format!("/repository/{name}{below}")).await;
            assert_eq!(answer.status, 200, "{name}{below}");
        }
        let path = format!("/repository/{name}/permissions/user/acme%2Bci");
        assert_eq!(acme.send(&alice, "PUT", &path, &json!({ "role": "read" })).await.status, 200, "{path}");
        assert_eq!(acme.delete(&alice, &path).await.status, 204, "{path}");
    }
    for name in [
        "acme%252Fteam%252Fweb",
        "acme/../acme/team/web",
        "acme/team/web%00",
        "acme/%2e%2e/web",
        "acme//team/web",
    ] {
        let status = acme.get(&alice, &format!("/repository/{name}")).await.status;
        assert!([400, 403, 404].contains(&status), "{name}: {status}");
    }
}

#[tokio::test]
async fn flags_of_a_query_are_true_but_for_six_words() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let shows = async |query: &str| {
        let list = acme.get(&alice, &format!("/organization/acme/robots?{query}")).await.json();
        list["robots"][0].get("token").is_some()
    };
    for word in ["false", "False", "FALSE", "0", "", "null"] {
        assert!(!shows(&format!("token={word}")).await, "{word:?}");
    }
    for word in ["true", "True", "1", "no", "off", "fALSE", "%20"] {
        assert!(shows(&format!("token={word}")).await, "{word:?}");
    }
    assert!(shows("").await, "what is not sent is as documented");
    let twice = acme.get(&alice, "/organization/acme/robots?token=true&token=false").await;
    assert_eq!(twice.status, 400, "nobody knows which of the two was meant");
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_json_are_refused_on_every_route_and_change_nothing() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let before = acme.installation.row_counts();
    let large = format!(r#"{{"description":"{}"}}"#, "a".repeat(65 * 1024));
    let deep = "[".repeat(10_000);
    let json_type = "application/json";
    let malformed =
        r#"{"message":"The browser (or proxy) sent a request that this server could not understand."}"#;
    let not_json = r#"{"message":"Did not attempt to load JSON data because the request Content-Type was not 'application/json'."}"#;
    for endpoint in ApiRoute::endpoints() {
        let (Payload::Optional(_) | Payload::Required(_)) = endpoint.spec.payload else { continue };
        // Open to everybody, these look at no access token.
        if matches!(endpoint.spec.access, Access::Open | Access::Csrf) {
            continue;
        }
        let path = path(endpoint.template);
        for (content_type, body, status, text) in [
            (json_type, large.as_str(), 413, None),
            (json_type, "{", 400, Some(malformed)),
            (json_type, deep.as_str(), 400, Some(malformed)),
            (json_type, "{\"a\":1}{", 400, Some(malformed)),
            (json_type, "\u{feff}{}", 400, Some(malformed)),
            ("text/plain", "{}", 415, Some(not_json)),
            ("application/x-www-form-urlencoded", "role=read", 415, Some(not_json)),
            ("", "{}", 415, Some(not_json)),
        ] {
            let answer = acme.raw(&alice, endpoint.method, &path, content_type, body).await;
            // Who may not do it at all may be told that first.
            if answer.status == 403 {
                continue;
            }
            let shown = body.get(..20).unwrap_or(body);
            assert_eq!(
                answer.status,
                status,
                "{} {shown} as {content_type:?}: {}",
                endpoint.id,
                answer.text()
            );
            if let Some(text) = text {
                assert_eq!(answer.text(), text, "{}", endpoint.id);
            }
        }
        let null = acme.raw(&alice, endpoint.method, &path, json_type, "null").await;
        if null.status != 403 {
            assert_api_error(&null, 400, "invalid_request", "Missing JSON body");
        }
    }
    assert_eq!(acme.installation.row_counts(), before);
    let charset = acme.raw(&alice, "PUT", ROBOT, "Application/JSON; charset=utf-8", "{}").await;
    assert_eq!(charset.status, 201);
}

#[tokio::test]
async fn a_browser_must_say_that_a_script_of_ours_asks() {
    let acme = Acme::new();
    let alice = format!("Bearer {}", acme.token("alice", ALL));
    let ask = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[("authorization", alice.as_str())]].concat();
        acme.installation.send("GET", "/api/v1/user/robots", None, &headers, "").await
    };
    let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
    let refused = ask(&[browser]).await;
    let text =
        r#"{"error":"API calls must be invoked with an X-Requested-With header if called from a browser"}"#;
    assert_eq!((refused.status, refused.text().as_str()), (400, text));
    assert_eq!(ask(&[browser, ("x-requested-with", "XMLHttpRequest")]).await.status, 200);
    assert_eq!(ask(&[("user-agent", "curl/8.14")]).await.status, 200);
}

#[tokio::test]
async fn nobody_comes_without_credentials_where_that_is_off_and_nothing_changes_while_read_only() {
    let acme = Acme::with("FEATURE_ANONYMOUS_ACCESS: false\nREGISTRY_STATE: readonly\n");
    for path in ["/organization/acme", "/repository/acme/base", "/users/alice"] {
        let refused = acme.get("", path).await;
        let text = r#"{"error":"Anonymous access is not allowed"}"#;
        assert_eq!((refused.status, refused.text().as_str()), (401, text), "{path}");
    }
    let alice = acme.token("alice", ALL);
    let refused = acme.send(&alice, "PUT", ROBOT, &Value::Null).await;
    let body = json!({
        "message": "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
        "is_readonly": true,
    });
    assert_eq!((refused.status, refused.json()), (503, body));
    assert_eq!(acme.get(&alice, "/organization/acme/robots").await.status, 200);
}

#[tokio::test]
async fn scripts_of_other_sites_may_ask_and_are_told_what() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    for (token, path) in
        [(alice.as_str(), "/user/robots"), ("", "/user/robots"), ("", "/nothing"), ("", "/user")]
    {
        let answer = acme.get(token, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "cookies stay where they belong");
    }
    let preflight = acme.send("", "OPTIONS", "/organization/acme/robots/ci", &Value::Null).await;
    assert_eq!((preflight.status, preflight.text()), (200, String::new()));
    let allowed = preflight.header("access-control-allow-methods").unwrap();
    assert!(["GET", "PUT", "DELETE"].iter().all(|method| allowed.contains(method)), "{allowed}");
    let headers = preflight.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("Authorization") && headers.contains("Content-Type"), "{headers}");
}
