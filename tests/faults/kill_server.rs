//! The server killed at random times under load, again and again on the same database. A journal outside holds what was
//! answered.

use super::is_long;
use super::site::{Server, Site};
use crate::e2e::http;
use crate::support::{TestRandom, number};
use dockpass::domain::random::Random;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What became of the robots that were made through the API, by their short names.
    robots: Mutex<BTreeMap<String, Fate>>,
}

/// What is known of a robot.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    /// It was made; with its secret, if that came through.
    Made(Option<String>),
    /// Something was asked for and not answered: it may have happened or not.
    Open,
    Deleted,
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

/// Makes robots through the API, gives them new secrets and deletes some of them, until the server is gone.
fn administer(site: &Site, journal: &Journal, bearer: &str, next: &AtomicU64) {
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let note = |name: &str, fate: Fate| journal.robots.lock().unwrap().insert(name.to_owned(), fate);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let name = format!("bot{number}");
        let path = format!("/api/v1/organization/acme/robots/{name}");
        let mut requests = vec![("PUT", path.clone(), 201)];
        if number.is_multiple_of(2) {
            requests.push(("POST", format!("{path}/regenerate"), 200));
        }
        if number.is_multiple_of(3) {
            requests.push(("DELETE", path, 204));
        }
        for (method, path, status) in requests {
            note(&name, Fate::Open);
            let body: &[u8] = if method == "DELETE" { b"" } else { b"{}" };
            let Ok(reply) = http::try_send(method, &site.url(&path), &headers, body) else { return };
            assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
            note(&name, if status == 204 { Fate::Deleted } else { Fate::Made(secret(&reply.body)) });
        }
    }
}

/// The secret in an answer that may have been cut short.
fn secret(body: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(value["token"].as_str()?.to_owned())
}

/// A first user who administers everything; the header that it sends.
pub(super) fn first_user(site: &Site) -> String {
    let _server = site.serve(&[]);
    let body = r#"{"username": "root", "password": "root's-password-1", "access_token": true}"#;
    let headers = [("content-type", "application/json")];
    let reply = http::send("POST", &site.url("/api/v1/user/initialize"), &headers, body.as_bytes());
    format!("Bearer {}", reply.json()["access_token"].as_str().unwrap_or_else(|| panic!("{reply:?}")))
}

#[test]
fn a_server_killed_at_any_time_has_kept_what_it_answered_and_starts_again() {
    let site = Site::with("FEATURE_SUPERUSERS_FULL_ACCESS: true\n");
    let bearer = first_user(&site);
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
    for round in 0..rounds {
        if round > 0 && round % 100 == 0 {
            // A long run that is cut short has still shown something.
            println!("{round} kills so far");
        }
        let started = now();
        let mut server = site.serve(&[]);
        slowest = slowest.max(started.elapsed());
        check(&site, &mut server, &journal, &secret);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| push(&site, &journal, &secret, &next));
            scope.spawn(|| push(&site, &journal, &secret, &next));
            scope.spawn(|| administer(&site, &journal, &bearer, &next));
            scope.spawn(|| rotate(&site, &journal, &stop));
            let mut wait = [0; 8];
            random.fill(&mut wait);
            std::thread::sleep(Duration::from_millis(50 + u64::from_le_bytes(wait) % 400));
            server.0.kill().unwrap();
            server.0.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
    }
    let mut server = site.serve(&[]);
    check(&site, &mut server, &journal, &secret);
    drop(server);
    let pushed = journal.pushed.lock().unwrap().len();
    let known = journal.robots.lock().unwrap().values().filter(|fate| **fate != Fate::Open).count();
    println!(
        "{rounds} kills, {pushed} answered pushes and {known} robots answered for, slowest start {slowest:?}"
    );
    assert!(pushed > 0 && known > 0);
}

#[expect(clippy::disallowed_methods, reason = "how long a start takes is printed")]
fn now() -> Instant {
    Instant::now()
}

/// Status of a token request. Where there is no answer, what became of the server is told, too: somebody else may have ended it.
fn status(site: &Site, server: &mut Server, robot: &str, secret: &str) -> u16 {
    let answer = site.token_or_why(robot, secret, "repository:acme/new0:pull");
    let (status, _) = answer.unwrap_or_else(|why| panic!("{why}; the server: {:?}", server.0.try_wait()));
    status
}

/// Everything in the journal is in the database, with one event for each repository that is there.
fn check(site: &Site, server: &mut Server, journal: &Journal, secret: &str) {
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
    let there: BTreeSet<&str> = rows.iter().map(|(name, ..)| name.as_str()).collect();
    for name in journal.pushed.lock().unwrap().iter() {
        assert!(there.contains(name.as_str()), "{name} was answered and is lost");
    }
    assert_eq!(status(site, server, "acme+push", secret), 200);
    let turned = journal.secret.lock().unwrap().clone();
    assert_eq!(status(site, server, "acme+turn", &turned), 200, "the last secret is right");
    check_robots(site, server, journal);
}

/// Every robot of the journal is there with its secret, or gone, and has one event for either.
fn check_robots(site: &Site, server: &mut Server, journal: &Journal) {
    let database = site.database();
    let sql = "SELECT json_extract(metadata, '$.robot'),
             sum(kind = 'create_robot'), sum(kind = 'delete_robot'), sum(kind = 'regenerate_robot_token'),
             (SELECT count(*) FROM account WHERE id = robot_id),
             (SELECT generation FROM robot_secret WHERE robot_secret.robot_id = audit_event.robot_id)
         FROM audit_event WHERE robot_id IS NOT NULL GROUP BY robot_id";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let numbers: [i64; 4] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        Ok((row.get::<_, String>(0)?, (numbers, row.get::<_, Option<i64>>(5)?)))
    });
    let rows: BTreeMap<_, _> = rows.unwrap().map(Result::unwrap).collect();
    for (name, ([created, deleted, turned, there], generation)) in &rows {
        assert_eq!((*created, created - deleted), (1, *there), "{name} has other events than changes");
        assert!(*there == 0 || *generation == Some(1 + turned), "{name} has other events than secrets");
    }
    let robots: i64 = database
        .query_row("SELECT count(*) FROM account WHERE kind = 'robot'", [], |row| row.get(0))
        .unwrap();
    let told: i64 = rows.values().map(|([.., there], _)| there).sum();
    assert_eq!(robots, told, "a robot without an event");
    let robots = journal.robots.lock().unwrap();
    for (name, fate) in robots.iter().filter(|(_, fate)| **fate != Fate::Open) {
        let there = rows.get(name).map(|([.., there], _)| *there);
        assert_eq!(there, Some(i64::from(*fate != Fate::Deleted)), "{name}: {fate:?}");
    }
    // The newest ones also log in; all of them would take too long.
    let mut made: Vec<_> = robots.iter().collect();
    made.sort_by_key(|(name, _)| name[3..].parse::<u64>().unwrap());
    for (name, fate) in made.iter().rev().take(6) {
        if let Fate::Made(Some(secret)) = fate {
            let status = status(site, server, &format!("acme+{name}"), secret);
            assert_eq!(status, 200, "the last secret of {name} is right");
        }
    }
}
