//! `ROBOTS_DISALLOW`: no robot can be made from any page, and those that are there stay manageable.

use super::pages::PAGES;
use super::{Browser, acme};
use crate::support::Installation;

const SENTENCE: &str = "Robot accounts have been disabled. Please contact your administrator.";

/// The installation of the other tests, after an administrator has switched robots off.
fn disallowing() -> Installation {
    let installation = acme("");
    installation.reconfigure("ROBOTS_DISALLOW: true\n");
    installation
}

#[tokio::test]
async fn no_page_offers_to_make_a_robot() {
    let allowed = acme("");
    let disallowed = disallowing();
    let (before, after) =
        (Browser::signed_in(&allowed, "alice").await, Browser::signed_in(&disallowed, "alice").await);
    let link = "/robots/new\">Create robot account";
    let mut offered = 0;
    for (_, path, _) in PAGES {
        offered += usize::from(before.get(path).await.text().contains(link));
        let page = after.get(path).await.text();
        assert!(!page.contains(link) && !page.contains("create-robot"), "{path}");
    }
    assert!(offered >= 4, "the list, its empty state and a team offer it otherwise: {offered}");
}

#[tokio::test]
async fn the_empty_list_and_every_attempt_say_the_documented_sentence() {
    let installation = disallowing();
    let alice = Browser::signed_in(&installation, "alice").await;
    let empty = alice.get("/organization/alice?tab=Robotaccounts").await.text();
    assert!(empty.contains("There are no viewable robot accounts") && empty.contains(SENTENCE), "{empty}");
    let before = installation.row_counts();
    for namespace in ["acme", "alice"] {
        let path = format!("/organization/{namespace}/robots/new");
        for answer in [alice.get(&path).await, alice.post(&path, &[("name", "late"), ("go", "create")]).await]
        {
            let page = answer.text();
            assert_eq!(answer.status, 400);
            assert!(page.contains(&format!("Cannot create robot account. {SENTENCE}")), "{page}");
        }
    }
    assert_eq!(installation.row_counts(), before);
}

#[tokio::test]
async fn robots_that_are_there_stay_manageable() {
    let installation = disallowing();
    let alice = Browser::signed_in(&installation, "alice").await;
    let list = alice.get("/organization/acme?tab=Robotaccounts").await.text();
    assert!(list.contains("acme+ci") && !list.contains(SENTENCE));
    let robot = "/organization/acme/robot/ci";
    assert!(alice.post(robot, &[]).await.text().contains("Hide token"));
    let fresh = alice.post(&format!("{robot}/regenerate"), &[("generation", "1")]).await.text();
    assert!(fresh.contains("Successfully regenerated the token of acme+ci"));
    let form = [("apply", "rows"), ("role:base", "read")];
    let saved = alice.post(&format!("{robot}/permissions"), &form).await;
    assert!(alice.follow(&saved).await.contains("Successfully updated repository permission"));
    let form = [("issuer", "https://issuer.example"), ("subject", "s")];
    let saved = alice.post(&format!("{robot}/federation"), &form).await;
    assert!(alice.follow(&saved).await.contains("Robot federation config saved"));
    assert!(alice.get(&format!("{robot}/activity")).await.text().contains("Effective permissions"));
    let form = [("name", "ci"), ("confirm", "confirm")];
    let deleted = alice.post("/organization/acme/robots/delete", &form).await;
    assert!(alice.follow(&deleted).await.contains("Successfully deleted robot account"));
}
