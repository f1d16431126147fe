//! One organization with a hundred thousand robots and as many people: what listing them all takes, alone, many at a time and by slow readers.

use super::client::{Client, bare, now, socket};
use super::{memory, percentile, runtime};
use crate::e2e::http;
use crate::faults::site::{Server, Site};
use crate::support::number;
use dockpass::domain::credential::RobotSecret;
use dockpass::domain::permission::{Role, TeamRole, Visibility};
use dockpass::keys::{KeyDirectory, SigningAlgorithm};
use dockpass::store::accounts::{AccountKind, NewAccount};
use dockpass::store::permissions::Grantee;
use dockpass::store::robots::SecretRecord;
use dockpass::store::{Store, StoreError};
use dockpass::system::{SystemClock, SystemRandom};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// Puts robots and people into `acme` as the service would, but for the slow hash of their secrets: an hour of hashing tells nothing here.
fn fill(site: &Site, count: u64) {
    let (clock, random) = (SystemClock, SystemRandom::default());
    let keys =
        KeyDirectory::open_or_create(&site.path("keys"), SigningAlgorithm::Es256, &clock, &random).unwrap();
    let keys = keys.symmetric().unwrap();
    let store = Store::open_sqlite(&site.path("data/dockpass.db"), &keys.verify).unwrap();
    let at = dockpass::domain::time::Timestamp(1_795_500_000);
    let filled: Result<(), StoreError> = store.write("fill", |tx| {
        let acme = tx.account_by_name("acme")?.unwrap().id;
        let owners = tx.team(acme, "owners")?.unwrap().id;
        let staff = tx.insert_team(acme, "staff", TeamRole::Member, "")?.id;
        let mut repositories = Vec::new();
        for number in 0..100 {
            let name = format!("app{number}");
            repositories.push(tx.insert_repository(acme, &name, Visibility::Private, "", at)?.id);
        }
        for number in 0..count {
            let name = format!("acme+robot{number:06}");
            let robot = tx.insert_account(&NewAccount {
                kind: AccountKind::Robot,
                name: &name,
                owner: Some(acme),
                email: None,
                created_at: at,
            })?;
            tx.insert_robot(robot.id, "builds and pushes", "{}")?;
            let secret = RobotSecret::generate(&random);
            let record = SecretRecord {
                generation: 1,
                hash: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                verifier: Some(keys.verify.verifier(robot.id, 1, secret.expose()).to_vec()),
                sealed: keys.seal.seal(robot.id, 1, secret.expose(), &random),
                created_at: at,
                expires_at: None,
            };
            tx.replace_secret(robot.id, &record)?;
            tx.insert_member(owners, robot.id)?;
            for step in 0..3 {
                let repository = repositories[((number + step) % 100) as usize];
                tx.grant(Grantee::Account(robot.id), repository, Role::Write)?;
            }
            let name = format!("person{number:06}");
            let kind = AccountKind::User;
            let person =
                tx.insert_account(&NewAccount { kind, name: &name, owner: None, email: None, created_at: at })?;
            tx.insert_member(staff, person.id)?;
            tx.grant(Grantee::Account(person.id), repositories[0], Role::Read)?;
        }
        Ok(())
    });
    filled.unwrap();
}

/// Sends a request and reads all of the answer without keeping it: its status, its bytes and whether it ended as it should. Waits
/// `pause` after each read.
async fn take(port: u16, request: Vec<u8>, pause: Duration) -> (u16, usize, bool) {
    let mut stream = socket(port, 1).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let (mut buffer, mut bytes, mut status) = (vec![0; 64 * 1024], 0, 0);
    let mut tail = Vec::new();
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if bytes == 0 {
            status = String::from_utf8_lossy(&buffer[9..12]).parse().unwrap();
        }
        bytes += count;
        tail.extend_from_slice(&buffer[count.saturating_sub(16)..count]);
        tail.drain(..tail.len().saturating_sub(16));
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    (status, bytes, tail.ends_with(b"]}\r\n0\r\n\r\n"))
}

fn listing(token: &str, query: &str) -> Vec<u8> {
    get(token, &format!("/api/v1/organization/acme/robots{query}"))
}

fn get(token: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
}

fn megabytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn peak(server: &Server) -> u64 {
    memory(server, "VmHWM") / 1024
}

/// Lists `count` at the same time, asks for health meanwhile, and prints what that took.
async fn together(site: &Site, server: &Server, token: &str, count: usize, pause: Duration, what: &str) {
    let started = now();
    let mut lists = JoinSet::new();
    for _ in 0..count {
        lists.spawn(take(site.port, listing(token, "?permissions=true&token=true"), pause));
    }
    let mut client = Client::connect(site.port, 2).await.unwrap();
    let (mut times, mut whole, mut refused) = (Vec::new(), 0, 0);
    while !lists.is_empty() {
        while let Some(done) = lists.try_join_next() {
            match done.unwrap() {
                (200, _, true) => whole += 1,
                (503, ..) => refused += 1,
                other => panic!("neither whole nor refused: {other:?}; {}", site.log()),
            }
        }
        let (status, time) = client.ask(&bare("/health/instance")).await.unwrap();
        assert_eq!(status, 200);
        times.push(time);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "{count} {what}: {whole} whole, {refused} refused with 503, in {:.1?}; health meanwhile p99 {:?}; {} MiB at most so far",
        started.elapsed(),
        percentile(&mut times, 99),
        peak(server)
    );
    assert!(whole >= count.min(64), "those there is room for get all of it");
}

#[test]
#[ignore = "takes long; `make soak`"]
fn a_hundred_thousand_robots_are_listed_in_bounded_memory() {
    let site = Site::with("LOG_LEVEL: warn\n");
    let server = site.serve(&[]);
    let first = r#"{"username": "root", "password": "a-long-password", "access_token": true}"#;
    let json = ("Content-Type", "application/json");
    let answer = http::send("POST", &site.url("/api/v1/user/initialize"), &[json], first.as_bytes()).json();
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let headers = [json, ("Authorization", bearer.as_str())];
    let made = http::send("POST", &site.url("/api/v1/organization/"), &headers, br#"{"name": "acme"}"#);
    assert_eq!(made.status, 201);
    let robots = number("DOCKPASS_ROBOTS").unwrap_or(100_000);
    fill(&site, robots);
    println!(
        "{robots} robots, each with 3 grants and a team, and as many people; {} MiB with none listed yet",
        memory(&server, "VmRSS") / 1024
    );
    runtime().block_on(async {
        for query in [
            "?token=false",
            "",
            "?permissions=true&token=false",
            "?permissions=true",
            "?permissions=true&limit=100",
        ] {
            let started: Instant = now();
            let (status, bytes, _) = take(site.port, listing(&token, query), Duration::ZERO).await;
            assert_eq!(status, 200);
            println!(
                "robots{query}: {} MB in {:.2?}, {} MiB at most so far",
                megabytes(bytes),
                started.elapsed(),
                peak(&server)
            );
        }
        for path in [
            "/organization/acme/members",
            "/organization/acme/team/staff/members",
            "/repository/acme/app0/permissions/user/",
        ] {
            let started: Instant = now();
            let (status, bytes, _) =
                take(site.port, get(&token, &format!("/api/v1{path}")), Duration::ZERO).await;
            assert_eq!(status, 200);
            println!(
                "{path}: {} MB in {:.2?}, {} MiB at most so far",
                megabytes(bytes),
                started.elapsed(),
                peak(&server)
            );
        }
        together(&site, &server, &token, 8, Duration::ZERO, "lists at a time").await;
        together(&site, &server, &token, 200, Duration::from_millis(10), "slow readers at a time").await;
        let quiet = take(site.port, listing(&token, "?limit=100"), Duration::ZERO).await;
        assert_eq!(quiet.0, 200);
    });
}
