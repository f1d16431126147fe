//! `/organization/{orgname}/team/`: teams and who sits in them.

use super::{ALL, Acme, assert_api_error, assert_message};
use serde_json::{Value, json};

const DEVS: &str = "/organization/acme/team/devs";

#[tokio::test]
async fn one_call_makes_a_team_and_changes_it() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let put = async |body: Value| acme.send(&owner, "PUT", "/organization/acme/team/ops", &body).await.json();
    let made = put(json!({ "role": "creator", "description": "Operations" })).await;
    let expected = json!({
        "name": "ops",
        "description": "Operations",
        "can_view": true,
        "role": "creator",
        "avatar": made["avatar"],
        "new_team": true,
    });
    assert_eq!(made.to_string(), expected.to_string());
    let changed = put(json!({ "role": "member" })).await;
    assert_eq!(
        (&changed["description"], &changed["role"], &changed["new_team"]),
        (&json!("Operations"), &json!("member"), &json!(false)),
        "what is not sent stays"
    );
    assert_eq!(acme.installation.events("org_create_team").last().unwrap()["team"], "ops");
    assert_eq!(acme.installation.events("org_set_team_role")[0]["role"], "member");
    let name = put(json!({ "role": "own" })).await;
    assert_eq!(name["error_message"], "'own' is not one of ['member', 'creator', 'admin']");
    assert_eq!(put(json!({})).await["error_message"], "'role' is a required property");
    let answer =
        acme.send(&owner, "PUT", "/organization/acme/team/A%20b", &json!({ "role": "member" })).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].as_str().unwrap().starts_with("Invalid team name A b"));
    assert_eq!(acme.get(&owner, DEVS).await.status, 405, "Quay has no GET on a team");
}

#[tokio::test]
async fn nobody_takes_the_last_administration_away() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let owners = "/organization/acme/team/owners";
    assert_message(
        &acme.send(&owner, "PUT", owners, &json!({ "role": "member" })).await,
        "Cannot remove admin from team 'owners' because calling user would no longer have admin on org 'acme'",
    );
    assert_message(
        &acme.delete(&owner, owners).await,
        "Deleting team 'owners' would remove admin ability for user 'alice' in organization 'acme'",
    );
    assert_eq!(acme.delete(&owner, &format!("{owners}/members/alice")).await.status, 400);
    let members = acme.get(&owner, &format!("{owners}/members")).await.json();
    assert_eq!(members["members"][0]["name"], "alice", "all of it is as it was");
    assert!(acme.installation.events("org_set_team_role").is_empty());
}

#[tokio::test]
async fn a_deleted_team_is_gone() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    assert_eq!(acme.delete(&owner, DEVS).await.status, 204);
    assert_message(&acme.delete(&owner, DEVS).await, "Team 'devs' is not a team in org 'acme'");
    assert_eq!(acme.installation.events("org_delete_team")[0]["team"], "devs");
}

#[tokio::test]
async fn members_come_and_go() {
    let acme = Acme::new();
    let owner = acme.token("alice", "org:admin");
    let put =
        async |member: &str| acme.send(&owner, "PUT", &format!("{DEVS}/members/{member}"), &json!({})).await;
    let robot = put("acme%2Bci").await.json();
    let expected = json!({
        "name": "acme+ci",
        "kind": "user",
        "is_robot": true,
        "avatar": robot["avatar"],
        "invited": false,
    });
    assert_eq!(robot.to_string(), expected.to_string());
    assert_eq!(robot["avatar"]["kind"], "robot");
    assert_message(&put("acme+ci").await, "User acme+ci is already a member of team devs");
    for unknown in ["nobody", "acme+gone", "other"] {
        assert_api_error(&put(unknown).await, 400, "invalid_request", "Unknown user");
    }
    assert_api_error(
        &put("other+ci").await,
        400,
        "invalid_request",
        "Cannot add the specified robot to this team, as it is not a member of the organization",
    );
    let answer = acme.send(&owner, "PUT", "/organization/acme/team/gone/members/nobody", &json!({})).await;
    assert_eq!((answer.status, answer.json()["error_type"].as_str()), (404, Some("not_found")));

    let listed = acme.get(&owner, &format!("{DEVS}/members?includePending=true")).await.json();
    assert_eq!((&listed["name"], &listed["can_edit"]), (&json!("devs"), &json!(true)));
    let names: Vec<_> =
        listed["members"].as_array().unwrap().iter().map(|member| member["name"].clone()).collect();
    assert_eq!(names, ["acme+ci", "bob"]);

    assert_eq!(acme.delete(&owner, &format!("{DEVS}/members/acme+ci")).await.status, 204);
    assert_message(
        &acme.delete(&owner, &format!("{DEVS}/members/acme+ci")).await,
        "User acme+ci does not belong to team devs",
    );
    assert_eq!(acme.delete(&owner, &format!("{DEVS}/members/nobody")).await.status, 404);
    let added = acme.installation.events("org_add_team_member");
    assert_eq!(added.last().unwrap()["member"], "acme+ci");
    assert_eq!(acme.installation.events("org_remove_team_member")[0]["member"], "acme+ci");
}

#[tokio::test]
async fn a_teams_members_are_seen_by_themselves_and_by_administrators() {
    let acme = Acme::new();
    acme.installation.team("acme", "ops", "creator");
    let path = |team: &str| format!("/organization/acme/team/{team}/members");
    let bob = acme.token("bob", ALL);
    let seen = acme.get(&bob, &path("devs")).await;
    assert_eq!((seen.status, &seen.json()["can_edit"]), (200, &json!(false)));
    let auditor = acme.get(&acme.token("auditor", ALL), &path("ops")).await;
    assert_eq!((auditor.status, &auditor.json()["can_edit"]), (200, &json!(false)));
    for (token, team) in [
        (bob.clone(), "ops"),
        (bob.clone(), "gone"),
        (acme.token("bob", "repo:read"), "devs"),
        (acme.token("eve", ALL), "devs"),
        (acme.token("root1", ALL), "devs"),
    ] {
        let answer = acme.get(&token, &path(team)).await;
        assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
    }
    let owner = acme.token("alice", ALL);
    assert_api_error(&acme.get(&owner, &path("gone")).await, 404, "not_found", "Not Found");
    for (method, path) in [
        ("PUT", DEVS.to_owned()),
        ("DELETE", DEVS.to_owned()),
        ("PUT", format!("{DEVS}/members/eve")),
        ("DELETE", format!("{DEVS}/members/bob")),
    ] {
        for token in [&bob, &acme.token("auditor", ALL)] {
            let answer = acme.send(token, method, &path, &json!({ "role": "admin" })).await;
            assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
        }
    }
}

#[tokio::test]
async fn a_teams_repositories_are_seen_by_administrators() {
    let acme = Acme::new();
    acme.installation.grant_team("acme/app", "devs", "write");
    acme.installation.grant_team("acme/base", "devs", "read");
    let owner = acme.token("alice", "org:admin");
    let shown = acme.get(&owner, &format!("{DEVS}/permissions")).await.json();
    let expected = json!({ "permissions": [
        { "repository": { "name": "app", "is_public": false }, "role": "write" },
        { "repository": { "name": "base", "is_public": true }, "role": "read" },
    ] });
    assert_eq!(shown.to_string(), expected.to_string());
    let answer = acme.get(&acme.token("bob", ALL), &format!("{DEVS}/permissions")).await;
    assert_api_error(&answer, 403, "insufficient_scope", "Unauthorized");
    let counted = acme.get(&owner, "/organization/acme").await.json();
    assert_eq!(counted["teams"]["devs"]["repo_count"], 2);
    assert_eq!(counted["teams"]["devs"]["member_count"], 1);
}
