//! Guessing gets slower; being right stays possible.

use super::acme;
use crate::support::Installation;

async fn log_in(installation: &Installation, name: &str, secret: &str) -> u16 {
    installation.get("/token", Some((name, secret))).await.status
}

fn guess(number: usize) -> String {
    format!("{number:A>64}")
}

#[tokio::test]
async fn a_robots_secret_is_right_however_much_was_guessed_and_a_wrong_one_is_told_to_wait() {
    let (installation, secret) = acme("");
    let mut statuses = Vec::new();
    for number in 0..12 {
        statuses.push(log_in(&installation, "acme+ci", &guess(number)).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 10, "{statuses:?}");
    let refused = installation.get("/token", Some(("acme+ci", &guess(99)))).await;
    assert_eq!(refused.status, 429);
    let message = "Too many login attempts. Please try again later.".to_owned();
    assert_eq!(refused.error(), ("TOOMANYREQUESTS".to_owned(), message));
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(log_in(&installation, "acme+ci", &secret).await, 200);
    installation.advance(30);
    assert_eq!(log_in(&installation, "acme+ci", &guess(100)).await, 401);
}

#[tokio::test]
async fn a_fleet_with_one_stale_secret_never_uses_its_budget_up() {
    let (installation, secret) = acme("");
    let stale = secret;
    let secret = installation.regenerate("acme+ci");
    for _ in 0..100 {
        assert_eq!(log_in(&installation, "acme+ci", &stale).await, 401);
    }
    assert_eq!(log_in(&installation, "acme+ci", &secret).await, 200);
}

#[tokio::test]
async fn anonymous_requests_are_never_counted() {
    let (installation, _) = acme("");
    for _ in 0..200 {
        assert_eq!(installation.get("/token", None).await.status, 401);
    }
    assert_eq!(log_in(&installation, "acme+ci", &guess(1)).await, 401);
}

#[tokio::test]
async fn unknown_names_are_throttled_like_known_ones() {
    let (installation, _) = acme("");
    for name in ["acme+ci", "acme+none", "$app", "$oauthtoken"] {
        let mut statuses = Vec::new();
        for number in 0..11 {
            statuses.push(log_in(&installation, name, &guess(number)).await);
        }
        assert_eq!((statuses[9], statuses[10]), (401, 429), "{name}");
    }
}

#[tokio::test]
async fn a_password_is_refused_unchecked_after_many_guesses_unless_it_was_right_lately() {
    let (installation, _) = acme("");
    installation.user("bob");
    assert_eq!(log_in(&installation, "alice", "alice's-password").await, 200);
    for number in 0..11 {
        log_in(&installation, "alice", &format!("guess-{number}")).await;
        log_in(&installation, "bob", &format!("guess-{number}")).await;
    }
    assert_eq!(log_in(&installation, "alice", "alice's-password").await, 200, "known");
    assert_eq!(log_in(&installation, "bob", "bob's-password").await, 429, "never seen");
    installation.advance(30);
    assert_eq!(log_in(&installation, "bob", "bob's-password").await, 200);
}
