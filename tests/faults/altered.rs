//! Files that are not what was written: every byte of the database flipped, key files replaced, the clock set elsewhere.

use super::site::Site;
use crate::e2e::process::wait_until;
use crate::support::{Installation, TestRandom, number, payload};
use dockpass::domain::random::Random;
use dockpass::service::App;
use dockpass::service::issue::{TokenRequest, issue};
use dockpass::service::login::Credentials;
use dockpass::store::audit::Origin;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What each of a handful of requests gets: everything that a decision rests on is read for one of them.
const ROBOTS: [&str; 4] = ["acme+ci", "acme+ro", "acme+none", "acme+old"];
const NAMES: [&str; 3] = ["acme/app", "acme/base", "beta/app"];

fn install() -> (Installation, Vec<String>) {
    let installation = Installation::new("SERVER_HOSTNAME: registry.example\n");
    installation.organization("acme");
    installation.organization("beta");
    installation.team("acme", "devs", "member");
    for name in NAMES {
        installation.repository(name, if name == "acme/base" { "public" } else { "private" });
    }
    let mut secrets: Vec<String> = ROBOTS.iter().map(|robot| installation.robot(robot)).collect();
    installation.grant("acme/app", "acme+ci", "write");
    installation.grant("acme/app", "acme+ro", "read");
    installation.member("acme", "devs", "acme+none");
    // A secret that was replaced must stay wrong.
    let old = secrets.pop().unwrap();
    installation.regenerate("acme+old");
    installation.grant("acme/app", "acme+old", "admin");
    secrets.push(old);
    (installation, secrets)
}

/// The actions that a token grants on each name, or why there is none.
async fn ask(app: &Arc<App>, robot: &str, secret: &str) -> Result<Vec<Vec<String>>, String> {
    let scopes = NAMES.map(|name| format!("repository:{name}:pull,push,delete"));
    let request = TokenRequest {
        credentials: Credentials::Password {
            username: robot.to_owned(),
            password: dockpass::domain::credential::Secret::new(secret),
        },
        service: None,
        requested: app.config.derived.naming.requested(scopes.iter().map(String::as_str)),
        origin: Origin::default(),
        user_agent: None,
    };
    let issued = issue(app, request).await.map_err(|error| error.to_string())?;
    let claims = payload(issued.token.as_str());
    let actions = |entry: &serde_json::Value| {
        let words = entry["actions"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    Ok(claims["access"].as_array().unwrap().iter().map(actions).collect())
}

async fn ask_all(app: &Arc<App>, secrets: &[String]) -> Vec<Result<Vec<Vec<String>>, String>> {
    let mut answers = Vec::new();
    for (robot, secret) in ROBOTS.iter().zip(secrets) {
        answers.push(ask(app, robot, secret).await);
    }
    answers
}

/// Whether no answer grants an action that the true one does not.
fn is_no_wider(
    answers: &[Result<Vec<Vec<String>>, String>],
    truth: &[Result<Vec<Vec<String>>, String>],
) -> bool {
    answers.iter().zip(truth).all(|(answer, truth)| match (answer, truth) {
        (Err(_), _) => true,
        (Ok(_), Err(_)) => false,
        (Ok(answer), Ok(truth)) => {
            answer.iter().zip(truth).all(|(got, right)| got.iter().all(|word| right.contains(word)))
        }
    })
}

#[tokio::test]
async fn a_flipped_bit_in_the_database_never_widens_a_decision_and_never_panics() {
    let (installation, secrets) = install();
    let truth = ask_all(&installation.app, &secrets).await;
    assert!(truth[0].as_ref().is_ok_and(|granted| granted[0].contains(&"push".to_owned())), "{truth:?}");
    assert!(truth[3].is_err(), "{truth:?}");
    let copy = installation.path("copy.db");
    installation.app.store.backup(&copy).unwrap();
    let original = fs::read(&copy).unwrap();
    let flips = number("DOCKPASS_FLIPS").unwrap_or(150);
    let random = TestRandom::new(number("DOCKPASS_FUZZ_SEED").unwrap_or(3));
    let (mut denied, mut unreadable) = (0, 0);
    for flip in 0..flips {
        let mut place = [0; 8];
        random.fill(&mut place);
        let place = u64::from_le_bytes(place);
        let mut altered = original.clone();
        // Most of a small database is empty; what is not zero is what means something.
        let first = usize::try_from(place % u64::try_from(altered.len()).unwrap()).unwrap();
        let byte = (first..altered.len()).find(|byte| altered[*byte] != 0).unwrap_or(first);
        altered[byte] ^= 1 << (place >> 60 & 7);
        let path = installation.path("altered.db");
        remove(&path);
        fs::write(&path, &altered).unwrap();
        let Ok(app) = installation.on_database(&path) else {
            unreadable += 1;
            continue;
        };
        let answers = ask_all(&app, &secrets).await;
        assert!(is_no_wider(&answers, &truth), "flip {flip} of byte {byte}: {answers:?}");
        denied += usize::from(answers != truth);
    }
    println!(
        "{flips} flips: {denied} changed an answer, {unreadable} kept the database from opening, 0 wider"
    );
}

#[tokio::test]
async fn swapping_rows_or_columns_by_somebody_without_the_keys_never_widens_a_decision() {
    let (installation, secrets) = install();
    let truth = ask_all(&installation.app, &secrets).await;
    let copy = installation.path("copy.db");
    installation.app.store.backup(&copy).unwrap();
    let original = fs::read(&copy).unwrap();
    let mut denied = 0;
    for attack in [
        "UPDATE repository_permission SET role = 'admin'",
        "UPDATE repository_permission SET account_id = (SELECT id FROM account WHERE name = 'acme+none') WHERE role = 'write'",
        "UPDATE repository_permission SET repository_id = (SELECT id FROM repository WHERE visibility = 'public') WHERE role = 'write'",
        "INSERT INTO repository_permission SELECT (SELECT id FROM account WHERE name = 'acme+none'), repository_id, role, mac FROM repository_permission WHERE role = 'write'",
        "UPDATE repository SET visibility = 'public'",
        "UPDATE repository SET namespace_id = 1, name = name || id",
        "UPDATE team SET role = 'admin'",
        "UPDATE team_member SET account_id = (SELECT id FROM account WHERE name = 'acme+old')",
        "INSERT INTO team_permission SELECT 1, repository_id, 'admin', mac FROM repository_permission WHERE role = 'admin'",
        "UPDATE account SET name = 'acme+swap' WHERE name = 'acme+none'; UPDATE account SET name = 'acme+none' WHERE name = 'acme+ci'; UPDATE account SET name = 'acme+ci' WHERE name = 'acme+swap'",
        "UPDATE account SET owner_id = (SELECT id FROM account WHERE name = 'beta') WHERE kind = 'robot'",
        "UPDATE robot_secret SET verifier = (SELECT verifier FROM robot_secret WHERE robot_id = (SELECT id FROM account WHERE name = 'acme+none'))",
        "UPDATE robot_secret SET generation = 1",
        "UPDATE robot_secret SET hash = (SELECT hash FROM robot_secret LIMIT 1), verifier = NULL",
        "UPDATE robot_secret SET expires_at = 9999999999",
        "UPDATE account SET kind = 'user', owner_id = NULL WHERE name = 'acme+none'",
        "DELETE FROM retired_name",
    ] {
        let path = installation.path("altered.db");
        remove(&path);
        fs::write(&path, &original).unwrap();
        let database = rusqlite::Connection::open(&path).unwrap();
        // A constraint may refuse the attack; then there is nothing to see.
        let _ = database.execute_batch(attack);
        database.close().unwrap();
        let Ok(app) = installation.on_database(&path) else { continue };
        let answers = ask_all(&app, &secrets).await;
        assert!(is_no_wider(&answers, &truth), "{attack}: {answers:?}");
        denied += usize::from(answers != truth);
    }
    assert!(denied > 5, "most attacks cost somebody a right: {denied}");
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}

const YEAR: i64 = 365 * 86_400;

#[tokio::test]
async fn a_clock_that_jumps_a_year_changes_nothing_but_the_times_in_tokens() {
    let (installation, secrets) = install();
    let truth = ask_all(&installation.app, &secrets).await;
    installation.delete_repository("acme/base");
    let deleted = ask_all(&installation.app, &secrets).await;
    for jump in [YEAR, -2 * YEAR, YEAR, -60 * YEAR, 60 * YEAR] {
        installation.advance(jump);
        assert_eq!(ask_all(&installation.app, &secrets).await, deleted, "{jump}");
    }
    assert_ne!(truth, deleted);
    // Back at the beginning the name is still closed: a jump forwards has not thrown away what was to be kept.
    let name = dockpass::domain::name::RepositoryName::parse("acme/base").unwrap();
    let actor = dockpass::service::actor::Actor::operator("test");
    let made = dockpass::service::repositories::create(
        &installation.app,
        &actor,
        &name,
        dockpass::domain::permission::Visibility::Private,
        "",
    );
    assert!(made.is_err(), "the name was given up a moment ago");
}

#[test]
fn key_files_replaced_by_garbage_while_running_change_nothing_until_they_are_right_again() {
    let site = Site::empty();
    site.ok(&["init"]);
    site.ok(&["org", "create", "acme"]);
    let secret = site.ok(&["robot", "create", "acme+ci"]);
    let server = site.serve(&[]);
    let issues = || site.token("acme+ci", &secret, "repository:acme/app:pull").0;
    let keys: Vec<_> = fs::read_dir(site.path("keys")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let originals: Vec<_> = keys.iter().map(|path| fs::read(path).unwrap()).collect();
    for garbage in [&b""[..], b"garbage", &[0xff; 4096]] {
        for path in &keys {
            fs::write(path, garbage).unwrap();
        }
        // Keys are looked at about once a second.
        std::thread::sleep(std::time::Duration::from_millis(1_300));
        assert_eq!(issues(), 200, "{}", site.log());
    }
    assert!(site.log().contains("\"ERROR\""), "the fault is told: {}", site.log());
    for (path, original) in keys.iter().zip(&originals) {
        fs::write(path, original).unwrap();
    }
    assert_eq!(issues(), 200);
    site.ok(&["key", "rotate"]);
    let rotated = wait_until(10, || site.log().matches("key").count() > 1 && issues() == 200);
    assert!(rotated);
    drop(server);
}
