//! The server killed at random times under load, again and again on the same database. A journal outside holds what was
//! answered.

use super::is_long;
use super::site::Site;
use crate::support::{TestRandom, number};
use dockpass::domain::random::Random;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What was answered, by those who asked.
#[derive(Default)]
struct Journal {
    /// Repositories whose push was granted, so that they are registered.
    pushed: Mutex<Vec<String>>,
    /// The secret that `acme+turn` was given last.
    secret: Mutex<String>,
}

/// Pushes to one new repository after the other until the server is gone.
fn push(site: &Site, journal: &Journal, secret: &str, next: &AtomicU64) {
    loop {
        let name = format!("acme/new{}", next.fetch_add(1, Ordering::Relaxed));
        match site.try_token("acme+push", secret, &format!("repository:{name}:pull,push")) {
            Some((200, granted)) if granted.contains(&"push".to_owned()) => {
                journal.pushed.lock().unwrap().push(name);
            }
            Some(other) => panic!("{name}: {other:?}"),
            None => return,
        }
    }
}

/// Gives a robot one new secret after the other, by other processes on the same database.
fn rotate(site: &Site, journal: &Journal, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        *journal.secret.lock().unwrap() = site.ok(&["robot", "rotate", "acme+turn"]);
    }
}

#[test]
fn a_server_killed_at_any_time_has_kept_what_it_answered_and_starts_again() {
    let site = Site::empty();
    for command in
        [&["init"][..], &["org", "create", "acme"], &["team", "create", "acme/makers", "--role", "creator"]]
    {
        site.ok(command);
    }
    let secret = site.ok(&["robot", "create", "acme+push", "--team", "makers"]);
    let journal = Journal::default();
    *journal.secret.lock().unwrap() = site.ok(&["robot", "create", "acme+turn"]);
    let next = AtomicU64::new(0);
    let rounds = number("DOCKPASS_KILLS").unwrap_or(if is_long() { 200 } else { 3 });
    let random = TestRandom::new(number("DOCKPASS_FUZZ_SEED").unwrap_or(1));
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let started = now();
        let mut server = site.serve(&[]);
        slowest = slowest.max(started.elapsed());
        check(&site, &journal, &secret);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| push(&site, &journal, &secret, &next));
            scope.spawn(|| push(&site, &journal, &secret, &next));
            scope.spawn(|| rotate(&site, &journal, &stop));
            let mut wait = [0; 8];
            random.fill(&mut wait);
            std::thread::sleep(Duration::from_millis(50 + u64::from_le_bytes(wait) % 400));
            server.0.kill().unwrap();
            server.0.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
    }
    let server = site.serve(&[]);
    check(&site, &journal, &secret);
    drop(server);
    let pushed = journal.pushed.lock().unwrap().len();
    println!("{rounds} kills, {pushed} answered changes, slowest start {slowest:?}");
    assert!(pushed > 0);
}

#[expect(clippy::disallowed_methods, reason = "how long a start takes is printed")]
fn now() -> Instant {
    Instant::now()
}

/// Everything in the journal is in the database, with one event for each repository that is there.
fn check(site: &Site, journal: &Journal, secret: &str) {
    let _ = site.digest();
    let database = site.database();
    let sql = "SELECT 'acme/' || name,
             (SELECT count(*) FROM audit_event WHERE kind = 'create_repo' AND repository_id = repository.id),
             (SELECT count(*) FROM repository_permission WHERE repository_id = repository.id)
         FROM repository";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    for (name, events, grants) in &rows {
        assert_eq!((*events, *grants), (1, 1), "{name} has no event or no grant");
    }
    for name in journal.pushed.lock().unwrap().iter() {
        assert!(rows.iter().any(|(there, ..)| there == name), "{name} was answered and is lost");
    }
    assert_eq!(site.token("acme+push", secret, "repository:acme/new0:pull").0, 200);
    let turned = journal.secret.lock().unwrap().clone();
    assert_eq!(
        site.token("acme+turn", &turned, "repository:acme/new0:pull").0,
        200,
        "the last secret is right"
    );
}
