//! `/repository`, its permissions, and `/entities`.

use super::{ALL, Acme, assert_api_error, assert_message};
use serde_json::{Value, json};

#[tokio::test]
async fn a_repository_is_registered_described_opened_and_forgotten() {
    let acme = Acme::new();
    let alice = acme.token("alice", ALL);
    let new =
        json!({ "namespace": "acme", "repository": "team/web", "visibility": "private", "description": "" });
    let made = acme.send(&alice, "POST", "/repository", &new).await;
    let expected = r#"{"namespace":"acme","name":"team/web","kind":"image"}"#;
    assert_eq!((made.status, made.text().as_str()), (201, expected));
    let again = acme.send(&alice, "POST", "/repository", &new).await;
    assert_api_error(&again, 400, "invalid_request", "Repository already exists");
    for path in ["/repository/acme/team/web", "/repository/acme/team%2Fweb", "/repository/acme%2Fteam%2Fweb"]
    {
        let shown = acme.get(&alice, path).await;
        assert_eq!((shown.status, &shown.json()["name"]), (200, &json!("team/web")), "{path}");
    }
    let path = "/repository/acme/team/web";
    let success = r#"{"success":true}"#;
    let described = acme.send(&alice, "PUT", path, &json!({ "description": "the site" })).await;
    assert_eq!(described.text(), success);
    let opened = json!({ "visibility": "public" });
    let visibility = format!("{path}/changevisibility");
    assert_eq!(acme.send(&alice, "POST", &visibility, &opened).await.text(), success);
    let state = json!({ "state": "READ_ONLY" });
    assert_eq!(acme.send(&alice, "PUT", &format!("{path}/changestate"), &state).await.text(), success);
    let shown = acme.get("", path).await.json();
    let members = ["description", "is_public", "is_organization", "state", "can_write", "can_admin", "tags"];
    let seen: Vec<_> = members.iter().map(|member| shown[*member].clone()).collect();
    assert_eq!(json!(seen), json!(["the site", true, true, "READ_ONLY", false, false, {}]));
    assert_eq!(acme.delete(&alice, path).await.status, 204);
    assert_eq!(acme.delete(&alice, path).await.status, 204, "again");
    assert_eq!(acme.get(&alice, path).await.status, 404);
    assert_eq!(acme.send(&alice, "POST", &visibility, &opened).await.text(), "null");
    assert_eq!(acme.get(&acme.token("eve", ALL), path).await.status, 403);
    assert_eq!(acme.get("", path).await.status, 401);
}

#[tokio::test]
async fn lists_show_what_may_be_seen_page_by_page() {
    let acme = Acme::new();
    for number in 0..150 {
        acme.installation.repository(&format!("acme/r{number:03}"), "private");
    }
    let names = |answer: &Value| {
        let repositories = answer["repositories"].as_array().unwrap().clone();
        repositories.into_iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let alice = acme.token("alice", "repo:read");
    let first = acme.get(&alice, "/repository?namespace=acme&last_modified=true").await.json();
    assert_eq!(names(&first).len(), 100);
    assert!(first["repositories"][0]["last_modified"].is_i64());
    let page = first["next_page"].as_str().unwrap();
    let second = acme.get(&alice, &format!("/repository?namespace=acme&next_page={page}")).await.json();
    assert_eq!(names(&second).len(), 52);
    assert!(second.get("next_page").is_none());
    assert_eq!(names(&acme.get("", "/repository?namespace=acme").await.json()), ["base"]);
    assert_eq!(names(&acme.get("", "/repository?public=true").await.json()), ["base"]);
    acme.installation.grant("acme/app", "bob", "read");
    let bob = acme.get(&acme.token("bob", "repo:read"), "/repository?namespace=acme").await.json();
    assert_eq!(names(&bob), ["app", "base"]);
    let text = "namespace, starred or public are required for this API call";
    assert_api_error(&acme.get(&alice, "/repository").await, 400, "invalid_request", text);
}

#[tokio::test]
async fn grants_are_given_shown_and_taken_back() {
    let acme = Acme::new();
    let alice = acme.token("alice", "repo:admin");
    let base = "/repository/acme/app/permissions";
    let role = json!({ "role": "write" });
    let robot = acme.send(&alice, "PUT", &format!("{base}/user/acme+ci"), &role).await.json();
    assert_eq!(
        json!([robot["role"], robot["name"], robot["is_robot"], robot["is_org_member"]]),
        json!(["write", "acme+ci", true, true])
    );
    let escaped = acme.get(&alice, &format!("{base}/user/acme%2Bci")).await;
    assert_eq!((escaped.status, escaped.json()), (200, robot.clone()));
    let all = acme.get(&alice, &format!("{base}/user/")).await.json();
    assert_eq!(all, json!({ "permissions": { "acme+ci": robot } }));
    let slash = acme.get(&alice, &format!("{base}/user?x=1")).await;
    let to = "/api/v1/repository/acme/app/permissions/user/?x=1";
    assert_eq!((slash.status, slash.header("location")), (308, Some(to)));
    let roles = acme.get(&alice, &format!("{base}/user/alice/transitive")).await.json();
    assert_eq!(roles, json!({ "permissions": [{ "role": "admin" }] }));
    assert_eq!(acme.get(&alice, &format!("{base}/user/nobody/transitive")).await.status, 404);
    let foreign = acme.send(&alice, "PUT", &format!("{base}/user/other+ci"), &role).await;
    assert_api_error(&foreign, 400, "invalid_request", "Cannot add robot other+ci under namespace acme");
    let unknown = acme.send(&alice, "PUT", &format!("{base}/user/nobody"), &role).await;
    assert_api_error(&unknown, 400, "invalid_request", "Invalid username: nobody");
    let owning = acme.send(&alice, "PUT", &format!("{base}/user/bob"), &json!({ "role": "own" })).await;
    assert_eq!(owning.status, 400);
    let none = "User does not have permission for repo.";
    assert_message(&acme.get(&alice, &format!("{base}/user/bob")).await, none);
    let not_granted = acme.delete(&alice, &format!("{base}/user/bob")).await;
    assert_api_error(&not_granted, 400, "invalid_request", none);
    assert_eq!(acme.delete(&alice, &format!("{base}/user/acme+ci")).await.status, 204);

    let team = acme.send(&alice, "PUT", &format!("{base}/team/devs"), &role).await.json();
    assert_eq!(json!([team["role"], team["name"]]), json!(["write", "devs"]));
    assert_eq!(acme.get(&alice, &format!("{base}/team/devs")).await.text(), r#"{"role":"write"}"#);
    assert_eq!(
        acme.get(&alice, &format!("{base}/team/")).await.json(),
        json!({ "permissions": { "devs": team } })
    );
    assert_eq!(acme.delete(&alice, &format!("{base}/team/devs")).await.status, 204);
    let gone = acme.delete(&alice, &format!("{base}/team/devs")).await;
    assert_api_error(&gone, 400, "invalid_request", "Team does not have permission for repo.");
    let no_team = acme.get(&alice, &format!("{base}/team/none")).await;
    assert_api_error(&no_team, 400, "invalid_request", "No team none in organization acme");
    let missing = acme.get(&acme.token("alice", ALL), "/repository/acme/none/permissions/user/").await;
    assert_eq!((missing.status, missing.text().as_str()), (200, r#"{"permissions":{}}"#));
    assert_eq!(acme.get(&acme.token("bob", ALL), &format!("{base}/user/")).await.status, 403);
    for kind in ["change_repo_permission", "delete_repo_permission"] {
        assert_eq!(acme.installation.events(kind).len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_search_finds_robots_only_for_those_who_belong() {
    let acme = Acme::new();
    let names = async |user: &str, path: &str| {
        let answer = acme.get(&acme.token(user, ALL), path).await.json();
        let found = answer["results"].as_array().unwrap().clone();
        found.into_iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("bob", "/entities/ci?namespace=acme").await, ["acme+ci"]);
    assert_eq!(names("eve", "/entities/ci?namespace=acme").await, Vec::<String>::new());
    assert_eq!(names("eve", "/entities/al").await, ["alice"]);
    assert_eq!(names("alice", "/entities/ac?namespace=acme&includeOrgs=true").await, ["acme"]);
    assert_eq!(names("alice", "/entities/de?namespace=acme&includeTeams=true").await, ["devs"]);
    assert_eq!(acme.get("", "/entities/al").await.status, 401);
}

#[tokio::test]
async fn the_api_describes_itself_and_its_errors() {
    let acme = Acme::new();
    assert_eq!(acme.get("", "/openapi.json").await.json()["openapi"], "3.1.0");
    let swagger = acme.get("", "/discovery").await.json();
    let robot = &swagger["paths"]["/api/v1/organization/{orgname}/robots/{robot_shortname}"]["get"];
    assert_eq!((&swagger["swagger"], &robot["operationId"]), (&json!("2.0"), &json!("getOrgRobot")));
    assert_eq!(acme.get("", "/error/invalid_token").await.json()["title"], "invalid_token");
    assert_eq!(acme.get("", "/error/nothing").await.status, 404);
    let wrong = acme.send("", "PATCH", "/user/robots", &Value::Null).await;
    let text = r#"{"message":"The method is not allowed for the requested URL."}"#;
    assert_eq!((wrong.status, wrong.text().as_str()), (405, text));
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_api_error(&acme.get("", "/nothing").await, 404, "not_found", "Not Found");
}
