//! The wizard for a new robot, without script: searching and paging among many repositories, and a team made with it.

use super::{Browser, acme};
use crate::support::Answer;

const PATH: &str = "/organization/acme/robots/new";

fn offers(answer: &Answer, repository: &str) -> bool {
    answer.text().contains(&format!("name=\"role:{repository}\""))
}

#[tokio::test]
async fn repositories_are_searched_and_paged_and_what_was_filled_in_stays() {
    let installation = acme("");
    for number in 0..120 {
        installation.repository(&format!("acme/many-{number:03}"), "private");
    }
    let alice = Browser::signed_in(&installation, "alice").await;
    let first = alice.get(PATH).await;
    assert!(offers(&first, "app") && !offers(&first, "many-119"));
    assert!(first.text().contains("1 - 50 of 123"));
    let filled = [("name", "new"), ("description", "kept"), ("team", "devs"), ("role:app", "write")];
    let with = |more: &[(&'static str, &'static str)]| [&filled[..], more].concat();

    let searched = alice.post(PATH, &with(&[("q", "MANY-119"), ("searched", ""), ("go", "search")])).await;
    assert_eq!(searched.status, 200);
    assert!(offers(&searched, "many-119") && offers(&searched, "app") && !offers(&searched, "many-001"));
    let page = searched.text();
    assert!(page.contains("value=\"new\"") && page.contains("value=\"kept\"") && page.contains("checked"));
    assert!(page.contains("data-wizard=\"step-repositories\""));
    // Enter in the search field sends no button's value.
    let entered = alice.post(PATH, &with(&[("q", "many-11"), ("searched", "")])).await;
    assert!(offers(&entered, "many-110") && !offers(&entered, "many-120"));
    let last = alice.post(PATH, &with(&[("go", "page-3")])).await;
    assert!(offers(&last, "many-119") && offers(&last, "app") && last.text().contains("101 - 123 of 123"));
    let none = alice.post(PATH, &with(&[("q", "zzz"), ("go", "search")])).await;
    assert!(offers(&none, "app") && !offers(&none, "base"));

    assert!(installation.events("create_robot").iter().all(|event| event["robot"] != "new"));
    let more = [("role:many-119", "read"), ("q", "many-119"), ("searched", "many-119"), ("go", "create")];
    let made = alice.post(PATH, &with(&more)).await.text();
    assert!(made.contains("Successfully created robot account with robot name: acme+new"), "{made}");
    let access = alice.get("/organization/acme/robot/new/activity").await.text();
    assert!(access.contains("many-119") && access.contains("Write, granted directly"));
}

#[tokio::test]
async fn a_team_is_made_with_the_robot_or_neither_is() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let before = installation.row_counts();
    for (team, told) in [("devs", "Team &#34;devs&#34; already exists"), ("No Name", "Invalid team name")] {
        let refused = alice.post(PATH, &[("name", "new"), ("new-team", team)]).await;
        let page = refused.text();
        assert_eq!(refused.status, 400);
        assert!(page.contains("Failed to create new team") && page.contains(told), "{page}");
        assert!(page.contains(&format!("value=\"{team}\"")), "what was typed is kept");
    }
    assert_eq!(installation.row_counts(), before);
    let form = [("name", "new"), ("new-team", "testers"), ("new-team-description", "Run the tests")];
    let made = alice.post(PATH, &form).await.text();
    assert!(made.contains("Successfully created robot account with robot name: acme+new"));
    assert!(made.contains("Successfully created new team: testers"));
    let team = alice.get("/organization/acme/team/testers").await.text();
    assert!(
        team.contains("acme+new")
            && team.contains("Run the tests")
            && team.contains("value=\"member\" selected")
    );
    // A user's own namespace has no teams.
    let refused =
        alice.post("/organization/alice/robots/new", &[("name", "own"), ("new-team", "mine")]).await;
    assert!(refused.status == 400 && refused.text().contains("Teams exist in organizations only"));
}

#[tokio::test]
async fn rows_are_ticked_in_bulk_without_script() {
    let installation = acme("");
    for number in 0..120 {
        installation.repository(&format!("acme/many-{number:03}"), "private");
    }
    let alice = Browser::signed_in(&installation, "alice").await;
    let count = |answer: &Answer| {
        let page = answer.text();
        page.matches("value=\"read\" selected").count()
    };
    let page = alice.post(PATH, &[("name", "kept"), ("role:app", "none"), ("go", "repositories-page")]).await;
    assert_eq!((page.status, count(&page)), (200, 1));
    let all = alice
        .post(PATH, &[("name", "kept"), ("q", "many"), ("searched", "many"), ("go", "repositories-all")])
        .await;
    assert_eq!(count(&all), 120);
    assert!(all.text().contains("value=\"kept\"") && all.text().contains("data-ticked>120<"));
    let none = alice.post(PATH, &[("role:app", "read"), ("go", "repositories-none")]).await;
    assert_eq!(count(&none), 0);
    let sized = alice.post(PATH, &[("rows", "10"), ("go", "page-2")]).await;
    assert!(sized.text().contains("11 - 20 of 123"), "{}", sized.text());
    let joined = |answer: &Answer| answer.text().matches(" checked>").count();
    let teams = alice.post(PATH, &[("go", "teams-all")]).await;
    let every = joined(&teams);
    assert!(every > 0 && teams.text().contains("data-wizard=\"step-teams\""));
    assert_eq!(joined(&alice.post(PATH, &[("team", "devs"), ("go", "teams-none")]).await), 0);
}

#[tokio::test]
async fn a_team_is_made_with_its_grants_and_members_or_not_at_all() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let path = "/organization/acme/teams/new";
    let filled = [("name", "testers"), ("description", "kept"), ("role", "creator"), ("role:app", "write")];
    let with = |more: &[(&'static str, &'static str)]| [&filled[..], more].concat();
    let searched = alice.post(path, &with(&[("member-q", "BO"), ("go", "members")])).await;
    let page = searched.text();
    assert!(searched.status == 200 && page.contains("value=\"bob\"") && !page.contains("value=\"acme+ci\""));
    assert!(page.contains("value=\"kept\"") && page.contains("data-wizard=\"step-members\""), "{page}");
    let entered =
        alice.post(path, &with(&[("member", "bob"), ("member-q", "acme+c"), ("member-searched", "")])).await;
    let page = entered.text();
    assert!(page.contains("value=\"acme+ci\"") && page.matches(" checked>").count() >= 1, "{page}");

    let before = installation.row_counts();
    for (wrong, told) in [
        (("member", "nobody"), "Unknown user"),
        (("role:nosuch", "read"), "Repository does not exist: acme/nosuch"),
    ] {
        let refused = alice.post(path, &with(&[("member", "bob"), wrong])).await;
        let page = refused.text();
        assert_eq!(refused.status, 400);
        assert!(page.contains("Failed to create new team") && page.contains(told), "{page}");
        assert!(page.contains("value=\"testers\"") && page.contains("value=\"kept\""));
    }
    assert_eq!(installation.row_counts(), before);
    let taken = alice.post(path, &[("name", "devs")]).await;
    assert!(taken.status == 400 && taken.text().contains("Team &#34;devs&#34; already exists"));

    let made = alice.post(path, &with(&[("member", "bob"), ("member", "acme+ci"), ("go", "create")])).await;
    let team = alice.follow(&made).await;
    assert!(team.contains("Successfully created new team: testers"), "{team}");
    assert!(team.contains("bob-delete-icon") && team.contains("acme+ci-delete-icon"));
    assert!(team.contains("value=\"creator\" selected") && team.contains("value=\"kept\""));
    let granted = alice.get("/organization/acme/team/testers/permissions").await.text();
    assert_eq!(granted.matches("value=\"write\" selected").count(), 1);
}
