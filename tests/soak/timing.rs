//! Whether the time of a refusal tells why it was refused.

use super::client::{Client, request_from};
use super::{percentile, prepare, row, runtime};
use crate::faults::site::Site;
use crate::support::number;
use dockpass::domain::time::{Clock as _, Timestamp};
use dockpass::keys::{KeyDirectory, SigningAlgorithm};
use dockpass::store::{Store, StoreError};
use dockpass::system::{SystemClock, SystemRandom};
use std::time::Duration;
use tokio::task::JoinSet;

/// Accounts of each class.
const MANY: usize = 20;
/// Above this area two classes could be told apart with enough patience. Chance alone gives 0.5.
const MOST: f64 = 0.52;

/// Names that are refused for one reason, and their secrets where these are the right ones.
struct Class {
    cause: &'static str,
    logins: Vec<(String, String)>,
}

/// A secret of the right form, and another one for each number.
fn wrong(number: usize) -> String {
    format!("{number:0>64}")
}

impl Class {
    fn unknown(cause: &'static str, name: impl Fn(usize) -> String) -> Self {
        Self { cause, logins: (0..MANY).map(|number| (name(number), String::new())).collect() }
    }

    /// A request from an address of its own: what is throttled is another question.
    fn request(&self, guess: usize) -> Vec<u8> {
        let (name, secret) = &self.logins[guess % MANY];
        let secret = if secret.is_empty() { wrong(guess) } else { secret.clone() };
        let [_, one, two, three] = u32::try_from(guess).unwrap().to_be_bytes();
        request_from(name, &secret, &format!("X-Forwarded-For: 10.{one}.{two}.{three}\r\n"))
    }
}

fn robots(site: &Site, organization: &str) -> Vec<(String, String)> {
    site.ok(&["org", "create", organization]);
    let make = |number| {
        let name = format!("{organization}+robot{number}");
        let secret = site.ok(&["robot", "create", &name]);
        (name, secret)
    };
    (0..MANY).map(make).collect()
}

fn users(site: &Site, prefix: &str) -> Vec<(String, String)> {
    let make = |number| {
        let name = format!("{prefix}{number}");
        let password = site.ok(&["user", "create", &name, "--generate-password"]);
        (name, password)
    };
    (0..MANY).map(make).collect()
}

fn robot_classes(site: &Site) -> Vec<Class> {
    let known = robots(site, "known").into_iter().map(|(name, _)| (name, String::new())).collect();
    let (off, disabled, expired) = (robots(site, "off"), robots(site, "disabled"), robots(site, "expired"));
    site.ok(&["org", "disable", "off"]);
    let store = store(site);
    for (name, _) in &disabled {
        disable(&store, name);
    }
    for (name, _) in &expired {
        let changed = store.write("test", |tx| {
            let robot = tx.account_by_name(name)?.expect("a robot");
            let mut secret = tx.secret(robot.id)?.expect("a secret");
            secret.expires_at = Some(Timestamp(SystemClock.now().0 - 60));
            tx.replace_secret(robot.id, &secret)
        });
        changed.unwrap_or_else(|error: StoreError| panic!("{error}"));
    }
    vec![
        Class { cause: "wrong secret", logins: known },
        Class::unknown("unknown robot", |number| format!("known+none{number}")),
        Class::unknown("unknown organization", |number| format!("nowhere+robot{number}")),
        Class { cause: "right secret, robot disabled", logins: disabled },
        Class { cause: "right secret, owner disabled", logins: off },
        Class { cause: "right secret, expired", logins: expired },
    ]
}

fn user_classes(site: &Site) -> Vec<Class> {
    let known = users(site, "known").into_iter().map(|(name, _)| (name, String::new())).collect();
    let disabled = users(site, "disabled");
    let store = store(site);
    for (name, _) in &disabled {
        disable(&store, name);
    }
    vec![
        Class { cause: "wrong password", logins: known },
        Class::unknown("unknown user", |number| format!("nobody{number}")),
        Class { cause: "right password, user disabled", logins: disabled },
    ]
}

/// The site's database, for what no command does.
fn store(site: &Site) -> Store {
    let random = SystemRandom::default();
    let keys =
        KeyDirectory::open_or_create(&site.path("keys"), SigningAlgorithm::Es256, &SystemClock, &random);
    Store::open_sqlite(&site.path("data/dockpass.db"), &keys.unwrap().symmetric().unwrap().verify).unwrap()
}

fn disable(store: &Store, name: &str) {
    let changed = store.write("test", |tx| {
        let mut account = tx.account_by_name(name)?.expect("an account");
        account.enabled = false;
        tx.update_account(&account)
    });
    changed.unwrap_or_else(|error: StoreError| panic!("{error}"));
}

/// How well one number tells two classes apart: 0.5 is by chance, 1 always.
fn area_under_curve(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = one.iter().map(|time| (*time, false)).collect();
    all.extend(other.iter().map(|time| (*time, true)));
    all.sort_unstable();
    let (mut below, mut wins) = (0.0, 0.0);
    for (_, is_other) in all {
        if is_other { wins += below } else { below += 1.0 }
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let area = wins / (one.len() as f64 * other.len() as f64);
    area.max(1.0 - area)
}

/// Asks with each class in turns, over some connections: what the machine does meanwhile meets every class alike.
fn measure(port: u16, classes: &[Class], samples: usize, connections: usize) -> Vec<Vec<Duration>> {
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        for connection in 0..connections {
            let rounds = samples / connections;
            let requests: Vec<Vec<Vec<u8>>> = (0..rounds)
                .map(|round| {
                    let guess = connection * rounds + round;
                    let request =
                        |(place, class): (usize, &Class)| class.request(guess * classes.len() + place);
                    classes.iter().enumerate().map(request).collect()
                })
                .collect();
            let count = classes.len();
            tasks.spawn(async move {
                let mut client = Client::connect(port, 1).await.unwrap();
                let mut times = vec![Vec::new(); count];
                for (round, requests) in requests.iter().enumerate() {
                    for place in 0..count {
                        let class = (place + round) % count;
                        let (status, time) = client.ask(&requests[class]).await.unwrap();
                        assert!([401, 429].contains(&status), "{status}");
                        times[class].push(time);
                    }
                }
                times
            });
        }
        let mut times = vec![Vec::new(); classes.len()];
        for some in tasks.join_all().await {
            for (all, some) in times.iter_mut().zip(some) {
                all.extend(some);
            }
        }
        times
    })
}

/// Every pair of classes; the worst area.
fn report(what: &str, classes: &[Class], times: &[Vec<Duration>]) {
    let mut worst = (0.5, String::new());
    for (number, one) in times.iter().enumerate() {
        let mut sorted = one.clone();
        let median = percentile(&mut sorted, 50);
        println!("\n{}: {} samples, p50 {median:?}", classes[number].cause, one.len());
        for (other, others) in times.iter().enumerate().skip(number + 1) {
            let area = area_under_curve(one, others);
            if area > worst.0 {
                worst = (area, format!("{} and {}", classes[number].cause, classes[other].cause));
            }
        }
    }
    let causes: Vec<_> = classes.iter().map(|class| class.cause).collect();
    let told = format!("{:.4} ({}), {} samples of each cause", worst.0, worst.1, times[0].len());
    let what = format!("telling causes of a refused {what} apart by time ({})", causes.join("; "));
    row(&what, &format!("area under the curve at most {MOST} for every pair"), &told, worst.0 <= MOST);
}

fn site() -> Site {
    let site = Site::with("TRUSTED_PROXIES: [127.0.0.0/8]\n");
    prepare(&site);
    site
}

#[test]
#[ignore = "takes long; `make soak`"]
fn refusals_of_robots_take_one_time_whatever_was_wrong() {
    let site = site();
    let classes = robot_classes(&site);
    let _server = site.serve(&[]);
    let samples = number("DOCKPASS_SAMPLES").unwrap_or(60_000);
    report("robot", &classes, &measure(site.port, &classes, usize::try_from(samples).unwrap(), 60));
}

#[test]
#[ignore = "takes long; `make soak`"]
fn refusals_of_users_take_one_time_whatever_was_wrong() {
    let site = site();
    let classes = user_classes(&site);
    let _server = site.serve(&[]);
    let samples = number("DOCKPASS_PASSWORDS").unwrap_or(4_000);
    // No more connections than hashing threads: none of them waits for another.
    report("user", &classes, &measure(site.port, &classes, usize::try_from(samples).unwrap(), 2));
}
