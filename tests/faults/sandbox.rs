//! What `deploy/dockpass.service` takes away is nothing that dockpass needs: every system call of a start, a session and an
//! end is looked at from outside.

use super::site::Site;
use crate::e2e::http;
use crate::e2e::process::{signal, wait_until};
use crate::support::{Issuer, IssuerKey};
use dockpass::domain::time::Clock;
use dockpass::system::SystemClock;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The system calls of one of systemd's sets, with those of the sets in it; none where there is no systemd.
fn calls(set: &str, found: &mut BTreeSet<String>) {
    let Ok(output) = Command::new("systemd-analyze").args(["syscall-filter", set]).output() else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    for word in text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if word.starts_with('@') {
            calls(word, found);
        } else {
            found.insert(word.to_owned());
        }
    }
}

/// The settings of the unit that begin with `name`.
fn setting<'a>(unit: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    unit.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix('='))
}

/// Everything that a server does from start to end, as `strace` writes it: one call on a line.
fn trace(site: &Site, issuer: &Issuer) -> String {
    let file = site.path("trace").display().to_string();
    let mut strace = site.serve(&["strace", "-f", "-qq", "-o", &file]);
    let id = strace.0.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let server: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
    let body = br#"{"username": "root", "password": "root's-password-1", "access_token": true}"#;
    let headers = [("content-type", "application/json")];
    let reply = http::send("POST", &site.url("/api/v1/user/initialize"), &headers, body);
    let bearer = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let federation = json!([{ "issuer": issuer.url(), "subject": "job" }]).to_string();
    for (method, path, body) in [
        ("POST", "/organization/", &br#"{"name": "acme", "email": "acme@example.com"}"#[..]),
        ("PUT", "/organization/acme/robots/ci", b"{}"),
        ("POST", "/organization/acme/robots/ci/regenerate", b"{}"),
        ("POST", "/organization/acme/robots/ci/federation", federation.as_bytes()),
    ] {
        let reply = http::send(method, &site.url(&format!("/api/v1{path}")), &headers, body);
        assert!(reply.status < 300, "{method} {path}: {reply:?}");
    }
    assert_eq!(site.token("acme+ci", &"A".repeat(64), "repository:acme/app:pull").0, 401);
    // An issuer is looked up, connected to and asked.
    let key = IssuerKey::ec("1");
    issuer.publish(&[&key]);
    let now = SystemClock.now().0;
    let claims = json!({
        "iss": issuer.url(), "sub": "job", "aud": "localhost:5000", "iat": now, "exp": now + 300,
    });
    let basic = http::basic("acme+ci", &key.token(&claims));
    let exchange = site.url("/oauth2/federation/robot/token");
    let exchanged = http::get(&exchange, &[("authorization", &basic)]);
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    assert_eq!(http::get(&site.url("/signin"), &[]).status, 200);
    assert_eq!(http::get(&site.url("/metrics"), &[]).status, 200);
    // The configuration, keys and certificate are read again; other processes change the database meanwhile.
    signal(server, "HUP");
    site.ok(&["robot", "create", "acme+cd"]);
    // What is done once a second.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    signal(server, "TERM");
    assert!(wait_until(60, || strace.0.try_wait().unwrap().is_some()), "{}", site.log());
    fs::read_to_string(file).unwrap()
}

#[test]
#[ignore = "needs strace"]
fn the_unit_forbids_nothing_that_the_server_does() {
    let unit = include_str!("../../deploy/dockpass.service");
    let issuer = Issuer::start();
    let site = Site::with(&issuer.config());
    let trace = trace(&site, &issuer);
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    for set in setting(unit, "SystemCallFilter") {
        let (sets, into) = set.strip_prefix('~').map_or((set, &mut allowed), |sets| (sets, &mut denied));
        sets.split(' ').for_each(|set| calls(set, into));
    }
    if allowed.is_empty() {
        println!("SKIPPED: the filter of system calls: there is no systemd-analyze");
    }
    // `PID call(arguments) = result`.
    let lines = trace.lines().filter_map(|line| line.split_once(' ').map(|(_, call)| call.trim_start()));
    let calls = lines.filter_map(|line| line.split_once('(')).filter(|(call, _)| !call.contains(' '));
    let lines: Vec<(&str, &str)> = calls.collect();
    assert!(lines.len() > 500, "too few calls for a session");
    let families: BTreeSet<_> =
        setting(unit, "RestrictAddressFamilies").flat_map(|families| families.split(' ')).collect();
    for (call, rest) in lines {
        // Made for root alone, who leaves files to those that they belong to; the unit's user is another.
        let root = call == "fchown";
        let kept = root || allowed.is_empty() || (allowed.contains(call) && !denied.contains(call));
        assert!(kept, "SystemCallFilter forbids {call}({rest}");
        // MemoryDenyWriteExecute
        let maps = ["mmap", "mprotect"].contains(&call) && rest.contains("PROT_EXEC");
        assert!(!(maps && rest.contains("PROT_WRITE")), "{call}({rest}");
        if call == "socket" {
            let family = rest.split(',').next().unwrap();
            assert!(families.contains(family), "RestrictAddressFamilies forbids {call}({rest}");
        }
        // ProtectSystem=strict: nothing is written but below the state directory.
        let writes =
            call == "openat" && ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| rest.contains(flag));
        let path = rest.split('"').nth(1).unwrap_or_default();
        let elsewhere = path.starts_with('/') && !path.starts_with(&site.path("").display().to_string());
        assert!(!writes || !elsewhere || path.starts_with("/dev/"), "{call}({rest}");
    }
}
