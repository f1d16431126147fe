//! Every page, rendered with data that wants to break out of it.

use super::{Browser, HOSTILE, acme};
use crate::support::START;
use dockpass::store::StoreError;
use dockpass::store::accounts::{AccountKind, NewAccount};

/// Each page with something that only its template says.
pub(super) const PAGES: [(&str, &str, &str); 38] = [
    ("organizations", "/organization", "<h1>Organizations</h1>"),
    ("new_organization", "/organizations/new", "<h1>Create organization</h1>"),
    ("repositories", "/repository", "<h1>Repositories</h1>"),
    ("namespace_repositories", "/organization/acme", "Repositories of acme"),
    ("new_repository", "/organization/acme/repositories/new", "<h1>Create repository</h1>"),
    ("repository", "/repository/acme/team/tool", "Who may use it"),
    ("teams", "/organization/acme?tab=teamsANDmembership", "Teams of acme"),
    ("people", "/organization/acme?tab=Teamsandmembership&view=members", "Members View of acme"),
    ("people", "/organization/acme?tab=Teamsandmembership&view=collaborators", "No collaborators"),
    (
        "remove_members",
        "/organization/acme/members/remove?name=bob",
        "<h1>Remove user from organization</h1>",
    ),
    ("names", "/organization/acme/names?teams=1&q=d", "value=\"team:devs\" data-testid=\"devs-team\""),
    ("new_team", "/organization/acme/teams/new", "<h1>Create team</h1>"),
    ("team", "/organization/acme/team/devs", "<h1>Team devs</h1>"),
    ("team_permissions", "/organization/acme/team/devs/permissions", "Team devs"),
    ("delete_team", "/organization/acme/team/devs/delete", "Permanently delete team devs?"),
    ("robots", "/organization/acme?tab=Robotaccounts", "Robot accounts of acme"),
    ("robots", "/organization/acme?tab=Robotaccounts&expand=all&select=all", "name=\"all\" value=\"1\""),
    ("robots", "/organization/alice?tab=Robotaccounts", "There are no viewable robot accounts"),
    ("wizard", "/organization/acme/robots/new", "id=\"create-robot-account-modal\""),
    ("credentials", "/organization/acme/robot/ci", "<h1>Credentials for acme+ci</h1>"),
    ("regenerate", "/organization/acme/robot/ci/regenerate", "Regenerate the token of acme+ci?"),
    ("grants", "/organization/acme/robot/ci/permissions", "<h1>Set repository permissions</h1>"),
    ("federation", "/organization/acme/robot/ci/federation", "No federation configured"),
    ("activity", "/organization/acme/robot/ci/activity", "Write, granted directly"),
    ("delete_robots", "/organization/acme/robots/delete?name=ci", "Permanently delete robot accounts?"),
    ("defaults", "/organization/acme?tab=Defaultpermissions", "organization default"),
    ("new_default", "/organization/acme/default-permissions/new", "<h1>Create default permission</h1>"),
    (
        "delete_defaults",
        "/organization/acme/default-permissions/delete?all=1",
        "the default permission below",
    ),
    ("applications", "/organization/acme?tab=OAuthApplications", "No application yet"),
    ("new_application", "/organization/acme/applications/new", "<h1>Create new application</h1>"),
    ("logs", "/organization/acme?tab=Logs", "Robot account created"),
    ("settings", "/organization/acme?tab=Settings", "Delete organization"),
    ("settings", "/organization/alice?tab=Settings", "Change password"),
    ("delete_organization", "/organization/acme/delete", "1 robot account"),
    ("message", "/organization/acme/robot/nobody", "Could not find robot with specified username"),
    ("message", "/organization/nosuch", "You may not open this"),
    ("message", "/theme", "There is nothing to see here"),
    ("message", "/nowhere", "There is no such page"),
];
#[tokio::test]
async fn every_page_shows_hostile_texts_as_texts_and_keeps_to_its_policy() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    for (_, path, marker) in PAGES {
        let answer = alice.get(path).await;
        let page = answer.text();
        assert!(page.contains(marker), "{path}: {} {page}", answer.status);
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(!page.contains(HOSTILE), "{path}");
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert!(
            page.matches("<form").count()
                <= page.matches("_csrf_token").count() + page.matches("method=\"get\"").count()
        );
    }
}

#[tokio::test]
async fn what_is_loaded_beside_a_page_never_changes_under_its_name() {
    let installation = acme("");
    let page = Browser::new(&installation).get("/signin").await.text();
    for (before, after) in [("<script defer src=\"", "\""), ("<link rel=\"stylesheet\" href=\"", "\"")] {
        let path = page.split(before).nth(1).unwrap().split(after).next().unwrap();
        let answer = installation.get(path, None).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(answer.header("set-cookie").is_none());
    }
    assert_eq!(installation.get("/assets/style.css", None).await.status, 404);
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let installation = acme("");
    for (_, path, _) in PAGES.into_iter().filter(|(_, path, _)| !["/nowhere", "/theme"].contains(path)) {
        let answer = Browser::new(&installation).get(path).await;
        let location = answer.header("location").unwrap_or_default();
        assert!(answer.status == 303 && location.starts_with("/signin?next=/"), "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_member_without_rights_sees_no_secret_and_no_robot() {
    let installation = acme("");
    let bob = Browser::signed_in(&installation, "bob").await;
    for below in [
        "?tab=Robotaccounts",
        "?tab=Logs",
        "?tab=Settings",
        "?tab=Teamsandmembership&view=members",
        "?tab=Teamsandmembership&view=collaborators",
        "/members/remove?name=alice",
        "/names?q=a",
        "/default-permissions/delete?all=1",
        "/robot/ci",
        "/robots/new",
        "/robot/ci/permissions",
    ] {
        let answer = bob.get(&format!("/organization/acme{below}")).await;
        assert_eq!(answer.status, 403, "{below}: {}", answer.text());
    }
    for (path, fields) in [
        ("/organization/acme/robot/ci", &[][..]),
        ("/organization/acme/robot/ci/download", &[("format", "docker-config")]),
        ("/organization/acme/robot/ci/regenerate", &[("generation", "1")]),
        ("/organization/acme/robots/delete", &[("name", "ci"), ("confirm", "confirm")]),
        ("/organization/acme/robots/new", &[("name", "mine")]),
        ("/organization/acme/delete", &[("confirm", "acme")]),
        ("/organization/acme/members/remove", &[("name", "alice")]),
        ("/organization/acme/default-permissions/delete", &[("confirm", "confirm")]),
    ] {
        assert_eq!(bob.post(path, fields).await.status, 403, "{path}");
    }
    let team = bob.get("/organization/acme/team/devs").await;
    assert!(team.status == 200 && !team.text().contains("Add member"));
}

/// How long it takes is measured by `make bench`.
#[tokio::test]
async fn ten_thousand_robots_are_searched_sorted_and_paged() {
    let installation = acme("");
    let made = installation.app.store.write::<_, StoreError>("many robots", |tx| {
        let owner = tx.account_by_name("acme")?.map(|account| account.id);
        for number in 0..10_000 {
            let name = format!("acme+robot-{number}");
            let (kind, created_at) = (AccountKind::Robot, START);
            let robot =
                tx.insert_account(&NewAccount { kind, name: &name, owner, email: None, created_at })?;
            tx.insert_robot(robot.id, "", "{}")?;
        }
        Ok(())
    });
    made.unwrap();
    let alice = Browser::signed_in(&installation, "alice").await;
    for (query, shown) in [
        ("", "1 - 20 of 10001"),
        ("&sort=teams&dir=desc", "acme+ci"),
        ("&sort=repositories", "1 - 20 of 10001"),
        ("&q=ROBOT-9", "1 - 20 of 1111"),
        ("&page=500", "9981 - 10000 of 10001"),
        ("&unused=never", "1 - 20 of 10001"),
    ] {
        let page = alice.get(&format!("/organization/acme?tab=Robotaccounts{query}")).await.text();
        assert!(page.contains(shown) && page.contains("Robot accounts of acme"), "{query}: {page}");
    }
}
