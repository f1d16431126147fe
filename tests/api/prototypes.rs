//! `/organization/{orgname}/prototypes`: default permissions.

use super::{ALL, Acme, assert_api_error};
use serde_json::{Value, json};

const PROTOTYPES: &str = "/organization/acme/prototypes";

#[tokio::test]
async fn a_default_permission_is_made_changed_listed_and_deleted() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let new = json!({
        "role": "write",
        "activating_user": { "name": "eve" },
        "delegate": { "name": "acme+ci", "kind": "user", "is_robot": true },
    });
    let answer = acme.send(&owner, "POST", PROTOTYPES, &new).await;
    let made = answer.json();
    assert_eq!(answer.status, 200, "{made}");
    let expected = json!({
        "activating_user": {
            "name": "eve",
            "is_robot": false,
            "kind": "user",
            "is_org_member": false,
            "avatar": made["activating_user"]["avatar"],
        },
        "delegate": {
            "name": "acme+ci",
            "is_robot": true,
            "kind": "user",
            "is_org_member": true,
            "avatar": made["delegate"]["avatar"],
        },
        "role": "write",
        "id": made["id"],
    });
    assert_eq!(made.to_string(), expected.to_string());
    assert_eq!(made["id"].as_str().unwrap().len(), 36, "a UUID");

    let team = json!({ "role": "read", "delegate": { "name": "devs", "kind": "team" } });
    let made_for_team = acme.send(&owner, "POST", PROTOTYPES, &team).await.json();
    assert_eq!(made_for_team["activating_user"], Value::Null);
    let delegate = json!({ "name": "devs", "kind": "team", "avatar": made_for_team["delegate"]["avatar"] });
    assert_eq!(made_for_team["delegate"], delegate);
    let listed = acme.get(&owner, PROTOTYPES).await.json();
    assert_eq!(listed, json!({ "prototypes": [made, made_for_team] }));

    let one = format!("{PROTOTYPES}/{}", made["id"].as_str().unwrap());
    let changed = acme.send(&owner, "PUT", &one, &json!({ "role": "admin", "id": made["id"] })).await;
    let mut wanted = made.clone();
    wanted["role"] = json!("admin");
    assert_eq!((changed.status, changed.json()), (200, wanted));
    let answer = acme.delete(&owner, &one).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    for answer in
        [acme.delete(&owner, &one).await, acme.send(&owner, "PUT", &one, &json!({ "role": "read" })).await]
    {
        assert_api_error(&answer, 404, "not_found", "Not Found");
    }
    for kind in ["create_prototype_permission", "modify_prototype_permission", "delete_prototype_permission"]
    {
        let event = &acme.installation.events(kind)[0];
        assert_eq!(event["prototypeid"], made["id"], "{kind}");
        assert_eq!(event["delegate_user"], "acme+ci");
        assert_eq!(event["activating_username"], "eve");
        assert!(event["oauth_token_id"].is_string(), "which token it was");
    }
}

#[tokio::test]
async fn default_permissions_that_cannot_be_are_refused_in_quays_words() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let delegate = |name: &str, kind: &str| json!({ "name": name, "kind": kind });
    let cases = [
        (json!({ "role": "read", "delegate": delegate("nobody", "user") }), "Missing delegate user or team"),
        (json!({ "role": "read", "delegate": delegate("other", "user") }), "Missing delegate user or team"),
        (json!({ "role": "read", "delegate": delegate("gone", "team") }), "Missing delegate user or team"),
        (
            json!({ "role": "read", "delegate": delegate("bob", "user"), "activating_user": { "name": "nobody" } }),
            "Unknown activating user",
        ),
        (
            json!({ "role": "read", "delegate": delegate("other+ci", "user") }),
            "Cannot add robot other+ci under namespace acme",
        ),
        (
            json!({ "role": "read", "delegate": delegate("bob", "user"), "activating_user": { "name": "other+ci" } }),
            "Cannot add robot other+ci under namespace acme",
        ),
        (json!({ "role": "read" }), "'delegate' is a required property"),
        (json!({ "delegate": delegate("bob", "user") }), "'role' is a required property"),
        (
            json!({ "role": "own", "delegate": delegate("bob", "user") }),
            "'own' is not one of ['read', 'write', 'admin']",
        ),
        (
            json!({ "role": "read", "delegate": delegate("bob", "robot") }),
            "'robot' is not one of ['user', 'team']",
        ),
        (json!([]), "[] is not of type 'object'"),
    ];
    for (body, text) in cases {
        let answer = acme.send(&owner, "POST", PROTOTYPES, &body).await;
        assert_api_error(&answer, 400, "invalid_request", text);
    }
    assert_eq!(acme.get(&owner, PROTOTYPES).await.json(), json!({ "prototypes": [] }));
}

#[tokio::test]
async fn default_permissions_are_for_administrators() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let new = json!({ "role": "read", "delegate": { "name": "bob", "kind": "user" } });
    let made = acme.send(&owner, "POST", PROTOTYPES, &new).await.json();
    assert_eq!(made["delegate"]["is_org_member"], true);
    let one = format!("{PROTOTYPES}/{}", made["id"].as_str().unwrap());
    let foreign = one.replace("acme", "other");
    let root = acme.token("root1", ALL);
    for token in [&acme.token("bob", ALL), &acme.token("eve", ALL), &root, &acme.token("alice", "user:admin")]
    {
        for (method, path) in [("GET", PROTOTYPES), ("POST", PROTOTYPES), ("PUT", &one), ("DELETE", &one)] {
            let answer = acme.send(token, method, path, &new).await;
            assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
        }
    }
    let auditor = acme.token("auditor", ALL);
    assert_eq!(acme.get(&auditor, PROTOTYPES).await.status, 200);
    assert_eq!(acme.delete(&auditor, &one).await.status, 403);
    assert_eq!(acme.delete(&owner, &foreign).await.status, 403, "its id does not open it elsewhere");
    acme.installation.member("other", "owners", "alice");
    assert_eq!(acme.delete(&owner, &foreign).await.status, 404);
    assert_eq!(acme.get("", PROTOTYPES).await.status, 401);
    assert_eq!(acme.send("", "POST", PROTOTYPES, &new).await.status, 403);
}
