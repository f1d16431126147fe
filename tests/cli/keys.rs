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
