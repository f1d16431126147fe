//! `/organization/`: organizations, members, collaborators.

use super::{ALL, Acme, assert_api_error, assert_message};
use dockpass::domain::credential::Secret;
use dockpass::service::sessions::{csrf_token, sign_in};
use dockpass::store::audit::Origin;
use serde_json::{Value, json};

#[tokio::test]
async fn whoever_makes_an_organization_owns_it() {
    let acme = Acme::new();
    let eve = acme.token("eve", "user:admin org:admin");
    let new = json!({ "name": "evecorp", "email": "corp@example.com" });
    let answer = acme.send(&eve, "POST", "/organization/", &new).await;
    assert_eq!((answer.status, answer.text().as_str()), (201, "\"Created\""));
    let shown = acme.get(&eve, "/organization/evecorp").await.json();
    let team = json!({
        "name": "owners",
        "description": "",
        "role": "admin",
        "avatar": shown["teams"]["owners"]["avatar"],
        "can_view": true,
        "repo_count": 0,
        "member_count": 1,
        "is_synced": false,
    });
    let expected = json!({
        "name": "evecorp",
        "email": "corp@example.com",
        "avatar": shown["avatar"],
        "is_admin": true,
        "is_member": true,
        "teams": { "owners": team },
        "ordered_teams": ["owners"],
        "invoice_email": false,
        "invoice_email_address": null,
        "tag_expiration_s": 1_209_600,
        "is_free_account": true,
    });
    assert_eq!(shown, expected);
    assert_eq!(shown["avatar"]["kind"], "user", "Quay says so of an organization in its own view");
    assert_eq!(acme.installation.events("org_create").last().unwrap()["namespace"], "evecorp");
}

#[tokio::test]
async fn organizations_that_cannot_be_made_are_refused_in_quays_words() {
    let acme = Acme::new();
    let eve = acme.token("eve", "user:admin");
    let post = async |body: Value| acme.send(&eve, "POST", "/organization/", &body).await;
    for taken in ["acme", "alice"] {
        assert_message(
            &post(json!({ "name": taken })).await,
            "A user or organization with this name already exists",
        );
    }
    assert_message(
        &post(json!({ "name": "Acme" })).await,
        "Invalid namespace Acme: Namespace must match expression ^([a-z0-9]+(?:[._-][a-z0-9]+)*)$",
    );
    assert_message(&post(json!({ "name": "acme2", "email": "nobody" })).await, "Invalid email address");
    assert_api_error(&post(json!({})).await, 400, "invalid_request", "'name' is a required property");
    assert_api_error(
        &post(json!({ "name": null })).await,
        400,
        "invalid_request",
        "None is not of type 'string'",
    );
    let scoped = acme.token("eve", "org:admin");
    let answer = acme.send(&scoped, "POST", "/organization/", &json!({ "name": "acme3" })).await;
    assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
    let answer = acme.send("", "POST", "/organization/", &json!({ "name": "acme3" })).await;
    assert_eq!((answer.status, answer.text().contains("CSRF token was invalid or missing.")), (403, true));
    let answer = acme.send(&eve, "POST", "/organization", &json!({ "name": "acme3" })).await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("/api/v1/organization/")));
}

#[tokio::test]
async fn what_an_organization_shows_depends_on_who_looks() {
    let acme = Acme::new();
    let owner = acme.token("alice", ALL);
    let changed =
        acme.send(&owner, "PUT", "/organization/acme", &json!({ "email": "acme@example.com" })).await;
    assert_eq!((changed.status, changed.json()["email"].as_str()), (200, Some("acme@example.com")));
    let outside = ["name", "email", "avatar", "is_admin", "is_member"].as_slice();
    let inside = [outside, &["teams", "ordered_teams"]].concat();
    let all = [
        inside.as_slice(),
        &["invoice_email", "invoice_email_address", "tag_expiration_s", "is_free_account"],
    ]
    .concat();
    let cases = [
        (String::new(), "", false, false, outside),
        (acme.token("eve", ALL), "", false, false, outside),
        (acme.token("bob", ALL), "", false, true, inside.as_slice()),
        (acme.token("bob", "repo:read"), "", false, false, outside),
        (acme.token("alice", "repo:read"), "", false, false, outside),
        (acme.token("root1", ALL), "", false, false, outside),
        (acme.token("auditor", ALL), "acme@example.com", true, true, all.as_slice()),
        (owner, "acme@example.com", true, true, all.as_slice()),
    ];
    for (token, email, admin, member, keys) in &cases {
        let answer = acme.get(token, "/organization/acme").await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "{body}");
        let found: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, *keys, "{token}");
        assert_eq!((body["email"].as_str(), &body["is_admin"]), (Some(*email), &json!(admin)));
        assert_eq!(body["is_member"], json!(member));
    }
    let seen = acme.get(&cases[2].0, "/organization/acme").await.json();
    assert_eq!(seen["ordered_teams"], json!(["owners", "devs"]), "the oldest first");
    assert_eq!(seen["teams"]["owners"]["can_view"], false);
    assert_eq!(seen["teams"]["devs"]["can_view"], true);
    for missing in ["nothing", "alice", "acme+ci"] {
        let answer = acme.get(&cases[1].0, &format!("/organization/{missing}")).await;
        assert_api_error(&answer, 404, "not_found", "Not Found");
    }
}

#[tokio::test]
async fn only_administrators_change_an_organization() {
    let acme = Acme::new();
    let body = json!({ "email": "new@example.com" });
    for token in [
        acme.token("eve", ALL),
        acme.token("bob", ALL),
        acme.token("root1", ALL),
        acme.token("auditor", ALL),
        acme.token("alice", "user:admin"),
    ] {
        for (method, body) in [("PUT", &body), ("DELETE", &Value::Null)] {
            let answer = acme.send(&token, method, "/organization/acme", body).await;
            assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
        }
    }
    let owner = acme.token("alice", "org:admin");
    for (email, text) in [("bob@example.com", "E-mail address already used")] {
        let answer = acme.send(&owner, "PUT", "/organization/acme", &json!({ "email": email })).await;
        assert_api_error(&answer, 400, "invalid_request", text);
    }
    let all = json!({
        "email": "new@example.com",
        "invoice_email": true,
        "invoice_email_address": "bills@example.com",
        "tag_expiration_s": 0,
        "unknown": [],
    });
    for _ in 0..2 {
        assert_eq!(acme.send(&owner, "PUT", "/organization/acme", &all).await.status, 200);
    }
    let changed = |kind: &str| {
        let mut written = acme.installation.events(kind);
        for event in &mut written {
            event.as_object_mut().unwrap().retain(|key, _| !key.starts_with("oauth_") && key != "namespace");
        }
        written
    };
    // What stays as it was is no change.
    assert_eq!(changed("org_change_email"), [json!({ "email": "new@example.com", "old_email": null })]);
    let invoicing =
        [json!({ "invoice_email": true }), json!({ "invoice_email_address": "bills@example.com" })];
    assert_eq!(changed("org_change_invoicing"), invoicing);
    assert_eq!(changed("org_change_tag_expiration"), [json!({ "tag_expiration": 0 })]);
    let path = "/organization/acme";
    let shown = acme.send(&owner, "PUT", path, &json!({ "invoice_email_address": null })).await.json();
    assert_eq!(shown["invoice_email_address"], Value::Null);
    assert_eq!((&shown["invoice_email"], &shown["tag_expiration_s"]), (&true.into(), &0.into()));
    assert_eq!(acme.get(&owner, path).await.json(), shown, "as it was left");
    let repository = acme.get(&acme.token("alice", ALL), "/repository/acme/app").await.json();
    assert_eq!(repository["tag_expiration_s"], 0);
    let negative = acme.send(&owner, "PUT", path, &json!({ "tag_expiration_s": -1 })).await;
    assert_api_error(&negative, 400, "invalid_request", "-1 is less than the minimum of 0");
}

#[tokio::test]
async fn a_deleted_organization_is_gone_with_its_robots() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let answer = acme.delete(&owner, "/organization/acme").await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(acme.get(&owner, "/organization/acme").await.status, 404);
    assert_eq!(acme.delete(&owner, "/organization/acme").await.status, 403, "missing is as foreign");
    assert_eq!(acme.installation.events("org_delete").len(), 1);
    assert_eq!(acme.installation.events("org_delete")[0]["namespace"], "acme");
}

#[tokio::test]
async fn a_browser_gives_the_password_again_before_it_deletes_an_organization() {
    let acme = Acme::new();
    let app = &acme.installation.app;
    let password = Secret::new("alice's-password".to_owned());
    let signed_in = sign_in(app, "alice", &password, &Origin::default(), None).await.unwrap();
    let cookie = format!("dockpass={}", signed_in.id.expose());
    let token = csrf_token(app, &signed_in.id);
    let headers = [("cookie", cookie.as_str()), ("x-csrf-token", token.as_str())];
    let delete = async |headers| {
        acme.installation.send("DELETE", "/api/v1/organization/acme", None, headers, "").await
    };
    assert_eq!(delete(&headers[..1]).await.status, 403, "without the CSRF token");
    acme.installation.advance(3600);
    let stale = delete(&headers).await;
    assert_eq!((stale.status, stale.json()["error_type"].as_str()), (401, Some("fresh_login_required")));
    let again = sign_in(app, "alice", &password, &Origin::default(), None).await.unwrap();
    let cookie = format!("dockpass={}", again.id.expose());
    let token = csrf_token(app, &again.id);
    let headers = [("cookie", cookie.as_str()), ("x-csrf-token", token.as_str())];
    assert_eq!(delete(&headers).await.status, 204);
}

#[tokio::test]
async fn who_may_change_nothing_makes_no_organization() {
    let acme = Acme::with("FEATURE_RESTRICTED_USERS: true\nRESTRICTED_USERS_WHITELIST: [bob]\n");
    let status = async |user: &str, name: &str| {
        let token = acme.token(user, ALL);
        acme.send(&token, "POST", "/organization/", &json!({ "name": name })).await.status
    };
    assert_eq!(status("auditor", "audits").await, 403);
    assert_eq!(status("eve", "evecorp").await, 403);
    assert_eq!(status("bob", "bobcorp").await, 201);
    assert_eq!(status("root1", "rootcorp").await, 201);
}

#[tokio::test]
async fn members_are_the_people_in_teams_and_collaborators_those_outside() {
    let acme = Acme::new();
    acme.installation.member("acme", "devs", "acme+ci");
    acme.installation.member("acme", "devs", "alice");
    acme.installation.grant("acme/app", "bob", "write");
    acme.installation.grant("acme/base", "eve", "read");
    acme.installation.grant("acme/app", "eve", "read");
    acme.installation.grant("acme/app", "acme+ci", "read");
    let owner = acme.token("alice", "org:admin");
    let body = acme.get(&owner, "/organization/acme/members").await.json();
    let names = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&body["members"]), ["alice", "bob"], "no robots");
    assert_eq!(names(&body["members"][0]["teams"]), ["devs", "owners"]);
    let bob = &body["members"][1];
    let keys: Vec<_> = bob.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["name", "kind", "avatar", "teams", "repositories"]);
    assert_eq!((&bob["kind"], &bob["repositories"]), (&json!("user"), &json!(["app"])));
    assert_eq!(bob["teams"][0]["avatar"]["kind"], "team");

    let body = acme.get(&owner, "/organization/acme/collaborators").await.json();
    assert_eq!(names(&body["collaborators"]), ["eve"]);
    let eve = &body["collaborators"][0];
    assert_eq!((&eve["kind"], &eve["repositories"]), (&json!("user"), &json!(["app", "base"])));
    assert_eq!(eve["avatar"]["name"], "eve");
    assert_eq!(eve.as_object().unwrap().len(), 4);

    for path in ["/members", "/collaborators", "/members/bob"] {
        for token in [acme.token("bob", ALL), acme.token("eve", ALL), acme.token("alice", "user:admin")] {
            let answer = acme.get(&token, &format!("/organization/acme{path}")).await;
            assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
        }
        let answer = acme.get("", &format!("/organization/acme{path}")).await;
        assert_api_error(&answer, 401, "invalid_token", "Requires authentication");
    }
}

#[tokio::test]
async fn a_robot_of_the_organization_is_a_member_when_asked_for_by_name() {
    let acme = Acme::new();
    acme.installation.grant("acme/app", "acme+ci", "read");
    let owner = acme.token("alice", "org:admin");
    let robot = acme.get(&owner, "/organization/acme/members/acme+ci").await.json();
    assert_eq!((&robot["name"], &robot["kind"]), (&json!("acme+ci"), &json!("robot")));
    assert_eq!((&robot["teams"], &robot["repositories"]), (&json!([]), &json!(["app"])));
    for missing in ["other+ci", "eve", "nobody", "other"] {
        let answer = acme.get(&owner, &format!("/organization/acme/members/{missing}")).await;
        assert_api_error(&answer, 404, "not_found", "Not Found");
    }
}

#[tokio::test]
async fn a_removed_member_keeps_nothing_and_each_loss_is_told() {
    let acme = Acme::new();
    acme.installation.organization("third");
    acme.installation.team("third", "devs", "member");
    acme.installation.member("third", "devs", "bob");
    acme.installation.grant("acme/app", "bob", "write");
    let owner = acme.token("alice", "org:admin");
    assert_eq!(acme.delete(&owner, "/organization/acme/members/bob").await.status, 204);
    assert_eq!(acme.get(&owner, "/organization/acme/members/bob").await.status, 404);
    let collaborators = acme.get(&owner, "/organization/acme/collaborators").await.json();
    assert_eq!(collaborators, json!({ "collaborators": [] }));
    assert_eq!(acme.installation.events("org_remove_team_member").len(), 1, "the other organization's stays");
    assert_eq!(acme.installation.events("org_remove_team_member")[0]["team"], "devs");
    assert_eq!(acme.installation.events("delete_repo_permission")[0]["username"], "bob");

    assert_message(
        &acme.delete(&owner, "/organization/acme/members/alice").await,
        "Cannot remove user as they are the only organization admin",
    );
    acme.installation.member("acme", "owners", "eve");
    assert_eq!(acme.delete(&owner, "/organization/acme/members/alice").await.status, 204);
    for missing in ["acme+ci", "nobody"] {
        let eve = acme.token("eve", "org:admin");
        let answer = acme.delete(&eve, &format!("/organization/acme/members/{missing}")).await;
        assert_api_error(&answer, 404, "not_found", "Not Found");
    }
}
