//! Names to pick from, the people of an organization, and what a refused change leaves in sight.

use super::{Browser, acme};
use dockpass::service::actor::Actor;
use dockpass::service::robots::{self, NewRobot};

#[tokio::test]
async fn names_are_found_among_many_with_and_without_script() {
    let installation = acme("");
    let actor = Actor::operator("test");
    for number in 0..60 {
        let name = format!("worker-{number:02}");
        robots::create(&installation.app, &actor, "acme", &name, &NewRobot::default()).unwrap();
    }
    let alice = Browser::signed_in(&installation, "alice").await;
    let offered = "value=\"acme+worker-57\" data-testid=\"acme+worker-57-robot-accnt\"";
    let (form, team) = ("/organization/acme/default-permissions/new", "/organization/acme/team/devs");
    assert!(!alice.get(form).await.text().contains("worker-57"));
    for q in ["worker-57", "acme%2Bworker-57", "WORKER-57"] {
        let names = alice.get(&format!("/organization/acme/names?q={q}")).await.text();
        assert!(names.contains(offered), "{names}");
    }
    let only = alice.get("/organization/acme/names?q=dev").await.text();
    let teams = alice.get("/organization/acme/names?q=team:dev&teams=1").await.text();
    assert!(!only.contains("devs-team") && teams.contains("value=\"team:devs\" data-testid=\"devs-team\""));

    let found = alice
        .post(form, &[("delegate", "R-57"), ("creator", "bob"), ("role", "admin"), ("find", "delegate")])
        .await;
    let page = found.text();
    assert!(
        found.status == 200 && page.contains("name=\"pick-delegate\" value=\"acme+worker-57\""),
        "{page}"
    );
    assert!(page.contains("value=\"bob\"") && page.contains("value=\"admin\" selected"));
    let picked = alice
        .post(form, &[("delegate", "R-57"), ("pick-delegate", "acme+worker-57"), ("role", "admin")])
        .await;
    assert!(picked.status == 200 && picked.text().contains("name=\"delegate\" value=\"acme+worker-57\""));
    let found = alice.post(team, &[("action", "add"), ("member", "worker-57"), ("find", "member")]).await;
    assert!(found.text().contains("name=\"pick-member\" value=\"acme+worker-57\""));
    let found = alice
        .post("/repository/acme/app", &[("action", "permission"), ("who", "zzz"), ("find", "who")])
        .await;
    assert!(found.status == 200 && found.text().contains("No name fits."));
    assert!(
        installation.events("org_add_team_member").iter().all(|event| event["member"] != "acme+worker-57")
    );
}

#[tokio::test]
async fn a_refused_change_says_so_where_it_was_made_and_keeps_what_was_typed() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    for (path, fields, told, kept) in [
        (
            "/organization/acme/team/devs",
            &[("action", "add"), ("member", "nobody")][..],
            "Unable to add &#34;nobody&#34; to team",
            "name=\"member\" value=\"nobody\"",
        ),
        (
            "/organization/acme/team/owners",
            &[("action", "role"), ("role", "member")],
            "Unable to update team role for: owners",
            "value=\"member\" selected",
        ),
        (
            "/organization/acme/team/owners",
            &[("action", "save"), ("role", "creator"), ("description", "typed")],
            "Unable to update team role for: owners",
            "value=\"typed\"",
        ),
        (
            "/organization/acme/default-permissions/new",
            &[("role", "write"), ("applies", "anyone"), ("delegate", "nobody")],
            "Unable to apply default permission to: nobody",
            "value=\"write\" selected",
        ),
        (
            "/organization/acme/default-permissions/new",
            &[("role", "write"), ("creator", "nobody"), ("delegate", "bob")],
            "Unable to create default permission for creator: nobody",
            "name=\"delegate\" value=\"bob\"",
        ),
        (
            "/organization/acme/robot/ci/permissions",
            &[("apply", "rows"), ("role:nosuch", "read"), ("role:base", "admin")],
            "Failed to update repository permission",
            "value=\"admin\" selected",
        ),
        (
            "/organization/acme/team/devs/permissions",
            &[("role:nosuch", "read"), ("role:base", "admin")],
            "Failed to update repo perm for team: devs",
            "value=\"admin\" selected",
        ),
        (
            "/organization/acme/robots/delete",
            &[("name", "ci"), ("name", "nosuch"), ("confirm", "confirm")],
            "Error deleting robot account",
            "name=\"name\" value=\"ci\"",
        ),
        (
            "/organization/acme/robot/ci/federation",
            &[("issuer", "nothing"), ("subject", "typed")],
            "Error saving federation config",
            "value=\"typed\"",
        ),
        (
            "/repository/acme/app",
            &[("action", "permission"), ("who", "nobody"), ("role", "admin")],
            "Failed to update repository permission",
            "name=\"who\" value=\"nobody\"",
        ),
    ] {
        let refused = alice.post(path, fields).await;
        let page = refused.text();
        assert!(matches!(refused.status, 400 | 404), "{path}: {}", refused.status);
        assert!(page.contains(told), "{path}: {told}: {page}");
        assert!(page.contains(kept), "{path}: {kept}: {page}");
        assert!(page.contains("role=\"alert\" id=\"problem\""), "{path}");
    }
}

#[tokio::test]
async fn people_are_sorted_and_taken_out_together_or_not_at_all() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let list = "/organization/acme?tab=Teamsandmembership&view=members";
    let order = |page: &str| {
        let rows = page.split("aria-label=\"Select ").skip(1);
        rows.map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let by_name = order(&alice.get(list).await.text());
    let turned = order(&alice.get(&format!("{list}&sort=name&dir=desc")).await.text());
    assert!(by_name.len() > 1 && by_name.iter().rev().eq(&turned), "{by_name:?} {turned:?}");
    let page = alice.get(&format!("{list}&sort=teams&q=O")).await.text();
    assert!(
        page.contains("aria-sort=\"ascending\"") && page.contains("q=O&#38;sort=teams&#38;dir=desc"),
        "{page}"
    );

    let path = "/organization/acme/members/remove";
    let asked = alice.get(&format!("{path}?view=members&all=1&q=")).await.text();
    assert!(asked.contains("Remove users from organization") && asked.contains("value=\"bob\""), "{asked}");
    let everybody: Vec<(&str, &str)> = by_name.iter().map(|name| ("name", name.as_str())).collect();
    let refused = alice.post(path, &everybody).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("Cannot remove user as they are the only organization admin"));
    assert!(installation.events("org_remove_team_member").is_empty());
    let none = alice.get(path).await;
    assert!(alice.follow(&none).await.contains("Select the users to remove first"));
    let done = alice.post(path, &[("name", "bob")]).await;
    assert!(alice.follow(&done).await.contains("Successfully removed user from organization: bob"));
}

#[tokio::test]
async fn a_token_is_assigned_to_another_user_who_takes_it_up_or_declines() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let made = alice.post("/organization/acme/applications/new", &[("name", "Terraform")]).await;
    let path = made.header("location").unwrap().to_owned();
    let refused = alice.post(&path, &[("action", "assign"), ("assignee", "bob")]).await;
    assert!(refused.status == 400 && refused.text().contains("Choose at least one scope"));
    let form = |user| [("action", "assign"), ("assignee", user), ("scope", "repo:read")];
    let unknown = alice.post(&path, &form("nobody")).await;
    let page = unknown.text();
    assert_eq!(unknown.status, 404);
    assert!(page.contains("User nobody does not exist") && page.contains("value=\"nobody\""), "{page}");
    assert!(page.contains("value=\"repo:read\" checked"));
    for _ in 0..2 {
        let done = alice.post(&path, &form("bob")).await;
        assert!(alice.follow(&done).await.contains("Token assigned successfully to bob"));
    }

    let bob = Browser::signed_in(&installation, "bob").await;
    let settings = "/organization/bob?tab=Settings";
    let page = bob.get(settings).await.text();
    assert!(page.contains("Assigned authorizations") && page.contains("Terraform"));
    let waiting =
        page.split("name=\"uuid\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let waiting: Vec<String> = waiting.collect();
    assert_eq!(waiting.len(), 2);
    let save = "/organization/bob/settings";
    let page = bob.post(save, &[("action", "accept"), ("uuid", &waiting[0])]).await.text();
    let token = page.split("data-testid=\"access-token\" readonly value=\"").nth(1).unwrap();
    let bearer = format!("Bearer {}", token.split('"').next().unwrap());
    let asked = installation
        .send("GET", "/api/v1/repository?namespace=acme", None, &[("authorization", &bearer)], "")
        .await;
    assert_eq!(asked.status, 200);
    let declined = bob.post(save, &[("action", "decline"), ("uuid", &waiting[1])]).await;
    assert!(bob.follow(&declined).await.contains("Authorization declined"));
    for action in ["accept", "decline"] {
        let gone = bob.post(save, &[("action", action), ("uuid", &waiting[0])]).await;
        assert!(bob.follow(&gone).await.contains("was taken up, declined or withdrawn already"));
    }
    assert!(!bob.get(settings).await.text().contains("Assigned authorizations"));
}
