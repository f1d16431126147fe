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
async fn a_flood_from_the_same_address_at_the_same_robot_never_refuses_the_right_secret() {
    let (installation, secret) = acme("");
    for number in 0..300 {
        let status = log_in(&installation, "acme+ci", &guess(number)).await;
        assert_eq!(status, if number < 10 { 401 } else { 429 });
        if number % 10 == 0 {
            assert_eq!(log_in(&installation, "acme+ci", &secret).await, 200, "after {number} guesses");
        }
    }
}

/// From an address that a proxy at 192.0.2.1 tells.
async fn log_in_from(installation: &Installation, address: &str, name: &str, secret: &str) -> u16 {
    let headers = [("x-forwarded-for", address)];
    installation.send("GET", "/token", Some((name, secret)), &headers, "").await.status
}

#[tokio::test]
async fn guesses_from_everywhere_at_one_account_lock_neither_robot_nor_user_out() {
    let (installation, secret) = acme("TRUSTED_PROXIES: [192.0.2.0/24]\n");
    for number in 0..150 {
        let from = format!("198.51.{}.{}", number / 200, number % 200);
        let status = log_in_from(&installation, &from, "acme+ci", &guess(number)).await;
        assert_eq!(status, if number < 100 { 401 } else { 429 }, "{number}");
        if number < 101 {
            log_in_from(&installation, &from, "alice", &format!("guess-{number}")).await;
        }
    }
    assert_eq!(log_in_from(&installation, "203.0.113.7", "acme+ci", &secret).await, 200);
    assert_eq!(log_in_from(&installation, "203.0.113.7", "alice", "alice's-password").await, 200);
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_configured_proxy() {
    let statuses = async |config: &str, header: &str| {
        let (installation, _) = acme(config);
        let mut statuses = Vec::new();
        for number in 0..12 {
            let (address, secret) = (format!("198.51.100.{number}"), guess(number));
            let headers = [(header, address.as_str())];
            let answer = installation.send("GET", "/token", Some(("acme+ci", &secret)), &headers, "").await;
            statuses.push(answer.status);
        }
        statuses
    };
    // Told by a proxy they are twelve clients, each with one guess.
    let proxied = statuses("TRUSTED_PROXIES: [192.0.2.0/24]\n", "x-forwarded-for").await;
    assert_eq!(proxied, [401; 12]);
    // Told by anybody else they are one that lies, and so they are in any other header.
    for (config, header) in [
        ("", "x-forwarded-for"),
        ("TRUSTED_PROXIES: [203.0.113.0/24]\n", "x-forwarded-for"),
        ("TRUSTED_PROXIES: [192.0.2.0/24]\n", "forwarded"),
        ("TRUSTED_PROXIES: [192.0.2.0/24]\n", "x-real-ip"),
    ] {
        let statuses = statuses(config, header).await;
        assert_eq!((&statuses[..10], &statuses[10..]), (&[401; 10][..], &[429; 2][..]), "{config}{header}");
    }
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
async fn a_password_is_refused_unchecked_after_many_guesses_unless_it_was_right_before() {
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
