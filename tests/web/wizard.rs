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
        assert!(page.contains("Error creating robot account") && page.contains(told), "{page}");
        assert!(page.contains(&format!("value=\"{team}\"")), "what was typed is kept");
    }
    assert_eq!(installation.row_counts(), before);
    let form = [("name", "new"), ("new-team", "testers"), ("new-team-description", "Run the tests")];
    let made = alice.post(PATH, &form).await.text();
    assert!(made.contains("Successfully created robot account"));
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
