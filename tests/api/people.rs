//! The calling user, other users, tokens, super-users and the audit trail.

use super::{ALL, Acme, assert_api_error, assert_message};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_sees_itself_with_its_organizations_and_little_of_others() {
    let acme = Acme::new();
    let alice = acme.token("alice", "user:read");
    let me = acme.get(&alice, "/user/").await.json();
    assert_eq!((&me["username"], &me["email"]), (&json!("alice"), &json!("alice@example.com")));
    assert_eq!(me["organizations"][0]["name"], "acme");
    assert_eq!(me["organizations"][0]["is_org_admin"], true);
    let other = acme.get("", "/users/bob").await;
    assert_eq!(other.status, 200);
    assert_eq!(other.json()["username"], "bob");
    assert!(!other.text().contains("example.com"), "no address of others");
    for name in ["nobody", "acme", "acme+ci"] {
        let missing = acme.get("", &format!("/users/{name}")).await;
        assert_eq!(
            (missing.status, missing.text()),
            (404, r#"{"message":"Not Found"}"#.to_owned()),
            "{name}"
        );
    }
    let slash = acme.get(&alice, "/user").await;
    assert_eq!((slash.status, slash.header("location")), (308, Some("/api/v1/user/")));
}

#[tokio::test]
async fn a_user_changes_and_deletes_itself_but_orphans_no_organization() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let changed = acme.send(&alice, "PUT", "/user/", &json!({ "email": "new@example.com" })).await;
    assert_eq!(changed.json()["email"], "new@example.com");
    assert_message(
        &acme.send(&alice, "PUT", "/user/", &json!({ "email": "bob@example.com" })).await,
        "The email address is already used",
    );
    assert_eq!(acme.send(&alice, "PUT", "/user/", &json!({ "password": "short" })).await.status, 400);
    assert_message(
        &acme.send(&alice, "PUT", "/user/", &json!({ "username": "alicia" })).await,
        "Username cannot be changed",
    );
    assert_message(
        &acme.delete(&alice, "/user/").await,
        "Cannot delete alice as you are the only admin for organizations: acme",
    );
    let bob = acme.token("bob", ALL);
    assert_eq!(acme.delete(&bob, "/user/").await.status, 204);
    assert_eq!(acme.get("", "/users/bob").await.status, 404);
    assert_eq!(acme.get(&bob, "/user/").await.status, 401);
}

#[tokio::test]
async fn a_renamed_user_takes_its_robots_along() {
    let acme = Acme::with("FEATURE_USER_RENAME: true\n");
    let secret = acme.installation.robot("alice+ci");
    let alice = acme.token("alice", ALL);
    assert_message(
        &acme.send(&alice, "PUT", "/user/", &json!({ "username": "root1" })).await,
        "Username cannot be changed",
    );
    let renamed = acme.send(&alice, "PUT", "/user/", &json!({ "username": "alicia" })).await;
    assert_eq!((renamed.status, renamed.json()["username"].clone()), (200, json!("alicia")));
    let log_in = |name: &'static str| acme.installation.get("/token", Some((name, &secret)));
    assert_eq!(log_in("alicia+ci").await.status, 200);
    assert_eq!(log_in("alice+ci").await.status, 401);
}

#[tokio::test]
async fn application_tokens_belong_to_their_user_alone() {
    let acme = Acme::new();
    let (alice, bob) = (acme.token("alice", "user:admin"), acme.token("bob", "user:admin"));
    let made = acme.send(&alice, "POST", "/user/apptoken", &json!({ "title": "laptop" })).await.json();
    let (uuid, code) =
        (made["token"]["uuid"].as_str().unwrap(), made["token"]["token_code"].as_str().unwrap());
    assert_eq!(code.len(), 120);
    let path = format!("/user/apptoken/{uuid}");
    assert_eq!(acme.get(&alice, &path).await.json()["token"]["token_code"], code);
    let list = acme.get(&alice, "/user/apptoken").await;
    assert_eq!(list.json()["only_expiring"], false);
    assert!(!list.text().contains(code));
    for method in ["GET", "DELETE"] {
        assert_eq!(acme.send(&bob, method, &path, &Value::Null).await.status, 404, "{method}");
    }
    assert_eq!(acme.installation.get("/token", Some(("$app", code))).await.status, 200);
    assert_eq!(acme.delete(&alice, &path).await.status, 204);
    assert_eq!(acme.installation.get("/token", Some(("$app", code))).await.status, 401);
    let read = acme.token("alice", "user:read");
    assert_eq!(acme.get(&read, "/user/apptoken").await.status, 403);
}

#[tokio::test]
async fn applications_and_their_tokens_are_made_shown_and_revoked() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let path = "/organization/acme/applications";
    let made = acme.send(&alice, "POST", path, &json!({ "name": "tool", "description": "d" })).await;
    assert_eq!(made.status, 200);
    let made = made.json();
    let client = made["client_id"].as_str().unwrap();
    assert_eq!((client.len(), made["client_secret"].as_str().unwrap().len()), (20, 40));
    let one = format!("{path}/{client}");
    let changed = acme.send(&alice, "PUT", &one, &json!({ "name": "other" })).await.json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("other"), &json!("d")));
    let reset = acme.send(&alice, "POST", &format!("{one}/resetclientsecret"), &Value::Null).await.json();
    assert_ne!(reset["client_secret"], made["client_secret"]);
    let tokens = format!("{one}/tokens");
    for (body, text) in [
        (json!({ "name": " ", "scope": "repo:read" }), "'name' must not be empty"),
        (json!({ "name": "t", "scope": "repo:fly" }), "Invalid scope: repo:fly"),
    ] {
        assert_message(&acme.send(&alice, "POST", &tokens, &body).await, text);
    }
    let body = json!({ "name": "t", "scope": "repo:read,user:read", "expiration": 60 });
    let minted = acme.send(&alice, "POST", &tokens, &body).await.json();
    let (token, uuid) = (minted["token"].as_str().unwrap(), minted["uuid"].as_str().unwrap());
    assert_eq!(minted["expires_at"], "2026-11-24T06:01:00Z");
    assert_eq!(acme.get(token, "/user/").await.json()["username"], "alice");
    let list = acme.get(&alice, &tokens).await;
    assert_eq!(list.json()["tokens"][0]["uuid"], uuid);
    assert!(!list.text().contains(token));
    assert_eq!(acme.delete(&alice, &format!("{tokens}/{uuid}")).await.status, 204);
    assert_eq!(acme.delete(&alice, &format!("{tokens}/{uuid}")).await.status, 404);
    assert_eq!(acme.get(token, "/user/").await.status, 401);
    assert_eq!(acme.delete(&alice, &one).await.status, 204);
    assert_eq!(acme.get(&alice, &one).await.status, 404);
}

#[tokio::test]
async fn an_access_token_makes_no_stronger_one_and_no_outsider_sees_applications() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let made =
        acme.send(&alice, "POST", "/organization/acme/applications", &json!({ "name": "tool" })).await.json();
    let one = format!("/organization/acme/applications/{}", made["client_id"].as_str().unwrap());
    let weak = acme.token("alice", "org:admin");
    let tokens = format!("{one}/tokens");
    let refused =
        acme.send(&weak, "POST", &tokens, &json!({ "name": "t", "scope": "org:admin repo:read" })).await;
    assert_api_error(&refused, 403, "insufficient_scope", "Unauthorized");
    assert_eq!(
        acme.send(&weak, "POST", &tokens, &json!({ "name": "t", "scope": "org:admin" })).await.status,
        200
    );
    for outsider in ["bob", "eve"] {
        let token = acme.token(outsider, ALL);
        for path in ["/organization/acme/applications", one.as_str(), tokens.as_str()] {
            assert_eq!(acme.get(&token, path).await.status, 403, "{outsider} {path}");
        }
    }
    let auditor = acme.token("auditor", ALL);
    let seen = acme.get(&auditor, &one).await;
    assert_eq!(
        (seen.status, seen.json()["client_secret"].clone()),
        (200, Value::Null),
        "read-only sees no secret"
    );
    let elsewhere = one.replace("/acme/", "/other/");
    assert_eq!(acme.get(&acme.token("root1", ALL), &elsewhere).await.status, 403);
}

#[tokio::test]
async fn super_users_administer_users_and_nobody_else_does() {
    let acme = Acme::new();
    let root = acme.token("root1", ALL);
    let made = acme.send(&root, "POST", "/superuser/users/", &json!({ "username": "carol" })).await.json();
    let password = made["password"].as_str().unwrap();
    assert_eq!(password.len(), 32);
    assert_eq!(acme.installation.get("/token", Some(("carol", password))).await.status, 200);
    let disabled =
        acme.send(&root, "PUT", "/superuser/users/carol", &json!({ "enabled": false })).await.json();
    assert_eq!(disabled["enabled"], true, "the old state, as in Quay");
    assert_eq!(acme.get(&root, "/superuser/users/carol").await.json()["enabled"], false);
    assert_eq!(acme.installation.get("/token", Some(("carol", password))).await.status, 401);
    assert_message(
        &acme.send(&root, "PUT", "/superuser/users/root1", &json!({ "enabled": false })).await,
        "Cannot update a superuser",
    );
    assert_message(&acme.delete(&root, "/superuser/users/root1").await, "Cannot delete a superuser");
    assert_eq!(acme.delete(&root, "/superuser/users/carol").await.status, 204);
    assert_eq!(acme.get(&root, "/superuser/users/carol").await.status, 404);
    let first = acme.get(&root, "/superuser/users/?limit=2").await.json();
    assert_eq!(first["users"].as_array().unwrap().len(), 2);
    let next = first["next_page"].as_str().unwrap();
    let second = acme.get(&root, &format!("/superuser/users/?limit=2&next_page={next}")).await.json();
    assert_ne!(first["users"][1]["name"], second["users"][0]["name"]);
    for (token, status) in [
        (acme.token("alice", ALL), 403),
        (acme.token("root1", "org:admin user:admin"), 403),
        (acme.token("auditor", ALL), 403),
        (String::new(), 403),
    ] {
        let refused = acme.send(&token, "POST", "/superuser/users/", &json!({ "username": "mallory" })).await;
        assert_eq!(refused.status, status);
    }
    assert_eq!(acme.get(&acme.token("auditor", ALL), "/superuser/users/").await.status, 200);
}

#[tokio::test]
async fn super_users_rename_take_over_and_delete_namespaces() {
    let acme = Acme::new();
    let root = acme.token("root1", ALL);
    let secret = acme.installation.regenerate("acme+ci");
    let renamed = acme.send(&root, "PUT", "/superuser/organizations/acme", &json!({ "name": "apex" })).await;
    assert_eq!((renamed.status, renamed.json()["name"].clone()), (200, json!("apex")));
    assert_eq!(acme.installation.get("/token", Some(("apex+ci", &secret))).await.status, 200);
    let taken = acme.send(&root, "POST", "/superuser/takeownership/apex", &Value::Null).await;
    assert_eq!((taken.status, taken.json()), (200, json!({ "namespace": "apex" })));
    assert_eq!(acme.get(&root, "/organization/apex/robots/ci").await.status, 200);
    let bob = acme.token("bob", ALL);
    acme.installation.robot("bob+ci");
    assert_eq!(acme.send(&root, "POST", "/superuser/takeownership/bob", &Value::Null).await.status, 200);
    assert_eq!(acme.get(&bob, "/user/").await.status, 401, "nobody is bob any more");
    assert_eq!(acme.installation.get("/token", Some(("bob", "bob's-password"))).await.status, 401);
    assert_eq!(acme.get(&root, "/organization/bob/robots/ci").await.status, 200);
    assert_eq!(acme.delete(&root, "/superuser/organizations/apex").await.status, 204);
    assert_eq!(acme.delete(&root, "/superuser/organizations/apex").await.status, 404);
    assert_eq!(
        acme.send(&acme.token("alice", ALL), "POST", "/superuser/takeownership/other", &Value::Null)
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn the_trail_is_read_page_by_page_by_those_who_may() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    for number in 0..25 {
        let made =
            acme.send(&alice, "PUT", &format!("/organization/acme/robots/r{number}"), &json!({})).await;
        assert_eq!(made.status, 201);
    }
    let first = acme.get(&alice, "/organization/acme/logs?performer=alice").await.json();
    assert_eq!(first["logs"].as_array().unwrap().len(), 20);
    let event = &first["logs"][0];
    assert_eq!((&event["kind"], &event["metadata"]["robot"]), (&json!("create_robot"), &json!("r24")));
    assert_eq!(event["datetime"], "Tue, 24 Nov 2026 06:00:00 -0000");
    assert_eq!(
        (&event["performer"]["name"], &event["performer"]["is_robot"]),
        (&json!("alice"), &json!(false))
    );
    assert!(event["metadata"]["oauth_token_id"].is_string(), "which token it was");
    let next = first["next_page"].as_str().unwrap();
    let second =
        acme.get(&alice, &format!("/organization/acme/logs?performer=alice&next_page={next}")).await.json();
    assert_eq!((second["logs"].as_array().unwrap().len(), second.get("next_page")), (5, None));
    let counted = acme.get(&alice, "/organization/acme/aggregatelogs?performer=alice").await.json();
    assert_eq!(counted["aggregated"][0]["count"], 25);
    let past =
        acme.get(&alice, "/organization/acme/logs?starttime=11/20/2026&endtime=11/23/2026").await.json();
    assert_eq!(past["logs"], json!([]));
    assert_eq!(acme.get(&alice, "/organization/acme/logs?starttime=yesterday").await.status, 400);
    assert_eq!(acme.get(&alice, "/organization/acme/logs?next_page=x").await.status, 400);
    assert_eq!(acme.get(&alice, "/repository/acme/app/logs").await.status, 200);
    assert_eq!(acme.get(&alice, "/user/logs").await.status, 200);
    for (caller, path) in [
        ("bob", "/organization/acme/logs"),
        ("eve", "/organization/acme/aggregatelogs"),
        ("bob", "/repository/acme/app/logs"),
        ("eve", "/repository/acme/missing/logs"),
        ("alice", "/organization/other/logs"),
        ("alice", "/organization/missing/logs"),
        ("alice", "/superuser/logs"),
    ] {
        assert_eq!(acme.get(&acme.token(caller, ALL), path).await.status, 403, "{caller} {path}");
    }
    for reader in ["root1", "auditor"] {
        assert_eq!(acme.get(&acme.token(reader, ALL), "/superuser/logs").await.status, 200, "{reader}");
    }
}

#[tokio::test]
async fn a_user_is_changed_as_a_whole_or_not_at_all_and_never_by_who_may_only_read() {
    let acme = Acme::with("FEATURE_USER_RENAME: true\n");
    let alice = acme.token("alice", ALL);
    let change = json!({ "email": "new@example.com", "password": "a-new-password", "username": "bob" });
    assert_eq!(acme.send(&alice, "PUT", "/user/", &change).await.status, 400, "the name is taken");
    assert_eq!(acme.get(&alice, "/user/").await.json()["email"], "alice@example.com");
    assert!(acme.installation.events("user_change_email").is_empty());
    let settings = json!({
        "email": "alice@example.org", "tag_expiration_s": 3600, "invoice_email": true, "invoice_email_address": "b@example.com",
    });
    let shown = acme.send(&alice, "PUT", "/user/", &settings).await.json();
    for (member, value) in settings.as_object().unwrap() {
        assert_eq!(shown[member], *value);
    }
    let renamed = acme.send(&alice, "PUT", "/user/", &json!({ "username": "alicia" })).await.json();
    assert_eq!((&renamed["username"], &renamed["tag_expiration_s"]), (&"alicia".into(), &3600.into()));
    let told = |kind: &str, member: &str| acme.installation.events(kind)[0][member].clone();
    assert_eq!(told("user_change_email", "old_email"), "alice@example.com");
    assert_eq!(told("user_change_name", "old_username"), "alice");
    assert_eq!(told("user_change_tag_expiration", "tag_expiration"), 3600);
    assert_eq!(
        acme.send(&alice, "PUT", "/user/", &json!({ "username": "alice" })).await.status,
        400,
        "retired"
    );
    let reader = acme.token("alicia", "user:read");
    let auditor = acme.token("auditor", ALL);
    for (token, path, body) in [
        (&reader, "/user/", json!({})),
        (&auditor, "/user/", json!({})),
        (&auditor, "/user/", json!({ "email": "new@example.com" })),
        (&auditor, "/user/", json!({ "password": "a-new-password" })),
    ] {
        let refused = acme.send(token, "PUT", path, &body).await;
        assert_api_error(&refused, 403, "insufficient_scope", "Unauthorized");
    }
    assert_api_error(&acme.delete(&auditor, "/user/").await, 403, "insufficient_scope", "Unauthorized");
    assert_eq!(acme.get(&auditor, "/user/").await.json()["email"], "auditor@example.com");
}

#[tokio::test]
async fn organizations_are_made_by_super_users_alone_where_that_is_configured() {
    let config = "FEATURE_SUPERUSERS_ORG_CREATION_ONLY: true\nCREATE_NAMESPACE_ON_PUSH: true\n";
    let acme = Acme::with(config);
    let new = json!({ "name": "fresh" });
    let refused = acme.send(&acme.token("alice", ALL), "POST", "/organization/", &new).await;
    assert_api_error(&refused, 403, "insufficient_scope", "Unauthorized");
    let push = "/v2/auth?service=registry.example&scope=repository:fresh/app:pull,push";
    for (user, status) in [("alice", 404), ("root1", 200)] {
        let pushed = acme.installation.get(push, Some((user, &format!("{user}'s-password")))).await;
        assert_eq!(pushed.status, 200);
        assert_eq!(acme.get(&acme.token(user, ALL), "/organization/fresh").await.status, status, "{user}");
    }
    let other = json!({ "name": "other-one" });
    assert_eq!(acme.send(&acme.token("root1", ALL), "POST", "/organization/", &other).await.status, 201);
}
