//! What `dockpass doctor` finds. Real registries are looked at by the tests in `e2e`.

use super::Home;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;

/// The result of each check, by name; the worst where there are several.
fn results(home: &Home, code: i32, arguments: &[&str]) -> Vec<(String, String, String)> {
    let run = home.run(&[&["doctor", "--output", "json"], arguments].concat());
    assert_eq!(run.code, code, "{run:?}");
    let findings: Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    let findings = findings.as_array().unwrap().iter();
    findings.map(|finding| (text(finding, "check"), text(finding, "result"), text(finding, "text"))).collect()
}

fn found(results: &[(String, String, String)], check: &str, result: &str, text: &str) -> bool {
    results.iter().any(|(c, r, t)| c == check && r == result && t.contains(text))
}

/// A registry that answers every request with `answer`, and those with a token with 200.
fn registry(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let authorized =
                String::from_utf8_lossy(&request[..length]).to_lowercase().contains("authorization:");
            let answer = if authorized { "200 OK\r\n" } else { answer };
            let _ = write!(stream, "HTTP/1.1 {answer}Content-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    url
}

fn home() -> Home {
    let home = Home::empty();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    home.write(
        "config.yaml",
        &format!("LISTEN: [127.0.0.1:{port}]\nTOKEN_REALM: http://localhost:{port}/v2/auth\n"),
    );
    home
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let home = home();
    let results = results(&home, 1, &[]);
    assert!(found(&results, "keys", "fail", "no directory"), "{results:?}");
    assert!(!home.path("keys").exists() && !home.path("data").exists());
}

#[test]
fn a_service_that_does_not_run_is_told() {
    let home = home();
    home.ok(&["init"]);
    let results = results(&home, 1, &[]);
    assert!(found(&results, "keys", "ok", "ES256"), "{results:?}");
    assert!(found(&results, "database", "ok", "undamaged"), "{results:?}");
    assert!(found(&results, "clock", "ok", ""), "{results:?}");
    assert!(found(&results, "listen", "warn", "does not run"), "{results:?}");
    assert!(found(&results, "realm", "fail", "cannot connect"), "{results:?}");
}

#[test]
fn damage_and_loose_modes_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    home.ok(&["init"]);
    let loosen = |name: &str| {
        std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    };
    loosen("data/dockpass.db");
    assert!(found(&results(&home, 1, &[]), "database", "warn", "0644"));
    loosen("keys/seal.key");
    assert!(found(&results(&home, 1, &[]), "keys", "fail", "seal.key"));
}

#[test]
fn a_registry_without_authentication_is_found() {
    let home = home();
    home.ok(&["init"]);
    let open = registry("200 OK\r\n");
    let seen = results(&home, 1, &["--registry", &open]);
    assert!(found(&seen, "registry", "fail", "open to everybody"), "{seen:?}");
    let htpasswd = registry("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n");
    let seen = results(&home, 1, &["--registry", &htpasswd]);
    assert!(found(&seen, "registry", "fail", "does not ask for a token"), "{seen:?}");
}

#[test]
fn a_registry_that_takes_any_token_is_found() {
    let home = home();
    home.ok(&["init"]);
    let credulous = registry(
        "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://elsewhere.example/\",service=\"localhost:5000\"\r\n",
    );
    let seen = results(&home, 1, &["--registry", &credulous]);
    assert!(found(&seen, "registry", "fail", "elsewhere.example"), "{seen:?}");
    assert!(found(&seen, "trust", "ok", ""), "{seen:?}");
    assert!(
        found(&seen, "forgeries", "fail", "expired, for another service, with an altered signature"),
        "{seen:?}"
    );
    let foreign =
        registry("401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://x/\",service=\"other\"\r\n");
    let seen = results(&home, 1, &["--registry", &foreign]);
    assert!(found(&seen, "registry", "fail", "is the service other"), "{seen:?}");
}
