//! Rights taken away while others ask for tokens: whoever starts to ask after the change was answered does not get the old
//! right any more. All the while logins are written down, by which nothing of what is known changes.

use crate::support::{self, Installation, START, number, payload};
use dockpass::domain::caller::AccountId;
use dockpass::domain::credential::Secret;
use dockpass::service::App;
use dockpass::service::issue::{TokenRequest, issue};
use dockpass::service::ledger::Ledger;
use dockpass::service::login::Credentials;
use dockpass::store::audit::Origin;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

const ASKING: usize = 3;

/// Whether a token for this robot allows to push to `acme/app`.
async fn may_push(app: &Arc<App>, secret: &str) -> bool {
    let requested = app.config.derived.naming.requested(["repository:acme/app:pull,push"]);
    let credentials = Credentials::Password { username: "acme+ci".to_owned(), password: Secret::new(secret) };
    let origin = Origin::default();
    let request = TokenRequest { credentials, service: None, requested, origin, user_agent: None };
    let Ok(issued) = issue(app, request).await else { return false };
    payload(issued.token.as_str())["access"][0]["actions"]
        .as_array()
        .is_some_and(|actions| actions.iter().any(|action| action == "push"))
}

/// Writes logins of the first account down, one after the other, until it is `done`.
fn note_logins(app: &App, done: &AtomicBool) {
    for minute in 1.. {
        if done.load(Ordering::SeqCst) {
            return;
        }
        app.ledger.note_login(AccountId(1), START.plus(60 * minute));
        Ledger::flush(app).unwrap();
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// A way to lose the right to push, and the way back to it, which gives the secret that is right then.
struct Change {
    name: &'static str,
    take: fn(&Installation),
    give: fn(&Installation) -> Option<String>,
}

const CHANGES: [Change; 9] = [
    Change {
        name: "delete and make again under the same name",
        take: |one| {
            one.delete_robot("acme+ci");
            let _ = one.robot("acme+ci");
            one.grant("acme/app", "acme+ci", "write");
        },
        give: |one| Some(one.regenerate("acme+ci")),
    },
    Change {
        name: "regenerate",
        take: |one| drop(one.regenerate("acme+ci")),
        give: |one| Some(one.regenerate("acme+ci")),
    },
    Change {
        name: "a smaller role",
        take: |one| one.grant("acme/app", "acme+ci", "read"),
        give: |one| {
            one.grant("acme/app", "acme+ci", "write");
            None
        },
    },
    Change {
        name: "the grant taken back",
        take: |one| one.ungrant("acme/app", "acme+ci"),
        give: |one| {
            one.grant("acme/app", "acme+ci", "write");
            None
        },
    },
    Change {
        name: "out of the team that may",
        // In the team first, and without a grant of its own: both have to go for the right to be gone.
        take: |one| {
            one.member("acme", "pushers", "acme+ci");
            one.ungrant("acme/app", "acme+ci");
            one.leave("acme", "pushers", "acme+ci");
        },
        give: |one| {
            one.grant("acme/app", "acme+ci", "write");
            None
        },
    },
    Change {
        name: "a smaller role of the team",
        take: |one| {
            one.member("acme", "pushers", "acme+ci");
            one.ungrant("acme/app", "acme+ci");
            one.grant_team("acme/app", "pushers", "read");
        },
        give: |one| {
            one.grant_team("acme/app", "pushers", "write");
            one.leave("acme", "pushers", "acme+ci");
            one.grant("acme/app", "acme+ci", "write");
            None
        },
    },
    Change {
        name: "disable the organization",
        take: |one| one.disable("acme"),
        give: |one| {
            one.enable("acme");
            None
        },
    },
    Change {
        name: "disable the robot",
        take: |one| one.disable("acme+ci"),
        give: |one| {
            one.enable("acme+ci");
            None
        },
    },
    Change {
        name: "ROBOTS_DISALLOW",
        take: |one| one.reconfigure("ROBOTS_DISALLOW: true\n"),
        give: |one| {
            one.configure("SERVER_HOSTNAME: registry.example\n");
            None
        },
    },
];

#[test]
fn no_token_that_is_asked_for_after_a_change_carries_what_it_took_away() {
    let installation = Installation::new("SERVER_HOSTNAME: registry.example\n");
    let mut secret = installation.robot_in("acme", "acme+ci");
    installation.repository("acme/app", "private");
    installation.grant("acme/app", "acme+ci", "write");
    installation.team("acme", "pushers", "member");
    installation.grant_team("acme/app", "pushers", "write");
    let rounds = number("DOCKPASS_RACES").unwrap_or(4);
    let (before, after) = (AtomicU64::new(0), AtomicU64::new(0));
    for change in (0..rounds).flat_map(|_| CHANGES.iter()) {
        let (taken, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let together = Barrier::new(ASKING + 1);
        std::thread::scope(|scope| {
            scope.spawn(|| note_logins(&installation.app, &done));
            for _ in 0..ASKING {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    together.wait();
                    while !done.load(Ordering::SeqCst) {
                        let late = taken.load(Ordering::SeqCst);
                        let pushes = runtime.block_on(may_push(&installation.app, &secret));
                        assert!(!(late && pushes), "after: {}", change.name);
                        if late { &after } else { &before }.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            together.wait();
            std::thread::sleep(Duration::from_millis(3));
            (change.take)(&installation);
            taken.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(3));
            done.store(true, Ordering::SeqCst);
        });
        if let Some(new) = (change.give)(&installation) {
            secret = new;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(runtime.block_on(may_push(&installation.app, &secret)), "given back: {}", change.name);
    }
    println!("{} changes, {before:?} tokens before and {after:?} after", rounds * 9);
}

#[test]
fn a_secret_that_another_process_replaced_is_refused_at_once() {
    let installation = Installation::new("DATABASE_URL: sqlite:dockpass.db\n");
    let mut secret = installation.robot_in("acme", "acme+ci");
    installation.repository("acme/app", "private");
    installation.grant("acme/app", "acme+ci", "write");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pushes = |secret: &str| runtime.block_on(may_push(&installation.app, secret));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| note_logins(&installation.app, &done));
        for round in 0..number("DOCKPASS_RACES").unwrap_or(4) {
            for _ in 0..20 {
                assert!(pushes(&secret), "{round}");
            }
            let mut rotate = Command::new(env!("CARGO_BIN_EXE_dockpass"));
            rotate.args(["robot", "rotate", "acme+ci"]).current_dir(installation.path(""));
            let rotated = rotate.env_clear().envs(support::coverage()).output().unwrap();
            assert!(rotated.status.success(), "{rotated:?}");
            assert!(!pushes(&secret), "{round}");
            secret = String::from_utf8(rotated.stdout).unwrap().trim().to_owned();
        }
        done.store(true, Ordering::SeqCst);
    });
}
