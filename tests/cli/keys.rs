//! Signing keys, and key files that cannot be used.

use super::Home;
use std::os::unix::fs::PermissionsExt;

fn states(home: &Home) -> Vec<String> {
    let keys = home.json(&["key", "list"]);
    let mut states: Vec<_> =
        keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states
}

#[test]
fn rotation_makes_a_key_that_signs_at_once() {
    let home = Home::new();
    assert_eq!(states(&home), ["signing"]);
    let id = home.json(&["key", "rotate"])["id"].clone();
    assert_eq!(states(&home), ["retired", "signing"]);
    let keys = home.json(&["key", "list"]);
    let signing = keys.as_array().unwrap().iter().find(|key| key["state"] == "signing").unwrap();
    assert_eq!(signing["id"], id);
    // The last tokens of the old key may still be about.
    home.ok(&["key", "prune"]);
    assert_eq!(states(&home), ["retired", "signing"]);
}

#[test]
fn a_staged_key_signs_when_it_is_activated() {
    let home = Home::new();
    let id = home.json(&["key", "rotate", "--stage"])["id"].as_str().unwrap().to_owned();
    assert_eq!(states(&home), ["published", "signing"]);
    home.ok(&["key", "activate", &id[..9]]);
    assert_eq!(states(&home), ["retired", "signing"]);
    home.fails(3, &["key", "activate", "NONE"]);
    assert!(home.fails(2, &["key", "withdraw", &id]).contains("--yes"));
    home.fails(4, &["key", "withdraw", &id, "--yes"]);
}

#[test]
fn key_files_that_others_can_read_are_refused_with_their_name() {
    let home = Home::new();
    let path = home.path("keys/verify.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    for arguments in [&["serve"][..], &["org", "list"]] {
        let message = home.fails(4, arguments);
        assert!(message.contains("verify.key") && message.contains("chmod 600"), "{message}");
    }
}

#[test]
fn a_database_of_other_keys_is_refused() {
    let home = Home::new();
    std::fs::rename(home.path("keys"), home.path("lost")).unwrap();
    let message = home.fails(4, &["org", "list"]);
    assert!(message.contains("verify key"), "{message}");
}

#[test]
fn what_is_done_to_keys_stands_in_the_audit_trail_where_there_is_one() {
    let home = Home::new();
    let staged = home.json(&["key", "rotate", "--stage"])["id"].as_str().unwrap().to_owned();
    home.ok(&["key", "activate", &staged]);
    let first = home.json(&["key", "rotate"])["id"].as_str().unwrap().to_owned();
    home.ok(&["key", "withdraw", &staged, "--yes"]);
    let events = home.json(&["audit", "list", "--limit", "4"]);
    let told: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["kind"].as_str().unwrap(), event["metadata"]["kid"].as_str().unwrap()))
        .collect();
    let expected = [
        ("service_key_delete", staged.as_str()),
        ("service_key_rotate", first.as_str()),
        ("service_key_rotate", staged.as_str()),
        ("service_key_create", staged.as_str()),
    ];
    assert_eq!(told, expected);
    // A stolen key goes although the database is lost.
    std::fs::remove_dir_all(home.path("data")).unwrap();
    let run = home.run(&["key", "withdraw", &first, "--yes"]);
    assert_eq!(run.code, 4, "the key that signs is not withdrawn: {run:?}");
    let run = home.run(&["key", "rotate"]);
    assert!(run.code == 0 && run.stderr.contains("the audit trail does not tell of this"), "{run:?}");
    assert!(!home.path("data").exists(), "no database comes into being by that");
}

#[test]
fn rows_are_sealed_with_a_new_verify_key_when_the_old_one_is_moved_away() {
    let home = Home::new();
    home.ok(&["repo", "create", "acme/app"]);
    let secret = home.ok(&["robot", "create", "acme+ci"]);
    home.ok(&["permission", "set", "acme/app", "acme+ci", "write"]);
    let key = home.path("keys/verify.key");
    let text = key.to_str().unwrap().to_owned();
    let early = home.fails(2, &["key", "reseal", "--old", &text, "--yes"]);
    assert!(early.contains("move it away first"), "{early}");
    std::fs::rename(&key, home.path("old.key")).unwrap();
    assert!(home.fails(2, &["key", "reseal", "--old", "old.key"]).contains("--yes"));
    let done = home.json(&["key", "reseal", "--old", "old.key", "--yes"]);
    assert!(done["rows"].as_u64().unwrap() > 3 && done["altered"] == serde_json::json!([]), "{done}");
    assert_eq!(home.mode("keys/verify.key"), 0o600);
    let granted = home.json(&["permission", "list", "acme/app"]);
    assert!(granted.to_string().contains("acme+ci"), "{granted}");
    assert_eq!(home.json(&["audit", "list", "--limit", "1"])[0]["kind"], "reseal_rows");
    assert!(home.fails(1, &["key", "reseal", "--old", "old.key", "--yes"]).contains("already"));
    let server = super::serving::Server::start(&home, "");
    let scope = "/v2/auth?service=localhost:5000&scope=repository:acme/app:push,pull";
    for _ in 0..2 {
        assert_eq!(
            server.status(scope, Some(("acme+ci", secret.trim()))),
            200,
            "by its hash, then by a new verifier"
        );
    }
    assert_eq!(server.status(scope, Some(("acme+ci", "WRONG"))), 401);
}
